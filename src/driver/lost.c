/*-------------------------------------------------------------------------
 * lost.c
 *	  What a job does when something that it needs is gone.
 *
 * An output that a task could not fetch is made again: by its map task alone
 * when that must give the same rows, else by the whole stage, and then
 * everything that read it is done again too.  A stage whose tasks read
 * exchanges counts as one that may give other rows: they come in any order,
 * which a LIMIT, a sum of floats or an even spread can show.
 *
 * When a lane's connection is lost, the snapshot it held is lost too, and the
 * node's files with it: the job starts over on fresh snapshots if nothing was
 * delivered yet.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "cluster/cluster_snapshot.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/job_internal.h"
#include "driver/settings.h"

static StageRun *stage_by_number(Job *job, int number);
static bool must_do_all_again(const StageRun *stage);
static void redo_map_task(Job *job, StageRun *stage, int number, RemoteError *error);
static void redo_stage(Job *job, StageRun *stage, RemoteError *error);
static bool reads(const Job *job, const StageRun *stage, Bitmapset *stages);
static bool try_open(Job *job, NodeRun *run, JobLane **lane, Oid lost, RemoteError **error);
static void release_owner(ResourceOwner owner, bool commit);
static RemoteError *caught_error(MemoryContext context);
static bool keeps_what_is_needed(const Job *job, const NodeRun *run);

/* Lost workers and nodes may come back; an SQL error stays one. */
bool
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

/* ---------------- outputs ---------------- */

/*
 * A reader, which waits again already, could not fetch what the error names.
 * What was made again since the attempt was submitted needs no more.
 */
void
lost_input(Job *job, Attempt *attempt, JobTask *reader, RemoteError *error)
{
	StageRun   *stage = stage_by_number(job, error->lost_stage);

	if (stage == NULL || stage->output == NULL || error->lost_task >= stage->ntasks)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("node \"%s\" lost an input that it does not have", node_name(reader->node)),
				 errdetail_internal("%s", error->message)));
	if (!stage_complete(stage) || stage->epoch > attempt->epoch)
		return;
	if (must_do_all_again(stage))
		redo_stage(job, stage, error);
	else if (error->lost_task >= 0)
		redo_map_task(job, stage, error->lost_task, error);
	else
		for (int i = 0; i < stage->ntasks; i++)
			redo_map_task(job, stage, i, error);
}

static StageRun *
stage_by_number(Job *job, int number)
{
	for (int i = 0; i < job->plan->nstages; i++)
		if (job->stages[i].part->stage == number && job->stages[i].part->output)
			return &job->stages[i];
	return NULL;
}

/* May a task that is run again give other rows, or put them elsewhere? */
static bool
must_do_all_again(const StageRun *stage)
{
	return stage->part->rows == NULL &&
		(stage->part->indeterminate || stage->part->reads != NIL);
}

static void
redo_map_task(Job *job, StageRun *stage, int number, RemoteError *error)
{
	JobTask    *task = &stage->tasks[number];

	if (!task->done)
		return;
	if (++task->failures >= task_attempts)
		remote_error_throw(error, NULL);
	exchange_output_lose(stage->output, number);
	task->done = false;
	stage->stats->tasks[number].done = false;
	stage->ndone--;
	if (stage->part->rows == NULL)
		lanes_add_task(job, task, true);
}

/* All of the stage again, and all that read it or were filtered by it, directly or not. */
static void
redo_stage(Job *job, StageRun *stage, RemoteError *error)
{
	Bitmapset  *again = bms_make_singleton(stage->index);
	bool		more = true;

	/* a filter is of one run of the stage that gave the keys, which may come later in the plan */
	while (more)
	{
		more = false;
		for (int i = 0; i < job->plan->nstages; i++)
			if (!bms_is_member(i, again) && reads(job, &job->stages[i], again))
			{
				again = bms_add_member(again, i);
				more = true;
			}
	}
	if (bms_is_member(job->last->index, again) && job->delivered)
		remote_error_throw(error, NULL);
	if (++job->stats.restarts >= task_attempts)
		remote_error_throw(error, NULL);
	for (int i = -1; (i = bms_next_member(again, i)) >= 0;)
		stage_abandon(job, &job->stages[i]);
	if (bms_is_member(job->last->index, again))
	{
		job->current = 0;
		if (job->forget)
			job->forget(job->forget_arg, -1);
	}
	bms_free(again);
}

static bool
reads(const Job *job, const StageRun *stage, Bitmapset *stages)
{
	ListCell   *lc;

	foreach(lc, stage->part->reads)
		if (bms_is_member(lfirst_int(lc), stages))
			return true;
	return stage->part->filter >= 0 && bms_is_member(stage->part->filter, stages);
}

/* ---------------- nodes ---------------- */

/*
 * A connection is gone, and with it the node's snapshot.  Start over on fresh
 * ones while nobody has seen a row and nothing else depends on the old ones.
 */
void
lost_lane(Job *job, JobLane *lane, RemoteError *error)
{
	NodeRun    *run = lane->run;

	if (lane->queue == NIL && run->nwaiting == 0 && !keeps_what_is_needed(job, run))
	{
		/* all that it had to do is done */
		lanes_drop(lane);
		return;
	}
	lost_restart(job, run->node, error);
}

