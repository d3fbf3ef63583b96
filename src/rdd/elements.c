/*-------------------------------------------------------------------------
 * elements.c
 *	  Transformations of RDDs of any elements.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "rdd/arguments.h"
#include "rdd/query.h"

static Lambda *lambda_over(const RddStep *step, const RddStep *input, LambdaKind kind, Oid cast_to);
static void keep(RddStep *step, const RddStep *input);
static void compile_unnest(RddQuery *query, Lambda *lambda, const char *kept, List *results, const char *order,
						   const char *from, StringInfo select);
static void set_operation(RddQuery *query, const RddStep *step, StringInfo select, const char *operator);

/* The lambda that is a step's first argument, over the input's elements. */
static Lambda *
lambda_over(const RddStep *step, const RddStep *input, LambdaKind kind, Oid cast_to)
{
	return lambda_make(rdd_arg_text(step, 0), lambda_element(input->shape), kind, cast_to);
}

/* Elements and partitions are those of the input. */
static void
keep(RddStep *step, const RddStep *input)
{
	step->shape = input->shape;
	step->partitions = input->partitions;
	step->by_key = input->by_key;
}

/* Elements are what a lambda gives for those of the input. */
static void
take(RddStep *step, const RddStep *input, const Lambda *lambda)
{
	step->shape = (RddShape *) lambda->shape;
	step->partitions = input->partitions;
	step->by_key = false;
	step->is_volatile = lambda->is_volatile;
}

/* map(r, f, result) */
static void
check_map(RddStep *step, List *inputs)
{
	take(step, linitial(inputs), lambda_over(step, linitial(inputs), LAMBDA_VALUE, rdd_arg_type(step, 1)));
}

static void
compile_map(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	Lambda	   *lambda = lambda_over(step, input, LAMBDA_VALUE, rdd_arg_type(step, 1));
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s",
					 rdd_lambda_columns(query, lambda, rdd_shape_columns(step->shape)),
					 rdd_keep_order(query, step, 0), from);
}

/* flat_map(r, f, result): an array or a set for each element */
static void
check_flat_map(RddStep *step, List *inputs)
{
	take(step, linitial(inputs), lambda_over(step, linitial(inputs), LAMBDA_SET, rdd_arg_type(step, 1)));
}

static void
compile_flat_map(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = lambda_over(step, rdd_input(query, step, 0), LAMBDA_SET, rdd_arg_type(step, 1));

	rdd_compile_flat(query, step, lambda, NULL, rdd_shape_columns(step->shape), select);
}

/*
 * Several elements for each of the input; columns in front are kept as they are.
 * Where order is asked for, the last order column counts the elements of one.
 */
void
rdd_compile_flat(RddQuery *query, const RddStep *step, Lambda *lambda, const char *keep_columns,
				 List *results, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);
	const char *order = rdd_keep_order(query, step, 0);
	int			norder = rdd_order_of(query, step, 0);
	const char *kept = keep_columns ? psprintf("%s, ", keep_columns) : "";
	const char *outer = rdd_columns("u", results, results);

	if (!query->in_order || norder == 0)
	{
		appendStringInfo(select, "SELECT %s%s%s FROM %s AS s", kept,
						 rdd_lambda_columns(query, lambda, results), order, from);
		return;
	}
	rdd_set_order(query, step, norder + 1);
	if (lambda->unnests || lambda->unnests_rows)
		compile_unnest(query, lambda, kept, results, psprintf("%s, pg_catalog.generate_series(1::pg_catalog.int8, "
															  "pg_catalog.cardinality(s.\"#a1\")) AS \"#%d\"",
															  order, norder + 1), from, select);
	else
		appendStringInfo(select, "SELECT %s%s%s, u.\"#n\" AS \"#%d\" FROM %s AS s CROSS JOIN LATERAL "
						 "(SELECT u.*, pg_catalog.row_number() OVER () AS \"#n\" FROM (SELECT %s) AS u) AS u",
						 kept, outer, order, norder + 1, from, rdd_lambda_columns(query, lambda, results));
}

