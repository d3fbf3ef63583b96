/*-------------------------------------------------------------------------
 * task_stats.h
 *	  Statistics for a task's planner, of what has none.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_TASK_STATS_H
#define BARKS_WORKER_TASK_STATS_H

#include "nodes/pathnodes.h"
#include "utils/selfuncs.h"

/* get_relation_stats hook */
extern bool task_get_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
									VariableStatData *vardata);

#endif							/* BARKS_WORKER_TASK_STATS_H */
