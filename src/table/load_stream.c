/*-------------------------------------------------------------------------
 * load_stream.c
 *	  The driver's end of COPY barks.load: frames to the write sessions.
 *
 * The session belongs to the transaction module, which closes it when the
 * (sub)transaction aborts while a stream is open; here the stream is then only
 * forgotten.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/load_stream.h"

typedef struct LoadStream
{
	Oid			node;
	NodeConnection *conn;
	CommandId	cid;			/* of all rows that are sent */
	SubTransactionId subid;
} LoadStream;

static List *streams = NIL;		/* of LoadStream, in TopTransactionContext */

static LoadStream *get_stream(Oid node, CommandId cid);
static void detach(void *arg);
static void forget(LoadStream *stream);
static void check_error(LoadStream *stream);
static void on_xact(XactEvent event, void *arg);
static void on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg);

void
load_stream_init(void)
{
	RegisterXactCallback(on_xact, NULL);
	RegisterSubXactCallback(on_subxact, NULL);
}

void
load_stream_put(Oid node, CommandId cid, const StringInfo frame)
{
	LoadStream *stream = get_stream(node, cid);

	check_error(stream);
	connection_put_frame(stream->conn, frame->data, frame->len);
	if (!connection_flush(stream->conn))
		connection_flush_all(list_make1(stream->conn));
	check_error(stream);
}

void
load_stream_end_all(void)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	List	   *conns = NIL;
	ListCell   *lc;

	foreach(lc, streams)
	{
		LoadStream *stream = lfirst(lc);

		if (stream->subid != subid)
			continue;
		check_error(stream);
		connection_set_user(stream->conn, NULL, NULL);
		connection_stream_leave(stream->conn);
		conns = lappend(conns, stream->conn);
		streams = foreach_delete_current(streams, lc);
	}
	if (conns)
		connection_finish_all(conns);
}

static LoadStream *
get_stream(Oid node, CommandId cid)
{
	ListCell   *lc;
	LoadStream *stream;
	MemoryContext old;
	NodeConnection *conn;

	foreach(lc, streams)
	{
		stream = lfirst(lc);
		if (stream->node == node && stream->cid == cid)
			return stream;
	}
	conn = transaction_session(node);	/* ends one of another command */
	connection_stream_send(conn, psprintf("COPY barks.load FROM STDIN (command '%u')", cid));
	connection_stream_wait_all(list_make1(conn));
	old = MemoryContextSwitchTo(TopTransactionContext);
	stream = palloc(sizeof(LoadStream));
	stream->node = node;
	stream->conn = conn;
	stream->cid = cid;
	stream->subid = GetCurrentSubTransactionId();
	streams = lappend(streams, stream);
	MemoryContextSwitchTo(old);
	connection_set_user(conn, detach, stream);
	return stream;
}

/* The session is wanted for something else: have the node store what it has. */
static void
detach(void *arg)
{
	LoadStream *stream = arg;
	NodeConnection *conn = stream->conn;

	check_error(stream);
	forget(stream);
	connection_stream_end(conn);
}

static void
forget(LoadStream *stream)
{
	streams = list_delete_ptr(streams, stream);
}

static void
check_error(LoadStream *stream)
{
	char	   *frame;
	RemoteError *error = NULL;
	NodeConnection *conn = stream->conn;

	if (connection_get_frame(conn, &frame, &error) >= 0)
		return;
	forget(stream);
	connection_set_user(conn, NULL, NULL);
	remote_error_throw(error, psprintf("loading rows on node \"%s\"",
									   connection_node_name(conn)));
}

static void
on_xact(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		streams = NIL;
}

static void
on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, streams)
	{
		LoadStream *stream = lfirst(lc);

		if (stream->subid != subid)
			continue;
		connection_set_user(stream->conn, NULL, NULL);
		streams = foreach_delete_current(streams, lc);
	}
}
