/*-------------------------------------------------------------------------
 * job.h
 *	  Run the tasks of a stage and hand their rows to the driver.
 *
 * A Job is the run-time side of a stage: it opens lanes, keeps every slot
 * busy, runs failed attempts again, and yields batches.  It lives in a memory
 * context of its own; when that context goes away, for whatever reason, its
 * lanes are given back.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_JOB_H
#define BARKS_DRIVER_JOB_H

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "batch/batch.h"
#include "job/lane.h"

/* In which order batches may come. */
typedef enum JobOrder
{
	JOB_ARRIVAL,				/* whatever task answers first */
	JOB_BY_TASK,				/* task 0, then task 1 … */
	JOB_BY_STREAM				/* the caller names the task: job_next_batch_of */
} JobOrder;

/* What the caller wants done; must live as long as the job. */
typedef struct TaskPlan
{
	Oid			node;
	char	   *sql;
} TaskPlan;

typedef struct JobPlan
{
	int			stage;
	JobOrder	order;
	bool		partial_aggregate;
	Snapshot	snapshot;
	List	   *all_nodes;		/* nodes whose snapshots belong together */
	BatchSchema *schema;
	int			ntasks;
	TaskPlan   *tasks;
} JobPlan;

/* Counters of one task, over all attempts; the last attempt's times. */
typedef struct TaskStats
{
	int			attempts;
	bool		done;
	int64		rows;
	int64		bytes;
	int64		plan_us;
	int64		run_us;
	int64		queue_us;
	int64		spill_bytes;
} TaskStats;

typedef struct JobStats
{
	int			lanes;
	int			restarts;		/* of the whole job, on fresh snapshots */
	int64		bytes_memory;
	int64		bytes_wire;
	int64		bytes_inline;
	TaskStats  *tasks;			/* ntasks of them */
} JobStats;

typedef struct Job Job;

extern Job *job_start(const JobPlan *plan, MemoryContext parent);
/*
 * Next batch, in the plan's order; NULL at the end.  *task is where it is
 * from.  The caller frees it.
 */
extern Batch *job_next_batch(Job *job, int *task);
extern Batch *job_next_batch_of(Job *job, int task);
/* Rows were given to the user: from now on a lost snapshot ends the query. */
extern void job_set_delivered(Job *job);
extern bool job_finished(const Job *job);
extern const JobStats *job_stats(const Job *job);
/*
 * The caller may start over because nothing was delivered: called when the
 * job restarts on fresh snapshots, or runs a task again, so that the caller
 * drops what it holds of that task (-1: of all).
 */
extern void job_on_restart(Job *job, void (*forget) (void *arg, int task), void *arg);
/* Stop what still runs and give the lanes back, warm where possible. */
extern void job_end(Job *job);



#endif							/* BARKS_DRIVER_JOB_H */
