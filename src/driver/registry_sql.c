/*-------------------------------------------------------------------------
 * registry_sql.c
 *	  Looking at jobs from SQL: barks.jobs, barks.stages, barks.tasks, and
 *	  barks.cancel_job.
 *
 * Each job is copied under its locks and shown afterwards, one job at a time,
 * so that no lock is held for longer than one job takes to copy, and nothing
 * but memory is asked for meanwhile.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "driver/registry.h"
#include "driver/registry_store.h"

PG_FUNCTION_INFO_V1(barks_list_jobs);
PG_FUNCTION_INFO_V1(barks_list_stages);
PG_FUNCTION_INFO_V1(barks_list_tasks);
PG_FUNCTION_INFO_V1(barks_cancel_job);
PG_FUNCTION_INFO_V1(barks_cancel_group);

typedef struct JobId
{
	uint64		number;
	Oid			database;
	Oid			role;
} JobId;

/* Copies of the shared structs, with what is derived from them. */
typedef struct AttemptCopy
{
	AttemptEntry entry;
	char	   *node;
	char	   *error;
} AttemptCopy;

typedef struct StageCopy
{
	int			stage;
	char	   *exchange;
	char	   *operations;		/* text of the array, or NULL */
	RegistryState state;
	int			ntasks;
	int			ndone;
	int			nattempts;
	int64		rows;
	int64		bytes;
	int64		shuffle_bytes;
	int64		spill_bytes;
	TimestampTz started;
	TimestampTz finished;		/* 0: not yet */
	List	   *attempts;		/* of AttemptCopy, when asked for */
} StageCopy;

typedef struct JobCopy
{
	uint64		number;
	Oid			role;
	RegistryState state;
	TimestampTz started;
	TimestampTz finished;		/* 0: not yet */
	TimestampTz error_time;		/* of the attempt that error is from */
	int64		rows;
	char	   *query;
	char	   *action;			/* NULL: none */
	char	   *group;			/* likewise */
	char	   *description;	/* likewise */
	char	   *error;
	List	   *stages;			/* of StageCopy */
} JobCopy;

typedef void (*JobShow) (const JobCopy *job, ReturnSetInfo *rsinfo);

static void list_jobs(FunctionCallInfo fcinfo, bool with_attempts, JobShow show);
static JobId *job_ids(int *njobs);
static bool job_visible(const JobId *id);
static JobEntry *find_job(uint64 number);
static JobCopy *copy_job(uint64 number, bool with_attempts);
static StageCopy *copy_stage(const StageEntry *entry, JobCopy *job, bool with_attempts);
static void copy_attempt(const AttemptEntry *entry, StageCopy *stage, JobCopy *job,
						 bool with_attempts);
static char *copy_text(const char *text);
static char *copy_string(dsa_pointer pointer);
static void show_job(const JobCopy *job, ReturnSetInfo *rsinfo);
static void show_stages(const JobCopy *job, ReturnSetInfo *rsinfo);
static void show_attempts(const JobCopy *job, ReturnSetInfo *rsinfo);
static void put(Datum *values, bool *nulls, int column, Datum value);
static void put_text(Datum *values, bool *nulls, int column, const char *text);
static void put_time(Datum *values, bool *nulls, int column, TimestampTz time);
static Datum state_text(RegistryState state);
static bool may_cancel(uint64 number);
static bool cancel_job(uint64 number);
static int	compare_attempts(const ListCell *a, const ListCell *b);

Datum
barks_list_jobs(PG_FUNCTION_ARGS)
{
	list_jobs(fcinfo, false, show_job);
	return (Datum) 0;
}

Datum
barks_list_stages(PG_FUNCTION_ARGS)
{
	list_jobs(fcinfo, false, show_stages);
	return (Datum) 0;
}

Datum
barks_list_tasks(PG_FUNCTION_ARGS)
{
	list_jobs(fcinfo, true, show_attempts);
	return (Datum) 0;
}

