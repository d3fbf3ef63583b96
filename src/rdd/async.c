/*-------------------------------------------------------------------------
 * async.c
 *	  Actions that run by themselves: submit, wait, result, cancel.
 *
 * A background worker with the session's roles and settings runs the action and
 * keeps its rows, as jsonb, in barks.async_result.  It holds a lock while it
 * lives, so whoever waits for the job waits for the lock.  The session that
 * submits goes on as soon as the worker has the lock.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <signal.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "rdd/as_owner.h"
#include "rdd/calls.h"
#include "rdd/rdd.h"

#define FETCH_ROWS 1000

PG_FUNCTION_INFO_V1(barks_rdd_submit);
PG_FUNCTION_INFO_V1(barks_job_wait);
PG_FUNCTION_INFO_V1(barks_job_result);
PG_FUNCTION_INFO_V1(barks_job_cancel);
PG_FUNCTION_INFO_V1(barks_job_forget);

PGDLLEXPORT void barks_async_main(Datum arg);

/* What the worker is told; in the segment the settings follow, then the query. */
typedef struct Submission
{
	int64		job;
	Oid			database;
	Oid			session_role;
	Oid			role;
	pid_t		submitter;
	bool		running;		/* set by the worker: it has the lock */
	Size		settings_size;
	Size		query_size;
} Submission;

/* What barks.async_job says of a job. */
typedef struct JobRow
{
	char	   *state;
	char	   *error;
	char	   *sqlstate;
	int			pid;
} JobRow;

static char *action_query(Datum rdd, const char *action);
static const char *arguments_of(const char *action);
static dsm_segment *describe(int64 job, const char *query);
static void start_worker(dsm_segment *segment);
static void set_lock_tag(LOCKTAG *tag, int64 job);
static bool wait_for_job(int64 job, int64 timeout_ms);
static void read_as_owner(const char *sql, int64 job);
static JobRow *read_job(int64 job);
static void run_action(int64 job, Oid role, const char *query);
static void keep_rows(int64 job, const char *query);
static void note_state(int64 job, const char *state, const ErrorData *error);

/* ---------------- the session that submits ---------------- */

/* rdd_submit(r, action) → job */
Datum
barks_rdd_submit(PG_FUNCTION_ARGS)
{
	char	   *query;
	int64		job;
	dsm_segment *segment;

	rdd_expect_arguments(fcinfo);
	query = action_query(PG_GETARG_DATUM(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	/* would it run? */
	if (!SPI_prepare(query, 0, NULL))
		elog(ERROR, "could not prepare an action: %s", SPI_result_code_string(SPI_result));
	job = nextval_internal(get_relname_relid("async_job_id", get_namespace_oid("barks", false)), false);
	SPI_finish();
	segment = describe(job, query);
	start_worker(segment);
	dsm_detach(segment);
	PG_RETURN_INT64(job);
}

/*
 * count → SELECT to_jsonb(x) FROM barks.rdd_count(lineage) AS x; take(3, NULL::int)
 * likewise.  The text must be one call, of constants as far as it can be told.
 */
static char *
action_query(Datum rdd, const char *action)
{
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, raw_parser(action, RAW_PARSE_PLPGSQL_EXPR))->stmt;
	ResTarget  *target;
	const char *name = NULL;
	const char *args = arguments_of(action);
	char	   *lineage = quote_literal_cstr(rdd_text(rdd_from_datum(rdd)));

	if (IsA(select, SelectStmt) && list_length(select->targetList) == 1 && !select->distinctClause &&
		!select->fromClause && !select->whereClause && !select->groupClause && !select->sortClause && !select->limitCount &&
		!select->limitOffset && !select->havingClause && !select->windowClause && !select->lockingClause &&
		!linitial_node(ResTarget, select->targetList)->name)
	{
		target = linitial_node(ResTarget, select->targetList);
		if (IsA(target->val, ColumnRef) && list_length(((ColumnRef *) target->val)->fields) == 1 && !args &&
			IsA(linitial(((ColumnRef *) target->val)->fields), String))
			name = strVal(linitial(((ColumnRef *) target->val)->fields));
		else if (IsA(target->val, FuncCall) && list_length(((FuncCall *) target->val)->funcname) == 1 && args &&
				 !((FuncCall *) target->val)->over && !((FuncCall *) target->val)->agg_filter)
			name = strVal(linitial(((FuncCall *) target->val)->funcname));
	}
	if (!name || strcmp(name, "submit") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an action", action),
				 errhint("Give the name of one, such as 'count', or a call without the RDD, such as 'take(10, NULL::text)'.")));
	/* jsonb can show any element */
	if (!args && strcmp(name, "collect") == 0)
		name = "collect_json";
	/* a remark may be at the end of the text */
	return psprintf("SELECT pg_catalog.to_jsonb(x) FROM barks.%s(%s::barks.rdd%s\n AS x",
					quote_identifier(psprintf("rdd_%s", name)), lineage,
					!args ? ")" : strspn(args + 1, " )") == strlen(args + 1) ? ")" : psprintf(", %s", args + 1));
}

