/*-------------------------------------------------------------------------
 * registry.h
 *	  The jobs of this server, running and recent, for views and cancel.
 *
 * A driver tells the registry what happens to its job; any session may look
 * (barks.jobs, barks.stages, barks.tasks).  The registry is bookkeeping only:
 * nothing the scheduler decides is read from it, and when shared memory runs
 * out it forgets details rather than fail a query.  No call waits for
 * anything but a short LWLock, and none but registry_job_begin raises errors.
 *
 *	  job      running → finished | failed | cancelled
 *	  stage    running → finished (all tasks done, or job finished) | failed | cancelled
 *	  attempt  running → finished | failed | cancelled
 *
 * A call for a job that has ended, or is not of this backend, does nothing.
 * Jobs that their driver does not end are ended when its (sub)transaction or
 * backend ends: as failed, or as finished at commit.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_REGISTRY_H
#define BARKS_DRIVER_REGISTRY_H

#include "job/protocol.h"

typedef enum RegistryState
{
	REGISTRY_RUNNING,
	REGISTRY_FINISHED,
	REGISTRY_FAILED,
	REGISTRY_CANCELLED
} RegistryState;

/*
 * A new running job of the current user (SET ROLE counts, SECURITY DEFINER
 * does not).  query NULL means debug_query_string.  Returns the job's number,
 * from 1, never used again while the server runs.
 */
extern uint64 registry_job_begin(const char *query);

/*
 * The job has this stage (from 1), to be run as ntasks tasks.  exchange says
 * how its rows travel on ("gather", …).  Called again for a stage it changes
 * the number of tasks, and starts its count of finished ones anew.
 */
extern void registry_stage(uint64 job, int stage, const char *exchange, int ntasks);

/* Task (from 0 to ntasks - 1) was sent to a node; attempts count from 1. */
extern void registry_task_started(uint64 job, int stage, int task, int attempt,
								  const char *node);
/* What arrived of a running attempt so far, absolute; optional. */
extern void registry_task_progress(uint64 job, int stage, int task, int attempt,
								   int64 rows, int64 bytes);
extern void registry_task_done(uint64 job, int stage, int task, int attempt,
							   const TaskDone *done);
extern void registry_task_failed(uint64 job, int stage, int task, int attempt,
								 const char *error);
extern void registry_task_cancelled(uint64 job, int stage, int task, int attempt);

/* Rows the job has given to the plan above it so far, absolute. */
extern void registry_job_rows(uint64 job, int64 rows);

/*
 * The job is over; stages and attempts still running become finished or
 * cancelled with it.  error may be NULL.
 */
extern void registry_job_end(uint64 job, RegistryState state, const char *error);

extern void registry_init(void);	/* GUC barks.job_history, shmem, callbacks */

#endif							/* BARKS_DRIVER_REGISTRY_H */
