/*-------------------------------------------------------------------------
 * pairs.c
 *	  Transformations of RDDs of pairs.
 *
 * Keys are equal as IS NOT DISTINCT FROM has it: null keys are one key, as in Spark.
 * GROUP BY does so by itself, joins by rdd_equal_columns().
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "job/join_hint.h"
#include "rdd/arguments.h"
#include "rdd/combine.h"
#include "rdd/query.h"

static List *key_leaves(const RddStep *step);
static List *value_leaves(const RddStep *step);
static Lambda *value_lambda(const RddStep *step, const RddStep *input, LambdaKind kind);
static void keyed(RddStep *step, const RddStep *input, const RddShape *value);
static void check_half(RddStep *step, const RddStep *input, const RddShape *(*half) (const RddShape *shape));
static void compile_half(RddQuery *query, const RddStep *step, List *leaves, StringInfo select);
static void append_cogroup_input(RddQuery *query, const RddStep *step, int number, StringInfo all);
static const char *join_input(RddQuery *query, const RddStep *step, int number);
static void append_strategy(RddQuery *query, const RddStep *step, StringInfo select);

static List *
key_leaves(const RddStep *step)
{
	return rdd_shape_leaves(rdd_shape_key(step->shape), "k");
}

static List *
value_leaves(const RddStep *step)
{
	return rdd_shape_leaves(rdd_shape_value(step->shape), "v");
}

/* Elements of the input with other values. */
static void
keyed(RddStep *step, const RddStep *input, const RddShape *value)
{
	step->shape = rdd_shape_pair(rdd_shape_key(input->shape), value);
	step->partitions = input->partitions;
	step->by_key = input->by_key;
}

/* keys(r), values(r) */
static void
check_keys(RddStep *step, List *inputs)
{
	check_half(step, linitial(inputs), rdd_shape_key);
}

static void
check_values(RddStep *step, List *inputs)
{
	check_half(step, linitial(inputs), rdd_shape_value);
}

static void
check_half(RddStep *step, const RddStep *input, const RddShape *(*half) (const RddShape *shape))
{
	rdd_expect_pair(step, input);
	step->shape = (RddShape *) half(input->shape);
	step->partitions = input->partitions;
}

static void
compile_keys(RddQuery *query, const RddStep *step, StringInfo select)
{
	compile_half(query, step, key_leaves(rdd_input(query, step, 0)), select);
}

static void
compile_values(RddQuery *query, const RddStep *step, StringInfo select)
{
	compile_half(query, step, value_leaves(rdd_input(query, step, 0)), select);
}

static void
compile_half(RddQuery *query, const RddStep *step, List *leaves, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s",
					 rdd_columns("s", leaves, rdd_shape_columns(step->shape)),
					 rdd_keep_order(query, step, 0), from);
}

/* The lambda that is a step's first argument, over the values: v, x for short, and k. */
static Lambda *
value_lambda(const RddStep *step, const RddStep *input, LambdaKind kind)
{
	LambdaVariable *v = lambda_variable("v", rdd_shape_value(input->shape));
	LambdaVariable *x = lambda_variable("x", rdd_shape_value(input->shape));

	x->columns = v->columns;
	return lambda_make(rdd_arg_text(step, 0),
					   list_make3(v, lambda_variable("k", rdd_shape_key(input->shape)), x), kind,
					   kind == LAMBDA_AGGREGATE ? InvalidOid : rdd_arg_type(step, 1));
}

/* map_values(r, f, result), flat_map_values(r, f, result) */
static void
check_map_values(RddStep *step, List *inputs)
{
	Lambda	   *lambda;

	rdd_expect_pair(step, linitial(inputs));
	lambda = value_lambda(step, linitial(inputs), LAMBDA_VALUE);
	keyed(step, linitial(inputs), lambda->shape);
	step->is_volatile = lambda->is_volatile;
}

static void
check_flat_map_values(RddStep *step, List *inputs)
{
	Lambda	   *lambda;

	rdd_expect_pair(step, linitial(inputs));
	lambda = value_lambda(step, linitial(inputs), LAMBDA_SET);
	keyed(step, linitial(inputs), lambda->shape);
	step->is_volatile = lambda->is_volatile;
}

