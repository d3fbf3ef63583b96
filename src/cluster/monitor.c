/*-------------------------------------------------------------------------
 * monitor.c
 *	  Background processes that watch the nodes.
 *
 * The monitor's connections are its own, apart from the pool and the cap, and
 * are driven all together: a node that hangs delays nobody's heartbeat.  Only a
 * node that just answered is asked for its prepared transactions.
 *
 * The launcher is connected to no database, and a monitor leaves its database
 * when somebody needs that to himself; the launcher starts it again later.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"
#include "cluster/deadlock.h"
#include "cluster/extensions.h"
#include "cluster/monitor.h"
#include "cluster/node.h"
#include "cluster/recovery.h"

#define LAUNCH_INTERVAL_MS	60000
#define EVICTION_WAIT_MS	4000
#define GOODBYE_WAIT_MS		100

/*
 *	  BEAT_DOWN → BEAT_CONNECTING → BEAT_READY → BEAT_ASKED → BEAT_READY
 *	  any, on failure or when the time is up → BEAT_DOWN
 */
typedef enum BeatState
{
	BEAT_DOWN,
	BEAT_CONNECTING,
	BEAT_READY,
	BEAT_ASKED
} BeatState;

typedef struct Beat
{
	Oid			node;
	char	   *name;
	char	   *question;
	PGconn	   *pg;
	BeatState	state;
	PostgresPollingStatusType poll;
	TimestampTz deadline;
	bool		was_alive;
	bool		answered;		/* since the recovery last looked */
	bool		look;			/* is to be asked who waits for whom */
	bool		looking;		/* BEAT_ASKED: that is the question */
	bool		listed;			/* still a node */
} Beat;

int			heartbeat_interval = 5000;

static MemoryContext beat_context;
static List *beats;
static volatile sig_atomic_t in_recovery;
static bool look_open;			/* for deadlocks */

static List *databases_to_watch(void);
static void start_monitor(Oid database);
static void on_sigterm(SIGNAL_ARGS);
static bool refresh_beats(void);
static void start_beat(Beat *beat);
static void advance_beat(Beat *beat);
static void advance_connecting(Beat *beat);
static void start_look(void);
static void ask_look(Beat *beat);
static void finish_look(void);
static void take_answer(Beat *beat);
static void fail_beat(Beat *beat);
static void close_beat(Beat *beat);
static void end_beats(void);
static bool wait_beats(TimestampTz until);
static void recover(Beat *beat);

void
monitor_init(void)
{
	BackgroundWorker worker = {
		.bgw_name = "barks node monitor launcher",
		.bgw_type = "barks node monitor launcher",
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = 5,
		.bgw_library_name = "barks",
		.bgw_function_name = "barks_monitor_launcher_main"
	};

	DefineCustomIntVariable("barks.heartbeat_interval",
							"Time between two looks at whether a node is alive.",
							NULL, &heartbeat_interval, 5000, 100, INT_MAX / 2, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	RegisterBackgroundWorker(&worker);
}

Oid
monitor_database_needed(Node *stmt)
{
	const char *name;

	switch (nodeTag(stmt))
	{
		case T_DropdbStmt:
			name = ((DropdbStmt *) stmt)->dbname;
			break;
		case T_RenameStmt:
			if (((RenameStmt *) stmt)->renameType != OBJECT_DATABASE)
				return InvalidOid;
			name = ((RenameStmt *) stmt)->subname;
			break;
		case T_AlterDatabaseStmt:
			name = ((AlterDatabaseStmt *) stmt)->dbname;
			break;
		case T_CreatedbStmt:
			{
				ListCell   *lc;

				name = "template1";
				foreach(lc, ((CreatedbStmt *) stmt)->options)
				{
					DefElem    *def = lfirst(lc);

					if (strcmp(def->defname, "template") == 0 && def->arg)
						name = strVal(def->arg);
				}
				break;
			}
		default:
			return InvalidOid;
	}
	return get_database_oid(name, true);
}

void
monitor_evict(Oid database)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EVICTION_WAIT_MS);

	if (!monitor_state_evict(database))
		return;
	while (monitor_state_running(database) && GetCurrentTimestamp() < until)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 5, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
