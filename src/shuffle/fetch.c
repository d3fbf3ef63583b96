/*-------------------------------------------------------------------------
 * fetch.c
 *	  Connections to other servers' blocks, and what they send.
 *
 * A fetch owns its connection, which is outside of any transaction: whoever
 * began a fetch ends it, when memory is reset at the latest.
 */
#include "postgres.h"

#include "libpq-fe.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "shuffle/fetch.h"

#define MAX_IDLE		32
/* Less than DROP DATABASE waits for sessions to go. */
#define IDLE_MS			3000

/* What a session of ours runs under, whatever the role's own settings are. */
static const char *const session_options =
"-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 "
"-c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 "
"-c client_min_messages=warning -c client_connection_check_interval=500 "
"-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";

typedef enum FetchState
{
	STATE_CONNECTING,
	STATE_SENDING,				/* the command, until COPY begins */
	STATE_STREAMING,
	STATE_ENDING,				/* all data came, the command's end did not yet */
	STATE_DONE,
	STATE_FAILED
} FetchState;

struct Fetch
{
	FetchState	state;
	PGconn	   *conn;
	PostgresPollingStatusType poll;
	char	   *conninfo;
	char	   *command;
	bool		unsent;			/* of the command, some is still to be sent */
	char		why[512];
};

/* A connection that waits for its next use. */
typedef struct IdleConnection
{
	dlist_node	node;
	PGconn	   *conn;
	TimestampTz since;
	char	   *conninfo;
} IdleConnection;

static dlist_head idle = DLIST_STATIC_INIT(idle);	/* newest first */
static int	nidle;
static bool keep_connections;

static PGconn *take_idle(const char *conninfo);
static void drop_idle(IdleConnection *connection);
static void start_connecting(Fetch *fetch);
static void connect_more(Fetch *fetch);
static void send_command(Fetch *fetch);
static bool receive_some(Fetch *fetch);
static void await_copy(Fetch *fetch);
static bool next_message(Fetch *fetch, char **data, int *len);
static void await_end(Fetch *fetch);
static void fail(Fetch *fetch, const char *message);
static void ignore_notice(void *arg, const PGresult *result);

Fetch *
fetch_begin(const char *conninfo, const char *command)
{
	Fetch	   *fetch = MemoryContextAllocZero(TopMemoryContext, sizeof(Fetch));

	fetch->conninfo = MemoryContextStrdup(TopMemoryContext, conninfo);
	fetch->command = MemoryContextStrdup(TopMemoryContext, command);
	fetch->conn = take_idle(conninfo);
	if (fetch->conn)
		send_command(fetch);
	else
		start_connecting(fetch);
	return fetch;
}

FetchEvent
fetch_poll(Fetch *fetch, char **data, int *len)
{
	bool		received = false;

	for (;;)
	{
		FetchState	state = fetch->state;

		switch (state)
		{
			case STATE_CONNECTING:
				connect_more(fetch);
				break;
			case STATE_SENDING:
				await_copy(fetch);
				break;
			case STATE_STREAMING:
				if (next_message(fetch, data, len))
					return FETCH_MESSAGE;
				break;
			case STATE_ENDING:
				await_end(fetch);
				break;
			case STATE_DONE:
				return FETCH_DONE;
			case STATE_FAILED:
				return FETCH_FAILED;
		}
		if (fetch->state != state)
			continue;
		if (received || state == STATE_CONNECTING || !receive_some(fetch))
			return fetch->state == STATE_FAILED ? FETCH_FAILED : FETCH_NOTHING;
		received = true;
	}
}

void
fetch_free_message(char *data)
{
	PQfreemem(data);
}

pgsocket
fetch_socket(const Fetch *fetch, uint32 *events)
{
	if (fetch->state == STATE_CONNECTING)
		*events = fetch->poll == PGRES_POLLING_READING ? WL_SOCKET_READABLE : WL_SOCKET_CONNECTED;
	else
		*events = WL_SOCKET_READABLE | (fetch->unsent ? WL_SOCKET_WRITEABLE : 0);
	return PQsocket(fetch->conn);
}

const char *
fetch_why(const Fetch *fetch)
{
	return fetch->why;
}

void
fetch_end(Fetch *fetch)
{
	if (fetch->state == STATE_DONE && keep_connections && nidle < MAX_IDLE)
	{
		IdleConnection *connection =
		MemoryContextAllocExtended(TopMemoryContext, sizeof(IdleConnection), MCXT_ALLOC_NO_OOM);

		if (connection)
		{
			connection->conn = fetch->conn;
			connection->conninfo = fetch->conninfo;
			connection->since = GetCurrentTimestamp();
			dlist_push_head(&idle, &connection->node);
			nidle++;
			fetch->conn = NULL;
			fetch->conninfo = NULL;
		}
	}
	if (fetch->conn)
	{
		PQfinish(fetch->conn);
		ReleaseExternalFD();
	}
	if (fetch->conninfo)
		pfree(fetch->conninfo);
	pfree(fetch->command);
	pfree(fetch);
}

/* ---------------- idle connections ---------------- */

