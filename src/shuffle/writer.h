/*-------------------------------------------------------------------------
 * writer.h
 *	  Partition a task's rows, and keep them as blocks.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_WRITER_H
#define BARKS_SHUFFLE_WRITER_H

#include "access/tupdesc.h"

#include "batch/batch.h"
#include "batch/key_filter.h"
#include "job/protocol.h"
#include "shuffle/shuffle.h"

typedef struct ShuffleWriter ShuffleWriter;

/* Takes a block instead of the file; data is valid during the call. */
typedef void (*ShuffleSink) (int partition, int rows, const char *data, Size len, void *arg);

/*
 * A writer whose blocks go to this server's file of the task, or, with sink,
 * to the sink.  What was written is dropped when the current resource owner or
 * parent goes before shuffle_writer_finish.  Rows are buffered within work_mem.
 */
extern ShuffleWriter *shuffle_writer_create(const ShuffleTask *task, const ShuffleOutput *output,
											TupleDesc desc, BatchSchema *schema,
											int batch_rows, BatchCompression compression,
											MemoryContext parent);
extern ShuffleWriter *shuffle_writer_create_sink(const ShuffleOutput *output,
												 TupleDesc desc, BatchSchema *schema,
												 int batch_rows, BatchCompression compression,
												 MemoryContext parent,
												 ShuffleSink sink, void *arg);
/*
 * Add a row.  With columns of the text codec the caller brackets calls by
 * batch_text_settings_begin and _end.
 */
extern void shuffle_writer_add(ShuffleWriter *writer, const Datum *values, const bool *nulls);
/* Add rows of vectors, one a column: the n numbers of rows (NULL: the first n). */
extern void shuffle_writer_add_vectors(ShuffleWriter *writer, Vec *const *columns,
									   const uint16 *rows, int n);
/* Rows added from now on whose key is NULL, or not in the filter, are dropped and counted. */
extern void shuffle_writer_set_filter(ShuffleWriter *writer, const KeyFilter *filter);
/*
 * Write what is buffered and publish the file.  Fills in done's rows, bytes,
 * directory, partition counts and keys, allocated in the current context.
 */
extern void shuffle_writer_finish(ShuffleWriter *writer, TaskDone *done);
/* Finished or not: an unfinished file is deleted.  Never raises. */
extern void shuffle_writer_free(ShuffleWriter *writer);

#endif							/* BARKS_SHUFFLE_WRITER_H */