/* Show each job the current user may see, oldest first. */
static void
list_jobs(FunctionCallInfo fcinfo, bool with_attempts, JobShow show)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks job view",
												  ALLOCSET_DEFAULT_SIZES);
	JobId	   *ids;
	int			njobs;

	InitMaterializedSRF(fcinfo, 0);
	registry_attach();
	ids = job_ids(&njobs);
	for (int i = 0; i < njobs; i++)
	{
		MemoryContext old;
		JobCopy    *job;

		CHECK_FOR_INTERRUPTS();
		if (ids[i].database != MyDatabaseId || !job_visible(&ids[i]))
			continue;
		old = MemoryContextSwitchTo(context);
		job = copy_job(ids[i].number, with_attempts);
		if (job)
			show(job, (ReturnSetInfo *) fcinfo->resultinfo);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	pfree(ids);
}

/* ---------------- copying ---------------- */

/* All jobs there are, oldest first.  Rights are looked up without our locks. */
static JobId *
job_ids(int *njobs)
{
	JobId	   *ids = NULL;
	int			n = 0;
	int			size = 0;

	LWLockAcquire(&registry_control->lock, LW_SHARED);
	for (dsa_pointer p = registry_control->oldest; DsaPointerIsValid(p);)
	{
		JobEntry   *job = registry_address(JobEntry, p);

		if (n == size)
		{
			size = size ? size * 2 : 64;
			ids = ids ? repalloc(ids, size * sizeof(JobId)) : palloc(size * sizeof(JobId));
		}
		ids[n].number = job->number;
		ids[n].database = job->database;
		ids[n].role = job->role;
		n++;
		p = job->newer;
	}
	LWLockRelease(&registry_control->lock);
	*njobs = n;
	return ids ? ids : palloc(1);
}

