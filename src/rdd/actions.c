/*-------------------------------------------------------------------------
 * actions.c
 *	  What gives rows or values, as the last step of a lineage.
 *
 * An action is an operation like the others.  Its elements are what the SQL
 * function returns.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "rdd/arguments.h"
#include "rdd/combine.h"
#include "rdd/query.h"


/* collect(r, …): the elements, in their order */
static void
check_collect(RddStep *step, List *inputs)
{
	step->shape = ((RddStep *) linitial(inputs))->shape;
}

static void
check_collect_pairs(RddStep *step, List *inputs)
{
	rdd_expect_pair(step, linitial(inputs));
	check_collect(step, inputs);
}

static void
compile_collect(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s", rdd_same_columns("s", step->shape),
					 rdd_keep_order(query, step, 0), from);
}

/* take(r, n, …), first(r, …): tasks stop when they have as many, or all together have them */
static void
check_take(RddStep *step, List *inputs)
{
	if (rdd_arg_int(step, 0) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
				 errmsg("number of elements to take must not be negative")));
	step->shape = ((RddStep *) linitial(inputs))->shape;
}

static void
compile_take(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *from = rdd_from(query, step, 0);
	const char *order = rdd_keep_order(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s", rdd_same_columns("s", step->shape), order, from);
	for (int i = 1; i <= rdd_order_of(query, step, 0); i++)
		appendStringInfo(select, "%ss.\"#%d\"", i == 1 ? " ORDER BY " : ", ", i);
	appendStringInfo(select, " LIMIT %d", strcmp(step->name, "first") == 0 ? 1 : rdd_arg_int(step, 0));
}

/*
 * take_ordered(r, n, …, key), top(r, n, …, key), min(r, …, key), max(r, …, key): by what
 * the lambda gives for an element, or by the elements themselves
 */
static Lambda *
order_lambda(const RddStep *step, const RddShape *shape)
{
	int			number = list_length(step->args) - 1;

	return rdd_arg_is_null(step, number) ? NULL
		: lambda_make(rdd_arg_text(step, number), lambda_element(shape), LAMBDA_VALUE, InvalidOid);
}

static void
check_ordered(RddStep *step, List *inputs)
{
	const RddShape *shape = ((RddStep *) linitial(inputs))->shape;
	Lambda	   *lambda = order_lambda(step, shape);

	rdd_expect_order(step, lambda ? lambda->shape : shape);
	step->shape = (RddShape *) shape;
}

static void
check_take_ordered(RddStep *step, List *inputs)
{
	check_take(step, inputs);
	check_ordered(step, inputs);
}

/* Columns for ORDER BY, each with the direction. */
static const char *
order_columns(RddQuery *query, const RddStep *step, Lambda *lambda, const char *direction)
{
	List	   *leaves = rdd_shape_columns(step->shape);
	int			ncolumns = lambda ? rdd_shape_width(lambda->shape) : list_length(leaves);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < ncolumns; i++)
	{
		appendStringInfoString(&buf, i > 0 ? ", " : "");
		if (lambda)
			appendStringInfoString(&buf, rdd_lambda_value(query, lambda, i));
		else
			appendStringInfo(&buf, "s.%s", quote_identifier(((RddLeaf *) list_nth(leaves, i))->path));
		appendStringInfo(&buf, " %s", direction);
	}
	return buf.data;
}

static void
compile_ordered(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *direction = strcmp(step->name, "top") == 0 ? "DESC NULLS LAST" : "ASC NULLS FIRST";
	Lambda	   *lambda = order_lambda(step, step->shape);
	const char *from;
	const char *by;

	from = rdd_from(query, step, 0);
	by = order_columns(query, step, lambda, direction);
	appendStringInfo(select, "SELECT %s, pg_catalog.row_number() OVER (ORDER BY %s) AS \"#1\" FROM "
					 "(SELECT %s FROM %s AS s ORDER BY %s LIMIT %d) AS s",
					 rdd_same_columns("s", step->shape), by,
					 rdd_same_columns("s", step->shape), from, by, rdd_arg_int(step, 0));
	rdd_set_order(query, step, 1);
}

