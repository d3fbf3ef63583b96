/*-------------------------------------------------------------------------
 * translate_join.c
 *	  Joins, once their inputs lie where matching rows meet (place_join.c).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/driver_input.h"
#include "planner/fallback.h"
#include "planner/place_join.h"
#include "planner/planner.h"
#include "planner/subplan.h"
#include "planner/translate.h"

static Ir  *translate_join(PlanContext *context, JoinParts *parts);
static Ir  *translate_lateral(PlanContext *context, JoinParts *parts, List *params);
static bool bind_inner(const JoinParts *parts, Ir *inner, const IrScope *scope, Ir *ir,
					   const char **reason);
static bool moves_driver_rows(const PlanContext *context, const JoinParts *parts,
							  const Ir *other);
static bool build_join(PlanContext *context, JoinParts *parts, Ir *outer, Ir *inner, Ir *ir,
					   const char **reason);
static List *ship_clauses(List *clauses, const IrScope *scope, Ir *ir, const char **reason,
						  bool *failed);
static bool build_exists(JoinParts *parts, Ir *outer, Ir *inner, Ir *ir, IrScope *scope,
						 const char **reason);
static bool build_from(JoinParts *parts, Ir *outer, Ir *inner, Ir *ir, IrScope *scope,
					   const char **reason);
static void add_join_rte(Query *query, Ir *outer, Ir *inner, JoinType type, Node *on);

Ir *
translate_hash_join(PlanContext *context, HashJoin *join)
{
	JoinParts	parts;

	place_join_parts(&join->join, &parts);
	return translate_join(context, &parts);
}

/* One without merge clauses, so that no order is promised. */
Ir *
translate_merge_join(PlanContext *context, MergeJoin *join)
{
	JoinParts	parts;

	place_join_parts(&join->join, &parts);
	return translate_join(context, &parts);
}

Ir *
translate_nest_loop(PlanContext *context, NestLoop *join)
{
	JoinParts	parts;

	place_join_parts(&join->join, &parts);
	if (join->nestParams != NIL)
		return translate_lateral(context, &parts, join->nestParams);
	return translate_join(context, &parts);
}

static Ir *
translate_join(PlanContext *context, JoinParts *parts)
{
	Plan	   *plan = &parts->join->plan;
	int			before = context->scans;
	Ir		   *outer = translate_plan(context, *parts->outer_plan);
	int			between = context->scans;
	Ir		   *inner = translate_plan(context, *parts->inner_plan);
	const char *reason = "an input is not on the nodes";
	Ir		   *ir = ir_make();
	bool		outer_is_sealed = false;
	bool		inner_is_sealed = false;

	if ((outer == NULL && between == before) || (inner == NULL && context->scans == between))
		reason = "an input is local to the driver";
	if (!ir_on_nodes(outer) && moves_driver_rows(context, parts, inner))
	{
		outer = driver_input(context, outer, parts->outer_plan, parts->keeps_order, &reason);
		outer_is_sealed = true;
	}
	else if (!ir_on_nodes(inner) && moves_driver_rows(context, parts, outer))
	{
		inner = driver_input(context, inner, parts->inner_plan, false, &reason);
		inner_is_sealed = true;
	}
	if ((outer_is_sealed ? outer != NULL : ir_on_nodes(outer)) &&
		(inner_is_sealed ? inner != NULL : ir_on_nodes(inner)))
	{
		Ir		   *left = outer;
		Ir		   *right = inner;

		reason = place_join(context, parts, &left, &right, ir);
		if (reason == NULL && build_join(context, parts, left, right, ir, &reason))
		{
			if (!ir_on_nodes(ir))
				fallback_note(plan, reason);
			return ir;
		}
	}
	if (outer && !outer_is_sealed)
		*parts->outer_plan = ir_seal(context, outer, *parts->outer_plan);
	if (inner && !inner_is_sealed)
		*parts->inner_plan = ir_seal(context, inner, *parts->inner_plan);
	return translate_stay(context, plan, before, reason);
}

/*
 * The inner side is another one for each outer row: what it reads is broadcast,
 * and the rest is a lateral sub-select.
 */
