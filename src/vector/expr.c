/*-------------------------------------------------------------------------
 * expr.c
 *	  Compile expressions to trees of steps, and evaluate these over batches.
 *
 * Each step has one vector of its own that it fills; by-reference values that it
 * makes are in the batch's memory.  Values of rows that were not asked for are
 * undefined, so every step passes on the selection that it was given, or less.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "vector/expr.h"
#include "vector/kernels.h"

typedef Vec *(*EvalStep) (VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
typedef int (*SelectStep) (VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);

struct VecExpr
{
	VecType		type;
	VecExprContext *context;
	EvalStep	eval;
	SelectStep	select;			/* NULL: by the values of eval */
	Vec		   *result;			/* own storage; NULL: it passes on another's */
	bool	   *nulls;			/* own storage for result->nulls */
	uint16	   *rows;			/* own storage for a selection */
	int			nargs;
	VecExpr   **args;

	int			column;			/* a Var's */

	const VecFunction *function;	/* NULL: none has been written */
	FmgrInfo	flinfo;
	FunctionCallInfo fcinfo;
	const Vec **operands;		/* args' values at hand */

	BoolExprType bool_op;
	NullTestType null_test;
	BoolTestType bool_test;
	bool		has_else;		/* of CASE */
	const uint16 *all;			/* rows that CASE or COALESCE are evaluated for */
	int			nall;

	ExprState  *state;			/* constants and what PostgreSQL evaluates */
	bool		known;			/* a constant that has been evaluated */
	MemoryContext memory;		/* of a constant's value */
	TupleTableSlot *slot;		/* the row that PostgreSQL evaluates over */
	int			nused;			/* columns of the slot that are looked at */
	int		   *used;
};

static VecExpr *new_step(VecExprContext *context, Node *node, EvalStep eval);
static VecExpr *compile_var(VecExprContext *context, Var *var);
static VecExpr *compile_constant(VecExprContext *context, Expr *expr);
static VecExpr *compile_function(VecExprContext *context, Node *node, Oid function,
								 Oid collation, List *args);