static void
compile_map_values(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = value_lambda(step, rdd_input(query, step, 0), LAMBDA_VALUE);
	const char *from = rdd_from(query, step, 0);
	List	   *keys = key_leaves(step);

	appendStringInfo(select, "SELECT %s, %s%s FROM %s AS s", rdd_columns("s", keys, keys),
					 rdd_lambda_columns(query, lambda, value_leaves(step)),
					 rdd_keep_order(query, step, 0), from);
}

static void
compile_flat_map_values(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = value_lambda(step, rdd_input(query, step, 0), LAMBDA_SET);
	List	   *keys = key_leaves(step);

	rdd_compile_flat(query, step, lambda, rdd_columns("s", keys, keys), value_leaves(step), select);
}

/* filter_keys(r, f), filter_values(r, f): x is the key, or the value */
static Lambda *
filter_lambda(const RddStep *step, const RddStep *input)
{
	bool		of_keys = strcmp(step->name, "filter_keys") == 0;
	const RddShape *shape = of_keys ? rdd_shape_key(input->shape) : rdd_shape_value(input->shape);
	LambdaVariable *named = lambda_variable(of_keys ? "k" : "v", shape);
	LambdaVariable *x = lambda_variable("x", shape);

	x->columns = named->columns;
	return lambda_make(rdd_arg_text(step, 0), list_make2(x, named), LAMBDA_VALUE, InvalidOid);
}

static void
check_filter_part(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	Lambda	   *lambda;

	rdd_expect_pair(step, input);
	lambda = filter_lambda(step, input);
	if (!rdd_shape_is_leaf(lambda->shape) || lambda->shape->type != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the lambda of barks.rdd_%s must give boolean, not %s", step->name,
						rdd_shape_text(lambda->shape))));
	keyed(step, input, rdd_shape_value(input->shape));
	step->is_volatile = lambda->is_volatile;
}

static void
compile_filter_part(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = filter_lambda(step, rdd_input(query, step, 0));
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE %s",
					 rdd_same_columns("s", step->shape), rdd_keep_order(query, step, 0), from,
					 rdd_lambda_value(query, lambda, 0));
}

/* partition_by(r, n), partition_by(r, partitioner): equal keys in one partition */
static void
check_partition_by(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	bool		by_range;

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	keyed(step, input, rdd_shape_value(input->shape));
	step->partitions = rdd_arg_partitioner(step, 0, input->partitions, &by_range);
	if (by_range)
		rdd_expect_order(step, rdd_shape_key(input->shape));
	step->by_key = true;
}

/* By partition, as the input in each. */
static void
compile_partition_by(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);
	bool		by_range;
	const char *partition;
	int			order = rdd_order_of(query, step, 0);

	(void) rdd_arg_partitioner(step, 0, 0, &by_range);
	partition = rdd_key_partition("s", key_leaves(step), step->partitions, by_range);
	appendStringInfo(select, "SELECT %s", rdd_same_columns("s", step->shape));
	if (query->in_order)
	{
		appendStringInfo(select, ", %s::pg_catalog.int8 AS \"#1\"", partition);
		for (int i = 1; i <= order; i++)
			appendStringInfo(select, ", s.\"#%d\" AS \"#%d\"", i, i + 1);
		rdd_set_order(query, step, order + 1);
		rdd_set_order_kind(query, step, rdd_order_kind(query, step, 0));
	}
	if (query->by_partition)
	{
		appendStringInfo(select, ", %s AS \"#p\"", partition);
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM %s AS s", from);
}

/* group_by_key(r, n) */
static void
check_group_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	keyed(step, input, rdd_group_shape(step, rdd_shape_value(input->shape)));
	step->partitions = rdd_arg_partitions(step, 0, input->partitions);
	step->by_key = true;
}

static void
compile_group_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);
	List	   *keys = key_leaves(step);

	appendStringInfo(select, "SELECT %s, ", rdd_columns("s", keys, keys));
	rdd_group_columns(rdd_shape_value(input->shape), "v", "v", NULL, NULL, select);
	appendStringInfo(select, " FROM %s AS s GROUP BY %s", from, rdd_plain_columns("s", keys));
}

