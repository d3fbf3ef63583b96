/*-------------------------------------------------------------------------
 * job.c
 *	  The scheduler: tasks onto lanes, attempts, and what comes back.
 *
 * Each node the job touches has a NodeRun: its waiting tasks and its lanes,
 * at most as many as the node has slots.  A lane is fed a few tasks ahead, so
 * short tasks cost no round trip; how many ahead grows while tasks are short.
 * A lane answers its tasks in order, so the head of its queue is the task any
 * event is about.
 *
 * A task that lost its worker is run again.  Batches of the first attempt that
 * were already passed on are recognised by position and checksum, and the
 * rerun's are dropped; if they differ, the query cannot go on.  When a lane's
 * connection is lost, the snapshot it held is lost too: the job starts over on
 * fresh snapshots if nothing was delivered yet.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "cluster/cluster_snapshot.h"
#include "cluster/cluster_state.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/job.h"
#include "driver/registry.h"
#include "driver/settings.h"

#define LONG_TASK_US	5000	/* tasks longer than this are not queued ahead */
#define MAX_AHEAD		64		/* short tasks queued on a lane */
#define BACKOFF_MS		50		/* before the second attempt; doubles */
#define MAX_BACKOFF_MS	1000	/* while a node does not answer */

typedef struct JobTask
{
	const TaskPlan *plan;
	TaskStats  *stats;
	struct JobLane *lane;		/* where it is queued or runs, or NULL */
	TimestampTz not_before;		/* backoff */
	bool		done;
	/* batches passed on so far, and how many the current attempt has shown */
	int			npassed;
	int			nseen;
	int			maxpassed;
	uint32	   *passed;			/* their checksums */
} JobTask;

typedef struct JobLane
{
	Lane	   *lane;
	struct NodeRun *run;
	List	   *queue;			/* task numbers submitted, oldest first */
} JobLane;

typedef struct NodeRun
{
	Oid			node;
	List	   *waiting;		/* task numbers not submitted */
	List	   *lanes;			/* of JobLane */
	int			max_lanes;
	int			ahead;
} NodeRun;

struct Job
{
	const JobPlan *plan;
	uint64		number;			/* in the registry */
	int64		rows;			/* in batches passed on */
	MemoryContext context;		/* the job and its lanes */
	MemoryContext lane_context; /* lanes; outlives context until they are given back */
	MemoryContextCallback cleanup;
	JobStats	stats;
	JobTask    *tasks;
	int			ndone;
	int			current;		/* JOB_BY_TASK: the task whose batches are due */
	int			next_lane;		/* JOB_ARRIVAL: round robin over lanes */
	bool		delivered;
	JobSetup	setup;
	List	   *runs;			/* of NodeRun */
	void		(*forget) (void *arg, int task);
	void	   *forget_arg;
};


static Batch *next_batch(Job *job, int *task);
static Batch *next_batch_of(Job *job, int task);
static void job_reset(Job *job);
static void free_lanes(void *arg);
static void release_lanes(Job *job);
static NodeRun *run_of(Job *job, Oid node);
static void start_lanes(Job *job);
static JobLane *open_lane(Job *job, NodeRun *run);
static void feed(Job *job);
static void submit(Job *job, JobLane *lane, int task);
static Batch *handle_event(Job *job, JobLane *lane, LaneEventKind kind,
						   LaneEvent *event, int *task);
static Batch *take_batch(Job *job, int task, const char *data, Size len);
static void task_done(Job *job, JobLane *lane, const TaskDone *done);
static void task_failed(Job *job, JobLane *lane, RemoteError *error);
static void lane_lost(Job *job, JobLane *lane, RemoteError *error);
static bool try_start_lanes(Job *job, bool last);
static void retry_task(Job *job, int task, TimestampTz not_before);
static bool error_is_retryable(const RemoteError *error);
static void throw_task_error(Job *job, int task, const RemoteError *error);
static void wait_lanes(Job *job, JobLane *only);
static int64 next_backoff_ms(Job *job);

