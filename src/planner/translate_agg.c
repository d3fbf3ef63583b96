/*-------------------------------------------------------------------------
 * translate_agg.c
 *	  Aggregation: complete on the nodes, or in two phases.
 *
 * When every group lies within one task, the nodes aggregate completely,
 * HAVING included.  Else tasks compute partial states: the stage is an
 * ordinary SELECT … GROUP BY whose top Agg the node runs as
 * AGGSPLIT_INITIAL_SERIAL, and the driver's tail is the plan's own Agg as
 * AGGSPLIT_FINAL_DESERIAL over it, made as setrefs.c would make it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/translate.h"

/* An aggregation under translation. */
typedef struct AggParts
{
	Agg		   *agg;
	Ir		   *child;
	int			ncols;
	AttrNumber *cols;			/* group columns, then columns that depend on them */
	List	   *aggrefs;		/* distinct ones */
} AggParts;

static bool collect(AggParts *parts, const char **reason);
static bool add_group_column(AggParts *parts, AttrNumber col, const char **reason);
static const char *refuse_grouping(const AggParts *parts);
static Ir  *aggregate_complete(PlanContext *context, AggParts *parts, const char **reason);
static bool depends_on_order(const AggParts *parts);
static bool complete_order(AggParts *parts, Ir *ir, Index rtindex);
static void add_group_clause(AggParts *parts, Ir *ir, Index rtindex);
static Var *group_var(const AggParts *parts, int i, Index varno, AttrNumber attno);
static const char *refuse_split(const AggParts *parts);
static const char *refuse_partial(Aggref *aggref);
static bool order_is_of_groups(const AggParts *parts);
static Ir  *aggregate_in_phases(PlanContext *context, AggParts *parts, const char **reason);
static List *add_partial_columns(AggParts *parts, Ir *ir, IrScope *scope, const char **reason);
static Plan *sort_for_groups(PlanContext *context, AggParts *parts, Plan *below);
static Node *final_mutator(Node *node, AggParts *parts);

Ir *
translate_agg(PlanContext *context, Agg *agg)
{
	AggParts	parts = {agg};
	int			before = context->scans;
	const char *reason = "its input is not on the nodes";
	Ir		   *ir = NULL;

	parts.child = translate_plan(context, agg->plan.lefttree);
	if (parts.child == NULL)
		return translate_stay(context, &agg->plan, before, reason);
	if (ir_on_nodes(parts.child) && collect(&parts, &reason))
	{
		reason = refuse_grouping(&parts);
		if (reason == NULL &&
			traits_groups_complete(parts.child, agg->numCols, agg->grpColIdx))
			ir = aggregate_complete(context, &parts, &reason);
		else if (reason == NULL && (reason = refuse_split(&parts)) == NULL)
			ir = aggregate_in_phases(context, &parts, &reason);
		if (ir)
		{
			if (ir->tail == NULL && !ir_on_nodes(ir))
				fallback_note(&agg->plan, reason);
			return ir;
		}
	}
	agg->plan.lefttree = ir_seal(context, parts.child, agg->plan.lefttree);
	return translate_stay(context, &agg->plan, before, reason);
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

	if (agg->groupingSets != NIL || agg->chain != NIL)
	{
		*reason = "grouping sets need a shuffle";
		return false;
	}
	items = list_concat(pull_var_clause((Node *) agg->plan.targetlist, PVC_INCLUDE_AGGREGATES),
						pull_var_clause((Node *) agg->plan.qual, PVC_INCLUDE_AGGREGATES));
	parts->cols = palloc(sizeof(AttrNumber) * (agg->numCols + list_length(items) + 1));
	memcpy(parts->cols, agg->grpColIdx, sizeof(AttrNumber) * agg->numCols);
	parts->ncols = agg->numCols;
	foreach(lc, items)
	{
		Node	   *item = lfirst(lc);

		if (IsA(item, Aggref))
			parts->aggrefs = list_append_unique(parts->aggrefs, item);
		else if (!add_group_column(parts, ((Var *) item)->varattno, reason))
			return false;
	}
	return true;
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
	return true;
}

