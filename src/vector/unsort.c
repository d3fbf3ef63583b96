/*-------------------------------------------------------------------------
 * unsort.c
 *	  Groups by hashing where PostgreSQL sorts.
 *
 * PostgreSQL groups sorted rows where it expects many groups, and where their
 * order is wanted anyway.  Over batches it is faster to hash all rows and to sort
 * the groups, so GroupAggregate over Sort becomes HashAggregate, and the sort
 * goes above it if anybody above relies on the order.  The same goes for
 * the halves of parallel aggregation, between which rows are then gathered as they come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planmain.h"

#include "vector/accumulate.h"
#include "vector/node.h"
#include "vector/unsort.h"

static Plan *relax(Plan *plan, bool ordered);
static void relax_children(Plan *plan, bool ordered);
static void relax_list(List *plans, bool ordered);
static Plan *hash_groups(Plan *plan, bool ordered);
static Agg *hashed(const Plan *plan);
static bool can_unsort(const Plan *plan);
static Plan *without_sort(Plan *plan);
static Sort *sort_groups(const Agg *agg, const Sort *sort);
static const Sort *find_sort(const Plan *plan);
static bool minds_order(Node *node, void *unused);

static bool
order_walker(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return ((Query *) node)->sortClause != NIL ||
			query_tree_walker((Query *) node, order_walker, NULL, 0);
	return expression_tree_walker(node, order_walker, NULL);
}

bool
vector_order_matters(Query *query)
{
	return query->commandType != CMD_SELECT || order_walker((Node *) query, NULL);
}

void
vector_unsort(PlannedStmt *stmt, bool ordered)
{
	ListCell   *lc;

	stmt->planTree = relax(stmt->planTree, ordered);
	foreach(lc, stmt->subplans)
		if (lfirst(lc))
			lfirst(lc) = relax(lfirst(lc), true);
}

/*
 * The plan as it should be; ordered: somebody above may rely on the order of its rows, as
 * Limit always does, since which rows it gives depends on it.
 */
static Plan *
relax(Plan *plan, bool ordered)
{
	check_stack_depth();
	if (IsA(plan, Group) || (IsA(plan, Agg) && ((Agg *) plan)->aggstrategy == AGG_SORTED))
	{
		Plan	   *agg = hash_groups(plan, ordered);

		if (agg)
			return agg;
	}
	relax_children(plan, ordered);
	return plan;
}

static void
relax_children(Plan *plan, bool ordered)
{
	bool		left = true;
	bool		right = true;

	switch (nodeTag(plan))
	{
		case T_Sort:
		case T_Hash:
		case T_HashJoin:
		case T_Gather:
			left = right = false;
			break;
		case T_Agg:
			left = ((Agg *) plan)->aggstrategy == AGG_SORTED || ((Agg *) plan)->aggstrategy == AGG_MIXED ||
				minds_order((Node *) plan->targetlist, NULL) || minds_order((Node *) plan->qual, NULL);
			break;
		case T_NestLoop:
			left = ordered;
			right = false;
			break;
		case T_Result:
		case T_ProjectSet:
		case T_Material:
		case T_Memoize:
			left = ordered;
			break;
		case T_SubqueryScan:
			((SubqueryScan *) plan)->subplan = relax(((SubqueryScan *) plan)->subplan, ordered);
			break;
		case T_Append:
			relax_list(((Append *) plan)->appendplans, ordered);
			break;
		case T_MergeAppend:
			relax_list(((MergeAppend *) plan)->mergeplans, true);
			break;
		default:
			break;
	}
	if (outerPlan(plan))
		outerPlan(plan) = relax(outerPlan(plan), left);
	if (innerPlan(plan))
		innerPlan(plan) = relax(innerPlan(plan), right);
}

static void
relax_list(List *plans, bool ordered)
{
	ListCell   *lc;

	foreach(lc, plans)
		lfirst(lc) = relax(lfirst(lc), ordered);
}

/* Groups of sorted rows: by hashing if that can be; else NULL, and nothing is changed. */
static Plan *
hash_groups(Plan *plan, bool ordered)
{
	Agg		   *agg = hashed(plan);
	Sort	   *above = NULL;

	if (!can_unsort(outerPlan(plan)) || !vec_agg_supported(&agg->plan) ||
		minds_order((Node *) plan->targetlist, NULL) || minds_order((Node *) plan->qual, NULL))
		return NULL;
	if (ordered)
	{
		above = sort_groups(agg, find_sort(outerPlan(plan)));
		if (above == NULL)
			return NULL;
	}
	outerPlan(agg) = without_sort(outerPlan(plan));
	return above ? &above->plan : &agg->plan;
}

