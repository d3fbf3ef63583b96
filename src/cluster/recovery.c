/*-------------------------------------------------------------------------
 * recovery.c
 *	  Finish prepared transactions that nobody finished.
 *
 * Done by whoever reads or writes on the node next and by the monitor.  Whether
 * the driver's transaction is still running is looked at before its row is: a
 * transaction that has ended has either left its row for every later snapshot,
 * or never will.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "cluster/cluster_snapshot.h"
#include "cluster/cluster_state.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/recovery.h"

#define RECOVERY_LOCK_FIELD	0xba13	/* not one that SQL's advisory locks use */

typedef struct Decision
{
	char	   *gid;
	Oid			node;
	ItemPointerData tid;
} Decision;

static void settle(Oid node);
static List *prepared_gids(NodeConnection *conn);
static void finish_gid(NodeConnection *conn, const char *gid, List *decisions);
static bool transaction_is_over(const char *gid);
static List *read_decisions(Oid node);
static bool decided(List *decisions, const char *gid);
static bool contains(List *gids, const char *gid);
static Relation open_decisions(LOCKMODE lock);
static void set_lock_tag(LOCKTAG *tag, Oid node);

/*
 * The epoch is there because a transaction id that was lost in a crash, before
 * anything of it reached the disk, is given out again.
 */
char *
recovery_gid(FullTransactionId xid, Oid node)
{
	return psprintf("barks_" UINT64_FORMAT "_%u_" UINT64_FORMAT "_" UINT64_FORMAT "_%u", node_driver_id(),
					MyDatabaseId, cluster_epoch(), U64FromFullTransactionId(xid), node);
}

char *
recovery_prepared_query(const char *columns, Oid node)
{
	return psprintf("SELECT %s FROM pg_catalog.pg_prepared_xacts"
					" WHERE database = pg_catalog.current_database()"
					" AND gid LIKE 'barks\\_" UINT64_FORMAT "\\_%u\\_%%\\_%u'",
					columns, node_driver_id(), MyDatabaseId, node);
}

void
recovery_record(const char *gid, Oid node)
{
	Relation	rel = open_decisions(RowExclusiveLock);
	Datum		values[2] = {CStringGetTextDatum(gid), ObjectIdGetDatum(node)};
	bool		nulls[2] = {false, false};
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);

	CatalogTupleInsert(rel, tuple);
	table_close(rel, RowExclusiveLock);
}

void
recovery_settle_node(Oid node)
{
	LOCKTAG		tag;
	uint64		doubts;

	if (node_state_settled(node, &doubts))
		return;
	set_lock_tag(&tag, node);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	if (!node_state_settled(node, &doubts))
	{
		settle(node);
		node_state_settle(node, doubts);
	}
	LockRelease(&tag, ExclusiveLock, false);
}