/* Of values that are not null, if there are any. */
static void
compile_extreme(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *direction = strcmp(step->name, "max") == 0 ? "DESC NULLS LAST" : "ASC NULLS LAST";
	Lambda	   *lambda = order_lambda(step, step->shape);
	const char *from;

	from = rdd_from(query, step, 0);
	appendStringInfo(select, "SELECT %s FROM %s AS s ORDER BY %s LIMIT 1",
					 rdd_same_columns("s", step->shape), from, order_columns(query, step, lambda, direction));
}

/* collect_json(r) */
static void
check_collect_json(RddStep *step, List *inputs)
{
	step->shape = rdd_shape_leaf(JSONBOID, -1, InvalidOid);
}

static void
compile_collect_json(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);

	appendStringInfoString(select, "SELECT ");
	if (rdd_shape_is_pair(input->shape))
	{
		appendStringInfoString(select, "pg_catalog.jsonb_build_object('k', ");
		rdd_append_json(select, rdd_shape_key(input->shape), "k");
		appendStringInfoString(select, ", 'v', ");
		rdd_append_json(select, rdd_shape_value(input->shape), "v");
		appendStringInfoChar(select, ')');
	}
	else
		rdd_append_json(select, input->shape, "x");
	appendStringInfo(select, " AS x%s FROM %s AS s", rdd_keep_order(query, step, 0), from);
}

void
rdd_append_json(StringInfo buf, const RddShape *shape, const char *path)
{
	ListCell   *lcn;
	ListCell   *lcf;

	if (rdd_shape_is_leaf(shape))
	{
		appendStringInfo(buf, "pg_catalog.to_jsonb(s.%s)", quote_identifier(path));
		return;
	}
	appendStringInfoString(buf, "pg_catalog.jsonb_build_object(");
	forboth(lcn, shape->names, lcf, shape->fields)
	{
		const char *name = lfirst(lcn);

		/* inner pairs are tuples */
		if (rdd_shape_is_pair(shape))
			name = foreach_current_index(lcn) == 0 ? "_1" : "_2";
		appendStringInfo(buf, "%s%s, ", foreach_current_index(lcn) > 0 ? ", " : "", quote_literal_cstr(name));
		rdd_append_json(buf, lfirst(lcf), rdd_shape_path(path, lfirst(lcn)));
	}
	appendStringInfoChar(buf, ')');
}

/* count(r), is_empty(r) */
static void
check_count(RddStep *step, List *inputs)
{
	step->shape = rdd_shape_leaf(INT8OID, -1, InvalidOid);
}

static void
compile_count(RddQuery *query, const RddStep *step, StringInfo select)
{
	appendStringInfo(select, "SELECT pg_catalog.count(*) AS x FROM %s AS s", rdd_from(query, step, 0));
}

static void
check_is_empty(RddStep *step, List *inputs)
{
	step->shape = rdd_shape_leaf(BOOLOID, -1, InvalidOid);
}

static void
compile_is_empty(RddQuery *query, const RddStep *step, StringInfo select)
{
	/* PostgreSQL would not tell the nodes that it wants one row of an EXISTS */
	appendStringInfo(select, "SELECT NOT EXISTS (SELECT FROM (SELECT FROM %s AS s LIMIT 1) AS s) AS x",
					 rdd_from(query, step, 0));
}

/* count_by_key(r, …) → pairs of key and number */
static void
check_count_by_key(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	step->shape = rdd_shape_pair(rdd_shape_key(input->shape), rdd_shape_leaf(INT8OID, -1, InvalidOid));
}

