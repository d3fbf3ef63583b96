/*-------------------------------------------------------------------------
 * pool.c
 *	  Slots of this server, the workers in them, and who waits for one: what each
 *	  of the processes concerned does.
 *
 * Everything is in one fixed piece of shared memory under one lock, held for
 * a few hundred instructions at most.  Whoever changes a slot or the queue
 * calls pool_schedule(), so there is no process whose death stops the pool: the
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

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "worker/pool_schedule.h"

/* How long after its start the server may be without a launcher. */
#define LAUNCHER_WAIT_MS	5000
/* How long pool_evict_database waits; DROP DATABASE itself waits 5 s more. */
#define EVICT_WAIT_MS	5000

int			pool_slots;
int			pool_idle_timeout;

Pool	   *pool_shared;
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

#define MySession (&pool_shared->sessions[MyBackendId - 1])

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
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	Assert(!session->waiting);
	session->waiting = true;
	session->failed = false;
	session->proc = MyProc;
	session->pid = MyProcPid;
	session->since = GetCurrentTimestamp();
	session->request = *request;
	session->pass = pool_pass(request);
	session->grant.slot = -1;
	session->grant.assignment = 0;
	dlist_push_tail(&pool_shared->queue, &session->node);
	pg_atomic_fetch_add_u32(&pool_shared->nwaiting, 1);
	if (launched)
		pool_schedule();
	else
		pool_fail_waiting(NULL);
	LWLockRelease(pool_shared->lock);
}

/*
 * Is there a launcher?  In the first moments of the server it may be about to
 * come; there is none at all when max_worker_processes did not suffice for the
 * processes that are started with the server.
 */
static bool
await_launcher(void)
{
	while (pool_shared->launcher == NULL &&
		   !TimestampDifferenceExceeds(PgStartTime, GetCurrentTimestamp(), LAUNCHER_WAIT_MS))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 10, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return pool_shared->launcher != NULL;
}

/* The answer to pool_enqueue; our latch is set when it may have come. */
PoolAnswer
pool_poll(PoolGrant *result)
{
	Session    *session = MySession;
	PoolAnswer	answer = POOL_WAIT;

	LWLockAcquire(pool_shared->lock, LW_SHARED);
	if (session->failed)
		answer = POOL_FAILED;
	else if (!session->waiting)
	{
		*result = session->grant;
		answer = POOL_GRANTED;
	}
	LWLockRelease(pool_shared->lock);
	return answer;
}

/* Leave the queue. A slot that was granted meanwhile stays granted. */
void
pool_leave(void)
{
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	if (MySession->waiting)
		pool_unqueue(MySession);
	LWLockRelease(pool_shared->lock);
}

bool
pool_serves(const PoolGrant *granted)
{
	return granted->assignment != 0 &&
		pg_atomic_read_u64(&pool_shared->slots[granted->slot].assignment) == granted->assignment;
}

void
pool_interrupt(const PoolGrant *granted)
{
	Slot	   *slot = &pool_shared->slots[granted->slot];

	/* the lock keeps the worker from moving on to another session's task */
	LWLockAcquire(pool_shared->lock, LW_SHARED);
	if (pool_serves(granted) && slot->pid != 0)
		kill(slot->pid, SIGINT);
	LWLockRelease(pool_shared->lock);
}

int
pool_worker_pid(const PoolGrant *granted)
{
	return pool_serves(granted) ? pool_shared->slots[granted->slot].pid : 0;
}

bool
pool_contended(void)
{
	return pg_atomic_read_u32(&pool_shared->nwaiting) > 0;
}

bool
pool_waits(int i, int *pid, char *name, TimestampTz *since)
{
	const Session *session = &pool_shared->sessions[i];
	bool		waiting;

	LWLockAcquire(pool_shared->lock, LW_SHARED);
	waiting = session->waiting;
	*pid = session->pid;
	*since = session->since;
	strlcpy(name, session->request.pool, NAMEDATALEN);
	LWLockRelease(pool_shared->lock);
	return waiting;
}