void
fetch_keep_connections(bool keep)
{
	keep_connections = keep;
	if (!keep)
		fetch_close_idle(true);
}

void
fetch_close_idle(bool all)
{
	TimestampTz now = GetCurrentTimestamp();
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &idle)
	{
		IdleConnection *connection = dlist_container(IdleConnection, node, iter.cur);

		if (!all && !TimestampDifferenceExceeds(connection->since, now, IDLE_MS))
			continue;
		PQfinish(connection->conn);
		ReleaseExternalFD();
		drop_idle(connection);
	}
}

long
fetch_idle_timeout(void)
{
	return nidle > 0 ? IDLE_MS : -1;
}

static PGconn *
take_idle(const char *conninfo)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &idle)
	{
		IdleConnection *connection = dlist_container(IdleConnection, node, iter.cur);
		PGconn	   *conn = connection->conn;

		if (strcmp(connection->conninfo, conninfo) != 0)
			continue;
		drop_idle(connection);
		/* nothing should have come; if so it is the end of the connection */
		if (PQconsumeInput(conn) && PQstatus(conn) == CONNECTION_OK &&
			PQtransactionStatus(conn) == PQTRANS_IDLE)
			return conn;
		PQfinish(conn);
		ReleaseExternalFD();
	}
	return NULL;
}

static void
drop_idle(IdleConnection *connection)
{
	dlist_delete(&connection->node);
	nidle--;
	pfree(connection->conninfo);
	pfree(connection);
}

/* ---------------- one fetch ---------------- */

static void
start_connecting(Fetch *fetch)
{
	const char *keywords[] = {"dbname", "application_name", "client_encoding", "options",
		"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", NULL};
	const char *values[] = {fetch->conninfo, "barks shuffle", GetDatabaseEncodingName(),
	session_options, "30", "10", "3", "60000", NULL};

	fetch->state = STATE_FAILED;
	if (!AcquireExternalFD())
	{
		fail(fetch, _("Too many files are open."));
		return;
	}
	fetch->conn = PQconnectStartParams(keywords, values, true);
	if (fetch->conn == NULL)
	{
		ReleaseExternalFD();
		fail(fetch, _("Memory is used up."));
		return;
	}
	if (PQstatus(fetch->conn) == CONNECTION_BAD)
	{
		fail(fetch, NULL);
		return;
	}
	PQsetNoticeReceiver(fetch->conn, ignore_notice, NULL);
	fetch->state = STATE_CONNECTING;
	fetch->poll = PGRES_POLLING_WRITING;
}

static void
connect_more(Fetch *fetch)
{
	fetch->poll = PQconnectPoll(fetch->conn);
	if (fetch->poll == PGRES_POLLING_FAILED)
		fail(fetch, NULL);
	else if (fetch->poll == PGRES_POLLING_OK)
		send_command(fetch);
}

static void
send_command(Fetch *fetch)
{
	fetch->state = STATE_SENDING;
	PQsetnonblocking(fetch->conn, 1);
	if (!PQsendQuery(fetch->conn, fetch->command))
		fail(fetch, NULL);
}

/* Take from the socket what there is; false on failure. */
static bool
receive_some(Fetch *fetch)
{
	if (PQconsumeInput(fetch->conn))
		return true;
	fail(fetch, NULL);
	return false;
}

static void
await_copy(Fetch *fetch)
{
	int			flushed = PQflush(fetch->conn);
	PGresult   *result;

	if (flushed < 0)
	{
		fail(fetch, NULL);
		return;
	}
	fetch->unsent = flushed > 0;
	if (PQisBusy(fetch->conn))
		return;
	result = PQgetResult(fetch->conn);
	if (PQresultStatus(result) == PGRES_COPY_OUT)
		fetch->state = STATE_STREAMING;
	else
		fail(fetch, result ? PQresultErrorMessage(result) : NULL);
	PQclear(result);
}

static bool
next_message(Fetch *fetch, char **data, int *len)
{
	*len = PQgetCopyData(fetch->conn, data, true);
	if (*len > 0)
		return true;
	if (*len == -1)
		fetch->state = STATE_ENDING;
	else if (*len == -2)
		fail(fetch, NULL);
	return false;
}

static void
await_end(Fetch *fetch)
{
	while (!PQisBusy(fetch->conn))
	{
		PGresult   *result = PQgetResult(fetch->conn);

		if (result == NULL)
		{
			fetch->state = STATE_DONE;
			return;
		}
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail(fetch, PQresultErrorMessage(result));
		PQclear(result);
		if (fetch->state == STATE_FAILED)
			return;
	}
}

/* message NULL: what libpq says. */
static void
fail(Fetch *fetch, const char *message)
{
	int			len;

	if (message == NULL)
		message = PQerrorMessage(fetch->conn);
	len = pg_mbcliplen(message, strlen(message), sizeof(fetch->why) - 1);
	while (len > 0 && message[len - 1] == '\n')
		len--;
	memcpy(fetch->why, message, len);
	fetch->why[len] = '\0';
	fetch->state = STATE_FAILED;
}

static void
ignore_notice(void *arg, const PGresult *result)
{
}
