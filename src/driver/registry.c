/*-------------------------------------------------------------------------
 * registry.c
 *	  What drivers write about their jobs into shared memory.
 *
 * A job is linked into the list when it begins and stays there, finished,
 * until barks.job_history later ones have finished or the finished ones take
 * too much memory.  Running jobs are never dropped.  Old jobs are dropped
 * when a new one begins, never when one ends: ends happen in transaction
 * abort, where nothing may be mapped or allocated any more.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "driver/registry.h"
#include "driver/registry_store.h"

/* Where the area begins its life, in main shared memory; more comes from DSM. */
#define AREA_INITIAL_SIZE	((Size) 512 * 1024)

/* Finished jobs are dropped earlier than barks.job_history says beyond this. */
#define MAX_FINISHED_SIZE	((Size) 64 * 1024 * 1024)

/* A job of this backend that runs. */
typedef struct OwnJob
{
	uint64		number;
	JobEntry   *entry;
	int			nest_level;		/* of the subtransaction it began in */
	struct OwnJob *next;
} OwnJob;

RegistryControl *registry_control;
dsa_area   *registry_area;

static int	job_history = 100;
char	   *job_group;
static char *job_description;
static OwnJob *own_jobs;
static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static bool check_job_group(char **newval, void **extra, GucSource source);
static void request_shmem(void);
static void startup_shmem(void);
static Size registry_size(void);
static const char *text_to_show(const char *query);
static void drop_old_jobs(void);
static void unlink_job(JobEntry *job);
static void free_job(dsa_pointer pointer);
static void free_stage(dsa_pointer pointer);
static OwnJob *find_own_job(uint64 number);
static StageEntry *find_or_add_stage(OwnJob *own, int stage, const char *exchange);
static StageEntry *find_stage(JobEntry *job, int stage);
static void resize_stage(JobEntry *job, StageEntry *stage, int ntasks);
static dsa_pointer intern_node(JobEntry *job, const char *name);
static void keep_earlier_attempt(JobEntry *job, StageEntry *stage, const AttemptEntry *attempt);
static AttemptEntry *lock_attempt(uint64 number, int stage, int task, int attempt,
								  JobEntry **job);
static dsa_pointer store_string(JobEntry *job, const char *string);
static void end_job(OwnJob *own, RegistryState state, dsa_pointer error);
static void end_jobs(int nest_level, bool committed);
static void at_xact_end(XactEvent event, void *arg);
static void at_subxact_end(SubXactEvent event, SubTransactionId id,
						   SubTransactionId parent, void *arg);

/* ---------------- shared memory ---------------- */

