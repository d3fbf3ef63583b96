/*-------------------------------------------------------------------------
 * shipped_names.c
 *	  Calls in the SQL for nodes: of copies, by the names that these have there.
 *
 * ruleutils prints the name that a function has on this server.  So before
 * printing each call gets a parameter as its first argument, which no other
 * parameter of the query is, and whose number says which copy is meant; as the
 * function has no such argument its name comes out qualified.  In the printed
 * text, read by PostgreSQL's own scanner, "schema.name($100003, " then becomes
 * the copy's name and a parenthesis.  What barks.rdd_call_partition() is to call is a
 * constant, and becomes a literal of the copy's name and arguments.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/gramparse.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "job/program.h"
#include "planner/planner.h"
#include "planner/shipped.h"

#define FIRST_MARKER	100000

typedef struct MarkContext
{
	ShippedLookup lookup;
	void	   *arg;
	List	  **called;
} MarkContext;

/* The last tokens, the latest first. */
typedef struct Token
{
	int			kind;
	int			at;
	int			value;
} Token;

#define NTOKENS	7

static Node *expand_mutator(Node *node, void *context);
static Node *mark_mutator(Node *node, MarkContext *context);
static void mark_program(Aggref *aggref, const Const *program, MarkContext *context);
static Const *make_name(const FuncExpr *call, const ShippedFunction *function);
static void add_marker(Node *call, Node *marker);
static Node *make_marker(int i);
static const char *name_of(const ShippedFunction *function, const char *own_name);

Node *
shipped_expand_defaults(Node *node)
{
	return expand_mutator(node, NULL);
}

static Node *
expand_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, expand_mutator, context, 0);
	node = expression_tree_mutator(node, expand_mutator, context);
	if (IsA(node, FuncExpr) && shipped_is_users(((FuncExpr *) node)->funcid))
	{
		FuncExpr   *call = (FuncExpr *) node;
		HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for function %u", call->funcid);
		call->args = expand_function_arguments(call->args, false, call->funcresulttype, tuple);
		/* the default is an array */
		if (OidIsValid(((Form_pg_proc) GETSTRUCT(tuple))->provariadic) &&
			((Form_pg_proc) GETSTRUCT(tuple))->provariadic != ANYOID)
			call->funcvariadic = true;
		ReleaseSysCache(tuple);
	}
	return node;
}

List *
shipped_program(const Const *program)
{
	return (List *) shipped_expand_defaults((Node *) program_parse(program->constvalue));
}

Node *
shipped_mark(Node *query, ShippedLookup lookup, void *arg, List **called)
{
	MarkContext context = {lookup, arg, called};

	return mark_mutator(query, &context);
}

static Node *
mark_mutator(Node *node, MarkContext *context)
{
	Oid			function;
	Node	   *call;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, mark_mutator, context, 0);
	node = expression_tree_mutator(node, mark_mutator, context);
	if (IsA(node, Aggref) && program_of_call((Aggref *) node))
		mark_program((Aggref *) node, program_of_call((Aggref *) node), context);
	call = shipped_partition_function(node);
	if (call && shipped_is_users(((FuncExpr *) call)->funcid))
		linitial(((FuncExpr *) node)->args) = make_name((FuncExpr *) call, context->lookup(call, context->arg));
	function = shipped_called_function(node);
	if (OidIsValid(function) && shipped_is_users(function))
	{
		/* while its arguments still are its own */
		*context->called = lappend(*context->called,
								   unconstify(ShippedFunction *, context->lookup(node, context->arg)));
		add_marker(node, make_marker(list_length(*context->called) - 1));
	}
	return node;
}

