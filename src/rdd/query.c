/*-------------------------------------------------------------------------
 * query.c
 *	  From a lineage to a query.
 *
 * A step is a sub-select in the FROM of the one step that reads it, or a WITH query
 * when several do, which the engine then computes once.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "rdd/lambda_text.h"
#include "rdd/names.h"
#include "rdd/qualify.h"
#include "rdd/query.h"
#include "rdd/result.h"

/* times that an expression may be copied */
#define MAX_GROWTH	64
/* steps within each other: the parser's own stack ends at about 1,600 sub-selects */
#define MAX_NESTING	300

static const RddOperation *const operations[] = {
	rdd_sources, rdd_file_sources, rdd_element_operations, rdd_pair_operations, rdd_partition_operations,
	rdd_sample_operations, rdd_summary_operations, rdd_storage_operations, rdd_checkpoint_operations,
	rdd_file_sinks, rdd_pipe_operations, rdd_unsupported, rdd_actions, rdd_partition_actions, rdd_sample_actions,
	rdd_summary_actions
};

static void add_array(Datum array, List **inputs);
static Const *plain_argument(Const *value);
static void check_step(RddStep *step, List *inputs);
static char *compile_lineage(RddQuery *query, List *types);
static bool has_subqueries(const RddQuery *query);
static void compile_step(RddQuery *query, int number, StringInfo select);
static void fence(RddQuery *query, int number, StringInfo select);
static char *lambda_column(RddQuery *query, Lambda *lambda, int leaf);
static char *value_for_null(const RddShape *leaf);

const RddOperation *
rdd_operation(const char *name)
{
	for (int i = 0; i < lengthof(operations); i++)
	{
		for (const RddOperation *operation = operations[i]; operation->name; operation++)
		{
			if (strcmp(operation->name, name) == 0)
				return operation;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("there is no RDD operation \"%s\"", name)));
}

Rdd *
rdd_apply(const char *name, List *inputs, List *args)
{
	RddStep    *step = palloc0(sizeof(RddStep));
	List	   *last = NIL;
	Rdd		   *rdd = rdd_merge(inputs, &step->inputs);
	List	   *before;
	ListCell   *lc;

	step->name = name;
	step->args = args;
	foreach(lc, inputs)
		last = lappend(last, rdd_last(lfirst(lc)));
	before = qualify_begin();
	PG_TRY();
	{
		check_step(step, last);
		step->args = qualify_constants(args);
	}
	PG_FINALLY();
	{
		qualify_end(before);
	}
	PG_END_TRY();
	rdd->steps = lappend(rdd->steps, step);
	return rdd;
}

/* An operation that says nothing of partitions has as many as its inputs. */
static void
check_step(RddStep *step, List *inputs)
{
	int			partitions = inputs == NIL && strcmp(step->name, "empty") != 0 ? rdd_default_parallelism() : 0;
	ListCell   *lc;

	rdd_operation(step->name)->check(step, inputs);
	foreach(lc, inputs)
		partitions = Max(partitions, ((RddStep *) lfirst(lc))->partitions);
	if (step->partitions == 0)
		step->partitions = partitions;
	else if (step->partitions == NO_PARTITIONS)
		step->partitions = 0;
}

/* Values of type barks.rdd are inputs, the others arguments. */
Rdd *
rdd_apply_values(const char *name, List *values)
{
	List	   *inputs = NIL;
	List	   *args = NIL;
	ListCell   *lc;

	foreach(lc, values)
	{
		Const	   *value = lfirst_node(Const, lc);
		bool		is_array = get_element_type(value->consttype) == rdd_type();

		if (value->consttype != rdd_type() && !is_array)
		{
			args = lappend(args, plain_argument(value));
			continue;
		}
		if (value->constisnull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of barks.rdd_%s must not be null",
							foreach_current_index(lc) + 1, name)));
		if (is_array)
			add_array(value->constvalue, &inputs);
		else
			inputs = lappend(inputs, rdd_from_datum(value->constvalue));
	}
	return rdd_apply(name, inputs, args);
}

static void
add_array(Datum array, List **inputs)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), rdd_type(), -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an RDD must not be null")));
		*inputs = lappend(*inputs, rdd_from_datum(values[i]));
	}
}

/* Of a type that a lineage can name: ROW(0, '') becomes the expression. */
static Const *
plain_argument(Const *value)
{
	if (value->consttype == UNKNOWNOID)
		return makeConst(TEXTOID, -1, get_typcollation(TEXTOID), -1,
						 value->constisnull ? (Datum) 0
						 : CStringGetTextDatum(DatumGetCString(value->constvalue)),
						 value->constisnull, false);
	if (value->consttype == RECORDOID && !value->constisnull)
		return makeConst(fn_type(), -1, InvalidOid, -1,
						 CStringGetTextDatum(lambda_constant(RECORDOID, value->constvalue, false)), false, false);
	return value;
}

