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

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "vector/buffer_hints.h"
#include "vector/custom_scan.h"
#include "vector/kernels.h"
#include "vector/node.h"
#include "vector/plan_tree.h"
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
/* What a row takes beside its values, about, where PostgreSQL sorts it. */
#define MINIMAL_TUPLE_BYTES		40

/* What visits of children look at. */
typedef struct PaysWalk
{
	List	   *rtable;
	bool		pays;			/* one of them does */
	double		rows;			/* the most that any gives or reads */
} PaysWalk;

typedef struct InitPlanWalk
{
	CustomScan *scan;
	List	   *rtable;
} InitPlanWalk;

/*
 * The ids of CustomScans are those of their plans' topmost nodes, plus this: shared memory
 * and EXPLAIN know nodes by their ids, and where PostgreSQL runs the plan both are there.
 */
#define FIRST_NODE_ID	(1 << 28)

static int	vectorize = VECTORIZE_ON;

static void replace_subplans(PlannedStmt *stmt);
static void mark_complete(Plan *plan, List *rtable, bool complete, bool operators);
static Plan *replace(Plan *plan, List *rtable);
static void replace_children(Plan *plan, List *rtable);
static Plan *replace_restorable(Plan *plan, List *rtable);
static bool pays(Plan *plan, List *rtable);
static void child_pays(Plan **child, void *arg);
static void max_rows(Plan **plan, void *arg);
static Plan *wrap(Plan *plan, List *rtable);
static void take_init_plans(Plan *plan, CustomScan *scan, List *rtable);
static void take_from_child(Plan **child, void *arg);

void
vector_init(void)
{
	DefineCustomEnumVariable("barks.vectorize",
							 "Runs parts of queries over batches of rows.",
							 "\"force\" does so wherever it can be done, whatever it costs.",
							 &vectorize, VECTORIZE_ON, vectorize_options, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	vec_init();
	vec_kernels_init();
	vector_scan_init();
	buffer_hints_init();
}

Vectorize
vector_setting(void)
{
	return vectorize;
}

/* May rows be fetched backward?  Of a declared cursor also if nothing was said of it. */
static bool
scrolls(int cursor_options)
{
	return (cursor_options & CURSOR_OPT_SCROLL) ||
		((cursor_options & CURSOR_OPT_FAST_PLAN) && !(cursor_options & CURSOR_OPT_NO_SCROLL));
}

void
vector_on_plan(PlannedStmt *stmt, int cursor_options)
{
	if (vectorize == VECTORIZE_OFF || stmt->planTree == NULL)
		return;
	if (scrolls(cursor_options) && ExecSupportsBackwardScan(stmt->planTree))
	{
		/* rows that it remembers, it can give again; others would have to be read backward */
		if (!IsA(stmt->planTree, Material) && !IsA(stmt->planTree, Sort))
			return;
		replace_children(stmt->planTree, stmt->rtable);
	}
	else
		stmt->planTree = replace(stmt->planTree, stmt->rtable);
	replace_subplans(stmt);
	mark_complete(stmt->planTree, stmt->rtable, false, false);
}

void
vector_on_batch_plan(PlannedStmt *stmt, bool to_the_end)
{
	PaysWalk	walk = {stmt->rtable, false, 0};

	if (vectorize == VECTORIZE_OFF)
		return;
	max_rows(&stmt->planTree, &walk);
	if (!vector_is_operator(stmt->planTree, stmt->rtable) || stmt->planTree->targetlist == NIL ||
		(walk.rows < MIN_ROWS && vectorize != VECTORIZE_FORCE))
	{
		vector_on_plan(stmt, 0);
		return;
	}
	stmt->planTree = wrap(stmt->planTree, stmt->rtable);
	replace_subplans(stmt);
	mark_complete(stmt->planTree, stmt->rtable, to_the_end, false);
}

/*
 * Tell CustomScans of which all rows will be asked for: all are of this plan, or they are below
 * what reads its input to the end before it gives anything.  operators: the plan is run by
 * operators, if it can be.
 */
static void
mark_complete(Plan *plan, List *rtable, bool complete, bool operators)
{
	bool		outer = false;
	ListCell   *lc;

	check_stack_depth();
	if (plan == NULL)
		return;
	operators = operators && (IsA(plan, Hash) || vector_is_operator(plan, rtable));
	switch (nodeTag(plan))
	{
		case T_CustomScan:
			if (((CustomScan *) plan)->methods != vector_scan_methods())
				return;
			if (complete)
				((CustomScan *) plan)->custom_private = list_make1(makeBoolean(true));
			outer = complete;
			operators = true;
			break;
		case T_Agg:
			outer = complete || ((Agg *) plan)->aggstrategy == AGG_PLAIN ||
				((Agg *) plan)->aggstrategy == AGG_HASHED;
			break;
		case T_Sort:
		case T_Hash:
			outer = true;
			break;
		case T_SubqueryScan:
			mark_complete(((SubqueryScan *) plan)->subplan, rtable, complete, operators);
			return;
		case T_HashJoin:
			/* PostgreSQL's reads a row, and no more if there are no inner rows */
			outer = complete && operators;
			break;
		case T_WindowAgg:
			outer = complete && ((WindowAgg *) plan)->runCondition == NIL;
			break;
		case T_NestLoop:
		case T_Gather:
		case T_GatherMerge:
		case T_Material:
		case T_Result:
		case T_ProjectSet:
		case T_Group:
		case T_Unique:
			outer = complete;
			break;
		case T_Append:
			foreach(lc, ((Append *) plan)->appendplans)
				mark_complete(lfirst(lc), rtable, complete, operators);
			return;
		default:
			break;
	}
	mark_complete(outerPlan(plan), rtable, outer, operators);
	mark_complete(innerPlan(plan), rtable, false, operators);
}

static void
replace_subplans(PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->subplans)
		if (lfirst(lc))
			lfirst(lc) = replace(lfirst(lc), stmt->rtable);
}

