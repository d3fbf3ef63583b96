/*-------------------------------------------------------------------------
 * number_kernels.h
 *	  Kernels of integers, floats, booleans and decimals.
 *
 * Not a header: files that are compiled for one instruction set each include it,
 * after they have defined NUMBER_FUNCTIONS as the name of the table.  Each kernel
 * gives what the function of the same OID gives, or says that it cannot; it
 * raises nothing.
 *-------------------------------------------------------------------------
 */

/* ---------------- comparisons ---------------- */

VEC_DEFINE_COMPARISONS(int32_int32, int32, VEC_INT32S, int32, VEC_INT32S)
VEC_DEFINE_COMPARISONS(int64_int64, int64, VEC_INT64S, int64, VEC_INT64S)
VEC_DEFINE_COMPARISONS(int32_int64, int32, VEC_INT32S, int64, VEC_INT64S)
VEC_DEFINE_COMPARISONS(int64_int32, int64, VEC_INT64S, int32, VEC_INT32S)
VEC_DEFINE_COMPARISONS(bool_bool, bool, VEC_BOOLS, bool, VEC_BOOLS)
VEC_DEFINE_COMPARISON(oid_eq, Datum, VEC_DATUMS, Datum, VEC_DATUMS, DatumGetObjectId(a) == DatumGetObjectId(b))
VEC_DEFINE_COMPARISON(oid_ne, Datum, VEC_DATUMS, Datum, VEC_DATUMS, DatumGetObjectId(a) != DatumGetObjectId(b))

