/*-------------------------------------------------------------------------
 * inline_lane.c
 *	  A lane that runs its tasks in this backend.
 *
 * For a transaction that wrote to this server's shards: no worker can see what
 * it wrote.  Each poll runs the current task until its next batch.  An error
 * in a task is raised as it is, with a line of context: it is an error of the
 * running statement, and only the abort of its (sub)transaction can clean up.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cluster/node.h"
#include "shuffle/shuffle.h"
#include "worker/inline_lane.h"
#include "worker/task.h"

typedef struct InlineLane
{
	Lane		lane;
	MemoryContext context;
	MemoryContext task_context; /* reset before each task */
	Snapshot	snapshot;
	List	   *requests;		/* of Request, to do */
	uint64		driver;			/* of the latest setup; job 0: none yet */
	uint64		job;
	JobSetup   *setup;			/* of the current task */
	List	   *sources;		/* of StageSources, the caller's; for tasks that read exchanges */
	TaskRun    *run;			/* NULL: none */
	int32		stage;			/* of run, for messages */
	int32		task;
	bool		in_step;		/* when seen by others: the step raised an error */
	bool		cancelled;
	StringInfoData frame;
} InlineLane;

/* One of them is set. */
typedef struct Request
{
	JobSetup   *setup;
	TaskSpec   *spec;
} Request;

static void inline_setup(Lane *lane, const JobSetup *setup);
static void inline_submit(Lane *lane, const TaskSpec *spec);
static void inline_sources(Lane *base, const StageSources *sources);
static void inline_put(Lane *base, const char *frame, Size len);
static void inline_end_job(Lane *base);
static LaneEventKind inline_poll(Lane *lane, LaneEvent *event);
static pgsocket inline_socket(Lane *lane, bool *write);
static void inline_cancel(Lane *lane);
static void inline_release(Lane *lane);
static void add_request(InlineLane *lane, const JobSetup *setup, const TaskSpec *spec);
static bool start_next(InlineLane *lane);
static void end_run(InlineLane *lane);
static void drop_requests(InlineLane *lane);
static void add_context(void *arg);

static const LaneOps inline_ops = {
	.path = "inline",
	.setup = inline_setup,
	.submit = inline_submit,
	.sources = inline_sources,
	.put = inline_put,
	.end_job = inline_end_job,
	.poll = inline_poll,
	.socket = inline_socket,
	.cancel = inline_cancel,
	.release = inline_release
};

Lane *
inline_lane_open(Snapshot snapshot)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "barks inline lane",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	InlineLane *lane = palloc0(sizeof(InlineLane));

	lane->lane.ops = &inline_ops;
	lane->lane.node = InvalidOid;
	lane->lane.node_name = LOCAL_NODE_NAME;
	lane->context = context;
	lane->task_context = AllocSetContextCreate(context, "barks inline task",
											   ALLOCSET_DEFAULT_SIZES);
	lane->snapshot = snapshot;
	initStringInfo(&lane->frame);
	MemoryContextSwitchTo(old);
	return &lane->lane;
}

static void
inline_setup(Lane *lane, const JobSetup *setup)
{
	shuffle_lease_take(setup->driver, setup->job);
	((InlineLane *) lane)->driver = setup->driver;
	((InlineLane *) lane)->job = setup->job;
	add_request((InlineLane *) lane, setup, NULL);
}

static void
inline_submit(Lane *lane, const TaskSpec *spec)
{
	add_request((InlineLane *) lane, NULL, spec);
	lane->ready = true;
}

/* Told between tasks of other stages only, so that it need not wait its turn. */
static void
inline_sources(Lane *base, const StageSources *sources)
{
	InlineLane *lane = (InlineLane *) base;
	MemoryContext old = MemoryContextSwitchTo(lane->context);

	lane->sources = lane_keep_sources(lane->sources, sources);
	MemoryContextSwitchTo(old);
}

static void
inline_put(Lane *base, const char *frame, Size len)
{
	elog(ERROR, "unexpected frame \"%c\" for an inline lane", frame[0]);
}

static void
inline_end_job(Lane *base)
{
	InlineLane *lane = (InlineLane *) base;

	if (lane->job != 0)
		shuffle_job_over(lane->driver, lane->job);
}

