/*-------------------------------------------------------------------------
 * driver_input.c
 *	  Rows that the driver makes, as input of what nodes do.
 *
 * A plan that is not translated (a local table, VALUES, a function in FROM, the
 * driver's own last stage of a subquery) runs on the driver.  Where its rows
 * meet rows on the nodes, an exchange sends them there.  Until then the plan
 * stands in an Ir without a query, of which only exchanges know what to do.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "planner/driver_input.h"
#include "planner/operations.h"
#include "planner/shippable.h"
#include "planner/translate.h"

static Plan *with_a_column(PlanContext *context, Plan *plan);
static const char *refuse(const PlanContext *context, const Plan *plan);
static bool nodes_know_type(const PlanContext *context, Oid type);
static bool reads_work_table(const Plan *plan);
static bool order_of(const Plan *plan, List **order);
static bool order_below(const Plan *plan, const Plan *child, List **order);
static Node *display_mutator(Node *node, Plan *plan);
static Plan *input_of(Plan *plan, int varno);
static List *own_tlist(const Plan *plan);
static bool relids_walker(Node *node, Bitmapset **relids);

Ir *
driver_input(PlanContext *context, Ir *ir, Plan **plan, bool keeps_order, const char **reason)
{
	Ir		   *result;
	List	   *order = NIL;
	bool		order_known;
	ListCell   *lc;

	if (bms_overlap((*plan)->allParam, context->bound))
	{
		*reason = "an input depends on the outer row";
		return NULL;
	}
	if (ir && ir->tail == NULL && !ir->has_driver_tlist)
	{
		order = ir->order;
		order_known = true;
	}
	else
		order_known = order_of(*plan, &order);
	if (ir)
		*plan = ir_seal(context, ir, *plan);
	if ((*plan)->targetlist == NIL)
		*plan = with_a_column(context, *plan);
	*reason = refuse(context, *plan);
	if (*reason == NULL && keeps_order && !order_known)
		*reason = "an input is local to the driver, in an order that counts";
	if (*reason)
		return NULL;

	result = palloc0(sizeof(Ir));
	result->distribution = IR_DRIVER;
	result->driver_plan = *plan;
	result->order = keeps_order ? order : NIL;
	result->limit = -1;
	if (ir)
		operations_follow(result, ir);
	result->rows = (*plan)->plan_rows;
	result->width = (*plan)->plan_width;
	foreach(lc, (*plan)->targetlist)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;
		Node	   *display = display_mutator(expr, *plan);

		if (exprType(display) != exprType(expr) || exprTypmod(display) != exprTypmod(expr) ||
			exprCollation(display) != exprCollation(expr))
			display = (Node *) makeNullConst(exprType(expr), exprTypmod(expr),
											 exprCollation(expr));
		relids_walker(display, &result->relids);
		result->display = lappend(result->display, display);
	}
	return result;
}

/* Rows have to have something to be sent. */
static Plan *
with_a_column(PlanContext *context, Plan *plan)
{
	Result	   *result = makeNode(Result);
	Expr	   *column = (Expr *) makeBoolConst(true, false);

	result->plan = *plan;
	result->plan.type = T_Result;
	result->plan.plan_node_id = context->next_plan_node_id++;
	result->plan.targetlist = list_make1(makeTargetEntry(column, 1, NULL, false));
	result->plan.qual = NIL;
	result->plan.initPlan = NIL;
	result->plan.lefttree = plan;
	result->plan.righttree = NULL;
	return &result->plan;
}

/* Why the plan's rows cannot be sent, or NULL. */
static const char *
refuse(const PlanContext *context, const Plan *plan)
{
	ListCell   *lc;

	if (reads_work_table(plan))
		return "an input is the recursive part of a query";
	foreach(lc, plan->targetlist)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;
		const char *reason = shippable_column(exprType(expr), exprCollation(expr));

		if (reason)
			return reason;
		if (!nodes_know_type(context, exprType(expr)))
			return psprintf("nodes may not have type %s", format_type_be(exprType(expr)));
	}
	return NULL;
}

/* A type of the user's is made on nodes with a table that has a column of it. */
static bool
nodes_know_type(const PlanContext *context, Oid type)
{
	ListCell   *lc;

	if (OidIsValid(get_element_type(type)))
		type = get_element_type(type);
	if (type < FirstNormalObjectId)
		return true;
	foreach(lc, context->relids)
	{
		Relation	rel = relation_open(lfirst_oid(lc), NoLock);	/* locked by the planner */
		TupleDesc	desc = RelationGetDescr(rel);
		bool		found = false;

		for (int i = 0; i < desc->natts; i++)
			found |= TupleDescAttr(desc, i)->atttypid == type ||
				get_element_type(TupleDescAttr(desc, i)->atttypid) == type;
		relation_close(rel, NoLock);
		if (found)
			return true;
	}
	return false;
}

