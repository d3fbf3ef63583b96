/*-------------------------------------------------------------------------
 * registry.h
 *	  The jobs of this server, running and recent, for views and cancel.
 *
 * A driver tells the registry what happens to its job; any session may look
 * (barks.jobs, barks.stages, barks.tasks).  The registry is bookkeeping only:
 * nothing the scheduler decides is read from it.  No call waits for anything
 * but a short LWLock, and the only errors are those of shared memory running
 * out.
 *
 *	  job      running → finished | failed | cancelled
 *	  stage    waiting → running → finished (all tasks done, or job finished) | failed | cancelled
 *	  attempt  running → finished | failed | cancelled
 *
 * A call for a job that has ended, or is not of this backend, does nothing.
 * Jobs that their driver does not end are ended with its (sub)transaction: as
 * cancelled when barks.cancel_job asked for it, else as failed, with the last
 * error of a task; at commit as finished.  That also covers backends that die.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_REGISTRY_H
#define BARKS_DRIVER_REGISTRY_H

#include "nodes/pg_list.h"

#include "job/protocol.h"

typedef enum RegistryState
{
	REGISTRY_RUNNING,
	REGISTRY_FINISHED,
	REGISTRY_FAILED,
	REGISTRY_CANCELLED,
	REGISTRY_WAITING			/* stages only */
} RegistryState;

/*
 * A new running job of the current user (SET ROLE counts, SECURITY DEFINER
 * does not).  query NULL means debug_query_string.  Returns the job's number,
 * from 1, never used again while the server runs.
 */
/* barks.job_group: the group that the session's jobs are in; "": none */
extern char *job_group;

extern uint64 registry_job_begin(const char *query);

/*
 * The job has this stage (from 1), to be run as ntasks tasks.  exchange says
 * how its rows travel on ("gather", …).  Called again for a stage it changes
 * the number of tasks; those there were stay as they are.
 */
extern void registry_stage(uint64 job, int stage, const char *exchange, int ntasks);

/* The job's RDD is asked for by this action, without rdd_; NULL: there is none. */
extern void registry_job_action(uint64 job, const char *action);
/* A known stage computes these operations, of String. */
extern void registry_stage_operations(uint64 job, int stage, List *operations);

/* The job has this stage, which waits for others; its tasks are not known. */
extern void registry_stage_waits(uint64 job, int stage, const char *exchange);

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

/*
 * The job ends by the error that is being handled: for PG_CATCH, before the
 * error is re-thrown.
 */
extern void registry_job_end_by_error(uint64 job);

extern void registry_init(void);	/* GUC barks.job_history, shmem, callbacks */

#endif							/* BARKS_DRIVER_REGISTRY_H */
