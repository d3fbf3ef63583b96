/*-------------------------------------------------------------------------
 * replan.c
 *	  Plan a query for batches.
 *
 * PostgreSQL plans the query first, as it always does.  If that plan is
 * expensive, it plans the query again, with costs by which rows in batches are
 * cheap, without merge joins, nested loops and shared hash tables, and with
 * the processes that there are cores for; then once more with correlated
 * aggregates as joins, if there are any.  The cheapest of these plans runs.  So a query that an index
 * answers at once is planned once, and one that has an index for its joins keeps
 * these joins where they are better than reading all.
 *
 * Nested loops are not weighed against hash joins while rows are cheap: where
 * PostgreSQL expects too few rows a nested loop is ruinous, and a hash join
 * over batches never is.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "parser/parsetree.h"

#include "planner/decorrelate.h"
#include "planner/plan_with.h"
#include "vector/semi_join.h"
#include "vector/settings.h"
#include "vector/unsort.h"
#include "vector/vector.h"

/*
 * What a row, an operator and a page that is read in order cost in batches, of what they cost
 * PostgreSQL's nodes: by these the plans for batches are compared among each other.
 */
#define ROW_COST		0.2
#define OPERATOR_COST	0.05
#define PAGE_COST		0.03

/* What it costs to start workers, and to take a row from one, in the same measure. */
#define WORKER_COST		0.2

/*
 * So much longer than PostgreSQL's plan of a cost takes a plan for batches of that cost, as measured
 * over the TPC-H queries.
 */
#define BATCH_UNIT		3.0

/* A plan below this cost stays as it is: planning again would take about as long as it does. */
#define CHEAP_PLAN		1000.0

static bool may_pay(Query *query);
static PlannedStmt *plan_for_batches(Query *parse, const char *query_string, int cursor_options,
									 ParamListInfo params, planner_hook_type next, int processes);
static PlannedStmt *cheaper(PlannedStmt *a, PlannedStmt *b);

PlannedStmt *
vector_plan(Query *parse, const char *query_string, int cursor_options, ParamListInfo params,
			planner_hook_type next, int processes)
{
	PlannedStmt *stmt;
	PlannedStmt *batches;
	Query	   *again;
	Query	   *joined;
	bool		ordered;

	if (vector_setting() == VECTORIZE_OFF || !may_pay(parse))
		return next(parse, query_string, cursor_options, params);
	again = copyObject(parse);	/* planning scribbles on its input */
	ordered = vector_order_matters(parse);
	stmt = next(parse, query_string, cursor_options, params);
	if (vector_setting() != VECTORIZE_FORCE && stmt->planTree->total_cost < CHEAP_PLAN)
		return stmt;
	joined = copyObject(again);
	batches = plan_for_batches(again, query_string, cursor_options, params, next, processes);
	if (decorrelate(joined, true))
		batches = cheaper(batches, plan_for_batches(joined, query_string, cursor_options, params, next,
													processes));
	if (vector_setting() == VECTORIZE_FORCE ||
		batches->planTree->total_cost * BATCH_UNIT < stmt->planTree->total_cost)
		stmt = batches;
	vector_unsort(stmt, ordered);
	vector_semi_joins(stmt);
	return stmt;
}

/* Queries of one table without groups or order, which are most short ones, gain nothing. */
static bool
may_pay(Query *query)
{
	RangeTblRef *from;

	if (query->commandType == CMD_UTILITY)
		return false;
	if (vector_setting() == VECTORIZE_FORCE || query->commandType != CMD_SELECT || query->cteList ||
		query->hasAggs || query->hasWindowFuncs || query->hasSubLinks || query->hasDistinctOn ||
		query->groupClause || query->groupingSets || query->distinctClause || query->sortClause ||
		query->setOperations)
		return true;
	if (query->jointree == NULL || list_length(query->jointree->fromlist) != 1)
		return query->jointree && query->jointree->fromlist != NIL;
	from = linitial(query->jointree->fromlist);
	return !IsA(from, RangeTblRef) ||
		rt_fetch(from->rtindex, query->rtable)->rtekind != RTE_RELATION;
}

/* Nested loops are for what no other join can do; then they are weighed as PostgreSQL does. */
static PlannedStmt *
plan_for_batches(Query *parse, const char *query_string, int cursor_options, ParamListInfo params,
				 planner_hook_type next, int processes)
{
	Query	   *again = copyObject(parse);
	PlannerSettings settings;
	PlannerSettings cheap;
	PlannedStmt *stmt;

	planner_get_settings(&settings);
	settings.mergejoin = false;
	settings.jit = false;
	if (vector_setting() != VECTORIZE_FORCE)
		settings.workers = Min(settings.workers, processes - 1);
	settings.page_cost *= PAGE_COST;
	settings.setup_cost *= WORKER_COST;
	settings.transfer_cost *= WORKER_COST;
	cheap = settings;
	cheap.nestloop = false;
	cheap.row_cost *= ROW_COST;
	cheap.operator_cost *= OPERATOR_COST;
	stmt = planner_plan_with(&cheap, parse, query_string, cursor_options, params, next);
	if (stmt->planTree->total_cost >= disable_cost)
		stmt = planner_plan_with(&settings, again, query_string, cursor_options, params, next);
	return stmt;
}

static PlannedStmt *
cheaper(PlannedStmt *a, PlannedStmt *b)
{
	return b->planTree->total_cost < a->planTree->total_cost ? b : a;
}
