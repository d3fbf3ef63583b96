/*-------------------------------------------------------------------------
 * tasks.c
 *	  From a stage to its tasks: which shards each reads, on which node.
 *
 * Every node deals its partitions out by position: the k-th partition that a
 * leaf has on the node goes to the node's k-th task.  Colocated tables have the
 * same partitions on the same nodes, so equal positions mean equal partitions,
 * and a join within the task sees all matching rows; for a UNION ALL of tables
 * laid out differently any dealing is right.  A merge needs all its streams at
 * once, so there each node gets no more tasks than it has slots, and partitions
 * are dealt round and round.
 *
 * A pruned partition leaves its position empty; a task with nothing to read is
 * dropped, but one task always stays: an aggregate over nothing has a row.
 *
 * Leaves that read other stages are added by exchange_tasks.c.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/exchange_tasks.h"
#include "driver/tasks.h"
#include "planner/planner.h"
#include "table/layout.h"

/* So that tasks which take longer than others do not decide when all is done. */
#define PARTS_PER_SLOT	4
/* With more parts, tasks have several. */
#define MAX_TASKS_PER_SLOT	64

/* The tasks of one node while partitions are dealt. */
typedef struct NodeTasks
{
	Oid			node;
	int			slots;
	int			dealt;			/* partitions of the current leaf */
	List	   *shapes;
} NodeTasks;

static List *shape_single(const TaskContext *context, const StagePlan *stage);
static bool find_copies(Oid relid, List **nodes);
static List *common_oids(List *a, List *b);
static List *shape_partitioned(const TaskContext *context, const StagePlan *stage,
							   PlanState *planstate);
static List *without_empty(List *shapes);
static int	compare_turns(const ListCell *a, const ListCell *b);
static List *cut_empty(const TaskContext *context, const StagePlan *stage, List *shapes);
static bool misses_leaf(const TaskShape *shape, const Bitmapset *leaves);
static void deal_leaf(const StagePlan *stage, int leafno, PlanState *planstate,
					  List **nodes, List **bound);
static void deal_parts(const TaskContext *context, const StagePlan *stage, int leafno, List **nodes);
static List *seats_of(List *nodes);
static bool parts_in_stages(List *stages);
static bool has_stage_leaf(const StagePlan *stage, int group);
static NodeTasks *node_tasks(List **nodes, Oid node);
static TaskShape *shape_at(const StagePlan *stage, NodeTasks *tasks, int position);
static void add_broadcast_leaf(const LeafPlan *leaf, int leafno, List *shapes);
static bool has_copy(const TableLayout *layout, Oid node);

TaskContext *
tasks_context(List *stages)
{
	TaskContext *context = palloc0(sizeof(TaskContext));
	ListCell   *lc;

	context->stages = stages;
	context->outputs = palloc0(sizeof(StageOutput *) * list_length(stages));
	context->kept = palloc0(sizeof(bool) * list_length(stages));
	context->cut = palloc0(sizeof(int) * list_length(stages));
	context->split = palloc0(sizeof(int) * list_length(stages));
	if (list_length(stages) > 1 || parts_in_stages(stages))
	{
		foreach(lc, node_list())
			if (node_alive(lfirst_oid(lc)))
				context->nodes = lappend_oid(context->nodes, lfirst_oid(lc));
		if (context->nodes == NIL)
			context->nodes = list_make1_oid(InvalidOid);
	}
	context->npartitions = exchange_count_partitions(stages, context->nodes);
	return context;
}

List *
tasks_shape(const TaskContext *context, const StagePlan *stage, PlanState *planstate)
{
	return stage->distribution == STAGE_SINGLE ?
		shape_single(context, stage) : shape_partitioned(context, stage, planstate);
}

List *
tasks_nodes(List *shapes)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, shapes)
		nodes = list_append_unique_oid(nodes, ((TaskShape *) lfirst(lc))->node);
	return nodes;
}