/* NaN is the largest float and equal to itself; float4 is compared as float8. */
#define DEFINE_FLOAT_COMPARISONS(name, a_type, A, GET_A, b_type, B, GET_B) \
	VEC_DEFINE_COMPARISON(name##_eq, a_type, A, b_type, B, float8_eq(GET_A(a), GET_B(b))) \
	VEC_DEFINE_COMPARISON(name##_ne, a_type, A, b_type, B, float8_ne(GET_A(a), GET_B(b))) \
	VEC_DEFINE_COMPARISON(name##_lt, a_type, A, b_type, B, float8_lt(GET_A(a), GET_B(b))) \
	VEC_DEFINE_COMPARISON(name##_le, a_type, A, b_type, B, float8_le(GET_A(a), GET_B(b))) \
	VEC_DEFINE_COMPARISON(name##_gt, a_type, A, b_type, B, float8_gt(GET_A(a), GET_B(b))) \
	VEC_DEFINE_COMPARISON(name##_ge, a_type, A, b_type, B, float8_ge(GET_A(a), GET_B(b)))
#define AS_IT_IS(value)	(value)

DEFINE_FLOAT_COMPARISONS(float64, float8, VEC_FLOAT64S, AS_IT_IS, float8, VEC_FLOAT64S, AS_IT_IS)
DEFINE_FLOAT_COMPARISONS(float32, Datum, VEC_DATUMS, DatumGetFloat4, Datum, VEC_DATUMS, DatumGetFloat4)
DEFINE_FLOAT_COMPARISONS(float32_float64, Datum, VEC_DATUMS, DatumGetFloat4, float8, VEC_FLOAT64S, AS_IT_IS)
DEFINE_FLOAT_COMPARISONS(float64_float32, float8, VEC_FLOAT64S, AS_IT_IS, Datum, VEC_DATUMS, DatumGetFloat4)

/* ---------------- integers ---------------- */

/* Operands are of the result's width before anything can overflow. */
#define DEFINE_INTEGER(name, a_type, A, b_type, B, out_type, OUT, function) \
VEC_DEFINE_KERNEL(name, a_type, A, b_type, B, out_type, OUT, \
				  failed |= function((out_type) a, (out_type) b, &values[row]))

#define DEFINE_INTEGERS(op, function) \
	DEFINE_INTEGER(int32_##op, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, function) \
	DEFINE_INTEGER(int64_##op, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S, function) \
	DEFINE_INTEGER(int64_int32_##op, int64, VEC_INT64S, int32, VEC_INT32S, int64, VEC_INT64S, function) \
	DEFINE_INTEGER(int32_int64_##op, int32, VEC_INT32S, int64, VEC_INT64S, int64, VEC_INT64S, function)

/* Quotients that do not exist, or do not fit, fail. */
#define DEFINE_DIVISION(ctype, minimum) \
static inline bool \
divide_##ctype(ctype a, ctype b, ctype *value) \
{ \
	if (b == 0 || (b == -1 && a == minimum)) \
		return true; \
	*value = a / b; \
	return false; \
} \
static inline bool \
modulo_##ctype(ctype a, ctype b, ctype *value) \
{ \
	if (b == 0) \
		return true; \
	*value = b == -1 ? 0 : a % b; \
	return false; \
}

DEFINE_DIVISION(int32, PG_INT32_MIN)
DEFINE_DIVISION(int64, PG_INT64_MIN)
DEFINE_INTEGERS(add, __builtin_add_overflow)
DEFINE_INTEGERS(sub, __builtin_sub_overflow)
DEFINE_INTEGERS(mul, __builtin_mul_overflow)
DEFINE_INTEGER(int32_div, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, divide_int32)
DEFINE_INTEGER(int64_div, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S, divide_int64)
DEFINE_INTEGER(int64_int32_div, int64, VEC_INT64S, int32, VEC_INT32S, int64, VEC_INT64S, divide_int64)
DEFINE_INTEGER(int32_int64_div, int32, VEC_INT32S, int64, VEC_INT64S, int64, VEC_INT64S, divide_int64)
DEFINE_INTEGER(int32_mod, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, modulo_int32)
DEFINE_INTEGER(int64_mod, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S, modulo_int64)

/* int2 is kept as int32, where its sums and products fit. */
#define DEFINE_INT16(name, expression) \
VEC_DEFINE_KERNEL(name, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, \
				  int32		value = (expression); \
				  failed |= value != (int16) value; \
				  values[row] = value)

DEFINE_INT16(int16_add, a + b)
DEFINE_INT16(int16_sub, a - b)
DEFINE_INT16(int16_mul, a * b)
VEC_DEFINE_KERNEL(int16_div, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S,
				  int32		value = 0;

				  failed |= divide_int32(a, b, &value) || value != (int16) value;
				  values[row] = value)

#define DEFINE_BITS(name, ctype, VALUES, op) \
VEC_DEFINE_KERNEL(name, ctype, VALUES, ctype, VALUES, ctype, VALUES, values[row] = a op b)

DEFINE_BITS(int32_and, int32, VEC_INT32S, &)
DEFINE_BITS(int32_or, int32, VEC_INT32S, |)
DEFINE_BITS(int32_xor, int32, VEC_INT32S, ^)
DEFINE_BITS(int64_and, int64, VEC_INT64S, &)
DEFINE_BITS(int64_or, int64, VEC_INT64S, |)
DEFINE_BITS(int64_xor, int64, VEC_INT64S, ^)

/* The least integer has no counterpart. */
#define DEFINE_SIGNS(prefix, ctype, VALUES, minimum) \
VEC_DEFINE_KERNEL_1(prefix##_negate, ctype, VALUES, ctype, VALUES, \
					failed |= a == minimum; \
					values[row] = a == minimum ? 0 : -a) \
VEC_DEFINE_KERNEL_1(prefix##_abs, ctype, VALUES, ctype, VALUES, \
					failed |= a == minimum; \
					values[row] = a == minimum ? 0 : a < 0 ? -a : a)

DEFINE_SIGNS(int16, int32, VEC_INT32S, PG_INT16_MIN)
DEFINE_SIGNS(int32, int32, VEC_INT32S, PG_INT32_MIN)
DEFINE_SIGNS(int64, int64, VEC_INT64S, PG_INT64_MIN)

/* ---------------- floats ---------------- */

/* Infinities and zeros that the operands do not explain are errors, which PostgreSQL's function raises. */
#define DEFINE_FLOAT(name, op, suspicious) \
VEC_DEFINE_KERNEL(float64_##name, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, \
				  float8		value = a op b; \
				  failed |= isinf(value) || (suspicious); \
				  values[row] = value)
#define DEFINE_FLOAT32(name, op, suspicious) \
VEC_DEFINE_KERNEL(float32_##name, Datum, VEC_DATUMS, Datum, VEC_DATUMS, Datum, VEC_DATUMS, \
				  float4		value = DatumGetFloat4(a) op DatumGetFloat4(b); \
				  failed |= isinf(value) || (suspicious); \
				  values[row] = Float4GetDatum(value))

DEFINE_FLOAT(add, +, false)
DEFINE_FLOAT(sub, -, false)
DEFINE_FLOAT(mul, *, value == 0)
DEFINE_FLOAT(div, /, value == 0 || b == 0)
DEFINE_FLOAT32(add, +, false)
DEFINE_FLOAT32(sub, -, false)
DEFINE_FLOAT32(mul, *, value == 0)
DEFINE_FLOAT32(div, /, value == 0 || DatumGetFloat4(b) == 0)
VEC_DEFINE_KERNEL_1(float64_negate, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, values[row] = -a)
VEC_DEFINE_KERNEL_1(float64_abs, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, values[row] = fabs(a))
VEC_DEFINE_KERNEL_1(float64_round, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, values[row] = rint(a))
VEC_DEFINE_KERNEL_1(float64_floor, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, values[row] = floor(a))
VEC_DEFINE_KERNEL_1(float64_ceil, float8, VEC_FLOAT64S, float8, VEC_FLOAT64S, values[row] = ceil(a))
VEC_DEFINE_KERNEL_1(float32_negate, Datum, VEC_DATUMS, Datum, VEC_DATUMS,
					values[row] = Float4GetDatum(-DatumGetFloat4(a)))
VEC_DEFINE_KERNEL_1(float32_abs, Datum, VEC_DATUMS, Datum, VEC_DATUMS,
					values[row] = Float4GetDatum(fabsf(DatumGetFloat4(a))))

/* ---------------- casts ---------------- */

#define DEFINE_CAST(name, a_type, A, out_type, OUT) \
VEC_DEFINE_KERNEL_1(name, a_type, A, out_type, OUT, values[row] = a)
#define DEFINE_NARROWING(name, a_type, A, out_type, OUT, narrow) \
VEC_DEFINE_KERNEL_1(name, a_type, A, out_type, OUT, \
					failed |= a != (narrow) a; \
					values[row] = (narrow) a)
/* To the nearest integer, the even one of two, as rint() does it. */
#define DEFINE_ROUNDING(name, out_type, OUT, FITS) \
VEC_DEFINE_KERNEL_1(name, float8, VEC_FLOAT64S, out_type, OUT, \
					float8	whole = rint(a); \
					bool	fits = !isnan(whole) && FITS(whole); \
					failed |= !fits; \
					values[row] = fits ? (out_type) whole : 0)

DEFINE_CAST(int32_to_int64, int32, VEC_INT32S, int64, VEC_INT64S)
DEFINE_CAST(int32_to_float64, int32, VEC_INT32S, float8, VEC_FLOAT64S)
DEFINE_CAST(int64_to_float64, int64, VEC_INT64S, float8, VEC_FLOAT64S)
DEFINE_CAST(int16_to_int32, int32, VEC_INT32S, int32, VEC_INT32S)
DEFINE_CAST(bool_to_int32, bool, VEC_BOOLS, int32, VEC_INT32S)
DEFINE_NARROWING(int64_to_int32, int64, VEC_INT64S, int32, VEC_INT32S, int32)
DEFINE_NARROWING(int64_to_int16, int64, VEC_INT64S, int32, VEC_INT32S, int16)
DEFINE_NARROWING(int32_to_int16, int32, VEC_INT32S, int32, VEC_INT32S, int16)
DEFINE_ROUNDING(float64_to_int16, int32, VEC_INT32S, FLOAT8_FITS_IN_INT16)
DEFINE_ROUNDING(float64_to_int32, int32, VEC_INT32S, FLOAT8_FITS_IN_INT32)
DEFINE_ROUNDING(float64_to_int64, int64, VEC_INT64S, FLOAT8_FITS_IN_INT64)
VEC_DEFINE_KERNEL_1(float32_to_float64, Datum, VEC_DATUMS, float8, VEC_FLOAT64S, values[row] = DatumGetFloat4(a))
VEC_DEFINE_KERNEL_1(float64_to_float32, float8, VEC_FLOAT64S, Datum, VEC_DATUMS,
					float4		value = (float4) a;

					failed |= isinf(value) || (value == 0 && a != 0);
					values[row] = Float4GetDatum(value))
VEC_DEFINE_KERNEL_1(int32_to_float32, int32, VEC_INT32S, Datum, VEC_DATUMS, values[row] = Float4GetDatum((float4) a))
VEC_DEFINE_KERNEL_1(int64_to_float32, int64, VEC_INT64S, Datum, VEC_DATUMS, values[row] = Float4GetDatum((float4) a))

/* ---------------- decimals ---------------- */

/*
 * Decimals of different scales are compared at the larger one.  A constant is
 * brought there once.  NaN is the largest value and equal to itself, in PostgreSQL and
 * here.
 */
static bool
rescale_constant(const Vec *vec, int scale, Vec *space, int64 *value)
{
	if (!vec->constant || scale < vec->scale || VEC_INT64S(vec)[0] == VEC_DECIMAL_NAN)
		return false;
	if (__builtin_mul_overflow(VEC_INT64S(vec)[0], decimal_powers[scale - vec->scale], value))
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

static inline bool
are_decimals(const Vec *const *args)
{
	return args[0]->kind == VEC_DECIMAL && args[1]->kind == VEC_DECIMAL;
}

#define DEFINE_DECIMAL_COMPARISON(name, op) \
VEC_DEFINE_COMPARISON(unlike_decimals_##name, int64, VEC_INT64S, int64, VEC_INT64S, \
					  decimal_compare(a, args[0]->scale, b, args[1]->scale) op 0) \
static int \
decimal_##name##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	const Vec  *aligned[2]; \
	Vec			space; \
	int64		value; \
	if (!are_decimals(args)) \
		return -1; \
	if (!align_decimals(args, aligned, &space, &value)) \
		return unlike_decimals_##name##_select(args, sel, n, out); \
	return int64_int64_##name##_select(aligned, sel, n, out); \
} \
static bool \
decimal_##name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *aligned[2]; \
	Vec			space; \
	int64		value; \
	if (!are_decimals(args)) \
		return false; \
	if (!align_decimals(args, aligned, &space, &value)) \
		return unlike_decimals_##name(args, out, sel, n); \
	return int64_int64_##name(aligned, out, sel, n); \
}

DEFINE_DECIMAL_COMPARISON(eq, ==)
DEFINE_DECIMAL_COMPARISON(ne, !=)
DEFINE_DECIMAL_COMPARISON(lt, <)
DEFINE_DECIMAL_COMPARISON(le, <=)
DEFINE_DECIMAL_COMPARISON(gt, >)
DEFINE_DECIMAL_COMPARISON(ge, >=)

/*
 * Sums and products that leave eighteen digits are numeric's own.  Whether one did
 * is asked once for all rows.
 */
#define DEFINE_DECIMAL_SUM(name, op) \
VEC_DEFINE_KERNEL(like_decimals_##name, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S, \
				  /* both are below 10^18 or NaN, so nothing wraps unseen */ \
				  int64		value = (int64) ((uint64) a op (uint64) b); \
				  failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN; \
				  failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT; \
				  values[row] = value) \
static bool \
unlike_decimals_##name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	int			scale = Max(args[0]->scale, args[1]->scale); \
	int64		a_factor = decimal_powers[scale - args[0]->scale]; \
	int64		b_factor = decimal_powers[scale - args[1]->scale]; \
	int64	   *restrict values = VEC_INT64S(out); \
	bool		failed = false; \
	VEC_FOR_OPERANDS(int64, VEC_INT64S, int64, VEC_INT64S, \
					 int128		value = (int128) a * a_factor op (int128) b * b_factor; \
					 failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN; \
					 failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT; \
					 values[row] = (int64) value); \
	return !failed; \
} \
static bool \
decimal_##name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *aligned[2]; \
	Vec			space; \
	int64		value; \
	if (!are_decimals(args)) \
		return false; \
	out->kind = VEC_DECIMAL; \
	out->scale = Max(args[0]->scale, args[1]->scale); \
	if (args[0]->scales || args[1]->scales) \
		decimal_sum_scales(args, out, sel, n); \
	if (align_decimals(args, aligned, &space, &value)) \
		return like_decimals_##name(aligned, out, sel, n); \
	return unlike_decimals_##name(args, out, sel, n); \
}

DEFINE_DECIMAL_SUM(add, +)
DEFINE_DECIMAL_SUM(sub, -)

VEC_DEFINE_KERNEL(multiply_decimals, int64, VEC_INT64S, int64, VEC_INT64S, int64, VEC_INT64S,
				  int64		value;

				  failed |= __builtin_mul_overflow(a, b, &value);
				  failed |= a == VEC_DECIMAL_NAN || b == VEC_DECIMAL_NAN;
				  failed |= value > DECIMAL_LIMIT || value < -DECIMAL_LIMIT;
				  values[row] = value)

static bool
decimal_mul(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	if (!are_decimals(args) || args[0]->scale + args[1]->scale > DECIMAL_MAX_POWER)
		return false;
	out->kind = VEC_DECIMAL;
	out->scale = args[0]->scale + args[1]->scale;
	if (args[0]->scales || args[1]->scales)
		decimal_product_scales(args, out, sel, n);
	return multiply_decimals(args, out, sel, n);
}

VEC_DEFINE_KERNEL_1(negate_decimals, int64, VEC_INT64S, int64, VEC_INT64S,
					values[row] = a == VEC_DECIMAL_NAN ? a : -a)
VEC_DEFINE_KERNEL_1(abs_decimals, int64, VEC_INT64S, int64, VEC_INT64S, values[row] = a < 0 ? -a : a)
DEFINE_CAST(widen_int32, int32, VEC_INT32S, int64, VEC_INT64S)
VEC_DEFINE_KERNEL_1(limit_int64, int64, VEC_INT64S, int64, VEC_INT64S,
					failed |= a > DECIMAL_LIMIT || a < -DECIMAL_LIMIT;
					values[row] = a)

/* Decimals with the display scales of the argument. */
#define DEFINE_DECIMAL_OF_SCALE(name, kernel) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	if (args[0]->kind != VEC_DECIMAL) \
		return false; \
	out->kind = VEC_DECIMAL; \
	out->scale = args[0]->scale; \
	out->scales = args[0]->scales; \
	return kernel(args, out, sel, n); \
}

/* Decimals without decimals. */
#define DEFINE_WHOLE_DECIMAL(name, kernel) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	out->kind = VEC_DECIMAL; \
	out->scale = 0; \
	return kernel(args, out, sel, n); \
}

DEFINE_DECIMAL_OF_SCALE(decimal_negate, negate_decimals)
DEFINE_DECIMAL_OF_SCALE(decimal_abs, abs_decimals)
DEFINE_WHOLE_DECIMAL(int32_to_decimal, widen_int32)
DEFINE_WHOLE_DECIMAL(int64_to_decimal, limit_int64)

/* ---------------- which function has which kernel ---------------- */

const VecFunction NUMBER_FUNCTIONS[] = {
	VEC_COMPARISONS(F_INT2, int32_int32),
	VEC_COMPARISONS(F_INT24, int32_int32),
	VEC_COMPARISONS(F_INT42, int32_int32),
	VEC_COMPARISONS(F_INT4, int32_int32),
	VEC_COMPARISONS(F_INT8, int64_int64),
	VEC_COMPARISONS(F_INT48, int32_int64),
	VEC_COMPARISONS(F_INT28, int32_int64),
	VEC_COMPARISONS(F_INT84, int64_int32),
	VEC_COMPARISONS(F_INT82, int64_int32),
	VEC_COMPARISONS(F_BOOL, bool_bool),
	VEC_COMPARISONS(F_FLOAT8, float64),
	VEC_COMPARISONS(F_FLOAT4, float32),
	VEC_COMPARISONS(F_FLOAT48, float32_float64),
	VEC_COMPARISONS(F_FLOAT84, float64_float32),
	VEC_COMPARISONS_(F_DATE, int32_int32,),
	VEC_COMPARISONS_(F_TIME, int64_int64,),
	VEC_COMPARISONS_(F_TIMESTAMP, int64_int64,),
	VEC_COMPARISONS_(F_TIMESTAMPTZ, int64_int64,),
	VEC_COMPARISONS_(F_NUMERIC, decimal,),
	VEC_COMPARISON(F_OIDEQ, oid_eq),
	VEC_COMPARISON(F_OIDNE, oid_ne),

	{F_INT4PL, int32_add},
	{F_INT4MI, int32_sub},
	{F_INT4MUL, int32_mul},
	{F_INT4DIV, int32_div},
	{F_INT4MOD, int32_mod},
	{F_MOD_INT4_INT4, int32_mod},
	{F_INT24PL, int32_add},
	{F_INT24MI, int32_sub},
	{F_INT24MUL, int32_mul},
	{F_INT24DIV, int32_div},
	{F_INT42PL, int32_add},
	{F_INT42MI, int32_sub},
	{F_INT42MUL, int32_mul},
	{F_INT42DIV, int32_div},
	{F_INT2PL, int16_add},
	{F_INT2MI, int16_sub},
	{F_INT2MUL, int16_mul},
	{F_INT2DIV, int16_div},
	{F_INT2MOD, int32_mod},
	{F_MOD_INT2_INT2, int32_mod},
	{F_INT8PL, int64_add},
	{F_INT8MI, int64_sub},
	{F_INT8MUL, int64_mul},
	{F_INT8DIV, int64_div},
	{F_INT8MOD, int64_mod},
	{F_MOD_INT8_INT8, int64_mod},
	{F_INT84PL, int64_int32_add},
	{F_INT84MI, int64_int32_sub},
	{F_INT84MUL, int64_int32_mul},
	{F_INT84DIV, int64_int32_div},
	{F_INT82PL, int64_int32_add},
	{F_INT82MI, int64_int32_sub},
	{F_INT82MUL, int64_int32_mul},
	{F_INT82DIV, int64_int32_div},
	{F_INT48PL, int32_int64_add},
	{F_INT48MI, int32_int64_sub},
	{F_INT48MUL, int32_int64_mul},
	{F_INT48DIV, int32_int64_div},
	{F_INT28PL, int32_int64_add},
	{F_INT28MI, int32_int64_sub},
	{F_INT28MUL, int32_int64_mul},
	{F_INT28DIV, int32_int64_div},
	{F_INT2AND, int32_and},
	{F_INT2OR, int32_or},
	{F_INT2XOR, int32_xor},
	{F_INT4AND, int32_and},
	{F_INT4OR, int32_or},
	{F_INT4XOR, int32_xor},
	{F_INT8AND, int64_and},
	{F_INT8OR, int64_or},
	{F_INT8XOR, int64_xor},
	{F_INT2UM, int16_negate},
	{F_INT4UM, int32_negate},
	{F_INT8UM, int64_negate},
	{F_INT2ABS, int16_abs},
	{F_INT4ABS, int32_abs},
	{F_INT8ABS, int64_abs},
	{F_ABS_INT2, int16_abs},
	{F_ABS_INT4, int32_abs},
	{F_ABS_INT8, int64_abs},

	{F_FLOAT8PL, float64_add},
	{F_FLOAT8MI, float64_sub},
	{F_FLOAT8MUL, float64_mul},
	{F_FLOAT8DIV, float64_div},
	{F_FLOAT8UM, float64_negate},
	{F_FLOAT8ABS, float64_abs},
	{F_ABS_FLOAT8, float64_abs},
	{F_ROUND_FLOAT8, float64_round},
	{F_FLOOR_FLOAT8, float64_floor},
	{F_CEIL_FLOAT8, float64_ceil},
	{F_CEILING_FLOAT8, float64_ceil},
	{F_FLOAT4PL, float32_add},
	{F_FLOAT4MI, float32_sub},
	{F_FLOAT4MUL, float32_mul},
	{F_FLOAT4DIV, float32_div},
	{F_FLOAT4UM, float32_negate},
	{F_FLOAT4ABS, float32_abs},
	{F_ABS_FLOAT4, float32_abs},

	{F_INT8_INT4, int32_to_int64},
	{F_INT8_INT2, int32_to_int64},
	{F_INT4_INT2, int16_to_int32},
	{F_INT4_INT8, int64_to_int32},
	{F_INT2_INT8, int64_to_int16},
	{F_INT2_INT4, int32_to_int16},
	{F_INT4_BOOL, bool_to_int32},
	{F_FLOAT8_INT4, int32_to_float64},
	{F_FLOAT8_INT2, int32_to_float64},
	{F_FLOAT8_INT8, int64_to_float64},
	{F_FLOAT8_FLOAT4, float32_to_float64},
	{F_FLOAT4_FLOAT8, float64_to_float32},
	{F_FLOAT4_INT2, int32_to_float32},
	{F_FLOAT4_INT4, int32_to_float32},
	{F_FLOAT4_INT8, int64_to_float32},
	{F_INT2_FLOAT8, float64_to_int16},
	{F_INT4_FLOAT8, float64_to_int32},
	{F_INT8_FLOAT8, float64_to_int64},

	{F_NUMERIC_ADD, decimal_add},
	{F_NUMERIC_SUB, decimal_sub},
	{F_NUMERIC_MUL, decimal_mul},
	{F_NUMERIC_UMINUS, decimal_negate},
	{F_NUMERIC_ABS, decimal_abs},
	{F_ABS_NUMERIC, decimal_abs},
	{F_NUMERIC_INT2, int32_to_decimal},
	{F_NUMERIC_INT4, int32_to_decimal},
	{F_NUMERIC_INT8, int64_to_decimal},
	{F_NUMERIC_NUMERIC_INT4, decimal_of_typmod},
	{F_ROUND_NUMERIC_INT4, decimal_round},
	{F_TRUNC_NUMERIC_INT4, decimal_trunc},
	{F_CEIL_NUMERIC, decimal_ceil},
	{F_CEILING_NUMERIC, decimal_ceil},
	{F_FLOOR_NUMERIC, decimal_floor},
	{F_INT2_NUMERIC, decimal_to_int16},
	{F_INT4_NUMERIC, decimal_to_int32},
	{F_INT8_NUMERIC, decimal_to_int64},
	{F_FLOAT8_NUMERIC, decimal_to_float64},
	{InvalidOid}
};
