/*-------------------------------------------------------------------------
 * in_step.c
 *	  One view of nodes and driver for a whole statement of READ COMMITTED.
 *
 * A scan takes snapshots of the nodes when its first row is asked for, and gives
 * them up when it ends.  That is enough for a statement that is a single scan.
 * Any other must see the same state of the cluster wherever and whenever it
 * looks: in ordinary tables, in another scan, in one that is repeated, in a
 * function that it calls.  So all it may need is taken before it starts, and
 * held until it ends.
 *
 * The driver's snapshot was taken a little earlier.  If a distributed
 * transaction may have been committed since, we replace it, which a statement
 * of READ COMMITTED allows as long as nothing was read under it: not, then, in
 * a STABLE function, which reads under the snapshot of the statement that calls
 * it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "cluster/cluster_snapshot.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/in_step.h"
#include "table/layout.h"

/* Of a running statement; in TopMemoryContext until it ends or fails. */
typedef struct Hold
{
	dlist_node	link;
	QueryDesc  *query;
	ResourceOwner owner;
	ClusterSnapshot *snapshot;
} Hold;

/* What a statement reads. */
typedef struct Sources
{
	int			count;			/* all that can be scanned, of any kind */
	bool		distributed;
	bool		local;			/* shards on this server, beside those on nodes */
	bool		wrote;			/* to one of the nodes, in this transaction */
	List	   *nodes;
} Sources;

typedef struct Renewal
{
	QueryDesc  *query;
	ResourceOwner owner;
} Renewal;

static dlist_head holds = DLIST_STATIC_INIT(holds);

static bool find_sources(PlannedStmt *plan, Sources *sources);
static void add_table(Sources *sources, Oid relid);
static bool calls_user_functions(PlannedStmt *plan);
static void hold(QueryDesc *query, List *nodes);
static bool may_renew(QueryDesc *query);
static Snapshot renew(void *arg);
static void end_owner(ResourceOwner owner, bool commit);
static void on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg);

void
in_step_init(void)
{
	RegisterResourceReleaseCallback(on_owner_release, NULL);
}

void
in_step_begin(QueryDesc *query, int eflags)
{
	Sources		sources;
	PlannedStmt *plan = query->plannedstmt;
	ListCell   *lc;

	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) || IsolationUsesXactSnapshot() || IsInParallelMode() ||
		query->snapshot == NULL || !IsMVCCSnapshot(query->snapshot) ||
		!find_sources(plan, &sources))
		return;
	if (calls_user_functions(plan))
	{
		foreach(lc, node_list())
			sources.nodes = list_append_unique_oid(sources.nodes, lfirst_oid(lc));
	}
	else if (sources.count == 1 && plan->subplans == NIL && !sources.local && !sources.wrote)
		return;
	foreach(lc, sources.nodes)
		if (!node_alive(lfirst_oid(lc)))
			sources.nodes = foreach_delete_current(sources.nodes, lc);
	if (sources.nodes != NIL)
		hold(query, sources.nodes);
}

void
in_step_end(QueryDesc *query)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &holds)
	{
		Hold	   *it = dlist_container(Hold, link, iter.cur);

		if (it->query != query)
			continue;
		cluster_snapshot_release(it->snapshot);
		dlist_delete(&it->link);
		end_owner(it->owner, true);
		pfree(it);
		return;
	}
}

/* What the plan reads, where; false when none of it is on nodes. */
static bool
find_sources(PlannedStmt *plan, Sources *sources)
{
	Index		rti = 0;
	ListCell   *lc;

	memset(sources, 0, sizeof(Sources));
	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		rti++;
		if (list_member_int(plan->resultRelations, rti))
			continue;
		switch (rte->rtekind)
		{
			case RTE_RELATION:
				if (rte->relkind == RELKIND_VIEW || rte->relkind == RELKIND_PARTITIONED_TABLE)
					break;
				sources->count++;
				if (table_is_distributed(rte->relid))
					add_table(sources, rte->relid);
				break;
			case RTE_FUNCTION:
			case RTE_TABLEFUNC:
			case RTE_VALUES:
			case RTE_CTE:
				sources->count++;
				break;
			default:
				break;
		}
	}
	return sources->nodes != NIL;
}