void
registry_init(void)
{
	DefineCustomIntVariable("barks.job_history",
							"Finished jobs that barks.jobs goes on to show.",
							"Fewer are kept when they had very many tasks.",
							&job_history, 100, 0, 10000, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("barks.job_group",
							   "Group that the jobs of the session are in.",
							   "barks.cancel_group() cancels all jobs of a group.",
							   &job_group, "", PGC_USERSET, 0, check_job_group, NULL, NULL);
	DefineCustomStringVariable("barks.job_description",
							   "What the jobs of the session are for, as barks.jobs shows it.",
							   NULL,
							   &job_description, "", PGC_USERSET, 0, NULL, NULL, NULL);
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
	RegisterXactCallback(at_xact_end, NULL);
	RegisterSubXactCallback(at_subxact_end, NULL);
}

static bool
check_job_group(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name of a job group has at most %d bytes.", NAMEDATALEN - 1);
	return false;
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(registry_size());
}

static Size
registry_size(void)
{
	return add_size(MAXALIGN(sizeof(RegistryControl)), AREA_INITIAL_SIZE);
}

static void
startup_shmem(void)
{
	RegistryControl *control;
	dsa_area   *area;
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	registry_area = NULL;		/* after a crash: the old one is gone */
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	control = ShmemInitStruct("barks job registry", registry_size(), &found);
	registry_control = control;
	if (!found)
	{
		memset(control, 0, sizeof(RegistryControl));
		control->control_tranche = LWLockNewTrancheId();
		control->job_tranche = LWLockNewTrancheId();
		control->dsa_tranche = LWLockNewTrancheId();
		LWLockInitialize(&control->lock, control->control_tranche);
		control->area = (char *) control + MAXALIGN(sizeof(RegistryControl));
		area = dsa_create_in_place(control->area, AREA_INITIAL_SIZE,
								   control->dsa_tranche, NULL);
		dsa_pin(area);
		dsa_detach(area);
	}
	LWLockRelease(AddinShmemInitLock);
	LWLockRegisterTranche(control->control_tranche, "BarksRegistry");
	LWLockRegisterTranche(control->job_tranche, "BarksRegistryJob");
	LWLockRegisterTranche(control->dsa_tranche, "BarksRegistryMemory");
}

void
registry_attach(void)
{
	MemoryContext old;

	if (registry_area)
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	registry_area = dsa_attach_in_place(registry_control->area, NULL);
	dsa_pin_mapping(registry_area);
	on_shmem_exit(dsa_on_shmem_exit_release_in_place,
				  PointerGetDatum(registry_control->area));
	MemoryContextSwitchTo(old);
}

/* ---------------- jobs begin ---------------- */

uint64
registry_job_begin(const char *query)
{
	OwnJob	   *own;
	JobEntry   *job;
	dsa_pointer pointer;
	Size		size;

	registry_attach();
	drop_old_jobs();

	query = text_to_show(query ? query : debug_query_string);
	size = offsetof(JobEntry, query) + strlen(query) + 1 + strlen(job_description) + 1;
	own = MemoryContextAlloc(TopMemoryContext, sizeof(OwnJob));
	pointer = dsa_allocate_extended(registry_area, size, DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
	if (!DsaPointerIsValid(pointer))
	{
		pfree(own);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of shared memory for the job registry")));
	}
	job = registry_address(JobEntry, pointer);
	memset(job, 0, offsetof(JobEntry, query));
	LWLockInitialize(&job->lock, registry_control->job_tranche);
	job->pid = MyProcPid;
	job->database = MyDatabaseId;
	job->role = GetOuterUserId();
	job->state = REGISTRY_RUNNING;
	strlcpy(job->group, job_group, sizeof(job->group));
	job->started = GetCurrentTimestamp();
	pg_atomic_init_u64(&job->rows, 0);
	job->size = size;
	strcpy(job->query, query);
	job->description = strlen(query) + 1;
	strcpy(job->query + job->description, job_description);

	LWLockAcquire(&registry_control->lock, LW_EXCLUSIVE);
	job->number = ++registry_control->last_job;
	job->older = registry_control->newest;
	if (DsaPointerIsValid(job->older))
		registry_address(JobEntry, job->older)->newer = pointer;
	else
		registry_control->oldest = pointer;
	registry_control->newest = pointer;
	LWLockRelease(&registry_control->lock);

	own->number = job->number;
	own->entry = job;
	own->nest_level = GetCurrentTransactionNestLevel();
	own->next = own_jobs;
	own_jobs = own;
	return job->number;
}

/*
 * Statements that add nodes may carry a password, and no view may show it.
 * Such a statement can run a job when it has more to it than the call.
 */
static const char *
text_to_show(const char *query)
{
	if (query == NULL)
		return "";
	for (const char *at = query; *at; at++)
		if (pg_strncasecmp(at, "add_node", 8) == 0)
			return "<hidden>";
	return query;
}

/* Make room in the history, one job a time so that the lock is never held long. */
static void
drop_old_jobs(void)
{
	RegistryControl *control = registry_control;
	bool		more = true;

	while (more)
	{
		dsa_pointer pointer = InvalidDsaPointer;

		LWLockAcquire(&control->lock, LW_EXCLUSIVE);
		more = control->nfinished > job_history ||
			control->finished_size > MAX_FINISHED_SIZE;
		if (more)
		{
			pointer = control->oldest;
			while (registry_address(JobEntry, pointer)->state == REGISTRY_RUNNING)
				pointer = registry_address(JobEntry, pointer)->newer;
			unlink_job(registry_address(JobEntry, pointer));
		}
		LWLockRelease(&control->lock);
		if (more)
			free_job(pointer);
	}
}

/* Take a finished job off the list; nobody else can reach it afterwards. */
static void
unlink_job(JobEntry *job)
{
	RegistryControl *control = registry_control;

	if (DsaPointerIsValid(job->older))
		registry_address(JobEntry, job->older)->newer = job->newer;
	else
		control->oldest = job->newer;
	if (DsaPointerIsValid(job->newer))
		registry_address(JobEntry, job->newer)->older = job->older;
	else
		control->newest = job->older;
	control->nfinished--;
	control->finished_size -= job->size;
}

static void
free_job(dsa_pointer pointer)
{
	JobEntry   *job = registry_address(JobEntry, pointer);
	dsa_pointer next;

	for (dsa_pointer p = job->stages; DsaPointerIsValid(p); p = next)
	{
		next = registry_address(StageEntry, p)->next;
		free_stage(p);
	}
	for (dsa_pointer p = job->nodes; DsaPointerIsValid(p); p = next)
	{
		next = registry_address(NodeEntry, p)->next;
		dsa_free(registry_area, p);
	}
	if (DsaPointerIsValid(job->error))
		dsa_free(registry_area, job->error);
	if (DsaPointerIsValid(job->action))
		dsa_free(registry_area, job->action);
	dsa_free(registry_area, pointer);
}

static void
free_stage(dsa_pointer pointer)
{
	StageEntry *stage = registry_address(StageEntry, pointer);
	dsa_pointer next;

	for (dsa_pointer p = stage->earlier; DsaPointerIsValid(p); p = next)
	{
		AttemptEntry *attempt = registry_address(AttemptEntry, p);

		next = attempt->next;
		if (DsaPointerIsValid(attempt->error))
			dsa_free(registry_area, attempt->error);
		dsa_free(registry_area, p);
	}
	if (DsaPointerIsValid(stage->latest))
	{
		AttemptEntry *latest = registry_address(AttemptEntry, stage->latest);

		for (int i = 0; i < stage->ntasks; i++)
			if (DsaPointerIsValid(latest[i].error))
				dsa_free(registry_area, latest[i].error);
		dsa_free(registry_area, stage->latest);
	}
	if (DsaPointerIsValid(stage->operations))
		dsa_free(registry_area, stage->operations);
	dsa_free(registry_area, pointer);
}

/* ---------------- stages and tasks ---------------- */

static OwnJob *
find_own_job(uint64 number)
{
	for (OwnJob *own = own_jobs; own; own = own->next)
		if (own->number == number)
			return own;
	return NULL;
}

void
registry_stage(uint64 job, int stage, const char *exchange, int ntasks)
{
	OwnJob	   *own = find_own_job(job);
	StageEntry *entry;

	if (own == NULL)
		return;
	entry = find_or_add_stage(own, stage, exchange);
	if (entry->started == 0)
	{
		LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
		entry->started = GetCurrentTimestamp();
		LWLockRelease(&own->entry->lock);
	}
	resize_stage(own->entry, entry, ntasks);
}

void
registry_stage_waits(uint64 job, int stage, const char *exchange)
{
	OwnJob	   *own = find_own_job(job);

	if (own)
		(void) find_or_add_stage(own, stage, exchange);
}

void
registry_job_action(uint64 job, const char *action)
{
	OwnJob	   *own = find_own_job(job);
	dsa_pointer pointer;

	if (own == NULL || action == NULL)
		return;
	pointer = store_string(own->entry, psprintf("rdd_%s", action));
	LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
	own->entry->action = pointer;
	LWLockRelease(&own->entry->lock);
}

void
registry_stage_operations(uint64 job, int stage, List *operations)
{
	OwnJob	   *own = find_own_job(job);
	StageEntry *entry = own ? find_stage(own->entry, stage) : NULL;
	int			count = list_length(operations);
	Datum	   *names;
	dsa_pointer pointer;
	ListCell   *lc;

	if (entry == NULL || operations == NIL)
		return;
	names = palloc(count * sizeof(Datum));
	foreach(lc, operations)
		names[foreach_current_index(lc)] = CStringGetTextDatum(strVal(lfirst(lc)));
	pointer = store_string(own->entry, OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(
		construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT))));
	LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
	entry->operations = pointer;
	LWLockRelease(&own->entry->lock);
}