/* ---------------- a worker's side ---------------- */

/* Take possession of the slot, or exit when it is no longer ours. */
void
pool_worker_start(int index, uint64 generation)
{
	Slot	   *slot = &pool_shared->slots[index];
	bool		valid;

	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	valid = slot->generation == generation && slot->state == SLOT_STARTING;
	if (valid)
	{
		my_slot = index;
		my_generation = generation;
		slot->proc = MyProc;
		slot->pid = MyProcPid;
		slot->tasks = 0;
		pool_set_state(slot, SLOT_IDLE);
		pool_schedule();
	}
	LWLockRelease(pool_shared->lock);
	if (!valid)
		proc_exit(0);
}

/* The channel this worker was given, if it was. */
bool
pool_worker_take(PoolAssignment *result)
{
	Slot	   *slot = &pool_shared->slots[my_slot];
	bool		assigned;

	LWLockAcquire(pool_shared->lock, LW_SHARED);
	assigned = slot->state == SLOT_BUSY;
	if (assigned)
	{
		result->channel = slot->request.channel;
		result->channel_id = slot->request.channel_id;
		result->assignment = pg_atomic_read_u64(&slot->assignment);
		result->queue_us = slot->queue_us;
	}
	LWLockRelease(pool_shared->lock);
	return assigned;
}

/*
 * Should this idle worker exit?  True when it was told to or has been idle
 * for too long; its slot is LEAVING then.
 */
bool
pool_worker_retire(void)
{
	Slot	   *slot = &pool_shared->slots[my_slot];
	bool		exit_now = false;

	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	if (slot->state == SLOT_IDLE)
	{
		exit_now = slot->retire || slot->generation != my_generation ||
			(pool_idle_timeout >= 0 &&
			 TimestampDifferenceExceeds(slot->since, GetCurrentTimestamp(), pool_idle_timeout));
		if (exit_now)
			pool_set_state(slot, SLOT_LEAVING);
	}
	LWLockRelease(pool_shared->lock);
	return exit_now;
}

void
pool_worker_count_task(void)
{
	pool_shared->slots[my_slot].tasks++;
}

/* The worker has let go of the channel and is free for another. */
void
pool_worker_done(void)
{
	Slot	   *slot = &pool_shared->slots[my_slot];

	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	pg_atomic_write_u64(&slot->assignment, 0);
	pool_wake(pool_shared->sessions[slot->session].proc);
	pool_set_state(slot, SLOT_IDLE);
	pool_schedule();
	LWLockRelease(pool_shared->lock);
}

/* The worker exits, its channel (if any) is already detached. */
void
pool_worker_exit(void)
{
	Slot	   *slot;

	if (my_slot < 0)
		return;
	slot = &pool_shared->slots[my_slot];
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	if (slot->generation == my_generation)	/* else a new launcher took it back */
	{
		PGPROC	   *session = slot->state == SLOT_BUSY ? pool_shared->sessions[slot->session].proc : NULL;

		pg_atomic_write_u64(&slot->assignment, 0);
		pool_wake(session);
		slot->proc = NULL;
		slot->pid = 0;
		pool_set_state(slot, SLOT_LEAVING);
		pool_wake(pool_shared->launcher);
		pool_schedule();
	}
	LWLockRelease(pool_shared->lock);
	my_slot = -1;
}

/* ---------------- the launcher's side ---------------- */

/* A new launcher knows nothing of workers that were being started. */
void
pool_launcher_start(void)
{
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	pool_shared->launcher = MyProc;
	for (int i = 0; i < pool_shared->nslots; i++)
	{
		Slot	   *slot = &pool_shared->slots[i];

		if (slot->state == SLOT_STARTING || slot->state == SLOT_LEAVING)
		{
			slot->generation = ++pool_shared->next_generation;
			pool_set_state(slot, SLOT_FREE);
		}
	}
	pool_shared->start_refused = 0;
	pool_schedule();
	LWLockRelease(pool_shared->lock);
}