/* group_by(r, f, n): elements by the lambda's value */
static Lambda *
group_lambda(const RddStep *step, const RddStep *input)
{
	return lambda_make(rdd_arg_text(step, 0), lambda_element(input->shape), LAMBDA_VALUE, InvalidOid);
}

static void
check_group_by(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	Lambda	   *lambda = group_lambda(step, input);

	rdd_expect_equality(step, lambda->shape);
	step->shape = rdd_shape_pair(lambda->shape, rdd_group_shape(step, input->shape));
	step->partitions = rdd_arg_partitions(step, 1, input->partitions);
	step->by_key = true;
	step->is_volatile = lambda->is_volatile;
}

static void
compile_group_by(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	Lambda	   *lambda = group_lambda(step, input);
	const char *from = rdd_from(query, step, 0);
	List	   *keys = key_leaves(step);

	appendStringInfo(select, "SELECT %s, ", rdd_columns("s", keys, keys));
	rdd_group_columns(input->shape, "v", "v", NULL, NULL, select);
	appendStringInfo(select, " FROM (SELECT %s, %s FROM %s AS s) AS s GROUP BY %s",
					 rdd_lambda_columns(query, lambda, keys),
					 rdd_columns("s", rdd_shape_columns(input->shape), rdd_shape_leaves(input->shape, "v")),
					 from, rdd_plain_columns("s", keys));
}

/* reduce_by_key(r, f, n) and its kin: values of a key are combined */
static void
check_combine(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	RddCombine *combination;

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	combination = rdd_combination(step, rdd_shape_value(input->shape));
	keyed(step, input, combination->state);
	step->partitions = rdd_arg_partitions(step, combination->nargs, input->partitions);
	step->by_key = true;
	step->is_volatile = combination->is_volatile;
}

static void
compile_combine(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	RddCombine *combination = rdd_combination(step, rdd_shape_value(input->shape));
	const char *from = rdd_from(query, step, 0);
	List	   *keys = key_leaves(step);

	rdd_compile_combination(combination, value_leaves(input), value_leaves(step), keys, from, select);
}

/* agg_by_key(r, f, n): aggregates over the values */
static Lambda *
aggregate_lambda(const RddStep *step, const RddStep *input)
{
	return value_lambda(step, input, LAMBDA_AGGREGATE);
}

static void
check_agg_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	keyed(step, input, aggregate_lambda(step, input)->shape);
	step->partitions = rdd_arg_partitions(step, 1, input->partitions);
	step->by_key = true;
}

static void
compile_agg_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	Lambda	   *lambda = aggregate_lambda(step, rdd_input(query, step, 0));
	const char *from = rdd_from(query, step, 0);
	List	   *keys = key_leaves(step);

	appendStringInfo(select, "SELECT %s, %s FROM %s AS s GROUP BY %s", rdd_columns("s", keys, keys),
					 rdd_lambda_columns(query, lambda, value_leaves(step)), from,
					 rdd_plain_columns("s", keys));
}

/* sort_by_key(r, ascending, n) */
static void
check_sort_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	rdd_expect_order(step, rdd_shape_key(input->shape));
	keyed(step, input, rdd_shape_value(input->shape));
	step->partitions = rdd_arg_partitions(step, 1, input->partitions);
	step->by_key = true;
}

static void
compile_sort_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *direction = rdd_arg_bool(step, 0, true) ? "ASC NULLS FIRST" : "DESC NULLS LAST";
	StringInfoData keys;
	ListCell   *lc;

	initStringInfo(&keys);
	foreach(lc, key_leaves(step))
		appendStringInfo(&keys, "%ss.%s %s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(((RddLeaf *) lfirst(lc))->path), direction);
	rdd_compile_sort(query, step, keys.data, select);
}

