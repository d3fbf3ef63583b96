/*-------------------------------------------------------------------------
 * expr_calls.c
 *	  Steps that call functions: by kernels, or row by row.
 *
 * A kernel that says false has done nothing that counts; the function is then
 * called for the rows in their order, and raises what is to be raised.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

#include "vector/expr_step.h"

static Vec *eval_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static int	select_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
static Vec *eval_function_of_nulls(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static bool has_signature(VecExpr *step, Node *node, Oid function);
static void eval_operands(VecExpr *expr, VecBatch *batch, const uint16 **sel, int *n);
static bool call_kernel(VecExpr *expr, Vec *result, const uint16 *sel, int n);
static Vec *call_by_rows(VecExpr *expr, const uint16 *sel, int n);
static Vec *eval_distinct(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_nullif(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);

/* ---------------- compiling ---------------- */

VecExpr *
expr_compile_call(VecExprContext *context, Node *node, Oid function, Oid collation, List *args)
{
	VecExpr    *step = expr_step_new(context, node, eval_function);

	expr_compile_args(step, args, false);
	expr_find_function(step, node, function, collation);
	if (step->function == NULL && vec_expr_is_explained(context))
		vec_expr_tell_by_rows(context, format_procedure(function), "no kernel");
	if (!step->strict)
		step->eval = eval_function_of_nulls;
	else if (step->type.kind == VEC_BOOL)
		step->select = select_function;
	return step;
}

void
expr_find_function(VecExpr *step, Node *node, Oid function, Oid collation)
{
	AclResult	aclresult = pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE);
	int			nargs = Max(step->nargs, 2);

	if (aclresult != ACLCHECK_OK)
		aclcheck_error(aclresult, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
	step->function = vec_find_function(function, collation);
	if (step->function && !has_signature(step, node, function))
		step->function = NULL;
	fmgr_info(function, &step->flinfo);
	fmgr_info_set_expr(node, &step->flinfo);
	step->strict = step->flinfo.fn_strict;
	step->fcinfo = palloc0(SizeForFunctionCallInfo(nargs));
	/* users' functions may do what they were said not to do */
	step->leakproof = function < FirstNormalObjectId && get_func_leakproof(function);
	step->safe = step->leakproof || (step->function && step->function->safe);
	for (int i = 0; i < step->nargs; i++)
		step->safe &= step->args[i]->safe;
	InitFunctionCallInfoData(*step->fcinfo, &step->flinfo, step->nargs, collation, NULL, NULL);
}

/*
 * Are values of the kinds that the function declares?  A cast may call one for
 * another type of the same bits.
 */
static bool
has_signature(VecExpr *step, Node *node, Oid function)
{
	Oid		   *argtypes;
	int			nargs;
	Oid			rettype = get_func_signature(function, &argtypes, &nargs);
	VecType		type;

	vec_type_init(&type, rettype, -1, InvalidOid);
	if (IsA(node, FuncExpr) && type.kind != step->type.kind && type.typid != step->type.typid)
		return false;
	for (int i = 0; i < Min(nargs, step->nargs); i++)
	{
		const VecType *arg = &step->args[i]->type;

		if (IsA(node, ScalarArrayOpExpr) && i == 1)
			continue;			/* an array of these */
		vec_type_init(&type, argtypes[i], -1, InvalidOid);
		if (type.kind != arg->kind && type.typid != arg->typid)
			return false;
	}
	return true;
}

/* a IS DISTINCT FROM b: like a function of bool, but never NULL. */
VecExpr *
expr_compile_distinct(VecExprContext *context, DistinctExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_distinct);

	set_opfuncid((OpExpr *) node);
	expr_compile_args(step, node->args, false);
	expr_find_function(step, (Node *) node, node->opfuncid, node->inputcollid);
	step->fallback = expr_compile_fallback(context, (Expr *) node);
	return step;
}

VecExpr *
expr_compile_nullif(VecExprContext *context, NullIfExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_nullif);

	set_opfuncid((OpExpr *) node);
	expr_compile_args(step, node->args, false);
	expr_find_function(step, (Node *) node, node->opfuncid, node->inputcollid);
	step->fallback = expr_compile_fallback(context, (Expr *) node);
	return step;
}

/* ---------------- strict functions ---------------- */

/*
 * Evaluate the arguments of a strict function, and leave rows with a NULL among
 * them out; these are NULL in the result.
 */
static void
eval_operands(VecExpr *expr, VecBatch *batch, const uint16 **sel, int *n)
{
	bool		nulls = false;

	for (int i = 0; i < expr->nargs; i++)
	{
		expr->operands[i] = expr_eval(expr->args[i], batch, *sel, *n);
		nulls |= expr->operands[i]->nulls != NULL;
	}
	expr_begin_result(expr);
	if (nulls)
	{
		bool	   *null = expr->nulls;
		int			k = 0;

		expr->result->nulls = null;
		VEC_FOR_EACH(row, *sel, *n,
					 {
						 bool		isnull = false;

						 for (int i = 0; i < expr->nargs; i++)
							 isnull |= VEC_IS_NULL(expr->operands[i], row);
						 null[row] = isnull;
						 expr->rows[k] = row;
						 k += !isnull;
					 });
		*sel = expr->rows;
		*n = k;
	}
}

