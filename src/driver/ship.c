/*-------------------------------------------------------------------------
 * ship.c
 *	  Copies of users' functions on the nodes.
 *
 * Copies are named by what they are, so they are made outside of the transaction that
 * needs them, and stay: a transaction that is rolled back leaves some that nobody uses.
 * What this backend knows a node to have it does not ask for again.
 *
 * barks.drop_shipped_functions() drops all.  A transaction that uses copies holds a
 * shared lock against that until it ends, and a counter in shared memory says whether
 * what backends know is still true.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/ship.h"
#include "planner/shipped.h"

#define SHIP_LOCK_CLASS	0x6261726b	/* "bark" */
#define SHIP_LOCK_FIELD	0xba13	/* not one that SQL's advisory locks use */

/* A copy that a node has, and that a role may call. */
typedef struct KnownCopy
{
	Oid			node;
	Oid			role;
	char		name[NAMEDATALEN];
} KnownCopy;

static HTAB *known;
static uint64 known_epoch;
static bool nodes_changed;		/* a node may be another server now */

typedef struct ShipShared
{
	pg_atomic_uint64 epoch;		/* counts when all copies were dropped */
} ShipShared;

static ShipShared *shared;
static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static void request_shmem(void);
static void startup_shmem(void);
static void on_nodes_changed(Datum arg, int cache_id, uint32 hash);
static void lock_copies(LOCKMODE mode);
static void forget_old(void);
static List *add_unknown(Oid node, List *functions, List *unknown);
static bool is_known(Oid node, const char *name, HASHACTION action);
static char *keep_command(List *functions);
static char *array_of(List *functions, bool names);
static void send_command(Oid node, List *functions);
static void on_error(void *arg);

void
ship_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_nodes_changed, (Datum) 0);
}

static void
on_nodes_changed(Datum arg, int cache_id, uint32 hash)
{
	nodes_changed = true;
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(ShipShared)));
}

static void
startup_shmem(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("barks shipped functions", sizeof(ShipShared), &found);
	if (!found)
		pg_atomic_init_u64(&shared->epoch, 0);
	LWLockRelease(AddinShmemInitLock);
}

void
ship_functions(Oid node, List *functions)
{
	List	   *unknown;
	ListCell   *lc;

	lock_copies(ShareLock);
	forget_old();
	unknown = add_unknown(node, functions, NIL);
	if (unknown == NIL)
		return;
	send_command(node, unknown);
	if (transaction_wrote(node))
		return;					/* perhaps they go with the transaction */
	foreach(lc, unknown)
		(void) is_known(node, ((ShippedFunction *) lfirst(lc))->name, HASH_ENTER);
}

char *
ship_local_path(void)
{
	return pstrdup(namespace_search_path);
}

void
ship_forget(void)
{
	if (known)
		hash_destroy(known);
	known = NULL;
}

int64
ship_drop_all(void)
{
	int64		n = 0;
	ListCell   *lc;

	lock_copies(ExclusiveLock);
	pg_atomic_fetch_add_u64(&shared->epoch, 1);
	foreach(lc, node_list())
	{
		NodeConnection *conn = connection_acquire(lfirst_oid(lc));
		PGresult   *res = connection_query(conn,
										   psprintf("SELECT barks.drop_kept_functions(%s)",
													quote_literal_cstr(shipped_schema())), 0, NULL);

		n += atoll(PQgetvalue(res, 0, 0));
		PQclear(res);
		connection_release(conn);
	}
	return n;
}

static void
lock_copies(LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, SHIP_LOCK_CLASS, 0, SHIP_LOCK_FIELD);
	(void) LockAcquire(&tag, mode, false, false);
}

static void
forget_old(void)
{
	HASHCTL		control = {.keysize = sizeof(KnownCopy), .entrysize = sizeof(KnownCopy)};
	uint64		epoch = pg_atomic_read_u64(&shared->epoch);

	if (known && known_epoch == epoch && !nodes_changed)
		return;
	nodes_changed = false;
	ship_forget();
	control.hcxt = TopMemoryContext;
	known = hash_create("barks shipped functions", 64, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	known_epoch = epoch;
}

/* Those that the node may lack, each after what it calls. */
static List *
add_unknown(Oid node, List *functions, List *unknown)
{
	ListCell   *lc;

	foreach(lc, functions)
	{
		ShippedFunction *function = lfirst(lc);
		ListCell   *lu;
		bool		there = is_known(node, function->name, HASH_FIND);

		unknown = add_unknown(node, function->calls, unknown);
		foreach(lu, unknown)
			there |= strcmp(((ShippedFunction *) lfirst(lu))->name, function->name) == 0;
		if (!there)
			unknown = lappend(unknown, function);
	}
	return unknown;
}

static bool
is_known(Oid node, const char *name, HASHACTION action)
{
	KnownCopy	key;
	bool		found;

	memset(&key, 0, sizeof(key));
	key.node = node;
	key.role = GetUserId();
	strlcpy(key.name, name, sizeof(key.name));
	(void) hash_search(known, &key, action, &found);
	return found;
}

static char *
keep_command(List *functions)
{
	return psprintf("SELECT barks.keep_functions(%s, %s, %s, %s)",
					quote_literal_cstr(shipped_schema()),
					quote_literal_cstr(GetUserNameFromId(GetUserId(), false)),
					array_of(functions, true), array_of(functions, false));
}

static char *
array_of(List *functions, bool names)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, functions)
	{
		ShippedFunction *function = lfirst(lc);

		appendStringInfo(&buf, "%s%s", buf.len == 0 ? "ARRAY[" : ", ",
						 quote_literal_cstr(names ? function->name :
											psprintf("%s %s", function->aggregate ? "AGGREGATE" : "FUNCTION",
													 function->definition)));
	}
	appendStringInfoString(&buf, "]");
	return buf.data;
}

/*
 * In a session of its own.  Only when it fails there in a transaction that wrote on the
 * node, it is tried within that: it may have made types that the copies need.
 */
static void
send_command(Oid node, List *functions)
{
	const char *command = keep_command(functions);
	NodeConnection *conn = connection_acquire(node);
	int			sqlstate = connection_try_exec(conn, command);
	ErrorContextCallback callback = {error_context_stack, on_error, functions};

	error_context_stack = &callback;
	if (sqlstate != ERRCODE_SUCCESSFUL_COMPLETION && transaction_wrote(node))
	{
		connection_release(conn);
		connection_exec(transaction_session(node), command);
	}
	else
	{
		if (sqlstate != ERRCODE_SUCCESSFUL_COMPLETION)
			connection_exec(conn, command); /* fails likewise, and is raised */
		connection_release(conn);
	}
	error_context_stack = callback.previous;
}

static void
on_error(void *arg)
{
	ListCell   *lc;

	foreach(lc, (List *) arg)
		errcontext("copy of function %s for the nodes",
				   format_procedure(((ShippedFunction *) lfirst(lc))->function));
}
