/*-------------------------------------------------------------------------
 * transaction.c
 *	  The distributed transaction: one write session per node, two-phase commit.
 *
 * A session's remote transaction follows the local one.  Ends of local
 * subtransactions are only noted; they reach the node with the session's next
 * command, in the same message, so that an abort never waits for a node.
 *
 *	  OPEN → PREPARING → PREPARED → (local commit) → COMMIT PREPARED
 *	       → COMMIT, when this node's writes are all that there is
 *
 * Whatever fails before the local commit record aborts all; afterwards nothing
 * may fail, so what cannot be finished then is left to recovery.c, and the
 * node counts as unsettled until that is done.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/stop_point.h"
#include "cluster/cluster_snapshot.h"
#include "cluster/cluster_state.h"
#include "cluster/node.h"
#include "cluster/recovery.h"
#include "cluster/transaction.h"

#define STOP_WAIT_MS	50			/* for a node to notice that it is to stop */
#define ABORT_WAIT_MS	10			/* the same at an abort */

typedef enum SessionState
{
	SESSION_OPEN,
	SESSION_PREPARING,
	SESSION_PREPARED
} SessionState;

typedef struct Session
{
	Oid			node;
	char	   *name;			/* looked up while one can */
	NodeConnection *conn;		/* NULL: lost */
	SessionState state;
	int			born;			/* level of the subtransaction that answers for its first command */
	bool		unused;			/* all that was done there is to be rolled back */
	int			depth;			/* savepoints s2 … s<depth> exist there */
	int			rollback_to;	/* 0, or the level to roll back to, not done yet */
	int			release_from;	/* 0, or the level to release, not done yet */
	char	   *gid;
} Session;

static List *sessions;			/* in TopTransactionContext */
static FullTransactionId our_xid;	/* valid while there are sessions */
static bool wrote_locally;
static int	commit_timeout = 10;

static Session *find_session(Oid node);
static bool forget_if_lost(Session *session);
static Session *begin_session(Oid node);
static void ready_session(Session *session);
static void stop_running(Session *session);
static void follow_levels(Session *session);
static void append_pending_levels(Session *session, StringInfo sql);
static void session_closes(NodeConnection *conn);
static void on_xact(XactEvent event, void *arg);
static void on_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg);
static void pre_commit(void);
static void commit_single(Session *session);
static void prepare_all(void);
static void send_prepare(Session *session);
static void after_commit(void);
static void commit_prepared(void);
static void finish_commit_prepared(Session *session, TimestampTz until);
static void after_abort(void);
static void forget_sessions(void);

void
transaction_init(void)
{
	/* at load, so that later modules' callbacks run before these */
	RegisterXactCallback(on_xact, NULL);
	RegisterSubXactCallback(on_subxact, NULL);
	DefineCustomIntVariable("barks.commit_timeout",
							"Time to wait for a node to commit what was prepared; the recovery commits it later.",
							NULL, &commit_timeout, 10, 1, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
}

NodeConnection *
transaction_session(Oid node)
{
	Session    *session = find_session(node);

	if (!session)
		session = begin_session(node);
	ready_session(session);
	follow_levels(session);
	if (session->unused)
	{
		session->unused = false;
		session->born = GetCurrentTransactionNestLevel();
	}
	return session->conn;
}

bool
transaction_wrote(Oid node)
{
	return OidIsValid(node) ? find_session(node) != NULL : wrote_locally;
}

bool
transaction_wrote_any(void)
{
	return sessions != NIL;
}

void
transaction_note_local_write(void)
{
	wrote_locally = true;
}

void
transaction_exec_all(List *nodes, const char *sql)
{
	List	   *conns = NIL;
	ListCell   *lc;

	foreach(lc, nodes)
		conns = list_append_unique_ptr(conns, transaction_session(lfirst_oid(lc)));
	foreach(lc, conns)
		connection_send(lfirst(lc), sql);
	connection_finish_all(conns);
}

static Session *
find_session(Oid node)
{
	ListCell   *lc;

	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		if (session->node == node)
			return forget_if_lost(session) ? NULL : session;
	}
	return NULL;
}

