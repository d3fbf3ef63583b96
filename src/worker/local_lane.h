/*-------------------------------------------------------------------------
 * local_lane.h
 *	  A lane through shared memory to this server's own workers.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_LOCAL_LANE_H
#define BARKS_WORKER_LOCAL_LANE_H

extern void local_lane_init(void);	/* registers the opener for this server */

#endif							/* BARKS_WORKER_LOCAL_LANE_H */
