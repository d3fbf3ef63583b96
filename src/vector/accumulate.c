/*-------------------------------------------------------------------------
 * accumulate.c
 *	  Aggregates over vectors: states of groups, and values of these.
 *
 * Each gives exactly what PostgreSQL's function of that OID gives for the values in
 * this order.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/decimal.h"
#include "vector/accumulate.h"
#include "vector/exact_sum.h"
#include "vector/transition.h"

#define MASK(vec)	((vec)->constant ? 0 : ~0)

static const VecAccumulator *find_accumulator(Oid aggregate);
static void check_rights(Oid aggregate);

/*
 * name_add() and name_scatter(): run statements for each row, with state pointing to the
 * row's state; setup comes before.  The one state of name_add() is in registers.
 */
#define DEFINE_ADDING(name, State, setup, ...) \
static void \
name##_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *to) \
{ \
	State		own = *(State *) to; \
	State	   *state = &own; \
	setup \
	VEC_FOR_EACH(row, sel, n, __VA_ARGS__); \
	*(State *) to = own; \
} \
static void \
name##_scatter(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, \
			   char *const *groups, Size offset) \
{ \
	setup \
	VEC_FOR_EACH(row, sel, n, \
				 State	   *state = (State *) (groups[row] + offset); \
				 __VA_ARGS__); \
}

#define VALUES_OF(ctype, VALUES) \
	const ctype *values = VALUES(args[0]); \
	int			mask = MASK(args[0]);

/* ---------------- count ---------------- */

static void
count_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state)
{
	*(int64 *) state += n;
}

static void
count_scatter(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *const *groups,
			  Size offset)
{
	VEC_FOR_EACH(row, sel, n, (*(int64 *) (groups[row] + offset))++);
}

static void
count_combine(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state)
{
	VEC_FOR_EACH(row, sel, n, *(int64 *) state += VEC_INT64S(args[0])[VEC_ROW(args[0], row)]);
}

static Datum
count_value(VecAggregate *aggregate, const char *state, bool *isnull)
{
	return Int64GetDatum(*(const int64 *) state);
}

static bool
count_many(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec)
{
	for (int i = 0; i < n; i++)
		VEC_INT64S(vec)[i] = *(const int64 *) (groups[i] + offset);
	vec->nulls = NULL;
	return true;
}

static const VecStates count_states = {
	.size = sizeof(int64), .add = count_add, .scatter = count_scatter, .combine = count_combine,
	.partial = count_value
};

/* ---------------- sums of int2 and int4 ---------------- */

typedef struct IntegerSum
{
	int64		sum;
	int64		count;
} IntegerSum;

DEFINE_ADDING(integer, IntegerSum, VALUES_OF(int32, VEC_INT32S),
			  state->sum += values[row & mask];
			  state->count++)

static Datum
integer_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const IntegerSum *state = (const IntegerSum *) data;

	*isnull = state->count == 0;
	return Int64GetDatum(state->sum);
}

static bool
integer_sum_many(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec)
{
	for (int i = 0; i < n; i++)
	{
		const IntegerSum *state = (const IntegerSum *) (groups[i] + offset);

		VEC_INT64S(vec)[i] = state->sum;
		vec->nulls[i] = state->count == 0;
	}
	return true;
}

static Datum
integer_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const IntegerSum *state = (const IntegerSum *) data;

	*isnull = state->count == 0;
	return *isnull ? (Datum) 0 : exact_divide(state->sum, 0, state->count);
}

/* As int8pl() adds partial sums. */
static void
integer_sum_combine(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	IntegerSum *state = (IntegerSum *) data;

	VEC_FOR_EACH(row, sel, n,
				 if (__builtin_add_overflow(state->sum, VEC_INT64S(args[0])[VEC_ROW(args[0], row)], &state->sum))
				 ereport(ERROR,
						 (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						  errmsg("bigint out of range")));
				 state->count++);
}