/*
 * Start a job: queue its tasks and open its lanes.  The caller's plan must
 * outlive it.
 */
Job *
job_start(const JobPlan *plan, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks job",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Job		   *job = palloc0(sizeof(Job));

	job->plan = plan;
	job->context = context;
	job->tasks = palloc0(sizeof(JobTask) * plan->ntasks);
	job->stats.tasks = palloc0(sizeof(TaskStats) * plan->ntasks);
	for (int i = 0; i < plan->ntasks; i++)
	{
		job->tasks[i].plan = &plan->tasks[i];
		job->tasks[i].stats = &job->stats.tasks[i];
	}
	job->setup.driver = node_driver_id();
	job->number = registry_job_begin(NULL);
	registry_stage(job->number, plan->stage,
				   plan->order == JOB_BY_STREAM ? "gather merge" : "gather", plan->ntasks);
	job->setup.job = job->number;
	job->setup.role = GetUserNameFromId(GetUserId(), false);
	job->setup.settings = settings_to_ship();
	job->cleanup.func = free_lanes;
	job->cleanup.arg = job;
	MemoryContextRegisterResetCallback(context, &job->cleanup);
	job->lane_context = AllocSetContextCreate(TopMemoryContext, "barks lanes",
											  ALLOCSET_DEFAULT_SIZES);

	job_reset(job);
	start_lanes(job);
	MemoryContextSwitchTo(old);
	return job;
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
	return job->ndone == job->plan->ntasks;
}

const JobStats *
job_stats(const Job *job)
{
	return &job->stats;
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
		registry_job_end_by_error(job->number);
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
		registry_job_end_by_error(job->number);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return batch;
}
/*
 * End the job.  Lanes that still run are asked to stop, and kept when they
 * answer soon; the others are torn down by their release.
 */
void
job_end(Job *job)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 200);
	ListCell   *lr,
			   *ll;
	MemoryContext old = MemoryContextSwitchTo(job->context);

	foreach(lr, job->runs)
		foreach(ll, ((NodeRun *) lfirst(lr))->lanes)
	{
		JobLane    *lane = lfirst(ll);

		if (lane->queue != NIL)
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
	}
	registry_job_end(job->number, REGISTRY_FINISHED, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(job->context);
}

