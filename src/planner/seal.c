/*-------------------------------------------------------------------------
 * seal.c
 *	  Make the CustomScan that takes a translated subtree's place.
 *
 * The scan's row (custom_scan_tlist) is what the stage delivers: the columns of
 * the Ir.  Its target list is the replaced node's, so parents find everything
 * at the same positions; columns beyond it serve the ordered gather only.
 * Both are expressions over base tables or INDEX_VARs, so EXPLAIN can print them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planmain.h"
#include "parser/parsetree.h"

#include "planner/ir.h"
#include "planner/operations.h"
#include "planner/planner.h"

/* So many the driver sorts as quickly as it merges them. */
#define FEW_ROWS 100000

static bool joins_shards(const Ir *ir);
static List *pass_on(List *row, Index varno);
static bool keeps_turn(const Query *query);
static CustomScan *make_scan(PlanContext *context, Ir *ir, Plan *plan);
static StagePlan *make_gather(PlanContext *context, Ir *ir, Plan *plan);
static void number_stage(StagePlan *stage, int number, List *ids);
static int	position_of(List *ids, int id);
static List *scan_tlist(const Ir *ir, List *tlist);

/* The plan that stands for ir where plan stood. */
Plan *
ir_seal(PlanContext *context, Ir *ir, Plan *plan)
{
	return ir_seal_as(context, ir, plan, plan->targetlist);
}

/* Likewise, with another target list than that of plan, which lends its costs. */
Plan *
ir_seal_as(PlanContext *context, Ir *ir, Plan *plan, List *tlist)
{
	CustomScan *scan;
	BarksPlan  *barks;

	if (ir->leaves == NIL)
	{
		/* no table of ours below: PostgreSQL's own plan is best */
		plan->initPlan = ir->init_plans;
		return plan;
	}
	ir = ir_sort_on_driver(context, ir, plan);
	barks = make_barks_plan();
	ir_ensure_column(ir);
	if (ir->tail)
		barks->tail = ir->tail;
	else
	{
		barks->stages = lappend(list_copy(ir->stages), make_gather(context, ir, plan));
		barks->functions = ir->functions;
		barks->operations_left = operations_left(ir);
		if (operations_last(ir))
			barks->action = list_make1(makeString(pstrdup(operations_last(ir))));
	}
	context->barks_plans = lappend(context->barks_plans, barks);

	scan = make_scan(context, ir, plan);
	scan->custom_scan_tlist = scan_tlist(ir, tlist);
	scan->custom_private = list_make1(barks);
	if (ir->has_driver_tlist)
		scan->scan.plan.targetlist = ir->driver_tlist;
	else
		scan->scan.plan.targetlist = pass_on(tlist, INDEX_VAR);
	scan->scan.plan.qual = ir->driver_qual;
	return (Plan *) scan;
}

/*
 * A merge needs the rows of all tasks at once, so it has few tasks, each with
 * many shards; joins of these are planned badly, as their statistics are those
 * of single shards.  When there are few rows to sort, let the driver do it.
 */
Ir *
ir_sort_on_driver(PlanContext *context, Ir *ir, Plan *plan)
{
	Ir		   *below;
	Ir		   *result;
	List	   *tlist = NIL;
	ListCell   *lc;

	if (ir->order == NIL || !ir_on_nodes(ir) || !joins_shards(ir) ||
		(ir->query->limitCount == NULL && plan->plan_rows > FEW_ROWS))
		return ir;
	below = palloc(sizeof(Ir));
	memcpy(below, ir, sizeof(Ir));
	below->order = NIL;
	below->limit = -1;
	below->init_plans = NIL;
	foreach(lc, ir->display)
		tlist = lappend(tlist, makeTargetEntry(lfirst(lc), foreach_current_index(lc) + 1,
											   NULL, false));
	result = palloc0(sizeof(Ir));
	result->distribution = IR_SINGLE;
	result->limit = -1;
	result->display = ir->display;
	result->relids = ir->relids;
	result->leaves = ir->leaves;
	result->init_plans = ir->init_plans;
	result->rows = ir->rows;
	result->width = ir->width;
	operations_follow(result, ir);
	result->tail = ir_make_sort(context, ir_seal_as(context, below, plan, tlist), ir->order);
	return result;
}

/* Does a task read shards together with something else? */
static bool
joins_shards(const Ir *ir)
{
	bool		shards = false;
	ListCell   *lc;

	foreach(lc, ir->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		shards |= !leaf->broadcast && leaf->stage == 0;
	}
	return shards && list_length(ir->leaves) > 1;
}

/* A Sort over below, by columns of its target list. */
Plan *
ir_make_sort(PlanContext *context, Plan *below, List *keys)
{
	Sort	   *sort = makeNode(Sort);
	int			nkeys = list_length(keys);
	ListCell   *lc;

	memcpy(&sort->plan, below, sizeof(Plan));
	sort->plan.type = T_Sort;
	sort->plan.plan_node_id = context->next_plan_node_id++;
	sort->plan.lefttree = below;
	sort->plan.initPlan = NIL;
	sort->plan.qual = NIL;
	sort->plan.targetlist = pass_on(below->targetlist, OUTER_VAR);
	sort->numCols = nkeys;
	sort->sortColIdx = palloc(sizeof(AttrNumber) * nkeys);
	sort->sortOperators = palloc(sizeof(Oid) * nkeys);
	sort->collations = palloc(sizeof(Oid) * nkeys);
	sort->nullsFirst = palloc(sizeof(bool) * nkeys);
	foreach(lc, keys)
	{
		IrSortKey  *key = lfirst(lc);
		int			k = foreach_current_index(lc);

		sort->sortColIdx[k] = key->column;
		sort->sortOperators[k] = key->sortop;
		sort->collations[k] = key->collation;
		sort->nullsFirst[k] = key->nulls_first;
	}
	return &sort->plan;
}

