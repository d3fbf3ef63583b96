/*-------------------------------------------------------------------------
 * vec.c
 *	  Columns of values in memory: single values.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "batch/vec.h"

Size
vec_kind_size(VecKind kind)
{
	switch (kind)
	{
		case VEC_BOOL:
			return sizeof(bool);
		case VEC_INT32:
			return sizeof(int32);
		case VEC_INT64:
		case VEC_DECIMAL:
			return sizeof(int64);
		case VEC_FLOAT64:
			return sizeof(float8);
		case VEC_DATUM:
			return sizeof(Datum);
	}
	pg_unreachable();
}

Datum
vec_datum(const Vec *vec, Oid basetype, int row, bool *isnull)
{
	row = VEC_ROW(vec, row);
	*isnull = vec->nulls && vec->nulls[row];
	if (*isnull)
		return (Datum) 0;
	switch (vec->kind)
	{
		case VEC_BOOL:
			return BoolGetDatum(VEC_BOOLS(vec)[row]);
		case VEC_INT32:
			return basetype == INT2OID ? Int16GetDatum(VEC_INT32S(vec)[row]) :
				Int32GetDatum(VEC_INT32S(vec)[row]);
		case VEC_INT64:
			return Int64GetDatum(VEC_INT64S(vec)[row]);
		case VEC_FLOAT64:
			return Float8GetDatum(VEC_FLOAT64S(vec)[row]);
		case VEC_DECIMAL:
			if (vec->scales && VEC_INT64S(vec)[row] != VEC_DECIMAL_NAN)
				return decimal_datum(VEC_INT64S(vec)[row] / decimal_powers[vec->scale - vec->scales[row]],
									 vec->scales[row]);
			return decimal_datum(VEC_INT64S(vec)[row], vec->scale);
		case VEC_DATUM:
			return VEC_DATUMS(vec)[row];
	}
	pg_unreachable();
}
