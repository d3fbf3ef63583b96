/*-------------------------------------------------------------------------
 * agg_split.c
 *	  Aggregate in two phases: have a task's plan give or take states.
 *
 * SQL has no words for transition states, so a task says what it wants in SQL
 * that means something else, and its plan is changed after planning.  The
 * first phase is an ordinary grouped SELECT whose top Agg gives states instead
 * of results.  The second one calls an aggregate over nothing,
 *
 *	  avg(NULL::integer) FILTER (WHERE barks.combine_state(c2))
 *
 * for the result that states in c2 combine to; within one Agg all calls are
 * such calls or none is.  Only barks.rdd_combine has an argument then that counts, its
 * program.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "nodes/nodeFuncs.h"
#include "nodes/makefuncs.h"
#include "optimizer/planner.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "job/plan.h"
#include "job/program.h"
#include "worker/agg_split.h"

/* A walk over the expressions of one Agg. */
typedef struct CombineContext
{
	Oid			marker;			/* barks.combine_state */
	int			combined;		/* calls found with it */
	int			others;			/* and without */
} CombineContext;

static void mark_target(TargetEntry *tle);
static bool contains_aggref(Node *node, void *context);
static void check_minmax(Query *query);
static void combine_in_plan(Plan *plan, Oid marker);
static void combine_in_list(List *plans, Oid marker);
static void combine_in_agg(Agg *agg, Oid marker);
static bool combine_walker(Node *node, CombineContext *context);

/*
 * Have the plan give transition states instead of results.  The driver asks
 * for it only for a grouped query whose output columns are group keys and
 * bare aggregates; whatever else PostgreSQL made of it is an internal error,
 * never a wrong number.
 */
void
agg_split_make_partial(PlannedStmt *plan, Query *query)
{
	Agg		   *agg = (Agg *) plan->planTree;
	ListCell   *lc;

	if (query->havingQual)
		elog(ERROR, "a partial aggregate cannot have HAVING");
	if (IsA(plan->planTree, Result) && plan->planTree->initPlan != NIL &&
		outerPlan(plan->planTree) == NULL && query->groupClause == NIL)
	{
		check_minmax(query);	/* min and max by index: their states are their results */
		return;
	}
	if (!IsA(agg, Agg) || agg->plan.qual || agg->aggsplit != AGGSPLIT_SIMPLE)
		elog(ERROR, "a partial aggregate has plan node %d on top", (int) nodeTag(agg));

	agg->aggsplit = AGGSPLIT_INITIAL_SERIAL;
	foreach(lc, agg->chain)
		lfirst_node(Agg, lc)->aggsplit = AGGSPLIT_INITIAL_SERIAL;
	foreach(lc, agg->plan.targetlist)
		mark_target(lfirst_node(TargetEntry, lc));
}

static void
mark_target(TargetEntry *tle)
{
	if (IsA(tle->expr, Aggref))
	{
		Aggref	   *aggref = (Aggref *) tle->expr;

		if (aggref->aggorder || aggref->aggkind != AGGKIND_NORMAL)
			elog(ERROR, "aggregate %u cannot be partial", aggref->aggfnoid);
		mark_partial_aggref(aggref, AGGSPLIT_INITIAL_SERIAL);
	}
	else if (contains_aggref((Node *) tle->expr, NULL))
		elog(ERROR, "a partial aggregate is part of an expression");
}

static bool
contains_aggref(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
		return true;
	return expression_tree_walker(node, contains_aggref, context);
}

/* Every aggregate's transition state must be what the aggregate returns. */
static void
check_minmax(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		HeapTuple	tuple;
		Form_pg_aggregate form;
		bool		same;

		if (!IsA(tle->expr, Aggref))
		{
			if (contains_aggref((Node *) tle->expr, NULL))
				elog(ERROR, "a partial aggregate is part of an expression");
			continue;
		}
		tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(((Aggref *) tle->expr)->aggfnoid));
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for aggregate %u", ((Aggref *) tle->expr)->aggfnoid);
		form = (Form_pg_aggregate) GETSTRUCT(tuple);
		same = !OidIsValid(form->aggfinalfn) && !OidIsValid(form->aggserialfn);
		ReleaseSysCache(tuple);
		if (!same)
			elog(ERROR, "aggregate %u was planned by index and cannot be partial",
				 ((Aggref *) tle->expr)->aggfnoid);
	}
}

void
agg_split_combine(PlannedStmt *plan)
{
	Oid			marker = barks_combine_state_oid();
	ListCell   *lc;

	if (!OidIsValid(marker))
		return;
	combine_in_plan(plan->planTree, marker);
	foreach(lc, plan->subplans)
		combine_in_plan(lfirst(lc), marker);
}

static void
combine_in_plan(Plan *plan, Oid marker)
{
	if (plan == NULL)
		return;
	combine_in_plan(plan->lefttree, marker);
	combine_in_plan(plan->righttree, marker);
	switch (nodeTag(plan))
	{
		case T_Append:
			combine_in_list(((Append *) plan)->appendplans, marker);
			break;
		case T_MergeAppend:
			combine_in_list(((MergeAppend *) plan)->mergeplans, marker);
			break;
		case T_SubqueryScan:
			combine_in_plan(((SubqueryScan *) plan)->subplan, marker);
			break;
		case T_CustomScan:
			combine_in_list(((CustomScan *) plan)->custom_plans, marker);
			break;
		case T_Agg:
			combine_in_agg((Agg *) plan, marker);
			break;
		default:
			break;
	}
}

static void
combine_in_list(List *plans, Oid marker)
{
	ListCell   *lc;

	foreach(lc, plans)
		combine_in_plan(lfirst(lc), marker);
}

static void
combine_in_agg(Agg *agg, Oid marker)
{
	CombineContext context = {marker};

	combine_walker((Node *) agg->plan.targetlist, &context);
	combine_walker((Node *) agg->plan.qual, &context);
	if (context.combined == 0)
		return;
	if (context.others > 0 || agg->chain || agg->aggsplit != AGGSPLIT_SIMPLE)
		elog(ERROR, "states and values meet in one aggregation");
	agg->aggsplit = AGGSPLIT_FINAL_DESERIAL;
}

/* Turn marked calls, in place, into what set_plan_refs makes of the second phase. */
static bool
combine_walker(Node *node, CombineContext *context)
{
	Aggref	   *aggref = (Aggref *) node;
	FuncExpr   *marked;

	if (node == NULL)
		return false;
	if (!IsA(node, Aggref))
		return expression_tree_walker(node, combine_walker, context);
	marked = (FuncExpr *) aggref->aggfilter;
	if (marked == NULL || !IsA(marked, FuncExpr) || marked->funcid != context->marker)
	{
		context->others++;
		return false;
	}
	if (aggref->aggsplit == AGGSPLIT_SIMPLE)
	{
		/* a filter of states is not asked: there barks.rdd_combine looks for its program */
		aggref->aggfilter = (Expr *) program_of_call(aggref);
		aggref->args = list_make1(makeTargetEntry(linitial(marked->args), 1, NULL, false));
		mark_partial_aggref(aggref, AGGSPLIT_FINAL_DESERIAL);
	}
	context->combined++;
	return false;
}
