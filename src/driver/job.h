/*-------------------------------------------------------------------------
 * job.h
 *	  Run stages of tasks and hand the last one's rows to the driver.
 *
 * A Job is the run-time side of one CustomScan: it runs the stages in the order
 * of what they read, keeps every slot busy, runs failed attempts again, and
 * yields the batches of the last stage.  It lives in a memory context of its
 * own; when that context goes away, for whatever reason, its lanes are given
 * back.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_JOB_H
#define BARKS_DRIVER_JOB_H

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "batch/batch.h"
#include "driver/exchange.h"
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
	List	   *others;			/* oid list: nodes that could run it as well */
	char	   *sql;
	List	   *inputs;			/* of TaskInput */
} TaskPlan;

typedef struct StagePart
{
	int			stage;			/* its number, for messages and views */
	const char *exchange;		/* how its rows travel on, for views */
	List	   *operations;		/* of String: of an RDD, for views */
	bool		partial_aggregate;
	bool		indeterminate;	/* a lost output means all of it again */
	bool		may_be_unneeded;	/* its error is raised where its output is read */
	List	   *reads;			/* int list: places in JobPlan.stages of those it waits for */
	int			filter;			/* place of the stage whose keys its rows must have, for which it
								 * waits, too; -1: none */
	double		filter_values;	/* how many values the key has in its own rows, as estimated; 0:
								 * nobody knows */
	ShuffleOutput *output;		/* NULL: rows come to the driver */
	List	   *distinct;		/* int list, as in StagePlan */
	/* rows that the driver makes: */
	struct DriverRows *rows;	/* NULL: tasks make them */
	List	   *nodes;			/* oid list: where to put them; NIL: here */
	int		   *node_of;		/* per partition, which of the nodes; not for a broadcast */
	/* else: */
	int			ntasks;			/* -1: shape will tell when what it reads is there */
	TaskPlan   *tasks;
} StagePart;

typedef struct JobPlan
{
	JobOrder	order;
	bool		run_ahead;		/* JOB_BY_TASK: later tasks run while the rows of one are read */
	Snapshot	snapshot;
	List	   *all_nodes;		/* nodes whose snapshots belong together */
	BatchSchema *schema;		/* of the rows of the last stage */
	int			nstages;
	StagePart  *stages;			/* those that are read come before their readers */

	/*
	 * Give the tasks of a stage that has none yet (sets ntasks and tasks, in the
	 * current context); outputs[i]: of stage i, once done.
	 */
	void		(*shape) (void *arg, int stage, StageOutput **outputs);
	/*
	 * Called before a stage with a filter is opened: may change how its rows travel
	 * on, by what there is of others.  Whether they stay where they are made.
	 */
	bool		(*adapt) (void *arg, int stage, StageOutput **outputs);
	/* Rows of another stage than the last one, that has no output.  NULL: it is done. */
	void		(*take) (void *arg, int stage, const char *batch, Size len);
	/* Called before a lane is opened to a node.  NULL: nothing to do. */
	void		(*before_node) (void *arg, Oid node);
	/* Called with the SQLSTATE of the error that ends the job.  NULL: nothing to do. */
	void		(*failed) (void *arg, int sqlstate);
	const char *action;			/* of an RDD, for views; or NULL */
	char	   *local_path;		/* search path of tasks on this server, or NULL: as on nodes */
	void	   *arg;
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

/* Of one stage; bytes are what its tasks read of exchanges, and what the driver got of it. */
typedef struct StageStats
{
	int			ntasks;
	int			maxtasks;		/* allocated */
	TaskStats  *tasks;
	int64		bytes_memory;
	int64		bytes_file;
	int64		bytes_wire;
	int64		bytes_inline;
	int64		bytes_written;	/* output kept on nodes */
	int64		rows_dropped;	/* by the filter */
	bool		kept;			/* they were not sent by key, but stayed where they were made */
	bool		filtered;		/* there was a filter in the end, of */
	double		filter_keys;
	int			filter_bytes;
	int			speculated;		/* attempts beside one that took long */
} StageStats;

typedef struct JobStats
{
	int			lanes;
	int			restarts;		/* of the whole job, on fresh snapshots */
	List	   *excluded;		/* of String: nodes that tasks avoided */
	int			nstages;
	StageStats *stages;
} JobStats;

typedef struct Job Job;

extern Job *job_start(JobPlan *plan, MemoryContext parent);
/* Run all stages but the last; how many tasks that has. */
extern int	job_prepare(Job *job);
/*
 * Next batch, in the plan's order; NULL at the end.  *task is where it is
 * from.  The caller frees it.
 */
extern Batch *job_next_batch(Job *job, int *task);
extern Batch *job_next_batch_of(Job *job, int task);
/* Rows were given to the user: from now on a lost snapshot ends the query. */
extern void job_set_delivered(Job *job);
extern bool job_finished(const Job *job);
/* When rows of the last stage stay on the nodes: run all; its output, valid until the job ends. */
extern const StageOutput *job_run(Job *job);
/* As nodes know it since then. */
extern const JobSetup *job_setup(const Job *job);
/* The caller has caught an error and will raise it again: let the job's end tell of it. */
extern void job_fail(Job *job);
extern const JobStats *job_stats(const Job *job);
/*
 * The caller may start over because nothing was delivered: called when the
 * job restarts on fresh snapshots, or runs a task again, so that the caller
 * drops what it holds of that task (-1: of all, and the number of tasks may change).
 */
extern void job_on_restart(Job *job, void (*forget) (void *arg, int task), void *arg);
/* Stop what still runs and give the lanes back, warm where possible. */
extern void job_end(Job *job);

#endif							/* BARKS_DRIVER_JOB_H */
