/*-------------------------------------------------------------------------
 * plan_tree.c
 *	  Walking finished plans.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "vector/plan_tree.h"

void
plan_walk_children(Plan *plan, void (*visit) (Plan **child, void *arg), void *arg)
{
	List	   *children = NIL;
	ListCell   *lc;

	if (outerPlan(plan))
		visit(&outerPlan(plan), arg);
	if (innerPlan(plan))
		visit(&innerPlan(plan), arg);
	switch (nodeTag(plan))
	{
		case T_Append:
			children = ((Append *) plan)->appendplans;
			break;
		case T_MergeAppend:
			children = ((MergeAppend *) plan)->mergeplans;
			break;
		case T_SubqueryScan:
			visit(&((SubqueryScan *) plan)->subplan, arg);
			break;
		case T_CustomScan:
			children = ((CustomScan *) plan)->custom_plans;
			break;
		default:
			break;
	}
	foreach(lc, children)
		visit((Plan **) &lfirst(lc), arg);
}
