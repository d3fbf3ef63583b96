/*-------------------------------------------------------------------------
 * shared_plan.c
 *	  CTEs and InitPlans: rows that are made once and read in several places.
 *
 * The subplan becomes a stage, whatever number of leaves reads it.  It must not
 * be made twice, not even where that would only cost time: sums of floats, and
 * whatever LIMIT left open, may come out differently the second time.  Whether
 * all readers end up in one job is known only when all is translated; if they
 * do not, the statement is translated again with these left to the driver
 * (keep_shared), which computes each once, as PostgreSQL does.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shared_plan.h"
#include "planner/subplan.h"
#include "planner/translate.h"

typedef struct SharedPlan
{
	int			plan_id;
	Ir		   *first;			/* a reader of the stage, never used itself; NULL: cannot be */
} SharedPlan;

static Ir  *make_stage_of(PlanContext *context, const SubPlan *subplan);
static Ir  *send_to_readers(PlanContext *context, Ir *ir, bool to_all);
static void want_one_row(Ir *ir);
static bool needs_init_plan(const PlannedStmt *stmt, const SubPlan *init_plan,
							const PlanReferences *references);

Bitmapset *
shared_plan_wanted(const PlannedStmt *stmt)
{
	PlanReferences references = {0};
	Bitmapset  *wanted = NULL;
	bool		more = true;

	plan_references(stmt->planTree, &references);
	while (more)
	{
		ListCell   *lc;
		Bitmapset  *now = bms_copy(references.subplans);
		int			id = -1;

		foreach(lc, references.init_plans)
			if (needs_init_plan(stmt, lfirst(lc), &references))
				now = bms_add_member(now, lfirst_node(SubPlan, lc)->plan_id);
		now = bms_difference(now, wanted);
		more = !bms_is_empty(now);
		while ((id = bms_next_member(now, id)) >= 0)
		{
			plan_references(list_nth(stmt->subplans, id - 1), &references);
			wanted = bms_add_member(wanted, id);
		}
	}
	return wanted;
}

static bool
needs_init_plan(const PlannedStmt *stmt, const SubPlan *init_plan,
				const PlanReferences *references)
{
	Plan	   *plan = list_nth(stmt->subplans, init_plan->plan_id - 1);
	ListCell   *lc;

	if (plan && IsA(plan, ModifyTable))
		return true;
	/* of a CTE, this is no value; its scans were looked at */
	if (init_plan->subLinkType == CTE_SUBLINK)
		return false;
	foreach(lc, init_plan->setParam)
		if (bms_is_member(lfirst_int(lc), references->params))
			return true;
	return false;
}

Ir *
shared_plan_read(PlanContext *context, const SubPlan *subplan)
{
	SharedPlan *shared;
	ListCell   *lc;

	foreach(lc, context->shared)
	{
		shared = lfirst(lc);
		if (shared->plan_id == subplan->plan_id)
			return shared->first ? ir_exchange_read_again(context, shared->first) : NULL;
	}
	shared = palloc0(sizeof(SharedPlan));
	shared->plan_id = subplan->plan_id;
	shared->first = make_stage_of(context, subplan);
	context->shared = lappend(context->shared, shared);
	return shared->first ? ir_exchange_read_again(context, shared->first) : NULL;
}

Ir *
translate_cte_scan(PlanContext *context, CteScan *scan)
{
	SubPlan		subplan = {.subLinkType = CTE_SUBLINK, .plan_id = scan->ctePlanId};
	Ir		   *ir = NULL;

	if (planner_exchanges && !context->keep_shared &&
		planner_join_strategy != JOIN_STRATEGY_DRIVER)
		ir = shared_plan_read(context, &subplan);
	if (ir == NULL)
		return NULL;
	context->scans++;
	if (context->bound != NULL)
	{
		/* the scan's own filter reads the outer row: all rows, then, for every task */
		Bitmapset  *bound = context->bound;

		context->bound = NULL;
		ir = subplan_broadcast(context, ir, &scan->scan.plan, true);
		context->bound = bound;
	}
	return translate_project(context, &scan->scan.plan, ir, scan->scan.plan.qual,
							 scan->scan.scanrelid);
}

