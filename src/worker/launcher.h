/*-------------------------------------------------------------------------
 * launcher.h
 *	  The process that starts workers and notices when they are gone.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_LAUNCHER_H
#define BARKS_WORKER_LAUNCHER_H

/* What a worker is told at its start, in bgw_extra. */
typedef struct WorkerStart
{
	uint64		generation;
	Oid			dboid;
	Oid			role;			/* InvalidOid: as a superuser of this server */
} WorkerStart;

extern void launcher_init(void);

#endif							/* BARKS_WORKER_LAUNCHER_H */
