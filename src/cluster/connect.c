/*-------------------------------------------------------------------------
 * connect.c
 *	  Opening connections: several at once, and judging what answered.
 *
 * All that must hold on every connection is known without a round trip from
 * what a server reports when a session starts: its version, encoding, whether
 * it is in recovery, whether our role is superuser, and barks' protocol
 * version, which is missing when barks is not preloaded.  handshake.c checks
 * the rest once, when a node is added.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"
#include "cluster/deadlock.h"
#include "cluster/monitor.h"
#include "cluster/node.h"

#define CONNECT_TIMEOUT_S	10
#define SEEN_HEARTBEATS		2	/* who answered one of so many last ones may be restarting */

/* What a session of ours runs under, whatever the node's or the role's own settings are. */
static const char *const session_options =
"-c search_path=pg_catalog -c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC "
"-c bytea_output=hex -c extra_float_digits=1 -c statement_timeout=0 -c lock_timeout=0 "
"-c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 "
"-c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off "
"-c default_transaction_deferrable=off -c client_min_messages=warning "
"-c row_security=on -c standard_conforming_strings=on "
"-c client_connection_check_interval=500 "
"-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";

typedef struct Parameters
{
	const char **keywords;		/* ended by NULL */
	const char **values;
} Parameters;

static int	collect_parameters(Oid node, Parameters *params);
static bool wants_connect(NodeConnection *conn, uint32 *events);
static void connect_advance(NodeConnection *conn);
static void check_session(NodeConnection *conn);
static void connect_failed(NodeConnection *conn, TimestampTz since);
static bool may_come_back(NodeConnection *conn, int sqlstate, TimestampTz since);
static char *split_message(const char *message, int *sqlstate);
static void pass_notice(void *arg, const PGresult *res);

/* Begin to connect; connection_open_all does the rest. */
void
connection_start(NodeConnection *conn)
{
	conn->pg = connect_begin(conn->node, &conn->deadline);
	PQsetNoticeReceiver(conn->pg, pass_notice, conn);
	conn->poll = PQstatus(conn->pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
}

/* A libpq connection to the node that has begun, and when to give up. */
PGconn *
connect_begin(Oid node, TimestampTz *deadline)
{
	Parameters	params = {0};
	int			timeout = collect_parameters(node, &params);
	PGconn	   *pg;

	*deadline = timeout > 0 ?
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout * INT64CONST(1000)) : DT_NOEND;
	pg = PQconnectStartParams(params.keywords, params.values, false);
	if (!pg)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);	/* to learn the SQLSTATE */
	pfree(params.keywords);
	pfree(params.values);
	return pg;
}

/* What connect_begin would use, as text for another node: keyword = 'value' … */
char *
connection_conninfo(Oid node)
{
	Parameters	params = {0};
	int			timeout = collect_parameters(node, &params);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; params.keywords[i]; i++)
	{
		if (params.values[i] == NULL)
			continue;
		appendStringInfo(&buf, "%s='", params.keywords[i]);
		for (const char *c = params.values[i]; *c; c++)
		{
			if (*c == '\'' || *c == '\\')
				appendStringInfoChar(&buf, '\\');
			appendStringInfoChar(&buf, *c);
		}
		appendStringInfoString(&buf, "' ");
	}
	appendStringInfo(&buf, "connect_timeout=%d", timeout);
	return buf.data;
}

/* Options of the node's server, credentials and what we want; the time-out in seconds. */
static int
collect_parameters(Oid node, Parameters *params)
{
	ForeignServer *server = GetForeignServerExtended(node, FSV_MISSING_OK);
	int			nparams;
	char	   *user;
	char	   *password;
	int			timeout = CONNECT_TIMEOUT_S;
	int			n = 0;
	ListCell   *lc;

	if (!server)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("node %u was removed", node)));
	nparams = list_length(server->options) + 16;
	params->keywords = palloc(nparams * sizeof(char *));
	params->values = palloc(nparams * sizeof(char *));

#define PARAM(k, v) (params->keywords[n] = (k), params->values[n++] = (v))
	PARAM("keepalives_idle", "30");
	PARAM("keepalives_interval", "10");
	PARAM("keepalives_count", "3");
	PARAM("tcp_user_timeout", "60000");
	foreach(lc, server->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, "connect_timeout") == 0)
			timeout = atoi(defGetString(def));
		else
			PARAM(def->defname, defGetString(def));
	}
	node_credential(node, &user, &password);
	PARAM("user", user);
	if (password)
		PARAM("password", password);
	PARAM("client_encoding", GetDatabaseEncodingName());
	PARAM("application_name", deadlock_session_name());
	PARAM("options", session_options);
	PARAM(NULL, NULL);
#undef PARAM
	return timeout;
}

bool
connection_open_all(List *conns, TimestampTz since)
{
	for (;;)
	{
		TimestampTz until = DT_NOEND;
		bool		done = true;
		ListCell   *lc;

		foreach(lc, conns)
		{
			NodeConnection *conn = lfirst(lc);

			if (conn->state != CONN_CONNECTING)
				continue;
			if (conn->poll == PGRES_POLLING_FAILED || conn->deadline <= GetCurrentTimestamp())
			{
				connect_failed(conn, since);
				return false;
			}
			done = false;
			until = Min(until, conn->deadline);
		}
		if (done)
			return true;
		connection_wait(conns, wants_connect, until);
		foreach(lc, conns)
			connect_advance(lfirst(lc));
	}
}

