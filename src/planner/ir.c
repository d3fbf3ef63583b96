/*-------------------------------------------------------------------------
 * ir.c
 *	  Build the SELECTs of the intermediate form.
 *
 * Every Ir has its own Query; an Ir over another one has it as a sub-select.
 * PostgreSQL's planner on the node flattens them again, so nesting costs
 * nothing at run time and keeps each step here local.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "planner/ir.h"
#include "planner/operations.h"

static TargetEntry *add_collated_entry(Ir *ir, TargetEntry *tle, Oid collation);
static bool order_columns_are_vars(const Ir *ir);

Ir *
ir_make(void)
{
	Ir		   *ir = palloc0(sizeof(Ir));

	ir->distribution = IR_BROADCAST;
	ir->limit = -1;
	ir->query = ir_new_query();
	return ir;
}

Query *
ir_new_query(void)
{
	Query	   *query = makeNode(Query);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->jointree = makeFromExpr(NIL, NULL);
	return query;
}

/* Add another Ir to the FROM list as a sub-select; returns its range-table index. */
Index
ir_add_input(Query *query, Ir *input)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblRef *ref = makeNode(RangeTblRef);

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = input->query;
	rte->alias = makeAlias("s", NIL);
	rte->eref = ir_column_names(input);
	rte->inFromCl = true;
	query->rtable = lappend(query->rtable, rte);
	ref->rtindex = list_length(query->rtable);
	query->jointree->fromlist = lappend(query->jointree->fromlist, ref);
	return ref->rtindex;
}

/* Add a leaf to the FROM list, as a reference to the CTE barks_in_N. */
Index
ir_add_leaf_input(Query *query, LeafPlan *leaf)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblRef *ref = makeNode(RangeTblRef);
	List	   *names = NIL;

	for (int i = 0; i < list_length(leaf->attnums); i++)
	{
		Oid			type;
		int32		typmod;
		Oid			collation;

		exchange_leaf_column(leaf, i, &type, &typmod, &collation);
		rte->coltypes = lappend_oid(rte->coltypes, type);
		rte->coltypmods = lappend_int(rte->coltypmods, typmod);
		rte->colcollations = lappend_oid(rte->colcollations, collation);
		names = lappend(names, makeString(psprintf("c%d", i + 1)));
	}
	rte->rtekind = RTE_CTE;
	rte->ctename = psprintf("barks_in_%d", leaf->index);
	rte->eref = makeAlias(rte->ctename, names);
	rte->inFromCl = true;
	query->rtable = lappend(query->rtable, rte);
	ref->rtindex = list_length(query->rtable);
	query->jointree->fromlist = lappend(query->jointree->fromlist, ref);
	return ref->rtindex;
}

/* Append an output column; returns its number. */
int
ir_add_column(Ir *ir, Expr *expr, Expr *display)
{
	int			column = list_length(ir->display) + 1;

	ir->query->targetList = lappend(ir->query->targetList,
									makeTargetEntry(expr, column,
													ir_column_name(ir, column), false));
	ir->display = lappend(ir->display, display);
	return column;
}

/* Take over what is true of an input below, whatever is done with its rows. */
void
ir_inherit(Ir *ir, const Ir *input)
{
	ir->height = Max(ir->height, input->height + 1);
	ir->leaves = list_concat_unique_ptr(ir->leaves, input->leaves);
	ir->stages = list_concat_unique_ptr(ir->stages, input->stages);
	ir->relids = bms_union(ir->relids, input->relids);
	ir->init_plans = list_concat_unique_ptr(ir->init_plans, input->init_plans);
	ir->prune = list_concat(ir->prune, input->prune);
	ir->functions = list_concat_unique_oid(ir->functions, input->functions);
	ir->needs_gate |= input->needs_gate;
	ir->indeterminate |= input->indeterminate;
	operations_inherit(ir, input);
}

/* The rows of ir lie where those of input do; which columns say so is left open. */
void
ir_follow(Ir *ir, const Ir *input)
{
	ir->anchor = input->anchor;
	ir->hashed = input->hashed;
	ir->parts = input->parts;
	ir->group = input->group;
	ir->key_types = input->key_types;
	ir->nulls_spread = input->nulls_spread;
}

/* A new Ir over one input that it reads by OUTER_VARs, with the input's traits. */
Ir *
ir_over(Ir *input, IrScope *scope)
{
	Ir		   *ir = ir_make();

	ir_inherit(ir, input);
	ir->distribution = input->distribution;
	ir_follow(ir, input);
	memset(scope, 0, sizeof(IrScope));
	scope->ninputs = 1;
	scope->inputs[0].varno = OUTER_VAR;
	scope->inputs[0].rtindex = ir_add_input(ir->query, input);
	scope->inputs[0].ir = input;
	return ir;
}

Ir *
ir_pass_all(Ir *input, IrScope *scope)
{
	Ir		   *ir = ir_over(input, scope);
	ListCell   *lc;

	foreach(lc, input->display)
	{
		Node	   *expr = lfirst(lc);

		ir_add_column(ir, (Expr *) makeVar(scope->inputs[0].rtindex,
										   foreach_current_index(lc) + 1, exprType(expr),
										   exprTypmod(expr), exprCollation(expr), 0),
					  (Expr *) expr);
	}
	ir->keys = input->keys;
	ir->order = input->order;
	ir->rows = input->rows;
	ir->width = input->width;
	return ir;
}

