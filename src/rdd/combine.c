/*-------------------------------------------------------------------------
 * combine.c
 *	  Values of a group become one: reduce, fold, aggregate, combine.
 *
 * Here lambdas become the program of barks.rdd_combine, which combine_agg.c runs.
 * Where a built-in aggregate does the same, it is used: its states are small and
 * its steps fast.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "rdd/arguments.h"
#include "rdd/combine.h"
#include "rdd/lambda_text.h"

/* What a combination is given. */
typedef struct CombineWords
{
	const char *name;			/* of the operation, without _by_key */
	int			zero;			/* number of the argument, or -1 */
	int			first;
	int			add;
	int			merge;			/* may be the same as add */
	int			nargs;
} CombineWords;

static const CombineWords words[] = {
	{"reduce", -1, -1, 0, 0, 1},
	{"fold", 0, -1, 1, 1, 2},
	{"aggregate", 0, -1, 1, 2, 3},
	{"combine", -1, 0, 1, 2, 3},
};

static const CombineWords *words_of(const RddStep *step);
static Lambda *zero_lambda(const RddStep *step, int number);
static bool zero_fits(const RddStep *step, const RddShape *zero, const RddShape *value);
static Lambda *lambda_of(const RddStep *step, int number, List *variables);
static List *two_variables(const RddStep *step, const RddShape *first, const RddShape *second);
static const char *select_of(RddCombine *combine, Lambda *lambda, Query **query);
static void check_result(const RddStep *step, const Lambda *lambda, const RddShape *state);
static bool would_round(Oid from, Oid to);
static const char *native_aggregate(Query *query);
static Oid	group_type(const RddShape *value);
static Oid	array_wrapper(Oid array);
static void append_program(const RddCombine *combine, StringInfo buf);

RddCombine *
rdd_combination(const RddStep *step, const RddShape *value)
{
	const CombineWords *how = words_of(step);
	RddCombine *combine = palloc0(sizeof(RddCombine));
	Lambda	   *first = NULL;
	Lambda	   *add;
	Lambda	   *merge;
	Query	   *query;

	combine->nargs = how->nargs;
	if (how->zero >= 0)
	{
		first = zero_lambda(step, how->zero);
		combine->state = rdd_shape_without_lengths(zero_fits(step, first->shape, value) ? value : first->shape);
		combine->program[0] = select_of(combine, first, &query);
	}
	else if (how->first >= 0)
	{
		LambdaVariable *x = lambda_variable("x", value);
		LambdaVariable *v = lambda_variable("v", value);

		v->columns = x->columns;
		first = lambda_of(step, how->first, list_make2(x, v));
		combine->state = rdd_shape_without_lengths(first->shape);
		combine->program[1] = select_of(combine, first, &query);
	}
	else
		combine->state = rdd_shape_without_lengths(value);
	if (strcmp(how->name, "fold") == 0 && !rdd_shape_equal(combine->state, value))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the zero of barks.rdd_%s is of type %s, the values are of type %s", step->name,
						rdd_shape_text(combine->state), rdd_shape_text(value)),
				 errhint("Cast the zero.")));

	add = lambda_of(step, how->add, two_variables(step, combine->state, value));
	check_result(step, add, combine->state);
	combine->program[2] = select_of(combine, add, &query);
	if (how->zero < 0 && how->first < 0)
		combine->native = native_aggregate(query);
	merge = lambda_of(step, how->merge, two_variables(step, combine->state, combine->state));
	check_result(step, merge, combine->state);
	combine->program[3] = select_of(combine, merge, &query);
	combine->is_volatile = add->is_volatile || merge->is_volatile || (first && first->is_volatile);
	return combine;
}

static const CombineWords *
words_of(const RddStep *step)
{
	const char *name = strncmp(step->name, "tree_", 5) == 0 ? step->name + 5 : step->name;

	for (int i = 0; i < lengthof(words); i++)
	{
		int			length = strlen(words[i].name);

		if (strncmp(name, words[i].name, length) == 0 && (name[length] == '\0' || name[length] == '_'))
			return &words[i];
	}
	elog(ERROR, "%s combines nothing", step->name);
}

