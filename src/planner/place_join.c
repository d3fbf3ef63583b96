/*-------------------------------------------------------------------------
 * place_join.c
 *	  Bring matching rows together: where they are, or by exchanges.
 *
 * Two partitioned inputs join where they are when the clauses pair their
 * partition keys.  Else one side is partitioned as the other, or both are, by
 * the expressions that the clauses set equal; or one side is broadcast, if no
 * row of it has to come out unmatched (each task would let it out); or, when
 * nothing else is possible, all rows go to one task.  Which of the possible ways
 * is taken was chosen for the whole plan (distribution.c); where that does not
 * hold, it is the cheapest for this join alone.
 *
 * Where equality is strict, a row with a NULL key matches nothing and may go
 * anywhere: that keeps NULLs from piling up in one partition.  Where there are few
 * and groups by the key are wanted above, they are kept together; and where a NULL
 * is as good as equal to another (key_equality.h), they have to be.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "planner/distribution.h"
#include "planner/join_hints.h"
#include "planner/key_equality.h"
#include "planner/key_stage.h"
#include "planner/place_join.h"
#include "planner/planner.h"
#include "planner/shared_plan.h"

typedef struct Placement
{
	PlanContext *context;
	const JoinParts *parts;
	Ir		   *outer;
	Ir		   *inner;
	List	   *pairs;			/* as in JoinWays */
	List	   *outer_pairs;
	List	   *inner_pairs;
} Placement;

static const char *refuse_in_place(const JoinParts *parts, const Ir *outer, const Ir *inner);
static bool may_broadcast_inner(JoinType type);
static bool may_broadcast_outer(JoinType type);
static List *find_pairs(const JoinParts *parts, const Ir *outer, const Ir *inner);
static KeyPair *make_pair(const KeyEquality *equality, const Ir *outer, const Ir *inner);
static Oid	hashed_type(Node *expr, int varno, const Ir *ir);
static List *pairs_for_keys(const Placement *placement, const Ir *ir, bool of_outer);
static bool realign(const Placement *placement, Ir *ir, const Ir *to, bool is_outer);
static bool may_realign(const Placement *placement, const Ir *ir);
static List *places_of_keys(const Placement *placement, const Ir *ir, const Ir *to, bool is_outer);
static JoinStrategy strategy_of(const Placement *placement, bool *broadcast_outer,
								bool *broadcast_inner);
static void cost_ways(const Placement *placement, double *cost);
static JoinWay cheapest(const JoinWays *ways);
static List *chosen_pairs(const DistributionChoice *choice, List *pairs);
static Ir  *move_side(const Placement *placement, Ir *ir, bool is_outer, List *pairs,
					  const Ir *to, const DistributionChoice *choice);
static void filter_moved(const Placement *placement, Ir *moved, const Ir *to, bool is_outer,
						 bool tables_only);
static void keep_nulls(const Ir *ir);
static bool drops_unmatched(JoinType type, bool is_outer);
static bool needs_key_columns(List *exprs, bool is_outer);
static Ir  *with_key_columns(Ir *ir, List *exprs, int varno, List **columns,
							 const char **reason);
static Ir  *to_one_task(PlanContext *context, Ir *ir);

void
place_join_parts(Join *join, JoinParts *parts)
{
	Plan	   *inner = innerPlan(join);

	memset(parts, 0, sizeof(JoinParts));
	parts->join = join;
	parts->equalities = join->joinqual;
	parts->clauses = join->joinqual;
	parts->outer_plan = &outerPlan(join);
	parts->inner_plan = &innerPlan(join);
	if (IsA(join, HashJoin))
	{
		parts->equalities = ((HashJoin *) join)->hashclauses;
		parts->clauses = list_concat_copy(parts->equalities, join->joinqual);
		parts->inner_plan = &outerPlan(castNode(Hash, inner));
	}
	else if (IsA(inner, Material) && inner->initPlan == NIL)
		parts->inner_plan = &outerPlan(inner);
	parts->keys = key_equalities(parts->equalities);
	parts->keeps_order = IsA(join, NestLoop);
}

