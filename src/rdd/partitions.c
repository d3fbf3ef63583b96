/*-------------------------------------------------------------------------
 * partitions.c
 *	  Transformations that show in which partition, and where in it, elements are.
 *
 * The input is numbered within each of its partitions (rdd_positions); what is
 * made of the numbers is plain SQL.  Two RDDs are put together by a join on them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/regproc.h"

#include "cluster/node.h"
#include "rdd/arguments.h"
#include "rdd/calls.h"
#include "rdd/combine.h"
#include "rdd/query.h"
#include "rdd/result.h"

PG_FUNCTION_INFO_V1(barks_rdd_preferred_locations);
PG_FUNCTION_INFO_V1(barks_rdd_zip_check);

static int	default_parallelism = 0;

static int	compare_names(const ListCell *a, const ListCell *b);
static void set_position_order(RddQuery *query, const RddStep *step);

void
rdd_init(void)
{
	DefineCustomIntVariable("barks.default_parallelism",
							"Partitions of an RDD where nobody asks for a number.",
							"0: as many as the cluster has executor slots.",
							&default_parallelism, 0, 0, 1000000,
							PGC_USERSET, 0, NULL, NULL, NULL);
}

int
rdd_default_parallelism(void)
{
	List	   *nodes;
	int			slots = 0;
	ListCell   *lc;

	if (default_parallelism > 0)
		return default_parallelism;
	nodes = node_list();
	if (nodes == NIL)
		slots = node_slots(InvalidOid);
	foreach(lc, nodes)
		slots += node_slots(lfirst_oid(lc));
	return Max(slots, 1);
}

/*
 * Numbers of partitions say nothing of where rows are, so they are all nodes that
 * hold a part of a table that the RDD reads.
 */
Datum
barks_rdd_preferred_locations(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	int			partition = PG_GETARG_INT32(1);
	List	   *nodes = NIL;
	List	   *names = NIL;
	Datum	   *values;
	ListCell   *lc;

	if (partition < 0 || partition >= rdd_last(rdd)->partitions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no partition %d", partition),
				 errdetail("The RDD has %d partitions.", rdd_last(rdd)->partitions)));
	foreach(lc, rdd->steps)
		nodes = list_concat_unique_oid(nodes, rdd_step_nodes(lfirst(lc)));
	foreach(lc, nodes)
		names = lappend(names, makeString(node_name(lfirst_oid(lc))));
	list_sort(names, compare_names);
	values = palloc(list_length(names) * sizeof(Datum));
	foreach(lc, names)
		values[foreach_current_index(lc)] = CStringGetTextDatum(strVal(lfirst(lc)));
	PG_RETURN_ARRAYTYPE_P(construct_array(values, list_length(names), TEXTOID, -1, false, TYPALIGN_INT));
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(strVal(lfirst(a)), strVal(lfirst(b)));
}

/* The step's columns "#1" and "#2" are partition and position. */
static void
set_position_order(RddQuery *query, const RddStep *step)
{
	rdd_set_order(query, step, 2);
	rdd_set_order_kind(query, step, ORDER_UNIQUE);
	rdd_set_partitioned(query, step);
}

/* glom(r): an array for each partition, also for an empty one */
static void
check_glom(RddStep *step, List *inputs)
{
	step->shape = rdd_group_shape(step, ((RddStep *) linitial(inputs))->shape);
}

static void
compile_glom(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);
	const char *variable = rdd_shape_is_pair(input->shape) ? NULL : "x";
	ListCell   *lc;

	appendStringInfoString(select, "SELECT ");
	foreach(lc, rdd_shape_columns(step->shape))
	{
		RddLeaf    *leaf = lfirst(lc);
		const char *path = quote_identifier(leaf->path);

		appendStringInfo(select, "%sCOALESCE(s.%s, '{}'::%s) AS %s", foreach_current_index(lc) > 0 ? ", " : "",
						 path, rdd_type_text(leaf->shape), path);
	}
	appendStringInfo(select, ", g.p::pg_catalog.int8 AS \"#1\", g.p AS \"#p\" FROM pg_catalog.generate_series(0, %d) AS g(p) "
					 "LEFT JOIN (SELECT s.\"#p\", ", step->partitions - 1);
	if (variable)
		rdd_group_columns(input->shape, "x", "x", NULL, "s.\"#i\"", select);
	else
	{
		rdd_group_columns(rdd_shape_key(input->shape), "k", "k", NULL, "s.\"#i\"", select);
		appendStringInfoString(select, ", ");
		rdd_group_columns(rdd_shape_value(input->shape), "v", "v", NULL, "s.\"#i\"", select);
	}
	appendStringInfo(select, " FROM %s AS s GROUP BY s.\"#p\") AS s ON s.\"#p\" = g.p",
					 rdd_positions(query, step, 0, from));
	rdd_set_order(query, step, 1);
	rdd_set_order_kind(query, step, ORDER_UNIQUE);
	rdd_set_partitioned(query, step);
}

