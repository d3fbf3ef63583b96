/*-------------------------------------------------------------------------
 * cluster_snapshot.c
 *	  One consistent view of all nodes for a statement or a transaction.
 *
 * A View is what users of equal driver snapshots share: on each node one
 * holder, a stream whose transaction's snapshot is exported from the start, and
 * further streams that imported it.  A ClusterSnapshot is one reference to a
 * View; it belongs to the resource owner it was acquired under, so an error
 * drops it with the streams taken through it.
 *
 * The command that opens a stream ends in COMMIT, which the node runs by itself
 * once we end the COPY; so the last reference to a View leaves its streams
 * without waiting and nothing stays open on the node.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/stop_point.h"
#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"
#include "cluster/node.h"
#include "cluster/recovery.h"
#include "cluster/snapshot_streams.h"

#define COMMIT_LOCK_CLASS	0x6261726b	/* "bark" */
#define COMMIT_LOCK_FIELD	0xba12	/* not one that SQL's advisory locks use */

const char *cluster_snapshot_copy = "barks.lane";

static int	snapshot_timeout = 10;
static bool tried_on_plan;		/* in this transaction */

static MemoryContext context;
dlist_head	snapshot_views = DLIST_STATIC_INIT(snapshot_views);
dlist_head	snapshot_references = DLIST_STATIC_INIT(snapshot_references);

static void setup_backend(void);
static View *find_view(Snapshot snapshot);
static View *make_view(Snapshot snapshot);
static ClusterSnapshot *refer(View *view);
static ClusterSnapshot *take_nodes(Snapshot snapshot, List *nodes, bool hold,
								   Snapshot (*renew) (void *arg), void *arg);
static ClusterSnapshot *try_take_nodes(Snapshot snapshot, List *nodes, bool hold,
									   Snapshot (*renew) (void *arg), void *arg, bool last);
static bool take_under_lock(View *view, List *conns, bool last);
static bool start_streams(List *conns, bool last);
static void refuse_out_of_step(View *view, Snapshot snapshot, List *nodes);
static void add_node_view(View *view, NodeConnection *conn);
static void lock_when_settled(List *nodes);
static List *missing_nodes(View *view, List *nodes);
static NodeView *find_node_view(View *view, Oid node);
static void forget_lost(Oid node, const char *command);
static void drop_reference(ClusterSnapshot *snap);
static void end_view(View *view);
static void set_commit_lock_tag(LOCKTAG *tag);
static void on_xact(XactEvent event, void *arg);
static void on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg);

void
cluster_snapshot_init(void)
{
	DefineCustomIntVariable("barks.snapshot_timeout",
							"Time to wait for the nodes to give their snapshots; distributed commits wait meanwhile.",
							NULL, &snapshot_timeout, 10, 1, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	/* at load, so that later modules' callbacks run before these */
	RegisterXactCallback(on_xact, NULL);
	RegisterResourceReleaseCallback(on_owner_release, NULL);
}

ClusterSnapshot *
cluster_snapshot_acquire(Snapshot snapshot, List *nodes)
{
	View	   *view;

	/*
	 * A SERIALIZABLE transaction reads here as a REPEATABLE READ one.  Nothing is
	 * lost by that: serializability is promised among serializable transactions
	 * only, and none of them can write to a node (transaction.c refuses it), so
	 * no dependency among them can run through a node.
	 */
	setup_backend();
	view = find_view(snapshot);
	if (IsolationUsesXactSnapshot() && (!view || view->nodes == NIL))
	{
		/* Later statements of the transaction may read any node. */
		ListCell   *lc;

		nodes = list_copy(nodes);
		foreach(lc, node_list())
			if (node_alive(lfirst_oid(lc)))
				nodes = list_append_unique_oid(nodes, lfirst_oid(lc));
	}
	if (view && missing_nodes(view, nodes) == NIL)
		return refer(view);
	return take_nodes(snapshot, nodes, false, NULL, NULL);
}

ClusterSnapshot *
cluster_snapshot_acquire_in_step(Snapshot snapshot, List *nodes,
								 Snapshot (*renew) (void *arg), void *arg)
{
	View	   *view;

	setup_backend();
	view = find_view(snapshot);
	if (view && (view->in_step || !renew) && missing_nodes(view, nodes) == NIL)
	{
		view->held = true;
		return refer(view);
	}
	return take_nodes(snapshot, nodes, true, renew, arg);
}

bool
cluster_snapshot_exists(Snapshot snapshot)
{
	return find_view(snapshot) != NULL;
}

bool
cluster_snapshot_has(Snapshot snapshot, Oid node)
{
	View	   *view = find_view(snapshot);

	return view && find_node_view(view, node);
}

bool
cluster_snapshot_is_lost(Snapshot snapshot, Oid node)
{
	View	   *view = find_view(snapshot);
	NodeView   *nv = view ? find_node_view(view, node) : NULL;

	return nv && nv->broken && view->commits != cluster_commit_count();
}

void
cluster_snapshot_on_plan(void)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (!IsolationUsesXactSnapshot() || tried_on_plan ||
		MyBackendType != B_BACKEND || !ActiveSnapshotSet() || IsInParallelMode())
		return;
	tried_on_plan = true;
	if (node_list() == NIL)
		return;

	/* Nobody may need the nodes, so that one is down is no error yet, nor waited for. */
	BeginInternalSubTransaction(NULL);
	connection_patience = false;
	PG_TRY();
	{
		cluster_snapshot_release(cluster_snapshot_acquire(GetTransactionSnapshot(), NIL));
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			sqlstate = geterrcode();

		connection_patience = true;
		if (sqlstate == ERRCODE_QUERY_CANCELED || sqlstate == ERRCODE_OUT_OF_MEMORY)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	connection_patience = true;
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
}

void
cluster_snapshot_release(ClusterSnapshot *snap)
{
	drop_reference(snap);
}

const char *
cluster_snapshot_id(ClusterSnapshot *snap, Oid node)
{
	NodeView   *nv = snapshot_node_view(snap->view, node);

	if (nv->broken)
		snapshot_lost(node);
	return nv->id;
}

void
cluster_snapshot_import(NodeConnection *conn, const char *command, bool stream)
{
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		if (stream)
		{
			connection_stream_send(conn, command);
			connection_stream_wait_all(list_make1(conn));
		}
		else
			connection_exec(conn, command);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_INVALID_PARAMETER_VALUE)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		forget_lost(connection_node(conn), command);
		snapshot_lost(connection_node(conn));	/* "invalid snapshot identifier" */
	}
	PG_END_TRY();
}