static StageEntry *
find_or_add_stage(OwnJob *own, int stage, const char *exchange)
{
	StageEntry *entry = find_stage(own->entry, stage);
	Size		size = offsetof(StageEntry, exchange) + strlen(exchange) + 1;

	if (entry == NULL)
	{
		dsa_pointer pointer = dsa_allocate0(registry_area, size);

		entry = registry_address(StageEntry, pointer);
		entry->stage = stage;
		strcpy(entry->exchange, exchange);
		LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
		entry->next = own->entry->stages;
		own->entry->stages = pointer;
		own->entry->size += size;
		LWLockRelease(&own->entry->lock);
	}
	return entry;
}

static StageEntry *
find_stage(JobEntry *job, int stage)
{
	for (dsa_pointer p = job->stages; DsaPointerIsValid(p);)
	{
		StageEntry *entry = registry_address(StageEntry, p);

		if (entry->stage == stage)
			return entry;
		p = entry->next;
	}
	return NULL;
}

/* Tasks beyond a smaller number are forgotten. */
static void
resize_stage(JobEntry *job, StageEntry *stage, int ntasks)
{
	dsa_pointer old = stage->latest;
	dsa_pointer new = InvalidDsaPointer;
	int			nkept = Min(stage->ntasks, ntasks);
	Size		size = (Size) ntasks * sizeof(AttemptEntry);

	if (ntasks == stage->ntasks)
		return;
	if (ntasks > 0)
		new = dsa_allocate_extended(registry_area, size, DSA_ALLOC_HUGE | DSA_ALLOC_ZERO);
	if (nkept > 0)
		memcpy(registry_address(AttemptEntry, new), registry_address(AttemptEntry, old),
			   nkept * sizeof(AttemptEntry));

	LWLockAcquire(&job->lock, LW_EXCLUSIVE);
	job->size += size - (Size) stage->ntasks * sizeof(AttemptEntry);
	stage->latest = new;
	stage->ntasks = ntasks;
	LWLockRelease(&job->lock);
	if (DsaPointerIsValid(old))
		dsa_free(registry_area, old);
}

