/*-------------------------------------------------------------------------
 * connection.c
 *	  The life of connections to nodes: taken, given back, pooled, closed.
 *
 * Every connection in use belongs to the resource owner it was taken under,
 * or to a module that said it keeps it; whatever ends the owner ends the use,
 * so an error at any place leaks nothing.  A connection goes back to the
 * backend's pool only when the node has nothing more to say and is outside of
 * any transaction, or will be there by itself (parked); anything else is
 * closed without asking the node, whose session ends by
 * client_connection_check_interval.
 *
 * Each connection is counted in shared memory.  At the cap a backend waits
 * only while it holds no connection in use; else it goes over the cap, since
 * two that hold and wait would wait for ever.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <poll.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "cluster/cluster_state.h"
#include "cluster/connection_internal.h"
#include "cluster/deadlock.h"
#include "cluster/node.h"

#define PARKED_WAIT_MS	2000	/* for a parked connection, before a new one is opened */
#define EXIT_WAIT_MS	50		/* for parked connections, when the backend exits */
#define END_WAIT_MS		50		/* for a command that failed to be over */
#define BACKOFF_MS		20		/* before a node is tried again; doubles */
#define MAX_BACKOFF_MS	500

bool		connection_patience = true;
int			reconnect_timeout = 30;

static int	max_node_connections = 80;
static int	idle_timeout = 600;

static MemoryContext context;
static dlist_head pool = DLIST_STATIC_INIT(pool);	/* most recently used first */
static dlist_head in_use = DLIST_STATIC_INIT(in_use);
static int	npooled;
static TimeoutId pool_timeout;

static void setup_backend(void);
static bool try_acquire_all(List *nodes, TimestampTz since, List **result);
static void take_and_reserve(List *nodes, NodeConnection **conns);
static void give_back(NodeConnection **conns, int nconns);
static void wait_before_retry(int64 ms);
static NodeConnection *take_pooled(Oid node);
static void look_at(NodeConnection *conn);
static void settle(NodeConnection *conn);
static void settle_all(NodeConnection **conns, int nconns);
static NodeConnection *make_connection(Oid node);
static void use(NodeConnection *conn);
static void put_in_pool(NodeConnection *conn);
static void close_connection(NodeConnection *conn);
static void free_connection(NodeConnection *conn);
static bool wants_result(NodeConnection *conn, uint32 *events);
static void maintain_pool(void);
static void on_xact(XactEvent event, void *arg);
static void on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg);
static void on_server_change(Datum arg, int cache_id, uint32 hash_value);
static void on_backend_exit(int code, Datum arg);