static Ir *
translate_lateral(PlanContext *context, JoinParts *parts, List *params)
{
	Plan	   *plan = &parts->join->plan;
	int			before = context->scans;
	Ir		   *outer = translate_plan(context, *parts->outer_plan);
	Ir		   *inner = NULL;
	Ir		   *ir;
	const char *reason = "runs its inner side again for each row of the outer one";
	ListCell   *lc;

	foreach(lc, params)
		parts->params = lappend_int(parts->params, ((NestLoopParam *) lfirst(lc))->paramno);
	parts->param_values = params;
	if (planner_exchanges && planner_join_strategy != JOIN_STRATEGY_DRIVER && ir_on_nodes(outer))
	{
		int			scans = context->scans;
		int			mark = fallback_mark();

		ir = translate_function_join(context, (NestLoop *) parts->join, outer);
		if (ir)
		{
			translate_init_plans(ir, plan);
			return ir;
		}
		fallback_rewind(mark);
		inner = subplan_translate(context, copyObject(*parts->inner_plan), parts->params, false,
								  &reason);
		if (inner == NULL)
		{
			context->scans = scans;
			fallback_rewind(mark);
		}
	}
	if (inner)
	{
		ir = ir_make();
		ir->distribution = outer->distribution;
		ir_follow(ir, outer);
		if (build_join(context, parts, outer, inner, ir, &reason))
		{
			if (!ir_on_nodes(ir))
				fallback_note(plan, reason);
			return ir;
		}
	}
	if (outer)
		*parts->outer_plan = ir_seal(context, outer, *parts->outer_plan);
	*parts->inner_plan = translate_and_seal(context, *parts->inner_plan);
	return translate_stay(context, plan, before, reason);
}

/* The inner side's parameters become columns of the outer one. */
static bool
bind_inner(const JoinParts *parts, Ir *inner, const IrScope *scope, Ir *ir, const char **reason)
{
	List	   *values = NIL;
	ListCell   *lc;

	foreach(lc, parts->param_values)
	{
		Expr	   *value = expr_for_query((Node *) ((NestLoopParam *) lfirst(lc))->paramval,
										   scope, ir, reason);

		if (value == NULL)
			return false;
		values = lappend(values, value);
	}
	if (values != NIL)
		subplan_bind((Node *) inner->query, parts->params, values);
	return true;
}

/* Is there something on the nodes that rows of the driver should meet there? */
static bool
moves_driver_rows(const PlanContext *context, const JoinParts *parts, const Ir *other)
{
	return planner_exchanges &&
		place_join_strategy(context, parts->join) != JOIN_STRATEGY_DRIVER &&
		ir_on_nodes(other) && other->leaves != NIL;
}

static bool
build_join(PlanContext *context, JoinParts *parts, Ir *outer, Ir *inner, Ir *ir,
		   const char **reason)
{
	Plan	   *plan = &parts->join->plan;
	IrScope		scope = {2};
	List	   *quals = plan->qual;
	bool		both_partitioned = outer->distribution == IR_PARTITIONED &&
		inner->distribution == IR_PARTITIONED;

	scope.inputs[0].varno = OUTER_VAR;
	scope.inputs[0].ir = outer;
	scope.inputs[1].varno = INNER_VAR;
	scope.inputs[1].ir = inner;
	ir_inherit(ir, outer);
	ir_inherit(ir, inner);
	switch (parts->join->jointype)
	{
		case JOIN_SEMI:
		case JOIN_ANTI:
			if (!build_exists(parts, outer, inner, ir, &scope, reason))
				return false;
			break;
		case JOIN_INNER:
			/* clauses that nodes cannot evaluate can wait for the driver */
			quals = list_concat_copy(parts->join->joinqual, plan->qual);
			parts->clauses = list_difference_ptr(parts->clauses, parts->join->joinqual);
			/* FALLTHROUGH */
		case JOIN_LEFT:
		case JOIN_RIGHT:
		case JOIN_FULL:
			if (!build_from(parts, outer, inner, ir, &scope, reason))
				return false;
			break;
		default:
			*reason = "join of an unusual kind";
			return false;
	}
	if (!ir_select(ir, &scope, plan->targetlist, quals, false, context->fence, reason))
		return false;
	if (both_partitioned)
		traits_merge_groups(ir->leaves, inner->group, outer->group);
	if (ir_on_nodes(ir))
		ir->keys = place_join_keys(parts, outer, inner);
	if (parts->keeps_order && parts->join->jointype != JOIN_RIGHT &&
		parts->join->jointype != JOIN_FULL)
		translate_keep_order(ir, &scope, 0, plan->targetlist);
	ir_fence(context, ir);
	translate_init_plans(ir, plan);
	if (*parts->inner_plan != innerPlan(plan))
		translate_init_plans(ir, innerPlan(plan));
	return true;
}

