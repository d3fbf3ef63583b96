/*-------------------------------------------------------------------------
 * agg_plan.c
 *	  Plan nodes that make groups, and which of them run over batches.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "vector/agg_calls.h"
#include "vector/agg_plan.h"
#include "vector/node.h"

bool
agg_find_grouping(Plan *plan, Grouping *by)
{
	memset(by, 0, sizeof(*by));
	by->split = AGGSPLIT_SIMPLE;
	by->strategy = AGG_SORTED;
	if (IsA(plan, Agg))
	{
		Agg		   *agg = (Agg *) plan;

		by->strategy = agg->aggstrategy;
		by->split = agg->aggsplit;
		by->nkeys = agg->numCols;
		by->columns = agg->grpColIdx;
		by->operators = agg->grpOperators;
		by->collations = agg->grpCollations;
		return agg->groupingSets == NIL && agg->chain == NIL && by->strategy != AGG_MIXED;
	}
	if (IsA(plan, Group))
	{
		Group	   *group = (Group *) plan;

		by->nkeys = group->numCols;
		by->columns = group->grpColIdx;
		by->operators = group->grpOperators;
		by->collations = group->grpCollations;
		return true;
	}
	if (IsA(plan, Unique))
	{
		Unique	   *unique = (Unique *) plan;

		by->nkeys = unique->numCols;
		by->columns = unique->uniqColIdx;
		by->operators = unique->uniqOperators;
		by->collations = unique->uniqCollations;
		return true;
	}
	return false;
}

static bool
unsupported_aggregates(Node *node, Grouping *by)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref	   *aggref = (Aggref *) node;

		/* PostgreSQL's node could not do it either */
		if (by->strategy == AGG_HASHED && aggref->aggdistinct)
			return true;
		return !agg_call_supported(aggref) || !vec_expr_supported((Node *) aggref->args) ||
			!vec_expr_supported((Node *) aggref->aggfilter);
	}
	if (IsA(node, GroupingFunc))
		return true;
	return expression_tree_walker(node, unsupported_aggregates, by);
}

/* The same without aggregates, which become columns. */
static Node *
without_aggregates(Node *node, void *unused)
{
	if (node && IsA(node, Aggref))
		return (Node *) makeVar(INNER_VAR, 1, exprType(node), exprTypmod(node), exprCollation(node), 0);
	return expression_tree_mutator(node, without_aggregates, NULL);
}

bool
vec_agg_supported(Plan *plan)
{
	Grouping	by;

	if (!agg_find_grouping(plan, &by))
		return false;
	for (int i = 0; i < by.nkeys && by.strategy == AGG_HASHED; i++)
	{
		RegProcedure left;
		RegProcedure right;

		if (!get_op_hash_functions(by.operators[i], &left, &right))
			return false;
	}
	return !unsupported_aggregates((Node *) plan->targetlist, &by) &&
		!unsupported_aggregates((Node *) plan->qual, &by) &&
		vec_expr_supported(without_aggregates((Node *) plan->targetlist, NULL)) &&
		vec_expr_supported(without_aggregates((Node *) plan->qual, NULL));
}
