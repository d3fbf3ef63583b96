/*-------------------------------------------------------------------------
 * kernels.c
 *	  Functions of PostgreSQL's over whole vectors.
 *
 * Each gives what the function of the same OID gives, or says that it cannot; it
 * raises nothing.  Constants are vectors of one value: `row & mask` is the place
 * of a row's value, with a mask of no bits for a constant.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"

#include "base/decimal.h"
#include "vector/kernels.h"

#define MASK(vec)	((vec)->constant ? 0 : ~0)

/* The largest value that a decimal may have: eighteen digits, and so never NaN's. */
#define DECIMAL_LIMIT	INT64CONST(999999999999999999)

/* ---------------- what kernels are made of ---------------- */

/* The two arguments of a kernel.  What is done for a row may set failed. */
#define OPERANDS(a_type, A, b_type, B) \
	const a_type *as = A(args[0]); \
	const b_type *bs = B(args[1]); \
	int			a_mask = MASK(args[0]); \
	int			b_mask = MASK(args[1]); \
	bool		failed = false

/* For each row, with its a and b: the statements, which set values[row]. */
#define DEFINE_KERNEL(name, a_type, A, b_type, B, out_type, OUT, ...) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	OPERANDS(a_type, A, b_type, B); \
	out_type   *values = OUT(out); \
	VEC_FOR_EACH(row, sel, n, \
				 a_type a = as[row & a_mask]; \
				 b_type b = bs[row & b_mask]; \
				 __VA_ARGS__); \
	return !failed; \
}

/* ---------------- comparisons ---------------- */

/* Whether test holds for a and b, as values, and as the rows for which it does. */
#define DEFINE_COMPARISON(name, a_type, A, b_type, B, test) \
DEFINE_KERNEL(name, a_type, A, b_type, B, bool, VEC_BOOLS, values[row] = (test)) \
static int \
name##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	OPERANDS(a_type, A, b_type, B); \
	int			k = 0; \
	VEC_FOR_EACH(row, sel, n, \
				 a_type a = as[row & a_mask]; \
				 b_type b = bs[row & b_mask]; \
				 out[k] = row; \
				 k += (test)); \
	return failed ? -1 : k; \
}

