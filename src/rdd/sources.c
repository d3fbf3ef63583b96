/*-------------------------------------------------------------------------
 * sources.c
 *	  RDDs from arrays, ranges, tables and queries.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "rdd/arguments.h"
#include "rdd/qualify.h"
#include "rdd/query.h"
#include "table/layout.h"

/* numbers from which several tasks make a range */
#define SPLIT_COUNT 100000

static void set_positions(RddQuery *query, const RddStep *step, bool in_order);
static Query *parse_query(const char *text, const char **statement);
static RddShape *shape_of_query(Query *query);
static bool placeholder_walker(Node *node, void *context);
static RddShape *shape_of_columns(List *types, List *typmods, List *collations);
static char *order_of_query(Query *query, List **columns, const char **statement);

/* parallelize(anyarray, n) */
static void
check_parallelize(RddStep *step, List *inputs)
{
	const Const *array = rdd_arg(step, 0);
	Oid			element = get_element_type(getBaseType(array->consttype));

	step->partitions = rdd_arg_partitions(step, 1, 0);
	if (array->constisnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the array to make an RDD of must not be null")));
	if (get_typtype(element) == TYPTYPE_PSEUDO)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of an RDD cannot be of type %s", format_type_be(element)),
				 errhint("Make an RDD of values, and rows of them with barks.rdd_map().")));
	step->shape = rdd_shape_of_type(element);
}

/* The source told what it was asked for; one column is the order. */
static void
set_positions(RddQuery *query, const RddStep *step, bool in_order)
{
	rdd_set_order(query, step, in_order ? 1 : 0);
	if (in_order)
		rdd_set_order_kind(query, step, ORDER_UNIQUE);
	if (query->by_partition)
		rdd_set_partitioned(query, step);
}

static void
compile_parallelize(RddQuery *query, const RddStep *step, StringInfo select)
{
	ArrayType  *array = DatumGetArrayTypeP(rdd_arg(step, 0)->constvalue);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	List	   *leaves = rdd_shape_columns(step->shape);
	ListCell   *lc;

	appendStringInfo(select, "SELECT %s%s", rdd_columns("u", leaves, leaves),
					 query->in_order ? ", u.\"#1\"" : "");
	if (query->by_partition)
		appendStringInfo(select, ", %s AS \"#p\"", rdd_slice("(u.\"#1\" - 1)", count, step->partitions));
	appendStringInfo(select, " FROM pg_catalog.unnest(%s) WITH ORDINALITY u(", rdd_arg_literal(step, 0));
	foreach(lc, leaves)
		appendStringInfo(select, "%s, ", quote_identifier(((RddLeaf *) lfirst(lc))->path));
	appendStringInfoString(select, "\"#1\")");
	set_positions(query, step, query->in_order);
}

