/*-------------------------------------------------------------------------
 * check.h
 *	  What distributed tables cannot do is refused here, with a hint.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_CHECK_H
#define BARKS_TABLE_CHECK_H

#include "nodes/parsenodes.h"
#include "utils/rel.h"

#include "table/label.h"

/* A query as parsed: UPDATE, DELETE, MERGE, ON CONFLICT, row locks, system columns. */
extern void check_query(Query *query);
/* Unique indexes must include the key, or they could not be enforced. */
extern void check_unique_indexes(Relation rel, const LayoutSpec *spec);
/* One index, at any time after it is in pg_index. */
extern void check_index(Relation rel, Oid index, const LayoutSpec *spec);
/* A trigger / constraint just created, not yet visible to this command. */
extern void check_new_trigger(Oid trigger);
extern void check_new_constraint(Oid constraint);
/* A heap table about to become distributed: its triggers, constraints and kind. */
extern void check_can_distribute(Relation rel);

#endif							/* BARKS_TABLE_CHECK_H */