/* All nodes that hold something of these tables, but for this server. */
List *
tasks_statement_nodes(List *relids)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, relids)
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);
		const TableLayout *layout = table_layout(rel);

		/* a broadcast table is read where the others are, or on its first copy */
		for (int i = 0; i < layout->nnodes; i++)
			if (OidIsValid(layout->nodes[i]))
				nodes = list_append_unique_oid(nodes, layout->nodes[i]);
		table_close(rel, NoLock);
	}
	return nodes;
}

int
tasks_slots(Oid node)
{
	return transaction_wrote(node) ? 1 : Max(1, node_slots(node));
}

TaskShape *
tasks_make_shape(const StagePlan *stage, Oid node)
{
	TaskShape  *shape = palloc0(sizeof(TaskShape));

	shape->node = node;
	shape->shards = palloc0(sizeof(List *) * Max(1, list_length(stage->leaves)));
	return shape;
}

List *
tasks_nodes_with_copies(const StagePlan *stage, List *nodes)
{
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		List	   *copies;

		if (leaf->stage > 0 || !leaf->broadcast || !find_copies(leaf->relid, &copies))
			continue;
		if (common_oids(nodes, copies) == NIL)
			nodes = copies;		/* on this server alone, perhaps */
		else
			nodes = common_oids(nodes, copies);
	}
	return nodes;
}

/* One task, on a node that has a copy of every table it reads. */
static List *
shape_single(const TaskContext *context, const StagePlan *stage)
{
	TaskShape  *shape = tasks_make_shape(stage, InvalidOid);
	List	   *candidates = NIL;
	bool		first = true;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		List	   *copies;

		if (leaf->stage > 0 || !find_copies(leaf->relid, &copies))
			continue;
		candidates = first ? copies : common_oids(candidates, copies);
		first = false;
	}
	if (!first && candidates == NIL)
		elog(ERROR, "broadcast tables of stage %d have no node in common", stage->id);
	if (first)
		candidates = context->nodes;
	shape->node = exchange_best_node(context, stage, candidates);
	shape->others = candidates;
	shape->npartitions = 1;
	exchange_add_broadcast(context, stage, list_make1(shape));
	foreach(lc, stage->leaves)
		if (((LeafPlan *) lfirst(lc))->stage == 0)
			add_broadcast_leaf(lfirst(lc), foreach_current_index(lc), list_make1(shape));
	return list_make1(shape);
}

/* Nodes that have a table's rows; false where it has none yet. */
static bool
find_copies(Oid relid, List **nodes)
{
	Relation	rel = table_open(relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	bool		created = layout->created;

	*nodes = NIL;
	for (int i = 0; i < layout->nnodes && created; i++)
		*nodes = lappend_oid(*nodes, layout->nodes[i]);
	table_close(rel, NoLock);
	return created;
}

static List *
common_oids(List *a, List *b)
{
	return list_difference_oid(a, list_difference_oid(a, b));
}

static List *
shape_partitioned(const TaskContext *context, const StagePlan *stage, PlanState *planstate)
{
	List	   *nodes = NIL;
	List	   *shapes = NIL;
	List	   *bound = NIL;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		if (((LeafPlan *) lfirst(lc))->parts)
			deal_parts(context, stage, foreach_current_index(lc), &nodes);
		else if (!((LeafPlan *) lfirst(lc))->broadcast && ((LeafPlan *) lfirst(lc))->stage == 0)
			deal_leaf(stage, foreach_current_index(lc), planstate, &nodes, &bound);
	}
	exchange_bind(context, stage, bound);
	foreach(lc, nodes)
		shapes = list_concat(shapes, ((NodeTasks *) lfirst(lc))->shapes);
	shapes = list_concat(shapes, exchange_shape(context, stage, bound));
	shapes = without_empty(shapes);
	if (stage->task_order)
		list_sort(shapes, compare_turns);
	if (shapes == NIL)
	{
		List	   *any = tasks_nodes_with_copies(stage, context->nodes);

		shapes = list_make1(tasks_make_shape(stage, any != NIL ? linitial_oid(any) : InvalidOid));
	}

	exchange_add_broadcast(context, stage, shapes);
	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->broadcast && leaf->stage == 0)
			add_broadcast_leaf(leaf, foreach_current_index(lc), shapes);
	}
	exchange_add_empty(context, stage, shapes);
	return cut_empty(context, stage, shapes);
}

