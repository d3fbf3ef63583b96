/*-------------------------------------------------------------------------
 * decimal_kernels.c
 *	  Rounding and casts of decimals, and their display scales.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/decimal.h"
#include "vector/decimal_kernels.h"

/* A double holds integers up to this exactly, and powers of ten up to 10^22. */
#define EXACT_FLOAT		(INT64CONST(1) << 53)

/* ---------------- display scales ---------------- */

static inline int
row_scale(const Vec *vec, int row)
{
	return vec->scales ? vec->scales[VEC_ROW(vec, row)] : vec->scale;
}

void
decimal_sum_scales(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	out->scales = palloc(VEC_MAX_ROWS);
	VEC_FOR_EACH(row, sel, n, out->scales[row] = Max(row_scale(args[0], row), row_scale(args[1], row)));
}

void
decimal_product_scales(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	out->scales = palloc(VEC_MAX_ROWS);
	VEC_FOR_EACH(row, sel, n, out->scales[row] = row_scale(args[0], row) + row_scale(args[1], row));
}

/* ---------------- rounding ---------------- */

/* Ties go away from zero. */
static inline int64
divide_rounded(int64 value, int64 divisor)
{
	int64		rest = value % divisor;

	value /= divisor;
	if (rest * 2 >= divisor)
		value++;
	else if (rest * 2 <= -divisor)
		value--;
	return value;
}

/* To the given number of digits behind the point, or before it, rounded or cut off. */
static bool
change_scale(const Vec *arg, int digits, bool cut, int64 limit, Vec *out, const uint16 *sel, int n)
{
	int			drop = arg->scale - digits;
	int			zeros = digits < 0 ? -digits : 0;
	int64	   *values = VEC_INT64S(out);
	int64		divisor;
	int64		factor;
	bool		failed = false;

	if (arg->kind != VEC_DECIMAL || abs(drop) > DECIMAL_MAX_POWER || zeros > DECIMAL_MAX_POWER)
		return false;
	divisor = decimal_powers[Max(drop, 0)];
	factor = decimal_powers[drop < 0 ? -drop : zeros];
	out->kind = VEC_DECIMAL;
	out->scale = Max(digits, 0);
	VEC_FOR_EACH(row, sel, n,
				 int64		value = VEC_INT64S(arg)[VEC_ROW(arg, row)];

				 if (value != VEC_DECIMAL_NAN)
				 {
					 if (divisor > 1)
						 value = cut ? value / divisor : divide_rounded(value, divisor);
					 failed |= __builtin_mul_overflow(value, factor, &value);
					 failed |= value > limit || value < -limit;
				 }
				 values[row] = value);
	return !failed;
}

bool
decimal_round(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return args[1]->constant && change_scale(args[0], VEC_INT32S(args[1])[0], false, DECIMAL_LIMIT, out, sel, n);
}

bool
decimal_trunc(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return args[1]->constant && change_scale(args[0], VEC_INT32S(args[1])[0], true, DECIMAL_LIMIT, out, sel, n);
}

/* numeric(x, typmod), which is an error for x that are too large. */
bool
decimal_of_typmod(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	VecType		type;
	int			precision;
	int32		typmod;

	if (!args[1]->constant || args[0]->kind != VEC_DECIMAL)
		return false;
	typmod = VEC_INT32S(args[1])[0];
	vec_type_init(&type, NUMERICOID, typmod, InvalidOid);
	if (type.kind != VEC_DECIMAL)
		return false;
	precision = ((typmod - VARHDRSZ) >> 16) & 0xFFFF;
	return change_scale(args[0], type.scale, false, decimal_powers[precision] - 1, out, sel, n);
}

#define DEFINE_NEIGHBOR(name, step, towards) \
bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *arg = args[0]; \
	int64		divisor; \
	if (arg->kind != VEC_DECIMAL) \
		return false; \
	divisor = decimal_powers[arg->scale]; \
	out->kind = VEC_DECIMAL; \
	out->scale = 0; \
	VEC_FOR_EACH(row, sel, n, \
				 int64		value = VEC_INT64S(arg)[VEC_ROW(arg, row)]; \
				 int64		whole = value / divisor; \
				 if (value % divisor towards 0) \
					 whole += step; \
				 VEC_INT64S(out)[row] = value == VEC_DECIMAL_NAN ? value : whole); \
	return true; \
}

DEFINE_NEIGHBOR(decimal_ceil, 1, >)
DEFINE_NEIGHBOR(decimal_floor, -1, <)

/* ---------------- casts ---------------- */

#define DEFINE_TO_INTEGER(name, out_type, OUT, minimum, maximum) \
bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *arg = args[0]; \
	out_type   *values = OUT(out); \
	int64		divisor; \
	bool		failed = false; \
	if (arg->kind != VEC_DECIMAL) \
		return false; \
	divisor = decimal_powers[arg->scale]; \
	VEC_FOR_EACH(row, sel, n, \
				 int64		value = VEC_INT64S(arg)[VEC_ROW(arg, row)]; \
				 failed |= value == VEC_DECIMAL_NAN; \
				 value = divide_rounded(value, divisor); \
				 failed |= value > maximum || value < minimum; \
				 values[row] = (out_type) value); \
	return !failed; \
}

DEFINE_TO_INTEGER(decimal_to_int16, int32, VEC_INT32S, PG_INT16_MIN, PG_INT16_MAX)
DEFINE_TO_INTEGER(decimal_to_int32, int32, VEC_INT32S, PG_INT32_MIN, PG_INT32_MAX)
DEFINE_TO_INTEGER(decimal_to_int64, int64, VEC_INT64S, -DECIMAL_LIMIT, DECIMAL_LIMIT)

/*
 * PostgreSQL reads the digits as a float.  One division of exact floats rounds
 * in the same way.
 */
bool
decimal_to_float64(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	const Vec  *arg = args[0];
	bool		failed = false;
	float8		divisor;

	if (arg->kind != VEC_DECIMAL)
		return false;
	divisor = (float8) decimal_powers[arg->scale];
	VEC_FOR_EACH(row, sel, n,
				 int64		value = VEC_INT64S(arg)[VEC_ROW(arg, row)];

				 failed |= value > EXACT_FLOAT || value < -EXACT_FLOAT;
				 VEC_FLOAT64S(out)[row] = (float8) value / divisor);
	return !failed;
}
