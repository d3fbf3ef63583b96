/*-------------------------------------------------------------------------
 * skew.c
 *	  Partitions that are much larger than the others.
 *
 * Of such a partition several tasks each read what some of the map tasks wrote
 * of one leaf, and all that the group's other leaves have there.  That is right
 * where the stage's query can be asked of parts of that leaf: the preserved
 * side of an outer join, either side of an inner one, but nothing that looks at
 * all rows of a key together.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "driver/exchange_tasks.h"
#include "driver/settings.h"
#include "driver/skew.h"
#include "planner/planner.h"

static int64 size_limit(const TaskContext *context, const StagePlan *stage, int group,
						int npartitions);
static const LeafPlan *largest_leaf(const TaskContext *context, const StagePlan *stage, int group,
									int p, const Bitmapset *divisible);
static List *split_partition(const TaskContext *context, const StagePlan *stage,
							 const LeafPlan *divided, int p, int npieces);
static int	compare_int64(const void *a, const void *b);

List *
skew_split(const TaskContext *context, const StagePlan *stage, int group, int npartitions,
		   Bitmapset **skewed)
{
	Bitmapset  *divisible;
	List	   *shapes = NIL;
	int64		limit;

	*skewed = NULL;
	if (skew_factor == 0 || npartitions == 0 ||
		(divisible = planner_divisible_leaves(stage)) == NULL)
		return NIL;
	limit = size_limit(context, stage, group, npartitions);
	for (int p = 0; p < npartitions; p++)
	{
		const LeafPlan *leaf = largest_leaf(context, stage, group, p, divisible);
		StageOutput *output = leaf ? exchange_output_of(context, leaf) : NULL;
		int			npieces;

		if (output == NULL || output->replicated || output->bytes[p] <= limit)
			continue;
		npieces = Min(output->ntasks, (output->bytes[p] + limit - 1) / limit);
		if (npieces < 2)
			continue;
		*skewed = bms_add_member(*skewed, p);
		shapes = list_concat(shapes, split_partition(context, stage, leaf, p, npieces));
	}
	context->split[stage->id - 1] = bms_num_members(*skewed);
	return shapes;
}

/* A partition may have more bytes than the median, but not by much. */
static int64
size_limit(const TaskContext *context, const StagePlan *stage, int group, int npartitions)
{
	int64	   *sizes = palloc(sizeof(int64) * npartitions);
	double		limit;

	for (int p = 0; p < npartitions; p++)
		sizes[p] = exchange_group_bytes(context, stage, group, p);
	qsort(sizes, npartitions, sizeof(int64), compare_int64);
	limit = skew_factor * sizes[npartitions / 2];
	pfree(sizes);
	return Max((int64) Min(limit, (double) PG_INT64_MAX / 2), skew_threshold * INT64CONST(1024));
}

static const LeafPlan *
largest_leaf(const TaskContext *context, const StagePlan *stage, int group, int p,
			 const Bitmapset *divisible)
{
	const LeafPlan *best = NULL;
	int64		most = -1;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		int64		bytes;

		if (leaf->stage == 0 || leaf->broadcast || leaf->group != group ||
			!bms_is_member(leaf->index, divisible))
			continue;
		bytes = exchange_output_of(context, leaf)->bytes[p];
		if (bytes > most)
		{
			most = bytes;
			best = leaf;
		}
	}
	return best;
}

/* How much of the partition a map task wrote is not known: as of its whole output. */
static List *
split_partition(const TaskContext *context, const StagePlan *stage, const LeafPlan *divided,
				int p, int npieces)
{
	const StageOutput *output = exchange_output_of(context, divided);
	List	   *shapes = NIL;
	int64		total = 0;
	int64		so_far = 0;
	int			map = 0;

	for (int i = 0; i < output->ntasks; i++)
		total += output->maps[i].bytes;
	for (int i = 0; i < npieces; i++)
	{
		TaskShape  *shape = tasks_make_shape(stage, InvalidOid);
		int64		before = so_far;
		int			first = map;
		TaskInput  *input;
		ListCell   *lc;

		/* leave one at least for each task that follows */
		do
			so_far += output->maps[map++].bytes;
		while (map < output->ntasks - (npieces - i - 1) &&
			   (i == npieces - 1 || so_far * npieces < total * (i + 1)));
		foreach(lc, stage->leaves)
		{
			LeafPlan   *leaf = lfirst(lc);

			if (leaf->stage > 0 && !leaf->broadcast && leaf->group == divided->group &&
				leaf != divided)
				(void) exchange_add_input(context, shape, leaf, p, p);
		}
		input = exchange_add_input(context, shape, divided, p, p);
		input->first_map = first;
		input->last_map = map - 1;
		if (total > 0)
		{
			input->rows = (double) input->rows * (so_far - before) / total + 1;
			input->bytes = (double) input->bytes * (so_far - before) / total + 1;
		}
		shape->npartitions = 1;
		shapes = lappend(shapes, shape);
	}
	return shapes;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}
