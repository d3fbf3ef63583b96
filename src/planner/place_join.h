/*-------------------------------------------------------------------------
 * place_join.h
 *	  Where a join runs, and which rows move for it.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_PLACE_JOIN_H
#define BARKS_PLANNER_PLACE_JOIN_H

#include "planner/ir.h"

/* A join under translation. */
typedef struct JoinParts
{
	Join	   *join;
	List	   *equalities;		/* clauses that may pair keys */
	List	   *clauses;		/* all of ON */
	Plan	  **outer_plan;
	Plan	  **inner_plan;
	List	   *params;			/* int list: of the outer row, that the inner side depends on */
	List	   *param_values;	/* of NestLoopParam */
	bool		keeps_order;	/* rows come out in the outer side's order */
} JoinParts;

/*
 * Set the distribution of ir, a join of the two, and put exchanges over them
 * where rows must move; or say why that cannot be.
 */
extern const char *place_join(PlanContext *context, const JoinParts *parts,
							  Ir **outer, Ir **inner, Ir *ir);

#endif							/* BARKS_PLANNER_PLACE_JOIN_H */
