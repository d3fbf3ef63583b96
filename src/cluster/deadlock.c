/*-------------------------------------------------------------------------
 * deadlock.c
 *	  Find sessions that wait for each other over several servers.
 *
 * The sessions that a driver's backend has on nodes carry its process id in
 * their application_name, so "who waits for whom" on a node is at once said of
 * backends of the driver.  Only sessions of the service role are believed.  Waits on the driver itself come from its own lock
 * table.  A backend that asked and can be reached from itself is the victim, as
 * in PostgreSQL the one whose deadlock_timeout is over first.
 *
 * Servers are not asked at one moment, so a circle may be made of waits that
 * were not there together.  Only what is seen twice is believed: waits that are
 * part of a deadlock do not end.
 *
 * A backend that adds a node it already has a session on may wait for itself
 * there; node_sql.c ends that by lock_timeout.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "cluster/cluster_state.h"
#include "cluster/deadlock.h"
#include "cluster/node.h"

typedef struct Edge
{
	Oid			node;			/* where */
	int			waiter;
	int			blocker;
} Edge;

static uint32 asking;			/* the number of our last asking; 0: none open */

static MemoryContext look_context;
static DeadlockAsk *asks;
static int	nasks;
static List *edges;				/* of Edge */
static List *suspects;			/* of DeadlockAsk: seen in a circle by the last look */

static bool in_circle(int pid);
static bool waits_for_itself(int pid, Oid node);
static List *blockers_of(int pid, Oid node);
static List *local_blockers(int pid);
static bool is_suspect(const DeadlockAsk *ask);
static void drop_edges_of(int pid);

void
deadlock_ask(void)
{
	asking = cluster_state_ask_deadlock();
}

void
deadlock_check(void)
{
	if (!cluster_state_is_victim(asking))
		return;
	asking = 0;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
			 errmsg("deadlock detected"),
			 errdetail("This transaction waits on a node for another one that waits, on another server, for this one.")));
}

void
deadlock_forget(void)
{
	asking = 0;
}

bool
deadlock_others_wait(void)
{
	for (int i = 0; i < ProcGlobal->allProcCount; i++)
	{
		PGPROC	   *proc = &ProcGlobal->allProcs[i];
		List	   *pids;
		bool		found;

		if (proc->pid == 0 || proc->waitLock == NULL)
			continue;			/* a look without a lock is enough: there will be another */
		pids = local_blockers(proc->pid);
		found = list_member_int(pids, MyProcPid);
		list_free(pids);
		if (found)
			return true;
	}
	return false;
}

char *
deadlock_session_name(void)
{
	return psprintf("barks driver " UINT64_FORMAT " backend %d", node_driver_id(), MyProcPid);
}

