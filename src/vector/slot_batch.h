/*-------------------------------------------------------------------------
 * slot_batch.h
 *	  Batches made of PostgreSQL's rows, one by one.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SLOT_BATCH_H
#define BARKS_VECTOR_SLOT_BATCH_H

#include "executor/tuptable.h"

#include "vector/vec.h"

typedef struct SlotBatch SlotBatch;

/* In the current context; types stay the caller's. */
extern SlotBatch *slot_batch_create(int ncolumns, const VecType *types);
/* Start a batch: that before is gone. */
extern void slot_batch_begin(SlotBatch *slots);
/* Add a row of these types: what is in the slot is copied. */
extern void slot_batch_add(SlotBatch *slots, TupleTableSlot *slot);
/* The rows that were added; NULL: none were. */
extern VecBatch *slot_batch_end(SlotBatch *slots);

#endif							/* BARKS_VECTOR_SLOT_BATCH_H */
