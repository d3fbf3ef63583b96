/*-------------------------------------------------------------------------
 * join_hints.h
 *	  Strategies for single joins, which a query asks for by barks.join_hint().
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_JOIN_HINTS_H
#define BARKS_PLANNER_JOIN_HINTS_H

#include "job/join_hint.h"
#include "planner/ir.h"

typedef struct JoinHint
{
	int			plan_node_id;
	JoinStrategy strategy;
	int			side;			/* to broadcast: OUTER_VAR or INNER_VAR; 0: either */
} JoinHint;

/* Take the calls out of the statement's plans and remember what they say. */
extern void join_hints_take(PlanContext *context);
/* What was asked for of a join, or NULL. */
extern const JoinHint *join_hints_of(const PlanContext *context, const Join *join);

#endif							/* BARKS_PLANNER_JOIN_HINTS_H */
