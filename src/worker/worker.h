/*-------------------------------------------------------------------------
 * worker.h
 *	  The node's side: slots, the worker pool, and running tasks.
 *
 *	  launcher     one background worker per server; starts and stops workers
 *	  pool         slots and the queue, in shared memory
 *	  worker       takes a channel, reads frames, runs tasks, writes frames
 *	  task         one fragment: parse as the service role, plan and run as
 *	               the acting role, batches out; usable from any process
 *	  relay        COPY barks.lane: a session's frames ↔ a worker's channel
 *	  local lane   the same channel straight from a driver in local mode
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_WORKER_H
#define BARKS_WORKER_WORKER_H

extern void worker_init(void);	/* GUCs, shmem, launcher, lane registration */

/*
 * Make the idle workers of a database exit, and wait for it: to be called
 * before a command that needs the database for itself (DROP DATABASE, CREATE
 * DATABASE … TEMPLATE, ALTER DATABASE … RENAME or SET TABLESPACE).
 */
extern void worker_evict_database(Oid dboid);

#endif							/* BARKS_WORKER_WORKER_H */
