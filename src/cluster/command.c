/*-------------------------------------------------------------------------
 * command.c
 *	  Commands on a connection, and waiting for nodes.
 *
 * libpq is in non-blocking mode throughout: nothing here sleeps but
 * connection_wait, which also takes interrupts.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"
#include "cluster/deadlock.h"
#include "cluster/transaction.h"

static bool take_results(NodeConnection *conn);
static PGresult *next_result(NodeConnection *conn);
static bool result_is_there(NodeConnection *conn);
static PGresult *take_result(NodeConnection *conn);
static bool wants_progress(NodeConnection *conn, uint32 *events);
static void lost(NodeConnection *conn, int elevel);

void
connection_exec(NodeConnection *conn, const char *sql)
{
	connection_send(conn, sql);
	connection_finish(conn);
}

int
connection_try_exec(NodeConnection *conn, const char *sql)
{
	int			sqlstate = ERRCODE_SUCCESSFUL_COMPLETION;
	PGresult   *res;

	connection_send(conn, sql);
	while ((res = next_result(conn)) != NULL)
	{
		const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		if (code)
			sqlstate = MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]);
		PQclear(res);
	}
	return sqlstate;
}

PGresult *
connection_query(NodeConnection *conn, const char *sql, int nparams,
				 const char *const *params)
{
	PGresult   *last = NULL;
	PGresult   *res;

	Assert(conn->state == CONN_IDLE);
	if (!PQsendQueryParams(conn->pg, sql, nparams, NULL, params, NULL, NULL, 0))
		lost(conn, ERROR);
	conn->state = CONN_BUSY;
	while ((res = next_result(conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_FATAL_ERROR)
		{
			PQclear(last);
			connection_report(conn, res, ERROR);
		}
		PQclear(last);
		last = res;
	}
	return last;
}

void
connection_send(NodeConnection *conn, const char *sql)
{
	if (conn->state != CONN_IDLE)
		elog(ERROR, "connection to node \"%s\" is busy", NameStr(conn->name));
	if (!PQsendQuery(conn->pg, sql))
		lost(conn, ERROR);
	conn->state = CONN_BUSY;
}

bool
connection_try_send(NodeConnection *conn, const char *sql)
{
	if (conn->state != CONN_IDLE || !PQsendQuery(conn->pg, sql))
		return false;
	conn->state = CONN_BUSY;
	return true;
}

void
connection_set_deadline(NodeConnection *conn, TimestampTz until)
{
	conn->give_up = until;
}

void
connection_finish(NodeConnection *conn)
{
	PGresult   *res;

	while ((res = next_result(conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_FATAL_ERROR)
			connection_report(conn, res, ERROR);
		PQclear(res);
	}
}

void
connection_swallow(NodeConnection *conn)
{
	PGresult   *res;

	while ((res = next_result(conn)) != NULL)
		PQclear(res);
}

/* Whichever fails first ends it, however long the others would work. */
void
connection_finish_all(List *conns)
{
	List	   *busy = list_copy(conns);
	ListCell   *lc;

	for (;;)
	{
		TimestampTz until = DT_NOEND;

		foreach(lc, busy)
		{
			NodeConnection *conn = lfirst(lc);

			if (take_results(conn))
				busy = foreach_delete_current(busy, lc);
			else
				until = Min(until, conn->give_up);
		}
		if (busy == NIL)
			return;
		foreach(lc, busy)
			connection_check_time(lfirst(lc));
		connection_wait(busy, wants_progress, until);
		foreach(lc, busy)
			connection_consume(lfirst(lc));
	}
}

/* What has come of the results, which must be good; true: all, it is idle. */
static bool
take_results(NodeConnection *conn)
{
	while (conn->state != CONN_IDLE)
	{
		PGresult   *res;

		if (!result_is_there(conn))
			return false;
		res = take_result(conn);
		if (PQresultStatus(res) == PGRES_FATAL_ERROR && res)
			connection_report(conn, res, ERROR);
		PQclear(res);
	}
	return true;
}

bool
connection_try_finish(NodeConnection *conn, TimestampTz until)
{
	bool		good = true;

	while (conn->state == CONN_BUSY)
	{
		PGresult   *res;

		if (PQflush(conn->pg) < 0 || !connection_stream_swallow(conn) || PQisBusy(conn->pg))
		{
			if (QueryCancelPending || ProcDiePending || GetCurrentTimestamp() >= until)
				return false;
			connection_wait_one(conn, wants_progress, until);
			connection_consume(conn);
			continue;
		}
		res = PQgetResult(conn->pg);
		if (!res)
			conn->state = CONN_IDLE;
		else if (PQresultStatus(res) != PGRES_COMMAND_OK)
			good = false;
		PQclear(res);
	}
	return good && conn->state == CONN_IDLE;
}

bool
connection_in_good_transaction(const NodeConnection *conn)
{
	return conn->state == CONN_IDLE && PQtransactionStatus(conn->pg) == PQTRANS_INTRANS;
}

