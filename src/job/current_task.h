/*-------------------------------------------------------------------------
 * current_task.h
 *	  The task that this process runs just now, for functions that tell it.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_CURRENT_TASK_H
#define BARKS_JOB_CURRENT_TASK_H

/* As barks.tasks has it. */
typedef struct CurrentTask
{
	uint64		job;
	int32		stage;
	int32		task;
	int32		attempt;
} CurrentTask;

/* NULL: none.  What is set must stay until another one is. */
extern const CurrentTask *current_task(void);
extern void current_task_set(const CurrentTask *task);

#endif							/* BARKS_JOB_CURRENT_TASK_H */