char *
rdd_compile(const Rdd *rdd, List *types, RddQuery *query)
{
	int			nsteps = list_length(rdd->steps);
	ListCell   *lc;
	ListCell   *lci;
	char	   *text;

	query->rdd = rdd = rdd_check_again(rdd);
	query->uses = palloc0(nsteps * sizeof(int));
	foreach(lc, rdd->steps)
	{
		foreach(lci, ((RddStep *) lfirst(lc))->inputs)
			query->uses[lfirst_int(lci)]++;
	}
	query->in_turn = rdd_can_come_in_turn(query);
	text = compile_lineage(query, types);
	if (!query->in_turn || !has_subqueries(query))
		return text;
	/* which PostgreSQL may make joins of, that come in another order */
	query->in_turn = false;
	return compile_lineage(query, types);
}

static char *
compile_lineage(RddQuery *query, List *types)
{
	int			nsteps = list_length(query->rdd->steps);
	StringInfoData select;
	char	   *text;

	query->lambdas.lambdas = NIL;
	query->needs = palloc0(nsteps * sizeof(int));
	query->order = palloc0(nsteps * sizeof(int));
	query->order_kind = palloc0(nsteps * sizeof(OrderKind));
	query->partitioned = palloc0(nsteps * sizeof(bool));
	query->shared = palloc0(nsteps * sizeof(bool));
	query->growth = palloc0(nsteps * sizeof(double));
	query->names = palloc0(nsteps * sizeof(List *));
	query->marked = palloc0(nsteps * sizeof(bool));
	initStringInfo(&query->with);
	initStringInfo(&select);
	rdd_find_needs(query);
	compile_step(query, nsteps - 1, &select);
	if (query->purpose)
		query->names[nsteps - 1] = lappend(query->names[nsteps - 1], (char *) query->purpose);
	text = rdd_result(query, rdd_mark(query, nsteps - 1, select.data), types);
	if (query->with.len > 0)
		text = psprintf("WITH %s %s", query->with.data, text);
	return text;
}

static bool
has_subqueries(const RddQuery *query)
{
	ListCell   *lc;

	foreach(lc, query->lambdas.lambdas)
	{
		if (((Lambda *) lfirst(lc))->has_subquery)
			return true;
	}
	return false;
}

/* The world may be another one than when the lineage was made. */
const Rdd *
rdd_check_again(const Rdd *rdd)
{
	Rdd		   *again = palloc0(sizeof(Rdd));
	ListCell   *lc;

	rdd_read_steps(rdd);
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);
		RddStep    *copy = palloc(sizeof(RddStep));
		List	   *inputs = NIL;
		ListCell   *lci;

		*copy = *step;
		copy->body = NULL;
		copy->partitions = 0;
		foreach(lci, step->inputs)
			inputs = lappend(inputs, list_nth(again->steps, lfirst_int(lci)));
		check_step(copy, inputs);
		if (!rdd_shape_equal(copy->shape, step->shape))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("elements of the RDD have changed since it was made"),
					 errdetail("The columns of barks.rdd_%s were %s, and are now %s.", step->name,
							   rdd_columns_text(rdd_shape_columns(step->shape)),
							   rdd_columns_text(rdd_shape_columns(copy->shape))),
					 errhint("Make the RDD again.")));
		again->steps = lappend(again->steps, copy);
	}
	return again;
}

static void
compile_step(RddQuery *query, int number, StringInfo select)
{
	RddStep    *step = list_nth(query->rdd->steps, number);
	int			uses_before = query->uses_here;
	bool		apart_before = query->apart;
	bool		in_order = query->in_order;
	bool		by_partition = query->by_partition;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	query->in_order = (query->needs[number] & RDD_ORDER) != 0;
	query->by_partition = (query->needs[number] & RDD_PARTITION) != 0;
	query->uses_here = 1;
	query->apart = false;
	rdd_operation(step->name)->compile(query, step, select);
	fence(query, number, select);
	query->uses_here = uses_before;
	query->apart = apart_before;
	rdd_add_positions(query, number, select);
	rdd_note_names(query, number);
	query->in_order = in_order;
	query->by_partition = by_partition;
}

/*
 * PostgreSQL makes one query of sub-selects, and copies an expression to wherever
 * its column is named.  When lambdas name it several times, and theirs are named
 * several times again, that has to stop somewhere.
 */
