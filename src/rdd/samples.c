/*-------------------------------------------------------------------------
 * samples.c
 *	  Samples: of all elements, of each key, of a given size, in parts.
 *
 * Chance is a hash of the seed and of what tells an element from others: its order,
 * or, where there is none, what it is and the how manieth of its like.  So the same
 * elements give the same sample whatever partitions and nodes there are.  A sample
 * of a sample must not depend on the same chance: seeds are mixed with how many
 * samples were drawn before.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "rdd/arguments.h"
#include "rdd/calls.h"
#include "rdd/query.h"

PG_FUNCTION_INFO_V1(barks_rdd_random_split);

static void choose_seed(RddStep *step, int number);
static int64 seed_of(const RddQuery *query, const RddStep *step, int number);
static const char *told_apart(RddQuery *query, const RddStep *step, StringInfo identity);
static bool replaces(const RddStep *step);
static double fraction_of(const RddStep *step, int number, bool with_replacement);
static void compile_bernoulli(RddQuery *query, const RddStep *step, const char *condition, const char *from,
							  StringInfo select);
static void compile_poisson(RddQuery *query, const RddStep *step, const char *copies, const char *from,
							StringInfo select);

/* Without a seed one is chosen when the transformation is called, as in Spark. */
static void
choose_seed(RddStep *step, int number)
{
	if (rdd_arg_is_null(step, number))
		lfirst(list_nth_cell(step->args, number)) =
			makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
					  Int64GetDatum((int64) pg_prng_uint64(&pg_global_prng_state)), false, true);
}

static int64
seed_of(const RddQuery *query, const RddStep *step, int number)
{
	uint64		seed = DatumGetInt64(rdd_arg(step, number)->constvalue);

	for (const RddStep *at = step; at->inputs != NIL;)
	{
		at = rdd_input(query, at, 0);
		if (strncmp(at->name, "sample", 6) == 0)
			seed = hash_combine64(seed, 1);
	}
	return (int64) seed;
}

/*
 * The input as FROM has it, and columns of it (each after a comma) that no two
 * elements have alike.
 */
static const char *
told_apart(RddQuery *query, const RddStep *step, StringInfo identity)
{
	const char *from = rdd_from(query, step, 0);
	const char *columns = rdd_order_columns(query, step, 0);

	appendStringInfo(identity, ", %s", columns);
	if (rdd_order_kind(query, step, 0) == ORDER_UNIQUE)
		return from;
	appendStringInfoString(identity, ", s.\"#c\"");
	return psprintf("(SELECT s.*, pg_catalog.row_number() OVER (PARTITION BY %s) AS \"#c\" FROM %s AS s)",
					columns, from);
}

/* Is the sample one with replacement? */
static bool
replaces(const RddStep *step)
{
	if (rdd_arg_is_null(step, 0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument 2 of barks.rdd_%s must not be null", step->name)));
	return rdd_arg_bool(step, 0, false);
}

static double
fraction_of(const RddStep *step, int number, bool with_replacement)
{
	double		fraction;

	if (rdd_arg_is_null(step, number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the fraction of a sample must not be null")));
	fraction = DatumGetFloat8(rdd_arg(step, number)->constvalue);
	if (!(fraction >= 0) || (fraction > 1 && !with_replacement) || isinf(fraction))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fraction of a sample must be %s, not %g",
						with_replacement ? "at least 0" : "between 0 and 1", fraction)));
	return fraction;
}

/* sample(r, with_replacement, fraction, seed) */
static void
check_sample(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	(void) fraction_of(step, 1, replaces(step));
	choose_seed(step, 2);
	step->shape = input->shape;
	step->by_key = input->by_key;
}

static void
compile_sample(RddQuery *query, const RddStep *step, StringInfo select)
{
	bool		with_replacement = replaces(step);
	double		fraction = fraction_of(step, 1, with_replacement);
	int64		seed = seed_of(query, step, 2);
	StringInfoData identity;
	const char *from;

	initStringInfo(&identity);
	from = told_apart(query, step, &identity);
	if (with_replacement)
		compile_poisson(query, step,
						psprintf("barks.rdd_copies('%.17g', '" INT64_FORMAT "'%s)", fraction, seed, identity.data),
						from, select);
	else
		compile_bernoulli(query, step,
						  psprintf("barks.rdd_uniform('" INT64_FORMAT "'%s) < '%.17g'::pg_catalog.float8", seed,
								   identity.data, fraction), from, select);
}

static void
compile_bernoulli(RddQuery *query, const RddStep *step, const char *condition, const char *from, StringInfo select)
{
	appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE %s", rdd_same_columns("s", step->shape),
					 rdd_keep_order(query, step, 0), from, condition);
}

/* Each element so many times; which of them is the last order column. */
static void
compile_poisson(RddQuery *query, const RddStep *step, const char *copies, const char *from, StringInfo select)
{
	const char *order = rdd_keep_order(query, step, 0);
	int			norder = rdd_order_of(query, step, 0);

	appendStringInfo(select, "SELECT %s%s, pg_catalog.generate_series(1::pg_catalog.int8, %s) AS \"#%d\" FROM %s AS s",
					 rdd_same_columns("s", step->shape), order, copies, norder + 1, from);
	rdd_set_order(query, step, norder + 1);
}

