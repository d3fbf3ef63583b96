/*-------------------------------------------------------------------------
 * distribution.c
 *	  Choose how rows are spread over the tasks, for the whole plan at once.
 *
 * The order of joins is PostgreSQL's.  What is left to choose is where rows
 * move: a join that takes what is cheapest for itself may make a shuffle of its
 * result necessary that another key, or moving another side, would have saved.
 * So this goes over PostgreSQL's finished plan before it is translated and
 * keeps, for each node, the cheapest way to have its rows in each distribution
 * that is of use above: dynamic programming with what Selinger et al. (Access
 * Path Selection, SIGMOD 1979) call interesting orders.  That partitioning is
 * such a property of plans is from SCOPE (Zhou, Larson, Chaiken: Incorporating
 * Partitioning and Parallel Plans into the SCOPE Optimizer, ICDE 2010); which
 * partitionings are worth a way of their own comes down from above as a demand:
 * columns by which nodes above join, group or compare.
 *
 * A way is described by an Ir of which only the traits, the display and the
 * size are set; there is no query.  So traits.c and place_join.c are asked what
 * is possible, and the rules are theirs alone.  Sizes are PostgreSQL's estimates,
 * which it made from the statistics of whole tables.  Nodes that are not looked
 * into here count as if the driver made their rows.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "planner/append.h"
#include "planner/distribution.h"
#include "planner/distribution_way.h"
#include "planner/planner.h"
#include "planner/translate.h"
#include "table/layout.h"

static List *find_ways_of_node(PlanContext *context, Plan *plan, Bitmapset *demand);
static List *ways_of_scan(PlanContext *context, Scan *scan);
static List *way_of_function_scan(FunctionScan *scan);
static List *ways_of_cte_scan(PlanContext *context, CteScan *scan);
static List *ways_over(PlanContext *context, Plan *plan, Plan *below, int varno,
					   Bitmapset *demand);
static List *ways_of_append(PlanContext *context, Plan *plan, List *children,
							Bitmapset *demand);
static List *ways_of_groups(PlanContext *context, Plan *plan, int ncols,
							const AttrNumber *cols, Bitmapset *demand);
static void add_ways_by_exchange(PlanContext *context, Plan *plan, const Way *input,
								 List *display, Bitmapset *keys, Bitmapset *asked,
								 Bitmapset *demand, List **result);
static double cost_of_groups(const PlanContext *context, Plan *plan, Ir *below);
static List *way_of_driver(PlanContext *context, Plan *plan);
static void settle_alone(PlanContext *context, Plan *plan, bool wants_nodes);
static void make_choices(DistributionChoice *choices, const Way *way);

void
distribution_choose(PlanContext *context)
{
	PlannedStmt *stmt = context->stmt;
	ListCell   *lc;

	distribution_measure_cluster(context);
	if (!planner_whole_plan || !planner_exchanges ||
		planner_join_strategy == JOIN_STRATEGY_DRIVER)
		return;
	context->nchoices = context->next_plan_node_id;
	context->choices = palloc0(sizeof(DistributionChoice) * context->nchoices);
	settle_alone(context, stmt->planTree, false);
	/* whoever reads a subquery or CTE wants it on the nodes */
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL)
			settle_alone(context, lfirst(lc), true);
}

const DistributionChoice *
distribution_choice(const PlanContext *context, const Plan *plan)
{
	int			id = plan->plan_node_id;

	return id >= 0 && id < context->nchoices && context->choices[id].made ?
		&context->choices[id] : NULL;
}

Bitmapset *
distribution_keys(const PlanContext *context, const Plan *plan, Bitmapset *columns)
{
	const DistributionChoice *choice = distribution_choice(context, plan);

	return choice && bms_overlap(columns, choice->keys) ?
		bms_intersect(columns, choice->keys) : columns;
}

List *
distribution_find_ways(PlanContext *context, Plan *plan, Bitmapset *demand)
{
	bool		wants_nodes = context->wants_nodes;
	bool		above_wants_nodes = context->above_wants_nodes;
	List	   *ways;

	/* as translate_plan has it */
	context->above_wants_nodes = wants_nodes;
	context->wants_nodes |= translate_goes_on_over_rows(plan);
	ways = find_ways_of_node(context, plan, demand);
	context->wants_nodes = wants_nodes;
	context->above_wants_nodes = above_wants_nodes;
	return ways;
}