/*
 * The node does not know an id any more that is part of the command: its holder
 * is gone, which we have not heard yet.
 */
static void
forget_lost(Oid node, const char *command)
{
	dlist_iter	iter;

	dlist_foreach(iter, &snapshot_views)
	{
		NodeView   *nv = find_node_view(dlist_container(View, link, iter.cur), node);

		if (nv && strstr(command, nv->id))
			nv->broken = true;
	}
}

const char *
cluster_snapshot_content(ClusterSnapshot *snap, Oid node, int *holder)
{
	NodeView   *nv = snapshot_node_view(snap->view, node);

	if (nv->broken)
		snapshot_lost(nv->node);
	*holder = connection_backend_pid(nv->holder);
	return nv->content;
}

void
commit_lock_acquire(bool exclusive)
{
	LOCKTAG		tag;

	set_commit_lock_tag(&tag);
	(void) LockAcquire(&tag, exclusive ? ExclusiveLock : ShareLock, false, false);
}

void
commit_lock_release(void)
{
	LOCKTAG		tag;

	set_commit_lock_tag(&tag);
	if (LockHeldByMe(&tag, ExclusiveLock))
		LockRelease(&tag, ExclusiveLock, false);
	else
		LockRelease(&tag, ShareLock, false);
}

static void
setup_backend(void)
{
	if (context)
		return;
	context = AllocSetContextCreate(TopMemoryContext, "barks cluster snapshots",
									ALLOCSET_DEFAULT_SIZES);
}

/* The view of a driver snapshot that sees the same transactions. */
static View *
find_view(Snapshot snapshot)
{
	dlist_iter	iter;

	dlist_foreach(iter, &snapshot_views)
	{
		View	   *view = dlist_container(View, link, iter.cur);

		if (view->xmin == snapshot->xmin && view->xmax == snapshot->xmax &&
			view->xcnt == snapshot->xcnt &&
			memcmp(view->xip, snapshot->xip, view->xcnt * sizeof(TransactionId)) == 0)
			return view;
	}
	return NULL;
}

static View *
make_view(Snapshot snapshot)
{
	MemoryContext mine = AllocSetContextCreate(context, "barks view", ALLOCSET_SMALL_SIZES);
	View	   *view = MemoryContextAllocZero(mine, sizeof(View));
	Size		size = snapshot->xcnt * sizeof(TransactionId);

	view->context = mine;
	view->xmin = snapshot->xmin;
	view->xmax = snapshot->xmax;
	view->xcnt = snapshot->xcnt;
	view->xip = MemoryContextAlloc(mine, Max(size, 1));
	memcpy(view->xip, snapshot->xip, size);
	view->keep = IsolationUsesXactSnapshot();
	dlist_push_head(&snapshot_views, &view->link);
	return view;
}

