/*-------------------------------------------------------------------------
 * accumulate.c
 *	  Aggregates over vectors: states of groups side by side.
 *
 * Each gives exactly what PostgreSQL's function of that OID gives for the values in
 * this order.  Sums of numerics and of int8 are kept as integers of 128 bits
 * at the largest display scale that came; what does not fit, and infinities, are
 * summed as numerics beside.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

#include "base/decimal.h"
#include "vector/accumulate.h"

#define MASK(vec)	((vec)->constant ? 0 : ~0)

/* For each row of sel: its group's state, of the given type. */
#define FOR_EACH_STATE(row, state, type, ...) \
	VEC_FOR_EACH(row, sel, n, type *state = (type *) (states + groups[row] * stride); __VA_ARGS__)

/* ---------------- count ---------------- */

static void
count_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
		  Size stride, const uint32 *groups)
{
	FOR_EACH_STATE(row, count, int64, (*count)++);
}

static Datum
count_finish(VecAggregate *aggregate, const char *state, bool *isnull)
{
	return Int64GetDatum(*(const int64 *) state);
}

/* ---------------- sums of int2 and int4 ---------------- */

typedef struct IntegerSum
{
	int64		sum;
	int64		count;
} IntegerSum;

static void
integer_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
			Size stride, const uint32 *groups)
{
	const int32 *values = VEC_INT32S(arg);
	int			mask = MASK(arg);

	FOR_EACH_STATE(row, state, IntegerSum,
				   state->sum += values[row & mask];
				   state->count++);
}

static Datum
integer_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const IntegerSum *state = (const IntegerSum *) data;

	*isnull = state->count == 0;
	return Int64GetDatum(state->sum);
}

static Datum
integer_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const IntegerSum *state = (const IntegerSum *) data;

	*isnull = state->count == 0;
	if (*isnull)
		return (Datum) 0;
	return DirectFunctionCall2(numeric_div, NumericGetDatum(int64_to_numeric(state->sum)),
							   NumericGetDatum(int64_to_numeric(state->count)));
}

/* ---------------- sums of int8 and numeric ---------------- */

typedef struct ExactSum
{
	int128		sum;			/* times 10^scale */
	int64		count;
	Datum		rest;			/* a numeric, or 0 */
	int			scale;
} ExactSum;

/* Sums stay below this, so that adding a value never overflows. */
#define EXACT_LIMIT		((int128) 1 << 126)

static void
add_rest(VecAggregate *aggregate, ExactSum *state, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate->memory);

	if (state->rest == 0)
		state->rest = datumCopy(value, false, -1);
	else
	{
		Datum		sum = DirectFunctionCall2(numeric_add, state->rest, value);

		pfree(DatumGetPointer(state->rest));
		state->rest = sum;
	}
	MemoryContextSwitchTo(old);
}

static void
add_scaled(VecAggregate *aggregate, ExactSum *state, int64 value, int scale)
{
	if (scale > state->scale)
	{
		int128		factor = decimal_powers[scale - state->scale];
		int128		limit = EXACT_LIMIT / factor;

		if (state->sum > limit || state->sum < -limit)
		{
			add_rest(aggregate, state, decimal_to_numeric(state->sum, state->scale));
			state->sum = 0;
		}
		state->sum *= factor;
		state->scale = scale;
	}
	state->sum += (int128) value * decimal_powers[state->scale - scale];
	if (state->sum > EXACT_LIMIT || state->sum < -EXACT_LIMIT)
	{
		add_rest(aggregate, state, decimal_to_numeric(state->sum, state->scale));
		state->sum = 0;
	}
}

static void
exact_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
		  Size stride, const uint32 *groups)
{
	int			mask = MASK(arg);
	int			scale = arg->kind == VEC_DECIMAL ? arg->scale : 0;

	if (arg->kind == VEC_DATUM)
		FOR_EACH_STATE(row, state, ExactSum,
					   struct varlena *value = PG_DETOAST_DATUM_PACKED(VEC_DATUMS(arg)[row & mask]);
					   int			own_scale = decimal_display_scale(VARDATA_ANY(value));
					   int64		scaled;

					   if (own_scale >= 0 && own_scale <= DECIMAL_MAX_POWER &&
						   decimal_from_numeric(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), own_scale, &scaled))
						   add_scaled(aggregate, state, scaled, own_scale);
					   else
						   add_rest(aggregate, state, PointerGetDatum(PG_DETOAST_DATUM(PointerGetDatum(value))));
					   state->count++);
	else
		FOR_EACH_STATE(row, state, ExactSum,
					   int64		value = VEC_INT64S(arg)[row & mask];

					   if (arg->kind == VEC_DECIMAL && value == VEC_DECIMAL_NAN)
						   add_rest(aggregate, state, decimal_datum(value, 0));
					   else if (state->scale == scale &&
								state->sum < EXACT_LIMIT / 2 && state->sum > -EXACT_LIMIT / 2)
						   state->sum += value;
					   else
						   add_scaled(aggregate, state, value, scale);
					   state->count++);
}

