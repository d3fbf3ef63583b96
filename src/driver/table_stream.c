/*-------------------------------------------------------------------------
 * table_stream.c
 *	  Rows for the table access method: a job of one stage.
 *
 * One task reads one shard, and tasks come one after another in partition
 * order, so two scans under one snapshot see the same rows in the same order.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cluster/node.h"
#include "batch/batch_rows.h"
#include "driver/job.h"
#include "driver/table_stream.h"
#include "table/layout.h"

struct TableRowStream
{
	MemoryContext context;
	JobPlan		plan;
	StagePart	part;
	Job		   *job;
	TupleDesc	desc;			/* of the relation, with dropped columns */
	int		   *attnums;		/* per batch column, 0-based attribute */
	Datum	   *values;
	bool	   *nulls;
	BatchRows	rows;
};

static TableRowStream *stream_begin(Relation rel, Snapshot snapshot, double sample);
static bool stream_next(TableRowStream *stream, TupleTableSlot *slot);
static void stream_end(TableRowStream *stream);
static TupleDesc live_columns(TupleDesc desc, int *attnums);
static void plan_tasks(JobPlan *plan, Relation rel, double sample);
static char *column_list(TupleDesc desc);

static const TableScanOps ops = {
	.begin = stream_begin,
	.next = stream_next,
	.end = stream_end
};

void
table_stream_init(void)
{
	table_scan_ops = &ops;
}

static TableRowStream *
stream_begin(Relation rel, Snapshot snapshot, double sample)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks table scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TableRowStream *stream = palloc0(sizeof(TableRowStream));
	TupleDesc	live;

	if (snapshot == NULL || !IsMVCCSnapshot(snapshot))
		snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
	stream->context = context;
	stream->desc = CreateTupleDescCopy(RelationGetDescr(rel));
	stream->attnums = palloc(sizeof(int) * Max(1, stream->desc->natts));
	live = live_columns(stream->desc, stream->attnums);
	stream->values = palloc(sizeof(Datum) * Max(1, live->natts));
	stream->nulls = palloc(sizeof(bool) * Max(1, live->natts));
	stream->plan.order = JOB_BY_TASK;
	stream->plan.nstages = 1;
	stream->plan.stages = &stream->part;
	stream->part.stage = 1;
	stream->part.filter = -1;
	stream->part.exchange = "gather";
	stream->plan.snapshot = snapshot;
	stream->plan.schema = batch_schema_create(live, context);
	plan_tasks(&stream->plan, rel, sample);
	if (stream->part.ntasks > 0)
		stream->job = job_start(&stream->plan, context);
	MemoryContextSwitchTo(old);
	return stream;
}

static bool
stream_next(TableRowStream *stream, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(stream->context);

	ExecClearTuple(slot);
	while (!batch_rows_next(&stream->rows, stream->values, stream->nulls))
	{
		Batch	   *batch;
		int			task;

		batch_rows_close(&stream->rows);
		batch = stream->job ? job_next_batch(stream->job, &task) : NULL;
		if (batch == NULL)
		{
			MemoryContextSwitchTo(old);
			return false;
		}
		batch_rows_open(&stream->rows, batch, stream->plan.schema);
		job_set_delivered(stream->job);
	}
	memset(slot->tts_isnull, true, stream->desc->natts * sizeof(bool));
	for (int i = 0; i < stream->plan.schema->ncolumns; i++)
	{
		slot->tts_values[stream->attnums[i]] = stream->values[i];
		slot->tts_isnull[stream->attnums[i]] = stream->nulls[i];
	}
	ExecStoreVirtualTuple(slot);
	MemoryContextSwitchTo(old);
	return true;
}

static void
stream_end(TableRowStream *stream)
{
	if (stream->job)
		job_end(stream->job);
	MemoryContextDelete(stream->context);
}

/* A descriptor without dropped columns, and where each column came from. */
static TupleDesc
live_columns(TupleDesc desc, int *attnums)
{
	int			n = 0;
	TupleDesc	live;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			attnums[n++] = i;
	live = CreateTemplateTupleDesc(n);
	for (int i = 0; i < n; i++)
		TupleDescCopyEntry(live, i + 1, desc, attnums[i] + 1);
	return live;
}

/* One task a partition; of a broadcast table one copy that can be reached. */
static void
plan_tasks(JobPlan *plan, Relation rel, double sample)
{
	StagePart  *part = plan->stages;
	const TableLayout *layout = table_layout(rel);
	char	   *columns = column_list(RelationGetDescr(rel));
	char	   *tail = sample < 1.0 ?
		psprintf(" TABLESAMPLE pg_catalog.bernoulli (%.9g)", sample * 100) : "";

	if (!layout->created)
		return;
	part->ntasks = layout->npartitions;
	part->tasks = palloc0(sizeof(TaskPlan) * part->ntasks);
	for (int p = 0; p < part->ntasks; p++)
	{
		Oid			node = layout->nodes[p];

		for (int i = 0; layout->kind == LAYOUT_BROADCAST && i < layout->nnodes; i++)
		{
			node = layout->nodes[i];
			if (node_alive(node))
				break;
		}
		part->tasks[p].node = node;
		part->tasks[p].sql = psprintf("SELECT %s FROM %s%s", columns,
									  table_shard_name(layout, p), tail);
		if (OidIsValid(node))
			plan->all_nodes = list_append_unique_oid(plan->all_nodes, node);
	}
}

static char *
column_list(TupleDesc desc)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (attr->attisdropped)
			continue;
		if (buf.len > 0)
			appendStringInfoString(&buf, ", ");
		appendStringInfoString(&buf, quote_identifier(NameStr(attr->attname)));
	}
	return buf.data;
}
