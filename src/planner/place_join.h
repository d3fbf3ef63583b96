/*-------------------------------------------------------------------------
 * place_join.h
 *	  Where a join runs, and which rows move for it.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_PLACE_JOIN_H
#define BARKS_PLANNER_PLACE_JOIN_H

#include "job/join_hint.h"
#include "planner/ir.h"

/* A join under translation. */
typedef struct JoinParts
{
	Join	   *join;
	List	   *equalities;		/* clauses that may pair keys */
	List	   *keys;			/* of KeyEquality: what they set equal */
	List	   *clauses;		/* all of ON */
	Plan	  **outer_plan;
	Plan	  **inner_plan;
	List	   *params;			/* int list: of the outer row, that the inner side depends on */
	List	   *param_values;	/* of NestLoopParam */
	bool		keeps_order;	/* rows come out in the outer side's order */
} JoinParts;

/* Two expressions, one over each side, that are equal in matching rows. */
typedef struct KeyPair
{
	int			place;			/* of the clause among the equalities */
	Node	   *outer;
	Node	   *inner;
	Oid			outer_type;		/* as hashed */
	Oid			inner_type;
	bool		null_safe;		/* or both NULL */
} KeyPair;

typedef enum JoinWay
{
	WAY_IN_PLACE,
	WAY_BROADCAST_INNER,
	WAY_BROADCAST_OUTER,
	WAY_MOVE_INNER,				/* to the outer side's partitions */
	WAY_MOVE_OUTER,
	WAY_MOVE_BOTH,
	WAY_SINGLE,
	WAY_NONE
} JoinWay;

/* What is possible, and what work it is. */
typedef struct JoinWays
{
	List	   *pairs;			/* of KeyPair: all that rows could be partitioned by */
	List	   *outer_pairs;	/* those of the outer side's keys, in their order, or NIL */
	List	   *inner_pairs;
	double		cost[WAY_NONE]; /* by JoinWay; negative: not possible */
	bool		outer_realigned;	/* its exchanges are aligned with the inner side now */
	bool		inner_realigned;
} JoinWays;

/* A HashJoin, NestLoop or MergeJoin (one without merge clauses). */
extern void place_join_parts(Join *join, JoinParts *parts);

/*
 * Find out how the matching rows of the two can be brought together; when that is not
 * possible at all, say why.  Exchanges of a side may be aligned with the other one.
 */
extern const char *place_join_ways(PlanContext *context, const JoinParts *parts,
								   Ir *outer, Ir *inner, JoinWays *ways);

/* What the join's own hint says, else barks.join_strategy. */
extern JoinStrategy place_join_strategy(const PlanContext *context, const Join *join);
/* OUTER_VAR or INNER_VAR when the expression reads that side alone, else 0. */
extern int	place_join_side(Node *expr);

/* Does a row with a NULL in one of these keys match others? */
extern bool place_join_null_safe(List *pairs);
/* Does every row of the side come out of such a join? */
extern bool place_join_preserves(JoinType type, bool of_outer);
/* Set the distribution of ir, a join of two inputs whose matching rows meet. */
extern void place_join_at(JoinType type, const Ir *outer, const Ir *inner, Ir *ir);
/* Output columns that hold the partition keys, on the sides that keep theirs. */
extern List *place_join_keys(const JoinParts *parts, const Ir *outer, const Ir *inner);

/*
 * Set the distribution of ir, a join of the two, and put exchanges over them
 * where rows must move: the way that was chosen for the whole plan, if it is possible
 * (distribution.h), else the cheapest; or say why that cannot be.
 */
extern const char *place_join(PlanContext *context, const JoinParts *parts,
							  Ir **outer, Ir **inner, Ir *ir);

#endif							/* BARKS_PLANNER_PLACE_JOIN_H */
