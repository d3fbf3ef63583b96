/*-------------------------------------------------------------------------
 * stats.h
 *	  How big distributed tables and their shards are.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_STATS_H
#define BARKS_TABLE_STATS_H

#include "nodes/parsenodes.h"
#include "storage/block.h"
#include "utils/rel.h"

#include "table/layout.h"

typedef struct ShardSize
{
	int64		rows;			/* exact when the shard is small, else estimated */
	int64		bytes;			/* with TOAST, without indexes */
} ShardSize;

/* Sizes by index into layout->nodes, asked of the nodes now; palloc'd. */
extern ShardSize *stats_shard_sizes(const TableLayout *layout);

/* Access method callback. */
extern void stats_estimate_size(Relation rel, int32 *attr_widths, BlockNumber *pages,
								double *tuples, double *allvisfrac);
/* After a statement that ends a transaction, of a node's write session too. */
extern void stats_transaction_ended(const TransactionStmt *stmt);
/* Fraction of the rows that ANALYZE should look at. */
extern double stats_sample_fraction(Relation rel);
extern void stats_init(void);

#endif							/* BARKS_TABLE_STATS_H */
