/*-------------------------------------------------------------------------
 * lane.h
 *	  Dispatch: how a driver gets tasks run, wherever they run.
 *
 * A lane is one stream of tasks on one node under one snapshot: tasks run one
 * after another in the order submitted, and their batches come back in that
 * order.  There are three kinds, with one interface:
 *
 *	  remote	a libpq connection to a node's worker pool   (driver/remote_lane.c)
 *	  local		shared memory to this server's worker pool   (worker/local_lane.c)
 *	  inline	this backend itself, for a transaction that
 *				reads its own local writes                   (worker/inline_lane.c)
 *
 * None of the calls blocks, except lane_wait.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_LANE_H
#define BARKS_JOB_LANE_H

#include "utils/snapshot.h"

#include "job/protocol.h"

typedef struct Lane Lane;

typedef enum LaneEventKind
{
	LANE_NOTHING,				/* nothing to read now; lane_wait and poll again */
	LANE_BATCH,					/* a batch of event.task */
	LANE_NOTICE,				/* event.error, to be shown */
	LANE_DONE,					/* event.done: the task ended well */
	LANE_ERROR,					/* event.error: the task failed; the lane goes on */
	LANE_CANCELLED,				/* the answer to lane_cancel: the lane is empty */
	LANE_LOST					/* the lane is dead; event.error says why; release it */
} LaneEventKind;

typedef struct LaneEvent
{
	int32		task;
	const char *data;			/* LANE_BATCH: wire form, valid until the next poll */
	Size		len;
	TaskDone   *done;			/* palloc'd in the current context, as is error */
	RemoteError *error;
} LaneEvent;

typedef struct LaneOps
{
	const char *path;			/* "wire", "memory" or "inline", for EXPLAIN */
	void		(*setup) (Lane *lane, const JobSetup *setup);
	void		(*submit) (Lane *lane, const TaskSpec *spec);
	/*
	 * Where the output of a stage is, for the tasks submitted after.  Until the
	 * lane is released or the stage told anew, *sources stays as it is: a lane
	 * that gets another connection says it again there.
	 */
	void		(*sources) (Lane *lane, const StageSources *sources);
	/*
	 * Hand on a whole frame of its own: StageBlocks, for a node.  Only while no
	 * task is unanswered; a publishing one is answered by LANE_DONE or _ERROR.
	 */
	void		(*put) (Lane *lane, const char *frame, Size len);
	/* The job is over, its files on the node can go.  Never raises; no answer. */
	void		(*end_job) (Lane *lane);
	LaneEventKind (*poll) (Lane *lane, LaneEvent *event);
	/* socket to wait on for reading (and writing, if *write), or PGINVALID_SOCKET: our latch */
	pgsocket	(*socket) (Lane *lane, bool *write);
	void		(*cancel) (Lane *lane);
	/* Nothing came for deadlock_timeout: ERROR 40P01 if nothing ever can.  May be NULL. */
	void		(*stuck) (Lane *lane);
	/* Give the lane back.  Never raises; busy or lost lanes are torn down. */
	void		(*release) (Lane *lane);
} LaneOps;

/* Embedded first in each kind's own struct. */
struct Lane
{
	const LaneOps *ops;
	Oid			node;			/* foreign server, InvalidOid = this server */
	const char *node_name;
	bool		ready;			/* poll would return without waiting (inline) */
};

/*
 * Who opens lanes.  worker/ registers the opener for this server, driver/ the
 * one for nodes.  all_nodes: every node the running statement reads, so that
 * their snapshots are taken together, under the commit lock.  The opener
 * chooses inline execution when the transaction wrote on that node.
 */
typedef Lane *(*LaneOpener) (Snapshot snapshot, Oid node, List *all_nodes);

extern void lane_register_local(LaneOpener opener);
extern void lane_register_remote(LaneOpener opener);

/* For what keeps *sources: a list of StageSources with these in place of the stage's old ones. */
extern List *lane_keep_sources(List *known, const StageSources *sources);

extern Lane *lane_open(Snapshot snapshot, Oid node, List *all_nodes);

/*
 * Wait until one of the lanes may have something to read, our latch is set, or
 * timeout_ms passed (-1: none).  Handles interrupts.
 */
extern void lane_wait(Lane **lanes, int nlanes, long timeout_ms);

#endif							/* BARKS_JOB_LANE_H */