/* In the plan's order, whatever that is. */
static Batch *
next_batch(Job *job, int *task)
{
	if (job->plan->order == JOB_BY_TASK)
	{
		while (job->current < job->plan->ntasks)
		{
			int			restarts = job->stats.restarts;
			Batch	   *batch = next_batch_of(job, job->current);

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
		bool		any = false;
		ListCell   *lr,
				   *ll;

		feed(job);
		foreach(lr, job->runs)
		{
			NodeRun    *run = lfirst(lr);

			foreach(ll, run->lanes)
			{
				JobLane    *lane = lfirst(ll);
				LaneEvent	event = {0};
				LaneEventKind kind = lane->lane->ops->poll(lane->lane, &event);
				Batch	   *batch;

				if (kind == LANE_NOTHING)
					continue;
				any = true;
				batch = handle_event(job, lane, kind, &event, task);
				if (batch)
				{
					/* the next call begins with the lane after this one */
					run->lanes = list_delete_ptr(run->lanes, lane);
					run->lanes = lappend(run->lanes, lane);
					job->runs = list_delete_ptr(job->runs, run);
					job->runs = lappend(job->runs, run);
					return batch;
				}
				if (kind == LANE_LOST)
					goto changed;
			}
		}
changed:
		if (!any && !job_finished(job))
			wait_lanes(job, NULL);
	}
	return NULL;
}

/*
 * The next batch of one task, leaving the other lanes' results where they are.
 * With JOB_BY_TASK NULL may also mean that the job started over.
 */
static Batch *
next_batch_of(Job *job, int task)
{
	int			restarts = job->stats.restarts;

	while (!job->tasks[task].done)
	{
		LaneEvent	event = {0};
		LaneEventKind kind;
		JobLane    *lane;
		int			from;
		Batch	   *batch;

		feed(job);
		lane = job->tasks[task].lane;
		if (lane == NULL)
		{
			/* a backoff; what other lanes have to say can wait */
			lane_wait(NULL, 0, next_backoff_ms(job));
			continue;
		}
		kind = lane->lane->ops->poll(lane->lane, &event);
		if (kind == LANE_NOTHING)
		{
			wait_lanes(job, lane);
			continue;
		}
		batch = handle_event(job, lane, kind, &event, &from);
		if (batch)
		{
			Assert(from == task);
			return batch;
		}
		if (job->plan->order == JOB_BY_TASK && restarts != job->stats.restarts)
			break;
	}
	return NULL;
}

/* All tasks wait again, nothing was seen.  Lanes are closed already. */
static void
job_reset(Job *job)
{
	list_free_deep(job->runs);
	job->runs = NIL;
	job->ndone = 0;
	job->current = 0;
	for (int i = 0; i < job->plan->ntasks; i++)
	{
		JobTask    *task = &job->tasks[i];
		NodeRun    *run = run_of(job, task->plan->node);

		task->lane = NULL;
		task->done = false;
		task->not_before = 0;
		task->npassed = task->nseen = 0;
		run->waiting = lappend_int(run->waiting, i);
	}
}

/*
 * Memory context callback: whatever happened, give the lanes back.  Children of
 * a context go before its callbacks run, hence a context apart for the lanes.
 */
static void
free_lanes(void *arg)
{
	Job		   *job = arg;

	release_lanes(job);
	if (job->lane_context)
		MemoryContextDelete(job->lane_context);
	job->lane_context = NULL;
}

static void
release_lanes(Job *job)
{
	ListCell   *lr,
			   *ll;

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

static NodeRun *
run_of(Job *job, Oid node)
{
	ListCell   *lc;
	NodeRun    *run;

	foreach(lc, job->runs)
		if (((NodeRun *) lfirst(lc))->node == node)
			return lfirst(lc);
	run = palloc0(sizeof(NodeRun));
	run->node = node;
	/* a session that wrote reads for itself, one task after another */
	run->max_lanes = transaction_wrote(node) ? 1 : Max(1, node_slots(node));
	run->ahead = 2;
	job->runs = lappend(job->runs, run);
	return run;
}

/*
 * Open the lanes of all nodes.  Streams and task order need a lane for every
 * task that may be asked for, which the caller arranged by grouping
 * partitions; otherwise lanes beyond the slots would only queue.
 */
static void
start_lanes(Job *job)
{
	ListCell   *lr;
	MemoryContext old = MemoryContextSwitchTo(job->context);

	foreach(lr, job->runs)
	{
		NodeRun    *run = lfirst(lr);
		int			want = job->plan->order == JOB_BY_STREAM ?
			list_length(run->waiting) :
			job->plan->order == JOB_BY_TASK ? 1 :
			Min(run->max_lanes, list_length(run->waiting));

		while (list_length(run->lanes) < want)
			open_lane(job, run);
	}
	MemoryContextSwitchTo(old);
}

static JobLane *
open_lane(Job *job, NodeRun *run)
{
	JobLane    *lane = palloc0(sizeof(JobLane));

	MemoryContext old = MemoryContextSwitchTo(job->lane_context);

	lane->run = run;
	lane->lane = lane_open(job->plan->snapshot, run->node, job->plan->all_nodes);
	MemoryContextSwitchTo(old);
	run->lanes = lappend(run->lanes, lane);
	job->stats.lanes++;
	lane->lane->ops->setup(lane->lane, &job->setup);
	return lane;
}

/* Give waiting tasks to lanes that have room, evenly. */
static void
feed(Job *job)
{
	ListCell   *lr,
			   *ll;
	MemoryContext old = MemoryContextSwitchTo(job->context);

	foreach(lr, job->runs)
	{
		NodeRun    *run = lfirst(lr);
		/* with an order, a task run again must not come after later ones */
		int			room = job->plan->order == JOB_ARRIVAL ? run->ahead : 1;
		bool		fed = true;

		if (run->waiting == NIL)
			continue;
		if (run->lanes == NIL)
			open_lane(job, run);
		for (int depth = 1; depth <= room && fed; depth++)
		{
			fed = false;
			foreach(ll, run->lanes)
			{
				JobLane    *lane = lfirst(ll);
				int			task;

				if (list_length(lane->queue) >= depth)
				{
					fed = true;
					continue;
				}
				if (run->waiting == NIL)
					break;
				task = linitial_int(run->waiting);
				if (job->tasks[task].not_before > 0 &&
					job->tasks[task].not_before > GetCurrentTimestamp())
					break;
				run->waiting = list_delete_first(run->waiting);
				submit(job, lane, task);
				fed = true;
			}
		}
	}
	MemoryContextSwitchTo(old);
}

static void
submit(Job *job, JobLane *lane, int number)
{
	JobTask    *task = &job->tasks[number];
	TaskSpec	spec = {0};

	spec.stage = job->plan->stage;
	spec.task = number;
	spec.attempt = ++task->stats->attempts;
	spec.partial_aggregate = job->plan->partial_aggregate;
	spec.compress = compression_mode == COMPRESSION_ZSTD ||
		(compression_mode == COMPRESSION_AUTO &&
		 OidIsValid(lane->run->node) && !node_same_host(lane->run->node));
	spec.batch_rows = rows_per_batch;
	spec.sql = task->plan->sql;
	task->lane = lane;
	task->nseen = 0;
	lane->queue = lappend_int(lane->queue, number);
	lane->lane->ops->submit(lane->lane, &spec);
	registry_task_started(job->number, job->plan->stage, number, spec.attempt,
						  lane->lane->node_name);
}

/* What a lane said; a batch to pass on, if it was one. */
static Batch *
handle_event(Job *job, JobLane *lane, LaneEventKind kind, LaneEvent *event,
			 int *task)
{
	switch (kind)
	{
		case LANE_BATCH:
			*task = event->task;
			if (strcmp(lane->lane->ops->path, "wire") == 0)
				job->stats.bytes_wire += event->len;
			else if (strcmp(lane->lane->ops->path, "memory") == 0)
				job->stats.bytes_memory += event->len;
			else
				job->stats.bytes_inline += event->len;
			return take_batch(job, event->task, event->data, event->len);
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
			lane_lost(job, lane, event->error);
			break;
		case LANE_CANCELLED:
		case LANE_NOTHING:
			break;
	}
	return NULL;
}

/* Decode a batch, unless an earlier attempt's was passed on already. */
static Batch *
take_batch(Job *job, int number, const char *data, Size len)
{
	JobTask    *task = &job->tasks[number];
	uint32		checksum = batch_wire_checksum(data, len);

	task->stats->rows += batch_wire_rows(data, len);
	task->stats->bytes += len;
	if (task->nseen++ < task->npassed)
	{
		if (task->passed[task->nseen - 1] != checksum)
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("could not resume task %d of stage %d on node \"%s\"",
							number, job->plan->stage, node_name(task->plan->node)),
					 errdetail("The task was lost after it had returned rows, and another attempt returned them differently.")));
		return NULL;
	}
	if (task->npassed == task->maxpassed)
	{
		task->maxpassed = Max(16, task->maxpassed * 2);
		task->passed = task->passed ?
			repalloc(task->passed, sizeof(uint32) * task->maxpassed) :
			MemoryContextAlloc(job->context, sizeof(uint32) * task->maxpassed);
	}
	task->passed[task->npassed++] = checksum;
	job->rows += batch_wire_rows(data, len);
	registry_task_progress(job->number, job->plan->stage, number, task->stats->attempts,
						   task->stats->rows, task->stats->bytes);
	registry_job_rows(job->number, job->rows);
	return batch_decode(job->plan->schema, data, len, job->context);
}

