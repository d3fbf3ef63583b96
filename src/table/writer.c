/*-------------------------------------------------------------------------
 * writer.c
 *	  From rows written to a distributed table to its shards.
 *
 * A Writer belongs to one storage (file number) and one subtransaction.  It
 * is made by the first row and ends with writer_flush_all: relations and
 * buffer pins are held by the resource owner of the running statement, so
 * nothing may outlive it.  All of a subtransaction's writers share one memory
 * limit.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "batch/batch.h"
#include "cluster/transaction.h"
#include "table/load.h"
#include "table/load_stream.h"
#include "table/pending.h"
#include "table/shard.h"
#include "table/writer.h"

/* Rows in a row that a round-robin table gives to one shard. */
#define ROUND_ROBIN_RUN		1000
/* Rows of a batch for a node, unless it is full of bytes before. */
#define LOAD_BATCH_ROWS		8192
/* What a writer holds in batches over all its shards. */
#define WRITER_MAX_BYTES	(8 * 1024 * 1024)

typedef struct Writer
{
	MemoryContext context;
	SubTransactionId subid;
	Oid			relid;
	Oid			filenode;
	TableLayout *layout;
	CommandId	cid;			/* of all rows held */
	Size		bytes;			/* held, about */
	/* routing: the key columns' types, and their values of the row at hand */
	Oid			key_types[INDEX_MAX_KEYS];
	Oid			key_collations[INDEX_MAX_KEYS];
	int			run;			/* rows given to next_partition in a row */
	int			next_partition;
	/* the table's live columns, in order: the shards' columns */
	AttrNumber *attnums;
	Datum	   *values;
	bool	   *nulls;
	/* by index into layout->nodes: where rows for it are held; NULL: not open */
	ShardSink **sinks;			/* this server's shards */
	BatchBuilder **builders;	/* shards on nodes; a broadcast table has one for all copies */
	BatchSchema *schema;		/* NULL until a builder is wanted */
	TupleDesc	columns;		/* live ones */
	StringInfoData frame;
} Writer;

static List *writers = NIL;		/* of Writer, in TopTransactionContext */
static Writer *last_writer;
static bool flushing;

static Writer *find_writer(Relation rel);
static Writer *make_writer(Relation rel);
static int	choose_partition(Writer *writer, TupleTableSlot *slot);
static void store_copies(Writer *writer);
static void store_row(Writer *writer, int index);
static ShardSink *open_sink(Writer *writer, int index);
static void store_remote_row(Writer *writer, int index);
static BatchBuilder *open_builder(Writer *writer, int index);
static void flush_builder(Writer *writer, int index);
static void flush_held(Writer *writer, int index);
static void rethrow_translated(MemoryContext context) pg_attribute_noreturn();
static void flush_writer(Writer *writer);
static void free_writer(Writer *writer);
static void on_xact(XactEvent event, void *arg);
static void on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg);

void
writer_init(void)
{
	RegisterXactCallback(on_xact, NULL);
	RegisterSubXactCallback(on_subxact, NULL);
}

void
writer_insert(Relation rel, TupleTableSlot *slot, CommandId cid)
{
	Writer	   *writer = find_writer(rel);

	if (writer->cid != cid)
	{
		flush_writer(writer);
		writer->cid = cid;
	}
	slot_getallattrs(slot);
	for (int i = 0; i < writer->columns->natts; i++)
	{
		writer->values[i] = slot->tts_values[writer->attnums[i] - 1];
		writer->nulls[i] = slot->tts_isnull[writer->attnums[i] - 1];
	}
	if (writer->layout->kind == LAYOUT_BROADCAST)
		store_copies(writer);
	else
		store_row(writer, choose_partition(writer, slot));
	pgstat_count_heap_insert(rel, 1);
}

void
writer_flush_all(void)
{
	SubTransactionId subid;
	MemoryContext old = CurrentMemoryContext;
	ListCell   *lc;

	if (writers == NIL || flushing)
		return;
	subid = GetCurrentSubTransactionId();
	flushing = true;
	PG_TRY();
	{
		foreach(lc, writers)
			if (((Writer *) lfirst(lc))->subid == subid)
				flush_writer(lfirst(lc));
		load_stream_end_all();
	}
	PG_CATCH();
	{
		flushing = false;
		rethrow_translated(old);
	}
	PG_END_TRY();
	flushing = false;
	last_writer = NULL;
	/* before an ANALYZE, after which they would be counted a second time, see stats.c */
	pgstat_force_next_flush();
	foreach(lc, writers)
	{
		Writer	   *writer = lfirst(lc);

		if (writer->subid != subid)
			continue;
		free_writer(writer);
		writers = foreach_delete_current(writers, lc);
	}
}