barks_monitor_launcher_main(Datum arg)
{
	MemoryContext context;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	context = AllocSetContextCreate(TopMemoryContext, "barks monitor launcher", ALLOCSET_SMALL_SIZES);
	monitor_state_launcher();

	while (!ShutdownRequestPending)
	{
		ListCell   *lc;

		foreach(lc, databases_to_watch())
			start_monitor(lfirst_oid(lc));
		MemoryContextSwitchTo(context);
		MemoryContextReset(context);

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 LAUNCH_INTERVAL_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
	proc_exit(0);
}

void
barks_monitor_main(Datum arg)
{
	Oid			database = DatumGetObjectId(arg);

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, on_sigterm);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	if (!monitor_state_enter())
		proc_exit(0);
	beat_context = AllocSetContextCreate(TopMemoryContext, "barks heartbeats", ALLOCSET_DEFAULT_SIZES);
	connection_patience = false;	/* other nodes wait for their heartbeat */

	while (!ShutdownRequestPending)
	{
		TimestampTz next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), heartbeat_interval);
		bool		woken;
		ListCell   *lc;

		if (!refresh_beats())
		{
			monitor_state_no_nodes();
			break;
		}
		if (deadlock_look_begin(look_open))
			start_look();
		foreach(lc, beats)
			start_beat(lfirst(lc));
		do
		{
			woken = wait_beats(next);
			foreach(lc, beats)
			{
				Beat	   *beat = lfirst(lc);

				advance_beat(beat);
				if (beat->answered && !ShutdownRequestPending)
					recover(beat);
			}
			if (look_open)
				finish_look();
			if (ConfigReloadPending)
			{
				ConfigReloadPending = false;
				ProcessConfigFile(PGC_SIGHUP);
			}
		} while (!woken && GetCurrentTimestamp() < next && !ShutdownRequestPending);
		pgstat_report_stat(false);
	}
	end_beats();
	proc_exit(0);
}

/* Databases that can be connected to and may have nodes but have no monitor. */
static List *
databases_to_watch(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *databases = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old = MemoryContextSwitchTo(caller);

		if (form->datallowconn && !form->datistemplate && monitor_state_needed(form->oid))
			databases = lappend_oid(databases, form->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
	return databases;
}

/* One after the other, so that a server of many databases needs few processes. */
static void
start_monitor(Oid database)
{
	BackgroundWorker worker = {
		.bgw_type = "barks node monitor",
		.bgw_name = "barks node monitor",
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_library_name = "barks",
		.bgw_function_name = "barks_monitor_main",
		.bgw_main_arg = ObjectIdGetDatum(database),
		.bgw_notify_pid = MyProcPid
	};
	BackgroundWorkerHandle *handle;
	pid_t		pid;

	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(LOG,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("could not start the process that watches the nodes of database %u", database),
				 errhint("You might need to increase max_worker_processes.")));
		return;
	}
	(void) WaitForBackgroundWorkerStartup(handle, &pid);
	/* Until it has either settled down or found nothing to do. */
	while (monitor_state_needed(database) && !ShutdownRequestPending &&
		   GetBackgroundWorkerPid(handle, &pid) == BGWH_STARTED)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(handle);
}

/* Waits for a node within the recovery are broken off; all others end by themselves. */
static void
on_sigterm(SIGNAL_ARGS)
{
	if (in_recovery)
		InterruptPending = QueryCancelPending = true;
	SignalHandlerForShutdownRequest(postgres_signal_arg);
}