const char *
place_join(PlanContext *context, const JoinParts *parts, Ir **outer, Ir **inner, Ir *ir)
{
	Placement	placement = {context, parts, *outer, *inner};
	const DistributionChoice *choice = distribution_choice(context, &parts->join->plan);
	JoinWays	ways;
	const char *reason = place_join_ways(context, parts, *outer, *inner, &ways);
	List	   *pairs = ways.pairs;
	JoinWay		way = cheapest(&ways);

	if (choice && ways.cost[choice->way] >= 0)
	{
		way = choice->way;
		pairs = chosen_pairs(choice, pairs);
	}
	else
		choice = NULL;
	if (ways.outer_realigned)
		filter_moved(&placement, *outer, *inner, true, true);
	if (ways.inner_realigned)
		filter_moved(&placement, *inner, *outer, false, true);
	switch (way)
	{
		case WAY_IN_PLACE:
			break;
		case WAY_BROADCAST_INNER:
			*inner = ir_exchange(context, *inner, EXCHANGE_BROADCAST, NIL);
			break;
		case WAY_BROADCAST_OUTER:
			*outer = ir_exchange(context, *outer, EXCHANGE_BROADCAST, NIL);
			break;
		case WAY_MOVE_INNER:
			*inner = move_side(&placement, *inner, false, ways.outer_pairs, *outer, choice);
			filter_moved(&placement, *inner, *outer, false, false);
			break;
		case WAY_MOVE_OUTER:
			*outer = move_side(&placement, *outer, true, ways.inner_pairs, *inner, choice);
			filter_moved(&placement, *outer, *inner, true, false);
			break;
		case WAY_MOVE_BOTH:
			*outer = move_side(&placement, *outer, true, pairs, NULL, choice);
			*inner = move_side(&placement, *inner, false, pairs, NULL, choice);
			break;
		case WAY_SINGLE:
			*outer = to_one_task(context, *outer);
			*inner = to_one_task(context, *inner);
			break;
		case WAY_NONE:
			return reason;
	}
	if (*outer == NULL || *inner == NULL)
		return reason;
	if (place_join_null_safe(find_pairs(parts, *outer, *inner)))
	{
		keep_nulls(*outer);
		keep_nulls(*inner);
	}
	place_join_at(parts->join->jointype, *outer, *inner, ir);
	return NULL;
}

const char *
place_join_ways(PlanContext *context, const JoinParts *parts, Ir *outer, Ir *inner,
				JoinWays *ways)
{
	Placement	placement = {context, parts, outer, inner};
	const char *reason;

	memset(ways, 0, sizeof(JoinWays));
	for (int way = 0; way < WAY_NONE; way++)
		ways->cost[way] = -1;
	if (place_join_strategy(context, parts->join) == JOIN_STRATEGY_DRIVER)
		return join_hints_of(context, parts->join) ? "the join's strategy is driver" :
			"barks.join_strategy is driver";
	reason = refuse_in_place(parts, outer, inner);
	/* rows of a subquery that depends on the outer row do not move */
	if (reason != NULL && planner_exchanges && context->bound == NULL)
	{
		placement.pairs = find_pairs(parts, outer, inner);
		ways->outer_realigned = realign(&placement, outer, inner, true);
		ways->inner_realigned = !ways->outer_realigned && realign(&placement, inner, outer, false);
		if (ways->outer_realigned || ways->inner_realigned)
			reason = refuse_in_place(parts, outer, inner);
		if (reason != NULL)
		{
			placement.outer_pairs = pairs_for_keys(&placement, outer, true);
			placement.inner_pairs = pairs_for_keys(&placement, inner, false);
			cost_ways(&placement, ways->cost);
			ways->pairs = placement.pairs;
			ways->outer_pairs = placement.outer_pairs;
			ways->inner_pairs = placement.inner_pairs;
		}
	}
	if (reason == NULL)
		ways->cost[WAY_IN_PLACE] = 0;
	return reason;
}

