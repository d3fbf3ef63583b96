/*-------------------------------------------------------------------------
 * partitioner.h
 *	  Which partition of a stage's output a row goes to.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_PARTITIONER_H
#define BARKS_SHUFFLE_PARTITIONER_H

#include "access/tupdesc.h"

#include "batch/key_filter.h"
#include "batch/vec.h"
#include "job/protocol.h"

typedef struct Partitioner Partitioner;

/*
 * For rows of desc.  start: where dealing rows out evenly begins, so that
 * tasks with few rows do not all begin with the first partition.
 */
extern Partitioner *partitioner_create(const ShuffleOutput *output, TupleDesc desc,
									   int32 start, MemoryContext context);
/* Drop rows whose key the filter does not have, from now on; it is the caller's. */
extern void partitioner_set_filter(Partitioner *partitioner, const KeyFilter *filter);
/* -1: the row is not wanted. */
extern int	partitioner_partition(Partitioner *partitioner, const Datum *values,
								  const bool *nulls);
/* The same for rows of vectors, one a column: the n numbers of rows (NULL: the first n). */
extern void partitioner_partition_vectors(Partitioner *partitioner, Vec *const *columns,
										  const uint16 *rows, int n, int32 *partitions);
/* The keys of all rows so far that were wanted; NULL: the output did not ask for them. */
extern const KeyFilter *partitioner_keys(const Partitioner *partitioner);

#endif							/* BARKS_SHUFFLE_PARTITIONER_H */