static VecExpr *compile_by_rows(VecExprContext *context, Expr *expr);
static void compile_args(VecExpr *step, List *args);
static bool has_vars(Node *node, void *unused);
static Vec *eval_var(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_relabel(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_constant(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static int	select_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
static void eval_operands(VecExpr *expr, VecBatch *batch, const uint16 **sel, int *n);
static bool give_up(VecExprContext *context);
static Vec *call_by_rows(VecExpr *expr, const uint16 *sel, int n);
static Vec *eval_bool(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static int	select_bool(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
static Vec *eval_null_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_bool_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_case(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_coalesce(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static Vec *eval_by_rows(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static void begin_result(VecExpr *expr);
static void merge_rows(VecExpr *expr, const Vec *from, const VecType *type, const uint16 *sel, int n);
static void put_datum(VecExpr *expr, int row, Datum value, bool isnull);
static void become_datums(VecExpr *expr);

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
	VecExpr    *step;

	check_stack_depth();
	if (IsA(expr, Var))
		return compile_var(context, (Var *) expr);
	if (!has_vars((Node *) expr, NULL))
		return compile_constant(context, expr);
	switch (nodeTag(expr))
	{
		case T_FuncExpr:
			return compile_function(context, (Node *) expr, ((FuncExpr *) expr)->funcid,
									((FuncExpr *) expr)->inputcollid, ((FuncExpr *) expr)->args);
		case T_OpExpr:
			set_opfuncid((OpExpr *) expr);
			return compile_function(context, (Node *) expr, ((OpExpr *) expr)->opfuncid,
									((OpExpr *) expr)->inputcollid, ((OpExpr *) expr)->args);
		case T_RelabelType:
			{
				Node	   *arg = (Node *) ((RelabelType *) expr)->arg;
				VecType		from;

				step = new_step(context, (Node *) expr, eval_relabel);
				vec_type_init(&from, exprType(arg), exprTypmod(arg), InvalidOid);
				/* int4 as oid: the same bits, but another kind */
				if (from.kind != step->type.kind && from.typid != step->type.typid)
					return compile_by_rows(context, expr);
				compile_args(step, list_make1(arg));
				return step;
			}
		case T_BoolExpr:
			step = new_step(context, (Node *) expr, eval_bool);
			step->bool_op = ((BoolExpr *) expr)->boolop;
			if (step->bool_op != NOT_EXPR)
				step->select = select_bool;
			compile_args(step, ((BoolExpr *) expr)->args);
			return step;
		case T_NullTest:
			if (((NullTest *) expr)->argisrow)
				return compile_by_rows(context, expr);
			step = new_step(context, (Node *) expr, eval_null_test);
			step->null_test = ((NullTest *) expr)->nulltesttype;
			compile_args(step, list_make1(((NullTest *) expr)->arg));
			return step;
		case T_BooleanTest:
			step = new_step(context, (Node *) expr, eval_bool_test);
			step->bool_test = ((BooleanTest *) expr)->booltesttype;
			compile_args(step, list_make1(((BooleanTest *) expr)->arg));
			return step;
		case T_CaseExpr:
			{
				CaseExpr   *c = (CaseExpr *) expr;
				List	   *args = NIL;
				ListCell   *lc;

				if (c->arg)
					return compile_by_rows(context, expr);
				step = new_step(context, (Node *) expr, eval_case);
				foreach(lc, c->args)
					args = lappend(lappend(args, lfirst_node(CaseWhen, lc)->expr),
								   lfirst_node(CaseWhen, lc)->result);
				step->has_else = c->defresult != NULL;
				if (c->defresult)
					args = lappend(args, c->defresult);
				compile_args(step, args);
				return step;
			}
		case T_CoalesceExpr:
			step = new_step(context, (Node *) expr, eval_coalesce);
			compile_args(step, ((CoalesceExpr *) expr)->args);
			return step;
		default:
			return compile_by_rows(context, expr);
	}
}

static VecExpr *
new_step(VecExprContext *context, Node *node, EvalStep eval)
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

static void
compile_args(VecExpr *step, List *args)
{
	ListCell   *lc;

	step->args = palloc(sizeof(VecExpr *) * Max(list_length(args), 1));
	step->operands = palloc(sizeof(Vec *) * Max(list_length(args), 1));
	foreach(lc, args)
		step->args[step->nargs++] = vec_expr_compile(step->context, lfirst(lc));
}

static VecExpr *
compile_var(VecExprContext *context, Var *var)
{
	VecExpr    *step = new_step(context, (Node *) var, eval_var);

	step->column = context->column_of(context, var);
	Assert(step->column >= 0 && step->column < context->ncolumns);
	return step;
}

/* Evaluated by PostgreSQL when it is first needed: it may hold parameters. */
static VecExpr *
compile_constant(VecExprContext *context, Expr *expr)
{
	VecExpr    *step = new_step(context, (Node *) expr, eval_constant);

	step->state = ExecInitExpr(expr, context->parent);
	step->memory = AllocSetContextCreate(CurrentMemoryContext, "barks constant",
										 ALLOCSET_SMALL_SIZES);
	return step;
}

static VecExpr *
compile_function(VecExprContext *context, Node *node, Oid function, Oid collation, List *args)
{
	VecExpr    *step;

	/* what is called with NULLs sees them: by rows, where all that is PostgreSQL's is right */
	if (!func_strict(function))
		return compile_by_rows(context, (Expr *) node);
	step = new_step(context, node, eval_function);
	if (step->type.kind == VEC_BOOL)
		step->select = select_function;
	compile_args(step, args);
	step->function = vec_find_function(function, collation);
	fmgr_info(function, &step->flinfo);
	fmgr_info_set_expr(node, &step->flinfo);
	step->fcinfo = palloc0(SizeForFunctionCallInfo(step->nargs));
	InitFunctionCallInfoData(*step->fcinfo, &step->flinfo, step->nargs, collation, NULL, NULL);
	return step;
}

static bool
has_vars(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return true;
	return expression_tree_walker(node, has_vars, NULL);
}

/*
 * PostgreSQL evaluates over a slot whose columns are the batch's: so Vars are
 * numbered anew.
 */
static Node *
slot_vars(Node *node, VecExpr *step)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);
		int			column = step->context->column_of(step->context, var);
		int			i;

		for (i = 0; i < step->nused && step->used[i] != column; i++)
			;
		if (i == step->nused)
		{
			step->used = step->used ? repalloc(step->used, sizeof(int) * (i + 1)) : palloc(sizeof(int));
			step->used[step->nused++] = column;
		}
		var->varno = OUTER_VAR;
		var->varattno = column + 1;
		return (Node *) var;
	}
	return expression_tree_mutator(node, slot_vars, step);
}

static VecExpr *
compile_by_rows(VecExprContext *context, Expr *expr)
{
	VecExpr    *step = new_step(context, (Node *) expr, eval_by_rows);
	TupleDesc	desc = CreateTemplateTupleDesc(context->ncolumns);

	for (int i = 0; i < context->ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, NULL, context->types[i].typid, context->types[i].typmod, 0);
	step->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	step->state = ExecInitExpr((Expr *) slot_vars((Node *) expr, step), context->parent);
	return step;
}

void
vec_expr_forget(VecExpr *expr)
{
	expr->known = false;
	for (int i = 0; i < expr->nargs; i++)
		vec_expr_forget(expr->args[i]);
}

/* ---------------- evaluating ---------------- */

Vec *
vec_expr_eval(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return expr->eval(expr, batch, sel, n);
}

int
vec_expr_select(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	Vec		   *vec;
	int			k = 0;

	if (expr->select)
		return expr->select(expr, batch, sel, n, out);
	vec = expr->eval(expr, batch, sel, n);
	Assert(vec->kind == VEC_BOOL);
	if (expr->context->gave_up)
		return 0;				/* and the values may be no booleans at all */
	if (vec->constant)
	{
		if (VEC_IS_NULL(vec, 0) || !VEC_BOOLS(vec)[0])
			return 0;
		VEC_FOR_EACH(row, sel, n, out[k++] = row);
		return k;
	}
	if (vec->nulls == NULL)
		VEC_FOR_EACH(row, sel, n, out[k] = row; k += VEC_BOOLS(vec)[row]);
	else
		VEC_FOR_EACH(row, sel, n, out[k] = row; k += !vec->nulls[row] && VEC_BOOLS(vec)[row]);
	return k;
}

static Vec *
eval_var(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return vec_batch_column(batch, expr->column);
}

static Vec *
eval_relabel(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	return vec_expr_eval(expr->args[0], batch, sel, n);
}

static Vec *
eval_constant(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	if (!expr->known && !give_up(expr->context))
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

static void
begin_result(VecExpr *expr)
{
	expr->result->kind = expr->type.kind;
	expr->result->scale = expr->type.scale;
	expr->result->constant = false;
	expr->result->nulls = NULL;
}

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
		expr->operands[i] = vec_expr_eval(expr->args[i], batch, *sel, *n);
		nulls |= expr->operands[i]->nulls != NULL;
	}
	begin_result(expr);
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

static Vec *
eval_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	eval_operands(expr, batch, &sel, &n);
	if (n == 0 || expr->context->gave_up ||
		(expr->function && expr->function->kernel(expr->operands, expr->result, sel, n)))
		return expr->result;
	return call_by_rows(expr, sel, n);
}

static int
select_function(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	int			k;
	Vec		   *vec;

	eval_operands(expr, batch, &sel, &n);
	if (n == 0 || expr->context->gave_up)
		return 0;
	if (expr->function && expr->function->selector)
	{
		k = expr->function->selector(expr->operands, sel, n, out);
		if (k >= 0)
			return k;
	}
	vec = expr->result;
	if (!expr->function || !expr->function->kernel(expr->operands, vec, sel, n))
		vec = call_by_rows(expr, sel, n);
	if (expr->context->gave_up)
		return 0;
	k = 0;
	VEC_FOR_EACH(row, sel, n,
				 {
					 bool		value = VEC_BOOLS(vec)[row] && !(vec->nulls && vec->nulls[row]);

					 out[k] = row;
					 k += value;
				 });
	return k;
}

static bool
give_up(VecExprContext *context)
{
	if (context->careful)
		context->gave_up = true;
	return context->gave_up;
}

/* Call the function itself for each row; this is where its errors are raised. */
static Vec *
call_by_rows(VecExpr *expr, const uint16 *sel, int n)
{
	FunctionCallInfo fcinfo = expr->fcinfo;
	MemoryContext old;

	if (give_up(expr->context))
		return expr->result;
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	expr->result->kind = expr->type.typid == NUMERICOID ? VEC_DATUM : expr->type.kind;
	VEC_FOR_EACH(row, sel, n,
				 {
					 Datum		value;

					 for (int i = 0; i < expr->nargs; i++)
						 fcinfo->args[i].value = vec_get_datum(expr->operands[i], &expr->args[i]->type, row,
															   &fcinfo->args[i].isnull);
					 fcinfo->isnull = false;
					 value = FunctionCallInvoke(fcinfo);
					 put_datum(expr, row, value, fcinfo->isnull);
				 });
	MemoryContextSwitchTo(old);
	return expr->result;
}

/* A row of the result, which is of its type's kind or of Datums. */
static void
put_datum(VecExpr *expr, int row, Datum value, bool isnull)
{
	Vec		   *vec = expr->result;

	if (isnull && vec->nulls == NULL)
	{
		memset(expr->nulls, 0, sizeof(bool) * VEC_MAX_ROWS);
		vec->nulls = expr->nulls;
	}
	vec_put_datum(vec, &expr->type, row, value, isnull);
}

/* ---------------- AND, OR, NOT, IS ---------------- */

/*
 * As PostgreSQL does it: an argument is evaluated for the rows that those before
 * it did not decide.
 */
static Vec *
eval_bool(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	Vec		   *result = expr->result;
	bool	   *values;
	bool		decides = expr->bool_op == OR_EXPR;
	int			undecided = 0;
	bool		any_null = false;

	begin_result(expr);
	values = VEC_BOOLS(result);
	if (expr->bool_op == NOT_EXPR)
	{
		const Vec  *arg = vec_expr_eval(expr->args[0], batch, sel, n);

		result->nulls = arg->nulls;
		result->constant = arg->constant;
		if (arg->constant)
			values[0] = !VEC_BOOLS(arg)[0];
		else
			VEC_FOR_EACH(row, sel, n, values[row] = !VEC_BOOLS(arg)[row]);
		return result;
	}
	VEC_FOR_EACH(row, sel, n,
				 {
					 values[row] = !decides;
					 expr->nulls[row] = false;
					 expr->rows[undecided++] = row;
				 });
	for (int i = 0; i < expr->nargs && undecided > 0; i++)
	{
		const Vec  *arg = vec_expr_eval(expr->args[i], batch, expr->rows, undecided);
		int			k = 0;

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
		result->nulls = expr->nulls;
	return result;
}

static int
select_bool(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out)
{
	if (expr->bool_op == AND_EXPR)
	{
		/* a row that an argument is NULL for cannot come true any more, but may fail yet */
		for (int i = 0; i < expr->nargs; i++)
		{
			n = vec_expr_select(expr->args[i], batch, sel, n, out);
			if (n == 0)
				return 0;
			sel = out;
		}
		return n;
	}
	else
	{
		Vec		   *vec = eval_bool(expr, batch, sel, n);
		int			k = 0;

		VEC_FOR_EACH(row, sel, n,
					 {
						 bool		value = VEC_BOOLS(vec)[row] && !VEC_IS_NULL(vec, row);

						 out[k] = row;
						 k += value;
					 });
		return k;
	}
}

static Vec *
eval_null_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	const Vec  *arg = vec_expr_eval(expr->args[0], batch, sel, n);
	bool		wanted = expr->null_test == IS_NULL;

	begin_result(expr);
	VEC_FOR_EACH(row, sel, n, VEC_BOOLS(expr->result)[row] = VEC_IS_NULL(arg, row) == wanted);
	return expr->result;
}

static Vec *
eval_bool_test(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	const Vec  *arg = vec_expr_eval(expr->args[0], batch, sel, n);
	bool		negated = expr->bool_test == IS_NOT_TRUE || expr->bool_test == IS_NOT_FALSE ||
		expr->bool_test == IS_NOT_UNKNOWN;
	bool		for_null = expr->bool_test == IS_UNKNOWN || expr->bool_test == IS_NOT_UNKNOWN;
	bool		wanted = expr->bool_test == IS_TRUE || expr->bool_test == IS_NOT_TRUE;

	begin_result(expr);
	VEC_FOR_EACH(row, sel, n,
				 {
					 bool		isnull = VEC_IS_NULL(arg, row);
					 bool		is = for_null ? isnull :
						 !isnull && VEC_BOOLS(arg)[VEC_ROW(arg, row)] == wanted;

					 VEC_BOOLS(expr->result)[row] = is != negated;
				 });
	return expr->result;
}

/* ---------------- CASE, COALESCE ---------------- */

/* Each row takes the first result whose condition holds; conditions see the rows that are left. */
static Vec *
eval_case(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	uint16		left[VEC_MAX_ROWS];
	int			nleft = 0;
	int			nwhen = expr->nargs / 2;

	begin_result(expr);
	expr->all = sel;
	expr->nall = n;
	VEC_FOR_EACH(row, sel, n, left[nleft++] = row);
	for (int i = 0; i < nwhen && nleft > 0; i++)
	{
		int			nmet = vec_expr_select(expr->args[2 * i], batch, left, nleft, expr->rows);
		int			k = 0;
		int			met = 0;

		if (nmet == 0)
			continue;
		merge_rows(expr, vec_expr_eval(expr->args[2 * i + 1], batch, expr->rows, nmet),
				   &expr->args[2 * i + 1]->type, expr->rows, nmet);
		for (int j = 0; j < nleft; j++)
			if (met < nmet && expr->rows[met] == left[j])
				met++;
			else
				left[k++] = left[j];
		nleft = k;
	}
	if (nleft > 0 && expr->has_else)
		merge_rows(expr, vec_expr_eval(expr->args[expr->nargs - 1], batch, left, nleft),
				   &expr->args[expr->nargs - 1]->type, left, nleft);
	else
		for (int j = 0; j < nleft; j++)
			put_datum(expr, left[j], (Datum) 0, true);
	return expr->result;
}

static Vec *
eval_coalesce(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	uint16		left[VEC_MAX_ROWS];
	int			nleft = 0;

	begin_result(expr);
	expr->all = sel;
	expr->nall = n;
	VEC_FOR_EACH(row, sel, n, left[nleft++] = row);
	for (int i = 0; i < expr->nargs && nleft > 0; i++)
	{
		const Vec  *arg = vec_expr_eval(expr->args[i], batch, left, nleft);
		int			k = 0;
		int			nfound = 0;

		for (int j = 0; j < nleft; j++)
			if (VEC_IS_NULL(arg, left[j]))
				left[k++] = left[j];
			else
				expr->rows[nfound++] = left[j];
		merge_rows(expr, arg, &expr->args[i]->type, expr->rows, nfound);
		nleft = k;
	}
	for (int j = 0; j < nleft; j++)
		put_datum(expr, left[j], (Datum) 0, true);
	return expr->result;
}

/*
 * Take rows of the result from another vector.  Results of CASE are of several
 * kinds and scales only if they are numerics; then all become Datums.
 */
static void
merge_rows(VecExpr *expr, const Vec *from, const VecType *type, const uint16 *sel, int n)
{
	Vec		   *to = expr->result;
	MemoryContext old;

	if (expr->context->gave_up)
		return;
	if (from->kind == to->kind && from->kind != VEC_DATUM &&
		(from->kind != VEC_DECIMAL || from->scale == to->scale))
	{
		Size		size = vec_kind_size(to->kind);

		for (int i = 0; i < n; i++)
		{
			int			row = sel[i];
			bool		isnull = VEC_IS_NULL(from, row);

			if (isnull)
				put_datum(expr, row, (Datum) 0, true);
			else
			{
				memcpy((char *) to->values + size * row,
					   (char *) from->values + size * VEC_ROW(from, row), size);
				if (to->nulls)
					to->nulls[row] = false;
			}
		}
		return;
	}
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	if (to->kind == VEC_DECIMAL)
		become_datums(expr);
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value = vec_get_datum(from, type, sel[i], &isnull);

		put_datum(expr, sel[i], value, isnull);
	}
	MemoryContextSwitchTo(old);
}

/* Decimals of the rows that have their results become numerics; the others are undefined either way. */
static void
become_datums(VecExpr *expr)
{
	Vec		   *vec = expr->result;

	VEC_FOR_EACH(row, expr->all, expr->nall,
				 if (!VEC_IS_NULL(vec, row))
				 VEC_DATUMS(vec)[row] = decimal_datum(VEC_INT64S(vec)[row], vec->scale));
	vec->kind = VEC_DATUM;
}

/* ---------------- by PostgreSQL ---------------- */

static Vec *
eval_by_rows(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	ExprContext *econtext = expr->context->parent->ps_ExprContext;
	TupleTableSlot *slot = expr->slot;
	TupleTableSlot *outer = econtext->ecxt_outertuple;
	MemoryContext old;

	begin_result(expr);
	if (give_up(expr->context))
		return expr->result;
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	if (expr->type.typid == NUMERICOID)
		expr->result->kind = VEC_DATUM;
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	ExecStoreVirtualTuple(slot);
	econtext->ecxt_outertuple = slot;
	for (int i = 0; i < expr->nused; i++)
		(void) vec_batch_column(batch, expr->used[i]);
	VEC_FOR_EACH(row, sel, n,
				 {
					 Datum		value;
					 bool		isnull;

					 for (int i = 0; i < expr->nused; i++)
					 {
						 int			column = expr->used[i];

						 slot->tts_values[column] = vec_get_datum(batch->columns[column],
																  &expr->context->types[column], row,
																  &slot->tts_isnull[column]);
					 }
					 value = ExecEvalExpr(expr->state, econtext, &isnull);
					 if (!isnull && !expr->type.typbyval)
						 value = datumCopy(value, false, expr->type.typlen);
					 put_datum(expr, row, value, isnull);
				 });
	econtext->ecxt_outertuple = outer;
	MemoryContextSwitchTo(old);
	return expr->result;
}