/* Why the join cannot run without moving a row, or NULL. */
static const char *
refuse_in_place(const JoinParts *parts, const Ir *outer, const Ir *inner)
{
	JoinType	type = parts->join->jointype;
	bool		outer_partitioned = outer->distribution == IR_PARTITIONED;
	bool		inner_partitioned = inner->distribution == IR_PARTITIONED;

	if (outer->distribution == IR_DRIVER || inner->distribution == IR_DRIVER)
		return "an input is local to the driver";
	if (outer_partitioned && inner_partitioned)
	{
		if (!traits_join_colocated(outer, inner, parts->keys))
			return "join needs a shuffle";
	}
	else if (outer_partitioned || inner_partitioned)
	{
		if (outer->distribution == IR_SINGLE || inner->distribution == IR_SINGLE)
			return "join needs a broadcast of a result";
		if (outer_partitioned ? !may_broadcast_inner(type) : !may_broadcast_outer(type))
			return "outer join preserves a broadcast side";
	}
	return NULL;
}

/* Matching rows meet now: say where, and how far the placement can be relied on. */
void
place_join_at(JoinType type, const Ir *outer, const Ir *inner, Ir *ir)
{
	bool		outer_partitioned = outer->distribution == IR_PARTITIONED;
	bool		inner_partitioned = inner->distribution == IR_PARTITIONED;

	if (!outer_partitioned && !inner_partitioned)
	{
		ir->distribution = outer->distribution == IR_SINGLE || inner->distribution == IR_SINGLE ?
			IR_SINGLE : IR_BROADCAST;
		return;
	}
	ir->distribution = IR_PARTITIONED;
	ir_follow(ir, outer_partitioned ? outer : inner);
	if (!outer_partitioned || !inner_partitioned)
		return;
	if (type == JOIN_INNER || type == JOIN_SEMI)
		ir->nulls_spread = false;	/* such rows have matched nothing */
	else
		ir->nulls_spread = (type != JOIN_RIGHT && outer->nulls_spread) ||
			((type == JOIN_RIGHT || type == JOIN_FULL) && inner->nulls_spread);
}

List *
place_join_keys(const JoinParts *parts, const Ir *outer, const Ir *inner)
{
	List	   *tlist = parts->join->plan.targetlist;
	List	   *outer_keys = NIL;
	List	   *inner_keys = NIL;

	if (outer->distribution == IR_PARTITIONED)
		outer_keys = traits_map_keys(outer->keys, tlist, OUTER_VAR);
	if (inner->distribution == IR_PARTITIONED)
		inner_keys = traits_map_keys(inner->keys, tlist, INNER_VAR);
	switch (parts->join->jointype)
	{
		case JOIN_INNER:
			return traits_union_keys(outer_keys, inner_keys);
		case JOIN_LEFT:
		case JOIN_SEMI:
		case JOIN_ANTI:
			return outer_keys;
		case JOIN_RIGHT:
			return inner_keys;
		case JOIN_FULL:
			return traits_either_keys(tlist, outer, inner);
		default:
			return NIL;
	}
}

bool
place_join_null_safe(List *pairs)
{
	ListCell   *lc;

	foreach(lc, pairs)
		if (((KeyPair *) lfirst(lc))->null_safe)
			return true;
	return false;
}

bool
place_join_preserves(JoinType type, bool of_outer)
{
	return type == JOIN_FULL || type == (of_outer ? JOIN_LEFT : JOIN_RIGHT) ||
		(of_outer && type == JOIN_ANTI);
}

/* Every task would let the unmatched rows of a broadcast side out. */
static bool
may_broadcast_inner(JoinType type)
{
	return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI || type == JOIN_ANTI;
}

static bool
may_broadcast_outer(JoinType type)
{
	return type == JOIN_INNER || type == JOIN_RIGHT;
}

