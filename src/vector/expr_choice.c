/*-------------------------------------------------------------------------
 * expr_choice.c
 *	  CASE, COALESCE, GREATEST and LEAST: values that come from several vectors.
 *
 * Decimals of several scales become decimals of the largest one that know the
 * display scale of each row; if that does not fit, all become numerics.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/decimal.h"
#include "vector/expr_step.h"

static Vec *eval_case(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_case_value(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_coalesce(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_min_max(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static int	select_better(VecExpr *expr, VecExpr *arg, const Vec *vec, const uint16 *sel, int n, uint16 *out);
static void copy_rows(VecExpr *expr, const Vec *from, const uint16 *sel, int n);
static bool merge_scales(VecExpr *expr, const Vec *from, const uint16 *sel, int n);
static bool rescale(VecExpr *expr, int scale);
static void become_datums(VecExpr *expr);

/* ---------------- CASE ---------------- */

/* Arguments: the value, if there is one; conditions and results in turn; what ELSE says. */
VecExpr *
expr_compile_case(VecExprContext *context, CaseExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_case);
	VecExpr    *outside = context->enclosing;
	int			max = list_length(node->args) * 2 + 2;
	ListCell   *lc;

	step->args = palloc(sizeof(VecExpr *) * max);
	step->done = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	step->has_arg = node->arg != NULL;
	step->has_else = node->defresult != NULL;
	if (node->arg)
	{
		step->args[step->nargs++] = expr_compile_arg(context, node->arg, false);
	}
	foreach(lc, node->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		if (node->arg)
			context->enclosing = step;
		step->args[step->nargs++] = expr_compile_arg(context, when->expr, true);
		context->enclosing = outside;
		step->args[step->nargs++] = expr_compile_arg(context, when->result, true);
	}
	if (node->defresult)
		step->args[step->nargs++] = expr_compile_arg(context, node->defresult, true);
	expr_find_safety(step);
	return step;
}

VecExpr *
expr_compile_case_value(VecExprContext *context, CaseTestExpr *node)
{
	VecExpr    *step;

	if (context->enclosing == NULL)
		return expr_compile_by_rows(context, (Expr *) node);
	step = expr_step_new(context, (Node *) node, eval_case_value);
	step->enclosing = context->enclosing;
	step->safe = true;
	return step;
}

static Vec *
eval_case_value(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return (Vec *) expr->enclosing->case_value;
}

/* Each row takes the first result whose condition holds; conditions see the rows that are left. */
static Vec *
eval_case(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	uint16		left[VEC_MAX_ROWS];
	int			nleft = 0;
	int			first = expr->has_arg ? 1 : 0;
	int			last = expr->nargs - (expr->has_else ? 1 : 0);

	if (expr->has_arg)
		expr->case_value = expr_eval(expr->args[0], batch, sel, n);
	expr_begin_result(expr);
	expr->ndone = 0;
	if (expr->context->gave_up)
		return expr->result;
	VEC_FOR_EACH(row, sel, n, left[nleft++] = row);
	for (int i = first; i < last && nleft > 0; i += 2)
	{
		int			nmet = vec_expr_select(expr->args[i], batch, left, nleft, expr->rows);

		if (nmet == 0)
			continue;
		expr_merge_rows(expr, expr_eval(expr->args[i + 1], batch, expr->rows, nmet),
						&expr->args[i + 1]->type, expr->rows, nmet);
		nleft = expr_select_others(left, nleft, expr->rows, nmet, left);
	}
	if (nleft > 0 && expr->has_else)
		expr_merge_rows(expr, expr_eval(expr->args[last], batch, left, nleft), &expr->args[last]->type,
						left, nleft);
	else
		for (int j = 0; j < nleft; j++)
			expr_put_null(expr, left[j]);
	return expr->result;
}

/* ---------------- COALESCE ---------------- */

VecExpr *
expr_compile_coalesce(VecExprContext *context, CoalesceExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_coalesce);

	step->done = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	expr_compile_args(step, node->args, true);
	expr_find_safety(step);
	return step;
}

static Vec *
eval_coalesce(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	uint16		left[VEC_MAX_ROWS];
	int			nleft = 0;

	expr_begin_result(expr);
	expr->ndone = 0;
	VEC_FOR_EACH(row, sel, n, left[nleft++] = row);
	for (int i = 0; i < expr->nargs && nleft > 0; i++)
	{
		const Vec  *arg = expr_eval(expr->args[i], batch, left, nleft);
		int			k = 0;
		int			nfound = 0;

		if (expr->context->gave_up)
			return expr->result;
		for (int j = 0; j < nleft; j++)
			if (VEC_IS_NULL(arg, left[j]))
				left[k++] = left[j];
			else
				expr->rows[nfound++] = left[j];
		expr_merge_rows(expr, arg, &expr->args[i]->type, expr->rows, nfound);
		nleft = k;
	}
	for (int j = 0; j < nleft; j++)
		expr_put_null(expr, left[j]);
	return expr->result;
}

/* ---------------- GREATEST, LEAST ---------------- */