static void
task_done(Job *job, JobLane *lane, const TaskDone *done)
{
	int			number = linitial_int(lane->queue);
	JobTask    *task = &job->tasks[number];
	NodeRun    *run = lane->run;

	Assert(done->task == number);
	lane->queue = list_delete_first(lane->queue);
	if (task->nseen < task->npassed)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("could not resume task %d of stage %d on node \"%s\"",
						number, job->plan->stage, node_name(run->node)),
				 errdetail("The task was lost after it had returned rows, and another attempt returned fewer.")));
	task->lane = NULL;
	task->done = true;
	task->stats->done = true;
	task->stats->rows = done->rows;
	task->stats->plan_us = done->plan_us;
	task->stats->run_us = done->run_us;
	task->stats->queue_us = done->queue_us;
	task->stats->spill_bytes += done->spill_bytes;
	job->ndone++;
	registry_task_done(job->number, job->plan->stage, number, task->stats->attempts, done);
	run->ahead = done->plan_us + done->run_us > LONG_TASK_US ? 2 :
		Min(run->ahead * 2, MAX_AHEAD);
}

/* A task failed: again, if that can help, else its error is the query's. */
static void
task_failed(Job *job, JobLane *lane, RemoteError *error)
{
	int			number = linitial_int(lane->queue);
	JobTask    *task = &job->tasks[number];

	lane->queue = list_delete_first(lane->queue);
	task->lane = NULL;
	registry_task_failed(job->number, job->plan->stage, number, task->stats->attempts,
						 error->message);
	if (!error_is_retryable(error) || task->stats->attempts >= task_attempts)
		throw_task_error(job, number, error);
	retry_task(job, number,
			   TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   (int64) BACKOFF_MS << (task->stats->attempts - 1)));
}

