/*-------------------------------------------------------------------------
 * cannot_fail.c
 *	  Queries and expressions that raise no error whatever the rows are.
 *
 * What is computed for rows that PostgreSQL would not come to must not fail.
 * Nothing is taken for granted but what is listed here: leakproof functions,
 * comparisons by which values are sorted or hashed, and some more that work for
 * all values.  Sums, differences and products count as such although they can
 * overflow: aggregates add up as well, and values at the end of their type's
 * range are rarer than the joins that would be lost.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "planner/cannot_fail.h"

/* Of all argument types; further conditions are below. */
static const char *const sound_functions[] = {
	/* arithmetic */
	"abs", "cash_mi", "cash_pl", "date_mi", "date_mi_interval", "date_mii", "date_pl_interval",
	"date_pli", "float4mi", "float4mul", "float4pl", "float4um", "float48mi", "float48mul",
	"float48pl", "float84mi", "float84mul", "float84pl", "float8mi", "float8mul", "float8pl",
	"float8um", "int24mi", "int24mul", "int24pl", "int28mi", "int28mul", "int28pl", "int2mi",
	"int2mul", "int2pl", "int2um", "int42mi", "int42mul", "int42pl", "int48mi", "int48mul",
	"int48pl", "int4mi", "int4mul", "int4pl", "int4um", "int82mi", "int82mul", "int82pl",
	"int84mi", "int84mul", "int84pl", "int8mi", "int8mul", "int8pl", "int8um", "interval_mi",
	"interval_pl", "numeric_abs", "numeric_add", "numeric_mul", "numeric_sub", "numeric_uminus",
	"timestamp_mi", "timestamp_mi_interval", "timestamp_pl_interval",
	/* text */
	"anytextcat", "btrim", "char_length", "character_length", "concat", "length", "lower",
	"ltrim", "octet_length", "rtrim", "textanycat", "textcat", "upper",
	/* casts, parts of dates, patterns */
	"bpcharlike", "bpcharnlike", "date_part", "extract", "float8", "int8", "numeric", "text",
	"textlike", "textnlike",
	/* window functions */
	"dense_rank", "rank", "row_number",
	/* aggregates */
	"avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count", "covar_pop",
	"covar_samp", "every", "max", "min", "regr_avgx", "regr_avgy", "regr_count",
	"regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "stddev",
	"stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp", "variance",
};

static bool may_fail(Node *node, void *context);
static bool is_sound(Oid function);
static bool compares(Oid operator);
static bool aggregate_may_fail(const Aggref *aggref);
static bool is_sound_call(Oid function, List *args);
static bool ends_in_escape(const Const *pattern);
static bool is_constant(Node *node);
static bool varies_walker(Node *node, void *context);
static bool has_one_row(const SubLink *link);

bool
query_cannot_fail(Query *query)
{
	return !may_fail((Node *) query, NULL);
}

bool
expression_cannot_fail(Node *expr)
{
	return !may_fail(expr, NULL);
}

static bool
may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_Query:
			/* a negative one fails */
			if (!is_constant(((Query *) node)->limitCount) ||
				!is_constant(((Query *) node)->limitOffset))
				return true;
			return query_tree_walker((Query *) node, may_fail, context, 0);
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			if (!is_constant(node) && !compares(((OpExpr *) node)->opno) &&
				!is_sound_call(((OpExpr *) node)->opfuncid, ((OpExpr *) node)->args))
				return true;
			break;
		case T_ScalarArrayOpExpr:
			if (!compares(((ScalarArrayOpExpr *) node)->opno) &&
				!get_func_leakproof(((ScalarArrayOpExpr *) node)->opfuncid))
				return true;
			break;
		case T_FuncExpr:
			if (!is_constant(node) &&
				!is_sound_call(((FuncExpr *) node)->funcid, ((FuncExpr *) node)->args))
				return true;
			break;
		case T_Aggref:
			if (aggregate_may_fail((Aggref *) node))
				return true;
			break;
		case T_WindowFunc:
			if (!is_sound(((WindowFunc *) node)->winfnoid))
				return true;
			break;
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return true;
		case T_SubLink:
			if (!has_one_row((SubLink *) node))
				return true;
			break;
		case T_CoerceViaIO:
		case T_CoerceToDomain:
		case T_ArrayCoerceExpr:
		case T_XmlExpr:
		case T_NextValueExpr:
		case T_TableFunc:
		case T_TableSampleClause:
			if (!is_constant(node))
				return true;
			break;
		default:
			break;
	}
	return expression_tree_walker(node, may_fail, context);
}

static bool
is_sound(Oid function)
{
	char	   *name;

	if (function >= FirstNormalObjectId)
		return false;
	if (get_func_leakproof(function))
		return true;
	name = get_func_name(function);
	for (int i = 0; name && i < lengthof(sound_functions); i++)
		if (strcmp(name, sound_functions[i]) == 0)
			return true;
	return false;
}

/* Are values sorted by this, so that it has to work for all of them? */
static bool
compares(Oid operator)
{
	return operator < FirstNormalObjectId &&
		get_op_btree_interpretation(operator) != NIL;
}

/* Dimensions of arrays may differ, keys of objects be NULL. */
static bool
aggregate_may_fail(const Aggref *aggref)
{
	char	   *name = get_func_name(aggref->aggfnoid);

	if (aggref->aggfnoid < FirstNormalObjectId && strcmp(name, "array_agg") == 0)
		return OidIsValid(get_element_type(linitial_oid(aggref->aggargtypes)));
	return !is_sound(aggref->aggfnoid);
}

/* With these arguments: casts to a wider type, parts and patterns that are known. */
static bool
is_sound_call(Oid function, List *args)
{
	char	   *name = get_func_name(function);
	Oid			type = args == NIL ? InvalidOid : exprType(linitial(args));

	if (!is_sound(function))
		return false;
	if (strcmp(name, "int8") == 0 || strcmp(name, "numeric") == 0)
		return list_length(args) == 1 &&
			(type == INT2OID || type == INT4OID || type == INT8OID);
	if (strcmp(name, "text") == 0)
		return list_length(args) == 1;
	if (strcmp(name, "extract") == 0 || strcmp(name, "date_part") == 0)
		return IsA(linitial(args), Const);
	if (strstr(name, "like"))
		return IsA(lsecond(args), Const) && !ends_in_escape(lsecond(args));
	return true;
}

static bool
ends_in_escape(const Const *pattern)
{
	char	   *string;

	if (pattern->constisnull)
		return false;
	string = TextDatumGetCString(pattern->constvalue);
	return string[0] != '\0' && string[strlen(string) - 1] == '\\';
}

/* What does not vary is computed while planning, so PostgreSQL too fails there. */
static bool
is_constant(Node *node)
{
	return !varies_walker(node, NULL) && !contain_mutable_functions(node);
}

static bool
varies_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Param:
		case T_Aggref:
		case T_GroupingFunc:
		case T_WindowFunc:
		case T_SubLink:
		case T_Query:
		case T_CaseTestExpr:
		case T_NextValueExpr:
			return true;
		default:
			return expression_tree_walker(node, varies_walker, context);
	}
}

/* A scalar subquery of an aggregate without groups; others than scalar ones may have any number. */
static bool
has_one_row(const SubLink *link)
{
	const Query *query = castNode(Query, link->subselect);

	if (link->subLinkType != EXPR_SUBLINK && link->subLinkType != ROWCOMPARE_SUBLINK)
		return true;
	return query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL &&
		!query->hasTargetSRFs && query->setOperations == NULL;
}
