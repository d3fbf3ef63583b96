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
 */
#include "postgres.h"

#include "access/table.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/tasks.h"
#include "planner/planner.h"
#include "table/layout.h"

/* The tasks of one node while partitions are dealt. */
typedef struct NodeTasks
{
	Oid			node;
	int			slots;
	int			dealt;			/* partitions of the current leaf */
	List	   *shapes;
} NodeTasks;

static List *shape_single(const StagePlan *stage);
static List *common_oids(List *a, List *b);
static List *shape_partitioned(const StagePlan *stage, PlanState *planstate);
static void deal_leaf(const StagePlan *stage, int leafno, PlanState *planstate,
					  List **nodes);
static NodeTasks *node_tasks(List **nodes, Oid node);
static TaskShape *shape_at(NodeTasks *tasks, int position, int nleaves);
static void add_broadcast_leaf(const LeafPlan *leaf, int leafno, List *shapes);
static bool has_copy(const TableLayout *layout, Oid node);

List *
tasks_shape(const StagePlan *stage, PlanState *planstate)
{
	return stage->distribution == STAGE_SINGLE ?
		shape_single(stage) : shape_partitioned(stage, planstate);
}

TaskPlan *
tasks_plan(const StagePlan *stage, List *shapes, PlanState *planstate)
{
	TaskPlan   *tasks = palloc0(sizeof(TaskPlan) * list_length(shapes));
	char	   *body = planner_stage_sql(stage, planstate, true);
	char	   *rest = NULL;
	ListCell   *lc;

	foreach(lc, shapes)
	{
		TaskShape  *shape = lfirst(lc);
		TaskPlan   *task = &tasks[foreach_current_index(lc)];
		char	   *header = planner_stage_header(stage, shape->shards);

		/* the gate is open in the first task only */
		if (stage->needs_gate && foreach_current_index(lc) == 1)
			body = rest = planner_stage_sql(stage, planstate, false);
		task->node = shape->node;
		task->sql = psprintf("%s %s", header, body);
		pfree(header);
	}
	(void) rest;
	return tasks;
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

/* One task, on a node that has a copy of every table it reads. */
static List *
shape_single(const StagePlan *stage)
{
	TaskShape  *shape = palloc0(sizeof(TaskShape));
	List	   *candidates = NIL;
	bool		first = true;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		Relation	rel;
		const TableLayout *layout;
		List	   *copies = NIL;

		if (leaf->stage > 0)
			continue;
		rel = table_open(leaf->relid, NoLock);
		layout = table_layout(rel);
		for (int i = 0; i < layout->nnodes && layout->created; i++)
			copies = lappend_oid(copies, layout->nodes[i]);
		if (layout->created)
		{
			candidates = first ? copies : common_oids(candidates, copies);
			first = false;
		}
		table_close(rel, NoLock);
	}
	if (!first && candidates == NIL)
		elog(ERROR, "broadcast tables of stage %d have no node in common", stage->id);
	shape->node = InvalidOid;
	foreach(lc, candidates)
	{
		shape->node = lfirst_oid(lc);
		if (node_alive(shape->node))
			break;
	}
	shape->shards = palloc0(sizeof(List *) * Max(1, list_length(stage->leaves)));
	foreach(lc, stage->leaves)
		if (((LeafPlan *) lfirst(lc))->stage == 0)
			add_broadcast_leaf(lfirst(lc), foreach_current_index(lc), list_make1(shape));
	return list_make1(shape);
}

static List *
common_oids(List *a, List *b)
{
	return list_difference_oid(a, list_difference_oid(a, b));
}

static List *
shape_partitioned(const StagePlan *stage, PlanState *planstate)
{
	List	   *nodes = NIL;
	List	   *shapes = NIL;
	List	   *empty = NIL;
	ListCell   *ln,
			   *lc;

	foreach(lc, stage->leaves)
		if (!((LeafPlan *) lfirst(lc))->broadcast && ((LeafPlan *) lfirst(lc))->stage == 0)
			deal_leaf(stage, foreach_current_index(lc), planstate, &nodes);

	foreach(ln, nodes)
		foreach(lc, ((NodeTasks *) lfirst(ln))->shapes)
	{
		TaskShape  *shape = lfirst(lc);

		if (shape->npartitions > 0)
			shapes = lappend(shapes, shape);
		else if (empty == NIL)
			empty = list_make1(shape);
	}
	if (shapes == NIL)
		shapes = empty;
	if (shapes == NIL)
		shapes = list_make1(shape_at(node_tasks(&nodes, InvalidOid), 0,
									 list_length(stage->leaves)));

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->broadcast && leaf->stage == 0)
			add_broadcast_leaf(leaf, foreach_current_index(lc), shapes);
	}
	return shapes;
}

/* Deal the partitions of one leaf to the tasks of their nodes. */
static void
deal_leaf(const StagePlan *stage, int leafno, PlanState *planstate, List **nodes)
{
	LeafPlan   *leaf = list_nth(stage->leaves, leafno);
	Relation	rel = table_open(leaf->relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	Bitmapset  *wanted = planstate ? planner_prune(stage, leaf, planstate) : NULL;
	ListCell   *lc;

	foreach(lc, *nodes)
		((NodeTasks *) lfirst(lc))->dealt = 0;
	for (int p = 0; p < layout->npartitions && layout->created; p++)
	{
		NodeTasks  *node = node_tasks(nodes, layout->nodes[p]);
		int			position = node->dealt++;
		TaskShape  *shape;

		if (stage->merge_keys != NIL)
			position %= node->slots;
		shape = shape_at(node, position, list_length(stage->leaves));
		if (wanted != NULL && !bms_is_member(p, wanted))
			continue;
		shape->shards[leafno] = lappend(shape->shards[leafno], table_shard_name(layout, p));
		shape->npartitions++;
	}
	table_close(rel, NoLock);
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
	tasks->slots = transaction_wrote(node) ? 1 : Max(1, node_slots(node));
	*nodes = lappend(*nodes, tasks);
	return tasks;
}

/* The node's task at this position; made when it is the next one. */
static TaskShape *
shape_at(NodeTasks *tasks, int position, int nleaves)
{
	TaskShape  *shape;

	if (position < list_length(tasks->shapes))
		return list_nth(tasks->shapes, position);
	Assert(position == list_length(tasks->shapes));
	shape = palloc0(sizeof(TaskShape));
	shape->node = tasks->node;
	shape->shards = palloc0(sizeof(List *) * Max(1, nleaves));
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
