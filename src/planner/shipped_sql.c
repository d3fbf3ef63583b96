/*-------------------------------------------------------------------------
 * shipped_sql.c
 *	  Bodies of SQL functions that are to be shipped.
 *
 * They are parsed as PostgreSQL does to run them, so every name in them is known for
 * what it stands for here, and are printed again with qualified names.  Each node of
 * the queries must be of a kind that gives the same everywhere, and they must not read
 * tables.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/functions.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/shipped_body.h"

typedef struct BodyContext
{
	ShippedFunction *function;
	Node	   *call;			/* whose function is looked at */
	Node	   *in_from;		/* the latest call in FROM */
	List	   *types;
	const char *reason;
} BodyContext;

static List *parse(HeapTuple tuple, const FuncExpr *call);
static bool check_walker(Node *node, BodyContext *context);
static bool check_query(Query *query, BodyContext *context);
static bool is_structure(const Node *node);
static bool check_function(Oid funcid, void *arg);
static bool refuse(BodyContext *context, const char *reason);
static const ShippedFunction *called(const Node *call, void *arg);

const char *
shipped_parse_sql(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call, ShippedBody *body)
{
	BodyContext context = {.function = it};
	List	   *queries;
	StringInfoData sql;
	ListCell   *lc;

	queries = parse(tuple, call);
	queries = (List *) shipped_expand_defaults((Node *) queries);
	if (check_walker((Node *) queries, &context))
		return context.reason;
	initStringInfo(&sql);
	foreach(lc, queries)
	{
		Node	   *query = shipped_mark(lfirst(lc), called, it, &body->called);

		if (sql.len > 0)
			appendStringInfoString(&sql, ";\n");
		appendStringInfoString(&sql, planner_print_query(castNode(Query, query)));
	}
	body->sql = sql.data;
	shipped_add_types(it, context.types);
	return queries == NIL ? "it has no statement" : NULL;
}

/* List of Query, as in PostgreSQL's functions.c. */
static List *
parse(HeapTuple tuple, const FuncExpr *call)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	List	   *queries = NIL;
	SQLFunctionParseInfoPtr info;
	char	   *source;
	ListCell   *lc;

	if (!isnull)
	{
		Node	   *body = stringToNode(TextDatumGetCString(value));

		return IsA(body, List) ? linitial_node(List, castNode(List, body)) : list_make1(body);
	}
	value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	source = TextDatumGetCString(value);
	info = prepare_sql_fn_parse_info(tuple, unconstify(Node *, (const Node *) call), InvalidOid);
	foreach(lc, pg_parse_query(source))
		queries = list_concat(queries,
							  pg_analyze_and_rewrite_withcb(lfirst_node(RawStmt, lc), source,
															(ParserSetupHook) sql_fn_parser_setup,
															info, NULL));
	return queries;
}

/* True ends the walk: context->reason is set. */
static bool
check_walker(Node *node, BodyContext *context)
{
	const char *reason;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return check_query((Query *) node, context);
	if (is_structure(node))
		return expression_tree_walker(node, check_walker, context);
	switch (nodeTag(node))
	{
		case T_RangeTblFunction:
			/* of a record in FROM only columns are seen */
			context->in_from = ((RangeTblFunction *) node)->funcexpr;
			return expression_tree_walker(node, check_walker, context);
		case T_RangeTblRef:
		case T_IntList:
		case T_OidList:
			return false;
		case T_SortGroupClause:
			if (!shippable_operator(((SortGroupClause *) node)->eqop) ||
				(OidIsValid(((SortGroupClause *) node)->sortop) &&
				 !shippable_operator(((SortGroupClause *) node)->sortop)))
				return refuse(context, "it sorts by an operator that nodes do not have");
			return false;
		case T_Param:
			context->types = list_append_unique_oid(context->types, ((Param *) node)->paramtype);
			return false;
		case T_SQLValueFunction:
			if (context->function->declared)
				return false;
			return refuse(context, "it depends on the session");
		case T_Var:
			if (((Var *) node)->varattno <= 0)
				return refuse(context, "it uses a whole row");
			break;
		default:
			break;
	}
	reason = shippable_node_reason(node, node == context->in_from, &context->types);
	if (reason)
		return refuse(context, psprintf("it has %s", reason));
	context->call = node;
	return check_functions_in_node(node, check_function, context) ||
		expression_tree_walker(node, check_walker, context);
}

static bool
check_query(Query *query, BodyContext *context)
{
	ListCell   *lc;

	if (query->commandType != CMD_SELECT || query->utilityStmt || query->rowMarks != NIL ||
		query->hasModifyingCTE)
		return refuse(context, "it does more than to read");
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		switch (rte->rtekind)
		{
			case RTE_RELATION:
				return refuse(context, psprintf("it reads \"%s\"", get_rel_name(rte->relid)));
			case RTE_SUBQUERY:
			case RTE_JOIN:
			case RTE_FUNCTION:
			case RTE_VALUES:
			case RTE_CTE:
			case RTE_RESULT:
				break;
			default:
				return refuse(context, "it has an entry in FROM that is not shipped");
		}
	}
	return query_tree_walker(query, check_walker, context, QTW_EXAMINE_SORTGROUP);
}

/* Nodes that are no expressions, or stand for what is below them. */
static bool
is_structure(const Node *node)
{
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_FromExpr:
		case T_JoinExpr:
		case T_CommonTableExpr:
		case T_WindowClause:
		case T_SetOperationStmt:
		case T_GroupingSet:
		case T_NamedArgExpr:
			return true;
		default:
			return false;
	}
}

/* check_functions_in_node callback */
static bool
check_function(Oid funcid, void *arg)
{
	BodyContext *context = arg;
	const char *reason = NULL;

	if (funcid < FirstNormalObjectId)
		reason = context->function->declared && func_volatile(funcid) != PROVOLATILE_VOLATILE ?
			NULL : shippable_builtin_reason(funcid);
	else if (!shipped_is_users(funcid))
		reason = shippable_extension_reason(funcid);
	else if (funcid != shipped_called_function(context->call))
		reason = psprintf("function %s is not shipped to nodes", get_func_name(funcid));
	else
	{
		(void) shipped_called(context->function, funcid,
							  IsA(context->call, FuncExpr) ? (FuncExpr *) context->call : NULL, &reason);
		return reason ? refuse(context, reason) : false;
	}
	return reason ? refuse(context, psprintf("in it %s", reason)) : false;
}

static bool
refuse(BodyContext *context, const char *reason)
{
	context->reason = reason;
	return true;
}

/* ShippedLookup; that it can be had was seen before. */
static const ShippedFunction *
called(const Node *call, void *arg)
{
	const char *reason = NULL;
	const ShippedFunction *function = shipped_called(arg, shipped_called_function(call),
													 IsA(call, FuncExpr) ? (const FuncExpr *) call : NULL,
													 &reason);

	if (function == NULL)
		elog(ERROR, "function %u cannot be shipped any more: %s", shipped_called_function(call), reason);
	return function;
}
