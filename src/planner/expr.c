/*-------------------------------------------------------------------------
 * expr.c
 *	  Turn expressions of a Plan into expressions of a stage's query.
 *
 * Plan expressions name their inputs by OUTER_VAR, INNER_VAR or a scan's
 * range-table index and a target-list position.  For the query they become
 * Vars of a sub-select or leaf; for EXPLAIN, expressions over base tables.
 *
 * Whatever an expression leaves implicit is made explicit before it is
 * printed: casts, collations (collate.c), the operand of CASE.  So the node's
 * parser has no choice but to find the very same functions.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/ir.h"
#include "planner/shippable.h"
#include "planner/subplan.h"

/* Nodes of an expression that EXPLAIN shows within another one. */
#define MAX_DISPLAY	500

typedef struct ResolveContext
{
	const IrScope *scope;
	bool		display;
	bool		failed;
	Ir		   *ir;				/* of the query */
	List	   *subplans;		/* of SubPlan: now sub-selects */
	const char *reason;
} ResolveContext;

/* State of splitting a target list between nodes and driver. */
typedef struct SplitContext
{
	Ir		   *ir;
	const IrScope *scope;
	bool		aggregates;		/* Aggrefs are computed on nodes, as columns */
	const char **reason;
	bool		failed;
} SplitContext;

static Expr *ship(Node *expr, const IrScope *scope, Ir *ir,
				  const char *(*check) (Node *expr, List **functions), const char **reason);
static Node *resolve_mutator(Node *node, ResolveContext *context);
static Node *resolve_subplan(SubPlan *subplan, ResolveContext *context);
static Node *resolve_converted_row(ConvertRowtypeExpr *convert, ResolveContext *context);
static Node *resolve_row(const IrInput *input, Oid type, ResolveContext *context);
static Node *resolve_var(Var *var, ResolveContext *context);
static Node *display_of(Node *column);
static bool size_walker(Node *node, int *left);
static Node *explicit_mutator(Node *node, void *context);
static void explicit_function(FuncExpr *func);
static Node *replace_case_test(Node *node, Expr *arg);
static bool can_ship_all(Ir *ir, const IrScope *scope, List *tlist, const char **reason);
static bool select_on_driver(Ir *ir, const IrScope *scope, List *tlist, List *quals,
							 bool aggregates, const char **reason);
static Node *split_mutator(Node *node, SplitContext *context);
static int	find_or_add_column(Ir *ir, Expr *expr, Expr *display);
static void add_quals(Ir *ir, List *quals, bool having);

/* The expression for the ir's query, or NULL with a reason. */
Expr *
expr_for_query(Node *expr, const IrScope *scope, Ir *ir, const char **reason)
{
	if (exprType(expr) == RECORDOID)
	{
		*reason = "rows of no named type are made on the driver";
		return NULL;
	}
	return ship(expr, scope, ir, shippable_reason, reason);
}

Expr *
expr_for_from(Node *call, const IrScope *scope, Ir *ir, const char **reason)
{
	return ship(call, scope, ir, shippable_function_in_from, reason);
}

static Expr *
ship(Node *expr, const IrScope *scope, Ir *ir,
	 const char *(*check) (Node *expr, List **functions), const char **reason)
{
	ResolveContext context = {scope, false, false, ir};
	Oid			collation = exprCollation(expr);
	const char *unshippable;
	ListCell   *lc;

	expr = resolve_mutator(expr, &context);
	if (context.failed)
	{
		*reason = context.reason ? context.reason : "reads a system column or a whole row";
		return NULL;
	}
	unshippable = check(expr, &ir->functions);
	if (unshippable)
	{
		*reason = unshippable;
		return NULL;
	}
	if (contain_volatile_functions(expr))
	{
		ir->indeterminate = true;
		if (ir->distribution == IR_BROADCAST)
			ir->distribution = IR_SINGLE;
	}
	expr = explicit_mutator(expr, NULL);
	expr = collate_fix(expr, collation, reason);
	foreach(lc, context.subplans)
		if (expr)
			subplan_attach(ir, lfirst(lc));
	return (Expr *) expr;
}

/* The same expression over base tables; never fails. */
Expr *
expr_for_display(Node *expr, const IrScope *scope)
{
	ResolveContext context = {scope, true, false};

	return (Expr *) resolve_mutator(expr, &context);
}

/*
 * The column of input varno that the expression just passes on, else 0.
 * Relabelling counts when both types hash equal values alike.
 */
