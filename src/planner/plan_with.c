/*-------------------------------------------------------------------------
 * plan_with.c
 *	  PostgreSQL's planner under other settings.
 *
 * The settings are changed as variables for the time of the call and put back
 * in any case: changing them as GUCs would fail in a parallel worker.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "jit/jit.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"

#include "planner/plan_with.h"

static void set_settings(const PlannerSettings *settings);

PlannedStmt *
planner_plan_with(const PlannerSettings *settings, Query *parse, const char *query_string, int cursor_options,
				  ParamListInfo params, planner_hook_type next)
{
	PlannerSettings saved;
	PlannedStmt *volatile stmt = NULL;

	planner_get_settings(&saved);
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

void
planner_get_settings(PlannerSettings *settings)
{
	settings->mergejoin = enable_mergejoin;
	settings->nestloop = enable_nestloop;
	settings->memoize = enable_memoize;
	settings->hashjoin = enable_hashjoin;
	settings->jit = jit_enabled;
	settings->workers = max_parallel_workers_per_gather;
	settings->force_parallel = force_parallel_mode;
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
	enable_memoize = settings->memoize;
	enable_hashjoin = settings->hashjoin;
	jit_enabled = settings->jit;
	max_parallel_workers_per_gather = settings->workers;
	force_parallel_mode = settings->force_parallel;
	seq_page_cost = settings->page_cost;
	parallel_setup_cost = settings->setup_cost;
	parallel_tuple_cost = settings->transfer_cost;
	cpu_tuple_cost = settings->row_cost;
	cpu_operator_cost = settings->operator_cost;
}