static void
add_table(Sources *sources, Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	const TableLayout *layout = table_layout(rel);

	for (int i = 0; i < layout->nnodes && layout->created; i++)
	{
		Oid			node = layout->nodes[i];

		if (!OidIsValid(node))
			sources->local = true;
		else
			sources->nodes = list_append_unique_oid(sources->nodes, node);
		sources->wrote |= transaction_wrote(node);
	}
	table_close(rel, NoLock);
}

/* They may read anything; the plan depends on those that are not built in. */
static bool
calls_user_functions(PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->invalItems)
		if (((PlanInvalItem *) lfirst(lc))->cacheId == PROCOID)
			return true;
	return false;
}

/*
 * Take the nodes' snapshots, if they can be had: that a node is down is an error
 * only for who needs it.  What a failed try took is given back by a resource
 * owner of its own.
 */
static void
hold(QueryDesc *query, List *nodes)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ResourceOwner attempt = ResourceOwnerCreate(owner, "barks statement");
	Renewal		renewal = {query, owner};
	Hold	   *it = MemoryContextAllocZero(TopMemoryContext, sizeof(Hold));

	it->query = query;
	it->owner = attempt;
	CurrentResourceOwner = attempt;
	PG_TRY();
	{
		it->snapshot = cluster_snapshot_acquire_in_step(query->snapshot, nodes,
														may_renew(query) ? renew : NULL, &renewal);
		dlist_push_head(&holds, &it->link);
	}
	PG_CATCH();
	{
		CurrentResourceOwner = owner;
		pfree(it);
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_CONNECTION_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		end_owner(attempt, false);
	}
	PG_END_TRY();
	CurrentResourceOwner = owner;
}

static void
end_owner(ResourceOwner owner, bool commit)
{
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, commit, false);
	ResourceOwnerDelete(owner);
}

/*
 * Is the snapshot this statement's alone?  Of a statement that runs, it is
 * registered twice, by its QueryDesc and by its executor state; one that we may
 * renew only once, by the QueryDesc, or twice, when its portal holds it too.
 */
static bool
may_renew(QueryDesc *query)
{
	return query->snapshot->regd_count <= 2 && query->crosscheck_snapshot == InvalidSnapshot;
}

/* The statement shall run under a snapshot taken now. */
static Snapshot
renew(void *arg)
{
	Renewal    *renewal = arg;
	QueryDesc  *query = renewal->query;
	Snapshot	old = query->snapshot;
	Snapshot	new;
	bool		active = ActiveSnapshotSet() && GetActiveSnapshot() == old;

	PushCopiedSnapshot(GetTransactionSnapshot());
	new = GetActiveSnapshot();
	new->curcid = old->curcid;
	query->snapshot = RegisterSnapshotOnOwner(new, renewal->owner);
	PopActiveSnapshot();
	/* the one that a portal pushed for itself, it will want to find there */
	if (active && !(ActivePortal && ActivePortal->portalSnapshot == old && old->active_count == 1))
	{
		PopActiveSnapshot();
		PushActiveSnapshot(query->snapshot);
	}
	UnregisterSnapshotFromOwner(old, renewal->owner);
	return query->snapshot;
}

/* The statement failed: cluster_snapshot.c drops the snapshot, we forget it. */
static void
on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	dlist_foreach_modify(iter, &holds)
	{
		Hold	   *it = dlist_container(Hold, link, iter.cur);

		if (it->owner != CurrentResourceOwner)
			continue;
		dlist_delete(&it->link);
		pfree(it);
	}
}