int
expr_plain_column(Node *expr, int varno)
{
	while (expr && IsA(expr, RelabelType))
	{
		RelabelType *relabel = (RelabelType *) expr;
		TypeCacheEntry *to = lookup_type_cache(getBaseType(relabel->resulttype),
											   TYPECACHE_HASH_OPFAMILY);
		TypeCacheEntry *from = lookup_type_cache(getBaseType(exprType((Node *) relabel->arg)),
												 TYPECACHE_HASH_OPFAMILY);

		if (!OidIsValid(to->hash_opf) || to->hash_opf != from->hash_opf ||
			(OidIsValid(relabel->resultcollid) &&
			 !get_collation_isdeterministic(relabel->resultcollid)))
			return 0;
		expr = (Node *) relabel->arg;
	}
	if (expr && IsA(expr, Var) && ((Var *) expr)->varno == varno && ((Var *) expr)->varattno > 0)
		return ((Var *) expr)->varattno;
	return 0;
}

/*
 * Give ir the columns of a plan node's target list and its quals (as WHERE, or
 * as HAVING when the node aggregates).  What nodes cannot evaluate is left to
 * the driver, over the columns it needs.  False when not even these can be had;
 * the reason is set whenever something is left.
 */
bool
ir_select(Ir *ir, const IrScope *scope, List *tlist, List *quals,
		  bool aggregates, bool fence, const char **reason)
{
	List	   *shipped = NIL;
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, quals)
	{
		Expr	   *qual = NULL;

		/* behind a fence, a qual must not see rows that an earlier one hides */
		if (left == NIL || !fence)
			qual = expr_for_query(lfirst(lc), scope, ir, reason);
		if (qual)
			shipped = lappend(shipped, qual);
		else
			left = lappend(left, lfirst(lc));
	}
	add_quals(ir, shipped, aggregates);
	if (left != NIL || !can_ship_all(ir, scope, tlist, reason))
		return select_on_driver(ir, scope, tlist, left, aggregates, reason);

	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		ir_add_column(ir, expr_for_query((Node *) tle->expr, scope, ir, reason),
					  expr_for_display((Node *) tle->expr, scope));
	}
	return true;
}

static bool
can_ship_all(Ir *ir, const IrScope *scope, List *tlist, const char **reason)
{
	ListCell   *lc;

	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!expr_for_query((Node *) tle->expr, scope, ir, reason))
			return false;
	}
	return true;
}

static bool
select_on_driver(Ir *ir, const IrScope *scope, List *tlist, List *quals,
				 bool aggregates, const char **reason)
{
	SplitContext context = {ir, scope, aggregates, reason, false};
	ListCell   *lc;

	ir->has_driver_tlist = true;
	foreach(lc, tlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst(lc));
		const char *ignored;
		Expr	   *expr = NULL;

		/* with quals left, evaluating more on nodes could raise errors for rows they drop */
		if (quals == NIL && !IsA(tle->expr, Const))
			expr = expr_for_query((Node *) tle->expr, scope, ir, &ignored);
		if (expr)
		{
			int			column = find_or_add_column(ir, expr,
													expr_for_display((Node *) tle->expr, scope));

			tle->expr = (Expr *) makeVar(INDEX_VAR, column, exprType((Node *) tle->expr),
										 exprTypmod((Node *) tle->expr),
										 exprCollation((Node *) tle->expr), 0);
		}
		else
			tle->expr = (Expr *) split_mutator((Node *) tle->expr, &context);
		ir->driver_tlist = lappend(ir->driver_tlist, tle);
	}
	ir->driver_qual = (List *) split_mutator((Node *) quals, &context);
	return !context.failed;
}

/* Replace inputs by columns of the ir (INDEX_VARs), adding those missing. */
static Node *
split_mutator(Node *node, SplitContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) ||
		((IsA(node, Aggref) || IsA(node, GroupingFunc)) && context->aggregates) ||
		IsA(node, WindowFunc))
	{
		Expr	   *expr = expr_for_query(node, context->scope, context->ir, context->reason);
		int			column;

		if (expr == NULL)
		{
			context->failed = true;
			return node;
		}
		column = find_or_add_column(context->ir, expr, expr_for_display(node, context->scope));
		return (Node *) makeVar(INDEX_VAR, column, exprType(node), exprTypmod(node),
								exprCollation(node), 0);
	}
	return expression_tree_mutator(node, split_mutator, context);
}

