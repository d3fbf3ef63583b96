/*-------------------------------------------------------------------------
 * worker_main.c
 *	  The process that runs tasks: takes a channel, reads frames, writes frames.
 *
 * A worker stays connected to one database as one service role.  Given a
 * channel, it begins a read-only transaction under the session's snapshot and
 * runs the tasks it finds in the request queue.  It leaves the channel, and
 * with it the slot, when there are no more, when it has had it for a while and
 * others wait, or when the session cancels.  What the session sent but the
 * worker did not answer, the session sends again to the next worker.
 *
 * A worker never waits for a slow consumer while others wait for a slot: it
 * spools the rest of the task's frames (see emit_frame).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/buffile.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/stop_point.h"
#include "shuffle/fetch.h"
#include "worker/channel.h"
#include "worker/exchange_scan.h"
#include "worker/launcher.h"
#include "worker/pool.h"
#include "worker/task_guard.h"

#define LINGER_MS		1		/* wait for further tasks before leaving */
#define TURN_MS			10		/* keep the slot so long though others wait */
#define PATIENCE_MS		5		/* wait for a slow consumer though others wait */

/* The state of this process; all of it is about the channel being served. */
typedef struct Worker
{
	Channel		channel;		/* mapping kept between assignments */
	MemoryContext serve_context;	/* reset per assignment */
	MemoryContext job_context;	/* reset per job setup */
	MemoryContext task_context; /* reset per task */
	StringInfoData hello;
	JobSetup   *setup;
	List	   *sources;		/* of StageSources, in job_context */
	int			settings_level; /* of setup's settings; they end with the transaction */
	int64		queue_us;		/* for the first task's report */
	TimestampTz since;			/* of the assignment */
	bool		gone;			/* the session has detached */
	BufFile    *spool;			/* where frames go now, NULL: the result queue */
	bool		spool_failed;	/* the spool broke: one last frame may follow */
} Worker;

PGDLLEXPORT void barks_worker_main(Datum arg);

static Worker worker;

static void wait_for_channel(void);
static void housekeeping(void);
static void exit_worker(int code, Datum arg);
static void serve(const PoolAssignment *assignment);
static void serve_requests(void);
static bool next_request(StringInfo request);
static void begin_transaction(void);
static void take_setup(StringInfo request);
static void take_sources(StringInfo request);
static void create_role(void);
static void run_task(StringInfo request);
static void emit_frame(StringInfo frame, void *arg);
static bool send_frame(StringInfo frame);
static void begin_spool(void);
static void spool_frame(StringInfo frame);
static void end_spool(void);
static void keep_last_frame(StringInfo frame);
static void report_failure(ErrorData *error);

void
barks_worker_main(Datum arg)
{
	WorkerStart start;
	PoolAssignment assignment;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	ConfigReloadPending = true; /* one while we started would be lost */
	BackgroundWorkerInitializeConnectionByOid(start.dboid, start.role, 0);
	pgstat_report_appname("barks worker");

	worker.channel.context = AllocSetContextCreate(TopMemoryContext, "barks channel",
												   ALLOCSET_SMALL_SIZES);
	worker.serve_context = AllocSetContextCreate(TopMemoryContext, "barks worker",
												 ALLOCSET_DEFAULT_SIZES);
	worker.job_context = AllocSetContextCreate(TopMemoryContext, "barks job",
											   ALLOCSET_SMALL_SIZES);
	worker.task_context = AllocSetContextCreate(TopMemoryContext, "barks worker task",
												ALLOCSET_DEFAULT_SIZES);
	fetch_keep_connections(true);
	before_shmem_exit(exit_worker, 0);
	pool_worker_start(DatumGetInt32(arg), start.generation);

	for (;;)
	{
		if (pool_worker_take(&assignment))
			serve(&assignment);
		else
			wait_for_channel();
	}
}

static void
wait_for_channel(void)
{
	long		timeout = pool_idle_timeout;
	long		connections = fetch_idle_timeout();

	if (connections >= 0 && (timeout < 0 || connections < timeout))
		timeout = connections;
	pgstat_report_activity(STATE_IDLE, NULL);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
					 (timeout >= 0 ? WL_TIMEOUT : 0),
					 timeout + 1, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	if (ProcDiePending)
		proc_exit(0);			/* between tasks there is nothing to complain about */
	HOLD_CANCEL_INTERRUPTS();	/* a late one, or one for a channel not yet opened */
	housekeeping();
	fetch_close_idle(false);
	RESUME_CANCEL_INTERRUPTS();
	if (pool_worker_retire())
		proc_exit(0);
}

