/*-------------------------------------------------------------------------
 * load.h
 *	  Store rows in a shard of this server.
 *
 * The sink is the last step of every write: called by the driver itself for
 * shards on its own server, and by COPY barks.load on a node.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_LOAD_H
#define BARKS_TABLE_LOAD_H

#include "access/tupdesc.h"

#include "batch/batch.h"

typedef struct ShardSink ShardSink;

/* Everything in a context under parent; the relation is open until close. */
extern ShardSink *shard_sink_open(Oid shard, MemoryContext parent);
/* The shard's live columns: those of the distributed table, in its order. */
extern TupleDesc shard_sink_columns(const ShardSink *sink);
/*
 * Hold a row, copied; values by shard_sink_columns.  True when the sink is
 * full and wants shard_sink_flush.  All rows held are stored under one command
 * id: flush before it changes.
 */
extern bool shard_sink_add(ShardSink *sink, const Datum *values, const bool *nulls,
						   CommandId cid);
/*
 * Add all rows of a batch with the schema of shard_sink_columns, and flush
 * whenever the sink is full.
 */
extern void shard_sink_add_batch(ShardSink *sink, const BatchSchema *schema, Batch *batch,
								 CommandId cid);
/* Store what was added and enter it into the indexes. */
extern void shard_sink_flush(ShardSink *sink);
/* Does not flush. */
extern void shard_sink_close(ShardSink *sink);
extern Size shard_sink_bytes(const ShardSink *sink);

/* A frame of COPY barks.load is a shard's name with the zero byte, then a batch. */
extern void load_init(void);

#endif							/* BARKS_TABLE_LOAD_H */
