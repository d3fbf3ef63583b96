/*-------------------------------------------------------------------------
 * subplan.h
 *	  Subqueries in expressions, as sub-selects on the nodes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_SUBPLAN_H
#define BARKS_PLANNER_SUBPLAN_H

#include "planner/ir.h"

/* The statement whose expressions are translated from now on; returns the one before. */
extern PlanContext *subplan_begin(PlanContext *context);
extern void subplan_end(PlanContext *before);

extern Node *subplan_for_query(const SubPlan *subplan, Node *test, List *args, Ir *ir,
							   const char **reason);
extern void subplan_attach(Ir *ir, const SubPlan *subplan);
/*
 * The Ir of a plan for which the params are columns of an outer row; it can be
 * a sub-select there once subplan_bind has put expressions in their places.
 * NULL with a reason, and the plan is then of no use any more.
 */
extern Ir  *subplan_translate(PlanContext *context, Plan *plan, List *params,
							  bool keeps_order, const char **reason);
extern bool subplan_param_is_bound(int paramid);
extern void subplan_bind(Node *query, List *params, List *exprs);
extern Ir  *subplan_broadcast(PlanContext *context, Ir *ir, Plan *plan, bool keeps_order);
extern bool subplan_reads_same_rows(const Ir *ir);
/* As subplan_for_query, for a parameter whose value is that of an InitPlan; or NULL. */
extern Node *subplan_for_param(const Param *param, Ir *ir, const SubPlan **subplan);

/*
 * Mark of a SubLink, in subLinkId, which means nothing otherwise: the driver makes
 * its rows before any is asked for, and may fail to.
 */
#define SUBLINK_MAY_FAIL_EARLY 1
/* Can computing it not raise an error?  params are the outer row's columns. */
extern bool subplan_cannot_fail(const Plan *plan, const List *params);

#endif							/* BARKS_PLANNER_SUBPLAN_H */
