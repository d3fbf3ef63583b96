/*-------------------------------------------------------------------------
 * pool.c
 *	  Slots of this server, the workers in them, and who waits for one.
 *
 * Everything is in one fixed piece of shared memory under one lock, held for
 * a few hundred instructions at most.  Whoever changes a slot or the queue
 * calls schedule(), so there is no process whose death stops the pool: the
 * launcher only starts workers and notices their end, and is restarted.
 *
 * A slot's assignment number is its owner's proof: the session whose grant
 * has it owns the worker, and once it changed the worker has left for good
 * and touches the session's channel no more.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "lib/ilist.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "worker/pool.h"

/* How long no new start is tried after the postmaster refused one. */
#define START_RETRY_MS	1000
/* How long after its start the server may be without a launcher. */
#define LAUNCHER_WAIT_MS	5000
/* How long pool_evict_database waits; DROP DATABASE itself waits 5 s more. */
#define EVICT_WAIT_MS	5000
/* How far a grant moves a pool of weight 1. */
#define POOL_STRIDE		UINT64CONST(1000000)

typedef struct Slot
{
	SlotState	state;
	uint64		generation;		/* of the worker; an outdated one exits */
	PGPROC	   *proc;			/* of the worker, NULL unless IDLE or BUSY */
	int			pid;
	Oid			dboid;
	Oid			role;
	bool		retire;			/* exit when idle */
	bool		claimed;		/* by a waiting session, within schedule() */
	TimestampTz since;
	int64		tasks;

	/* while BUSY */
	pg_atomic_uint64 assignment;	/* 0: none */
	int			session;		/* index of the session */
	PoolRequest request;
	int64		queue_us;
} Slot;

typedef struct Session
{
	dlist_node	node;			/* in queue, while waiting */
	bool		waiting;
	bool		failed;
	bool		claimed;
	PGPROC	   *proc;
	int			pid;
	TimestampTz since;
	PoolRequest request;
	uint64		pass;			/* of the pool of the latest request, see grant() */
	PoolGrant	grant;			/* slot -1: none yet */
} Session;

typedef struct Pool
{
	LWLock	   *lock;
	ConditionVariable gone;		/* a worker has left */
	PGPROC	   *launcher;
	pg_atomic_uint32 nwaiting;
	uint64		next_assignment;
	uint64		next_generation;
	uint64		pass;			/* of the pool that was served last, before that */
	TimestampTz start_refused;	/* 0: start workers freely */
	int			nslots;
	dlist_head	queue;			/* of Session, oldest first */
	Session    *sessions;		/* MaxBackends of them, by backend id */
	Slot		slots[FLEXIBLE_ARRAY_MEMBER];
} Pool;

int			pool_slots;
int			pool_idle_timeout;

static Pool *pool;
static int	my_slot = -1;		/* in a worker */
static uint64 my_generation;
static bool session_exit_registered;

static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static void define_settings(void);
static void request_shmem(void);
static void startup_shmem(void);
static Size pool_size(void);
static bool await_launcher(void);
static void leave_at_exit(int code, Datum arg);
static void wake(PGPROC *proc);
static void set_state(Slot *slot, SlotState state);
static void schedule(void);
static Session *next_waiting(void);
static int	busy_slots(const Session *session);
static uint64 pass_of_pool(const PoolRequest *request);
static bool same_pool(const PoolRequest *a, const PoolRequest *b);
static bool serve(Session *session);
static Slot *find_slot(SlotState state, const Session *session);
static Slot *find_victim(void);
static bool starts_allowed(void);
static void grant(Session *session, Slot *slot);
static void unqueue(Session *session);
static bool any_worker(void);
static void wake_busy(void);
static void fail_waiting(const Slot *slot);

#define MySession (&pool->sessions[MyBackendId - 1])

void
pool_init(void)
{
	define_settings();
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}

/* ---------------- a session's side ---------------- */

/* Wait for a slot. The caller waits for nothing else at the time. */
void
pool_enqueue(const PoolRequest *request)
{
	Session    *session = MySession;
	bool		launched = await_launcher();

	if (!session_exit_registered)
	{
		before_shmem_exit(leave_at_exit, 0);
		session_exit_registered = true;
	}
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	Assert(!session->waiting);
	session->waiting = true;
	session->failed = false;
	session->proc = MyProc;
	session->pid = MyProcPid;
	session->since = GetCurrentTimestamp();
	session->request = *request;
	session->pass = pass_of_pool(request);
	session->grant.slot = -1;
	session->grant.assignment = 0;
	dlist_push_tail(&pool->queue, &session->node);
	pg_atomic_fetch_add_u32(&pool->nwaiting, 1);
	if (launched)
		schedule();
	else
		fail_waiting(NULL);
	LWLockRelease(pool->lock);
}