/* A gather only goes forward: keep its rows for who goes back. */
Plan *
ir_make_material(PlanContext *context, Plan *below)
{
	Plan	   *result = materialize_finished_plan(below);

	result->targetlist = pass_on(below->targetlist, OUTER_VAR);
	result->plan_node_id = context->next_plan_node_id++;
	result->extParam = bms_copy(below->extParam);
	result->allParam = bms_copy(below->allParam);
	return result;
}

/*
 * Every column of a row, as Vars of varno.  Even for a constant, which above a union
 * may be that of its first branch alone.
 */
static List *
pass_on(List *row, Index varno)
{
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, row)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) tle->expr;

		tle->expr = (Expr *) makeVar(varno, tle->resno, exprType(expr), exprTypmod(expr),
									 exprCollation(expr), 0);
		tlist = lappend(tlist, tle);
	}
	return tlist;
}

static CustomScan *
make_scan(PlanContext *context, Ir *ir, Plan *plan)
{
	CustomScan *scan = makeNode(CustomScan);
	ListCell   *lc;

	scan->scan.plan.startup_cost = plan->startup_cost;
	scan->scan.plan.total_cost = plan->total_cost;
	scan->scan.plan.plan_rows = plan->plan_rows;
	scan->scan.plan.plan_width = plan->plan_width;
	scan->scan.plan.plan_node_id = context->next_plan_node_id++;
	scan->scan.plan.initPlan = ir->init_plans;
	scan->scan.plan.extParam = bms_copy(plan->extParam);
	scan->scan.plan.allParam = bms_copy(plan->allParam);
	foreach(lc, ir->init_plans)
	{
		SubPlan    *init_plan = lfirst_node(SubPlan, lc);
		ListCell   *lp;

		foreach(lp, init_plan->setParam)
			scan->scan.plan.extParam = bms_del_member(scan->scan.plan.extParam, lfirst_int(lp));
	}
	scan->custom_relids = bms_copy(ir->relids);
	scan->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	scan->methods = barks_scan_methods;
	return scan;
}

/* The stage whose rows the driver reads. */
static StagePlan *
make_gather(PlanContext *context, Ir *ir, Plan *plan)
{
	StagePlan  *stage;

	ir_apply_order(ir);
	stage = exchange_make_stage(ir);
	stage->id = context->next_stage++;
	stage->exchange = EXCHANGE_GATHER;
	stage->merge_keys = exchange_order_keys(ir);
	stage->task_order = ir_in_turn(ir);
	if (stage->task_order && (stage->merge_keys != NIL || !keeps_turn(stage->query)))
		elog(ERROR, "rows of parts would not come in turn");
	stage->limit = ir->limit;
	stage->rows = plan->plan_rows;
	stage->width = plan->plan_width;
	return stage;
}

/* Are rows wanted in the order of the parts that they are made of? */
bool
ir_in_turn(const Ir *ir)
{
	ListCell   *lc;

	foreach(lc, ir->leaves)
		if (((LeafPlan *) lfirst(lc))->in_turn)
			return true;
	return false;
}

/* Rows of the parts are looked at one by one, in each task. */
static bool
keeps_turn(const Query *query)
{
	const RangeTblEntry *rte;

	if (query->hasAggs || query->groupClause != NIL || query->groupingSets != NIL || query->hasWindowFuncs ||
		query->distinctClause != NIL || query->sortClause != NIL || query->setOperations != NULL ||
		list_length(query->jointree->fromlist) != 1 || !IsA(linitial(query->jointree->fromlist), RangeTblRef))
		return false;
	rte = rt_fetch(linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex, query->rtable);
	return rte->rtekind == RTE_CTE || (rte->rtekind == RTE_SUBQUERY && keeps_turn(rte->subquery));
}

/*
 * Give the stages of one job the numbers 1, 2 … in their order.  Not before it is
 * certain that no stage is part of another job, too.
 */
void
ir_number_stages(BarksPlan *barks)
{
	List	   *ids = NIL;
	ListCell   *lc;

	foreach(lc, barks->stages)
		ids = lappend_int(ids, ((StagePlan *) lfirst(lc))->id);
	foreach(lc, barks->stages)
		number_stage(lfirst(lc), foreach_current_index(lc) + 1, ids);
	if (barks->insert)
		number_stage(barks->insert, list_length(ids), ids);
}

static void
number_stage(StagePlan *stage, int number, List *ids)
{
	ListCell   *lc;

	stage->id = number;
	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage > 0)
			leaf->stage = position_of(ids, leaf->stage);
	}
	if (stage->filter > 0)
		stage->filter = position_of(ids, stage->filter);
}

/* From 1; the id must be there. */
static int
position_of(List *ids, int id)
{
	ListCell   *lc;

	foreach(lc, ids)
		if (lfirst_int(lc) == id)
			return foreach_current_index(lc) + 1;
	elog(ERROR, "stage %d is read but not run", id);
}

/* The row as delivered, named as the node's own columns where it has them. */
static List *
scan_tlist(const Ir *ir, List *tlist)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, ir->display)
	{
		int			i = foreach_current_index(lc);
		char	   *name = NULL;

		if (!ir->has_driver_tlist && i < list_length(tlist))
			name = list_nth_node(TargetEntry, tlist, i)->resname;
		result = lappend(result, makeTargetEntry(lfirst(lc), i + 1,
												 name ? pstrdup(name) : NULL, false));
	}
	return result;
}
