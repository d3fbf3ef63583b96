/*-------------------------------------------------------------------------
 * exchange_tasks.c
 *	  What the tasks of a stage read of other stages' outputs.
 *
 * Leaves of one group are read at equal partition numbers.  Where a table is in
 * the group, its shards say on which node a partition is read.  Else each task
 * gets a run of neighbouring partitions, cut by their real sizes so that small
 * ones share a task, and goes where most of its bytes are, as long as no node
 * gets more than its share of the tasks.  A partition that is much larger than
 * the others is dealt to several tasks, if the query allows it (skew.c).
 * Groups of one stage are independent
 * (a UNION ALL), so their runs are dealt to the same tasks by position.
 */
#include "postgres.h"

#include "access/table.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"

#include "cluster/node.h"
#include "driver/exchange_tasks.h"
#include "driver/settings.h"
#include "driver/skew.h"
#include "table/layout.h"

/* Less than this in a task is not worth its own start. */
#define MIN_TASK_BYTES	(512 * 1024)
/* A partition should not be larger than this, by the planner's estimate … */
#define PARTITION_BYTES	(32 * 1024 * 1024)
/* … but there is no end to the files and blocks that more would make. */
#define MAX_PARTITIONS	4096

static const StagePlan *stage_of(List *stages, const LeafPlan *leaf);
static bool is_kept(const TaskContext *context, const LeafPlan *leaf);
static const LeafPlan *kept_leaf_of_group(const TaskContext *context, const StagePlan *stage, int group);
static int	find_root(int *parent, int i);
static int	wanted_partitions(const StagePlan *stage, int slots);
static int	table_partitions(Oid relid);
static void read_one_copy(const StageOutput *output, Oid node, TaskInput *input);
static void shape_keep(const TaskContext *context, const StagePlan *stage,
					   const LeafPlan *leaf, List **shapes);
static void shape_group(const TaskContext *context, const StagePlan *stage, int group,
						int max_tasks, List **shapes);
static void add_run(const TaskContext *context, TaskShape *shape, const LeafPlan *leaf,
					int first, int last, const Bitmapset *skewed);
static int64 run_bytes(const TaskContext *context, const StagePlan *stage, int group, int p,
					   const Bitmapset *skewed);
static void place_shapes(const TaskContext *context, const StagePlan *stage, List *nodes,
						 List *shapes);
static List *free_nodes(const TaskContext *context, const StagePlan *stage);
static int64 bytes_on(const TaskContext *context, const StagePlan *stage,
					  const TaskShape *shape, Oid node);

/* ---------------- numbers of partitions ---------------- */

/*
 * Outputs that are read at equal partition numbers have equally many; if one of
 * them is laid out as a table, as many as that has.
 */
int *
exchange_count_partitions(List *stages, List *nodes)
{
	int			n = list_length(stages);
	int		   *parent = palloc(sizeof(int) * n);
	int		   *fixed = palloc0(sizeof(int) * n);
	int		   *wanted = palloc0(sizeof(int) * n);
	int		   *result = palloc(sizeof(int) * n);
	int			slots = 0;
	ListCell   *ls;
	ListCell   *la;
	ListCell   *lb;

	foreach(la, nodes)
		slots += tasks_slots(lfirst_oid(la));
	for (int i = 0; i < n; i++)
		parent[i] = i;
	foreach(ls, stages)
	{
		StagePlan  *reader = lfirst(ls);

		foreach(la, reader->leaves)
			foreach(lb, reader->leaves)
		{
			LeafPlan   *a = lfirst(la);
			LeafPlan   *b = lfirst(lb);

			if (a->stage > 0 && b->stage > 0 && a->group == b->group &&
				!a->broadcast && !b->broadcast)
				parent[find_root(parent, a->stage - 1)] = find_root(parent, b->stage - 1);
		}
	}
	for (int i = 0; i < n; i++)
	{
		StagePlan  *stage = list_nth(stages, i);
		int			root = find_root(parent, i);

		if (stage->npartitions > 0)
			fixed[root] = Max(fixed[root], stage->npartitions);
		else if (OidIsValid(stage->align_relid))
			fixed[root] = Max(fixed[root], table_partitions(stage->align_relid));
		wanted[root] = Max(wanted[root], wanted_partitions(stage, slots));
	}
	for (int i = 0; i < n; i++)
	{
		StagePlan  *stage = list_nth(stages, i);
		int			root = find_root(parent, i);

		if (stage->exchange == EXCHANGE_BROADCAST || stage->exchange == EXCHANGE_SINGLE ||
			stage->exchange == EXCHANGE_KEEP || stage->exchange == EXCHANGE_KEYS ||
			stage->exchange == EXCHANGE_GATHER)
			result[i] = 1;
		else
			result[i] = fixed[root] > 0 ? fixed[root] : wanted[root];
	}
	return result;
}

