/*-------------------------------------------------------------------------
 * vec.c
 *	  How SQL types are kept in vectors.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "vector/vec.h"

int			vec_batch_rows_setting = VEC_MAX_ROWS;

void
vec_init(void)
{
	DefineCustomIntVariable("barks.vector_batch_rows",
							"Rows in a batch of barks.vectorize, at most.",
							"Smaller batches are for tests.",
							&vec_batch_rows_setting, VEC_MAX_ROWS, 1, VEC_MAX_ROWS, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

void
vec_type_init(VecType *type, Oid typid, int32 typmod, Oid collation)
{
	int			precision;

	memset(type, 0, sizeof(*type));
	type->declared = typid;
	type->typid = getBaseTypeAndTypmod(typid, &typmod);
	type->typmod = typmod;
	type->collation = collation;
	get_typlenbyval(type->typid, &type->typlen, &type->typbyval);
	switch (type->typid)
	{
		case BOOLOID:
			type->kind = VEC_BOOL;
			break;
		case INT2OID:
		case INT4OID:
		case DATEOID:
			type->kind = VEC_INT32;
			break;
		case INT8OID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			type->kind = VEC_INT64;
			break;
		case FLOAT8OID:
			type->kind = VEC_FLOAT64;
			break;
		case NUMERICOID:
			type->kind = VEC_DATUM;
			if (typmod < (int32) VARHDRSZ)
				break;
			/* a scale has eleven bits, with a sign */
			precision = ((typmod - VARHDRSZ) >> 16) & 0xFFFF;
			type->scale = (((typmod - VARHDRSZ) & 0x7FF) ^ 1024) - 1024;
			if (precision <= VEC_DECIMAL_DIGITS && type->scale >= 0 && type->scale <= VEC_DECIMAL_DIGITS)
				type->kind = VEC_DECIMAL;
			break;
		default:
			type->kind = VEC_DATUM;
	}
}

Vec *
vec_create(VecKind kind, int max)
{
	Vec		   *vec = palloc0(sizeof(Vec));

	vec->kind = kind;
	/* room for any kind: a vector may have to be of Datums */
	vec->values = palloc(sizeof(Datum) * max);
	return vec;
}

Datum
vec_get_datum(const Vec *vec, const VecType *type, int row, bool *isnull)
{
	return vec_datum(vec, type->typid, row, isnull);
}

void
vec_put_datum(Vec *vec, const VecType *type, int row, Datum value, bool isnull)
{
	if (vec->nulls)
		vec->nulls[row] = isnull;
	if (isnull)
		return;
	switch (vec->kind)
	{
		case VEC_BOOL:
			VEC_BOOLS(vec)[row] = DatumGetBool(value);
			break;
		case VEC_INT32:
			VEC_INT32S(vec)[row] = type->typid == INT2OID ? DatumGetInt16(value) : DatumGetInt32(value);
			break;
		case VEC_INT64:
			VEC_INT64S(vec)[row] = DatumGetInt64(value);
			break;
		case VEC_FLOAT64:
			VEC_FLOAT64S(vec)[row] = DatumGetFloat8(value);
			break;
		case VEC_DECIMAL:
			elog(ERROR, "a numeric cannot be put among decimals");
			break;
		case VEC_DATUM:
			VEC_DATUMS(vec)[row] = value;
			break;
	}
}

void
vec_expect_datums(Vec *vec, const VecType *type, bool *nulls)
{
	vec->kind = type->kind == VEC_DECIMAL ? VEC_DATUM : type->kind;
	vec->scales = NULL;
	vec->constant = false;
	vec->nulls = nulls;
}

/*
 * A constant numeric is a decimal of its own display scale, whatever its type
 * says: it is used as an operand, and decimals of any scales can be.
 */
void
vec_set_constant(Vec *vec, const VecType *type, Datum value, bool isnull)
{
	vec->constant = true;
	vec->kind = type->kind;
	vec->scale = type->scale;
	vec->scales = NULL;
	vec->nulls = NULL;
	if (isnull)
	{
		vec->nulls = palloc(sizeof(bool));
		vec->nulls[0] = true;
		memset(vec->values, 0, sizeof(Datum));
		return;
	}
	if (type->typid == NUMERICOID)
	{
		Numeric		numeric = DatumGetNumeric(value);
		int			scale = decimal_display_scale(VARDATA_ANY(numeric));

		if (scale >= 0 && scale <= VEC_DECIMAL_DIGITS &&
			decimal_from_numeric(VARDATA_ANY(numeric), VARSIZE_ANY_EXHDR(numeric), scale, VEC_INT64S(vec)))
		{
			vec->kind = VEC_DECIMAL;
			vec->scale = scale;
			return;
		}
		vec->kind = VEC_DATUM;
	}
	vec_put_datum(vec, type, 0, value, false);
}
