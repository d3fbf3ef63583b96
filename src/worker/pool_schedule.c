/*-------------------------------------------------------------------------
 * pool_schedule.c
 *	  Which of the waiting sessions get slots, and which slots.
 *
 * All of this runs with the pool's lock held exclusively, in whatever process
 * changed a slot or the queue.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

#include "worker/pool_schedule.h"

/* How long no new start is tried after the postmaster refused one. */
#define START_RETRY_MS	1000
/* How far a grant moves a pool of weight 1. */
#define POOL_STRIDE		UINT64CONST(1000000)

static void wake_busy(void);
static Session *next_waiting(void);
static int	busy_slots(const Session *session);
static bool serve(Session *session);
static Slot *find_slot(SlotState state, const Session *session);
static Slot *find_victim(void);
static bool starts_allowed(void);
static void grant(Session *session, Slot *slot);
static bool same_pool(const PoolRequest *a, const PoolRequest *b);

void
pool_schedule(void)
{
	Session    *session;

	if (dlist_is_empty(&pool_shared->queue))
		return;
	for (int i = 0; i < pool_shared->nslots; i++)
		pool_shared->slots[i].claimed = false;
	for (int i = 0; i < MaxBackends; i++)
		pool_shared->sessions[i].claimed = false;
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
	for (int i = 0; i < pool_shared->nslots; i++)
		if (pool_shared->slots[i].state == SLOT_BUSY)
			pool_wake(pool_shared->slots[i].proc);
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

	dlist_foreach(iter, &pool_shared->queue)
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

	for (int i = 0; i < pool_shared->nslots; i++)
	{
		Slot	   *slot = &pool_shared->slots[i];

		if (slot->state == SLOT_BUSY &&
			slot->request.driver == session->request.driver &&
			slot->request.job == session->request.job)
			count++;
	}
	return count;
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
		slot->generation = ++pool_shared->next_generation;
		slot->dboid = session->request.dboid;
		slot->role = session->request.role;
		slot->claimed = true;
		pool_set_state(slot, SLOT_STARTING);
		pool_wake(pool_shared->launcher);
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
		pool_wake(slot->proc);
		return true;
	}
	return false;
}

/* An unclaimed slot in this state; for the session's database and role, if given. */
static Slot *
find_slot(SlotState state, const Session *session)
{
	for (int i = 0; i < pool_shared->nslots; i++)
	{
		Slot	   *slot = &pool_shared->slots[i];

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

	for (int i = 0; i < pool_shared->nslots; i++)
	{
		Slot	   *slot = &pool_shared->slots[i];

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
	return pool_shared->start_refused == 0 ||
		TimestampDifferenceExceeds(pool_shared->start_refused, GetCurrentTimestamp(), START_RETRY_MS);
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

	session->grant.slot = slot - pool_shared->slots;
	session->grant.assignment = ++pool_shared->next_assignment;
	slot->session = session - pool_shared->sessions;
	slot->request = session->request;
	pool_shared->pass = Max(pool_shared->pass, session->pass);
	session->pass = pass;
	dlist_foreach(iter, &pool_shared->queue)
	{
		Session    *other = dlist_container(Session, node, iter.cur);

		if (same_pool(&other->request, &session->request))
			other->pass = pass;
	}
	slot->queue_us = now - session->since;
	pg_atomic_write_u64(&slot->assignment, session->grant.assignment);
	pool_set_state(slot, SLOT_BUSY);
	pool_unqueue(session);
	pool_wake(session->proc);
	pool_wake(slot->proc);
}

uint64
pool_pass(const PoolRequest *request)
{
	uint64		pass = pool_shared->pass;

	for (int i = 0; i < MaxBackends; i++)
	{
		const Session *session = &pool_shared->sessions[i];

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

void
pool_unqueue(Session *session)
{
	dlist_delete(&session->node);
	session->waiting = false;
	pg_atomic_fetch_sub_u32(&pool_shared->nwaiting, 1);
}

bool
pool_any_worker(void)
{
	for (int i = 0; i < pool_shared->nslots; i++)
		if (pool_shared->slots[i].state != SLOT_FREE)
			return true;
	return false;
}

void
pool_fail_waiting(const Slot *slot)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pool_shared->queue)
	{
		Session    *session = dlist_container(Session, node, iter.cur);

		if (slot && (session->request.dboid != slot->dboid ||
					 session->request.role != slot->role))
			continue;
		pool_unqueue(session);
		session->failed = true;
		pool_wake(session->proc);
	}
}

void
pool_set_state(Slot *slot, SlotState state)
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

void
pool_wake(PGPROC *proc)
{
	if (proc)
		SetLatch(&proc->procLatch);
}
