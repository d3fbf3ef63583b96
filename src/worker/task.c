/*-------------------------------------------------------------------------
 * task.c
 *	  Run one task: SQL in, frames with batches out, step by step.
 *
 * A run has a resource owner of its own, a child of the caller's at the start,
 * and enters its environment (acting role, settings, snapshot, owner) anew at
 * each step and leaves it at the end: whatever the caller does between two
 * steps, it does as itself.  An error leaves the environment by the abort of
 * the (sub)transaction, which also releases the run's resource owner; the
 * release callback then marks the run as aborted.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "common/hashfn.h"
#include "executor/execdesc.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "lib/ilist.h"

#include "base/stop_point.h"
#include "base/task_rights.h"
#include "batch/batch.h"
#include "job/accumulator.h"
#include "job/current_task.h"
#include "shuffle/writer.h"
#include "vector/sink.h"
#include "worker/exchange_scan.h"
#include "worker/task.h"
#include "worker/task_plan.h"

/* Rows waiting for conversion to text under fixed settings. */
typedef struct HeldRows
{
	MemoryContext context;		/* reset when all are converted */
	MinimalTuple *tuples;
	int			ntuples;
	int			next;			/* first not yet converted */
	Size		bytes;
	TupleTableSlot *slot;
} HeldRows;

typedef struct TaskReceiver
{
	DestReceiver pub;
	TaskRun    *run;
} TaskReceiver;

struct TaskRun
{
	dlist_node	node;			/* in runs, until the context goes */
	MemoryContextCallback unlink;
	MemoryContext context;		/* holds everything, the run too */
	ResourceOwner owner;		/* NULL: released */
	bool		aborted;		/* owner was released by an abort */
	Oid			role;
	int			rights;			/* of TaskRight, of the role */
	struct TaskRun *outer;		/* while this one is entered: the one that was */
	List	   *settings;		/* of TaskSetting */
	CurrentTask current;		/* who it is */
	int			batch_rows;
	BatchCompression compression;

	Snapshot	snapshot;		/* registered in owner */
	QueryDesc  *query_desc;
	TaskReceiver receiver;
	BatchSchema *schema;
	BatchBuilder *builder;		/* NULL with a writer */
	ShuffleWriter *writer;		/* rows are kept here; NULL: they go to the driver */
	ExchangeInputs exchange;	/* what the task reads of other stages */
	bool		has_text;		/* some column needs conversion to text */
	HeldRows	held;			/* if has_text and rows come one by one */
	bool		gives_batches;	/* rows come in batches */
	VecBatch   *batch;			/* then the one at hand */
	int			taken;			/* of its selected rows */
	bool		full;			/* the builder is */
	bool		exhausted;		/* the executor has no more rows */
	bool		stopped_before; /* task.before_run was passed */

	TaskDone	done;
	AccumulatorSet *accumulators;	/* what the task adds to */
	int64		temp_blocks;	/* written by this process before the task */
	instr_time	run_time;
};

/* What the caller's environment was. */
typedef struct SavedEnvironment
{
	Oid			user;
	int			sec_context;
	int			guc_level;
	ResourceOwner owner;
	MemoryContext context;
} SavedEnvironment;

/*
 * Literals in a fragment are read under settings in which the driver printed
 * them, not under the user's.
 */
static const TaskSetting parse_settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"IntervalStyle", "postgres"},
	{"lc_monetary", "C"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"xmloption", "content"},
};

/* Settings of every run, which the job's own may not change but for the search path. */
static const TaskSetting run_settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"max_parallel_workers_per_gather", "0"},
	{"synchronize_seqscans", "off"},	/* a rerun gives the same order */
	{"jit", "off"},				/* compiling costs each task more than it saves */
	{"join_collapse_limit", "1"},	/* the driver chose the order of joins, with statistics of */
	{"from_collapse_limit", "1"},	/* everything; here nothing is known of exchanged rows */
};

static dlist_head runs = DLIST_STATIC_INIT(runs);

/*
 * The run whose step goes on; a query within it may run tasks in place, which then are
 * entered above it.  An abort takes back what it ends, so that no rights stay behind.
 */
static TaskRun *entered;

static void parse_and_plan(TaskRun *run, const JobSetup *setup, const TaskSpec *spec,
						   Oid service_role);
static void plan_and_start(TaskRun *run, Query *query, const char *sql,
						   const TaskSpec *spec);
static void prepare_exchange(TaskRun *run, const JobSetup *setup, const TaskSpec *spec,
							 List *sources);
