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

#include "access/parallel.h"
#include "commands/explain.h"
#include "nodes/execnodes.h"

#include "vector/expr.h"
#include "vector/value_filter.h"
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
	/* before the first batch: not more than this many rows will be asked for; NULL: does not matter */
	void		(*bound) (VecNode *node, int64 rows);
	/* rows may be left out whose value of a column the filter does not have; NULL: none will be */
	void		(*filter) (VecNode *node, int column, const ValueFilter *filter);
	/* properties beside the numbers of all nodes; may be NULL */
	void		(*explain) (VecNode *node, ExplainState *es);
	/*
	 * Of a node that is parallel-aware: what its processes share.  The leader makes it before
	 * anybody starts, and makes it new before another round, while nobody works;
	 * rescan follows, or came before.
	 */
	Size		(*shared_size) (VecNode *node);
	void		(*share) (VecNode *node, void *shared, ParallelContext *pcxt);
	void		(*reshare) (VecNode *node, void *shared);
	void		(*attach) (VecNode *node, void *shared);	/* in a worker */
	void		(*detach) (VecNode *node);	/* it is about to go away; may be NULL */
} VecNodeMethods;

/* What EXPLAIN ANALYZE shows of any node. */
typedef struct VecNodeStats
{
	uint64		rows;			/* given, in batches */
	uint64		batches;
	uint64		peak;			/* bytes, of the process that used most; 0: of no interest */
	uint64		spilled_rows;
	uint64		filtered_rows;	/* left out by value filters */
} VecNodeStats;

struct VecNode
{
	const VecNodeMethods *methods;
	VecQuery   *query;
	Plan	   *plan;
	bool		careful;		/* nobody may ask for all of its rows */
	bool		safe;			/* what it does itself raises no error, whatever the rows */
	VecNode    *left;			/* inputs */
	VecNode    *right;
	List	   *more;			/* of those that have any number */
	int			ncolumns;		/* given */
	VecType    *types;
	List	   *by_rows;		/* expressions that are evaluated row by row, and why: String nodes */
	VecNodeStats stats;			/* of this process so far */
	VecNodeStats others;		/* of parallel workers that are gone */
};

/*
 * The operator for a plan node; for one that none does, its rows as batches.
 * careful: whoever asks for batches may stop before the last.
 */
extern VecNode *vec_node_create(VecQuery *query, Plan *plan, bool careful);
extern VecBatch *vec_node_next(VecNode *node);
extern void vec_node_rescan(VecNode *node);
extern void vec_node_end(VecNode *node);
/* Until the next rescan, no rows behind the first ones will be asked for; -1: all may be. */
extern void vec_node_bound(VecNode *node, int64 rows);
/* Neither it nor what is below raises an error, whatever the rows. */
extern bool vec_node_is_safe(VecNode *node);
/*
 * Until the next rescan, rows whose value of a column is none that the filter has need not be
 * given.  It must stay until then.
 */
extern void vec_node_filter(VecNode *node, int column, const ValueFilter *filter);
extern void vec_node_explain(VecNode *node, ExplainState *es);

/* For the operators' own create functions. */
extern void vec_node_init(VecNode *node, const VecNodeMethods *methods, VecQuery *query, Plan *plan,
						  bool careful);

/* Operators, each in its file; plan is of the type that the name tells. */
extern VecNode *vec_scan_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_agg_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_join_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_subquery_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_result_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_sort_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_window_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_limit_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_append_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_source_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_project_set_create(VecQuery *query, Plan *plan, bool careful);
extern VecNode *vec_rows_create(VecQuery *query, Plan *plan, bool careful);
/* Can the operator do this node? */
extern bool vec_scan_supported(Plan *plan, List *rtable);
extern bool vec_agg_supported(Plan *plan);
extern bool vec_join_supported(Plan *plan);
extern bool vec_subquery_supported(Plan *plan);
extern bool vec_result_supported(Plan *plan);
extern bool vec_sort_supported(Plan *plan);
extern bool vec_window_supported(Plan *plan);
extern bool vec_limit_supported(Plan *plan);
extern bool vec_append_supported(Plan *plan);
extern bool vec_source_supported(Plan *plan);
extern bool vec_project_set_supported(Plan *plan);

/* ---------------- rows of a node after its own work ---------------- */

/*
 * A qual and a target list over the batches that a node works on.  The Vars of
 * both name columns of these, as context->column_of tells.
 */
typedef struct VecProjection
{
	VecExprContext *context;
	bool		careful;		/* rows may have to be done one by one */
	int			nquals;
	VecExpr   **quals;
	int			ncolumns;
	VecExpr   **columns;
	bool		safe;			/* nothing raises an error, whatever the row */
	bool	   *late;			/* of columns: just one of the input, loaded when it is asked for */
	VecBatch   *input;			/* NULL: none is at hand */
	int			next;			/* of the input's selected rows, the first not done */
	bool		by_rows;		/* the input's rows are done one by one */
	uint16		row;			/* this one */
	VecBatch	batch;			/* that is given */
	uint16		sel[VEC_MAX_ROWS];
} VecProjection;

extern void vec_projection_init(VecProjection *projection, VecExprContext *context, List *quals,
								List *tlist);
/* Take a batch, which must stay as it is until all rows are given. */
extern void vec_projection_begin(VecProjection *projection, VecBatch *batch);
/* Rows of it that pass the quals, projected; NULL when there are no more. */
extern VecBatch *vec_projection_next(VecProjection *projection);
/* Forget the batch, and what constants were. */
extern void vec_projection_reset(VecProjection *projection);

#endif							/* BARKS_VECTOR_NODE_H */
