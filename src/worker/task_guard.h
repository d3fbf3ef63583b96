/*-------------------------------------------------------------------------
 * task_guard.h
 *	  Run whole tasks so that an error in one is a frame, not an error.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_TASK_GUARD_H
#define BARKS_WORKER_TASK_GUARD_H

#include "worker/task.h"

/* Called for each frame, within the task's subtransaction or after it. */
typedef void (*TaskEmit) (StringInfo frame, void *arg);

/*
 * Run a task in a subtransaction and emit its frames: batches, notices ('N'),
 * and last 'D' or 'E'.  Errors that emit raises within the task count as the
 * task's.  parent: a context that is reset after each task.
 */
extern void task_guarded_run(const JobSetup *setup, const TaskSpec *spec,
							 List *sources, Snapshot snapshot, Oid service_role, int64 queue_us,
							 MemoryContext parent, TaskEmit emit, void *arg);

/*
 * Create the acting role (NOLOGIN) when it is missing.  Writes, so not in a
 * transaction that reads under a snapshot; another process may be at it too.
 */
extern bool task_role_exists(const char *role);
extern void task_role_create(const char *role);

#endif							/* BARKS_WORKER_TASK_GUARD_H */