/* With the arrays as columns "#a1" … of a query within; there is one, or one for each column of rows. */
static void
compile_unnest(RddQuery *query, Lambda *lambda, const char *kept, List *results, const char *order,
			   const char *from, StringInfo select)
{
	int			narrays = lambda->unnests_rows ? list_length(results) : 1;
	ListCell   *lc;

	appendStringInfo(select, "SELECT %s", kept);
	foreach(lc, results)
	{
		int			leaf = foreach_current_index(lc);
		const char *array = psprintf("s.\"#a%d\"", lambda->unnests_rows ? leaf + 1 : 1);

		appendStringInfo(select, "%s%s AS %s", leaf > 0 ? ", " : "", rdd_lambda_unnest(lambda, array, leaf),
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	}
	appendStringInfo(select, "%s FROM (SELECT s.*", order);
	for (int i = 0; i < narrays; i++)
		appendStringInfo(select, ", %s AS \"#a%d\"", rdd_lambda_array(query, lambda, i), i + 1);
	appendStringInfo(select, " FROM %s AS s) AS s", from);
}

/* filter(r, f) */
static void
check_filter(RddStep *step, List *inputs)
{
	Lambda	   *lambda = lambda_over(step, linitial(inputs), LAMBDA_VALUE, InvalidOid);

	if (lambda->shape->type != BOOLOID || !rdd_shape_is_leaf(lambda->shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the lambda of barks.rdd_%s must give boolean, not %s", step->name,
						rdd_shape_text(lambda->shape))));
	keep(step, linitial(inputs));
	step->is_volatile = lambda->is_volatile;
}

static void
compile_filter(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	Lambda	   *lambda = lambda_over(step, input, LAMBDA_VALUE, InvalidOid);
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE %s",
					 rdd_same_columns("s", step->shape), rdd_keep_order(query, step, 0), from,
					 rdd_lambda_value(query, lambda, 0));
}

/* key_by(r, f): the lambda's value is the key of the element */
static void
check_key_by(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	Lambda	   *lambda = lambda_over(step, input, LAMBDA_VALUE, InvalidOid);

	keep(step, input);
	step->by_key = false;
	step->shape = rdd_shape_pair(lambda->shape, input->shape);
	step->is_volatile = lambda->is_volatile;
}

static void
compile_key_by(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	Lambda	   *lambda = lambda_over(step, input, LAMBDA_VALUE, InvalidOid);
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s, %s%s FROM %s AS s",
					 rdd_lambda_columns(query, lambda,
										rdd_shape_leaves(rdd_shape_key(step->shape), "k")),
					 rdd_columns("s", rdd_shape_columns(input->shape),
								 rdd_shape_leaves(rdd_shape_value(step->shape), "v")),
					 rdd_keep_order(query, step, 0), from);
}

static int
add_partitions(int a, int b)
{
	int			sum;

	return pg_add_s32_overflow(a, b, &sum) ? PG_INT32_MAX : sum;
}

/* union(r, o): duplicates stay */
static void
check_union(RddStep *step, List *inputs)
{
	const RddStep *left = linitial(inputs);
	const RddStep *right = lsecond(inputs);

	rdd_expect_alike(step, left, right);
	step->shape = rdd_shape_either(left->shape, right->shape);
	step->partitions = add_partitions(left->partitions, right->partitions);
}

/* Unions of unions are one: the steps and numbers of their inputs, in order, and what FROM has of these. */
static void
union_inputs(RddQuery *query, const RddStep *step, List **steps, List **numbers, List **from)
{
	check_stack_depth();
	for (int i = 0; i < 2; i++)
	{
		int			number = list_nth_int(step->inputs, i);
		const RddStep *input = rdd_input(query, step, i);

		if (strcmp(input->name, "union") == 0 && query->uses[number] == 1)
		{
			union_inputs(query, input, steps, numbers, from);
			query->growth[number] = Max(query->growth[linitial_int(input->inputs)],
										query->growth[lsecond_int(input->inputs)]);
			continue;
		}
		*steps = lappend(*steps, (void *) step);
		*numbers = lappend_int(*numbers, i);
		*from = lappend(*from, (void *) rdd_from(query, step, i));
	}
}