/* Those with something to read, but one at least if there is any. */
static List *
without_empty(List *shapes)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, shapes)
		if (((TaskShape *) lfirst(lc))->npartitions > 0)
			result = lappend(result, lfirst(lc));
	return result != NIL || shapes == NIL ? result : list_make1(linitial(shapes));
}

static int
compare_turns(const ListCell *a, const ListCell *b)
{
	return ((TaskShape *) lfirst(a))->turn - ((TaskShape *) lfirst(b))->turn;
}

/* The tasks that can give a row, or one that gives none. */
static List *
cut_empty(const TaskContext *context, const StagePlan *stage, List *shapes)
{
	Bitmapset  *needed = planner_needed_leaves(stage);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		const StageOutput *output = leaf->stage == 0 ? NULL : context->outputs[leaf->stage - 1];

		/* reading what could not be made raises why */
		if (output == NULL || output->failure)
			needed = bms_del_member(needed, leaf->index);
	}
	foreach(lc, shapes)
		if (!misses_leaf(lfirst(lc), needed))
			result = lappend(result, lfirst(lc));
	if (result == NIL)
		result = list_make1(linitial(shapes));
	context->cut[stage->id - 1] = list_length(shapes) - list_length(result);
	return result;
}

/* Has it no rows of one of these leaves? */
static bool
misses_leaf(const TaskShape *shape, const Bitmapset *leaves)
{
	for (int leaf = -1; (leaf = bms_next_member(leaves, leaf)) >= 0;)
	{
		int64		rows = 0;
		ListCell   *lc;

		foreach(lc, shape->inputs)
			if (((TaskInput *) lfirst(lc))->index == leaf)
				rows += ((TaskInput *) lfirst(lc))->rows;
		if (rows == 0)
			return true;
	}
	return false;
}

/* Deal the partitions of one leaf to the tasks of their nodes. */
static void
deal_leaf(const StagePlan *stage, int leafno, PlanState *planstate, List **nodes,
		  List **bound)
{
	LeafPlan   *leaf = list_nth(stage->leaves, leafno);
	Relation	rel = table_open(leaf->relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	Bitmapset  *wanted = planstate ? planner_prune(stage, leaf, planstate) : NULL;
	BoundGroup *group = NULL;
	ListCell   *lc;

	if (layout->created && has_stage_leaf(stage, leaf->group) &&
		!exchange_is_bound(*bound, leaf->group))
	{
		group = palloc(sizeof(BoundGroup));
		group->group = leaf->group;
		group->npartitions = layout->npartitions;
		group->shapes = palloc0(sizeof(TaskShape *) * layout->npartitions);
		*bound = lappend(*bound, group);
	}
	foreach(lc, *nodes)
		((NodeTasks *) lfirst(lc))->dealt = 0;
	for (int p = 0; p < layout->npartitions && layout->created; p++)
	{
		NodeTasks  *node = node_tasks(nodes, layout->nodes[p]);
		int			position = node->dealt++;
		TaskShape  *shape;

		if (stage->merge_keys != NIL)
			position %= node->slots;
		shape = shape_at(stage, node, position);
		if (group)
			group->shapes[p] = shape;
		if (wanted != NULL && !bms_is_member(p, wanted))
			continue;
		shape->shards[leafno] = lappend(shape->shards[leafno], table_shard_name(layout, p));
		shape->others = NIL;	/* only here */
		shape->npartitions++;
	}
	table_close(rel, NoLock);
}

/*
 * Deal numbers of parts to tasks, and those to the nodes by their slots.  What parts stand
 * for can be had on any node, so a task without shards can run elsewhere too.
 */
static void
deal_parts(const TaskContext *context, const StagePlan *stage, int leafno, List **nodes)
{
	const LeafPlan *leaf = list_nth(stage->leaves, leafno);
	List	   *able = tasks_nodes_with_copies(stage, context->nodes);
	List	   *seats = seats_of(able);
	int			nseats = list_length(seats);
	int			n = leaf->nparts > 0 ? leaf->nparts : nseats * PARTS_PER_SLOT;
	/* a merge needs all its streams at once */
	int			ntasks = Min(n, stage->merge_keys != NIL ? nseats : nseats * MAX_TASKS_PER_SLOT);
	ListCell   *lc;

	foreach(lc, *nodes)
		((NodeTasks *) lfirst(lc))->dealt = 0;
	for (int i = 0; i < ntasks; i++)
	{
		NodeTasks  *node = node_tasks(nodes, list_nth_oid(seats, i % nseats));
		TaskShape  *shape = shape_at(stage, node, node->dealt++);

		int			first = leaf->in_turn ? (int64) n * i / ntasks : i;
		int			last = leaf->in_turn ? (int64) n * (i + 1) / ntasks - 1 : n - 1;
		int			step = leaf->in_turn ? 1 : ntasks;

		if (shape->npartitions == 0)
			shape->others = able;
		shape->shards[leafno] =
			list_make1(psprintf("SELECT part, %d FROM pg_catalog.generate_series(%d, %d, %d) AS part", n, first, last, step));
		shape->npartitions += (last - first) / step + 1;
		shape->turn = i;
	}
}

/* A node for each of its slots, so that the first ones of all come first. */
static List *
seats_of(List *nodes)
{
	List	   *seats = NIL;
	int			most = 0;
	ListCell   *lc;

	foreach(lc, nodes)
		most = Max(most, tasks_slots(lfirst_oid(lc)));
	for (int slot = 0; slot < most; slot++)
		foreach(lc, nodes)
			if (slot < tasks_slots(lfirst_oid(lc)))
				seats = lappend_oid(seats, lfirst_oid(lc));
	return seats;
}

static bool
parts_in_stages(List *stages)
{
	ListCell   *ls;
	ListCell   *lc;

	foreach(ls, stages)
		foreach(lc, ((StagePlan *) lfirst(ls))->leaves)
			if (((LeafPlan *) lfirst(lc))->parts)
				return true;
	return false;
}

/* Does another stage's output have to meet the shards of this group? */
static bool
has_stage_leaf(const StagePlan *stage, int group)
{
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage > 0 && !leaf->broadcast && leaf->group == group)
			return true;
	}
	return false;
}