/* What a process owes the server while it is outside a transaction. */
static void
housekeeping(void)
{
	CHECK_FOR_INTERRUPTS();
	if (catchupInterruptPending)
		ProcessCatchupInterrupt();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/* Before the slot is given up: the session may remake the queues then. */
static void
exit_worker(int code, Datum arg)
{
	channel_detach_queues(&worker.channel);
	pool_worker_exit();
}

/* ---------------- serving a channel ---------------- */

static void
serve(const PoolAssignment *assignment)
{
	QueryCancelPending = false;	/* one meant for the session before */
	worker.queue_us = assignment->queue_us;
	worker.since = GetCurrentTimestamp();
	worker.gone = false;
	worker.spool = NULL;
	worker.spool_failed = false;
	worker.setup = NULL;
	worker.sources = NIL;
	MemoryContextSwitchTo(worker.serve_context);
	if (!channel_open(&worker.channel, assignment->channel, assignment->channel_id))
	{
		pool_worker_done();
		return;
	}

	PG_TRY();
	{
		serve_requests();
		worker.channel.header->end = worker.spool_failed || worker.channel.header->has_spool ?
			CHANNEL_SPOOLED : CHANNEL_LEFT;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(worker.serve_context);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		report_failure(error);
	}
	PG_END_TRY();

	channel_leave(&worker.channel);
	channel_detach_queues(&worker.channel);
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(worker.serve_context);
	MemoryContextReset(worker.job_context);
	MemoryContextReset(worker.task_context);
	pool_worker_done();
}

static void
serve_requests(void)
{
	StringInfoData request;

	if (!next_request(&request))
		return;
	initStringInfo(&worker.hello);
	appendBinaryStringInfo(&worker.hello, request.data, request.len);
	begin_transaction();

	while (next_request(&request))
	{
		switch (pq_getmsgbyte(&request))
		{
			case FRAME_JOB_SETUP:
				take_setup(&request);
				break;
			case FRAME_SOURCES:
				take_sources(&request);
				break;
			case FRAME_TASK:
				run_task(&request);
				break;
			default:
				ereport(ERROR,
						(errcode(ERRCODE_PROTOCOL_VIOLATION),
						 errmsg("unexpected request \"%c\" in a task channel", request.data[0])));
		}
		if (worker.spool || worker.spool_failed || channel_cancelled(&worker.channel))
			break;
		if (pool_contended() &&
			TimestampDifferenceExceeds(worker.since, GetCurrentTimestamp(), TURN_MS))
			break;
	}
	if (worker.spool_failed)
	{
		/* closing the file would write, and fail, again */
		worker.spool = NULL;
		AbortCurrentTransaction();
		return;
	}
	end_spool();
	CommitTransactionCommand();
}

/*
 * The next message of the session, valid until the following call.  False when
 * none comes for a moment, or none ever will.
 */
static bool
next_request(StringInfo request)
{
	bool		waited = false;

	for (;;)
	{
		Size		len;
		void	   *data;
		int			events;

		if (channel_cancelled(&worker.channel))
			return false;
		switch (shm_mq_receive(worker.channel.requests, &len, &data, true))
		{
			case SHM_MQ_SUCCESS:
				request->data = data;
				request->len = request->maxlen = len;
				request->cursor = 0;
				return true;
			case SHM_MQ_DETACHED:
				worker.gone = true;
				return false;
			case SHM_MQ_WOULD_BLOCK:
				break;
		}
		if (waited || pool_contended())
			return false;
		events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						   LINGER_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		waited = (events & WL_TIMEOUT) != 0;
	}
}

/* A transaction that sees what the session sees, and writes nothing. */
static void
begin_transaction(void)
{
	StartTransactionCommand();
	worker.settings_level = 0;
	MemoryContextSwitchTo(worker.serve_context);
	XactIsoLevel = XACT_REPEATABLE_READ;
	XactReadOnly = true;
	channel_restore_hello(worker.hello.data, worker.hello.len);
}

static void
take_setup(StringInfo request)
{
	MemoryContextReset(worker.job_context);
	worker.sources = NIL;
	MemoryContextSwitchTo(worker.job_context);
	worker.setup = frame_read_job_setup(request);
	MemoryContextSwitchTo(worker.serve_context);
	if (!task_role_exists(worker.setup->role))
		create_role();
	if (worker.settings_level > 0)
		AtEOXact_GUC(true, worker.settings_level);
	worker.settings_level = task_settings_begin(worker.setup);
}

static void
take_sources(StringInfo request)
{
	MemoryContextSwitchTo(worker.job_context);
	worker.sources = exchange_add_sources(worker.sources, frame_read_sources(request));
	MemoryContextSwitchTo(worker.serve_context);
}

/* Roles are made in a transaction of their own; ours only reads. */
static void
create_role(void)
{
	CommitTransactionCommand();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	task_role_create(worker.setup->role);
	PopActiveSnapshot();
	CommitTransactionCommand();
	begin_transaction();
}

static void
run_task(StringInfo request)
{
	TaskSpec   *spec;

	MemoryContextReset(worker.task_context);
	MemoryContextSwitchTo(worker.task_context);
	spec = frame_read_task(request);
	if (!worker.setup)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("a task came before its job's setup")));
	housekeeping();
	pgstat_report_activity(STATE_RUNNING,
						   psprintf("barks task %d of stage %d, job " UINT64_FORMAT ": %s",
									spec->task, spec->stage, worker.setup->job, spec->sql));
	task_guarded_run(worker.setup, spec, worker.sources, GetTransactionSnapshot(),
					 GetSessionUserId(), worker.queue_us, worker.task_context, emit_frame, NULL);
	worker.queue_us = 0;
	pool_worker_count_task();
	MemoryContextSwitchTo(worker.serve_context);
}

