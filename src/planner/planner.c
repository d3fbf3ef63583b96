/*-------------------------------------------------------------------------
 * planner.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "planner/planner.h"

const CustomScanMethods *barks_scan_methods;

void
planner_init(void)
{
}

PlannedStmt *
planner_plan(Query *parse, const char *query_string, int cursor_options,
			 ParamListInfo params, planner_hook_type next)
{
	return next(parse, query_string, cursor_options, params);
}