/* zip_with_index(r), zip_with_unique_id(r): pairs of element and number */
static void
check_zip_with_number(RddStep *step, List *inputs)
{
	RddShape   *number = rdd_shape_leaf(INT8OID, -1, InvalidOid);

	number->not_null = true;
	step->shape = rdd_shape_pair(((RddStep *) linitial(inputs))->shape, number);
}

/* The number of elements in earlier partitions is counted beforehand, as in Spark. */
static void
compile_zip_with_index(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from_twice(query, step, 0);

	appendStringInfo(select, "SELECT %s, s.\"#i\" + t.\"before\" AS v, s.\"#p\"::pg_catalog.int8 AS \"#1\", s.\"#i\" AS \"#2\", s.\"#p\" "
					 "FROM %s AS s JOIN (SELECT c.\"#p\", (pg_catalog.sum(c.n) OVER (ORDER BY c.\"#p\") - c.n)::pg_catalog.int8 AS \"before\" "
					 "FROM (SELECT s.\"#p\", pg_catalog.count(*) AS n FROM %s AS s GROUP BY s.\"#p\") AS c) AS t ON t.\"#p\" = s.\"#p\"",
					 rdd_columns("s", rdd_shape_columns(input->shape), rdd_shape_leaves(input->shape, "k")),
					 rdd_positions(query, step, 0, from), from);
	set_position_order(query, step);
}

/* Element i of partition p of n has number i * n + p. */
static void
compile_zip_with_unique_id(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);

	appendStringInfo(select, "SELECT %s, s.\"#i\" * %d + s.\"#p\" AS v, s.\"#p\"::pg_catalog.int8 AS \"#1\", s.\"#i\" AS \"#2\", s.\"#p\" FROM %s AS s",
					 rdd_columns("s", rdd_shape_columns(input->shape), rdd_shape_leaves(input->shape, "k")),
					 step->partitions, rdd_positions(query, step, 0, from));
	set_position_order(query, step);
}

/* zip(r, o): pairs of elements of equal partition and position */
static void
check_zip(RddStep *step, List *inputs)
{
	const RddStep *left = linitial(inputs);
	const RddStep *right = lsecond(inputs);

	if (left->partitions != right->partitions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot zip RDDs with %d and %d partitions", left->partitions, right->partitions),
				 errhint("Give both the same number when they are made, or barks.rdd_repartition() them.")));
	step->shape = rdd_shape_pair(left->shape, right->shape);
}

static void
compile_zip(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *sides[2];

	for (int i = 0; i < 2; i++)
	{
		const char *from = rdd_from(query, step, i);

		sides[i] = psprintf("(SELECT s.*, pg_catalog.count(*) OVER (PARTITION BY s.\"#p\") AS \"#n\" FROM %s AS s)",
							rdd_positions(query, step, i, from));
	}
	appendStringInfo(select, "SELECT %s, %s, l.\"#p\"::pg_catalog.int8 AS \"#1\", l.\"#i\" AS \"#2\", l.\"#p\" "
					 "FROM %s AS l FULL JOIN %s AS r ON l.\"#p\" = r.\"#p\" AND l.\"#i\" = r.\"#i\" "
					 "WHERE barks.rdd_zip_check(l.\"#p\", r.\"#p\", l.\"#n\", r.\"#n\")",
					 rdd_columns("l", rdd_shape_columns(rdd_input(query, step, 0)->shape),
								 rdd_shape_leaves(rdd_shape_key(step->shape), "k")),
					 rdd_columns("r", rdd_shape_columns(rdd_input(query, step, 1)->shape),
								 rdd_shape_leaves(rdd_shape_value(step->shape), "v")),
					 sides[0], sides[1]);
	set_position_order(query, step);
}

