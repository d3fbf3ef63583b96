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

#include "jit/jit.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"

#include "planner/decorrelate.h"
#include "vector/semi_join.h"
#include "vector/settings.h"
#include "vector/unsort.h"
#include "vector/vector.h"

/*
 * What a row, and a page that is read in order, cost in batches, of what they cost PostgreSQL's
 * nodes: by these the plans for batches are compared among each other.
 */
#define ROW_COST		0.2
#define PAGE_COST		0.03

/* What it costs to start workers, and to take a row from one, in the same measure. */
#define WORKER_COST		0.2

/*
 * So much longer than PostgreSQL's plan of a cost takes a plan for batches of that cost, as measured
 * over the TPC-H queries.
 */
#define BATCH_UNIT		5.7

/* A plan below this cost stays as it is: planning again would take about as long as it does. */
#define CHEAP_PLAN		1000.0

/* What decides how PostgreSQL plans. */
typedef struct PlannerSettings
{
	bool		mergejoin;
	bool		nestloop;
	bool		jit;
	int			workers;
	double		page_cost;
	double		setup_cost;
	double		transfer_cost;
	double		row_cost;
	double		operator_cost;
} PlannerSettings;

static bool may_pay(Query *query);
static PlannedStmt *plan_for_batches(Query *parse, const char *query_string, int cursor_options,
									 ParamListInfo params, planner_hook_type next, int processes);
static PlannedStmt *plan_with(const PlannerSettings *settings, Query *parse, const char *query_string,
							  int cursor_options, ParamListInfo params, planner_hook_type next);
static void get_settings(PlannerSettings *settings);
static void set_settings(const PlannerSettings *settings);
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

	get_settings(&settings);
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
	cheap.operator_cost *= ROW_COST;
	stmt = plan_with(&cheap, parse, query_string, cursor_options, params, next);
	if (stmt->planTree->total_cost >= disable_cost)
		stmt = plan_with(&settings, again, query_string, cursor_options, params, next);
	return stmt;
}

static PlannedStmt *
plan_with(const PlannerSettings *settings, Query *parse, const char *query_string, int cursor_options,
		  ParamListInfo params, planner_hook_type next)
{
	PlannerSettings saved;
	PlannedStmt *volatile stmt = NULL;

	get_settings(&saved);
	PG_TRY();
	{
		set_settings(settings);
		stmt = next(parse, query_string, cursor_options, params);
	}
	PG_FINALLY();
	{
		set_settings(&saved);
	}
	PG_END_TRY();
	return stmt;
}

static void
get_settings(PlannerSettings *settings)
{
	settings->mergejoin = enable_mergejoin;
	settings->nestloop = enable_nestloop;
	settings->jit = jit_enabled;
	settings->workers = max_parallel_workers_per_gather;
	settings->page_cost = seq_page_cost;
	settings->setup_cost = parallel_setup_cost;
	settings->transfer_cost = parallel_tuple_cost;
	settings->row_cost = cpu_tuple_cost;
	settings->operator_cost = cpu_operator_cost;
}

static void
set_settings(const PlannerSettings *settings)
{
	enable_mergejoin = settings->mergejoin;
	enable_nestloop = settings->nestloop;
	jit_enabled = settings->jit;
	max_parallel_workers_per_gather = settings->workers;
	seq_page_cost = settings->page_cost;
	parallel_setup_cost = settings->setup_cost;
	parallel_tuple_cost = settings->transfer_cost;
	cpu_tuple_cost = settings->row_cost;
	cpu_operator_cost = settings->operator_cost;
}

static PlannedStmt *
cheaper(PlannedStmt *a, PlannedStmt *b)
{
	return b->planTree->total_cost < a->planTree->total_cost ? b : a;
}
