/*-------------------------------------------------------------------------
 * plan_test.c
 *	  What a task's planner expects of the rows that it reads.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"

#include "worker/exchange_scan.h"
#include "worker/task_plan.h"

PG_FUNCTION_INFO_V1(task_plan_rows);

/*
 * task_plan_rows(sql, rows, distinct): how many rows the planner expects of a
 * query over barks.exchange(1) and (2), which give so many rows each, whose
 * first column has so many values, 0: nobody knows.
 */
Datum
task_plan_rows(PG_FUNCTION_ARGS)
{
	char	   *sql = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int32		distinct = PG_GETARG_INT32(2);
	TaskInput	one = {.index = 1, .stage = 1, .rows = PG_GETARG_INT32(1)};
	TaskInput	two = {.index = 2, .stage = 2, .rows = PG_GETARG_INT32(1)};
	StageSources first = {.stage = 1, .ncolumns = 1, .distinct = &distinct};
	StageSources second = {.stage = 2, .ncolumns = 1, .distinct = &distinct};
	TaskDone	done = {0};
	ExchangeInputs inputs = {.inputs = list_make2(&one, &two),
	.sources = list_make2(&first, &second), .done = &done};
	const ExchangeInputs *before = exchange_set_inputs(&inputs);
	double		rows = 0;

	PG_TRY();
	{
		rows = task_plan(task_parse(sql, 1, GetUserId()), sql, false, true)->planTree->plan_rows;
	}
	PG_FINALLY();
	{
		(void) exchange_set_inputs(before);
	}
	PG_END_TRY();
	PG_RETURN_FLOAT8(rows);
}
