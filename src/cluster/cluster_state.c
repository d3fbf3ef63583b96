/*-------------------------------------------------------------------------
 * cluster_state.c
 *	  What all backends of this server know together about the nodes.
 *
 * A fixed piece of shared memory holds the handles of two dshash tables,
 * which the first process to need them creates, and one entry per backend,
 * above all for the idle connections it could give up.  An idle backend is asked to do so
 * with a catchup interrupt: that makes it run an empty transaction, at whose
 * end connection.c looks at the pressure.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "lib/dshash.h"
#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "cluster/cluster_state.h"

#define RECENT_COMMITS 64		/* more let REPEATABLE READ start under more load */
#define EVICTION_MS 15000		/* how long an evicted database has no monitor */

typedef struct DatabaseState
{
	Oid			database;		/* the hash key */
	uint64		commits;
	FullTransactionId recent[RECENT_COMMITS];	/* the last ones, in a ring */
	FullTransactionId newest_forgotten; /* of those that fell out of it */
	Latch	   *monitor;		/* NULL: none */
	pid_t		monitor_pid;
	bool		no_nodes;		/* a monitor looked and left */
	TimestampTz evicted;		/* no monitor until a while after */
} DatabaseState;

typedef struct Backend
{
	pid_t		pid;
	Oid			database;
	int			idle;
	pg_atomic_uint32 asked;		/* to look for a deadlock: the number of the asking, or 0 */
	pg_atomic_uint32 victim;	/* the number of the asking that found one, or 0 */
} Backend;

typedef struct ClusterControl
{
	LWLock		lock;			/* creation of the tables */
	uint64		epoch;
	int			tranche;
	int			hash_tranche;
	dsa_handle	area;
	dshash_table_handle nodes;
	dshash_table_handle databases;
	Latch	   *launcher;		/* of the monitors; NULL: not running */
	pg_atomic_uint32 waiters;	/* backends at the cap */
	ConditionVariable freed;	/* a connection was closed */
	int			nbackends;
	Backend backends[FLEXIBLE_ARRAY_MEMBER];	/* by backend id - 1 */
} ClusterControl;

static const dshash_parameters node_params = {
	sizeof(NodeKey), sizeof(NodeState), dshash_memcmp, dshash_memhash, 0
};
static const dshash_parameters database_params = {
	sizeof(Oid), sizeof(DatabaseState), dshash_memcmp, dshash_memhash, 0
};

static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;
static ClusterControl *control;
static dshash_table *nodes;
static dshash_table *databases;
static dsa_area *area;			/* of both, and of lists of extensions */
static bool waiting;			/* we are counted in control->waiters */
static bool exit_registered;
static bool is_monitor;

static void on_shmem_request(void);
static void on_shmem_startup(void);
static Size control_size(void);
static void attach_tables(void);
static void register_exit(void);
static void leave_state(int code, Datum arg);
static NodeState *lock_node(Oid database, Oid node);
static DatabaseState *lock_database(Oid database);
static void unlock_node(NodeState *state);
static void unlock_database(DatabaseState *state);
static bool is_evicted(DatabaseState *state);
static void ask_idle_backends(void);

void
cluster_state_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = on_shmem_request;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = on_shmem_startup;
}

bool
node_state_get(Oid node, NodeState *state)
{
	NodeKey		key = {MyDatabaseId, node};
	NodeState  *found;

	attach_tables();
	found = dshash_find(nodes, &key, false);
	if (!found)
		return false;
	*state = *found;
	unlock_node(found);
	return true;
}

void
node_state_seen(Oid node, int slots, const char *version)
{
	NodeState  *state = lock_node(MyDatabaseId, node);

	state->heard = state->alive = true;
	state->last_seen = GetCurrentTimestamp();
	if (slots > 0)
		state->slots = slots;
	if (version)
		strlcpy(state->version, version, sizeof(state->version));
	unlock_node(state);
}

void
node_state_sized(Oid node, int64 bytes)
{
	NodeState  *state = lock_node(MyDatabaseId, node);

	state->sized = true;
	state->bytes = bytes;
	unlock_node(state);
}