/* What barks.rdd_combine evaluates gets the copies' names at once. */
static void
mark_program(Aggref *aggref, const Const *program, MarkContext *context)
{
	List	   *texts = NIL;
	bool		calls = false;
	ListCell   *lc;

	foreach(lc, shipped_program(program))
	{
		List	   *called = NIL;
		Node	   *query = shipped_mark(lfirst(lc), context->lookup, context->arg, &called);

		texts = lappend(texts, query ? shipped_name_calls(planner_print_query((Query *) query), called, NULL)
						: NULL);
		calls |= called != NIL;
	}
	if (calls)
		linitial_node(TargetEntry, aggref->args)->expr = (Expr *) program_make(texts);
}

/* 'schema.copy(types)', which is read where the statement is parsed. */
static Const *
make_name(const FuncExpr *call, const ShippedFunction *function)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s.%s(", shipped_schema(), quote_identifier(function->name));
	foreach(lc, call->args)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 format_type_extended(exprType(lfirst(lc)), -1, FORMAT_TYPE_FORCE_QUALIFY));
	appendStringInfoChar(&buf, ')');
	return makeConst(UNKNOWNOID, -1, InvalidOid, -2, CStringGetDatum(buf.data), false, false);
}

static void
add_marker(Node *call, Node *marker)
{
	if (IsA(call, FuncExpr))
	{
		((FuncExpr *) call)->args = lcons(marker, ((FuncExpr *) call)->args);
		((FuncExpr *) call)->funcformat = COERCE_EXPLICIT_CALL;
	}
	else if (IsA(call, Aggref))
	{
		Aggref	   *aggref = (Aggref *) call;

		aggref->args = lcons(makeTargetEntry((Expr *) marker, 0, NULL, false), aggref->args);
		aggref->aggargtypes = lcons_oid(INT4OID, aggref->aggargtypes);
		aggref->aggstar = false;
	}
	else
	{
		((WindowFunc *) call)->args = lcons(marker, ((WindowFunc *) call)->args);
		((WindowFunc *) call)->winstar = false;
	}
}

static Node *
make_marker(int i)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = FIRST_MARKER + i;
	param->paramtype = INT4OID;
	param->paramtypmod = -1;
	param->location = -1;
	return (Node *) param;
}

char *
shipped_name_calls(const char *sql, List *called, const char *own_name)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(sql, &extra, &ScanKeywords, ScanKeywordTokens);
	Token		last[NTOKENS] = {{0}};
	core_YYSTYPE value;
	const ShippedFunction *function;
	const Token *name;
	bool		distinct;
	StringInfoData buf;
	int			done = 0;

	extra.standard_conforming_strings = true;
	extra.escape_string_warning = false;
	initStringInfo(&buf);
	do
	{
		memmove(&last[1], &last[0], sizeof(Token) * (NTOKENS - 1));
		last[0].kind = core_yylex(&value, &last[0].at, scanner);
		last[0].value = last[0].kind == PARAM ? value.ival : 0;
		if (last[1].value < FIRST_MARKER)
			continue;
		/* the latest first: a comma or parenthesis, the marker, DISTINCT, "(", name, ".", schema */
		distinct = last[2].kind == DISTINCT;
		name = &last[distinct ? 4 : 3];
		function = list_nth(called, last[1].value - FIRST_MARKER);
		if (name[-1].kind != '(' || name[1].kind != '.')
			elog(ERROR, "a call was not printed as expected: %s", sql);
		appendBinaryStringInfo(&buf, sql + done, name[2].at - done);
		appendStringInfo(&buf, "%s.%s(%s", shipped_schema(), quote_identifier(name_of(function, own_name)),
						 distinct ? "DISTINCT " : "");
		done = last[0].at;
		if (last[0].kind == ',')
			done += strspn(sql + done + 1, " ") + 1;
		else if (function->aggregate)
			appendStringInfoChar(&buf, '*');
	} while (last[0].kind != 0);
	appendStringInfoString(&buf, sql + done);
	scanner_finish(scanner);
	return buf.data;
}

static const char *
name_of(const ShippedFunction *function, const char *own_name)
{
	return function->name ? function->name : own_name;
}