void
registry_task_started(uint64 job, int stage, int task, int attempt, const char *node)
{
	OwnJob	   *own = find_own_job(job);
	StageEntry *entry = own ? find_stage(own->entry, stage) : NULL;
	AttemptEntry *latest;
	dsa_pointer node_entry;

	if (entry == NULL || task < 0 || task >= entry->ntasks)
		return;
	node_entry = intern_node(own->entry, node);
	latest = &registry_address(AttemptEntry, entry->latest)[task];
	if (latest->attempt > 0)
		keep_earlier_attempt(own->entry, entry, latest);

	LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
	memset(latest, 0, sizeof(AttemptEntry));
	latest->task = task;
	latest->attempt = attempt;
	latest->state = REGISTRY_RUNNING;
	latest->started = GetCurrentTimestamp();
	latest->node = node_entry;
	LWLockRelease(&own->entry->lock);
}

/* The name of a node, stored once a job. */
static dsa_pointer
intern_node(JobEntry *job, const char *name)
{
	Size		size = offsetof(NodeEntry, name) + strlen(name) + 1;
	dsa_pointer pointer;
	NodeEntry  *entry;

	for (pointer = job->nodes; DsaPointerIsValid(pointer); pointer = entry->next)
	{
		entry = registry_address(NodeEntry, pointer);
		if (strcmp(entry->name, name) == 0)
			return pointer;
	}
	pointer = dsa_allocate(registry_area, size);
	entry = registry_address(NodeEntry, pointer);
	strcpy(entry->name, name);
	entry->next = job->nodes;
	job->nodes = pointer;		/* readers come to it through attempts only */
	job->size += size;
	return pointer;
}

