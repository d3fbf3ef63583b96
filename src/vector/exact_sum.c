/*-------------------------------------------------------------------------
 * exact_sum.c
 *	  Sums and averages of int8 and numeric.
 *
 * A sum is an integer of 128 bits at the largest display scale that came.  What does
 * not fit, NaN and infinities are for PostgreSQL's own state of such aggregates
 * beside it; whoever asks for the result then adds the one to the other in
 * PostgreSQL's way, by the bytes that partial aggregates are passed on as.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "vector/exact_sum.h"

typedef struct ExactSum
{
	int128		sum;			/* times 10^scale */
	int64		count;			/* of the values in sum */
	Datum		rest;			/* PostgreSQL's state for the others, or 0 */
	int			scale;
} ExactSum;

/* Sums stay below this, so that adding a value never overflows. */
#define EXACT_LIMIT		((int128) 1 << 126)

/* In the bytes of a state. */
#define BYTES_NEGATIVE	0x4000

/* Digits of base 10000 that are sure to fit. */
#define MAX_DIGITS		37

static Datum call(VecAggregate *aggregate, PGFunction function, Datum a, Datum b, bool b_null);
static void move_to_rest(VecAggregate *aggregate, ExactSum *state);
static void add_scaled(VecAggregate *aggregate, ExactSum *state, int128 value, int scale, int64 count);
static Datum state_bytes(const ExactSum *state, bool of_int8);
static Datum whole_state(VecAggregate *aggregate, const ExactSum *state);

/* ---------------- adding ---------------- */

static void
add_rest(VecAggregate *aggregate, ExactSum *state, Datum numeric)
{
	state->rest = call(aggregate, numeric_avg_accum, state->rest, numeric, false);
}

static void
move_to_rest(VecAggregate *aggregate, ExactSum *state)
{
	Datum		own;

	if (state->count == 0)
		return;
	own = call(aggregate, numeric_avg_deserialize, state_bytes(state, false), (Datum) 0, true);
	state->rest = call(aggregate, numeric_avg_combine, state->rest, own, false);
	state->sum = 0;
	state->count = 0;
}

static void
add_scaled(VecAggregate *aggregate, ExactSum *state, int128 value, int scale, int64 count)
{
	if (scale > state->scale)
	{
		int128		factor = decimal_powers[scale - state->scale];
		int128		limit = EXACT_LIMIT / factor;

		if (state->sum > limit || state->sum < -limit)
			move_to_rest(aggregate, state);
		state->sum *= factor;
		state->scale = scale;
	}
	state->sum += value * decimal_powers[state->scale - scale];
	state->count += count;
	if (state->sum > EXACT_LIMIT || state->sum < -EXACT_LIMIT)
		move_to_rest(aggregate, state);
}

static pg_noinline void
add_numeric(VecAggregate *aggregate, ExactSum *state, Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	int			scale = decimal_display_scale(VARDATA_ANY(value));
	int64		scaled;

	if (scale >= 0 && scale <= DECIMAL_MAX_POWER &&
		decimal_from_numeric(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), scale, &scaled))
		add_scaled(aggregate, state, scaled, scale, 1);
	else
		add_rest(aggregate, state, PointerGetDatum(value));
}

static pg_noinline void
add_decimal(VecAggregate *aggregate, ExactSum *state, int64 value, int scale)
{
	if (value == VEC_DECIMAL_NAN)
		add_rest(aggregate, state, decimal_datum(value, scale));
	else
		add_scaled(aggregate, state, value, scale, 1);
}

/* Rows of one vector add up to far less than what is left to 128 bits. */
static inline bool
has_room(const ExactSum *state, int scale)
{
	return state->scale == scale && state->sum < EXACT_LIMIT / 2 && state->sum > -EXACT_LIMIT / 2;
}

static pg_attribute_always_inline void
add_integers(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, ExactSum *state, bool has_nan)
{
	const int64 *values = VEC_INT64S(arg);
	int			mask = arg->constant ? 0 : ~0;
	int			scale = has_nan ? arg->scale : 0;
	int128		sum = 0;
	bool		nan = false;

	if (state->count == 0)
		state->scale = Max(state->scale, scale);
	if (has_room(state, scale))
	{
		VEC_FOR_EACH(row, sel, n,
					 int64		value = values[row & mask];

					 if (has_nan)
					 nan |= value == VEC_DECIMAL_NAN;
					 sum += value);
		if (!nan)
		{
			state->sum += sum;
			state->count += n;
			return;
		}
	}
	VEC_FOR_EACH(row, sel, n,
				 if (has_nan)
				 add_decimal(aggregate, state, values[row & mask], scale);
				 else
				 add_scaled(aggregate, state, values[row & mask], scale, 1));
}

