/*-------------------------------------------------------------------------
 * lambda.c
 *	  Functions over elements: one SQL expression over named variables.
 *
 * PostgreSQL's parser resolves everything but the variables.  Names of tables'
 * columns inside a sub-select come first, as SQL has it; what the parser does not
 * find it asks the hooks here for.  A lambda is analyzed once alone, when the
 * transformation is called, so that errors point into its text, and again
 * wherever a query has its placeholder.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "rdd/lambda.h"
#include "rdd/lambda_text.h"
#include "rdd/qualify.h"

/* While an expression is analyzed. */
typedef struct LambdaParse
{
	LambdaSet  *lambdas;		/* of the query, or NULL: a lambda alone */
	const Lambda *current;		/* whose variables are known, or NULL */
	ParseState *base;			/* where its placeholder was */
	List	   *not_null;		/* Vars of variables' columns that are never null */
	List	   *used;			/* paths of variables' columns, each time */
} LambdaParse;

static void set_hooks(ParseState *pstate, LambdaParse *parse);
static Node *pre_columnref(ParseState *pstate, ColumnRef *cref);
static Node *post_columnref(ParseState *pstate, ColumnRef *cref, Node *var);
static Node *paramref(ParseState *pstate, ParamRef *pref);
static Node *analyze(ParseState *pstate, LambdaParse *parse, const Lambda *lambda);
static List *hide_with_queries(ParseState *pstate, List *names);
static Node *placeholder(ParseState *pstate, LambdaParse *parse, const char *name);
static Node *variable_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
							List *path, int location);
static Node *row_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
					   const RddShape *shape, int *first, int location);
static Node *leaf_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
						int number, int location);
static void add_variables(ParseState *pstate, List *variables);
static int	number_of(LambdaParse *parse, const LambdaVariable *variable);
static Node *array_of_leaf(ParseState *pstate, ArrayExpr *rows, const RddShape *shape, int leaf);
static void check_kind(ParseState *pstate, Lambda *lambda, Node *expr);
static void check_cast(Lambda *lambda, Node *expr);
static int	most_uses(List *used);
static int	compare_paths(const ListCell *a, const ListCell *b);
static Node *leaf_of(Node *expr, const RddShape *shape, int *leaf);
static Node *field_of(Node *expr, int number, const RddShape *shape);

LambdaVariable *
lambda_variable(const char *name, const RddShape *shape)
{
	LambdaVariable *variable = palloc(sizeof(LambdaVariable));

	variable->name = name;
	variable->shape = shape;
	variable->columns = rdd_shape_leaves(shape, name);
	return variable;
}

List *
lambda_element(const RddShape *shape)
{
	LambdaVariable *whole = lambda_variable("x", shape);

	if (!rdd_shape_is_pair(shape))
		return list_make1(whole);
	whole->columns = rdd_shape_columns(shape);
	return list_make3(lambda_variable("k", rdd_shape_key(shape)),
					  lambda_variable("v", rdd_shape_value(shape)), whole);
}

Lambda *
lambda_make(const char *text, List *variables, LambdaKind kind, Oid cast_to)
{
	Lambda	   *lambda = palloc0(sizeof(Lambda));
	LambdaParse parse = {NULL};
	ParseState *pstate = make_parsestate(NULL);
	Node	   *expr;

	lambda->text = text;
	lambda->variables = variables;
	lambda->kind = kind;
	lambda->cast_to = cast_to;
	set_hooks(pstate, &parse);
	pstate->p_sourcetext = text;
	pstate->p_expr_kind = EXPR_KIND_SELECT_TARGET;
	add_variables(pstate, variables);
	expr = analyze(pstate, &parse, lambda);
	if (qualify_collects())
		qualify_note(text, lambda_parse_text(text), expr);
	check_kind(pstate, lambda, expr);
	if (OidIsValid(cast_to))
		check_cast(lambda, expr);
	else if (lambda->unnests_rows)
		lambda->shape = rdd_shape_of_rows((ArrayExpr *) expr);
	else if (kind == LAMBDA_EFFECT && exprType(expr) == VOIDOID)
		lambda->shape = rdd_shape_leaf(VOIDOID, -1, InvalidOid);
	else if (lambda->unnests)
		lambda->shape = rdd_shape_of_type(get_element_type(getBaseType(exprType(expr))));
	else
		lambda->shape = rdd_shape_of_expr(expr, parse.not_null);
	lambda->is_volatile = contain_volatile_functions(expr);
	if (lambda->is_volatile && !rdd_shape_is_leaf(lambda->shape) && !lambda->unnests_rows && !IsA(expr, RowExpr))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a volatile function cannot give the rows of an RDD"),
				 errdetail("It would be called for each column of type %s.", rdd_shape_text(lambda->shape)),
				 errhint("Write the row itself, as (f(x), g(x)), or make the function stable."),
				 errcontext("lambda \"%s\"", lambda_shown(text))));
	lambda->uses = most_uses(parse.used);
	lambda->has_subquery = pstate->p_hasSubLinks;
	free_parsestate(pstate);
	return lambda;
}

