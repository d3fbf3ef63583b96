/*-------------------------------------------------------------------------
 * recovery.h
 *	  Prepared transactions that nobody finished.
 *
 * A row in barks.dist_transaction is the decision to commit the gid; it was
 * committed with the local transaction.  No row and the local transaction over
 * is the decision to roll back.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_RECOVERY_H
#define BARKS_CLUSTER_RECOVERY_H

#include "access/transam.h"
#include "nodes/pg_list.h"

/* The gid of a transaction of this database on a node, palloc'd. */
extern char *recovery_gid(FullTransactionId xid, Oid node);
/* A query for our prepared transactions on a node, to be asked there: "SELECT columns FROM …". */
extern char *recovery_prepared_query(const char *columns, Oid node);
/* Within the transaction that decides: write the decision to commit. */
extern void recovery_record(const char *gid, Oid node);

/*
 * Finish every decided transaction of ours on the node, unless it is known that
 * there is none.  Raises when the node cannot be reached.
 */
extern void recovery_settle_node(Oid node);
/* The same, whatever is known, and forget decisions that the node has carried out. */
extern void recovery_clean_node(Oid node);
/* Forget the decisions about nodes that were removed. */
extern void recovery_forget_removed(void);

#endif							/* BARKS_CLUSTER_RECOVERY_H */
