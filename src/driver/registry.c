/*-------------------------------------------------------------------------
 * registry.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "driver/registry.h"

uint64
registry_job_begin(const char *query)
{
	static uint64 last_job = 0;

	return ++last_job;
}

void
registry_stage(uint64 job, int stage, const char *exchange, int ntasks)
{
}

void
registry_task_started(uint64 job, int stage, int task, int attempt, const char *node)
{
}

void
registry_task_progress(uint64 job, int stage, int task, int attempt,
					   int64 rows, int64 bytes)
{
}

void
registry_task_done(uint64 job, int stage, int task, int attempt, const TaskDone *done)
{
}

void
registry_task_failed(uint64 job, int stage, int task, int attempt, const char *error)
{
}

void
registry_task_cancelled(uint64 job, int stage, int task, int attempt)
{
}

void
registry_job_rows(uint64 job, int64 rows)
{
}

void
registry_job_end(uint64 job, RegistryState state, const char *error)
{
}

void
registry_init(void)
{
}