/* To the type of the result, or of its elements where an array becomes several. */
static void
check_cast(Lambda *lambda, Node *expr)
{
	lambda->shape = rdd_shape_of_type(lambda->cast_to);
	if (lambda->unnests_rows)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an array of rows cannot be cast to elements of type %s", format_type_be(lambda->cast_to)),
				 errhint("Cast the columns of its rows, or each row."),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
	if (lambda->unnests)
		lambda->cast_to = get_array_type(lambda->cast_to);
	if (!OidIsValid(lambda->cast_to) ||
		!can_coerce_type(1, &(Oid) {exprType(expr)}, &lambda->cast_to, COERCION_EXPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_CANNOT_COERCE),
				 errmsg("cannot cast the lambda's result from type %s to %s",
						format_type_be(exprType(expr)), rdd_shape_text(lambda->shape)),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
}

/* What the parser finds where it looks for the tables that a lambda's columns are of. */
static void
add_variables(ParseState *pstate, List *variables)
{
	ListCell   *lc;

	foreach(lc, variables)
	{
		LambdaVariable *variable = lfirst(lc);
		RangeTblEntry *rte = makeNode(RangeTblEntry);
		ListCell   *lcc;

		rte->rtekind = RTE_RESULT;
		rte->eref = makeAlias(variable->name, NIL);
		foreach(lcc, variable->columns)
			rte->eref->colnames = lappend(rte->eref->colnames,
										  makeString((char *) ((RddLeaf *) lfirst(lcc))->path));
		pstate->p_rtable = lappend(pstate->p_rtable, rte);
	}
}

/* Refuse what the place of the lambda has no use for. */
static void
check_kind(ParseState *pstate, Lambda *lambda, Node *expr)
{
	const char *what = NULL;

	if (pstate->p_hasWindowFuncs)
		what = "window functions";
	else if (pstate->p_hasAggs && lambda->kind != LAMBDA_AGGREGATE)
		what = "aggregate functions";
	else if (expression_returns_set(expr) && lambda->kind != LAMBDA_SET)
		what = "functions that return sets";
	if (what)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s are not allowed in this lambda", what),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
	if (lambda->kind != LAMBDA_SET || expression_returns_set(expr))
		return;
	if (IsA(expr, ArrayExpr) && ((ArrayExpr *) expr)->element_typeid == RECORDOID &&
		!((ArrayExpr *) expr)->multidims)
	{
		if (!rdd_shape_of_rows((ArrayExpr *) expr))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("rows of the lambda's array must be written out and have columns of the same types"),
					 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
		lambda->unnests_rows = true;
		return;
	}
	if (!OidIsValid(get_element_type(getBaseType(exprType(expr)))) ||
		get_typtype(get_element_type(getBaseType(exprType(expr)))) == TYPTYPE_PSEUDO)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the lambda must give an array or a set, not %s", format_type_be(exprType(expr))),
				 errcontext("lambda \"%s\"", lambda_shown(lambda->text))));
	lambda->unnests = true;
}

/* Columns that a lambda names often are made that often when queries become one. */
static int
most_uses(List *used)
{
	int			most = 1;
	int			uses = 0;
	ListCell   *lc;

	list_sort(used, compare_paths);
	foreach(lc, used)
	{
		bool		again = foreach_current_index(lc) > 0 &&
			strcmp(lfirst(lc), list_nth(used, foreach_current_index(lc) - 1)) == 0;

		uses = again ? uses + 1 : 1;
		most = Max(most, uses);
	}
	return most;
}

