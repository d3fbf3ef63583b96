/*-------------------------------------------------------------------------
 * task_plan.h
 *	  From a task's SQL to a plan that may be run.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_TASK_PLAN_H
#define BARKS_WORKER_TASK_PLAN_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/*
 * Parse and analyze; ERROR unless it is one plain SELECT over shards of the
 * driver.  Call as the service role; the result reads its tables as that role.
 */
extern Query *task_parse(const char *sql, uint64 driver, Oid service_role);

/*
 * Plan; call as the acting role, under the job's settings, with an active snapshot.
 * to_the_end: all rows will be taken.
 */
extern PlannedStmt *task_plan(Query *query, const char *sql, bool partial_aggregate, bool to_the_end);

#endif							/* BARKS_WORKER_TASK_PLAN_H */