/* A zero is a value, or an expression without variables. */
static Lambda *
zero_lambda(const RddStep *step, int number)
{
	if (rdd_arg(step, number)->consttype == fn_type())
		return lambda_make(rdd_arg_text(step, number), NIL, LAMBDA_VALUE, InvalidOid);
	return lambda_make(rdd_arg_literal(step, number), NIL, LAMBDA_VALUE, InvalidOid);
}

/* fold_by_key(r, 0, …) of bigint values: the result has their type, whatever the zero's is. */
static bool
zero_fits(const RddStep *step, const RddShape *zero, const RddShape *value)
{
	return strcmp(step->name, "fold_by_key") == 0 && rdd_shape_is_leaf(zero) && rdd_shape_is_leaf(value) &&
		can_coerce_type(1, &zero->type, &value->type, COERCION_IMPLICIT);
}

static Lambda *
lambda_of(const RddStep *step, int number, List *variables)
{
	return lambda_make(rdd_arg_text(step, number), variables, LAMBDA_VALUE, InvalidOid);
}

/* What was combined so far, and what comes: acc and x, or a and b; of pairs x is v, too. */
static List *
two_variables(const RddStep *step, const RddShape *first, const RddShape *second)
{
	List	   *variables;
	LambdaVariable *acc = lambda_variable("acc", first);
	LambdaVariable *x = lambda_variable("x", second);
	LambdaVariable *a = lambda_variable("a", first);
	LambdaVariable *b = lambda_variable("b", second);

	a->columns = acc->columns;
	b->columns = x->columns;
	variables = list_make4(acc, x, a, b);
	if (strstr(step->name, "_by_key"))
	{
		LambdaVariable *v = lambda_variable("v", second);

		v->columns = x->columns;
		variables = lappend(variables, v);
	}
	return variables;
}

static void
check_result(const RddStep *step, const Lambda *lambda, const RddShape *state)
{
	List	   *results = rdd_shape_leaves(lambda->shape, "");
	List	   *wanted = rdd_shape_leaves(state, "");
	bool		fits = list_length(results) == list_length(wanted);
	ListCell   *lcr;
	ListCell   *lcw;

	forboth(lcr, results, lcw, wanted)
	{
		Oid			from = ((RddLeaf *) lfirst(lcr))->shape->type;
		Oid			to = ((RddLeaf *) lfirst(lcw))->shape->type;

		fits = fits && can_coerce_type(1, &from, &to, COERCION_ASSIGNMENT) && !would_round(from, to);
	}
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the lambda of barks.rdd_%s gives %s where %s is combined", step->name,
						rdd_shape_text(lambda->shape), rdd_shape_text(state)),
				 errhint("Cast the lambda's result, or what it starts from."),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
}

/* Assignment would, step by step and without a word. */
static bool
would_round(Oid from, Oid to)
{
	return (to == INT2OID || to == INT4OID || to == INT8OID) &&
		(from == FLOAT4OID || from == FLOAT8OID || from == NUMERICOID);
}

/* SELECT lambda FROM (SELECT NULL::… AS acc, NULL::… AS x), with all names qualified. */
static const char *
select_of(RddCombine *combine, Lambda *lambda, Query **query)
{
	LambdaSet	set = {list_make1(lambda)};
	StringInfoData buf;
	List	   *columns = NIL;
	int			nest;
	char	   *text;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT ");
	foreach(lc, rdd_shape_leaves(combine->state, ""))
		appendStringInfo(&buf, "%sbarks_lambda.\"1.%d\"::%s AS c%d",
						 foreach_current_index(lc) > 0 ? ", " : "", foreach_current_index(lc) + 1,
						 rdd_type_text(((RddLeaf *) lfirst(lc))->shape), foreach_current_index(lc) + 1);
	/* later variables are other names of the first two */
	for (int i = 0; i < Min(2, list_length(lambda->variables)); i++)
	{
		LambdaVariable *variable = list_nth(lambda->variables, i);

		if (i == 0 || variable->columns != ((LambdaVariable *) linitial(lambda->variables))->columns)
			columns = list_concat(columns, variable->columns);
	}
	foreach(lc, columns)
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(&buf, "%s%s AS %s", foreach_current_index(lc) > 0 ? ", " : " FROM (SELECT ",
						 rdd_null_text(leaf->shape), quote_identifier(leaf->path));
	}
	if (columns != NIL)
		appendStringInfoString(&buf, ") AS s");
	*query = parse_analyze_withcb(linitial_node(RawStmt, raw_parser(buf.data, RAW_PARSE_DEFAULT)),
								  buf.data, lambda_parser_setup, &set, NULL);
	if ((*query)->hasSubLinks)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("sub-selects are not supported in a lambda that combines values"),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
	nest = lambda_plain_settings();
	text = pg_get_querydef(copyObject(*query), false);
	AtEOXact_GUC(true, nest);
	return text;
}

