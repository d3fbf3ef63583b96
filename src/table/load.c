/*-------------------------------------------------------------------------
 * load.c
 *	  Store rows in a shard of this server.
 *
 * Tuples are formed into one context per shard, inserted a few hundred at a
 * time as COPY does, entered into the shard's indexes, and the context reset:
 * memory is bounded whatever is loaded.  Rows were checked on the driver; what
 * can fail here is a unique index.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "table/load.h"
#include "table/shard.h"

/* As COPY's own limits. */
#define SINK_MAX_ROWS	1000
#define SINK_MAX_BYTES	65536

struct ShardSink
{
	MemoryContext context;
	MemoryContext tuples;		/* reset at every flush */
	Relation	rel;
	TupleDesc	live;			/* without dropped columns */
	AttrNumber *attnums;		/* of the live columns */
	Datum	   *values;			/* of a whole row; those dropped are null */
	bool	   *nulls;
	ResultRelInfo *result_rel;	/* NULL without indexes */
	EState	   *estate;
	BulkInsertState bulk;
	CommandId	cid;			/* of the rows held */
	int			nrows;
	int			nslots;			/* made so far */
	Size		bytes;
	TupleTableSlot *slots[SINK_MAX_ROWS];
};

static void insert_index_entries(ShardSink *sink);

ShardSink *
shard_sink_open(Oid shard, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks shard sink",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShardSink  *sink = palloc0(sizeof(ShardSink));

	sink->context = context;
	sink->tuples = AllocSetContextCreate(context, "barks shard sink rows",
										 ALLOCSET_DEFAULT_SIZES);
	sink->rel = table_open(shard, RowExclusiveLock);
	sink->attnums = palloc(RelationGetDescr(sink->rel)->natts * sizeof(AttrNumber));
	sink->live = shard_live_columns(RelationGetDescr(sink->rel), sink->attnums);
	sink->values = palloc0(RelationGetDescr(sink->rel)->natts * sizeof(Datum));
	sink->nulls = palloc(RelationGetDescr(sink->rel)->natts * sizeof(bool));
	memset(sink->nulls, true, RelationGetDescr(sink->rel)->natts * sizeof(bool));
	sink->bulk = GetBulkInsertState();
	if (sink->rel->rd_rel->relhasindex)
	{
		sink->estate = CreateExecutorState();
		sink->result_rel = makeNode(ResultRelInfo);
		InitResultRelInfo(sink->result_rel, sink->rel, 1, NULL, 0);
		ExecOpenIndices(sink->result_rel, false);
	}
	MemoryContextSwitchTo(old);
	return sink;
}

TupleDesc
shard_sink_columns(const ShardSink *sink)
{
	return sink->live;
}

bool
shard_sink_add(ShardSink *sink, const Datum *values, const bool *nulls, CommandId cid)
{
	MemoryContext old;
	HeapTuple	tuple;

	Assert(sink->nrows < SINK_MAX_ROWS && (sink->nrows == 0 || sink->cid == cid));
	if (sink->nslots == sink->nrows)
	{
		old = MemoryContextSwitchTo(sink->context);
		sink->slots[sink->nslots++] = MakeSingleTupleTableSlot(RelationGetDescr(sink->rel),
															   &TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	for (int i = 0; i < sink->live->natts; i++)
	{
		sink->values[sink->attnums[i] - 1] = values[i];
		sink->nulls[sink->attnums[i] - 1] = nulls[i];
	}
	old = MemoryContextSwitchTo(sink->tuples);
	tuple = heap_form_tuple(RelationGetDescr(sink->rel), sink->values, sink->nulls);
	tuple->t_tableOid = RelationGetRelid(sink->rel);
	MemoryContextSwitchTo(old);
	ExecStoreHeapTuple(tuple, sink->slots[sink->nrows++], false);
	sink->bytes += tuple->t_len;
	sink->cid = cid;
	return sink->nrows == SINK_MAX_ROWS || sink->bytes >= SINK_MAX_BYTES;
}

void
shard_sink_add_batch(ShardSink *sink, const BatchSchema *schema, Batch *batch, CommandId cid)
{
	int			level = batch_text_settings_begin(schema);
	int			nrows = batch_rows(batch);
	Datum	   *values = palloc(Max(1, schema->ncolumns) * sizeof(Datum));
	bool	   *nulls = palloc(Max(1, schema->ncolumns) * sizeof(bool));

	for (int row = 0; row < nrows; row++)
	{
		batch_get_row(batch, row, values, nulls);
		if (shard_sink_add(sink, values, nulls, cid))
			shard_sink_flush(sink);
	}
	batch_text_settings_end(level);
	pfree(values);
	pfree(nulls);
}

void
shard_sink_flush(ShardSink *sink)
{
	MemoryContext old;

	if (sink->nrows == 0)
		return;
	old = MemoryContextSwitchTo(sink->tuples);
	table_multi_insert(sink->rel, sink->slots, sink->nrows, sink->cid, 0, sink->bulk);
	if (sink->result_rel && sink->result_rel->ri_NumIndices > 0)
		insert_index_entries(sink);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < sink->nrows; i++)
		ExecClearTuple(sink->slots[i]);
	sink->nrows = 0;
	sink->bytes = 0;
	MemoryContextReset(sink->tuples);
	CHECK_FOR_INTERRUPTS();
}

void
shard_sink_close(ShardSink *sink)
{
	if (sink->result_rel)
		ExecCloseIndices(sink->result_rel);
	for (int i = 0; i < sink->nslots; i++)
		ExecDropSingleTupleTableSlot(sink->slots[i]);
	if (sink->estate)
		FreeExecutorState(sink->estate);
	FreeBulkInsertState(sink->bulk);
	table_close(sink->rel, NoLock);
	MemoryContextDelete(sink->context);
}

Size
shard_sink_bytes(const ShardSink *sink)
{
	return sink->bytes;
}

static void
insert_index_entries(ShardSink *sink)
{
	for (int i = 0; i < sink->nrows; i++)
	{
		/* a deferrable constraint cannot be on a shard, so nothing to recheck */
		list_free(ExecInsertIndexTuples(sink->result_rel, sink->slots[i], sink->estate,
										false, false, NULL, NIL));
		ResetPerTupleExprContext(sink->estate);
	}
}
