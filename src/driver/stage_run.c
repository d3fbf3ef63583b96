/*-------------------------------------------------------------------------
 * stage_run.c
 *	  The stages of a job, their tasks, and what comes back of them.
 *
 * A task that lost its worker is run again.  Batches of the first attempt that
 * were already passed on are recognised by position and checksum, and the
 * rerun's are dropped; if they differ, the query cannot go on.  An output kept
 * on a node counts as a whole, and only that of the attempt which ended well.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "nodes/bitmapset.h"
#include "utils/memutils.h"

#include "base/stop_point.h"
#include "cluster/cluster_state.h"
#include "cluster/node.h"
#include "driver/job_internal.h"
#include "driver/registry.h"
#include "driver/settings.h"

#define LONG_TASK_US	5000	/* tasks longer than this are not queued ahead */
#define MAX_AHEAD		64		/* short tasks queued on a lane */

static void open_stage(Job *job, StageRun *stage);
static Batch *take_batch(Job *job, JobTask *task, LaneEvent *event);
static void note_passed(Job *job, JobTask *task, uint32 checksum);
static void detach_attempt(Attempt *attempt);
static void lane_cancelled(Job *job, JobLane *lane);
static Attempt *take_answered(JobLane *lane);
static void count_bytes(StageStats *stats, const Lane *lane, Size len);
static void task_done(Job *job, JobLane *lane, const TaskDone *done);
static void keep_accumulated(Job *job, const JobTask *task, StringInfo states);
static void keep_output(Job *job, JobTask *task, int attempt, const TaskDone *done);
static void count_moved(Job *job, const JobTask *task, const TaskDone *done);
static void task_failed(Job *job, JobLane *lane, RemoteError *error);
static bool error_is_of_query(const RemoteError *error);
static bool defer_error(Job *job, JobTask *task, const RemoteError *error);
static void fail_stage(Job *job, StageRun *stage, RemoteError *failure);
static void retry_task(Job *job, JobTask *task, TimestampTz not_before);
static void leave_node(Job *job, Oid node);
static Oid	other_node(Job *job, JobTask *task);
static void throw_task_error(JobTask *task, const RemoteError *error);

bool
stage_complete(const StageRun *stage)
{
	return stage->open && stage->ndone == stage->ntasks;
}

bool
stage_readable(const Job *job, const StageRun *stage)
{
	ListCell   *lc;

	foreach(lc, stage->part->reads)
		if (!stage_complete(&job->stages[lfirst_int(lc)]))
			return false;
	return stage->part->filter < 0 || stage_complete(&job->stages[stage->part->filter]);
}

/* All stages wait again, nothing was seen.  Lanes are closed already. */
void
stages_reset(Job *job)
{
	job->current = 0;
	for (int i = 0; i < job->plan->nstages; i++)
	{
		StageRun   *stage = &job->stages[i];

		stage->open = false;
		stage->ndone = 0;
		stage->output = job->outputs[i] = NULL;
		stage->tasks = NULL;
		MemoryContextReset(stage->context);
	}
}

/*
 * Open every stage that can run; true when there were any.  One that waits for
 * an output that was lost stays open, its tasks wait.
 */
bool
stages_open(Job *job)
{
	bool		any = false;

	for (int i = 0; i < job->plan->nstages; i++)
	{
		StageRun   *stage = &job->stages[i];

		if (stage->open || stage->part->rows || !stage_readable(job, stage))
			continue;
		if (job->plan->nstages > 1)
			BARKS_STOP_POINT("sched.before_stage");
		open_stage(job, stage);
		any = true;
	}
	return any;
}

static void
open_stage(Job *job, StageRun *stage)
{
	MemoryContext old = MemoryContextSwitchTo(stage->context);

	if (stage->part->filter >= 0)
	{
		stage->stats->kept = job->plan->adapt(job->plan->arg, stage->index, job->outputs);
		filters_use(job, stage);
	}
	if (!stage->given)
		job->plan->shape(job->plan->arg, stage->index, job->outputs);
	stage->ntasks = stage->part->ntasks;
	stage_grow_stats(job, stage);
	registry_stage(job->number, stage->part->stage, stage->part->exchange, stage->ntasks);
	stage->tasks = palloc0(sizeof(JobTask) * Max(stage->ntasks, 1));
	if (stage->part->output)
		stage->output = job->outputs[stage->index] =
			exchange_output_make(stage->ntasks, stage->part->output->npartitions);
	for (int i = 0; i < stage->ntasks; i++)
	{
		JobTask    *task = &stage->tasks[i];

		task->stage = stage;
		task->number = i;
		task->plan = &stage->part->tasks[i];
		task->node = task->plan->node;
		if (exclusion_covers(job, task->node))
			task->node = other_node(job, task);
		lanes_add_task(job, task, false);
	}
	stage->open = true;
	MemoryContextSwitchTo(old);
}