#define DEFINE_COMPARISONS(name, a_type, A, b_type, B) \
	DEFINE_COMPARISON(name##_eq, a_type, A, b_type, B, a == b) \
	DEFINE_COMPARISON(name##_ne, a_type, A, b_type, B, a != b) \
	DEFINE_COMPARISON(name##_lt, a_type, A, b_type, B, a < b) \
	DEFINE_COMPARISON(name##_le, a_type, A, b_type, B, a <= b) \
	DEFINE_COMPARISON(name##_gt, a_type, A, b_type, B, a > b) \
	DEFINE_COMPARISON(name##_ge, a_type, A, b_type, B, a >= b)

DEFINE_COMPARISONS(int32_int32, int32, VEC_INT32S, int32, VEC_INT32S)
DEFINE_COMPARISONS(int64_int64, int64, VEC_INT64S, int64, VEC_INT64S)
DEFINE_COMPARISONS(int32_int64, int32, VEC_INT32S, int64, VEC_INT64S)
DEFINE_COMPARISONS(int64_int32, int64, VEC_INT64S, int32, VEC_INT32S)
DEFINE_COMPARISON(float64_eq, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_eq(a, b))
DEFINE_COMPARISON(float64_ne, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_ne(a, b))
DEFINE_COMPARISON(float64_lt, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_lt(a, b))
DEFINE_COMPARISON(float64_le, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_le(a, b))
DEFINE_COMPARISON(float64_gt, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_gt(a, b))
DEFINE_COMPARISON(float64_ge, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8_ge(a, b))

/* ---------------- decimals ---------------- */

/*
 * Decimals of different scales are compared at the larger one.  A constant is
 * brought there once; a vector would have to be row by row, which int128 does.
 */
static bool
rescale_constant(const Vec *vec, int scale, Vec *space, int64 *value)
{
	if (!vec->constant || scale < vec->scale || VEC_INT64S(vec)[0] == VEC_DECIMAL_NAN)
		return false;
	if (pg_mul_s64_overflow(VEC_INT64S(vec)[0], decimal_powers[scale - vec->scale], value))
		return false;
	*space = *vec;
	space->scale = scale;
	space->values = value;
	return true;
}

/* Make both of one scale; false if that takes more than a constant. */
static bool
align_decimals(const Vec *const *args, const Vec **aligned, Vec *space, int64 *value)
{
	aligned[0] = args[0];
	aligned[1] = args[1];
	if (args[0]->kind != VEC_DECIMAL || args[1]->kind != VEC_DECIMAL)
		return false;
	if (args[0]->scale == args[1]->scale)
		return true;
	if (rescale_constant(args[1], args[0]->scale, space, value))
		aligned[1] = space;
	else if (rescale_constant(args[0], args[1]->scale, space, value))
		aligned[0] = space;
	else
		return false;
	return true;
}

/* NaN is the largest value and equal to itself, in PostgreSQL and here. */
#define DEFINE_DECIMAL_COMPARISON(op) \
static int \
decimal_##op##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	const Vec  *aligned[2]; \
	Vec			space; \
	int64		value; \
	if (!align_decimals(args, aligned, &space, &value)) \
		return -1; \
	return int64_int64_##op##_select(aligned, sel, n, out); \
} \
static bool \
decimal_##op(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *aligned[2]; \
	Vec			space; \
	int64		value; \
	return align_decimals(args, aligned, &space, &value) && \
		int64_int64_##op(aligned, out, sel, n); \
}

DEFINE_DECIMAL_COMPARISON(eq)
DEFINE_DECIMAL_COMPARISON(ne)
DEFINE_DECIMAL_COMPARISON(lt)
DEFINE_DECIMAL_COMPARISON(le)
DEFINE_DECIMAL_COMPARISON(gt)
DEFINE_DECIMAL_COMPARISON(ge)

/*
 * Sums and products that leave eighteen digits are numeric's own.  Whether one did
 * is asked once for all rows.
 */
static bool
decimal_sum(const Vec *const *args, Vec *out, const uint16 *sel, int n, int64 sign)
{
	OPERANDS(int64, VEC_INT64S, int64, VEC_INT64S);
	int64	   *values = VEC_INT64S(out);
	int			scale;
	int64		a_factor;
	int64		b_factor;

	if (args[0]->kind != VEC_DECIMAL || args[1]->kind != VEC_DECIMAL)
		return false;
	scale = Max(args[0]->scale, args[1]->scale);
	a_factor = decimal_powers[scale - args[0]->scale];
	b_factor = sign * decimal_powers[scale - args[1]->scale];
	if (a_factor == 1 && (b_factor == 1 || b_factor == -1))
		VEC_FOR_EACH(row, sel, n,
					 int64 a = as[row & a_mask];
					 int64 b = bs[row & b_mask];
					 int64 value = (int64) ((uint64) a + (uint64) (b * b_factor));

					 /* both are below 10^18 or NaN, so nothing wraps unseen */
					 failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN;
					 failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT;
					 values[row] = value);
	else
		VEC_FOR_EACH(row, sel, n,
					 int64 a = as[row & a_mask];
					 int64 b = bs[row & b_mask];
					 int128 value = (int128) a * a_factor + (int128) b * b_factor;

					 failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN;
					 failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT;
					 values[row] = (int64) value);
	out->kind = VEC_DECIMAL;
	out->scale = scale;
	return !failed;
}

static bool
decimal_add(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return decimal_sum(args, out, sel, n, 1);
}

static bool
decimal_sub(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return decimal_sum(args, out, sel, n, -1);
}

DEFINE_KERNEL(multiply_decimals, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S,
			  int64		value;

			  failed |= __builtin_mul_overflow(a, b, &value);
			  failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN;
			  failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT;
			  values[row] = value)

static bool
decimal_mul(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	if (args[0]->kind != VEC_DECIMAL || args[1]->kind != VEC_DECIMAL ||
		args[0]->scale + args[1]->scale > DECIMAL_MAX_POWER)
		return false;
	out->kind = VEC_DECIMAL;
	out->scale = args[0]->scale + args[1]->scale;
	return multiply_decimals(args, out, sel, n);
}

static bool
decimal_negate(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	const int64 *as = VEC_INT64S(args[0]);
	int			mask = MASK(args[0]);
	int64	   *values = VEC_INT64S(out);
	bool		failed = false;

	if (args[0]->kind != VEC_DECIMAL)
		return false;
	VEC_FOR_EACH(row, sel, n,
				 int64 a = as[row & mask];

				 failed |= a == VEC_DECIMAL_NAN;
				 values[row] = -a);
	out->kind = VEC_DECIMAL;
	out->scale = args[0]->scale;
	return !failed;
}

static bool
int32_to_decimal(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	const int32 *as = VEC_INT32S(args[0]);
	int			mask = MASK(args[0]);
	int64	   *values = VEC_INT64S(out);

	VEC_FOR_EACH(row, sel, n, values[row] = as[row & mask]);
	out->kind = VEC_DECIMAL;
	out->scale = 0;
	return true;
}

static bool
int64_to_decimal(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	const int64 *as = VEC_INT64S(args[0]);
	int			mask = MASK(args[0]);
	int64	   *values = VEC_INT64S(out);
	bool		failed = false;

	VEC_FOR_EACH(row, sel, n,
				 int64 a = as[row & mask];

				 failed |= a > DECIMAL_LIMIT || a < -DECIMAL_LIMIT;
				 values[row] = a);
	out->kind = VEC_DECIMAL;
	out->scale = 0;
	return !failed;
}

/* ---------------- integers and floats ---------------- */

/* Operands are of the result's width before anything can overflow. */
#define DEFINE_INTEGER(name, a_type, A, b_type, B, out_type, OUT, function) \
DEFINE_KERNEL(name, a_type, A, b_type, B, out_type, OUT, \
			  failed |= function((out_type) a, (out_type) b, &values[row]))

#define DEFINE_INTEGERS(op, function) \
	DEFINE_INTEGER(int32_##op, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, function) \
	DEFINE_INTEGER(int64_##op, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S, function) \
	DEFINE_INTEGER(int64_int32_##op, int64, VEC_INT64S, int32, VEC_INT32S, int64, VEC_INT64S, function) \
	DEFINE_INTEGER(int32_int64_##op, int32, VEC_INT32S, int64, VEC_INT64S, int64, VEC_INT64S, function)

DEFINE_INTEGERS(add, __builtin_add_overflow)
DEFINE_INTEGERS(sub, __builtin_sub_overflow)
DEFINE_INTEGERS(mul, __builtin_mul_overflow)

/* Infinities and zeros that the operands do not explain are errors, which PostgreSQL's function raises. */
#define DEFINE_FLOAT(name, op, suspicious) \
DEFINE_KERNEL(name, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, \
			  float8 value = a op b; \
			  failed |= isinf(value) || (suspicious); \
			  values[row] = value)

DEFINE_FLOAT(float64_add, +, false)
DEFINE_FLOAT(float64_sub, -, false)
DEFINE_FLOAT(float64_mul, *, value == 0)
DEFINE_FLOAT(float64_div, /, value == 0 || b == 0)

#define DEFINE_CAST(name, a_type, A, out_type, OUT) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const a_type *as = A(args[0]); \
	int			mask = MASK(args[0]); \
	out_type   *values = OUT(out); \
	VEC_FOR_EACH(row, sel, n, values[row] = as[row & mask]); \
	return true; \
}

DEFINE_CAST(int32_to_int64, int32, VEC_INT32S, int64, VEC_INT64S)
DEFINE_CAST(int32_to_float64, int32, VEC_INT32S, float8, VEC_FLOAT64S)
DEFINE_CAST(int64_to_float64, int64, VEC_INT64S, float8, VEC_FLOAT64S)
DEFINE_CAST(int16_to_int32, int32, VEC_INT32S, int32, VEC_INT32S)

/* ---------------- text ---------------- */

/* Are all values short or plain varlenas, whose bytes can be looked at? */
static inline bool
is_plain(Datum value)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(value);

	return !VARATT_IS_EXTERNAL(text) && !VARATT_IS_COMPRESSED(text);
}

static inline int
whole_length(const char *data, int len)
{
	return len;
}

/* Blanks at the end of a bpchar do not count. */
static inline int
blank_length(const char *data, int len)
{
	while (len > 0 && data[len - 1] == ' ')
		len--;
	return len;
}

/* Equality of bytes, which it is under every deterministic collation; of what is not plain it fails. */
static inline bool
same_bytes(Datum a, Datum b, int (*length) (const char *data, int len), bool *failed)
{
	const char *a_data = VARDATA_ANY(DatumGetPointer(a));
	const char *b_data = VARDATA_ANY(DatumGetPointer(b));
	int			a_len;
	int			b_len;

	if (!is_plain(a) || !is_plain(b))
	{
		*failed = true;
		return false;
	}
	a_len = length(a_data, VARSIZE_ANY_EXHDR(DatumGetPointer(a)));
	b_len = length(b_data, VARSIZE_ANY_EXHDR(DatumGetPointer(b)));
	return a_len == b_len && memcmp(a_data, b_data, a_len) == 0;
}

#define DEFINE_TEXT_COMPARISON(name, test) \
	DEFINE_COMPARISON(name, Datum, VEC_DATUMS, Datum, VEC_DATUMS, test)

DEFINE_TEXT_COMPARISON(text_eq, same_bytes(a, b, whole_length, &failed))
DEFINE_TEXT_COMPARISON(text_ne, !same_bytes(a, b, whole_length, &failed))
DEFINE_TEXT_COMPARISON(bpchar_eq, same_bytes(a, b, blank_length, &failed))
DEFINE_TEXT_COMPARISON(bpchar_ne, !same_bytes(a, b, blank_length, &failed))

/* ---------------- which function has which kernel ---------------- */

#define COMPARISON(function, kernel)	{function, kernel, kernel##_select}
#define COMPARISONS_OF(prefix, kernel) \
	COMPARISON(prefix##EQ, kernel##_eq), COMPARISON(prefix##NE, kernel##_ne), \
	COMPARISON(prefix##LT, kernel##_lt), COMPARISON(prefix##LE, kernel##_le), \
	COMPARISON(prefix##GT, kernel##_gt), COMPARISON(prefix##GE, kernel##_ge)
#define COMPARISONS_OF_DATES(prefix, kernel) \
	COMPARISON(prefix##_EQ, kernel##_eq), COMPARISON(prefix##_NE, kernel##_ne), \
	COMPARISON(prefix##_LT, kernel##_lt), COMPARISON(prefix##_LE, kernel##_le), \
	COMPARISON(prefix##_GT, kernel##_gt), COMPARISON(prefix##_GE, kernel##_ge)

static const VecFunction functions[] = {
	COMPARISONS_OF(F_INT2, int32_int32),
	COMPARISONS_OF(F_INT24, int32_int32),
	COMPARISONS_OF(F_INT42, int32_int32),
	COMPARISONS_OF(F_INT4, int32_int32),
	COMPARISONS_OF(F_INT8, int64_int64),
	COMPARISONS_OF(F_INT48, int32_int64),
	COMPARISONS_OF(F_INT28, int32_int64),
	COMPARISONS_OF(F_INT84, int64_int32),
	COMPARISONS_OF(F_INT82, int64_int32),
	COMPARISONS_OF(F_FLOAT8, float64),
	COMPARISONS_OF_DATES(F_DATE, int32_int32),
	COMPARISONS_OF_DATES(F_TIME, int64_int64),
	COMPARISONS_OF_DATES(F_TIMESTAMP, int64_int64),
	COMPARISONS_OF_DATES(F_TIMESTAMPTZ, int64_int64),
	COMPARISONS_OF_DATES(F_NUMERIC, decimal),

	{F_NUMERIC_ADD, decimal_add},
	{F_NUMERIC_SUB, decimal_sub},
	{F_NUMERIC_MUL, decimal_mul},
	{F_NUMERIC_UMINUS, decimal_negate},
	{F_NUMERIC_INT2, int32_to_decimal},
	{F_NUMERIC_INT4, int32_to_decimal},
	{F_NUMERIC_INT8, int64_to_decimal},

	{F_INT4PL, int32_add},
	{F_INT4MI, int32_sub},
	{F_INT4MUL, int32_mul},
	{F_INT8PL, int64_add},
	{F_INT8MI, int64_sub},
	{F_INT8MUL, int64_mul},
	{F_INT84PL, int64_int32_add},
	{F_INT84MI, int64_int32_sub},
	{F_INT84MUL, int64_int32_mul},
	{F_INT48PL, int32_int64_add},
	{F_INT48MI, int32_int64_sub},
	{F_INT48MUL, int32_int64_mul},

	{F_FLOAT8PL, float64_add},
	{F_FLOAT8MI, float64_sub},
	{F_FLOAT8MUL, float64_mul},
	{F_FLOAT8DIV, float64_div},

	{F_INT8_INT4, int32_to_int64},
	{F_INT8_INT2, int32_to_int64},
	{F_INT4_INT2, int16_to_int32},
	{F_FLOAT8_INT4, int32_to_float64},
	{F_FLOAT8_INT2, int32_to_float64},
	{F_FLOAT8_INT8, int64_to_float64},
};

/* Those that compare bytes, and so need a deterministic collation. */
static const VecFunction text_functions[] = {
	COMPARISON(F_TEXTEQ, text_eq),
	COMPARISON(F_TEXTNE, text_ne),
	COMPARISON(F_BPCHAREQ, bpchar_eq),
	COMPARISON(F_BPCHARNE, bpchar_ne),
};

const VecFunction *
vec_find_function(Oid function, Oid collation)
{
	for (int i = 0; i < lengthof(functions); i++)
		if (functions[i].function == function)
			return &functions[i];
	if (OidIsValid(collation) &&
		(collation == DEFAULT_COLLATION_OID || lc_collate_is_c(collation) ||
		 get_collation_isdeterministic(collation)))
		for (int i = 0; i < lengthof(text_functions); i++)
			if (text_functions[i].function == function)
				return &text_functions[i];
	return NULL;
}