/* The state of avg(): an array of count and sum. */
static Datum
integer_avg_partial(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const IntegerSum *state = (const IntegerSum *) data;
	Datum		values[2] = {Int64GetDatum(state->count), Int64GetDatum(state->sum)};

	return PointerGetDatum(construct_array(values, 2, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static void
integer_avg_combine(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	IntegerSum *state = (IntegerSum *) data;

	VEC_FOR_EACH(row, sel, n,
				 ArrayType  *array = DatumGetArrayTypeP(VEC_DATUMS(args[0])[VEC_ROW(args[0], row)]);
				 const int64 *values = (const int64 *) ARR_DATA_PTR(array);

				 state->count += values[0];
				 state->sum += values[1]);
}

static const VecStates integer_sum_states = {
	.size = sizeof(IntegerSum), .add = integer_add, .scatter = integer_scatter,
	.combine = integer_sum_combine, .partial = integer_sum
};

static const VecStates integer_avg_states = {
	.size = sizeof(IntegerSum), .add = integer_add, .scatter = integer_scatter,
	.combine = integer_avg_combine, .partial = integer_avg_partial
};

/* ---------------- sums of float8 ---------------- */

typedef struct FloatSum
{
	float8		sum;
	bool		found;
} FloatSum;

/* The first is the sum as it is, a negative zero too. */
DEFINE_ADDING(float_sum, FloatSum, VALUES_OF(float8, VEC_FLOAT64S),
			  state->sum = state->found ? float8_pl(state->sum, values[row & mask]) : values[row & mask];
			  state->found = true)

static Datum
float_sum(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const FloatSum *state = (const FloatSum *) data;

	*isnull = !state->found;
	return Float8GetDatum(state->sum);
}

static const VecStates float_sum_states = {
	.size = sizeof(FloatSum), .raises = true, .add = float_sum_add, .scatter = float_sum_scatter,
	.partial = float_sum
};

/* The state of float8_accum(). */
typedef struct FloatMoments
{
	float8		count;
	float8		sum;
	float8		squares;		/* of distances from the mean */
} FloatMoments;

/* By Youngs and Cramer, as PostgreSQL does, which may overflow where the sum does not. */
static inline void
add_moment(FloatMoments *state, float8 value)
{
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
		state->squares = get_float8_nan();
}

DEFINE_ADDING(moments, FloatMoments, VALUES_OF(float8, VEC_FLOAT64S), add_moment(state, values[row & mask]))

static Datum
moments_partial(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const FloatMoments *state = (const FloatMoments *) data;
	Datum		values[3] = {Float8GetDatum(state->count), Float8GetDatum(state->sum), Float8GetDatum(state->squares)};

	return PointerGetDatum(construct_array(values, 3, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* As float8_combine() does. */
static void
combine_moments(FloatMoments *state, const float8 *other)
{
	float8		count = state->count + other[0];
	float8		distance;
	float8		squares;

	if (other[0] == 0.0)
		return;
	if (state->count == 0.0)
	{
		memcpy(state, other, sizeof(FloatMoments));
		return;
	}
	distance = state->sum / state->count - other[1] / other[0];
	squares = state->squares + other[2] + state->count * other[0] * distance * distance / count;
	if (isinf(squares) && !isinf(state->squares) && !isinf(other[2]))
		float_overflow_error();
	state->sum = float8_pl(state->sum, other[1]);
	state->squares = squares;
	state->count = count;
}

static void
moments_combine(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state)
{
	VEC_FOR_EACH(row, sel, n,
				 ArrayType  *array = DatumGetArrayTypeP(VEC_DATUMS(args[0])[VEC_ROW(args[0], row)]);

				 combine_moments((FloatMoments *) state, (const float8 *) ARR_DATA_PTR(array)));
}

static Datum
float_avg(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const FloatMoments *state = (const FloatMoments *) data;

	*isnull = state->count == 0.0;
	return *isnull ? (Datum) 0 : Float8GetDatum(state->sum / state->count);
}

static const VecStates moments_states = {
	.size = sizeof(FloatMoments), .raises = true, .add = moments_add, .scatter = moments_scatter,
	.combine = moments_combine, .partial = moments_partial
};

/* ---------------- min and max ---------------- */

typedef struct IntegerExtreme
{
	int64		value;
	bool		found;
} IntegerExtreme;

typedef struct FloatExtreme
{
	float8		value;
	bool		found;
} FloatExtreme;

/* Of values that are equal PostgreSQL's functions take the second. */
#define DEFINE_EXTREME(name, State, ctype, VALUES, stays) \
DEFINE_ADDING(name, State, VALUES_OF(ctype, VALUES), \
			  ctype		value = values[row & mask]; \
			  if (!state->found || !(stays)) \
			  state->value = value; \
			  state->found = true) \
static const VecStates name##_states = { \
	.size = sizeof(State), .add = name##_add, .scatter = name##_scatter, .partial = name##_partial \
};

#define DEFINE_EXTREME_VALUE(name, State, to_datum) \
static Datum \
name(VecAggregate *aggregate, const char *data, bool *isnull) \
{ \
	*isnull = !((const State *) data)->found; \
	return to_datum(((const State *) data)->value); \
}

DEFINE_EXTREME_VALUE(int16_extreme, IntegerExtreme, Int16GetDatum)
DEFINE_EXTREME_VALUE(int32_extreme, IntegerExtreme, Int32GetDatum)
DEFINE_EXTREME_VALUE(int64_extreme, IntegerExtreme, Int64GetDatum)
DEFINE_EXTREME_VALUE(float_extreme, FloatExtreme, Float8GetDatum)

#define int16_min_partial	int16_extreme
#define int16_max_partial	int16_extreme
#define int32_min_partial	int32_extreme
#define int32_max_partial	int32_extreme
#define int64_min_partial	int64_extreme
#define int64_max_partial	int64_extreme
#define float_min_partial	float_extreme
#define float_max_partial	float_extreme

DEFINE_EXTREME(int16_min, IntegerExtreme, int32, VEC_INT32S, state->value < value)
DEFINE_EXTREME(int16_max, IntegerExtreme, int32, VEC_INT32S, state->value > value)
DEFINE_EXTREME(int32_min, IntegerExtreme, int32, VEC_INT32S, state->value < value)
DEFINE_EXTREME(int32_max, IntegerExtreme, int32, VEC_INT32S, state->value > value)
DEFINE_EXTREME(int64_min, IntegerExtreme, int64, VEC_INT64S, state->value < value)
DEFINE_EXTREME(int64_max, IntegerExtreme, int64, VEC_INT64S, state->value > value)
DEFINE_EXTREME(float_min, FloatExtreme, float8, VEC_FLOAT64S, float8_lt(state->value, value))
DEFINE_EXTREME(float_max, FloatExtreme, float8, VEC_FLOAT64S, float8_gt(state->value, value))

/* Of any type, by the transition function, which chooses one of its two arguments. */
typedef struct AnyExtreme
{
	Datum		value;			/* a decimal, if it is one */
	bool		found;
	bool		decimal;
	uint8		scale;
} AnyExtreme;

static void
keep_extreme(VecAggregate *aggregate, AnyExtreme *state, Datum value)
{
	const VecType *type = &aggregate->types[0];
	MemoryContext old = MemoryContextSwitchTo(vec_state_memory(aggregate->memory));
	Datum		before = state->value;

	state->value = datumCopy(value, type->typbyval, type->typlen);
	if (state->found && !type->typbyval)
		pfree(DatumGetPointer(before));
	state->found = true;
	MemoryContextSwitchTo(old);
}

static void
choose_extreme(VecAggregate *aggregate, AnyExtreme *state, Datum value)
{
	Datum		chosen;

	if (state->decimal)
	{
		MemoryContext old = MemoryContextSwitchTo(vec_state_memory(aggregate->memory));

		state->value = decimal_datum(state->value, state->scale);
		state->decimal = false;
		MemoryContextSwitchTo(old);
	}
	chosen = !state->found ? value : FunctionCall2Coll(&aggregate->choose, aggregate->collation, state->value, value);
	if (!state->found || chosen != state->value)
		keep_extreme(aggregate, state, chosen);
}

static inline void
add_extreme(VecAggregate *aggregate, AnyExtreme *state, const Vec *arg, int row)
{
	bool		isnull;

	if (arg->kind == VEC_DECIMAL && (!state->found || (state->decimal && state->scale == arg->scale)))
	{
		int64		value = VEC_INT64S(arg)[VEC_ROW(arg, row)];
		bool		is_max = aggregate->accumulator->aggregate == F_MAX_NUMERIC;

		if (!state->found || (is_max ? (int64) state->value <= value : (int64) state->value >= value))
			state->value = value;
		state->found = state->decimal = true;
		state->scale = arg->scale;
	}
	else
		choose_extreme(aggregate, state, vec_get_datum(arg, &aggregate->types[0], row, &isnull));
}

DEFINE_ADDING(any_extreme, AnyExtreme, , add_extreme(aggregate, state, args[0], row))

static Datum
any_extreme(VecAggregate *aggregate, const char *data, bool *isnull)
{
	const AnyExtreme *state = (const AnyExtreme *) data;

	*isnull = !state->found;
	return state->decimal ? decimal_datum(state->value, state->scale) : state->value;
}

/* Decimals of one scale. */
static bool
any_extreme_many(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec)
{
	int			scale = -1;

	for (int i = 0; i < n; i++)
	{
		const AnyExtreme *state = (const AnyExtreme *) (groups[i] + offset);

		if (state->found && (!state->decimal || (scale >= 0 && scale != state->scale)))
			return false;
		vec->nulls[i] = !state->found;
		if (state->found)
			scale = state->scale;
		VEC_INT64S(vec)[i] = state->value;
	}
	if (scale < 0)
		return false;
	vec->kind = VEC_DECIMAL;
	vec->scale = scale;
	return true;
}

static const VecStates any_extreme_states = {
	.size = sizeof(AnyExtreme), .points = true, .add = any_extreme_add,
	.scatter = any_extreme_scatter, .partial = any_extreme
};

/* ---------------- which aggregate has which ---------------- */

static const VecAccumulator accumulators[] = {
	{F_COUNT_, &count_states, count_value, count_many},
	{F_COUNT_ANY, &count_states, count_value, count_many},
	{F_SUM_INT2, &integer_sum_states, integer_sum, integer_sum_many},
	{F_SUM_INT4, &integer_sum_states, integer_sum, integer_sum_many},
	{F_SUM_INT8, &exact_sum_of_int8, exact_sum, exact_sum_many},
	{F_SUM_NUMERIC, &exact_sum_of_numeric, exact_sum, exact_sum_many},
	{F_SUM_FLOAT8, &float_sum_states, float_sum},
	{F_AVG_INT2, &integer_avg_states, integer_avg},
	{F_AVG_INT4, &integer_avg_states, integer_avg},
	{F_AVG_INT8, &exact_sum_of_int8, exact_avg},
	{F_AVG_NUMERIC, &exact_sum_of_numeric, exact_avg},
	{F_AVG_FLOAT8, &moments_states, float_avg},
	{F_MIN_INT2, &int16_min_states, int16_extreme},
	{F_MAX_INT2, &int16_max_states, int16_extreme},
	{F_MIN_INT4, &int32_min_states, int32_extreme},
	{F_MAX_INT4, &int32_max_states, int32_extreme},
	{F_MIN_DATE, &int32_min_states, int32_extreme},
	{F_MAX_DATE, &int32_max_states, int32_extreme},
	{F_MIN_INT8, &int64_min_states, int64_extreme},
	{F_MAX_INT8, &int64_max_states, int64_extreme},
	{F_MIN_TIME, &int64_min_states, int64_extreme},
	{F_MAX_TIME, &int64_max_states, int64_extreme},
	{F_MIN_TIMESTAMP, &int64_min_states, int64_extreme},
	{F_MAX_TIMESTAMP, &int64_max_states, int64_extreme},
	{F_MIN_TIMESTAMPTZ, &int64_min_states, int64_extreme},
	{F_MAX_TIMESTAMPTZ, &int64_max_states, int64_extreme},
	{F_MIN_FLOAT8, &float_min_states, float_extreme},
	{F_MAX_FLOAT8, &float_max_states, float_extreme},
	{F_MIN_NUMERIC, &any_extreme_states, any_extreme, any_extreme_many},
	{F_MAX_NUMERIC, &any_extreme_states, any_extreme, any_extreme_many},
	{F_MIN_TEXT, &any_extreme_states, any_extreme},
	{F_MAX_TEXT, &any_extreme_states, any_extreme},
	{F_MIN_BPCHAR, &any_extreme_states, any_extreme},
	{F_MAX_BPCHAR, &any_extreme_states, any_extreme},
};

static const VecAccumulator *
find_accumulator(Oid aggregate)
{
	for (int i = 0; i < lengthof(accumulators); i++)
		if (accumulators[i].aggregate == aggregate)
			return &accumulators[i];
	return NULL;
}

bool
vec_accumulator_exists(Oid aggregate)
{
	return find_accumulator(aggregate) != NULL;
}

/* ---------------- one aggregate ---------------- */

/* Those that an Agg node asks for. */
static void
check_rights(Oid aggregate)
{
	AclResult	result = pg_proc_aclcheck(aggregate, GetUserId(), ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_AGGREGATE, get_func_name(aggregate));
	InvokeFunctionExecuteHook(aggregate);
}

static void
find_choice(VecAggregate *aggregate, Oid function)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", function);
	fmgr_info(((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn, &aggregate->choose);
	ReleaseSysCache(tuple);
}

void
vec_aggregate_init(VecAggregate *aggregate, Aggref *aggref, AggState *shell)
{
	ListCell   *lc;

	check_rights(aggref->aggfnoid);
	aggregate->shell = shell;
	aggregate->collation = aggref->inputcollid;
	aggregate->combines = DO_AGGSPLIT_COMBINE(aggref->aggsplit);
	aggregate->partial = DO_AGGSPLIT_SKIPFINAL(aggref->aggsplit);
	aggregate->types = palloc(sizeof(VecType) * Max(list_length(aggref->args), 1));
	foreach(lc, aggref->args)
	{
		Node	   *arg = (Node *) lfirst_node(TargetEntry, lc)->expr;

		vec_type_init(&aggregate->types[aggregate->nargs++], exprType(arg), exprTypmod(arg), aggref->inputcollid);
	}
	aggregate->accumulator = find_accumulator(aggref->aggfnoid);
	if (aggregate->accumulator == NULL)
		vec_transition_init(aggregate, aggref);
	else
	{
		aggregate->strict = true;
		if (aggregate->accumulator->states == &any_extreme_states)
			find_choice(aggregate, aggref->aggfnoid);
	}
}

bool
vec_aggregate_shares(const VecAggregate *a, const VecAggregate *b)
{
	/* what min and max keep is their own */
	return a->transition == NULL && a->accumulator->states == b->accumulator->states &&
		(a->accumulator->states != &any_extreme_states || a->accumulator == b->accumulator) &&
		a->combines == b->combines && a->collation == b->collation;
}

Size
vec_aggregate_size(const VecAggregate *aggregate)
{
	return MAXALIGN(aggregate->accumulator->states->size);
}

void
vec_aggregate_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state)
{
	const VecStates *states = aggregate->accumulator->states;

	(aggregate->combines && states->combine ? states->combine : states->add) (aggregate, args, sel, n, state);
}

void
vec_aggregate_scatter(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *const *groups,
					  Size offset)
{
	const VecStates *states = aggregate->accumulator->states;

	if (states->scatter && !(aggregate->combines && states->combine))
	{
		states->scatter(aggregate, args, sel, n, groups, offset);
		return;
	}
	VEC_FOR_EACH(row, sel, n,
				 uint16		one = row;

				 vec_aggregate_add(aggregate, args, &one, 1, groups[row] + offset));
}

Datum
vec_aggregate_value(VecAggregate *aggregate, const char *state, bool *isnull)
{
	const VecAccumulator *accumulator = aggregate->accumulator;

	*isnull = false;
	return (aggregate->partial ? accumulator->states->partial : accumulator->finish) (aggregate, state, isnull);
}

void
vec_aggregate_finish(VecAggregate *aggregate, char *const *groups, Size offset, int n, Vec *vec,
					 const VecType *type, bool *nulls)
{
	const VecAccumulator *accumulator = aggregate->accumulator;

	vec_expect_datums(vec, type, nulls);
	if (!aggregate->partial && accumulator->finish_many &&
		accumulator->finish_many(aggregate, groups, offset, n, vec))
		return;
	vec_expect_datums(vec, type, nulls);
	for (int row = 0; row < n; row++)
	{
		bool		isnull;
		Datum		value = vec_aggregate_value(aggregate, groups[row] + offset, &isnull);

		vec_put_datum(vec, type, row, value, isnull);
	}
}

/* ---------------- memory of states ---------------- */

MemoryContext
vec_state_memory(VecStateMemory *memory)
{
	if (memory->econtext == NULL)
		memory->econtext = CreateExprContext(memory->estate);
	return memory->econtext->ecxt_per_tuple_memory;
}

AggState *
vec_aggregate_shell(VecAggregate *aggregate)
{
	(void) vec_state_memory(aggregate->memory);
	aggregate->shell->curaggcontext = aggregate->memory->econtext;
	return aggregate->shell;
}

void
vec_state_memory_reset(VecStateMemory *memory)
{
	if (memory->econtext)
		ReScanExprContext(memory->econtext);
}

Size
vec_state_memory_bytes(const VecStateMemory *memory)
{
	return memory->econtext ? MemoryContextMemAllocated(memory->econtext->ecxt_per_tuple_memory, true) : 0;
}
