/*-------------------------------------------------------------------------
 * exact_sum.h
 *	  Sums and averages of int8 and numeric.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_EXACT_SUM_H
#define BARKS_VECTOR_EXACT_SUM_H

#include "vector/accumulate.h"

extern const VecStates exact_sum_of_numeric;
extern const VecStates exact_sum_of_int8;

extern Datum exact_sum(VecAggregate *aggregate, const char *state, bool *isnull);
extern bool exact_sum_many(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec);
extern Datum exact_avg(VecAggregate *aggregate, const char *state, bool *isnull);
/* What PostgreSQL's numeric_div gives for a value times 10^-scale and a count of at least 1. */
extern Datum exact_divide(int128 value, int scale, int64 count);

#endif							/* BARKS_VECTOR_EXACT_SUM_H */