static pg_attribute_always_inline void
scatter_integers(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *const *groups,
				 Size offset, bool has_nan)
{
	const int64 *values = VEC_INT64S(arg);
	int			mask = arg->constant ? 0 : ~0;
	int			scale = has_nan ? arg->scale : 0;

	VEC_FOR_EACH(row, sel, n,
				 ExactSum   *state = (ExactSum *) (groups[row] + offset);
				 int64		value = values[row & mask];

				 if ((!has_nan || value != VEC_DECIMAL_NAN) && has_room(state, scale))
				 {
					 state->sum += value;
					 state->count++;
				 }
				 else if (has_nan)
				 add_decimal(aggregate, state, value, scale);
				 else
				 add_scaled(aggregate, state, value, scale, 1));
}

/* A value times 10^scale whose display scale is own, at most that. */
static inline void
add_row_scale(VecAggregate *aggregate, ExactSum *state, int64 value, int scale, int own)
{
	if (value != VEC_DECIMAL_NAN && has_room(state, scale))
	{
		state->sum += value;
		state->count++;
	}
	else
		add_decimal(aggregate, state, value == VEC_DECIMAL_NAN ? value : value / decimal_powers[scale - own], own);
}

static void
add_numeric_rows(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	ExactSum   *state = (ExactSum *) data;
	const Vec  *arg = args[0];

	if (arg->kind == VEC_DECIMAL && arg->scales)
		VEC_FOR_EACH(row, sel, n,
					 add_row_scale(aggregate, state, VEC_INT64S(arg)[row], arg->scale, arg->scales[row]));
	else if (arg->kind == VEC_DECIMAL)
		add_integers(aggregate, arg, sel, n, state, true);
	else
		VEC_FOR_EACH(row, sel, n, add_numeric(aggregate, state, VEC_DATUMS(arg)[VEC_ROW(arg, row)]));
}

static void
scatter_numeric(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *const *groups,
				Size offset)
{
	const Vec  *arg = args[0];

	if (arg->kind == VEC_DECIMAL && arg->scales)
		VEC_FOR_EACH(row, sel, n,
					 add_row_scale(aggregate, (ExactSum *) (groups[row] + offset), VEC_INT64S(arg)[row], arg->scale,
								   arg->scales[row]));
	else if (arg->kind == VEC_DECIMAL)
		scatter_integers(aggregate, arg, sel, n, groups, offset, true);
	else
		VEC_FOR_EACH(row, sel, n,
					 add_numeric(aggregate, (ExactSum *) (groups[row] + offset),
								 VEC_DATUMS(arg)[VEC_ROW(arg, row)]));
}

static void
add_int8_rows(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state)
{
	add_integers(aggregate, args[0], sel, n, (ExactSum *) state, false);
}

static void
scatter_int8(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *const *groups,
			 Size offset)
{
	scatter_integers(aggregate, args[0], sel, n, groups, offset, false);
}

/* ---------------- values ---------------- */

static Datum
int128_quotient(int128 value, int scale, int64 count, int result_scale)
{
	uint128		dividend = value < 0 ? -(uint128) value : (uint128) value;
	uint128		quotient;

	for (int i = scale; i < result_scale; i++)
		dividend *= 10;
	quotient = dividend / (uint64) count;
	/* halves go away from zero */
	if (dividend - quotient * (uint64) count >= (uint64) count - (uint64) count / 2)
		quotient++;
	return decimal_to_numeric(value < 0 ? -(int128) quotient : (int128) quotient, result_scale);
}

/* The weight of the first digit of base 10000 of value times 10^-scale, and that digit. */
static int
first_digit(uint128 value, int scale, int *digit)
{
	int			weight = -((scale + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS);
	int			odd = -weight * NUMERIC_BASE_DIGITS - scale;

	value *= decimal_powers[odd];
	while (value > PG_UINT64_MAX)
	{
		value /= NUMERIC_BASE;
		weight++;
	}
	for (uint64 low = (uint64) value;; low /= NUMERIC_BASE, weight++)
		if (low < NUMERIC_BASE)
		{
			*digit = (int) low;
			return weight;
		}
}

/*
 * The scale is that of select_div_scale(): so many digits that 16 are significant.
 */
Datum
exact_divide(int128 value, int scale, int64 count)
{
	const int128 largest = ((int128) 1 << 126);
	uint128		size = value < 0 ? -(uint128) value : (uint128) value;
	int			weight = 0;
	int			digit = 0;
	int			count_weight;
	int			count_digit;
	int			result_scale;

	if (size < (uint128) (largest / 1000))
	{
		if (size > 0)
			weight = first_digit(size, scale, &digit);
		count_weight = first_digit(count, 0, &count_digit);
		weight -= count_weight + (digit <= count_digit ? 1 : 0);
		result_scale = Max(Max(NUMERIC_MIN_SIG_DIGITS - weight * NUMERIC_BASE_DIGITS, scale), 0);
		if (result_scale - scale <= DECIMAL_MAX_POWER && size < (uint128) (largest / decimal_powers[result_scale - scale]))
			return int128_quotient(value, scale, count, result_scale);
	}
	return DirectFunctionCall2(numeric_div, decimal_to_numeric(value, scale),
							   NumericGetDatum(int64_to_numeric(count)));
}

Datum
exact_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const ExactSum *state = (const ExactSum *) data;
	Datum		sum;

	*isnull = state->count == 0 && state->rest == 0;
	if (*isnull)
		return (Datum) 0;
	if (state->rest == 0)
		return decimal_to_numeric(state->sum, state->scale);
	sum = call(aggregate, numeric_sum, whole_state(aggregate, state), (Datum) 0, true);
	ResetExprContext(aggregate->shell->tmpcontext);
	return sum;
}

