/*-------------------------------------------------------------------------
 * in_step.h
 *	  One view of nodes and driver for a whole statement of READ COMMITTED.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_IN_STEP_H
#define BARKS_TABLE_IN_STEP_H

#include "executor/execdesc.h"

/*
 * Before ExecutorStart: take the nodes' snapshots, and renew the statement's
 * own if it does not see what they show.
 */
extern void in_step_begin(QueryDesc *query, int eflags);
/* After ExecutorEnd. */
extern void in_step_end(QueryDesc *query);

extern void in_step_init(void);

#endif							/* BARKS_TABLE_IN_STEP_H */
