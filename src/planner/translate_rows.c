/*-------------------------------------------------------------------------
 * translate_rows.c
 *	  Rows that come from no table: functions in FROM, VALUES, and functions
 *	  that return sets in the target list.
 *
 * What is computed from constants every task can compute for itself, like a
 * broadcast table.  Alone, without a distributed table, it stays as it was.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/translate.h"

/* A column of the rows. */
typedef struct RowColumn
{
	Oid			type;
	int32		typmod;
	Oid			collation;
} RowColumn;

/* A join with the rows of a function. */
typedef struct SetJoin
{
	List	   *params;			/* of NestLoopParam */
	Node	   *call;
	int			ncalls;			/* how often it is a column */
} SetJoin;

static Ir  *expand_sets(PlanContext *context, Ir *child, List *tlist, const char **reason);
static bool is_inner_column(Node *node);
static Node *set_join_mutator(Node *node, SetJoin *sets);
static Ir  *translate_parts(PlanContext *context, FunctionScan *scan);
static bool function_columns(RangeTblFunction *function, List **columns);
static List *add_column(List *columns, Oid type, int32 typmod, Oid collation);
static Ir  *select_from_rte(PlanContext *context, Scan *scan, RangeTblEntry *rte, List *columns);

Ir *
translate_function_scan(PlanContext *context, FunctionScan *scan)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	IrScope		nothing = {0};
	Ir		   *calls = ir_make();
	List	   *columns = NIL;
	const char *reason;
	ListCell   *lc;

	if (translate_is_parts(scan->functions, NULL) && !scan->funcordinality)
		return context->bound == NULL ? translate_parts(context, scan) : NULL;
	rte->rtekind = RTE_FUNCTION;
	rte->funcordinality = scan->funcordinality;
	foreach(lc, scan->functions)
	{
		RangeTblFunction *function = copyObject(lfirst_node(RangeTblFunction, lc));

		if (!IsA(function->funcexpr, FuncExpr) || !function_columns(function, &columns))
			return NULL;
		function->funcexpr = (Node *) expr_for_from(function->funcexpr, &nothing, calls, &reason);
		/* all tasks have to have the same rows */
		if (function->funcexpr == NULL || !IsA(function->funcexpr, FuncExpr) ||
			contain_volatile_functions(function->funcexpr))
			return NULL;
		rte->functions = lappend(rte->functions, function);
	}
	if (rte->funcordinality)
		columns = add_column(columns, INT8OID, -1, InvalidOid);
	return select_from_rte(context, &scan->scan, rte, columns);
}

bool
translate_is_parts(List *functions, LeafPlan *leaf)
{
	FuncExpr   *call;
	Const	   *number;
	Const	   *in_turn;

	if (list_length(functions) != 1)
		return false;
	call = (FuncExpr *) linitial_node(RangeTblFunction, functions)->funcexpr;
	if (call == NULL || !IsA(call, FuncExpr) || call->funcid < FirstNormalObjectId ||
		(call->funcid != barks_parts_oid("rdd_parts") && call->funcid != barks_parts_oid("rdd_slices")))
		return false;
	/* before the statement is planned, the default of the second is not there */
	number = linitial(call->args);
	in_turn = list_length(call->args) > 1 ? lsecond(call->args) : NULL;
	if (!IsA(number, Const) || (in_turn && !IsA(in_turn, Const)))
		return false;
	if (leaf)
	{
		leaf->parts = true;
		leaf->nparts = number->constisnull ? 0 : Max(1, DatumGetInt32(number->constvalue));
		leaf->in_turn = in_turn && !in_turn->constisnull && DatumGetBool(in_turn->constvalue);
	}
	return true;
}

/* The one kind of rows from no table that tasks share: numbers of parts. */
static Ir *
translate_parts(PlanContext *context, FunctionScan *scan)
{
	IrScope		scope = {1};
	LeafPlan   *leaf = make_leaf_plan();
	Ir		   *ir = ir_make();
	const char *reason = NULL;

	leaf->index = context->next_leaf++;
	leaf->group = context->next_group++;
	leaf->attnums = list_make2_int(1, 2);
	leaf->types = list_make2_oid(INT4OID, INT4OID);
	leaf->typmods = list_make2_int(-1, -1);
	leaf->collations = list_make2_oid(InvalidOid, InvalidOid);
	(void) translate_is_parts(scan->functions, leaf);
	context->scans++;
	scope.inputs[0].varno = scan->scan.scanrelid;
	scope.inputs[0].rtindex = ir_add_leaf_input(ir->query, leaf);
	scope.inputs[0].leaf = leaf;
	ir->distribution = IR_PARTITIONED;
	ir->group = leaf->group;
	ir->leaves = list_make1(leaf);
	ir->relids = bms_make_singleton(scan->scan.scanrelid);
	if (!ir_select(ir, &scope, scan->scan.plan.targetlist, scan->scan.plan.qual, false, context->fence, &reason) ||
		!ir_on_nodes(ir))
	{
		fallback_note(&scan->scan.plan, reason);
		return NULL;
	}
	/* of a number that is chosen later nobody knows whether it is another leaf's */
	ir->parts = leaf->nparts;
	if (ir->parts > 0)
	{
		ir->key_types = list_make1_oid(INT4OID);
		ir->keys = traits_map_keys(list_make1(bms_make_singleton(1)), scan->scan.plan.targetlist, scan->scan.scanrelid);
	}
	translate_init_plans(ir, &scan->scan.plan);
	return ir;
}

