/*-------------------------------------------------------------------------
 * transition.h
 *	  Aggregates by PostgreSQL's transition functions, row by row.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_TRANSITION_H
#define BARKS_VECTOR_TRANSITION_H

#include "nodes/primnodes.h"

#include "vector/accumulate.h"

/* What its functions may see of an Agg node, which is not there; in the current context. */
extern AggState *vec_transition_shell(Plan *plan, EState *estate);
extern void vec_transition_init(VecAggregate *aggregate, Aggref *aggref);

#endif							/* BARKS_VECTOR_TRANSITION_H */
