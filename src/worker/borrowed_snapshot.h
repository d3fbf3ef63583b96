/*-------------------------------------------------------------------------
 * borrowed_snapshot.h
 *	  See what another session sees, and one's own writes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_BORROWED_SNAPSHOT_H
#define BARKS_WORKER_BORROWED_SNAPSHOT_H

/*
 * Give the active snapshot, a copy that was just pushed, this content (text of
 * type pg_snapshot), which the transaction of the backend holder must keep while
 * it is in use.  What it shows of this transaction itself stays.
 */
extern void borrowed_snapshot_set(const char *content, int holder);

#endif							/* BARKS_WORKER_BORROWED_SNAPSHOT_H */
