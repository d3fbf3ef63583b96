/*-------------------------------------------------------------------------
 * agg_phases.c
 *	  Aggregation in two phases, for groups that lie in several tasks.
 *
 * In the first, tasks compute transition states: an ordinary SELECT … GROUP BY
 * whose top Agg the node runs as AGGSPLIT_INITIAL_SERIAL.  In the second the
 * states of a group are combined: by the driver, whose tail is the plan's own
 * Agg as AGGSPLIT_FINAL_DESERIAL, made as setrefs.c would make it; or by nodes,
 * after an exchange by the group columns, HAVING and projection included.
 *
 * Grouping sets are all in the first phase; which one a state belongs to is then a
 * group column too.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parse_oper.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "job/program.h"
#include "planner/agg.h"
#include "planner/distribution.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/translate.h"

static const char *refuse_partial(Aggref *aggref);
static Ir  *meet(PlanContext *context, const AggParts *parts, Ir *stage, const AggParts *final);
static List *order_of_states(const AggParts *parts);
static Ir  *make_states(AggParts *parts, const char **reason);
static List *add_partial_columns(AggParts *parts, Ir *ir, IrScope *scope, const char **reason);
static List *all_group_keys(const AggParts *parts);
static Node *final_mutator(Node *node, AggParts *parts);
static Node *grouped_column(const AggParts *parts, const Var *column);
static Node *combine_mutator(Node *node, AggParts *parts);
static Aggref *make_combining(Aggref *aggref, AggParts *parts);
static Node *display_mutator(Node *node, void *context);

/* Why groups cannot be put together from states, or NULL. */
const char *
agg_refuse_split(const AggParts *parts)
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

