/*-------------------------------------------------------------------------
 * stream.c
 *	  Frames over COPY BOTH.
 *
 * The node's handler answers a COPY command with CopyBothResponse; from then
 * on both sides send CopyData messages, one frame each, until we send CopyDone.
 * Whatever follows the COPY in the same command string (COMMIT) the node then
 * runs by itself, so a stream can be left without waiting.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"

static void end_copy(NodeConnection *conn, const char *error);
static void stream_wait(NodeConnection *conn);
static bool wants_both(NodeConnection *conn, uint32 *events);
static void take_value(NodeConnection *conn, PGresult *res);
static bool wants_stream(NodeConnection *conn, uint32 *events);
static RemoteError *result_error(NodeConnection *conn, PGresult *res);
static RemoteError *lost_error(NodeConnection *conn);
static RemoteError *make_error(int sqlstate, const char *message);
static char *copy_field(PGresult *res, int code);

void
connection_stream_send(NodeConnection *conn, const char *copy_command)
{
	connection_send(conn, copy_command);
	conn->state = CONN_STREAM_WAIT;
	if (conn->value)
		pfree(conn->value);
	conn->value = NULL;
}

void
connection_stream_wait_all(List *conns)
{
	ListCell   *lc;

	foreach(lc, conns)
		(void) PQflush(((NodeConnection *) lfirst(lc))->pg);
	foreach(lc, conns)
		stream_wait(lfirst(lc));
}

const char *
connection_stream_value(const NodeConnection *conn)
{
	return conn->value ? conn->value : "";
}

void
connection_put_frame(NodeConnection *conn, const char *data, int len)
{
	if (conn->state == CONN_STREAM && PQputCopyData(conn->pg, data, len) != 1)
		conn->state = CONN_BROKEN;
}

bool
connection_flush(NodeConnection *conn)
{
	if (!conn->pg || conn->state == CONN_BROKEN)
		return true;			/* reading says what is wrong */
	return PQflush(conn->pg) != 1;
}

void
connection_flush_all(List *conns)
{
	for (;;)
	{
		List	   *pending = NIL;
		ListCell   *lc;

		foreach(lc, conns)
		{
			if (!connection_flush(lfirst(lc)))
				pending = lappend(pending, lfirst(lc));
		}
		if (!pending)
			return;
		connection_wait(pending, wants_both, DT_NOEND);
		/* A node that cannot get rid of its own output would not take ours. */
		foreach(lc, pending)
			connection_consume(lfirst(lc));
		list_free(pending);
	}
}

int
connection_get_frame(NodeConnection *conn, char **frame, RemoteError **error)
{
	PGresult   *res;
	int			len;

	if (conn->frame)
	{
		PQfreemem(conn->frame);
		conn->frame = NULL;
	}
	if (conn->state != CONN_STREAM)
	{
		*error = lost_error(conn);
		return -1;
	}
	len = PQgetCopyData(conn->pg, &conn->frame, 1);
	if (len == 0)
	{
		connection_consume(conn);
		if (conn->pg)
			len = PQgetCopyData(conn->pg, &conn->frame, 1);
		if (len == 0 && conn->state == CONN_STREAM)
			return 0;
	}
	if (len > 0)
	{
		*frame = conn->frame;
		return len;
	}
	if (len == -2 || conn->state == CONN_BROKEN)
	{
		*error = lost_error(conn);
		return -1;
	}
	res = PQgetResult(conn->pg);
	conn->state = CONN_BUSY;
	conn->failed = true;
	*error = result_error(conn, res);
	PQclear(res);
	return -1;
}

void
connection_stream_leave(NodeConnection *conn)
{
	end_copy(conn, NULL);
}

void
connection_stream_abandon(NodeConnection *conn)
{
	static const char cancel = FRAME_CANCEL;

	if (conn->both)
		connection_put_frame(conn, &cancel, 1);
	end_copy(conn, conn->both ? NULL : "abandoned");
}

void
connection_stream_end(NodeConnection *conn)
{
	connection_stream_leave(conn);
	connection_finish(conn);
}

/* Throw away what the node still sent on a stream we left; true: all is taken. */
bool
connection_stream_swallow(NodeConnection *conn)
{
	while (conn->leaving)
	{
		char	   *rest;
		int			len = PQgetCopyData(conn->pg, &rest, 1);

		if (len == 0)
			return false;
		if (len > 0)
			PQfreemem(rest);
		else
			conn->leaving = false;
		if (len == -2)
			conn->state = CONN_BROKEN;
	}
	return true;
}

static void
end_copy(NodeConnection *conn, const char *error)
{
	if (conn->state != CONN_STREAM)
		return;
	if (PQputCopyEnd(conn->pg, error) != 1)
	{
		conn->state = CONN_BROKEN;
		return;
	}
	(void) PQflush(conn->pg);
	conn->state = CONN_BUSY;
	conn->failed = error != NULL;
	conn->leaving = conn->both;
}