static bool
wants_connect(NodeConnection *conn, uint32 *events)
{
	if (conn->state != CONN_CONNECTING)
		return false;
	*events = conn->poll == PGRES_POLLING_READING ? WL_SOCKET_READABLE : WL_SOCKET_CONNECTED;
	return true;
}

static void
connect_advance(NodeConnection *conn)
{
	if (conn->state != CONN_CONNECTING)
		return;
	conn->poll = PQconnectPoll(conn->pg);
	if (conn->poll != PGRES_POLLING_OK)
		return;
	check_session(conn);
	PQsetnonblocking(conn->pg, 1);
	PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
	conn->state = CONN_IDLE;
	node_state_seen(conn->node, 0, PQparameterStatus(conn->pg, "server_version"));
}

/* What must hold on every connection. */
static void
check_session(NodeConnection *conn)
{
	const char *name = NameStr(conn->name);
	const char *encoding = PQparameterStatus(conn->pg, "server_encoding");
	const char *protocol = PQparameterStatus(conn->pg, "barks.protocol_version");
	const char *superuser = PQparameterStatus(conn->pg, "is_superuser");
	const char *standby = PQparameterStatus(conn->pg, "in_hot_standby");

	if (PQserverVersion(conn->pg) / 10000 != PG_VERSION_NUM / 10000)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" runs PostgreSQL %d, the driver %d", name,
						PQserverVersion(conn->pg) / 10000, PG_VERSION_NUM / 10000),
				 errhint("All servers of a cluster must have the same major version.")));
	if (!protocol)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("barks is not loaded on node \"%s\"", name),
				 errhint("Add barks to shared_preload_libraries there and restart the server.")));
	if (atoi(protocol) != BARKS_PROTOCOL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" speaks protocol version %s, the driver %d", name, protocol,
						BARKS_PROTOCOL_VERSION),
				 errhint("Install the same version of barks on all servers.")));
	if (!encoding || strcmp(encoding, GetDatabaseEncodingName()) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the database on node \"%s\" has encoding %s, the driver's has %s", name,
						encoding ? encoding : "unknown", GetDatabaseEncodingName())));
	if (standby && strcmp(standby, "on") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" is in recovery", name),
				 errhint("A node must be a primary server.")));
	if (!superuser || strcmp(superuser, "on") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" is not a superuser on node \"%s\"", PQuser(conn->pg), name),
				 errhint("Give a superuser's name and password to barks.add_node().")));
}

/* Raises, unless another try may go well soon. */
static void
connect_failed(NodeConnection *conn, TimestampTz since)
{
	int			sqlstate = ERRCODE_CONNECTION_FAILURE;
	char	   *detail;

	conn->state = CONN_BROKEN;
	node_state_lost(conn->node);
	if (conn->poll != PGRES_POLLING_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("could not connect to node \"%s\"", NameStr(conn->name)),
				 errdetail("The server did not answer in time.")));
	detail = split_message(PQerrorMessage(conn->pg), &sqlstate);
	if (sqlstate == ERRCODE_CONNECTION_FAILURE && PQconnectionNeedsPassword(conn->pg))
		sqlstate = ERRCODE_INVALID_PASSWORD;
	if (may_come_back(conn, sqlstate, since))
		return;
	if (sqlstate == ERRCODE_CANNOT_CONNECT_NOW)
		sqlstate = ERRCODE_CONNECTION_FAILURE;	/* starting up or shutting down */
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("could not connect to node \"%s\"", NameStr(conn->name)),
			 errdetail_internal("%s", detail)));
}

/*
 * A server that says that it is starting up will come.  One that is not there
 * may be restarting if it answered a heartbeat just now; else it is down.
 */
static bool
may_come_back(NodeConnection *conn, int sqlstate, TimestampTz since)
{
	TimestampTz now = GetCurrentTimestamp();
	NodeState	state;

	if (!connection_patience ||
		now >= TimestampTzPlusMilliseconds(since, reconnect_timeout * INT64CONST(1000)))
		return false;
	if (sqlstate == ERRCODE_CANNOT_CONNECT_NOW)
		return true;
	return sqlstate == ERRCODE_CONNECTION_FAILURE &&
		node_state_get(conn->node, &state) && state.last_seen > 0 &&
		now < TimestampTzPlusMilliseconds(state.last_seen, SEEN_HEARTBEATS * (int64) heartbeat_interval);
}

/*
 * libpq's verbose text of a failed connection: "…FATAL:  28P01: message" and
 * further lines.  The first line without the SQLSTATE, which is returned apart.
 */
static char *
split_message(const char *message, int *sqlstate)
{
	char	   *line = pstrdup(message);
	char	   *at;

	for (at = line; (at = strstr(at, ":  ")) != NULL; at += 3)
	{
		char	   *code = at + 3;
		int			len = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (len != 5 || strncmp(code + 5, ": ", 2) != 0)
			continue;
		*sqlstate = MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]);
		memmove(code, code + 7, strlen(code + 7) + 1);
		if (strchr(code, '\n'))
			*strchr(code, '\n') = '\0';
		break;
	}
	return pchomp(line);
}

/*
 * Warnings of a node are shown; what is less is not worth the noise, and that a
 * session there must end is told by whoever still needs it.
 */
static void
pass_notice(void *arg, const PGresult *res)
{
	NodeConnection *conn = arg;
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (!severity || !message || strcmp(severity, "WARNING") != 0 ||
		(state && (strcmp(state, "57P01") == 0 || strcmp(state, "57P02") == 0)))
		return;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 errcontext("node \"%s\"", NameStr(conn->name))));
}
