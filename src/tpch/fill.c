/*-------------------------------------------------------------------------
 * fill.c
 *	  Fill shards of this server with the rows of a TPC-H table.
 *
 * Every node goes through all keys and makes the rows of those that are routed
 * to its own shards: routing costs some ten nanoseconds, so nobody needs to tell
 * it which.  Memory is bounded by what the shards' sinks may hold together.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/stop_point.h"
#include "table/layout.h"
#include "table/load.h"
#include "tpch/fill.h"

#define FILL_MAX_BYTES	(8 * 1024 * 1024)

typedef struct Fill
{
	TpchRows   *rows;
	TableLayout layout;			/* as far as routing needs it */
	ShardSink **sinks;			/* by partition; NULL: not ours */
	CommandId	cid;
	Size		bytes;			/* held by all sinks, about */
} Fill;

static int	partition_of(const Fill *fill, int64 unit);
static void store(Fill *fill, ShardSink *sink, const Datum *values);
static void flush_all(Fill *fill);

void
tpch_fill(TpchTableId table, const TpchScale *scale, int npartitions,
		  int nshards, const int32 *partitions, const Oid *shards)
{
	Fill		fill = {.layout = {.kind = LAYOUT_HASH, .npartitions = npartitions, .nkeys = 1}};
	int64		units;

	fill.rows = tpch_rows_begin(table, scale);
	fill.cid = GetCurrentCommandId(true);
	fill.sinks = palloc0(npartitions * sizeof(ShardSink *));
	for (int i = 0; i < nshards; i++)
		fill.sinks[partitions[i]] = shard_sink_open(shards[i], CurrentMemoryContext);
	units = tpch_rows_units(fill.rows);
	for (int64 unit = 0; unit < units; unit++)
	{
		ShardSink  *sink = fill.sinks[partition_of(&fill, unit)];
		int			nrows;

		if (sink == NULL)
			continue;
		nrows = tpch_rows_start(fill.rows, unit);
		for (int row = 0; row < nrows; row++)
			store(&fill, sink, tpch_rows_make(fill.rows, row));
	}
	flush_all(&fill);
	for (int i = 0; i < nshards; i++)
		shard_sink_close(fill.sinks[partitions[i]]);
	pfree(fill.sinks);
	tpch_rows_end(fill.rows);
}

static int
partition_of(const Fill *fill, int64 unit)
{
	static const Oid type = INT8OID;
	static const Oid collation = InvalidOid;
	static const bool isnull = false;
	Datum		key;

	CHECK_FOR_INTERRUPTS();
	if (fill->layout.npartitions == 1)
		return 0;
	key = Int64GetDatum(tpch_rows_key(fill->rows, unit));
	return table_partition_for_values(&fill->layout, 1, &type, &collation, &key, &isnull);
}

static void
store(Fill *fill, ShardSink *sink, const Datum *values)
{
	static const bool nulls[TPCH_MAX_COLUMNS] = {false};
	Size		before = shard_sink_bytes(sink);

	if (shard_sink_add(sink, values, nulls, fill->cid))
	{
		shard_sink_flush(sink);
		BARKS_STOP_POINT("tpch.after_flush");
	}
	fill->bytes = fill->bytes - before + shard_sink_bytes(sink);
	if (fill->bytes > FILL_MAX_BYTES)
		flush_all(fill);
}

static void
flush_all(Fill *fill)
{
	for (int i = 0; i < fill->layout.npartitions; i++)
		if (fill->sinks[i])
			shard_sink_flush(fill->sinks[i]);
	fill->bytes = 0;
}
