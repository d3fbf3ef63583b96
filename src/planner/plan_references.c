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
#include "planner/shared_plan.h"

static void walk_plan(Plan *plan, PlanReferences *refs);
static void walk_plans(List *plans, PlanReferences *refs);
static void drop_init_plans(Plan *plan, const Bitmapset *kept);
static void walk_own(Plan *plan, PlanReferences *refs);
static void walk_scan(Plan *plan, PlanReferences *refs);
static void walk_barks(CustomScan *scan, PlanReferences *refs);
static bool expr_walker(Node *node, PlanReferences *refs);

void
plan_references(Plan *plan, PlanReferences *references)
{
	walk_plan(plan, references);
}

void
plan_keep_init_plans(Plan *plan, const Bitmapset *subplans)
{
	PlanReferences references = {.kept = subplans};

	walk_plan(plan, &references);
}

List *
plan_children(const Plan *plan)
{
	List	   *children = NIL;

	switch (nodeTag(plan))
	{
		case T_Append:
			children = list_copy(((const Append *) plan)->appendplans);
			break;
		case T_MergeAppend:
			children = list_copy(((const MergeAppend *) plan)->mergeplans);
			break;
		case T_BitmapAnd:
			children = list_copy(((const BitmapAnd *) plan)->bitmapplans);
			break;
		case T_BitmapOr:
			children = list_copy(((const BitmapOr *) plan)->bitmapplans);
			break;
		case T_CustomScan:
			children = list_copy(((const CustomScan *) plan)->custom_plans);
			break;
		case T_SubqueryScan:
			children = list_make1(((const SubqueryScan *) plan)->subplan);
			break;
		default:
			break;
	}
	if (plan->lefttree)
		children = lappend(children, plan->lefttree);
	if (plan->righttree)
		children = lappend(children, plan->righttree);
	return children;
}

static void
walk_plan(Plan *plan, PlanReferences *refs)
{
	if (plan == NULL)
		return;
	expr_walker((Node *) plan->targetlist, refs);
	expr_walker((Node *) plan->qual, refs);
	if (refs->kept)
		drop_init_plans(plan, refs->kept);
	refs->init_plans = list_concat(refs->init_plans, plan->initPlan);
	walk_own(plan, refs);
	walk_plan(plan->lefttree, refs);
	walk_plan(plan->righttree, refs);
}

static void
walk_plans(List *plans, PlanReferences *refs)
{
	ListCell   *lc;

	foreach(lc, plans)
		walk_plan(lfirst(lc), refs);
}

static void
drop_init_plans(Plan *plan, const Bitmapset *kept)
{
	ListCell   *lc;

	foreach(lc, plan->initPlan)
		if (!bms_is_member(lfirst_node(SubPlan, lc)->plan_id, kept))
			plan->initPlan = foreach_delete_current(plan->initPlan, lc);
}

/* What nodes have besides the fields of all plans. */
static void
walk_own(Plan *plan, PlanReferences *refs)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			expr_walker(((Result *) plan)->resconstantqual, refs);
			break;
		case T_ModifyTable:
			expr_walker((Node *) ((ModifyTable *) plan)->withCheckOptionLists, refs);
			expr_walker((Node *) ((ModifyTable *) plan)->returningLists, refs);
			expr_walker((Node *) ((ModifyTable *) plan)->onConflictSet, refs);
			expr_walker(((ModifyTable *) plan)->onConflictWhere, refs);
			expr_walker((Node *) ((ModifyTable *) plan)->mergeActionLists, refs);
			break;
		case T_Append:
			walk_plans(((Append *) plan)->appendplans, refs);
			break;
		case T_MergeAppend:
			walk_plans(((MergeAppend *) plan)->mergeplans, refs);
			break;
		case T_BitmapAnd:
			walk_plans(((BitmapAnd *) plan)->bitmapplans, refs);
			break;
		case T_BitmapOr:
			walk_plans(((BitmapOr *) plan)->bitmapplans, refs);
			break;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			expr_walker((Node *) ((Join *) plan)->joinqual, refs);
			if (IsA(plan, NestLoop))
				break;
			expr_walker((Node *) (IsA(plan, HashJoin) ? ((HashJoin *) plan)->hashclauses :
								  ((MergeJoin *) plan)->mergeclauses), refs);
			if (IsA(plan, HashJoin))
				expr_walker((Node *) ((HashJoin *) plan)->hashkeys, refs);
			break;
		case T_Hash:
			expr_walker((Node *) ((Hash *) plan)->hashkeys, refs);
			break;
		case T_Memoize:
			expr_walker((Node *) ((Memoize *) plan)->param_exprs, refs);
			break;
		case T_WindowAgg:
			expr_walker(((WindowAgg *) plan)->startOffset, refs);
			expr_walker(((WindowAgg *) plan)->endOffset, refs);
			expr_walker((Node *) ((WindowAgg *) plan)->runCondition, refs);
			break;
		case T_Limit:
			expr_walker(((Limit *) plan)->limitOffset, refs);
			expr_walker(((Limit *) plan)->limitCount, refs);
			break;
		default:
			walk_scan(plan, refs);
			break;
	}
}