static Datum
exact_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const ExactSum *state = (const ExactSum *) data;
	Datum		sum;

	*isnull = state->count == 0;
	if (*isnull)
		return (Datum) 0;
	sum = decimal_to_numeric(state->sum, state->scale);
	return state->rest ? DirectFunctionCall2(numeric_add, sum, state->rest) : sum;
}

static Datum
exact_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	Datum		sum = exact_sum(aggregate, data, isnull);

	if (*isnull)
		return (Datum) 0;
	return DirectFunctionCall2(numeric_div, sum,
							   NumericGetDatum(int64_to_numeric(((const ExactSum *) data)->count)));
}

/* ---------------- sums of float8 ---------------- */

typedef struct FloatSum
{
	float8		sum;
	float8		count;
	float8		squares;		/* Sxx of PostgreSQL's float8_accum(), of avg() only */
} FloatSum;

static void
float_sum_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
			  Size stride, const uint32 *groups)
{
	const float8 *values = VEC_FLOAT64S(arg);
	int			mask = MASK(arg);

	FOR_EACH_STATE(row, state, FloatSum,
				   float8		value = values[row & mask];

				   /* the first is the sum as it is, a negative zero too */
				   state->sum = state->count == 0 ? value : float8_pl(state->sum, value);
				   state->count = 1);
}

static Datum
float_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const FloatSum *state = (const FloatSum *) data;

	*isnull = state->count == 0;
	return Float8GetDatum(state->sum);
}

/* By Youngs and Cramer, as PostgreSQL does, which may overflow where the sum does not. */
static void
float_avg_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
			  Size stride, const uint32 *groups)
{
	const float8 *values = VEC_FLOAT64S(arg);
	int			mask = MASK(arg);

	FOR_EACH_STATE(row, state, FloatSum,
				   float8		value = values[row & mask];
				   float8		before = state->count;
				   float8		sum_before = state->sum;

				   state->count += 1.0;
				   state->sum += value;
				   if (before > 0.0)
				   {
					   float8		distance = value * state->count - state->sum;

					   state->squares += distance * distance / (state->count * before);
					   if (isinf(state->sum) || isinf(state->squares))
					   {
						   if (!isinf(sum_before) && !isinf(value))
							   float_overflow_error();
						   state->squares = get_float8_nan();
					   }
				   }
				   else if (isnan(value) || isinf(value))
					   state->squares = get_float8_nan());
}

static Datum
float_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const FloatSum *state = (const FloatSum *) data;

	*isnull = state->count == 0;
	return *isnull ? (Datum) 0 : Float8GetDatum(state->sum / state->count);
}

/* ---------------- min and max ---------------- */

typedef struct IntegerExtreme
{
	int64		value;
	bool		found;
} IntegerExtreme;

#define DEFINE_EXTREME(name, ctype, VALUES, op) \
static void \
name##_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states, \
		   Size stride, const uint32 *groups) \
{ \
	const ctype *values = VALUES(arg); \
	int			mask = MASK(arg); \
	FOR_EACH_STATE(row, state, IntegerExtreme, \
				   ctype		value = values[row & mask]; \
				   if (!state->found || value op state->value) \
					   state->value = value; \
				   state->found = true); \
}

DEFINE_EXTREME(int32_min, int32, VEC_INT32S, <)
DEFINE_EXTREME(int32_max, int32, VEC_INT32S, >)
DEFINE_EXTREME(int64_min, int64, VEC_INT64S, <)
DEFINE_EXTREME(int64_max, int64, VEC_INT64S, >)

#define DEFINE_EXTREME_FINISH(name, to_datum) \
static Datum \
name(VecAggregate *aggregate, const char *data, bool *isnull) \
{ \
	*isnull = !((const IntegerExtreme *) data)->found; \
	return to_datum(((const IntegerExtreme *) data)->value); \
}

DEFINE_EXTREME_FINISH(int16_extreme, Int16GetDatum)
DEFINE_EXTREME_FINISH(int32_extreme, Int32GetDatum)
DEFINE_EXTREME_FINISH(int64_extreme, Int64GetDatum)

/* Of any type, by the transition function, which chooses one of its two arguments. */
typedef struct AnyExtreme
{
	Datum		value;
	bool		found;
} AnyExtreme;

