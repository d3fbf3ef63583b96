/*-------------------------------------------------------------------------
 * relay.h
 *	  COPY barks.lane: a driver's frames ↔ a worker's channel.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_RELAY_H
#define BARKS_WORKER_RELAY_H

extern void relay_init(void);	/* registers the command */

#endif							/* BARKS_WORKER_RELAY_H */