void
writer_flush_for_read(void)
{
	writer_flush_all();
	if (writers != NIL && !flushing)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read distributed tables in a subtransaction of a statement that is writing one"),
				 errhint("Read before the statement, or without an exception block or savepoint.")));
}

bool
writer_holds_rows(void)
{
	return writers != NIL;
}

void
writer_forget(Oid filenode)
{
	ListCell   *lc;

	last_writer = NULL;
	foreach(lc, writers)
	{
		Writer	   *writer = lfirst(lc);

		if (writer->filenode != filenode)
			continue;
		free_writer(writer);
		writers = foreach_delete_current(writers, lc);
	}
}

static Writer *
find_writer(Relation rel)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	ListCell   *lc;

	if (last_writer && last_writer->relid == RelationGetRelid(rel) &&
		last_writer->filenode == RelationFileNumber(rel) && last_writer->subid == subid)
		return last_writer;
	foreach(lc, writers)
	{
		Writer	   *writer = lfirst(lc);

		if (writer->relid == RelationGetRelid(rel) && writer->subid == subid &&
			writer->filenode == RelationFileNumber(rel))
			return last_writer = writer;
	}
	return last_writer = make_writer(rel);
}

static Writer *
make_writer(Relation rel)
{
	MemoryContext context;
	MemoryContext old;
	Writer	   *writer;
	const TableLayout *layout;
	TupleDesc	desc = RelationGetDescr(rel);

	/* a rewrite is still reading the table as it was */
	if (!OidIsValid(rel->rd_rel->relrewrite))
		pending_apply();
	if (!table_layout(rel)->created)
		shards_create(rel, pending_predecessor(rel));
	layout = table_layout(rel);
	context = AllocSetContextCreate(TopTransactionContext, "barks writer",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	writer = palloc0(sizeof(Writer));
	writer->context = context;
	writer->subid = GetCurrentSubTransactionId();
	writer->relid = RelationGetRelid(rel);
	writer->filenode = RelationFileNumber(rel);
	writer->layout = (TableLayout *) table_layout(rel);
	writer->attnums = palloc(desc->natts * sizeof(AttrNumber));
	writer->columns = shard_live_columns(desc, writer->attnums);
	writer->values = palloc(desc->natts * sizeof(Datum));
	writer->nulls = palloc(desc->natts * sizeof(bool));
	writer->sinks = palloc0(layout->nnodes * sizeof(ShardSink *));
	writer->builders = palloc0(layout->nnodes * sizeof(BatchBuilder *));
	initStringInfo(&writer->frame);
	for (int i = 0; i < layout->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, layout->keys[i] - 1);

		writer->key_types[i] = att->atttypid;
		writer->key_collations[i] = att->attcollation;
	}
	if (layout->kind == LAYOUT_ROUND_ROBIN)
		writer->next_partition = (int) pg_prng_uint64_range(&pg_global_prng_state, 0,
															layout->npartitions - 1);
	MemoryContextSwitchTo(TopTransactionContext);
	writers = lappend(writers, writer);
	MemoryContextSwitchTo(old);
	return writer;
}

static int
choose_partition(Writer *writer, TupleTableSlot *slot)
{
	const TableLayout *layout = writer->layout;
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (layout->kind == LAYOUT_ROUND_ROBIN)
	{
		if (writer->run++ == ROUND_ROBIN_RUN)
		{
			writer->next_partition = (writer->next_partition + 1) % layout->npartitions;
			writer->run = 1;
		}
		return writer->next_partition;
	}
	for (int i = 0; i < layout->nkeys; i++)
	{
		values[i] = slot->tts_values[layout->keys[i] - 1];
		nulls[i] = slot->tts_isnull[layout->keys[i] - 1];
	}
	return table_partition_for_values(layout, layout->nkeys, writer->key_types,
									  writer->key_collations, values, nulls);
}

/* Every local copy, and one batch for all copies on nodes. */
static void
store_copies(Writer *writer)
{
	bool		batched = false;

	for (int i = 0; i < writer->layout->nnodes; i++)
	{
		if (OidIsValid(writer->layout->nodes[i]) && batched)
			continue;
		batched |= OidIsValid(writer->layout->nodes[i]);
		store_row(writer, i);
	}
}