/* The parenthesis right behind the name that a text begins with; NULL when there is none. */
static const char *
arguments_of(const char *action)
{
	const char *at = action + strspn(action, " \t\n\r\f");

	if (*at == '(')
		return NULL;
	if (*at == '"')
	{
		/* doubled quotes begin another quoted part */
		while (*at == '"')
		{
			at = strchr(at + 1, '"');
			if (!at)
				return NULL;
			at++;
		}
	}
	else
	{
		while (IS_HIGHBIT_SET(*at) || isalnum((unsigned char) *at) || *at == '_' || *at == '$')
			at++;
	}
	at += strspn(at, " \t\n\r\f");
	return *at == '(' ? at : NULL;
}

static dsm_segment *
describe(int64 job, const char *query)
{
	Size		settings_size = EstimateGUCStateSpace();
	Size		query_size = strlen(query) + 1;
	dsm_segment *segment = dsm_create(MAXALIGN(sizeof(Submission)) + MAXALIGN(settings_size) + query_size, 0);
	Submission *submission = dsm_segment_address(segment);
	char	   *settings = (char *) submission + MAXALIGN(sizeof(Submission));

	memset(submission, 0, sizeof(Submission));
	submission->job = job;
	submission->database = MyDatabaseId;
	submission->session_role = GetSessionUserId();
	submission->role = GetUserId();
	submission->submitter = MyProcPid;
	submission->settings_size = settings_size;
	submission->query_size = query_size;
	SerializeGUCState(settings_size, settings);
	memcpy(settings + MAXALIGN(settings_size), query, query_size);
	return segment;
}

static void
start_worker(dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	volatile Submission *submission = dsm_segment_address(segment);

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	strlcpy(worker.bgw_library_name, "barks", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "barks_async_main", BGW_MAXLEN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "barks action " INT64_FORMAT, submission->job);
	strlcpy(worker.bgw_type, "barks action", BGW_MAXLEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start a background worker for an action"),
				 errhint("You may need to increase max_worker_processes.")));
	while (!submission->running)
	{
		pid_t		pid;

		if (GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED && !submission->running)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("the background worker of an action ended before it began"),
					 errhint("The server's log may say more.")));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* ---------------- sessions that wait ---------------- */

/* Advisory locks that SQL takes have 1 or 2 at the end. */
static void
set_lock_tag(LOCKTAG *tag, int64 job)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (job >> 32), (uint32) job, 4);
}

