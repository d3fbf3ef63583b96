/*-------------------------------------------------------------------------
 * translate_agg.c
 *	  Aggregation on the nodes: where, and as which SELECT … GROUP BY.
 *
 * When every group lies within one task, the nodes aggregate completely, HAVING
 * included.  Else states of parts of the groups travel (agg_phases.c), when the
 * aggregates have such and that is worth it, or the rows themselves, to the
 * task where their group is then complete.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/agg.h"
#include "planner/distribution.h"
#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/translate.h"

/* States of parts of groups pay when there are, over all tasks, so many for each row. */
#define STATES_PER_ROW	0.5

static bool collect(AggParts *parts, const char **reason);
static bool picks_any_row(const AggParts *parts);
static bool is_over_window(const Agg *agg);
static void drop_ungrouped(Agg *agg);
static bool add_group_column(AggParts *parts, AttrNumber col, const char **reason);
static Node *grouping_args_mutator(Node *node, AggParts *parts);
static const char *refuse_grouping(const AggParts *parts);
static const char *refuse_operator(const AggParts *parts, AttrNumber col, Oid op, Oid collation);
static Ir  *place(PlanContext *context, AggParts *parts, const char **reason);
static bool groups_are_complete(const AggParts *parts);
static bool states_pay(const AggParts *parts, double tasks);
static double count_states(const AggParts *parts, double tasks);
static bool driver_can_finish(const PlanContext *context, const AggParts *parts);
static bool depends_on_order(const AggParts *parts);
static void order_by_groups(AggParts *parts);
static void complete_order(AggParts *parts, Ir *ir, Index rtindex);

Ir *
translate_agg(PlanContext *context, Agg *agg)
{
	AggParts	parts = {agg};
	int			before = context->scans;
	const char *reason = "its input is not on the nodes";
	Ir		   *child = translate_plan(context, agg->plan.lefttree);
	Ir		   *ir = NULL;

	if (child == NULL)
		return translate_stay(context, &agg->plan, before, reason);
	parts.child = child;
	if (ir_on_nodes(child) && collect(&parts, &reason) &&
		(reason = refuse_grouping(&parts)) == NULL)
		ir = place(context, &parts, &reason);
	if (ir == NULL)
	{
		agg->plan.lefttree = ir_seal(context, child, agg->plan.lefttree);
		return translate_stay(context, &agg->plan, before, reason);
	}
	if (ir->tail == NULL && !ir_on_nodes(ir))
		fallback_note(&agg->plan, reason);
	return ir;
}

/* A Group node is an Agg without aggregates over sorted rows. */
Ir *
translate_group(PlanContext *context, Group *group)
{
	Agg		   *agg = makeNode(Agg);
	Ir		   *ir;

	memcpy(&agg->plan, &group->plan, sizeof(Plan));
	agg->plan.type = T_Agg;
	agg->aggstrategy = AGG_SORTED;
	agg->aggsplit = AGGSPLIT_SIMPLE;
	agg->numCols = group->numCols;
	agg->grpColIdx = group->grpColIdx;
	agg->grpOperators = group->grpOperators;
	agg->grpCollations = group->grpCollations;
	agg->numGroups = clamp_row_est(group->plan.plan_rows);
	ir = translate_agg(context, agg);
	/* whatever became of it, the input and the initPlans were dealt with there */
	group->plan.lefttree = agg->plan.lefttree;
	group->plan.initPlan = agg->plan.initPlan;
	return ir;
}

