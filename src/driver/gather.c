/*-------------------------------------------------------------------------
 * gather.c
 *	  The last exchange: rows of all tasks to the driver, merged or as they come.
 *
 * Without merge keys batches are handed on in the order the job gives them.
 * With keys each task is a sorted stream, and a binary heap holds the streams
 * by their current row; ties go to the lower task, so the result is stable.
 *
 * Rows point into their batch, which is freed when the next one is needed.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"

#include "batch/batch_rows.h"
#include "driver/gather.h"
#include "job/plan.h"

typedef struct HeldBatch
{
	Batch	   *batch;
	int			task;
	Size		bytes;
} HeldBatch;

/* One task's rows, for a merge. */
typedef struct Stream
{
	int			task;
	bool		loaded;			/* a row is current, or the end was seen */
	BatchRows	rows;			/* without a batch: at the end */
	Datum	   *values;
	bool	   *nulls;
} Stream;

struct RowGather
{
	MemoryContext context;
	Job		   *job;
	JobPlan    *plan;
	int64		limit;

	/* unordered */
	List	   *held;			/* of HeldBatch: collected, not delivered */
	int64		held_rows;
	Size		held_bytes;
	bool		open;			/* the window has ended: rows go up */
	BatchRows	rows;

	/* merge */
	int			nkeys;
	SortSupport keys;
	int		   *resnos;			/* 0-based */
	bool		merge;
	int			nstreams;
	Stream	   *streams;		/* once the tasks are known */
	int			generation;		/* of all tasks: grows when the job starts over */
	binaryheap *heap;
	int			pending;		/* stream to advance before the next row, or -1 */
};

static void forget_task(void *arg, int task);
static void fill_window(RowGather *gather);
static bool next_unordered(RowGather *gather, TupleTableSlot *slot);
static void begin_merge(RowGather *gather, List *merge_keys);
static void make_streams(RowGather *gather);
static bool next_merged(RowGather *gather, TupleTableSlot *slot);
static void build_heap(RowGather *gather);
static bool advance_stream(RowGather *gather, Stream *stream);
static int	compare_streams(Datum a, Datum b, void *arg);

RowGather *
gather_begin(JobPlan *plan, List *merge_keys, int64 limit,
			 MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks gather",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RowGather	   *gather = palloc0(sizeof(RowGather));

	gather->context = context;
	gather->plan = plan;
	gather->limit = limit;
	gather->pending = -1;
	gather->job = job_start(plan, context);
	job_on_restart(gather->job, forget_task, gather);
	if (merge_keys != NIL)
		begin_merge(gather, merge_keys);
	MemoryContextSwitchTo(old);
	return gather;
}

bool
gather_next(RowGather *gather, TupleTableSlot *slot)
{
	return gather->merge ? next_merged(gather, slot) : next_unordered(gather, slot);
}

const JobStats *
gather_stats(const RowGather *gather)
{
	return job_stats(gather->job);
}

void
gather_end(RowGather *gather)
{
	job_end(gather->job);
	MemoryContextDelete(gather->context);
}

/* The job runs a task, or everything, again: drop what came of it. */
static void
forget_task(void *arg, int task)
{
	RowGather	   *gather = arg;
	ListCell   *lc;

	if (task < 0)
		gather->generation++;
	for (int i = 0; i < gather->nstreams; i++)
	{
		Stream	   *stream = &gather->streams[i];

		if (task >= 0 && i != task)
			continue;
		batch_rows_close(&stream->rows);
		stream->loaded = false;
	}
	foreach(lc, gather->held)
	{
		HeldBatch  *held = lfirst(lc);

		if (task >= 0 && held->task != task)
			continue;
		gather->held_rows -= batch_rows(held->batch);
		gather->held_bytes -= held->bytes;
		batch_free(held->batch);
		gather->held = foreach_delete_current(gather->held, lc);
	}
}

static bool
next_unordered(RowGather *gather, TupleTableSlot *slot)
{
	if (!gather->open)
		fill_window(gather);

	ExecClearTuple(slot);
	while (!batch_rows_next(&gather->rows, slot->tts_values, slot->tts_isnull))
	{
		Batch	   *batch;
		int			task;

		batch_rows_close(&gather->rows);
		if (gather->held != NIL)
		{
			batch = ((HeldBatch *) linitial(gather->held))->batch;
			gather->held = list_delete_first(gather->held);
		}
		else
			batch = job_next_batch(gather->job, &task);
		if (batch == NULL)
			return false;
		batch_rows_open(&gather->rows, batch, gather->plan->schema);
	}
	ExecStoreVirtualTuple(slot);
	return true;
}

/* Collect until the job has ended, enough is there, or the window is full. */
static void
fill_window(RowGather *gather)
{
	MemoryContext old = MemoryContextSwitchTo(gather->context);

	while (gather->held_bytes < GATHER_WINDOW_BYTES &&
		   (gather->limit < 0 || gather->held_rows < gather->limit))
	{
		HeldBatch  *held;
		int			task;
		Batch	   *batch = job_next_batch(gather->job, &task);

		if (batch == NULL)
			break;
		held = palloc(sizeof(HeldBatch));
		held->batch = batch;
		held->task = task;
		held->bytes = MemoryContextMemAllocated(batch_context(batch), true);
		gather->held = lappend(gather->held, held);
		gather->held_bytes += held->bytes;
		gather->held_rows += batch_rows(batch);
	}
	gather->open = true;
	job_set_delivered(gather->job);
	MemoryContextSwitchTo(old);
}