void
recovery_clean_node(Oid node)
{
	List	   *decisions = read_decisions(node);
	NodeConnection *conn;
	List	   *prepared;
	Relation	rel;
	ListCell   *lc;

	recovery_settle_node(node);
	if (decisions == NIL)
		return;
	/*
	 * Asked after the decisions were read, so all of them had been prepared;
	 * and not while somebody is about to carry them out.
	 */
	conn = connection_acquire(node);
	commit_lock_acquire(false);
	prepared = prepared_gids(conn);
	commit_lock_release();
	connection_release(conn);
	rel = open_decisions(RowExclusiveLock);
	foreach(lc, decisions)
	{
		Decision   *decision = lfirst(lc);

		if (contains(prepared, decision->gid))
			node_state_doubt(node);
		else
			CatalogTupleDelete(rel, &decision->tid);
	}
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/*
 * The last one is written by the transaction that removes the node; whoever is
 * still to carry it out holds the commit lock.
 */
void
recovery_forget_removed(void)
{
	List	   *decisions = read_decisions(InvalidOid);
	List	   *nodes = node_list();
	Relation	rel;
	ListCell   *lc;

	if (decisions == NIL)
		return;
	commit_lock_acquire(false);
	commit_lock_release();
	rel = open_decisions(RowExclusiveLock);
	foreach(lc, decisions)
	{
		Decision   *decision = lfirst(lc);

		if (!list_member_oid(nodes, decision->node))
			CatalogTupleDelete(rel, &decision->tid);
	}
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/*
 * The commit lock keeps out those who are finishing a transaction of their own
 * just now.
 */
static void
settle(Oid node)
{
	NodeConnection *conn = connection_acquire(node);
	List	   *over = NIL;
	List	   *decisions;
	ListCell   *lc;

	commit_lock_acquire(false);
	foreach(lc, prepared_gids(conn))
		if (transaction_is_over(lfirst(lc)))
			over = lappend(over, lfirst(lc));
	if (over)
	{
		decisions = read_decisions(node);
		foreach(lc, over)
			finish_gid(conn, lfirst(lc), decisions);
	}
	commit_lock_release();
	connection_release(conn);
}

/* Ours on this node. */
static List *
prepared_gids(NodeConnection *conn)
{
	List	   *gids = NIL;
	PGresult   *res;

	res = connection_query(conn, recovery_prepared_query("gid", connection_node(conn)), 0, NULL);
	for (int i = 0; i < PQntuples(res); i++)
		gids = lappend(gids, pstrdup(PQgetvalue(res, i, 0)));
	PQclear(res);
	return gids;
}

static void
finish_gid(NodeConnection *conn, const char *gid, List *decisions)
{
	bool		commit = decided(decisions, gid);
	char	   *sql = psprintf("%s PREPARED %s", commit ? "COMMIT" : "ROLLBACK", quote_literal_cstr(gid));

	ereport(LOG,
			(errmsg("%s prepared transaction \"%s\" on node \"%s\"",
					commit ? "committing" : "rolling back", gid, connection_node_name(conn))));
	for (;;)
	{
		int			sqlstate = connection_try_exec(conn, sql);

		if (sqlstate == ERRCODE_SUCCESSFUL_COMPLETION || sqlstate == ERRCODE_UNDEFINED_OBJECT)
			return;				/* whoever aborted had sent the same */
		if (sqlstate != ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)	/* "is busy" */
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 10, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	connection_exec(conn, sql);	/* raises what is wrong */
}

static bool
transaction_is_over(const char *gid)
{
	unsigned long long epoch;
	unsigned long long id;

	if (sscanf(gid, "barks_%*[0-9]_%*[0-9]_%llu_%llu_", &epoch, &id) != 2)
		return false;
	return epoch != cluster_epoch() ||
		!TransactionIdIsInProgress(XidFromFullTransactionId(FullTransactionIdFromU64(id)));
}

/* The decisions about a node, or about all, as of now. */
static List *
read_decisions(Oid node)
{
	Relation	rel = open_decisions(AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	List	   *decisions = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		null;
		Oid			about = DatumGetObjectId(heap_getattr(tuple, 2, RelationGetDescr(rel), &null));
		Decision   *decision;

		if (OidIsValid(node) && about != node)
			continue;
		decision = palloc(sizeof(Decision));
		decision->node = about;
		decision->gid = TextDatumGetCString(heap_getattr(tuple, 1, RelationGetDescr(rel), &null));
		decision->tid = tuple->t_self;
		decisions = lappend(decisions, decision);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return decisions;
}

static bool
decided(List *decisions, const char *gid)
{
	ListCell   *lc;

	foreach(lc, decisions)
		if (strcmp(((Decision *) lfirst(lc))->gid, gid) == 0)
			return true;
	return false;
}

static bool
contains(List *gids, const char *gid)
{
	ListCell   *lc;

	foreach(lc, gids)
		if (strcmp(lfirst(lc), gid) == 0)
			return true;
	return false;
}

static Relation
open_decisions(LOCKMODE lock)
{
	Oid			schema = get_namespace_oid("barks", false);

	return table_open(get_relname_relid("dist_transaction", schema), lock);
}

static void
set_lock_tag(LOCKTAG *tag, Oid node)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, node, 0, RECOVERY_LOCK_FIELD);
}
