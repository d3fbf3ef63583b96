/*-------------------------------------------------------------------------
 * writer.c
 *	  Partition a task's rows, and keep them as blocks.
 *
 * Rows are collected in one builder, whatever their partitions, until memory
 * is used up.  Then they are picked out partition by partition: so memory does
 * not grow with the number of partitions, and adding a row is cheap.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "shuffle/block_file.h"
#include "shuffle/partitioner.h"
#include "shuffle/store.h"
#include "shuffle/writer.h"

/* However large work_mem is: so that row numbers and sums stay small. */
#define MAX_COLLECTED_BYTES ((Size) 256 * 1024 * 1024)
/* What usually fits into the cache, and blocks that are large enough on average. */
#define CACHED_BYTES		((Size) 1024 * 1024)
#define GOOD_BLOCK_BYTES	(BATCH_TARGET_BYTES / 4)

struct ShuffleWriter
{
	MemoryContext context;
	Partitioner *partitioner;
	int			npartitions;
	int			batch_rows;
	BatchCompression compression;
	ShuffleTask task;			/* not with a sink */

	BatchBuilder *collected;	/* rows of all partitions */
	Size		max_bytes;		/* to collect */
	int			max_rows;
	int32	   *partition_of;	/* of each collected row */
	int			partition_size;	/* rows that partition_of and order hold */
	uint32	   *order;			/* collected rows by partition */
	int		   *counts;			/* rows of each partition, then where they end in order */
	BatchBuilder *block;		/* rows of one block */

	BlockFileWriter *file;		/* NULL: sink */
	ShuffleSink sink;
	void	   *sink_arg;
	StringInfoData sink_block;

	int64		rows;
	int64		bytes;
	int64		dropped;
	int64	   *partition_rows; /* with a sink; else the file counts */
	int64	   *partition_bytes;
};

static ShuffleWriter *create(const ShuffleOutput *output, TupleDesc desc, BatchSchema *schema,
							 int batch_rows, BatchCompression compression, int32 start,
							 MemoryContext parent);
static void reserve_order(ShuffleWriter *writer, int rows);
static void write_collected(ShuffleWriter *writer);
static void sort_by_partition(ShuffleWriter *writer);
static void write_partition(ShuffleWriter *writer, int partition, const uint32 *rows, int nrows);
static void write_block(ShuffleWriter *writer, int partition, BatchBuilder *builder);

ShuffleWriter *
shuffle_writer_create(const ShuffleTask *task, const ShuffleOutput *output,
					  TupleDesc desc, BatchSchema *schema, int batch_rows,
					  BatchCompression compression, MemoryContext parent)
{
	ShuffleWriter *writer = create(output, desc, schema, batch_rows, compression,
								   task->task, parent);

	writer->task = *task;
	writer->file = block_file_create(task, output->npartitions, output->quota, writer->context);
	return writer;
}