static List *
find_ways_of_node(PlanContext *context, Plan *plan, Bitmapset *demand)
{
	check_stack_depth();
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
			return ways_of_scan(context, (Scan *) plan);
		case T_CteScan:
			return ways_of_cte_scan(context, (CteScan *) plan);
		case T_FunctionScan:
			return way_of_function_scan((FunctionScan *) plan);
		case T_ValuesScan:
			return list_make1(way_make(way_traits(plan, way_display(plan)), 0, NIL));
		case T_Result:
			if (plan->lefttree == NULL)
				return list_make1(way_make(way_traits(plan, way_display(plan)), 0, NIL));
			return ways_over(context, plan, plan->lefttree, OUTER_VAR, demand);
		case T_Sort:
		case T_IncrementalSort:
		case T_ProjectSet:
			return ways_over(context, plan, plan->lefttree, OUTER_VAR, demand);
		case T_SubqueryScan:
			return ways_over(context, plan, ((SubqueryScan *) plan)->subplan,
							 ((SubqueryScan *) plan)->scan.scanrelid, demand);
		case T_Append:
			return ways_of_append(context, plan, ((Append *) plan)->appendplans, demand);
		case T_MergeAppend:
			return ways_of_append(context, plan, ((MergeAppend *) plan)->mergeplans, demand);
		case T_MergeJoin:
			if (((MergeJoin *) plan)->mergeclauses != NIL)
				return way_of_driver(context, plan);
			return distribution_join_ways(context, (Join *) plan, demand);
		case T_HashJoin:
		case T_NestLoop:
			return distribution_join_ways(context, (Join *) plan, demand);
		case T_Agg:
			/* of grouping sets, no column is a key for sure */
			if (((Agg *) plan)->groupingSets != NIL || ((Agg *) plan)->chain != NIL)
				return ways_of_groups(context, plan, 0, NULL, demand);
			return ways_of_groups(context, plan, ((Agg *) plan)->numCols,
								  ((Agg *) plan)->grpColIdx, demand);
		case T_Group:
			return ways_of_groups(context, plan, ((Group *) plan)->numCols,
								  ((Group *) plan)->grpColIdx, demand);
		case T_WindowAgg:
			return ways_of_groups(context, plan, ((WindowAgg *) plan)->partNumCols,
								  ((WindowAgg *) plan)->partColIdx, demand);
		case T_Unique:
			return ways_of_groups(context, plan, ((Unique *) plan)->numCols,
								  ((Unique *) plan)->uniqColIdx, demand);
		case T_Limit:
			return ways_of_groups(context, plan, 0, NULL, demand);
		default:
			return way_of_driver(context, plan);
	}
}

static List *
ways_of_scan(PlanContext *context, Scan *scan)
{
	RangeTblEntry *rte = rt_fetch(scan->scanrelid, context->stmt->rtable);
	Ir		   *traits;

	if (!table_is_distributed(rte->relid))
		return way_of_driver(context, &scan->plan);
	traits = way_traits(&scan->plan, way_display(&scan->plan));
	translate_scan_traits(traits, scan, rte->relid);
	traits->relids = bms_make_singleton(scan->scanrelid);
	return list_make1(way_make(traits, 0, NIL));
}

static List *
way_of_function_scan(FunctionScan *scan)
{
	Ir		   *traits = way_traits(&scan->scan.plan, way_display(&scan->scan.plan));

	if (translate_is_parts(scan->functions, NULL))
		traits->distribution = IR_PARTITIONED;
	return list_make1(way_make(traits, 0, NIL));
}

/* Its rows are the output of a stage, see shared_plan.c. */
static List *
ways_of_cte_scan(PlanContext *context, CteScan *scan)
{
	Ir		   *traits = way_traits(&scan->scan.plan, way_display(&scan->scan.plan));

	if (distribution_bytes(traits) > planner_broadcast_threshold * 1024.0)
		traits->distribution = IR_PARTITIONED;
	return list_make1(way_make(traits, 0, NIL));
}