static List *
find_pairs(const JoinParts *parts, const Ir *outer, const Ir *inner)
{
	List	   *pairs = NIL;
	ListCell   *lc;

	foreach(lc, parts->keys)
	{
		KeyPair    *pair = make_pair(lfirst(lc), outer, inner);

		if (pair)
			pairs = lappend(pairs, pair);
	}
	return pairs;
}

/* The sides of an equality that agrees with how rows are hashed, or NULL. */
static KeyPair *
make_pair(const KeyEquality *equality, const Ir *outer, const Ir *inner)
{
	KeyPair    *pair = palloc(sizeof(KeyPair));
	bool		swapped = place_join_side(equality->left) == INNER_VAR;

	pair->place = equality->place;
	pair->null_safe = equality->null_safe;
	pair->outer = swapped ? equality->right : equality->left;
	pair->inner = swapped ? equality->left : equality->right;
	if (place_join_side(pair->outer) != OUTER_VAR || place_join_side(pair->inner) != INNER_VAR ||
		!traits_hash_equality(equality->opno, exprType(equality->left), equality->collation))
		return NULL;
	pair->outer_type = hashed_type(pair->outer, OUTER_VAR, outer);
	pair->inner_type = hashed_type(pair->inner, INNER_VAR, inner);
	if (!OidIsValid(pair->outer_type) || !OidIsValid(pair->inner_type) ||
		!traits_types_hash_alike(list_make1_oid(pair->outer_type),
								 list_make1_oid(pair->inner_type)))
		return NULL;
	return pair;
}

static bool
sides_walker(Node *node, Bitmapset **sides)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		*sides = bms_add_member(*sides, ((Var *) node)->varno == OUTER_VAR ? 0 :
								((Var *) node)->varno == INNER_VAR ? 1 : 2);
		return false;
	}
	return expression_tree_walker(node, sides_walker, sides);
}

int
place_join_side(Node *expr)
{
	Bitmapset  *sides = NULL;
	int			side;

	sides_walker(expr, &sides);
	if (!bms_get_singleton_member(sides, &side) || side > 1)
		return 0;
	return side == 0 ? OUTER_VAR : INNER_VAR;
}

/* The type of what would be hashed for an expression; InvalidOid when it cannot be. */
static Oid
hashed_type(Node *expr, int varno, const Ir *ir)
{
	int			column = expr_plain_column(expr, varno);

	if (column > 0)
		expr = list_nth(ir->display, column - 1);
	if (exchange_key_reason(exprType(expr), exprCollation(expr)) != NULL)
		return InvalidOid;
	return exprType(expr);
}

/* A pair for each key that a side is partitioned by, or NIL. */
static List *
pairs_for_keys(const Placement *placement, const Ir *ir, bool of_outer)
{
	List	   *result = NIL;
	ListCell   *lk;
	ListCell   *lp;

	if (ir->distribution != IR_PARTITIONED || ir->keys == NIL ||
		(!ir->hashed && !traits_tables_colocated(ir->anchor, ir->anchor)))
		return NIL;
	foreach(lk, ir->keys)
	{
		KeyPair    *found = NULL;
		Oid			key_type = list_nth_oid(ir->key_types, foreach_current_index(lk));

		foreach(lp, placement->pairs)
		{
			KeyPair    *pair = lfirst(lp);
			int			column = expr_plain_column(of_outer ? pair->outer : pair->inner,
												   of_outer ? OUTER_VAR : INNER_VAR);

			if (column > 0 && bms_is_member(column, lfirst(lk)) &&
				(!pair->null_safe || !ir->nulls_spread) &&
				traits_types_hash_alike(list_make1_oid(key_type),
										list_make1_oid(of_outer ? pair->inner_type :
													   pair->outer_type)))
				found = pair;
		}
		if (found == NULL)
			return NIL;
		result = lappend(result, found);
	}
	return result;
}

/*
 * Rows that move to the job's own partitions anyway can as well move to where
 * the other side is: to its partitions, by those of their keys that it has.
 * What was complete within a partition still is, by fewer keys.
 */
