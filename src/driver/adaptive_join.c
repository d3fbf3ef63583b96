/*-------------------------------------------------------------------------
 * adaptive_join.c
 *	  Broadcast one side of a join after all, once it is known to be small.
 *
 * Both sides were to be sent by hash.  When a stage is about to start and all
 * that its rows were to be joined with is there, and is small, they need not
 * move: each task of the reader takes what one task of the stage wrote, on its
 * node, and the other side whole.  That is right where the reader's query can
 * be asked of parts of the rows, as for partitions that are split (skew.c).
 */
#include "postgres.h"

#include "driver/adaptive_join.h"
#include "driver/exchange_tasks.h"
#include "planner/planner.h"

/* As the planner counts (place_join.c): work for a byte sent, or read by one task. */
#define MOVE_COST	2.0
#define BUILD_COST	0.5

static const LeafPlan *find_reader(const TaskContext *context, const StagePlan *stage,
								   const StagePlan **reader);
static bool is_small_side(const TaskContext *context, const StagePlan *reader,
						  const LeafPlan *leaf, int64 *bytes);
static bool can_be_read_anywhere(const TaskContext *context, const StageOutput *output);

bool
adaptive_join_keeps(const TaskContext *context, const StagePlan *stage)
{
	const StagePlan *reader = NULL;
	const LeafPlan *leaf = find_reader(context, stage, &reader);
	int64		bytes = 0;
	double		ntasks;

	if (leaf == NULL || planner_join_strategy != JOIN_STRATEGY_AUTO || stage->as_asked ||
		stage->exchange != EXCHANGE_HASH || reader->distribution != STAGE_PARTITIONED ||
		reader->merge_keys != NIL ||
		!bms_is_member(leaf->index, planner_divisible_leaves(reader)) ||
		!is_small_side(context, reader, leaf, &bytes) ||
		bytes > planner_broadcast_threshold * INT64CONST(1024))
		return false;
	ntasks = list_length(tasks_shape(context, stage, NULL));
	return bytes * (MOVE_COST + BUILD_COST * ntasks) <=
		stage->rows * (stage->width + 8) * MOVE_COST;
}

/* The leaf that stands for the stage; NULL when there are several. */
static const LeafPlan *
find_reader(const TaskContext *context, const StagePlan *stage, const StagePlan **reader)
{
	const LeafPlan *found = NULL;
	ListCell   *lc;
	ListCell   *ll;

	foreach(lc, context->stages)
		foreach(ll, ((StagePlan *) lfirst(lc))->leaves)
	{
		const LeafPlan *leaf = lfirst(ll);

		if (leaf->stage != stage->id)
			continue;
		if (found)
			return NULL;
		found = leaf;
		*reader = lfirst(lc);
	}
	return found;
}

/* Is all else that the reader reads there, for tasks on any node?  Bytes of what they had shares of. */
static bool
is_small_side(const TaskContext *context, const StagePlan *reader, const LeafPlan *leaf,
			  int64 *bytes)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, reader->leaves)
	{
		const LeafPlan *other = lfirst(lc);
		const StageOutput *output;

		if (other == leaf)
			continue;
		if (other->stage == 0 || (!other->broadcast && other->group != leaf->group) ||
			context->kept[other->stage - 1])
			return false;
		output = exchange_output_of(context, other);
		if (output == NULL || output->failure || !exchange_output_whole(output) ||
			!can_be_read_anywhere(context, output))
			return false;
		if (other->broadcast)
			continue;
		*bytes += exchange_bytes(output, 0, output->npartitions - 1);
		any = true;
	}
	return any;
}

/* What lies on this server cannot, unless there are no nodes. */
static bool
can_be_read_anywhere(const TaskContext *context, const StageOutput *output)
{
	ListCell   *lc;

	foreach(lc, output->nodes)
		if (!OidIsValid(((OutputNode *) lfirst(lc))->node) &&
			!list_member_oid(context->nodes, InvalidOid))
			return false;
	return true;
}