/* Groupings that GROUP BY on a node would not repeat exactly. */
static const char *
refuse_grouping(const AggParts *parts)
{
	const Agg  *agg = parts->agg;

	if (agg->aggsplit != AGGSPLIT_SIMPLE)
		return "aggregate is already split";
	if (agg->numCols == 0 && parts->aggrefs == NIL)
		return "group without columns";
	for (int i = 0; i < agg->numCols; i++)
	{
		Node	   *column = list_nth(parts->child->display, agg->grpColIdx[i] - 1);
		TypeCacheEntry *type = lookup_type_cache(exprType(column), TYPECACHE_EQ_OPR);

		if (type->eq_opr != agg->grpOperators[i])
			return "groups by an operator that is not the type's own";
		if (!shippable_operator(type->eq_opr))
			return "groups by an operator that is not on the nodes";
		if (agg->grpCollations[i] != exprCollation(column) ||
			(OidIsValid(agg->grpCollations[i]) &&
			 !get_collation_isdeterministic(agg->grpCollations[i])))
			return "groups by a nondeterministic collation";
	}
	return NULL;
}

static Ir *
aggregate_complete(PlanContext *context, AggParts *parts, const char **reason)
{
	Agg		   *agg = parts->agg;
	IrScope		scope;
	Ir		   *ir;

	if (depends_on_order(parts))
		ir_apply_order(parts->child);
	ir = ir_over(parts->child, &scope);
	ir->query->hasAggs = parts->aggrefs != NIL;
	/* float sums and the like may differ from copy to copy */
	if (ir->distribution == IR_BROADCAST)
		ir->distribution = IR_SINGLE;
	if (!ir_select(ir, &scope, agg->plan.targetlist, agg->plan.qual, true, context->fence,
				   reason))
		return NULL;
	if (ir_on_nodes(ir))
		ir->keys = traits_map_keys(parts->child->keys, agg->plan.targetlist, OUTER_VAR);
	if (agg->aggstrategy == AGG_SORTED && !complete_order(parts, ir, scope.inputs[0].rtindex))
	{
		*reason = "order of groups is not known";
		return NULL;
	}
	add_group_clause(parts, ir, scope.inputs[0].rtindex);
	ir_fence(context, ir);
	translate_init_plans(ir, &agg->plan);
	return ir;
}

/* Might an aggregate show the order that its input came in? */
static bool
depends_on_order(const AggParts *parts)
{
	int			by_group = parts->agg->aggstrategy == AGG_SORTED ? parts->agg->numCols : 0;

	return parts->aggrefs != NIL && list_length(parts->child->order) > by_group;
}

/* Sorted aggregation promised the order of its input, as far as the group columns go. */
static bool
complete_order(AggParts *parts, Ir *ir, Index rtindex)
{
	Agg		   *agg = parts->agg;

	if (!order_is_of_groups(parts))
		return false;
	for (int k = 0; k < agg->numCols; k++)
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
			key->column = ir_add_column(ir, (Expr *) group_var(parts, group, rtindex, column),
										list_nth(parts->child->display, column - 1));
		ir->order = lappend(ir->order, key);
	}
	return true;
}

