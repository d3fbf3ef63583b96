/*-------------------------------------------------------------------------
 * node.h
 *	  The nodes of the cluster: foreign servers of the wrapper "barks".
 *
 * Host, port, dbname and TLS options are server options.  The user name and
 * password are in barks.node_credential, which nobody but the extension's
 * owner may read: pg_user_mappings would show them to superusers.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_NODE_H
#define BARKS_CLUSTER_NODE_H

#include "nodes/pg_list.h"

#define BARKS_FDW_NAME	"barks"
#define LOCAL_NODE_NAME "local"	/* how views call this server, InvalidOid */

/* Oids of all nodes, by name; NIL is local mode. */
extern List *node_list(void);
/* Name of a node, palloc'd; "local" for InvalidOid. */
extern char *node_name(Oid node);
extern Oid	node_by_name(const char *name, bool missing_ok);
/* Is the node, by the last heartbeat, believed alive? */
extern bool node_alive(Oid node);
/* Slots the node reported (barks.executor_slots there); this server's own for InvalidOid. */
extern int	node_slots(Oid node);
/* The local system's identifier and the name of this driver to nodes. */
extern uint64 node_driver_id(void);
/* True when the node is on this host and may share files (later). */
extern bool node_same_host(Oid node);

/* emit_log hook: hide statements that carry a password. */
extern void node_redact_log(ErrorData *edata);

extern void node_init(void);

#endif							/* BARKS_CLUSTER_NODE_H */