/* Try again what could not be done when it was asked for. */
void
pool_launcher_tick(void)
{
	if (!pool_contended())
		return;
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	pool_schedule();
	LWLockRelease(pool_shared->lock);
}

SlotInfo
pool_slot_info(int index)
{
	Slot	   *slot = &pool_shared->slots[index];
	SlotInfo	info = {0};

	LWLockAcquire(pool_shared->lock, LW_SHARED);
	info.state = slot->state;
	info.generation = slot->generation;
	info.pid = slot->pid;
	info.dboid = slot->dboid;
	info.role = slot->role;
	info.session_pid = slot->state == SLOT_BUSY ? pool_shared->sessions[slot->session].pid : 0;
	if (slot->state == SLOT_BUSY)
		strlcpy(info.pool, slot->request.pool, NAMEDATALEN);
	info.tasks = slot->tasks;
	info.since = slot->since;
	LWLockRelease(pool_shared->lock);
	return info;
}

void
pool_slot_stopped(int index, uint64 generation, PoolStop how)
{
	Slot	   *slot = &pool_shared->slots[index];

	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	if (slot->generation == generation &&
		(slot->state == SLOT_STARTING || slot->state == SLOT_LEAVING))
	{
		Slot		was = *slot;

		pool_set_state(slot, SLOT_FREE);
		pool_shared->start_refused = how == POOL_STOP_REFUSED ? GetCurrentTimestamp() : 0;
		if (how == POOL_STOP_DIED)
			pool_fail_waiting(&was);
		else if (how == POOL_STOP_REFUSED && !pool_any_worker())
			pool_fail_waiting(NULL);
		pool_schedule();
		ConditionVariableBroadcast(&pool_shared->gone);
	}
	LWLockRelease(pool_shared->lock);
}

/* ---------------- eviction ---------------- */

void
pool_evict_database(Oid dboid)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EVICT_WAIT_MS);

	ConditionVariablePrepareToSleep(&pool_shared->gone);
	for (;;)
	{
		bool		found = false;

		LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
		for (int i = 0; i < pool_shared->nslots; i++)
		{
			Slot	   *slot = &pool_shared->slots[i];

			if (slot->dboid != dboid || slot->state == SLOT_FREE)
				continue;
			if (slot->state == SLOT_IDLE)
			{
				slot->retire = true;
				pool_wake(slot->proc);
			}
			found |= slot->state != SLOT_BUSY;
		}
		LWLockRelease(pool_shared->lock);
		if (!found || GetCurrentTimestamp() >= deadline)
			break;
		ConditionVariableTimedSleep(&pool_shared->gone, 100, PG_WAIT_EXTENSION);
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
	pool_shared = ShmemInitStruct("barks pool", pool_size(), &found);
	if (!found)
	{
		memset(pool_shared, 0, pool_size());
		pool_shared->lock = &(GetNamedLWLockTranche("barks_pool"))->lock;
		ConditionVariableInit(&pool_shared->gone);
		pg_atomic_init_u32(&pool_shared->nwaiting, 0);
		dlist_init(&pool_shared->queue);
		pool_shared->nslots = pool_slots;
		pool_shared->sessions = (Session *)
			((char *) pool_shared + MAXALIGN(offsetof(Pool, slots) + pool_slots * sizeof(Slot)));
		for (int i = 0; i < pool_shared->nslots; i++)
			pg_atomic_init_u64(&pool_shared->slots[i].assignment, 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
leave_at_exit(int code, Datum arg)
{
	pool_leave();
	LWLockAcquire(pool_shared->lock, LW_EXCLUSIVE);
	MySession->proc = NULL;
	LWLockRelease(pool_shared->lock);
}
