/*-------------------------------------------------------------------------
 * summaries.c
 *	  Actions that sum up: histograms, numbers of different elements, maps.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "rdd/arguments.h"
#include "rdd/combine.h"
#include "rdd/query.h"

PG_FUNCTION_INFO_V1(barks_rdd_histogram_bounds);

#define DEFAULT_RSD 0.05
/* whose bounds are an array */
#define MAX_BUCKETS 10000000

static RddShape *
number(Oid type)
{
	return rdd_shape_leaf(type, -1, InvalidOid);
}

void
rdd_expect_numbers(const char *operation, const RddStep *input)
{
	char		category = 0;
	bool		preferred;

	if (rdd_shape_is_leaf(input->shape))
		get_type_category_preferred(input->shape->type, &category, &preferred);
	if (category != TYPCATEGORY_NUMERIC ||
		!can_coerce_type(1, &input->shape->type, &(Oid) {FLOAT8OID}, COERCION_EXPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("barks.rdd_%s needs numbers, not elements of type %s", operation,
						rdd_shape_text(input->shape))));
}

/* histogram(r, n), histogram(r, bounds) → lower, upper, count of each bucket */
static void
check_histogram(RddStep *step, List *inputs)
{
	rdd_expect_numbers(step->name, linitial(inputs));
	if (rdd_arg_is_null(step, 0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("buckets of a histogram must not be null")));
	if (rdd_arg(step, 0)->consttype == INT4OID && rdd_arg_int(step, 0) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of buckets must be positive, not %d", rdd_arg_int(step, 0))));
	if (rdd_arg(step, 0)->consttype == INT4OID && rdd_arg_int(step, 0) > MAX_BUCKETS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of buckets must be at most %d, not %d", MAX_BUCKETS, rdd_arg_int(step, 0))));
	if (rdd_arg(step, 0)->consttype != INT4OID)
	{
		ArrayType  *bounds = DatumGetArrayTypeP(rdd_arg(step, 0)->constvalue);
		float8	   *values = (float8 *) ARR_DATA_PTR(bounds);
		int			count = ArrayGetNItems(ARR_NDIM(bounds), ARR_DIMS(bounds));

		if (ARR_NDIM(bounds) != 1 || count < 2 || array_contains_nulls(bounds))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("buckets must be an array of at least two numbers")));
		for (int i = 1; i < count; i++)
		{
			if (!(values[i - 1] < values[i]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("bounds of buckets must be in order, each once")));
		}
	}
	step->shape = rdd_shape_tuple(list_make3(number(FLOAT8OID), number(FLOAT8OID), number(INT8OID)));
}

/* Buckets have their lower bounds, the last one its upper bound too. */
static void
compile_histogram(RddQuery *query, const RddStep *step, StringInfo select)
{
	bool		even = rdd_arg(step, 0)->consttype == INT4OID;
	const char *from = even ? rdd_from_twice(query, step, 0) : rdd_from(query, step, 0);
	const char *bounds = rdd_arg_literal(step, 0);
	const char *bucket = "pg_catalog.width_bucket(s.x, b.bounds)";

	if (even)
	{
		bounds = "(SELECT b.bounds FROM \"rdd bounds\" AS b)";
		appendStringInfo(&query->with, "%s\"rdd bounds\" AS (SELECT barks.rdd_histogram_bounds("
						 "pg_catalog.min(s.x::pg_catalog.float8), pg_catalog.max(s.x::pg_catalog.float8), %d) AS bounds FROM %s AS s)",
						 query->with.len > 0 ? ", " : "", rdd_arg_int(step, 0), from);
		/* as Spark does for even buckets: no search, and the same rounding */
		bucket = psprintf("CASE WHEN b.bounds[1] = b.bounds[2] THEN 1 ELSE pg_catalog.floor((s.x - b.bounds[1]) / "
						  "(b.bounds[%d] - b.bounds[1]) * %d)::pg_catalog.int4 + 1 END",
						  rdd_arg_int(step, 0) + 1, rdd_arg_int(step, 0));
	}
	appendStringInfo(select, "SELECT b.bounds[g.i] AS \"x._1\", b.bounds[g.i + 1] AS \"x._2\", COALESCE(c.n, 0) AS \"x._3\", g.i::pg_catalog.int8 AS \"#1\" "
					 "FROM (SELECT %s AS bounds) AS b CROSS JOIN LATERAL pg_catalog.generate_series(1, pg_catalog.cardinality(b.bounds) - 1) AS g(i) "
					 "LEFT JOIN (SELECT s.i, pg_catalog.count(*) AS n FROM (SELECT LEAST(%s, pg_catalog.cardinality(b.bounds) - 1) AS i "
					 "FROM (SELECT s.x::pg_catalog.float8 AS x FROM %s AS s) AS s CROSS JOIN (SELECT %s AS bounds) AS b "
					 "WHERE s.x >= b.bounds[1] AND s.x <= b.bounds[pg_catalog.cardinality(b.bounds)]) AS s GROUP BY s.i) AS c ON c.i = g.i",
					 bounds, bucket, from, bounds);
	rdd_set_order(query, step, 1);
}

