/*-------------------------------------------------------------------------
 * inline.c
 *	  RDDs in FROM: barks.rdd_collect(…) and its kin become sub-selects.
 *
 * When all that goes into the call is known when the query is planned, the query
 * of the lineage takes the place of the function, and is planned with what
 * surrounds it.  Otherwise the function runs that query by itself.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "rdd/query.h"
#include "rdd/result.h"
#include "rdd/storage.h"

/* A walk over queries within queries. */
typedef struct InlineContext
{
	Oid			namespace;		/* barks */
	bool		in_order;		/* the query shows rows as they come */
	bool	   *inlined;		/* a call became a sub-select */
} InlineContext;

static bool query_walker(Node *node, InlineContext *context);
static bool shows_order(const Query *query);
static bool collects_walker(Node *node, void *context);
static void inline_call(RangeTblEntry *rte, const InlineContext *context);
static bool makes_rows(const FuncExpr *call, Oid namespace);
static bool not_known_walker(Node *node, Oid *namespace);
static bool not_known_function(Oid function, void *namespace);
static List *column_types(const RangeTblFunction *function);
static List *with_defaults(const FuncExpr *call);
static List *evaluate(const FuncExpr *call);

bool
rdd_on_plan(Query *query)
{
	bool		inlined = false;
	InlineContext context = {get_namespace_oid("barks", true), false, &inlined};

	if (OidIsValid(context.namespace))
		(void) query_walker((Node *) query, &context);
	return inlined;
}

static bool
query_walker(Node *node, InlineContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		InlineContext inner = {context->namespace, shows_order((Query *) node), context->inlined};

		return query_tree_walker((Query *) node, query_walker, &inner, QTW_EXAMINE_RTES_BEFORE);
	}
	if (IsA(node, RangeTblEntry))
	{
		if (((RangeTblEntry *) node)->rtekind == RTE_FUNCTION)
			inline_call((RangeTblEntry *) node, context);
		return false;
	}
	return expression_tree_walker(node, query_walker, context);
}

/* Would a user see in which order the only thing in FROM gives its rows? */
static bool
shows_order(const Query *query)
{
	return list_length(query->jointree->fromlist) == 1 &&
		IsA(linitial(query->jointree->fromlist), RangeTblRef) && query->groupClause == NIL &&
		query->groupingSets == NIL && query->sortClause == NIL && query->distinctClause == NIL &&
		(!query->hasAggs || collects_walker((Node *) query->targetList, NULL));
}

/* Aggregates whose result tells the order of what they collect. */
static bool
collects_walker(Node *node, void *context)
{
	static const char *const names[] = {
		"array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "xmlagg"
	};

	if (node == NULL)
		return false;
	if (IsA(node, Aggref) && ((Aggref *) node)->aggorder == NIL)
	{
		const char *name = get_func_name(((Aggref *) node)->aggfnoid);

		if (((Aggref *) node)->aggfnoid >= FirstNormalObjectId)
			return true;
		for (int i = 0; name && i < lengthof(names); i++)
		{
			if (strcmp(name, names[i]) == 0)
				return true;
		}
	}
	return expression_tree_walker(node, collects_walker, context);
}

static void
inline_call(RangeTblEntry *rte, const InlineContext *context)
{
	Oid			namespace = context->namespace;
	RangeTblFunction *function = linitial_node(RangeTblFunction, rte->functions);
	FuncExpr   *call = (FuncExpr *) function->funcexpr;
	RddQuery	query = {.in_order = context->in_order, .named = true, .is_part = true};
	List	   *statements;
	List	   *types;
	Rdd		   *rdd;
	char	   *sql;

	if (list_length(rte->functions) != 1 || rte->funcordinality || !IsA(call, FuncExpr) ||
		!makes_rows(call, namespace) ||
		pg_proc_aclcheck(call->funcid, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK ||
		expression_tree_walker((Node *) call, not_known_walker, &namespace))
		return;
	types = column_types(function);
	rdd = rdd_apply_values(get_func_name(call->funcid) + 4, evaluate(call));
	rdd_check_columns(rdd, types);
	if (!rdd_storage_ready(rdd))
		return;					/* the function keeps what it computes */
	sql = rdd_compile(rdd, types, &query);
	statements = pg_analyze_and_rewrite_withcb(linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT)), sql,
											   lambda_parser_setup, &query.lambdas, NULL);
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = linitial_node(Query, statements);
	rte->functions = NIL;
	rte->lateral = false;
	*context->inlined = true;
}

/* One of our actions that give rows; explain and the like are not operations. */
static bool
makes_rows(const FuncExpr *call, Oid namespace)
{
	const char *name;

	if (!call->funcretset || get_func_namespace(call->funcid) != namespace)
		return false;
	name = get_func_name(call->funcid);
	return strncmp(name, "rdd_", 4) == 0 && rdd_is_action(name + 4);
}

/* True when the expression has something whose value is not known before execution. */
static bool
not_known_walker(Node *node, Oid *namespace)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, Param) || IsA(node, SubLink) || IsA(node, SQLValueFunction) ||
		IsA(node, NextValueExpr) || IsA(node, CurrentOfExpr))
		return true;
	if (check_functions_in_node(node, not_known_function, namespace))
		return true;
	return expression_tree_walker(node, not_known_walker, namespace);
}

/* Making an RDD only looks at catalogs, whose changes make plans anew. */
static bool
not_known_function(Oid function, void *namespace)
{
	return func_volatile(function) != PROVOLATILE_IMMUTABLE &&
		(func_volatile(function) != PROVOLATILE_STABLE ||
		 get_func_namespace(function) != *(Oid *) namespace);
}

static List *
column_types(const RangeTblFunction *function)
{
	List	   *types = NIL;
	TupleDesc	desc;
	Oid			type;

	if (function->funccoltypes != NIL)
		return function->funccoltypes;
	if (get_expr_result_type(function->funcexpr, &type, &desc) == TYPEFUNC_SCALAR)
		return list_make1_oid(type);
	/* InvalidOid for dropped ones */
	for (int i = 0; i < desc->natts; i++)
		types = lappend_oid(types, TupleDescAttr(desc, i)->atttypid);
	return types;
}

/* The planner has not put them in yet. */
static List *
with_defaults(const FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	List	   *args;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", call->funcid);
	args = expand_function_arguments(copyObject(call->args), false, call->funcresulttype, tuple);
	ReleaseSysCache(tuple);
	return args;
}

/* The arguments as constants. */
static List *
evaluate(const FuncExpr *call)
{
	List	   *values = NIL;
	EState	   *estate = CreateExecutorState();
	ListCell   *lc;

	foreach(lc, with_defaults(call))
	{
		Node	   *arg = lfirst(lc);
		Oid			type = exprType(arg);
		MemoryContext before = MemoryContextSwitchTo(estate->es_query_cxt);
		ExprState  *state = ExecPrepareExpr((Expr *) copyObject(arg), estate);
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(state, GetPerTupleExprContext(estate), &isnull);
		int16		length;
		bool		by_value;

		MemoryContextSwitchTo(before);
		get_typlenbyval(type, &length, &by_value);
		if (!isnull && length == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		else if (!isnull)
			value = datumCopy(value, by_value, length);
		values = lappend(values, makeConst(type, -1, InvalidOid, length, isnull ? (Datum) 0 : value,
										   isnull, by_value));
	}
	FreeExecutorState(estate);
	return values;
}