static int
find_or_add_column(Ir *ir, Expr *expr, Expr *display)
{
	ListCell   *lc;

	foreach(lc, ir->query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk && equal(tle->expr, expr) &&
			!contain_volatile_functions((Node *) expr))
			return tle->resno;
	}
	return ir_add_column(ir, expr, display);
}

static void
add_quals(Ir *ir, List *quals, bool having)
{
	Node	  **clause = having ? &ir->query->havingQual : &ir->query->jointree->quals;

	if (quals != NIL)
		*clause = (Node *) make_ands_explicit(list_concat(make_ands_implicit((Expr *) *clause),
														  quals));
}

static Node *
resolve_mutator(Node *node, ResolveContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
		return resolve_var((Var *) node, context);
	if (IsA(node, Param) && !context->display && context->scope->ninputs > 0)
	{
		const SubPlan *subplan;
		Node	   *link = subplan_for_param((Param *) node, context->ir, &subplan);

		if (link)
		{
			context->subplans = lappend(context->subplans, (void *) subplan);
			return link;
		}
	}
	if (IsA(node, ConvertRowtypeExpr) && !context->display)
		return resolve_converted_row((ConvertRowtypeExpr *) node, context);
	if (IsA(node, SubPlan) && !context->display && !context->failed)
		return resolve_subplan((SubPlan *) node, context);
	return expression_tree_mutator(node, resolve_mutator, context);
}

static Node *
resolve_subplan(SubPlan *subplan, ResolveContext *context)
{
	Node	   *test = resolve_mutator(subplan->testexpr, context);
	List	   *args = (List *) resolve_mutator((Node *) subplan->args, context);
	Node	   *link = NULL;

	if (!context->failed)
		link = subplan_for_query(subplan, test, args, context->ir, &context->reason);
	if (link == NULL)
	{
		context->failed = true;
		return (Node *) subplan;
	}
	context->subplans = lappend(context->subplans, subplan);
	return link;
}

static Node *
resolve_var(Var *var, ResolveContext *context)
{
	const IrInput *input = NULL;
	int			column = var->varattno;
	Oid			type = var->vartype;

	for (int i = 0; i < context->scope->ninputs; i++)
		if (context->scope->inputs[i].varno == var->varno)
			input = &context->scope->inputs[i];
	if (input == NULL && context->scope->ninputs == 0)
	{
		/* a Result that is known to be empty, in the place of an input */
		if (context->display)
			return copyObject((Node *) var);
		return (Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
	}
	if (input == NULL)
		elog(ERROR, "variable of unknown input %d", var->varno);

	if (input->leaf)
	{
		if (context->display)
			return copyObject((Node *) var);
		if (var->varattno == TableOidAttributeNumber)
			return (Node *) makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
									  ObjectIdGetDatum(input->leaf->relid), false, true);
		if (var->varattno == 0)
			return resolve_row(input, var->vartype, context);
		column = 0;
		for (int i = 0; var->varattno > 0 && i < list_length(input->leaf->attnums); i++)
			if (list_nth_int(input->leaf->attnums, i) == var->varattno)
				column = i + 1;
	}
	else if (context->display)
		return var->varattno > 0 ?
			display_of(list_nth(input->ir->display, var->varattno - 1)) : copyObject((Node *) var);
	if (column <= 0)
	{
		context->failed = true;
		return (Node *) var;
	}
	if (input->ir && shippable_row_type(type))
		type = RECORDOID;
	if (input->as_null)
		return (Node *) makeNullConst(type, var->vartypmod, var->varcollid);
	return (Node *) makeVar(input->rtindex, column, type, var->vartypmod,
							var->varcollid, input->levels_up);
}

/* What names a column twice would double it at each level, so that has to stop somewhere. */
static Node *
display_of(Node *column)
{
	int			left = MAX_DISPLAY;

	if (size_walker(column, &left))
		return (Node *) makeNullConst(exprType(column), exprTypmod(column), exprCollation(column));
	return copyObject(column);
}

/* True when there are more nodes than that. */
static bool
size_walker(Node *node, int *left)
{
	if (node == NULL)
		return false;
	return --*left < 0 || expression_tree_walker(node, size_walker, left);
}

/* The whole row of a partition as one of the table that it is a part of. */
static Node *
resolve_converted_row(ConvertRowtypeExpr *convert, ResolveContext *context)
{
	Node	   *arg = (Node *) convert->arg;

	while (IsA(arg, ConvertRowtypeExpr))
		arg = (Node *) ((ConvertRowtypeExpr *) arg)->arg;
	if (IsA(arg, Var) && ((Var *) arg)->varattno == 0)
		for (int i = 0; i < context->scope->ninputs; i++)
			if (context->scope->inputs[i].varno == ((Var *) arg)->varno &&
				context->scope->inputs[i].leaf)
				return resolve_row(&context->scope->inputs[i], convert->resulttype, context);
	context->failed = true;
	return (Node *) convert;
}