static ClusterSnapshot *
refer(View *view)
{
	ClusterSnapshot *snap = MemoryContextAllocZero(context, sizeof(ClusterSnapshot));

	snap->view = view;
	snap->owner = CurrentResourceOwner;
	dlist_push_head(&snapshot_references, &snap->link);
	view->references++;
	return snap;
}

/*
 * Take the snapshots of these nodes that the view of the driver's snapshot does
 * not have yet, all under the commit lock.
 */
static ClusterSnapshot *
take_nodes(Snapshot snapshot, List *nodes, bool hold, Snapshot (*renew) (void *arg), void *arg)
{
	ClusterSnapshot *snap = NULL;

	/*
	 * Once more when a connection from before breaks, as one does to a node that
	 * is restarting: the next one waits for it.
	 */
	if (connection_patience)
		snap = try_take_nodes(snapshot, nodes, hold, renew, arg, false);
	return snap ? snap : try_take_nodes(snapshot, nodes, hold, renew, arg, true);
}

static ClusterSnapshot *
try_take_nodes(Snapshot snapshot, List *nodes, bool hold, Snapshot (*renew) (void *arg),
			   void *arg, bool last)
{
	/* connected before the lock is taken: commits must not wait for that */
	List	   *conns = connection_acquire_all(nodes);
	ClusterSnapshot *snap;
	View	   *view;
	List	   *missing;
	bool		seen;
	ListCell   *lc;

	lock_when_settled(nodes);
	seen = cluster_commits_seen(snapshot);
	if (!seen && renew)
	{
		snapshot = renew(arg);
		seen = true;
	}
	view = find_view(snapshot);
	/* whoever reads under it does not mind what we see, but for what a statement holds */
	if (!view || (!view->keep && !view->held && view->commits != cluster_commit_count()))
		view = make_view(snapshot);

	/* The reference comes first: an error below must drop the view. */
	snap = refer(view);
	missing = missing_nodes(view, nodes);
	if (missing != NIL)
		refuse_out_of_step(view, snapshot, missing);
	view->in_step |= seen;
	view->held |= hold;
	foreach(lc, conns)
	{
		NodeConnection *conn = lfirst(lc);

		if (list_member_oid(missing, connection_node(conn)))
			continue;
		connection_release(conn);
		conns = foreach_delete_current(conns, lc);
	}
	if (conns == NIL)
		commit_lock_release();
	else if (!take_under_lock(view, conns, last))
	{
		cluster_snapshot_release(snap);
		return NULL;
	}
	return snap;
}

/* Under the commit lock, which this releases; false when a connection is lost. */
static bool
take_under_lock(View *view, List *conns, bool last)
{
	bool		started;
	ListCell   *lc;

	view->commits = cluster_commit_count();
	BARKS_STOP_POINT("snapshot.before_take");
	started = start_streams(conns, last);
	commit_lock_release();
	if (!started)
		return false;
	BARKS_STOP_POINT("snapshot.taken");

	foreach(lc, conns)
		add_node_view(view, lfirst(lc));
	return true;
}

/* On all of these; false when one of them is lost, and all are given back. */
static bool
start_streams(List *conns, bool last)
{
	MemoryContext caller = CurrentMemoryContext;
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), snapshot_timeout * INT64CONST(1000));
	char	   *command = psprintf("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
								   "SELECT pg_catalog.pg_export_snapshot() OPERATOR(pg_catalog.||) ' ' "
								   "OPERATOR(pg_catalog.||) pg_catalog.pg_current_snapshot()::pg_catalog.text;"
								   "COPY %s TO STDOUT;COMMIT",
								   cluster_snapshot_copy);
	volatile bool started = false;
	ListCell   *lc;

	PG_TRY();
	{
		foreach(lc, conns)
		{
			connection_set_deadline(lfirst(lc), until);
			connection_stream_send(lfirst(lc), command);
		}
		connection_stream_wait_all(conns);
		started = true;
	}
	PG_CATCH();
	{
		if (last || ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_CONNECTION_EXCEPTION ||
			GetCurrentTimestamp() >= until)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		foreach(lc, conns)
		{
			connection_stream_leave(lfirst(lc));
			connection_park(lfirst(lc));
		}
	}
	PG_END_TRY();
	return started;
}

/* A view never mixes what was before a distributed commit with what was after. */
static void
refuse_out_of_step(View *view, Snapshot snapshot, List *nodes)
{
	if (view->nodes != NIL && cluster_commit_count() != view->commits)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not read node \"%s\" as of the same time as the other nodes",
						node_name(linitial_oid(nodes))),
				 errdetail("A distributed transaction was committed since their snapshots were taken."),
				 errhint("Retry the transaction.")));
	if (view->keep && view->nodes == NIL && !cluster_commits_seen(snapshot))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not read the nodes as of the start of the transaction"),
				 errdetail("A distributed transaction was committed since."),
				 errhint("Retry the transaction.")));
}