/* Of two columns the sum, the greater or the smaller one: what sum, max and min do. */
static const char *
native_aggregate(Query *query)
{
	Node	   *expr;
	List	   *args;
	const char *name = NULL;

	if (list_length(query->targetList) != 1)
		return NULL;
	expr = (Node *) linitial_node(TargetEntry, query->targetList)->expr;
	if (IsA(expr, MinMaxExpr))
	{
		args = ((MinMaxExpr *) expr)->args;
		name = ((MinMaxExpr *) expr)->op == IS_GREATEST ? "max" : "min";
		switch (exprType(expr))
		{
			case INT2OID:
			case INT4OID:
			case INT8OID:
			case FLOAT4OID:
			case FLOAT8OID:
			case NUMERICOID:
			case TEXTOID:
			case DATEOID:
			case TIMESTAMPOID:
			case TIMESTAMPTZOID:
			case INTERVALOID:
				break;
			default:
				return NULL;
		}
	}
	else if (IsA(expr, OpExpr))
	{
		args = ((OpExpr *) expr)->args;
		set_opfuncid((OpExpr *) expr);
		switch (((OpExpr *) expr)->opfuncid)
		{
			case F_INT2PL:
			case F_INT4PL:
			case F_INT8PL:
			case F_FLOAT4PL:
			case F_FLOAT8PL:
			case F_NUMERIC_ADD:
				name = "sum";
				break;
			default:
				return NULL;
		}
	}
	else
		return NULL;
	if (list_length(args) != 2 || !IsA(linitial(args), Var) || !IsA(lsecond(args), Var) ||
		linitial_node(Var, args)->varattno == lsecond_node(Var, args)->varattno)
		return NULL;
	return name;
}

