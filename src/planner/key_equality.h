/*-------------------------------------------------------------------------
 * key_equality.h
 *	  What the clauses of a join set equal, seen as keys to partition rows by.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_KEY_EQUALITY_H
#define BARKS_PLANNER_KEY_EQUALITY_H

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

/* In rows that match, left is equal to right by the operator. */
typedef struct KeyEquality
{
	int			place;			/* of its clause, or the first one, among those it was found in */
	Node	   *left;
	Node	   *right;
	Oid			opno;
	Oid			collation;
	bool		null_safe;		/* or both are NULL */
} KeyEquality;

/*
 * Of all clauses; a list of KeyEquality in their order.  Those that say together that two
 * expressions are not distinct are one.
 */
extern List *key_equalities(List *clauses);

#endif							/* BARKS_PLANNER_KEY_EQUALITY_H */