/* Its rows are other ones each time. */
static bool
reads_work_table(const Plan *plan)
{
	ListCell   *lc;

	if (plan == NULL)
		return false;
	if (IsA(plan, WorkTableScan))
		return true;
	if (IsA(plan, Append))
		foreach(lc, ((const Append *) plan)->appendplans)
			if (reads_work_table(lfirst(lc)))
				return true;
	if (IsA(plan, MergeAppend))
		foreach(lc, ((const MergeAppend *) plan)->mergeplans)
			if (reads_work_table(lfirst(lc)))
				return true;
	if (IsA(plan, SubqueryScan) && reads_work_table(((const SubqueryScan *) plan)->subplan))
		return true;
	return reads_work_table(plan->lefttree) || reads_work_table(plan->righttree);
}

/*
 * The order that the plan's rows come in, which its parents may count on; false
 * when that is not known.
 */
static bool
order_of(const Plan *plan, List **order)
{
	const char *reason;

	*order = NIL;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_FunctionScan:
		case T_ValuesScan:
		case T_TableFuncScan:
		case T_HashJoin:
			return true;
		case T_Agg:
			if (((const Agg *) plan)->aggstrategy == AGG_PLAIN ||
				((const Agg *) plan)->aggstrategy == AGG_HASHED)
				return true;
			return order_below(plan, plan->lefttree, order);
		case T_Sort:
		case T_IncrementalSort:
			{
				const Sort *sort = (const Sort *) plan;

				*order = translate_sort_keys(sort->numCols, sort->sortColIdx,
											 sort->sortOperators, sort->collations,
											 sort->nullsFirst, &reason);
				return *order != NIL;
			}
		case T_Limit:
		case T_Material:
		case T_Unique:
			return order_of(plan->lefttree, order);
		case T_Result:
			return plan->lefttree == NULL || order_below(plan, plan->lefttree, order);
		case T_ProjectSet:
		case T_NestLoop:
			return order_below(plan, plan->lefttree, order);
		case T_SubqueryScan:
			return order_below(plan, ((const SubqueryScan *) plan)->subplan, order);
		default:
			return false;
	}
}

/* Through a node with other columns than its child: known when there is none. */
static bool
order_below(const Plan *plan, const Plan *child, List **order)
{
	if (!order_of(child, order))
		return false;
	return *order == NIL;
}

/* An expression of plan over base tables, as far as that can be found out, for EXPLAIN. */
static Node *
display_mutator(Node *node, Plan *plan)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		Plan	   *input = NULL;
		List	   *tlist = NIL;
		TargetEntry *tle;

		if (!IS_SPECIAL_VARNO(var->varno))
			return copyObject(node);
		if (var->varno == INDEX_VAR)
			tlist = own_tlist(plan);
		else if ((input = input_of(plan, var->varno)) != NULL)
			tlist = input->targetlist;
		tle = var->varattno > 0 && var->varattno <= list_length(tlist) ?
			list_nth_node(TargetEntry, tlist, var->varattno - 1) : NULL;
		if (tle == NULL)
			return (Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
		/* what INDEX_VARs name is over base tables, or again over the node's inputs */
		if (input == NULL)
			return IsA(tle->expr, Var) && IS_SPECIAL_VARNO(((Var *) tle->expr)->varno) ?
				(Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid) :
				copyObject((Node *) tle->expr);
		return display_mutator((Node *) tle->expr, input);
	}
	/* prints its plan's number, or looks for more than is there */
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) || IsA(node, WindowFunc) ||
		IsA(node, GroupingFunc))
		return (Node *) makeNullConst(exprType(node), exprTypmod(node), exprCollation(node));
	return expression_tree_mutator(node, display_mutator, plan);
}

static Plan *
input_of(Plan *plan, int varno)
{
	if (varno == INNER_VAR)
		return plan->righttree;
	switch (nodeTag(plan))
	{
		case T_Append:
			return linitial(((Append *) plan)->appendplans);
		case T_MergeAppend:
			return linitial(((MergeAppend *) plan)->mergeplans);
		default:
			return plan->lefttree;
	}
}

static List *
own_tlist(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_CustomScan:
			return ((const CustomScan *) plan)->custom_scan_tlist;
		case T_ForeignScan:
			return ((const ForeignScan *) plan)->fdw_scan_tlist;
		case T_IndexOnlyScan:
			return ((const IndexOnlyScan *) plan)->indextlist;
		default:
			return NIL;
	}
}

static bool
relids_walker(Node *node, Bitmapset **relids)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && !IS_SPECIAL_VARNO(((Var *) node)->varno))
		*relids = bms_add_member(*relids, ((Var *) node)->varno);
	return expression_tree_walker(node, relids_walker, relids);
}