/* Make the list of beats that of the nodes; false when there are none. */
static bool
refresh_beats(void)
{
	ListCell   *lc;
	List	   *oids;

	StartTransactionCommand();
	oids = node_list();
	foreach(lc, beats)
	{
		Beat	   *beat = lfirst(lc);

		if (list_member_oid(oids, beat->node))
			continue;
		close_beat(beat);
		beats = foreach_delete_current(beats, lc);
		pfree(beat->name);
		pfree(beat->question);
		pfree(beat);
	}
	foreach(lc, oids)
	{
		bool		found = false;
		ListCell   *lc2;

		foreach(lc2, beats)
			found |= ((Beat *) lfirst(lc2))->node == lfirst_oid(lc);
		if (!found)
		{
			MemoryContext old = MemoryContextSwitchTo(beat_context);
			Beat	   *beat = palloc0(sizeof(Beat));

			beat->node = lfirst_oid(lc);
			beat->name = node_name(beat->node);
			beat->question = recovery_prepared_query(psprintf("pg_catalog.current_setting('barks.executor_slots', true), count(*), %s, %s",
															  node_bytes_sql_hook ? node_bytes_sql_hook() : "0", extensions_sql()),
													 beat->node);
			beat->was_alive = true;
			beats = lappend(beats, beat);
			MemoryContextSwitchTo(old);
		}
	}
	CommitTransactionCommand();
	return beats != NIL;
}

static void
start_beat(Beat *beat)
{
	TimestampTz now = GetCurrentTimestamp();

	if (beat->state == BEAT_DOWN)
	{
		StartTransactionCommand();
		if (node_is_one(beat->node))
			beat->pg = connect_begin(beat->node, &beat->deadline);
		CommitTransactionCommand();
		if (!beat->pg)
			return;				/* removed just now */
		beat->poll = PQstatus(beat->pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
		beat->state = BEAT_CONNECTING;
	}
	else if (beat->state == BEAT_READY)
	{
		beat->deadline = TimestampTzPlusMilliseconds(now, Max(heartbeat_interval, 2000));
		if (PQsendQuery(beat->pg, beat->question))
			beat->state = BEAT_ASKED;
		else
			fail_beat(beat);
	}
}

/* Whatever can be done without waiting. */
static void
advance_beat(Beat *beat)
{
	if (beat->state == BEAT_CONNECTING)
		advance_connecting(beat);
	if (beat->state == BEAT_ASKED || beat->state == BEAT_READY)
	{
		if (!PQconsumeInput(beat->pg))
			fail_beat(beat);
		else if (beat->state == BEAT_ASKED)
			take_answer(beat);
	}
	if ((beat->state == BEAT_CONNECTING || beat->state == BEAT_ASKED) &&
		GetCurrentTimestamp() >= beat->deadline)
		fail_beat(beat);
}

static void
advance_connecting(Beat *beat)
{
	const char *protocol;

	if (beat->poll != PGRES_POLLING_FAILED)
		beat->poll = PQconnectPoll(beat->pg);
	if (beat->poll == PGRES_POLLING_FAILED)
		fail_beat(beat);
	if (beat->poll != PGRES_POLLING_OK)
		return;
	protocol = PQparameterStatus(beat->pg, "barks.protocol_version");
	if (!protocol || atoi(protocol) != BARKS_PROTOCOL_VERSION || PQsetnonblocking(beat->pg, 1) != 0)
	{
		fail_beat(beat);
		return;
	}
	beat->state = BEAT_READY;
	if (!ShutdownRequestPending)
		start_beat(beat);
}

/* Ask all nodes that can be asked who waits for whom there. */
static void
start_look(void)
{
	ListCell   *lc;

	look_open = true;
	foreach(lc, beats)
	{
		Beat	   *beat = lfirst(lc);

		beat->look = true;
		if (beat->state == BEAT_READY)
			ask_look(beat);
	}
}

static void
ask_look(Beat *beat)
{
	char	   *question = deadlock_question();

	beat->look = false;
	beat->looking = true;
	beat->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), Max(heartbeat_interval, 2000));
	if (PQsendQuery(beat->pg, question))
		beat->state = BEAT_ASKED;
	else
		fail_beat(beat);
	pfree(question);
}

/* When all that answer have: nodes that are down hold nobody up for longer than their sessions live. */
static void
finish_look(void)
{
	ListCell   *lc;

	foreach(lc, beats)
	{
		Beat	   *beat = lfirst(lc);

		if ((beat->look || beat->looking) && (beat->state == BEAT_READY || beat->state == BEAT_ASKED))
			return;
	}
	look_open = false;
	if (!deadlock_look_end())
		return;
	(void) deadlock_look_begin(true);
	start_look();
}

