/*-------------------------------------------------------------------------
 * task_guard.c
 *	  Run whole tasks so that an error in one is a frame, not an error.
 *
 * The subtransaction takes an error's locks, pins and memory with it and
 * leaves the transaction, whose snapshot the next task needs, as it was.
 * Notices are caught where PostgreSQL would send them to a client, after it
 * applied client_min_messages: PqCommMethods is replaced meanwhile, as a
 * parallel worker does for good.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "libpq/libpq.h"
#include "libpq/pqmq.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "base/stop_point.h"
#include "worker/task_guard.h"

/* Where notices go while a task runs. */
typedef struct NoticeCapture
{
	int32		task;
	TaskEmit	emit;
	void	   *arg;
	MemoryContext context;
	const PQcommMethods *methods;	/* the replaced ones */
	CommandDest dest;
	uint32		protocol;
} NoticeCapture;

static NoticeCapture *capture;	/* the one in force, NULL: none */

static void run_frames(const JobSetup *setup, const TaskSpec *spec, List *sources,
					   Snapshot snapshot, Oid service_role, int64 queue_us,
					   NoticeCapture *notices);
static void emit_uncaptured(NoticeCapture *notices, StringInfo frame);
static void begin_capture(NoticeCapture *notices);
static void end_capture(NoticeCapture *notices);
static void notice_reset(void);
static int	notice_flush(void);
static bool notice_pending(void);
static int	notice_putmessage(char type, const char *data, size_t len);
static void notice_putmessage_noblock(char type, const char *data, size_t len);

static const PQcommMethods notice_methods = {
	.comm_reset = notice_reset,
	.flush = notice_flush,
	.flush_if_writable = notice_flush,
	.is_send_pending = notice_pending,
	.putmessage = notice_putmessage,
	.putmessage_noblock = notice_putmessage_noblock
};

void
task_guarded_run(const JobSetup *setup, const TaskSpec *spec, List *sources, Snapshot snapshot,
				 Oid service_role, int64 queue_us, MemoryContext parent,
				 TaskEmit emit, void *arg)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	NoticeCapture notices = {spec->task, emit, arg, parent};
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(parent);
	begin_capture(&notices);
	PG_TRY();
	{
		run_frames(setup, spec, sources, snapshot, service_role, queue_us, &notices);
		end_capture(&notices);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		end_capture(&notices);
		MemoryContextSwitchTo(parent);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;

	if (error)
	{
		StringInfoData frame;

		MemoryContextSwitchTo(parent);
		initStringInfo(&frame);
		frame_write_error(&frame, FRAME_ERROR, spec->task, error);
		emit(&frame, arg);
		MemoryContextSwitchTo(old);
	}
}

bool
task_role_exists(const char *role)
{
	return OidIsValid(get_role_oid(role, true));
}

void
task_role_create(const char *role)
{
	char	   *sql = psprintf("CREATE ROLE %s NOLOGIN", quote_identifier(role));
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		if (SPI_connect() != SPI_OK_CONNECT ||
			SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create role \"%s\"", role);
		SPI_finish();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* someone else was faster */
		if (error->sqlerrcode != ERRCODE_DUPLICATE_OBJECT &&
			error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
}

static void
run_frames(const JobSetup *setup, const TaskSpec *spec, List *sources, Snapshot snapshot,
		   Oid service_role, int64 queue_us, NoticeCapture *notices)
{
	StringInfoData frame;
	TaskRun    *run;

	initStringInfo(&frame);
	run = task_run_start(setup, spec, sources, snapshot, service_role, queue_us,
						 notices->context);
	while (!task_run_step(run, &frame))
	{
		emit_uncaptured(notices, &frame);
		BARKS_STOP_POINT("task.after_batch");
	}
	task_run_end(run);			/* may raise: only then is the task done */
	emit_uncaptured(notices, &frame);
	pfree(frame.data);
}

/* emit may itself talk to the real client */
static void
emit_uncaptured(NoticeCapture *notices, StringInfo frame)
{
	end_capture(notices);
	notices->emit(frame, notices->arg);
	begin_capture(notices);
}

/* ---------------- notices ---------------- */

static void
begin_capture(NoticeCapture *notices)
{
	notices->methods = PqCommMethods;
	notices->dest = whereToSendOutput;
	notices->protocol = FrontendProtocol;
	capture = notices;
	PqCommMethods = &notice_methods;
	whereToSendOutput = DestRemote;
	FrontendProtocol = PG_PROTOCOL_LATEST;
}

static void
end_capture(NoticeCapture *notices)
{
	PqCommMethods = notices->methods;
	whereToSendOutput = notices->dest;
	FrontendProtocol = notices->protocol;
	capture = NULL;
}

static void
notice_reset(void)
{
}

static int
notice_flush(void)
{
	return 0;
}

static bool
notice_pending(void)
{
	return false;
}

/*
 * A message for the client.  A notice is passed on as a frame, FATAL ones go
 * to the real client if there is one, anything else is not ours to send.
 */
static int
notice_putmessage(char type, const char *data, size_t len)
{
	NoticeCapture *notices = capture;
	MemoryContext old;
	StringInfoData message;
	StringInfoData frame;
	ErrorData	notice;

	if (type != 'N')
	{
		if (notices->dest != DestRemote)
			return 0;
		end_capture(notices);
		return pq_putmessage(type, data, len);
	}
	old = MemoryContextSwitchTo(notices->context);
	message.data = unconstify(char *, data);
	message.len = message.maxlen = len;
	message.cursor = 0;
	pq_parse_errornotice(&message, &notice);
	initStringInfo(&frame);
	frame_write_error(&frame, FRAME_NOTICE, notices->task, &notice);
	emit_uncaptured(notices, &frame);
	pfree(frame.data);
	MemoryContextSwitchTo(old);
	return 0;
}

static void
notice_putmessage_noblock(char type, const char *data, size_t len)
{
	(void) notice_putmessage(type, data, len);
}
