/*-------------------------------------------------------------------------
 * inline_lane.h
 *	  A lane that runs its tasks in this backend.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_INLINE_LANE_H
#define BARKS_WORKER_INLINE_LANE_H

#include "job/lane.h"

extern Lane *inline_lane_open(Snapshot snapshot);

#endif							/* BARKS_WORKER_INLINE_LANE_H */
