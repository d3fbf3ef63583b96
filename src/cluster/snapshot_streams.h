/*-------------------------------------------------------------------------
 * snapshot_streams.h
 *	  Streams under a cluster snapshot, for cluster_snapshot.c alone: others have
 *	  them through cluster_snapshot.h.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_SNAPSHOT_STREAMS_H
#define BARKS_CLUSTER_SNAPSHOT_STREAMS_H

#include "lib/ilist.h"
#include "utils/resowner.h"

#include "cluster/cluster_snapshot.h"

typedef struct NodeView
{
	Oid			node;
	char		id[64];			/* the exported snapshot */
	char	   *content;		/* the same as pg_snapshot, in the view's context */
	bool		broken;			/* its holder is gone, and the snapshot with it */
	List	   *quiet;			/* streams nobody uses; the holder is in one of the lists */
	List	   *stopping;		/* streams nobody uses that have still to answer a cancel */
	NodeConnection *holder;
} NodeView;

typedef struct View
{
	dlist_node	link;
	MemoryContext context;
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	TransactionId *xip;
	uint64		commits;		/* distributed commits when taken */
	bool		in_step;		/* the driver's snapshot is known to see just these */
	bool		held;			/* a statement holds it from its start to its end */
	List	   *nodes;			/* of NodeView */
	int			references;
	bool		keep;			/* REPEATABLE READ: until the transaction ends */
} View;

struct ClusterSnapshot
{
	dlist_node	link;
	View	   *view;
	ResourceOwner owner;
	List	   *taken;			/* streams in use through this reference */
};

/* of View, and of ClusterSnapshot: all of this transaction */
extern dlist_head snapshot_views;
extern dlist_head snapshot_references;

/* Somebody discards a stream of ours: forget it wherever it is. */
extern void snapshot_stream_closes(NodeConnection *conn);
/* What was not returned may have a task running: it cannot be reused. */
extern void snapshot_abandon_taken(ClusterSnapshot *snap);
extern void snapshot_leave_streams(List *streams);

/* in cluster_snapshot.c */
extern NodeView *snapshot_node_view(View *view, Oid node);
extern void snapshot_lost(Oid node) pg_attribute_noreturn();

#endif							/* BARKS_CLUSTER_SNAPSHOT_STREAMS_H */
