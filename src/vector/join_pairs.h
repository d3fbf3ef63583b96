/*-------------------------------------------------------------------------
 * join_pairs.h
 *	  The state of a HashJoin over batches, and its pairs of rows.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_JOIN_PAIRS_H
#define BARKS_VECTOR_JOIN_PAIRS_H

#include "vector/group_table.h"
#include "vector/node.h"
#include "vector/row_store.h"
#include "vector/shared_marks.h"
#include "vector/spill.h"

/* One side of the join. */
typedef struct Side
{
	VecNode    *node;
	VecExprContext context;
	VecExpr   **keys;
	Vec		  **key_columns;	/* at hand */
	uint16		with_keys[VEC_MAX_ROWS];	/* selected rows of which no key is NULL */
	int			nwith_keys;
	VecSpill   *spill;
	VecSpillReader *reader;
	VecSpillPart *part;			/* being read; NULL: the node is */
	/* rows that are joined one by one, as their keys may fail */
	bool		one_by_one;
	VecBatch   *batch;			/* of these, or NULL */
	int			next;
	VecBatch	row;
	uint16		row_number;
} Side;

/* A pair of files to join. */
typedef struct JoinPart
{
	VecSpillPart *outer;		/* NULL: there are no rows */
	VecSpillPart *inner;
} JoinPart;

typedef struct VecJoin
{
	VecNode		node;
	HashJoin   *plan;
	JoinType	type;
	/*
	 * A semi or anti join of few outer rows with many inner ones is flipped: the plan's outer
	 * rows are kept and so are the join's inner side; those without a partner, or with one, follow
	 * at the end.  Nothing is given before.
	 */
	bool		flipped;
	/*
	 * In a parallel join all processes keep the same rows then, and mark them together.  If
	 * memory does not hold these, each process keeps its own, and meets the rows of all.
	 */
	SharedMarks *marks;			/* NULL: there are no others */
	bool		marks_shared;
	Side		outer;
	Side		inner;
	int			nkeys;
	VecType    *key_types;
	Oid		   *operators;

	MemoryContext memory;		/* of the inner rows; reset for each part */
	MemoryContext spilling;		/* of files; reset on rescan */
	List	   *parts;			/* of JoinPart, to be joined */
	Size		empty_size;		/* of these without rows, which fewer rows would not make smaller */
	GroupTable *table;
	RowStore   *store;
	uint32	   *first;			/* by key: first row of the chain */
	uint32	   *next;			/* by row */
	uint32		capacity;		/* of these */
	bool	   *matched;		/* by row, if inner rows are given at the end */

	bool		started;		/* the nodes have been read, or are being */
	bool		by_parts;		/* files are read in their place */
	enum
	{
		JOIN_BUILD,				/* inner rows are to be kept */
		JOIN_PROBE,				/* outer rows are joined with them */
		JOIN_INNER_ALONE		/* inner rows follow that are given alone */
	}			state;
	VecBatch   *batch;			/* of outer rows */
	uint32	   *groups;			/* of its rows */
	uint32	   *chains;			/* their first inner rows + 1; 0: there is none */
	int			position;		/* in with_keys */
	uint32		chain;			/* next inner row + 1 for the outer row there; 0: none yet */
	bool	   *outer_matched;	/* by row */
	bool		outer_given;	/* rows without a partner are */
	uint32		next_inner;		/* JOIN_INNER_ALONE */
	uint32		last_inner;		/* what is given ends before */

	/* pairs */
	VecBatch	pairs;
	uint16		pair_outer[VEC_MAX_ROWS];
	uint32		pair_inner[VEC_MAX_ROWS];
	bool		without_outer;	/* pairs are of inner rows alone */
	uint16		pair_sel[VEC_MAX_ROWS];
	Vec		  **columns;		/* outer columns, then inner ones */
	bool	  **nulls;
	VecType    *types;
	bool		keys_safe;		/* evaluating keys raises no error, whatever the rows */
	int			nconditions;
	VecExpr   **conditions;		/* joinqual */
	VecExprContext context;		/* of pairs */
	VecProjection projection;
} VecJoin;

static inline bool
join_keeps_outer(const VecJoin *join)
{
	return join->type == JOIN_LEFT || join->type == JOIN_FULL || (join->type == JOIN_ANTI && !join->flipped);
}

static inline bool
join_keeps_inner(const VecJoin *join)
{
	return join->type == JOIN_RIGHT || join->type == JOIN_FULL || join->flipped;
}

/* The column of pairs that a Var of the plan names. */
extern int	join_pair_column(const VecJoin *join, const Var *var);
/* What pairs need, when the join is made. */
extern void join_create_pairs(VecJoin *join, VecQuery *query, bool careful);
/* The next pairs of the outer batch that meet the condition and are to be given; their number. */
extern int	join_fill_pairs(VecJoin *join);
/* Without conditions, of a flipped join: mark the inner rows that the outer batch meets. */
extern void join_mark(VecJoin *join);
/* Then its rows without a partner; at the end inner rows given alone, as many as a batch holds. */
extern int	join_outer_alone(VecJoin *join);
extern int	join_inner_alone(VecJoin *join);

#endif							/* BARKS_VECTOR_JOIN_PAIRS_H */
