/*-------------------------------------------------------------------------
 * agg_plan.h
 *	  Plan nodes that make groups.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_AGG_PLAN_H
#define BARKS_VECTOR_AGG_PLAN_H

#include "nodes/plannodes.h"

/* What nodes that make groups have in common. */
typedef struct Grouping
{
	AggStrategy strategy;
	AggSplit	split;
	int			nkeys;
	const AttrNumber *columns;
	const Oid  *operators;
	const Oid  *collations;
} Grouping;

/* What an Agg, a Group or a Unique groups by; false: other nodes, and what is not supported. */
extern bool agg_find_grouping(Plan *plan, Grouping *by);

#endif							/* BARKS_VECTOR_AGG_PLAN_H */