/* Fill in group columns and aggregates. */
static bool
collect(AggParts *parts, const char **reason)
{
	Agg		   *agg = parts->agg;
	List	   *items;
	ListCell   *lc;

	if (is_over_window(agg))
		drop_ungrouped(agg);
	agg->plan.targetlist = (List *) grouping_args_mutator((Node *) agg->plan.targetlist, parts);
	agg->plan.qual = (List *) grouping_args_mutator((Node *) agg->plan.qual, parts);
	items = list_concat(pull_var_clause((Node *) agg->plan.targetlist, PVC_INCLUDE_AGGREGATES),
						pull_var_clause((Node *) agg->plan.qual, PVC_INCLUDE_AGGREGATES));
	parts->cols = palloc(sizeof(AttrNumber) *
						 (list_length(parts->child->display) + agg->numCols + 1));
	if (agg->groupingSets != NIL || agg->chain != NIL)
	{
		if (!agg_collect_sets(parts, reason))
			return false;
	}
	else
	{
		memcpy(parts->cols, agg->grpColIdx, sizeof(AttrNumber) * agg->numCols);
		parts->ncols = agg->numCols;
	}
	foreach(lc, items)
	{
		Node	   *item = lfirst(lc);

		if (IsA(item, Aggref))
			parts->aggrefs = list_append_unique(parts->aggrefs, item);
		else if (IsA(item, Var) && !add_group_column(parts, ((Var *) item)->varattno, reason))
			return false;
	}
	if (picks_any_row(parts))
	{
		*reason = "takes any one row for each value of an expression";
		return false;
	}
	return true;
}

/*
 * PostgreSQL's way to make the rows of a semijoin's inner side unique by expressions: the
 * columns in these come from the first row of each group, and must not be grouped by.
 */
static bool
picks_any_row(const AggParts *parts)
{
	const Agg  *agg = parts->agg;

	if (parts->aggrefs != NIL || parts->sets != NIL || parts->ncols == agg->numCols)
		return false;
	for (int i = 0; i < agg->numCols; i++)
		if (!IsA(list_nth(parts->child->display, agg->grpColIdx[i] - 1), Var))
			return true;
	return false;
}

/* DISTINCT over window functions: not GROUP BY, which comes before these. */
static bool
is_over_window(const Agg *agg)
{
	const Plan *below = agg->plan.lefttree;

	while (IsA(below, Sort) || IsA(below, IncrementalSort) ||
		   (IsA(below, Result) && below->lefttree))
		below = below->lefttree;
	return IsA(below, WindowAgg);
}

/* Columns by which windows are made come along, though nobody looks at them any more. */
static void
drop_ungrouped(Agg *agg)
{
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, agg->plan.targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Var		   *var = (Var *) tle->expr;
		bool		grouped = false;

		for (int i = 0; i < agg->numCols; i++)
			grouped |= IsA(var, Var) && var->varattno == agg->grpColIdx[i];
		if (IsA(var, Var) && !grouped)
			tle->expr = (Expr *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
		tlist = lappend(tlist, tle);
	}
	agg->plan.targetlist = tlist;
}

/*
 * A column outside of aggregates that is no group column depends on these (by
 * a primary key): grouping by it too makes no other groups, and valid SQL.
 */
static bool
add_group_column(AggParts *parts, AttrNumber col, const char **reason)
{
	Oid			type;
	Oid			eqop;

	for (int i = 0; i < parts->ncols; i++)
		if (parts->cols[i] == col)
			return true;
	type = exprType(list_nth(parts->child->display, col - 1));
	get_sort_group_operators(type, false, false, false, NULL, &eqop, NULL, NULL);
	if (!OidIsValid(eqop))
	{
		*reason = psprintf("type %s has no equality to group by", format_type_be(type));
		return false;
	}
	parts->cols[parts->ncols++] = col;
	if (parts->sets != NIL)
	{
		ListCell   *lc;

		/* what it depends on is in all sets */
		foreach(lc, parts->sets)
			lfirst(lc) = bms_add_member(lfirst(lc), col);
	}
	return true;
}

