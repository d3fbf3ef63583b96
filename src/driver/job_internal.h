/*-------------------------------------------------------------------------
 * job_internal.h
 *	  The parts of a running job; for job.c, stage_run.c, lanes.c, lost.c and their like only.
 *
 * A stage is
 *
 *	  WAITING → (all it reads is complete) → OPEN → (all tasks done) → complete
 *	     ↑                                     ↑                         |
 *	     '──── an output that it read changed ─┴─── one was lost ────────'
 *
 * and a task of an open stage waits on a node, or has a current attempt on a
 * lane, or is done.  An attempt that is not its task's current one any more is
 * stale (it has no task): what comes of it is dropped.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_JOB_INTERNAL_H
#define BARKS_DRIVER_JOB_INTERNAL_H

#include "utils/timestamp.h"

#include "driver/job.h"

#define BACKOFF_MS		50		/* before the second attempt; doubles */
#define MAX_BACKOFF_MS	1000	/* while a node does not answer */

struct JobLane;
struct NodeRun;
struct StageRun;

typedef struct JobTask
{
	struct StageRun *stage;
	int			number;
	const TaskPlan *plan;
	Oid			node;			/* where it waits, runs or ran last */
	struct Attempt *attempt;	/* the one that is queued or runs, or NULL */
	struct Attempt *twin;		/* a second one, see speculation.c */
	int			failures;
	TimestampTz not_before;		/* backoff */
	bool		done;
	/* batches passed on so far, and how many the current attempt has shown */
	int			npassed;
	int			nseen;
	int			maxpassed;
	uint32	   *passed;			/* their checksums */
} JobTask;

typedef struct Attempt
{
	JobTask    *task;			/* NULL: stale */
	struct JobLane *lane;
	int			stage;			/* its number, as the node knows it */
	int			number;			/* of the task */
	int			attempt;
	int			epoch;			/* of the job when it was submitted */
	bool		gathered;		/* of the last stage */
	TimestampTz first_since;	/* when it came to be first on its lane */
} Attempt;

typedef struct JobLane
{
	Lane	   *lane;
	struct NodeRun *run;
	List	   *queue;			/* of Attempt, oldest first */
	bool		cancelling;		/* gets nothing more until it answers that */
	int		   *told;			/* per stage: the epoch of the sources that the node knows */
} JobLane;

typedef struct NodeRun
{
	Oid			node;
	List	  **waiting;		/* per stage: of JobTask, not submitted */
	int			nwaiting;
	List	   *lanes;			/* of JobLane */
	int			max_lanes;
	int			ahead;			/* tasks queued on a lane while they are short */
	StageSources **sources;		/* per stage: as last told to a lane of this node */
	int		   *sources_epoch;
} NodeRun;

typedef struct StageRun
{
	int			index;			/* in the plan */
	StagePart  *part;
	StageStats *stats;
	bool		given;			/* its tasks came with the plan */
	MemoryContext context;		/* tasks and output; reset when all is done again */
	bool		open;
	int			ntasks;
	JobTask    *tasks;
	int			ndone;
	StageOutput *output;		/* NULL: rows come to the driver */
	int			epoch;			/* of the job when the output last changed, from 1 */
} StageRun;

/* What the first attempt of a task that succeeded has added to accumulators. */
typedef struct Accumulated
{
	int			stage;			/* its number in the plan */
	int			task;
	StringInfo	states;
} Accumulated;

