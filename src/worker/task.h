/*-------------------------------------------------------------------------
 * task.h
 *	  Run one task: SQL in, frames with batches out, step by step.
 *
 * The fragment is parsed as the session's own (service) role, whose rights its
 * tables are read with; it is planned and run as the acting role, under the
 * job's settings.  A step runs until a batch is full, so a consumer that
 * pauses costs nothing but memory for one batch; between steps the caller's
 * own user and settings are in force.
 *
 * Errors are raised as they are.  The caller ends the (sub)transaction in which
 * the task ran; a run notices that its resources are gone and must then be
 * given up with task_run_abandon.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_TASK_H
#define BARKS_WORKER_TASK_H

#include "lib/stringinfo.h"
#include "utils/snapshot.h"

#include "job/protocol.h"

typedef struct TaskRun TaskRun;

/*
 * Put the job's settings in force for the tasks that follow in this
 * transaction, so that each finds them as it needs them.  Only to save time:
 * a task sets what it does not find.  AtEOXact_GUC(true, level) ends it.
 */
extern int	task_settings_begin(const JobSetup *setup);

/*
 * Begin a task in a context under parent.  setup and spec are copied where
 * they must outlive the call; sources, a list of StageSources, must outlive
 * the run.  service_role: whose rights tables are read
 * with.  queue_us is passed on to the driver.
 */
extern TaskRun *task_run_start(const JobSetup *setup, const TaskSpec *spec,
							   List *sources, Snapshot snapshot, Oid service_role,
							   int64 queue_us, MemoryContext parent);
/* Write the next frame, 'B' or at the end 'D', into frame.  True after 'D'. */
extern bool task_run_step(TaskRun *run, StringInfo frame);
/* End a run, finished or not, and free it. */
extern void task_run_end(TaskRun *run);
/* The same after an error or when its transaction is gone: only frees. */
extern void task_run_abandon(TaskRun *run);
/* Were the run's resources released by an abort? */
extern bool task_run_aborted(const TaskRun *run);

extern void task_init(void);

#endif							/* BARKS_WORKER_TASK_H */
