/*-------------------------------------------------------------------------
 * key_stage.h
 *	  Ask one side of a join for its keys before rows of the other side move.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_KEY_STAGE_H
#define BARKS_PLANNER_KEY_STAGE_H

#include "planner/ir.h"

/*
 * Rows of moved come by hash exchanges to where side's are, and those that match
 * none of side's come to nothing: let the stages below leave such rows out, if that
 * pays.  columns: of side, paired with the keys by which the rows of moved are
 * partitioned.  tables_only: not if side reads stages, which would have to be in
 * the same job.
 */
extern void key_stage_filter(PlanContext *context, Ir *moved, const Ir *side, List *columns,
							 bool tables_only);

#endif							/* BARKS_PLANNER_KEY_STAGE_H */