/* filter_by_range(r, lo, hi): both bounds included */
static void
check_filter_by_range(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	const RddShape *key;

	rdd_expect_pair(step, input);
	key = rdd_shape_key(input->shape);
	if (!rdd_shape_is_leaf(key) || !can_coerce_type(1, &rdd_arg(step, 0)->consttype, &key->type, COERCION_IMPLICIT) ||
		!can_coerce_type(1, &rdd_arg(step, 1)->consttype, &key->type, COERCION_IMPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("bounds of type %s do not fit keys of type %s",
						format_type_be(rdd_arg(step, 0)->consttype), rdd_shape_text(key)),
				 errhint("Cast the bounds.")));
	if (rdd_arg_is_null(step, 0) || rdd_arg_is_null(step, 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bounds of keys must not be null")));
	if (!rdd_operator(key->type, BTGreaterEqualStrategyNumber))
		rdd_expect_order(step, rdd_shape_nullable(key));
	keyed(step, input, rdd_shape_value(input->shape));
}

static void
compile_filter_by_range(RddQuery *query, const RddStep *step, StringInfo select)
{
	Oid			key = rdd_shape_key(step->shape)->type;
	const char *type = rdd_type_name(key, -1);
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE s.k %s (%s)::%s AND s.k %s (%s)::%s",
					 rdd_same_columns("s", step->shape), rdd_keep_order(query, step, 0), from,
					 rdd_operator(key, BTGreaterEqualStrategyNumber), rdd_arg_literal(step, 0), type,
					 rdd_operator(key, BTLessEqualStrategyNumber), rdd_arg_literal(step, 1), type);
}

/* join(r, o, n, strategy) and the outer ones: the value is a pair of both values */
static void
check_join(RddStep *step, List *inputs)
{
	const RddStep *left = linitial(inputs);
	const RddStep *right = lsecond(inputs);
	const RddShape *key;
	const RddShape *left_value;
	const RddShape *right_value;
	BroadcastSide side;

	rdd_expect_pair(step, left);
	rdd_expect_pair(step, right);
	if (!rdd_shape_equal(rdd_shape_key(left->shape), rdd_shape_key(right->shape)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot join keys of type %s with keys of type %s",
						rdd_shape_text(rdd_shape_key(left->shape)),
						rdd_shape_text(rdd_shape_key(right->shape)))));
	rdd_expect_equality(step, rdd_shape_key(left->shape));
	key = rdd_shape_key(strcmp(step->name, "right_outer_join") == 0 ? right->shape : left->shape);
	left_value = rdd_shape_value(left->shape);
	right_value = rdd_shape_value(right->shape);
	if (strcmp(step->name, "full_outer_join") == 0)
		key = rdd_shape_either(key, rdd_shape_key(right->shape));
	if (strcmp(step->name, "right_outer_join") == 0 || strcmp(step->name, "full_outer_join") == 0)
		left_value = rdd_shape_nullable(left_value);
	if (strcmp(step->name, "left_outer_join") == 0 || strcmp(step->name, "full_outer_join") == 0)
		right_value = rdd_shape_nullable(right_value);
	step->shape = rdd_shape_pair(key, rdd_shape_pair(left_value, right_value));
	step->partitions = rdd_arg_partitions(step, 0, Max(left->partitions, right->partitions));
	step->by_key = true;
	if (!rdd_arg_is_null(step, 1))
		(void) join_hint_strategy(rdd_arg_text(step, 1), &side);
}

static const char *
join_words(const RddStep *step)
{
	if (strcmp(step->name, "left_outer_join") == 0)
		return "LEFT JOIN";
	if (strcmp(step->name, "right_outer_join") == 0)
		return "RIGHT JOIN";
	return strcmp(step->name, "full_outer_join") == 0 ? "FULL JOIN" : "JOIN";
}