Datum
exact_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const ExactSum *state = (const ExactSum *) data;
	Datum		avg;

	*isnull = state->count == 0 && state->rest == 0;
	if (*isnull)
		return (Datum) 0;
	if (state->rest == 0)
		return exact_divide(state->sum, state->scale, state->count);
	avg = call(aggregate, numeric_avg, whole_state(aggregate, state), (Datum) 0, true);
	ResetExprContext(aggregate->shell->tmpcontext);
	return avg;
}

/* Sums as decimals, if all are of one scale and small enough. */
bool
exact_sum_many(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec)
{
	const int64 limit = decimal_powers[VEC_DECIMAL_DIGITS];
	int			scale = -1;

	for (int i = 0; i < n; i++)
	{
		const ExactSum *state = (const ExactSum *) (groups[i] + offset);

		if (state->rest != 0 || state->sum >= limit || state->sum <= -limit)
			return false;
		vec->nulls[i] = state->count == 0;
		if (state->count == 0)
			continue;
		if (scale >= 0 && scale != state->scale)
			return false;
		scale = state->scale;
		VEC_INT64S(vec)[i] = (int64) state->sum;
	}
	vec->kind = VEC_DECIMAL;
	vec->scale = Max(scale, 0);
	return true;
}

/* ---------------- states as bytes ---------------- */

/* As numeric_avg_serialize() and int8_avg_serialize() write them, without what is in rest. */
static Datum
state_bytes(const ExactSum *state, bool of_int8)
{
	struct varlena *numeric = (struct varlena *) DatumGetPointer(decimal_to_numeric(state->sum, state->scale));
	const char *data = VARDATA_ANY(numeric);
	int			ndigits = (VARSIZE_ANY_EXHDR(numeric) - sizeof(uint16)) / sizeof(int16);
	uint16		header;
	StringInfoData buf;

	memcpy(&header, data, sizeof(header));
	Assert((header & NUMERIC_FORM_MASK) == NUMERIC_FORM_SHORT);
	pq_begintypsend(&buf);
	pq_sendint64(&buf, state->count);
	pq_sendint32(&buf, ndigits);
	pq_sendint32(&buf, (header & NUMERIC_SHORT_WEIGHT_MASK) |
				 (header & NUMERIC_SHORT_WEIGHT_SIGN ? ~NUMERIC_SHORT_WEIGHT_MASK : 0));
	pq_sendint32(&buf, header & NUMERIC_SHORT_NEGATIVE ? BYTES_NEGATIVE : 0);
	pq_sendint32(&buf, state->scale);
	for (int i = 0; i < ndigits; i++)
		pq_sendint16(&buf, decimal_digit(data + sizeof(uint16) + i * sizeof(int16)));
	if (!of_int8)
	{
		pq_sendint32(&buf, state->scale);
		pq_sendint64(&buf, state->count);	/* of this scale: only moving aggregates care */
		for (int i = 0; i < 3; i++)
			pq_sendint64(&buf, 0);	/* NaN, infinities */
	}
	pfree(numeric);
	return PointerGetDatum(pq_endtypsend(&buf));
}

static Datum
partial_numeric(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const ExactSum *state = (const ExactSum *) data;
	Datum		bytes;

	*isnull = state->count == 0 && state->rest == 0;
	if (*isnull)
		return (Datum) 0;
	if (state->rest == 0)
		return state_bytes(state, false);
	bytes = call(aggregate, numeric_avg_serialize, whole_state(aggregate, state), (Datum) 0, true);
	ResetExprContext(aggregate->shell->tmpcontext);
	return bytes;
}

static Datum
partial_int8(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const ExactSum *state = (const ExactSum *) data;

	*isnull = state->count == 0;
	return *isnull ? (Datum) 0 : state_bytes(state, true);
}