static void
compile_union(RddQuery *query, const RddStep *step, StringInfo select)
{
	List	   *steps = NIL;
	List	   *numbers = NIL;
	List	   *from = NIL;
	OrderKind	kind = ORDER_UNIQUE;
	int			order = 0;
	int			offset = 0;
	ListCell   *lcs;
	ListCell   *lcn;

	union_inputs(query, step, &steps, &numbers, &from);
	forboth(lcs, steps, lcn, numbers)
	{
		order = Max(order, rdd_order_of(query, lfirst(lcs), lfirst_int(lcn)));
		kind = Min(kind, rdd_order_kind(query, lfirst(lcs), lfirst_int(lcn)));
	}
	order = query->in_order ? order + 1 : 0;
	forboth(lcs, steps, lcn, numbers)
	{
		int			i = foreach_current_index(lcs);

		appendStringInfo(select, "%sSELECT %s", i > 0 ? " UNION ALL " : "",
						 rdd_same_columns("s", step->shape));
		/* first come all of the first, in their order */
		for (int column = 0; column < order; column++)
		{
			if (column == 0)
				appendStringInfo(select, ", %d::pg_catalog.int8 AS \"#1\"", i);
			else if (column <= rdd_order_of(query, lfirst(lcs), lfirst_int(lcn)))
				appendStringInfo(select, ", s.\"#%d\" AS \"#%d\"", column, column + 1);
			else
				appendStringInfo(select, ", NULL::pg_catalog.int8 AS \"#%d\"", column + 1);
		}
		if (query->by_partition)
			appendStringInfo(select, ", s.\"#p\" + %d AS \"#p\"", offset);
		offset = add_partitions(offset, rdd_input(query, lfirst(lcs), lfirst_int(lcn))->partitions);
		appendStringInfo(select, " FROM %s AS s", (char *) list_nth(from, i));
	}
	rdd_set_order(query, step, order);
	rdd_set_order_kind(query, step, kind);
	if (query->by_partition)
		rdd_set_partitioned(query, step);
}

/* intersection(r, o, n): distinct elements */
static void
check_intersection(RddStep *step, List *inputs)
{
	rdd_expect_alike(step, linitial(inputs), lsecond(inputs));
	step->shape = ((RddStep *) linitial(inputs))->shape;
	rdd_expect_equality(step, step->shape);
	step->partitions = rdd_arg_partitions(step, 0, 0);
}

static void
compile_intersection(RddQuery *query, const RddStep *step, StringInfo select)
{
	set_operation(query, step, select, "INTERSECT");
}

static void
set_operation(RddQuery *query, const RddStep *step, StringInfo select, const char *operator)
{
	const char *left = rdd_from(query, step, 0);
	const char *right = rdd_from(query, step, 1);
	const char *columns = rdd_same_columns("s", step->shape);

	appendStringInfo(select, "SELECT %s FROM %s AS s %s SELECT %s FROM %s AS s",
					 columns, left, operator, columns, right);
}

/* subtract(r, o, n): elements that the other does not have, as often as they are there */
static void
compile_subtract(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *left = rdd_from(query, step, 0);
	const char *right = rdd_from(query, step, 1);

	appendStringInfo(select, "SELECT %s FROM %s AS s WHERE NOT EXISTS (SELECT FROM %s AS o WHERE %s)",
					 rdd_same_columns("s", step->shape), left, right,
					 rdd_equal_columns("s", "o", rdd_shape_columns(step->shape),
									   rdd_shape_columns(rdd_input(query, step, 1)->shape)));
}

/* distinct(r, n) */
static void
check_distinct(RddStep *step, List *inputs)
{
	step->shape = ((RddStep *) linitial(inputs))->shape;
	rdd_expect_equality(step, step->shape);
	step->partitions = rdd_arg_partitions(step, 0, 0);
}

static void
compile_distinct(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT DISTINCT %s FROM %s AS s", rdd_same_columns("s", step->shape), from);
}

/* cartesian(r, o): pairs of all with all */
static void
check_cartesian(RddStep *step, List *inputs)
{
	const RddStep *left = linitial(inputs);
	const RddStep *right = lsecond(inputs);

	step->shape = rdd_shape_pair(left->shape, right->shape);
	if (pg_mul_s32_overflow(left->partitions, right->partitions, &step->partitions))
		step->partitions = PG_INT32_MAX;
	if (step->partitions == 0)
		step->partitions = NO_PARTITIONS;
}

