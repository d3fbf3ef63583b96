/*-------------------------------------------------------------------------
 * distribution_way.h
 *	  Ways to have the rows of a plan node; private to the distribution*.c files.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_DISTRIBUTION_WAY_H
#define BARKS_PLANNER_DISTRIBUTION_WAY_H

#include "planner/distribution.h"

/* How a node's rows can come about. */
typedef struct Way
{
	Ir		   *traits;
	double		cost;			/* of all exchanges below */
	int			plan_node_id;	/* that the choice is of */
	DistributionChoice choice;
	List	   *inputs;			/* of Way */
} Way;

/* distribution.c */
/* Ways to make a node's rows, at least one; columns in demand are of its output. */
extern List *distribution_find_ways(PlanContext *context, Plan *plan, Bitmapset *demand);
/* The cheapest of these is the one to go. */
extern void distribution_settle(PlanContext *context, List *ways);

/* distribution_join.c */
extern List *distribution_join_ways(PlanContext *context, Join *join, Bitmapset *demand);

/* distribution_way.c */
extern Way *way_make(Ir *traits, double cost, List *inputs);
/* A way of a node that leaves the rows of its input, which it calls varno, where they are. */
extern Way *way_over(const Plan *plan, const Way *input, List *display, int varno);
/* Add a way, unless others are as good; drop those that it is as good as, and too many. */
extern void way_keep(List **ways, Way *way, Bitmapset *demand);
extern Way *way_cheapest(List *ways);
/* An Ir without a query, of rows that are the same everywhere. */
extern Ir  *way_traits(const Plan *plan, List *display);
extern Ir  *way_driver_traits(const Plan *plan);
extern Ir  *way_copy_traits(const Ir *traits);
/* What all ways of a node have in common is in these, too. */
extern const Ir *way_any_traits(const List *ways);
/* Rows come by an exchange to the job's own partitions, or to those of a table. */
extern void way_set_partitioned(Ir *ir, List *keys, List *types, Oid table);
/* Columns of an input, which the node calls varno, that are asked for as columns of its own. */
extern Bitmapset *way_demand_below(List *tlist, Bitmapset *demand, int varno);
/*
 * What each output column shows: its expression; or, of a column that is just passed on, what
 * that shows in the input.
 */
extern List *way_display(const Plan *plan);
extern List *way_display_over(const Plan *plan, const Ir *input, int varno);
extern List *way_resolve_display(List *display, const Ir *input, int varno);
/* Would partitioning by this column alone give all tasks enough to do? */
extern bool way_column_spreads(const PlanContext *context, const Ir *traits, int column);

#endif							/* BARKS_PLANNER_DISTRIBUTION_WAY_H */
