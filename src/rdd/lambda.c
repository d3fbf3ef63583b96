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

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "rdd/lambda.h"

/* While an expression is analyzed. */
typedef struct LambdaParse
{
	LambdaSet  *lambdas;		/* of the query, or NULL: a lambda alone */
	const Lambda *current;		/* whose variables are known, or NULL */
	ParseState *base;			/* where its placeholder was */
	List	   *not_null;		/* Vars of variables' columns that are never null */
} LambdaParse;

/* $n in the text of a lambda. */
typedef struct Reference
{
	int			number;
	int			location;
} Reference;

static Node *parse_text(const char *text);
static int	location_of_rest(const SelectStmt *select);
static void refuse_location(const char *text, int location) pg_attribute_noreturn();
static void position_callback(void *arg);
static void set_hooks(ParseState *pstate, LambdaParse *parse);
static Node *pre_columnref(ParseState *pstate, ColumnRef *cref);
static Node *post_columnref(ParseState *pstate, ColumnRef *cref, Node *var);
static Node *paramref(ParseState *pstate, ParamRef *pref);
static Node *analyze(ParseState *pstate, LambdaParse *parse, const Lambda *lambda);
static Node *placeholder(ParseState *pstate, LambdaParse *parse, const char *name);
static Node *variable_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
							List *path, int location);
static Node *row_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
					   const RddShape *shape, int *first, int location);
static Node *leaf_value(ParseState *pstate, LambdaParse *parse, const LambdaVariable *variable,
						int number, int location);
static void check_kind(ParseState *pstate, Lambda *lambda, Node *expr);
static Node *leaf_of(Node *expr, const RddShape *shape, int *leaf);
static Node *field_of(Node *expr, int number, const RddShape *shape);
static bool reference_walker(Node *node, List **references);
static int	compare_references(const ListCell *a, const ListCell *b);

void
lambda_check_text(const char *text)
{
	(void) parse_text(text);
}

/* The raw expression. */
static Node *
parse_text(const char *text)
{
	ErrorContextCallback callback = {
		.previous = error_context_stack, .callback = position_callback, .arg = (void *) text
	};
	List	   *statements;
	SelectStmt *select;
	ResTarget  *target;

	error_context_stack = &callback;
	statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	error_context_stack = callback.previous;
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || select->targetList == NIL)
		refuse_location(text, 0);
	if (list_length(select->targetList) > 1)
		refuse_location(text, exprLocation(lsecond(select->targetList)));
	target = linitial_node(ResTarget, select->targetList);
	if (target->name || target->indirection || select->distinctClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause ||
		select->windowClause || select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE ||
		select->intoClause || select->valuesLists)
		refuse_location(text, location_of_rest(select));
	if (IsA(target->val, ColumnRef) && IsA(llast(((ColumnRef *) target->val)->fields), A_Star))
		refuse_location(text, exprLocation(target->val));
	return target->val;
}

/* Where that begins which should not be there, as far as the parser tells. */
static int
location_of_rest(const SelectStmt *select)
{
	List	   *clauses[] = {select->fromClause, select->groupClause, select->windowClause, select->sortClause};

	for (int i = 0; i < lengthof(clauses); i++)
	{
		if (clauses[i] != NIL && exprLocation(linitial(clauses[i])) >= 0)
			return exprLocation(linitial(clauses[i]));
	}
	if (select->whereClause)
		return exprLocation(select->whereClause);
	if (select->limitCount)
		return exprLocation(select->limitCount);
	return 0;
}

static void
refuse_location(const char *text, int location)
{
	int			position = location < 0 ? 0 : pg_mbstrlen_with_len(text, location) + 1;

	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("a lambda must be exactly one expression"),
			 position > 0 ? errcontext("character %d of lambda \"%s\"", position, text) : 0,
			 internalerrposition(position), internalerrquery(text)));
}