/* Kernels that make values by reference make them in the batch's memory. */
static bool
call_kernel(VecExpr *expr, Vec *result, const uint16 *sel, int n)
{
	MemoryContext old;
	bool		done;

	if (expr->function == NULL || expr->function->kernel == NULL)
		return false;
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	done = expr->function->kernel(expr->operands, result, sel, n);
	MemoryContextSwitchTo(old);
	return done;
}

int
expr_call_selector(VecExpr *expr, const uint16 *sel, int n, uint16 *out)
{
	uint16		rows[VEC_MAX_ROWS];
	MemoryContext old;
	int			k;

	if (expr->function == NULL || expr->function->selector == NULL)
		return -1;
	/* one that fails has put something there already */
	if (sel == out)
		memcpy(rows, sel, sizeof(uint16) * n);
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	k = expr->function->selector(expr->operands, sel, n, out);
	MemoryContextSwitchTo(old);
	if (k < 0 && sel == out)
		memcpy(out, rows, sizeof(uint16) * n);
	return k;
}

static Vec *
eval_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	eval_operands(expr, batch, &sel, &n);
	if (n == 0 || expr->context->gave_up || call_kernel(expr, expr->result, sel, n))
		return expr->result;
	return call_by_rows(expr, sel, n);
}

static int
select_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	int			k;

	eval_operands(expr, batch, &sel, &n);
	if (n == 0 || expr->context->gave_up)
		return 0;
	k = expr_call_selector(expr, sel, n, out);
	if (k >= 0)
		return k;
	if (!call_kernel(expr, expr->result, sel, n))
		call_by_rows(expr, sel, n);
	if (expr->context->gave_up)
		return 0;
	return expr_select_true(expr->result, sel, n, out);
}

/* One that is called with NULLs: always row by row. */
static Vec *
eval_function_of_nulls(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	for (int i = 0; i < expr->nargs; i++)
		expr->operands[i] = expr_eval(expr->args[i], batch, sel, n);
	expr_begin_result(expr);
	if (expr->context->gave_up)
		return expr->result;
	return call_by_rows(expr, sel, n);
}

/* Call the function itself for each row; this is where its errors are raised. */
static Vec *
call_by_rows(VecExpr *expr, const uint16 *sel, int n)
{
	FunctionCallInfo fcinfo = expr->fcinfo;
	bool		counted = pgstat_track_functions > expr->flinfo.fn_stats;
	MemoryContext old;

	if (!expr->leakproof && expr_give_up(expr->context))
		return expr->result;
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	expr->result->kind = expr->type.typid == NUMERICOID ? VEC_DATUM : expr->type.kind;
	expr->result->scales = NULL;
	VEC_FOR_EACH(row, sel, n,
				 {
					 PgStat_FunctionCallUsage usage;
					 Datum		value;

					 for (int i = 0; i < expr->nargs; i++)
						 fcinfo->args[i].value = vec_get_datum(expr->operands[i], &expr->args[i]->type, row,
															   &fcinfo->args[i].isnull);
					 fcinfo->isnull = false;
					 if (counted)
						 pgstat_init_function_usage(fcinfo, &usage);
					 value = FunctionCallInvoke(fcinfo);
					 if (counted)
						 pgstat_end_function_usage(&usage, true);
					 if (expr->type.typlen == -1 && !fcinfo->isnull)
						 value = MakeExpandedObjectReadOnlyInternal(value);
					 expr_put_datum(expr, row, value, fcinfo->isnull);
				 });
	MemoryContextSwitchTo(old);
	return expr->result;
}

/* ---------------- IS DISTINCT FROM, NULLIF ---------------- */

/*
 * Of the rows without NULLs those whose operands are equal, into expr->rows, as
 * their number; -1: PostgreSQL has to say.
 */
static int
select_equal(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	eval_operands(expr, batch, &sel, &n);
	if (n == 0 || expr->context->gave_up)
		return 0;
	return expr->strict ? expr_call_selector(expr, sel, n, expr->rows) : -1;
}

static Vec *
eval_distinct(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	int			nequal = select_equal(expr, batch, sel, n);
	bool	   *values = VEC_BOOLS(expr->result);
	const Vec  *a = expr->operands[0];
	const Vec  *b = expr->operands[1];

	if (nequal < 0)
		return expr_eval(expr->fallback, batch, sel, n);
	if (expr->context->gave_up)
		return expr->result;
	expr->result->nulls = NULL;
	VEC_FOR_EACH(row, sel, n, values[row] = !(VEC_IS_NULL(a, row) && VEC_IS_NULL(b, row)));
	for (int i = 0; i < nequal; i++)
		values[expr->rows[i]] = false;
	return expr->result;
}

static Vec *
eval_nullif(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	int			nequal = select_equal(expr, batch, sel, n);

	if (nequal < 0)
		return expr_eval(expr->fallback, batch, sel, n);
	if (expr->context->gave_up)
		return expr->result;
	expr_begin_result(expr);
	expr->ndone = 0;
	expr_merge_rows(expr, expr->operands[0], &expr->args[0]->type, sel, n);
	for (int i = 0; i < nequal; i++)
		expr_put_null(expr, expr->rows[i]);
	return expr->result;
}
