/*-------------------------------------------------------------------------
 * plan_references.c
 *	  Which subplans of a statement a finished plan still uses.
 *
 * Those that became sub-selects on the nodes need not be planned for the driver.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "job/plan.h"
#include "planner/planner.h"
#include "planner/subplan.h"

static void walk_plan(Plan *plan, Bitmapset **ids);
static void walk_plans(List *plans, Bitmapset **ids);
static void walk_own(Plan *plan, Bitmapset **ids);
static void walk_scan(Plan *plan, Bitmapset **ids);
static void walk_barks(CustomScan *scan, Bitmapset **ids);
static bool expr_walker(Node *node, Bitmapset **ids);

Bitmapset *
plan_references(Plan *plan)
{
	Bitmapset  *ids = NULL;

	walk_plan(plan, &ids);
	return ids;
}

static void
walk_plan(Plan *plan, Bitmapset **ids)
{
	if (plan == NULL)
		return;
	expr_walker((Node *) plan->targetlist, ids);
	expr_walker((Node *) plan->qual, ids);
	expr_walker((Node *) plan->initPlan, ids);
	walk_own(plan, ids);
	walk_plan(plan->lefttree, ids);
	walk_plan(plan->righttree, ids);
}

static void
walk_plans(List *plans, Bitmapset **ids)
{
	ListCell   *lc;

	foreach(lc, plans)
		walk_plan(lfirst(lc), ids);
}

/* What nodes have besides the fields of all plans. */
static void
walk_own(Plan *plan, Bitmapset **ids)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			expr_walker(((Result *) plan)->resconstantqual, ids);
			break;
		case T_ModifyTable:
			expr_walker((Node *) ((ModifyTable *) plan)->withCheckOptionLists, ids);
			expr_walker((Node *) ((ModifyTable *) plan)->returningLists, ids);
			expr_walker((Node *) ((ModifyTable *) plan)->onConflictSet, ids);
			expr_walker(((ModifyTable *) plan)->onConflictWhere, ids);
			expr_walker((Node *) ((ModifyTable *) plan)->mergeActionLists, ids);
			break;
		case T_Append:
			walk_plans(((Append *) plan)->appendplans, ids);
			break;
		case T_MergeAppend:
			walk_plans(((MergeAppend *) plan)->mergeplans, ids);
			break;
		case T_BitmapAnd:
			walk_plans(((BitmapAnd *) plan)->bitmapplans, ids);
			break;
		case T_BitmapOr:
			walk_plans(((BitmapOr *) plan)->bitmapplans, ids);
			break;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			expr_walker((Node *) ((Join *) plan)->joinqual, ids);
			if (IsA(plan, NestLoop))
				break;
			expr_walker((Node *) (IsA(plan, HashJoin) ? ((HashJoin *) plan)->hashclauses :
								  ((MergeJoin *) plan)->mergeclauses), ids);
			if (IsA(plan, HashJoin))
				expr_walker((Node *) ((HashJoin *) plan)->hashkeys, ids);
			break;
		case T_Hash:
			expr_walker((Node *) ((Hash *) plan)->hashkeys, ids);
			break;
		case T_Memoize:
			expr_walker((Node *) ((Memoize *) plan)->param_exprs, ids);
			break;
		case T_WindowAgg:
			expr_walker(((WindowAgg *) plan)->startOffset, ids);
			expr_walker(((WindowAgg *) plan)->endOffset, ids);
			expr_walker((Node *) ((WindowAgg *) plan)->runCondition, ids);
			break;
		case T_Limit:
			expr_walker(((Limit *) plan)->limitOffset, ids);
			expr_walker(((Limit *) plan)->limitCount, ids);
			break;
		default:
			walk_scan(plan, ids);
			break;
	}
}

static void
walk_scan(Plan *plan, Bitmapset **ids)
{
	switch (nodeTag(plan))
	{
		case T_SampleScan:
			expr_walker((Node *) ((SampleScan *) plan)->tablesample, ids);
			break;
		case T_IndexScan:
			expr_walker((Node *) ((IndexScan *) plan)->indexqual, ids);
			expr_walker((Node *) ((IndexScan *) plan)->indexorderby, ids);
			break;
		case T_IndexOnlyScan:
			expr_walker((Node *) ((IndexOnlyScan *) plan)->indexqual, ids);
			expr_walker((Node *) ((IndexOnlyScan *) plan)->recheckqual, ids);
			expr_walker((Node *) ((IndexOnlyScan *) plan)->indexorderby, ids);
			break;
		case T_BitmapIndexScan:
			expr_walker((Node *) ((BitmapIndexScan *) plan)->indexqual, ids);
			break;
		case T_BitmapHeapScan:
			expr_walker((Node *) ((BitmapHeapScan *) plan)->bitmapqualorig, ids);
			break;
		case T_TidScan:
			expr_walker((Node *) ((TidScan *) plan)->tidquals, ids);
			break;
		case T_TidRangeScan:
			expr_walker((Node *) ((TidRangeScan *) plan)->tidrangequals, ids);
			break;
		case T_SubqueryScan:
			walk_plan(((SubqueryScan *) plan)->subplan, ids);
			break;
		case T_FunctionScan:
			expr_walker((Node *) ((FunctionScan *) plan)->functions, ids);
			break;
		case T_ValuesScan:
			expr_walker((Node *) ((ValuesScan *) plan)->values_lists, ids);
			break;
		case T_TableFuncScan:
			expr_walker((Node *) ((TableFuncScan *) plan)->tablefunc, ids);
			break;
		case T_CteScan:
			*ids = bms_add_member(*ids, ((CteScan *) plan)->ctePlanId);
			break;
		case T_ForeignScan:
			expr_walker((Node *) ((ForeignScan *) plan)->fdw_exprs, ids);
			expr_walker((Node *) ((ForeignScan *) plan)->fdw_recheck_quals, ids);
			break;
		case T_CustomScan:
			expr_walker((Node *) ((CustomScan *) plan)->custom_exprs, ids);
			walk_plans(((CustomScan *) plan)->custom_plans, ids);
			walk_barks((CustomScan *) plan, ids);
			break;
		default:
			break;
	}
}

/* Plans inside of ours. */
static void
walk_barks(CustomScan *scan, Bitmapset **ids)
{
	BarksPlan  *barks;
	ListCell   *lc;

	if (scan->methods != barks_scan_methods)
		return;
	barks = barks_plan_of(scan);
	walk_plan(barks->tail, ids);
	foreach(lc, barks->stages)
		walk_plan(((StagePlan *) lfirst(lc))->driver_plan, ids);
}

static bool
expr_walker(Node *node, Bitmapset **ids)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		*ids = bms_add_member(*ids, ((SubPlan *) node)->plan_id);
	/* lists that expression_tree_walker has no name for */
	if (IsA(node, RangeTblFunction))
		return expr_walker(((RangeTblFunction *) node)->funcexpr, ids);
	if (IsA(node, WithCheckOption))
		return expr_walker(((WithCheckOption *) node)->qual, ids);
	if (IsA(node, MergeAction))
		return expr_walker(((MergeAction *) node)->qual, ids) ||
			expr_walker((Node *) ((MergeAction *) node)->targetList, ids);
	return expression_tree_walker(node, expr_walker, ids);
}