/* False when the time is over first; negative: wait for ever. */
static bool
wait_for_job(int64 job, int64 timeout_ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	LOCKTAG		tag;

	set_lock_tag(&tag, job);
	if (timeout_ms < 0)
	{
		(void) LockAcquire(&tag, ShareLock, true, false);
		LockRelease(&tag, ShareLock, true);
		return true;
	}
	while (LockAcquire(&tag, ShareLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		if (GetCurrentTimestamp() >= until)
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	LockRelease(&tag, ShareLock, true);
	return true;
}

/* A query with the job as its parameter; as of now, whatever the transaction sees otherwise. */
static void
read_as_owner(const char *sql, int64 job)
{
	SPIPlanPtr	plan;
	AsOwner		owner;

	as_owner_begin(&owner);
	plan = SPI_prepare(sql, 1, (Oid[]) {INT8OID});
	if (!plan || SPI_execute_snapshot(plan, (Datum[]) {Int64GetDatum(job)}, NULL, GetLatestSnapshot(),
									  InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read submitted jobs: %s", SPI_result_code_string(SPI_result));
	as_owner_end(&owner);
}

/* Within SPI. */
static JobRow *
read_job(int64 job)
{
	JobRow	   *row = palloc0(sizeof(JobRow));
	HeapTuple	tuple;
	bool		isnull;
	Oid			role;

	read_as_owner("SELECT role, state, error, sqlstate, pid FROM barks.async_job WHERE job = $1", job);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no submitted job " INT64_FORMAT, job)));
	tuple = SPI_tuptable->vals[0];
	role = DatumGetObjectId(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull));
	if (!has_privs_of_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("job " INT64_FORMAT " belongs to another role", job)));
	row->state = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2);
	row->error = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 3);
	row->sqlstate = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 4);
	row->pid = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 5, &isnull));
	return row;
}

/* job_wait(job, timeout interval) → state: finished, failed, lost, or running when the time is over */
Datum
barks_job_wait(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	int64		job;
	int64		timeout = -1;
	JobRow	   *row;
	bool		over;
	char	   *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	job = PG_GETARG_INT64(0);
	if (!PG_ARGISNULL(1))
	{
		Interval   *interval = PG_GETARG_INTERVAL_P(1);

		timeout = (interval->time + (interval->day + interval->month * (int64) DAYS_PER_MONTH) * USECS_PER_DAY) / 1000;
		timeout = Max(timeout, 0);
	}
	over = wait_for_job(job, timeout);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	row = read_job(job);
	state = MemoryContextStrdup(caller, over && strcmp(row->state, "running") == 0 ? "lost" : row->state);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

/* job_result(job) → the action's rows as jsonb, when it has finished; or its error */
Datum
barks_job_result(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		job = PG_GETARG_INT64(0);
	JobRow	   *row;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	(void) wait_for_job(job, -1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	row = read_job(job);
	if (strcmp(row->state, "failed") == 0)
		ereport(ERROR,
				(errcode(MAKE_SQLSTATE(row->sqlstate[0], row->sqlstate[1], row->sqlstate[2],
									   row->sqlstate[3], row->sqlstate[4])),
				 errmsg("%s", row->error),
				 errcontext("job " INT64_FORMAT, job)));
	if (strcmp(row->state, "running") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("job " INT64_FORMAT " was lost", job),
				 errdetail("Its background worker ended without a result.")));
	read_as_owner("SELECT value FROM barks.async_result WHERE job = $1 ORDER BY n", job);
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
	return (Datum) 0;
}

/* job_cancel(job) → whether it was running */
Datum
barks_job_cancel(PG_FUNCTION_ARGS)
{
	int64		job = PG_GETARG_INT64(0);
	JobRow	   *row;
	int			pid = 0;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	row = read_job(job);
	if (strcmp(row->state, "running") == 0)
		pid = row->pid;
	SPI_finish();
	/* the lock is free when the worker is gone, and its pid may be anybody's */
	if (pid == 0 || wait_for_job(job, 0) || BackendPidGetProc(pid) == NULL || kill(pid, SIGINT) != 0)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(true);
}

/* job_forget(job) → whether it had ended */
Datum
barks_job_forget(PG_FUNCTION_ARGS)
{
	int64		job = PG_GETARG_INT64(0);

	if (!wait_for_job(job, 0))
		PG_RETURN_BOOL(false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	(void) read_job(job);
	as_owner_run("DELETE FROM barks.async_job WHERE job = $1", 1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(job)}, NULL);
	SPI_finish();
	PG_RETURN_BOOL(true);
}

/* ---------------- the worker ---------------- */

void
barks_async_main(Datum arg)
{
	dsm_segment *segment;
	Submission *submission;
	char	   *settings;
	char	   *query;
	int64		job;
	Oid			role;
	LOCKTAG		tag;
	PGPROC	   *submitter;

	BackgroundWorkerUnblockSignals();
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that submitted an action is gone")));
	dsm_pin_mapping(segment);
	submission = dsm_segment_address(segment);
	settings = (char *) submission + MAXALIGN(sizeof(Submission));
	query = MemoryContextStrdup(TopMemoryContext, settings + MAXALIGN(submission->settings_size));
	job = submission->job;
	role = submission->role;
	BackgroundWorkerInitializeConnectionByOid(submission->database, submission->session_role, 0);
	set_lock_tag(&tag, job);
	StartTransactionCommand();
	RestoreGUCState(settings);
	(void) LockAcquire(&tag, ExclusiveLock, true, false);
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	as_owner_run("INSERT INTO barks.async_job (job, role, query, state, pid) VALUES ($1, $2, $3, 'running', $4)", 4,
			 (Oid[]) {INT8OID, OIDOID, TEXTOID, INT4OID},
			 (Datum[]) {Int64GetDatum(job), ObjectIdGetDatum(role), CStringGetTextDatum(query), Int32GetDatum(MyProcPid)}, NULL);
	PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	submission->running = true;
	submitter = BackendPidGetProc(submission->submitter);
	if (submitter)
		SetLatch(&submitter->procLatch);
	dsm_detach(segment);
	pgstat_report_activity(STATE_RUNNING, query);
	run_action(job, role, query);
	proc_exit(0);
}

/* In a transaction of its own; an error is noted in another one. */
static void
run_action(int64 job, Oid role, const char *query)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "barks action", ALLOCSET_DEFAULT_SIZES);
	ErrorData  *error = NULL;

	PG_TRY();
	{
		StartTransactionCommand();
		debug_query_string = query;
		SetCurrentStatementStartTimestamp();
		if (role != GetUserId())
			SetUserIdAndSecContext(role, SECURITY_LOCAL_USERID_CHANGE);
		SPI_connect();
		PushActiveSnapshot(GetTransactionSnapshot());
		keep_rows(job, query);
		note_state(job, "finished", NULL);
		PopActiveSnapshot();
		SPI_finish();
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		HOLD_INTERRUPTS();
		QueryCancelPending = false;
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	if (error == NULL)
		return;
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	note_state(job, "failed", error);
	PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
}