bool
deadlock_look_begin(bool keep)
{
	MemoryContext old;
	DeadlockAsk *new;
	int			nnew;

	if (!look_context)
		look_context = AllocSetContextCreate(TopMemoryContext, "barks deadlocks", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(look_context);
	nnew = cluster_state_deadlock_asks(&new);
	if (!keep)
		nasks = 0;
	asks = nasks == 0 ? palloc(sizeof(DeadlockAsk) * Max(nnew, 1)) :
		repalloc(asks, sizeof(DeadlockAsk) * (nasks + nnew));
	memcpy(asks + nasks, new, sizeof(DeadlockAsk) * nnew);
	nasks += nnew;
	edges = NIL;
	pfree(new);
	if (nasks == 0 && suspects == NIL)
		MemoryContextReset(look_context);
	MemoryContextSwitchTo(old);
	return nnew > 0;
}

char *
deadlock_question(void)
{
	char		ours[64];

	snprintf(ours, sizeof(ours), "'barks driver " UINT64_FORMAT " backend '", node_driver_id());
	return psprintf("SELECT pg_catalog.substr(w.application_name, pg_catalog.length(%s) + 1),"
					" pg_catalog.substr(b.application_name, pg_catalog.length(%s) + 1)"
					" FROM pg_catalog.pg_stat_activity w, pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) p,"
					" pg_catalog.pg_stat_activity b WHERE w.wait_event_type = 'Lock' AND b.pid = p"
					" AND w.usename OPERATOR(pg_catalog.=) session_user AND b.usename OPERATOR(pg_catalog.=) session_user"
					" AND w.application_name OPERATOR(pg_catalog.<>) b.application_name"
					" AND pg_catalog.starts_with(w.application_name, %s)"
					" AND pg_catalog.starts_with(b.application_name, %s)",
					ours, ours, ours, ours);
}

void
deadlock_look_add(Oid node, const PGresult *res)
{
	MemoryContext old = MemoryContextSwitchTo(look_context);

	for (int i = 0; i < PQntuples(res); i++)
	{
		Edge	   *edge = palloc(sizeof(Edge));

		edge->node = node;
		edge->waiter = atoi(PQgetvalue(res, i, 0));
		edge->blocker = atoi(PQgetvalue(res, i, 1));
		edges = lappend(edges, edge);
	}
	MemoryContextSwitchTo(old);
}

bool
deadlock_look_end(void)
{
	MemoryContext old = MemoryContextSwitchTo(look_context);
	List	   *new_suspects = NIL;

	for (int i = 0; i < nasks; i++)
	{
		DeadlockAsk *copy;

		if (!in_circle(asks[i].pid))
			continue;
		if (is_suspect(&asks[i]))
		{
			cluster_state_set_victim(&asks[i]);
			drop_edges_of(asks[i].pid);
			continue;
		}
		copy = palloc(sizeof(DeadlockAsk));
		*copy = asks[i];
		new_suspects = lappend(new_suspects, copy);
	}
	MemoryContextSwitchTo(old);
	suspects = new_suspects;
	if (suspects == NIL)
	{
		MemoryContextReset(look_context);
		nasks = 0;
		edges = NIL;
	}
	return suspects != NIL;
}

/* A circle within one node is that node's to break. */
static bool
in_circle(int pid)
{
	ListCell   *lc;

	if (!waits_for_itself(pid, InvalidOid))
		return false;
	foreach(lc, edges)
	{
		Edge	   *edge = lfirst(lc);

		if (edge->waiter == pid && waits_for_itself(pid, edge->node))
			return false;
	}
	return true;
}

/* By others, on that node, or anywhere. */
static bool
waits_for_itself(int pid, Oid node)
{
	List	   *reached = blockers_of(pid, node);

	/* the list grows while it is walked */
	for (int i = 0; i < list_length(reached); i++)
	{
		ListCell   *lc;

		if (list_nth_int(reached, i) == pid)
			return true;
		foreach(lc, blockers_of(list_nth_int(reached, i), node))
			reached = list_append_unique_int(reached, lfirst_int(lc));
	}
	return false;
}

/* On that node; InvalidOid: on all, and by locks of this server. */
static List *
blockers_of(int pid, Oid node)
{
	List	   *pids = OidIsValid(node) ? NIL : local_blockers(pid);
	ListCell   *lc;

	foreach(lc, edges)
	{
		Edge	   *edge = lfirst(lc);

		if (edge->waiter == pid && (!OidIsValid(node) || edge->node == node))
			pids = list_append_unique_int(pids, edge->blocker);
	}
	return pids;
}

static List *
local_blockers(int pid)
{
	ArrayType  *array = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(pid)));
	int32	   *values = (int32 *) ARR_DATA_PTR(array);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	List	   *pids = NIL;

	for (int i = 0; i < n; i++)
		pids = list_append_unique_int(pids, values[i]);
	pfree(array);
	return pids;
}

static bool
is_suspect(const DeadlockAsk *ask)
{
	ListCell   *lc;

	foreach(lc, suspects)
	{
		DeadlockAsk *suspect = lfirst(lc);

		if (suspect->pid == ask->pid && suspect->number == ask->number)
			return true;
	}
	return false;
}

/* It will give way: others may not have to. */
static void
drop_edges_of(int pid)
{
	ListCell   *lc;

	foreach(lc, edges)
		if (((Edge *) lfirst(lc))->waiter == pid)
			edges = foreach_delete_current(edges, lc);
}
