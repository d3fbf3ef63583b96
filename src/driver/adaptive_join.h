/*-------------------------------------------------------------------------
 * adaptive_join.h
 *	  Broadcast one side of a join after all, once it is known to be small.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_ADAPTIVE_JOIN_H
#define BARKS_DRIVER_ADAPTIVE_JOIN_H

#include "driver/tasks.h"

/* May, and should, the rows of a stage that was planned to send them by hash stay? */
extern bool adaptive_join_keeps(const TaskContext *context, const StagePlan *stage);

#endif							/* BARKS_DRIVER_ADAPTIVE_JOIN_H */