static Plan *
replace(Plan *plan, List *rtable)
{
	check_stack_depth();
	/* rows without columns are for operators above alone */
	if (plan->targetlist != NIL && vector_is_operator(plan, rtable) && pays(plan, rtable))
		return wrap(plan, rtable);
	replace_children(plan, rtable);
	return plan;
}

static void
replace_child(Plan **child, void *rtable)
{
	*child = replace(*child, rtable);
}

static void
replace_children(Plan *plan, List *rtable)
{
	if (IsA(plan, MergeJoin))
	{
		outerPlan(plan) = replace(outerPlan(plan), rtable);
		innerPlan(plan) = replace_restorable(innerPlan(plan), rtable);
		return;
	}
	plan_walk_children(plan, replace_child, rtable);
}

/* Does a target give values to others of the row?  UPDATE ... SET (a, b) = (SELECT ...) has that. */
static bool
sets_others(Plan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->targetlist)
	{
		Expr	   *expr = ((TargetEntry *) lfirst(lc))->expr;

		if (IsA(expr, SubPlan) && ((SubPlan *) expr)->subLinkType == MULTIEXPR_SUBLINK)
			return true;
	}
	return false;
}

/* A merge join goes back in its inner rows: what can do that, must stay. */
static Plan *
replace_restorable(Plan *plan, List *rtable)
{
	if (IsA(plan, Result) && outerPlan(plan))
		outerPlan(plan) = replace_restorable(outerPlan(plan), rtable);
	else if (IsA(plan, Sort))
		replace_children(plan, rtable);
	else
		return replace(plan, rtable);
	return plan;
}

bool
vector_is_operator(Plan *plan, List *rtable)
{
	if (sets_others(plan))
		return false;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			return vec_scan_supported(plan, rtable);
		case T_Agg:
		case T_Group:
		case T_Unique:
			return vec_agg_supported(plan);
		case T_HashJoin:
			return vec_join_supported(plan);
		case T_SubqueryScan:
			return vec_subquery_supported(plan);
		case T_Result:
			return vec_result_supported(plan);
		case T_Sort:
			return vec_sort_supported(plan);
		case T_WindowAgg:
			return vec_window_supported(plan);
		case T_Limit:
			return vec_limit_supported(plan);
		case T_Append:
			return vec_append_supported(plan);
		case T_CustomScan:
			return vec_source_supported(plan);
		case T_ProjectSet:
			return vec_project_set_supported(plan);
		default:
			return false;
	}
}

