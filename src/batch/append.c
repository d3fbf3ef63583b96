/*-------------------------------------------------------------------------
 * append.c
 *	  Add rows of vectors to a builder, column by column.
 *
 * How many rows fit is found first, so that batches end where they would had
 * rows come one by one: what is compared by checksum depends on rows alone.
 * What has to be made text or detoasted does go row by row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "batch/builder.h"

/* Row numbers for columns of one value, and for rows without a list. */
static const uint16 all_zero[VEC_MAX_ROWS];
static uint16 all_rows[VEC_MAX_ROWS];

static int	rows_that_fit(BatchBuilder *builder, Vec *const *columns, const uint16 *rows, int n,
						  bool *full);
static bool add_sizes(const BuilderColumn *column, const Vec *vec, const uint16 *at, int n, Size *sizes);
static int	append_rows(BatchBuilder *builder, Vec *const *columns, const uint16 *rows, int n, bool *full);
static void append_validity(BatchBuilder *builder, BuilderColumn *column, const Vec *vec,
							const uint16 *at, int n);
static void append_fixed(BatchBuilder *builder, BuilderColumn *column, const BatchColumn *type,
						 const Vec *vec, const uint16 *at, int n);
static void append_varlenas(BatchBuilder *builder, BuilderColumn *column, const Vec *vec,
							const uint16 *at, int n);
static void append_numerics(BatchBuilder *builder, BuilderColumn *column, const Vec *vec,
							const uint16 *at, int n);
static bool append_decimals(BatchBuilder *builder, BuilderColumn *column, const Vec *vec,
							const uint16 *at, int n);
static void append_decimal(BatchBuilder *builder, BuilderColumn *column, int row, int64 value, int scale);

static inline const uint16 *
places(const Vec *vec, const uint16 *rows)
{
	return vec->constant ? all_zero : rows;
}

int
batch_builder_append(BatchBuilder *builder, Vec *const *columns, const uint16 *rows, int n, bool *full)
{
	int			taken;

	Assert(n <= VEC_MAX_ROWS);
	*full = false;
	if (n == 0)
		return 0;
	if (rows == NULL)
	{
		if (all_rows[1] == 0)
			for (int i = 0; i < VEC_MAX_ROWS; i++)
				all_rows[i] = i;
		rows = all_rows;
	}
	taken = builder->schema->has_text ? -1 : rows_that_fit(builder, columns, rows, n, full);
	if (taken < 0)
		return append_rows(builder, columns, rows, n, full);
	builder_reserve_rows(builder, taken);
	for (int i = 0; i < builder->schema->ncolumns; i++)
	{
		BuilderColumn *column = &builder->columns[i];
		const uint16 *at = places(columns[i], rows);

		append_validity(builder, column, columns[i], at, taken);
		if (column->codec == BATCH_CODEC_FIXED)
			append_fixed(builder, column, &builder->schema->columns[i], columns[i], at, taken);
		else if (column->numeric)
			append_numerics(builder, column, columns[i], at, taken);
		else
			append_varlenas(builder, column, columns[i], at, taken);
	}
	builder->nrows += taken;
	return taken;
}

/* Counts their bytes as the builder's.  -1: rows have to be added one by one. */
static int
rows_that_fit(BatchBuilder *builder, Vec *const *columns, const uint16 *rows, int n, bool *full)
{
	Size		sizes[VEC_MAX_ROWS];
	Size		fixed = 0;
	Size		bytes = builder->bytes;
	bool		varying = false;
	int			fit = 0;

	n = Min(n, builder->max_rows - builder->nrows);
	for (int i = 0; i < builder->schema->ncolumns; i++)
	{
		const BuilderColumn *column = &builder->columns[i];

		if (column->codec == BATCH_CODEC_FIXED)
		{
			fixed += column->typlen;
			continue;
		}
		if (!varying)
			memset(sizes, 0, sizeof(Size) * n);
		varying = true;
		if (!add_sizes(column, columns[i], places(columns[i], rows), n, sizes))
			return -1;
	}
	while (fit < n && bytes < builder->max_bytes)
	{
		bytes += fixed + (varying ? sizes[fit] : 0);
		fit++;
	}
	builder->bytes = bytes;
	*full = bytes >= builder->max_bytes || builder->nrows + fit >= builder->max_rows;
	return fit;
}

