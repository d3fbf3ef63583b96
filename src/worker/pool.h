/*-------------------------------------------------------------------------
 * pool.h
 *	  Slots of this server, the workers in them, and who waits for one.
 *
 *	  slot:  FREE → STARTING → IDLE ⇄ BUSY → LEAVING → FREE
 *
 * A slot is a licence to run one worker.  The launcher starts a worker for a
 * STARTING slot, the worker itself makes it IDLE, the scheduler (run by
 * whoever changed something, under the pool's lock) makes it BUSY by giving it
 * a waiting session's channel.  A worker that is about to exit makes its slot
 * LEAVING; the launcher frees it once the process is gone.
 *
 * A session waits for at most one channel at a time; which of several is the
 * session's own business (client.c).
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_POOL_H
#define BARKS_WORKER_POOL_H

#include "datatype/timestamp.h"
#include "storage/dsm.h"
#include "storage/proc.h"

typedef enum SlotState
{
	SLOT_FREE,
	SLOT_STARTING,				/* the launcher is to start, or started, a worker */
	SLOT_IDLE,					/* a warm worker */
	SLOT_BUSY,					/* a worker with a channel */
	SLOT_LEAVING				/* a worker about to exit */
} SlotState;

/* What a session wants a slot for. */
typedef struct PoolRequest
{
	dsm_handle	channel;
	uint64		channel_id;
	Oid			dboid;
	Oid			role;			/* service role, InvalidOid: as a superuser of this server */
	uint64		driver;			/* whose job: of a pool's, the least served one is next */
	uint64		job;
	char		pool[NAMEDATALEN];	/* pools share the slots by their weights */
	int			weight;
} PoolRequest;

/* A slot given to a request; assignment is unique over the server's life. */
typedef struct PoolGrant
{
	int			slot;
	uint64		assignment;
} PoolGrant;

typedef enum PoolAnswer
{
	POOL_WAIT,
	POOL_GRANTED,
	POOL_FAILED					/* no worker could be started, none is there */
} PoolAnswer;

/* What a worker gets. */
typedef struct PoolAssignment
{
	dsm_handle	channel;
	uint64		channel_id;
	uint64		assignment;
	int64		queue_us;		/* how long the session waited for this */
} PoolAssignment;

/* A copy of a slot, for the view and the launcher. */
typedef struct SlotInfo
{
	SlotState	state;
	uint64		generation;
	int			pid;
	Oid			dboid;
	Oid			role;
	int			session_pid;
	char		pool[NAMEDATALEN];	/* while BUSY, else empty */
	int64		tasks;
	TimestampTz since;			/* of the state */
} SlotInfo;

extern int	pool_slots;			/* barks.executor_slots */
extern int	pool_idle_timeout;	/* barks.worker_idle_timeout, ms */

extern void pool_init(void);	/* GUCs and shared memory */

/* A session: wait in the queue, ask, leave it. */
extern void pool_enqueue(const PoolRequest *request);
extern PoolAnswer pool_poll(PoolGrant *grant);
extern void pool_leave(void);
/* Is the slot still working for this grant?  False once the worker left or died. */
extern bool pool_serves(const PoolGrant *grant);
/* Interrupt the worker if it still works for this grant. */
extern void pool_interrupt(const PoolGrant *grant);
extern int	pool_worker_pid(const PoolGrant *grant);

/* Backend number i waits: its process, and for whose share of the slots. */
extern bool pool_waits(int i, int *pid, char *pool, TimestampTz *since);

/* Does anyone wait for a slot? Cheap. */
extern bool pool_contended(void);

/* A worker, in order of its life. */
extern void pool_worker_start(int slot, uint64 generation);
/* The channel given to this worker; false when there is none. */
extern bool pool_worker_take(PoolAssignment *assignment);
/* Is this worker, being idle, to exit now? */
extern bool pool_worker_retire(void);
extern void pool_worker_count_task(void);
/* The channel is closed; back to idle. */
extern void pool_worker_done(void);
extern void pool_worker_exit(void);

/* The launcher. */
extern void pool_launcher_start(void);
extern void pool_launcher_tick(void);
extern SlotInfo pool_slot_info(int slot);
/* The worker of this generation is gone or never came. */
typedef enum PoolStop
{
	POOL_STOP_EXITED,			/* after it had worked */
	POOL_STOP_DIED,				/* while starting: it could not connect */
	POOL_STOP_REFUSED			/* max_worker_processes is used up */
} PoolStop;
extern void pool_slot_stopped(int slot, uint64 generation, PoolStop how);

/*
 * Make the idle workers of a database exit and wait until they are gone;
 * for commands that need the database to themselves.  Waits some seconds
 * at most: busy workers stay.
 */
extern void pool_evict_database(Oid dboid);

#endif							/* BARKS_WORKER_POOL_H */