/*
 * Is there a launcher?  In the first moments of the server it may be about to
 * come; there is none at all when max_worker_processes did not suffice for the
 * processes that are started with the server.
 */
static bool
await_launcher(void)
{
	while (pool->launcher == NULL &&
		   !TimestampDifferenceExceeds(PgStartTime, GetCurrentTimestamp(), LAUNCHER_WAIT_MS))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 10, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return pool->launcher != NULL;
}

/* The answer to pool_enqueue; our latch is set when it may have come. */
PoolAnswer
pool_poll(PoolGrant *result)
{
	Session    *session = MySession;
	PoolAnswer	answer = POOL_WAIT;

	LWLockAcquire(pool->lock, LW_SHARED);
	if (session->failed)
		answer = POOL_FAILED;
	else if (!session->waiting)
	{
		*result = session->grant;
		answer = POOL_GRANTED;
	}
	LWLockRelease(pool->lock);
	return answer;
}

/* Leave the queue. A slot that was granted meanwhile stays granted. */
void
pool_leave(void)
{
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	if (MySession->waiting)
		unqueue(MySession);
	LWLockRelease(pool->lock);
}

bool
pool_serves(const PoolGrant *granted)
{
	return granted->assignment != 0 &&
		pg_atomic_read_u64(&pool->slots[granted->slot].assignment) == granted->assignment;
}

void
pool_interrupt(const PoolGrant *granted)
{
	Slot	   *slot = &pool->slots[granted->slot];

	/* the lock keeps the worker from moving on to another session's task */
	LWLockAcquire(pool->lock, LW_SHARED);
	if (pool_serves(granted) && slot->pid != 0)
		kill(slot->pid, SIGINT);
	LWLockRelease(pool->lock);
}

int
pool_worker_pid(const PoolGrant *granted)
{
	return pool_serves(granted) ? pool->slots[granted->slot].pid : 0;
}

bool
pool_contended(void)
{
	return pg_atomic_read_u32(&pool->nwaiting) > 0;
}

bool
pool_waits(int i, int *pid, char *name, TimestampTz *since)
{
	const Session *session = &pool->sessions[i];
	bool		waiting;

	LWLockAcquire(pool->lock, LW_SHARED);
	waiting = session->waiting;
	*pid = session->pid;
	*since = session->since;
	strlcpy(name, session->request.pool, NAMEDATALEN);
	LWLockRelease(pool->lock);
	return waiting;
}

/* ---------------- a worker's side ---------------- */

/* Take possession of the slot, or exit when it is no longer ours. */
void
pool_worker_start(int index, uint64 generation)
{
	Slot	   *slot = &pool->slots[index];
	bool		valid;

	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	valid = slot->generation == generation && slot->state == SLOT_STARTING;
	if (valid)
	{
		my_slot = index;
		my_generation = generation;
		slot->proc = MyProc;
		slot->pid = MyProcPid;
		slot->tasks = 0;
		set_state(slot, SLOT_IDLE);
		schedule();
	}
	LWLockRelease(pool->lock);
	if (!valid)
		proc_exit(0);
}

/* The channel this worker was given, if it was. */
bool
pool_worker_take(PoolAssignment *result)
{
	Slot	   *slot = &pool->slots[my_slot];
	bool		assigned;

	LWLockAcquire(pool->lock, LW_SHARED);
	assigned = slot->state == SLOT_BUSY;
	if (assigned)
	{
		result->channel = slot->request.channel;
		result->channel_id = slot->request.channel_id;
		result->assignment = pg_atomic_read_u64(&slot->assignment);
		result->queue_us = slot->queue_us;
	}
	LWLockRelease(pool->lock);
	return assigned;
}

/*
 * Should this idle worker exit?  True when it was told to or has been idle
 * for too long; its slot is LEAVING then.
 */
bool
pool_worker_retire(void)
{
	Slot	   *slot = &pool->slots[my_slot];
	bool		exit_now = false;

	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	if (slot->state == SLOT_IDLE)
	{
		exit_now = slot->retire || slot->generation != my_generation ||
			(pool_idle_timeout >= 0 &&
			 TimestampDifferenceExceeds(slot->since, GetCurrentTimestamp(), pool_idle_timeout));
		if (exit_now)
			set_state(slot, SLOT_LEAVING);
	}
	LWLockRelease(pool->lock);
	return exit_now;
}