/* A node that went away takes nothing with it that the transaction wants: it can do without. */
static bool
forget_if_lost(Session *session)
{
	if (!session->unused)
		return false;
	if (session->conn)
	{
		connection_detach_user(session->conn);
		if (!connection_is_broken(session->conn))
			return false;
		connection_discard(session->conn);
	}
	sessions = list_delete_ptr(sessions, session);
	return true;
}

/* Open the remote transaction.  The session exists from its BEGIN on. */
static Session *
begin_session(Oid node)
{
	MemoryContext old;
	NodeConnection *conn;
	Session    *session;
	char	   *import = NULL;

	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot write to a node during a parallel operation")));
	if (IsolationIsSerializable())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("nodes cannot be written to in a serializable transaction"),
				 errhint("Use REPEATABLE READ.")));
	(void) GetTopTransactionId();	/* what tells snapshots of the driver apart */
	if (IsolationUsesXactSnapshot())
	{
		/* It sees what the transaction's other reads see. */
		ClusterSnapshot *snap = cluster_snapshot_acquire(GetTransactionSnapshot(), list_make1_oid(node));

		import = psprintf("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;SET TRANSACTION SNAPSHOT '%s'",
						  cluster_snapshot_id(snap, node));
		cluster_snapshot_release(snap);
	}
	else
		recovery_settle_node(node); /* its shards must be those that we see */
	conn = connection_acquire(node);
	if (import)
		cluster_snapshot_import(conn, import, false);
	else
		connection_exec(conn, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");

	old = MemoryContextSwitchTo(TopTransactionContext);
	session = palloc0(sizeof(Session));
	session->node = node;
	session->name = node_name(node);
	session->conn = conn;
	session->born = GetCurrentTransactionNestLevel();
	session->depth = 1;
	our_xid = GetTopFullTransactionId();
	sessions = lappend(sessions, session);
	MemoryContextSwitchTo(old);
	connection_keep(conn, session_closes);
	return session;
}

/* Make the session's connection idle, whoever used it. */
static void
ready_session(Session *session)
{
	if (session->conn)
		connection_detach_user(session->conn);
	if (session->conn && !connection_is_idle(session->conn))
	{
		connection_stream_abandon(session->conn);
		if (session->rollback_to)
			stop_running(session);
		else
			connection_finish(session->conn);
	}
	if (!session->conn)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("the transaction on node \"%s\" is lost", session->name),
				 errhint("Retry the transaction.")));
}

/*
 * What runs there is of no use any more, and will be rolled back.  A task that
 * gives no rows does not hear what its own connection says, so if it does not
 * end at once, another one tells it.
 */
static void
stop_running(Session *session)
{
	NodeConnection *conn = session->conn;

	(void) connection_try_finish(conn, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), STOP_WAIT_MS));
	if (!connection_is_idle(conn))
	{
		NodeConnection *other = connection_acquire(session->node);

		(void) connection_try_exec(other, psprintf("SELECT pg_catalog.pg_cancel_backend(%d)",
												   connection_backend_pid(conn)));
		connection_release(other);
	}
	connection_swallow(conn);
}

/* Bring the session to the current level of subtransactions. */
static void
follow_levels(Session *session)
{
	int			level = GetCurrentTransactionNestLevel();
	int			depth;
	StringInfoData sql;

	if (session->depth == level && !session->rollback_to && !session->release_from)
		return;
	initStringInfo(&sql);
	append_pending_levels(session, &sql);
	depth = session->depth;
	if (session->rollback_to)
		depth = session->rollback_to - 1;
	if (session->release_from)
		depth = Min(depth, session->release_from - 1);
	for (int i = depth + 1; i <= level; i++)
		appendStringInfo(&sql, "SAVEPOINT s%d;", i);
	connection_exec(session->conn, sql.data);
	session->depth = level;
	session->rollback_to = session->release_from = 0;
	pfree(sql.data);
}

