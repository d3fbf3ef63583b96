/*-------------------------------------------------------------------------
 * job.c
 *	  The scheduler: stages in order, and the batches of the last one.
 *
 * The loop is one for all stages: open those that can run, give waiting tasks
 * to lanes, look what the lanes say, wait.  Only batches of the last stage
 * leave it, in the order that was promised.  See stage_run.c for tasks, lanes.c
 * for lanes and lost.c for what goes wrong.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "driver/fair_pool.h"
#include "driver/job_internal.h"
#include "driver/registry.h"
#include "driver/settings.h"
#include "job/accumulator.h"
#include "shuffle/shuffle.h"

#define END_PATIENCE_MS	200		/* for lanes to answer a cancel */

static void make_stages(Job *job);
static void prepare(Job *job);
static Batch *next_batch(Job *job, int *task);
static Batch *next_batch_of(Job *job, int task);
static void keep_going(Job *job);
static Batch *poll_lanes(Job *job, bool gathered, int *task, bool *any);
static void begin_next_time_after(Job *job, NodeRun *run, JobLane *lane);
static LaneEventKind poll_lane(Job *job, JobLane *lane, Batch **batch, int *task);
static void free_lanes(void *arg);

/*
 * Start a job: queue its tasks and open its lanes.  The caller's plan must
 * outlive it.
 */
Job *
job_start(JobPlan *plan, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks job",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Job		   *job = palloc0(sizeof(Job));

	job->plan = plan;
	job->context = context;
	job->event_context = AllocSetContextCreate(context, "barks lane event",
											   ALLOCSET_DEFAULT_SIZES);
	job->setup.driver = node_driver_id();
	job->setup.role = GetUserNameFromId(GetUserId(), false);
	job->setup.settings = settings_to_ship();
	job->setup.pool = pstrdup(fair_pool);
	job->setup.pool_weight = fair_pool_weight();
	job->local_setup = job->setup;
	if (plan->local_path)
	{
		TaskSetting *path = palloc(sizeof(TaskSetting));

		path->name = pstrdup("search_path");
		path->value = plan->local_path;
		job->local_setup.settings = lappend(list_copy(job->setup.settings), path);
	}
	job->number = registry_job_begin(NULL);
	registry_job_action(job->number, plan->action);
	job->cleanup.func = free_lanes;
	job->cleanup.arg = job;
	MemoryContextRegisterResetCallback(context, &job->cleanup);
	job->lane_context = AllocSetContextCreate(TopMemoryContext, "barks lanes",
											  ALLOCSET_DEFAULT_SIZES);
	make_stages(job);
	job_reset(job);
	(void) stages_open(job);
	lost_start(job);
	MemoryContextSwitchTo(old);
	return job;
}

static void
make_stages(Job *job)
{
	JobPlan    *plan = job->plan;

	job->stages = palloc0(sizeof(StageRun) * plan->nstages);
	job->outputs = palloc0(sizeof(StageOutput *) * plan->nstages);
	job->stats.nstages = plan->nstages;
	job->stats.stages = palloc0(sizeof(StageStats) * plan->nstages);
	for (int i = 0; i < plan->nstages; i++)
	{
		StageRun   *stage = &job->stages[i];

		stage->index = i;
		stage->part = &plan->stages[i];
		stage->stats = &job->stats.stages[i];
		stage->given = stage->part->ntasks >= 0;
		registry_stage_waits(job->number, stage->part->stage, stage->part->exchange);
		registry_stage_operations(job->number, stage->part->stage, stage->part->operations);
		stage->context = AllocSetContextCreate(job->context, "barks stage",
											   ALLOCSET_SMALL_SIZES);
	}
	job->last = &job->stages[plan->nstages - 1];
}

/*
 * Begin anew.  Files of the run before may be removed at any time, so this one
 * is another job to the nodes.
 */
void
job_reset(Job *job)
{
	stages_reset(job);
	job->accumulated = NIL;
	job->runs = NIL;
	job->broken = NULL;
	job->setup.job = job->number + ((uint64) job->stats.restarts << 48);
	job->local_setup.job = job->setup.job;
}

void
job_on_restart(Job *job, void (*forget) (void *arg, int task), void *arg)
{
	job->forget = forget;
	job->forget_arg = arg;
}