void
pool_worker_count_task(void)
{
	pool->slots[my_slot].tasks++;
}

/* The worker has let go of the channel and is free for another. */
void
pool_worker_done(void)
{
	Slot	   *slot = &pool->slots[my_slot];

	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	pg_atomic_write_u64(&slot->assignment, 0);
	wake(pool->sessions[slot->session].proc);
	set_state(slot, SLOT_IDLE);
	schedule();
	LWLockRelease(pool->lock);
}

/* The worker exits, its channel (if any) is already detached. */
void
pool_worker_exit(void)
{
	Slot	   *slot;

	if (my_slot < 0)
		return;
	slot = &pool->slots[my_slot];
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	if (slot->generation == my_generation)	/* else a new launcher took it back */
	{
		PGPROC	   *session = slot->state == SLOT_BUSY ? pool->sessions[slot->session].proc : NULL;

		pg_atomic_write_u64(&slot->assignment, 0);
		wake(session);
		slot->proc = NULL;
		slot->pid = 0;
		set_state(slot, SLOT_LEAVING);
		wake(pool->launcher);
		schedule();
	}
	LWLockRelease(pool->lock);
	my_slot = -1;
}

/* ---------------- the launcher's side ---------------- */

/* A new launcher knows nothing of workers that were being started. */
void
pool_launcher_start(void)
{
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	pool->launcher = MyProc;
	for (int i = 0; i < pool->nslots; i++)
	{
		Slot	   *slot = &pool->slots[i];

		if (slot->state == SLOT_STARTING || slot->state == SLOT_LEAVING)
		{
			slot->generation = ++pool->next_generation;
			set_state(slot, SLOT_FREE);
		}
	}
	pool->start_refused = 0;
	schedule();
	LWLockRelease(pool->lock);
}

/* Try again what could not be done when it was asked for. */
void
pool_launcher_tick(void)
{
	if (!pool_contended())
		return;
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	schedule();
	LWLockRelease(pool->lock);
}

SlotInfo
pool_slot_info(int index)
{
	Slot	   *slot = &pool->slots[index];
	SlotInfo	info = {0};

	LWLockAcquire(pool->lock, LW_SHARED);
	info.state = slot->state;
	info.generation = slot->generation;
	info.pid = slot->pid;
	info.dboid = slot->dboid;
	info.role = slot->role;
	info.session_pid = slot->state == SLOT_BUSY ? pool->sessions[slot->session].pid : 0;
	if (slot->state == SLOT_BUSY)
		strlcpy(info.pool, slot->request.pool, NAMEDATALEN);
	info.tasks = slot->tasks;
	info.since = slot->since;
	LWLockRelease(pool->lock);
	return info;
}

void
pool_slot_stopped(int index, uint64 generation, PoolStop how)
{
	Slot	   *slot = &pool->slots[index];

	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	if (slot->generation == generation &&
		(slot->state == SLOT_STARTING || slot->state == SLOT_LEAVING))
	{
		Slot		was = *slot;

		set_state(slot, SLOT_FREE);
		pool->start_refused = how == POOL_STOP_REFUSED ? GetCurrentTimestamp() : 0;
		if (how == POOL_STOP_DIED)
			fail_waiting(&was);
		else if (how == POOL_STOP_REFUSED && !any_worker())
			fail_waiting(NULL);
		schedule();
		ConditionVariableBroadcast(&pool->gone);
	}
	LWLockRelease(pool->lock);
}

/* ---------------- eviction ---------------- */

