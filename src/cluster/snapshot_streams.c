/*-------------------------------------------------------------------------
 * snapshot_streams.c
 *	  Streams under a cluster snapshot: who has which, and who gets the next.
 *
 * A query that ends in the middle cancels what its streams are at and gives them
 * back: the holder must stay as long as others read under the View.  Such a
 * stream is used again once the node said that it stopped.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cluster/connection_internal.h"
#include "cluster/snapshot_streams.h"

#define STOPPING_WAIT_MS	50		/* for a cancelled stream, before a further one is opened */

static NodeConnection *take_quiet(ClusterSnapshot *snap, NodeView *nv);
static void await_stopping(NodeView *nv);
static bool has_stopped(NodeConnection *conn);
static bool wants_answer(NodeConnection *conn, uint32 *events);
static void detach_paused(NodeView *nv);
static NodeConnection *open_further(ClusterSnapshot *snap, NodeView *nv);
static void holder_goes(NodeConnection *conn);

NodeConnection *
cluster_snapshot_stream(ClusterSnapshot *snap, Oid node)
{
	NodeView   *nv = snapshot_node_view(snap->view, node);
	NodeConnection *conn = take_quiet(snap, nv);

	if (!conn && !connection_available(node))
	{
		detach_paused(nv);
		conn = take_quiet(snap, nv);
	}
	return conn ? conn : open_further(snap, nv);
}

void
cluster_snapshot_return_stream(ClusterSnapshot *snap, NodeConnection *conn)
{
	MemoryContext old = MemoryContextSwitchTo(snap->view->context);
	NodeView   *nv = snapshot_node_view(snap->view, connection_node(conn));

	connection_set_user(conn, NULL, NULL);
	snap->taken = list_delete_ptr(snap->taken, conn);
	nv->quiet = lcons(conn, nv->quiet);
	MemoryContextSwitchTo(old);
}

void
cluster_snapshot_return_cancelled(ClusterSnapshot *snap, NodeConnection *conn)
{
	MemoryContext old = MemoryContextSwitchTo(snap->view->context);
	NodeView   *nv = snapshot_node_view(snap->view, connection_node(conn));

	connection_set_user(conn, NULL, NULL);
	snap->taken = list_delete_ptr(snap->taken, conn);
	nv->stopping = lappend(nv->stopping, conn);
	MemoryContextSwitchTo(old);
}

static NodeConnection *
take_quiet(ClusterSnapshot *snap, NodeView *nv)
{
	NodeConnection *conn;
	MemoryContext old;

	if (nv->quiet == NIL)
		await_stopping(nv);
	if (nv->quiet == NIL)
		return NULL;
	conn = linitial(nv->quiet);
	nv->quiet = list_delete_first(nv->quiet);
	old = MemoryContextSwitchTo(snap->view->context);
	snap->taken = lappend(snap->taken, conn);
	MemoryContextSwitchTo(old);
	return conn;
}

/* Wait a little for a stream that was cancelled: then it is quiet. */
static void
await_stopping(NodeView *nv)
{
	TimestampTz until;

	if (nv->stopping == NIL)
		return;
	until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), STOPPING_WAIT_MS);
	for (;;)
	{
		List	   *streams = list_copy(nv->stopping);
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(nv));
		ListCell   *lc;

		foreach(lc, streams)
		{
			if (!has_stopped(lfirst(lc)))
				continue;
			nv->stopping = list_delete_ptr(nv->stopping, lfirst(lc));
			nv->quiet = lappend(nv->quiet, lfirst(lc));
		}
		MemoryContextSwitchTo(old);
		list_free(streams);
		if (nv->quiet != NIL || nv->stopping == NIL || GetCurrentTimestamp() >= until)
			return;
		connection_wait(nv->stopping, wants_answer, until);
	}
}

/* Throw away what comes before the answer to the cancel; a lost stream is closed. */
static bool
has_stopped(NodeConnection *conn)
{
	RemoteError *error;
	char	   *frame;
	int			len;

	(void) connection_flush(conn);
	while ((len = connection_get_frame(conn, &frame, &error)) > 0)
		if (frame[0] == FRAME_CANCEL)
			return true;
	if (len < 0)
		connection_discard(conn);
	return false;
}

static bool
wants_answer(NodeConnection *conn, uint32 *events)
{
	*events = WL_SOCKET_READABLE | (connection_flush(conn) ? 0 : WL_SOCKET_WRITEABLE);
	return true;
}

/* Make whoever uses streams of this node in this backend return one. */
static void
detach_paused(NodeView *nv)
{
	dlist_iter	iter;

	dlist_foreach(iter, &snapshot_references)
	{
		ClusterSnapshot *other = dlist_container(ClusterSnapshot, link, iter.cur);
		ListCell   *lc;

		foreach(lc, other->taken)
		{
			NodeConnection *conn = lfirst(lc);

			if (connection_node(conn) != nv->node)
				continue;
			connection_detach_user(conn);
			if (nv->quiet != NIL)
				return;
			break;				/* detaching may have changed the list */
		}
	}
}

/* One more stream under the same snapshot of the node. */
static NodeConnection *
open_further(ClusterSnapshot *snap, NodeView *nv)
{
	NodeConnection *conn;
	MemoryContext old;

	if (nv->broken)
		snapshot_lost(nv->node);
	conn = connection_acquire(nv->node);
	cluster_snapshot_import(conn,
							psprintf("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
									 "SET TRANSACTION SNAPSHOT '%s';COPY %s TO STDOUT;COMMIT",
									 nv->id, cluster_snapshot_copy), true);
	old = MemoryContextSwitchTo(snap->view->context);
	snap->taken = lappend(snap->taken, conn);
	MemoryContextSwitchTo(old);
	connection_keep(conn, snapshot_stream_closes);
	return conn;
}

void
snapshot_stream_closes(NodeConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &snapshot_references)
	{
		ClusterSnapshot *snap = dlist_container(ClusterSnapshot, link, iter.cur);

		snap->taken = list_delete_ptr(snap->taken, conn);
	}
	dlist_foreach(iter, &snapshot_views)
	{
		View	   *view = dlist_container(View, link, iter.cur);
		ListCell   *lc;

		foreach(lc, view->nodes)
		{
			NodeView   *nv = lfirst(lc);

			nv->quiet = list_delete_ptr(nv->quiet, conn);
			nv->stopping = list_delete_ptr(nv->stopping, conn);
		}
	}
	holder_goes(conn);
}

/* If this stream's transaction is the exporter, nobody can import any more. */
static void
holder_goes(NodeConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &snapshot_views)
	{
		View	   *view = dlist_container(View, link, iter.cur);
		ListCell   *lc;

		foreach(lc, view->nodes)
		{
			NodeView   *nv = lfirst(lc);

			if (nv->holder != conn)
				continue;
			nv->holder = NULL;
			nv->broken = true;
		}
	}
}

void
snapshot_abandon_taken(ClusterSnapshot *snap)
{
	while (snap->taken != NIL)
	{
		NodeConnection *conn = linitial(snap->taken);

		snap->taken = list_delete_first(snap->taken);
		holder_goes(conn);
		connection_stream_abandon(conn);
		connection_park(conn);
	}
}

void
snapshot_leave_streams(List *streams)
{
	ListCell   *lc;

	foreach(lc, streams)
	{
		connection_stream_leave(lfirst(lc));
		connection_park(lfirst(lc));
	}
}