void
job_set_delivered(Job *job)
{
	job->delivered = true;
}

bool
job_finished(const Job *job)
{
	return stage_complete(job->last);
}

const JobStats *
job_stats(const Job *job)
{
	return &job->stats;
}

int
job_prepare(Job *job)
{
	PG_TRY();
	{
		prepare(job);
	}
	PG_CATCH();
	{
		job_fail(job);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return job->last->ntasks;
}

Batch *
job_next_batch(Job *job, int *task)
{
	Batch	   *batch = NULL;

	PG_TRY();
	{
		batch = next_batch(job, task);
	}
	PG_CATCH();
	{
		job_fail(job);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return batch;
}

Batch *
job_next_batch_of(Job *job, int task)
{
	Batch	   *batch = NULL;

	PG_TRY();
	{
		batch = next_batch_of(job, task);
	}
	PG_CATCH();
	{
		job_fail(job);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return batch;
}

const StageOutput *
job_run(Job *job)
{
	int			task;
	Batch	   *batch = job_next_batch(job, &task);

	if (batch != NULL)
		elog(ERROR, "rows of task %d came where none were asked for", task);
	return job->last->output;
}

const JobSetup *
job_setup(const Job *job)
{
	return &job->setup;
}

void
job_fail(Job *job)
{
	if (job->plan->failed)
		job->plan->failed(job->plan->arg, geterrcode());
	registry_job_end_by_error(job->number);
}

/*
 * End the job.  Lanes that still run are asked to stop, and kept when they
 * answer soon; the others are torn down by their release.
 */
void
job_end(Job *job)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_PATIENCE_MS);
	ListCell   *lr,
			   *ll;
	MemoryContext old = MemoryContextSwitchTo(job->context);

	foreach(lr, job->runs)
		foreach(ll, ((NodeRun *) lfirst(lr))->lanes)
	{
		JobLane    *lane = lfirst(ll);

		if (lane->queue != NIL && !lane->cancelling)
			lane->lane->ops->cancel(lane->lane);
	}
	foreach(lr, job->runs)
		foreach(ll, ((NodeRun *) lfirst(lr))->lanes)
	{
		JobLane    *lane = lfirst(ll);

		while (lane->queue != NIL)
		{
			LaneEvent	event = {0};
			LaneEventKind kind = lane->lane->ops->poll(lane->lane, &event);

			if (kind == LANE_CANCELLED)
				lane->queue = NIL;
			else if (kind == LANE_LOST || GetCurrentTimestamp() > deadline)
				break;
			else if (kind == LANE_NOTHING)
				lane_wait(&lane->lane, 1, 20);
		}
		if (lane->queue == NIL && (job->plan->nstages > 1 || job->last->part->output))
			lane->lane->ops->end_job(lane->lane);
	}
	foreach(lr, job->accumulated)
		accumulators_merge(session_accumulators(), ((Accumulated *) lfirst(lr))->states);
	if (job->has_lease)
		shuffle_job_over(job->setup.driver, job->setup.job);
	registry_job_end(job->number, REGISTRY_FINISHED, NULL);
	lanes_release(job);
	lost_release_owners(job);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(job->context);
}

/* Until the tasks of the last stage are known and can run. */
static void
prepare(Job *job)
{
	while (!job->last->open)
	{
		bool		any;
		int			task;

		keep_going(job);
		if (job->last->open)
			break;
		(void) poll_lanes(job, false, &task, &any);
		if (!any)
			lanes_wait(job, false, NULL);
	}
}

/* In the plan's order, whatever that is. */
static Batch *
next_batch(Job *job, int *task)
{
	prepare(job);
	if (job->plan->order == JOB_BY_TASK)
	{
		while (!job->last->open || job->current < job->last->ntasks)
		{
			int			restarts = job->stats.restarts;
			Batch	   *batch;

			prepare(job);
			batch = next_batch_of(job, job->current);
			*task = job->current;
			if (batch)
				return batch;
			if (restarts == job->stats.restarts)
				job->current++;
		}
		return NULL;
	}

	while (!job_finished(job))
	{
		bool		any;
		Batch	   *batch;

		keep_going(job);
		batch = poll_lanes(job, true, task, &any);
		if (batch)
			return batch;
		if (!any && !job_finished(job))
			lanes_wait(job, true, NULL);
	}
	return NULL;
}

/*
 * The next batch of one task, leaving the other lanes' results where they are.
 * NULL may also mean that the job started over.
 */
static Batch *
next_batch_of(Job *job, int number)
{
	int			restarts = job->stats.restarts;

	while (restarts == job->stats.restarts && !job->last->tasks[number].done)
	{
		JobLane    *lane;
		int			from;
		bool		any;
		Batch	   *batch;

		keep_going(job);
		(void) poll_lanes(job, false, &from, &any);
		if (restarts != job->stats.restarts)
			break;
		lane = job->last->tasks[number].attempt ? job->last->tasks[number].attempt->lane : NULL;
		if (lane == NULL || !lane_is_gathered(lane))
		{
			/* a backoff, or it waits for its input; what others gather can wait */
			if (!any)
				lanes_wait(job, false, NULL);
			continue;
		}
		if (poll_lane(job, lane, &batch, &from) == LANE_NOTHING && !any)
			lanes_wait(job, false, lane);
		if (batch)
		{
			Assert(from == number);
			return batch;
		}
	}
	return NULL;
}

/* Everything that can be begun. */
static void
keep_going(Job *job)
{
	MemoryContext old = MemoryContextSwitchTo(job->context);

	for (;;)
	{
		if (job->broken)
			lost_restart(job, job->broken_node, job->broken);
		(void) stages_open(job);
		lanes_feed(job);
		if (job->broken == NULL)
			speculation_run(job);
		/* nodes do what they can while the driver makes its own rows */
		if (job->broken == NULL && !driver_stage_run(job))
			break;
	}
	MemoryContextSwitchTo(old);
}

/*
 * One event of each lane that has one, up to the first batch.  gathered: also
 * of lanes that run a task of the last stage.
 */
static Batch *
poll_lanes(Job *job, bool gathered, int *task, bool *any)
{
	ListCell   *lr;
	ListCell   *ll;

	*any = false;
	foreach(lr, job->runs)
	{
		NodeRun    *run = lfirst(lr);

		foreach(ll, run->lanes)
		{
			JobLane    *lane = lfirst(ll);
			LaneEventKind kind;
			Batch	   *batch;

			if (!gathered && lane_is_gathered(lane))
				continue;
			kind = poll_lane(job, lane, &batch, task);
			if (kind == LANE_NOTHING)
				continue;
			*any = true;
			if (batch)
			{
				begin_next_time_after(job, run, lane);
				return batch;
			}
			if (kind == LANE_LOST)
				return NULL;	/* lanes and runs may be others now */
		}
	}
	return NULL;
}

static void
begin_next_time_after(Job *job, NodeRun *run, JobLane *lane)
{
	MemoryContext old = MemoryContextSwitchTo(job->lane_context);

	run->lanes = list_delete_ptr(run->lanes, lane);
	run->lanes = lappend(run->lanes, lane);
	job->runs = list_delete_ptr(job->runs, run);
	job->runs = lappend(job->runs, run);
	MemoryContextSwitchTo(old);
}

/* Take one event of a lane, and what it was in *batch, if it was that. */
static LaneEventKind
poll_lane(Job *job, JobLane *lane, Batch **batch, int *task)
{
	LaneEvent	event = {0};
	LaneEventKind kind;
	MemoryContext old = MemoryContextSwitchTo(job->event_context);

	*batch = NULL;
	kind = lane->lane->ops->poll(lane->lane, &event);
	if (kind != LANE_NOTHING)
	{
		*batch = stage_event(job, lane, kind, &event, task);
		MemoryContextReset(job->event_context);
	}
	MemoryContextSwitchTo(old);
	return kind;
}

/*
 * Memory context callback: whatever happened, give the lanes back.  Children of
 * a context go before its callbacks run, hence a context apart for the lanes.
 */
static void
free_lanes(void *arg)
{
	Job		   *job = arg;

	lanes_release(job);
	if (job->lane_context)
		MemoryContextDelete(job->lane_context);
	job->lane_context = NULL;
}