static Agg *
hashed(const Plan *plan)
{
	Agg		   *agg;

	if (IsA(plan, Agg))
	{
		agg = makeNode(Agg);
		memcpy(agg, plan, sizeof(Agg));
	}
	else
	{
		const Group *group = (const Group *) plan;

		agg = makeNode(Agg);
		agg->plan = group->plan;
		agg->plan.type = T_Agg;
		agg->aggsplit = AGGSPLIT_SIMPLE;
		agg->numCols = group->numCols;
		agg->grpColIdx = group->grpColIdx;
		agg->grpOperators = group->grpOperators;
		agg->grpCollations = group->grpCollations;
		agg->numGroups = Max((long) Min(plan->plan_rows, (double) LONG_MAX), 1);
	}
	agg->aggstrategy = AGG_HASHED;
	/* a change of any of them means that the groups are made anew */
	agg->aggParams = bms_copy(plan->allParam);
	return agg;
}

/* Does the order of a plan's rows come from a Sort that could be left out? */
static bool
can_unsort(const Plan *plan)
{
	if (IsA(plan, Sort) || IsA(plan, IncrementalSort))
		return true;
	if (IsA(plan, GatherMerge))
		return can_unsort(outerPlan(plan));
	if (IsA(plan, Group) || (IsA(plan, Agg) && ((const Agg *) plan)->aggstrategy == AGG_SORTED))
		return can_unsort(outerPlan(plan)) && vec_agg_supported(&hashed(plan)->plan) &&
			!minds_order((Node *) plan->targetlist, NULL) && !minds_order((Node *) plan->qual, NULL);
	return false;
}

/* The same rows in any order, for a plan that can_unsort(). */
static Plan *
without_sort(Plan *plan)
{
	if (IsA(plan, Sort) || IsA(plan, IncrementalSort))
	{
		Plan	   *input = relax(outerPlan(plan), false);

		/* it has the same columns; its init plans move down */
		input->initPlan = list_concat(plan->initPlan, input->initPlan);
		return input;
	}
	if (IsA(plan, GatherMerge))
	{
		GatherMerge *merge = (GatherMerge *) plan;
		Gather	   *gather = makeNode(Gather);

		gather->plan = merge->plan;
		gather->plan.type = T_Gather;
		gather->num_workers = merge->num_workers;
		gather->rescan_param = merge->rescan_param;
		gather->initParam = merge->initParam;
		outerPlan(gather) = without_sort(outerPlan(plan));
		return &gather->plan;
	}
	return hash_groups(plan, false);
}

/* The sort that made the order of plan's rows. */
static const Sort *
find_sort(const Plan *plan)
{
	while (!IsA(plan, Sort) && !IsA(plan, IncrementalSort))
		plan = outerPlan(plan);
	return (const Sort *) plan;
}

/*
 * A Sort of the groups by the columns that they are made by, in the directions in which
 * their rows were sorted; NULL if a column is not among those that the groups give.
 */
static Sort *
sort_groups(const Agg *agg, const Sort *sort)
{
	Sort	   *above = makeNode(Sort);
	ListCell   *lc;

	if (sort->numCols < agg->numCols)
		return NULL;
	above->numCols = agg->numCols;
	above->sortColIdx = palloc0(sizeof(AttrNumber) * Max(agg->numCols, 1));
	above->sortOperators = sort->sortOperators;
	above->collations = sort->collations;
	above->nullsFirst = sort->nullsFirst;
	for (int i = 0; i < agg->numCols; i++)
	{
		foreach(lc, agg->plan.targetlist)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lc);

			if (IsA(tle->expr, Var) && ((Var *) tle->expr)->varattno == agg->grpColIdx[i])
				above->sortColIdx[i] = tle->resno;
		}
		if (above->sortColIdx[i] == 0)
			return NULL;
	}
	foreach(lc, agg->plan.targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));

		tle->expr = (Expr *) makeVarFromTargetEntry(OUTER_VAR, lfirst_node(TargetEntry, lc));
		above->plan.targetlist = lappend(above->plan.targetlist, tle);
	}
	above->plan.startup_cost = agg->plan.startup_cost;
	above->plan.total_cost = agg->plan.total_cost;
	above->plan.plan_rows = agg->plan.plan_rows;
	above->plan.plan_width = agg->plan.plan_width;
	above->plan.parallel_safe = agg->plan.parallel_safe;
	above->plan.extParam = bms_copy(agg->plan.extParam);
	above->plan.allParam = bms_copy(agg->plan.allParam);
	above->plan.plan_node_id = sort->plan.plan_node_id;
	outerPlan(above) = (Plan *) agg;
	return above;
}

/* Aggregates whose result depends on the order of rows, as far as is known. */
static bool
minds_order(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
		return !vec_accumulator_exists(((Aggref *) node)->aggfnoid);
	return expression_tree_walker(node, minds_order, NULL);
}
