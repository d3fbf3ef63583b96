/*-------------------------------------------------------------------------
 * lanes.c
 *	  The lanes of a job: opening them, feeding them, waiting for them.
 *
 * Each node the job touches has a NodeRun: its waiting tasks, by stage, and its
 * lanes, at most as many as the node has slots.  All stages share the lanes.  A
 * lane is fed a few tasks ahead, so short tasks cost no round trip; how many
 * ahead grows while tasks are short.  A lane answers its tasks in order, so the
 * head of its queue is the attempt any event is about.
 *
 * A lane whose head is a task of an ordered gather is looked at only when that
 * task's rows are due.  So that nothing waits for it, tasks of other stages
 * never queue behind such a task: they get a further lane.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/job_internal.h"

static int	place_in_order(const List *waiting, const JobTask *task);
static int	lanes_wanted(Job *job, NodeRun *run);
static void feed_node(Job *job, NodeRun *run);
static JobTask *next_task(Job *job, NodeRun *run);
static void take_task(NodeRun *run, JobTask *task);
static JobLane *lane_for(Job *job, NodeRun *run, JobTask *task);
static int64 next_backoff_ms(Job *job);

NodeRun *
lanes_of_node(Job *job, Oid node)
{
	ListCell   *lc;
	NodeRun    *run;
	MemoryContext old;

	foreach(lc, job->runs)
		if (((NodeRun *) lfirst(lc))->node == node)
			return lfirst(lc);
	old = MemoryContextSwitchTo(job->lane_context);
	run = palloc0(sizeof(NodeRun));
	run->node = node;
	run->waiting = palloc0(sizeof(List *) * job->plan->nstages);
	run->sources = palloc0(sizeof(StageSources *) * job->plan->nstages);
	run->sources_epoch = palloc0(sizeof(int) * job->plan->nstages);
	/* a session that wrote reads for itself, one task after another */
	run->max_lanes = transaction_wrote(node) ? 1 : Max(1, node_slots(node));
	run->ahead = 2;
	job->runs = lappend(job->runs, run);
	MemoryContextSwitchTo(old);
	return run;
}

void
lanes_add_task(Job *job, JobTask *task, bool in_front)
{
	NodeRun    *run = lanes_of_node(job, task->node);
	MemoryContext old = MemoryContextSwitchTo(job->lane_context);
	List	  **waiting = &run->waiting[task->stage->index];

	if (task->stage == job->last && job->plan->order != JOB_ARRIVAL)
		*waiting = list_insert_nth(*waiting, place_in_order(*waiting, task), task);
	else
		*waiting = in_front ? lcons(task, *waiting) : lappend(*waiting, task);
	run->nwaiting++;
	MemoryContextSwitchTo(old);
}

/* Rows of a task must not be due before those of one that waits behind it. */
static int
place_in_order(const List *waiting, const JobTask *task)
{
	ListCell   *lc;

	foreach(lc, waiting)
		if (((JobTask *) lfirst(lc))->number > task->number)
			return foreach_current_index(lc);
	return list_length(waiting);
}

void
lanes_remove_stage(Job *job, StageRun *stage)
{
	ListCell   *lc;

	foreach(lc, job->runs)
		lanes_remove_waiting(lfirst(lc), stage->index);
}

void
lanes_remove_waiting(NodeRun *run, int stage)
{
	run->nwaiting -= list_length(run->waiting[stage]);
	list_free(run->waiting[stage]);
	run->waiting[stage] = NIL;
}

/* Open the lanes that the waiting tasks can use. */
void
lanes_start(Job *job)
{
	ListCell   *lc;

	foreach(lc, job->runs)
	{
		NodeRun    *run = lfirst(lc);
		int			want = lanes_wanted(job, run);

		while (list_length(run->lanes) < want)
			lanes_open(job, run);
	}
}

/*
 * A merge needs a lane for every task that may be asked for, which the caller
 * arranged by grouping partitions; otherwise lanes beyond the slots would only
 * queue.
 */
static int
lanes_wanted(Job *job, NodeRun *run)
{
	int			gathered = list_length(run->waiting[job->last->index]);
	int			others = run->nwaiting - gathered;
	int			want = Min(others, run->max_lanes);

	if (gathered > 0 && stage_readable(job, job->last))
		want = Max(want, job->plan->order == JOB_BY_STREAM ? gathered :
				   job->plan->order == JOB_BY_TASK && !job->plan->run_ahead ? 1 :
				   Min(run->max_lanes, run->nwaiting));
	return want;
}

JobLane *
lanes_open(Job *job, NodeRun *run)
{
	MemoryContext old = MemoryContextSwitchTo(job->lane_context);
	JobLane    *lane = palloc0(sizeof(JobLane));

	job->opening = run->node;
	if (job->plan->before_node)
		job->plan->before_node(job->plan->arg, run->node);
	lane->run = run;
	lane->told = palloc0(sizeof(int) * job->plan->nstages);
	lane->lane = lane_open(job->plan->snapshot, run->node, job->plan->all_nodes);
	run->lanes = lappend(run->lanes, lane);
	MemoryContextSwitchTo(old);
	job->stats.lanes++;
	lane->lane->ops->setup(lane->lane, OidIsValid(run->node) ? &job->setup : &job->local_setup);
	return lane;
}

/* Give waiting tasks to lanes that have room, evenly. */
void
lanes_feed(Job *job)
{
	ListCell   *lc;
	MemoryContext old = MemoryContextSwitchTo(job->lane_context);

	foreach(lc, job->runs)
		feed_node(job, lfirst(lc));
	MemoryContextSwitchTo(old);
}