/* True, or an error: of a row of the join, its partition on both sides and how many elements it has there. */
Datum
barks_rdd_zip_check(PG_FUNCTION_ARGS)
{
	int64		left = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	int64		right = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT64(3);

	if (left != right)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot zip partitions of different sizes"),
				 errdetail("Partition %d has " INT64_FORMAT " elements in the first RDD and " INT64_FORMAT " in the second.",
						   PG_GETARG_INT32(PG_ARGISNULL(0) ? 1 : 0), left, right)));
	PG_RETURN_BOOL(true);
}

/* coalesce(r, n, shuffle), repartition(r, n) */
static bool
shuffles(const RddStep *step)
{
	return strcmp(step->name, "repartition") == 0 || rdd_arg_bool(step, 1, false);
}

static void
check_coalesce(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	int			n;

	(void) rdd_arg_int(step, 0);
	n = rdd_arg_partitions(step, 0, 0);
	step->shape = input->shape;
	step->partitions = shuffles(step) ? n : Min(n, input->partitions);
	/* neighbours stay together, but not what hashing would put together */
	step->by_key = false;
}

static void
compile_coalesce(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddStep *input = rdd_input(query, step, 0);
	const char *from = rdd_from(query, step, 0);
	const char *partition;

	if (!query->in_order && !query->by_partition)
	{
		appendStringInfo(select, "SELECT %s FROM %s AS s", rdd_same_columns("s", step->shape), from);
		return;
	}
	/* dealt in turn, each partition beginning with another */
	if (shuffles(step))
		partition = psprintf("((s.\"#i\" + s.\"#p\") %% %d)::pg_catalog.int4", step->partitions);
	else
		partition = rdd_slice("s.\"#p\"::pg_catalog.int8", input->partitions, step->partitions);
	appendStringInfo(select, "SELECT %s, %s::pg_catalog.int8 AS \"#1\", s.\"#p\"::pg_catalog.int8 AS \"#2\", s.\"#i\" AS \"#3\", %s AS \"#p\" FROM %s AS s",
					 rdd_same_columns("s", step->shape), partition, partition,
					 rdd_positions(query, step, 0, from));
	rdd_set_order(query, step, 3);
	rdd_set_order_kind(query, step, ORDER_UNIQUE);
	rdd_set_partitioned(query, step);
}

/* repartition_and_sort(r, n), repartition_and_sort(r, partitioner): by the key, and in order of keys in each partition */
static void
check_repartition_and_sort(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	bool		by_range;

	rdd_expect_pair(step, input);
	rdd_expect_order(step, rdd_shape_key(input->shape));
	step->shape = input->shape;
	step->partitions = rdd_arg_partitioner(step, 0, input->partitions, &by_range);
	step->by_key = true;
}

static void
compile_repartition_and_sort(RddQuery *query, const RddStep *step, StringInfo select)
{
	List	   *keys = rdd_shape_leaves(rdd_shape_key(step->shape), "k");
	const char *from = rdd_from(query, step, 0);
	const char *partition;
	bool		by_range;
	ListCell   *lc;

	(void) rdd_arg_partitioner(step, 0, 0, &by_range);
	partition = rdd_key_partition("s", keys, step->partitions, by_range);
	appendStringInfo(select, "SELECT %s", rdd_same_columns("s", step->shape));
	if (query->in_order)
	{
		appendStringInfo(select, ", s.\"#p\"::pg_catalog.int8 AS \"#1\", pg_catalog.rank() OVER (PARTITION BY s.\"#p\" ORDER BY ");
		foreach(lc, keys)
			appendStringInfo(select, "%ss.%s NULLS FIRST", foreach_current_index(lc) > 0 ? ", " : "",
							 quote_identifier(((RddLeaf *) lfirst(lc))->path));
		appendStringInfoString(select, ") AS \"#2\"");
		rdd_set_order(query, step, 2);
	}
	appendStringInfo(select, ", s.\"#p\" FROM (SELECT %s, %s AS \"#p\" FROM %s AS s) AS s",
					 rdd_same_columns("s", step->shape), partition, from);
	rdd_set_partitioned(query, step);
}

