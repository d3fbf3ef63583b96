/*-------------------------------------------------------------------------
 * semi_join.h
 *	  Semi joins that PostgreSQL planned as joins with distinct rows.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SEMI_JOIN_H
#define BARKS_VECTOR_SEMI_JOIN_H

#include "nodes/plannodes.h"

/* Rewrites a finished plan in place. */
extern void vector_semi_joins(PlannedStmt *stmt);

#endif							/* BARKS_VECTOR_SEMI_JOIN_H */