static bool
realign(const Placement *placement, Ir *ir, const Ir *to, bool is_outer)
{
	List	   *places;
	List	   *keys = NIL;
	List	   *types = NIL;
	ListCell   *lc;
	ListCell   *ls;

	if (!may_realign(placement, ir) || to->distribution != IR_PARTITIONED || to->keys == NIL ||
		(!to->hashed && !traits_tables_colocated(to->anchor, to->anchor)))
		return false;
	places = places_of_keys(placement, ir, to, is_outer);
	if (places == NIL)
		return false;
	foreach(lc, places)
	{
		keys = lappend(keys, list_nth(ir->keys, lfirst_int(lc)));
		types = lappend_oid(types, list_nth_oid(ir->key_types, lfirst_int(lc)));
	}
	foreach(ls, ir->leaves)
	{
		LeafPlan   *leaf = lfirst(ls);
		StagePlan  *stage = exchange_stage_of(ir, leaf);
		List	   *columns = NIL;

		if (leaf->broadcast || leaf->group != ir->group)
			continue;
		foreach(lc, places)
			columns = lappend_int(columns, list_nth_int(stage->hash_columns, lfirst_int(lc)));
		stage->hash_columns = columns;
		stage->align_relid = to->anchor;
	}
	ir->hashed = to->hashed;
	ir->anchor = to->anchor;
	ir->keys = keys;
	ir->key_types = types;
	return true;
}

/* Do all of its partitioned rows come by exchanges that nobody else reads? */
static bool
may_realign(const Placement *placement, const Ir *ir)
{
	ListCell   *lc;

	if (ir->distribution != IR_PARTITIONED || !ir->hashed || ir->keys == NIL)
		return false;
	foreach(lc, ir->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		StagePlan  *stage = exchange_stage_of(ir, leaf);

		if (leaf->broadcast || leaf->group != ir->group)
			continue;
		if (stage == NULL || stage->exchange != EXCHANGE_HASH ||
			list_length(stage->hash_columns) != list_length(ir->keys) ||
			shared_plan_makes(placement->context, stage))
			return false;
	}
	return true;
}

/* For each key of the other side, the place of an equal one among those of ir; or NIL. */
static List *
places_of_keys(const Placement *placement, const Ir *ir, const Ir *to, bool is_outer)
{
	List	   *places = NIL;
	ListCell   *lk;
	ListCell   *lp;

	foreach(lk, to->keys)
	{
		Oid			to_type = list_nth_oid(to->key_types, foreach_current_index(lk));
		int			place = -1;

		foreach(lp, placement->pairs)
		{
			KeyPair    *pair = lfirst(lp);
			int			theirs = expr_plain_column(is_outer ? pair->inner : pair->outer,
												   is_outer ? INNER_VAR : OUTER_VAR);
			int			ours = expr_plain_column(is_outer ? pair->outer : pair->inner,
												 is_outer ? OUTER_VAR : INNER_VAR);

			if (theirs <= 0 || ours <= 0 || !bms_is_member(theirs, lfirst(lk)) ||
				(pair->null_safe && (ir->nulls_spread || to->nulls_spread)))
				continue;
			for (int i = 0; i < list_length(ir->keys); i++)
				if (bms_is_member(ours, list_nth(ir->keys, i)) &&
					traits_types_hash_alike(list_make1_oid(to_type),
											list_make1_oid(list_nth_oid(ir->key_types, i))))
					place = i;
		}
		if (place < 0)
			return NIL;
		places = lappend_int(places, place);
	}
	return places;
}

JoinStrategy
place_join_strategy(const PlanContext *context, const Join *join)
{
	const JoinHint *hint = join_hints_of(context, join);

	return hint ? hint->strategy : planner_join_strategy;
}