/* The arguments of GROUPING, which only its column numbers tell for sure.  Without sets it is 0. */
static Node *
grouping_args_mutator(Node *node, AggParts *parts)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, GroupingFunc) && parts->agg->groupingSets == NIL && parts->agg->chain == NIL)
		return (Node *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(0),
								  false, true);
	if (IsA(node, GroupingFunc))
	{
		GroupingFunc *func = copyObject((GroupingFunc *) node);
		ListCell   *lc;

		func->args = NIL;
		foreach(lc, func->cols)
		{
			Node	   *column = list_nth(parts->child->display, lfirst_int(lc) - 1);

			func->args = lappend(func->args,
								 makeVar(OUTER_VAR, lfirst_int(lc), exprType(column),
										 exprTypmod(column), exprCollation(column), 0));
		}
		return (Node *) func;
	}
	return expression_tree_mutator(node, grouping_args_mutator, parts);
}

/* Groupings that GROUP BY on a node would not repeat exactly. */
static const char *
refuse_grouping(const AggParts *parts)
{
	const Agg  *agg = parts->agg;
	List	   *nodes = list_concat(list_make1((Agg *) agg), agg->chain);
	ListCell   *lc;

	if (agg->aggsplit != AGGSPLIT_SIMPLE)
		return "aggregate is already split";
	if (agg->numCols == 0 && parts->aggrefs == NIL && parts->sets == NIL)
		return "group without columns";
	foreach(lc, nodes)
	{
		Agg		   *node = lfirst(lc);

		for (int i = 0; i < node->numCols; i++)
		{
			const char *reason = refuse_operator(parts, node->grpColIdx[i],
												 node->grpOperators[i], node->grpCollations[i]);

			if (reason)
				return reason;
		}
	}
	return NULL;
}

static const char *
refuse_operator(const AggParts *parts, AttrNumber col, Oid op, Oid collation)
{
	Node	   *column = list_nth(parts->child->display, col - 1);
	TypeCacheEntry *type = lookup_type_cache(exprType(column), TYPECACHE_EQ_OPR);

	if (type->eq_opr != op)
		return "groups by an operator that is not the type's own";
	if (!shippable_operator(op))
		return "groups by an operator that is not on the nodes";
	if (collation != exprCollation(column) ||
		(OidIsValid(collation) && !get_collation_isdeterministic(collation)))
		return "groups by a nondeterministic collation";
	return NULL;
}

/* Decide how the rows of each group come together. */
static Ir *
place(PlanContext *context, AggParts *parts, const char **reason)
{
	const char *refusal;
	Ir		   *ir;

	if (groups_are_complete(parts))
		return agg_complete(context, parts, reason);
	refusal = agg_refuse_split(parts);
	if (refusal == NULL && parts->sets == NIL &&
		(!planner_exchanges || (states_pay(parts, traits_tasks(parts->child)) &&
								driver_can_finish(context, parts))))
		return agg_driver_finishes(context, parts, reason);
	if (!planner_exchanges)
	{
		*reason = parts->sets != NIL ? "grouping sets need a shuffle" : refusal;
		return NULL;
	}
	if (refusal == NULL && states_pay(parts, traits_tasks(parts->child)))
		return agg_nodes_finish(context, parts, reason);
	ir = agg_distinct_in_phases(context, parts, reason);
	if (ir)
		return ir;
	if (parts->sets != NIL)
		parts->child = ir_exchange_by(context, parts->child, agg_common_columns(parts));
	else
	{
		Bitmapset  *columns = NULL;

		for (int i = 0; i < parts->agg->numCols; i++)
			columns = bms_add_member(columns, parts->agg->grpColIdx[i]);
		columns = distribution_keys(context, &parts->agg->plan, columns);
		parts->child = ir_exchange_by(context, parts->child, columns);
	}
	return agg_complete(context, parts, reason);
}

static bool
groups_are_complete(const AggParts *parts)
{
	Bitmapset  *common;
	AttrNumber *cols;
	int			ncols = 0;
	int			col = -1;

	if (parts->sets == NIL)
		return traits_groups_complete(parts->child, parts->agg->numCols, parts->agg->grpColIdx);
	common = agg_common_columns(parts);
	cols = palloc(sizeof(AttrNumber) * (bms_num_members(common) + 1));
	while ((col = bms_next_member(common, col)) >= 0)
		cols[ncols++] = col;
	return traits_groups_complete(parts->child, ncols, cols);
}