static int
find_root(int *parent, int i)
{
	while (parent[i] != i)
		i = parent[i];
	return i;
}

static int
wanted_partitions(const StagePlan *stage, int slots)
{
	double		by_size = stage->rows * (stage->width + 8) / PARTITION_BYTES;

	if (shuffle_partitions > 0)
		return shuffle_partitions;
	return Max(slots, (int) Min(by_size, MAX_PARTITIONS));
}

static int
table_partitions(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	int			n = table_layout(rel)->npartitions;

	table_close(rel, NoLock);
	return n;
}

/* ---------------- leaves that go with tables ---------------- */

void
exchange_bind(const TaskContext *context, const StagePlan *stage, List *bound)
{
	ListCell   *lc;
	ListCell   *lb;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage == 0 || leaf->broadcast)
			continue;
		foreach(lb, bound)
		{
			BoundGroup *group = lfirst(lb);
			StageOutput *output = exchange_output_of(context, leaf);

			if (group->group != leaf->group)
				continue;
			if (group->npartitions != context->npartitions[leaf->stage - 1])
				elog(ERROR, "stage %d has %d partitions, the table that it is read with %d",
					 leaf->stage, context->npartitions[leaf->stage - 1], group->npartitions);
			for (int p = 0; p < group->npartitions; p++)
			{
				TaskShape  *shape = group->shapes[p];

				(void) exchange_add_input(context, shape, leaf, p, p);
				if (output == NULL || output->rows[p] > 0)
					shape->npartitions++;
			}
		}
	}
}

bool
exchange_is_bound(List *bound, int group)
{
	ListCell   *lc;

	foreach(lc, bound)
		if (((BoundGroup *) lfirst(lc))->group == group)
			return true;
	return false;
}

/* ---------------- leaves that go with none ---------------- */

List *
exchange_shape(const TaskContext *context, const StagePlan *stage, List *bound)
{
	List	   *shapes = NIL;
	List	   *kept = NIL;
	List	   *done = NIL;
	List	   *nodes = NIL;
	int			max_tasks = INT_MAX;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage == 0 || leaf->broadcast || exchange_is_bound(bound, leaf->group) ||
			list_member_int(done, leaf->group))
			continue;
		if (is_kept(context, leaf))
		{
			shape_keep(context, stage, leaf, &kept);
			continue;
		}
		if (kept_leaf_of_group(context, stage, leaf->group))
			continue;
		if (nodes == NIL)
		{
			ListCell   *ln;

			nodes = free_nodes(context, stage);
			/* a merge needs all its streams at once */
			if (stage->merge_keys != NIL)
			{
				max_tasks = 0;
				foreach(ln, nodes)
					max_tasks += tasks_slots(lfirst_oid(ln));
			}
		}
		done = lappend_int(done, leaf->group);
		shape_group(context, stage, leaf->group, max_tasks, &shapes);
	}
	if (shapes != NIL)
		place_shapes(context, stage, nodes, shapes);
	return list_concat(kept, shapes);
}

