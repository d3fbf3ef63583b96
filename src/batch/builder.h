/*-------------------------------------------------------------------------
 * builder.h
 *	  Inside of a BatchBuilder, for builder.c and encode.c only.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_BUILDER_H
#define BARKS_BATCH_BUILDER_H

#include "batch/batch.h"

typedef struct BuilderColumn
{
	BatchCodec	codec;
	bool		narrow;			/* values are integers of 2, 4 or 8 bytes */
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
	Size		keep_bytes;		/* larger buffers are given back */
	char	   *zstd_buffer;
	Size		zstd_buffer_size;
	BuilderColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

/* builder.c: room for so many rows, and bytes of a column's values, more. */
extern void builder_reserve_rows(BatchBuilder *builder, int nrows);
extern void builder_reserve_bytes(BatchBuilder *builder, BuilderColumn *column, Size len);
extern void builder_start_validity(BatchBuilder *builder, BuilderColumn *column);

/* memcpy without a call where values are short, as they mostly are. */
static inline void
copy_value(char *to, const char *from, Size len)
{
	if (len > 16)
		memcpy(to, from, len);
	else if (len >= 8)
	{
		uint64		head,
					tail;

		memcpy(&head, from, 8);
		memcpy(&tail, from + len - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + len - 8, &tail, 8);
	}
	else if (len >= 4)
	{
		uint32		head,
					tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + len - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + len - 4, &tail, 4);
	}
	else
		for (Size i = 0; i < len; i++)
			to[i] = from[i];
}

/* encode.c: append one column's header and body. */
extern void encode_column(BatchBuilder *builder, BuilderColumn *column,
						  BatchCompression compression, StringInfo out);

#endif							/* BARKS_BATCH_BUILDER_H */