/* Figures of earlier runs of the stage stay. */
void
stage_grow_stats(Job *job, StageRun *stage)
{
	StageStats *stats = stage->stats;

	if (stage->ntasks > stats->maxtasks)
	{
		TaskStats  *tasks = MemoryContextAllocZero(job->context,
												   sizeof(TaskStats) * stage->ntasks);

		if (stats->maxtasks > 0)
			memcpy(tasks, stats->tasks, sizeof(TaskStats) * stats->maxtasks);
		stats->tasks = tasks;
		stats->maxtasks = stage->ntasks;
	}
	stats->ntasks = stage->ntasks;
	for (int i = 0; i < stage->ntasks; i++)
		stats->tasks[i].done = false;
}

void
stage_submit(Job *job, JobLane *lane, JobTask *task)
{
	StageRun   *stage = task->stage;
	StagePart  *part = stage->part;
	Attempt    *attempt = MemoryContextAllocZero(job->lane_context, sizeof(Attempt));
	TaskSpec	spec = {0};
	ListCell   *lc;

	foreach(lc, part->reads)
	{
		StageRun   *read = &job->stages[lfirst_int(lc)];

		if (read->output)
			exchange_check_reader(read->output, lane->run->node);
		lanes_tell_sources(job, lane, read);
	}
	if (part->output && part->output->filter_stage > 0)
		lanes_tell_sources(job, lane, &job->stages[part->filter]);
	attempt->task = task;
	attempt->lane = lane;
	attempt->stage = spec.stage = part->stage;
	attempt->number = spec.task = task->number;
	attempt->attempt = spec.attempt = ++stage->stats->tasks[task->number].attempts;
	attempt->epoch = job->epoch;
	attempt->gathered = stage == job->last;
	spec.partial_aggregate = part->partial_aggregate;
	spec.compress = compression_mode == COMPRESSION_ZSTD ||
		(compression_mode == COMPRESSION_AUTO &&
		 OidIsValid(lane->run->node) && !node_same_host(lane->run->node));
	spec.batch_rows = rows_per_batch;
	spec.sql = task->plan->sql;
	spec.output = part->output;
	spec.inputs = task->plan->inputs;
	attempt->first_since = lane->queue == NIL ? GetCurrentTimestamp() : 0;
	if (task->attempt)
		task->twin = attempt;
	else
		task->attempt = attempt;
	task->nseen = 0;
	stage->stats->tasks[task->number].rows = 0;
	lane->queue = lappend(lane->queue, attempt);
	lane->lane->ops->submit(lane->lane, &spec);
	registry_task_started(job->number, part->stage, task->number, attempt->attempt,
						  lane->lane->node_name);
}

Batch *
stage_event(Job *job, JobLane *lane, LaneEventKind kind, LaneEvent *event, int *task)
{
	Attempt    *head = lane->queue != NIL ? linitial(lane->queue) : NULL;

	switch (kind)
	{
		case LANE_BATCH:
			Assert(head->number == event->task);
			*task = event->task;
			if (head->task == NULL)
				return NULL;	/* stale */
			count_bytes(head->task->stage->stats, lane->lane, event->len);
			return take_batch(job, head->task, event);
		case LANE_NOTICE:
			remote_error_throw(event->error, NULL);
			break;
		case LANE_DONE:
			task_done(job, lane, event->done);
			break;
		case LANE_ERROR:
			task_failed(job, lane, event->error);
			break;
		case LANE_LOST:
			lost_lane(job, lane, event->error);
			break;
		case LANE_CANCELLED:
			lane_cancelled(job, lane);
			break;
		case LANE_NOTHING:
			break;
	}
	return NULL;
}

/* By the way they came to the driver. */
static void
count_bytes(StageStats *stats, const Lane *lane, Size len)
{
	if (strcmp(lane->ops->path, "wire") == 0)
		stats->bytes_wire += len;
	else if (strcmp(lane->ops->path, "memory") == 0)
		stats->bytes_memory += len;
	else
		stats->bytes_inline += len;
}