static void
feed_node(Job *job, NodeRun *run)
{
	JobTask    *task;

	while (run->nwaiting > 0 && (task = next_task(job, run)) != NULL)
	{
		JobLane    *lane = lane_for(job, run, task);

		if (lane == NULL)
			break;				/* none has room, or the job must start over */
		take_task(run, task);
		stage_submit(job, lane, task);
	}
}

/* The first task that can run now, of the stage that others wait for most. */
static JobTask *
next_task(Job *job, NodeRun *run)
{
	for (int i = 0; i < job->plan->nstages; i++)
	{
		JobTask    *task;

		if (run->waiting[i] == NIL || !stage_readable(job, &job->stages[i]))
			continue;
		task = linitial(run->waiting[i]);
		if (task->not_before == 0 || task->not_before <= GetCurrentTimestamp())
			return task;
	}
	return NULL;
}

static void
take_task(NodeRun *run, JobTask *task)
{
	List	  **waiting = &run->waiting[task->stage->index];

	Assert(linitial(*waiting) == task);
	*waiting = list_delete_first(*waiting);
	run->nwaiting--;
}

/* The lane with most room for the task, a new one where that is right, or NULL. */
static JobLane *
lane_for(Job *job, NodeRun *run, JobTask *task)
{
	bool		gathered = task->stage == job->last;
	JobOrder	order = job->plan->order;
	/* with an order, a task run again must not come after later ones */
	int			room = gathered && order != JOB_ARRIVAL ? 1 : run->ahead;
	JobLane    *best = NULL;
	int			usable = 0;
	ListCell   *lc;

	foreach(lc, run->lanes)
	{
		JobLane    *lane = lfirst(lc);

		if (lane->cancelling || (order != JOB_ARRIVAL && lane_is_gathered(lane)))
			continue;
		usable++;
		if (list_length(lane->queue) < room &&
			(best == NULL || list_length(lane->queue) < list_length(best->queue)))
			best = lane;
	}
	if (best && best->queue == NIL)
		return best;
	/* the task that is due may have come from another node, behind later ones */
	if (gathered && order == JOB_BY_TASK ?
		run->lanes == NIL || (usable == 0 && task->number == job->current) :
		gathered && order == JOB_BY_STREAM ? true : usable < run->max_lanes)
		return lost_open_lane(job, run);
	return best;
}

JobLane *
lanes_idle(Job *job, NodeRun *run)
{
	ListCell   *lc;

	foreach(lc, run->lanes)
		if (((JobLane *) lfirst(lc))->queue == NIL)
			return lfirst(lc);
	return lost_open_lane(job, run);
}

int
lanes_busy(const NodeRun *run)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, run->lanes)
		n += ((JobLane *) lfirst(lc))->queue != NIL;
	return n;
}

bool
lane_is_gathered(const JobLane *lane)
{
	return lane->queue != NIL && ((Attempt *) linitial(lane->queue))->gathered &&
		((Attempt *) linitial(lane->queue))->task != NULL;
}

/* Before a task that reads the stage: where its output is now. */
void
lanes_tell_sources(Job *job, JobLane *lane, StageRun *stage)
{
	NodeRun    *run = lane->run;
	int			i = stage->index;

	if (stage->output == NULL || lane->told[i] == stage->epoch)
		return;
	if (run->sources_epoch[i] != stage->epoch)
	{
		/* lanes may hold the one before, so it stays where it is */
		MemoryContext old = MemoryContextSwitchTo(job->lane_context);

		run->sources[i] = exchange_sources(stage->output, stage->part->stage,
										   stage->part->distinct, run->node);
		run->sources_epoch[i] = stage->epoch;
		MemoryContextSwitchTo(old);
	}
	lane->lane->ops->sources(lane->lane, run->sources[i]);
	lane->told[i] = stage->epoch;
}

void
lanes_release(Job *job)
{
	ListCell   *lr;
	ListCell   *ll;

	foreach(lr, job->runs)
	{
		NodeRun    *run = lfirst(lr);

		foreach(ll, run->lanes)
		{
			JobLane    *lane = lfirst(ll);

			lane->lane->ops->release(lane->lane);
		}
		run->lanes = NIL;
	}
}

/* A lane that is not needed any more. */
void
lanes_drop(JobLane *lane)
{
	lane->run->lanes = list_delete_ptr(lane->run->lanes, lane);
	lane->lane->ops->release(lane->lane);
}

void
lanes_wait(Job *job, bool gathered, JobLane *only)
{
	Lane	  **lanes;
	int			n = 0;
	ListCell   *lr;
	ListCell   *ll;

	foreach(lr, job->runs)
		n += list_length(((NodeRun *) lfirst(lr))->lanes);
	lanes = palloc(sizeof(Lane *) * Max(n, 1));
	n = 0;
	foreach(lr, job->runs)
		foreach(ll, ((NodeRun *) lfirst(lr))->lanes)
	{
		JobLane    *lane = lfirst(ll);

		if (gathered || lane == only || !lane_is_gathered(lane))
			lanes[n++] = lane->lane;
	}
	lane_wait(lanes, n, speculation_wait_ms(job, next_backoff_ms(job)));
	pfree(lanes);
}

/* Milliseconds until the first waiting task may be tried again; -1: none waits so. */
static int64
next_backoff_ms(Job *job)
{
	int64		best = -1;
	ListCell   *lc;

	foreach(lc, job->runs)
	{
		NodeRun    *run = lfirst(lc);

		for (int i = 0; i < job->plan->nstages; i++)
		{
			TimestampTz at;
			int64		ms;

			if (run->waiting[i] == NIL || !stage_readable(job, &job->stages[i]))
				continue;
			at = ((JobTask *) linitial(run->waiting[i]))->not_before;
			if (at == 0)
				continue;
			ms = Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), at));
			best = best < 0 ? ms : Min(best, ms);
		}
	}
	return best;
}