/* Wait for CopyBothResponse; the results before it must be good. */
static void
stream_wait(NodeConnection *conn)
{
	while (conn->state == CONN_STREAM_WAIT)
	{
		PGresult   *res;

		if (PQisBusy(conn->pg))
		{
			connection_check_time(conn);
			connection_wait_one(conn, wants_stream, conn->give_up);
			connection_consume(conn);
			continue;
		}
		res = PQgetResult(conn->pg);
		switch (PQresultStatus(res))
		{
			case PGRES_COPY_BOTH:
			case PGRES_COPY_IN:
				conn->state = CONN_STREAM;
				conn->both = PQresultStatus(res) == PGRES_COPY_BOTH;
				break;
			case PGRES_TUPLES_OK:
				take_value(conn, res);
				break;
			case PGRES_COMMAND_OK:
				break;
			case PGRES_FATAL_ERROR:
				conn->state = CONN_BUSY;
				conn->failed = true;
				if (res)
				{
					connection_report(conn, res, ERROR);
					break;
				}
				/* fall through */
			default:
				conn->state = CONN_BROKEN;
				break;
		}
		PQclear(res);
	}
	if (conn->state != CONN_STREAM)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("lost connection to node \"%s\"", NameStr(conn->name)),
				 errdetail_internal("%s", conn->pg ? pchomp(PQerrorMessage(conn->pg)) : "")));
}

static bool
wants_stream(NodeConnection *conn, uint32 *events)
{
	*events = WL_SOCKET_READABLE;
	if (PQflush(conn->pg) == 1)
		*events |= WL_SOCKET_WRITEABLE;
	return true;
}

/* Must not flush: with nothing left to write, there would be nothing to wait for. */
static bool
wants_both(NodeConnection *conn, uint32 *events)
{
	*events = WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE;
	return true;
}

static void
take_value(NodeConnection *conn, PGresult *res)
{
	if (PQntuples(res) == 1 && PQnfields(res) == 1)
		conn->value = MemoryContextStrdup(GetMemoryChunkContext(conn), PQgetvalue(res, 0, 0));
}

static RemoteError *
result_error(NodeConnection *conn, PGresult *res)
{
	RemoteError *error;
	char	   *state = copy_field(res, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (PQresultStatus(res) != PGRES_FATAL_ERROR)
		return make_error(ERRCODE_PROTOCOL_VIOLATION,
						  psprintf("node \"%s\" ended a stream of tasks", NameStr(conn->name)));
	if (!state)
		return lost_error(conn);
	if (severity && strcmp(severity, "ERROR") != 0)
	{
		/* The session there ended; its SQLSTATE would look like our session's. */
		error = lost_error(conn);
		error->detail = copy_field(res, PG_DIAG_MESSAGE_PRIMARY);
		return error;
	}
	if (PQstatus(conn->pg) == CONNECTION_BAD)
	{
		conn->state = CONN_BROKEN;
		node_state_lost(conn->node);
	}
	error = make_error(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]),
					   copy_field(res, PG_DIAG_MESSAGE_PRIMARY));
	error->detail = copy_field(res, PG_DIAG_MESSAGE_DETAIL);
	error->hint = copy_field(res, PG_DIAG_MESSAGE_HINT);
	error->context = copy_field(res, PG_DIAG_CONTEXT);
	error->schema_name = copy_field(res, PG_DIAG_SCHEMA_NAME);
	error->table_name = copy_field(res, PG_DIAG_TABLE_NAME);
	error->column_name = copy_field(res, PG_DIAG_COLUMN_NAME);
	error->datatype_name = copy_field(res, PG_DIAG_DATATYPE_NAME);
	error->constraint_name = copy_field(res, PG_DIAG_CONSTRAINT_NAME);
	return error;
}

static RemoteError *
lost_error(NodeConnection *conn)
{
	RemoteError *error;

	error = make_error(ERRCODE_CONNECTION_FAILURE,
					   psprintf("lost connection to node \"%s\"", NameStr(conn->name)));
	if (conn->pg && PQerrorMessage(conn->pg)[0])
		error->detail = pchomp(PQerrorMessage(conn->pg));
	conn->state = CONN_BROKEN;
	node_state_lost(conn->node);
	return error;
}

static RemoteError *
make_error(int sqlstate, const char *message)
{
	RemoteError *error = palloc0(sizeof(RemoteError));

	error->elevel = ERROR;
	error->sqlerrcode = sqlstate;
	error->message = pstrdup(message ? message : "");
	return error;
}

static char *
copy_field(PGresult *res, int code)
{
	const char *field = PQresultErrorField(res, code);

	return field ? pstrdup(field) : NULL;
}