/* Queue a task again, in front. */
static void
retry_task(Job *job, int number, TimestampTz not_before)
{
	JobTask    *task = &job->tasks[number];
	NodeRun    *run = run_of(job, task->plan->node);
	MemoryContext old = MemoryContextSwitchTo(job->context);

	task->lane = NULL;
	task->not_before = not_before;
	task->stats->rows = 0;
	if (!job->delivered && job->forget)
	{
		job->forget(job->forget_arg, number);
		task->npassed = 0;
	}
	run->waiting = lcons_int(number, run->waiting);
	MemoryContextSwitchTo(old);
}

/*
 * A connection is gone, and with it the node's snapshot.  Start over on fresh
 * ones while nobody has seen a row and nothing else depends on the old ones.
 */
static void
lane_lost(Job *job, JobLane *lane, RemoteError *error)
{
	NodeRun    *run = lane->run;
	Oid			node = run->node;
	char	   *context = psprintf("node \"%s\"", node_name(node));
	TimestampTz give_up;
	bool		opened = false;

	if (lane->queue == NIL && run->waiting == NIL)
	{
		/* all that it had to do is done */
		run->lanes = list_delete_ptr(run->lanes, lane);
		lane->lane->ops->release(lane->lane);
		return;
	}
	if (job->delivered || job->stats.restarts + 1 >= task_attempts ||
		!error_is_retryable(error) || !OidIsValid(node) ||
		transaction_wrote(node) || IsolationUsesXactSnapshot())
		remote_error_throw(error, context);
	release_lanes(job);
	if (cluster_snapshot_is_lost(job->plan->snapshot, node))
		remote_error_throw(error, context);	/* another query reads under it */

	job->stats.restarts++;
	give_up = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										  reconnect_timeout * INT64CONST(1000));
	for (int64 wait = BACKOFF_MS; !opened; wait = Min(wait * 2, MAX_BACKOFF_MS))
	{
		TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait);

		while (GetCurrentTimestamp() < until)
			lane_wait(NULL, 0, wait);
		job_reset(job);
		if (job->forget)
			job->forget(job->forget_arg, -1);
		opened = try_start_lanes(job, GetCurrentTimestamp() >= give_up);
	}
}