Ir *
translate_values_scan(PlanContext *context, ValuesScan *scan)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	IrScope		nothing = {0};
	Ir		   *calls = ir_make();
	List	   *columns = NIL;
	const char *reason;
	ListCell   *lc;

	rte->rtekind = RTE_VALUES;
	foreach(lc, scan->values_lists)
	{
		List	   *row = NIL;
		ListCell   *lv;

		foreach(lv, lfirst_node(List, lc))
		{
			Node	   *value = lfirst(lv);
			Expr	   *expr = expr_for_query(value, &nothing, calls, &reason);

			if (expr == NULL || contain_volatile_functions(value))
				return NULL;
			if (foreach_current_index(lc) == 0)
				columns = add_column(columns, exprType(value), exprTypmod(value),
									 exprCollation(value));
			else if (exprType(value) !=
					 ((RowColumn *) list_nth(columns, foreach_current_index(lv)))->type ||
					 exprCollation(value) !=
					 ((RowColumn *) list_nth(columns, foreach_current_index(lv)))->collation)
				return NULL;
			row = lappend(row, expr);
		}
		rte->values_lists = lappend(rte->values_lists, row);
	}
	foreach(lc, columns)
	{
		RowColumn  *column = lfirst(lc);

		/* rows may differ in it */
		column->typmod = -1;
		rte->coltypes = lappend_oid(rte->coltypes, column->type);
		rte->coltypmods = lappend_int(rte->coltypmods, column->typmod);
		rte->colcollations = lappend_oid(rte->colcollations, column->collation);
	}
	return select_from_rte(context, &scan->scan, rte, columns);
}

/* Sets are expanded row by row, in the order of the rows below. */
Ir *
translate_project_set(PlanContext *context, ProjectSet *project)
{
	Plan	   *plan = &project->plan;
	int			before = context->scans;
	const char *reason = "its input is not on the nodes";
	Ir		   *child = translate_plan(context, plan->lefttree);
	Ir		   *ir = NULL;

	if (child == NULL)
		return translate_stay(context, plan, before, reason);
	if (ir_on_nodes(child))
		ir = expand_sets(context, child, plan->targetlist, &reason);
	if (ir == NULL)
	{
		plan->lefttree = ir_seal(context, child, plan->lefttree);
		return translate_stay(context, plan, before, reason);
	}
	translate_init_plans(ir, plan);
	return ir;
}

/* SELECT tlist, with functions that return sets, over the rows of child; NULL: as it was. */
static Ir *
expand_sets(PlanContext *context, Ir *child, List *tlist, const char **reason)
{
	IrScope		scope;
	Ir		   *ir;

	/* as the rows leave here they are in order: sorting again would mix up the sets */
	ir_apply_order(child);
	ir = ir_over(child, &scope);
	ir->query->hasTargetSRFs = true;
	if (!ir_select(ir, &scope, tlist, NIL, false, context->fence, reason) || !ir_on_nodes(ir))
		return NULL;
	ir->keys = traits_map_keys(child->keys, tlist, OUTER_VAR);
	translate_keep_order(ir, &scope, 0, tlist);
	ir->ordered = ir->order != NIL;
	return ir;
}

/*
 * A function in FROM of the outer row's columns, whose rows are joined with that row
 * and no other condition, can as well be called in the target list: FROM keeps the
 * rows of each call in a tuplestore, and joins them one by one.
 */