/* Of a node that goes over the rows of one below, which it calls varno. */
static List *
ways_over(PlanContext *context, Plan *plan, Plan *below, int varno, Bitmapset *demand)
{
	List	   *inputs = distribution_find_ways(context, below,
												way_demand_below(plan->targetlist, demand,
																 varno));
	List	   *display = way_display_over(plan, way_any_traits(inputs), varno);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, inputs)
		way_keep(&result, way_over(plan, lfirst(lc), display, varno), demand);
	return result;
}

/* Keys survive if all inputs have them; so the others follow the ways of the first one. */
static List *
ways_of_append(PlanContext *context, Plan *plan, List *children, Bitmapset *demand)
{
	List	   *inputs = NIL;	/* of Lists of Way */
	List	   *result = NIL;
	ListCell   *lf;
	ListCell   *lc;
	ListCell   *lw;

	if (children == NIL)
		return way_of_driver(context, plan);
	foreach(lc, children)
		inputs = lappend(inputs, distribution_find_ways(context, lfirst(lc), demand));
	foreach(lf, linitial(inputs))
	{
		Way		   *first = lfirst(lf);
		Ir		   *traits = way_traits(plan, first->traits->display);
		List	   *chosen = list_make1(first);
		List	   *all_traits = list_make1(first->traits);
		double		cost = first->cost;

		for_each_from(lc, inputs, 1)
		{
			Way		   *best = NULL;

			foreach(lw, lfirst(lc))
			{
				Way		   *way = lfirst(lw);

				if (first->traits->keys != NIL && way->traits->keys != NIL &&
					traits_aligned(first->traits, way->traits) &&
					(best == NULL || way->cost < best->cost))
					best = way;
			}
			if (best == NULL)
				best = way_cheapest(lfirst(lc));
			cost += best->cost;
			chosen = lappend(chosen, best);
			all_traits = lappend(all_traits, best->traits);
		}
		append_set_distribution(traits, all_traits, list_length(plan->targetlist));
		way_keep(&result, way_make(traits, cost, chosen), demand);
	}
	return result;
}

/* A node that brings together the rows that are equal in some columns of the one below. */
static List *
ways_of_groups(PlanContext *context, Plan *plan, int ncols, const AttrNumber *cols,
			   Bitmapset *demand)
{
	Bitmapset  *asked = way_demand_below(plan->targetlist, demand, OUTER_VAR);
	Bitmapset  *own = NULL;
	Bitmapset  *keys = NULL;
	List	   *inputs;
	List	   *display;
	List	   *result = NIL;
	ListCell   *lc;
	int			col = -1;

	for (int i = 0; i < ncols; i++)
		own = bms_add_member(own, cols[i]);
	inputs = distribution_find_ways(context, plan->lefttree, bms_union(own, asked));
	display = way_display_over(plan, way_any_traits(inputs), OUTER_VAR);
	while ((col = bms_next_member(own, col)) >= 0)
	{
		Node	   *column = list_nth(way_any_traits(inputs)->display, col - 1);

		if (exchange_key_reason(exprType(column), exprCollation(column)) == NULL)
			keys = bms_add_member(keys, col);
	}
	foreach(lc, inputs)
	{
		const Way  *input = lfirst(lc);

		if (input->traits->distribution != IR_PARTITIONED ||
			(ncols > 0 && traits_groups_complete(input->traits, ncols, cols)))
		{
			Way		   *way = way_over(plan, input, display, OUTER_VAR);

			if (way->traits->distribution == IR_BROADCAST)
				way->traits->distribution = IR_SINGLE;
			way_keep(&result, way, demand);
		}
		else
			add_ways_by_exchange(context, plan, input, display, keys, asked, demand, &result);
	}
	return result;
}