/* rdd_histogram_bounds(min, max, n): one bucket where there is one value */
Datum
barks_rdd_histogram_bounds(PG_FUNCTION_ARGS)
{
	int			n = PG_ARGISNULL(2) ? 1 : PG_GETARG_INT32(2);
	float8		lower;
	float8		upper;
	Datum	   *bounds;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || isnan(PG_GETARG_FLOAT8(1)) || isinf(PG_GETARG_FLOAT8(1)) ||
		isinf(PG_GETARG_FLOAT8(0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot make a histogram of an RDD that is empty or has infinity or NaN"),
				 errhint("Give the bounds of its buckets.")));
	lower = PG_GETARG_FLOAT8(0);
	upper = PG_GETARG_FLOAT8(1);
	if (isinf(upper - lower))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("elements from %g to %g are too far apart for even buckets", lower, upper),
				 errhint("Give the bounds of the buckets.")));
	if (n < 1 || lower == upper)
		n = 1;
	if (n > MAX_BUCKETS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of buckets must be at most %d, not %d", MAX_BUCKETS, n)));
	bounds = palloc((n + 1) * sizeof(Datum));
	for (int i = 0; i < n; i++)
		bounds[i] = Float8GetDatum(lower + ((upper - lower) * i) / n);
	bounds[n] = Float8GetDatum(upper);
	PG_RETURN_ARRAYTYPE_P(construct_array(bounds, n + 1, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/* Registers for a relative standard deviation: 1.04 / sqrt(2 ^ precision) is not above it. */
static int
precision_of(const RddStep *step, int number)
{
	float8		rsd = rdd_arg_is_null(step, number) ? DEFAULT_RSD : DatumGetFloat8(rdd_arg(step, number)->constvalue);
	int			precision;

	if (!(rsd > 0 && rsd <= 0.4))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the relative standard deviation must be above 0 and at most 0.4, not %g", rsd)));
	precision = (int) ceil(2 * log2(1.04 / rsd));
	if (precision > 20)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the relative standard deviation must be at least %g, not %g", 0.00102, rsd),
				 errhint("Count distinct elements exactly: barks.rdd_count(barks.rdd_distinct(r)).")));
	return Max(precision, 4);
}

/* count_approx_distinct(r, rsd) */
static void
check_distinct_approx(RddStep *step, List *inputs)
{
	(void) precision_of(step, 0);
	step->shape = number(INT8OID);
}

static void
compile_distinct_approx(RddQuery *query, const RddStep *step, StringInfo select)
{
	appendStringInfo(select, "SELECT barks.rdd_hll(%d, %s) AS x FROM %s AS s", precision_of(step, 0),
					 rdd_hash_of("s", 0, false, rdd_shape_columns(rdd_input(query, step, 0)->shape)),
					 rdd_from(query, step, 0));
}

/* count_approx_distinct_by_key(r, rsd, n): a transformation, as in Spark */
static void
check_distinct_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	(void) precision_of(step, 0);
	step->shape = rdd_shape_pair(rdd_shape_key(input->shape), number(INT8OID));
	step->partitions = rdd_arg_partitions(step, 1, input->partitions);
	step->by_key = true;
}

