/*-------------------------------------------------------------------------
 * tasks.h
 *	  From a stage to its tasks: what each reads, on which node.
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
	List	   *others;			/* oid list: nodes that could run it as well */
	List	  **shards;			/* per leaf, list of char *: qualified names */
	List	   *inputs;			/* of TaskInput */
	int			npartitions;	/* of all leaves that are not broadcast */
	int			turn;			/* of a stage with task_order */
} TaskShape;

/* What the shapes of the stages of one plan depend on. */
typedef struct TaskContext
{
	List	   *stages;			/* of StagePlan */
	List	   *nodes;			/* oid list: where tasks may go that read no table */
	int		   *npartitions;	/* per stage: of its output */
	bool	   *kept;			/* per stage: its rows stay where they are made, see adaptive_join.c */
	StageOutput **outputs;		/* per stage: NULL until it is done */
	int		   *cut;			/* per stage: tasks left out as they could give no row */
	int		   *split;			/* per stage: partitions dealt to several tasks */
} TaskContext;

/* Choose nodes and numbers of partitions. */
extern TaskContext *tasks_context(List *stages);

/*
 * The tasks of a stage, as list of TaskShape; at least one.  planstate, if not
 * NULL, allows pruning by the values of parameters.  Where outputs are not
 * there yet, as for EXPLAIN, estimates stand in.
 */
extern List *tasks_shape(const TaskContext *context, const StagePlan *stage,
						 PlanState *planstate);
/* Nodes of the shapes, without repetition, and of the other tables of the statement. */
extern List *tasks_nodes(List *shapes);
extern List *tasks_statement_nodes(List *relids);

/* For exchange_tasks.c. */
extern TaskShape *tasks_make_shape(const StagePlan *stage, Oid node);
/* Of those nodes, the ones that have a copy of each broadcast table that the stage reads. */
extern List *tasks_nodes_with_copies(const StagePlan *stage, List *nodes);
extern int	tasks_slots(Oid node);

#endif							/* BARKS_DRIVER_TASKS_H */