static void
take_answer(Beat *beat)
{
	PGresult   *res;

	while (PQflush(beat->pg) >= 0 && !PQisBusy(beat->pg))
	{
		res = PQgetResult(beat->pg);
		if (!res)
		{
			beat->state = BEAT_READY;
			if (beat->looking)
			{
				beat->looking = false;
				if (beat->look)
					ask_look(beat);
				return;
			}
			beat->answered = true;
			if (!beat->was_alive)
				ereport(LOG, (errmsg("node \"%s\" answers again", beat->name)));
			beat->was_alive = true;
			if (beat->look)
				ask_look(beat);
			return;
		}
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
		{
			PQclear(res);
			fail_beat(beat);
			return;
		}
		if (beat->looking)
		{
			if (!beat->look)	/* else this is of a look before */
				deadlock_look_add(beat->node, res);
			PQclear(res);
			continue;
		}
		node_state_seen(beat->node, atoi(PQgetvalue(res, 0, 0)), PQparameterStatus(beat->pg, "server_version"));
		/* A session that its driver left may have prepared after all. */
		node_state_sized(beat->node, strtoll(PQgetvalue(res, 0, 2), NULL, 10));
		if (atoi(PQgetvalue(res, 0, 1)) > 0)
			node_state_doubt(beat->node);
		if (extensions_learn(beat->node, PQgetvalue(res, 0, 3)))
			extensions_invalidate_plans();
		PQclear(res);
	}
}

static void
fail_beat(Beat *beat)
{
	if (beat->was_alive)
		ereport(LOG, (errmsg("node \"%s\" does not answer", beat->name)));
	beat->was_alive = false;
	node_state_lost(beat->node);
	close_beat(beat);
}

static void
close_beat(Beat *beat)
{
	if (beat->pg)
		PQfinish(beat->pg);
	beat->pg = NULL;
	beat->state = BEAT_DOWN;
	beat->answered = beat->look = beat->looking = false;
}

/* Hang up, after the nodes that answer at once said what they were about to. */
static void
end_beats(void)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), GOODBYE_WAIT_MS);
	bool		outstanding;
	ListCell   *lc;

	do
	{
		outstanding = false;
		foreach(lc, beats)
		{
			Beat	   *beat = lfirst(lc);

			advance_beat(beat);
			outstanding |= beat->state == BEAT_CONNECTING || beat->state == BEAT_ASKED;
		}
		if (outstanding)
			(void) wait_beats(until);
	} while (outstanding && GetCurrentTimestamp() < until);
	foreach(lc, beats)
		close_beat(lfirst(lc));
}

/* Wait for any node, our latch (true), the nearest deadline, or the time given. */
static bool
wait_beats(TimestampTz until)
{
	WaitEventSet *set = CreateWaitEventSet(beat_context, list_length(beats) + 2);
	WaitEvent	event;
	int			nevents;
	bool		woken;
	ListCell   *lc;

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	foreach(lc, beats)
	{
		Beat	   *beat = lfirst(lc);

		if (!beat->pg || PQsocket(beat->pg) == PGINVALID_SOCKET)
			continue;
		if (beat->state == BEAT_CONNECTING || beat->state == BEAT_ASKED)
			until = Min(until, beat->deadline);
		AddWaitEventToSet(set, beat->state == BEAT_CONNECTING && beat->poll == PGRES_POLLING_WRITING
						  ? WL_SOCKET_CONNECTED : WL_SOCKET_READABLE, PQsocket(beat->pg), NULL, NULL);
	}
	nevents = WaitEventSetWait(set, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until),
							   &event, 1, PG_WAIT_EXTENSION);
	FreeWaitEventSet(set);
	woken = nevents > 0 && (event.events & WL_LATCH_SET) != 0;
	if (woken)
		ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return woken;
}

/* Finish what was left prepared on a node that answers; errors are for the next round. */
static void
recover(Beat *beat)
{
	beat->answered = false;
	in_recovery = true;
	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (node_is_one(beat->node))
			recovery_clean_node(beat->node);
		recovery_forget_removed();
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		if (!ShutdownRequestPending)
			EmitErrorReport();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	in_recovery = false;
	QueryCancelPending = false;
	MemoryContextSwitchTo(TopMemoryContext);
	CHECK_FOR_INTERRUPTS();
}