/* range(first, last, step, n): the end is not included */
static void
check_range(RddStep *step, List *inputs)
{
	step->partitions = rdd_arg_partitions(step, 3, 0);
	for (int i = 0; i < 3; i++)
	{
		if (rdd_arg_is_null(step, i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("bounds and step of a range must not be null")));
	}
	if (DatumGetInt64(rdd_arg(step, 2)->constvalue) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step of a range must not be 0")));
	step->shape = rdd_shape_leaf(INT8OID, -1, InvalidOid);
	step->shape->not_null = true;
}

static void
compile_range(RddQuery *query, const RddStep *step, StringInfo select)
{
	int64		first = DatumGetInt64(rdd_arg(step, 0)->constvalue);
	int64		end = DatumGetInt64(rdd_arg(step, 1)->constvalue);
	int64		by = DatumGetInt64(rdd_arg(step, 2)->constvalue);
	bool		is_empty = by > 0 ? end <= first : end >= first;
	uint64		distance = by > 0 ? (uint64) end - (uint64) first : (uint64) first - (uint64) end;
	uint64		stride = by > 0 ? (uint64) by : -(uint64) by;
	uint64		count = is_empty ? 0 : (distance - 1) / stride + 1;
	bool		is_split = count >= SPLIT_COUNT && count <= PG_INT64_MAX;

	/* a part is a partition, if somebody wants to know */
	if (is_split)
		appendStringInfo(select, "SELECT s.x%s%s FROM (SELECT p.part, barks.rdd_numbers('" INT64_FORMAT "'::pg_catalog.int8, '" INT64_FORMAT
						 "'::pg_catalog.int8, '" INT64_FORMAT "'::pg_catalog.int8, p.part, p.parts) AS x FROM barks.rdd_slices(%s%s) AS p) AS s",
						 query->in_order ? (by > 0 ? ", s.x AS \"#1\"" : ", -s.x AS \"#1\"") : "",
						 query->by_partition ? ", s.part AS \"#p\"" : "", first, by, (int64) count,
						 query->by_partition ? psprintf("%d", step->partitions) : "NULL::pg_catalog.int4",
						 query->in_turn ? ", true" : "");
	set_positions(query, step, query->in_order);
	if (is_split)
		return;
	appendStringInfoString(select, "SELECT g.x");
	if (query->in_order)
		appendStringInfo(select, ", %sg.x AS \"#1\"", by > 0 ? "" : "-");
	if (query->by_partition)
		appendStringInfo(select, ", %s AS \"#p\"",
						 rdd_slice(psprintf(distance < PG_INT64_MAX ? "((g.x - '" INT64_FORMAT "'::pg_catalog.int8) / " INT64_FORMAT ")"
											: "pg_catalog.div(g.x - '" INT64_FORMAT "'::pg_catalog.numeric, " INT64_FORMAT ")::pg_catalog.int8",
											first, by), (int64) Min(count, PG_INT64_MAX), step->partitions));
	/* generate_series includes its end */
	appendStringInfo(select, " FROM pg_catalog.generate_series('" INT64_FORMAT "'::pg_catalog.int8, '"
					 INT64_FORMAT "'::pg_catalog.int8, '" INT64_FORMAT "'::pg_catalog.int8) g(x)",
					 is_empty ? 1 : first, is_empty ? 0 : end - (by > 0 ? 1 : -1), is_empty ? 1 : by);
}

/* empty(regtype) */
static void
check_empty(RddStep *step, List *inputs)
{
	Oid			type;

	if (rdd_arg_is_null(step, 0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the type of elements must not be null")));
	type = DatumGetObjectId(rdd_arg(step, 0)->constvalue);
	rdd_expect_type(type);
	step->shape = rdd_shape_of_type(type);
}

static void
compile_empty(RddQuery *query, const RddStep *step, StringInfo select)
{
	const char *comma = "SELECT ";
	ListCell   *lc;

	foreach(lc, rdd_shape_columns(step->shape))
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(select, "%s%s AS %s", comma, rdd_null_text(leaf->shape),
						 quote_identifier(leaf->path));
		comma = ", ";
	}
	appendStringInfoString(select, " WHERE false");
}

/* table(regclass) */
static Oid
table_of(const RddStep *step)
{
	if (rdd_arg_is_null(step, 0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table to make an RDD of must not be null")));
	return DatumGetObjectId(rdd_arg(step, 0)->constvalue);
}

/* Of foreign tables and views nobody checks it. */
static void
note_not_null(RddShape *shape, TupleDesc desc)
{
	ListCell   *lc = list_head(shape->fields);

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		((RddShape *) lfirst(lc))->not_null = TupleDescAttr(desc, i)->attnotnull;
		lc = lnext(shape->fields, lc);
	}
}

static void
check_table(RddStep *step, List *inputs)
{
	Relation	rel = try_relation_open(table_of(step), AccessShareLock);
	Oid			type;

	if (!rel)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table that an RDD reads does not exist")));
	type = rel->rd_rel->reltype;
	if (!OidIsValid(type) || rel->rd_rel->relkind == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or view", RelationGetRelationName(rel))));
	step->shape = rdd_shape_of_type(type);
	/* tables that inherit may do without the constraint */
	if ((rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relhassubclass) ||
		rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		note_not_null(step->shape, RelationGetDescr(rel));
	if (table_is_distributed(RelationGetRelid(rel)))
		step->partitions = table_layout(rel)->npartitions;
	relation_close(rel, AccessShareLock);
}

/* Nodes that hold parts of the table that a step reads, if it reads one. */
List *
rdd_step_nodes(const RddStep *step)
{
	List	   *nodes = NIL;
	Oid			table = InvalidOid;
	const char *partitioner;
	Relation	rel;
	const TableLayout *layout;

	if (strcmp(step->name, "table") == 0)
		table = table_of(step);
	else if (strcmp(step->name, "checkpointed") == 0)
		table = rdd_checkpoint_table(step, &partitioner);
	if (!OidIsValid(table) || !table_is_distributed(table))
		return NIL;
	rel = relation_open(table, AccessShareLock);
	layout = table_layout(rel);
	for (int i = 0; i < layout->nnodes; i++)
		nodes = list_append_unique_oid(nodes, layout->nodes[i]);
	relation_close(rel, AccessShareLock);
	return nodes;
}

/* As its rows are distributed, by the key; without one the query's own rule does it. */
static void
append_table_partition(RddQuery *query, const RddStep *step, StringInfo select)
{
	Oid			table = table_of(step);
	Relation	rel;
	const TableLayout *layout;
	List	   *keys = NIL;

	if (!table_is_distributed(table))
		return;
	rel = relation_open(table, AccessShareLock);
	layout = table_layout(rel);
	for (int i = 0; i < layout->nkeys; i++)
	{
		RddLeaf    *leaf = palloc0(sizeof(RddLeaf));

		leaf->path = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel), layout->keys[i] - 1)->attname));
		keys = lappend(keys, leaf);
	}
	relation_close(rel, AccessShareLock);
	if (keys == NIL)
		return;
	appendStringInfo(select, ", %s AS \"#p\"", rdd_hash_partition("t", keys, step->partitions));
	rdd_set_partitioned(query, step);
}

static void
compile_table(RddQuery *query, const RddStep *step, StringInfo select)
{
	Oid			table = table_of(step);
	const char *comma = "SELECT ";
	ListCell   *lcn;
	ListCell   *lcl;

	forboth(lcn, step->shape->names, lcl, rdd_shape_columns(step->shape))
	{
		appendStringInfo(select, "%st.%s AS %s", comma, quote_identifier(lfirst(lcn)),
						 quote_identifier(((RddLeaf *) lfirst(lcl))->path));
		comma = ", ";
	}
	if (query->by_partition)
		append_table_partition(query, step, select);
	appendStringInfo(select, " FROM %s AS t",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
												get_rel_name(table)));
}