/* FROM outer WHERE [NOT] EXISTS (SELECT FROM inner WHERE clauses) */
static bool
build_exists(JoinParts *parts, Ir *outer, Ir *inner, Ir *ir, IrScope *scope,
			 const char **reason)
{
	Query	   *query = ir_new_query();
	SubLink    *exists = makeNode(SubLink);
	Ir		   *constant = ir_make();
	bool		failed = false;
	List	   *clauses;

	scope->inputs[0].rtindex = ir_add_input(ir->query, outer);
	scope->inputs[0].levels_up = 1;
	if (!bind_inner(parts, inner, scope, ir, reason))
		return false;
	scope->inputs[1].rtindex = ir_add_input(query, inner);
	clauses = ship_clauses(parts->clauses, scope, ir, reason, &failed);
	scope->inputs[0].levels_up = 0;
	scope->inputs[1].as_null = true;	/* no row of it is there, when seen from above */
	if (failed)
		return false;
	constant->height = inner->height + 1;
	query->targetList = list_make1(makeTargetEntry((Expr *) makeBoolConst(true, false), 1,
												   ir_column_name(constant, 1), false));
	query->jointree->quals = (Node *) make_ands_explicit(clauses);
	exists->subLinkType = EXISTS_SUBLINK;
	exists->subselect = (Node *) query;
	exists->location = -1;
	ir->query->hasSubLinks = true;
	ir->query->jointree->quals = (Node *) exists;
	if (parts->join->jointype == JOIN_ANTI)
		ir->query->jointree->quals = (Node *) makeBoolExpr(NOT_EXPR, list_make1(exists), -1);
	return true;
}

/* FROM outer … JOIN inner ON clauses */
static bool
build_from(JoinParts *parts, Ir *outer, Ir *inner, Ir *ir, IrScope *scope,
		   const char **reason)
{
	bool		failed = false;
	List	   *clauses;

	scope->inputs[0].rtindex = ir_add_input(ir->query, outer);
	if (!bind_inner(parts, inner, scope, ir, reason))
		return false;
	scope->inputs[1].rtindex = ir_add_input(ir->query, inner);
	llast_node(RangeTblEntry, ir->query->rtable)->lateral = parts->params != NIL;
	clauses = ship_clauses(parts->clauses, scope, ir, reason, &failed);
	if (failed)
		return false;
	add_join_rte(ir->query, outer, inner, parts->join->jointype,
				 (Node *) make_ands_explicit(clauses));
	return true;
}

static List *
ship_clauses(List *clauses, const IrScope *scope, Ir *ir, const char **reason, bool *failed)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		Expr	   *clause = expr_for_query(lfirst(lc), scope, ir, reason);

		if (clause == NULL)
			*failed = true;
		result = lappend(result, clause);
	}
	return result;
}

/* Replace the FROM list of two sub-selects by a join of them. */
static void
add_join_rte(Query *query, Ir *outer, Ir *inner, JoinType type, Node *on)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	JoinExpr   *join = makeNode(JoinExpr);
	Ir		   *sides[2] = {outer, inner};
	List	   *names = NIL;

	for (int side = 0; side < 2; side++)
	{
		ListCell   *lc;

		foreach(lc, sides[side]->display)
		{
			int			column = foreach_current_index(lc) + 1;
			Node	   *expr = lfirst(lc);

			rte->joinaliasvars = lappend(rte->joinaliasvars,
										 makeVar(side + 1, column, exprType(expr),
												 exprTypmod(expr), exprCollation(expr), 0));
			names = lappend(names, makeString(ir_column_name(sides[side], column)));
			if (side == 0)
				rte->joinleftcols = lappend_int(rte->joinleftcols, column);
			else
				rte->joinrightcols = lappend_int(rte->joinrightcols, column);
		}
	}
	rte->rtekind = RTE_JOIN;
	rte->jointype = type;
	rte->eref = makeAlias("unnamed_join", names);
	rte->inFromCl = true;
	query->rtable = lappend(query->rtable, rte);

	join->jointype = type;
	join->larg = linitial(query->jointree->fromlist);
	join->rarg = lsecond(query->jointree->fromlist);
	join->quals = on ? on : (Node *) makeBoolConst(true, false);
	join->rtindex = list_length(query->rtable);
	query->jointree->fromlist = list_make1(join);
}