static void forget_plans(List *settings);
static List *copy_settings(List *settings);
static int	rights_among(List *settings);
static void enter(TaskRun *run, SavedEnvironment *saved);
static void leave(TaskRun *run, SavedEnvironment *saved);
static void set_entered(TaskRun *run);
static void forget_entered(TaskRun *run);
static void apply_run_settings(List *settings);
static void apply_setting(const char *name, const char *value);
static void prepare_output(TaskRun *run, const TaskSpec *spec);
static void pull_batches(TaskRun *run);
static void take_rows(TaskRun *run);
static void pull_rows(TaskRun *run);
static bool receive_row(TupleTableSlot *slot, DestReceiver *self);
static void convert_held(TaskRun *run);
static void finish_execution(TaskRun *run);
static void write_done(TaskRun *run, StringInfo frame);
static void release_owner(TaskRun *run);
static void free_run(TaskRun *run);
static void unlink_run(void *arg);
static void note_release(ResourceReleasePhase phase, bool is_commit,
						 bool is_top_level, void *arg);
static void receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo);
static void receiver_nothing(DestReceiver *self);

void
task_init(void)
{
	RegisterResourceReleaseCallback(note_release, NULL);
}

int
task_settings_begin(const JobSetup *setup)
{
	int			level = NewGUCNestLevel();
	Oid			user;
	int			sec_context;

	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(get_role_oid(setup->role, false),
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	apply_run_settings(setup->settings);
	SetUserIdAndSecContext(user, sec_context);
	return level;
}

TaskRun *
task_run_start(const JobSetup *setup, const TaskSpec *spec, List *sources,
			   Snapshot snapshot, Oid service_role, int64 queue_us, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks task", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TaskRun    *run = palloc0(sizeof(TaskRun));
	instr_time	start,
				end;

	run->context = context;
	run->current = (CurrentTask) {setup->job, spec->stage, spec->task, spec->attempt};
	run->batch_rows = Max(spec->batch_rows, 1);
	run->compression = spec->compress ? BATCH_COMPRESS_ZSTD : BATCH_COMPRESS_OFF;
	run->settings = copy_settings(setup->settings);
	forget_plans(run->settings);
	run->role = get_role_oid(setup->role, false);
	run->rights = rights_among(setup->settings);
	run->accumulators = accumulators_create(context);
	run->done.task = spec->task;
	run->done.queue_us = queue_us;
	run->done.pid = MyProcPid;
	run->temp_blocks = pgBufferUsage.temp_blks_written;
	run->owner = ResourceOwnerCreate(CurrentResourceOwner, "barks task");
	dlist_push_tail(&runs, &run->node);
	run->unlink.func = unlink_run;
	run->unlink.arg = run;
	MemoryContextRegisterResetCallback(context, &run->unlink);

	INSTR_TIME_SET_CURRENT(start);
	{
		ResourceOwner saved_owner = CurrentResourceOwner;

		CurrentResourceOwner = run->owner;
		run->snapshot = RegisterSnapshot(snapshot);
		CurrentResourceOwner = saved_owner;
	}
	prepare_exchange(run, setup, spec, sources);
	parse_and_plan(run, setup, spec, service_role);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	run->done.plan_us = INSTR_TIME_GET_MICROSEC(end);

	MemoryContextSwitchTo(old);
	return run;
}

bool
task_run_step(TaskRun *run, StringInfo frame)
{
	SavedEnvironment saved;
	instr_time	start,
				end;

	INSTR_TIME_SET_CURRENT(start);
	enter(run, &saved);
	if (!run->stopped_before)
	{
		run->stopped_before = true;
		BARKS_STOP_POINT("task.before_run");
	}
	for (;;)
	{
		if (run->held.ntuples > 0)
			convert_held(run);
		if (run->full || run->exhausted)
			break;
		if (run->gives_batches)
			pull_batches(run);
		else
			pull_rows(run);
	}
	if (run->builder && batch_builder_rows(run->builder) > 0)
	{
		int			level = batch_text_settings_begin(run->schema);
		Size		before;

		frame_begin_batch(frame, run->current.task);
		before = frame->len;
		run->done.rows += batch_builder_rows(run->builder);
		batch_builder_flush(run->builder, run->compression, frame);
		run->done.bytes += frame->len - before;
		run->full = false;
		batch_text_settings_end(level);
		leave(run, &saved);
		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_ACCUM_DIFF(run->run_time, end, start);
		return false;
	}

	finish_execution(run);
	if (run->writer)
	{
		shuffle_writer_finish(run->writer, &run->done);
		shuffle_writer_free(run->writer);
		run->writer = NULL;
	}
	run->done.accumulated = accumulators_serialize(run->accumulators);
	BARKS_STOP_POINT("task.before_done");
	leave(run, &saved);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_ACCUM_DIFF(run->run_time, end, start);
	write_done(run, frame);
	return true;
}

void
task_run_end(TaskRun *run)
{
	if (run->aborted)
	{
		free_run(run);
		return;
	}
	if (run->query_desc)
	{
		SavedEnvironment saved;

		enter(run, &saved);
		finish_execution(run);
		leave(run, &saved);
	}
	release_owner(run);
	free_run(run);
}

/* The owner, when not released yet, goes with the transaction that failed. */
void
task_run_abandon(TaskRun *run)
{
	free_run(run);
}

bool
task_run_aborted(const TaskRun *run)
{
	return run->aborted;
}

/* ---------------- starting ---------------- */

static void
parse_and_plan(TaskRun *run, const JobSetup *setup, const TaskSpec *spec, Oid service_role)
{
	SavedEnvironment saved;
	char	   *sql = pstrdup(spec->sql);
	Oid			user;
	int			sec_context;
	int			level;
	Query	   *query;

	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(service_role, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	level = NewGUCNestLevel();
	if (DateStyle != USE_ISO_DATES)
		apply_setting("DateStyle", "ISO");	/* in any order: years have four digits */
	for (int i = 0; i < lengthof(parse_settings); i++)
		apply_setting(parse_settings[i].name, parse_settings[i].value);
	PushActiveSnapshot(run->snapshot);
	query = task_parse(sql, setup->driver, service_role);
	PopActiveSnapshot();
	AtEOXact_GUC(true, level);
	SetUserIdAndSecContext(user, sec_context);

	enter(run, &saved);
	plan_and_start(run, query, sql, spec);
	prepare_output(run, spec);
	leave(run, &saved);
}

/* With what barks.exchange() is to read at hand. */
static void
plan_and_start(TaskRun *run, Query *query, const char *sql, const TaskSpec *spec)
{
	const ExchangeInputs *before = exchange_set_inputs(&run->exchange);

	PG_TRY();
	{
		PlannedStmt *plan = task_plan(query, sql, spec->partial_aggregate, spec->output != NULL);

		run->query_desc = CreateQueryDesc(plan, sql, run->snapshot, InvalidSnapshot,
										  (DestReceiver *) &run->receiver, NULL, NULL, 0);
		ExecutorStart(run->query_desc, 0);
	}
	PG_FINALLY();
	{
		(void) exchange_set_inputs(before);
	}
	PG_END_TRY();
}

/* Of the task's inputs a copy; sources are the caller's. */
static void
prepare_exchange(TaskRun *run, const JobSetup *setup, const TaskSpec *spec, List *sources)
{
	ListCell   *lc;

	run->exchange.driver = setup->driver;
	run->exchange.job = setup->job;
	run->exchange.sources = sources;
	run->exchange.done = &run->done;
	foreach(lc, spec->inputs)
	{
		TaskInput  *input = palloc(sizeof(TaskInput));

		*input = *(TaskInput *) lfirst(lc);
		run->exchange.inputs = lappend(run->exchange.inputs, input);
	}
	run->receiver.pub.receiveSlot = receive_row;
	run->receiver.pub.rStartup = receiver_startup;
	run->receiver.pub.rShutdown = receiver_nothing;
	run->receiver.pub.rDestroy = receiver_nothing;
	run->receiver.pub.mydest = DestNone;
	run->receiver.run = run;
}

static List *
copy_settings(List *settings)
{
	List	   *copies = NIL;
	ListCell   *lc;

	foreach(lc, settings)
	{
		TaskSetting *setting = lfirst(lc);
		TaskSetting *copy = palloc(sizeof(TaskSetting));

		copy->name = pstrdup(setting->name);
		copy->value = pstrdup(setting->value);
		copies = lappend(copies, copy);
	}
	return copies;
}

static int
rights_among(List *settings)
{
	ListCell   *lc;

	foreach(lc, settings)
	{
		TaskSetting *setting = lfirst(lc);

		if (strcmp(setting->name, TASK_RIGHTS_SETTING) == 0)
			return atoi(setting->value);
	}
	return 0;
}

/*
 * Functions keep plans for as long as the process lives, and with them what literals
 * meant under the settings of then (DateStyle).  Other jobs have other settings.
 */
static void
forget_plans(List *settings)
{
	static uint64 last;
	StringInfoData buf;
	uint64		now;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, settings)
	{
		TaskSetting *setting = lfirst(lc);

		appendStringInfo(&buf, "%s=%s\n", setting->name, setting->value);
	}
	now = hash_bytes_extended((unsigned char *) buf.data, buf.len, 0);
	pfree(buf.data);
	if (now != last)
		ResetPlanCache();
	last = now;
}

/* Become the acting role, under the job's settings and the task's snapshot. */
static void
enter(TaskRun *run, SavedEnvironment *saved)
{
	saved->owner = CurrentResourceOwner;
	saved->context = MemoryContextSwitchTo(run->context);
	GetUserIdAndSecContext(&saved->user, &saved->sec_context);
	saved->guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(run->role, saved->sec_context | SECURITY_LOCAL_USERID_CHANGE);
	apply_run_settings(run->settings);
	CurrentResourceOwner = run->owner;
	PushActiveSnapshot(run->snapshot);
	run->outer = entered;
	set_entered(run);
}

static void
leave(TaskRun *run, SavedEnvironment *saved)
{
	set_entered(run->outer);
	PopActiveSnapshot();
	AtEOXact_GUC(true, saved->guc_level);
	SetUserIdAndSecContext(saved->user, saved->sec_context);
	CurrentResourceOwner = saved->owner;
	MemoryContextSwitchTo(saved->context);
}

/* What the process does now it does for that run, or, NULL, for no task. */
static void
set_entered(TaskRun *run)
{
	entered = run;
	accumulators_set_current(run ? run->accumulators : NULL);
	current_task_set(run ? &run->current : NULL);
	task_rights_give(run ? run->role : InvalidOid, run ? run->rights : 0);
}

/* After an error: the run, and what was entered above it, do not go on. */
static void
forget_entered(TaskRun *run)
{
	for (TaskRun *at = entered; at; at = at->outer)
	{
		if (at == run)
		{
			set_entered(run->outer);
			return;
		}
	}
}

static void
apply_run_settings(List *settings)
{
	ListCell   *lc;

	for (int i = 0; i < lengthof(run_settings); i++)
		apply_setting(run_settings[i].name, run_settings[i].value);
	foreach(lc, settings)
	{
		TaskSetting *setting = lfirst(lc);

		if (strcmp(setting->name, TASK_RIGHTS_SETTING) != 0)
			apply_setting(setting->name, setting->value);
	}
}

/*
 * With the current user's own rights.  A name with a dot that no one here
 * defines becomes a placeholder, as it is on the driver.  Some settings are
 * slow to set (time zone abbreviations are read from a file), and almost
 * always they have their value already.
 */
static void
apply_setting(const char *name, const char *value)
{
	const char *current = GetConfigOption(name, true, false);

	if (current && strcmp(current, value) == 0)
		return;
	(void) set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, ERROR, false);
}

