/*-------------------------------------------------------------------------
 * tasks.h
 *	  From a stage to its tasks: which shards each reads, on which node.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_TASKS_H
#define BARKS_DRIVER_TASKS_H

#include "nodes/execnodes.h"

#include "driver/job.h"
#include "job/plan.h"

/* A task before it has SQL. */
typedef struct TaskShape
{
	Oid			node;
	List	  **shards;			/* per leaf, list of char *: qualified names */
	int			npartitions;	/* of all partitioned leaves */
} TaskShape;

/*
 * The tasks of a stage, as list of TaskShape; at least one.  planstate, if not
 * NULL, allows pruning by the values of parameters.
 */
extern List *tasks_shape(const StagePlan *stage, PlanState *planstate);
/* Fill in the SQL: an array of as many TaskPlans. */
extern TaskPlan *tasks_plan(const StagePlan *stage, List *shapes, PlanState *planstate);
/* Nodes of the shapes, without repetition, and of the other tables of the statement. */
extern List *tasks_nodes(List *shapes);
extern List *tasks_statement_nodes(List *relids);

#endif							/* BARKS_DRIVER_TASKS_H */