static void
keep_earlier_attempt(JobEntry *job, StageEntry *stage, const AttemptEntry *attempt)
{
	dsa_pointer pointer = dsa_allocate(registry_area, sizeof(AttemptEntry));
	AttemptEntry *copy = registry_address(AttemptEntry, pointer);

	LWLockAcquire(&job->lock, LW_EXCLUSIVE);
	*copy = *attempt;
	copy->next = stage->earlier;
	stage->earlier = pointer;
	job->size += sizeof(AttemptEntry);
	LWLockRelease(&job->lock);
}

/* The attempt, with its job locked; NULL, and nothing locked, when unknown. */
static AttemptEntry *
lock_attempt(uint64 number, int stage, int task, int attempt, JobEntry **job)
{
	OwnJob	   *own = find_own_job(number);
	StageEntry *entry = own ? find_stage(own->entry, stage) : NULL;
	AttemptEntry *found;

	if (entry == NULL || task < 0 || task >= entry->ntasks)
		return NULL;
	found = &registry_address(AttemptEntry, entry->latest)[task];
	if (found->attempt != attempt)
	{
		dsa_pointer p = entry->earlier;

		for (found = NULL; found == NULL && DsaPointerIsValid(p);)
		{
			AttemptEntry *earlier = registry_address(AttemptEntry, p);

			if (earlier->task == task && earlier->attempt == attempt)
				found = earlier;
			p = earlier->next;
		}
		if (found == NULL)
			return NULL;
	}
	*job = own->entry;
	LWLockAcquire(&own->entry->lock, LW_EXCLUSIVE);
	return found;
}

void
registry_task_progress(uint64 job, int stage, int task, int attempt,
					   int64 rows, int64 bytes)
{
	JobEntry   *entry;
	AttemptEntry *found = lock_attempt(job, stage, task, attempt, &entry);

	if (found == NULL)
		return;
	found->rows = rows;
	found->bytes = bytes;
	LWLockRelease(&entry->lock);
}

void
registry_task_done(uint64 job, int stage, int task, int attempt, const TaskDone *done)
{
	JobEntry   *entry;
	AttemptEntry *found = lock_attempt(job, stage, task, attempt, &entry);

	if (found == NULL)
		return;
	found->state = REGISTRY_FINISHED;
	found->finished = GetCurrentTimestamp();
	found->pid = done->pid;
	found->rows = done->rows;
	found->bytes = done->bytes;
	found->spill_bytes = done->spill_bytes;
	for (int i = 0; i < done->npartitions; i++)
		found->shuffle_bytes += done->partition_bytes[i];
	found->queue_us = done->queue_us;
	found->plan_us = done->plan_us;
	found->run_us = done->run_us;
	LWLockRelease(&entry->lock);
}