static void
compile_cartesian(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *left = rdd_from(query, step, 0);
	const char *right = rdd_from(query, step, 1);

	int			order = rdd_order_of(query, step, 0);
	int			more = rdd_order_of(query, step, 1);

	appendStringInfo(select, "SELECT %s, %s",
					 rdd_columns("l", rdd_shape_columns(rdd_input(query, step, 0)->shape),
								 rdd_shape_leaves(rdd_shape_key(step->shape), "k")),
					 rdd_columns("r", rdd_shape_columns(rdd_input(query, step, 1)->shape),
								 rdd_shape_leaves(rdd_shape_value(step->shape), "v")));
	if (query->in_order)
	{
		for (int i = 1; i <= order + more; i++)
			appendStringInfo(select, ", %s.\"#%d\" AS \"#%d\"", i <= order ? "l" : "r",
							 i <= order ? i : i - order, i);
		rdd_set_order(query, step, order + more);
		rdd_set_order_kind(query, step, Min(rdd_order_kind(query, step, 0), rdd_order_kind(query, step, 1)));
	}
	if (query->by_partition)
	{
		appendStringInfo(select, ", l.\"#p\" * %d + r.\"#p\" AS \"#p\"",
						 rdd_input(query, step, 1)->partitions);
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM %s AS l CROSS JOIN %s AS r", left, right);
}

/* sort_by(r, f, ascending, n) */
static void
check_sort_by(RddStep *step, List *inputs)
{
	Lambda	   *lambda = lambda_over(step, linitial(inputs), LAMBDA_VALUE, InvalidOid);

	keep(step, linitial(inputs));
	rdd_expect_order(step, lambda->shape);
	step->by_key = false;
	step->partitions = rdd_arg_partitions(step, 2, step->partitions);
	step->is_volatile = lambda->is_volatile;
}

/*
 * Where nobody asks for the order it is not made.  NULLs come first when
 * ascending, as in Spark.
 */
static void
compile_sort_by(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	Lambda	   *lambda = lambda_over(step, input, LAMBDA_VALUE, InvalidOid);
	StringInfoData keys;

	initStringInfo(&keys);
	for (int i = 0; i < rdd_shape_width(lambda->shape); i++)
		appendStringInfo(&keys, "%s%s %s", i > 0 ? ", " : "", rdd_lambda_value(query, lambda, i),
						 rdd_arg_bool(step, 1, true) ? "ASC NULLS FIRST" : "DESC NULLS LAST");
	rdd_compile_sort(query, step, keys.data, select);
}

/* Elements of equal keys are in one partition, as near to the same number in each as that allows. */
void
rdd_compile_sort(RddQuery *query, const RddStep *step, const char *keys, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s", rdd_same_columns("s", step->shape));
	if (query->in_order)
	{
		appendStringInfo(select, ", pg_catalog.rank() OVER (ORDER BY %s) AS \"#1\"", keys);
		rdd_set_order(query, step, 1);
	}
	if (query->by_partition)
	{
		appendStringInfo(select, ", %s AS \"#p\"", rdd_range_partition(keys, step->partitions));
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM %s AS s", from);
}

/* set_name(r, name): for people; see introspect.c */
static void
check_set_name(RddStep *step, List *inputs)
{
	keep(step, linitial(inputs));
}

static void
compile_set_name(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s", rdd_same_columns("s", step->shape),
					 rdd_keep_order(query, step, 0), from);
}

const RddOperation rdd_element_operations[] = {
	{"map", check_map, compile_map, RDD_IN_TURN},
	{"flat_map", check_flat_map, compile_flat_map, RDD_IN_TURN},
	{"filter", check_filter, compile_filter, RDD_IN_TURN},
	{"key_by", check_key_by, compile_key_by, RDD_IN_TURN},
	{"union", check_union, compile_union},
	{"intersection", check_intersection, compile_intersection, RDD_NOTHING},
	{"subtract", check_intersection, compile_subtract, RDD_NOTHING},
	{"distinct", check_distinct, compile_distinct, RDD_NOTHING},
	{"cartesian", check_cartesian, compile_cartesian},
	{"sort_by", check_sort_by, compile_sort_by, RDD_NOTHING},
	{"set_name", check_set_name, compile_set_name, RDD_IN_TURN},
	{NULL}
};