static void
prepare_output(TaskRun *run, const TaskSpec *spec)
{
	TupleDesc	desc = run->query_desc->tupDesc;

	run->schema = batch_schema_create(desc, run->context);
	if (spec->output)
	{
		ShuffleTask task = {run->exchange.driver, run->exchange.job, spec->stage, spec->task,
		spec->attempt};

		run->writer = shuffle_writer_create(&task, spec->output, desc, run->schema,
											run->batch_rows, run->compression, run->context);
		if (spec->output->filter_stage > 0)
		{
			StringInfo	keys = exchange_keys_of_stage(&run->exchange, spec->output->filter_stage);

			shuffle_writer_set_filter(run->writer,
									  key_filter_read(keys->data, keys->len, run->context));
		}
	}
	else
		run->builder = batch_builder_create(run->schema, run->batch_rows, run->context);
	run->has_text = run->schema->has_text;
	run->gives_batches = vector_query_gives_batches(run->query_desc);
	if (run->has_text && !run->gives_batches)
	{
		run->held.context = AllocSetContextCreate(run->context, "barks task held rows",
												  ALLOCSET_DEFAULT_SIZES);
		run->held.tuples = palloc_extended(sizeof(MinimalTuple) * run->batch_rows,
										   MCXT_ALLOC_HUGE);
		run->held.slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(desc),
												  &TTSOpsMinimalTuple);
	}
}

