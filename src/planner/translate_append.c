/*-------------------------------------------------------------------------
 * translate_append.c
 *	  UNION ALL, inheritance and partitioned tables.
 *
 * All inputs become one stage whose tasks each take a share of every leaf.
 * Rows that every task could compute (of broadcast tables, constants) are let
 * through a gate that is open in one task only.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/append.h"
#include "planner/driver_input.h"
#include "planner/planner.h"
#include "planner/translate.h"

static Ir  *build_union(PlanContext *context, Plan *plan, List *inputs, const char **reason);
static Param *make_gate(void);
static List *common_order(List *inputs, int ncolumns);

Ir *
translate_append(PlanContext *context, Plan *plan, List **children)
{
	int			before = context->scans;
	List	   *inputs = NIL;
	bool		on_nodes = true;
	const char *reason = "an input is not on the nodes";
	ListCell   *lc;

	foreach(lc, *children)
		inputs = lappend(inputs, translate_plan(context, lfirst(lc)));
	if (context->wants_nodes)
		append_send_driver_rows(context, inputs, *children);
	foreach(lc, inputs)
		on_nodes &= ir_on_nodes(lfirst(lc));
	if (on_nodes && list_length(inputs) > 1 && context->scans > before)
	{
		Ir		   *ir = build_union(context, plan, inputs, &reason);

		if (ir)
			return ir;
	}
	foreach(lc, *children)
	{
		Ir		   *input = list_nth(inputs, foreach_current_index(lc));

		if (input)
			lfirst(lc) = ir_seal(context, input, lfirst(lc));
	}
	/* appending gathered rows is no work: not running there is no fallback of its own */
	return NULL;
}

/* Where some inputs are on the nodes, bring the others there. */
void
append_send_driver_rows(PlanContext *context, List *inputs, List *children)
{
	bool		some = false;
	ListCell   *lc;

	foreach(lc, inputs)
		some |= ir_on_nodes(lfirst(lc)) && ((Ir *) lfirst(lc))->distribution == IR_PARTITIONED;
	if (!some || !planner_exchanges || context->bound != NULL)
		return;
	foreach(lc, inputs)
	{
		ListCell   *child = list_nth_cell(children, foreach_current_index(lc));
		Plan	   *plan = lfirst(child);
		const char *reason;

		if (ir_on_nodes(lfirst(lc)))
			continue;
		lfirst(lc) = driver_input(context, lfirst(lc), &plan, false, &reason);
		lfirst(child) = plan;
		if (lfirst(lc))
			lfirst(lc) = ir_exchange(context, lfirst(lc), EXCHANGE_SINGLE, NIL);
	}
}

static Ir *
build_union(PlanContext *context, Plan *plan, List *inputs, const char **reason)
{
	Ir		   *ir = ir_make();
	List	   *tlist = plan->targetlist;
	ListCell   *lc;

	foreach(lc, inputs)
		ir_inherit(ir, lfirst(lc));
	append_set_distribution(ir, inputs, list_length(tlist));
	if (IsA(plan, MergeAppend))
	{
		MergeAppend *merge = (MergeAppend *) plan;

		ir->order = translate_sort_keys(merge->numCols, merge->sortColIdx,
										merge->sortOperators, merge->collations,
										merge->nullsFirst, reason);
		if (ir->order == NIL)
			return NULL;
	}
	else
		ir->order = common_order(inputs, list_length(tlist));
	foreach(lc, inputs)
		if (!append_add_branch(ir, lfirst(lc), tlist, reason))
			return NULL;
	append_make_operations(ir, tlist, SETOP_UNION, true);
	translate_init_plans(ir, plan);
	return ir;
}

/* Keys survive when the rows of equal partitions of all inputs belong together. */
void
append_set_distribution(Ir *ir, List *inputs, int ncolumns)
{
	Ir		   *first = linitial(inputs);
	List	   *keys = first->keys;
	bool		single = false;
	bool		aligned = true;
	ListCell   *lc;

	ir->distribution = IR_SINGLE;
	foreach(lc, inputs)
	{
		Ir		   *input = lfirst(lc);
		List	   *common = NIL;
		ListCell   *lk;

		if (input->distribution == IR_PARTITIONED)
			ir->distribution = IR_PARTITIONED;
		else
			single = true;
		if (single || input->keys == NIL || list_length(keys) != list_length(input->keys) ||
			!traits_aligned(first, input))
		{
			aligned = false;
			continue;
		}
		foreach(lk, keys)
		{
			Bitmapset  *columns = bms_intersect(lfirst(lk),
												list_nth(input->keys, foreach_current_index(lk)));

			aligned &= !bms_is_empty(columns) && bms_next_member(columns, -1) <= ncolumns;
			common = lappend(common, columns);
		}
		keys = common;
	}
	if (!aligned)
		return;
	foreach(lc, inputs)
		traits_merge_groups(ir->leaves, ((Ir *) lfirst(lc))->group, first->group);
	ir_follow(ir, first);
	foreach(lc, inputs)
		ir->nulls_spread |= ((Ir *) lfirst(lc))->nulls_spread;
	ir->keys = keys;
}

