/*-------------------------------------------------------------------------
 * agg_split.h
 *	  Aggregate in two phases: have a task's plan give or take states.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_AGG_SPLIT_H
#define BARKS_WORKER_AGG_SPLIT_H

#include "nodes/plannodes.h"

/* The top Agg gives transition states; query is what was planned. */
extern void agg_split_make_partial(PlannedStmt *plan, Query *query);
/* Calls marked with barks.combine_state, anywhere in the plan, take them. */
extern void agg_split_combine(PlannedStmt *plan);

#endif							/* BARKS_WORKER_AGG_SPLIT_H */