/* sample_range(r, lower, upper, seed): the part of a random split */
static void
check_sample_range(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	if (fraction_of(step, 0, false) > fraction_of(step, 1, false))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the lower bound of a sample must not be greater than the upper bound")));
	choose_seed(step, 2);
	step->shape = input->shape;
	step->by_key = input->by_key;
}

static void
compile_sample_range(RddQuery *query, const RddStep *step, StringInfo select)
{
	StringInfoData identity;
	const char *from;
	const char *chance;

	initStringInfo(&identity);
	from = told_apart(query, step, &identity);
	chance = psprintf("barks.rdd_uniform('" INT64_FORMAT "'%s)", seed_of(query, step, 2), identity.data);
	compile_bernoulli(query, step,
					  psprintf("%s >= '%.17g'::pg_catalog.float8 AND %s < '%.17g'::pg_catalog.float8", chance,
							   fraction_of(step, 0, false), chance, fraction_of(step, 1, false)), from, select);
}

/* random_split(r, weights, seed): parts that have each element once */
Datum
barks_rdd_random_split(PG_FUNCTION_ARGS)
{
	Datum	   *weights;
	bool	   *nulls;
	int			count;
	double		total = 0;
	double		before = 0;
	Datum	   *parts;
	Const	   *seed = makeConst(INT8OID, -1, InvalidOid, sizeof(int64), (Datum) 0, true, true);

	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of barks.rdd_random_split must not be null", i + 1)));
	}
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &weights, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] || !(DatumGetFloat8(weights[i]) >= 0) || isinf(DatumGetFloat8(weights[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights must not be null or negative")));
		total += DatumGetFloat8(weights[i]);
	}
	if (!(total > 0) || isinf(total))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the sum of the weights must be positive")));
	seed->constisnull = false;
	seed->constvalue = PG_ARGISNULL(2) ? Int64GetDatum((int64) pg_prng_uint64(&pg_global_prng_state))
		: PG_GETARG_DATUM(2);
	parts = palloc(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		double		after = before + DatumGetFloat8(weights[i]);
		/* sums go up, and the last is all */
		double		bounds[2] = {Min(before / total, 1.0), i == count - 1 ? 1.0 : Min(after / total, 1.0)};
		List	   *args = NIL;

		for (int j = 0; j < 2; j++)
			args = lappend(args, makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8), Float8GetDatum(bounds[j]),
										   false, FLOAT8PASSBYVAL));
		parts[i] = rdd_to_datum(rdd_apply("sample_range", list_make1(rdd_from_datum(PG_GETARG_DATUM(0))),
										  lappend(args, seed)));
		before = after;
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(parts, count, rdd_type(), -1, false, TYPALIGN_INT));
}

/* sample_by_key(r, with_replacement, fractions, seed), sample_by_key_exact(…) */
static void
check_sample_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	if (!rdd_shape_is_leaf(rdd_shape_key(input->shape)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.rdd_%s cannot name keys of type %s", step->name,
						rdd_shape_text(rdd_shape_key(input->shape))),
				 errhint("Make the key one value, such as its text.")));
	(void) replaces(step);
	if (rdd_arg_is_null(step, 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the fractions of a sample must not be null")));
	if (strcmp(step->name, "sample_by_key_exact") == 0)
		rdd_expect_equality(step, rdd_shape_key(input->shape));
	choose_seed(step, 2);
	step->shape = input->shape;
	step->by_key = input->by_key;
}

static char *
fraction_sql(const RddStep *step, const char *key)
{
	return psprintf("barks.rdd_fraction(%s, %s::pg_catalog.text, %s)", rdd_arg_literal(step, 1), key,
					replaces(step) ? "true" : "false");
}

static void
compile_sample_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	int64		seed = seed_of(query, step, 2);
	StringInfoData identity;
	const char *from;

	initStringInfo(&identity);
	from = told_apart(query, step, &identity);
	if (replaces(step))
		compile_poisson(query, step,
						psprintf("barks.rdd_copies(%s, '" INT64_FORMAT "'%s)", fraction_sql(step, "s.k"), seed,
								 identity.data), from, select);
	else
		compile_bernoulli(query, step,
						  psprintf("barks.rdd_uniform('" INT64_FORMAT "'%s) < %s", seed, identity.data,
								   fraction_sql(step, "s.k")), from, select);
}

