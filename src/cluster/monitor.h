/*-------------------------------------------------------------------------
 * monitor.h
 *	  Background processes that watch the nodes.
 *
 *	  launcher	one per server; starts a monitor for each database with nodes
 *	  monitor	one per database: heartbeats, and recovery of prepared
 *				transactions that nobody finished
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_MONITOR_H
#define BARKS_CLUSTER_MONITOR_H

#include "nodes/nodes.h"

extern int	heartbeat_interval; /* barks.heartbeat_interval, in ms */

extern void monitor_init(void);

/*
 * The database that a utility statement needs to itself (DROP DATABASE, or the
 * template of CREATE DATABASE), InvalidOid for any other statement.
 */
extern Oid	monitor_database_needed(Node *stmt);
/* Make its monitor go, and wait until it went. */
extern void monitor_evict(Oid database);

/* Entry points of the processes. */
extern PGDLLEXPORT void barks_monitor_launcher_main(Datum arg);
extern PGDLLEXPORT void barks_monitor_main(Datum arg);

#endif							/* BARKS_CLUSTER_MONITOR_H */