static void
compile_distinct_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	List	   *keys = rdd_shape_leaves(rdd_shape_key(step->shape), "k");

	appendStringInfo(select, "SELECT %s, barks.rdd_hll(%d, %s) AS v FROM %s AS s GROUP BY %s",
					 rdd_columns("s", keys, keys), precision_of(step, 0),
					 rdd_hash_of("s", 0, false, rdd_shape_leaves(rdd_shape_value(rdd_input(query, step, 0)->shape), "v")),
					 rdd_from(query, step, 0), rdd_plain_columns("s", keys));
}

/* collect_as_map(r), reduce_by_key_locally(r, f) → one jsonb object */
static void
check_map(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	if (!rdd_shape_is_leaf(rdd_shape_key(input->shape)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a map cannot have keys of type %s", rdd_shape_text(rdd_shape_key(input->shape))),
				 errhint("Make the key one value, such as its text.")));
	if (strcmp(step->name, "reduce_by_key_locally") == 0)
	{
		rdd_expect_equality(step, rdd_shape_key(input->shape));
		(void) rdd_combination(step, rdd_shape_value(input->shape));
	}
	step->shape = number(JSONBOID);
}

/* Of several values of a key the last one stays. */
static void
compile_map(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);
	int			order = rdd_order_of(query, step, 0);
	StringInfoData value;
	StringInfoData reduced;

	initStringInfo(&value);
	initStringInfo(&reduced);
	if (strcmp(step->name, "reduce_by_key_locally") == 0)
	{
		List	   *keys = rdd_shape_leaves(rdd_shape_key(input->shape), "k");
		List	   *values = rdd_shape_leaves(rdd_shape_value(input->shape), "v");

		rdd_compile_combination(rdd_combination(step, rdd_shape_value(input->shape)), values, values, keys, from,
								&reduced);
		from = psprintf("(%s)", reduced.data);
		order = 0;
	}
	rdd_append_json(&value, rdd_shape_value(input->shape), "v");
	appendStringInfo(select, "SELECT COALESCE(pg_catalog.jsonb_object_agg(s.k::pg_catalog.text, %s", value.data);
	for (int i = 1; i <= order; i++)
		appendStringInfo(select, "%ss.\"#%d\"", i > 1 ? ", " : " ORDER BY ", i);
	appendStringInfo(select, "), '{}') AS x FROM %s AS s", from);
}

/* foreach(r, f) */
static Lambda *
effect_lambda(const RddStep *step, const RddStep *input)
{
	return lambda_make(rdd_arg_text(step, 0), lambda_element(input->shape), LAMBDA_EFFECT, InvalidOid);
}

static void
check_foreach(RddStep *step, List *inputs)
{
	step->shape = (RddShape *) effect_lambda(step, linitial(inputs))->shape;
}

static void
compile_foreach(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = effect_lambda(step, rdd_input(query, step, 0));
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s",
					 rdd_lambda_columns(query, lambda, rdd_shape_columns(step->shape)),
					 rdd_keep_order(query, step, 0), from);
}

const RddOperation rdd_summary_operations[] = {
	{"count_approx_distinct_by_key", check_distinct_by_key, compile_distinct_by_key, RDD_NOTHING},
	{NULL}
};

const RddOperation rdd_summary_actions[] = {
	{"histogram", check_histogram, compile_histogram, RDD_NOTHING},
	{"count_approx_distinct", check_distinct_approx, compile_distinct_approx, RDD_NOTHING},
	{"collect_as_map", check_map, compile_map, RDD_ORDER},
	{"reduce_by_key_locally", check_map, compile_map, RDD_NOTHING},
	{"foreach", check_foreach, compile_foreach},
	{NULL}
};