Ir *
translate_function_join(PlanContext *context, NestLoop *join, Ir *outer)
{
	Plan	   *inner = innerPlan(join);
	const char *reason;
	SetJoin		sets = {.params = join->nestParams};
	List	   *tlist;
	int			ncolumns = 0;
	RangeTblFunction *function;
	ListCell   *lc;

	if (join->join.jointype != JOIN_INNER || join->join.joinqual != NIL ||
		join->join.plan.qual != NIL || !IsA(inner, FunctionScan) || inner->qual != NIL ||
		inner->initPlan != NIL || list_length(((FunctionScan *) inner)->functions) != 1 ||
		((FunctionScan *) inner)->funcordinality)
		return NULL;
	function = linitial(((FunctionScan *) inner)->functions);
	if (!IsA(function->funcexpr, FuncExpr) || !((FuncExpr *) function->funcexpr)->funcretset ||
		get_expr_result_type(function->funcexpr, NULL, NULL) != TYPEFUNC_SCALAR ||
		contain_volatile_functions(function->funcexpr))
		return NULL;
	sets.call = function->funcexpr;
	foreach(lc, join->join.plan.targetlist)
		ncolumns += is_inner_column((Node *) lfirst_node(TargetEntry, lc)->expr);
	tlist = (List *) set_join_mutator((Node *) join->join.plan.targetlist, &sets);
	/* several calls would be several sets, and CASE and such must not hold one */
	if (ncolumns != 1 || sets.ncalls != 1)
		return NULL;
	return expand_sets(context, outer, tlist, &reason);
}

static bool
is_inner_column(Node *node)
{
	return IsA(node, Var) && ((Var *) node)->varno == INNER_VAR;
}

/* The columns of a join with a function's rows, over its outer side alone. */
static Node *
set_join_mutator(Node *node, SetJoin *sets)
{
	ListCell   *lc;

	if (node == NULL)
		return NULL;
	if (is_inner_column(node))
	{
		sets->ncalls++;
		return set_join_mutator(sets->call, sets);
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		foreach(lc, sets->params)
			if (lfirst_node(NestLoopParam, lc)->paramno == ((Param *) node)->paramid)
				return copyObject((Node *) lfirst_node(NestLoopParam, lc)->paramval);
	return expression_tree_mutator(node, set_join_mutator, sets);
}

/* Append the columns of one function of FROM; false when they are not known. */
static bool
function_columns(RangeTblFunction *function, List **columns)
{
	Oid			type;
	TupleDesc	desc;
	ListCell   *lc;

	if (function->funccolnames != NIL)
	{
		foreach(lc, function->funccoltypes)
		{
			int			i = foreach_current_index(lc);

			*columns = add_column(*columns, lfirst_oid(lc),
								  list_nth_int(function->funccoltypmods, i),
								  list_nth_oid(function->funccolcollations, i));
		}
		return true;
	}
	switch (get_expr_result_type(function->funcexpr, &type, &desc))
	{
		case TYPEFUNC_SCALAR:
			*columns = add_column(*columns, type, exprTypmod(function->funcexpr),
								  exprCollation(function->funcexpr));
			return true;
		case TYPEFUNC_COMPOSITE:
			for (int i = 0; i < desc->natts; i++)
			{
				Form_pg_attribute attr = TupleDescAttr(desc, i);

				if (attr->attisdropped)
					return false;
				*columns = add_column(*columns, attr->atttypid, attr->atttypmod,
									  attr->attcollation);
			}
			return desc->natts == function->funccolcount;
		default:
			return false;
	}
}

static List *
add_column(List *columns, Oid type, int32 typmod, Oid collation)
{
	RowColumn  *column = palloc(sizeof(RowColumn));

	column->type = type;
	column->typmod = typmod;
	column->collation = collation;
	return lappend(columns, column);
}

/* The scan's target list and quals over an entry of FROM with these columns. */
static Ir *
select_from_rte(PlanContext *context, Scan *scan, RangeTblEntry *rte, List *columns)
{
	RangeTblRef *ref = makeNode(RangeTblRef);
	List	   *names = NIL;
	const char *reason;
	Ir		   *rows = ir_make();
	Ir		   *ir;
	IrScope		scope;
	ListCell   *lc;

	rte->inFromCl = true;
	rows->query->rtable = list_make1(rte);
	ref->rtindex = 1;
	rows->query->jointree->fromlist = list_make1(ref);
	foreach(lc, columns)
	{
		RowColumn  *column = lfirst(lc);
		int			i = foreach_current_index(lc) + 1;

		if (shippable_column(column->type, column->collation))
			return NULL;
		names = lappend(names, makeString(psprintf("c%d", i)));
		ir_add_column(rows,
					  (Expr *) makeVar(1, i, column->type, column->typmod, column->collation, 0),
					  (Expr *) makeVar(scan->scanrelid, i, column->type, column->typmod,
									   column->collation, 0));
	}
	rte->alias = makeAlias("r", names);
	rte->eref = copyObject(rte->alias);
	rows->relids = bms_make_singleton(scan->scanrelid);
	ir = ir_over(rows, &scope);
	scope.inputs[0].varno = scan->scanrelid;
	if (!ir_select(ir, &scope, scan->plan.targetlist, scan->plan.qual, false, context->fence,
				   &reason) || !ir_on_nodes(ir))
		return NULL;
	ir_fence(context, ir);
	translate_init_plans(ir, &scan->plan);
	return ir;
}