/*
 * The view takes over the stream whose transaction has the node's snapshot: of
 * a node that it did not have, or of one whose holder was lost.
 */
static void
add_node_view(View *view, NodeConnection *conn)
{
	MemoryContext old = MemoryContextSwitchTo(view->context);
	const char *value = connection_stream_value(conn);
	const char *blank = strchr(value, ' ');
	NodeView   *nv = find_node_view(view, connection_node(conn));

	if (!blank)
		elog(ERROR, "unexpected snapshot \"%s\" of a node", value);
	if (!nv)
	{
		nv = palloc0(sizeof(NodeView));
		nv->node = connection_node(conn);
		view->nodes = lappend(view->nodes, nv);
	}
	if (nv->holder && list_member_ptr(nv->quiet, nv->holder))
		connection_discard(nv->holder); /* see forget_lost */
	strlcpy(nv->id, value, Min(sizeof(nv->id), blank - value + 1));
	nv->content = pstrdup(blank + 1);
	nv->holder = conn;
	nv->broken = false;
	nv->quiet = lcons(conn, nv->quiet);
	connection_set_deadline(conn, DT_NOEND);
	connection_keep(conn, snapshot_stream_closes);
	MemoryContextSwitchTo(old);
}

/*
 * Take the commit lock at a moment when no node may have a prepared
 * transaction of ours that was decided: it would show half of it.
 */
static void
lock_when_settled(List *nodes)
{
	for (;;)
	{
		ListCell   *lc;
		bool		settled = true;

		commit_lock_acquire(false);
		foreach(lc, nodes)
		{
			uint64		doubts;

			if (!node_state_settled(lfirst_oid(lc), &doubts))
			{
				settled = false;
				break;
			}
		}
		if (settled)
			return;
		commit_lock_release();
		recovery_settle_node(lfirst_oid(lc));
	}
}

/* Those that the view has no snapshot of, or none that one can still import. */
static List *
missing_nodes(View *view, List *nodes)
{
	List	   *missing = NIL;
	ListCell   *lc;

	foreach(lc, nodes)
	{
		NodeView   *nv = find_node_view(view, lfirst_oid(lc));

		if (!nv || nv->broken)
			missing = list_append_unique_oid(missing, lfirst_oid(lc));
	}
	return missing;
}

static NodeView *
find_node_view(View *view, Oid node)
{
	ListCell   *lc;

	foreach(lc, view->nodes)
		if (((NodeView *) lfirst(lc))->node == node)
			return lfirst(lc);
	return NULL;
}

NodeView *
snapshot_node_view(View *view, Oid node)
{
	NodeView   *nv = find_node_view(view, node);

	if (!nv)
		elog(ERROR, "node %u is not in the cluster snapshot", node);
	return nv;
}

void
snapshot_lost(Oid node)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("the snapshot of node \"%s\" is lost", node_name(node)),
			 errhint("Retry the transaction.")));
}

static void
drop_reference(ClusterSnapshot *snap)
{
	View	   *view = snap->view;

	snapshot_abandon_taken(snap);
	dlist_delete(&snap->link);
	pfree(snap);
	if (--view->references == 0 && (!view->keep || view->nodes == NIL))
		end_view(view);
}

static void
end_view(View *view)
{
	ListCell   *lc;

	foreach(lc, view->nodes)
	{
		NodeView   *nv = lfirst(lc);
		List	   *quiet = nv->quiet;
		List	   *stopping = nv->stopping;

		nv->quiet = nv->stopping = NIL;
		nv->holder = NULL;
		snapshot_leave_streams(quiet);
		snapshot_leave_streams(stopping);
	}
	dlist_delete(&view->link);
	MemoryContextDelete(view->context);
}

static void
set_commit_lock_tag(LOCKTAG *tag)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, COMMIT_LOCK_CLASS, 0, COMMIT_LOCK_FIELD);
}

/* The transaction ends: so do its views.  Streams that are quiet are worth keeping. */
static void
on_xact(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	tried_on_plan = false;
	while (!dlist_is_empty(&snapshot_references))
		drop_reference(dlist_head_element(ClusterSnapshot, link, &snapshot_references));
	while (!dlist_is_empty(&snapshot_views))
		end_view(dlist_head_element(View, link, &snapshot_views));
}

static void
on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach_modify(iter, &snapshot_references)
	{
		ClusterSnapshot *snap = dlist_container(ClusterSnapshot, link, iter.cur);

		if (snap->owner != CurrentResourceOwner)
			continue;
		if (commit)
			elog(WARNING, "a cluster snapshot was not released");
		drop_reference(snap);
	}
}