/* Decode a batch, unless an earlier attempt's was passed on already. */
static Batch *
take_batch(Job *job, JobTask *task, LaneEvent *event)
{
	StageRun   *stage = task->stage;
	TaskStats  *stats = &stage->stats->tasks[task->number];
	uint32		checksum;

	stats->rows += batch_wire_rows(event->data, event->len);
	stats->bytes += event->len;
	if (stage != job->last)
	{
		job->plan->take(job->plan->arg, stage->index, event->data, event->len);
		return NULL;
	}
	checksum = batch_wire_checksum(event->data, event->len);
	if (task->nseen++ < task->npassed)
	{
		if (task->passed[task->nseen - 1] != checksum)
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("could not resume task %d of stage %d on node \"%s\"",
							task->number, stage->part->stage, node_name(task->node)),
					 errdetail("The task was lost after it had returned rows, and another attempt returned them differently.")));
		return NULL;
	}
	note_passed(job, task, checksum);
	job->rows += batch_wire_rows(event->data, event->len);
	registry_task_progress(job->number, stage->part->stage, task->number, stats->attempts,
						   stats->rows, stats->bytes);
	registry_job_rows(job->number, job->rows);
	return batch_decode(job->plan->schema, event->data, event->len, job->context);
}

static void
note_passed(Job *job, JobTask *task, uint32 checksum)
{
	if (task->npassed == task->maxpassed)
	{
		task->maxpassed = Max(16, task->maxpassed * 2);
		task->passed = task->passed ?
			repalloc(task->passed, sizeof(uint32) * task->maxpassed) :
			MemoryContextAlloc(task->stage->context, sizeof(uint32) * task->maxpassed);
	}
	task->passed[task->npassed++] = checksum;
}

/* The attempt that the lane has answered; the caller frees it. */
static Attempt *
take_answered(JobLane *lane)
{
	Attempt    *attempt = linitial(lane->queue);

	lane->queue = list_delete_first(lane->queue);
	if (lane->queue != NIL)
		((Attempt *) linitial(lane->queue))->first_since = GetCurrentTimestamp();
	detach_attempt(attempt);
	return attempt;
}

/* Its task has another attempt, or none, from now on. */
static void
detach_attempt(Attempt *attempt)
{
	JobTask    *task = attempt->task;

	if (task == NULL)
		return;
	if (task->attempt == attempt)
		task->attempt = task->twin;
	task->twin = NULL;
}

/* Nothing of what was submitted will come: what is still wanted waits again. */
static void
lane_cancelled(Job *job, JobLane *lane)
{
	ListCell   *lc;

	foreach(lc, lane->queue)
	{
		Attempt    *attempt = lfirst(lc);

		if (attempt->task)
		{
			detach_attempt(attempt);
			registry_task_cancelled(job->number, attempt->stage, attempt->number,
									attempt->attempt);
			if (attempt->task->attempt == NULL)
				retry_task(job, attempt->task, 0);
		}
		pfree(attempt);
	}
	list_free(lane->queue);
	lane->queue = NIL;
	lane->cancelling = false;
	/* it forgot that, too */
	memset(lane->told, 0, sizeof(int) * job->plan->nstages);
	lane->lane->ops->setup(lane->lane, &job->setup);
}

static void
task_done(Job *job, JobLane *lane, const TaskDone *done)
{
	Attempt    *attempt = take_answered(lane);
	JobTask    *task = attempt->task;
	StageRun   *stage;
	TaskStats  *stats;

	Assert(done->task == attempt->number);
	registry_task_done(job->number, attempt->stage, attempt->number, attempt->attempt, done);
	lane->run->ahead = done->plan_us + done->run_us > LONG_TASK_US ? 2 :
		Min(lane->run->ahead * 2, MAX_AHEAD);
	if (task == NULL)
	{
		pfree(attempt);
		return;
	}
	stage = task->stage;
	if (task->nseen < task->npassed)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("could not resume task %d of stage %d on node \"%s\"",
						task->number, stage->part->stage, node_name(lane->run->node)),
				 errdetail("The task was lost after it had returned rows, and another attempt returned fewer.")));
	if (task->attempt)
		speculation_drop(job, task->attempt);
	task->attempt = NULL;
	task->done = true;
	task->node = lane->run->node;
	stage->ndone++;
	stats = &stage->stats->tasks[task->number];
	stats->done = true;
	stats->rows = done->rows;
	stats->plan_us = done->plan_us;
	stats->run_us = done->run_us;
	stats->queue_us = done->queue_us;
	stats->spill_bytes += done->spill_bytes;
	if (stage->part->filter >= 0)
		stage->stats->rows_dropped += done->dropped;
	count_moved(job, task, done);
	if (done->accumulated)
		keep_accumulated(job, task, done->accumulated);
	if (stage->output)
		keep_output(job, task, attempt->attempt, done);
	pfree(attempt);
	if (stage == job->last || stage->ndone < stage->ntasks)
		return;
	if (stage->output == NULL)
		job->plan->take(job->plan->arg, stage->index, NULL, 0);
	stage_changed(job, stage);
}