void
connection_report(NodeConnection *conn, PGresult *res, int elevel)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	char	   *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	char	   *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	char	   *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
	char	   *remote_context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	bool		fatal = severity && strcmp(severity, "ERROR") != 0;
	char	   *fields[5];
	static const int codes[5] = {PG_DIAG_SCHEMA_NAME, PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME,
	PG_DIAG_DATATYPE_NAME, PG_DIAG_CONSTRAINT_NAME};
	int			sqlstate;

	if (!state || !message)
	{
		PQclear(res);
		lost(conn, elevel);
		return;
	}
	sqlstate = MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
	message = pstrdup(message);
	detail = detail ? pstrdup(detail) : NULL;
	hint = hint ? pstrdup(hint) : NULL;
	remote_context = remote_context ? pstrdup(remote_context) : NULL;
	for (int i = 0; i < 5; i++)
	{
		const char *field = PQresultErrorField(res, codes[i]);

		fields[i] = field ? pstrdup(field) : NULL;
	}
	PQclear(res);
	if (PQstatus(conn->pg) == CONNECTION_BAD || fatal)
		conn->state = CONN_BROKEN;
	if (fatal)
	{
		/* The session there ended; its SQLSTATE would look like our session's. */
		node_state_lost(conn->node);
		ereport(elevel,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("lost connection to node \"%s\"", NameStr(conn->name)),
				 errdetail_internal("%s", message)));
		return;
	}

	ereport(elevel,
			(errcode(sqlstate),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 fields[0] ? err_generic_string(PG_DIAG_SCHEMA_NAME, fields[0]) : 0,
			 fields[1] ? err_generic_string(PG_DIAG_TABLE_NAME, fields[1]) : 0,
			 fields[2] ? err_generic_string(PG_DIAG_COLUMN_NAME, fields[2]) : 0,
			 fields[3] ? err_generic_string(PG_DIAG_DATATYPE_NAME, fields[3]) : 0,
			 fields[4] ? err_generic_string(PG_DIAG_CONSTRAINT_NAME, fields[4]) : 0,
			 remote_context ? errcontext("%s", remote_context) : 0,
			 errcontext("node \"%s\"", NameStr(conn->name))));
}

void
connection_wait(List *conns, bool (*wants) (NodeConnection *conn, uint32 *events),
				TimestampTz until)
{
	WaitEventSet *set = CreateWaitEventSet(CurrentMemoryContext, list_length(conns) + 2);
	WaitEvent	event;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz ask = DT_NOEND;
	int			nevents;
	ListCell   *lc;

	/* what we wrote, others may wait for, and we for them */
	if (InterruptHoldoffCount == 0 && transaction_wrote_any())
		ask = TimestampTzPlusMilliseconds(now, DeadlockTimeout);
	/* The set's descriptor is returned even when an interrupt is taken. */
	PG_TRY();
	{
		AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
		foreach(lc, conns)
		{
			NodeConnection *conn = lfirst(lc);
			uint32		events;

			if (conn->pg && PQsocket(conn->pg) != PGINVALID_SOCKET && wants(conn, &events))
				AddWaitEventToSet(set, events, PQsocket(conn->pg), NULL, NULL);
		}
		nevents = WaitEventSetWait(set, Min(until, ask) == DT_NOEND ? -1 :
								   TimestampDifferenceMilliseconds(now, Min(until, ask)),
								   &event, 1, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (nevents > 0 && event.events != WL_LATCH_SET)
			deadlock_forget();
		else if (nevents == 0 && ask < until)
			deadlock_ask();
		else if (InterruptHoldoffCount == 0)
			deadlock_check();
	}
	PG_FINALLY();
	{
		FreeWaitEventSet(set);
	}
	PG_END_TRY();
}

void
connection_wait_one(NodeConnection *conn, bool (*wants) (NodeConnection *conn, uint32 *events),
					TimestampTz until)
{
	List	   *conns = list_make1(conn);

	connection_wait(conns, wants, until);
	list_free(conns);			/* a load waits often in one memory context */
}

void
connection_check_time(NodeConnection *conn)
{
	if (conn->give_up == DT_NOEND || GetCurrentTimestamp() < conn->give_up)
		return;
	conn->state = CONN_BROKEN;
	node_state_lost(conn->node);
	ereport(ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("node \"%s\" did not answer in time", NameStr(conn->name))));
}

void
connection_consume(NodeConnection *conn)
{
	if (conn->state == CONN_BROKEN || conn->state == CONN_CLOSED)
		return;
	if (!PQconsumeInput(conn->pg) || PQstatus(conn->pg) == CONNECTION_BAD)
	{
		conn->state = CONN_BROKEN;
		node_state_lost(conn->node);
	}
}

/* The next result of what was sent, waiting for it; NULL: no more, now idle. */
static PGresult *
next_result(NodeConnection *conn)
{
	if (conn->state == CONN_IDLE)
		return NULL;
	while (!result_is_there(conn))
	{
		connection_check_time(conn);
		connection_wait_one(conn, wants_progress, conn->give_up);
		connection_consume(conn);
	}
	return take_result(conn);
}

/* Would taking a result not wait? */
static bool
result_is_there(NodeConnection *conn)
{
	if (conn->state != CONN_BUSY)
		lost(conn, ERROR);
	return PQflush(conn->pg) >= 0 && connection_stream_swallow(conn) && !PQisBusy(conn->pg);
}

static PGresult *
take_result(NodeConnection *conn)
{
	PGresult   *res = PQgetResult(conn->pg);

	conn->failed = PQresultStatus(res) == PGRES_FATAL_ERROR && res;
	if (!res)
		conn->state = CONN_IDLE;
	else if (PQstatus(conn->pg) == CONNECTION_BAD && !PQresultErrorField(res, PG_DIAG_SQLSTATE))
	{
		PQclear(res);
		lost(conn, ERROR);
	}
	return res;
}

static bool
wants_progress(NodeConnection *conn, uint32 *events)
{
	*events = WL_SOCKET_READABLE;
	if (PQflush(conn->pg) == 1)
		*events |= WL_SOCKET_WRITEABLE;
	return true;
}

static void
lost(NodeConnection *conn, int elevel)
{
	conn->state = CONN_BROKEN;
	node_state_lost(conn->node);
	ereport(elevel,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("lost connection to node \"%s\"", NameStr(conn->name)),
			 errdetail_internal("%s", conn->pg ? pchomp(PQerrorMessage(conn->pg)) : "The session ends.")));
}