/* Group after an exchange by the keys, or by those of them that nodes above ask for. */
static void
add_ways_by_exchange(PlanContext *context, Plan *plan, const Way *input, List *display,
					 Bitmapset *keys, Bitmapset *asked, Bitmapset *demand, List **result)
{
	List	   *candidates = list_make1(keys);
	double		cost = cost_of_groups(context, plan, input->traits);
	ListCell   *lc;
	int			col = -1;

	/* only aggregations look for a choice */
	if (IsA(plan, Agg) || IsA(plan, Group))
	{
		asked = bms_intersect(keys, asked);
		if (bms_num_members(asked) > 1 && !bms_equal(asked, keys))
			candidates = lappend(candidates, asked);
		while (bms_num_members(keys) > 1 && (col = bms_next_member(asked, col)) >= 0)
			if (way_column_spreads(context, input->traits, col))
				candidates = lappend(candidates, bms_make_singleton(col));
	}
	foreach(lc, candidates)
	{
		Way			there = *input;
		Ir		   *traits = way_copy_traits(input->traits);
		List	   *columns = NIL;
		List	   *types = NIL;
		Way		   *way;

		col = -1;
		while ((col = bms_next_member(lfirst(lc), col)) >= 0)
		{
			columns = lappend(columns, bms_make_singleton(col));
			types = lappend_oid(types, exprType(list_nth(traits->display, col - 1)));
		}
		if (columns == NIL)
			traits->distribution = IR_SINGLE;
		else
			way_set_partitioned(traits, columns, types, InvalidOid);
		there.traits = traits;
		way = way_over(plan, &there, display, OUTER_VAR);
		way->cost += cost;
		way->inputs = list_make1((Way *) input);
		if (foreach_current_index(lc) > 0)
		{
			way->plan_node_id = plan->plan_node_id;
			way->choice.made = true;
			way->choice.keys = lfirst(lc);
		}
		way_keep(result, way, demand);
	}
}

/* Work to bring the rows of each group together. */
static double
cost_of_groups(const PlanContext *context, Plan *plan, Ir *below)
{
	double		tasks = distribution_tasks(context, below);
	Ir		   *moved = way_copy_traits(below);
	bool		on_driver = false;

	switch (nodeTag(plan))
	{
		case T_Agg:
			moved->rows = translate_agg_moves((Agg *) plan, below, tasks);
			on_driver = !context->above_wants_nodes && moved->rows < below->rows;
			break;
		case T_Limit:
			on_driver = !context->wants_nodes;
			moved->rows = Min(below->rows, plan->plan_rows * tasks);
			break;
		case T_Group:
		case T_Unique:
			on_driver = IsA(plan, Group) ? !context->above_wants_nodes : !context->wants_nodes;
			/* tasks drop what they can first */
			moved->rows = Min(below->rows, plan->plan_rows * tasks);
			break;
		default:
			break;
	}
	if (!on_driver || plan->plan_rows > planner_driver_groups)
		return distribution_move_cost(context, moved);
	/* the driver finishes: what it gets is more than it would get of whole groups */
	moved->rows = Max(moved->rows - plan->plan_rows, 0);
	return distribution_gather_cost(context, moved);
}

/* A node that nothing is known of: the plans below it stand for themselves. */
static List *
way_of_driver(PlanContext *context, Plan *plan)
{
	List	   *children = NIL;
	ListCell   *lc;

	if (IsA(plan, CustomScan))
		children = list_copy(((CustomScan *) plan)->custom_plans);
	if (plan->lefttree)
		children = lappend(children, plan->lefttree);
	if (plan->righttree)
		children = lappend(children, plan->righttree);
	foreach(lc, children)
		settle_alone(context, lfirst(lc), false);
	return list_make1(way_make(way_driver_traits(plan), 0, NIL));
}

/* Of a plan whose rows nobody joins or groups on nodes. */
static void
settle_alone(PlanContext *context, Plan *plan, bool wants_nodes)
{
	bool		before = context->wants_nodes;

	context->wants_nodes = wants_nodes;
	distribution_settle(context, distribution_find_ways(context, plan, NULL));
	context->wants_nodes = before;
}

void
distribution_settle(PlanContext *context, List *ways)
{
	make_choices(context->choices, way_cheapest(ways));
}

static void
make_choices(DistributionChoice *choices, const Way *way)
{
	ListCell   *lc;

	check_stack_depth();
	if (way->choice.made)
		choices[way->plan_node_id] = way->choice;
	foreach(lc, way->inputs)
		make_choices(choices, lfirst(lc));
}
