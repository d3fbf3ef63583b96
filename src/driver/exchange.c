/*-------------------------------------------------------------------------
 * exchange.c
 *	  What a stage left for others to read, and where it is.
 *
 * Rows and bytes are summed by partition as map tasks end, so that a job of
 * many tasks and partitions costs memory for their sum, not their product.  A
 * map task that had to run again leaves the same rows, so it counts once.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "cluster/connection.h"
#include "cluster/node.h"
#include "driver/exchange.h"
#include "driver/settings.h"

static OutputNode *place_of(StageOutput *output, Oid node, const char *directory);
static void add_keys(StageOutput *output, const TaskDone *done);
static bool same_host(Oid a, Oid b);

StageOutput *
exchange_output_make(int ntasks, int npartitions)
{
	StageOutput *output = palloc0(sizeof(StageOutput));

	output->ntasks = ntasks;
	output->npartitions = npartitions;
	output->rows = palloc0(sizeof(int64) * npartitions);
	output->bytes = palloc0(sizeof(int64) * npartitions);
	output->maps = palloc0(sizeof(MapOutput) * Max(ntasks, 1));
	return output;
}

void
exchange_output_add(StageOutput *output, int task, int attempt, Oid node,
					const TaskDone *done)
{
	MapOutput  *map = &output->maps[task];

	if (done->npartitions != output->npartitions || done->directory == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("node \"%s\" wrote %d partitions where %d were asked for",
						node_name(node), done->npartitions, output->npartitions)));
	map->place = place_of(output, node, done->directory);
	map->attempt = attempt;
	if (map->counted)
		return;
	map->counted = true;
	if (done->keys)
		add_keys(output, done);
	for (int i = 0; i < output->npartitions; i++)
	{
		if (output->replicated)
			output->rows[i] = output->bytes[i] = 0;
		output->rows[i] += done->partition_rows[i];
		output->bytes[i] += done->partition_bytes[i];
		map->place->bytes[i] += done->partition_bytes[i];
		map->rows += done->partition_rows[i];
		map->bytes += done->partition_bytes[i];
	}
}

static void
add_keys(StageOutput *output, const TaskDone *done)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks keys of a task",
												  ALLOCSET_SMALL_SIZES);
	const StringInfoData *keys = done->keys;

	if (output->keys == NULL)
		output->keys = key_filter_read(keys->data, keys->len, CurrentMemoryContext);
	else
		key_filter_merge(output->keys, key_filter_read(keys->data, keys->len, context));
	output->nkeyed++;
	MemoryContextDelete(context);
}

void
exchange_output_lose(StageOutput *output, int task)
{
	output->maps[task].place = NULL;
}

bool
exchange_output_whole(const StageOutput *output)
{
	for (int i = 0; i < output->ntasks; i++)
		if (output->maps[i].place == NULL)
			return false;
	return true;
}

int64
exchange_rows(const StageOutput *output, int first, int last)
{
	int64		sum = 0;

	for (int i = first; i <= last; i++)
		sum += output->rows[i];
	return sum;
}

int64
exchange_bytes(const StageOutput *output, int first, int last)
{
	int64		sum = 0;

	for (int i = first; i <= last; i++)
		sum += output->bytes[i];
	return sum;
}

int64
exchange_bytes_on(const StageOutput *output, Oid node, int first, int last)
{
	int64		sum = 0;
	ListCell   *lc;

	foreach(lc, output->nodes)
	{
		OutputNode *place = lfirst(lc);

		for (int i = first; i <= last && place->node == node; i++)
			sum += place->bytes[i];
	}
	return sum;
}

void
exchange_check_reader(const StageOutput *output, Oid reader)
{
	ListCell   *lc;

	foreach(lc, output->nodes)
		if (!OidIsValid(((OutputNode *) lfirst(lc))->node) && !same_host(InvalidOid, reader))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("node \"%s\" cannot read what was computed on the driver",
							node_name(reader)),
					 errhint("Move the distributed tables of this server to a node.")));
}

StageSources *
exchange_sources(const StageOutput *output, int stage, List *distinct, Oid reader)
{
	StageSources *sources = palloc0(sizeof(StageSources));
	ListCell   *lc;

	sources->stage = stage;
	sources->ncolumns = list_length(distinct);
	sources->distinct = palloc(sizeof(int32) * Max(sources->ncolumns, 1));
	foreach(lc, distinct)
		sources->distinct[foreach_current_index(lc)] = lfirst_int(lc);
	sources->nnodes = list_length(output->nodes);
	sources->nodes = palloc0(sizeof(SourceNode) * Max(sources->nnodes, 1));
	foreach(lc, output->nodes)
	{
		OutputNode *place = lfirst(lc);
		SourceNode *node = &sources->nodes[foreach_current_index(lc)];
		bool		own = place->node == reader;

		node->name = node_name(place->node);
		/* lanes say it again to a new connection, maybe after the stage was abandoned */
		node->directory = pstrdup(place->directory);
		node->same_host = same_host(place->node, reader);
		if (OidIsValid(place->node) && (!own || wire_mode == WIRE_ALWAYS))
			node->conninfo = connection_conninfo(place->node);
	}
	sources->keys = output->keys_wire;
	sources->failure = output->failure;
	sources->ntasks = output->ntasks;
	sources->node_of = palloc(sizeof(int32) * Max(output->ntasks, 1));
	sources->attempt_of = palloc(sizeof(int32) * Max(output->ntasks, 1));
	for (int i = 0; i < output->ntasks; i++)
	{
		Assert(output->maps[i].place != NULL);
		foreach(lc, output->nodes)
			if (lfirst(lc) == output->maps[i].place)
				sources->node_of[i] = foreach_current_index(lc);
		sources->attempt_of[i] = output->maps[i].attempt;
	}
	return sources;
}

/* The entry of a node, made when it is new. */
static OutputNode *
place_of(StageOutput *output, Oid node, const char *directory)
{
	ListCell   *lc;
	OutputNode *place;

	foreach(lc, output->nodes)
	{
		place = lfirst(lc);
		if (place->node == node && strcmp(place->directory, directory) == 0)
			return place;
	}
	place = palloc0(sizeof(OutputNode));
	place->node = node;
	place->directory = pstrdup(directory);
	place->bytes = palloc0(sizeof(int64) * output->npartitions);
	output->nodes = lappend(output->nodes, place);
	return place;
}

/* Hosts are known by how the driver reaches them. */
static bool
same_host(Oid a, Oid b)
{
	char	   *host_a;
	char	   *host_b;

	if (a == b || (node_same_host(a) && node_same_host(b)))
		return true;
	if (!OidIsValid(a) || !OidIsValid(b))
		return false;
	host_a = node_option(a, "host");
	host_b = node_option(b, "host");
	return host_a && host_b && strcmp(host_a, host_b) == 0;
}
