/*-------------------------------------------------------------------------
 * analyze.c
 *	  ANALYZE of a distributed table is ANALYZE of its shards, too.
 *
 * The driver's statistics are of the whole table; a node plans its tasks by its
 * own.  Autovacuum there would come to it later.  Statistics are no part of the
 * transaction: nodes are asked by connections of their own, which makes no
 * distributed transaction of it, unless this one wrote there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/vacuum.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/analyze.h"
#include "table/layout.h"
#include "table/shard.h"

static char *analyze_command(const TableLayout *layout, Oid node);
static void analyze_here(const TableLayout *layout);
static void analyze_local_shard(Oid relid);

void
analyze_shards(Relation rel)
{
	const TableLayout *layout = table_layout(rel);
	List	   *written = NIL;
	List	   *others = NIL;
	List	   *conns;
	ListCell   *lc;

	if (!layout->created)
		return;
	foreach(lc, shard_nodes(layout))
	{
		Oid			node = lfirst_oid(lc);

		if (!OidIsValid(node))
			analyze_here(layout);
		else if (transaction_wrote(node))
			written = lappend_oid(written, node);
		else if (node_alive(node))
			others = lappend_oid(others, node);
	}
	foreach(lc, written)
		connection_exec(transaction_session(lfirst_oid(lc)), analyze_command(layout, lfirst_oid(lc)));
	if (others == NIL)
		return;
	conns = connection_acquire_all(others);
	foreach(lc, conns)
		connection_send(lfirst(lc), analyze_command(layout, connection_node(lfirst(lc))));
	connection_finish_all(conns);
	foreach(lc, conns)
		connection_release(lfirst(lc));
}

static char *
analyze_command(const TableLayout *layout, Oid node)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;

		if (table_place(layout, i, &partition) == node)
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? ", " : "ANALYZE ", table_shard_name(layout, partition));
	}
	return sql.data;
}

static void
analyze_here(const TableLayout *layout)
{
	for (int i = 0; i < layout->nnodes; i++)
		if (!OidIsValid(layout->nodes[i]))
			analyze_local_shard(shard_local_relid(layout->filenode, shard_partition(layout, i)));
}

/* Not by a command, which could not run within the one that is running. */
static void
analyze_local_shard(Oid relid)
{
	VacuumParams params = {.options = VACOPT_ANALYZE, .log_min_duration = -1};
	Relation	rel = relation_open(relid, ShareUpdateExclusiveLock);
	Oid			owner = rel->rd_rel->relowner;
	Oid			user;
	int			context;

	relation_close(rel, NoLock);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	analyze_rel(relid, NULL, &params, NIL, true, GetAccessStrategy(BAS_VACUUM));
	SetUserIdAndSecContext(user, context);
}
