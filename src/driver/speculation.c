/*-------------------------------------------------------------------------
 * speculation.c
 *	  Run a task a second time elsewhere when it takes much longer than others.
 *
 * Only tasks whose output stays on their node: of those one attempt's output is
 * named to the readers and the other's is never read, so whichever ends first
 * wins.  The loser is cancelled; a file that it published all the same goes
 * with the job.  Rows that come to the driver are passed on as they come, so
 * tasks of the last stage never have two attempts.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/job_internal.h"
#include "driver/registry.h"
#include "driver/settings.h"

#define CHECK_MS		100		/* between two looks; no task is late before that */

static bool may_speculate(const StageRun *stage);
static int64 late_after_us(const StageRun *stage);
static Attempt *running_attempt(const JobTask *task);
static NodeRun *idle_node(Job *job, JobTask *task);
static void drop_from_lane(Job *job, Attempt *loser);
static int	compare_int64(const void *a, const void *b);

/* Submit second attempts for what is late, where a slot is free. */
void
speculation_run(Job *job)
{
	TimestampTz now;

	if (!speculation_on)
		return;
	now = GetCurrentTimestamp();
	if (!TimestampDifferenceExceeds(job->speculated, now, CHECK_MS))
		return;
	job->speculated = now;
	for (int i = 0; i < job->plan->nstages; i++)
	{
		StageRun   *stage = &job->stages[i];
		int64		limit;

		if (!may_speculate(stage) || !stage_readable(job, stage))
			continue;
		limit = late_after_us(stage);
		for (int t = 0; t < stage->ntasks; t++)
		{
			JobTask    *task = &stage->tasks[t];
			Attempt    *attempt = running_attempt(task);
			NodeRun    *run;
			JobLane    *lane;

			if (attempt == NULL || now - attempt->first_since <= limit ||
				(run = idle_node(job, task)) == NULL)
				continue;
			lane = lanes_idle(job, run);
			if (lane == NULL)
				return;			/* the job must start over */
			stage_submit(job, lane, task);
			stage->stats->speculated++;
		}
	}
}

/* Milliseconds until something may be late, at most max (-1: any number). */
int64
speculation_wait_ms(const Job *job, int64 max)
{
	for (int i = 0; speculation_on && i < job->plan->nstages; i++)
		if (may_speculate(&job->stages[i]))
			return max < 0 ? CHECK_MS : Min(max, CHECK_MS);
	return max;
}

/* The task is done by another attempt: this one is of no use any more. */
void
speculation_drop(Job *job, Attempt *loser)
{
	loser->task = NULL;
	drop_from_lane(job, loser);
}

/* Enough tasks of the stage are done to know how long one takes, and some are not. */
static bool
may_speculate(const StageRun *stage)
{
	return stage->open && stage->output != NULL && stage->part->rows == NULL &&
		!stage->part->indeterminate && stage->ndone > 0 && stage->ndone < stage->ntasks &&
		stage->ndone >= stage->ntasks * speculation_quantile;
}

static int64
late_after_us(const StageRun *stage)
{
	int64	   *times = palloc(sizeof(int64) * stage->ntasks);
	int			n = 0;
	int64		median;

	for (int i = 0; i < stage->ntasks; i++)
		if (stage->tasks[i].done)
			times[n++] = stage->stats->tasks[i].plan_us + stage->stats->tasks[i].run_us;
	qsort(times, n, sizeof(int64), compare_int64);
	median = times[n / 2];
	pfree(times);
	return Max(median * speculation_multiplier, CHECK_MS * 1000);
}

/* The task's only attempt, if it runs. */
static Attempt *
running_attempt(const JobTask *task)
{
	Attempt    *attempt = task->attempt;

	if (task->done || attempt == NULL || task->twin != NULL ||
		linitial(attempt->lane->queue) != attempt)
		return NULL;
	return attempt;
}

/* Another node that may run the task and has nothing else to do with a slot. */
static NodeRun *
idle_node(Job *job, JobTask *task)
{
	Oid			from = task->attempt->lane->run->node;
	ListCell   *lc;

	if (transaction_wrote(from))
		return NULL;
	foreach(lc, task->plan->others)
	{
		Oid			node = lfirst_oid(lc);
		NodeRun    *run;

		if (node == from || !node_alive(node) || exclusion_covers(job, node) ||
			transaction_wrote(node))
			continue;
		run = lanes_of_node(job, node);
		if (run->nwaiting == 0 && lanes_busy(run) < run->max_lanes)
			return run;
	}
	return NULL;
}

/*
 * Cancel what runs on the loser's lane, unless rows of the last stage are to
 * come there; what was queued behind it is queued anew when the lane answers.
 */
static void
drop_from_lane(Job *job, Attempt *loser)
{
	JobLane    *lane = loser->lane;
	ListCell   *lc;

	registry_task_cancelled(job->number, loser->stage, loser->number, loser->attempt);
	if (lane->cancelling)
		return;
	foreach(lc, lane->queue)
		if (((Attempt *) lfirst(lc))->gathered && ((Attempt *) lfirst(lc))->task)
			return;
	lane->cancelling = true;
	lane->lane->ops->cancel(lane->lane);
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}