static int
compare_paths(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

void
lambda_parser_setup(ParseState *pstate, void *lambdas)
{
	LambdaParse *parse = palloc0(sizeof(LambdaParse));

	parse->lambdas = lambdas;
	set_hooks(pstate, parse);
}

static void
set_hooks(ParseState *pstate, LambdaParse *parse)
{
	pstate->p_pre_columnref_hook = pre_columnref;
	pstate->p_post_columnref_hook = post_columnref;
	pstate->p_paramref_hook = paramref;
	pstate->p_ref_hook_state = parse;
}

static Node *
pre_columnref(ParseState *pstate, ColumnRef *cref)
{
	LambdaParse *parse = pstate->p_ref_hook_state;

	if (parse->current || !parse->lambdas || list_length(cref->fields) != 2 ||
		!IsA(lsecond(cref->fields), String) ||
		strcmp(strVal(linitial(cref->fields)), "barks_lambda") != 0)
		return NULL;
	return placeholder(pstate, parse, strVal(lsecond(cref->fields)));
}

/* What the parser does not know may be a variable, or a field of one. */
static Node *
post_columnref(ParseState *pstate, ColumnRef *cref, Node *var)
{
	LambdaParse *parse = pstate->p_ref_hook_state;
	List	   *path = list_copy_tail(cref->fields, 1);
	ListCell   *lc;

	if (var || !parse->current)
		return NULL;
	if (path != NIL && IsA(llast(path), A_Star))
		path = list_truncate(path, list_length(path) - 1);
	foreach(lc, parse->current->variables)
	{
		LambdaVariable *variable = lfirst(lc);

		if (strcmp(variable->name, strVal(linitial(cref->fields))) == 0)
			return variable_value(pstate, parse, variable, path, cref->location);
	}
	return NULL;
}

static Node *
paramref(ParseState *pstate, ParamRef *pref)
{
	LambdaParse *parse = pstate->p_ref_hook_state;

	if (!parse->current || pref->number < 1 ||
		pref->number > list_length(parse->current->variables))
		return NULL;
	return variable_value(pstate, parse, list_nth(parse->current->variables, pref->number - 1),
						  NIL, pref->location);
}

/* The lambda's expression, of the type that it has by itself. */
static Node *
analyze(ParseState *pstate, LambdaParse *parse, const Lambda *lambda)
{
	ErrorContextCallback callback = {
		.previous = error_context_stack, .callback = lambda_position_callback, .arg = (void *) lambda->text
	};
	Node	   *raw = lambda_parse_text(lambda->text);
	const char *source = pstate->p_sourcetext;
	List	   *names = hide_with_queries(pstate, NULL);
	Node	   *expr;

	error_context_stack = &callback;
	parse->current = lambda;
	parse->base = pstate;
	pstate->p_sourcetext = lambda->text;
	expr = transformExpr(pstate, raw, pstate->p_expr_kind);
	if (exprType(expr) == UNKNOWNOID)
		expr = coerce_type(pstate, expr, UNKNOWNOID, TEXTOID, -1, COERCION_IMPLICIT,
						   COERCE_IMPLICIT_CAST, -1);
	assign_expr_collations(pstate, expr);
	pstate->p_sourcetext = source;
	parse->current = NULL;
	error_context_stack = callback.previous;
	(void) hide_with_queries(pstate, names);
	return expr;
}

/* A lambda's sub-selects read tables, never WITH queries of ours: hide those, or show them again. */
static List *
hide_with_queries(ParseState *pstate, List *names)
{
	List	   *hidden = NIL;

	for (; pstate; pstate = pstate->parentParseState)
	{
		hidden = lappend(hidden, pstate->p_ctenamespace);
		pstate->p_ctenamespace = NIL;
		if (names != NIL)
		{
			pstate->p_ctenamespace = linitial(names);
			names = list_delete_first(names);
		}
	}
	return hidden;
}

/* barks_lambda."N.M" */
static Node *
placeholder(ParseState *pstate, LambdaParse *parse, const char *name)
{
	int			number;
	int			leaf;
	const Lambda *lambda;
	Node	   *expr;

	if (sscanf(name, "%d.%d", &number, &leaf) != 2)
		elog(ERROR, "no lambda \"%s\"", name);
	lambda = list_nth(parse->lambdas->lambdas, number - 1);
	expr = analyze(pstate, parse, lambda);
	if (OidIsValid(lambda->cast_to))
		expr = coerce_to_target_type(pstate, expr, exprType(expr), lambda->cast_to, -1,
									 COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
	if (lambda->unnests)
		return expr;
	leaf--;
	if (lambda->unnests_rows)
		return array_of_leaf(pstate, (ArrayExpr *) expr, lambda->shape, leaf);
	return leaf_of(expr, lambda->shape, &leaf);
}

/* Of an array of rows one column, as an array. */
static Node *
array_of_leaf(ParseState *pstate, ArrayExpr *rows, const RddShape *shape, int leaf)
{
	const RddShape *column = ((RddLeaf *) list_nth(rdd_shape_leaves(shape, ""), leaf))->shape;
	ArrayExpr  *array = makeNode(ArrayExpr);
	ListCell   *lc;

	array->element_typeid = column->type;
	array->array_typeid = get_array_type(column->type);
	array->array_collid = column->collation;
	array->location = rows->location;
	if (!OidIsValid(array->array_typeid) || type_is_array(column->type))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of an array cannot have columns of type %s here", format_type_be(column->type)),
				 errhint("Use an array of a composite type.")));
	foreach(lc, rows->elements)
	{
		int			number = leaf;
		Node	   *element = leaf_of(lfirst(lc), shape, &number);

		if (exprType(element) == UNKNOWNOID)
			element = coerce_type(pstate, element, UNKNOWNOID, column->type, -1, COERCION_IMPLICIT,
								  COERCE_IMPLICIT_CAST, -1);
		array->elements = lappend(array->elements, element);
	}
	return (Node *) array;
}

