/*-------------------------------------------------------------------------
 * current_task.c
 *	  The task that this process runs just now, for functions that tell it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "job/current_task.h"

static const CurrentTask *current;

const CurrentTask *
current_task(void)
{
	return current;
}

void
current_task_set(const CurrentTask *task)
{
	current = task;
}
