/*-------------------------------------------------------------------------
 * connection_internal.h
 *	  The inside of a connection, for the files that make up connections:
 *	  connection.c (life and pool), connect.c (opening), command.c, stream.c.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_CONNECTION_INTERNAL_H
#define BARKS_CLUSTER_CONNECTION_INTERNAL_H

#include "datatype/timestamp.h"
#include "lib/ilist.h"
#include "utils/resowner.h"

#include "cluster/connection.h"

typedef enum ConnectionState
{
	CONN_CONNECTING,			/* PQconnectPoll has not finished */
	CONN_IDLE,					/* nothing outstanding */
	CONN_BUSY,					/* a command was sent, results are outstanding */
	CONN_STREAM_WAIT,			/* a COPY was sent, CopyBothResponse not yet here */
	CONN_STREAM,				/* frames go both ways */
	CONN_BROKEN,				/* only good to be closed */
	CONN_CLOSED					/* the backend exits: only the struct is left */
} ConnectionState;

struct NodeConnection
{
	dlist_node	link;			/* in the pool or in the list of those in use */
	bool		pooled;
	Oid			node;
	NameData	name;
	PGconn	   *pg;
	ConnectionState state;
	PostgresPollingStatusType poll; /* CONN_CONNECTING: what to wait for */
	TimestampTz deadline;		/* CONN_CONNECTING: give up then */
	TimestampTz give_up;		/* waits for answers end in an error then */
	bool		outdated;		/* the node's definition changed: not to be reused */
	ResourceOwner owner;		/* who took it; NULL: kept by a module */
	TimestampTz idle_since;
	void		(*closing) (NodeConnection *conn);	/* tells the keeper */
	ConnectionDetach detach;
	void	   *detach_arg;
	ResourceOwner user_owner;	/* when this ends, the user cannot be called any more */
	char	   *frame;			/* libpq's memory of the last frame */
	bool		failed;			/* CONN_BUSY: the error came, the end will at once */
	bool		both;			/* CONN_STREAM: COPY BOTH, not COPY FROM STDIN */
	bool		leaving;		/* CONN_BUSY: frames of a stream we left may come first */
	char	   *value;			/* the single value selected before a stream, or NULL */
};

/* connect.c */
extern PGconn *connect_begin(Oid node, TimestampTz *deadline);
extern void connection_start(NodeConnection *conn);
/*
 * Drive these to the end together.  Raises when one cannot be opened; false when
 * it may be soon, and who waits since then should go on.
 */
extern bool connection_open_all(List *conns, TimestampTz since);

/* command.c: wait for the socket of any of these, or the latch, or the time. */
extern void connection_wait(List *conns, bool (*wants) (NodeConnection *conn, uint32 *events),
							TimestampTz until);
extern void connection_wait_one(NodeConnection *conn,
								bool (*wants) (NodeConnection *conn, uint32 *events),
								TimestampTz until);
/* Raise that the node did not answer, when its time is up. */
extern void connection_check_time(NodeConnection *conn);
/* Take what the socket has; lost connections become BROKEN. */
extern void connection_consume(NodeConnection *conn);

/* stream.c: throw away what comes on a stream we left; false: wait for more. */
extern bool connection_stream_swallow(NodeConnection *conn);

#endif							/* BARKS_CLUSTER_CONNECTION_INTERNAL_H */