/* SELECT every column FROM input, in the input's order if that is applied. */
Ir *
ir_select_all(Ir *input)
{
	IrScope		scope;
	Ir		   *ir = ir_over(input, &scope);
	ListCell   *lc;

	foreach(lc, input->display)
	{
		Node	   *display = lfirst(lc);

		ir_add_column(ir,
					  (Expr *) makeVar(scope.inputs[0].rtindex, foreach_current_index(lc) + 1,
									   exprType(display), exprTypmod(display),
									   exprCollation(display), 0),
					  (Expr *) display);
	}
	ir->keys = input->keys;
	ir->order = input->order;
	ir->rows = input->rows;
	ir->width = input->width;
	return ir;
}

/* Something to deliver even where PostgreSQL wants no column at all. */
void
ir_ensure_column(Ir *ir)
{
	Expr	   *column = (Expr *) makeBoolConst(true, false);

	if (ir->query == NULL || ir->display != NIL)
		return;
	if (ir->query->setOperations)
		ir_wrap(ir);
	ir_add_column(ir, column, column);
}

/* Keep the node's planner from moving quals into (or rows out of) this SELECT. */
void
ir_fence(PlanContext *context, Ir *ir)
{
	if (context->fence && ir->query->limitOffset == NULL &&
		ir->query->setOperations == NULL)
		ir->query->limitOffset = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
													Int64GetDatum(0), false, FLOAT8PASSBYVAL);
}

/* Make the query itself deliver the promised order. */
void
ir_apply_order(Ir *ir)
{
	ListCell   *lc;
	Index		ref = 0;

	if (ir->order == NIL || ir->ordered)
		return;
	ir->ordered = true;
	if (!order_columns_are_vars(ir))
		ir_wrap(ir);
	foreach(lc, ir->query->targetList)
		ref = Max(ref, ((TargetEntry *) lfirst(lc))->ressortgroupref);
	foreach(lc, ir->order)
	{
		IrSortKey  *key = lfirst(lc);
		TargetEntry *tle = list_nth(ir->query->targetList, key->column - 1);
		SortGroupClause *clause = makeNode(SortGroupClause);

		if (key->collation != exprCollation((Node *) tle->expr))
			tle = add_collated_entry(ir, tle, key->collation);
		if (tle->ressortgroupref == 0)
			tle->ressortgroupref = ++ref;
		clause->tleSortGroupRef = tle->ressortgroupref;
		clause->sortop = key->sortop;
		clause->eqop = get_equality_op_for_ordering_op(key->sortop, NULL);
		clause->nulls_first = key->nulls_first;
		ir->query->sortClause = lappend(ir->query->sortClause, clause);
	}
}

/* Does the whole of it run on nodes, so that more can be built on top there? */
bool
ir_on_nodes(const Ir *ir)
{
	return ir != NULL && ir->distribution != IR_DRIVER && ir->tail == NULL && !ir->has_driver_tlist && ir->driver_qual == NIL;
}

/* PostgreSQL's planner may sort a column by another collation than its own. */
static TargetEntry *
add_collated_entry(Ir *ir, TargetEntry *tle, Oid collation)
{
	CollateExpr *expr = makeNode(CollateExpr);

	expr->arg = copyObject(tle->expr);
	expr->collOid = collation;
	expr->location = -1;
	tle = makeTargetEntry((Expr *) expr, list_length(ir->query->targetList) + 1, NULL, true);
	ir->query->targetList = lappend(ir->query->targetList, tle);
	return tle;
}

Alias *
ir_column_names(const Ir *ir)
{
	List	   *names = NIL;
	int			ncolumns = list_length(ir->display);

	for (int i = 1; i <= ncolumns; i++)
		names = lappend(names, makeString(ir_column_name(ir, i)));
	return makeAlias("s", names);
}

/* "b3" is column 3 of a SELECT one level over the leaves, whose own names are c1, c2 … */
char *
ir_column_name(const Ir *ir, int column)
{
	int			letter = (ir->height + 3) % 26;
	int			round = (ir->height + 3) / 26;

	if (round == 0)
		return psprintf("%c%d", 'a' + letter, column);
	return psprintf("%c%d_%d", 'a' + letter, round, column);
}

/*
 * A constant or an expression in ORDER BY would be read in other ways than meant,
 * and an ORDER BY beside DISTINCT or LIMIT would mean more.
 */
static bool
order_columns_are_vars(const Ir *ir)
{
	ListCell   *lc;

	if (ir->query->setOperations || ir->query->groupClause || ir->query->distinctClause ||
		ir->query->limitCount)
		return false;
	foreach(lc, ir->order)
	{
		IrSortKey  *key = lfirst(lc);
		TargetEntry *tle = list_nth(ir->query->targetList, key->column - 1);

		if (!IsA(tle->expr, Var))
			return false;
	}
	return true;
}

/* Put the query one level down: SELECT every column FROM (query). */
void
ir_wrap(Ir *ir)
{
	Ir		   *inner = palloc(sizeof(Ir));
	List	   *display = ir->display;
	Index		rtindex;
	ListCell   *lc;

	memcpy(inner, ir, sizeof(Ir));
	ir->height++;
	ir->query = ir_new_query();
	ir->display = NIL;
	rtindex = ir_add_input(ir->query, inner);
	foreach(lc, display)
	{
		Node	   *expr = lfirst(lc);

		ir_add_column(ir,
					  (Expr *) makeVar(rtindex, foreach_current_index(lc) + 1,
									   exprType(expr), exprTypmod(expr),
									   exprCollation(expr), 0),
					  (Expr *) expr);
	}
}
