/*-------------------------------------------------------------------------
 * stop_point.h
 *	  Named places where a test can pause, fail or kill a process.
 *
 * barks.stop_points is a comma-separated list of name=action, set by a
 * superuser (ALTER SYSTEM, or SET in one session).  Actions:
 *
 *	  wait	sleep until the setting no longer names the point (interruptible)
 *	  error raise an ERROR with SQLSTATE XX000
 *	  fatal raise a FATAL
 *	  kill	SIGKILL this process
 *
 * With the setting empty, which is how every production server runs, a stop
 * point costs one comparison.  All names are listed in stop_point.c, so that
 * a misspelled one is refused.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_STOP_POINT_H
#define BARKS_BASE_STOP_POINT_H

extern PGDLLIMPORT char *stop_points;	/* the setting; empty string when unset */

extern void stop_point_init(void);
extern void stop_point_reached(const char *name);

#define BARKS_STOP_POINT(name) \
	do { \
		if (unlikely(stop_points[0] != '\0')) \
			stop_point_reached(name); \
	} while (0)

#endif							/* BARKS_BASE_STOP_POINT_H */