/* Of a key with n elements, the first ceil(fraction * n) by chance; or as many draws among them. */
static void
compile_sample_by_key_exact(RddQuery *query, const RddStep *step, StringInfo select)
{
	int64		seed = seed_of(query, step, 2);
	bool		with_replacement = replaces(step);
	const char *columns = rdd_same_columns("s", step->shape);
	List	   *keys = rdd_shape_leaves(rdd_shape_key(step->shape), "k");
	StringInfoData identity;
	const char *from;
	const char *order;
	int			norder;

	initStringInfo(&identity);
	(void) rdd_from_twice(query, step, 0);
	from = told_apart(query, step, &identity);
	order = rdd_keep_order(query, step, 0);
	norder = rdd_order_of(query, step, 0);
	from = psprintf("(SELECT s.*, pg_catalog.row_number() OVER (PARTITION BY s.k ORDER BY s.\"#u\"%s) AS \"#r\", "
					"pg_catalog.count(*) OVER (PARTITION BY s.k) AS \"#n\" FROM (SELECT s.*, "
					"barks.rdd_uniform('" INT64_FORMAT "'%s) AS \"#u\" FROM %s AS s) AS s)",
					identity.data, seed, identity.data, from);
	if (!with_replacement)
	{
		appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE s.\"#r\" <= pg_catalog.ceil(%s * s.\"#n\")",
						 columns, order, from, fraction_sql(step, "s.k"));
		return;
	}
	/* draws of a key are on its first row, and become those of the rows that they hit */
	appendStringInfo(select, "SELECT %s%s, d.\"#j\" AS \"#%d\" FROM %s AS s JOIN (SELECT d.k, d.\"#j\", "
					 "LEAST(pg_catalog.floor(barks.rdd_uniform('" INT64_FORMAT "', d.k, d.\"#j\") * d.\"#n\"), d.\"#n\" - 1)::pg_catalog.int8 + 1 AS \"#r\" "
					 "FROM (SELECT s.k, s.\"#n\", pg_catalog.generate_series(1::pg_catalog.int8, pg_catalog.ceil(%s * s.\"#n\")::pg_catalog.int8) AS \"#j\" "
					 "FROM %s AS s WHERE s.\"#r\" = 1) AS d) AS d ON %s AND d.\"#r\" = s.\"#r\"",
					 columns, order, norder + 1, from, (int64) hash_combine64(seed, 2), fraction_sql(step, "s.k"), from,
					 rdd_equal_columns("d", "s", keys, keys));
	rdd_set_order(query, step, norder + 1);
}

/* take_sample(r, with_replacement, n, seed, …) */
static void
check_take_sample(RddStep *step, List *inputs)
{
	(void) replaces(step);
	if (rdd_arg_int(step, 1) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of elements to take must not be negative")));
	choose_seed(step, 2);
	step->shape = ((RddStep *) linitial(inputs))->shape;
}

static void
compile_take_sample(RddQuery *query, const RddStep *step, StringInfo select)
{
	int64		seed = seed_of(query, step, 2);
	const char *columns = rdd_same_columns("s", step->shape);
	StringInfoData identity;
	const char *from;
	const char *numbered;

	initStringInfo(&identity);
	(void) rdd_from_twice(query, step, 0);
	from = told_apart(query, step, &identity);
	rdd_set_order(query, step, 1);
	/* in an order of chance */
	numbered = psprintf("(SELECT s.*, pg_catalog.row_number() OVER (ORDER BY s.\"#u\"%s) AS \"#r\" FROM "
						"(SELECT s.*, barks.rdd_uniform('" INT64_FORMAT "'%s) AS \"#u\" FROM %s AS s) AS s)",
						identity.data, seed, identity.data, from);
	if (!replaces(step))
		appendStringInfo(select, "SELECT %s, s.\"#r\" AS \"#1\" FROM %s AS s WHERE s.\"#r\" <= %d",
						 columns, numbered, rdd_arg_int(step, 1));
	else
		appendStringInfo(select, "SELECT %s, d.\"#j\" AS \"#1\" FROM %s AS s JOIN (SELECT g.j AS \"#j\", "
						 "LEAST(pg_catalog.floor(barks.rdd_uniform('" INT64_FORMAT "', g.j) * c.n), c.n - 1)::pg_catalog.int8 + 1 AS \"#r\" "
						 "FROM (SELECT pg_catalog.count(*) AS n FROM %s AS s) AS c, "
						 "pg_catalog.generate_series(1::pg_catalog.int8, %d::pg_catalog.int8) AS g(j)) AS d ON d.\"#r\" = s.\"#r\"",
						 columns, numbered, (int64) hash_combine64(seed, 2), rdd_from(query, step, 0),
						 rdd_arg_int(step, 1));
}

const RddOperation rdd_sample_operations[] = {
	{"sample", check_sample, compile_sample, RDD_FINE_ORDER | RDD_TOO},
	{"sample_range", check_sample_range, compile_sample_range, RDD_FINE_ORDER | RDD_TOO},
	{"sample_by_key", check_sample_by_key, compile_sample_by_key, RDD_FINE_ORDER | RDD_TOO},
	{"sample_by_key_exact", check_sample_by_key, compile_sample_by_key_exact, RDD_FINE_ORDER | RDD_TOO},
	{NULL}
};

const RddOperation rdd_sample_actions[] = {
	{"take_sample", check_take_sample, compile_take_sample, RDD_FINE_ORDER},
	{NULL}
};