/* Add a state's bytes; false: it does not fit. */
static bool
combine_bytes(VecAggregate *aggregate, ExactSum *state, struct varlena *bytes, bool of_int8)
{
	StringInfoData buf;
	int64		count;
	int			ndigits;
	int			weight;
	bool		negative;
	int			scale;
	int			power;
	int128		sum = 0;

	buf.data = VARDATA_ANY(bytes);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(bytes);
	buf.cursor = 0;
	count = pq_getmsgint64(&buf);
	ndigits = (int) pq_getmsgint(&buf, 4);
	weight = (int) pq_getmsgint(&buf, 4);
	negative = pq_getmsgint(&buf, 4) == BYTES_NEGATIVE;
	scale = (int) pq_getmsgint(&buf, 4);
	if (scale > DECIMAL_MAX_POWER || (weight + 1) * NUMERIC_BASE_DIGITS + scale > MAX_DIGITS)
		return false;
	for (int i = 0; i < ndigits; i++)
	{
		int			digit = (int) pq_getmsgint(&buf, 2);

		power = (weight - i) * NUMERIC_BASE_DIGITS + scale;
		if (power <= -NUMERIC_BASE_DIGITS)
			continue;			/* zeros */
		if (power < 0)
			sum += digit / decimal_powers[-power];
		else if (power <= DECIMAL_MAX_POWER)
			sum += (int128) digit * decimal_powers[power];
		else
			sum += (int128) digit * decimal_powers[power - DECIMAL_MAX_POWER] * decimal_powers[DECIMAL_MAX_POWER];
	}
	if (!of_int8)
	{
		(void) pq_getmsgint(&buf, 4);
		for (int i = 0; i < 4; i++)
			if (pq_getmsgint64(&buf) != 0 && i > 0)
				return false;
	}
	if (state->scale > scale && sum > decimal_powers[DECIMAL_MAX_POWER])
		return false;
	if (count > 0)
		add_scaled(aggregate, state, negative ? -sum : sum, scale, count);
	return true;
}

static void
combine_numeric(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	ExactSum   *state = (ExactSum *) data;

	VEC_FOR_EACH(row, sel, n,
				 struct varlena *bytes = PG_DETOAST_DATUM_PACKED(VEC_DATUMS(args[0])[VEC_ROW(args[0], row)]);

				 if (!combine_bytes(aggregate, state, bytes, false))
				 {
					 Datum		other = call(aggregate, numeric_avg_deserialize, PointerGetDatum(bytes),
											 (Datum) 0, true);

					 state->rest = call(aggregate, numeric_avg_combine, state->rest, other, false);
				 });
}

static void
combine_int8(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	VEC_FOR_EACH(row, sel, n,
				 struct varlena *bytes = PG_DETOAST_DATUM_PACKED(VEC_DATUMS(args[0])[VEC_ROW(args[0], row)]);

				 if (!combine_bytes(aggregate, (ExactSum *) data, bytes, true))
				 ereport(ERROR,
						 (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						  errmsg("sum out of range"))));
}

const VecStates exact_sum_of_numeric = {
	.size = sizeof(ExactSum), .points = true, .add = add_numeric_rows, .scatter = scatter_numeric,
	.combine = combine_numeric, .partial = partial_numeric
};

const VecStates exact_sum_of_int8 = {
	.size = sizeof(ExactSum), .points = true, .add = add_int8_rows, .scatter = scatter_int8,
	.combine = combine_int8, .partial = partial_int8
};

/* ---------------- PostgreSQL's state ---------------- */

/* Call one of PostgreSQL's functions as an Agg node does; 0 is a NULL for its first argument. */
static Datum
call(VecAggregate *aggregate, PGFunction function, Datum a, Datum b, bool b_null)
{
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, (Node *) vec_aggregate_shell(aggregate), NULL);
	fcinfo->args[0].value = a;
	fcinfo->args[0].isnull = a == 0;
	fcinfo->args[1].value = b;
	fcinfo->args[1].isnull = b_null;
	return function(fcinfo);
}

/* All that was added, as PostgreSQL's state, in memory that is reset by the caller. */
static Datum
whole_state(VecAggregate *aggregate, const ExactSum *state)
{
	VecStateMemory *memory = aggregate->memory;
	VecStateMemory temporary = {memory->estate, aggregate->shell->tmpcontext};
	Datum		whole;

	aggregate->memory = &temporary;
	whole = call(aggregate, numeric_avg_combine, (Datum) 0, state->rest, false);
	if (state->count > 0)
	{
		Datum		own = call(aggregate, numeric_avg_deserialize, state_bytes(state, false), (Datum) 0, true);

		whole = call(aggregate, numeric_avg_combine, whole, own, false);
	}
	aggregate->memory = memory;
	return whole;
}
