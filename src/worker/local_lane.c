/*-------------------------------------------------------------------------
 * local_lane.c
 *	  A lane through shared memory to this server's own workers.
 *
 * The workers run as a superuser of this server, which may be one that cannot
 * log in, and are not part of the driver's transaction.  So a transaction that
 * wrote to local shards, that is serializable (its reads must take predicate
 * locks in its own name), or that holds a lock which a worker would wait for,
 * gets an inline lane instead.  If a worker comes to wait for this backend
 * nevertheless, which the deadlock detector cannot see, the query ends.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "job/lane.h"
#include "worker/client.h"
#include "worker/inline_lane.h"
#include "worker/local_lane.h"

typedef struct LocalLane
{
	Lane		lane;
	Client	   *client;
} LocalLane;

static Lane *local_open(Snapshot snapshot, Oid node, List *all_nodes);
static void local_setup(Lane *lane, const JobSetup *setup);
static void local_submit(Lane *lane, const TaskSpec *spec);
static LaneEventKind local_poll(Lane *lane, LaneEvent *event);
static pgsocket local_socket(Lane *lane, bool *write);
static void local_cancel(Lane *lane);
static void local_stuck(Lane *lane);
static bool holds_what_tasks_need(void);
static List *exclusive_locks(List *relids, int partition);
static bool is_shard(Oid relid);
static void local_release(Lane *lane);
static LaneEventKind read_frame(const char *data, Size len, LaneEvent *event);

static const LaneOps local_ops = {
	.path = "memory",
	.setup = local_setup,
	.submit = local_submit,
	.poll = local_poll,
	.socket = local_socket,
	.cancel = local_cancel,
	.stuck = local_stuck,
	.release = local_release
};

void
local_lane_init(void)
{
	lane_register_local(local_open);
}

/* The caller keeps snapshot registered while the lane is open. */
static Lane *
local_open(Snapshot snapshot, Oid node, List *all_nodes)
{
	Client	   *client;
	LocalLane  *lane;

	if (IsolationIsSerializable() || transaction_wrote(InvalidOid) || holds_what_tasks_need())
		return inline_lane_open(snapshot);

	client = client_open(snapshot, InvalidOid);
	lane = MemoryContextAllocZero(TopMemoryContext, sizeof(LocalLane));
	lane->lane.ops = &local_ops;
	lane->lane.node = InvalidOid;
	lane->lane.node_name = LOCAL_NODE_NAME;
	lane->client = client;
	return &lane->lane;
}

static void
local_setup(Lane *lane, const JobSetup *setup)
{
	client_setup(((LocalLane *) lane)->client, setup);
}

static void
local_submit(Lane *lane, const TaskSpec *spec)
{
	client_submit(((LocalLane *) lane)->client, spec);
}

static LaneEventKind
local_poll(Lane *base, LaneEvent *event)
{
	LocalLane  *lane = (LocalLane *) base;
	const char *frame;
	Size		len;

	memset(event, 0, sizeof(*event));
	switch (client_poll(lane->client, &frame, &len))
	{
		case CLIENT_NOTHING:
			return LANE_NOTHING;
		case CLIENT_FRAME:
			return read_frame(frame, len, event);
		case CLIENT_CANCELLED:
			return LANE_CANCELLED;
		case CLIENT_FAILED:
			event->error = palloc(sizeof(RemoteError));
			client_fill_failure(event->error);
			return LANE_LOST;
	}
	pg_unreachable();
}

static pgsocket
local_socket(Lane *lane, bool *write)
{
	*write = false;
	return PGINVALID_SOCKET;	/* our latch */
}

static void
local_cancel(Lane *lane)
{
	client_cancel(((LocalLane *) lane)->client);
}

/* Does the worker wait, by others or not, for a lock of ours? */
static void
local_stuck(Lane *lane)
{
	List	   *waited_for = NIL;
	int			worker = client_worker_pid(((LocalLane *) lane)->client);

	if (worker == 0)
		return;
	/* the list grows while it is walked */
	waited_for = list_make1_int(worker);
	for (int i = 0; i < list_length(waited_for); i++)
	{
		int			pid = list_nth_int(waited_for, i);
		ArrayType  *blockers = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(pid)));
		int32	   *pids = (int32 *) ARR_DATA_PTR(blockers);
		int			n = ArrayGetNItems(ARR_NDIM(blockers), ARR_DIMS(blockers));

		for (int k = 0; k < n; k++)
			waited_for = list_append_unique_int(waited_for, pids[k]);
	}
	if (list_member_int(waited_for, MyProcPid))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				 errmsg("deadlock detected"),
				 errdetail("A worker waits for a lock that this transaction holds.")));
	list_free(waited_for);
}

/* Exclusive locks on shards or catalogs are rare; that on a distributed table itself is no matter. */
static bool
holds_what_tasks_need(void)
{
	List	   *relids = NIL;
	bool		found = false;
	ListCell   *lc;

	/* only builds with assertions offer the list of our own locks */
	for (int partition = 0; partition < NUM_LOCK_PARTITIONS; partition++)
		relids = exclusive_locks(relids, partition);
	foreach(lc, relids)
		found |= lfirst_oid(lc) < FirstNormalObjectId || is_shard(lfirst_oid(lc));
	list_free(relids);
	return found;
}

/* Add the relations that we locked against everybody; others may add to our list, so it is locked. */
static List *
exclusive_locks(List *relids, int partition)
{
	SHM_QUEUE  *locks = &MyProc->myProcLocks[partition];
	PROCLOCK   *lock;

	LWLockAcquire(LockHashPartitionLockByIndex(partition), LW_SHARED);
	for (lock = (PROCLOCK *) SHMQueueNext(locks, locks, offsetof(PROCLOCK, procLink)); lock;
		 lock = (PROCLOCK *) SHMQueueNext(locks, &lock->procLink, offsetof(PROCLOCK, procLink)))
	{
		const LOCKTAG *tag = &lock->tag.myLock->tag;

		if ((lock->holdMask & LOCKBIT_ON(AccessExclusiveLock)) &&
			tag->locktag_type == LOCKTAG_RELATION)
			relids = lappend_oid(relids, tag->locktag_field2);
	}
	LWLockRelease(LockHashPartitionLockByIndex(partition));
	return relids;
}

static bool
is_shard(Oid relid)
{
	char		schema[NAMEDATALEN];

	snprintf(schema, sizeof(schema), "barks_" UINT64_FORMAT "_%u", node_driver_id(), MyDatabaseId);
	return get_rel_namespace(relid) == get_namespace_oid(schema, true);
}

static void
local_release(Lane *base)
{
	LocalLane  *lane = (LocalLane *) base;

	client_close(lane->client);
	pfree(lane);
}

static LaneEventKind
read_frame(const char *data, Size len, LaneEvent *event)
{
	StringInfoData frame;

	frame.data = unconstify(char *, data);
	frame.len = frame.maxlen = len;
	frame.cursor = 1;
	switch (data[0])
	{
		case FRAME_BATCH:
			event->task = frame_read_batch(&frame);
			event->data = frame.data + frame.cursor;
			event->len = frame.len - frame.cursor;
			return LANE_BATCH;
		case FRAME_NOTICE:
			event->error = frame_read_error(&frame, &event->task);
			return LANE_NOTICE;
		case FRAME_DONE:
			event->done = frame_read_done(&frame);
			event->task = event->done->task;
			return LANE_DONE;
		case FRAME_ERROR:
			event->error = frame_read_error(&frame, &event->task);
			return LANE_ERROR;
	}
	elog(ERROR, "unexpected frame \"%c\" from a worker", data[0]);
}