void
rdd_compile_combination(const RddCombine *combine, List *values, List *results,
						List *keys, const char *from, StringInfo select)
{
	StringInfoData group;
	ListCell   *lc;

	initStringInfo(&group);
	foreach(lc, keys)
		appendStringInfo(&group, "%ss.%s", foreach_current_index(lc) > 0 ? ", " : " GROUP BY ",
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	appendStringInfo(select, "SELECT %s%s", rdd_columns("s", keys, keys), keys != NIL ? ", " : "");
	if (combine->native)
	{
		const char *value = quote_identifier(((RddLeaf *) linitial(values))->path);
		RddLeaf    *result = linitial(results);

		if (strcmp(combine->native, "sum") == 0)
			/* a + b is null as soon as one of them is */
			appendStringInfo(select, "CASE WHEN pg_catalog.count(*) = pg_catalog.count(s.%s) "
							 "THEN pg_catalog.sum(s.%s)::%s END AS %s FROM %s AS s%s", value, value,
							 rdd_type_text(result->shape), quote_identifier(result->path), from, group.data);
		else
			appendStringInfo(select, "pg_catalog.%s(s.%s) AS %s FROM %s AS s%s", combine->native, value,
							 quote_identifier(result->path), from, group.data);
		return;
	}
	foreach(lc, results)
	{
		RddLeaf    *result = lfirst(lc);

		if (foreach_current_index(lc) > 0)
			appendStringInfoString(select, ", ");
		/* without groups there may be no value: then a fold is its zero */
		if (keys == NIL && combine->program[0])
			appendStringInfo(select, "CASE WHEN s.state IS NULL THEN (SELECT z.c%d FROM (%s) AS z) ELSE ",
							 foreach_current_index(lc) + 1, combine->program[0]);
		appendStringInfo(select, "barks.rdd_field(s.state, %d, %s)%s AS %s",
						 foreach_current_index(lc) + 1, rdd_null_text(result->shape),
						 keys == NIL && combine->program[0] ? " END" : "", quote_identifier(result->path));
	}
	appendStringInfo(select, " FROM (SELECT %s%sbarks.rdd_combine(", rdd_columns("s", keys, keys),
					 keys != NIL ? ", " : "");
	append_program(combine, select);
	foreach(lc, values)
		appendStringInfo(select, ", s.%s", quote_identifier(((RddLeaf *) lfirst(lc))->path));
	appendStringInfo(select, ") AS state FROM %s AS s%s) AS s", from, group.data);
}

static void
append_program(const RddCombine *combine, StringInfo buf)
{
	for (int i = 0; i < lengthof(combine->program); i++)
		appendStringInfo(buf, "%s%s", i == 0 ? "ARRAY[" : ", ",
						 combine->program[i] ? quote_literal_cstr(combine->program[i]) : "NULL");
	appendStringInfoString(buf, "]::pg_catalog.text[]");
}

/* The type of several values of a type; InvalidOid when there is none. */
static Oid
group_type(const RddShape *value)
{
	Oid			type = value->type;

	if (OidIsValid(type) && OidIsValid(get_element_type(getBaseType(type))))
		type = array_wrapper(type);
	return OidIsValid(type) ? get_array_type(type) : InvalidOid;
}

/* The row type that has an array of that type as its one column; InvalidOid for those of users' types. */
static Oid
array_wrapper(Oid array)
{
	Oid			element = get_element_type(getBaseType(array));
	HeapTuple	tuple;
	char	   *name;

	if (element >= FirstNormalObjectId)
		return InvalidOid;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(element));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", element);
	name = psprintf("rdd_array_of_%s", NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
						   ObjectIdGetDatum(get_namespace_oid("barks", false)));
}

/*
 * Values of a row become an array for each of its columns, rows of a named type an
 * array of that type.
 */
RddShape *
rdd_group_shape(const RddStep *step, const RddShape *value)
{
	List	   *fields = NIL;
	Oid			array = group_type(value);
	ListCell   *lc;

	if (OidIsValid(value->type))
	{
		if (!OidIsValid(array))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("barks.rdd_%s cannot group values of type %s: PostgreSQL has no arrays of them",
							step->name, format_type_be(value->type)),
					 errhint("Make each value one of a composite type, or use barks.rdd_agg_by_key().")));
		return rdd_shape_leaf(array, -1, value->collation);
	}
	foreach(lc, value->fields)
		fields = lappend(fields, rdd_group_shape(step, lfirst(lc)));
	return list_length(fields) == 2 ? rdd_shape_pair(linitial(fields), lsecond(fields))
		: rdd_shape_tuple(fields);
}

/* An array for each column, or for each row of a named type. */
void
rdd_group_columns(const RddShape *value, const char *path, const char *as, const char *filter,
				  const char *order, StringInfo select)
{
	ListCell   *lcn;
	ListCell   *lcf;

	if (!OidIsValid(value->type))
	{
		forboth(lcn, value->names, lcf, value->fields)
		{
			if (foreach_current_index(lcn) > 0)
				appendStringInfoString(select, ", ");
			rdd_group_columns(lfirst(lcf), rdd_shape_path(path, lfirst(lcn)),
							  rdd_shape_path(as, lfirst(lcn)), filter, order, select);
		}
		return;
	}
	if (filter)
		appendStringInfoString(select, "COALESCE(");
	appendStringInfoString(select, "pg_catalog.array_agg(");
	if (rdd_shape_is_leaf(value) && OidIsValid(get_element_type(getBaseType(value->type))))
		appendStringInfo(select, "ROW(s.%s)::%s", quote_identifier(path),
						 rdd_type_name(array_wrapper(value->type), -1));
	else
		appendStringInfoString(select, rdd_value_of(value, path));
	appendStringInfo(select, "%s%s)", order ? " ORDER BY " : "", order ? order : "");
	if (filter)
		appendStringInfo(select, " FILTER (WHERE %s), '{}')", filter);
	appendStringInfo(select, " AS %s", quote_identifier(as));
}