/*
 * Open lanes again; false when a node cannot be reached yet, unless this is the
 * last try.  What a failed try took is given back by a resource owner of its own.
 */
static bool
try_start_lanes(Job *job, bool last)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ResourceOwner attempt = ResourceOwnerCreate(owner, "barks lanes");
	volatile bool opened = false;

	CurrentResourceOwner = attempt;
	connection_patience = false;	/* the caller tries again, and again from the start */
	PG_TRY();
	{
		start_lanes(job);
		opened = true;
	}
	PG_CATCH();
	{
		connection_patience = true;
		CurrentResourceOwner = owner;
		if (last || ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_CONNECTION_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		release_lanes(job);
		ResourceOwnerRelease(attempt, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
		ResourceOwnerRelease(attempt, RESOURCE_RELEASE_LOCKS, false, false);
		ResourceOwnerRelease(attempt, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
		ResourceOwnerDelete(attempt);
	}
	PG_END_TRY();
	connection_patience = true;
	/* if it went well, "attempt" stays as a child of the owner and ends with it */
	CurrentResourceOwner = owner;
	return opened;
}

/* Lost workers and nodes may come back; an SQL error stays one. */
static bool
error_is_retryable(const RemoteError *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_ADMIN_SHUTDOWN:
		case ERRCODE_CRASH_SHUTDOWN:
		case ERRCODE_CANNOT_CONNECT_NOW:
			return true;
		default:
			return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_CONNECTION_EXCEPTION;
	}
}

static void
throw_task_error(Job *job, int number, const RemoteError *error)
{
	if (error->sqlerrcode == ERRCODE_UNDEFINED_FUNCTION || error->sqlerrcode == ERRCODE_UNDEFINED_OBJECT)
		monitor_state_wake(false);	/* a node may have lost an extension */
	remote_error_throw(error,
					   psprintf("task %d of stage %d on node \"%s\"", number,
								job->plan->stage,
								node_name(job->tasks[number].plan->node)));
	elog(ERROR, "task failed without an error");
}

/* Wait for any lane, or for one, but not past the end of a backoff. */
static void
wait_lanes(Job *job, JobLane *only)
{
	Lane	  **lanes;
	int			n = 0;
	ListCell   *lr,
			   *ll;

	if (only)
	{
		lane_wait(&only->lane, 1, next_backoff_ms(job));
		return;
	}
	foreach(lr, job->runs)
		n += list_length(((NodeRun *) lfirst(lr))->lanes);
	lanes = palloc(sizeof(Lane *) * Max(n, 1));
	n = 0;
	foreach(lr, job->runs)
		foreach(ll, ((NodeRun *) lfirst(lr))->lanes)
		lanes[n++] = ((JobLane *) lfirst(ll))->lane;
	lane_wait(lanes, n, next_backoff_ms(job));
	pfree(lanes);
}

/* Milliseconds until the first waiting task may be tried again; -1: none waits so. */
static int64
next_backoff_ms(Job *job)
{
	int64		best = -1;
	ListCell   *lr;

	foreach(lr, job->runs)
	{
		NodeRun    *run = lfirst(lr);

		if (run->waiting != NIL)
		{
			TimestampTz at = job->tasks[linitial_int(run->waiting)].not_before;
			int64		ms;

			if (at == 0)
				continue;
			ms = Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), at));
			best = best < 0 ? ms : Min(best, ms);
		}
	}
	return best;
}
