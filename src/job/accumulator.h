/*-------------------------------------------------------------------------
 * accumulator.h
 *	  Values that tasks add to accumulators of the driver's session.
 *
 * An accumulator is a named aggregate.  A task adds to states of its own, which go
 * with its last frame; the driver takes those of the first attempt of each task
 * that succeeds, and combines them when the job ends.  So however often a task
 * runs, what it adds counts once.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_ACCUMULATOR_H
#define BARKS_JOB_ACCUMULATOR_H

#include "lib/stringinfo.h"

typedef struct AccumulatorSet AccumulatorSet;

/* Sets live in parent, and their states too. */
extern AccumulatorSet *accumulators_create(MemoryContext parent);
/*
 * Add a value to the accumulator of that name, made when missing.  The aggregate is
 * one argument wide, and is called as regprocedure prints it.
 */
extern void accumulators_add(AccumulatorSet *set, const char *name, const char *aggregate, Oid type,
							 Datum value, bool isnull);
/* All states, palloc'd; NULL when there are none. */
extern StringInfo accumulators_serialize(AccumulatorSet *set);
/* Combine with states of that form. */
extern void accumulators_merge(AccumulatorSet *set, StringInfo states);
/* Forget what was added since accumulators_serialize() gave these states, or NULL. */
extern void accumulators_restore(AccumulatorSet *set, StringInfo states);
/* Begin anew with no values, or an error when the aggregate cannot be used. */
extern void accumulators_reset(AccumulatorSet *set, const char *name, const char *aggregate);
/* What an accumulator has come to; false when there is none of that name. */
extern bool accumulators_value(AccumulatorSet *set, const char *name, Oid *type, Datum *value,
							   bool *isnull);
extern const char *accumulators_aggregate(AccumulatorSet *set, const char *name);	/* or NULL */
extern Oid	accumulators_argument(AccumulatorSet *set, const char *name);	/* type of its values */

/* The session's own, and, while a task runs in this process, the task's. */
extern AccumulatorSet *session_accumulators(void);
extern AccumulatorSet *current_accumulators(void);
/* NULL: the session's own again. */
extern void accumulators_set_current(AccumulatorSet *set);

#endif							/* BARKS_JOB_ACCUMULATOR_H */