static void
compile_join(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *left = rdd_input(query, step, 0);
	const RddStep *right = rdd_input(query, step, 1);
	const char *left_from = join_input(query, step, 0);
	const char *right_from = join_input(query, step, 1);
	const char *words = join_words(step);
	const RddShape *values = rdd_shape_value(step->shape);
	ListCell   *lc;

	appendStringInfoString(select, "SELECT ");
	foreach(lc, key_leaves(step))
	{
		const char *path = quote_identifier(((RddLeaf *) lfirst(lc))->path);

		if (strcmp(words, "FULL JOIN") == 0)
			appendStringInfo(select, "COALESCE(l.%s, r.%s) AS %s, ", path, path, path);
		else
			appendStringInfo(select, "%s.%s AS %s, ", strcmp(words, "RIGHT JOIN") == 0 ? "r" : "l",
							 path, path);
	}
	appendStringInfo(select, "%s, %s FROM %s AS l %s %s AS r ON %s",
					 rdd_columns("l", value_leaves(left),
								 rdd_shape_leaves(linitial(values->fields), "v.k")),
					 rdd_columns("r", value_leaves(right),
								 rdd_shape_leaves(lsecond(values->fields), "v.v")),
					 left_from, words, right_from,
					 rdd_equal_columns("l", "r", key_leaves(left), key_leaves(right)));
	append_strategy(query, step, select);
}

/*
 * A join that is to be done in some way is planned alone: PostgreSQL might join
 * others of the query with one of its inputs first.
 */
static const char *
join_input(RddQuery *query, const RddStep *step, int number)
{
	const char *from = rdd_from(query, step, number);

	return rdd_arg_is_null(step, 1) ? from : psprintf("(SELECT * FROM %s AS s OFFSET 0)", from);
}

static void
append_strategy(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *column;

	if (rdd_arg_is_null(step, 1) || key_leaves(step) == NIL)
		return;
	column = quote_identifier(((RddLeaf *) linitial(key_leaves(step)))->path);
	appendStringInfo(select, " AND barks.join_hint(%s, l.%s, r.%s)", rdd_arg_literal(step, 1), column, column);
	query->apart = true;
}

/* subtract_by_key(r, o, n) */
static void
check_subtract_by_key(RddStep *step, List *inputs)
{
	const RddStep *left = linitial(inputs);
	const RddStep *right = lsecond(inputs);

	rdd_expect_pair(step, left);
	rdd_expect_pair(step, right);
	if (!rdd_shape_equal(rdd_shape_key(left->shape), rdd_shape_key(right->shape)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot subtract keys of type %s from keys of type %s",
						rdd_shape_text(rdd_shape_key(right->shape)),
						rdd_shape_text(rdd_shape_key(left->shape)))));
	rdd_expect_equality(step, rdd_shape_key(left->shape));
	keyed(step, left, rdd_shape_value(left->shape));
	step->partitions = rdd_arg_partitions(step, 0, left->partitions);
}

static void
compile_subtract_by_key(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *left = rdd_from(query, step, 0);
	const char *right = rdd_from(query, step, 1);

	appendStringInfo(select, "SELECT %s FROM %s AS s WHERE NOT EXISTS (SELECT FROM %s AS o WHERE %s)",
					 rdd_same_columns("s", step->shape), left, right,
					 rdd_equal_columns("s", "o", key_leaves(step), key_leaves(rdd_input(query, step, 1))));
}

/* cogroup(r, VARIADIC rdd[]): the values of each key, an array for each input */
static void
check_cogroup(RddStep *step, List *inputs)
{
	const RddStep *first = linitial(inputs);
	const RddShape *key;
	List	   *groups = NIL;
	ListCell   *lc;

	if (list_length(inputs) < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("barks.rdd_cogroup needs at least two RDDs")));
	rdd_expect_pair(step, first);
	key = rdd_shape_key(first->shape);
	rdd_expect_equality(step, key);
	foreach(lc, inputs)
	{
		const RddStep *input = lfirst(lc);

		rdd_expect_pair(step, input);
		if (!rdd_shape_equal(rdd_shape_key(first->shape), rdd_shape_key(input->shape)))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("cannot group keys of type %s with keys of type %s",
							rdd_shape_text(rdd_shape_key(first->shape)),
							rdd_shape_text(rdd_shape_key(input->shape)))));
		key = rdd_shape_either(key, rdd_shape_key(input->shape));
		groups = lappend(groups, rdd_group_shape(step, rdd_shape_value(input->shape)));
		step->partitions = Max(step->partitions, input->partitions);
	}
	step->shape = rdd_shape_pair(key, list_length(groups) == 2 ? rdd_shape_pair(linitial(groups), lsecond(groups))
								 : rdd_shape_tuple(groups));
	step->by_key = true;
}

