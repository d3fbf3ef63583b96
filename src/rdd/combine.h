/*-------------------------------------------------------------------------
 * combine.h
 *	  Values of a group become one: reduce, fold, aggregate, combine.
 *
 * All four are the same: a state is made of the first value (or of a zero), values
 * are added to it, states are merged.  The aggregate barks.rdd_combine does that
 * with expressions that it is given as SELECTs over columns, so that it needs
 * no lambdas where it runs.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_COMBINE_H
#define BARKS_RDD_COMBINE_H

#include "rdd/query.h"

typedef struct RddCombine
{
	int			nargs;			/* arguments of the step that say how */
	RddShape   *state;			/* of the result */
	bool		is_volatile;
	const char *native;			/* a built-in aggregate that does it: sum, max, min */
	const char *program[4];		/* SELECTs: zero or NULL, first or NULL, add, merge */
} RddCombine;

/* how the step's arguments combine values of that shape; raises errors about them */
extern RddCombine *rdd_combination(const RddStep *step, const RddShape *value);
/* SELECT keys, combined values AS results FROM from GROUP BY keys */
extern void rdd_compile_combination(const RddCombine *combination, List *values, List *results,
									List *keys, const char *from, StringInfo select);

/* all values of a group: arrays */
extern RddShape *rdd_group_shape(const RddStep *step, const RddShape *value);
/*
 * The aggregates for them, of columns s."path…" as columns "as…"; with a filter,
 * empty arrays where no row passes it; in that order, or in any (NULL).
 */
extern void rdd_group_columns(const RddShape *value, const char *path, const char *as,
							  const char *filter, const char *order, StringInfo select);

#endif							/* BARKS_RDD_COMBINE_H */
