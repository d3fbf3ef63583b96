/*-------------------------------------------------------------------------
 * distribution_way.c
 *	  Ways to have the rows of a plan node, and which of them to keep.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "planner/distribution.h"
#include "planner/distribution_way.h"

/* Ways that are kept for a node; the cheapest ones, if there are more of use. */
#define MAX_WAYS		8

static bool keys_are_useful(const Ir *traits, Bitmapset *demand);
static bool is_as_good(const Way *a, const Way *b);

Way *
way_make(Ir *traits, double cost, List *inputs)
{
	Way		   *way = palloc0(sizeof(Way));

	way->traits = traits;
	way->cost = cost;
	way->inputs = inputs;
	return way;
}

Way *
way_over(const Plan *plan, const Way *input, List *display, int varno)
{
	Ir		   *traits = way_traits(plan, display);

	traits->distribution = input->traits->distribution;
	ir_follow(traits, input->traits);
	traits->keys = traits_map_keys(input->traits->keys, plan->targetlist, varno);
	traits->relids = input->traits->relids;
	return way_make(traits, input->cost, list_make1((Way *) input));
}

Way *
way_cheapest(List *ways)
{
	Way		   *best = linitial(ways);
	ListCell   *lc;

	foreach(lc, ways)
		if (((Way *) lfirst(lc))->cost < best->cost)
			best = lfirst(lc);
	return best;
}

void
way_keep(List **ways, Way *way, Bitmapset *demand)
{
	Way		   *worst = way;
	ListCell   *lc;

	if (!keys_are_useful(way->traits, demand))
		way->traits->keys = NIL;
	foreach(lc, *ways)
		if (is_as_good(lfirst(lc), way))
			return;
	foreach(lc, *ways)
		if (is_as_good(way, lfirst(lc)))
			*ways = foreach_delete_current(*ways, lc);
	*ways = lappend(*ways, way);
	if (list_length(*ways) <= MAX_WAYS)
		return;
	foreach(lc, *ways)
		if (((Way *) lfirst(lc))->cost > worst->cost)
			worst = lfirst(lc);
	*ways = list_delete_ptr(*ways, worst);
}

/* Can nodes above make something of the keys?  An exchange could be by some of them alone. */
static bool
keys_are_useful(const Ir *traits, Bitmapset *demand)
{
	bool		all = true;
	bool		any = false;
	ListCell   *lc;

	foreach(lc, traits->keys)
	{
		bool		overlaps = bms_overlap(lfirst(lc), demand);

		all &= overlaps;
		any |= overlaps;
	}
	return all || (any && traits->hashed);
}

/* Is a no dearer than b, and of use wherever b is? */
static bool
is_as_good(const Way *a, const Way *b)
{
	const Ir   *mine = a->traits;
	const Ir   *theirs = b->traits;
	ListCell   *lm;
	ListCell   *lt;

	if (a->cost > b->cost || mine->distribution != theirs->distribution)
		return false;
	if (mine->distribution != IR_PARTITIONED || theirs->keys == NIL)
		return true;
	if (list_length(mine->keys) != list_length(theirs->keys) ||
		!traits_aligned(mine, theirs) || (mine->nulls_spread && !theirs->nulls_spread))
		return false;
	forboth(lm, mine->keys, lt, theirs->keys)
		if (!bms_is_subset(lfirst(lt), lfirst(lm)))
			return false;
	return true;
}

Ir *
way_traits(const Plan *plan, List *display)
{
	Ir		   *traits = palloc0(sizeof(Ir));

	traits->distribution = IR_BROADCAST;
	traits->limit = -1;
	traits->display = display;
	traits->rows = plan->plan_rows;
	traits->width = plan->plan_width;
	return traits;
}

Ir *
way_driver_traits(const Plan *plan)
{
	Ir		   *traits = way_traits(plan, way_display(plan));

	traits->distribution = IR_DRIVER;
	return traits;
}

Ir *
way_copy_traits(const Ir *traits)
{
	Ir		   *copy = palloc(sizeof(Ir));

	memcpy(copy, traits, sizeof(Ir));
	return copy;
}

const Ir *
way_any_traits(const List *ways)
{
	return ((Way *) linitial(ways))->traits;
}

void
way_set_partitioned(Ir *ir, List *keys, List *types, Oid table)
{
	ir->distribution = IR_PARTITIONED;
	ir->anchor = table;
	ir->hashed = !OidIsValid(table);
	ir->keys = keys;
	ir->key_types = types;
	ir->nulls_spread = false;
}

Bitmapset *
way_demand_below(List *tlist, Bitmapset *demand, int varno)
{
	Bitmapset  *result = NULL;
	ListCell   *lc;

	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		int			column = expr_plain_column((Node *) tle->expr, varno);

		if (column > 0 && bms_is_member(tle->resno, demand))
			result = bms_add_member(result, column);
	}
	return result;
}

List *
way_display(const Plan *plan)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, plan->targetlist)
		result = lappend(result, lfirst_node(TargetEntry, lc)->expr);
	return result;
}

List *
way_display_over(const Plan *plan, const Ir *input, int varno)
{
	return way_resolve_display(way_display(plan), input, varno);
}

List *
way_resolve_display(List *display, const Ir *input, int varno)
{
	ListCell   *lc;

	foreach(lc, display)
	{
		Var		   *var = lfirst(lc);

		if (IsA(var, Var) && var->varno == varno && var->varattno > 0 &&
			var->varattno <= list_length(input->display))
			lfirst(lc) = list_nth(input->display, var->varattno - 1);
	}
	return display;
}

bool
way_column_spreads(const PlanContext *context, const Ir *traits, int column)
{
	return exchange_key_spreads(context, list_nth(traits->display, column - 1), context->slots);
}
