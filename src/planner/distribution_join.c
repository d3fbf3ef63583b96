/*-------------------------------------------------------------------------
 * distribution_join.c
 *	  The ways to do a join, for distribution.c.
 *
 * Which ways there are and what they cost is place_join.c's to say; here the rows
 * are assumed to have gone each of them.  When both sides move, they may be
 * partitioned by fewer than all of the columns that the join sets equal: by those
 * that nodes above ask for.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "planner/distribution.h"
#include "planner/distribution_way.h"

/* Rows with a NULL key might be more than expected, so have them together for a gain only. */
#define NULLS_TOGETHER_COST	1.01

/* Two ways that are to be joined, and what that is for. */
typedef struct Candidate
{
	PlanContext *context;
	const JoinParts *parts;
	const Way  *outer;
	const Way  *inner;
	List	   *display;
	Bitmapset  *demand;
	List	  **result;			/* of Way */
	Ir		   *outer_traits;	/* as aligned for the join */
	Ir		   *inner_traits;
	JoinWays	ways;
} Candidate;

static void add_join_ways(PlanContext *context, const JoinParts *parts, const Way *outer,
						  const Way *inner, List *display, Bitmapset *demand,
						  List **result);
static void add_join_way(const Candidate *candidate, JoinWay join, List *pairs);
static void add_join_way_of(const Candidate *candidate, JoinWay join, List *pairs,
							bool nulls_together);
static void partition_by_pairs(Ir *ir, bool is_outer, List *pairs, Oid table);
static bool pair_is_demanded(const Candidate *candidate, const KeyPair *pair);
static bool pair_spreads(const Candidate *candidate, const KeyPair *pair);
static void add_columns(Node *clauses, int varno, Bitmapset **columns);

List *
distribution_join_ways(PlanContext *context, Join *join, Bitmapset *demand)
{
	Plan	   *plan = &join->plan;
	bool		lateral = IsA(join, NestLoop) && ((NestLoop *) join)->nestParams != NIL;
	Bitmapset  *outer_demand = way_demand_below(plan->targetlist, demand, OUTER_VAR);
	Bitmapset  *inner_demand = way_demand_below(plan->targetlist, demand, INNER_VAR);
	List	   *outer_ways;
	List	   *inner_ways;
	List	   *display;
	List	   *result = NIL;
	JoinParts	parts;
	ListCell   *lo;
	ListCell   *li;

	place_join_parts(join, &parts);
	add_columns((Node *) parts.equalities, OUTER_VAR, &outer_demand);
	add_columns((Node *) parts.equalities, INNER_VAR, &inner_demand);
	outer_ways = distribution_find_ways(context, *parts.outer_plan, outer_demand);
	inner_ways = distribution_find_ways(context, *parts.inner_plan, inner_demand);
	display = way_display_over(plan, way_any_traits(outer_ways), OUTER_VAR);
	display = way_resolve_display(display, way_any_traits(inner_ways), INNER_VAR);
	if (lateral)
	{
		/* what the inner side reads goes to all tasks of the outer one */
		foreach(lo, outer_ways)
			way_keep(&result, way_over(plan, lfirst(lo), display, OUTER_VAR), demand);
		distribution_settle(context, inner_ways);
		return result;
	}
	foreach(lo, outer_ways)
		foreach(li, inner_ways)
			add_join_ways(context, &parts, lfirst(lo), lfirst(li), display, demand, &result);
	if (result == NIL)
	{
		Way		   *outer = way_cheapest(outer_ways);
		Way		   *inner = way_cheapest(inner_ways);

		result = list_make1(way_make(way_driver_traits(plan), outer->cost + inner->cost,
									 list_make2(outer, inner)));
	}
	return result;
}

/* All ways to join these two. */
static void
add_join_ways(PlanContext *context, const JoinParts *parts, const Way *outer, const Way *inner,
			  List *display, Bitmapset *demand, List **result)
{
	Candidate	candidate = {context, parts, outer, inner, display, demand, result};
	List	   *demanded = NIL;
	ListCell   *lc;

	/* that stays there */
	if (outer->traits->distribution == IR_DRIVER && inner->traits->distribution == IR_DRIVER)
		return;
	/* it may align one of them with the other */
	candidate.outer_traits = way_copy_traits(outer->traits);
	candidate.inner_traits = way_copy_traits(inner->traits);
	(void) place_join_ways(context, parts, candidate.outer_traits, candidate.inner_traits,
						   &candidate.ways);
	for (int way = 0; way < WAY_NONE; way++)
		if (candidate.ways.cost[way] >= 0)
			add_join_way(&candidate, way, candidate.ways.pairs);
	if (candidate.ways.cost[WAY_MOVE_BOTH] < 0 || list_length(candidate.ways.pairs) < 2)
		return;
	foreach(lc, candidate.ways.pairs)
		if (pair_is_demanded(&candidate, lfirst(lc)))
			demanded = lappend(demanded, lfirst(lc));
	if (list_length(demanded) > 1 && list_length(demanded) < list_length(candidate.ways.pairs))
		add_join_way(&candidate, WAY_MOVE_BOTH, demanded);
	foreach(lc, demanded)
		if (pair_spreads(&candidate, lfirst(lc)))
			add_join_way(&candidate, WAY_MOVE_BOTH, list_make1(lfirst(lc)));
}