static void
begin_merge(RowGather *gather, List *merge_keys)
{
	ListCell   *lc;

	gather->keys = palloc0(sizeof(SortSupportData) * list_length(merge_keys));
	gather->resnos = palloc(sizeof(int) * list_length(merge_keys));
	foreach(lc, merge_keys)
	{
		MergeKey   *key = lfirst(lc);
		SortSupport support = &gather->keys[gather->nkeys];

		support->ssup_cxt = gather->context;
		support->ssup_collation = key->collation;
		support->ssup_nulls_first = key->nulls_first;
		support->abbreviate = false;
		PrepareSortSupportFromOrderingOp(key->sortop, support);
		gather->resnos[gather->nkeys++] = key->resno - 1;
	}
	gather->merge = true;
}

/* A stream for every task, once these are known. */
static void
make_streams(RowGather *gather)
{
	int			ncolumns = gather->plan->schema->ncolumns;
	int			n = job_prepare(gather->job);

	if (n == gather->nstreams)
		return;
	gather->nstreams = n;
	gather->streams = palloc0(sizeof(Stream) * n);
	for (int i = 0; i < n; i++)
	{
		gather->streams[i].task = i;
		gather->streams[i].values = palloc(sizeof(Datum) * ncolumns);
		gather->streams[i].nulls = palloc(sizeof(bool) * ncolumns);
	}
}

static bool
next_merged(RowGather *gather, TupleTableSlot *slot)
{
	Stream	   *stream;
	MemoryContext old = MemoryContextSwitchTo(gather->context);

	if (gather->heap == NULL)
		build_heap(gather);
	else if (gather->pending >= 0)
	{
		if (advance_stream(gather, &gather->streams[gather->pending]))
			binaryheap_replace_first(gather->heap, Int32GetDatum(gather->pending));
		else
			(void) binaryheap_remove_first(gather->heap);
	}
	gather->pending = -1;
	MemoryContextSwitchTo(old);
	if (binaryheap_empty(gather->heap))
		return false;

	gather->pending = DatumGetInt32(binaryheap_first(gather->heap));
	stream = &gather->streams[gather->pending];
	ExecClearTuple(slot);
	memcpy(slot->tts_values, stream->values, sizeof(Datum) * gather->plan->schema->ncolumns);
	memcpy(slot->tts_isnull, stream->nulls, sizeof(bool) * gather->plan->schema->ncolumns);
	ExecStoreVirtualTuple(slot);
	return true;
}

/* Load the first row of every stream; a restart on the way unloads some or all again. */
static void
build_heap(RowGather *gather)
{
	bool		loaded;

	do
	{
		int			generation = gather->generation;

		make_streams(gather);
		loaded = generation == gather->generation;
		for (int i = 0; i < gather->nstreams && generation == gather->generation; i++)
			if (!gather->streams[i].loaded)
			{
				loaded = false;
				(void) advance_stream(gather, &gather->streams[i]);
			}
	} while (!loaded);

	gather->heap = binaryheap_allocate(Max(gather->nstreams, 1), compare_streams, gather);
	for (int i = 0; i < gather->nstreams; i++)
		if (gather->streams[i].rows.batch)
			binaryheap_add_unordered(gather->heap, Int32GetDatum(i));
	binaryheap_build(gather->heap);
	job_set_delivered(gather->job);
}

/* Load a stream's next row; false at its end, or when the job started over. */
static bool
advance_stream(RowGather *gather, Stream *stream)
{
	int			generation = gather->generation;

	stream->loaded = true;
	while (!batch_rows_next(&stream->rows, stream->values, stream->nulls))
	{
		Batch	   *batch;

		batch_rows_close(&stream->rows);
		batch = job_next_batch_of(gather->job, stream->task);
		if (generation != gather->generation)
			return false;
		stream->loaded = true;	/* a restart may have unloaded it */
		if (batch == NULL)
			return false;
		batch_rows_open(&stream->rows, batch, gather->plan->schema);
	}
	return true;
}

/* binaryheap keeps the largest first, so the comparison is reversed. */
static int
compare_streams(Datum a, Datum b, void *arg)
{
	RowGather	   *gather = arg;
	Stream	   *x = &gather->streams[DatumGetInt32(a)];
	Stream	   *y = &gather->streams[DatumGetInt32(b)];

	for (int i = 0; i < gather->nkeys; i++)
	{
		int			c = gather->resnos[i];
		int			cmp = ApplySortComparator(x->values[c], x->nulls[c],
											  y->values[c], y->nulls[c],
											  &gather->keys[i]);

		if (cmp != 0)
			return -cmp;
	}
	return y->task - x->task;
}
