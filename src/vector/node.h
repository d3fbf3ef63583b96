/*-------------------------------------------------------------------------
 * node.h
 *	  Operators over batches: the verbs that each has.
 *
 * An operator is made from one node of PostgreSQL's plan and gives its rows: the
 * columns are the entries of the node's target list.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_NODE_H
#define BARKS_VECTOR_NODE_H

#include "commands/explain.h"
#include "nodes/execnodes.h"

#include "vector/expr.h"
#include "vector/vec.h"

typedef struct VecNode VecNode;

/* What all operators of one CustomScan share. */
typedef struct VecQuery
{
	PlanState  *parent;			/* the CustomScan's state */
	EState	   *estate;
	int			eflags;
	List	   *row_inputs;		/* PlanStates that PostgreSQL runs below operators */
} VecQuery;

typedef struct VecNodeMethods
{
	const char *name;			/* for EXPLAIN */
	VecBatch   *(*next) (VecNode *node);	/* a batch with selected rows; NULL: no more */
	void		(*rescan) (VecNode *node);	/* from the start, parameters may have changed */
	void		(*end) (VecNode *node);
	/* properties beside the number of rows; may be NULL */
	void		(*explain) (VecNode *node, ExplainState *es);
} VecNodeMethods;

struct VecNode
{
	const VecNodeMethods *methods;
	VecQuery   *query;
	Plan	   *plan;
	VecNode    *left;			/* inputs */
	VecNode    *right;
	int			ncolumns;		/* given */
	VecType    *types;
	uint64		rows;			/* given so far, in batches */
	uint64		batches;
};

/* A node of its input, if it is one that operators do; else a row-by-row input. */
extern VecNode *vec_node_create(VecQuery *query, Plan *plan);
extern VecBatch *vec_node_next(VecNode *node);
extern void vec_node_rescan(VecNode *node);
extern void vec_node_end(VecNode *node);
extern void vec_node_explain(VecNode *node, ExplainState *es);

/* For the operators' own create functions. */
extern void vec_node_init(VecNode *node, const VecNodeMethods *methods, VecQuery *query, Plan *plan);

/* Operators, each in its file; plan is of the type that the name tells. */
extern VecNode *vec_scan_create(VecQuery *query, Plan *plan);
extern VecNode *vec_agg_create(VecQuery *query, Plan *plan);
extern VecNode *vec_rows_create(VecQuery *query, Plan *plan);
/* Can the operator do this node? */
extern bool vec_scan_supported(Plan *plan, List *rtable);
extern bool vec_agg_supported(Plan *plan);

/* ---------------- rows of a node after its own work ---------------- */

/*
 * A qual and a target list over the batches that a node works on.  The Vars of
 * both name columns of these, as context->column_of tells.
 */
typedef struct VecProjection
{
	VecExprContext *context;
	int			nquals;
	VecExpr   **quals;
	int			ncolumns;
	VecExpr   **columns;
	VecBatch	batch;			/* what vec_projection_apply gives */
	uint16		sel[VEC_MAX_ROWS];
} VecProjection;

extern void vec_projection_init(VecProjection *projection, VecExprContext *context, List *quals,
								List *tlist);
/* The rows that pass the quals, projected; NULL if there are none.  The caller resets the batch memory. */
extern VecBatch *vec_projection_apply(VecProjection *projection, VecBatch *batch);
extern void vec_projection_forget(VecProjection *projection);

#endif							/* BARKS_VECTOR_NODE_H */