/* query(text) */
static void
check_query(RddStep *step, List *inputs)
{
	const char *statement;

	step->shape = shape_of_query(parse_query(rdd_arg_text(step, 0), &statement));
	step->partitions = 1;
}

/*
 * The text is parsed alone here, and must be one SELECT; between parentheses the same
 * tokens are the same SELECT.  The statement is that without what may come before and
 * after it.
 */
static Query *
parse_query(const char *text, const char **statement)
{
	List	   *statements = raw_parser(text, RAW_PARSE_DEFAULT);
	RawStmt    *raw = statements != NIL ? linitial_node(RawStmt, statements) : NULL;
	Query	   *query;

	if (list_length(statements) != 1 || !IsA(raw->stmt, SelectStmt) ||
		((SelectStmt *) raw->stmt)->intoClause)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query of an RDD must be one SELECT")));
	*statement = raw->stmt_len > 0 ? pnstrdup(text + raw->stmt_location, raw->stmt_len)
		: text + raw->stmt_location;
	if (placeholder_walker(raw->stmt, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("the query of an RDD has a name that RDDs need themselves"),
				 errdetail("Such are barks_lambda, and tables whose names begin with \"rdd \".")));
	query = parse_analyze_fixedparams(raw, text, NULL, 0, NULL);
	if (qualify_collects())
		qualify_note(text, linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT))->stmt, (Node *) query);
	if (query->commandType != CMD_SELECT || query->hasModifyingCTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query of an RDD must be one SELECT")));
	return query;
}

/* One column makes values, two pairs, more tuples. */
static RddShape *
shape_of_query(Query *query)
{
	List	   *types = NIL;
	List	   *typmods = NIL;
	List	   *collations = NIL;
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *target = lfirst_node(TargetEntry, lc);

		if (target->resjunk)
			continue;
		if (exprType((Node *) target->expr) != UNKNOWNOID)
			rdd_expect_type(exprType((Node *) target->expr));
		types = lappend_oid(types, exprType((Node *) target->expr));
		typmods = lappend_int(typmods, exprTypmod((Node *) target->expr));
		collations = lappend_oid(collations, exprCollation((Node *) target->expr));
	}
	return shape_of_columns(types, typmods, collations);
}

/* Does it say barks_lambda."1.1" or "rdd 1", which in a query of ours are other things? */
static bool
placeholder_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef) && IsA(linitial(((ColumnRef *) node)->fields), String) &&
		strcmp(strVal(linitial(((ColumnRef *) node)->fields)), "barks_lambda") == 0)
		return true;
	if (IsA(node, RangeVar) && !((RangeVar *) node)->schemaname &&
		strncmp(((RangeVar *) node)->relname, "rdd ", 4) == 0)
		return true;
	return raw_expression_tree_walker(node, placeholder_walker, context);
}

