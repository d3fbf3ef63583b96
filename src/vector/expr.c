/*-------------------------------------------------------------------------
 * expr.c
 *	  Compile expressions to trees of steps, and evaluate these over batches.
 *
 * What several expressions of a context have in common becomes one step, if it
 * is evaluated for all rows that they are evaluated for; its values are kept
 * for the scope (see vec_expr_share()).  What depends on a condition, a branch of
 * CASE say, has steps of its own, as it is evaluated for fewer rows.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "vector/expr.h"
#include "vector/expr_step.h"

typedef struct SharedStep
{
	Expr	   *expr;
	VecExpr    *step;
} SharedStep;

static VecExpr *compile(VecExprContext *context, Expr *expr);
static VecExpr *compile_var(VecExprContext *context, Var *var);
static VecExpr *compile_constant(VecExprContext *context, Expr *expr);
static VecExpr *compile_relabel(VecExprContext *context, RelabelType *relabel);
static bool has_inputs(Node *node, void *unused);
static Vec *eval_var(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_relabel(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_constant(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static void forget_scales(VecExpr *expr, Vec *vec, const uint16 *sel, int n);

/* ---------------- what is supported ---------------- */

static bool
unsupported_walker(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
		case T_CurrentOfExpr:
		case T_RowExpr:			/* of record, whose columns the node above wants to know */
			return true;
		case T_FuncExpr:
			if (((FuncExpr *) node)->funcretset)
				return true;
			break;
		case T_OpExpr:
			if (((OpExpr *) node)->opretset)
				return true;
			break;
		case T_Var:
			if (((Var *) node)->varattno <= 0)
				return true;
			break;
		default:
			break;
	}
	return expression_tree_walker(node, unsupported_walker, NULL);
}

bool
vec_expr_supported(Node *expr)
{
	return !unsupported_walker(expr, NULL) && !contain_volatile_functions(expr);
}

/* ---------------- compiling ---------------- */

VecExpr *
vec_expr_compile(VecExprContext *context, Expr *expr)
{
	return expr_compile_arg(context, expr, false);
}

void
vec_expr_share(VecExprContext *context, bool share)
{
	context->sharing = share;
}

VecExpr *
expr_compile_arg(VecExprContext *context, Expr *expr, bool conditional)
{
	bool		sharing = context->sharing;
	SharedStep *shared;
	ListCell   *lc;
	VecExpr    *step;

	check_stack_depth();
	if (!sharing || conditional || !(IsA(expr, FuncExpr) || IsA(expr, OpExpr)))
	{
		context->sharing = sharing && !conditional;
		step = compile(context, expr);
		context->sharing = sharing;
		return step;
	}
	foreach(lc, context->shared)
	{
		shared = lfirst(lc);
		if (equal(shared->expr, expr))
		{
			shared->step->shared = true;
			return shared->step;
		}
	}
	shared = palloc(sizeof(SharedStep));
	shared->expr = expr;
	shared->step = compile(context, expr);
	context->shared = lappend(context->shared, shared);
	return shared->step;
}

static VecExpr *
compile(VecExprContext *context, Expr *expr)
{
	if (IsA(expr, Var))
		return compile_var(context, (Var *) expr);
	if (!has_inputs((Node *) expr, NULL))
		return compile_constant(context, expr);
	switch (nodeTag(expr))
	{
		case T_FuncExpr:
			return expr_compile_call(context, (Node *) expr, ((FuncExpr *) expr)->funcid,
									 ((FuncExpr *) expr)->inputcollid, ((FuncExpr *) expr)->args);
		case T_OpExpr:
			set_opfuncid((OpExpr *) expr);
			return expr_compile_call(context, (Node *) expr, ((OpExpr *) expr)->opfuncid,
									 ((OpExpr *) expr)->inputcollid, ((OpExpr *) expr)->args);
		case T_DistinctExpr:
			return expr_compile_distinct(context, (DistinctExpr *) expr);
		case T_NullIfExpr:
			return expr_compile_nullif(context, (NullIfExpr *) expr);
		case T_ScalarArrayOpExpr:
			return expr_compile_array(context, (ScalarArrayOpExpr *) expr);
		case T_RelabelType:
			return compile_relabel(context, (RelabelType *) expr);
		case T_BoolExpr:
			return expr_compile_bool(context, (BoolExpr *) expr);
		case T_NullTest:
			return expr_compile_null_test(context, (NullTest *) expr);
		case T_BooleanTest:
			return expr_compile_bool_test(context, (BooleanTest *) expr);
		case T_CaseExpr:
			return expr_compile_case(context, (CaseExpr *) expr);
		case T_CaseTestExpr:
			return expr_compile_case_value(context, (CaseTestExpr *) expr);
		case T_CoalesceExpr:
			return expr_compile_coalesce(context, (CoalesceExpr *) expr);
		case T_MinMaxExpr:
			return expr_compile_min_max(context, (MinMaxExpr *) expr);
		default:
			return expr_compile_by_rows(context, expr);
	}
}

