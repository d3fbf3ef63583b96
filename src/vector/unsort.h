/*-------------------------------------------------------------------------
 * unsort.h
 *	  Groups by hashing where PostgreSQL sorts.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_UNSORT_H
#define BARKS_VECTOR_UNSORT_H

#include "nodes/plannodes.h"

/* Before planning: has the query, or one in it, an order? */
extern bool vector_order_matters(Query *query);
/* Rewrites a finished plan in place; ordered: what the query asked about the order of its rows. */
extern void vector_unsort(PlannedStmt *stmt, bool ordered);

#endif							/* BARKS_VECTOR_UNSORT_H */