/* A variable, or what a path of names finds in it. */
static Node *
variable_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
			   List *path, int location)
{
	const RddShape *shape = variable->shape;
	int			first = 0;
	Node	   *value;
	ListCell   *lc = list_head(path);

	for (; lc && !rdd_shape_is_leaf(shape); lc = lnext(path, lc))
	{
		const char *name = strVal(lfirst(lc));
		const RddShape *found = NULL;
		ListCell   *lcn;
		ListCell   *lcf;

		forboth(lcn, shape->names, lcf, shape->fields)
		{
			/* _1 and _2 are Spark's names for what a pair has */
			if (strcmp(name, lfirst(lcn)) == 0 ||
				(rdd_shape_is_pair(shape) &&
				 strcmp(name, foreach_current_index(lcn) == 0 ? "_1" : "_2") == 0))
			{
				found = lfirst(lcf);
				break;
			}
			first += rdd_shape_width(lfirst(lcf));
		}
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("%s has no field \"%s\"", variable->name, name),
					 errdetail("Its type is %s.", rdd_shape_text(variable->shape)),
					 parser_errposition(pstate, location)));
		shape = found;
	}
	value = row_value(pstate, parse, variable, shape, &first, location);
	for (; lc; lc = lnext(path, lc))
	{
		value = ParseFuncOrColumn(pstate, list_make1(lfirst(lc)), list_make1(value),
								  pstate->p_last_srf, NULL, false, location);
		if (!value)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("%s has no field \"%s\"", variable->name, strVal(lfirst(lc))),
					 errdetail("Its type is %s.", rdd_shape_text(variable->shape)),
					 parser_errposition(pstate, location)));
	}
	return value;
}

