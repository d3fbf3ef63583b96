/*-------------------------------------------------------------------------
 * agg.h
 *	  An aggregation under translation; private to the agg_*.c files.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_AGG_H
#define BARKS_PLANNER_AGG_H

#include "planner/ir.h"

typedef struct AggParts
{
	Agg		   *agg;
	Ir		   *child;
	int			ncols;
	AttrNumber *cols;			/* group columns, then columns that depend on them */
	List	   *sets;			/* grouping sets: Bitmapsets of columns; NIL without */
	List	   *aggrefs;		/* distinct ones */
} AggParts;

/* translate_agg.c */
extern Ir  *agg_complete(PlanContext *context, AggParts *parts, const char **reason);
extern int	agg_ordered_columns(const AggParts *parts);
extern void agg_add_group_clause(const AggParts *parts, Ir *ir, Index rtindex);
extern Var *agg_group_var(const AggParts *parts, int i, Index varno, AttrNumber attno);

/* agg_phases.c */
extern const char *agg_refuse_split(const AggParts *parts);
extern Ir  *agg_driver_finishes(PlanContext *context, AggParts *parts, const char **reason);
extern Ir  *agg_nodes_finish(PlanContext *context, AggParts *parts, const char **reason);

/* agg_sets.c */
extern bool agg_collect_sets(AggParts *parts, const char **reason);
extern Bitmapset *agg_common_columns(const AggParts *parts);
extern bool agg_sets_are_distinct(const AggParts *parts);
extern void agg_add_grouping_sets(const AggParts *parts, Query *query);
extern GroupingFunc *agg_set_id(const AggParts *parts, Index varno);
extern Node *agg_grouping_of_id(const AggParts *parts, const GroupingFunc *func, Var *id);

/* agg_distinct.c */
extern Ir  *agg_distinct_in_phases(PlanContext *context, AggParts *parts, const char **reason);

#endif							/* BARKS_PLANNER_AGG_H */
