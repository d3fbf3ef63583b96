/*-------------------------------------------------------------------------
 * builder.h
 *	  Inside of a BatchBuilder, for builder.c and encode.c only.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_BUILDER_H
#define BARKS_BATCH_BUILDER_H

#include "batch/batch.h"
#include "batch/wire.h"

/*
 * Numerics are kept as integers while all of a batch have one display scale and few
 * digits; the first that is another makes all of them varlenas.
 */
#define DECIMALS_NONE	(-1)		/* no value so far */
#define DECIMALS_NEVER	(-2)		/* they are varlenas */

typedef struct BuilderColumn
{
	BatchCodec	codec;
	bool		narrow;			/* values are integers of 2, 4 or 8 bytes */
	bool		numeric;		/* varlenas that may be decimals */
	int			scale;			/* numeric: of all decimals, DECIMALS_NONE or DECIMALS_NEVER */
	int64	   *decimals;		/* numeric: the values, unless scale is DECIMALS_NEVER */
	int			typlen;			/* fixed: bytes of a value */
	int			nnulls;
	uint8	   *validity;		/* kept for all rows once one was null */
	char	   *values;			/* fixed: nrows × typlen; else the values' bytes */
	Size		values_len;		/* not for fixed */
	Size		values_size;
	uint32	   *lengths;		/* not for fixed */
	Size	   *starts;			/* not for fixed: of each value in values, once indexed */
	int			starts_size;

	/* compression: after failures this many batches are not tried */
	int			zstd_skip;
	int			zstd_failures;
} BuilderColumn;

struct BatchBuilder
{
	MemoryContext context;		/* the builder and its buffers */
	MemoryContext scratch;		/* detoasting, text output; reset per row */
	BatchSchema *schema;
	int			max_rows;
	int			nrows;
	int			capacity;		/* rows that lengths, validity and fixed values hold */
	Size		bytes;			/* of values collected */
	Size		max_bytes;		/* that make it full */
	Size		keep_bytes;		/* larger buffers are given back */
	char	   *zstd_buffer;
	Size		zstd_buffer_size;
	BuilderColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

/* builder.c: room for so many rows, and bytes of a column's values, more. */
extern void builder_reserve_rows(BatchBuilder *builder, int nrows);
extern void builder_reserve_bytes(BatchBuilder *builder, BuilderColumn *column, Size len);
extern void builder_start_validity(BatchBuilder *builder, BuilderColumn *column);

extern void builder_add_bytes(BatchBuilder *builder, BuilderColumn *column, int row,
							  const char *bytes, Size len);
/* A numeric without its header, as the value of a row behind all others of the column. */
extern void builder_add_numeric(BatchBuilder *builder, BuilderColumn *column, int row,
								const char *data, int len);
/* Make varlenas of the nrows values there are. */
extern void builder_leave_decimals(BatchBuilder *builder, BuilderColumn *column, int nrows);

/* What a value counts towards the size of a batch.  Of numerics, however they are kept, the same. */
static inline Size
varlena_bytes(const BuilderColumn *column, Size len)
{
	return (column->numeric && len < 16 ? 16 : len) + sizeof(uint32);
}

/* encode.c: append one column's header and body. */
extern void encode_column(BatchBuilder *builder, BuilderColumn *column,
						  BatchCompression compression, StringInfo out);

#endif							/* BARKS_BATCH_BUILDER_H */