VecExpr *
expr_compile_min_max(VecExprContext *context, MinMaxExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_min_max);
	TypeCacheEntry *entry = lookup_type_cache(exprType((Node *) node), TYPECACHE_CMP_PROC);

	if (!OidIsValid(entry->cmp_proc))
		return expr_compile_by_rows(context, (Expr *) node);	/* which raises */
	fmgr_info(entry->cmp_proc, &step->flinfo);
	step->type.collation = node->inputcollid;
	step->min_max = node->op;
	/* rows that get a better value are there twice for a moment */
	step->done = palloc(sizeof(uint16) * 2 * VEC_MAX_ROWS);
	expr_compile_args(step, node->args, false);
	return step;
}

/* The first of those that are not NULL, until a better one comes. */
static Vec *
eval_min_max(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	uint16		left[VEC_MAX_ROWS];
	uint16		better[VEC_MAX_ROWS];
	int			nleft = 0;

	for (int i = 0; i < expr->nargs; i++)
		expr->operands[i] = expr_eval(expr->args[i], batch, sel, n);
	expr_begin_result(expr);
	expr->ndone = 0;
	if (expr->context->gave_up)
		return expr->result;
	VEC_FOR_EACH(row, sel, n, left[nleft++] = row);
	for (int i = 0; i < expr->nargs; i++)
	{
		const Vec  *arg = expr->operands[i];
		uint16		found[VEC_MAX_ROWS];
		int			nfound = 0;
		int			nbetter = 0;
		int			k = 0;

		/* rows that have a value already, and those whose first this is */
		for (int j = 0; j < expr->ndone; j++)
			if (!VEC_IS_NULL(arg, expr->done[j]))
				better[nbetter++] = expr->done[j];
		nbetter = select_better(expr, expr->args[i], arg, better, nbetter, better);
		if (expr->context->gave_up)
			return expr->result;
		for (int j = 0; j < nleft; j++)
			if (VEC_IS_NULL(arg, left[j]))
				left[k++] = left[j];
			else
				found[nfound++] = left[j];
		nleft = k;
		expr_merge_rows(expr, arg, &expr->args[i]->type, found, nfound);
		k = expr->ndone;
		expr_merge_rows(expr, arg, &expr->args[i]->type, better, nbetter);
		expr->ndone = k;		/* these are there already */
	}
	for (int j = 0; j < nleft; j++)
		expr_put_null(expr, left[j]);
	return expr->result;
}

#define SELECT_BETTER(ctype, VALUES, greater, less) \
	for (int i = 0; i < n; i++) \
	{ \
		ctype		has = VALUES(expr->result)[sel[i]]; \
		ctype		comes = VALUES(vec)[VEC_ROW(vec, sel[i])]; \
		out[k] = sel[i]; \
		k += greatest ? (greater) : (less); \
	}

/* Of rows with a value those for which vec has a better one. */
static int
select_better(VecExpr *expr, VecExpr *arg, const Vec *vec, const uint16 *sel, int n, uint16 *out)
{
	bool		greatest = expr->min_max == IS_GREATEST;
	MemoryContext old;
	int			k = 0;

	if (n == 0)
		return 0;
	if (vec->kind != expr->result->kind)
		;
	else if (vec->kind == VEC_INT32)
	{
		SELECT_BETTER(int32, VEC_INT32S, comes > has, comes < has);
		return k;
	}
	else if (vec->kind == VEC_INT64)
	{
		SELECT_BETTER(int64, VEC_INT64S, comes > has, comes < has);
		return k;
	}
	else if (vec->kind == VEC_FLOAT64)
	{
		SELECT_BETTER(float8, VEC_FLOAT64S, float8_gt(comes, has), float8_lt(comes, has));
		return k;
	}
	else if (vec->kind == VEC_DECIMAL)
	{
		int			scale = expr->result->scale;

		SELECT_BETTER(int64, VEC_INT64S, decimal_compare(comes, vec->scale, has, scale) > 0,
					  decimal_compare(comes, vec->scale, has, scale) < 0);
		return k;
	}
	if (!expr_give_up(expr->context))
	{
		old = MemoryContextSwitchTo(expr->context->batch_memory);
		for (int i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		has = vec_get_datum(expr->result, &expr->type, sel[i], &isnull);
			Datum		comes = vec_get_datum(vec, &arg->type, sel[i], &isnull);
			int			order = DatumGetInt32(FunctionCall2Coll(&expr->flinfo, expr->type.collation, has, comes));

			out[k] = sel[i];
			k += greatest ? order < 0 : order > 0;
		}
		MemoryContextSwitchTo(old);
	}
	return k;
}

/* ---------------- merging ---------------- */