void
connection_init(void)
{
	DefineCustomIntVariable("barks.max_node_connections",
							"Connections to one node that all sessions of this server may have open together.",
							"A session that already uses a connection, or that others wait for, may go over it.",
							&max_node_connections, 80, 1, 100000, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("barks.connection_idle_timeout",
							"Time after which a session closes a connection to a node that it did not use; 0 keeps it.",
							NULL, &idle_timeout, 600, 0, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("barks.reconnect_timeout",
							"Time to wait for a node that is restarting.",
							"A query that lost it starts over when it comes back, if it has not returned rows yet; "
							"others wait to begin.",
							&reconnect_timeout, 30, 0, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	RegisterXactCallback(on_xact, NULL);
	RegisterResourceReleaseCallback(on_owner_release, NULL);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_server_change, (Datum) 0);
}

NodeConnection *
connection_acquire(Oid node)
{
	return linitial(connection_acquire_all(list_make1_oid(node)));
}

List *
connection_acquire_all(List *nodes)
{
	TimestampTz since = GetCurrentTimestamp();
	List	   *conns;

	setup_backend();
	for (int64 wait = BACKOFF_MS; !try_acquire_all(nodes, since, &conns); wait = Min(wait * 2, MAX_BACKOFF_MS))
		wait_before_retry(wait);
	return conns;
}

bool
connection_available(Oid node)
{
	NodeState	state;

	return !node_state_get(node, &state) || state.connections < max_node_connections;
}

void
connection_keep(NodeConnection *conn, void (*closing) (NodeConnection *conn))
{
	conn->owner = NULL;
	conn->closing = closing;
}

void
connection_release(NodeConnection *conn)
{
	connection_await_end(conn);
	if (conn->state == CONN_IDLE && !conn->outdated &&
		PQtransactionStatus(conn->pg) == PQTRANS_IDLE)
		put_in_pool(conn);
	else
		connection_discard(conn);
}

void
connection_await_end(NodeConnection *conn)
{
	if (conn->state == CONN_BUSY && conn->failed)
		(void) connection_try_finish(conn, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_WAIT_MS));
}

void
connection_park(NodeConnection *conn)
{
	if (conn->state == CONN_BUSY)
		put_in_pool(conn);
	else
		connection_release(conn);
}

void
connection_discard(NodeConnection *conn)
{
	if (conn->closing)
		conn->closing(conn);
	close_connection(conn);
	free_connection(conn);
}

Oid
connection_node(const NodeConnection *conn)
{
	return conn->node;
}

const char *
connection_node_name(const NodeConnection *conn)
{
	return NameStr(conn->name);
}

pgsocket
connection_socket(const NodeConnection *conn)
{
	return PQsocket(conn->pg);
}

int
connection_backend_pid(const NodeConnection *conn)
{
	return PQbackendPID(conn->pg);
}

bool
connection_is_idle(const NodeConnection *conn)
{
	return conn->state == CONN_IDLE;
}

bool
connection_is_broken(NodeConnection *conn)
{
	connection_consume(conn);
	return conn->state == CONN_BROKEN || conn->state == CONN_CLOSED;
}

bool
connection_in_stream(const NodeConnection *conn)
{
	return conn->state == CONN_STREAM;
}

void
connection_set_user(NodeConnection *conn, ConnectionDetach detach, void *arg)
{
	conn->detach = detach;
	conn->detach_arg = arg;
	conn->user_owner = detach ? CurrentResourceOwner : NULL;
}

void
connection_detach_user(NodeConnection *conn)
{
	ConnectionDetach detach = conn->detach;

	if (!detach)
		return;
	detach(conn->detach_arg);
	conn->detach = NULL;
}

static void
setup_backend(void)
{
	if (context)
		return;
	before_shmem_exit(on_backend_exit, (Datum) 0);
	pool_timeout = RegisterTimeout(USER_TIMEOUT, HandleCatchupInterrupt);
	context = AllocSetContextCreate(TopMemoryContext, "barks connections",
									ALLOCSET_DEFAULT_SIZES);
}

/* False when a node is away but may be back soon; nothing is held then. */
static bool
try_acquire_all(List *nodes, TimestampTz since, List **result)
{
	int			n = list_length(nodes);
	NodeConnection **conns = palloc0(n * sizeof(NodeConnection *));
	List	   *opening = NIL;

	take_and_reserve(nodes, conns);
	for (int i = 0; i < n; i++)
		if (!conns[i])
			opening = lappend(opening, conns[i] = make_connection(list_nth_oid(nodes, i)));
	if (!connection_open_all(opening, since))
	{
		give_back(conns, n);
		return false;
	}
	*result = NIL;
	for (int i = 0; i < n; i++)
		*result = lappend(*result, conns[i]);
	return true;
}

/*
 * Take what the pool has, and count new connections to the other nodes, waiting
 * for others to close theirs.  NULL for those that are still to be made.
 */
static void
take_and_reserve(List *nodes, NodeConnection **conns)
{
	bool		force = !dlist_is_empty(&in_use);
	bool		waited = false;
	int			n = list_length(nodes);

	for (;;)
	{
		List	   *missing = NIL;

		for (int i = 0; i < n; i++)
			conns[i] = take_pooled(list_nth_oid(nodes, i));
		settle_all(conns, n);
		for (int i = 0; i < n; i++)
			if (!conns[i])
				missing = lappend_oid(missing, list_nth_oid(nodes, i));
		/* whoever has the connections may wait for a lock of ours */
		if (node_state_reserve(missing, max_node_connections,
							   force || (waited && deadlock_others_wait())))
			break;
		/* While we wait for others we hold nothing that others wait for. */
		give_back(conns, n);
		waited = cluster_state_wait_capacity();
	}
	cluster_state_end_wait();
}

/* Connections that nothing was done with. */
static void
give_back(NodeConnection **conns, int nconns)
{
	for (int i = 0; i < nconns; i++)
	{
		if (conns[i] && conns[i]->state == CONN_IDLE)
			put_in_pool(conns[i]);
		else if (conns[i])
			connection_discard(conns[i]);
	}
}

static void
wait_before_retry(int64 ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);

	while ((ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until)) > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * A pooled connection to the node that still looks good, now in use; or NULL.
 * One whose last command has ended rather than one that we had to wait for.
 */
static NodeConnection *
take_pooled(Oid node)
{
	NodeConnection *busy = NULL;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pool)
	{
		NodeConnection *conn = dlist_container(NodeConnection, link, iter.cur);

		if (conn->node != node)
			continue;
		look_at(conn);
		if (conn->state == CONN_BROKEN || (conn->outdated && conn->state != CONN_BUSY))
			connection_discard(conn);
		else if (conn->state == CONN_IDLE)
		{
			use(conn);
			return conn;
		}
		else if (!busy && !conn->outdated)
			busy = conn;
	}
	if (busy)
		use(busy);
	return busy;
}

