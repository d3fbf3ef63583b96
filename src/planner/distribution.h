/*-------------------------------------------------------------------------
 * distribution.h
 *	  Which exchanges a plan is to have, chosen for all of it at once.
 *
 * The choices are advice: whoever translates a node follows its own when that
 * is possible then, and else decides as if there were none.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_DISTRIBUTION_H
#define BARKS_PLANNER_DISTRIBUTION_H

#include "planner/ir.h"
#include "planner/place_join.h"

/* For a plan node. */
typedef struct DistributionChoice
{
	bool		made;
	JoinWay		way;			/* of a join */
	Bitmapset  *keys;			/* by which rows are hashed: a join's equalities, by place;
								 * or columns of the input; NULL: all that can be keys */
	bool		nulls_together; /* rows of an outer join's own side with a NULL key are in one
								 * partition, so that groups by the key are whole */
} DistributionChoice;

/* distribution.c */
/* Look at the statement's plans, not translated yet, and choose. */
extern void distribution_choose(PlanContext *context);
/* The choice for a node, or NULL. */
extern const DistributionChoice *distribution_choice(const PlanContext *context,
													 const Plan *plan);
/* Those of the columns, of its input, by which the node's exchange, if it makes one, shall be. */
extern Bitmapset *distribution_keys(const PlanContext *context, const Plan *plan,
									Bitmapset *columns);

/* distribution_cost.c */
/* Find out how many nodes and slots there are for the statement. */
extern void distribution_measure_cluster(PlanContext *context);
/*
 * Work, in bytes that are written once: to partition all rows of ir and read them again; to
 * give every task that reads the other side all rows of ir; to bring them to the driver.
 */
extern double distribution_move_cost(const PlanContext *context, const Ir *ir);
extern double distribution_broadcast_cost(const PlanContext *context, const Ir *ir,
										  const Ir *other);
extern double distribution_gather_cost(const PlanContext *context, const Ir *ir);
extern double distribution_bytes(const Ir *ir);
/* How many tasks read the rows, roughly. */
extern double distribution_tasks(const PlanContext *context, const Ir *ir);

#endif							/* BARKS_PLANNER_DISTRIBUTION_H */
