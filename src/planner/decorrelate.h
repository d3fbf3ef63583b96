/*-------------------------------------------------------------------------
 * decorrelate.h
 *	  Correlated aggregates as joins.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_DECORRELATE_H
#define BARKS_PLANNER_DECORRELATE_H

#include "nodes/parsenodes.h"

/*
 * Rewrites the query and all below it in place; whether it changed anything.  Subqueries that
 * read no distributed table stay unless local_too.
 */
extern bool decorrelate(Query *query, bool local_too);

#endif							/* BARKS_PLANNER_DECORRELATE_H */