VecExpr *
expr_step_new(VecExprContext *context, Node *node, EvalStep eval)
{
	VecExpr    *step = palloc0(sizeof(VecExpr));

	step->context = context;
	step->eval = eval;
	vec_type_init(&step->type, exprType(node), exprTypmod(node), exprCollation(node));
	step->result = vec_create(step->type.kind, VEC_MAX_ROWS);
	step->nulls = palloc(sizeof(bool) * VEC_MAX_ROWS);
	step->rows = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	return step;
}

void
expr_compile_args(VecExpr *step, List *args, bool conditional)
{
	ListCell   *lc;

	step->args = palloc(sizeof(VecExpr *) * Max(list_length(args), 1));
	step->operands = palloc(sizeof(Vec *) * Max(list_length(args), 1));
	foreach(lc, args)
		step->args[step->nargs++] = expr_compile_arg(step->context, lfirst(lc), conditional);
}

static VecExpr *
compile_var(VecExprContext *context, Var *var)
{
	VecExpr    *step = expr_step_new(context, (Node *) var, eval_var);

	step->column = context->column_of(context, var);
	Assert(step->column >= 0 && step->column < context->ncolumns);
	step->safe = true;
	return step;
}

/* Evaluated by PostgreSQL when it is first needed: it may hold parameters. */
static VecExpr *
compile_constant(VecExprContext *context, Expr *expr)
{
	VecExpr    *step = expr_step_new(context, (Node *) expr, eval_constant);

	step->safe = IsA(expr, Const);
	step->is_constant = true;
	step->state = ExecInitExpr(expr, context->parent);
	step->memory = AllocSetContextCreate(CurrentMemoryContext, "barks constant",
										 ALLOCSET_SMALL_SIZES);
	return step;
}

static VecExpr *
compile_relabel(VecExprContext *context, RelabelType *relabel)
{
	Node	   *arg = (Node *) relabel->arg;
	VecExpr    *step;
	VecType		from;

	step = expr_step_new(context, (Node *) relabel, eval_relabel);
	vec_type_init(&from, exprType(arg), exprTypmod(arg), InvalidOid);
	/* int4 as oid: the same bits, but another kind */
	if (from.kind != step->type.kind && from.typid != step->type.typid)
		return expr_compile_by_rows(context, (Expr *) relabel);
	expr_compile_args(step, list_make1(arg), false);
	step->safe = step->args[0]->safe;
	return step;
}

/* Does its value depend on the row?  A CASE has its value from outside of its WHENs. */
static bool
has_inputs(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, CaseTestExpr))
		return true;
	/* what is done to elements has a CaseTestExpr for them */
	if (IsA(node, ArrayCoerceExpr))
		return has_inputs((Node *) ((ArrayCoerceExpr *) node)->arg, NULL);
	return expression_tree_walker(node, has_inputs, NULL);
}

void
vec_expr_forget(VecExpr *expr)
{
	expr->known = false;
	if (expr->fallback)
		vec_expr_forget(expr->fallback);
	for (int i = 0; i < expr->nargs; i++)
		vec_expr_forget(expr->args[i]);
}

/* ---------------- evaluating ---------------- */

void
vec_expr_begin_scope(VecExprContext *context, const uint16 *sel, int n)
{
	context->scope++;
	context->in_scope = true;
	context->scope_sel = sel;
	context->scope_n = n;
}

void
vec_expr_end_scope(VecExprContext *context)
{
	context->in_scope = false;
}

Vec *
vec_expr_eval(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	Vec		   *vec = expr_eval(expr, batch, sel, n);

	if (vec->scales && !expr->context->gave_up)
		forget_scales(expr, vec, sel, n);
	return vec;
}

