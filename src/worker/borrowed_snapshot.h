/*-------------------------------------------------------------------------
 * borrowed_snapshot.h
 *	  See what another session sees, and one's own writes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_BORROWED_SNAPSHOT_H
#define BARKS_WORKER_BORROWED_SNAPSHOT_H

/*
 * Make the active snapshot one of this content (text of type pg_snapshot), which
 * the transaction of the backend holder must keep while it is in use.  What this
 * transaction did up to now is visible as well.
 */
extern void borrowed_snapshot_push(const char *content, int holder);

#endif							/* BARKS_WORKER_BORROWED_SNAPSHOT_H */