void
pool_evict_database(Oid dboid)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EVICT_WAIT_MS);

	ConditionVariablePrepareToSleep(&pool->gone);
	for (;;)
	{
		bool		found = false;

		LWLockAcquire(pool->lock, LW_EXCLUSIVE);
		for (int i = 0; i < pool->nslots; i++)
		{
			Slot	   *slot = &pool->slots[i];

			if (slot->dboid != dboid || slot->state == SLOT_FREE)
				continue;
			if (slot->state == SLOT_IDLE)
			{
				slot->retire = true;
				wake(slot->proc);
			}
			found |= slot->state != SLOT_BUSY;
		}
		LWLockRelease(pool->lock);
		if (!found || GetCurrentTimestamp() >= deadline)
			break;
		ConditionVariableTimedSleep(&pool->gone, 100, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

/* ---------------- set-up ---------------- */

static void
define_settings(void)
{
	long		cores = sysconf(_SC_NPROCESSORS_ONLN);

	DefineCustomIntVariable("barks.executor_slots",
							"Sets the number of tasks this server runs at the same time.",
							"Each takes a background worker of max_worker_processes. The default is the number of cores.",
							&pool_slots, Max(1, Min(cores, 1024)), 1, 1024,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("barks.worker_idle_timeout",
							"Sets how long a worker without a task is kept.",
							"-1 keeps workers until their slot is needed.",
							&pool_idle_timeout, 5 * 60 * 1000, -1, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(pool_size());
	RequestNamedLWLockTranche("barks_pool", 1);
}

static Size
pool_size(void)
{
	Size		size = add_size(offsetof(Pool, slots), mul_size(pool_slots, sizeof(Slot)));

	return add_size(MAXALIGN(size), mul_size(MaxBackends, sizeof(Session)));
}

static void
startup_shmem(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	pool = ShmemInitStruct("barks pool", pool_size(), &found);
	if (!found)
	{
		memset(pool, 0, pool_size());
		pool->lock = &(GetNamedLWLockTranche("barks_pool"))->lock;
		ConditionVariableInit(&pool->gone);
		pg_atomic_init_u32(&pool->nwaiting, 0);
		dlist_init(&pool->queue);
		pool->nslots = pool_slots;
		pool->sessions = (Session *)
			((char *) pool + MAXALIGN(offsetof(Pool, slots) + pool_slots * sizeof(Slot)));
		for (int i = 0; i < pool->nslots; i++)
			pg_atomic_init_u64(&pool->slots[i].assignment, 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
leave_at_exit(int code, Datum arg)
{
	pool_leave();
	LWLockAcquire(pool->lock, LW_EXCLUSIVE);
	MySession->proc = NULL;
	LWLockRelease(pool->lock);
}

/* ---------------- scheduling; the lock is held ---------------- */

static void
wake(PGPROC *proc)
{
	if (proc)
		SetLatch(&proc->procLatch);
}

static void
set_state(Slot *slot, SlotState state)
{
	slot->state = state;
	slot->since = GetCurrentTimestamp();
	if (state == SLOT_FREE)
	{
		slot->proc = NULL;
		slot->pid = 0;
		slot->dboid = InvalidOid;
		slot->retire = false;
	}
}

/*
 * Give slots to waiting sessions, those of the least served pool first, and of
 * its least served job, and see to it that slots are under way for those that
 * got none.
 */
static void
schedule(void)
{
	Session    *session;

	if (dlist_is_empty(&pool->queue))
		return;
	for (int i = 0; i < pool->nslots; i++)
		pool->slots[i].claimed = false;
	for (int i = 0; i < MaxBackends; i++)
		pool->sessions[i].claimed = false;
	while ((session = next_waiting()) != NULL)
	{
		session->claimed = true;
		if (!serve(session))
		{
			wake_busy();
			break;
		}
	}
}

/* Workers that wait for a slow consumer are to leave now that others wait. */
static void
wake_busy(void)
{
	for (int i = 0; i < pool->nslots; i++)
		if (pool->slots[i].state == SLOT_BUSY)
			wake(pool->slots[i].proc);
}

/*
 * The waiting session, not yet looked at, whose pool got least for its weight,
 * and of that pool the one whose job has the fewest slots.
 */
static Session *
next_waiting(void)
{
	Session    *best = NULL;
	int			best_slots = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &pool->queue)
	{
		Session    *session = dlist_container(Session, node, iter.cur);
		int			slots;

		if (session->claimed)
			continue;
		slots = busy_slots(session);
		if (!best || session->pass < best->pass ||
			(session->pass == best->pass && slots < best_slots))
		{
			best = session;
			best_slots = slots;
		}
	}
	return best;
}

static int
busy_slots(const Session *session)
{
	int			count = 0;

	for (int i = 0; i < pool->nslots; i++)
	{
		Slot	   *slot = &pool->slots[i];

		if (slot->state == SLOT_BUSY &&
			slot->request.driver == session->request.driver &&
			slot->request.job == session->request.job)
			count++;
	}
	return count;
}

/*
 * Where a pool stands, as its sessions remember.  One of which nobody waited for
 * a while begins where the others are: it has saved nothing up.
 */
static uint64
pass_of_pool(const PoolRequest *request)
{
	uint64		pass = pool->pass;

	for (int i = 0; i < MaxBackends; i++)
	{
		const Session *session = &pool->sessions[i];

		if (session->pass > pass && same_pool(&session->request, request))
			pass = session->pass;
	}
	return pass;
}

static bool
same_pool(const PoolRequest *a, const PoolRequest *b)
{
	return strcmp(a->pool, b->pool) == 0;
}

/* Grant a slot or make one come; false when all slots are taken. */
static bool
serve(Session *session)
{
	Slot	   *slot;

	if ((slot = find_slot(SLOT_IDLE, session)) != NULL)
	{
		grant(session, slot);
		return true;
	}
	if ((slot = find_slot(SLOT_STARTING, session)) != NULL)
	{
		slot->claimed = true;
		return true;
	}
	if (starts_allowed() && (slot = find_slot(SLOT_FREE, NULL)) != NULL)
	{
		slot->generation = ++pool->next_generation;
		slot->dboid = session->request.dboid;
		slot->role = session->request.role;
		slot->claimed = true;
		set_state(slot, SLOT_STARTING);
		wake(pool->launcher);
		return true;
	}
	if ((slot = find_slot(SLOT_LEAVING, NULL)) != NULL)
	{
		slot->claimed = true;
		return true;
	}
	if ((slot = find_victim()) != NULL)
	{
		slot->retire = true;
		slot->claimed = true;
		wake(slot->proc);
		return true;
	}
	return false;
}

/* An unclaimed slot in this state; for the session's database and role, if given. */
static Slot *
find_slot(SlotState state, const Session *session)
{
	for (int i = 0; i < pool->nslots; i++)
	{
		Slot	   *slot = &pool->slots[i];

		if (slot->state == state && !slot->claimed &&
			!(state == SLOT_IDLE && slot->retire) &&
			(!session || (slot->dboid == session->request.dboid &&
						  slot->role == session->request.role)))
			return slot;
	}
	return NULL;
}

/* The worker to go when another database or role needs its slot. */
static Slot *
find_victim(void)
{
	Slot	   *victim = NULL;

	for (int i = 0; i < pool->nslots; i++)
	{
		Slot	   *slot = &pool->slots[i];

		if (slot->state != SLOT_IDLE || slot->claimed)
			continue;
		if (slot->retire)
			return slot;
		if (!victim || slot->since < victim->since)
			victim = slot;
	}
	return victim;
}

static bool
starts_allowed(void)
{
	return pool->start_refused == 0 ||
		TimestampDifferenceExceeds(pool->start_refused, GetCurrentTimestamp(), START_RETRY_MS);
}

/*
 * Each grant moves the session's pool on by a step that is the smaller the more
 * it weighs (stride scheduling), so that with all of them waiting grants are
 * dealt in proportion to the weights, whatever the number of slots.
 */
static void
grant(Session *session, Slot *slot)
{
	TimestampTz now = GetCurrentTimestamp();
	uint64		pass = session->pass + POOL_STRIDE / session->request.weight;
	dlist_iter	iter;

	session->grant.slot = slot - pool->slots;
	session->grant.assignment = ++pool->next_assignment;
	slot->session = session - pool->sessions;
	slot->request = session->request;
	pool->pass = Max(pool->pass, session->pass);
	session->pass = pass;
	dlist_foreach(iter, &pool->queue)
	{
		Session    *other = dlist_container(Session, node, iter.cur);

		if (same_pool(&other->request, &session->request))
			other->pass = pass;
	}
	slot->queue_us = now - session->since;
	pg_atomic_write_u64(&slot->assignment, session->grant.assignment);
	set_state(slot, SLOT_BUSY);
	unqueue(session);
	wake(session->proc);
	wake(slot->proc);
}

static void
unqueue(Session *session)
{
	dlist_delete(&session->node);
	session->waiting = false;
	pg_atomic_fetch_sub_u32(&pool->nwaiting, 1);
}

static bool
any_worker(void)
{
	for (int i = 0; i < pool->nslots; i++)
		if (pool->slots[i].state != SLOT_FREE)
			return true;
	return false;
}

/* No worker will come for these: the slot's database and role, or all when NULL. */
static void
fail_waiting(const Slot *slot)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pool->queue)
	{
		Session    *session = dlist_container(Session, node, iter.cur);

		if (slot && (session->request.dboid != slot->dboid ||
					 session->request.role != slot->role))
			continue;
		unqueue(session);
		session->failed = true;
		wake(session->proc);
	}
}