static void
append_pending_levels(Session *session, StringInfo sql)
{
	if (session->rollback_to)
		appendStringInfo(sql, "ROLLBACK TO SAVEPOINT s%d;RELEASE SAVEPOINT s%d;",
						 session->rollback_to, session->rollback_to);
	if (session->release_from)
		appendStringInfo(sql, "RELEASE SAVEPOINT s%d;", session->release_from);
}

/* Somebody discards the connection of a session. */
static void
session_closes(NodeConnection *conn)
{
	ListCell   *lc;

	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		if (session->conn == conn)
			session->conn = NULL;
	}
}

static void
on_xact(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (sessions)
				pre_commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (sessions)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that wrote to nodes"),
						 errhint("Commit it; barks itself commits in two phases on the nodes.")));
			break;
		case XACT_EVENT_COMMIT:
			if (sessions)
				after_commit();
			forget_sessions();
			break;
		case XACT_EVENT_ABORT:
			if (sessions)
				after_abort();
			forget_sessions();
			break;
		case XACT_EVENT_PREPARE:
			forget_sessions();
			break;
		default:
			break;
	}
}

static void
on_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *lc;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);
		int			depth = session->depth;

		if (session->born >= level)
		{
			session->born = level - 1;
			session->unused |= event == SUBXACT_EVENT_ABORT_SUB;
		}
		if (session->rollback_to)
			depth = session->rollback_to - 1;
		if (session->release_from)
			depth = Min(depth, session->release_from - 1);
		if (level > depth)
			continue;			/* the node does not know this level */
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			session->release_from = level;
		else
		{
			session->rollback_to = level;
			session->release_from = 0;
		}
	}
}

/* All that can fail, before the local commit. */
static void
pre_commit(void)
{
	ListCell   *lc;

	foreach(lc, list_copy(sessions))
	{
		Session    *session = lfirst(lc);

		if (forget_if_lost(session))
			continue;
		ready_session(session);
		if (!session->rollback_to && !connection_in_good_transaction(session->conn))
			ereport(ERROR,
					(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
					 errmsg("the transaction on node \"%s\" failed", session->name)));
	}
	if (sessions == NIL)
		return;
	/* XactLastRecEnd tells whether the local transaction wrote anything. */
	if (list_length(sessions) == 1 && !wrote_locally && XactLastRecEnd == 0)
		commit_single(linitial(sessions));
	else
		prepare_all();
}

/*
 * One node wrote and this server did not: its own commit is the decision.  The
 * commit lock keeps it from falling between two nodes' snapshots.
 */
static void
commit_single(Session *session)
{
	StringInfoData sql;

	initStringInfo(&sql);
	append_pending_levels(session, &sql);
	appendStringInfoString(&sql, "COMMIT");
	BARKS_STOP_POINT("commit.before_prepare");
	commit_lock_acquire(true);
	connection_set_deadline(session->conn, TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
																	   commit_timeout * INT64CONST(1000)));
	connection_send(session->conn, sql.data);
	PG_TRY();
	{
		connection_finish(session->conn);
	}
	PG_CATCH();
	{
		if (!session->conn || !connection_is_idle(session->conn))
			ereport(WARNING,
					(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
					 errmsg("node \"%s\" did not say whether it committed", session->name)));
		PG_RE_THROW();
	}
	PG_END_TRY();
	cluster_commit_counted(our_xid);
}

