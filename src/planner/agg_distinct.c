/*-------------------------------------------------------------------------
 * agg_distinct.c
 *	  DISTINCT aggregates over too few groups to spread the work by.
 *
 * Rows are exchanged by the argument of DISTINCT, so each value is in one
 * task; there a state over distinct values is a state like any other, and
 * states of different tasks have no value in common.  Where nothing but
 * distinct values is asked for, tasks drop duplicates before they send.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "utils/typcache.h"

#include "planner/agg.h"
#include "planner/planner.h"
#include "planner/translate.h"

/* With more groups than these, the groups themselves spread well enough. */
#define FEW_GROUPS	64

static Expr *distinct_argument(const AggParts *parts, bool *only_distinct);
static Aggref *without_distinct(Aggref *aggref);
static Ir  *with_argument(PlanContext *context, AggParts *parts, Expr *argument, bool distinct,
						  int *column, const char **reason);
static void group_by(Ir *ir, const Bitmapset *columns);

/* NULL when it is not such an aggregation, or no gain; parts are as before then. */
Ir *
agg_distinct_in_phases(PlanContext *context, AggParts *parts, const char **reason)
{
	bool		only_distinct;
	Expr	   *argument;
	Ir		   *child = parts->child;
	Ir		   *spread;
	Ir		   *ir = NULL;
	int			column;

	if (!planner_partial_aggregates || parts->sets != NIL ||
		(parts->agg->numCols > 0 && parts->agg->numGroups > FEW_GROUPS))
		return NULL;
	argument = distinct_argument(parts, &only_distinct);
	if (argument == NULL ||
		exchange_key_reason(exprType((Node *) argument), exprCollation((Node *) argument)))
		return NULL;
	spread = with_argument(context, parts, argument, only_distinct, &column, reason);
	if (spread == NULL)
		return NULL;
	parts->child = ir_exchange(context, spread, EXCHANGE_HASH, list_make1_int(column));
	ir = context->above_wants_nodes || parts->agg->numGroups > planner_driver_groups ?
		agg_nodes_finish(context, parts, reason) :
		agg_driver_finishes(context, parts, reason);
	if (ir == NULL)
		parts->child = child;
	return ir;
}

/* The one argument of all DISTINCT aggregates, when all others have states. */
static Expr *
distinct_argument(const AggParts *parts, bool *only_distinct)
{
	AggParts	plain = *parts;
	Expr	   *argument = NULL;
	ListCell   *lc;

	*only_distinct = true;
	plain.aggrefs = NIL;
	foreach(lc, parts->aggrefs)
	{
		Aggref	   *aggref = lfirst_node(Aggref, lc);
		SortGroupClause *clause;
		Expr	   *arg;

		plain.aggrefs = lappend(plain.aggrefs, without_distinct(aggref));
		if (aggref->aggdistinct == NIL || aggref->aggfilter != NULL)
			*only_distinct = false;
		if (aggref->aggdistinct == NIL)
			continue;
		if (list_length(aggref->args) != 1 || list_length(aggref->aggdistinct) != 1)
			return NULL;
		clause = linitial_node(SortGroupClause, aggref->aggdistinct);
		arg = linitial_node(TargetEntry, aggref->args)->expr;
		if ((argument && !equal(arg, argument)) ||
			clause->eqop != lookup_type_cache(exprType((Node *) arg), TYPECACHE_EQ_OPR)->eq_opr)
			return NULL;
		argument = arg;
	}
	return agg_refuse_split(&plain) ? NULL : argument;
}

/* As it would be asked for states: PostgreSQL has DISTINCT imply an order. */
static Aggref *
without_distinct(Aggref *aggref)
{
	Aggref	   *result = copyObject(aggref);

	if (result->aggdistinct != NIL && list_length(result->aggorder) <= 1)
		result->aggorder = NIL;
	result->aggdistinct = NIL;
	return result;
}

/*
 * The child with the argument as a column.  When duplicates may go, columns that
 * are not needed any more are NULL, so that all others keep their places.
 */
static Ir *
with_argument(PlanContext *context, AggParts *parts, Expr *argument, bool distinct,
			  int *column, const char **reason)
{
	IrScope		scope;
	Ir		   *ir;
	Bitmapset  *needed = NULL;
	int			plain = expr_plain_column((Node *) argument, OUTER_VAR);
	ListCell   *lc;

	*column = plain;
	if (plain > 0 && !distinct)
		return parts->child;
	ir = ir_over(parts->child, &scope);
	foreach(lc, pull_var_clause((Node *) argument, 0))
		needed = bms_add_member(needed, lfirst_node(Var, lc)->varattno);
	for (int i = 0; i < parts->ncols; i++)
		needed = bms_add_member(needed, parts->cols[i]);
	foreach(lc, parts->child->display)
	{
		int			i = foreach_current_index(lc) + 1;
		Node	   *display = lfirst(lc);
		Expr	   *expr;

		if (distinct && !bms_is_member(i, needed))
			expr = (Expr *) makeNullConst(exprType(display), exprTypmod(display),
										  exprCollation(display));
		else
			expr = (Expr *) makeVar(scope.inputs[0].rtindex, i, exprType(display),
									exprTypmod(display), exprCollation(display), 0);
		ir_add_column(ir, expr, (Expr *) display);
	}
	if (plain == 0)
	{
		Expr	   *expr = expr_for_query((Node *) argument, &scope, ir, reason);

		if (expr == NULL)
			return NULL;
		*column = ir_add_column(ir, expr, expr_for_display((Node *) argument, &scope));
	}
	if (distinct)
		group_by(ir, needed);
	ir->order = parts->child->order;
	ir->rows = parts->child->rows;
	ir->width = parts->child->width;
	ir_fence(context, ir);
	return ir;
}

/* GROUP BY these columns, which ir has as Vars of the same numbers. */
static void
group_by(Ir *ir, const Bitmapset *columns)
{
	int			col = -1;

	while ((col = bms_next_member(columns, col)) >= 0)
	{
		TargetEntry *tle = list_nth_node(TargetEntry, ir->query->targetList, col - 1);
		SortGroupClause *clause = makeNode(SortGroupClause);

		tle->ressortgroupref = clause->tleSortGroupRef = list_length(ir->query->groupClause) + 1;
		get_sort_group_operators(exprType((Node *) tle->expr), false, true, false,
								 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
		ir->query->groupClause = lappend(ir->query->groupClause, clause);
	}
}
