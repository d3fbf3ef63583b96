/*-------------------------------------------------------------------------
 * sink.h
 *	  Batches of a query for who does not want rows.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SINK_H
#define BARKS_VECTOR_SINK_H

#include "executor/execdesc.h"

#include "vector/vec.h"

/*
 * Does the query, which was started, run over batches from its tables to its result?  Then
 * its rows may be had by vector_query_next() instead of ExecutorRun().
 */
extern bool vector_query_gives_batches(QueryDesc *query);
/*
 * The next rows, NULL at the end; columns are those of the result.  Valid until called
 * again.
 */
extern VecBatch *vector_query_next(QueryDesc *query);

#endif							/* BARKS_VECTOR_SINK_H */