/* GROUP BY all of parts->cols; those that are not selected are junk entries. */
static void
add_group_clause(AggParts *parts, Ir *ir, Index rtindex)
{
	for (int i = 0; i < parts->ncols; i++)
	{
		SortGroupClause *clause = makeNode(SortGroupClause);
		TargetEntry *entry = NULL;
		Var		   *var = group_var(parts, i, rtindex, parts->cols[i]);
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
		entry->ressortgroupref = i + 1;
		clause->tleSortGroupRef = entry->ressortgroupref;
		get_sort_group_operators(var->vartype, false, true, false,
								 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
		ir->query->groupClause = lappend(ir->query->groupClause, clause);
	}
}

static Var *
group_var(const AggParts *parts, int i, Index varno, AttrNumber attno)
{
	Node	   *column = list_nth(parts->child->display, parts->cols[i] - 1);

	return makeVar(varno, attno, exprType(column), exprTypmod(column), exprCollation(column), 0);
}

static const char *
refuse_split(const AggParts *parts)
{
	ListCell   *lc;

	if (!planner_partial_aggregates)
		return "barks.partial_aggregates is off";
	foreach(lc, parts->aggrefs)
	{
		const char *reason = refuse_partial(lfirst(lc));

		if (reason)
			return reason;
	}
	return NULL;
}

/* Why this aggregate cannot be computed from states of parts of its input. */
static const char *
refuse_partial(Aggref *aggref)
{
	char	   *name = get_func_name(aggref->aggfnoid);
	HeapTuple	tuple;
	Form_pg_aggregate form;
	const char *reason = NULL;

	if (aggref->aggdistinct != NIL)
		return psprintf("%s(DISTINCT) needs a shuffle", name);
	if (aggref->aggorder != NIL || aggref->aggkind != AGGKIND_NORMAL)
		return psprintf("ordered aggregate %s needs a shuffle", name);
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	if (!OidIsValid(form->aggcombinefn) ||
		(aggref->aggtranstype == INTERNALOID &&
		 (!OidIsValid(form->aggserialfn) || !OidIsValid(form->aggdeserialfn))))
		reason = psprintf("aggregate %s has no partial states", name);
	else if (aggref->aggtranstype != INTERNALOID &&
			 get_typtype(aggref->aggtranstype) == TYPTYPE_PSEUDO)
		reason = psprintf("state of aggregate %s cannot travel", name);
	ReleaseSysCache(tuple);
	return reason;
}

static Ir *
aggregate_in_phases(PlanContext *context, AggParts *parts, const char **reason)
{
	Agg		   *agg = parts->agg;
	IrScope		scope;
	Ir		   *stage = ir_over(parts->child, &scope);
	Ir		   *ir = palloc0(sizeof(Ir));
	Plan	   *below = agg->plan.lefttree;
	List	   *tlist = NIL;
	List	   *partials;
	ListCell   *lc;

	if (agg->aggstrategy == AGG_SORTED && !order_is_of_groups(parts))
	{
		*reason = "order of groups is not known";
		return NULL;
	}
	partials = add_partial_columns(parts, stage, &scope, reason);
	if (list_length(partials) < list_length(parts->aggrefs))
		return NULL;
	add_group_clause(parts, stage, scope.inputs[0].rtindex);
	stage->query->hasAggs = parts->aggrefs != NIL;
	stage->partial_aggregate = parts->aggrefs != NIL;
	foreach(lc, stage->display)
		tlist = lappend(tlist, makeTargetEntry(lfirst(lc), foreach_current_index(lc) + 1,
											   NULL, false));

	ir->distribution = IR_SINGLE;
	ir->limit = -1;
	ir->display = translate_output_display(parts->child, agg->plan.targetlist, OUTER_VAR);
	ir->relids = stage->relids;
	ir->leaves = stage->leaves;
	ir->init_plans = stage->init_plans;
	stage->init_plans = NIL;
	below = ir_seal_as(context, stage, below, tlist);
	if (agg->aggstrategy == AGG_SORTED && agg->numCols > 0)
		below = sort_for_groups(context, parts, below);
	agg->plan.lefttree = below;
	agg->aggsplit = AGGSPLIT_FINAL_DESERIAL;
	agg->plan.targetlist = (List *) final_mutator((Node *) agg->plan.targetlist, parts);
	agg->plan.qual = (List *) final_mutator((Node *) agg->plan.qual, parts);
	agg->grpColIdx = palloc(sizeof(AttrNumber) * Max(1, agg->numCols));
	for (int i = 0; i < agg->numCols; i++)
		agg->grpColIdx[i] = i + 1;
	translate_init_plans(ir, &agg->plan);
	ir->tail = &agg->plan;
	return ir;
}

/* Is the input sorted by the group columns first? */
static bool
order_is_of_groups(const AggParts *parts)
{
	const Agg  *agg = parts->agg;

	if (list_length(parts->child->order) < agg->numCols)
		return false;
	for (int k = 0; k < agg->numCols; k++)
	{
		IrSortKey  *key = list_nth(parts->child->order, k);
		bool		found = false;

		for (int i = 0; i < agg->numCols; i++)
			found |= agg->grpColIdx[i] == key->column;
		if (!found)
			return false;
	}
	return true;
}

/* Group columns, then a state for each aggregate; returns the states shipped. */
static List *
add_partial_columns(AggParts *parts, Ir *ir, IrScope *scope, const char **reason)
{
	List	   *partials = NIL;
	ListCell   *lc;

	for (int i = 0; i < parts->ncols; i++)
		ir_add_column(ir, (Expr *) group_var(parts, i, scope->inputs[0].rtindex, parts->cols[i]),
					  copyObject(list_nth(parts->child->display, parts->cols[i] - 1)));
	foreach(lc, parts->aggrefs)
	{
		Expr	   *expr = expr_for_query(lfirst(lc), scope, ir, reason);
		Aggref	   *display = (Aggref *) expr_for_display(lfirst(lc), scope);

		if (expr == NULL)
			break;
		mark_partial_aggref(display, AGGSPLIT_INITIAL_SERIAL);
		ir_add_column(ir, expr, (Expr *) display);
		partials = lappend(partials, display);
	}
	return partials;
}

/* The rows below a sorted aggregation, sorted anew: states come in any order. */
static Plan *
sort_for_groups(PlanContext *context, AggParts *parts, Plan *below)
{
	Agg		   *agg = parts->agg;
	Sort	   *sort = makeNode(Sort);
	ListCell   *lc;

	memcpy(&sort->plan, below, sizeof(Plan));
	sort->plan.type = T_Sort;
	sort->plan.plan_node_id = context->next_plan_node_id++;
	sort->plan.lefttree = below;
	sort->plan.initPlan = NIL;
	sort->plan.qual = NIL;
	sort->plan.targetlist = NIL;
	foreach(lc, below->targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) tle->expr;

		tle->expr = (Expr *) makeVar(OUTER_VAR, tle->resno, exprType(expr), exprTypmod(expr),
									 exprCollation(expr), 0);
		sort->plan.targetlist = lappend(sort->plan.targetlist, tle);
	}
	sort->numCols = agg->numCols;
	sort->sortColIdx = palloc(sizeof(AttrNumber) * agg->numCols);
	sort->sortOperators = palloc(sizeof(Oid) * agg->numCols);
	sort->collations = palloc(sizeof(Oid) * agg->numCols);
	sort->nullsFirst = palloc(sizeof(bool) * agg->numCols);
	for (int k = 0; k < agg->numCols; k++)
	{
		IrSortKey  *key = list_nth(parts->child->order, k);

		sort->sortColIdx[k] = 0;
		for (int i = 0; i < agg->numCols; i++)
			if (parts->cols[i] == key->column)
				sort->sortColIdx[k] = i + 1;
		Assert(sort->sortColIdx[k] > 0);
		sort->sortOperators[k] = key->sortop;
		sort->collations[k] = key->collation;
		sort->nullsFirst[k] = key->nulls_first;
	}
	return &sort->plan;
}