/* A task for each that wrote, where that was. */
static void
shape_keep(const TaskContext *context, const StagePlan *stage, const LeafPlan *leaf,
		   List **shapes)
{
	StageOutput *output = exchange_output_of(context, leaf);
	int			n = output ? output->ntasks :
		list_length(tasks_shape(context, stage_of(context->stages, leaf), NULL));
	ListCell   *lc;

	for (int i = 0; i < n; i++)
	{
		Oid			node = output ? output->maps[i].place->node : linitial_oid(context->nodes);
		TaskShape  *shape = tasks_make_shape(stage, node);
		TaskInput  *input = exchange_add_input(context, shape, leaf, 0, 0);

		input->first_map = input->last_map = i;
		if (output)
		{
			input->rows = output->maps[i].rows;
			input->bytes = output->maps[i].bytes;
		}
		shape->npartitions = 1;
		*shapes = lappend(*shapes, shape);
		/* what it was to be partitioned with is small, and read whole */
		foreach(lc, stage->leaves)
		{
			LeafPlan   *other = lfirst(lc);

			if (other != leaf && other->stage > 0 && !other->broadcast &&
				other->group == leaf->group)
				(void) exchange_add_input(context, shape, other, 0,
										  context->npartitions[other->stage - 1] - 1);
		}
	}
}

static bool
is_kept(const TaskContext *context, const LeafPlan *leaf)
{
	return stage_of(context->stages, leaf)->exchange == EXCHANGE_KEEP ||
		context->kept[leaf->stage - 1];
}

static const LeafPlan *
kept_leaf_of_group(const TaskContext *context, const StagePlan *stage, int group)
{
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		const LeafPlan *leaf = lfirst(lc);

		if (leaf->group == group && leaf->stage > 0 && context->kept[leaf->stage - 1])
			return leaf;
	}
	return NULL;
}

/* Cut the partitions of a group into runs of about equal size. */
static void
shape_group(const TaskContext *context, const StagePlan *stage, int group, int max_tasks,
			List **shapes)
{
	int			n = 0;
	int64		total = 0;
	int			ntasks;
	int			first = 0;
	int64		before = 0;		/* bytes up to first */
	int64		so_far = 0;
	bool		known = true;
	List	   *pieces;
	Bitmapset  *skewed;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage == 0 || leaf->broadcast || leaf->group != group)
			continue;
		n = context->npartitions[leaf->stage - 1];
		known &= exchange_output_of(context, leaf) != NULL;
	}
	pieces = known && stage->merge_keys == NIL ?
		skew_split(context, stage, group, n, &skewed) : NIL;
	if (pieces == NIL)
		skewed = NULL;
	for (int p = 0; p < n; p++)
		total += run_bytes(context, stage, group, p, skewed);
	ntasks = Min(n, max_tasks);
	if (known && shuffle_partitions == 0)
		ntasks = Max(1, Min(ntasks, total / MIN_TASK_BYTES));

	for (int i = 0; i < ntasks; i++)
	{
		int			last = first;
		TaskShape  *shape;

		/* leave one at least for each task that follows */
		so_far = before + run_bytes(context, stage, group, last, skewed);
		while (last + 1 < n - (ntasks - i - 1) &&
			   (i == ntasks - 1 || so_far * ntasks < total * (i + 1)) &&
			   (total > 0 || (int64) (last + 1) * ntasks < (int64) n * (i + 1)))
			so_far += run_bytes(context, stage, group, ++last, skewed);
		if (i == ntasks - 1)
			last = n - 1;
		if (i >= list_length(*shapes))
			*shapes = lappend(*shapes, tasks_make_shape(stage, InvalidOid));
		shape = list_nth(*shapes, i);
		foreach(lc, stage->leaves)
		{
			LeafPlan   *leaf = lfirst(lc);

			if (leaf->stage > 0 && !leaf->broadcast && leaf->group == group)
				add_run(context, shape, leaf, first, last, skewed);
		}
		for (int p = first; p <= last; p++)
			shape->npartitions += !bms_is_member(p, skewed);
		before = so_far;
		first = last + 1;
	}
	*shapes = list_concat(*shapes, pieces);
}

