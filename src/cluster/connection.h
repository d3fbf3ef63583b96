/*-------------------------------------------------------------------------
 * connection.h
 *	  Connections from the driver to nodes: warm, asynchronous, capped.
 *
 * A backend keeps its idle connections per node and reuses them.  Everything
 * waits on our latch and the socket together, so a cancel is taken at once
 * even when a node's socket hangs; a connection that was busy when the
 * transaction aborted is closed, not drained.  The number of connections to a
 * node over all backends is capped (barks.max_node_connections); at the cap a
 * backend first detaches its own paused users, then waits.
 *
 *	  CLOSED → CONNECTING → IDLE → BUSY (a command) → IDLE
 *	                             → STREAM (COPY BOTH frames) → IDLE
 *	  any → BROKEN → CLOSED
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_CONNECTION_H
#define BARKS_CLUSTER_CONNECTION_H

#include "datatype/timestamp.h"
#include "libpq-fe.h"
#include "nodes/pg_list.h"

#include "job/protocol.h"

typedef struct NodeConnection NodeConnection;

/*
 * Take an idle connection to the node or open one.  ERROR 08006 naming the
 * node when it cannot be reached, 55000 when it does not fit (other major
 * version, protocol version, not preloaded …), 28P01/28000 for credentials.
 * A node that is starting up, or that went just now, is waited for.
 */
extern NodeConnection *connection_acquire(Oid node);
/* The same for several nodes at once, connecting in parallel.  List of NodeConnection. */
extern List *connection_acquire_all(List *nodes);
/* Off while a node that cannot be reached is not to be waited for; off in monitors. */
extern bool connection_patience;
extern int	reconnect_timeout;	/* barks.reconnect_timeout, in seconds */
/* Back to the idle pool; closed instead when not idle.  Never raises. */
extern void connection_release(NodeConnection *conn);
/* As release, also when the node still has to finish what was sent: the next user waits. */
extern void connection_park(NodeConnection *conn);
/* When the node raised an error, take the little that follows it; never raises. */
extern void connection_await_end(NodeConnection *conn);
/*
 * Outlive the current resource owner: the caller releases it whatever happens.
 * closing, if not NULL, is called when anybody discards it before that.
 */
extern void connection_keep(NodeConnection *conn, void (*closing) (NodeConnection *conn));
/* Would opening one more stay below barks.max_node_connections? */
extern bool connection_available(Oid node);
/* Close without waiting for the node.  Never raises. */
extern void connection_discard(NodeConnection *conn);

/*
 * How this server connects to the node, for libpq of another node; holds the
 * password.  palloc'd.
 */
extern char *connection_conninfo(Oid node);

extern Oid	connection_node(const NodeConnection *conn);
extern const char *connection_node_name(const NodeConnection *conn);
extern pgsocket connection_socket(const NodeConnection *conn);
extern int	connection_backend_pid(const NodeConnection *conn);
extern bool connection_is_idle(const NodeConnection *conn);
/* Is it only good to be closed?  Takes in what came. */
extern bool connection_is_broken(NodeConnection *conn);
extern bool connection_in_stream(const NodeConnection *conn);

/*
 * Commands.  exec = send + wait for the last result; errors of the node are
 * raised here as remote errors with a context line naming the node, unless
 * the caller asks for the result.
 */
extern void connection_exec(NodeConnection *conn, const char *sql);
/* The SQLSTATE instead of an error of the node; 0 when all went well. */
extern int	connection_try_exec(NodeConnection *conn, const char *sql);
extern PGresult *connection_query(NodeConnection *conn, const char *sql,
								  int nparams, const char *const *params);
extern void connection_send(NodeConnection *conn, const char *sql);
/* The same for callbacks that must not raise; false when it cannot be sent. */
extern bool connection_try_send(NodeConnection *conn, const char *sql);
/*
 * From now on waiting for this connection's answers raises 08006 at that time;
 * DT_NOEND: waits are endless again.
 */
extern void connection_set_deadline(NodeConnection *conn, TimestampTz until);
/* Waits for and takes all results of what was sent; raises on error. */
extern void connection_finish(NodeConnection *conn);
/* The same, but errors of the commands are of no interest. */
extern void connection_swallow(NodeConnection *conn);
/* connection_finish for all of a list, waiting for them together; the first error is raised. */
extern void connection_finish_all(List *conns);

/*
 * connection_finish for callbacks after a commit: never raises, gives up at the
 * time or when the user cancels; false when not everything went well.
 */
extern bool connection_try_finish(NodeConnection *conn, TimestampTz until);
/* Can the open transaction there be committed? */
extern bool connection_in_good_transaction(const NodeConnection *conn);

/* Raise the node's error (or a lost connection as 08006) at elevel. Clears res. */
extern void connection_report(NodeConnection *conn, PGresult *res, int elevel);

/*
 * Frames over COPY BOTH, or COPY FROM STDIN, where there is nothing to get and
 * the end raises the node's error.  begin sends a COPY command; open_stream_all waits
 * until all of them answered with CopyBothResponse.
 */
extern void connection_stream_send(NodeConnection *conn, const char *copy_command);
extern void connection_stream_wait_all(List *conns);
/* The single value that a SELECT before the COPY in the same command gave, or "". */
extern const char *connection_stream_value(const NodeConnection *conn);
/* Queue a frame; never blocks (libpq buffers it). */
extern void connection_put_frame(NodeConnection *conn, const char *data, int len);
/* Wait until all queued output of these is on the way. */
extern void connection_flush_all(List *conns);
/* Push queued output; true when all is on the way, false: wait for writable. */
extern bool connection_flush(NodeConnection *conn);
/*
 * Next frame without waiting: length > 0 and *frame (valid until the next
 * call), 0 when none is there yet, -1 when the connection or the remote
 * command ended; then *error (palloc'd) says why.
 */
extern int	connection_get_frame(NodeConnection *conn, char **frame, RemoteError **error);
/* End the stream from our side and wait until the connection is IDLE. */
extern void connection_stream_end(NodeConnection *conn);
/* The same without waiting: the connection is BUSY until connection_finish. */
extern void connection_stream_leave(NodeConnection *conn);
/* The same, and what is under way in the stream is of no use any more. */
extern void connection_stream_abandon(NodeConnection *conn);

/*
 * Whoever uses a connection for longer than one call says how to take it
 * away: detach must read what is still to come into a spool of its own and
 * stop using the connection.  Called when a write or a nested query needs it.
 */
typedef void (*ConnectionDetach) (void *arg);
extern void connection_set_user(NodeConnection *conn, ConnectionDetach detach, void *arg);
/* Make the current user, if any, let go. */
extern void connection_detach_user(NodeConnection *conn);

extern void connection_init(void);	/* GUCs, shmem request, callbacks */

#endif							/* BARKS_CLUSTER_CONNECTION_H */
