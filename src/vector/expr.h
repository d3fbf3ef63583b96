/*-------------------------------------------------------------------------
 * expr.h
 *	  Expressions over batches.
 *
 * An expression is a tree of steps, each of which makes one vector for the
 * selected rows of a batch.  Functions that have a kernel (kernels.c) run over
 * whole vectors; any other function that is not volatile is called once a row;
 * what is not even a function call is left to PostgreSQL's own evaluation.
 *
 * A kernel that meets a row for which the function fails (division by zero, an
 * overflow) does not raise: PostgreSQL's own function is called for the rows in
 * their order, and it does.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_EXPR_H
#define BARKS_VECTOR_EXPR_H

#include "nodes/execnodes.h"

#include "vector/vec.h"

typedef struct VecExpr VecExpr;

/* What the Vars of expressions stand for, and who evaluates what is PostgreSQL's. */
typedef struct VecExprContext
{
	PlanState  *parent;			/* of SubPlans and for its ExprContext */
	int			ncolumns;		/* of the batch that Vars name */
	VecType    *types;			/* of these */
	/* the column of the batch that a Var names; -1: it cannot be had */
	int			(*column_of) (struct VecExprContext *context, const Var *var);
	void	   *arg;
	MemoryContext batch_memory; /* values made for a batch; the operator resets it */
	List	  **by_rows;		/* what is evaluated row by row, and why: String nodes, for EXPLAIN */
	/*
	 * Careful: nobody may have asked for all of these rows, so nothing is raised for a
	 * row before those in front of it were given.  Evaluation gives up where only
	 * PostgreSQL's functions know whether a row fails, and what it returns is void.
	 */
	bool		careful;
	bool		gave_up;

	/* expr.c's own */
	List	   *shared;			/* of SharedStep */
	bool		sharing;		/* what is compiled now is evaluated in scopes */
	bool		in_scope;
	uint32		scope;			/* the number of the last */
	const uint16 *scope_sel;
	int			scope_n;
	VecExpr    *enclosing;		/* CASE x WHEN of which conditions are compiled */
} VecExprContext;

/* May this be evaluated over batches?  Nothing volatile, no sets, no record results. */
extern bool vec_expr_supported(Node *expr);

/* Compile; everything lives in the current context. */
extern VecExpr *vec_expr_compile(VecExprContext *context, Expr *expr);

/*
 * Expressions compiled between these calls share what they have in common.  It is
 * evaluated once in a scope, in which the batch and the rows of sel stay as they are;
 * those values are valid until the next scope.
 */
extern void vec_expr_share(VecExprContext *context, bool share);
extern void vec_expr_begin_scope(VecExprContext *context, const uint16 *sel, int n);
extern void vec_expr_end_scope(VecExprContext *context);

/* The values for the n rows of sel (NULL: rows 0 to n - 1), valid until the next call. */
extern Vec *vec_expr_eval(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
/* The same; decimals may have Vec.scales, for readers that honour them. */
extern Vec *vec_expr_eval_scales(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
/* Of n rows those for which it is true, into out; their number.  out may be sel. */
extern int	vec_expr_select(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n, uint16 *out);
/* It raises nothing, whatever the row. */
extern bool vec_expr_is_safe(const VecExpr *expr);
/* Parameters may have changed: constants made of them are made again. */
extern void vec_expr_forget(VecExpr *expr);
/* For EXPLAIN, if that is what the query is started for: what is not evaluated over batches. */
extern bool vec_expr_is_explained(const VecExprContext *context);
extern void vec_expr_tell_by_rows(VecExprContext *context, const char *what, const char *reason);

#endif							/* BARKS_VECTOR_EXPR_H */