Vec *
vec_expr_eval_scales(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return expr_eval(expr, batch, sel, n);
}

bool
vec_expr_is_safe(const VecExpr *expr)
{
	return expr->safe;
}

int
vec_expr_select(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	Vec		   *vec;

	check_stack_depth();
	if (expr->select)
		return expr->select(expr, batch, sel, n, out);
	vec = expr_eval(expr, batch, sel, n);
	if (expr->context->gave_up)
		return 0;				/* and the values may be no booleans at all */
	return expr_select_true(vec, sel, n, out);
}

int
expr_select_true(const Vec *vec, const uint16 *sel, int n, uint16 *out)
{
	int			k = 0;

	Assert(vec->kind == VEC_BOOL);
	if (vec->constant)
	{
		if (VEC_IS_NULL(vec, 0) || !VEC_BOOLS(vec)[0])
			return 0;
		VEC_FOR_EACH(row, sel, n, out[k++] = row);
		return k;
	}
	if (vec->nulls == NULL)
		VEC_FOR_EACH(row, sel, n,
					 bool		value = VEC_BOOLS(vec)[row];

					 out[k] = row;
					 k += value);
	else
		VEC_FOR_EACH(row, sel, n,
					 bool		value = !vec->nulls[row] && VEC_BOOLS(vec)[row];

					 out[k] = row;
					 k += value);
	return k;
}

int
expr_select_others(const uint16 *rows, int n, const uint16 *others, int nothers, uint16 *out)
{
	int			k = 0;
	int			next = 0;

	for (int i = 0; i < n; i++)
		if (next < nothers && others[next] == rows[i])
			next++;
		else
			out[k++] = rows[i];
	return k;
}

/* Decimals with row scales become numerics. */
static void
forget_scales(VecExpr *expr, Vec *vec, const uint16 *sel, int n)
{
	MemoryContext old = MemoryContextSwitchTo(expr->context->batch_memory);

	VEC_FOR_EACH(row, sel, n,
				 bool		isnull;
				 Datum		value = vec_get_datum(vec, &expr->type, row, &isnull);

				 VEC_DATUMS(vec)[row] = value);
	vec->kind = VEC_DATUM;
	vec->scales = NULL;
	MemoryContextSwitchTo(old);
}

static Vec *
eval_var(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return vec_batch_column(batch, expr->column);
}

static Vec *
eval_relabel(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return expr_eval(expr->args[0], batch, sel, n);
}

static Vec *
eval_constant(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	/* a Const cannot fail; anything else may */
	if (!expr->known && (expr->safe || !expr_give_up(expr->context)))
	{
		ExprContext *econtext = expr->context->parent->ps_ExprContext;
		MemoryContext old;
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(expr->state, econtext, &isnull);

		MemoryContextReset(expr->memory);
		old = MemoryContextSwitchTo(expr->memory);
		if (!isnull)
		{
			value = datumCopy(value, expr->type.typbyval, expr->type.typlen);
			if (expr->type.typlen == -1)
				value = PointerGetDatum(PG_DETOAST_DATUM(value));
		}
		vec_set_constant(expr->result, &expr->type, value, isnull);
		MemoryContextSwitchTo(old);
		expr->known = true;
	}
	return expr->result;
}

/* ---------------- results ---------------- */

void
expr_begin_result(VecExpr *expr)
{
	expr->result->kind = expr->type.kind;
	expr->result->scale = expr->type.scale;
	expr->result->scales = NULL;
	expr->result->constant = false;
	expr->result->nulls = NULL;
}

void
expr_put_null(VecExpr *expr, int row)
{
	Vec		   *vec = expr->result;

	if (vec->nulls == NULL)
	{
		memset(expr->nulls, 0, sizeof(bool) * VEC_MAX_ROWS);
		vec->nulls = expr->nulls;
	}
	vec->nulls[row] = true;
}

void
expr_put_datum(VecExpr *expr, int row, Datum value, bool isnull)
{
	if (isnull)
		expr_put_null(expr, row);
	else
		vec_put_datum(expr->result, &expr->type, row, value, false);
}

bool
expr_give_up(VecExprContext *context)
{
	if (context->careful)
		context->gave_up = true;
	return context->gave_up;
}
