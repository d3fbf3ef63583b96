/*-------------------------------------------------------------------------
 * remote_lane.h
 *	  Lanes over libpq (job/lane.h).
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_REMOTE_LANE_H
#define BARKS_DRIVER_REMOTE_LANE_H

#include "job/lane.h"

extern void remote_lane_init(void);

#endif							/* BARKS_DRIVER_REMOTE_LANE_H */