const SubPlan *
shared_plan_of_param(PlanContext *context, int paramid)
{
	ListCell   *lc;

	if (!planner_exchanges || context->keep_shared ||
		planner_join_strategy == JOIN_STRATEGY_DRIVER)
		return NULL;
	foreach(lc, context->init_plans)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);

		if (list_length(subplan->setParam) == 1 && linitial_int(subplan->setParam) == paramid &&
			(subplan->subLinkType == EXPR_SUBLINK || subplan->subLinkType == EXISTS_SUBLINK ||
			 subplan->subLinkType == ARRAY_SUBLINK))
			return subplan;
	}
	return NULL;
}

bool
shared_plan_makes(const PlanContext *context, const StagePlan *stage)
{
	ListCell   *lc;

	foreach(lc, context->shared)
	{
		SharedPlan *shared = lfirst(lc);

		if (shared->first && llast(shared->first->stages) == stage)
			return true;
	}
	return false;
}

bool
shared_plan_conflicts(const PlanContext *context)
{
	Bitmapset  *wanted = shared_plan_wanted(context->stmt);
	List	   *jobs = shared_plan_jobs(context->stmt, wanted);
	ListCell   *ls;

	foreach(ls, context->shared)
	{
		SharedPlan *shared = lfirst(ls);
		StagePlan  *stage = shared->first ? llast(shared->first->stages) : NULL;
		int			njobs = bms_is_member(shared->plan_id, wanted) ? 1 : 0;
		bool		on_nodes = false;
		ListCell   *lc;

		foreach(lc, jobs)
			if (list_member_ptr(((BarksPlan *) lfirst(lc))->stages, stage))
			{
				njobs++;
				on_nodes = true;
			}
		if (on_nodes && njobs > 1)
			return true;
	}
	return false;
}

List *
shared_plan_jobs(const PlannedStmt *stmt, const Bitmapset *wanted)
{
	PlanReferences references = {0};
	int			id = -1;

	plan_references(stmt->planTree, &references);
	while ((id = bms_next_member(wanted, id)) >= 0)
		plan_references(list_nth(stmt->subplans, id - 1), &references);
	return references.jobs;
}

/* The subplan's rows as output of a stage, in a reader of it. */
static Ir *
make_stage_of(PlanContext *context, const SubPlan *subplan)
{
	Plan	   *plan = list_nth(context->stmt->subplans, subplan->plan_id - 1);
	Bitmapset  *bound = context->bound;
	bool		wants_nodes = context->wants_nodes;
	int			scans = context->scans;
	int			mark = fallback_mark();
	Ir		   *ir;

	if (plan == NULL || IsA(plan, ModifyTable))
		return NULL;
	context->bound = NULL;
	context->wants_nodes = true;
	ir = translate_plan(context, copyObject(plan));
	/* what the driver makes is best kept there, where it is made once for sure */
	if (ir_on_nodes(ir) && context->scans > scans)
	{
		if (subplan->subLinkType == EXISTS_SUBLINK)
			want_one_row(ir);
		ir = send_to_readers(context, ir, subplan->subLinkType != CTE_SUBLINK);
		ir_exchange_may_be_unneeded(ir);
	}
	else
		ir = NULL;
	context->bound = bound;
	context->wants_nodes = wants_nodes;
	context->scans = scans;
	if (ir == NULL)
		fallback_rewind(mark);
	return ir;
}

/* Small, to all; else as it is partitioned, so that readers can count on that; else evenly. */
static Ir *
send_to_readers(PlanContext *context, Ir *ir, bool to_all)
{
	List	   *columns = NIL;
	ListCell   *lc;

	if (to_all || ir->rows * ir->width <= planner_broadcast_threshold * 1024.0)
		return ir_exchange(context, ir, EXCHANGE_BROADCAST, NIL);
	if (ir->distribution != IR_PARTITIONED || ir->keys == NIL)
		return ir_exchange(context, ir, EXCHANGE_ROUND_ROBIN, NIL);
	foreach(lc, ir->keys)
	{
		int			column = bms_next_member(lfirst(lc), -1);
		Node	   *expr = list_nth(ir->display, column - 1);

		if (exchange_key_reason(exprType(expr), exprCollation(expr)) != NULL)
			return ir_exchange(context, ir, EXCHANGE_ROUND_ROBIN, NIL);
		columns = lappend_int(columns, column);
	}
	return ir_exchange(context, ir, EXCHANGE_HASH, columns);
}

static void
want_one_row(Ir *ir)
{
	if (ir->query->limitCount || ir->query->limitOffset || ir->query->setOperations)
		ir_wrap(ir);
	ir->order = NIL;
	ir->query->limitCount = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
											   Int64GetDatum(1), false, FLOAT8PASSBYVAL);
}