static RddShape *
shape_of_columns(List *types, List *typmods, List *collations)
{
	List	   *fields = NIL;

	for (int i = 0; i < list_length(types); i++)
		fields = lappend(fields, rdd_shape_leaf(list_nth_oid(types, i), list_nth_int(typmods, i),
												list_nth_oid(collations, i)));
	if (fields == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query of an RDD must have columns")));
	if (list_length(fields) == 1)
		return get_typtype(getBaseType(linitial_oid(types))) == TYPTYPE_COMPOSITE
			? rdd_shape_of_type(linitial_oid(types)) : linitial(fields);
	if (list_length(fields) == 2)
		return rdd_shape_pair(linitial(fields), lsecond(fields));
	return rdd_shape_tuple(fields);
}

/*
 * ORDER BY of the statement as one of a window over its columns, and these after those of
 * the elements: sorted by that, rows are in the statement's order.  What it sorts by
 * besides its output becomes output.  NULL: it has no order.
 */
static char *
order_of_query(Query *query, List **columns, const char **statement)
{
	StringInfoData order;
	bool		shows_more = false;
	ListCell   *lcs;
	ListCell   *lct;

	if (query->sortClause == NIL)
		return NULL;
	foreach(lct, query->targetList)
	{
		TargetEntry *target = lfirst_node(TargetEntry, lct);

		if (target->resjunk && target->ressortgroupref > 0 &&
			get_sortgroupref_clause_noerr(target->ressortgroupref, query->sortClause))
		{
			target->resjunk = false;
			target->resname = psprintf("#s%d", list_length(*columns));
			*columns = lappend(*columns, target->resname);
			shows_more = true;
		}
	}
	if (shows_more)
		*statement = pg_get_querydef(query, false);
	initStringInfo(&order);
	foreach(lcs, query->sortClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lcs);
		int			column = 0;

		foreach(lct, query->targetList)
		{
			TargetEntry *target = lfirst_node(TargetEntry, lct);

			if (target->ressortgroupref == clause->tleSortGroupRef)
				break;
			column += target->resjunk ? 0 : 1;
		}
		appendStringInfo(&order, "%sq.%s USING %s NULLS %s", order.len > 0 ? ", " : "",
						 quote_identifier(list_nth(*columns, column)), rdd_operator_text(clause->sortop),
						 clause->nulls_first ? "FIRST" : "LAST");
	}
	return order.data;
}

/* Equal rows of an order may come in any. */
static void
compile_query(RddQuery *query, const RddStep *step, StringInfo select)
{
	bool		is_row = OidIsValid(step->shape->type) && !rdd_shape_is_leaf(step->shape);
	List	   *leaves = rdd_shape_columns(step->shape);
	const char *statement;
	Query	   *parsed = parse_query(rdd_arg_text(step, 0), &statement);
	List	   *columns = NIL;
	char	   *order = NULL;
	ListCell   *lc;

	/* one column of a row type, or one for each leaf */
	if (is_row)
		columns = list_make1("x");
	else
	{
		foreach(lc, leaves)
			columns = lappend(columns, (char *) ((RddLeaf *) lfirst(lc))->path);
	}
	if (query->in_order)
		order = order_of_query(parsed, &columns, &statement);
	appendStringInfoString(select, "SELECT ");
	foreach(lc, leaves)
	{
		const char *path = quote_identifier(((RddLeaf *) lfirst(lc))->path);

		appendStringInfoString(select, foreach_current_index(lc) > 0 ? ", " : "");
		if (is_row)
			appendStringInfo(select, "(q.x).%s AS %s",
							 quote_identifier(list_nth(step->shape->names, foreach_current_index(lc))), path);
		else
			appendStringInfo(select, "q.%s", path);
	}
	if (order)
	{
		appendStringInfo(select, ", pg_catalog.rank() OVER (ORDER BY %s) AS \"#1\"", order);
		rdd_set_order(query, step, 1);
	}
	if (query->by_partition)
	{
		appendStringInfoString(select, ", 0 AS \"#p\"");
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM (%s\n) AS q(", statement);
	foreach(lc, columns)
		appendStringInfo(select, "%s%s", foreach_current_index(lc) > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	appendStringInfoChar(select, ')');
}

const RddOperation rdd_sources[] = {
	{"parallelize", check_parallelize, compile_parallelize},
	{"range", check_range, compile_range, RDD_IN_TURN},
	{"empty", check_empty, compile_empty},
	{"table", check_table, compile_table},
	{"query", check_query, compile_query},
	{NULL}
};