bool
node_state_set_extensions(Oid node, const uint64 *digests, int n)
{
	Size		size = sizeof(uint64) * n;
	NodeState  *state = lock_node(MyDatabaseId, node);
	dsa_pointer former = state->extensions;
	bool		changed = state->nextensions != n ||
		(n > 0 && memcmp(dsa_get_address(area, former), digests, size) != 0);

	if (changed)
	{
		dsa_pointer made = n > 0 ?
			dsa_allocate_extended(area, size, DSA_ALLOC_NO_OOM) : InvalidDsaPointer;

		if (DsaPointerIsValid(former))
			dsa_free(area, former);
		if (DsaPointerIsValid(made))
			memcpy(dsa_get_address(area, made), digests, size);
		state->extensions = made;
		state->nextensions = DsaPointerIsValid(made) ? n : 0;
	}
	unlock_node(state);
	return changed;
}

bool
node_state_has_extension(Oid node, uint64 digest)
{
	NodeState  *state = lock_node(MyDatabaseId, node);
	uint64	   *digests = DsaPointerIsValid(state->extensions) ?
		dsa_get_address(area, state->extensions) : NULL;
	bool		has = false;

	for (int i = 0; i < state->nextensions && !has; i++)
		has = digests[i] == digest;
	unlock_node(state);
	return has;
}

void
node_state_lost(Oid node)
{
	NodeState  *state = lock_node(MyDatabaseId, node);

	state->heard = true;
	state->alive = false;
	unlock_node(state);
}

bool
node_state_reserve(List *list, int cap, bool force)
{
	ListCell   *lc;

	register_exit();
	foreach(lc, list)
	{
		NodeState  *state = lock_node(MyDatabaseId, lfirst_oid(lc));
		bool		full = !force && state->connections >= cap;

		if (!full)
			state->connections++;
		unlock_node(state);
		if (full)
		{
			for (ListCell *back = list_head(list); back != lc; back = lnext(list, back))
				node_state_unreserve(MyDatabaseId, lfirst_oid(back));
			return false;
		}
	}
	return true;
}

void
node_state_unreserve(Oid database, Oid node)
{
	NodeState  *state = lock_node(database, node);

	Assert(state->connections > 0);
	state->connections--;
	unlock_node(state);
	if (cluster_state_pressure())
		ConditionVariableBroadcast(&control->freed);
}

void
cluster_state_set_idle(int idle)
{
	Backend *me;

	if (MyBackendId == InvalidBackendId || MyBackendId > control->nbackends)
		return;
	register_exit();
	me = &control->backends[MyBackendId - 1];
	me->pid = MyProcPid;
	me->idle = idle;
}

bool
cluster_state_pressure(void)
{
	return pg_atomic_read_u32(&control->waiters) > 0;
}

bool
cluster_state_wait_capacity(void)
{
	bool		in_vain;

	if (!waiting)
	{
		register_exit();
		waiting = true;
		pg_atomic_fetch_add_u32(&control->waiters, 1);
		ConditionVariablePrepareToSleep(&control->freed);
		ask_idle_backends();
		return false;			/* look once more before sleeping */
	}
	/* A backend may have gone idle since we asked. */
	in_vain = ConditionVariableTimedSleep(&control->freed, 1000, PG_WAIT_EXTENSION);
	if (in_vain)
		ask_idle_backends();
	return in_vain;
}

void
cluster_state_end_wait(void)
{
	if (!waiting)
		return;
	ConditionVariableCancelSleep();
	waiting = false;
	pg_atomic_fetch_sub_u32(&control->waiters, 1);
}

uint32
cluster_state_ask_deadlock(void)
{
	static uint32 number = 0;
	Backend    *me;

	if (MyBackendId == InvalidBackendId || MyBackendId > control->nbackends)
		return 0;
	register_exit();
	if (++number == 0)
		number = 1;
	me = &control->backends[MyBackendId - 1];
	me->pid = MyProcPid;
	me->database = MyDatabaseId;
	pg_atomic_write_u32(&me->victim, 0);
	pg_write_barrier();
	pg_atomic_write_u32(&me->asked, number);
	monitor_state_wake(false);
	return number;
}

bool
cluster_state_is_victim(uint32 number)
{
	return number != 0 && pg_atomic_read_u32(&control->backends[MyBackendId - 1].victim) == number;
}

int
cluster_state_deadlock_asks(DeadlockAsk **asks)
{
	int			n = 0;

	*asks = palloc(sizeof(DeadlockAsk) * control->nbackends);
	for (int i = 0; i < control->nbackends; i++)
	{
		Backend    *backend = &control->backends[i];
		uint32		number;

		if (pg_atomic_read_u32(&backend->asked) == 0 || backend->database != MyDatabaseId)
			continue;
		number = pg_atomic_exchange_u32(&backend->asked, 0);
		pg_read_barrier();
		if (number != 0)
			(*asks)[n++] = (DeadlockAsk) {i, backend->pid, number};
	}
	return n;
}