void
stage_changed(Job *job, StageRun *stage)
{
	filters_keys_complete(job, stage);
	stage->epoch = ++job->epoch;
	BARKS_STOP_POINT("sched.between_stages");
}

/* A task that runs again, for what it made was lost, adds nothing more. */
static void
keep_accumulated(Job *job, const JobTask *task, StringInfo states)
{
	MemoryContext old = MemoryContextSwitchTo(job->context);
	Accumulated *kept;
	ListCell   *lc;

	foreach(lc, job->accumulated)
	{
		kept = lfirst(lc);
		if (kept->stage == task->stage->index && kept->task == task->number)
			break;
	}
	if (lc == NULL)
	{
		kept = palloc(sizeof(Accumulated));
		kept->stage = task->stage->index;
		kept->task = task->number;
		kept->states = makeStringInfo();
		appendBinaryStringInfo(kept->states, states->data, states->len);
		job->accumulated = lappend(job->accumulated, kept);
	}
	MemoryContextSwitchTo(old);
}

static void
keep_output(Job *job, JobTask *task, int attempt, const TaskDone *done)
{
	StageRun   *stage = task->stage;
	MemoryContext old = MemoryContextSwitchTo(stage->context);

	exchange_output_add(stage->output, task->number, attempt, task->node, done);
	for (int i = 0; i < done->npartitions; i++)
		stage->stats->bytes_written += done->partition_bytes[i];
	MemoryContextSwitchTo(old);
}

/*
 * What a task fetched counts as moved for the stages that made it, each by its
 * share: as the rows of the last stage count by the way they came here.
 */
static void
count_moved(Job *job, const JobTask *task, const TaskDone *done)
{
	List	   *inputs = task->plan->inputs;
	double		total = 0;
	ListCell   *lc;

	foreach(lc, inputs)
		total += ((TaskInput *) lfirst(lc))->bytes;
	foreach(lc, inputs)
	{
		TaskInput  *input = lfirst(lc);
		double		share = total > 0 ? input->bytes / total : 0;

		for (int i = 0; i < job->plan->nstages; i++)
		{
			StageRun   *from = &job->stages[i];

			if (from->part->stage != input->stage)
				continue;
			from->stats->bytes_memory += (int64) rint(done->fetched_memory * share);
			from->stats->bytes_file += (int64) rint(done->fetched_file * share);
			from->stats->bytes_wire += (int64) rint(done->fetched_wire * share);
		}
	}
}

/* A task failed: again, if that can help, else its error is the query's. */
static void
task_failed(Job *job, JobLane *lane, RemoteError *error)
{
	Attempt    *attempt = take_answered(lane);
	JobTask    *task = attempt->task;

	registry_task_failed(job->number, attempt->stage, attempt->number, attempt->attempt,
						 error->message);
	if (task == NULL)
	{
		pfree(attempt);
		return;
	}
	if (task->attempt && (error->sqlerrcode == ERRCODE_BARKS_INPUT_LOST ||
						  error_is_retryable(error)))
	{
		/* the other attempt goes on, and will see for itself */
	}
	else if (error->sqlerrcode == ERRCODE_BARKS_INPUT_LOST)
	{
		retry_task(job, task, 0);
		lost_input(job, attempt, task, error);
	}
	else
	{
		if (!error_is_retryable(error) || ++task->failures >= task_attempts)
		{
			if (!error_is_of_query(error) || !defer_error(job, task, error))
				throw_task_error(task, error);
			pfree(attempt);
			return;
		}
		exclusion_note_failure(job, lane->run->node);
		leave_node(job, lane->run->node);
		task->node = other_node(job, task);
		retry_task(job, task,
				   TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
											   (int64) BACKOFF_MS << (task->failures - 1)));
	}
	pfree(attempt);
}

/* Would plain PostgreSQL raise it too, if it came to that? */
static bool
error_is_of_query(const RemoteError *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_DATA_EXCEPTION:
		case ERRCODE_CARDINALITY_VIOLATION:
		case ERRCODE_PLPGSQL_ERROR:
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
			return true;
		default:
			return false;
	}
}

