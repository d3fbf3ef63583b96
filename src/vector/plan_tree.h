/*-------------------------------------------------------------------------
 * plan_tree.h
 *	  Walking finished plans.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_PLAN_TREE_H
#define BARKS_VECTOR_PLAN_TREE_H

#include "nodes/plannodes.h"

/* Let visit see, and maybe replace, each plan that this one reads rows of. */
extern void plan_walk_children(Plan *plan, void (*visit) (Plan **child, void *arg), void *arg);

#endif							/* BARKS_VECTOR_PLAN_TREE_H */
