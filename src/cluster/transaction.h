/*-------------------------------------------------------------------------
 * transaction.h
 *	  The distributed transaction: one write session per node, two-phase commit.
 *
 * A write session is a connection inside a remote transaction that follows the
 * local one: isolation level, savepoints (opened lazily, as postgres_fdw does)
 * and end.  At commit: no node written, nothing; one node written and nothing
 * local … still two-phase whenever the driver's own transaction wrote catalogs
 * or more than one node was written; else the single node commits in one
 * phase.  Two-phase: PREPARE on every node, a row per gid in
 * barks.dist_transaction within the local transaction, local commit (the
 * decision), COMMIT PREPARED under the exclusive commit lock.  The recovery
 * worker finishes what a crash left: row present = commit, absent and the
 * driver's transaction gone = rollback.  PREPARE TRANSACTION by the user on
 * the driver itself is refused once a node was written.
 *
 * The first write session of a transaction assigns a local transaction id, so
 * that snapshots of the driver tell distributed transactions apart.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_TRANSACTION_H
#define BARKS_CLUSTER_TRANSACTION_H

#include "cluster/connection.h"

/* The write session of this node; begins it (and its savepoints) when needed. */
extern NodeConnection *transaction_session(Oid node);
/* Did this transaction write (or run DDL) on the node?  InvalidOid: on this server's own shards. */
extern bool transaction_wrote(Oid node);
/* Does it have a write session on any node? */
extern bool transaction_wrote_any(void);
/* Note a write to this server's own shards (local placement). */
extern void transaction_note_local_write(void);
/* Run a command on the write session of every node of the list, at once. */
extern void transaction_exec_all(List *nodes, const char *sql);

extern void transaction_init(void);	/* xact callbacks, recovery worker, GUCs */

#endif							/* BARKS_CLUSTER_TRANSACTION_H */