void
registry_task_failed(uint64 job, int stage, int task, int attempt, const char *error)
{
	OwnJob	   *own = find_own_job(job);
	JobEntry   *entry;
	AttemptEntry *found;
	dsa_pointer string;

	if (own == NULL)
		return;
	string = store_string(own->entry, error);
	found = lock_attempt(job, stage, task, attempt, &entry);
	if (found == NULL || DsaPointerIsValid(found->error))
	{
		if (found)
			LWLockRelease(&entry->lock);
		if (DsaPointerIsValid(string))
			dsa_free(registry_area, string);
		return;
	}
	found->state = REGISTRY_FAILED;
	found->finished = GetCurrentTimestamp();
	found->error = string;
	LWLockRelease(&entry->lock);
}

void
registry_task_cancelled(uint64 job, int stage, int task, int attempt)
{
	JobEntry   *entry;
	AttemptEntry *found = lock_attempt(job, stage, task, attempt, &entry);

	if (found == NULL)
		return;
	found->state = REGISTRY_CANCELLED;
	found->finished = GetCurrentTimestamp();
	LWLockRelease(&entry->lock);
}

/* Only the backend that runs the job calls this, so the size needs no lock. */
static dsa_pointer
store_string(JobEntry *job, const char *string)
{
	dsa_pointer pointer;
	Size		size;

	if (string == NULL)
		return InvalidDsaPointer;
	size = strlen(string) + 1;
	pointer = dsa_allocate_extended(registry_area, size, DSA_ALLOC_HUGE);
	memcpy(registry_address(char, pointer), string, size);
	job->size += size;
	return pointer;
}

void
registry_job_rows(uint64 job, int64 rows)
{
	OwnJob	   *own = find_own_job(job);

	if (own)
		pg_atomic_write_u64(&own->entry->rows, rows);
}

/* ---------------- jobs end ---------------- */

void
registry_job_end(uint64 job, RegistryState state, const char *error)
{
	OwnJob	   *own = find_own_job(job);

	if (own)
		end_job(own, state, store_string(own->entry, error));
}

void
registry_job_end_by_error(uint64 job)
{
	OwnJob	   *own = find_own_job(job);
	MemoryContext old;
	ErrorData  *edata;

	if (own == NULL)
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	edata = CopyErrorData();
	MemoryContextSwitchTo(old);
	registry_job_end(job, edata->sqlerrcode == ERRCODE_QUERY_CANCELED ?
					 REGISTRY_CANCELLED : REGISTRY_FAILED, edata->message);
	FreeErrorData(edata);
}

/* Runs in transaction abort too: neither allocates in the area nor raises errors. */
static void
end_job(OwnJob *own, RegistryState state, dsa_pointer error)
{
	JobEntry   *job = own->entry;
	OwnJob	  **link = &own_jobs;

	LWLockAcquire(&registry_control->lock, LW_EXCLUSIVE);
	LWLockAcquire(&job->lock, LW_EXCLUSIVE);
	job->state = state;
	job->error = error;
	job->finished = GetCurrentTimestamp();
	LWLockRelease(&job->lock);
	registry_control->nfinished++;
	registry_control->finished_size += job->size;
	LWLockRelease(&registry_control->lock);

	while (*link != own)
		link = &(*link)->next;
	*link = own->next;
	pfree(own);
}

/* End the jobs begun at nest_level or deeper. */
static void
end_jobs(int nest_level, bool committed)
{
	OwnJob	   *next;

	for (OwnJob *own = own_jobs; own; own = next)
	{
		next = own->next;
		if (own->nest_level < nest_level)
			continue;
		if (committed)
			end_job(own, REGISTRY_FINISHED, InvalidDsaPointer);
		else
			end_job(own, own->entry->cancelled ? REGISTRY_CANCELLED : REGISTRY_FAILED,
					InvalidDsaPointer);
	}
}

static void
at_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			end_jobs(0, true);
			break;
		case XACT_EVENT_ABORT:
			end_jobs(0, false);
			break;
		default:
			break;
	}
}

static void
at_subxact_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
			   void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		end_jobs(level, false);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (OwnJob *own = own_jobs; own; own = own->next)
			own->nest_level = Min(own->nest_level, level - 1);
}