/*
 * Read what there is.  The node may have said goodbye, so that one look finds
 * only its last words and not yet that it hung up.
 */
static void
look_at(NodeConnection *conn)
{
	struct pollfd readable = {.fd = PQsocket(conn->pg), .events = POLLIN};

	do
	{
		connection_consume(conn);
		settle(conn);
	} while (conn->state == CONN_IDLE && poll(&readable, 1, 0) > 0);
}

/* Take the results of what was sent before a connection was parked, without waiting. */
static void
settle(NodeConnection *conn)
{
	while (conn->state == CONN_BUSY && connection_stream_swallow(conn) && !PQisBusy(conn->pg))
	{
		PGresult   *res = PQgetResult(conn->pg);

		if (!res)
			conn->state = PQtransactionStatus(conn->pg) == PQTRANS_IDLE ? CONN_IDLE : CONN_BROKEN;
		PQclear(res);
	}
}

/* Wait until parked connections are idle; those that are not soon become NULL. */
static void
settle_all(NodeConnection **conns, int nconns)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PARKED_WAIT_MS);

	for (int i = 0; i < nconns; i++)
	{
		if (!conns[i])
			continue;
		while (conns[i]->state == CONN_BUSY && GetCurrentTimestamp() < until)
		{
			connection_wait_one(conns[i], wants_result, until);
			look_at(conns[i]);
		}
		if (conns[i]->state != CONN_IDLE)
		{
			connection_discard(conns[i]);
			conns[i] = NULL;
		}
	}
}

static bool
wants_result(NodeConnection *conn, uint32 *events)
{
	*events = WL_SOCKET_READABLE;
	if (PQflush(conn->pg) == 1)
		*events |= WL_SOCKET_WRITEABLE;
	return true;
}

/* A connection that is counted already, in use, not yet connected. */
static NodeConnection *
make_connection(Oid node)
{
	NodeConnection *conn = MemoryContextAllocZero(context, sizeof(NodeConnection));

	conn->node = node;
	conn->state = CONN_CONNECTING;
	conn->give_up = DT_NOEND;
	conn->owner = CurrentResourceOwner;
	dlist_push_head(&in_use, &conn->link);
	namestrcpy(&conn->name, node_name(node));
	connection_start(conn);
	return conn;
}

static void
use(NodeConnection *conn)
{
	Assert(conn->pooled);
	dlist_delete(&conn->link);
	dlist_push_head(&in_use, &conn->link);
	conn->pooled = false;
	conn->owner = CurrentResourceOwner;
	cluster_state_set_idle(--npooled);
}