static void
keep_rows(int64 job, const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	Portal		portal;
	int64		n = 0;

	if (!plan)
		elog(ERROR, "could not prepare an action: %s", SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	for (;;)
	{
		SPITupleTable *rows;
		uint64		count;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		rows = SPI_tuptable;
		count = SPI_processed;
		if (count == 0)
			break;
		for (uint64 i = 0; i < count; i++)
		{
			bool		isnull;
			Datum		value = SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull);

			as_owner_run("INSERT INTO barks.async_result VALUES ($1, $2, $3)", 3, (Oid[]) {INT8OID, INT8OID, JSONBOID},
					 (Datum[]) {Int64GetDatum(job), Int64GetDatum(++n), value}, isnull ? "  n" : "   ");
		}
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
}

static void
note_state(int64 job, const char *state, const ErrorData *error)
{
	as_owner_run("UPDATE barks.async_job SET state = $2, error = $3, sqlstate = $4, finished = pg_catalog.clock_timestamp() "
			 "WHERE job = $1", 4, (Oid[]) {INT8OID, TEXTOID, TEXTOID, TEXTOID},
			 (Datum[]) {Int64GetDatum(job), CStringGetTextDatum(state),
						error ? CStringGetTextDatum(error->message) : (Datum) 0,
						error ? CStringGetTextDatum(unpack_sql_state(error->sqlerrcode)) : (Datum) 0},
			 error ? "    " : "  nn");
}
