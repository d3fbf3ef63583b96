/*-------------------------------------------------------------------------
 * accumulate.h
 *	  Aggregates over vectors: states of groups, and values of these.
 *
 * A state is some bytes of a group's, all zeros before its first row.  Aggregates
 * that have an accumulator keep their own kind of state; the others keep what
 * PostgreSQL's transition functions make (transition.c).
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_ACCUMULATE_H
#define BARKS_VECTOR_ACCUMULATE_H

#include "fmgr.h"
#include "nodes/execnodes.h"

#include "vector/vec.h"

typedef struct VecAccumulator VecAccumulator;
typedef struct VecTransition VecTransition;

/* Memory that states point to; there is none before it is asked for. */
typedef struct VecStateMemory
{
	EState	   *estate;
	ExprContext *econtext;
} VecStateMemory;

/* One aggregate of a query. */
typedef struct VecAggregate
{
	const VecAccumulator *accumulator;
	int			nargs;
	VecType    *types;			/* of the arguments; of the states to combine, if it does that */
	bool		combines;		/* its rows are values that its partial phase gave */
	bool		partial;		/* it gives such values */
	bool		strict;			/* rows with a NULL among the arguments are none */
	FmgrInfo	choose;			/* of min and max: which of two values stays */
	Oid			collation;
	AggState   *shell;			/* for functions that want to be called by an Agg node */
	VecStateMemory *memory;		/* of the states at hand */
	VecTransition *transition;	/* NULL: it has an accumulator of its own */
} VecAggregate;

/* How states are kept. */
typedef struct VecStates
{
	Size		size;
	bool		points;			/* to memory */
	bool		raises;			/* adding may fail */
	/*
	 * Add the rows of sel to one state, in their order, or to each row's own at
	 * groups[row] + offset.  No argument is null in them, if the aggregate is strict.
	 */
	void		(*add) (VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state);
	void		(*scatter) (VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n,
							char *const *groups, Size offset);
	/* The same for values of the partial phase; NULL: add does it. */
	void		(*combine) (VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state);
	/* What PostgreSQL's partial phase gives; made in the current context. */
	Datum		(*partial) (VecAggregate *aggregate, const char *state, bool *isnull);
} VecStates;

struct VecAccumulator
{
	Oid			aggregate;
	const VecStates *states;
	/* The aggregate's value, made in the current context. */
	Datum		(*finish) (VecAggregate *aggregate, const char *state, bool *isnull);
	/* The same for n states at groups[i] + offset, into rows of a vector that has room for nulls; may be NULL. */
	bool		(*finish_many) (VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec);
};

/* Can its rows be added up: in any order, and each value just once? */
extern bool vec_accumulator_exists(Oid aggregate);
/* Set up one aggregate in the current context; shell is for the functions that it calls. */
extern void vec_aggregate_init(VecAggregate *aggregate, Aggref *aggref, AggState *shell);
/* Have two aggregates over the same rows the same states? */
extern bool vec_aggregate_shares(const VecAggregate *a, const VecAggregate *b);

extern Size vec_aggregate_size(const VecAggregate *aggregate);
extern void vec_aggregate_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state);
extern void vec_aggregate_scatter(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n,
								  char *const *groups, Size offset);
/* The aggregate's value, or what its partial phase gives, in the current context. */
extern Datum vec_aggregate_value(VecAggregate *aggregate, const char *state, bool *isnull);
/* The same of n states, as rows of vec, which has room for nulls. */
extern void vec_aggregate_finish(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec,
								 const VecType *type, bool *nulls);

/* The context in which what states point to is. */
extern MemoryContext vec_state_memory(VecStateMemory *memory);
/* For functions that ask for the memory of the Agg node that calls them. */
extern AggState *vec_aggregate_shell(VecAggregate *aggregate);
extern void vec_state_memory_reset(VecStateMemory *memory);
extern Size vec_state_memory_bytes(const VecStateMemory *memory);

#endif							/* BARKS_VECTOR_ACCUMULATE_H */
