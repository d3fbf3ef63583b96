/*-------------------------------------------------------------------------
 * gather.c
 *	  Move chosen rows of one builder to another.
 *
 * Rows that go to many places are collected in one builder first, which needs
 * far less memory than one for each place, and are picked from there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/decimal.h"
#include "batch/builder.h"

static void gather_validity(BatchBuilder *to, BuilderColumn *column,
							const BuilderColumn *from, const uint32 *rows, int nrows);
static void gather_fixed(BatchBuilder *to, BuilderColumn *column,
						 const BuilderColumn *from, const uint32 *rows, int nrows);
static void gather_numerics(BatchBuilder *to, BuilderColumn *column,
							const BuilderColumn *from, const uint32 *rows, int nrows);
static void gather_bytes(BatchBuilder *to, BuilderColumn *column,
						 const BuilderColumn *from, const uint32 *rows, int nrows);

/* Where each value begins. */
void
batch_builder_index(BatchBuilder *from)
{
	for (int i = 0; i < from->schema->ncolumns; i++)
	{
		BuilderColumn *column = &from->columns[i];
		Size		at = 0;

		if (column->codec == BATCH_CODEC_FIXED || (column->numeric && column->scale != DECIMALS_NEVER))
			continue;
		if (column->starts_size < from->nrows)
		{
			if (column->starts)
				pfree(column->starts);
			column->starts = NULL;
			column->starts_size = from->capacity;
			column->starts = MemoryContextAllocHuge(from->context,
													from->capacity * sizeof(Size));
		}
		for (int row = 0; row < from->nrows; row++)
		{
			column->starts[row] = at;
			at += column->lengths[row];
		}
	}
}

void
batch_builder_copy_rows(BatchBuilder *to, const BatchBuilder *from,
						const uint32 *rows, int nrows)
{
	builder_reserve_rows(to, nrows);
	for (int i = 0; i < to->schema->ncolumns; i++)
	{
		BuilderColumn *column = &to->columns[i];

		if (from->columns[i].validity || column->validity)
			gather_validity(to, column, &from->columns[i], rows, nrows);
		if (column->codec == BATCH_CODEC_FIXED)
			gather_fixed(to, column, &from->columns[i], rows, nrows);
		else if (column->numeric)
			gather_numerics(to, column, &from->columns[i], rows, nrows);
		else
			gather_bytes(to, column, &from->columns[i], rows, nrows);
	}
	to->nrows += nrows;
}

static void
gather_validity(BatchBuilder *to, BuilderColumn *column, const BuilderColumn *from,
				const uint32 *rows, int nrows)
{
	const uint8 *validity = from->validity;

	for (int i = 0; i < nrows; i++)
	{
		int			at = to->nrows + i;

		if (validity && !(validity[rows[i] >> 3] & (1 << (rows[i] & 7))))
		{
			column->nnulls++;
			if (column->validity)
				continue;
			builder_start_validity(to, column);
			/* it knows of the rows before these only */
			for (int row = to->nrows; row < at; row++)
				column->validity[row >> 3] |= 1 << (row & 7);
		}
		else if (column->validity)
			column->validity[at >> 3] |= 1 << (at & 7);
	}
}

static void
gather_fixed(BatchBuilder *to, BuilderColumn *column, const BuilderColumn *from,
			 const uint32 *rows, int nrows)
{
	int			typlen = column->typlen;
	char	   *at = column->values + (Size) to->nrows * typlen;

#define GATHER_LOOP(type) \
	do { \
		type	   *values = (type *) at; \
		for (int i = 0; i < nrows; i++) \
			values[i] = ((const type *) from->values)[rows[i]]; \
	} while (0)

	switch (column->narrow ? typlen : 0)
	{
		case 2:
			GATHER_LOOP(uint16);
			break;
		case 4:
			GATHER_LOOP(uint32);
			break;
		case 8:
			GATHER_LOOP(uint64);
			break;
		default:
			for (int i = 0; i < nrows; i++, at += typlen)
				memcpy(at, from->values + (Size) rows[i] * typlen, typlen);
			break;
	}
#undef GATHER_LOOP
	to->bytes += (Size) nrows * typlen;
}

/* Numerics as they are kept there, except that what is here may be kept as varlenas already. */
static void
gather_numerics(BatchBuilder *to, BuilderColumn *column, const BuilderColumn *from,
				const uint32 *rows, int nrows)
{
	int64	   *decimals = column->decimals + to->nrows;

	if (column->scale != from->scale && column->scale >= 0 && from->scale != DECIMALS_NONE)
		builder_leave_decimals(to, column, to->nrows);
	if (from->scale == DECIMALS_NEVER)
	{
		if (column->scale != DECIMALS_NEVER)
			builder_leave_decimals(to, column, to->nrows);
		gather_bytes(to, column, from, rows, nrows);
		return;
	}
	to->bytes += varlena_bytes(column, 0) * nrows;
	if (column->scale != DECIMALS_NEVER)
	{
		column->scale = Max(column->scale, from->scale);
		for (int i = 0; i < nrows; i++)
			decimals[i] = from->decimals[rows[i]];
		return;
	}
	for (int i = 0; i < nrows; i++)
	{
		char		bytes[DECIMAL_MAX_BYTES];
		int			len = 0;

		if (!from->validity || (from->validity[rows[i] >> 3] & (1 << (rows[i] & 7))))
			len = decimal_write(from->decimals[rows[i]], from->scale, bytes);
		builder_add_bytes(to, column, to->nrows + i, bytes, len);
	}
}

static void
gather_bytes(BatchBuilder *to, BuilderColumn *column, const BuilderColumn *from,
			 const uint32 *rows, int nrows)
{
	uint32	   *lengths = column->lengths + to->nrows;
	Size		len = 0;
	char	   *at;

	for (int i = 0; i < nrows; i++)
		len += lengths[i] = from->lengths[rows[i]];
	builder_reserve_bytes(to, column, len);
	at = column->values + column->values_len;
	for (int i = 0; i < nrows; i++)
	{
		copy_value(at, from->values + from->starts[rows[i]], lengths[i]);
		at += lengths[i];
	}
	column->values_len += len;
	to->bytes += len + (Size) nrows * sizeof(uint32);
}
