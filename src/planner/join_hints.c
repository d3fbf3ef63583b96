/*-------------------------------------------------------------------------
 * join_hints.c
 *	  Strategies for single joins, which a query asks for by barks.join_hint().
 *
 * The call stands in the condition of the join and reads a column of each side, so
 * PostgreSQL's planner leaves it with the join where the two meet, whichever way
 * round it does that.  It is always true.  Plans that are not translated evaluate it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "planner/join_hints.h"
#include "planner/place_join.h"
#include "planner/shared_plan.h"

PG_FUNCTION_INFO_V1(barks_join_hint);
PG_FUNCTION_INFO_V1(barks_join_hint_support);

static void take_hints(PlanContext *context, Plan *plan);
static void take_from_join(PlanContext *context, Join *join);
static bool is_hint(const Node *clause);
static JoinHint *make_hint(const Join *join, const FuncExpr *call);

void
join_hints_take(PlanContext *context)
{
	ListCell   *lc;

	take_hints(context, context->stmt->planTree);
	foreach(lc, context->stmt->subplans)
		take_hints(context, lfirst(lc));
}

const JoinHint *
join_hints_of(const PlanContext *context, const Join *join)
{
	ListCell   *lc;

	foreach(lc, context->join_hints)
		if (((JoinHint *) lfirst(lc))->plan_node_id == join->plan.plan_node_id)
			return lfirst(lc);
	return NULL;
}

static void
take_hints(PlanContext *context, Plan *plan)
{
	ListCell   *lc;

	check_stack_depth();
	if (plan == NULL)
		return;
	if (IsA(plan, HashJoin) || IsA(plan, NestLoop) || IsA(plan, MergeJoin))
		take_from_join(context, (Join *) plan);
	foreach(lc, plan_children(plan))
		take_hints(context, lfirst(lc));
}

static void
take_from_join(PlanContext *context, Join *join)
{
	ListCell   *lc;

	foreach(lc, join->joinqual)
	{
		if (!is_hint(lfirst(lc)))
			continue;
		context->join_hints = lappend(context->join_hints, make_hint(join, lfirst(lc)));
		join->joinqual = foreach_delete_current(join->joinqual, lc);
	}
}

/* A call whose strategy is known. */
static bool
is_hint(const Node *clause)
{
	const FuncExpr *call = (const FuncExpr *) clause;
	const Const *name;

	if (!IsA(call, FuncExpr) || call->funcid < FirstNormalObjectId || list_length(call->args) != 3 ||
		call->funcid != barks_join_hint_oid())
		return false;
	name = linitial(call->args);
	return IsA(name, Const) && !name->constisnull;
}

static JoinHint *
make_hint(const Join *join, const FuncExpr *call)
{
	JoinHint   *hint = palloc0(sizeof(JoinHint));
	BroadcastSide side;

	hint->plan_node_id = join->plan.plan_node_id;
	hint->strategy = join_hint_strategy(TextDatumGetCString(linitial_node(Const, call->args)->constvalue), &side);
	if (side == BROADCAST_LEFT)
		hint->side = place_join_side(lsecond(call->args));
	else if (side == BROADCAST_RIGHT)
		hint->side = place_join_side(lthird(call->args));
	return hint;
}

/* ---------------- SQL ---------------- */

/* join_hint(strategy text, l "any", r "any") → true */
Datum
barks_join_hint(PG_FUNCTION_ARGS)
{
	BroadcastSide side;

	if (!PG_ARGISNULL(0))
		(void) join_hint_strategy(text_to_cstring(PG_GETARG_TEXT_PP(0)), &side);
	PG_RETURN_BOOL(true);
}

/* It keeps all rows. */
Datum
barks_join_hint_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (!IsA(request, SupportRequestSelectivity))
		PG_RETURN_POINTER(NULL);
	((SupportRequestSelectivity *) request)->selectivity = 1;
	PG_RETURN_POINTER(request);
}
