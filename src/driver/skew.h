/*-------------------------------------------------------------------------
 * skew.h
 *	  Partitions that are much larger than the others.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_SKEW_H
#define BARKS_DRIVER_SKEW_H

#include "nodes/bitmapset.h"

#include "driver/tasks.h"

/*
 * Shapes for tasks that read a part of one partition each, and in *skewed the
 * partitions that they read; NIL: there are none.  All outputs that the group
 * reads must be there.
 */
extern List *skew_split(const TaskContext *context, const StagePlan *stage, int group,
						int npartitions, Bitmapset **skewed);

#endif							/* BARKS_DRIVER_SKEW_H */
