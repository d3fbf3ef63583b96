/*-------------------------------------------------------------------------
 * decoded.h
 *	  Inside of a decoded batch.  Private to batch/.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_DECODED_H
#define BARKS_BATCH_DECODED_H

#include "batch/batch.h"

typedef enum FetchKind
{
	FETCH_NULL,					/* all values are null */
	FETCH_BYVAL1,
	FETCH_BYVAL2,
	FETCH_BYVAL4,
	FETCH_BYVAL8,
	FETCH_FIXED,				/* by reference */
	FETCH_VARLENA,
	FETCH_DECIMAL,				/* numerics as integers; varlenas when rows are read */
	FETCH_TEXT,
	FETCH_DATUM					/* values that text was made */
} FetchKind;

typedef struct DecodedColumn
{
	FetchKind	kind;
	uint32		row_mask;		/* 0: one value for all rows, else all ones */
	uint32		stride;			/* fixed: bytes from value to value */
	int			scale;			/* FETCH_DECIMAL */
	const uint8 *validity;		/* NULL: no nulls */
	char	   *values;
	uint32	   *offsets;		/* varlena, text: of a row's value, in OFFSET_UNITs */
} DecodedColumn;

struct Batch
{
	MemoryContext context;
	BatchSchema *schema;
	int			nrows;
	DecodedColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

/* All decoded values of a column are at most this long, so that offsets fit. */
#define OFFSET_UNIT			sizeof(int32)
#define MAX_COLUMN_BYTES	((uint64) PG_UINT32_MAX * OFFSET_UNIT)

static inline bool
decoded_is_null(const DecodedColumn *column, int row)
{
	return column->kind == FETCH_NULL ||
		(column->validity && !(column->validity[row >> 3] & (1 << (row & 7))));
}

#endif							/* BARKS_BATCH_DECODED_H */