ShuffleWriter *
shuffle_writer_create_sink(const ShuffleOutput *output, TupleDesc desc,
						   BatchSchema *schema, int batch_rows,
						   BatchCompression compression, MemoryContext parent,
						   ShuffleSink sink, void *arg)
{
	ShuffleWriter *writer = create(output, desc, schema, batch_rows, compression, 0, parent);
	MemoryContext old = MemoryContextSwitchTo(writer->context);

	writer->sink = sink;
	writer->sink_arg = arg;
	initStringInfo(&writer->sink_block);
	writer->partition_rows = palloc_extended(sizeof(int64) * writer->npartitions,
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	writer->partition_bytes = palloc_extended(sizeof(int64) * writer->npartitions,
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	MemoryContextSwitchTo(old);
	return writer;
}

/*
 * Half of work_mem is for what is collected: buffers grow by doubling.  No more
 * than makes blocks of a good size: picking rows out is much cheaper while they
 * are in the processor's cache.
 */
static ShuffleWriter *
create(const ShuffleOutput *output, TupleDesc desc, BatchSchema *schema, int batch_rows,
	   BatchCompression compression, int32 start, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks shuffle writer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShuffleWriter *writer = palloc0(sizeof(ShuffleWriter));
	Size		row_overhead = sizeof(int32) + sizeof(uint32) + schema->ncolumns * sizeof(Size);

	writer->context = context;
	writer->npartitions = output->npartitions;
	writer->batch_rows = batch_rows;
	writer->compression = compression;
	writer->partitioner = partitioner_create(output, desc, start, context);
	writer->max_bytes = Min(Min((Size) work_mem * 1024 / 2, MAX_COLLECTED_BYTES),
							Min((Size) output->npartitions * BATCH_TARGET_BYTES,
								Max((Size) output->npartitions * GOOD_BLOCK_BYTES,
									CACHED_BYTES)));
	writer->max_rows = Min((uint64) output->npartitions * batch_rows,
						   Max(writer->max_bytes / row_overhead, 1));
	writer->collected = batch_builder_create(schema, writer->max_rows, context);
	batch_builder_limit(writer->collected, writer->max_bytes);
	if (writer->npartitions > 1)
	{
		writer->block = batch_builder_create(schema, batch_rows, context);
		writer->counts = palloc_extended(sizeof(int) * (writer->npartitions + 1),
										 MCXT_ALLOC_HUGE);
	}
	MemoryContextSwitchTo(old);
	return writer;
}

void
shuffle_writer_set_filter(ShuffleWriter *writer, const KeyFilter *filter)
{
	partitioner_set_filter(writer->partitioner, filter);
}

void
shuffle_writer_add(ShuffleWriter *writer, const Datum *values, const bool *nulls)
{
	int			row = batch_builder_rows(writer->collected);
	int			partition = partitioner_partition(writer->partitioner, values, nulls);

	if (partition < 0)
	{
		writer->dropped++;
		return;
	}
	if (writer->npartitions > 1)
	{
		reserve_order(writer, row + 1);
		writer->partition_of[row] = partition;
	}
	if (batch_builder_add(writer->collected, values, nulls))
		write_collected(writer);
}

void
shuffle_writer_add_vectors(ShuffleWriter *writer, Vec *const *columns, const uint16 *rows, int n)
{
	int32		partitions[VEC_MAX_ROWS];
	uint16		kept[VEC_MAX_ROWS];
	int			nkept = 0;
	int			added = 0;

	partitioner_partition_vectors(writer->partitioner, columns, rows, n, partitions);
	for (int i = 0; i < n; i++)
	{
		partitions[nkept] = partitions[i];
		kept[nkept] = rows ? rows[i] : i;
		nkept += partitions[i] >= 0;
	}
	writer->dropped += n - nkept;
	if (nkept < n)
		rows = kept;
	while (added < nkept)
	{
		int			first = batch_builder_rows(writer->collected);
		bool		full;
		int			taken;

		/* without numbers all are added at once, or by them from there on */
		if (rows == NULL && added > 0)
			rows = kept;
		taken = batch_builder_append(writer->collected, columns, rows ? rows + added : NULL,
									 nkept - added, &full);
		if (writer->npartitions > 1)
		{
			reserve_order(writer, first + taken);
			memcpy(writer->partition_of + first, partitions + added, sizeof(int32) * taken);
		}
		added += taken;
		if (full)
			write_collected(writer);
	}
}

void
shuffle_writer_finish(ShuffleWriter *writer, TaskDone *done)
{
	Size		size = sizeof(int64) * writer->npartitions;

	write_collected(writer);
	if (writer->file)
		block_file_publish(writer->file);
	done->rows = writer->rows;
	done->bytes = writer->bytes;
	done->directory = writer->file ? store_directory(writer->task.driver, writer->task.job) : NULL;
	done->npartitions = writer->npartitions;
	done->partition_rows = palloc_extended(size, MCXT_ALLOC_HUGE);
	done->partition_bytes = palloc_extended(size, MCXT_ALLOC_HUGE);
	memcpy(done->partition_rows,
		   writer->file ? block_file_rows(writer->file) : writer->partition_rows, size);
	memcpy(done->partition_bytes,
		   writer->file ? block_file_bytes(writer->file) : writer->partition_bytes, size);
	done->dropped = writer->dropped;
	if (partitioner_keys(writer->partitioner))
	{
		done->keys = makeStringInfo();
		key_filter_write(partitioner_keys(writer->partitioner), false, done->keys);
	}
}

void
shuffle_writer_free(ShuffleWriter *writer)
{
	MemoryContextDelete(writer->context);
}

/* ---------------- collected rows ---------------- */

static void
reserve_order(ShuffleWriter *writer, int rows)
{
	int			size = Max(writer->partition_size, 256);

	if (rows <= writer->partition_size)
		return;
	while (size < rows)
		size *= 2;
	writer->partition_of = writer->partition_of ?
		repalloc_huge(writer->partition_of, size * sizeof(int32)) :
		MemoryContextAllocHuge(writer->context, size * sizeof(int32));
	writer->order = writer->order ?
		repalloc_huge(writer->order, size * sizeof(uint32)) :
		MemoryContextAllocHuge(writer->context, size * sizeof(uint32));
	writer->partition_size = size;
}

static void
write_collected(ShuffleWriter *writer)
{
	int			start = 0;

	CHECK_FOR_INTERRUPTS();
	if (batch_builder_rows(writer->collected) == 0)
		return;
	if (writer->npartitions == 1)
	{
		write_block(writer, 0, writer->collected);
		return;
	}
	sort_by_partition(writer);
	batch_builder_index(writer->collected);
	for (int partition = 0; partition < writer->npartitions; partition++)
	{
		int			end = writer->counts[partition];

		if (end > start)
			write_partition(writer, partition, writer->order + start, end - start);
		start = end;
	}
	batch_builder_reset(writer->collected);
}

/* Counting sort, stable; counts become where each partition ends. */
static void
sort_by_partition(ShuffleWriter *writer)
{
	int			nrows = batch_builder_rows(writer->collected);
	int		   *starts = writer->counts;

	memset(starts, 0, sizeof(int) * (writer->npartitions + 1));
	for (int row = 0; row < nrows; row++)
		starts[writer->partition_of[row] + 1]++;
	for (int partition = 0; partition < writer->npartitions; partition++)
		starts[partition + 1] += starts[partition];
	for (int row = 0; row < nrows; row++)
		writer->order[starts[writer->partition_of[row]]++] = row;
}

/* In blocks of at most batch_rows and about the target size. */
static void
write_partition(ShuffleWriter *writer, int partition, const uint32 *rows, int nrows)
{
	Size		row_bytes = batch_builder_bytes(writer->collected) /
		batch_builder_rows(writer->collected) + 1;
	int			step = Min((Size) writer->batch_rows, BATCH_TARGET_BYTES / row_bytes + 1);

	for (int at = 0; at < nrows; at += step)
	{
		batch_builder_copy_rows(writer->block, writer->collected, rows + at,
								Min(step, nrows - at));
		write_block(writer, partition, writer->block);
	}
}

static void
write_block(ShuffleWriter *writer, int partition, BatchBuilder *builder)
{
	StringInfo	out = writer->file ? block_file_buffer(writer->file) : &writer->sink_block;
	int			rows = batch_builder_rows(builder);
	int			start = out->len;
	int			len;

	batch_builder_flush(builder, writer->compression, out);
	len = out->len - start;
	writer->rows += rows;
	writer->bytes += len;
	if (writer->file)
	{
		block_file_added(writer->file, partition, rows, start);
		return;
	}
	writer->partition_rows[partition] += rows;
	writer->partition_bytes[partition] += len;
	writer->sink(partition, rows, out->data + start, len, writer->sink_arg);
	resetStringInfo(out);
}