/* Will tasks have states to send that are fewer than their rows? */
static bool
states_pay(const AggParts *parts, double tasks)
{
	if (parts->sets != NIL && !agg_sets_are_distinct(parts))
		return false;
	if (parts->agg->numCols == 0 && parts->sets == NIL)
		return true;
	return count_states(parts, tasks) <= Max(parts->child->rows, 1) * STATES_PER_ROW;
}

/* Of the groups, a task meets those that a random share of the rows meets. */
static double
count_states(const AggParts *parts, double tasks)
{
	double		rows = Max(parts->child->rows, 1);
	double		groups = parts->agg->numGroups;
	ListCell   *lc;

	foreach(lc, parts->agg->chain)
		groups += lfirst_node(Agg, lc)->numGroups;
	groups = Max(groups, 1);
	return tasks * groups * (1 - exp(-rows / tasks / groups));
}

double
translate_agg_moves(Agg *agg, Ir *child, double tasks)
{
	AggParts	parts = {agg, child};
	List	   *items = list_concat(pull_var_clause((Node *) agg->plan.targetlist,
													PVC_INCLUDE_AGGREGATES),
									pull_var_clause((Node *) agg->plan.qual,
													PVC_INCLUDE_AGGREGATES));
	ListCell   *lc;

	foreach(lc, items)
		if (IsA(lfirst(lc), Aggref))
			parts.aggrefs = lappend(parts.aggrefs, lfirst(lc));
	return agg_refuse_split(&parts) == NULL && states_pay(&parts, tasks) ?
		count_states(&parts, tasks) : child->rows;
}

/* Few groups are quickest there, when nothing above wants them on the nodes. */
static bool
driver_can_finish(const PlanContext *context, const AggParts *parts)
{
	return !context->above_wants_nodes && (double) parts->agg->numGroups <= planner_driver_groups;
}

Ir *
agg_complete(PlanContext *context, AggParts *parts, const char **reason)
{
	Agg		   *agg = parts->agg;
	IrScope		scope;
	Ir		   *ir;

	if (depends_on_order(parts))
	{
		if (parts->sets == NIL)
			order_by_groups(parts);
		ir_apply_order(parts->child);
	}
	ir = ir_over(parts->child, &scope);
	ir->query->hasAggs = parts->aggrefs != NIL;
	/* float sums and the like may differ from copy to copy */
	if (ir->distribution == IR_BROADCAST)
		ir->distribution = IR_SINGLE;
	if (!ir_select(ir, &scope, agg->plan.targetlist, agg->plan.qual, true, context->fence,
				   reason))
		return NULL;
	/* the keys are in all grouping sets, so none is set to NULL */
	if (ir_on_nodes(ir))
		ir->keys = traits_map_keys(parts->child->keys, agg->plan.targetlist, OUTER_VAR);
	if (agg->chain == NIL)
		complete_order(parts, ir, scope.inputs[0].rtindex);
	agg_add_group_clause(parts, ir, scope.inputs[0].rtindex);
	if (parts->sets != NIL)
		agg_add_grouping_sets(parts, ir->query);
	ir_fence(context, ir);
	translate_init_plans(ir, &agg->plan);
	return ir;
}

/* Might an aggregate show the order that its input came in? */
static bool
depends_on_order(const AggParts *parts)
{
	return parts->aggrefs != NIL &&
		list_length(parts->child->order) > agg_ordered_columns(parts);
}

/*
 * Have the rows of each group follow each other, so that a node which groups by
 * sorting keeps their order.
 */