void
expr_merge_rows(VecExpr *expr, const Vec *from, const VecType *type, const uint16 *sel, int n)
{
	Vec		   *to = expr->result;
	MemoryContext old;

	if (expr->context->gave_up || n == 0)
		return;
	if (from->constant && from->nulls)
	{
		VEC_FOR_EACH(row, sel, n, expr_put_null(expr, row));
		return;
	}
	/* numerics are of the kind that comes first */
	if (expr->ndone == 0 && expr->type.typid == NUMERICOID)
	{
		to->kind = from->kind;
		to->scale = from->scale;
	}
	if (from->kind == to->kind && (from->kind != VEC_DECIMAL || merge_scales(expr, from, sel, n)))
		copy_rows(expr, from, sel, n);
	else
	{
		old = MemoryContextSwitchTo(expr->context->batch_memory);
		if (to->kind == VEC_DECIMAL)
			become_datums(expr);
		for (int i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		value = vec_get_datum(from, type, sel[i], &isnull);

			expr_put_datum(expr, sel[i], value, isnull);
		}
		MemoryContextSwitchTo(old);
	}
	if (expr->done)
		VEC_FOR_EACH(row, sel, n, expr->done[expr->ndone++] = row);
}

#define COPY_ROWS(ctype) \
	do { \
		ctype	   *values = (ctype *) to->values; \
		const ctype *source = (const ctype *) from->values; \
		int			mask = from->constant ? 0 : ~0; \
		VEC_FOR_EACH(row, sel, n, values[row] = source[row & mask]); \
	} while (0)

static void
copy_rows(VecExpr *expr, const Vec *from, const uint16 *sel, int n)
{
	Vec		   *to = expr->result;

	if (from->kind == VEC_DECIMAL && from->scale < to->scale)
	{
		int64		factor = decimal_powers[to->scale - from->scale];

		VEC_FOR_EACH(row, sel, n,
					 int64		value = VEC_INT64S(from)[VEC_ROW(from, row)];

					 VEC_INT64S(to)[row] = value == VEC_DECIMAL_NAN ? value : (int64) ((uint64) value * factor));
	}
	else
		switch (vec_kind_size(to->kind))
		{
			case sizeof(int64):
				COPY_ROWS(int64);
				break;
			case sizeof(int32):
				COPY_ROWS(int32);
				break;
			default:
				COPY_ROWS(bool);
		}
	if (from->nulls)
		VEC_FOR_EACH(row, sel, n, if (VEC_IS_NULL(from, row)) expr_put_null(expr, row));
	if (to->nulls)
		VEC_FOR_EACH(row, sel, n, to->nulls[row] = VEC_IS_NULL(from, row));
}

/*
 * Make the result ready for decimals of from's scale, and tell their display scales;
 * false: they would not fit.
 */
static bool
merge_scales(VecExpr *expr, const Vec *from, const uint16 *sel, int n)
{
	Vec		   *to = expr->result;

	if (to->scale != from->scale || from->scales || to->scales)
	{
		if (to->scale < from->scale && !rescale(expr, from->scale))
			return false;
		if (to->scale > from->scale)
		{
			int64		limit = DECIMAL_LIMIT / decimal_powers[to->scale - from->scale];
			bool		failed = false;

			VEC_FOR_EACH(row, sel, n,
						 int64		value = VEC_INT64S(from)[VEC_ROW(from, row)];

						 failed |= !VEC_IS_NULL(from, row) && value != VEC_DECIMAL_NAN &&
						 (value > limit || value < -limit));
			if (failed)
				return false;
		}
		if (to->scales == NULL)
			rescale(expr, to->scale);
		VEC_FOR_EACH(row, sel, n,
					 to->scales[row] = from->scales ? from->scales[VEC_ROW(from, row)] : from->scale);
	}
	return true;
}

/* Bring the rows that are done to a scale that is not smaller, keeping their display scales. */
static bool
rescale(VecExpr *expr, int scale)
{
	Vec		   *vec = expr->result;
	int64		factor = decimal_powers[scale - vec->scale];
	int64		limit = DECIMAL_LIMIT / factor;
	bool		failed = false;

	VEC_FOR_EACH(row, expr->done, expr->ndone,
				 int64		value = VEC_INT64S(vec)[row];

				 failed |= !VEC_IS_NULL(vec, row) && value != VEC_DECIMAL_NAN && (value > limit || value < -limit));
	if (failed)
		return false;
	if (expr->scales == NULL)
		expr->scales = MemoryContextAlloc(GetMemoryChunkContext(expr), VEC_MAX_ROWS);
	if (vec->scales == NULL)
		VEC_FOR_EACH(row, expr->done, expr->ndone, expr->scales[row] = vec->scale);
	VEC_FOR_EACH(row, expr->done, expr->ndone,
				 int64	   *value = &VEC_INT64S(vec)[row];

				 if (*value != VEC_DECIMAL_NAN)
				 *value = (int64) ((uint64) *value * factor));
	vec->scales = expr->scales;
	vec->scale = scale;
	return true;
}

static void
become_datums(VecExpr *expr)
{
	Vec		   *vec = expr->result;

	VEC_FOR_EACH(row, expr->done, expr->ndone,
				 bool		isnull;
				 Datum		value = vec_get_datum(vec, &expr->type, row, &isnull);

				 VEC_DATUMS(vec)[row] = value);
	vec->kind = VEC_DATUM;
	vec->scales = NULL;
}
