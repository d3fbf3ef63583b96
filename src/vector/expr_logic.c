/*-------------------------------------------------------------------------
 * expr_logic.c
 *	  AND, OR, NOT, IS NULL, IS TRUE and the like.
 *
 * An argument of AND and OR is evaluated for the rows that those before it did
 * not decide, as PostgreSQL does it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "vector/expr_step.h"

static Vec *eval_not(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_and_or(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static int	select_and(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
static int	select_or(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
static Vec *eval_null_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_bool_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);

VecExpr *
expr_compile_bool(VecExprContext *context, BoolExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, node->boolop == NOT_EXPR ? eval_not : eval_and_or);

	step->bool_op = node->boolop;
	if (node->boolop != NOT_EXPR)
		step->select = node->boolop == AND_EXPR ? select_and : select_or;
	expr_compile_args(step, node->args, node->boolop != NOT_EXPR);
	expr_find_safety(step);
	return step;
}

VecExpr *
expr_compile_null_test(VecExprContext *context, NullTest *node)
{
	VecExpr    *step;

	if (node->argisrow)
		return expr_compile_by_rows(context, (Expr *) node);
	step = expr_step_new(context, (Node *) node, eval_null_test);
	step->null_test = node->nulltesttype;
	expr_compile_args(step, list_make1(node->arg), false);
	expr_find_safety(step);
	return step;
}

VecExpr *
expr_compile_bool_test(VecExprContext *context, BooleanTest *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_bool_test);

	step->bool_test = node->booltesttype;
	expr_compile_args(step, list_make1(node->arg), false);
	expr_find_safety(step);
	return step;
}

static Vec *
eval_not(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	const Vec  *arg = expr_eval(expr->args[0], batch, sel, n);
	bool	   *values = VEC_BOOLS(expr->result);

	expr_begin_result(expr);
	if (expr->context->gave_up)
		return expr->result;
	expr->result->nulls = arg->nulls;
	expr->result->constant = arg->constant;
	if (arg->constant)
		values[0] = !VEC_BOOLS(arg)[0];
	else
		VEC_FOR_EACH(row, sel, n, values[row] = !VEC_BOOLS(arg)[row]);
	return expr->result;
}

static Vec *
eval_and_or(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	bool	   *values = VEC_BOOLS(expr->result);
	bool		decides = expr->bool_op == OR_EXPR;
	int			undecided = 0;
	bool		any_null = false;

	expr_begin_result(expr);
	VEC_FOR_EACH(row, sel, n,
				 values[row] = !decides;
				 expr->nulls[row] = false;
				 expr->rows[undecided++] = row);
	for (int i = 0; i < expr->nargs && undecided > 0; i++)
	{
		const Vec  *arg = expr_eval(expr->args[i], batch, expr->rows, undecided);
		int			k = 0;

		if (expr->context->gave_up)
			return expr->result;
		for (int j = 0; j < undecided; j++)
		{
			int			row = expr->rows[j];
			bool		isnull = VEC_IS_NULL(arg, row);
			bool		value = VEC_BOOLS(arg)[VEC_ROW(arg, row)];

			if (isnull)
			{
				expr->nulls[row] = true;
				any_null = true;
			}
			else if (value == decides)
			{
				values[row] = decides;
				expr->nulls[row] = false;
				continue;
			}
			expr->rows[k++] = row;
		}
		undecided = k;
	}
	if (any_null)
		expr->result->nulls = expr->nulls;
	return expr->result;
}

/*
 * A row that an argument is NULL for cannot come true any more, but those that
 * follow may fail for it yet; only if they cannot, it need not be told from others.
 */
static int
select_and(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	for (int i = 1; i < expr->nargs; i++)
		if (!expr->args[i]->safe)
		{
			Vec		   *vec = eval_and_or(expr, batch, sel, n);

			return expr->context->gave_up ? 0 : expr_select_true(vec, sel, n, out);
		}
	for (int i = 0; i < expr->nargs && n > 0; i++)
	{
		n = vec_expr_select(expr->args[i], batch, sel, n, out);
		sel = out;
	}
	return n;
}

/* Rows that an argument is true for are asked no more. */
static int
select_or(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	bool	   *values = VEC_BOOLS(expr->result);
	uint16		met[VEC_MAX_ROWS];
	int			nleft = 0;
	int			k = 0;

	expr_begin_result(expr);
	VEC_FOR_EACH(row, sel, n,
				 values[row] = false;
				 expr->rows[nleft++] = row);
	for (int i = 0; i < expr->nargs && nleft > 0; i++)
	{
		int			nmet = vec_expr_select(expr->args[i], batch, expr->rows, nleft, met);

		if (expr->context->gave_up)
			return 0;
		if (nmet == 0)
			continue;
		for (int j = 0; j < nmet; j++)
			values[met[j]] = true;
		nleft = expr_select_others(expr->rows, nleft, met, nmet, expr->rows);
	}
	VEC_FOR_EACH(row, sel, n,
				 bool		value = values[row];

				 out[k] = row;
				 k += value);
	return k;
}

static Vec *
eval_null_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	const Vec  *arg = expr_eval(expr->args[0], batch, sel, n);
	bool		wanted = expr->null_test == IS_NULL;

	expr_begin_result(expr);
	VEC_FOR_EACH(row, sel, n, VEC_BOOLS(expr->result)[row] = VEC_IS_NULL(arg, row) == wanted);
	return expr->result;
}

static Vec *
eval_bool_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	const Vec  *arg = expr_eval(expr->args[0], batch, sel, n);
	bool		negated = expr->bool_test == IS_NOT_TRUE || expr->bool_test == IS_NOT_FALSE ||
		expr->bool_test == IS_NOT_UNKNOWN;
	bool		for_null = expr->bool_test == IS_UNKNOWN || expr->bool_test == IS_NOT_UNKNOWN;
	bool		wanted = expr->bool_test == IS_TRUE || expr->bool_test == IS_NOT_TRUE;

	expr_begin_result(expr);
	VEC_FOR_EACH(row, sel, n,
				 {
					 bool		isnull = VEC_IS_NULL(arg, row);
					 bool		is = for_null ? isnull :
						 !isnull && VEC_BOOLS(arg)[VEC_ROW(arg, row)] == wanted;

					 VEC_BOOLS(expr->result)[row] = is != negated;
				 });
	return expr->result;
}
