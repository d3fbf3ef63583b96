/*-------------------------------------------------------------------------
 * relay.c
 *	  COPY barks.lane: a driver's frames ↔ a worker's channel.
 *
 *	  COPY barks.lane TO STDOUT						tasks go to a worker
 *	  COPY barks.lane TO STDOUT (mode 'inline')		tasks run in this session, and
 *													see what it wrote
 *	  … (mode 'inline', command '5', snapshot '10:20:12', holder '1234')
 *													what it wrote in the driver's commands
 *													before 5, and of others what the session
 *													1234 sees
 *
 * The session speaks COPY BOTH until the driver sends CopyDone.  Tasks see the
 * command's snapshot, so the session should be in a REPEATABLE READ
 * transaction.  Neither direction is ever waited for alone: while the driver
 * does not read, its frames are still taken, and results stay where they are,
 * in the worker's queue or spool.
 *
 * Only a superuser may do this: a task names the role it acts for.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/virtual_copy.h"
#include "base/write_marks.h"
#include "shuffle/shuffle.h"
#include "worker/borrowed_snapshot.h"
#include "worker/client.h"
#include "worker/exchange_scan.h"
#include "worker/put.h"
#include "worker/relay.h"
#include "worker/task_guard.h"

/* Results are put together to writes of at least this size. */
#define RELAY_WRITE_SIZE	(64 * 1024)
/* A frame may be a long SQL text. */
#define RELAY_MAX_MESSAGE	(MaxAllocSize - 1)

typedef struct Relay
{
	MemoryContext context;
	Client	   *client;			/* NULL: inline */
	Snapshot	snapshot;
	StringInfoData input;
	bool		done;			/* the driver sent CopyDone */
	bool		writable;		/* all that was put is on its way */
	Size		unflushed;

	uint64		driver;			/* of the latest setup; job 0: none yet */
	uint64		job;
	Put		   *put;
	StringInfoData answer;

	/* inline */
	bool		is_inline;
	bool		cancelled;		/* 'X' came and is to be answered */
	List	   *requests;		/* of StringInfo: frames 'J', 'I' and 'T' */
	JobSetup   *setup;
	List	   *sources;		/* of StageSources, in setup_context */
	MemoryContext setup_context;
	MemoryContext task_context;
} Relay;

static void relay_lane(CopyStmt *stmt);
static bool mode_is_inline(CopyStmt *stmt);
static void push_inline_snapshot(CopyStmt *stmt);
static void send_copy_both(void);
static void relay_frames(Relay *relay);
static void take_interrupts(void);
static void receive_input(Relay *relay);
static bool receive_message(Relay *relay);
static void client_gone(void);
static void take_frame(Relay *relay);
static void take_block(Relay *relay);
static bool forward_results(Relay *relay);
static void send_frame(Relay *relay, const char *data, Size len);
static void flush_frames(Relay *relay);
static void wait_for_event(Relay *relay);
static void send_snapshot(Relay *relay);
static bool run_inline(Relay *relay);
static void emit_inline(StringInfo frame, void *arg);

void
relay_init(void)
{
	virtual_copy_register("lane", relay_lane);
}

static void
relay_lane(CopyStmt *stmt)
{
	Relay		relay = {0};

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to run tasks"),
				 errdetail("Only the service role, a superuser, may submit tasks.")));
	if (whereToSendOutput != DestRemote || stmt->is_from || stmt->filename)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.lane can only be copied to a client's STDOUT")));
	if (IsolationIsSerializable())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tasks cannot run in a serializable transaction"),
				 errhint("Use REPEATABLE READ.")));

	relay.is_inline = mode_is_inline(stmt);
	if (relay.is_inline)
		push_inline_snapshot(stmt);
	relay.context = AllocSetContextCreate(CurrentMemoryContext, "barks relay",
										  ALLOCSET_DEFAULT_SIZES);
	relay.setup_context = AllocSetContextCreate(relay.context, "barks relay job",
												ALLOCSET_SMALL_SIZES);
	relay.task_context = AllocSetContextCreate(relay.context, "barks relay task",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(relay.context);
	relay.snapshot = GetActiveSnapshot();
	relay.writable = true;
	initStringInfo(&relay.input);
	initStringInfo(&relay.answer);
	relay.put = put_create(relay.context);
	if (!relay.is_inline)
		relay.client = client_open(relay.snapshot, GetSessionUserId());

	PG_TRY();
	{
		send_copy_both();
		relay_frames(&relay);
	}
	PG_FINALLY();
	{
		if (relay.client)
			client_close(relay.client);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(MemoryContextGetParent(relay.context));
	MemoryContextDelete(relay.context);
	if (relay.is_inline)
		PopActiveSnapshot();
}

static bool
mode_is_inline(CopyStmt *stmt)
{
	const char *mode = virtual_copy_option(stmt, "mode");
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "mode") != 0 && strcmp(option->defname, "snapshot") != 0 &&
			strcmp(option->defname, "holder") != 0 && strcmp(option->defname, "command") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("option \"%s\" not recognized", option->defname)));
	}
	if (mode && strcmp(mode, "inline") != 0 && strcmp(mode, "worker") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode of barks.lane must be \"worker\" or \"inline\"")));
	return mode && strcmp(mode, "inline") == 0;
}