struct Job
{
	JobPlan    *plan;
	uint64		number;			/* in the registry */
	int64		rows;			/* in batches passed on */
	MemoryContext context;		/* the job and its lanes */
	MemoryContext lane_context; /* lanes; outlives context until they are given back */
	MemoryContext event_context;	/* of the lane event at hand */
	MemoryContextCallback cleanup;
	JobStats	stats;
	StageRun   *stages;
	StageRun   *last;			/* the one that is gathered */
	StageOutput **outputs;		/* per stage */
	int			epoch;			/* counts changes of outputs */
	int			current;		/* JOB_BY_TASK: the task whose batches are due */
	bool		delivered;
	bool		has_lease;		/* of files that the driver wrote here */
	RemoteError *broken;		/* a node is lost: the job must start over before it goes on */
	Oid			broken_node;
	Oid			opening;		/* the node a lane was last opened to, or not */
	List	   *owners;			/* ResourceOwners of lanes, until the job ends */
	JobSetup	setup;
	JobSetup	local_setup;	/* for lanes on this server */
	List	   *runs;			/* of NodeRun */
	TimestampTz speculated;		/* when late tasks were looked for last */
	List	   *failing;		/* of NodeFailures, see exclusion.c */
	List	   *accumulated;	/* of Accumulated: by the tasks that are done */
	void		(*forget) (void *arg, int task);
	void	   *forget_arg;
};

/* job.c */
extern void job_reset(Job *job);

/* stage_run.c */
extern bool stage_complete(const StageRun *stage);
extern bool stage_readable(const Job *job, const StageRun *stage);	/* all it waits for is there */
extern void stages_reset(Job *job);
extern bool stages_open(Job *job);	/* those that can run; true when there were any */
extern void stage_submit(Job *job, JobLane *lane, JobTask *task);
/* What a lane said; a batch to pass on, if it was one. */
extern Batch *stage_event(Job *job, JobLane *lane, LaneEventKind kind, LaneEvent *event,
						  int *task);

extern void stage_grow_stats(Job *job, StageRun *stage);
extern void stage_abandon(Job *job, StageRun *stage);
extern void stage_changed(Job *job, StageRun *stage);	/* its output is complete */

/* driver_stage.c */
extern bool driver_stage_run(Job *job);

/* lanes.c */
extern NodeRun *lanes_of_node(Job *job, Oid node);
extern void lanes_add_task(Job *job, JobTask *task, bool in_front);
extern void lanes_remove_stage(Job *job, StageRun *stage);	/* its waiting tasks */
extern void lanes_remove_waiting(NodeRun *run, int stage);	/* those on one node */
extern void lanes_start(Job *job);
extern JobLane *lanes_open(Job *job, NodeRun *run);
extern void lanes_feed(Job *job);
extern JobLane *lanes_idle(Job *job, NodeRun *run); /* one without a task; NULL: see Job.broken */
extern int	lanes_busy(const NodeRun *run);
extern void lanes_tell_sources(Job *job, JobLane *lane, StageRun *stage);	/* or its keys only */
extern void lanes_release(Job *job);
extern void lanes_drop(JobLane *lane);
/* Wait for those lanes that may be polled; gathered: of the last stage too, else only's. */
extern void lanes_wait(Job *job, bool gathered, JobLane *only);
extern bool lane_is_gathered(const JobLane *lane);

/* exclusion.c */
extern void exclusion_note_failure(Job *job, Oid node);
extern bool exclusion_covers(const Job *job, Oid node);

/* filters.c */
extern void filters_keys_complete(Job *job, StageRun *stage);	/* of its output */
extern void filters_use(Job *job, StageRun *stage); /* by one that has a filter, before its tasks are made */

/* speculation.c */
extern void speculation_run(Job *job);
extern int64 speculation_wait_ms(const Job *job, int64 max);
extern void speculation_drop(Job *job, Attempt *loser);

/* lost.c */
extern bool error_is_retryable(const RemoteError *error);
extern void lost_start(Job *job);	/* or see Job.broken */
extern void lost_release_owners(Job *job);
extern JobLane *lost_open_lane(Job *job, NodeRun *run); /* NULL: see Job.broken */
extern void lost_restart(Job *job, Oid node, RemoteError *error);
extern void lost_lane(Job *job, JobLane *lane, RemoteError *error);
extern void lost_input(Job *job, Attempt *attempt, JobTask *reader, RemoteError *error);

#endif							/* BARKS_DRIVER_JOB_INTERNAL_H */
