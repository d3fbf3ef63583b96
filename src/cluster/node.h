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

#include "catalog/objectaccess.h"
#include "nodes/pg_list.h"

#define BARKS_FDW_NAME	"barks"
#define LOCAL_NODE_NAME "local"	/* how views call this server, InvalidOid */

/* Oids of all nodes, by name; NIL is local mode. */
extern List *node_list(void);
/* Name of a node, palloc'd; "local" for InvalidOid. */
extern char *node_name(Oid node);
extern Oid	node_by_name(const char *name, bool missing_ok);
/* Is the node, by the last heartbeat, believed alive?  One never tried is. */
extern bool node_alive(Oid node);
/* Slots the node reported (barks.executor_slots there); this server's own for InvalidOid. */
extern int	node_slots(Oid node);
/* The local system's identifier and the name of this driver to nodes. */
extern uint64 node_driver_id(void);
/* True when the node is on this host and may share files (later). */
extern bool node_same_host(Oid node);

/* One libpq option of the node's server, palloc'd, or NULL. */
extern char *node_option(Oid node, const char *name);
/* Whom to connect as; password may be NULL.  palloc'd. */
extern void node_credential(Oid node, char **user_name, char **password);
/* Is this a foreign server of ours? */
extern bool node_is_one(Oid server);

/*
 * What the table module does when the set of nodes changes, within the
 * transaction that changes it: copy broadcast tables to a new node, drop the
 * copies on one that goes.  removing is called before the server is dropped and
 * after the check that the node holds no only copy; reachable says whether the
 * node answers, so that its shards can be dropped.
 */
extern PGDLLIMPORT void (*node_added_hook) (Oid node);
extern PGDLLIMPORT void (*node_removing_hook) (Oid node, bool reachable);
/* SQL expression for the bytes that a node stores for this database; asked with each heartbeat. */
extern PGDLLIMPORT char *(*node_bytes_sql_hook) (void);

/* The running statement carries a password, whatever its text says. */
extern void node_hide_statement(void);
/* emit_log hook: hide statements that carry a password. */
extern void node_redact_log(ErrorData *edata);
/* object_access hook: DROP SERVER of a node is remove_node. */
extern void node_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
							   int sub_id, void *arg);
/* Have the monitor look at all nodes when this transaction ends. */
extern void node_look_at_end(void);
extern void node_init(void);
extern void node_sql_init(void);

#endif							/* BARKS_CLUSTER_NODE_H */
