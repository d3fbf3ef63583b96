/*-------------------------------------------------------------------------
 * agg_calls.h
 *	  The aggregates of an Agg node: arguments, states and values.
 *
 * For each batch, or part of one, arguments are evaluated first; then what they gave
 * is added to states, in the way that fits how rows are spread over groups.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_AGG_CALLS_H
#define BARKS_VECTOR_AGG_CALLS_H

#include "vector/accumulate.h"
#include "vector/expr.h"

typedef struct AggCalls AggCalls;

/* Is there nothing in an Aggref that they cannot do?  Not looked at: its arguments, except for their number. */
extern bool agg_call_supported(Aggref *aggref);

/* For aggregates over batches that context is for; plan is the node's.  In the current context. */
extern AggCalls *agg_calls_create(List *aggrefs, VecExprContext *context, Plan *plan);
extern Size agg_calls_size(const AggCalls *calls);
/* Do states point to memory?  Then that of the groups must be given. */
extern bool agg_calls_point(const AggCalls *calls);
/* May adding fail, other than by evaluating arguments? */
extern bool agg_calls_raise(const AggCalls *calls);
/* Has a set of distinct values become full, so that one group must be done at a time? */
extern bool agg_calls_full(const AggCalls *calls);
extern void agg_calls_forget(AggCalls *calls);
extern Size agg_calls_bytes(const AggCalls *calls);

/* Arguments for n rows of sel; void, if the context gave up. */
extern void agg_calls_evaluate(AggCalls *calls, VecBatch *batch, const uint16 *sel, int n);
/* All of these rows are of one group, with these states. */
extern void agg_calls_add(AggCalls *calls, char *states, VecStateMemory *memory);
/* Each row has the states groups[row]. */
extern void agg_calls_scatter(AggCalls *calls, char *const *groups, VecStateMemory *memory);
/* The same, if rows are of few groups: numbers[row] below ngroups, states by number. */
#define AGG_CALLS_FEW	16
extern void agg_calls_add_few(AggCalls *calls, const uint32 *numbers, int ngroups, char *const *states,
							  VecStateMemory *memory);
/*
 * The same, if groups follow each other: states and memory by number, and the serial number
 * of group 0.  memory may be NULL, if states do not point to any.
 */
extern void agg_calls_add_runs(AggCalls *calls, const uint32 *numbers, char *const *states,
							   VecStateMemory *memory, uint32 serial);
/* There are no more rows of the one group that is left: add those that were put aside. */
extern void agg_calls_drain(AggCalls *calls, char *states, VecStateMemory *memory);
/* Aggregates of n groups as rows of vectors, by the Aggrefs' numbers, each of which has room for nulls. */
extern void agg_calls_finish(AggCalls *calls, char *const *states, VecStateMemory *memory, bool own_memory, int n,
							 Vec **columns, const VecType *types, bool **nulls);

#endif							/* BARKS_VECTOR_AGG_CALLS_H */
