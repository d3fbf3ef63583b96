/*-------------------------------------------------------------------------
 * cannot_fail.h
 *	  Queries and expressions that raise no error whatever the rows are.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_CANNOT_FAIL_H
#define BARKS_PLANNER_CANNOT_FAIL_H

#include "nodes/parsenodes.h"

extern bool query_cannot_fail(Query *query);
extern bool expression_cannot_fail(Node *expr);

#endif							/* BARKS_PLANNER_CANNOT_FAIL_H */