void
cluster_state_set_victim(const DeadlockAsk *ask)
{
	PGPROC	   *proc = BackendPidGetProc(ask->pid);

	pg_atomic_write_u32(&control->backends[ask->backend].victim, ask->number);
	if (proc)
		SetLatch(&proc->procLatch);
}

void
node_state_doubt(Oid node)
{
	NodeState  *state = lock_node(MyDatabaseId, node);

	state->settled = false;
	state->doubts++;
	unlock_node(state);
}

bool
node_state_settled(Oid node, uint64 *doubts)
{
	NodeState  *state = lock_node(MyDatabaseId, node);
	bool		settled = state->settled;

	*doubts = state->doubts;
	unlock_node(state);
	return settled;
}

void
node_state_settle(Oid node, uint64 doubts)
{
	NodeState  *state = lock_node(MyDatabaseId, node);

	if (state->doubts == doubts)
		state->settled = true;
	unlock_node(state);
}

uint64
cluster_epoch(void)
{
	return control->epoch;
}

uint64
cluster_commit_count(void)
{
	DatabaseState *state = lock_database(MyDatabaseId);
	uint64		commits = state->commits;

	unlock_database(state);
	return commits;
}

void
cluster_commit_counted(FullTransactionId xid)
{
	DatabaseState *state = lock_database(MyDatabaseId);
	FullTransactionId *place = &state->recent[state->commits++ % RECENT_COMMITS];

	if (FullTransactionIdFollowsOrEquals(*place, state->newest_forgotten))
		state->newest_forgotten = *place;
	*place = xid;
	unlock_database(state);
}

bool
cluster_commits_seen(Snapshot snapshot)
{
	FullTransactionId next = ReadNextFullTransactionId();
	uint32		epoch = EpochFromFullTransactionId(next);
	FullTransactionId xmin;
	DatabaseState *state;
	bool		seen;

	if (snapshot->xmin > XidFromFullTransactionId(next))
		epoch--;
	xmin = FullTransactionIdFromEpochAndXid(epoch, snapshot->xmin);

	state = lock_database(MyDatabaseId);
	seen = FullTransactionIdPrecedes(state->newest_forgotten, xmin);
	for (int i = 0; i < RECENT_COMMITS && seen; i++)
		seen = FullTransactionIdPrecedes(state->recent[i], xmin) ||
			!XidInMVCCSnapshot(XidFromFullTransactionId(state->recent[i]), snapshot);
	unlock_database(state);
	return seen;
}

void
monitor_state_launcher(void)
{
	control->launcher = MyLatch;
}

bool
monitor_state_needed(Oid database)
{
	DatabaseState *state = lock_database(database);
	bool		needed = !state->no_nodes && !state->monitor && !is_evicted(state);

	unlock_database(state);
	return needed;
}

bool
monitor_state_enter(void)
{
	DatabaseState *state;

	register_exit();
	state = lock_database(MyDatabaseId);
	is_monitor = !state->monitor && !is_evicted(state);
	if (is_monitor)
	{
		state->monitor = MyLatch;
		state->monitor_pid = MyProcPid;
	}
	unlock_database(state);
	return is_monitor;
}

void
monitor_state_no_nodes(void)
{
	DatabaseState *state = lock_database(MyDatabaseId);

	state->no_nodes = true;
	unlock_database(state);
}

void
monitor_state_wake(bool new_nodes)
{
	DatabaseState *state = lock_database(MyDatabaseId);
	Latch	   *latch = state->monitor ? state->monitor : control->launcher;

	if (new_nodes)
		state->no_nodes = false;
	unlock_database(state);
	if (latch)
		SetLatch(latch);
}

bool
monitor_state_evict(Oid database)
{
	DatabaseState *state = lock_database(database);
	bool		running = state->monitor != NULL;

	state->evicted = GetCurrentTimestamp();
	if (running)
		kill(state->monitor_pid, SIGTERM);
	unlock_database(state);
	return running;
}

bool
monitor_state_running(Oid database)
{
	DatabaseState *state = lock_database(database);
	bool		running = state->monitor != NULL;

	unlock_database(state);
	return running;
}

static void
on_shmem_request(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(control_size());
}

