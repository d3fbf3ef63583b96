/*-------------------------------------------------------------------------
 * shared_plan.h
 *	  Subplans whose rows are made once and read in several places.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_SHARED_PLAN_H
#define BARKS_PLANNER_SHARED_PLAN_H

#include "planner/ir.h"

/* What a finished plan, but for its subplans, refers to. */
typedef struct PlanReferences
{
	Bitmapset  *subplans;		/* ids of SubPlans in expressions, and of CTEs read */
	Bitmapset  *params;			/* PARAM_EXEC ids read */
	List	   *init_plans;		/* of SubPlan, wherever they are attached */
	List	   *jobs;			/* of BarksPlan that have stages */
	const Bitmapset *kept;		/* plan_references.c's own */
} PlanReferences;

/* plan_references.c */
/* The plans that a plan node reads. */
extern List *plan_children(const Plan *plan);
extern void plan_references(Plan *plan, PlanReferences *references);
/* Detach the InitPlans whose subplan's id is not among these. */
extern void plan_keep_init_plans(Plan *plan, const Bitmapset *subplans);

/* Ids of the subplans that are needed for the statement as it is now. */
extern Bitmapset *shared_plan_wanted(const PlannedStmt *stmt);
/* A reader of a subplan's rows, from a stage that is made at the first call; or NULL. */
extern Ir  *shared_plan_read(PlanContext *context, const SubPlan *subplan);
extern Ir  *translate_cte_scan(PlanContext *context, CteScan *scan);
/* The InitPlan that gives a parameter its value, when nodes can have its rows; or NULL. */
extern const SubPlan *shared_plan_of_param(PlanContext *context, int paramid);
/* Is it the stage of such a subplan? */
extern bool shared_plan_makes(const PlanContext *context, const StagePlan *stage);
/* Would something be made on the nodes more than once, or on the driver besides? */
extern bool shared_plan_conflicts(const PlanContext *context);
/* BarksPlans with stages, of the plan and of these subplans. */
extern List *shared_plan_jobs(const PlannedStmt *stmt, const Bitmapset *wanted);

#endif							/* BARKS_PLANNER_SHARED_PLAN_H */