/* False when a value must be detoasted first. */
static bool
add_sizes(const BuilderColumn *column, const Vec *vec, const uint16 *at, int n, Size *sizes)
{
	bool		toasted = false;

	if (vec->kind == VEC_DECIMAL)
	{
		for (int i = 0; i < n; i++)
			if (!vec->nulls || !vec->nulls[at[i]])
				sizes[i] += varlena_bytes(column, 0);
		return true;
	}
	for (int i = 0; i < n; i++)
	{
		const char *value = DatumGetPointer(VEC_DATUMS(vec)[at[i]]);

		if (vec->nulls && vec->nulls[at[i]])
			continue;
		toasted |= VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value);
		sizes[i] += varlena_bytes(column, VARSIZE_ANY_EXHDR(value));
	}
	return !toasted;
}

static int
append_rows(BatchBuilder *builder, Vec *const *columns, const uint16 *rows, int n, bool *full)
{
	BatchSchema *schema = builder->schema;
	MemoryContext memory = AllocSetContextCreate(builder->context, "barks batch builder rows",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	Datum	   *values = palloc(sizeof(Datum) * Max(schema->ncolumns, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(schema->ncolumns, 1));
	int			taken = 0;

	while (taken < n && !*full)
	{
		for (int i = 0; i < schema->ncolumns; i++)
			values[i] = vec_datum(columns[i], schema->columns[i].basetype, rows[taken], &nulls[i]);
		*full = batch_builder_add(builder, values, nulls);
		taken++;
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
	return taken;
}

static void
append_validity(BatchBuilder *builder, BuilderColumn *column, const Vec *vec, const uint16 *at, int n)
{
	int			first = builder->nrows;
	int			nnulls = 0;

	if (vec->nulls)
		for (int i = 0; i < n; i++)
			nnulls += vec->nulls[at[i]];
	if (nnulls > 0 && column->validity == NULL)
		builder_start_validity(builder, column);
	column->nnulls += nnulls;
	if (column->validity == NULL)
		return;
	for (int i = 0; i < n; i++)
		if (nnulls == 0 || !vec->nulls[at[i]])
			column->validity[(first + i) >> 3] |= 1 << ((first + i) & 7);
}

static void
append_fixed(BatchBuilder *builder, BuilderColumn *column, const BatchColumn *type, const Vec *vec,
			 const uint16 *at, int n)
{
	int			typlen = column->typlen;
	char	   *to = column->values + (Size) builder->nrows * typlen;

#define FIXED_LOOP(to_type, from_type) \
	for (int i = 0; i < n; i++) \
		((to_type *) to)[i] = (to_type) ((const from_type *) vec->values)[at[i]]

	if (vec->kind == VEC_BOOL && typlen == 1)
		FIXED_LOOP(uint8, uint8);
	else if (vec->kind == VEC_INT32 && typlen == 4)
		FIXED_LOOP(int32, int32);
	else if (vec->kind == VEC_INT32 && typlen == 2)
		FIXED_LOOP(int16, int32);
	else if ((vec->kind == VEC_INT64 || vec->kind == VEC_FLOAT64) && typlen == 8)
		FIXED_LOOP(int64, int64);
	else if (vec->kind != VEC_DATUM)
		elog(ERROR, "a vector of kind %d for values of %d bytes", vec->kind, typlen);
	else if (!type->typbyval)
	{
		for (int i = 0; i < n; i++)
			if (!vec->nulls || !vec->nulls[at[i]])
				memcpy(to + (Size) i * typlen, DatumGetPointer(VEC_DATUMS(vec)[at[i]]), typlen);
	}
	else if (typlen == 1)
		FIXED_LOOP(uint8, Datum);
	else if (typlen == 2)
		FIXED_LOOP(int16, Datum);
	else if (typlen == 4)
		FIXED_LOOP(int32, Datum);
	else
		FIXED_LOOP(int64, Datum);
#undef FIXED_LOOP
	if (vec->nulls)
		for (int i = 0; i < n; i++)
			if (vec->nulls[at[i]])
				memset(to + (Size) i * typlen, 0, typlen);
}

static void
append_varlenas(BatchBuilder *builder, BuilderColumn *column, const Vec *vec, const uint16 *at, int n)
{
	uint32	   *lengths = column->lengths + builder->nrows;
	Size		len = 0;
	char	   *to;

	for (int i = 0; i < n; i++)
	{
		lengths[i] = 0;
		if (!vec->nulls || !vec->nulls[at[i]])
			lengths[i] = VARSIZE_ANY_EXHDR(DatumGetPointer(VEC_DATUMS(vec)[at[i]]));
		len += lengths[i];
	}
	builder_reserve_bytes(builder, column, len);
	to = column->values + column->values_len;
	column->values_len += len;
	for (int i = 0; i < n; i++)
		if (lengths[i] > 0)
		{
			copy_value(to, VARDATA_ANY(DatumGetPointer(VEC_DATUMS(vec)[at[i]])), lengths[i]);
			to += lengths[i];
		}
}

/* ---------------- numerics ---------------- */

static void
append_numerics(BatchBuilder *builder, BuilderColumn *column, const Vec *vec, const uint16 *at, int n)
{
	int			first = builder->nrows;

	if (vec->kind == VEC_DECIMAL && append_decimals(builder, column, vec, at, n))
		return;
	for (int i = 0; i < n; i++)
	{
		if (vec->nulls && vec->nulls[at[i]])
		{
			column->lengths[first + i] = 0;
			column->decimals[first + i] = 0;
		}
		else if (vec->kind == VEC_DECIMAL)
			append_decimal(builder, column, first + i, VEC_INT64S(vec)[at[i]], vec->scale);
		else
		{
			const char *value = DatumGetPointer(VEC_DATUMS(vec)[at[i]]);

			builder_add_numeric(builder, column, first + i, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
		}
	}
}

/* All at once, if the column stays one of decimals. */
static bool
append_decimals(BatchBuilder *builder, BuilderColumn *column, const Vec *vec, const uint16 *at, int n)
{
	int64	   *to = column->decimals + builder->nrows;
	const int64 limit = decimal_powers[DECIMAL_MAX_POWER];
	bool		too_large = false;
	bool		some = false;

	if ((column->scale != DECIMALS_NONE && column->scale != vec->scale) ||
		vec->scale > DECIMAL_MAX_POWER)
		return false;
	if (vec->nulls == NULL)
	{
		for (int i = 0; i < n; i++)
		{
			to[i] = VEC_INT64S(vec)[at[i]];
			too_large |= to[i] >= limit || to[i] <= -limit;
		}
		some = n > 0;
	}
	else
		for (int i = 0; i < n; i++)
		{
			to[i] = vec->nulls[at[i]] ? 0 : VEC_INT64S(vec)[at[i]];
			too_large |= to[i] >= limit || to[i] <= -limit;
			some |= !vec->nulls[at[i]];
		}
	if (too_large)
		return false;
	if (some)
		column->scale = vec->scale;
	return true;
}

static void
append_decimal(BatchBuilder *builder, BuilderColumn *column, int row, int64 value, int scale)
{
	char		bytes[DECIMAL_MAX_BYTES];
	uint16		nan = NUMERIC_NAN_HEADER;

	if (value == DECIMAL_NAN)
		builder_add_numeric(builder, column, row, (char *) &nan, sizeof(nan));
	else
		builder_add_numeric(builder, column, row, bytes, decimal_write(value, scale, bytes));
}