/* Partitions first to last, but for those that have tasks of their own. */
static void
add_run(const TaskContext *context, TaskShape *shape, const LeafPlan *leaf, int first, int last,
		const Bitmapset *skewed)
{
	for (int p = first; p <= last; p++)
	{
		int			from = p;

		if (bms_is_member(p, skewed))
			continue;
		while (p < last && !bms_is_member(p + 1, skewed))
			p++;
		(void) exchange_add_input(context, shape, leaf, from, p);
	}
}

static int64
run_bytes(const TaskContext *context, const StagePlan *stage, int group, int p,
		  const Bitmapset *skewed)
{
	return bms_is_member(p, skewed) ? 0 : exchange_group_bytes(context, stage, group, p);
}

/* Of partition p, over all leaves of the group. */
int64
exchange_group_bytes(const TaskContext *context, const StagePlan *stage, int group, int p)
{
	int64		sum = 0;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		StageOutput *output;

		if (leaf->stage == 0 || leaf->broadcast || leaf->group != group)
			continue;
		output = exchange_output_of(context, leaf);
		if (output)
			sum += output->bytes[p];
	}
	return sum;
}

/* ---------------- what every task reads ---------------- */

void
exchange_add_broadcast(const TaskContext *context, const StagePlan *stage, List *shapes)
{
	ListCell   *lc;
	ListCell   *ls;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage == 0 ||
			(!leaf->broadcast && stage->distribution != STAGE_SINGLE))
			continue;
		foreach(ls, shapes)
			read_one_copy(exchange_output_of(context, leaf), ((TaskShape *) lfirst(ls))->node,
						  exchange_add_input(context, lfirst(ls), leaf, 0,
									context->npartitions[leaf->stage - 1] - 1));
	}
}

/* Of an output that several nodes have whole: that of the reader's own node. */
static void
read_one_copy(const StageOutput *output, Oid node, TaskInput *input)
{
	if (output == NULL || !output->replicated)
		return;
	input->first_map = input->last_map = 0;
	for (int i = 0; i < output->ntasks; i++)
		if (output->maps[i].place && output->maps[i].place->node == node)
			input->first_map = input->last_map = i;
}

/* A task that has no share of a leaf is told so. */
void
exchange_add_empty(const TaskContext *context, const StagePlan *stage, List *shapes)
{
	ListCell   *lc;
	ListCell   *ls;
	ListCell   *li;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		foreach(ls, shapes)
		{
			TaskShape  *shape = lfirst(ls);
			bool		found = leaf->stage == 0;

			foreach(li, shape->inputs)
				found |= ((TaskInput *) lfirst(li))->index == leaf->index;
			if (!found)
				(void) exchange_add_input(context, shape, leaf, 0, -1);
		}
	}
}

Oid
exchange_best_node(const TaskContext *context, const StagePlan *stage, List *nodes)
{
	TaskShape  *all = tasks_make_shape(stage, InvalidOid);
	Oid			best = InvalidOid;
	bool		best_alive = false;
	int64		most = -1;
	ListCell   *lc;

	exchange_add_broadcast(context, stage, list_make1(all));
	foreach(lc, nodes)
	{
		Oid			node = lfirst_oid(lc);
		int64		bytes = bytes_on(context, stage, all, node);
		bool		alive = node_alive(node);

		if (alive > best_alive || (alive == best_alive && bytes > most))
		{
			most = bytes;
			best = node;
			best_alive = alive;
		}
	}
	return best;
}

/* ---------------- where ---------------- */