/* ---------------- frames out ---------------- */

/*
 * Give a frame to the session: through the queue, or, once the consumer proved
 * slow while others waited, through the spool.
 */
static void
emit_frame(StringInfo frame, void *arg)
{
	if (worker.gone || channel_cancelled(&worker.channel))
		return;
	if (worker.spool_failed)
	{
		keep_last_frame(frame);
		return;
	}
	if (worker.spool || !send_frame(frame))
	{
		if (worker.gone)
			ereport(ERROR,
					(errcode(ERRCODE_QUERY_CANCELED),
					 errmsg("the session of a task has gone")));
		if (channel_cancelled(&worker.channel))
			return;
		spool_frame(frame);
	}
}

/*
 * False when the frame did not go out whole: the session has gone or cancelled,
 * or the frame must be spooled.  The session drops the part of a frame that it
 * finds at the end of the queue.
 */
static bool
send_frame(StringInfo frame)
{
	TimestampTz blocked = 0;
	bool		sent = false;

	/* a message once begun must be finished, so no ERROR in here */
	HOLD_CANCEL_INTERRUPTS();
	for (;;)
	{
		shm_mq_result result = shm_mq_send(worker.channel.results, frame->len,
										   frame->data, true, true);

		sent = result == SHM_MQ_SUCCESS;
		worker.gone = result == SHM_MQ_DETACHED;
		if (sent || worker.gone || channel_cancelled(&worker.channel))
			break;
		if (!pool_contended())
			blocked = 0;
		else if (blocked == 0)
			blocked = GetCurrentTimestamp();
		else if (TimestampDifferenceExceeds(blocked, GetCurrentTimestamp(), PATIENCE_MS))
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
						 (blocked != 0 ? WL_TIMEOUT : 0),
						 PATIENCE_MS + 1, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	RESUME_CANCEL_INTERRUPTS();
	return sent;
}

/* The file lives as long as the transaction, not the task's subtransaction. */
static void
begin_spool(void)
{
	MemoryContext old = MemoryContextSwitchTo(worker.serve_context);
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = TopTransactionResourceOwner;
	worker.channel.header->has_spool = true;
	worker.spool = BufFileCreateFileSet(&worker.channel.header->files.fs, CHANNEL_SPOOL_NAME);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
}

static void
spool_frame(StringInfo frame)
{
	uint32		len = frame->len;

	worker.spool_failed = true;	/* unless all goes well */
	if (!worker.spool)
		begin_spool();
	BufFileWrite(worker.spool, &len, sizeof(len));
	BufFileWrite(worker.spool, frame->data, frame->len);
	worker.spool_failed = false;
}

/* Make the spool readable for the session. */
static void
end_spool(void)
{
	if (!worker.spool)
		return;
	BufFileExportFileSet(worker.spool);
	BufFileClose(worker.spool);
	worker.spool = NULL;
}

/* The task's error frame, when it cannot be spooled; cut down if it is long. */
static void
keep_last_frame(StringInfo frame)
{
	ChannelHeader *header = worker.channel.header;

	if (frame->data[0] != FRAME_ERROR)
		return;
	if (frame->len > CHANNEL_LAST_FRAME)
	{
		int32		task;
		RemoteError *error;
		ErrorData	brief = {0};

		frame->cursor = 1;
		error = frame_read_error(frame, &task);
		brief.elevel = ERROR;
		brief.sqlerrcode = error->sqlerrcode;
		brief.message = pnstrdup(error->message, CHANNEL_LAST_FRAME / 2);
		frame_write_error(frame, FRAME_ERROR, task, &brief);
	}
	memcpy(header->last_frame, frame->data, frame->len);
	header->last_len = frame->len;
}

/* No task could be run at all: the session gives the error to its next task. */
static void
report_failure(ErrorData *error)
{
	StringInfoData frame;

	if (worker.gone || channel_cancelled(&worker.channel))
	{
		worker.channel.header->end = CHANNEL_LEFT;
		return;
	}
	initStringInfo(&frame);
	frame_write_error(&frame, FRAME_ERROR, 0, error);
	keep_last_frame(&frame);
	worker.channel.header->end = CHANNEL_FAILED;
}
