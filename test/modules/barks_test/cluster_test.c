/*-------------------------------------------------------------------------
 * cluster_test.c
 *	  Sessions, streams and snapshots of the cluster, called from SQL.
 *
 * "COPY barks.query TO STDOUT" is the node's side: it answers every frame, an
 * SQL query, with the query's first value, under the stream's snapshot.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "base/virtual_copy.h"
#include "cluster/cluster_snapshot.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"

PG_FUNCTION_INFO_V1(cluster_exec);
PG_FUNCTION_INFO_V1(cluster_exec_all);
PG_FUNCTION_INFO_V1(cluster_read);
PG_FUNCTION_INFO_V1(cluster_read_twice);
PG_FUNCTION_INFO_V1(cluster_extend);
PG_FUNCTION_INFO_V1(cluster_load);
PG_FUNCTION_INFO_V1(cluster_hold);

void		_PG_init(void);

static void answer_queries(CopyStmt *stmt);
static char *ask(NodeConnection *conn, const char *sql);

void
_PG_init(void)
{
	virtual_copy_register("query", answer_queries);
	cluster_snapshot_copy = "barks.query";
}

/* Run a command in the write session of a node. */
Datum
cluster_exec(PG_FUNCTION_ARGS)
{
	Oid			node = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);

	connection_exec(transaction_session(node), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/* The same on all nodes. */
Datum
cluster_exec_all(PG_FUNCTION_ARGS)
{
	transaction_exec_all(node_list(), text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/* Ask every node the same query in a cluster snapshot; "n1=value n2=value". */
Datum
cluster_read(PG_FUNCTION_ARGS)
{
	List	   *nodes = node_list();
	ClusterSnapshot *snap = cluster_snapshot_acquire(GetActiveSnapshot(), nodes);
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, nodes)
	{
		NodeConnection *conn = cluster_snapshot_stream(snap, lfirst_oid(lc));

		appendStringInfo(&out, "%s%s=%s", out.len ? " " : "", connection_node_name(conn),
						 ask(conn, text_to_cstring(PG_GETARG_TEXT_PP(0))));
		cluster_snapshot_return_stream(snap, conn);
	}
	cluster_snapshot_release(snap);
	PG_RETURN_TEXT_P(cstring_to_text(out.data));
}

/* Two streams to one node under one snapshot, with a command run here in between. */
Datum
cluster_read_twice(PG_FUNCTION_ARGS)
{
	Oid			node = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	char	   *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ClusterSnapshot *snap = cluster_snapshot_acquire(GetActiveSnapshot(), list_make1_oid(node));
	NodeConnection *first = cluster_snapshot_stream(snap, node);
	NodeConnection *second;
	char	   *a = ask(first, sql);
	char	   *b;

	SPI_connect();
	SPI_execute(text_to_cstring(PG_GETARG_TEXT_PP(2)), false, 0);
	SPI_finish();
	second = cluster_snapshot_stream(snap, node);
	b = ask(second, sql);
	cluster_snapshot_return_stream(snap, first);
	cluster_snapshot_return_stream(snap, second);
	cluster_snapshot_release(snap);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s %s %s", a, b, first == second ? "same" : "two")));
}

/*
 * As a statement would, take a snapshot of one node, run a command here, and
 * extend it by another node.
 */
Datum
cluster_extend(PG_FUNCTION_ARGS)
{
	Oid			first = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	Oid			second = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)), false);
	Snapshot	snapshot = GetActiveSnapshot();
	ClusterSnapshot *one = cluster_snapshot_acquire_in_step(snapshot, list_make1_oid(first), NULL, NULL);
	ClusterSnapshot *both;

	SPI_connect();
	SPI_execute(text_to_cstring(PG_GETARG_TEXT_PP(2)), false, 0);
	SPI_finish();
	both = cluster_snapshot_acquire(snapshot, list_make2_oid(first, second));
	cluster_snapshot_release(both);
	cluster_snapshot_release(one);
	PG_RETURN_VOID();
}

/* COPY n lines into a table on the node; stop with an error before the line given. */
Datum
cluster_load(PG_FUNCTION_ARGS)
{
	Oid			node = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	NodeConnection *conn = transaction_session(node);
	int			lines = PG_GETARG_INT32(2);

	connection_stream_send(conn, psprintf("COPY %s FROM STDIN", text_to_cstring(PG_GETARG_TEXT_PP(1))));
	connection_stream_wait_all(list_make1(conn));
	for (int i = 1; i <= lines; i++)
	{
		char		line[16];

		if (i == PG_GETARG_INT32(3))
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("line %d is bad", i)));
		connection_put_frame(conn, line, snprintf(line, sizeof(line), "%d\n", i));
		if (i % 1000 == 0)
			connection_flush_all(list_make1(conn));
	}
	connection_stream_end(conn);
	PG_RETURN_VOID();
}

/* Take this many connections to a node and hold them for the time. */
Datum
cluster_hold(PG_FUNCTION_ARGS)
{
	Oid			node = node_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	List	   *conns = NIL;
	ListCell   *lc;

	for (int i = 0; i < PG_GETARG_INT32(1); i++)
		conns = lappend(conns, connection_acquire(node));
	foreach(lc, conns)
		connection_exec(lfirst(lc), psprintf("SELECT pg_catalog.pg_sleep(%f)", PG_GETARG_FLOAT8(2)));
	foreach(lc, conns)
		connection_release(lfirst(lc));
	PG_RETURN_VOID();
}

static char *
ask(NodeConnection *conn, const char *sql)
{
	char	   *frame;
	RemoteError *error;
	int			len;

	connection_put_frame(conn, sql, strlen(sql));
	while ((len = connection_get_frame(conn, &frame, &error)) == 0)
	{
		(void) connection_flush(conn);
		(void) WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH,
								 connection_socket(conn), -1, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	if (len < 0)
		remote_error_throw(error, psprintf("node \"%s\"", connection_node_name(conn)));
	return pnstrdup(frame, len);
}

static void
answer_queries(CopyStmt *stmt)
{
	StringInfoData buf;

	pq_beginmessage(&buf, 'W');
	pq_sendbyte(&buf, 0);
	pq_sendint16(&buf, 0);
	pq_endmessage(&buf);
	pq_flush();

	initStringInfo(&buf);
	for (;;)
	{
		int			type;
		char	   *value;

		pq_startmsgread();
		type = pq_getbyte();
		if (type == EOF || pq_getmessage(&buf, PQ_LARGE_MESSAGE_LIMIT) == EOF)
			ereport(FATAL,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("the driver is gone")));
		if (type == 'c')
			break;
		if (type != 'd')
			ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("unexpected message")));
		PushActiveSnapshot(GetTransactionSnapshot());
		SPI_connect();
		SPI_execute(pnstrdup(buf.data, buf.len), false, 0);
		value = SPI_processed > 0 ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : NULL;
		value = value ? value : "";
		(void) pq_putmessage('d', value, strlen(value));
		SPI_finish();
		PopActiveSnapshot();
		pq_flush();
	}
	pq_putemptymessage('c');
}
