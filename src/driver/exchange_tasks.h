/*-------------------------------------------------------------------------
 * exchange_tasks.h
 *	  What the tasks of a stage read of other stages' outputs.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_EXCHANGE_TASKS_H
#define BARKS_DRIVER_EXCHANGE_TASKS_H

#include "driver/tasks.h"

/* The tasks that read the partitions of a table: those of the leaf's group go with them. */
typedef struct BoundGroup
{
	int			group;
	int			npartitions;
	TaskShape **shapes;			/* per partition */
} BoundGroup;

/* How many partitions each stage's output has; an array. */
extern int *exchange_count_partitions(List *stages, List *nodes);

/* Add the leaves that read stages and go with tables (bound: of BoundGroup) to the shapes. */
extern void exchange_bind(const TaskContext *context, const StagePlan *stage, List *bound);
/* Shapes for the leaves that read stages and go with none. */
extern List *exchange_shape(const TaskContext *context, const StagePlan *stage, List *bound);
/* What every task reads whole. */
extern void exchange_add_broadcast(const TaskContext *context, const StagePlan *stage,
								   List *shapes);
extern void exchange_add_empty(const TaskContext *context, const StagePlan *stage, List *shapes);
extern bool exchange_is_bound(List *bound, int group);
/* The one of these nodes that has most of what a stage reads whole. */
extern Oid	exchange_best_node(const TaskContext *context, const StagePlan *stage, List *nodes);

/* For skew.c: an output that is there, what of a group's leaves a partition has, a leaf's share. */
extern StageOutput *exchange_output_of(const TaskContext *context, const LeafPlan *leaf);
extern int64 exchange_group_bytes(const TaskContext *context, const StagePlan *stage, int group,
								  int p);
extern TaskInput *exchange_add_input(const TaskContext *context, TaskShape *shape,
									 const LeafPlan *leaf, int first, int last);

#endif							/* BARKS_DRIVER_EXCHANGE_TASKS_H */