static void
put_in_pool(NodeConnection *conn)
{
	Assert(!conn->pooled);
	conn->detach = NULL;
	conn->owner = NULL;
	conn->closing = NULL;
	conn->give_up = DT_NOEND;
	if (cluster_state_pressure() && conn->state == CONN_IDLE)
	{
		connection_discard(conn);
		return;
	}
	dlist_delete(&conn->link);
	dlist_push_head(&pool, &conn->link);
	conn->pooled = true;
	conn->idle_since = GetCurrentTimestamp();
	cluster_state_set_idle(++npooled);
}

/* Hang up, and let others have the place. */
static void
close_connection(NodeConnection *conn)
{
	if (conn->frame)
		PQfreemem(conn->frame);
	conn->frame = NULL;
	if (conn->pg)
	{
		PQfinish(conn->pg);
		conn->pg = NULL;
	}
	if (conn->state != CONN_CLOSED)
		node_state_unreserve(MyDatabaseId, conn->node);
	conn->state = CONN_CLOSED;
}

static void
free_connection(NodeConnection *conn)
{
	dlist_delete(&conn->link);
	if (conn->pooled)
		cluster_state_set_idle(--npooled);
	if (conn->value)
		pfree(conn->value);
	pfree(conn);
}

/* Close what others want or what nobody used for long; see to the next look. */
static void
maintain_pool(void)
{
	TimestampTz now;
	bool		pressure;
	dlist_mutable_iter iter;

	if (dlist_is_empty(&pool))
		return;
	now = GetCurrentTransactionStopTimestamp();
	pressure = cluster_state_pressure();
	dlist_foreach_modify(iter, &pool)
	{
		NodeConnection *conn = dlist_container(NodeConnection, link, iter.cur);

		/* Hanging up on one that is still busy makes its server complain. */
		connection_consume(conn);
		settle(conn);
		if (conn->state != CONN_BUSY && (pressure || conn->outdated))
			connection_discard(conn);
		else if (conn->state == CONN_BROKEN ||
			(idle_timeout > 0 &&
			 TimestampDifferenceExceeds(conn->idle_since, now, idle_timeout * 1000)))
			connection_discard(conn);
	}
	if (!dlist_is_empty(&pool) && idle_timeout > 0 && !get_timeout_active(pool_timeout))
		enable_timeout_after(pool_timeout, idle_timeout * 1000 + 100);
}

static void
on_xact(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			cluster_state_end_wait();
			maintain_pool();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PREPARE:
			maintain_pool();
			break;
		default:
			break;
	}
}

/* The owner ends: so does its use of connections. */
static void
on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	if (!commit)
		cluster_state_end_wait();
	dlist_foreach_modify(iter, &in_use)
	{
		NodeConnection *conn = dlist_container(NodeConnection, link, iter.cur);

		if (conn->detach && conn->user_owner == CurrentResourceOwner)
			conn->detach = NULL;	/* the user's memory goes, whoever keeps the connection */
		if (conn->owner != CurrentResourceOwner || !conn->owner)
			continue;
		if (commit)
			elog(WARNING, "connection to node \"%s\" was not released", NameStr(conn->name));
		connection_release(conn);
	}
}

/* The definition of some node changed: no connection outlives its present use. */
static void
on_server_change(Datum arg, int cache_id, uint32 hash_value)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pool)
		dlist_container(NodeConnection, link, iter.cur)->outdated = true;
	dlist_foreach(iter, &in_use)
		dlist_container(NodeConnection, link, iter.cur)->outdated = true;
}

/*
 * The backend ends, perhaps within a transaction that is aborted after this:
 * the structs stay for those who hold them.
 */
static void
on_backend_exit(int code, Datum arg)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EXIT_WAIT_MS);
	dlist_iter	iter;

	dlist_foreach(iter, &pool)
	{
		NodeConnection *conn = dlist_container(NodeConnection, link, iter.cur);

		(void) connection_try_finish(conn, until);
		close_connection(conn);
	}
	dlist_foreach(iter, &in_use)
		close_connection(dlist_container(NodeConnection, link, iter.cur));
}