/* The type that values of the function are cast to; NULL where nobody asks for one. */
static RddShape *
result_shape(const RddStep *step, const RddCall *call)
{
	Oid			type = list_length(step->args) > 1 ? rdd_arg_type(step, 1) : InvalidOid;
	RddShape   *shape = OidIsValid(type) ? rdd_shape_of_type(type) : NULL;

	if (!shape || rdd_shape_equal(shape, call->shape))
		return NULL;
	if (!rdd_shape_is_leaf(shape) || !rdd_shape_is_leaf(call->shape) ||
		!can_coerce_type(1, &call->shape->type, &type, COERCION_EXPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_CANNOT_COERCE),
				 errmsg("cannot cast what function %s gives from type %s to %s", format_procedure(call->function),
						rdd_shape_text(call->shape), format_type_be(type))));
	return shape;
}

/* map_partitions(r, f, result), map_partitions_with_index(r, f, result), zip_partitions(r, o, …, f) */
static void
check_map_partitions(RddStep *step, List *inputs)
{
	RddCall    *call = rdd_call_of(step, list_length(inputs), strcmp(step->name, "map_partitions_with_index") == 0);
	const RddStep *first = linitial(inputs);
	RddShape   *cast_to = result_shape(step, call);
	ListCell   *lc;

	foreach(lc, inputs)
	{
		if (((RddStep *) lfirst(lc))->partitions != first->partitions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cannot zip RDDs with %d and %d partitions", first->partitions,
							((RddStep *) lfirst(lc))->partitions),
					 errhint("Give both the same number when they are made, or barks.rdd_repartition() them.")));
	}
	step->shape = cast_to ? cast_to : call->shape;
	step->is_volatile = call->is_volatile;
}

/* foreach_partition(r, f): what f gives is not wanted */
static void
check_foreach_partition(RddStep *step, List *inputs)
{
	(void) rdd_call_of_function(step->name, rdd_arg_function(step, 0), list_length(inputs), false);
	step->shape = rdd_shape_leaf(INT4OID, -1, InvalidOid);
}

/*
 * Of all inputs the elements, each in its own columns "#a1", …, and for each partition a
 * row without one.  Returns how many order columns they have.
 */
static int
append_elements(RddQuery *query, const RddStep *step, StringInfo buf)
{
	int			ninputs = list_length(step->inputs);
	int			npartitions = rdd_input(query, step, 0)->partitions;
	const char **from = palloc(ninputs * sizeof(char *));
	int			norder = 0;

	for (int i = 0; i < ninputs; i++)
	{
		from[i] = rdd_from(query, step, i);
		norder = Max(norder, rdd_order_of(query, step, i));
	}
	for (int i = 0; i <= ninputs; i++)
	{
		int			column = 0;

		appendStringInfo(buf, "%sSELECT s.%s AS \"#p\", %d AS \"#input\"", i > 0 ? " UNION ALL " : "",
						 i < ninputs ? "\"#p\"" : "part", i);
		for (int n = 1; n <= norder; n++)
			appendStringInfo(buf, ", %s AS \"#%d\"",
							 i < ninputs && n <= rdd_order_of(query, step, i) ? psprintf("s.\"#%d\"", n)
							 : "NULL::pg_catalog.int8", n);
		for (int k = 0; k < ninputs; k++)
		{
			ListCell   *lc;

			foreach(lc, rdd_shape_columns(rdd_input(query, step, k)->shape))
			{
				const RddLeaf *leaf = lfirst(lc);

				appendStringInfo(buf, ", %s AS \"#a%d\"",
								 k == i ? psprintf("s.%s", quote_identifier(leaf->path)) : rdd_null_text(leaf->shape),
								 ++column);
			}
		}
		if (i < ninputs)
			appendStringInfo(buf, " FROM %s AS s", from[i]);
		else
			appendStringInfo(buf, " FROM barks.rdd_slices(%d) AS s WHERE s.part < %d", npartitions, npartitions);
	}
	return norder;
}