/* ---------------- rows ---------------- */

/* Run operators until a batch is full. */
static void
pull_batches(TaskRun *run)
{
	while (!run->full)
	{
		int			level;

		if (run->batch == NULL || run->taken == run->batch->nsel)
		{
			run->taken = 0;
			run->batch = vector_query_next(run->query_desc);
			if (run->batch == NULL)
			{
				run->exhausted = true;
				return;
			}
		}
		level = batch_text_settings_begin(run->schema);
		take_rows(run);
		batch_text_settings_end(level);
	}
}

static void
take_rows(TaskRun *run)
{
	VecBatch   *batch = run->batch;
	uint16		rest[VEC_MAX_ROWS];
	const uint16 *rows = batch->sel ? batch->sel + run->taken : NULL;
	int			n = batch->nsel - run->taken;

	if (rows == NULL && run->taken > 0)
	{
		for (int i = 0; i < n; i++)
			rest[i] = run->taken + i;
		rows = rest;
	}
	if (run->writer)
	{
		shuffle_writer_add_vectors(run->writer, batch->columns, rows, n);
		run->taken = batch->nsel;
	}
	else
		run->taken += batch_builder_append(run->builder, batch->columns, rows, n, &run->full);
}

/* Run the executor until a batch is full, or the rows that make one are held. */
static void
pull_rows(TaskRun *run)
{
	ExecutorRun(run->query_desc, ForwardScanDirection, 0, false);
	if (!run->full)
		run->exhausted = true;
	if (run->has_text)
		run->full = false;		/* enough is held; convert_held tells about the builder */
}