static void
fence(RddQuery *query, int number, StringInfo select)
{
	RddStep    *step = list_nth(query->rdd->steps, number);
	double		growth = 1;
	ListCell   *lc;

	foreach(lc, step->inputs)
		growth = Max(growth, query->growth[lfirst_int(lc)]);
	/* what a filter copies it does not hand on */
	if (strncmp(step->name, "filter", 6) != 0)
		growth *= query->uses_here;
	if (growth > MAX_GROWTH || query->apart)
	{
		appendStringInfoString(select, " OFFSET 0");
		growth = 1;
	}
	query->growth[number] = growth;
}

bool
rdd_is_action(const char *name)
{
	const RddOperation *const actions[] = {rdd_actions, rdd_sample_actions, rdd_summary_actions};

	for (int i = 0; i < lengthof(actions); i++)
	{
		for (const RddOperation *operation = actions[i]; operation->name; operation++)
		{
			if (strcmp(operation->name, name) == 0)
				return true;
		}
	}
	return false;
}

const RddStep *
rdd_input(const RddQuery *query, const RddStep *step, int number)
{
	return list_nth(query->rdd->steps, list_nth_int(step->inputs, number));
}

const char *
rdd_from(RddQuery *query, const RddStep *step, int input)
{
	int			number = list_nth_int(step->inputs, input);
	int			nesting = query->nesting;
	/* a WITH query that is read once is to PostgreSQL the same sub-select */
	bool		nested = query->uses[number] == 1 && nesting < MAX_NESTING;
	StringInfoData select;
	const char *text;

	if (query->shared[number])
		return psprintf("\"rdd %d\"", number + 1);
	initStringInfo(&select);
	query->nesting = nested ? nesting + 1 : 0;
	compile_step(query, number, &select);
	query->nesting = nesting;
	text = nested && rdd_is_simple(step) ? select.data : rdd_mark(query, number, select.data);
	if (nested)
		return psprintf("(%s)", text);
	if (query->uses[number] > 1)
	{
		query->shared[number] = true;
		query->growth[number] = 1;
	}
	appendStringInfo(&query->with, "%s\"rdd %d\" AS (%s)", query->with.len > 0 ? ", " : "",
					 number + 1, text);
	return psprintf("\"rdd %d\"", number + 1);
}

const char *
rdd_from_twice(RddQuery *query, const RddStep *step, int input)
{
	query->uses[list_nth_int(step->inputs, input)]++;
	return rdd_from(query, step, input);
}

char *
rdd_columns(const char *alias, List *from, List *as)
{
	StringInfoData buf;
	ListCell   *lcf;
	ListCell   *lca;

	initStringInfo(&buf);
	forboth(lcf, from, lca, as)
		appendStringInfo(&buf, "%s%s.%s AS %s", buf.len > 0 ? ", " : "", alias,
						 quote_identifier(((RddLeaf *) lfirst(lcf))->path),
						 quote_identifier(((RddLeaf *) lfirst(lca))->path));
	return buf.data;
}

char *
rdd_same_columns(const char *alias, const RddShape *shape)
{
	List	   *leaves = rdd_shape_columns(shape);

	return rdd_columns(alias, leaves, leaves);
}

char *
rdd_plain_columns(const char *alias, List *leaves)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, leaves)
		appendStringInfo(&buf, "%s%s.%s", buf.len > 0 ? ", " : "", alias,
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	return buf.data;
}

char *
rdd_value_of(const RddShape *shape, const char *path)
{
	if (rdd_shape_is_leaf(shape))
		return psprintf("s.%s", quote_identifier(path));
	return psprintf("ROW(%s)::%s", rdd_plain_columns("s", rdd_shape_leaves(shape, path)), rdd_type_name(shape->type, -1));
}

char *
rdd_lambda_value(RddQuery *query, Lambda *lambda, int leaf)
{
	return lambda->unnests || lambda->unnests_rows
		? rdd_lambda_unnest(lambda, rdd_lambda_array(query, lambda, leaf), leaf)
		: lambda_column(query, lambda, leaf);
}

/* Rows that are written out have an array for each of their columns, others are one array. */
char *
rdd_lambda_array(RddQuery *query, Lambda *lambda, int leaf)
{
	return lambda_column(query, lambda, lambda->unnests_rows ? leaf : 0);
}

char *
rdd_lambda_unnest(const Lambda *lambda, const char *array, int leaf)
{
	if (lambda->unnests_rows || rdd_shape_is_leaf(lambda->shape))
		return psprintf("pg_catalog.unnest(%s)", array);
	return psprintf("(pg_catalog.unnest(%s)).%s", array, quote_identifier(list_nth(lambda->shape->names, leaf)));
}

static char *
lambda_column(RddQuery *query, Lambda *lambda, int leaf)
{
	LambdaSet  *set = &query->lambdas;
	int			number = 0;
	ListCell   *lc;

	foreach(lc, set->lambdas)
	{
		if (lfirst(lc) == lambda)
			number = foreach_current_index(lc) + 1;
	}
	if (number == 0)
	{
		set->lambdas = lappend(set->lambdas, lambda);
		number = list_length(set->lambdas);
	}
	query->uses_here = Max(query->uses_here, lambda->uses);
	return psprintf("barks_lambda.\"%d.%d\"", number, leaf + 1);
}

