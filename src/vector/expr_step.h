/*-------------------------------------------------------------------------
 * expr_step.h
 *	  The steps of expressions, for the files that compile and evaluate them.
 *
 * Each step has one vector of its own that it fills; by-reference values that it
 * makes are in the batch's memory.  Values of rows that were not asked for are
 * undefined, so every step passes on the selection that it was given, or less.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_EXPR_STEP_H
#define BARKS_VECTOR_EXPR_STEP_H

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/primnodes.h"

#include "vector/expr.h"
#include "vector/kernels.h"

typedef Vec *(*EvalStep) (VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
typedef int (*SelectStep) (VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);

typedef struct ArraySet ArraySet;

struct VecExpr
{
	VecType		type;
	VecExprContext *context;
	EvalStep	eval;
	SelectStep	select;			/* NULL: by the values of eval */
	Vec		   *result;			/* own storage */
	bool	   *nulls;			/* own storage for result->nulls */
	uint8	   *scales;			/* and for result->scales; NULL: not needed yet */
	uint16	   *rows;			/* own storage for a selection */
	int			nargs;
	VecExpr   **args;

	bool		safe;			/* it raises nothing, whatever the row */
	bool		shared;			/* several steps may have it as an argument */
	uint32		scope;			/* that its values are of */
	Vec		   *values;			/* in that scope */

	int			column;			/* a Var's */

	const VecFunction *function;	/* NULL: none has been written */
	bool		strict;
	bool		leakproof;		/* and so raises nothing */
	FmgrInfo	flinfo;
	FunctionCallInfo fcinfo;
	const Vec **operands;		/* args' values at hand */
	VecExpr    *fallback;		/* by PostgreSQL, when the kernel fails */

	BoolExprType bool_op;
	NullTestType null_test;
	BoolTestType bool_test;

	bool		has_arg;		/* CASE x WHEN */
	bool		has_else;		/* of CASE */
	const Vec  *case_value;		/* x's at hand */
	VecExpr    *enclosing;		/* the CASE that this step's CaseTestExprs are of */
	MinMaxOp	min_max;
	uint16	   *done;			/* rows that have been merged into the result */
	int			ndone;

	bool		any;			/* = ANY, else <> ALL */
	ArraySet   *set;

	ExprState  *state;			/* constants and what PostgreSQL evaluates */
	bool		is_constant;	/* the same for all rows */
	bool		known;			/* a constant that has been evaluated, an array that has been read */
	MemoryContext memory;		/* of a constant's value */
	TupleTableSlot *slot;		/* the row that PostgreSQL evaluates over */
	int			nused;			/* columns of the slot that are looked at */
	int		   *used;
};

/* A step for a node, with room for its result. */
extern VecExpr *expr_step_new(VecExprContext *context, Node *node, EvalStep eval);
/* Compile an argument of a step; which rows it is evaluated for may depend on their values. */
extern VecExpr *expr_compile_arg(VecExprContext *context, Expr *expr, bool conditional);
extern void expr_compile_args(VecExpr *step, List *args, bool conditional);

/* A step that raises nothing by itself: what about its arguments? */
static inline void
expr_find_safety(VecExpr *step)
{
	step->safe = true;
	for (int i = 0; i < step->nargs; i++)
		step->safe &= step->args[i]->safe;
}

/* Compile nodes of these kinds. */
extern VecExpr *expr_compile_call(VecExprContext *context, Node *node, Oid function, Oid collation,
								  List *args);
extern VecExpr *expr_compile_distinct(VecExprContext *context, DistinctExpr *node);
extern VecExpr *expr_compile_nullif(VecExprContext *context, NullIfExpr *node);
extern VecExpr *expr_compile_array(VecExprContext *context, ScalarArrayOpExpr *node);
extern VecExpr *expr_compile_bool(VecExprContext *context, BoolExpr *node);
extern VecExpr *expr_compile_null_test(VecExprContext *context, NullTest *node);
extern VecExpr *expr_compile_bool_test(VecExprContext *context, BooleanTest *node);
extern VecExpr *expr_compile_case(VecExprContext *context, CaseExpr *node);
extern VecExpr *expr_compile_case_value(VecExprContext *context, CaseTestExpr *node);
extern VecExpr *expr_compile_coalesce(VecExprContext *context, CoalesceExpr *node);
extern VecExpr *expr_compile_min_max(VecExprContext *context, MinMaxExpr *node);
/* Any node, over the batch's columns, by PostgreSQL; as fallback, where a kernel fails. */
extern VecExpr *expr_compile_by_rows(VecExprContext *context, Expr *expr);
extern VecExpr *expr_compile_fallback(VecExprContext *context, Expr *expr);

/* Look the function of a step up; the user must have the right to call it. */
extern void expr_find_function(VecExpr *step, Node *node, Oid function, Oid collation);

/* The values of a step for rows.  Decimals may have row scales. */
static inline Vec *
expr_eval(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	VecExprContext *context = expr->context;
	Vec		   *values;

	check_stack_depth();
	if (!expr->shared || !context->in_scope || sel != context->scope_sel || n != context->scope_n)
		return expr->eval(expr, batch, sel, n);
	if (expr->scope == context->scope)
		return expr->values;
	values = expr->eval(expr, batch, sel, n);
	if (!context->gave_up)
	{
		expr->scope = context->scope;
		expr->values = values;
	}
	return values;
}

/* What the step's kernel selects of operands without NULLs, as VecSelector says. */
extern int	expr_call_selector(VecExpr *expr, const uint16 *sel, int n, uint16 *out);

/* Nothing is known about the result's rows yet. */
extern void expr_begin_result(VecExpr *expr);
/* Put a row into the result, which is of its type's kind or of Datums. */
extern void expr_put_datum(VecExpr *expr, int row, Datum value, bool isnull);
extern void expr_put_null(VecExpr *expr, int row);
/* Only PostgreSQL's functions know whether a row fails: is evaluation to end here? */
extern bool expr_give_up(VecExprContext *context);
/* Of n rows of sel those for which vec, of booleans, is true. */
extern int	expr_select_true(const Vec *vec, const uint16 *sel, int n, uint16 *out);
/* Of n rows those that are not among the first nothers of others, in order; out may be rows. */
extern int	expr_select_others(const uint16 *rows, int n, const uint16 *others, int nothers, uint16 *out);
/*
 * Take rows of the result from another vector, of which type tells the type.  The
 * rows that several calls merge must differ; the first is made with ndone at 0.
 */
extern void expr_merge_rows(VecExpr *expr, const Vec *from, const VecType *type, const uint16 *sel, int n);

#endif							/* BARKS_VECTOR_EXPR_STEP_H */