/* What the tasks see, as the active snapshot. */
static void
push_inline_snapshot(CopyStmt *stmt)
{
	const char *content = virtual_copy_option(stmt, "snapshot");
	const char *holder = virtual_copy_option(stmt, "holder");
	const char *command = virtual_copy_option(stmt, "command");
	CommandId	limit;

	PushCopiedSnapshot(GetActiveSnapshot());
	if (command && write_marks_find((CommandId) strtoul(command, NULL, 10), &limit))
		GetActiveSnapshot()->curcid = limit;
	if (content && holder)
		borrowed_snapshot_set(content, atoi(holder));
}

static void
send_copy_both(void)
{
	StringInfoData buf;

	pq_beginmessage(&buf, 'W');
	pq_sendbyte(&buf, 1);		/* binary */
	pq_sendint16(&buf, 0);		/* no columns */
	pq_endmessage(&buf);
	pq_flush();
}

static void
relay_frames(Relay *relay)
{
	for (;;)
	{
		bool		quiet = false;	/* nothing to pass on before our latch is set again */

		ResetLatch(MyLatch);
		take_interrupts();
		receive_input(relay);
		if (relay->writable)
			quiet = relay->is_inline ? !run_inline(relay) : forward_results(relay);
		flush_frames(relay);
		if (relay->done)
			break;
		if (quiet || !relay->writable)
			wait_for_event(relay);
	}
	pq_putmessage_noblock('c', NULL, 0);	/* CopyDone; CommandComplete follows */
}

/*
 * A process that must end says so to its client, and would wait for a driver
 * that does not read just now.
 */
static void
take_interrupts(void)
{
	if (ProcDiePending && pq_is_send_pending())
		whereToSendOutput = DestNone;
	CHECK_FOR_INTERRUPTS();
}

/* ---------------- from the driver ---------------- */

static void
receive_input(Relay *relay)
{
	while (!relay->done && receive_message(relay))
		;
}

/* Take one message if one has begun to arrive. */
static bool
receive_message(Relay *relay)
{
	unsigned char type;
	int			r;

	pq_startmsgread();
	r = pq_getbyte_if_available(&type);
	if (r < 0)
		client_gone();
	if (r == 0)
	{
		pq_endmsgread();
		return false;
	}
	if (strchr("dcfXHS", type) == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("unexpected message type 0x%02X during COPY barks.lane", type)));
	if (pq_getmessage(&relay->input, RELAY_MAX_MESSAGE))
		client_gone();

	switch (type)
	{
		case 'd':
			take_frame(relay);
			break;
		case 'c':
			relay->done = true;
			break;
		case 'f':
			ereport(ERROR,
					(errcode(ERRCODE_QUERY_CANCELED),
					 errmsg("COPY barks.lane failed: %s", pq_getmsgstring(&relay->input))));
			break;
		case 'X':
			whereToSendOutput = DestNone;
			proc_exit(0);
		default:				/* Flush and Sync of the extended protocol */
			break;
	}
	return true;
}

/* The end of the process ends the transaction, and that stops our worker. */
static void
client_gone(void)
{
	HOLD_INTERRUPTS();			/* a lost connection is one, and would be FATAL here */
	whereToSendOutput = DestNone;
	ereport(COMMERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("unexpected EOF on a driver's connection")));
	proc_exit(0);
}

static void
take_frame(Relay *relay)
{
	StringInfo	input = &relay->input;

	switch (input->len > 0 ? input->data[0] : '\0')
	{
		case FRAME_JOB_SETUP:
			frame_peek_job(input->data, input->len, &relay->driver, &relay->job);
			shuffle_lease_take(relay->driver, relay->job);
			/* FALLTHROUGH */
		case FRAME_SOURCES:
		case FRAME_TASK:
			if (relay->is_inline)
			{
				MemoryContext old = MemoryContextSwitchTo(relay->context);
				StringInfo	copy = makeStringInfo();

				appendBinaryStringInfo(copy, input->data, input->len);
				relay->requests = lappend(relay->requests, copy);
				MemoryContextSwitchTo(old);
			}
			else
				client_put_frame(relay->client, input->data, input->len);
			break;
		case FRAME_BLOCK:
			take_block(relay);
			break;
		case FRAME_JOB_END:
			put_drop(relay->put);
			if (relay->job != 0)
				shuffle_job_over(relay->driver, relay->job);
			break;
		case FRAME_CANCEL:
			put_drop(relay->put);
			if (!relay->is_inline)
				client_cancel(relay->client);
			relay->cancelled = true;
			break;
		case FRAME_SNAPSHOT:
			send_snapshot(relay);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("unexpected frame type 0x%02X from a driver",
							input->len > 0 ? (unsigned char) input->data[0] : 0)));
	}
}