char *
rdd_lambda_columns(RddQuery *query, Lambda *lambda, List *as)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, as)
		appendStringInfo(&buf, "%s%s AS %s", buf.len > 0 ? ", " : "",
						 rdd_lambda_value(query, lambda, foreach_current_index(lc)),
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	return buf.data;
}

/*
 * IS NOT DISTINCT FROM is nothing that PostgreSQL could hash by.  Two equalities are:
 * of the columns with a value for NULL, and of whether they are NULL.
 */
char *
rdd_equal_columns(const char *left, const char *right, List *leaves, List *others)
{
	StringInfoData buf;
	ListCell   *lc;
	ListCell   *lco;

	initStringInfo(&buf);
	forboth(lc, leaves, lco, others)
	{
		RddLeaf    *leaf = lfirst(lc);
		const char *path = quote_identifier(leaf->path);
		const char *instead = value_for_null(leaf->shape);
		const char *equals = rdd_operator(leaf->shape->type, BTEqualStrategyNumber);

		if (buf.len > 0)
			appendStringInfoString(&buf, " AND ");
		if (leaf->shape->not_null || ((RddLeaf *) lfirst(lco))->shape->not_null)
			appendStringInfo(&buf, "%s.%s %s %s.%s", left, path, equals, right, path);
		else if (instead)
			appendStringInfo(&buf, "COALESCE(%s.%s, %s) %s COALESCE(%s.%s, %s) AND "
							 "(%s.%s IS NULL) OPERATOR(pg_catalog.=) (%s.%s IS NULL)",
							 left, path, instead, equals, right, path, instead, left, path, right, path);
		else
			/* arrays have it that NULLs are equal */
			appendStringInfo(&buf, "ARRAY[%s.%s] OPERATOR(pg_catalog.=) ARRAY[%s.%s]", left, path, right, path);
	}
	return buf.data;
}

/* Any value of the type, as a literal; NULL when none is known. */
static char *
value_for_null(const RddShape *leaf)
{
	const char *value = NULL;
	char		category;
	bool		preferred;

	if (getBaseType(leaf->type) != leaf->type)
		return NULL;			/* a domain may not take it */
	switch (leaf->type)
	{
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			value = "epoch";
			break;
		case TIMEOID:
		case INTERVALOID:
			value = "00:00:00";
			break;
		case UUIDOID:
			value = "00000000-0000-0000-0000-000000000000";
			break;
		case BYTEAOID:
			value = "";
			break;
		case BOOLOID:
			value = "false";
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case OIDOID:
			value = "0";
			break;
		case JSONBOID:
			value = "null";
			break;
		default:
			get_type_category_preferred(leaf->type, &category, &preferred);
			if (category == TYPCATEGORY_STRING && leaf->type < FirstNormalObjectId)
				value = "";
			else if (OidIsValid(get_element_type(leaf->type)) && leaf->type != INT2VECTOROID &&
					 leaf->type != OIDVECTOROID)
				value = "{}";
			break;
	}
	return value ? psprintf("%s::%s", quote_literal_cstr(value), rdd_type_text(leaf)) : NULL;
}

/* Of a domain that takes no NULL too, as outer joins give it. */
char *
rdd_null_text(const RddShape *leaf)
{
	if (get_typtype(leaf->type) == TYPTYPE_DOMAIN && OidIsValid(get_array_type(leaf->type)))
		return psprintf("('{}'::%s)[1]", rdd_type_name(get_array_type(leaf->type), -1));
	return psprintf("NULL::%s", rdd_type_text(leaf));
}

/* NULL where the type has none. */
char *
rdd_operator(Oid type, StrategyNumber strategy)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR | TYPECACHE_GT_OPR |
											  TYPECACHE_BTREE_OPFAMILY);
	Oid			operator = entry->eq_opr;

	if (strategy == BTLessStrategyNumber)
		operator = entry->lt_opr;
	else if (strategy != BTEqualStrategyNumber)
		operator = OidIsValid(entry->btree_opf)
			? get_opfamily_member(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, strategy)
			: InvalidOid;
	return OidIsValid(operator) ? rdd_operator_text(operator) : NULL;
}

char *
rdd_operator_text(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	text = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace)),
					NameStr(((Form_pg_operator) GETSTRUCT(tuple))->oprname));
	ReleaseSysCache(tuple);
	return text;
}

char *
rdd_type_text(const RddShape *leaf)
{
	return rdd_type_name(leaf->type, leaf->typmod);
}
