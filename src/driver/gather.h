/*-------------------------------------------------------------------------
 * gather.h
 *	  The last exchange: rows of all tasks to the driver, merged or as they come.
 *
 * Until the job has ended or its results pass GATHER_WINDOW_BYTES, the gather
 * holds them back, so that a small result is all or nothing and a lost node
 * can be answered by running the job again.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_GATHER_H
#define BARKS_DRIVER_GATHER_H

#include "executor/tuptable.h"

#include "driver/job.h"

#define GATHER_WINDOW_BYTES	(1024 * 1024)

typedef struct RowGather RowGather;

/*
 * merge_keys: list of MergeKey (job/plan.h), NIL for any order; with keys the plan's order must be
 * JOB_BY_STREAM.  limit: rows the consumer can need at most, -1 if unknown.
 */
extern RowGather *gather_begin(JobPlan *plan, List *merge_keys, int64 limit,
							MemoryContext parent);
/* Store the next row in a virtual slot; false at the end. */
extern bool gather_next(RowGather *gather, TupleTableSlot *slot);
extern const JobStats *gather_stats(const RowGather *gather);
extern void gather_end(RowGather *gather);

#endif							/* BARKS_DRIVER_GATHER_H */
