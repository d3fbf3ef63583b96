/*-------------------------------------------------------------------------
 * shard_look.c
 *	  Whether shards are where they should be, and whether they have rows.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "executor/tuptable.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "cluster/recovery.h"
#include "cluster/transaction.h"
#include "table/shard.h"

static bool local_shard_empty(Oid relid);
static bool node_shards_empty(const TableLayout *layout, Oid node);
static bool local_shards_present(const TableLayout *layout);
static bool node_shards_present(const TableLayout *layout, Oid node);

bool
shards_empty(Relation rel)
{
	const TableLayout *layout = table_layout(rel);
	List	   *remote = NIL;
	ListCell   *lc;

	for (int i = 0; i < layout->nnodes; i++)
	{
		int			partition = shard_partition(layout, i);

		if (OidIsValid(layout->nodes[i]))
			remote = list_append_unique_oid(remote, layout->nodes[i]);
		else if (!local_shard_empty(shard_local_relid(layout->filenode, partition)))
			return false;
	}
	foreach(lc, remote)
		if (!node_shards_empty(layout, lfirst_oid(lc)))
			return false;
	return true;
}

bool
shards_present(Relation rel)
{
	const TableLayout *layout = table_layout(rel);
	List	   *nodes = NIL;
	ListCell   *lc;

	for (int i = 0; i < layout->nnodes; i++)
		nodes = list_append_unique_oid(nodes, layout->nodes[i]);
	foreach(lc, nodes)
		if (OidIsValid(lfirst_oid(lc)) ? !node_shards_present(layout, lfirst_oid(lc)) : !local_shards_present(layout))
			return false;
	return true;
}

static bool
local_shard_empty(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool		empty = !table_scan_getnextslot(scan, ForwardScanDirection, slot);

	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return empty;
}

static bool
node_shards_empty(const TableLayout *layout, Oid node)
{
	StringInfoData sql;
	NodeConnection *conn = transaction_session(node);
	PGresult   *res;
	bool		empty;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT 1 WHERE false");
	for (int i = 0; i < layout->nnodes; i++)
		if (layout->nodes[i] == node)
			appendStringInfo(&sql, " OR EXISTS (SELECT FROM %s)",
							 table_shard_name(layout, shard_partition(layout, i)));
	connection_detach_user(conn);
	res = connection_query(conn, sql.data, 0, NULL);
	empty = PQntuples(res) == 0;
	PQclear(res);
	return empty;
}

static bool
local_shards_present(const TableLayout *layout)
{
	Oid			schema = get_namespace_oid(table_shard_schema(), true);

	for (int i = 0; i < layout->nnodes; i++)
		if (!OidIsValid(layout->nodes[i]) &&
			(!OidIsValid(schema) ||
			 !OidIsValid(get_relname_relid(psprintf("t_%u_%d", layout->filenode, shard_partition(layout, i)), schema))))
			return false;
	return true;
}

static bool
node_shards_present(const TableLayout *layout, Oid node)
{
	bool		mine = transaction_wrote(node);
	NodeConnection *conn;
	StringInfoData sql;
	PGresult   *res;
	bool		present;

	if (!mine)
		recovery_settle_node(node); /* shards of a decided transaction must be there */
	conn = mine ? transaction_session(node) : connection_acquire(node);
	if (mine)
		connection_detach_user(conn);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT WHERE false");
	for (int i = 0; i < layout->nnodes; i++)
		if (layout->nodes[i] == node)
			appendStringInfo(&sql, " OR pg_catalog.to_regclass('%s') IS NULL",
							 table_shard_name(layout, shard_partition(layout, i)));
	res = connection_query(conn, sql.data, 0, NULL);
	present = PQntuples(res) == 0;
	PQclear(res);
	if (!mine)
		connection_release(conn);
	return present;
}
