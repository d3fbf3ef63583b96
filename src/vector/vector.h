/*-------------------------------------------------------------------------
 * vector.h
 *	  Vectorized execution: parts of PostgreSQL's plans run over batches.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_VECTOR_H
#define BARKS_VECTOR_VECTOR_H

#include "nodes/plannodes.h"
#include "optimizer/planner.h"

extern void vector_init(void);
/*
 * Plan a query that this server runs itself, by next, so that batches are used to
 * advantage.  processes: how many may run it at the same time.
 */
extern PlannedStmt *vector_plan(Query *parse, const char *query_string, int cursor_options,
								ParamListInfo params, planner_hook_type next, int processes);
/*
 * Replace subtrees of a finished plan by CustomScans that run them over batches,
 * as barks.vectorize says.
 */
extern void vector_on_plan(PlannedStmt *stmt, int cursor_options);
/*
 * The same for a query whose batches are wanted (sink.h).  to_the_end: nobody stops before
 * the last of its rows.
 */
extern void vector_on_batch_plan(PlannedStmt *stmt, bool to_the_end);

#endif							/* BARKS_VECTOR_VECTOR_H */