static void
add_join_way(const Candidate *candidate, JoinWay join, List *pairs)
{
	const JoinWays *ways = &candidate->ways;
	JoinType	type = candidate->parts->join->jointype;
	List	   *moved_by = join == WAY_MOVE_OUTER ? ways->inner_pairs :
		join == WAY_MOVE_INNER ? ways->outer_pairs : join == WAY_MOVE_BOTH ? pairs : NIL;
	bool		together = moved_by != NIL &&
		((join != WAY_MOVE_INNER && place_join_preserves(type, true)) ||
		 (join != WAY_MOVE_OUTER && place_join_preserves(type, false)));
	ListCell   *lc;

	add_join_way_of(candidate, join, pairs, false);
	foreach(lc, moved_by)
		together &= pair_is_demanded(candidate, lfirst(lc)) &&
			pair_spreads(candidate, lfirst(lc));
	if (together)
		add_join_way_of(candidate, join, pairs, true);
}

static void
add_join_way_of(const Candidate *candidate, JoinWay join, List *pairs, bool nulls_together)
{
	const JoinParts *parts = candidate->parts;
	const JoinWays *ways = &candidate->ways;
	Ir		   *outer = way_copy_traits(candidate->outer_traits);
	Ir		   *inner = way_copy_traits(candidate->inner_traits);
	Ir		   *traits = way_traits(&parts->join->plan, candidate->display);
	Way		   *way;
	ListCell   *lc;

	switch (join)
	{
		case WAY_BROADCAST_INNER:
			inner->distribution = IR_BROADCAST;
			break;
		case WAY_BROADCAST_OUTER:
			outer->distribution = IR_BROADCAST;
			break;
		case WAY_MOVE_INNER:
			partition_by_pairs(inner, false, ways->outer_pairs, outer->anchor);
			break;
		case WAY_MOVE_OUTER:
			partition_by_pairs(outer, true, ways->inner_pairs, inner->anchor);
			break;
		case WAY_MOVE_BOTH:
			partition_by_pairs(outer, true, pairs, InvalidOid);
			partition_by_pairs(inner, false, pairs, InvalidOid);
			break;
		case WAY_SINGLE:
			outer->distribution = inner->distribution = IR_SINGLE;
			break;
		default:
			break;
	}
	if (nulls_together)
	{
		outer->nulls_spread &= !place_join_preserves(parts->join->jointype, true);
		inner->nulls_spread &= !place_join_preserves(parts->join->jointype, false);
	}
	place_join_at(parts->join->jointype, outer, inner, traits);
	traits->relids = bms_union(outer->relids, inner->relids);
	traits->keys = place_join_keys(parts, outer, inner);
	way = way_make(traits, candidate->outer->cost + candidate->inner->cost + ways->cost[join],
				   list_make2((Way *) candidate->outer, (Way *) candidate->inner));
	way->plan_node_id = parts->join->plan.plan_node_id;
	way->choice.made = true;
	way->choice.way = join;
	way->choice.nulls_together = nulls_together;
	if (nulls_together)
		way->cost *= NULLS_TOGETHER_COST;
	if (list_length(pairs) < list_length(ways->pairs))
		foreach(lc, pairs)
			way->choice.keys = bms_add_member(way->choice.keys, ((KeyPair *) lfirst(lc))->place);
	way_keep(candidate->result, way, candidate->demand);
}

/* As place_join.c's move_side; an expression becomes a column that nobody knows of. */
static void
partition_by_pairs(Ir *ir, bool is_outer, List *pairs, Oid table)
{
	List	   *keys = NIL;
	List	   *types = NIL;
	ListCell   *lc;

	foreach(lc, pairs)
	{
		KeyPair    *pair = lfirst(lc);
		int			column = expr_plain_column(is_outer ? pair->outer : pair->inner,
											   is_outer ? OUTER_VAR : INNER_VAR);

		if (column == 0)
			column = list_length(ir->display) + 1 + foreach_current_index(lc);
		keys = lappend(keys, bms_make_singleton(column));
		types = lappend_oid(types, is_outer ? pair->outer_type : pair->inner_type);
	}
	way_set_partitioned(ir, keys, types, table);
	ir->nulls_spread = !place_join_null_safe(pairs);
}

/* Does the join put out a column of the pair that nodes above ask for? */
static bool
pair_is_demanded(const Candidate *candidate, const KeyPair *pair)
{
	int			outer = expr_plain_column(pair->outer, OUTER_VAR);
	int			inner = expr_plain_column(pair->inner, INNER_VAR);
	ListCell   *lc;

	foreach(lc, candidate->parts->join->plan.targetlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (bms_is_member(tle->resno, candidate->demand) &&
			((outer > 0 && expr_plain_column((Node *) tle->expr, OUTER_VAR) == outer) ||
			 (inner > 0 && expr_plain_column((Node *) tle->expr, INNER_VAR) == inner)))
			return true;
	}
	return false;
}

static bool
pair_spreads(const Candidate *candidate, const KeyPair *pair)
{
	int			outer = expr_plain_column(pair->outer, OUTER_VAR);
	int			inner = expr_plain_column(pair->inner, INNER_VAR);

	return outer > 0 && inner > 0 &&
		way_column_spreads(candidate->context, candidate->outer_traits, outer) &&
		way_column_spreads(candidate->context, candidate->inner_traits, inner);
}

/* Columns of one input that the clauses read. */
static void
add_columns(Node *clauses, int varno, Bitmapset **columns)
{
	List	   *vars = pull_var_clause(clauses, PVC_RECURSE_AGGREGATES |
									   PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS);
	ListCell   *lc;

	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (var->varno == varno && var->varattno > 0)
			*columns = bms_add_member(*columns, var->varattno);
	}
}
