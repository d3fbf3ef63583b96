/*-------------------------------------------------------------------------
 * prune.h
 *	  Which partitions of a hash table can hold the rows asked for.
 *
 * StagePlan.prune is a List with, for each leaf that can be pruned, a List of
 * an Integer (the leaf's index) and, for each key in order, an expression
 * without columns: the value that the key must equal, or a ScalarArrayOpExpr
 * whose second argument is the array of such values.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_PRUNE_H
#define BARKS_PLANNER_PRUNE_H

#include "job/plan.h"

/* The entry for a leaf scanned with these quals, in a list; NIL when all partitions count. */
extern List *prune_find(const LeafPlan *leaf, List *quals, Index scanrelid);

#endif							/* BARKS_PLANNER_PRUNE_H */
