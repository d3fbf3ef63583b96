/*-------------------------------------------------------------------------
 * accumulate.h
 *	  Aggregates over vectors: states of groups side by side.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_ACCUMULATE_H
#define BARKS_VECTOR_ACCUMULATE_H

#include "fmgr.h"
#include "nodes/primnodes.h"

#include "vector/vec.h"

typedef struct VecAccumulator VecAccumulator;

/* One aggregate of a query. */
typedef struct VecAggregate
{
	const VecAccumulator *accumulator;
	VecType		type;			/* of the argument, if there is one */
	FmgrInfo	choose;			/* of min and max: which of two values stays */
	MemoryContext memory;		/* of what states point to */
} VecAggregate;

struct VecAccumulator
{
	Oid			aggregate;
	Size		size;			/* of a state; all zeros is that of no rows */
	/*
	 * Add the values of selected rows, none of which is null, to the states of their
	 * groups: that of group g is at states + g * stride.  arg is NULL for count(*).
	 */
	void		(*add) (VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n,
						char *states, Size stride, const uint32 *groups);
	/* The aggregate's value, made in the current context. */
	Datum		(*finish) (VecAggregate *aggregate, const char *state, bool *isnull);
};

/* That of an aggregate function; NULL: there is none. */
extern const VecAccumulator *vec_find_accumulator(Oid aggregate);
/* Set up one aggregate, which has an accumulator, in the current context. */
extern void vec_aggregate_init(VecAggregate *aggregate, Aggref *aggref, MemoryContext memory);

#endif							/* BARKS_VECTOR_ACCUMULATE_H */