static void
on_shmem_startup(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	control = ShmemInitStruct("barks cluster", control_size(), &found);
	if (!found)
	{
		memset(control, 0, control_size());
		control->tranche = LWLockNewTrancheId();
		control->hash_tranche = LWLockNewTrancheId();
		LWLockInitialize(&control->lock, control->tranche);
		control->epoch = (uint64) GetCurrentTimestamp();
		control->area = DSM_HANDLE_INVALID;
		pg_atomic_init_u32(&control->waiters, 0);
		ConditionVariableInit(&control->freed);
		control->nbackends = MaxBackends;
		for (int i = 0; i < MaxBackends; i++)
		{
			pg_atomic_init_u32(&control->backends[i].asked, 0);
			pg_atomic_init_u32(&control->backends[i].victim, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
	LWLockRegisterTranche(control->tranche, "barks_cluster");
	LWLockRegisterTranche(control->hash_tranche, "barks_cluster_hash");
}

static Size
control_size(void)
{
	return add_size(offsetof(ClusterControl, backends),
					mul_size(MaxBackends, sizeof(Backend)));
}

/* Attach to both tables, creating them when we are the first. */
static void
attach_tables(void)
{
	MemoryContext old;
	dshash_parameters node_p = node_params;
	dshash_parameters database_p = database_params;

	if (nodes)
		return;
	node_p.tranche_id = database_p.tranche_id = control->hash_tranche;
	old = MemoryContextSwitchTo(TopMemoryContext);
	LWLockAcquire(&control->lock, LW_EXCLUSIVE);
	if (control->area == DSM_HANDLE_INVALID)
	{
		dshash_table *made;

		area = dsa_create(control->tranche);
		dsa_pin(area);
		dsa_pin_mapping(area);
		made = dshash_create(area, &node_p, NULL);
		databases = dshash_create(area, &database_p, NULL);
		control->nodes = dshash_get_hash_table_handle(made);
		control->databases = dshash_get_hash_table_handle(databases);
		control->area = dsa_get_handle(area);
		nodes = made;
	}
	else
	{
		area = dsa_attach(control->area);
		dsa_pin_mapping(area);
		databases = dshash_attach(area, &database_p, control->databases, NULL);
		nodes = dshash_attach(area, &node_p, control->nodes, NULL);
	}
	LWLockRelease(&control->lock);
	MemoryContextSwitchTo(old);
}

static void
register_exit(void)
{
	if (exit_registered)
		return;
	attach_tables();
	before_shmem_exit(leave_state, (Datum) 0);
	exit_registered = true;
}

/*
 * This process ends: what it counted for itself must go.  connection.c gives
 * back its connections in a callback of its own, which runs before this one.
 */
static void
leave_state(int code, Datum arg)
{
	cluster_state_end_wait();
	if (MyBackendId != InvalidBackendId && MyBackendId <= control->nbackends)
	{
		control->backends[MyBackendId - 1].idle = 0;
		pg_atomic_write_u32(&control->backends[MyBackendId - 1].asked, 0);
	}
	if (is_monitor)
	{
		DatabaseState *state = lock_database(MyDatabaseId);

		state->monitor = NULL;
		unlock_database(state);
	}
}

static NodeState *
lock_node(Oid database, Oid node)
{
	NodeKey		key = {database, node};
	NodeState  *state;
	bool		found;

	attach_tables();
	state = dshash_find_or_insert(nodes, &key, &found);
	if (!found)
	{
		memset(state, 0, sizeof(NodeState));
		state->key = key;
	}
	return state;
}

static DatabaseState *
lock_database(Oid database)
{
	DatabaseState *state;
	bool		found;

	attach_tables();
	state = dshash_find_or_insert(databases, &database, &found);
	if (!found)
	{
		memset(state, 0, sizeof(DatabaseState));
		state->database = database;
	}
	return state;
}

static void
unlock_node(NodeState *state)
{
	dshash_release_lock(nodes, state);
}

static void
unlock_database(DatabaseState *state)
{
	dshash_release_lock(databases, state);
}

static bool
is_evicted(DatabaseState *state)
{
	return !TimestampDifferenceExceeds(state->evicted, GetCurrentTimestamp(), EVICTION_MS);
}

static void
ask_idle_backends(void)
{
	for (int i = 0; i < control->nbackends; i++)
	{
		Backend *backend = &control->backends[i];

		if (backend->idle > 0 && backend->pid != MyProcPid)
			(void) SendProcSignal(backend->pid, PROCSIG_CATCHUP_INTERRUPT, i + 1);
	}
}