/* count_by_value(r, …) → pairs of element and number */
static void
check_count_by_value(RddStep *step, List *inputs)
{
	rdd_expect_equality(step, ((RddStep *) linitial(inputs))->shape);
	step->shape = rdd_shape_pair(((RddStep *) linitial(inputs))->shape,
								 rdd_shape_leaf(INT8OID, -1, InvalidOid));
}

static void
compile_counts(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	List	   *from_leaves = strcmp(step->name, "count_by_key") == 0
		? rdd_shape_leaves(rdd_shape_key(input->shape), "k") : rdd_shape_columns(input->shape);

	appendStringInfo(select, "SELECT %s, pg_catalog.count(*) AS v FROM %s AS s GROUP BY %s",
					 rdd_columns("s", from_leaves, rdd_shape_leaves(rdd_shape_key(step->shape), "k")),
					 rdd_from(query, step, 0), rdd_plain_columns("s", from_leaves));
}

/* lookup(r, key, …) → values */
static void
check_lookup(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);

	rdd_expect_pair(step, input);
	if (!rdd_shape_is_leaf(rdd_shape_key(input->shape)) ||
		!can_coerce_type(1, &rdd_arg(step, 0)->consttype, &rdd_shape_key(input->shape)->type, COERCION_IMPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot look up a key of type %s among keys of type %s",
						format_type_be(rdd_arg(step, 0)->consttype),
						rdd_shape_text(rdd_shape_key(input->shape))),
				 errhint("Cast the key.")));
	rdd_expect_equality(step, rdd_shape_key(input->shape));
	step->shape = (RddShape *) rdd_shape_value(input->shape);
}

static void
compile_lookup(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);
	const RddShape *key = rdd_shape_key(input->shape);
	List	   *values = rdd_shape_leaves(rdd_shape_value(input->shape), "v");
	const char *order = rdd_keep_order(query, step, 0);

	appendStringInfo(select, "SELECT %s%s FROM %s AS s WHERE s.k ",
					 rdd_columns("s", values, rdd_shape_columns(step->shape)), order, from);
	if (rdd_arg_is_null(step, 0))
		appendStringInfoString(select, "IS NULL");
	else
		appendStringInfo(select, "%s (%s)::%s", rdd_operator(key->type, BTEqualStrategyNumber),
						 rdd_arg_literal(step, 0), rdd_type_name(key->type, -1));
}

/* reduce(r, f, …), fold(r, zero, f), aggregate(r, zero, seq, comb) */
static void
check_combine_all(RddStep *step, List *inputs)
{
	RddCombine *combine = rdd_combination(step, ((RddStep *) linitial(inputs))->shape);
	const Const *depth = llast_node(Const, step->args);

	if (strncmp(step->name, "tree_", 5) == 0 && !depth->constisnull && DatumGetInt32(depth->constvalue) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the depth of barks.rdd_%s must be positive, not %d", step->name,
						DatumGetInt32(depth->constvalue))));
	step->shape = combine->state;
}

/* Of no elements a reduction is null, a fold its zero. */
static void
compile_combine_all(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	RddCombine *combine = rdd_combination(step, input->shape);

	rdd_compile_combination(combine, rdd_shape_columns(input->shape), rdd_shape_columns(step->shape), NIL,
							rdd_from(query, step, 0), select);
}

/* sum(r), mean(r), variance(r) … : of numbers, null for none */
static const struct
{
	const char *name;
	const char *aggregate;
}			statistics[] = {
	{"sum", "pg_catalog.sum(s.x::pg_catalog.float8)"},
	{"mean", "pg_catalog.avg(s.x::pg_catalog.float8)"},
	{"variance", "pg_catalog.var_pop(s.x::pg_catalog.float8)"},
	{"sample_variance", "pg_catalog.var_samp(s.x::pg_catalog.float8)"},
	{"stdev", "pg_catalog.stddev_pop(s.x::pg_catalog.float8)"},
	{"sample_stdev", "pg_catalog.stddev_samp(s.x::pg_catalog.float8)"},
};

