/*-------------------------------------------------------------------------
 * partitioner.h
 *	  Which partition of a stage's output a row goes to.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_PARTITIONER_H
#define BARKS_SHUFFLE_PARTITIONER_H

#include "access/tupdesc.h"

#include "job/protocol.h"

typedef struct Partitioner Partitioner;

/*
 * For rows of desc.  start: where dealing rows out evenly begins, so that
 * tasks with few rows do not all begin with the first partition.
 */
extern Partitioner *partitioner_create(const ShuffleOutput *output, TupleDesc desc,
									   int32 start, MemoryContext context);
extern int	partitioner_partition(Partitioner *partitioner, const Datum *values,
								  const bool *nulls);

#endif							/* BARKS_SHUFFLE_PARTITIONER_H */