/* The strategy, and what it may broadcast; a hint that cannot be followed is none. */
static JoinStrategy
strategy_of(const Placement *placement, bool *broadcast_outer, bool *broadcast_inner)
{
	JoinType	type = placement->parts->join->jointype;
	const JoinHint *hint = join_hints_of(placement->context, placement->parts->join);
	bool		outer = may_broadcast_outer(type) && (!hint || hint->side != INNER_VAR);
	bool		inner = may_broadcast_inner(type) && (!hint || hint->side != OUTER_VAR);

	if (hint && hint->strategy == JOIN_STRATEGY_BROADCAST && !outer && !inner)
		hint = NULL;
	*broadcast_outer = hint ? outer : may_broadcast_outer(type);
	*broadcast_inner = hint ? inner : may_broadcast_inner(type);
	return hint ? hint->strategy : planner_join_strategy;
}

static void
cost_ways(const Placement *placement, double *cost)
{
	const PlanContext *context = placement->context;
	const Ir   *outer = placement->outer;
	const Ir   *inner = placement->inner;
	double		limit = planner_broadcast_threshold * 1024.0;
	bool		shuffle = placement->pairs != NIL;
	bool		broadcast = false;
	bool		broadcast_outer;
	bool		broadcast_inner;
	JoinStrategy strategy = strategy_of(placement, &broadcast_outer, &broadcast_inner);

	/* a side that is not partitioned yet is to meet one that is, so never both */
	if (outer->distribution == IR_PARTITIONED && broadcast_inner &&
		(!shuffle || strategy == JOIN_STRATEGY_BROADCAST ||
		 (strategy == JOIN_STRATEGY_AUTO && distribution_bytes(inner) <= limit)))
	{
		cost[WAY_BROADCAST_INNER] = distribution_broadcast_cost(context, inner, outer);
		broadcast = true;
	}
	if (inner->distribution == IR_PARTITIONED && broadcast_outer &&
		(!shuffle || strategy == JOIN_STRATEGY_BROADCAST ||
		 (strategy == JOIN_STRATEGY_AUTO && distribution_bytes(outer) <= limit)))
	{
		cost[WAY_BROADCAST_OUTER] = distribution_broadcast_cost(context, outer, inner);
		broadcast = true;
	}
	if (shuffle && (!broadcast || strategy != JOIN_STRATEGY_BROADCAST))
	{
		if (placement->outer_pairs != NIL)
			cost[WAY_MOVE_INNER] = distribution_move_cost(context, inner);
		if (placement->inner_pairs != NIL)
			cost[WAY_MOVE_OUTER] = distribution_move_cost(context, outer);
		cost[WAY_MOVE_BOTH] = distribution_move_cost(context, outer) +
			distribution_move_cost(context, inner);
	}
	else if (!broadcast)
		cost[WAY_SINGLE] = distribution_move_cost(context, outer) +
			distribution_move_cost(context, inner);
}

static JoinWay
cheapest(const JoinWays *ways)
{
	JoinWay		best = WAY_NONE;

	for (int way = 0; way < WAY_NONE; way++)
		if (ways->cost[way] >= 0 && (best == WAY_NONE || ways->cost[way] < ways->cost[best]))
			best = way;
	return best;
}

/* All, unless each key that was chosen is there. */
static List *
chosen_pairs(const DistributionChoice *choice, List *pairs)
{
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, pairs)
		if (bms_is_member(((KeyPair *) lfirst(lc))->place, choice->keys))
			chosen = lappend(chosen, lfirst(lc));
	return chosen != NIL && list_length(chosen) == bms_num_members(choice->keys) ?
		chosen : pairs;
}

