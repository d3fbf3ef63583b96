/*-------------------------------------------------------------------------
 * vector_plan.c
 *	  Which subtrees of a plan run over batches.
 *
 * The plan is a finished one.  A subtree that operators can do is put under a
 * CustomScan as its outer plan, unchanged: the operators are made of it when the
 * query starts, EXPLAIN finds there what names mean, and PostgreSQL's executor can run
 * it instead.  Subtrees end where there is a node that no operator does; such
 * a node below others gives its rows one by one.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/guc.h"

#include "vector/custom_scan.h"
#include "vector/node.h"
#include "vector/settings.h"
#include "vector/vector.h"

static const struct config_enum_entry vectorize_options[] = {
	{"off", VECTORIZE_OFF, false},
	{"on", VECTORIZE_ON, false},
	{"force", VECTORIZE_FORCE, false},
	{NULL, 0, false}
};

/* Fewer rows than this are not worth the set-up. */
#define MIN_ROWS	2000

static int	vectorize = VECTORIZE_OFF;

static Plan *replace(Plan *plan, List *rtable);
static void replace_children(Plan *plan, List *rtable);
static bool pays(Plan *plan);
static double input_rows(Plan *plan);
static Plan *wrap(Plan *plan, List *rtable);
static void take_init_plans(Plan *plan, CustomScan *scan, List *rtable);

void
vector_init(void)
{
	DefineCustomEnumVariable("barks.vectorize",
							 "Runs parts of queries over batches of rows.",
							 "\"force\" does so wherever it can be done, whatever it costs.",
							 &vectorize, VECTORIZE_OFF, vectorize_options, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	vec_init();
	vector_scan_init();
}

Vectorize
vector_setting(void)
{
	return vectorize;
}

void
vector_on_plan(PlannedStmt *stmt, int cursor_options)
{
	ListCell   *lc;

	if (vectorize == VECTORIZE_OFF || stmt->planTree == NULL)
		return;
	/* what can go backward got no node that remembers its rows; others got one above them */
	if ((cursor_options & CURSOR_OPT_SCROLL) && ExecSupportsBackwardScan(stmt->planTree) &&
		!IsA(stmt->planTree, Material) && !IsA(stmt->planTree, Sort))
		return;
	stmt->planTree = replace(stmt->planTree, stmt->rtable);
	foreach(lc, stmt->subplans)
		if (lfirst(lc))
			lfirst(lc) = replace(lfirst(lc), stmt->rtable);
}

static Plan *
replace(Plan *plan, List *rtable)
{
	check_stack_depth();
	/* rows without columns are for operators above alone */
	if (plan->targetlist != NIL && vector_is_operator(plan, rtable) && pays(plan))
		return wrap(plan, rtable);
	replace_children(plan, rtable);
	return plan;
}

static void
replace_list(List *plans, List *rtable)
{
	ListCell   *lc;

	foreach(lc, plans)
		lfirst(lc) = replace(lfirst(lc), rtable);
}

static void
replace_children(Plan *plan, List *rtable)
{
	/* what its workers share is in nodes that PostgreSQL knows */
	if (IsA(plan, Gather) || IsA(plan, GatherMerge))
		return;
	if (outerPlan(plan))
		outerPlan(plan) = replace(outerPlan(plan), rtable);
	if (innerPlan(plan))
		innerPlan(plan) = replace(innerPlan(plan), rtable);
	switch (nodeTag(plan))
	{
		case T_Append:
			replace_list(((Append *) plan)->appendplans, rtable);
			break;
		case T_MergeAppend:
			replace_list(((MergeAppend *) plan)->mergeplans, rtable);
			break;
		case T_SubqueryScan:
			((SubqueryScan *) plan)->subplan = replace(((SubqueryScan *) plan)->subplan, rtable);
			break;
		case T_CustomScan:
			replace_list(((CustomScan *) plan)->custom_plans, rtable);
			break;
		default:
			break;
	}
}

bool
vector_is_operator(Plan *plan, List *rtable)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			return vec_scan_supported(plan, rtable);
		case T_Agg:
			return vec_agg_supported(plan);
		case T_HashJoin:
			return vec_join_supported(plan);
		default:
			return false;
	}
}

/* A scan alone only makes columns of rows that are made rows again. */
static bool
pays(Plan *plan)
{
	if (vectorize == VECTORIZE_FORCE)
		return true;
	return !IsA(plan, SeqScan) && input_rows(plan) >= MIN_ROWS;
}

static double
input_rows(Plan *plan)
{
	double		rows = plan->plan_rows;

	if (outerPlan(plan))
		rows = Max(rows, input_rows(outerPlan(plan)));
	if (innerPlan(plan))
		rows = Max(rows, input_rows(innerPlan(plan)));
	return rows;
}

static Plan *
wrap(Plan *plan, List *rtable)
{
	CustomScan *scan = makeNode(CustomScan);
	ListCell   *lc;

	scan->scan.plan.startup_cost = plan->startup_cost;
	scan->scan.plan.total_cost = plan->total_cost;
	scan->scan.plan.plan_rows = plan->plan_rows;
	scan->scan.plan.plan_width = plan->plan_width;
	scan->scan.plan.plan_node_id = plan->plan_node_id;
	scan->scan.plan.extParam = bms_copy(plan->extParam);
	scan->scan.plan.allParam = bms_copy(plan->allParam);
	foreach(lc, plan->targetlist)
	{
		TargetEntry *tle = lfirst(lc);
		TargetEntry *below = flatCopyTargetEntry(tle);
		TargetEntry *above = flatCopyTargetEntry(tle);

		below->expr = (Expr *) makeVarFromTargetEntry(OUTER_VAR, tle);
		above->expr = (Expr *) makeVarFromTargetEntry(INDEX_VAR, tle);
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist, below);
		scan->scan.plan.targetlist = lappend(scan->scan.plan.targetlist, above);
	}
	scan->scan.plan.lefttree = plan;
	scan->methods = vector_scan_methods();
	take_init_plans(plan, scan, rtable);
	return &scan->scan.plan;
}

/*
 * Nodes that are not started as such cannot start their init plans: the CustomScan
 * does.  Below the operators' nodes, plans are treated like any other.
 */
static void
take_init_plans(Plan *plan, CustomScan *scan, List *rtable)
{
	scan->scan.plan.initPlan = list_concat(scan->scan.plan.initPlan, plan->initPlan);
	plan->initPlan = NIL;
	if (IsA(plan, Hash) || vector_is_operator(plan, rtable))
	{
		if (outerPlan(plan))
			take_init_plans(outerPlan(plan), scan, rtable);
		if (innerPlan(plan))
			take_init_plans(innerPlan(plan), scan, rtable);
	}
	else
		replace_children(plan, rtable);
}