/* Errors in a lambda point into its text, not into the statement that has it. */
static void
position_callback(void *arg)
{
	int			position = geterrposition();

	if (position <= 0)
	{
		errcontext("lambda \"%s\"", (const char *) arg);
		return;
	}
	/* where a statement gives the text as a literal, clients point at that */
	errcontext("character %d of lambda \"%s\"", position, (const char *) arg);
	errposition(0);
	internalerrposition(position);
	internalerrquery((const char *) arg);
}

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
	expr = analyze(pstate, &parse, lambda);
	check_kind(pstate, lambda, expr);
	if (OidIsValid(cast_to))
	{
		if (!can_coerce_type(1, &(Oid) {exprType(expr)}, &cast_to, COERCION_EXPLICIT))
			ereport(ERROR,
					(errcode(ERRCODE_CANNOT_COERCE),
					 errmsg("cannot cast the lambda's result from type %s to %s",
							format_type_be(exprType(expr)), format_type_be(cast_to)),
					 errcontext("lambda \"%s\"", text)));
		lambda->shape = rdd_shape_of_type(cast_to);
	}
	else if (kind == LAMBDA_EFFECT && exprType(expr) == VOIDOID)
		lambda->shape = rdd_shape_leaf(VOIDOID, -1, InvalidOid);
	else if (lambda->unnests)
	{
		Oid			element = get_element_type(getBaseType(exprType(expr)));

		lambda->shape = rdd_shape_leaf(element, -1, get_typcollation(element));
	}
	else
		lambda->shape = rdd_shape_of_expr(expr, parse.not_null);
	lambda->is_volatile = contain_volatile_functions(expr);
	free_parsestate(pstate);
	return lambda;
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
				 errcontext("lambda \"%s\"", lambda->text)));
	if (lambda->kind != LAMBDA_SET || expression_returns_set(expr))
		return;
	if (!OidIsValid(get_element_type(getBaseType(exprType(expr)))))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the lambda must give an array or a set, not %s", format_type_be(exprType(expr))),
				 errcontext("lambda \"%s\"", lambda->text)));
	lambda->unnests = true;
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
		.previous = error_context_stack, .callback = position_callback, .arg = (void *) lambda->text
	};
	Node	   *raw = parse_text(lambda->text);
	const char *source = pstate->p_sourcetext;
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
	return expr;
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
	return leaf_of(expr, lambda->shape, &leaf);
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
	row->row_format = COERCE_EXPLICIT_CALL;
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
		var = makeVar(1, number + 1, shape->type, shape->typmod, shape->collation, depth);
		if (shape->not_null)
			parse->not_null = lappend(parse->not_null, var);
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
	select = makeNode(FieldSelect);
	select->arg = (Expr *) expr;
	select->fieldnum = attno + 1;
	select->resulttype = TupleDescAttr(desc, attno)->atttypid;
	select->resulttypmod = TupleDescAttr(desc, attno)->atttypmod;
	select->resultcollid = TupleDescAttr(desc, attno)->attcollation;
	return (Node *) select;
}

char *
lambda_capture(const char *text, int nvalues, const Datum *values, const bool *nulls,
			   const Oid *types)
{
	List	   *references = NIL;
	StringInfoData buf;
	const char *from = text;
	ListCell   *lc;

	reference_walker(parse_text(text), &references);
	list_sort(references, compare_references);
	initStringInfo(&buf);
	foreach(lc, references)
	{
		Reference  *reference = lfirst(lc);
		int			n = reference->number - 1;
		char	   *type;

		if (n < 0 || n >= nvalues)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("no value is given for parameter $%d", n + 1),
					 internalerrposition(pg_mbstrlen_with_len(text, reference->location) + 1),
					 internalerrquery(text)));
		type = rdd_type_name(types[n], -1);
		appendBinaryStringInfo(&buf, from, text + reference->location - from);
		if (nulls[n])
			appendStringInfo(&buf, "(NULL::%s)", type);
		else
		{
			Oid			output;
			bool		varlena;

			getTypeOutputInfo(types[n], &output, &varlena);
			appendStringInfo(&buf, "(%s::%s)",
							 quote_literal_cstr(OidOutputFunctionCall(output, values[n])), type);
		}
		from = text + reference->location + 1;
		from += strspn(from, "0123456789");
	}
	appendStringInfoString(&buf, from);
	lambda_check_text(buf.data);
	return buf.data;
}

static bool
reference_walker(Node *node, List **references)
{
	if (node == NULL)
		return false;
	if (IsA(node, ParamRef))
	{
		Reference  *reference = palloc(sizeof(Reference));

		reference->number = ((ParamRef *) node)->number;
		reference->location = ((ParamRef *) node)->location;
		*references = lappend(*references, reference);
		return false;
	}
	return raw_expression_tree_walker(node, reference_walker, references);
}

static int
compare_references(const ListCell *a, const ListCell *b)
{
	return ((Reference *) lfirst(a))->location - ((Reference *) lfirst(b))->location;
}