static void
walk_scan(Plan *plan, PlanReferences *refs)
{
	switch (nodeTag(plan))
	{
		case T_SampleScan:
			expr_walker((Node *) ((SampleScan *) plan)->tablesample, refs);
			break;
		case T_IndexScan:
			expr_walker((Node *) ((IndexScan *) plan)->indexqual, refs);
			expr_walker((Node *) ((IndexScan *) plan)->indexorderby, refs);
			break;
		case T_IndexOnlyScan:
			expr_walker((Node *) ((IndexOnlyScan *) plan)->indexqual, refs);
			expr_walker((Node *) ((IndexOnlyScan *) plan)->recheckqual, refs);
			expr_walker((Node *) ((IndexOnlyScan *) plan)->indexorderby, refs);
			break;
		case T_BitmapIndexScan:
			expr_walker((Node *) ((BitmapIndexScan *) plan)->indexqual, refs);
			break;
		case T_BitmapHeapScan:
			expr_walker((Node *) ((BitmapHeapScan *) plan)->bitmapqualorig, refs);
			break;
		case T_TidScan:
			expr_walker((Node *) ((TidScan *) plan)->tidquals, refs);
			break;
		case T_TidRangeScan:
			expr_walker((Node *) ((TidRangeScan *) plan)->tidrangequals, refs);
			break;
		case T_SubqueryScan:
			walk_plan(((SubqueryScan *) plan)->subplan, refs);
			break;
		case T_FunctionScan:
			expr_walker((Node *) ((FunctionScan *) plan)->functions, refs);
			break;
		case T_ValuesScan:
			expr_walker((Node *) ((ValuesScan *) plan)->values_lists, refs);
			break;
		case T_TableFuncScan:
			expr_walker((Node *) ((TableFuncScan *) plan)->tablefunc, refs);
			break;
		case T_CteScan:
			refs->subplans = bms_add_member(refs->subplans, ((CteScan *) plan)->ctePlanId);
			break;
		case T_ForeignScan:
			expr_walker((Node *) ((ForeignScan *) plan)->fdw_exprs, refs);
			expr_walker((Node *) ((ForeignScan *) plan)->fdw_recheck_quals, refs);
			break;
		case T_CustomScan:
			expr_walker((Node *) ((CustomScan *) plan)->custom_exprs, refs);
			walk_plans(((CustomScan *) plan)->custom_plans, refs);
			walk_barks((CustomScan *) plan, refs);
			break;
		default:
			break;
	}
}

/* Plans inside of ours. */
static void
walk_barks(CustomScan *scan, PlanReferences *refs)
{
	BarksPlan  *barks;
	ListCell   *lc;

	if (scan->methods != barks_scan_methods)
		return;
	barks = barks_plan_of(scan);
	walk_plan(barks->tail, refs);
	if (barks->stages != NIL)
		refs->jobs = lappend(refs->jobs, barks);
	foreach(lc, barks->stages)
	{
		StagePlan  *stage = lfirst(lc);

		walk_plan(stage->driver_plan, refs);
		expr_walker((Node *) stage->query, refs);
		expr_walker((Node *) stage->prune, refs);
	}
}

static bool
expr_walker(Node *node, PlanReferences *refs)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		refs->subplans = bms_add_member(refs->subplans, ((SubPlan *) node)->plan_id);
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC &&
		((Param *) node)->paramid >= 0)
		refs->params = bms_add_member(refs->params, ((Param *) node)->paramid);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, expr_walker, refs, 0);
	if (IsA(node, Integer))
		return false;			/* of stage->prune */
	/* lists that expression_tree_walker has no name for */
	if (IsA(node, RangeTblFunction))
		return expr_walker(((RangeTblFunction *) node)->funcexpr, refs);
	if (IsA(node, WithCheckOption))
		return expr_walker(((WithCheckOption *) node)->qual, refs);
	if (IsA(node, MergeAction))
		return expr_walker(((MergeAction *) node)->qual, refs) ||
			expr_walker((Node *) ((MergeAction *) node)->targetList, refs);
	return expression_tree_walker(node, expr_walker, refs);
}