static void
order_by_groups(AggParts *parts)
{
	List	   *groups = NIL;
	int			sorted = agg_ordered_columns(parts);

	for (int i = 0; sorted == 0 && i < parts->agg->numCols; i++)
	{
		AttrNumber	col = parts->agg->grpColIdx[i];
		Node	   *column = list_nth(parts->child->display, col - 1);
		IrSortKey  *key = palloc0(sizeof(IrSortKey));

		key->column = col;
		key->collation = exprCollation(column);
		get_sort_group_operators(exprType(column), false, false, false,
								 &key->sortop, NULL, NULL, NULL);
		if (!OidIsValid(key->sortop))
			return;
		groups = lappend(groups, key);
	}
	if (groups == NIL)
		return;
	if (parts->child->ordered)
	{
		ir_wrap(parts->child);
		parts->child->ordered = false;
	}
	parts->child->order = translate_order_by_both(groups, parts->child->order);
}

/* Sorted aggregation promised the order of its input, as far as the group columns go. */
static void
complete_order(AggParts *parts, Ir *ir, Index rtindex)
{
	Agg		   *agg = parts->agg;

	int			nkeys = agg_ordered_columns(parts);

	for (int k = 0; k < nkeys; k++)
	{
		IrSortKey  *key = palloc(sizeof(IrSortKey));
		int			column = ((IrSortKey *) list_nth(parts->child->order, k))->column;
		int			group = 0;
		ListCell   *lc;

		memcpy(key, list_nth(parts->child->order, k), sizeof(IrSortKey));
		key->column = 0;
		for (int i = 0; i < agg->numCols; i++)
			if (agg->grpColIdx[i] == column)
				group = i;
		foreach(lc, ir->query->targetList)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lc);

			if (IsA(tle->expr, Var) && ((Var *) tle->expr)->varattno == column)
				key->column = tle->resno;
		}
		if (key->column == 0)
			key->column = ir_add_column(ir, (Expr *) agg_group_var(parts, group, rtindex, column),
										list_nth(parts->child->display, column - 1));
		ir->order = lappend(ir->order, key);
	}
}

/* GROUP BY all of parts->cols; those that are not selected are junk entries. */
void
agg_add_group_clause(const AggParts *parts, Ir *ir, Index rtindex)
{
	for (int i = 0; i < parts->ncols; i++)
	{
		SortGroupClause *clause = makeNode(SortGroupClause);
		TargetEntry *entry = NULL;
		Var		   *var = agg_group_var(parts, i, rtindex, parts->cols[i]);
		ListCell   *lc;

		foreach(lc, ir->query->targetList)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lc);

			if (IsA(tle->expr, Var) && ((Var *) tle->expr)->varattno == parts->cols[i])
				entry = tle;
		}
		if (entry == NULL)
		{
			entry = makeTargetEntry((Expr *) var, list_length(ir->query->targetList) + 1,
									NULL, true);
			ir->query->targetList = lappend(ir->query->targetList, entry);
		}
		/* the same column twice, as from (x, x) IN (SELECT y, y …) */
		if (entry->ressortgroupref != 0)
			continue;
		entry->ressortgroupref = i + 1;
		clause->tleSortGroupRef = entry->ressortgroupref;
		get_sort_group_operators(var->vartype, false, true, false,
								 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
		ir->query->groupClause = lappend(ir->query->groupClause, clause);
	}
}

Var *
agg_group_var(const AggParts *parts, int i, Index varno, AttrNumber attno)
{
	Node	   *column = list_nth(parts->child->display, parts->cols[i] - 1);

	return makeVar(varno, attno, exprType(column), exprTypmod(column), exprCollation(column), 0);
}

/*
 * By how many group columns the input of a sorted aggregation is sorted first.
 * The others are constant, or equal to one of these: PostgreSQL does not sort by
 * such.
 */
int
agg_ordered_columns(const AggParts *parts)
{
	const Agg  *agg = parts->agg;
	int			nkeys = 0;
	ListCell   *lc;

	if (agg->aggstrategy != AGG_SORTED)
		return 0;
	foreach(lc, parts->child->order)
	{
		bool		found = false;

		for (int i = 0; i < agg->numCols; i++)
			found |= agg->grpColIdx[i] == ((IrSortKey *) lfirst(lc))->column;
		if (!found)
			break;
		nkeys++;
	}
	return nkeys;
}
