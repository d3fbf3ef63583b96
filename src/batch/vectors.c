/*-------------------------------------------------------------------------
 * vectors.c
 *	  Read a decoded batch column by column.
 *
 * Where values lie in the batch as they do in a vector, nothing is copied.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batch/decoded.h"

static void get_nulls(const DecodedColumn *column, int first, int n, Vec *vec, bool *nulls);
static const void *get_values(const DecodedColumn *column, int first, int n, VecKind kind, void *values);
static const Datum *get_datums(const DecodedColumn *column, int first, int n, Datum *datums);
static void repeat_value(Vec *vec, int n, void *values);

void
batch_get_vec(Batch *batch, int i, int first, int n, VecKind kind, Vec *vec, void *values, bool *nulls)
{
	const DecodedColumn *column = &batch->columns[i];

	vec->kind = column->kind == FETCH_DECIMAL ? VEC_DECIMAL : kind == VEC_DECIMAL ? VEC_DATUM : kind;
	vec->scale = column->scale;
	vec->nulls = NULL;
	vec->constant = column->row_mask == 0;
	if (column->kind == FETCH_NULL)
	{
		memset(values, 0, sizeof(Datum));
		vec->constant = true;
		vec->values = values;
		vec->nulls = nulls;
		nulls[0] = true;
		return;
	}
	if (column->validity)
		get_nulls(column, first, n, vec, nulls);
	vec->values = unconstify(void *, get_values(column, vec->constant ? 0 : first, vec->constant ? 1 : n,
												vec->kind, values));
	if (vec->constant && vec->nulls)
		repeat_value(vec, n, values);
}

static void
get_nulls(const DecodedColumn *column, int first, int n, Vec *vec, bool *nulls)
{
	bool		any = false;

	for (int row = 0; row < n; row++)
		any |= nulls[row] = decoded_is_null(column, first + row);
	vec->nulls = any ? nulls : NULL;
}

static const void *
get_values(const DecodedColumn *column, int first, int n, VecKind kind, void *values)
{
	if (column->kind == FETCH_BYVAL2 && kind == VEC_INT32)
	{
		for (int row = 0; row < n; row++)
			((int32 *) values)[row] = ((const int16 *) column->values)[first + row];
		return values;
	}
	switch (kind)
	{
		case VEC_BOOL:
			return (const bool *) column->values + first;
		case VEC_INT32:
			return (const int32 *) column->values + first;
		case VEC_INT64:
		case VEC_FLOAT64:
		case VEC_DECIMAL:
			return (const int64 *) column->values + first;
		case VEC_DATUM:
			return get_datums(column, first, n, values);
	}
	pg_unreachable();
}

static const Datum *
get_datums(const DecodedColumn *column, int first, int n, Datum *datums)
{
#define DATUM_LOOP(value) \
	for (int row = 0; row < n; row++) \
		datums[row] = (value)

	switch (column->kind)
	{
		case FETCH_BYVAL1:
			DATUM_LOOP(CharGetDatum(column->values[first + row]));
			break;
		case FETCH_BYVAL2:
			DATUM_LOOP(Int16GetDatum(((const int16 *) column->values)[first + row]));
			break;
		case FETCH_BYVAL4:
			DATUM_LOOP(Int32GetDatum(((const int32 *) column->values)[first + row]));
			break;
		case FETCH_BYVAL8:
		case FETCH_DATUM:
			return (const Datum *) column->values + first;
		case FETCH_FIXED:
			DATUM_LOOP(PointerGetDatum(column->values + (Size) (first + row) * column->stride));
			break;
		case FETCH_VARLENA:
			DATUM_LOOP(PointerGetDatum(column->values + (Size) column->offsets[first + row] * OFFSET_UNIT));
			break;
		default:
			elog(ERROR, "a column of kind %d has no values", (int) column->kind);
	}
#undef DATUM_LOOP
	return datums;
}

/* One value for all rows that have one. */
static void
repeat_value(Vec *vec, int n, void *values)
{
	Size		size = vec_kind_size(vec->kind);
	Datum		value;

	memcpy(&value, vec->values, size);
	for (int row = 0; row < n; row++)
		memcpy((char *) values + row * size, &value, size);
	vec->values = values;
	vec->constant = false;
}
