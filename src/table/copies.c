/*-------------------------------------------------------------------------
 * copies.c
 *	  Copies of broadcast tables follow the set of nodes.
 *
 * Both happen in the transaction that adds or removes the node, with the
 * tables locked against writers.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "batch/batch.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/copies.h"
#include "table/load_stream.h"
#include "table/pending.h"
#include "table/shard.h"
#include "table/writer.h"

static void on_node_added(Oid node);
static void on_node_removing(Oid node, bool reachable);
static void copy_rows(Relation rel, Oid node);
static void send_batch(BatchBuilder *builder, const char *shard, Oid node, StringInfo frame);

void
copies_init(void)
{
	node_added_hook = on_node_added;
	node_removing_hook = on_node_removing;
}

static void
on_node_added(Oid node)
{
	ListCell   *lc;

	writer_flush_all();
	pending_apply();
	foreach(lc, shard_tables())
	{
		Relation	rel = try_table_open(lfirst_oid(lc), ShareLock);
		const TableLayout *layout;

		if (rel == NULL)
			continue;
		layout = table_layout(rel);
		if (layout->kind == LAYOUT_BROADCAST && layout->created && OidIsValid(layout->nodes[0]))
		{
			shards_create_copy(rel, node);
			copy_rows(rel, node);
			placement_insert(layout->filenode, &(Placement) {.node = node}, 1);
			CacheInvalidateRelcache(rel);
		}
		table_close(rel, NoLock);
	}
}

static void
on_node_removing(Oid node, bool reachable)
{
	ListCell   *lc;

	writer_flush_all();
	pending_apply();
	foreach(lc, shard_tables())
	{
		Relation	rel = try_table_open(lfirst_oid(lc), ShareLock);
		const TableLayout *layout;

		if (rel == NULL)
			continue;
		layout = table_layout(rel);
		if (layout->created && list_member_oid(shard_nodes(layout), node))
		{
			if (reachable)
				shards_drop_copy(rel, node);
			placement_delete_node(layout->filenode, node);
			CacheInvalidateRelcache(rel);
		}
		table_close(rel, NoLock);
	}
	if (reachable)
		connection_exec(transaction_session(node),
						psprintf("SELECT barks.drop_kept_functions(%s)",
								 quote_literal_cstr(table_function_schema())));
}

static void
copy_rows(Relation rel, Oid node)
{
	const TableLayout *layout = table_layout(rel);
	TupleDesc	desc = RelationGetDescr(rel);
	AttrNumber *attnums = palloc(desc->natts * sizeof(AttrNumber));
	TupleDesc	columns = shard_live_columns(desc, attnums);
	BatchSchema *schema = batch_schema_create(columns, CurrentMemoryContext);
	BatchBuilder *builder = batch_builder_create(schema, 8192, CurrentMemoryContext);
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));
	char	   *shard = table_shard_name(layout, 0);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	StringInfoData frame;

	initStringInfo(&frame);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		int			level = batch_text_settings_begin(schema);
		bool		full;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < columns->natts; i++)
			values[i] = slot_getattr(slot, attnums[i], &nulls[i]);
		full = batch_builder_add(builder, values, nulls);
		batch_text_settings_end(level);
		if (full)
			send_batch(builder, shard, node, &frame);
	}
	send_batch(builder, shard, node, &frame);
	load_stream_end_all();
	batch_builder_free(builder);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
}

static void
send_batch(BatchBuilder *builder, const char *shard, Oid node, StringInfo frame)
{
	if (batch_builder_rows(builder) == 0)
		return;
	resetStringInfo(frame);
	appendBinaryStringInfo(frame, shard, strlen(shard) + 1);
	batch_builder_flush(builder, BATCH_COMPRESS_OFF, frame);
	load_stream_put(node, GetCurrentCommandId(true), frame);
}