/* All inputs are put together, marked by where they come from, and grouped once. */
static void
compile_cogroup(RddQuery *query, const RddStep *step, StringInfo select)
{
	List	   *keys = key_leaves(step);
	const RddShape *groups = rdd_shape_value(step->shape);
	StringInfoData all;

	initStringInfo(&all);
	appendStringInfo(select, "SELECT %s", rdd_columns("s", keys, keys));
	for (int number = 0; number < list_length(step->inputs); number++)
	{
		appendStringInfoString(select, ", ");
		rdd_group_columns(rdd_shape_value(rdd_input(query, step, number)->shape),
						  psprintf("v%d", number), rdd_shape_path("v", list_nth(groups->names, number)),
						  psprintf("s.\"from\" = %d", number), NULL, select);
		append_cogroup_input(query, step, number, &all);
	}
	appendStringInfo(select, " FROM (%s) AS s GROUP BY %s", all.data, rdd_plain_columns("s", keys));
}

/* One of the inputs, with columns for the values of all. */
static void
append_cogroup_input(RddQuery *query, const RddStep *step, int number, StringInfo all)
{
	const char *from = rdd_from(query, step, number);
	List	   *keys = key_leaves(step);

	appendStringInfo(all, "%sSELECT %s, %d AS \"from\"", number > 0 ? " UNION ALL " : "",
					 rdd_columns("s", keys, keys), number);
	for (int i = 0; i < list_length(step->inputs); i++)
	{
		const RddShape *value = rdd_shape_value(rdd_input(query, step, i)->shape);
		List	   *as = rdd_shape_leaves(value, psprintf("v%d", i));
		ListCell   *lc;

		if (i == number)
			appendStringInfo(all, ", %s", rdd_columns("s", rdd_shape_leaves(value, "v"), as));
		else
		{
			foreach(lc, as)
			{
				RddLeaf    *leaf = lfirst(lc);

				appendStringInfo(all, ", %s AS %s", rdd_null_text(leaf->shape),
								 quote_identifier(leaf->path));
			}
		}
	}
	appendStringInfo(all, " FROM %s AS s", from);
}

const RddOperation rdd_pair_operations[] = {
	{"keys", check_keys, compile_keys, RDD_IN_TURN},
	{"values", check_values, compile_values, RDD_IN_TURN},
	{"map_values", check_map_values, compile_map_values, RDD_IN_TURN},
	{"flat_map_values", check_flat_map_values, compile_flat_map_values, RDD_IN_TURN},
	{"filter_keys", check_filter_part, compile_filter_part, RDD_IN_TURN},
	{"filter_values", check_filter_part, compile_filter_part, RDD_IN_TURN},
	{"partition_by", check_partition_by, compile_partition_by},
	{"group_by_key", check_group_by_key, compile_group_by_key, RDD_NOTHING},
	{"group_by", check_group_by, compile_group_by, RDD_NOTHING},
	{"reduce_by_key", check_combine, compile_combine, RDD_NOTHING},
	{"fold_by_key", check_combine, compile_combine, RDD_NOTHING},
	{"aggregate_by_key", check_combine, compile_combine, RDD_NOTHING},
	{"combine_by_key", check_combine, compile_combine, RDD_NOTHING},
	{"agg_by_key", check_agg_by_key, compile_agg_by_key, RDD_NOTHING},
	{"sort_by_key", check_sort_by_key, compile_sort_by_key, RDD_NOTHING},
	{"filter_by_range", check_filter_by_range, compile_filter_by_range, RDD_IN_TURN},
	{"join", check_join, compile_join, RDD_NOTHING},
	{"left_outer_join", check_join, compile_join, RDD_NOTHING},
	{"right_outer_join", check_join, compile_join, RDD_NOTHING},
	{"full_outer_join", check_join, compile_join, RDD_NOTHING},
	{"subtract_by_key", check_subtract_by_key, compile_subtract_by_key, RDD_NOTHING},
	{"cogroup", check_cogroup, compile_cogroup, RDD_NOTHING},
	{NULL}
};