/* A row of a table as ROW(…), which the driver reads as the type that it knows. */
static Node *
resolve_row(const IrInput *input, Oid type, ResolveContext *context)
{
	RowExpr    *row = makeNode(RowExpr);
	const LeafPlan *leaf = input->leaf;
	TupleDesc	desc;

	if (leaf->stage > 0 || !shippable_row_type(type))
	{
		context->failed = true;
		return (Node *) makeNullConst(type, -1, InvalidOid);
	}
	row->row_typeid = RECORDOID;
	row->row_format = COERCE_EXPLICIT_CALL;
	row->location = -1;
	desc = lookup_rowtype_tupdesc(type, -1);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		AttrNumber	attnum;
		int			column = 0;

		if (att->attisdropped)
			continue;
		attnum = get_attnum(leaf->relid, NameStr(att->attname));
		for (int j = 0; j < list_length(leaf->attnums); j++)
			if (list_nth_int(leaf->attnums, j) == attnum)
				column = j + 1;
		context->failed |= column == 0;
		row->args = lappend(row->args,
							makeVar(input->rtindex, column, att->atttypid, att->atttypmod,
									att->attcollation, input->levels_up));
	}
	ReleaseTupleDesc(desc);
	return (Node *) row;
}

/* Leave nothing to the parser's choice; see the head of the file. */
static Node *
explicit_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseExpr) && ((CaseExpr *) node)->arg)
	{
		CaseExpr   *expr = copyObject((CaseExpr *) node);
		ListCell   *lc;

		foreach(lc, expr->args)
		{
			CaseWhen   *when = lfirst_node(CaseWhen, lc);

			when->expr = (Expr *) replace_case_test((Node *) when->expr, expr->arg);
		}
		expr->arg = NULL;
		node = (Node *) expr;
	}
	node = expression_tree_mutator(node, explicit_mutator, context);
	switch (nodeTag(node))
	{
		case T_FuncExpr:
			explicit_function((FuncExpr *) node);
			break;
		case T_RelabelType:
			((RelabelType *) node)->relabelformat = COERCE_EXPLICIT_CAST;
			break;
		case T_CoerceViaIO:
			((CoerceViaIO *) node)->coerceformat = COERCE_EXPLICIT_CAST;
			break;
		case T_ArrayCoerceExpr:
			((ArrayCoerceExpr *) node)->coerceformat = COERCE_EXPLICIT_CAST;
			break;
		default:
			break;
	}
	return node;
}

/*
 * A cast prints as a cast only if casting is sure to find this function again.  A variadic
 * argument is an array by now, also when it is the default's.
 */
static void
explicit_function(FuncExpr *func)
{
	Oid			found = InvalidOid;
	Oid			variadic = get_func_variadictype(func->funcid);

	if (OidIsValid(variadic) && variadic != ANYOID)
		func->funcvariadic = true;
	if (func->funcformat != COERCE_IMPLICIT_CAST && func->funcformat != COERCE_EXPLICIT_CAST)
		return;
	if (list_length(func->args) == 1 &&
		find_coercion_pathway(func->funcresulttype, exprType(linitial(func->args)),
							  COERCION_EXPLICIT, &found) == COERCION_PATH_FUNC &&
		found == func->funcid)
		func->funcformat = COERCE_EXPLICIT_CAST;
	else
		func->funcformat = COERCE_EXPLICIT_CALL;
}

/* The operand of CASE, in its WHENs; an inner CASE has its own. */
static Node *
replace_case_test(Node *node, Expr *arg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObject((Node *) arg);
	if (IsA(node, CaseExpr) && ((CaseExpr *) node)->arg)
	{
		/* its tests are its own; only its operand belongs to us */
		CaseExpr   *expr = copyObject((CaseExpr *) node);

		expr->arg = (Expr *) replace_case_test((Node *) expr->arg, arg);
		return (Node *) expr;
	}
	if (IsA(node, ArrayCoerceExpr))
	{
		ArrayCoerceExpr *expr = copyObject((ArrayCoerceExpr *) node);

		expr->arg = (Expr *) replace_case_test((Node *) expr->arg, arg);
		return (Node *) expr;
	}
	return expression_tree_mutator(node, replace_case_test, arg);
}