/* As convert_combining_aggrefs and set_upper_references do. */
static Node *
final_mutator(Node *node, AggParts *parts)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		for (int i = 0; i < parts->ncols; i++)
			if (parts->cols[i] == ((Var *) node)->varattno)
				return (Node *) group_var(parts, i, OUTER_VAR, i + 1);
		elog(ERROR, "column %d is not grouped", ((Var *) node)->varattno);
	}
	if (IsA(node, Aggref))
	{
		Aggref	   *final = makeNode(Aggref);
		Aggref	   *partial = copyObject((Aggref *) node);
		int			column = parts->ncols + 1;
		ListCell   *lc;

		foreach(lc, parts->aggrefs)
		{
			if (equal(lfirst(lc), node))
				break;
			column++;
		}
		memcpy(final, partial, sizeof(Aggref));
		final->aggfilter = NULL;
		mark_partial_aggref(partial, AGGSPLIT_INITIAL_SERIAL);
		final->args = list_make1(makeTargetEntry((Expr *)
												 makeVar(OUTER_VAR, column, partial->aggtype, -1,
														 exprCollation((Node *) partial), 0),
												 1, NULL, false));
		mark_partial_aggref(final, AGGSPLIT_FINAL_DESERIAL);
		return (Node *) final;
	}
	return expression_tree_mutator(node, final_mutator, parts);
}