static Node *
row_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
		  const RddShape *shape, int *first, int location)
{
	RowExpr    *row;
	TupleDesc	desc = NULL;
	int			attno = 0;
	ListCell   *lcn;
	ListCell   *lcf;

	if (rdd_shape_is_leaf(shape))
		return leaf_value(pstate, parse, variable, (*first)++, location);
	row = makeNode(RowExpr);
	row->row_typeid = OidIsValid(shape->type) ? shape->type : RECORDOID;
	row->row_format = OidIsValid(shape->type) ? COERCE_EXPLICIT_CAST : COERCE_EXPLICIT_CALL;
	row->location = location;
	if (OidIsValid(shape->type))
		desc = lookup_rowtype_tupdesc_copy(shape->type, -1);
	forboth(lcn, shape->names, lcf, shape->fields)
	{
		for (; desc && attno < desc->natts && TupleDescAttr(desc, attno)->attisdropped; attno++)
			row->args = lappend(row->args, makeNullConst(INT4OID, -1, InvalidOid));
		row->args = lappend(row->args, row_value(pstate, parse, variable, lfirst(lcf), first, location));
		attno++;
		row->colnames = lappend(row->colnames, makeString(lfirst(lcn)));
	}
	for (; desc && attno < desc->natts; attno++)
		row->args = lappend(row->args, makeNullConst(INT4OID, -1, InvalidOid));
	return (Node *) row;
}

static int
number_of(LambdaParse *parse, const LambdaVariable *variable)
{
	ListCell   *lc;

	foreach(lc, parse->current->variables)
	{
		if (lfirst(lc) == variable)
			return foreach_current_index(lc);
	}
	elog(ERROR, "no variable %s", variable->name);
}

/* A column of the query, or of nothing while the lambda is alone. */
static Node *
leaf_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
		   int number, int location)
{
	RddLeaf    *leaf = list_nth(variable->columns, number);
	const RddShape *shape = leaf->shape;
	Index		depth = 0;
	Var		   *var;

	for (ParseState *at = pstate; at != parse->base; at = at->parentParseState)
		depth++;
	if (!parse->lambdas)
	{
		var = makeVar(1 + number_of(parse, variable), number + 1, shape->type, shape->typmod, shape->collation, depth);
		if (shape->not_null)
			parse->not_null = lappend(parse->not_null, var);
		parse->used = lappend(parse->used, (char *) leaf->path);
		return (Node *) var;
	}
	var = (Var *) colNameToVar(parse->base, leaf->path, false, location);
	if (!var || !IsA(var, Var))
		elog(ERROR, "no column \"%s\" for variable %s", leaf->path, variable->name);
	var->varlevelsup += depth;
	return (Node *) var;
}

/* Counts down to the leaf that is asked for. */
static Node *
leaf_of(Node *expr, const RddShape *shape, int *leaf)
{
	ListCell   *lc;

	if (rdd_shape_is_leaf(shape))
		return (*leaf)-- == 0 ? expr : NULL;
	foreach(lc, shape->fields)
	{
		Node	   *found;

		if (*leaf >= rdd_shape_width(lfirst(lc)))
		{
			*leaf -= rdd_shape_width(lfirst(lc));
			continue;
		}
		found = leaf_of(field_of(expr, foreach_current_index(lc), shape), lfirst(lc), leaf);
		if (found)
			return found;
	}
	elog(ERROR, "a lambda has fewer columns than expected");
}

/* Field n of a row, not counting dropped columns. */
static Node *
field_of(Node *expr, int number, const RddShape *shape)
{
	TupleDesc	desc = OidIsValid(shape->type) ? lookup_rowtype_tupdesc_copy(shape->type, -1)
		: get_expr_result_tupdesc(expr, false);
	FieldSelect *select;
	int			attno = 0;

	for (;; attno++)
	{
		if (desc && TupleDescAttr(desc, attno)->attisdropped)
			continue;
		if (number-- == 0)
			break;
	}
	if (IsA(expr, RowExpr))
		return list_nth(((RowExpr *) expr)->args, attno);
	/* of a domain the row */
	if (OidIsValid(shape->type) && exprType(expr) != shape->type)
		expr = (Node *) makeRelabelType((Expr *) expr, shape->type, -1, InvalidOid, COERCE_IMPLICIT_CAST);
	select = makeNode(FieldSelect);
	select->arg = (Expr *) expr;
	select->fieldnum = attno + 1;
	select->resulttype = TupleDescAttr(desc, attno)->atttypid;
	select->resulttypmod = TupleDescAttr(desc, attno)->atttypmod;
	select->resultcollid = TupleDescAttr(desc, attno)->attcollation;
	return (Node *) select;
}
