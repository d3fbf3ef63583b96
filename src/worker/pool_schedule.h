/*-------------------------------------------------------------------------
 * pool_schedule.h
 *	  The pool's shared memory, and the scheduler over it; for pool.c alone.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_POOL_SCHEDULE_H
#define BARKS_WORKER_POOL_SCHEDULE_H

#include "lib/ilist.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"

#include "worker/pool.h"

typedef struct Slot
{
	SlotState	state;
	uint64		generation;		/* of the worker; an outdated one exits */
	PGPROC	   *proc;			/* of the worker, NULL unless IDLE or BUSY */
	int			pid;
	Oid			dboid;
	Oid			role;
	bool		retire;			/* exit when idle */
	bool		claimed;		/* by a waiting session, within pool_schedule() */
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
	uint64		pass;			/* of the pool of the latest request, see pool_schedule() */
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

extern Pool *pool_shared;

/*
 * Give slots to waiting sessions, those of the least served pool first, and of
 * its least served job, and see to it that slots are under way for those that
 * got none.  This and all below want the lock to be held exclusively.
 */
extern void pool_schedule(void);
/*
 * Where a pool stands, as its sessions remember.  One of which nobody waited for
 * a while begins where the others are: it has saved nothing up.
 */
extern uint64 pool_pass(const PoolRequest *request);
extern void pool_unqueue(Session *session);
/* No worker will come for these: the slot's database and role, or all when NULL. */
extern void pool_fail_waiting(const Slot *slot);
extern bool pool_any_worker(void);
extern void pool_set_state(Slot *slot, SlotState state);
/* NULL: nobody. */
extern void pool_wake(PGPROC *proc);

#endif							/* BARKS_WORKER_POOL_SCHEDULE_H */
