/*-------------------------------------------------------------------------
 * sort_ranges.h
 *	  Rows in files by ranges of what they are sorted by first.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SORT_RANGES_H
#define BARKS_VECTOR_SORT_RANGES_H

#include "vector/row_store.h"
#include "vector/sort_key.h"
#include "vector/spill.h"

typedef struct SortRanges SortRanges;

/*
 * Ranges of which each has about as many of a store's rows; order tells how these sort.  NULL if
 * all of them are in one range.  In the current context; key and types stay the caller's.
 */
extern SortRanges *sort_ranges_create(SortKey *key, const RowStore *store, const uint32 *order, int ncolumns,
									  const VecType *types);
/* Write the rows of a batch; false, and none is written: its values do not compare with the ranges. */
extern bool sort_ranges_put(SortRanges *ranges, VecBatch *batch);
/* The ranges that have rows, VecSpillParts, in their order; those are gone. */
extern List *sort_ranges_finish(SortRanges *ranges);

#endif							/* BARKS_VECTOR_SORT_RANGES_H */
