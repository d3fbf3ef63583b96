/*-------------------------------------------------------------------------
 * distinct.h
 *	  Which of a group's values came before, for aggregates with DISTINCT.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_DISTINCT_H
#define BARKS_VECTOR_DISTINCT_H

#include "vector/vec.h"

typedef struct DistinctSet DistinctSet;

/* Everything lives in the current context. */
extern DistinctSet *distinct_set_create(const VecType *type, Oid equal_operator);
/*
 * Of n rows of sel those whose value is new in their group, into out; their number.
 * serials, by row number, tell groups apart (NULL: there is one) and do not decrease.
 * When memory is full, rows with values that are not known are put aside; from then
 * on all rows must be of one group.
 */
extern int	distinct_set_select(DistinctSet *set, Vec *value, const uint16 *sel, int n, const uint32 *serials,
								uint16 *out);
extern bool distinct_set_is_full(const DistinctSet *set);
/* The next rows of those that were put aside whose values are new; 0: that were all, and the set is empty. */
extern int	distinct_set_drain(DistinctSet *set, Vec **value, uint16 *out);
extern void distinct_set_reset(DistinctSet *set);
extern Size distinct_set_bytes(const DistinctSet *set);

#endif							/* BARKS_VECTOR_DISTINCT_H */