/* One SELECT of the union: the input's visible columns, with the output's collations. */
bool
append_add_branch(Ir *ir, Ir *input, List *tlist, const char **reason)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	Ir		   *branch = ir_make();
	Index		rtindex = ir_add_input(branch->query, input);
	ListCell   *lc;

	branch->height = ir->height;
	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *display = list_nth(input->display, tle->resno - 1);
		Node	   *expr = (Node *) makeVar(rtindex, tle->resno, exprType(display),
											exprTypmod(display), exprCollation(display), 0);

		if (exprType(display) != exprType((Node *) tle->expr))
		{
			*reason = "inputs differ in their column types";
			return false;
		}
		expr = collate_fix(expr, exprCollation((Node *) tle->expr), reason);
		if (expr == NULL)
			return false;
		ir_add_column(branch, (Expr *) expr, (Expr *) display);
	}
	if (ir->distribution == IR_PARTITIONED && input->distribution != IR_PARTITIONED)
	{
		branch->query->jointree->quals = (Node *) make_gate();
		ir->needs_gate = true;
	}
	if (ir->display == NIL)
		ir->display = branch->display;
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = branch->query;
	rte->alias = makeAlias("s", NIL);
	rte->eref = ir_column_names(branch);
	ir->query->rtable = lappend(ir->query->rtable, rte);
	return true;
}

static Param *
make_gate(void)
{
	Param	   *gate = makeNode(Param);

	gate->paramkind = PARAM_EXEC;
	gate->paramid = BARKS_GATE_PARAM;
	gate->paramtype = BOOLOID;
	gate->paramtypmod = -1;
	gate->location = -1;
	return gate;
}

/* Combine the range-table entries, and select what comes out. */
void
append_make_operations(Ir *ir, List *tlist, SetOperation operation, bool all)
{
	Node	   *tree = NULL;
	ListCell   *lc;

	foreach(lc, ir->query->rtable)
	{
		RangeTblRef *ref = makeNode(RangeTblRef);
		SetOperationStmt *op;
		ListCell   *lt;

		ref->rtindex = foreach_current_index(lc) + 1;
		if (tree == NULL)
		{
			tree = (Node *) ref;
			continue;
		}
		op = makeNode(SetOperationStmt);
		op->op = operation;
		op->all = all;
		op->larg = tree;
		op->rarg = (Node *) ref;
		foreach(lt, tlist)
		{
			Node	   *expr = (Node *) lfirst_node(TargetEntry, lt)->expr;

			op->colTypes = lappend_oid(op->colTypes, exprType(expr));
			op->colTypmods = lappend_int(op->colTypmods, exprTypmod(expr));
			op->colCollations = lappend_oid(op->colCollations, exprCollation(expr));
		}
		tree = (Node *) op;
	}
	ir->query->setOperations = tree;
	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *expr = (Node *) tle->expr;

		ir->query->targetList =
			lappend(ir->query->targetList,
					makeTargetEntry((Expr *) makeVar(1, tle->resno, exprType(expr),
													 exprTypmod(expr), exprCollation(expr), 0),
									tle->resno, ir_column_name(ir, tle->resno), false));
	}
}

/*
 * An Append over sorted partitions may have promised their order, which all
 * inputs then have; keep it.
 */
static List *
common_order(List *inputs, int ncolumns)
{
	List	   *common = ((Ir *) linitial(inputs))->order;
	ListCell   *lc;

	foreach(lc, inputs)
	{
		List	   *other = ((Ir *) lfirst(lc))->order;
		ListCell   *la;
		ListCell   *lb;

		if (list_length(other) != list_length(common))
			common = NIL;
		forboth(la, common, lb, other)
		{
			IrSortKey  *a = lfirst(la);
			IrSortKey  *b = lfirst(lb);

			if (a->column != b->column || a->sortop != b->sortop || a->column > ncolumns ||
				a->collation != b->collation || a->nulls_first != b->nulls_first)
			{
				common = NIL;
				break;
			}
		}
	}
	return common;
}