static void
extreme_add(VecAggregate *aggregate, const Vec *arg, const uint16 *sel, int n, char *states,
			Size stride, const uint32 *groups)
{
	FOR_EACH_STATE(row, state, AnyExtreme,
				   bool			isnull;
				   Datum		value = vec_get_datum(arg, &aggregate->type, row, &isnull);
				   Datum		chosen = !state->found ? value :
				   FunctionCall2Coll(&aggregate->choose, aggregate->type.collation, state->value, value);

				   if (!state->found || chosen != state->value)
				   {
					   MemoryContext old = MemoryContextSwitchTo(aggregate->memory);
					   Datum		before = state->value;

					   state->value = datumCopy(chosen, aggregate->type.typbyval, aggregate->type.typlen);
					   if (state->found && !aggregate->type.typbyval)
						   pfree(DatumGetPointer(before));
					   MemoryContextSwitchTo(old);
				   }
				   state->found = true);
}

static Datum
any_extreme(VecAggregate *aggregate, const char *data, bool *isnull)
{
	*isnull = !((const AnyExtreme *) data)->found;
	return ((const AnyExtreme *) data)->value;
}

/* ---------------- which aggregate has which ---------------- */

static const VecAccumulator accumulators[] = {
	{F_COUNT_, sizeof(int64), count_add, count_finish},
	{F_COUNT_ANY, sizeof(int64), count_add, count_finish},
	{F_SUM_INT2, sizeof(IntegerSum), integer_add, integer_sum},
	{F_SUM_INT4, sizeof(IntegerSum), integer_add, integer_sum},
	{F_SUM_INT8, sizeof(ExactSum), exact_add, exact_sum},
	{F_SUM_NUMERIC, sizeof(ExactSum), exact_add, exact_sum},
	{F_SUM_FLOAT8, sizeof(FloatSum), float_sum_add, float_sum},
	{F_AVG_INT2, sizeof(IntegerSum), integer_add, integer_avg},
	{F_AVG_INT4, sizeof(IntegerSum), integer_add, integer_avg},
	{F_AVG_INT8, sizeof(ExactSum), exact_add, exact_avg},
	{F_AVG_NUMERIC, sizeof(ExactSum), exact_add, exact_avg},
	{F_AVG_FLOAT8, sizeof(FloatSum), float_avg_add, float_avg},
	{F_MIN_INT2, sizeof(IntegerExtreme), int32_min_add, int16_extreme},
	{F_MAX_INT2, sizeof(IntegerExtreme), int32_max_add, int16_extreme},
	{F_MIN_INT4, sizeof(IntegerExtreme), int32_min_add, int32_extreme},
	{F_MAX_INT4, sizeof(IntegerExtreme), int32_max_add, int32_extreme},
	{F_MIN_DATE, sizeof(IntegerExtreme), int32_min_add, int32_extreme},
	{F_MAX_DATE, sizeof(IntegerExtreme), int32_max_add, int32_extreme},
	{F_MIN_INT8, sizeof(IntegerExtreme), int64_min_add, int64_extreme},
	{F_MAX_INT8, sizeof(IntegerExtreme), int64_max_add, int64_extreme},
	{F_MIN_TIME, sizeof(IntegerExtreme), int64_min_add, int64_extreme},
	{F_MAX_TIME, sizeof(IntegerExtreme), int64_max_add, int64_extreme},
	{F_MIN_TIMESTAMP, sizeof(IntegerExtreme), int64_min_add, int64_extreme},
	{F_MAX_TIMESTAMP, sizeof(IntegerExtreme), int64_max_add, int64_extreme},
	{F_MIN_TIMESTAMPTZ, sizeof(IntegerExtreme), int64_min_add, int64_extreme},
	{F_MAX_TIMESTAMPTZ, sizeof(IntegerExtreme), int64_max_add, int64_extreme},
	{F_MIN_NUMERIC, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MAX_NUMERIC, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MIN_FLOAT8, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MAX_FLOAT8, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MIN_TEXT, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MAX_TEXT, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MIN_BPCHAR, sizeof(AnyExtreme), extreme_add, any_extreme},
	{F_MAX_BPCHAR, sizeof(AnyExtreme), extreme_add, any_extreme},
};

const VecAccumulator *
vec_find_accumulator(Oid aggregate)
{
	for (int i = 0; i < lengthof(accumulators); i++)
		if (accumulators[i].aggregate == aggregate)
			return &accumulators[i];
	return NULL;
}

void
vec_aggregate_init(VecAggregate *aggregate, Aggref *aggref, MemoryContext memory)
{
	aggregate->accumulator = vec_find_accumulator(aggref->aggfnoid);
	aggregate->memory = memory;
	if (aggref->args)
	{
		Node	   *arg = (Node *) linitial_node(TargetEntry, aggref->args)->expr;

		vec_type_init(&aggregate->type, exprType(arg), exprTypmod(arg), aggref->inputcollid);
	}
	if (aggregate->accumulator->add == extreme_add)
	{
		HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
		fmgr_info(((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn, &aggregate->choose);
		ReleaseSysCache(tuple);
	}
}