/* The entry of a node; made when it is new. */
static NodeTasks *
node_tasks(List **nodes, Oid node)
{
	ListCell   *lc;
	NodeTasks  *tasks;

	foreach(lc, *nodes)
	{
		tasks = lfirst(lc);
		if (tasks->node == node)
			return tasks;
	}
	tasks = palloc0(sizeof(NodeTasks));
	tasks->node = node;
	tasks->slots = tasks_slots(node);
	*nodes = lappend(*nodes, tasks);
	return tasks;
}

/* The node's task at this position; made when it is the next one. */
static TaskShape *
shape_at(const StagePlan *stage, NodeTasks *tasks, int position)
{
	TaskShape  *shape;

	if (position < list_length(tasks->shapes))
		return list_nth(tasks->shapes, position);
	Assert(position == list_length(tasks->shapes));
	shape = tasks_make_shape(stage, tasks->node);
	tasks->shapes = lappend(tasks->shapes, shape);
	return shape;
}

/* Every task reads the copy on its own node. */
static void
add_broadcast_leaf(const LeafPlan *leaf, int leafno, List *shapes)
{
	Relation	rel = table_open(leaf->relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	ListCell   *lc;

	foreach(lc, shapes)
	{
		TaskShape  *shape = lfirst(lc);

		if (!layout->created)
			continue;
		if (!has_copy(layout, shape->node))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("broadcast table \"%s\" has no copy on node \"%s\"",
							RelationGetRelationName(rel), node_name(shape->node)),
					 errhint("Call barks.broadcast_table again to copy it to every node.")));
		shape->shards[leafno] = list_make1(table_shard_name(layout, 0));
	}
	table_close(rel, NoLock);
}

static bool
has_copy(const TableLayout *layout, Oid node)
{
	for (int i = 0; i < layout->nnodes; i++)
		if (layout->nodes[i] == node)
			return true;
	return false;
}