/* Partition a side by its expressions of the pairs; like the other side, if given. */
static Ir *
move_side(const Placement *placement, Ir *ir, bool is_outer, List *pairs, const Ir *to,
		  const DistributionChoice *choice)
{
	List	   *exprs = NIL;
	List	   *columns = NIL;
	const JoinHint *hint;
	const char *reason;
	ListCell   *lc;

	foreach(lc, pairs)
	{
		KeyPair    *pair = lfirst(lc);

		exprs = lappend(exprs, is_outer ? pair->outer : pair->inner);
	}
	if (ir->distribution == IR_DRIVER && needs_key_columns(exprs, is_outer))
		ir = ir_exchange(placement->context, ir, EXCHANGE_ROUND_ROBIN, NIL);
	ir = with_key_columns(ir, exprs, is_outer ? OUTER_VAR : INNER_VAR, &columns, &reason);
	if (ir == NULL)
		return NULL;
	if (to && OidIsValid(to->anchor))
		ir = ir_exchange_aligned(placement->context, ir, columns, to->anchor);
	else
		ir = ir_exchange(placement->context, ir, EXCHANGE_HASH, columns);
	hint = join_hints_of(placement->context, placement->parts->join);
	((StagePlan *) llast(ir->stages))->as_asked = hint && hint->strategy == JOIN_STRATEGY_SHUFFLE;
	if (!place_join_null_safe(pairs) &&
		(choice == NULL || !choice->nulls_together ||
		 !place_join_preserves(placement->parts->join->jointype, is_outer)))
		ir_exchange_spread_nulls(ir);
	return ir;
}

/* Let rows of a side that moves to where the other one is stay away if they match nothing. */
static void
filter_moved(const Placement *placement, Ir *moved, const Ir *to, bool is_outer,
			 bool tables_only)
{
	Placement	with_pairs = *placement;
	List	   *pairs;
	List	   *columns = NIL;
	ListCell   *lc;

	if (moved == NULL || !drops_unmatched(placement->parts->join->jointype, is_outer))
		return;
	with_pairs.pairs = find_pairs(placement->parts, placement->outer, placement->inner);
	pairs = pairs_for_keys(&with_pairs, to, !is_outer);
	if (pairs == NIL)
		return;
	foreach(lc, pairs)
	{
		KeyPair    *pair = lfirst(lc);

		columns = lappend_int(columns, is_outer ? expr_plain_column(pair->inner, INNER_VAR) :
							  expr_plain_column(pair->outer, OUTER_VAR));
	}
	key_stage_filter(placement->context, moved, to, columns, tables_only);
}

/* What is sent to where it was joined null-safely. */
static void
keep_nulls(const Ir *ir)
{
	ListCell   *lc;

	foreach(lc, ir->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		StagePlan  *stage = exchange_stage_of(ir, leaf);

		if (stage && leaf->group == ir->group)
			stage->keep_nulls = true;
	}
}

/* Does a row of the side that matches nothing leave no trace in the join? */
static bool
drops_unmatched(JoinType type, bool is_outer)
{
	return type == JOIN_INNER || type == JOIN_SEMI ||
		type == (is_outer ? JOIN_RIGHT : JOIN_LEFT);
}

/* The driver's rows are sent as they are. */
static bool
needs_key_columns(List *exprs, bool is_outer)
{
	ListCell   *lc;

	foreach(lc, exprs)
		if (expr_plain_column(lfirst(lc), is_outer ? OUTER_VAR : INNER_VAR) == 0)
			return true;
	return false;
}

/* Numbers of the columns that hold the expressions, which are added where missing. */
static Ir *
with_key_columns(Ir *ir, List *exprs, int varno, List **columns, const char **reason)
{
	Ir		   *wide = NULL;
	IrScope		scope;
	ListCell   *lc;

	foreach(lc, exprs)
	{
		int			column = expr_plain_column(lfirst(lc), varno);
		Expr	   *expr;

		if (column == 0)
		{
			if (wide == NULL)
			{
				wide = ir_pass_all(ir, &scope);
				scope.inputs[0].varno = varno;
			}
			expr = expr_for_query(lfirst(lc), &scope, wide, reason);
			if (expr == NULL)
				return NULL;
			column = ir_add_column(wide, expr, expr_for_display(lfirst(lc), &scope));
		}
		*columns = lappend_int(*columns, column);
	}
	return wide ? wide : ir;
}

static Ir *
to_one_task(PlanContext *context, Ir *ir)
{
	if (ir->distribution != IR_PARTITIONED && ir->distribution != IR_DRIVER)
		return ir;
	return ir_exchange(context, ir, EXCHANGE_SINGLE, NIL);
}
