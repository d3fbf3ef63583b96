/*-------------------------------------------------------------------------
 * registry_test.c
 *	  The calls of driver/registry.h as SQL functions.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"

#include "driver/registry.h"

PG_FUNCTION_INFO_V1(job_begin);
PG_FUNCTION_INFO_V1(job_stage);
PG_FUNCTION_INFO_V1(task_started);
PG_FUNCTION_INFO_V1(task_progress);
PG_FUNCTION_INFO_V1(task_done);
PG_FUNCTION_INFO_V1(task_failed);
PG_FUNCTION_INFO_V1(job_end);
PG_FUNCTION_INFO_V1(registry_speed);

Datum
job_begin(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(registry_job_begin(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

Datum
job_stage(PG_FUNCTION_ARGS)
{
	registry_stage(PG_GETARG_INT64(0), PG_GETARG_INT32(1),
				   text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_INT32(3));
	PG_RETURN_VOID();
}

Datum
task_started(PG_FUNCTION_ARGS)
{
	registry_task_started(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2),
						  PG_GETARG_INT32(3), text_to_cstring(PG_GETARG_TEXT_PP(4)));
	PG_RETURN_VOID();
}

Datum
task_progress(PG_FUNCTION_ARGS)
{
	registry_task_progress(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2),
						   PG_GETARG_INT32(3), PG_GETARG_INT64(4), PG_GETARG_INT64(4) * 10);
	registry_job_rows(PG_GETARG_INT64(0), PG_GETARG_INT64(4));
	PG_RETURN_VOID();
}

Datum
task_done(PG_FUNCTION_ARGS)
{
	TaskDone	done = {.task = PG_GETARG_INT32(2), .rows = PG_GETARG_INT64(4), .bytes = 100,
		.queue_us = 1500, .plan_us = 2500, .run_us = 3500, .spill_bytes = 7, .pid = 42};

	registry_task_done(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2),
					   PG_GETARG_INT32(3), &done);
	PG_RETURN_VOID();
}

Datum
task_failed(PG_FUNCTION_ARGS)
{
	registry_task_failed(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2),
						 PG_GETARG_INT32(3), text_to_cstring(PG_GETARG_TEXT_PP(4)));
	PG_RETURN_VOID();
}

Datum
job_end(PG_FUNCTION_ARGS)
{
	char	   *state = text_to_cstring(PG_GETARG_TEXT_PP(1));

	registry_job_end(PG_GETARG_INT64(0),
					 strcmp(state, "finished") == 0 ? REGISTRY_FINISHED :
					 strcmp(state, "failed") == 0 ? REGISTRY_FAILED : REGISTRY_CANCELLED,
					 PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}

/* Microseconds per task to record the life of a job of that many tasks. */
Datum
registry_speed(PG_FUNCTION_ARGS)
{
	int			ntasks = PG_GETARG_INT32(0);
	TaskDone	done = {.rows = 1};
	instr_time	start;
	instr_time	end;
	uint64		job;

	INSTR_TIME_SET_CURRENT(start);
	job = registry_job_begin("registry_speed");
	registry_stage(job, 1, "gather", ntasks);
	for (int i = 0; i < ntasks; i++)
	{
		registry_task_started(job, 1, i, 1, i % 2 ? "n1" : "n2");
		registry_task_progress(job, 1, i, 1, 1, 1);
		registry_task_done(job, 1, i, 1, &done);
	}
	registry_job_end(job, REGISTRY_FINISHED, NULL);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	PG_RETURN_FLOAT8(INSTR_TIME_GET_DOUBLE(end) * 1e6 / ntasks);
}