/*
 * Nodes for tasks that read no shard.  What lies on this server can only be read
 * here, unless the nodes are on the same host.
 */
static List *
free_nodes(const TaskContext *context, const StagePlan *stage)
{
	List	   *nodes = tasks_nodes_with_copies(stage, context->nodes);
	bool		on_driver = false;
	ListCell   *lc;
	ListCell   *lo;

	foreach(lc, stage->leaves)
	{
		StageOutput *output = exchange_output_of(context, lfirst(lc));

		if (output)
			foreach(lo, output->nodes)
				on_driver |= !OidIsValid(((OutputNode *) lfirst(lo))->node);
	}
	if (on_driver)
	{
		List	   *near = NIL;

		foreach(lc, nodes)
			if (node_same_host(lfirst_oid(lc)))
				near = lappend_oid(near, lfirst_oid(lc));
		nodes = near != NIL ? near : list_make1_oid(InvalidOid);
	}
	return nodes;
}

/* Each goes where most of its bytes are, but no node gets more than its share. */
static void
place_shapes(const TaskContext *context, const StagePlan *stage, List *nodes, List *shapes)
{
	int			n = list_length(nodes);
	int		   *room = palloc(sizeof(int) * n);
	int			slots = 0;
	ListCell   *lc;

	foreach(lc, nodes)
		slots += tasks_slots(lfirst_oid(lc));
	foreach(lc, nodes)
		room[foreach_current_index(lc)] =
			(list_length(shapes) * tasks_slots(lfirst_oid(lc)) + slots - 1) / slots;
	foreach(lc, shapes)
	{
		TaskShape  *shape = lfirst(lc);
		int			best = -1;
		int64		most = 0;

		for (int i = 0; i < n; i++)
		{
			int64		bytes = bytes_on(context, stage, shape, list_nth_oid(nodes, i));

			if (room[i] <= 0)
				continue;
			if (best < 0 || bytes > most || (bytes == most && room[i] > room[best]))
			{
				best = i;
				most = bytes;
			}
		}
		Assert(best >= 0);
		room[best]--;
		shape->node = list_nth_oid(nodes, best);
		shape->others = nodes;
	}
}

static int64
bytes_on(const TaskContext *context, const StagePlan *stage, const TaskShape *shape, Oid node)
{
	int64		sum = 0;
	ListCell   *lc;

	foreach(lc, shape->inputs)
	{
		TaskInput  *input = lfirst(lc);
		StageOutput *output = context->outputs[input->stage - 1];

		if (output)
			sum += exchange_bytes_on(output, node, input->first_partition,
									 input->last_partition);
	}
	return sum;
}

/* ---------------- pieces ---------------- */

static const StagePlan *
stage_of(List *stages, const LeafPlan *leaf)
{
	return list_nth(stages, leaf->stage - 1);
}

StageOutput *
exchange_output_of(const TaskContext *context, const LeafPlan *leaf)
{
	return leaf->stage > 0 ? context->outputs[leaf->stage - 1] : NULL;
}

/* All map tasks' part of partitions first to last. */
TaskInput *
exchange_add_input(const TaskContext *context, TaskShape *shape, const LeafPlan *leaf,
				   int first, int last)
{
	TaskInput  *input = palloc0(sizeof(TaskInput));
	StageOutput *output = exchange_output_of(context, leaf);

	input->index = leaf->index;
	input->stage = leaf->stage;
	input->first_partition = first;
	input->last_partition = last;
	input->last_map = -1;
	if (output)
	{
		input->rows = exchange_rows(output, first, last);
		input->bytes = exchange_bytes(output, first, last);
		input->rows_before = exchange_rows(output, 0, first - 1);
		input->rows_all = exchange_rows(output, 0, context->npartitions[leaf->stage - 1] - 1);
	}
	shape->inputs = lappend(shape->inputs, input);
	return input;
}