/* pg_monitor is a member of pg_read_all_stats; so is whoever may see all sessions. */
static bool
job_visible(const JobId *id)
{
	return has_privs_of_role(GetUserId(), id->role) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/* With the control lock held: the job, or NULL when it was dropped. */
static JobEntry *
find_job(uint64 number)
{
	for (dsa_pointer p = registry_control->newest; DsaPointerIsValid(p);)
	{
		JobEntry   *job = registry_address(JobEntry, p);

		if (job->number == number)
			return job;
		p = job->older;
	}
	return NULL;
}

static JobCopy *
copy_job(uint64 number, bool with_attempts)
{
	JobCopy    *copy = NULL;
	JobEntry   *job;

	LWLockAcquire(&registry_control->lock, LW_SHARED);
	job = find_job(number);
	if (job)
	{
		LWLockAcquire(&job->lock, LW_SHARED);
		copy = palloc0(sizeof(JobCopy));
		copy->number = job->number;
		copy->role = job->role;
		copy->state = job->state;
		copy->started = job->started;
		copy->finished = job->finished;
		copy->rows = pg_atomic_read_u64(&job->rows);
		copy->query = pstrdup(job->query);
		copy->action = copy_string(job->action);
		copy->group = copy_text(job->group);
		copy->description = copy_text(job->query + job->description);
		for (dsa_pointer p = job->stages; DsaPointerIsValid(p);)
		{
			StageEntry *stage = registry_address(StageEntry, p);

			copy->stages = lcons(copy_stage(stage, copy, with_attempts), copy->stages);
			p = stage->next;
		}
		if (DsaPointerIsValid(job->error))
			copy->error = copy_string(job->error);
		else if (job->state != REGISTRY_FAILED)
			copy->error = NULL;	/* of an attempt that was repeated */
		LWLockRelease(&job->lock);
	}
	LWLockRelease(&registry_control->lock);
	return copy;
}

static StageCopy *
copy_stage(const StageEntry *entry, JobCopy *job, bool with_attempts)
{
	StageCopy  *copy = palloc0(sizeof(StageCopy));

	copy->stage = entry->stage;
	copy->exchange = pstrdup(entry->exchange);
	copy->operations = copy_string(entry->operations);
	copy->ntasks = entry->ntasks;
	copy->started = entry->started;
	for (int i = 0; i < entry->ntasks; i++)
	{
		const AttemptEntry *latest = &registry_address(AttemptEntry, entry->latest)[i];

		if (latest->attempt == 0)
			continue;
		copy_attempt(latest, copy, job, with_attempts);
		copy->rows += latest->rows;
		copy->bytes += latest->bytes;
		copy->shuffle_bytes += latest->shuffle_bytes;
		if (latest->state == REGISTRY_FINISHED)
			copy->ndone++;
		copy->finished = Max(copy->finished, latest->finished);
	}
	for (dsa_pointer p = entry->earlier; DsaPointerIsValid(p);)
	{
		const AttemptEntry *earlier = registry_address(AttemptEntry, p);

		copy_attempt(earlier, copy, job, with_attempts);
		p = earlier->next;
	}
	if (copy->started == 0)
	{
		/* of a job that is over: nobody needed it */
		copy->state = job->state == REGISTRY_RUNNING ? REGISTRY_WAITING : REGISTRY_CANCELLED;
		copy->finished = job->finished;
	}
	else if (copy->ndone == copy->ntasks)
	{
		copy->state = REGISTRY_FINISHED;
		copy->finished = Max(copy->finished, copy->started);
	}
	else
	{
		copy->state = job->state;
		copy->finished = job->finished;
	}
	return copy;
}

/* What still ran when the job ended was cancelled then. */
static void
copy_attempt(const AttemptEntry *entry, StageCopy *stage, JobCopy *job,
			 bool with_attempts)
{
	stage->nattempts++;
	stage->spill_bytes += entry->spill_bytes;
	if (DsaPointerIsValid(entry->error) && entry->finished >= job->error_time)
	{
		job->error = copy_string(entry->error);
		job->error_time = entry->finished;
	}
	if (with_attempts)
	{
		AttemptCopy *copy = palloc(sizeof(AttemptCopy));

		copy->entry = *entry;
		copy->node = pstrdup(registry_address(NodeEntry, entry->node)->name);
		copy->error = copy_string(entry->error);
		if (entry->state == REGISTRY_RUNNING && job->state != REGISTRY_RUNNING)
		{
			copy->entry.state = REGISTRY_CANCELLED;
			copy->entry.finished = job->finished;
		}
		stage->attempts = lappend(stage->attempts, copy);
	}
}

/* NULL for what is empty. */
static char *
copy_text(const char *text)
{
	return *text ? pstrdup(text) : NULL;
}

static char *
copy_string(dsa_pointer pointer)
{
	return DsaPointerIsValid(pointer) ? pstrdup(registry_address(char, pointer)) : NULL;
}

/* ---------------- showing ---------------- */

static void
show_job(const JobCopy *job, ReturnSetInfo *rsinfo)
{
	Datum		values[16];
	bool		nulls[16];
	int			ntasks = 0;
	int			ndone = 0;
	int64		shuffle_bytes = 0;
	int64		spill_bytes = 0;
	ListCell   *lc;

	foreach(lc, job->stages)
	{
		StageCopy  *stage = lfirst(lc);

		ntasks += stage->ntasks;
		ndone += stage->ndone;
		shuffle_bytes += stage->shuffle_bytes;
		spill_bytes += stage->spill_bytes;
	}
	put(values, nulls, 0, Int64GetDatum(job->number));
	put_text(values, nulls, 1, GetUserNameFromId(job->role, true));
	put_text(values, nulls, 2, job->query);
	put(values, nulls, 3, state_text(job->state));
	put_time(values, nulls, 4, job->started);
	put_time(values, nulls, 5, job->finished);
	put(values, nulls, 6, Int32GetDatum(list_length(job->stages)));
	put(values, nulls, 7, Int32GetDatum(ntasks));
	put(values, nulls, 8, Int32GetDatum(ndone));
	put(values, nulls, 9, Int64GetDatum(job->rows));
	put(values, nulls, 10, Int64GetDatum(shuffle_bytes));
	put(values, nulls, 11, Int64GetDatum(spill_bytes));
	put_text(values, nulls, 12, job->error);
	put_text(values, nulls, 13, job->group);
	put_text(values, nulls, 14, job->description);
	put_text(values, nulls, 15, job->action);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
show_stages(const JobCopy *job, ReturnSetInfo *rsinfo)
{
	Datum		values[14];
	bool		nulls[14];
	ListCell   *lc;

	foreach(lc, job->stages)
	{
		StageCopy  *stage = lfirst(lc);

		put(values, nulls, 0, Int64GetDatum(job->number));
		put(values, nulls, 1, Int32GetDatum(stage->stage));
		put_text(values, nulls, 2, stage->exchange);
		put(values, nulls, 3, state_text(stage->state));
		put(values, nulls, 4, Int32GetDatum(stage->ntasks));
		put(values, nulls, 5, Int32GetDatum(stage->ndone));
		put(values, nulls, 6, Int32GetDatum(stage->nattempts));
		put(values, nulls, 7, Int64GetDatum(stage->rows));
		put(values, nulls, 8, Int64GetDatum(stage->bytes));
		put(values, nulls, 9, Int64GetDatum(stage->shuffle_bytes));
		put(values, nulls, 10, Int64GetDatum(stage->spill_bytes));
		put_time(values, nulls, 11, stage->started);
		put_time(values, nulls, 12,
				 stage->state == REGISTRY_RUNNING || stage->state == REGISTRY_WAITING ? 0 : stage->finished);
		nulls[13] = stage->operations == NULL;
		if (stage->operations)
			put(values, nulls, 13, OidInputFunctionCall(F_ARRAY_IN, stage->operations, TEXTOID, -1));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
show_attempts(const JobCopy *job, ReturnSetInfo *rsinfo)
{
	Datum		values[16];
	bool		nulls[16];
	ListCell   *ls;
	ListCell   *la;

	foreach(ls, job->stages)
	{
		StageCopy  *stage = lfirst(ls);

		list_sort(stage->attempts, compare_attempts);
		foreach(la, stage->attempts)
		{
			AttemptCopy *copy = lfirst(la);
			AttemptEntry *attempt = &copy->entry;
			bool		done = attempt->state == REGISTRY_FINISHED;

			put(values, nulls, 0, Int64GetDatum(job->number));
			put(values, nulls, 1, Int32GetDatum(stage->stage));
			put(values, nulls, 2, Int32GetDatum(attempt->task));
			put(values, nulls, 3, Int32GetDatum(attempt->attempt));
			put_text(values, nulls, 4, copy->node);
			put(values, nulls, 5, state_text(attempt->state));
			put(values, nulls, 6, Int32GetDatum(attempt->pid));
			put(values, nulls, 7, Int64GetDatum(attempt->rows));
			put(values, nulls, 8, Int64GetDatum(attempt->bytes));
			put(values, nulls, 9, Int64GetDatum(attempt->spill_bytes));
			put(values, nulls, 10, Float8GetDatum(attempt->queue_us / 1000.0));
			put(values, nulls, 11, Float8GetDatum(attempt->plan_us / 1000.0));
			put(values, nulls, 12, Float8GetDatum(attempt->run_us / 1000.0));
			put_time(values, nulls, 13, attempt->started);
			put_time(values, nulls, 14, attempt->finished);
			put_text(values, nulls, 15, copy->error);
			/* what the worker reports is known when it is done */
			nulls[6] = nulls[10] = nulls[11] = nulls[12] = !done;
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
}

static void
put(Datum *values, bool *nulls, int column, Datum value)
{
	values[column] = value;
	nulls[column] = false;
}

static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
put_time(Datum *values, bool *nulls, int column, TimestampTz time)
{
	values[column] = TimestampTzGetDatum(time);
	nulls[column] = time == 0;
}

static Datum
state_text(RegistryState state)
{
	static const char *const names[] = {
		[REGISTRY_RUNNING] = "running",
		[REGISTRY_WAITING] = "waiting",
		[REGISTRY_FINISHED] = "finished",
		[REGISTRY_FAILED] = "failed",
		[REGISTRY_CANCELLED] = "cancelled"
	};

	return CStringGetTextDatum(names[state]);
}

static int
compare_attempts(const ListCell *a, const ListCell *b)
{
	const AttemptEntry *x = &((const AttemptCopy *) lfirst(a))->entry;
	const AttemptEntry *y = &((const AttemptCopy *) lfirst(b))->entry;

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	return (x->attempt > y->attempt) - (x->attempt < y->attempt);
}

/* ---------------- cancelling ---------------- */

Datum
barks_cancel_job(PG_FUNCTION_ARGS)
{
	uint64		number = (uint64) PG_GETARG_INT64(0);

	registry_attach();
	if (!may_cancel(number))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to cancel job " UINT64_FORMAT, number)));
	PG_RETURN_BOOL(cancel_job(number));
}

/* Those of the database's jobs in the group that the user may cancel; how many ran. */
Datum
barks_cancel_group(PG_FUNCTION_ARGS)
{
	const char *group = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *numbers = NIL;
	int			count = 0;
	ListCell   *lc;

	if (*group == '\0')
		PG_RETURN_INT32(0);
	registry_attach();
	LWLockAcquire(&registry_control->lock, LW_SHARED);
	for (dsa_pointer p = registry_control->newest; DsaPointerIsValid(p);)
	{
		JobEntry   *job = registry_address(JobEntry, p);

		if (job->state == REGISTRY_RUNNING && job->database == MyDatabaseId && strcmp(job->group, group) == 0)
			numbers = lappend(numbers, DatumGetPointer(UInt64GetDatum(job->number)));
		p = job->older;
	}
	LWLockRelease(&registry_control->lock);
	foreach(lc, numbers)
	{
		uint64		number = DatumGetUInt64(PointerGetDatum(lfirst(lc)));

		if (may_cancel(number) && cancel_job(number))
			count++;
	}
	PG_RETURN_INT32(count);
}

/*
 * As pg_cancel_backend: a superuser's job by superusers, others by whoever has
 * the rights of the job's role or is a member of pg_signal_backend.  What does
 * not exist anybody may cancel.
 */
static bool
may_cancel(uint64 number)
{
	Oid			role = InvalidOid;
	JobEntry   *job;

	LWLockAcquire(&registry_control->lock, LW_SHARED);
	job = find_job(number);
	if (job)
		role = job->role;
	LWLockRelease(&registry_control->lock);
	if (job == NULL)
		return true;
	return (superuser() || !superuser_arg(role)) &&
		(has_privs_of_role(GetUserId(), role) || has_privs_of_role(GetUserId(), ROLE_PG_SIGNAL_BACKEND));
}

/*
 * The signal is sent under the job's lock, so that it cannot meet a backend that
 * has gone on to something else.
 */
static bool
cancel_job(uint64 number)
{
	bool		signalled = false;
	JobEntry   *job;

	LWLockAcquire(&registry_control->lock, LW_SHARED);
	job = find_job(number);
	if (job)
	{
		LWLockAcquire(&job->lock, LW_EXCLUSIVE);
		if (job->state == REGISTRY_RUNNING)
		{
			job->cancelled = true;
#ifdef HAVE_SETSID
			signalled = kill(-job->pid, SIGINT) == 0;
#else
			signalled = kill(job->pid, SIGINT) == 0;
#endif
		}
		LWLockRelease(&job->lock);
	}
	LWLockRelease(&registry_control->lock);
	return signalled;
}