static LaneEventKind
inline_poll(Lane *base, LaneEvent *event)
{
	InlineLane *lane = (InlineLane *) base;
	ErrorContextCallback callback = {error_context_stack, add_context, lane};
	bool		done;

	memset(event, 0, sizeof(*event));
	if (lane->cancelled)
	{
		lane->cancelled = false;
		base->ready = lane->requests != NIL;
		return LANE_CANCELLED;
	}

	error_context_stack = &callback;
	if (!lane->run && !start_next(lane))
	{
		error_context_stack = callback.previous;
		base->ready = false;
		return LANE_NOTHING;
	}
	lane->in_step = true;
	done = task_run_step(lane->run, &lane->frame);
	if (done)
		task_run_end(lane->run);
	lane->in_step = false;
	error_context_stack = callback.previous;

	lane->frame.cursor = 1;
	event->task = lane->task;
	if (done)
	{
		lane->run = NULL;
		base->ready = lane->requests != NIL;
		event->done = frame_read_done(&lane->frame);
		return LANE_DONE;
	}
	(void) frame_read_batch(&lane->frame);
	event->data = lane->frame.data + lane->frame.cursor;
	event->len = lane->frame.len - lane->frame.cursor;
	return LANE_BATCH;
}

static pgsocket
inline_socket(Lane *lane, bool *write)
{
	*write = false;
	return PGINVALID_SOCKET;
}

static void
inline_cancel(Lane *base)
{
	InlineLane *lane = (InlineLane *) base;

	end_run(lane);
	drop_requests(lane);
	lane->cancelled = true;
	base->ready = true;
}

static void
inline_release(Lane *base)
{
	InlineLane *lane = (InlineLane *) base;

	end_run(lane);
	MemoryContextDelete(lane->context);
}

/* Copies live in the lane's context: a lane serves one statement. */
static void
add_request(InlineLane *lane, const JobSetup *setup, const TaskSpec *spec)
{
	MemoryContext old = MemoryContextSwitchTo(lane->context);
	Request    *request = palloc0(sizeof(Request));
	StringInfoData frame;

	/* a frame written and read is a deep copy */
	initStringInfo(&frame);
	if (setup)
	{
		frame_write_job_setup(&frame, setup);
		frame.cursor = 1;
		request->setup = frame_read_job_setup(&frame);
	}
	else
	{
		frame_write_task(&frame, spec);
		frame.cursor = 1;
		request->spec = frame_read_task(&frame);
	}
	pfree(frame.data);
	lane->requests = lappend(lane->requests, request);
	MemoryContextSwitchTo(old);
}

/* Begin the next task; false when there is none. */
static bool
start_next(InlineLane *lane)
{
	while (lane->requests != NIL)
	{
		Request    *request = linitial(lane->requests);

		lane->requests = list_delete_first(lane->requests);
		if (request->setup)
		{
			lane->setup = request->setup;
			pfree(request);
			continue;
		}
		lane->stage = request->spec->stage;
		lane->task = request->spec->task;
		MemoryContextReset(lane->task_context);
		lane->run = task_run_start(lane->setup, request->spec, lane->sources, lane->snapshot,
								   BOOTSTRAP_SUPERUSERID, 0, lane->task_context);
		pfree(request->spec->sql);
		pfree(request->spec);
		pfree(request);
		return true;
	}
	return false;
}

/* Never raises for a run that failed or whose transaction is over or aborting. */
static void
end_run(InlineLane *lane)
{
	if (!lane->run)
		return;
	if (lane->in_step || task_run_aborted(lane->run) || !IsTransactionState())
		task_run_abandon(lane->run);
	else
		task_run_end(lane->run);
	lane->run = NULL;
}

static void
drop_requests(InlineLane *lane)
{
	ListCell   *lc;

	foreach(lc, lane->requests)
	{
		Request    *request = lfirst(lc);

		if (request->setup)
			lane->setup = request->setup;	/* stays in force for what follows */
	}
	list_free_deep(lane->requests);
	lane->requests = NIL;
}

static void
add_context(void *arg)
{
	InlineLane *lane = arg;

	errcontext("task %d of stage %d on node \"%s\"", lane->task, lane->stage,
			   lane->lane.node_name);
}