static void
store_row(Writer *writer, int index)
{
	ShardSink  *sink;

	if (OidIsValid(writer->layout->nodes[index]))
	{
		store_remote_row(writer, index);
		return;
	}
	sink = writer->sinks[index] ? writer->sinks[index] : open_sink(writer, index);
	writer->bytes -= shard_sink_bytes(sink);
	if (shard_sink_add(sink, writer->values, writer->nulls, writer->cid))
		flush_held(writer, index);
	writer->bytes += shard_sink_bytes(sink);
	if (writer->bytes > WRITER_MAX_BYTES)
		flush_writer(writer);
}

static ShardSink *
open_sink(Writer *writer, int index)
{
	Oid			shard = shard_local_relid(writer->filenode,
										  shard_partition(writer->layout, index));

	transaction_note_local_write();
	return writer->sinks[index] = shard_sink_open(shard, writer->context);
}

static void
store_remote_row(Writer *writer, int index)
{
	BatchBuilder *builder = writer->builders[index];
	Size		before;
	bool		full;
	int			level;

	if (builder == NULL)
		builder = open_builder(writer, index);
	before = batch_builder_bytes(builder);
	level = batch_text_settings_begin(writer->schema);
	full = batch_builder_add(builder, writer->values, writer->nulls);
	batch_text_settings_end(level);
	writer->bytes = writer->bytes - before + batch_builder_bytes(builder);
	if (full)
		flush_held(writer, index);
	else if (writer->bytes > WRITER_MAX_BYTES)
		flush_writer(writer);
}

static BatchBuilder *
open_builder(Writer *writer, int index)
{
	if (writer->schema == NULL)
		writer->schema = batch_schema_create(writer->columns, writer->context);
	return writer->builders[index] = batch_builder_create(writer->schema, LOAD_BATCH_ROWS,
														  writer->context);
}

/* What can go wrong is a unique index: the error must name the table's, not the shard's. */
static void
flush_held(Writer *writer, int index)
{
	MemoryContext old = CurrentMemoryContext;

	PG_TRY();
	{
		if (writer->sinks[index])
			shard_sink_flush(writer->sinks[index]);
		if (writer->builders[index])
			flush_builder(writer, index);
	}
	PG_CATCH();
	{
		rethrow_translated(old);
	}
	PG_END_TRY();
}

static void
flush_builder(Writer *writer, int index)
{
	BatchBuilder *builder = writer->builders[index];
	const TableLayout *layout = writer->layout;
	char	   *shard;

	if (batch_builder_rows(builder) == 0)
		return;
	shard = table_shard_name(layout, shard_partition(layout, index));
	writer->bytes -= Min(writer->bytes, batch_builder_bytes(builder));
	resetStringInfo(&writer->frame);
	appendBinaryStringInfo(&writer->frame, shard, strlen(shard) + 1);
	batch_builder_flush(builder, BATCH_COMPRESS_OFF, &writer->frame);
	pfree(shard);
	if (layout->kind != LAYOUT_BROADCAST)
	{
		for (int i = index; i < table_places(layout); i = Max(i + 1, layout->nnodes))
		{
			int			partition;
			Oid			node = table_place(layout, i, &partition);

			if (partition == index)
				load_stream_put(node, writer->cid, &writer->frame);
		}
	}
	else
		for (int i = index; i < layout->nnodes; i++)
			if (OidIsValid(layout->nodes[i]))
				load_stream_put(layout->nodes[i], writer->cid, &writer->frame);
}

static void
flush_writer(Writer *writer)
{
	for (int i = 0; i < writer->layout->nnodes; i++)
		if (writer->sinks[i] || writer->builders[i])
			flush_held(writer, i);
	writer->bytes = 0;
}

static void
rethrow_translated(MemoryContext context)
{
	ErrorData  *edata;

	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	FlushErrorState();
	shard_translate_error(edata);
	ReThrowError(edata);
}

static void
free_writer(Writer *writer)
{
	for (int i = 0; i < writer->layout->nnodes; i++)
		if (writer->sinks[i])
			shard_sink_close(writer->sinks[i]);
	MemoryContextDelete(writer->context);
}

static void
on_xact(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			writer_flush_all();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			/* their contexts are the transaction's */
			writers = NIL;
			last_writer = NULL;
			break;
		default:
			break;
	}
}

static void
on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	last_writer = NULL;
	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		writer_flush_all();
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, writers)
	{
		Writer	   *writer = lfirst(lc);

		if (writer->subid != subid)
			continue;
		/* the resource owner has let go of the relations, or will */
		MemoryContextDelete(writer->context);
		writers = foreach_delete_current(writers, lc);
	}
}