/* Is some output there that a task may still have to read? */
static bool
keeps_what_is_needed(const Job *job, const NodeRun *run)
{
	ListCell   *lc;

	if (stage_complete(job->last))
		return false;
	for (int i = 0; i < job->plan->nstages; i++)
		if (job->stages[i].output)
			foreach(lc, job->stages[i].output->nodes)
				if (((OutputNode *) lfirst(lc))->node == run->node)
					return true;
	return false;
}

void
lost_restart(Job *job, Oid node, RemoteError *error)
{
	char	   *context = psprintf("node \"%s\"", node_name(node));
	TimestampTz give_up;
	bool		opened = false;

	if (job->delivered || job->stats.restarts + 1 >= task_attempts ||
		!error_is_retryable(error) || !OidIsValid(node) ||
		transaction_wrote(node) || IsolationUsesXactSnapshot())
		remote_error_throw(error, context);
	lanes_release(job);
	if (cluster_snapshot_is_lost(job->plan->snapshot, node))
		remote_error_throw(error, context); /* another query reads under it */

	job->stats.restarts++;
	exclusion_note_failure(job, node);
	give_up = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										  reconnect_timeout * INT64CONST(1000));
	for (int64 wait = BACKOFF_MS; !opened; wait = Min(wait * 2, MAX_BACKOFF_MS))
	{
		TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait);
		bool		last;

		while (GetCurrentTimestamp() < until)
			lane_wait(NULL, 0, wait);
		last = GetCurrentTimestamp() >= give_up;
		job_reset(job);
		if (job->forget)
			job->forget(job->forget_arg, -1);
		(void) stages_open(job);
		opened = try_open(job, NULL, NULL, node, &error);
		if (!opened && last)
			remote_error_throw(error, NULL);
	}
}

/*
 * The lanes that a job begins with, when a node that gave its snapshot may be gone
 * already; then see Job.broken.
 */
void
lost_start(Job *job)
{
	RemoteError *error;

	if (try_open(job, NULL, NULL, InvalidOid, &error))
		return;
	job->broken = error;
	job->broken_node = job->opening;
}

/* A further lane in the middle of the job, when the node may be gone already. */
JobLane *
lost_open_lane(Job *job, NodeRun *run)
{
	JobLane    *lane = NULL;
	RemoteError *error;

	if (job->delivered)
		return lanes_open(job, run);
	if (try_open(job, run, &lane, InvalidOid, &error))
		return lane;
	job->broken = error;
	job->broken_node = run->node;
	return NULL;
}

/* At the end of a job that went well, and has no lanes any more. */
void
lost_release_owners(Job *job)
{
	ListCell   *lc;

	foreach(lc, job->owners)
		release_owner(lfirst(lc), true);
	job->owners = NIL;
}

/*
 * Open a lane, or with run NULL all that the waiting tasks can use, and if a node
 * was lost, one to it: a later stage or rows of the driver may need it.  False when
 * a node cannot be reached of which we have, or had, a snapshot.  What a failed try
 * took is given back by a resource owner of its own.
 */
static bool
try_open(Job *job, NodeRun *run, JobLane **lane, Oid lost, RemoteError **error)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ResourceOwner attempt = ResourceOwnerCreate(owner, "barks lanes");
	bool		begins = run == NULL && !OidIsValid(lost);
	volatile bool opened = false;

	CurrentResourceOwner = attempt;
	/* else the caller tries again, and again from the start */
	connection_patience = begins;
	PG_TRY();
	{
		if (run)
			*lane = lanes_open(job, run);
		else
		{
			lanes_start(job);
			if (OidIsValid(lost) && lanes_of_node(job, lost)->lanes == NIL)
				lanes_open(job, lanes_of_node(job, lost));
		}
		opened = true;
	}
	PG_CATCH();
	{
		connection_patience = true;
		CurrentResourceOwner = owner;
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_CONNECTION_EXCEPTION ||
			(begins && !cluster_snapshot_has(job->plan->snapshot, job->opening)))
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		*error = caught_error(job->lane_context);
		if (run == NULL)
			lanes_release(job);
		release_owner(attempt, false);
	}
	PG_END_TRY();
	connection_patience = true;
	CurrentResourceOwner = owner;
	if (opened)
	{
		/* a child of the owner, with which it ends if the job does not end well */
		MemoryContext old = MemoryContextSwitchTo(job->context);

		job->owners = lappend(job->owners, attempt);
		MemoryContextSwitchTo(old);
	}
	return opened;
}

static void
release_owner(ResourceOwner owner, bool commit)
{
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, commit, false);
	ResourceOwnerDelete(owner);
}

static RemoteError *
caught_error(MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ErrorData  *edata = CopyErrorData();
	RemoteError *error = palloc0(sizeof(RemoteError));

	FlushErrorState();
	error->elevel = ERROR;
	error->sqlerrcode = edata->sqlerrcode;
	error->message = edata->message;
	error->detail = edata->detail;
	error->hint = edata->hint;
	error->context = edata->context;
	MemoryContextSwitchTo(old);
	return error;
}