/* False stops the executor; it goes on from there at the next ExecutorRun. */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	TaskRun    *run = ((TaskReceiver *) self)->run;

	if (run->has_text)
	{
		HeldRows   *held = &run->held;
		MemoryContext old = MemoryContextSwitchTo(held->context);
		MinimalTuple tuple = ExecCopySlotMinimalTuple(slot);

		MemoryContextSwitchTo(old);
		held->tuples[held->ntuples++] = tuple;
		held->bytes += tuple->t_len;
		run->full = held->ntuples >= run->batch_rows || held->bytes >= BATCH_TARGET_BYTES;
	}
	else
	{
		slot_getallattrs(slot);
		if (run->writer)
			shuffle_writer_add(run->writer, slot->tts_values, slot->tts_isnull);
		else
			run->full = batch_builder_add(run->builder, slot->tts_values, slot->tts_isnull);
	}
	return !run->full;
}

/*
 * Move held rows into the builder until it is full.  Output functions must run
 * under fixed settings, and setting them for each row would be slow: that is
 * why rows are held at all.
 */
static void
convert_held(TaskRun *run)
{
	HeldRows   *held = &run->held;
	int			level = batch_text_settings_begin(run->schema);

	while (held->next < held->ntuples && !run->full)
	{
		ExecStoreMinimalTuple(held->tuples[held->next++], held->slot, false);
		slot_getallattrs(held->slot);
		if (run->writer)
			shuffle_writer_add(run->writer, held->slot->tts_values, held->slot->tts_isnull);
		else
			run->full = batch_builder_add(run->builder, held->slot->tts_values,
										  held->slot->tts_isnull);
	}
	ExecClearTuple(held->slot);
	batch_text_settings_end(level);
	if (held->next == held->ntuples)
	{
		held->next = held->ntuples = 0;
		held->bytes = 0;
		MemoryContextReset(held->context);
	}
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receiver_nothing(DestReceiver *self)
{
}

/* ---------------- ending ---------------- */

static void
finish_execution(TaskRun *run)
{
	QueryDesc  *query_desc = run->query_desc;

	if (!query_desc)
		return;
	run->query_desc = NULL;
	ExecutorFinish(query_desc);
	ExecutorEnd(query_desc);
	FreeQueryDesc(query_desc);
}

static void
write_done(TaskRun *run, StringInfo frame)
{
	run->done.run_us = INSTR_TIME_GET_MICROSEC(run->run_time);
	run->done.spill_bytes = (pgBufferUsage.temp_blks_written - run->temp_blocks) * BLCKSZ;
	frame_write_done(frame, &run->done);
}

static void
release_owner(TaskRun *run)
{
	ResourceOwner saved = CurrentResourceOwner;
	ResourceOwner owner = run->owner;

	CurrentResourceOwner = owner;
	UnregisterSnapshot(run->snapshot);
	CurrentResourceOwner = saved;
	run->owner = NULL;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, true, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, true, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, true, false);
	ResourceOwnerDelete(owner);
}

static void
free_run(TaskRun *run)
{
	MemoryContextDelete(run->context);
}

/* The run's context goes, by free_run or with its parent. */
static void
unlink_run(void *arg)
{
	dlist_delete(&((TaskRun *) arg)->node);
	forget_entered(arg);
}

/* Resource release callback: CurrentResourceOwner is the one being released. */
static void
note_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	dlist_iter	iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach(iter, &runs)
	{
		TaskRun    *run = dlist_container(TaskRun, node, iter.cur);

		if (run->owner && run->owner == CurrentResourceOwner)
		{
			run->owner = NULL;
			run->aborted = true;
			forget_entered(run);
		}
	}
}
