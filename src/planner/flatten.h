/*-------------------------------------------------------------------------
 * flatten.h
 *	  Long chains of sub-selects become one query.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_FLATTEN_H
#define BARKS_PLANNER_FLATTEN_H

#include "nodes/parsenodes.h"

/*
 * SELECT … FROM (SELECT … FROM (… is changed in place, wherever the planner would pull
 * up the sub-selects.
 */
extern void flatten_chains(Query *query);

#endif							/* BARKS_PLANNER_FLATTEN_H */
