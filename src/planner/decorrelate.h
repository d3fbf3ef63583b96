/*-------------------------------------------------------------------------
 * decorrelate.h
 *	  Correlated aggregates as joins.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_DECORRELATE_H
#define BARKS_PLANNER_DECORRELATE_H

#include "nodes/parsenodes.h"

/* Rewrites the query and all below it in place. */
extern void decorrelate(Query *query);

#endif							/* BARKS_PLANNER_DECORRELATE_H */