/*
 * A scan alone that drops few rows only makes columns of rows that are made rows
 * again, and what passes rows on is worth as much as what is below.
 */
static bool
pays(Plan *plan, List *rtable)
{
	PaysWalk	walk = {rtable, false, 0};

	/* without input there is nothing to do in batches */
	if (IsA(plan, Result) && outerPlan(plan) == NULL)
		return false;
	if (vectorize == VECTORIZE_FORCE)
		return true;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			max_rows(&plan, &walk);
			return walk.rows >= MIN_ROWS && plan->plan_rows * 4 < walk.rows;
		case T_CustomScan:
			return false;
		case T_Limit:
			/* a sort of which few rows are wanted */
			if (IsA(outerPlan(plan), Sort) && vector_is_operator(outerPlan(plan), rtable) &&
				vector_is_operator(outerPlan(outerPlan(plan)), rtable))
				break;
			/* FALLTHROUGH */
		case T_SubqueryScan:
		case T_Result:
		case T_Append:
			plan_walk_children(plan, child_pays, &walk);
			return walk.pays;
		case T_Sort:
			/* PostgreSQL sorts by files what does not fit, and its own rows best */
			if (!vector_is_operator(outerPlan(plan), rtable) ||
				(IsA(outerPlan(plan), SeqScan) &&
				 plan->plan_rows * (plan->plan_width + MINIMAL_TUPLE_BYTES) > work_mem * 1024.0))
				return false;
			break;
		default:
			break;
	}
	max_rows(&plan, &walk);
	return walk.rows >= MIN_ROWS;
}

static void
child_pays(Plan **child, void *arg)
{
	PaysWalk   *walk = arg;

	walk->pays |= vector_is_operator(*child, walk->rtable) && pays(*child, walk->rtable);
}

/* The most rows that a node gives or reads. */
static void
max_rows(Plan **plan, void *arg)
{
	PaysWalk   *walk = arg;

	walk->rows = Max(walk->rows, (*plan)->plan_rows);
	if (IsA(*plan, SeqScan))
	{
		Oid			relid = rt_fetch(((SeqScan *) *plan)->scan.scanrelid, walk->rtable)->relid;
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

		if (HeapTupleIsValid(tuple))
		{
			walk->rows = Max(walk->rows, ((Form_pg_class) GETSTRUCT(tuple))->reltuples);
			ReleaseSysCache(tuple);
		}
	}
	plan_walk_children(*plan, max_rows, arg);
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
	scan->scan.plan.plan_node_id = plan->plan_node_id + FIRST_NODE_ID;
	scan->scan.plan.parallel_safe = plan->parallel_safe;
	scan->scan.plan.extParam = bms_copy(plan->extParam);
	scan->scan.plan.allParam = bms_copy(plan->allParam);
	foreach(lc, plan->targetlist)
	{
		TargetEntry *tle = lfirst(lc);
		TargetEntry *below = flatCopyTargetEntry(tle);
		TargetEntry *above = flatCopyTargetEntry(tle);

		below->expr = (Expr *) makeVarFromTargetEntry(OUTER_VAR, tle);
		/* ModifyTable wants to see NULLs of dropped columns */
		if (!IsA(tle->expr, Const))
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
 * does, and shares with parallel workers what its operators do.  Below the
 * operators' nodes, plans are treated like any other.
 */
static void
take_init_plans(Plan *plan, CustomScan *scan, List *rtable)
{
	InitPlanWalk walk = {scan, rtable};

	scan->scan.plan.initPlan = list_concat(scan->scan.plan.initPlan, plan->initPlan);
	plan->initPlan = NIL;
	if (plan->parallel_aware && vector_is_operator(plan, rtable))
		scan->scan.plan.parallel_aware = true;
	if (IsA(plan, Hash) || vector_is_operator(plan, rtable))
		plan_walk_children(plan, take_from_child, &walk);
	else
		replace_children(plan, rtable);
}

static void
take_from_child(Plan **child, void *arg)
{
	InitPlanWalk *walk = arg;

	take_init_plans(*child, walk->scan, walk->rtable);
}