/* SELECT "#p" and what a function gives for each partition, as rows of bytes "#r". */
static void
append_calls(RddQuery *query, const RddStep *step, Oid function, bool keeps, StringInfo buf)
{
	StringInfoData elements;
	StringInfoData names;
	StringInfoData widths;
	StringInfoData columns;
	int			norder;
	int			column = 0;

	initStringInfo(&elements);
	initStringInfo(&names);
	initStringInfo(&widths);
	initStringInfo(&columns);
	norder = append_elements(query, step, &elements);
	for (int i = 0; i < list_length(step->inputs); i++)
	{
		List	   *input_names = rdd_column_names(rdd_input(query, step, i)->shape);
		ListCell   *lc;

		appendStringInfo(&widths, "%s%d", i > 0 ? ", " : "", list_length(input_names));
		foreach(lc, input_names)
		{
			appendStringInfo(&names, "%s%s", column > 0 ? ", " : "", quote_literal_cstr(lfirst(lc)));
			appendStringInfo(&columns, ", s.\"#a%d\"", ++column);
		}
	}
	appendStringInfo(buf, "SELECT s.\"#p\", barks.rdd_call_partition(%u::pg_catalog.regprocedure, %s, "
					 "ARRAY[%s]::pg_catalog.int4[], ARRAY[%s]::pg_catalog.text[], s.\"#p\", s.\"#input\", s.\"#i\"%s) AS \"#r\" "
					 "FROM (SELECT s.*, pg_catalog.row_number() OVER (PARTITION BY s.\"#p\" ORDER BY s.\"#input\"",
					 function, keeps ? "true" : "false", widths.data, names.data, columns.data);
	for (int n = 1; n <= norder; n++)
		appendStringInfo(buf, ", s.\"#%d\"", n);
	appendStringInfo(buf, ") AS \"#i\" FROM (%s) AS s) AS s", elements.data);
}

static void
compile_map_partitions(RddQuery *query, const RddStep *step, StringInfo select)
{
	RddCall    *call = rdd_call_of(step, list_length(step->inputs), strcmp(step->name, "map_partitions_with_index") == 0);
	StringInfoData calls;
	const char *cast = result_shape(step, call) ? psprintf("::%s", rdd_type_text(step->shape)) : "";
	ListCell   *lc;

	initStringInfo(&calls);
	append_calls(query, step, call->function, true, &calls);
	appendStringInfoString(select, "SELECT ");
	foreach(lc, rdd_shape_columns(call->shape))
	{
		RddLeaf    *leaf = lfirst(lc);

		/* the first field is the row's number */
		appendStringInfo(select, "%sbarks.rdd_call_field(s.\"#r\", %d, %s)%s AS %s", foreach_current_index(lc) > 0 ? ", " : "",
						 foreach_current_index(lc) + 2, rdd_null_text(leaf->shape), cast, quote_identifier(leaf->path));
	}
	appendStringInfo(select, ", s.\"#p\"::pg_catalog.int8 AS \"#1\", barks.rdd_call_field(s.\"#r\", 1, NULL::pg_catalog.int8) AS \"#2\", "
					 "s.\"#p\" FROM (%s) AS s", calls.data);
	set_position_order(query, step);
}

static void
compile_foreach_partition(RddQuery *query, const RddStep *step, StringInfo select)
{
	StringInfoData calls;

	initStringInfo(&calls);
	append_calls(query, step, rdd_arg_function(step, 0), false, &calls);
	appendStringInfo(select, "SELECT s.\"#p\" AS x FROM (%s) AS s", calls.data);
}

const RddOperation rdd_partition_operations[] = {
	{"glom", check_glom, compile_glom, RDD_FINE_ORDER | RDD_PARTITION},
	{"zip_with_index", check_zip_with_number, compile_zip_with_index, RDD_FINE_ORDER | RDD_PARTITION},
	{"zip_with_unique_id", check_zip_with_number, compile_zip_with_unique_id, RDD_FINE_ORDER | RDD_PARTITION},
	{"zip", check_zip, compile_zip, RDD_FINE_ORDER | RDD_PARTITION},
	{"coalesce", check_coalesce, compile_coalesce, RDD_IF_ASKED | RDD_FINE_ORDER | RDD_PARTITION},
	{"repartition", check_coalesce, compile_coalesce, RDD_IF_ASKED | RDD_FINE_ORDER | RDD_PARTITION},
	{"repartition_and_sort", check_repartition_and_sort, compile_repartition_and_sort, RDD_NOTHING},
	{"map_partitions", check_map_partitions, compile_map_partitions, RDD_FINE_ORDER | RDD_PARTITION},
	{"map_partitions_with_index", check_map_partitions, compile_map_partitions, RDD_FINE_ORDER | RDD_PARTITION},
	{"zip_partitions", check_map_partitions, compile_map_partitions, RDD_FINE_ORDER | RDD_PARTITION},
	{NULL}
};

const RddOperation rdd_partition_actions[] = {
	{"foreach_partition", check_foreach_partition, compile_foreach_partition, RDD_FINE_ORDER | RDD_PARTITION},
	{NULL}
};
