/*-------------------------------------------------------------------------
 * translate.c
 *	  Walk a Plan tree bottom-up into the intermediate form.
 *
 * A node whose children could be translated is absorbed if it can run on the
 * nodes; else its children are sealed into CustomScans and it stays where it
 * is, or, when it is of the kind that only goes over rows (sort, limit,
 * projection), joins the tail that the CustomScan runs on the driver.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"

#include "planner/fallback.h"
#include "planner/operations.h"
#include "planner/planner.h"
#include "planner/shared_plan.h"
#include "planner/subplan.h"
#include "planner/translate.h"

static Ir  *translate_node(PlanContext *context, Plan *plan);
static Ir  *translate_independent(PlanContext *context, Plan *plan);
static Ir  *translate_other(PlanContext *context, Plan *plan);
static void seal_list(PlanContext *context, List *plans);

Ir *
translate_plan(PlanContext *context, Plan *plan)
{
	bool		wants_nodes = context->wants_nodes;
	bool		above_wants_nodes = context->above_wants_nodes;
	Ir		   *ir;

	check_stack_depth();
	context->above_wants_nodes = wants_nodes;
	context->wants_nodes |= translate_goes_on_over_rows(plan);
	if (context->bound != NULL && !bms_overlap(plan->allParam, context->bound))
		ir = translate_independent(context, plan);
	else
		ir = translate_node(context, plan);
	context->wants_nodes = wants_nodes;
	context->above_wants_nodes = above_wants_nodes;
	if (ir)
	{
		operations_note(context, plan, ir);
		ir->rows = plan->plan_rows;
		ir->width = plan->plan_width;
	}
	return ir;
}

bool
translate_goes_on_over_rows(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_HashJoin:
		case T_NestLoop:
		case T_Agg:
		case T_Group:
		case T_WindowAgg:
		case T_SetOp:
		case T_ProjectSet:
			return true;
		default:
			return false;
	}
}

/* Of a subquery that depends on the outer row, a part that does not. */
static Ir *
translate_independent(PlanContext *context, Plan *plan)
{
	Bitmapset  *bound = context->bound;
	Ir		   *ir;

	context->bound = NULL;
	context->wants_nodes = true;
	ir = translate_plan(context, plan);
	ir = subplan_broadcast(context, ir, plan, true);
	context->bound = bound;
	return ir;
}

static Ir *
translate_node(PlanContext *context, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			return translate_scan(context, (Scan *) plan);
		case T_Result:
			return translate_result(context, (Result *) plan);
		case T_SubqueryScan:
			return translate_subquery(context, (SubqueryScan *) plan);
		case T_HashJoin:
			return translate_hash_join(context, (HashJoin *) plan);
		case T_MergeJoin:
			/* the way to do a full join without any clause */
			if (((MergeJoin *) plan)->mergeclauses == NIL)
				return translate_merge_join(context, (MergeJoin *) plan);
			return translate_other(context, plan);
		case T_RecursiveUnion:
			{
				Ir		   *ir = translate_recursive_union(context, (RecursiveUnion *) plan);

				return ir ? ir : translate_other(context, plan);
			}
		case T_WorkTableScan:
			return translate_work_table_scan(context, (WorkTableScan *) plan);
		case T_CteScan:
			return translate_cte_scan(context, (CteScan *) plan);
		case T_NestLoop:
			return translate_nest_loop(context, (NestLoop *) plan);
		case T_Append:
			return translate_append(context, plan, &((Append *) plan)->appendplans);
		case T_MergeAppend:
			return translate_append(context, plan, &((MergeAppend *) plan)->mergeplans);
		case T_Agg:
			return translate_agg(context, (Agg *) plan);
		case T_Group:
			return translate_group(context, (Group *) plan);
		case T_WindowAgg:
			return translate_window(context, (WindowAgg *) plan);
		case T_FunctionScan:
			return translate_function_scan(context, (FunctionScan *) plan);
		case T_ValuesScan:
			return translate_values_scan(context, (ValuesScan *) plan);
		case T_ProjectSet:
			return translate_project_set(context, (ProjectSet *) plan);
		case T_SetOp:
			return translate_setop(context, (SetOp *) plan);
		case T_Sort:
		case T_IncrementalSort:
			return translate_sort(context, (Sort *) plan);
		case T_Limit:
			return translate_limit(context, (Limit *) plan);
		case T_Unique:
			return translate_unique(context, (Unique *) plan);
		case T_ModifyTable:
			return translate_modify(context, (ModifyTable *) plan);
		default:
			return translate_other(context, plan);
	}
}

