/*-------------------------------------------------------------------------
 * deadlock.h
 *	  Find sessions that wait for each other over several servers.
 *
 * Every server breaks deadlocks among its own sessions.  Where one session waits
 * on one node and the other on another, or on the driver, none of them sees the
 * circle: the monitor puts it together from what the nodes say.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_DEADLOCK_H
#define BARKS_CLUSTER_DEADLOCK_H

#include "libpq-fe.h"

/*
 * In a backend that waits for a node, after deadlock_timeout: ask the monitor.
 * And whenever the wait is interrupted: ERROR 40P01 when we are to give way.
 */
extern void deadlock_ask(void);
extern void deadlock_check(void);
/* The wait is over. */
extern void deadlock_forget(void);

/* Does another session of this server wait for a lock that we hold? */
extern bool deadlock_others_wait(void);

/* How our sessions on nodes are named there: application_name. */
extern char *deadlock_session_name(void);

/*
 * The monitor's side.  A look begins when somebody asked (true), or once more
 * for those of the look before (keep) and whoever came since; every node that
 * can be asked gets the question; the end tells the victims, and is true when
 * a suspicion has to be confirmed by one more look.
 */
extern bool deadlock_look_begin(bool keep);
extern char *deadlock_question(void);
extern void deadlock_look_add(Oid node, const PGresult *res);
extern bool deadlock_look_end(void);

#endif							/* BARKS_CLUSTER_DEADLOCK_H */