/* Of a task that the driver ran: kept right here. */
static void
take_block(Relay *relay)
{
	if (relay->job == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("a block came before its job's setup")));
	relay->input.cursor = 1;
	put_take(relay->put, relay->driver, relay->job, &relay->input, &relay->answer);
	if (relay->answer.len > 0)
		send_frame(relay, relay->answer.data, relay->answer.len);
}

static void
send_snapshot(Relay *relay)
{
	StringInfoData frame;

	initStringInfo(&frame);
	frame_write_snapshot(&frame, ExportSnapshot(relay->snapshot));
	send_frame(relay, frame.data, frame.len);
	pfree(frame.data);
}

/* ---------------- to the driver ---------------- */

/* Pass on what there is, while the socket takes it; true when all is passed on. */
static bool
forward_results(Relay *relay)
{
	while (relay->writable)
	{
		const char *frame;
		Size		len;

		switch (client_poll(relay->client, &frame, &len))
		{
			case CLIENT_NOTHING:
				return true;
			case CLIENT_FRAME:
				send_frame(relay, frame, len);
				break;
			case CLIENT_CANCELLED:
				send_frame(relay, (char[]) {FRAME_CANCEL}, 1);
				break;
			case CLIENT_FAILED:
				client_raise_failure();
		}
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

static void
send_frame(Relay *relay, const char *data, Size len)
{
	pq_putmessage_noblock('d', data, len);
	relay->unflushed += len;
	if (relay->unflushed >= RELAY_WRITE_SIZE)
		flush_frames(relay);
}

static void
flush_frames(Relay *relay)
{
	if (pq_flush_if_writable() != 0)
		client_gone();
	relay->writable = !pq_is_send_pending();
	relay->unflushed = 0;
}

/* Until the driver sends, or reads what we have, or our latch is set. */
static void
wait_for_event(Relay *relay)
{
	WaitEvent	event;

	ModifyWaitEvent(FeBeWaitSet, FeBeWaitSetSocketPos,
					WL_SOCKET_READABLE | (relay->writable ? 0 : WL_SOCKET_WRITEABLE), NULL);
	if (WaitEventSetWait(FeBeWaitSet, -1, &event, 1, PG_WAIT_EXTENSION) == 1 &&
		(event.events & WL_POSTMASTER_DEATH))
		proc_exit(1);
}

/* ---------------- inline ---------------- */

/* Answer a cancel or run the next task; false when there is nothing to do. */
static bool
run_inline(Relay *relay)
{
	StringInfo	request;

	if (relay->cancelled)
	{
		ListCell   *lc;

		/* what was submitted before the cancel: all of it, for a driver waits for the answer */
		foreach(lc, relay->requests)
		{
			request = lfirst(lc);
			if (request->data[0] == FRAME_TASK)
				relay->requests = foreach_delete_current(relay->requests, lc);
		}
		relay->cancelled = false;
		send_frame(relay, (char[]) {FRAME_CANCEL}, 1);
		return true;
	}
	if (relay->requests == NIL)
		return false;

	request = linitial(relay->requests);
	relay->requests = list_delete_first(relay->requests);
	request->cursor = 1;
	if (request->data[0] == FRAME_JOB_SETUP)
	{
		MemoryContextReset(relay->setup_context);
		relay->sources = NIL;
		MemoryContextSwitchTo(relay->setup_context);
		relay->setup = frame_read_job_setup(request);
		if (!task_role_exists(relay->setup->role))
			task_role_create(relay->setup->role);
	}
	else if (request->data[0] == FRAME_SOURCES)
	{
		MemoryContextSwitchTo(relay->setup_context);
		relay->sources = exchange_add_sources(relay->sources, frame_read_sources(request));
	}
	else
	{
		TaskSpec   *spec;

		if (!relay->setup)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("a task came before its job's setup")));
		MemoryContextReset(relay->task_context);
		MemoryContextSwitchTo(relay->task_context);
		spec = frame_read_task(request);
		task_guarded_run(relay->setup, spec, relay->sources, relay->snapshot, GetSessionUserId(), 0,
						 relay->task_context, emit_inline, relay);
	}
	MemoryContextSwitchTo(relay->context);
	pfree(request->data);
	pfree(request);
	return true;
}

/* Send a frame of the running task, and wait until the driver has room for more. */
static void
emit_inline(StringInfo frame, void *arg)
{
	Relay	   *relay = arg;
	bool		last = frame->data[0] == FRAME_DONE || frame->data[0] == FRAME_ERROR;

	if (relay->cancelled && last)
		return;
	if (!relay->cancelled)
		send_frame(relay, frame->data, frame->len);
	for (;;)
	{
		ResetLatch(MyLatch);
		take_interrupts();
		receive_input(relay);
		if (relay->cancelled || relay->done)
			break;
		flush_frames(relay);
		if (relay->writable)
			return;
		wait_for_event(relay);
	}
	if (!last)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the driver cancelled the task")));
}