static void
check_statistic(RddStep *step, List *inputs)
{
	rdd_expect_numbers(step->name, linitial(inputs));
	step->shape = rdd_shape_leaf(FLOAT8OID, -1, InvalidOid);
}

static void
compile_statistic(RddQuery *query, const RddStep *step, StringInfo select)
{
	for (int i = 0; i < lengthof(statistics); i++)
	{
		if (strcmp(statistics[i].name, step->name) == 0)
			appendStringInfo(select, "SELECT %s AS x FROM %s AS s", statistics[i].aggregate,
							 rdd_from(query, step, 0));
	}
}

/* stats(r) → count, mean, stdev, max, min */
static void
check_stats(RddStep *step, List *inputs)
{
	List	   *fields = list_make1(rdd_shape_leaf(INT8OID, -1, InvalidOid));

	rdd_expect_numbers(step->name, linitial(inputs));
	for (int i = 0; i < 4; i++)
		fields = lappend(fields, rdd_shape_leaf(FLOAT8OID, -1, InvalidOid));
	step->shape = rdd_shape_tuple(fields);
}

static void
compile_stats(RddQuery *query, const RddStep *step, StringInfo select)
{
	appendStringInfo(select, "SELECT pg_catalog.count(s.x) AS \"x._1\", pg_catalog.avg(s.x) AS \"x._2\", "
					 "pg_catalog.stddev_pop(s.x) AS \"x._3\", pg_catalog.max(s.x) AS \"x._4\", "
					 "pg_catalog.min(s.x) AS \"x._5\" FROM (SELECT s.x::pg_catalog.float8 FROM %s AS s) AS s",
					 rdd_from(query, step, 0));
}

const RddOperation rdd_actions[] = {
	{"collect", check_collect, compile_collect, RDD_IN_TURN},
	{"collect_pairs", check_collect_pairs, compile_collect, RDD_IN_TURN},
	{"collect_json", check_collect_json, compile_collect_json, RDD_IN_TURN},
	{"take", check_take, compile_take, RDD_ORDER | RDD_IN_TURN},
	{"first", check_collect, compile_take, RDD_ORDER | RDD_IN_TURN},
	{"take_ordered", check_take_ordered, compile_ordered, RDD_NOTHING},
	{"top", check_take_ordered, compile_ordered, RDD_NOTHING},
	{"min", check_ordered, compile_extreme, RDD_NOTHING},
	{"max", check_ordered, compile_extreme, RDD_NOTHING},
	{"count", check_count, compile_count, RDD_NOTHING},
	{"is_empty", check_is_empty, compile_is_empty, RDD_NOTHING},
	{"count_by_key", check_count_by_key, compile_counts, RDD_NOTHING},
	{"count_by_value", check_count_by_value, compile_counts, RDD_NOTHING},
	{"lookup", check_lookup, compile_lookup, RDD_IN_TURN},
	{"reduce", check_combine_all, compile_combine_all, RDD_NOTHING},
	{"fold", check_combine_all, compile_combine_all, RDD_NOTHING},
	{"aggregate", check_combine_all, compile_combine_all, RDD_NOTHING},
	{"tree_reduce", check_combine_all, compile_combine_all, RDD_NOTHING},
	{"tree_aggregate", check_combine_all, compile_combine_all, RDD_NOTHING},
	{"sum", check_statistic, compile_statistic, RDD_NOTHING},
	{"mean", check_statistic, compile_statistic, RDD_NOTHING},
	{"variance", check_statistic, compile_statistic, RDD_NOTHING},
	{"sample_variance", check_statistic, compile_statistic, RDD_NOTHING},
	{"stdev", check_statistic, compile_statistic, RDD_NOTHING},
	{"sample_stdev", check_statistic, compile_statistic, RDD_NOTHING},
	{"stats", check_stats, compile_stats, RDD_NOTHING},
	{NULL}
};