/*
 * Let the error wait until somebody reads what the task's stage, or stages that
 * read it, were to make.  False when the query cannot do without.
 */
static bool
defer_error(Job *job, JobTask *task, const RemoteError *error)
{
	Bitmapset  *failed = bms_make_singleton(task->stage->index);
	RemoteError *failure;
	MemoryContext old;
	int			i = -1;

	/* readers come after what they read */
	while ((i = bms_next_member(failed, i)) >= 0)
	{
		if (job->stages[i].part->may_be_unneeded)
			continue;
		if (i == job->last->index)
			return false;
		for (int j = i + 1; j < job->plan->nstages; j++)
			if (list_member_int(job->stages[j].part->reads, i))
				failed = bms_add_member(failed, j);
	}
	old = MemoryContextSwitchTo(job->lane_context);
	failure = remote_error_copy(error,
								psprintf("task %d of stage %d on node \"%s\"", task->number,
										 task->stage->part->stage, node_name(task->node)));
	MemoryContextSwitchTo(old);
	for (i = -1; (i = bms_next_member(failed, i)) >= 0;)
		fail_stage(job, &job->stages[i], failure);
	bms_free(failed);
	return true;
}

/* Nothing of it will run any more; reading its output raises the error. */
static void
fail_stage(Job *job, StageRun *stage, RemoteError *failure)
{
	MemoryContext old;

	stage_abandon(job, stage);
	old = MemoryContextSwitchTo(stage->context);
	if (stage->part->output)
	{
		stage->output = job->outputs[stage->index] =
			exchange_output_make(0, stage->part->output->npartitions);
		stage->output->failure = failure;
	}
	MemoryContextSwitchTo(old);
	stage->ntasks = 0;
	stage->open = true;
	stage_changed(job, stage);
}

/* As if it had never been opened; attempts that run are of no interest any more. */
void
stage_abandon(Job *job, StageRun *stage)
{
	lanes_remove_stage(job, stage);
	for (int i = 0; i < stage->ntasks && stage->open; i++)
	{
		JobTask    *task = &stage->tasks[i];

		if (task->attempt)
			task->attempt->task = NULL;
		if (task->twin)
			task->twin->task = NULL;
	}
	stage->open = false;
	stage->ndone = 0;
	stage->output = job->outputs[stage->index] = NULL;
	stage->tasks = NULL;
	MemoryContextReset(stage->context);
}

/* Queue a task again, in front. */
static void
retry_task(Job *job, JobTask *task, TimestampTz not_before)
{
	task->not_before = not_before;
	if (task->stage == job->last && !job->delivered && job->forget)
	{
		job->forget(job->forget_arg, task->number);
		task->npassed = 0;
	}
	lanes_add_task(job, task, true);
}

/* If the node is excluded now, what waits there goes elsewhere where it can. */
static void
leave_node(Job *job, Oid node)
{
	NodeRun    *run = lanes_of_node(job, node);

	if (!exclusion_covers(job, node))
		return;
	for (int i = 0; i < job->plan->nstages; i++)
	{
		List	   *tasks = list_copy(run->waiting[i]);
		ListCell   *lc;

		lanes_remove_waiting(run, i);
		foreach(lc, tasks)
		{
			JobTask    *task = lfirst(lc);

			task->node = other_node(job, task);
			lanes_add_task(job, task, false);
		}
		list_free(tasks);
	}
}

/* For a task that may run elsewhere: the node of its choice with least to do. */
static Oid
other_node(Job *job, JobTask *task)
{
	Oid			best = task->node;
	int			least = -1;
	ListCell   *lc;

	foreach(lc, task->plan->others)
	{
		Oid			node = lfirst_oid(lc);
		NodeRun    *run;

		if (node == task->node || !node_alive(node) || exclusion_covers(job, node))
			continue;
		run = lanes_of_node(job, node);
		if (least < 0 || run->nwaiting < least)
		{
			least = run->nwaiting;
			best = node;
		}
	}
	return best;
}

static void
throw_task_error(JobTask *task, const RemoteError *error)
{
	if (error->sqlerrcode == ERRCODE_UNDEFINED_FUNCTION || error->sqlerrcode == ERRCODE_UNDEFINED_OBJECT)
		monitor_state_wake(false);	/* a node may have lost an extension */
	remote_error_throw(error,
					   psprintf("task %d of stage %d on node \"%s\"", task->number,
								task->stage->part->stage, node_name(task->node)));
	elog(ERROR, "task failed without an error");
}
