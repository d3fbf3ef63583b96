/*-------------------------------------------------------------------------
 * batch.h
 *	  Rows in columns: the unit of results, loads and (later) shuffles.
 *
 * In memory a batch has, per column, a validity bitmap (one bit a row, set =
 * not null; absent when no value is null) and either an array of fixed-width
 * values or an array of uint32 offsets into a buffer of varlenas, so that
 * values are used where they lie.  A builder collects rows; flushing it writes
 * self-contained bytes (see wire.h for the wire form, which is checksummed,
 * narrowed and zstd-compressed where that pays); batch_decode reads them
 * back, verifying every length before it is used.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_BATCH_H
#define BARKS_BATCH_BATCH_H

#include "executor/tuptable.h"
#include "lib/stringinfo.h"

#include "batch/schema.h"
#include "batch/vec.h"

typedef struct BatchBuilder BatchBuilder;
typedef struct Batch Batch;

typedef enum BatchCompression
{
	BATCH_COMPRESS_OFF,			/* plain and narrowed encodings only */
	BATCH_COMPRESS_ZSTD			/* zstd level 1 where it saves over 25 % */
} BatchCompression;

/* Default and maximum size of a batch in memory, bytes; rows are barks.batch_rows. */
#define BATCH_TARGET_BYTES	(256 * 1024)

/*
 * A builder in its own context under parent.  It is full at max_rows rows or
 * once its values pass BATCH_TARGET_BYTES (one huge row still fits).
 */
extern BatchBuilder *batch_builder_create(BatchSchema *schema, int max_rows,
										  MemoryContext parent);
/* Add a row.  Values are copied.  True when the builder is now full. */
extern bool batch_builder_add(BatchBuilder *builder, const Datum *values,
							  const bool *nulls);
/*
 * Add rows of vectors, one a column: those whose numbers are the n of rows (NULL: the
 * first n).  Stops at the row that makes it full; the number of rows taken.  What comes out
 * is the same as if each had been added by itself.
 */
extern int	batch_builder_append(BatchBuilder *builder, Vec *const *columns, const uint16 *rows,
								 int n, bool *full);
extern int	batch_builder_rows(const BatchBuilder *builder);
extern Size batch_builder_bytes(const BatchBuilder *builder);
/* Append the wire form of the collected rows to out, and empty the builder. */
extern void batch_builder_flush(BatchBuilder *builder, BatchCompression compression,
								StringInfo out);
/*
 * Append rows of one builder, by their numbers, to another of the same schema.
 * batch_builder_index comes first, and again after rows were added to from.
 */
extern void batch_builder_index(BatchBuilder *from);
extern void batch_builder_copy_rows(BatchBuilder *to, const BatchBuilder *from,
									const uint32 *rows, int nrows);
/* Have it be full at so many bytes instead. */
extern void batch_builder_limit(BatchBuilder *builder, Size bytes);
/* Empty it without writing. */
extern void batch_builder_reset(BatchBuilder *builder);
extern void batch_builder_free(BatchBuilder *builder);

/*
 * Decode wire bytes into a batch in its own context under parent.  data may
 * be reused once this returns.  ERROR data_corrupted when the bytes are not
 * a batch of this schema.
 */
extern Batch *batch_decode(BatchSchema *schema, const char *data, Size len,
						   MemoryContext parent);
extern int	batch_rows(const Batch *batch);
/*
 * Store row number row (from 0) into values/nulls.  By-reference values point
 * into the batch and live as long as it does; text-codec values are made on
 * demand in the current memory context.
 */
extern void batch_get_row(Batch *batch, int row, Datum *values, bool *nulls);
/* Make all values of the text codec at once, under the settings that it needs. */
extern void batch_read_texts(Batch *batch);
/*
 * A column's values in rows first to first + n - 1, which are rows 0 to n - 1 of the vector.
 * kind is the best one for the type.  The vector may lie in the batch; values and nulls are room
 * for n values of any kind else.  batch_read_texts comes before.
 */
extern void batch_get_vec(Batch *batch, int column, int first, int n, VecKind kind, Vec *vec,
						  void *values, bool *nulls);
/* The context that a batch and its values live in. */
extern MemoryContext batch_context(const Batch *batch);
extern void batch_free(Batch *batch);

/* Do these bytes have the form, the length and the checksum of a batch? */
extern bool batch_wire_intact(const char *data, Size len);
/* Row count and checksum of an encoded batch without decoding it. */
extern int	batch_wire_rows(const char *data, Size len);
extern uint32 batch_wire_checksum(const char *data, Size len);

#endif							/* BARKS_BATCH_BATCH_H */