/* Nodes give states of their share of each group; the driver's tail combines them. */
Ir *
agg_driver_finishes(PlanContext *context, AggParts *parts, const char **reason)
{
	Agg		   *agg = parts->agg;
	Ir		   *stage;
	Ir		   *ir = palloc0(sizeof(Ir));
	Plan	   *below = agg->plan.lefttree;
	List	   *tlist = NIL;
	ListCell   *lc;

	stage = make_states(parts, reason);
	if (stage == NULL)
		return NULL;
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
	{
		/* states come in any order */
		below = ir_make_sort(context, below, all_group_keys(parts));
	}
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

/* Nodes give states of their share of each group, and nodes combine them. */
Ir *
agg_nodes_finish(PlanContext *context, AggParts *parts, const char **reason)
{
	Agg		   *agg = makeNode(Agg);
	AggParts	final = {agg};
	int			nkeys = parts->ncols + (parts->sets != NIL ? 1 : 0);
	Ir		   *stage = make_states(parts, reason);
	Ir		   *ir;

	if (stage == NULL)
		return NULL;
	memcpy(agg, parts->agg, sizeof(Agg));
	agg->plan.initPlan = NIL;
	agg->groupingSets = NIL;
	agg->chain = NIL;
	if (parts->sets != NIL)
		agg->aggstrategy = AGG_HASHED;
	if (parts->sets != NIL)
		agg->numCols = nkeys;
	agg->grpColIdx = palloc(sizeof(AttrNumber) * Max(1, nkeys));
	final.ncols = nkeys;
	final.cols = agg->grpColIdx;
	for (int i = 0; i < nkeys; i++)
		agg->grpColIdx[i] = i < parts->ncols ? i + 1 : list_length(stage->display);
	final.child = meet(context, parts, stage, &final);
	agg->plan.targetlist = (List *) combine_mutator((Node *) agg->plan.targetlist, parts);
	agg->plan.qual = (List *) combine_mutator((Node *) agg->plan.qual, parts);
	final.aggrefs = parts->aggrefs;
	final.child->order = parts->sets == NIL ? order_of_states(parts) : NIL;
	ir = agg_complete(context, &final, reason);
	if (ir == NULL)
		return NULL;
	translate_init_plans(ir, &parts->agg->plan);
	ir->display = (List *) display_mutator((Node *) ir->display, NULL);
	return ir;
}

/* Bring the states of each group together. */
static Ir *
meet(PlanContext *context, const AggParts *parts, Ir *stage, const AggParts *final)
{
	Bitmapset  *keys = NULL;
	Bitmapset  *columns = NULL;

	for (int i = 0; i < parts->ncols; i++)
		keys = bms_add_member(keys, parts->cols[i]);
	keys = distribution_keys(context, &parts->agg->plan, keys);
	for (int i = 0; i < final->ncols; i++)
		if (i >= parts->ncols || bms_is_member(parts->cols[i], keys))
			columns = bms_add_member(columns, final->cols[i]);
	stage->rows = Min(parts->child->rows, (double) parts->agg->numGroups);
	stage->width = parts->child->width;
	return ir_exchange_by(context, stage, columns);
}

/* The order of groups that the plan promised, over the columns of the states. */
static List *
order_of_states(const AggParts *parts)
{
	List	   *result = NIL;
	Agg		   *agg = parts->agg;

	int			nkeys = agg_ordered_columns(parts);

	for (int k = 0; k < nkeys; k++)
	{
		IrSortKey  *key = palloc(sizeof(IrSortKey));

		memcpy(key, list_nth(parts->child->order, k), sizeof(IrSortKey));
		for (int i = 0; i < agg->numCols; i++)
			if (parts->cols[i] == ((IrSortKey *) list_nth(parts->child->order, k))->column)
				key->column = i + 1;
		result = lappend(result, key);
	}
	return result;
}

/* SELECT group columns, states [, id of the grouping set] FROM child GROUP BY … */
static Ir *
make_states(AggParts *parts, const char **reason)
{
	IrScope		scope;
	Ir		   *stage = ir_over(parts->child, &scope);

	if (list_length(add_partial_columns(parts, stage, &scope, reason)) <
		list_length(parts->aggrefs))
		return NULL;
	if (parts->sets != NIL)
	{
		GroupingFunc *id = agg_set_id(parts, scope.inputs[0].rtindex);

		ir_add_column(stage, (Expr *) id,
					  expr_for_display((Node *) agg_set_id(parts, OUTER_VAR), &scope));
	}
	agg_add_group_clause(parts, stage, scope.inputs[0].rtindex);
	if (parts->sets != NIL)
		agg_add_grouping_sets(parts, stage->query);
	/* a query with grouping sets aggregates even without aggregates */
	stage->query->hasAggs = parts->aggrefs != NIL;
	stage->partial_aggregate = parts->aggrefs != NIL;
	return stage;
}

/* Group columns, then a state for each aggregate; returns the states shipped. */
static List *
add_partial_columns(AggParts *parts, Ir *ir, IrScope *scope, const char **reason)
{
	List	   *partials = NIL;
	ListCell   *lc;

	for (int i = 0; i < parts->ncols; i++)
		ir_add_column(ir, (Expr *) agg_group_var(parts, i, scope->inputs[0].rtindex, parts->cols[i]),
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

/* The order of states, and then the group columns that it leaves out. */
static List *
all_group_keys(const AggParts *parts)
{
	List	   *keys = order_of_states(parts);
	ListCell   *lc;

	for (int i = 0; i < parts->agg->numCols; i++)
	{
		Node	   *column = list_nth(parts->child->display, parts->cols[i] - 1);
		IrSortKey  *key = palloc0(sizeof(IrSortKey));
		bool		found = false;

		foreach(lc, keys)
			found |= ((IrSortKey *) lfirst(lc))->column == i + 1;
		if (found)
			continue;
		key->column = i + 1;
		key->collation = exprCollation(column);
		get_sort_group_operators(exprType(column), true, false, false,
								 &key->sortop, NULL, NULL, NULL);
		keys = lappend(keys, key);
	}
	return keys;
}

/* As convert_combining_aggrefs and set_upper_references do. */
static Node *
final_mutator(Node *node, AggParts *parts)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
		return grouped_column(parts, (Var *) node);
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
		final->aggdistinct = NIL;
		final->aggorder = NIL;
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

static Node *
grouped_column(const AggParts *parts, const Var *column)
{
	for (int i = 0; i < parts->ncols; i++)
		if (parts->cols[i] == column->varattno)
			return (Node *) agg_group_var(parts, i, OUTER_VAR, i + 1);
	elog(ERROR, "column %d is not grouped", column->varattno);
}

/*
 * For the query of nodes that combine: each aggregate as a call over nothing, but for
 * a program, that is marked with its state, see worker/agg_split.c.
 */
static Node *
combine_mutator(Node *node, AggParts *parts)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
		return grouped_column(parts, (Var *) node);
	if (IsA(node, GroupingFunc))
	{
		int			column = parts->ncols + list_length(parts->aggrefs) + 1;

		return agg_grouping_of_id(parts, (GroupingFunc *) node,
								  makeVar(OUTER_VAR, column, INT4OID, -1, InvalidOid, 0));
	}
	if (IsA(node, Aggref))
		return (Node *) make_combining((Aggref *) node, parts);
	return expression_tree_mutator(node, combine_mutator, parts);
}

/* aggregate(NULL, …) FILTER (WHERE barks.combine_state(state)) */
static Aggref *
make_combining(Aggref *aggref, AggParts *parts)
{
	Aggref	   *result = copyObject(aggref);
	Aggref	   *partial = copyObject(aggref);
	const Const *program = program_of_call(result);
	int			column = parts->ncols + 1;
	FuncExpr   *marker;
	ListCell   *lc;

	foreach(lc, parts->aggrefs)
	{
		if (equal(lfirst(lc), aggref))
			break;
		column++;
	}
	mark_partial_aggref(partial, AGGSPLIT_INITIAL_SERIAL);
	foreach(lc, result->args)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *arg = (Node *) tle->expr;
		Oid			type = getBaseType(exprType(arg));

		if (arg == (Node *) program)
			continue;
		/* a domain's constraints must not be asked */
		tle->expr = (Expr *) makeNullConst(shippable_row_type(type) ? RECORDOID : type, -1,
											  exprCollation(arg));
		tle->ressortgroupref = 0;
	}
	marker = makeFuncExpr(barks_combine_state_oid(), BOOLOID,
						  list_make1(makeVar(OUTER_VAR, column, partial->aggtype, -1,
											 exprCollation((Node *) partial), 0)),
						  InvalidOid, exprCollation((Node *) partial), COERCE_EXPLICIT_CALL);
	marker->location = COMBINE_STATE_LOCATION;
	result->aggdistinct = NIL;
	result->aggorder = NIL;
	result->aggfilter = (Expr *) marker;
	return result;
}

/* For EXPLAIN: a call marked with a state, as the call that it stands for. */
static Node *
display_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref) && ((Aggref *) node)->aggfilter &&
		IsA(((Aggref *) node)->aggfilter, FuncExpr) &&
		((FuncExpr *) ((Aggref *) node)->aggfilter)->funcid == barks_combine_state_oid())
	{
		Node	   *state = linitial(((FuncExpr *) ((Aggref *) node)->aggfilter)->args);

		if (IsA(state, Aggref))
		{
			Aggref	   *result = copyObject((Aggref *) state);

			result->aggsplit = AGGSPLIT_SIMPLE;
			result->aggtype = ((Aggref *) node)->aggtype;
			return (Node *) result;
		}
	}
	return expression_tree_mutator(node, display_mutator, context);
}
