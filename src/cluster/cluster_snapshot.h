/*-------------------------------------------------------------------------
 * cluster_snapshot.h
 *	  One consistent view of all nodes for a statement or a transaction.
 *
 * A cluster snapshot belongs to a snapshot of the driver: two queries whose
 * driver snapshots see the same transactions (same xmin, xmax and xip) share
 * it, because every distributed write also has a transaction id on the driver.
 * On each node it is one exported snapshot held by a READ ONLY REPEATABLE READ
 * transaction; the first stream connection holds it, further ones import it.
 * All nodes' snapshots are taken while the commit lock is held in share mode,
 * so half of a distributed commit is never seen.
 *
 * In READ COMMITTED it lives while queries use it; in REPEATABLE READ until
 * the end of the transaction, from its first query on, and 40001 is raised when
 * a distributed transaction that the driver's snapshot does not see would be
 * seen.  SERIALIZABLE reads as REPEATABLE READ does.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_CLUSTER_SNAPSHOT_H
#define BARKS_CLUSTER_CLUSTER_SNAPSHOT_H

#include "utils/snapshot.h"

#include "cluster/connection.h"

typedef struct ClusterSnapshot ClusterSnapshot;

/* Find or take; every node of the list has its snapshot when this returns. One reference. */
extern ClusterSnapshot *cluster_snapshot_acquire(Snapshot snapshot, List *nodes);
extern void cluster_snapshot_release(ClusterSnapshot *snap);

/*
 * The same for a statement of READ COMMITTED that begins: the driver's snapshot
 * must see just the distributed transactions that the nodes' show.  When that
 * is not certain of the one given, renew is called, under the commit lock, and
 * returns a snapshot taken now.  renew NULL: the one given must do.
 */
extern ClusterSnapshot *cluster_snapshot_acquire_in_step(Snapshot snapshot, List *nodes,
														 Snapshot (*renew) (void *arg), void *arg);
/* Does anybody read under this snapshot now? */
extern bool cluster_snapshot_exists(Snapshot snapshot);
/* And did this node give one to it, lost or not? */
extern bool cluster_snapshot_has(Snapshot snapshot, Oid node);

/*
 * Did somebody who still reads under this snapshot lose what the node gave, and
 * would the node show something else now?
 */
extern bool cluster_snapshot_is_lost(Snapshot snapshot, Oid node);

/*
 * A REPEATABLE READ transaction plans a query: take the nodes' snapshots now, as
 * near to its own as can be, if they can be had.
 */
extern void cluster_snapshot_on_plan(void);

/*
 * A connection in STREAM state (COPY barks.lane) under the snapshot, that no
 * one else is using; opens a further one when needed.  Give it back when the
 * stream is quiet (all tasks answered), or cancelled; else connection_discard it.
 */
extern NodeConnection *cluster_snapshot_stream(ClusterSnapshot *snap, Oid node);
extern void cluster_snapshot_return_stream(ClusterSnapshot *snap, NodeConnection *conn);
/* Give back a stream that was sent a FRAME_CANCEL it did not answer yet.  Never raises. */
extern void cluster_snapshot_return_cancelled(ClusterSnapshot *snap, NodeConnection *conn);

/*
 * The id under which the snapshot's node lets others import it (SET
 * TRANSACTION SNAPSHOT), valid while the snapshot lives; 08006 when it was lost.
 */
extern const char *cluster_snapshot_id(ClusterSnapshot *snap, Oid node);
/* Run a command that imports it, and maybe begins a stream; 08006 when it is lost there. */
extern void cluster_snapshot_import(NodeConnection *conn, const char *command, bool stream);

/*
 * What it sees there, as text of type pg_snapshot, for a session that cannot
 * import it because it wrote; holder is the backend that keeps it.
 */
extern const char *cluster_snapshot_content(ClusterSnapshot *snap, Oid node, int *holder);

/*
 * The commit lock: share while node snapshots are taken, exclusive from the
 * last PREPARE TRANSACTION to the last COMMIT PREPARED.
 */
extern void commit_lock_acquire(bool exclusive);
extern void commit_lock_release(void);

/* What a stream's COPY names: "barks.lane", but for tests of streams alone. */
extern PGDLLIMPORT const char *cluster_snapshot_copy;

extern void cluster_snapshot_init(void);

#endif							/* BARKS_CLUSTER_CLUSTER_SNAPSHOT_H */