Plan *
translate_and_seal(PlanContext *context, Plan *plan)
{
	bool		wants_nodes = context->wants_nodes;
	Ir		   *ir;

	context->wants_nodes = false;
	ir = translate_plan(context, plan);
	context->wants_nodes = wants_nodes;
	return ir ? ir_seal(context, ir, plan) : plan;
}

Ir *
translate_stay(PlanContext *context, Plan *plan, int scans_before, const char *reason)
{
	if (context->scans > scans_before)
		fallback_note(plan, reason);
	return NULL;
}

/* plan becomes a node of the driver's last stage; its child is already detached from it. */
Ir *
translate_tail(PlanContext *context, Plan *plan, Ir *child)
{
	Ir		   *ir = palloc0(sizeof(Ir));
	Plan	   *old = IsA(plan, SubqueryScan) ? ((SubqueryScan *) plan)->subplan : plan->lefttree;
	Plan	   *below;

	if (child->tail == NULL)
		child = ir_sort_on_driver(context, child, old);
	ir->distribution = IR_SINGLE;
	ir->limit = -1;
	ir->display = translate_output_display(child, plan->targetlist,
										   IsA(plan, SubqueryScan) ?
										   ((SubqueryScan *) plan)->scan.scanrelid : OUTER_VAR);
	ir->relids = child->relids;
	ir->leaves = child->leaves;
	ir->init_plans = child->init_plans;
	operations_follow(ir, child);
	child->init_plans = NIL;
	below = child->tail ? child->tail : ir_seal(context, child, old);
	if (IsA(plan, SubqueryScan))
		((SubqueryScan *) plan)->subplan = below;
	else
		plan->lefttree = below;
	translate_init_plans(ir, plan);
	ir->tail = plan;
	return ir;
}

/* What the columns of a node that calls its input varno are, over base tables. */
List *
translate_output_display(const Ir *child, List *tlist, int varno)
{
	Ir		   *output = palloc0(sizeof(Ir));
	IrScope		scope = {1};
	List	   *result = NIL;
	ListCell   *lc;

	output->display = child->display;
	if (child->has_driver_tlist)
	{
		scope.inputs[0].varno = INDEX_VAR;
		scope.inputs[0].ir = (Ir *) child;
		output->display = NIL;
		foreach(lc, child->driver_tlist)
			output->display = lappend(output->display,
									  expr_for_display((Node *) lfirst_node(TargetEntry, lc)->expr,
													   &scope));
	}
	scope.inputs[0].varno = varno;
	scope.inputs[0].ir = output;
	foreach(lc, tlist)
		result = lappend(result,
						 expr_for_display((Node *) lfirst_node(TargetEntry, lc)->expr, &scope));
	return result;
}

void
translate_init_plans(Ir *ir, Plan *plan)
{
	ir->init_plans = list_concat(ir->init_plans, plan->initPlan);
	plan->initPlan = NIL;
}

/* A node of a kind that never runs on nodes: only go on below it. */
static Ir *
translate_other(PlanContext *context, Plan *plan)
{
	int			before = context->scans;
	const char *reason = "is not run on nodes";

	if (plan->lefttree)
		plan->lefttree = translate_and_seal(context, plan->lefttree);
	if (plan->righttree)
		plan->righttree = translate_and_seal(context, plan->righttree);
	switch (nodeTag(plan))
	{
		case T_Hash:
		case T_Material:
			/* these belong to a join above */
			return NULL;
		case T_ForeignScan:
			break;
		case T_CustomScan:
			seal_list(context, ((CustomScan *) plan)->custom_plans);
			break;
		case T_MergeJoin:
			/* it goes back in its inner side, which may have been a Sort */
			if (context->scans > before && !IsA(plan->righttree, Material) &&
				!((MergeJoin *) plan)->skip_mark_restore)
				plan->righttree = ir_make_material(context, plan->righttree);
			reason = "merge joins are not run on nodes";
			break;
		case T_RecursiveUnion:
			reason = "recursive query";
			break;
		case T_LockRows:
			reason = "row locks";
			break;
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
			return translate_scan(context, (Scan *) plan);
		default:
			break;
	}
	return translate_stay(context, plan, before, reason);
}

static void
seal_list(PlanContext *context, List *plans)
{
	ListCell   *lc;

	foreach(lc, plans)
		lfirst(lc) = translate_and_seal(context, lfirst(lc));
}