static void
prepare_all(void)
{
	ListCell   *lc;
	bool		one_by_one = stop_points[0] != '\0';

	PushActiveSnapshot(GetLatestSnapshot());
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		session->gid = recovery_gid(our_xid, session->node);
		MemoryContextSwitchTo(old);
		recovery_record(session->gid, session->node);
	}
	PopActiveSnapshot();
	ForceSyncCommit();			/* the decision must not be lost after a node heard of it */

	BARKS_STOP_POINT("commit.before_prepare");
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		send_prepare(session);
		if (one_by_one)
		{
			connection_finish(session->conn);
			session->state = SESSION_PREPARED;
			if (lc == list_head(sessions))
				BARKS_STOP_POINT("commit.after_prepare_one");
		}
	}
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		connection_finish(session->conn);
		session->state = SESSION_PREPARED;
	}
	BARKS_STOP_POINT("commit.after_prepare");
	commit_lock_acquire(true);
}

static void
send_prepare(Session *session)
{
	StringInfoData sql;

	initStringInfo(&sql);
	append_pending_levels(session, &sql);
	appendStringInfo(&sql, "PREPARE TRANSACTION %s", quote_literal_cstr(session->gid));
	session->state = SESSION_PREPARING;
	connection_send(session->conn, sql.data);
}

/* The local commit record is written: nothing may raise from here on. */
static void
after_commit(void)
{
	ListCell   *lc;

	PG_TRY();
	{
		if (((Session *) linitial(sessions))->state == SESSION_PREPARED)
			commit_prepared();
	}
	PG_CATCH();
	{
		FlushErrorState();
		foreach(lc, sessions)
			node_state_doubt(((Session *) lfirst(lc))->node);
	}
	PG_END_TRY();
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		if (session->conn)
			connection_release(session->conn);
	}
}

/* Under the commit lock, which the end of the local transaction releases. */
static void
commit_prepared(void)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), commit_timeout * INT64CONST(1000));
	ListCell   *lc;
	bool		one_by_one = stop_points[0] != '\0';

	BARKS_STOP_POINT("commit.after_local");
	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);

		if (session->conn)
			(void) connection_try_send(session->conn,
									   psprintf("COMMIT PREPARED %s", quote_literal_cstr(session->gid)));
		if (one_by_one)
		{
			finish_commit_prepared(session, until);
			if (lc == list_head(sessions))
				BARKS_STOP_POINT("commit.after_commit_one");
		}
	}
	foreach(lc, sessions)
		finish_commit_prepared(lfirst(lc), until);
	cluster_commit_counted(our_xid);
}

static void
finish_commit_prepared(Session *session, TimestampTz until)
{
	if (session->state != SESSION_PREPARED)
		return;					/* seen to already */
	if (!session->conn || !connection_try_finish(session->conn, until))
	{
		ereport(WARNING,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("node \"%s\" did not confirm that it committed", session->name),
				 errdetail("The transaction is committed; the node will commit it when it can.")));
		node_state_doubt(session->node);
		monitor_state_wake(false);
	}
	session->state = SESSION_OPEN;
}

/* Roll back everywhere without waiting for any node that does not answer at once. */
static void
after_abort(void)
{
	ListCell   *lc;

	foreach(lc, sessions)
	{
		Session    *session = lfirst(lc);
		char		sql[256];

		if (session->state == SESSION_OPEN)
			strlcpy(sql, "ROLLBACK", sizeof(sql));
		else
		{
			/* Recovery looks after what we cannot wait for. */
			node_state_doubt(session->node);
			snprintf(sql, sizeof(sql), "ROLLBACK PREPARED '%s'", session->gid);
		}
		if (!session->conn)
			continue;
		if (connection_in_stream(session->conn))
		{
			connection_stream_abandon(session->conn);
			(void) connection_try_finish(session->conn,
										 TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ABORT_WAIT_MS));
			if (!connection_is_idle(session->conn) && session->state == SESSION_OPEN)
			{
				/* a task runs on that hears of nothing but that we hang up */
				connection_discard(session->conn);
				continue;
			}
		}
		connection_await_end(session->conn);
		if (session->state == SESSION_PREPARING || !connection_try_send(session->conn, sql))
			connection_release(session->conn);
		else
			connection_park(session->conn);
	}
}

static void
forget_sessions(void)
{
	sessions = NIL;				/* freed with TopTransactionContext */
	wrote_locally = false;
}
