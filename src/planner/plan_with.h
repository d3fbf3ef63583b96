/*-------------------------------------------------------------------------
 * plan_with.h
 *	  PostgreSQL's planner under other settings.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_PLAN_WITH_H
#define BARKS_PLANNER_PLAN_WITH_H

#include "optimizer/planner.h"

/* Those of PostgreSQL's settings that are changed for a plan. */
typedef struct PlannerSettings
{
	bool		mergejoin;
	bool		nestloop;
	bool		memoize;
	bool		hashjoin;
	bool		jit;
	int			workers;
	int			force_parallel;
	double		page_cost;		/* seq_page_cost */
	double		setup_cost;		/* of parallel workers */
	double		transfer_cost;	/* of a row from one */
	double		row_cost;
	double		operator_cost;
} PlannerSettings;

/* As they are now. */
extern void planner_get_settings(PlannerSettings *settings);
/* Plan by next under other settings, which are put back in any case. */
extern PlannedStmt *planner_plan_with(const PlannerSettings *settings, Query *parse, const char *query_string,
									  int cursor_options, ParamListInfo params, planner_hook_type next);

#endif							/* BARKS_PLANNER_PLAN_WITH_H */
