/*-------------------------------------------------------------------------
 * stage_sql.c
 *	  Print a stage's query as SQL, with the values known at execution.
 *
 * Parameters, and stable calls that read no column, become constants first.
 * Printing happens under fixed settings, so that the text means the same under
 * any settings that the node parses it with; names outside pg_catalog come
 * out qualified, so it must be parsed with search_path = pg_catalog.
 *
 * Leaves are printed as references to the CTEs barks_in_N.  Their definitions,
 * which differ by task, are the header.  Assert builds parse the text again and
 * compare its columns with those of the query.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "job/program.h"
#include "job/protocol.h"
#include "planner/ir.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/shipped.h"

typedef struct ConstantContext
{
	PlanState  *planstate;
	bool		gate;
	bool		immutable;		/* the driver has no call to evaluate */
	List	   *computed;		/* calls that a node would compute while planning, the outermost */
	bool		keep;			/* inside of one */
} ConstantContext;

/* For a walk over expressions. */
typedef struct ComputedContext
{
	List	   *calls;			/* found so far */
	bool		varies;			/* what the walk is in has a column, an aggregate or a subquery */
} ComputedContext;

typedef struct ShippedContext
{
	List	   *found;
	bool		immutable;		/* the driver has no call to evaluate */
} ShippedContext;

static Node *constant_mutator(Node *node, ConstantContext *context);
static Node *constant_query(Query *query, ConstantContext *context);
static bool computed_walker(Node *node, ComputedContext *context);
static bool is_call(const Node *node);
static bool has_sublink(Node *node, void *context);
static Node *keep_from_planner(Const *value);
static Const *limit_of(List *parts);
static Const *evaluate(Expr *expr, PlanState *planstate);
static bool shipped_walker(Node *node, ShippedContext *context);
static ShippedFunction *copy_shipped(const ShippedFunction *from);
static const ShippedFunction *find_shipped(const Node *call, void *list);
static void append_no_rows(StringInfo buf, const LeafPlan *leaf);
static void append_exchange(StringInfo buf, const LeafPlan *leaf, List *inputs);
static void append_parts(StringInfo buf, const LeafPlan *leaf, List *selects);
static int64 rows_of(const LeafPlan *leaf, int column, List *inputs);
static char *print_leaf_type(const LeafPlan *leaf, int i);
static char *qualified_collation(Oid collation);
static void append_shards(StringInfo buf, const LeafPlan *leaf, List *shards);
#ifdef USE_ASSERT_CHECKING
static void check_printed(const StagePlan *stage, Query *query, const char *sql);
#endif

char *
planner_stage_sql(const StagePlan *stage, PlanState *planstate, bool gate, List *shipped)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(caller, "barks stage sql",
											   ALLOCSET_DEFAULT_SIZES);
	ConstantContext context = {planstate, gate};
	ComputedContext computed = {NIL};
	Query	   *query;
	char	   *sql;

	MemoryContextSwitchTo(work);
	if (planstate)
	{
		context.immutable = !contain_mutable_functions((Node *) stage->query);
		(void) computed_walker((Node *) stage->query, &computed);
		context.computed = computed.calls;
	}
	query = (Query *) constant_mutator((Node *) stage->query, &context);
	sql = planner_print_query(query);
#ifdef USE_ASSERT_CHECKING
	if (planstate)
		check_printed(stage, query, sql);
#endif
	if (shipped != NIL)
	{
		List	   *called = NIL;

		/* without calls in the query itself there still may be some in a program */
		query = (Query *) shipped_mark((Node *) query, find_shipped, shipped, &called);
		sql = shipped_name_calls(planner_print_query(query), called, NULL);
	}
	sql = MemoryContextStrdup(caller, sql);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return sql;
}

List *
planner_shipped(List *stages)
{
	ShippedContext context = {NIL};
	ListCell   *lc;

	foreach(lc, stages)
	{
		Query	   *query = ((StagePlan *) lfirst(lc))->query;

		context.immutable = !contain_mutable_functions((Node *) query);
		(void) shipped_walker((Node *) query, &context);
	}
	return context.found;
}

static bool
shipped_walker(Node *node, ShippedContext *context)
{
	Node	   *call;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, shipped_walker, context, 0);
	if (!context->immutable && shippable_evaluated_on_driver(node))
		return false;			/* a constant by then */
	if (IsA(node, Aggref) && program_of_call((Aggref *) node))
		(void) shipped_walker((Node *) shipped_program(program_of_call((Aggref *) node)), context);
	call = shipped_partition_function(node);
	if (call == NULL)
		call = node;
	if (OidIsValid(shipped_called_function(call)) &&
		shipped_is_users(shipped_called_function(call)) && find_shipped(call, context->found) == NULL)
	{
		const ShippedFunction *function = shipped_function(call);

		if (function->reason)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function %s was planned for nodes, which cannot have it any more",
							get_func_name(function->function)),
					 errdetail_internal("%s", function->reason),
					 errhint("Prepare the statement again.")));
		context->found = lappend(context->found, copy_shipped(function));
	}
	return expression_tree_walker(node, shipped_walker, context);
}

/* What is known may be forgotten while the job runs. */
static ShippedFunction *
copy_shipped(const ShippedFunction *from)
{
	ShippedFunction *copy = palloc(sizeof(ShippedFunction));
	ListCell   *lc;

	*copy = *from;
	copy->argtypes = list_copy(from->argtypes);
	copy->path = list_copy(from->path);
	copy->types = list_copy(from->types);
	copy->name = pstrdup(from->name);
	copy->definition = pstrdup(from->definition);
	copy->calls = NIL;
	foreach(lc, from->calls)
		copy->calls = lappend(copy->calls, copy_shipped(lfirst(lc)));
	return copy;
}

/* ShippedLookup */
static const ShippedFunction *
find_shipped(const Node *call, void *list)
{
	ListCell   *lc;

	foreach(lc, (List *) list)
		if (shipped_is_call_of(lfirst(lc), call))
			return lfirst(lc);
	return NULL;
}

char *
planner_stage_header(const StagePlan *stage, List **shards, List *inputs)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		appendStringInfo(&buf, "%sbarks_in_%d", buf.len == 0 ? "WITH " : ", ", leaf->index);
		for (int i = 0; i < list_length(leaf->attnums); i++)
			appendStringInfo(&buf, "%sc%d", i == 0 ? "(" : ", ", i + 1);
		appendStringInfoString(&buf, leaf->attnums == NIL ? " AS NOT MATERIALIZED (" :
							   ") AS NOT MATERIALIZED (");
		if (shards == NULL)
			append_no_rows(&buf, leaf);
		else if (leaf->stage > 0)
			append_exchange(&buf, leaf, inputs);
		else if (leaf->parts)
			append_parts(&buf, leaf, shards[foreach_current_index(lc)]);
		else
			append_shards(&buf, leaf, shards[foreach_current_index(lc)]);
		appendStringInfoChar(&buf, ')');
	}
	return buf.data;
}

static Node *
constant_mutator(Node *node, ConstantContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return constant_query((Query *) node, context);
	if (IsA(node, Param) && ((Param *) node)->paramid == BARKS_GATE_PARAM)
		return makeBoolConst(context->gate, false);
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_SUBLINK)
		return node;			/* a column of a sub-select */
	if (context->planstate == NULL)
		return expression_tree_mutator(node, constant_mutator, context);
	if (!context->immutable && shippable_evaluated_on_driver(node))
		return (Node *) evaluate((Expr *) node, context->planstate);
	if (IsA(node, Param))
	{
		Const	   *value = evaluate((Expr *) node, context->planstate);

		return context->keep ? keep_from_planner(value) : (Node *) value;
	}
	if (!context->keep && context->computed != NIL && list_member_ptr(context->computed, node))
	{
		context->keep = true;
		node = expression_tree_mutator(node, constant_mutator, context);
		context->keep = false;
		return node;
	}
	return expression_tree_mutator(node, constant_mutator, context);
}

static Node *
constant_query(Query *query, ConstantContext *context)
{
	Query	   *result = makeNode(Query);
	List	   *limit = NIL;

	/* the planner left LIMIT as a list of count and offset */
	memcpy(result, query, sizeof(Query));
	if (query->limitCount && IsA(query->limitCount, List))
	{
		ListCell   *lc;

		foreach(lc, (List *) query->limitCount)
			limit = lappend(limit, context->planstate ?
							evaluate(lfirst(lc), context->planstate) : lfirst(lc));
		result->limitCount = NULL;
	}
	result = query_tree_mutator(result, constant_mutator, context, 0);
	if (limit != NIL)
		result->limitCount = (Node *) limit_of(limit);
	if (result->hasWindowFuncs && result->limitOffset == NULL && has_sublink((Node *) result, NULL))
		result->limitOffset = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
												 Int64GetDatum(0), false, FLOAT8PASSBYVAL);
	return (Node *) result;
}

/*
 * Of a window whose arguments hold a sub-select, PostgreSQL 15's planner cannot make
 * a run condition ("WindowFunc not found in subplan target lists"), so none must come
 * to it from above.
 */
static bool
has_sublink(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, has_sublink, context, 0);
	return expression_tree_walker(node, has_sublink, context);
}

/*
 * A call without columns or subqueries is computed by the node's planner, which raises an
 * error (division by zero) even when no row would have got that far.  One walk finds all,
 * as expressions may be deep.
 */
static bool
computed_walker(Node *node, ComputedContext *context)
{
	bool		varied = context->varies;
	int			ncalls = list_length(context->calls);

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		(void) query_tree_walker((Query *) node, computed_walker, context, 0);
		context->varies = true;
		return false;
	}
	context->varies = IsA(node, SubLink) || IsA(node, Aggref) || IsA(node, GroupingFunc) ||
		(IsA(node, Var) && ((Var *) node)->varlevelsup == 0);
	(void) expression_tree_walker(node, computed_walker, context);
	if (!context->varies && is_call(node))
		context->calls = lappend(list_truncate(context->calls, ncalls), node);
	context->varies |= varied;
	return false;
}

static bool
is_call(const Node *node)
{
	switch (nodeTag(node))
	{
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
			return true;
		default:
			return false;
	}
}

/* (SELECT value), which has its value only when the node executes. */
static Node *
keep_from_planner(Const *value)
{
	Query	   *query = ir_new_query();
	SubLink    *link = makeNode(SubLink);

	/* a sub-select would weaken a collation that is not the type's */
	if (value->constcollid != get_typcollation(value->consttype))
		return (Node *) value;
	query->targetList = list_make1(makeTargetEntry((Expr *) value, 1, pstrdup("v"), false));
	link->subLinkType = EXPR_SUBLINK;
	link->subselect = (Node *) query;
	link->location = -1;
	return (Node *) link;
}

/* offset + count as one LIMIT, or NULL when that is no limit. */
static Const *
limit_of(List *parts)
{
	Node	   *count = eval_const_expressions(NULL, linitial(parts));
	Node	   *offset = list_length(parts) > 1 ? eval_const_expressions(NULL, lsecond(parts)) : NULL;
	int64		bound;

	if (!IsA(count, Const) || (offset && !IsA(offset, Const)))
		return NULL;
	bound = planner_limit_bound((Const *) count, (Const *) offset);
	return bound < 0 ? NULL :
		makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(bound), false,
				  FLOAT8PASSBYVAL);
}

int64
planner_limit_bound(const Const *count, const Const *offset)
{
	int64		bound;

	if (count->constisnull || DatumGetInt64(count->constvalue) < 0)
		return -1;
	bound = DatumGetInt64(count->constvalue);
	if (offset && !offset->constisnull && DatumGetInt64(offset->constvalue) > 0 &&
		pg_add_s64_overflow(bound, DatumGetInt64(offset->constvalue), &bound))
		return -1;
	return bound;
}

/* The value now, as a constant in the current context. */
static Const *
evaluate(Expr *expr, PlanState *planstate)
{
	Oid			type = exprType((Node *) expr);
	ExprState  *state;
	Datum		value;
	bool		isnull;
	int16		typlen;
	bool		typbyval;

	state = ExecInitExpr(expr, planstate);
	value = ExecEvalExprSwitchContext(state, planstate->ps_ExprContext, &isnull);
	get_typlenbyval(type, &typlen, &typbyval);
	if (!isnull && typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	else if (!isnull)
		value = datumCopy(value, typbyval, typlen);
	return makeConst(type, exprTypmod((Node *) expr), exprCollation((Node *) expr), typlen,
					 isnull ? (Datum) 0 : value, isnull, typbyval);
}

/*
 * The settings are changed as variables, not as GUCs, which cannot be set in a
 * parallel worker; nothing that runs in between looks at them as GUCs.
 */
char *
planner_print_query(Query *query)
{
	OverrideSearchPath path = {.schemas = NIL, .addCatalog = true, .addTemp = false};
	int			date_style = DateStyle;
	int			interval_style = IntervalStyle;
	int			float_digits = extra_float_digits;
	int			bytea_style = bytea_output;
	bool		conforming = standard_conforming_strings;
	bool		quote_all = quote_all_identifiers;
	char	   *volatile sql = NULL;

	PushOverrideSearchPath(&path);
	PG_TRY();
	{
		DateStyle = USE_ISO_DATES;
		IntervalStyle = INTSTYLE_ISO_8601;	/* read alike under every IntervalStyle */
		extra_float_digits = 1;
		bytea_output = BYTEA_OUTPUT_HEX;
		standard_conforming_strings = true;
		quote_all_identifiers = false;
		sql = pg_get_querydef(query, false);
	}
	PG_FINALLY();
	{
		DateStyle = date_style;
		IntervalStyle = interval_style;
		extra_float_digits = float_digits;
		bytea_output = bytea_style;
		standard_conforming_strings = conforming;
		quote_all_identifiers = quote_all;
		PopOverrideSearchPath();
	}
	PG_END_TRY();
	return sql;
}

/* SELECT columns FROM shard UNION ALL …, or no row of the same types. */
static void
append_shards(StringInfo buf, const LeafPlan *leaf, List *shards)
{
	ListCell   *ls;
	ListCell   *lc;

	foreach(ls, shards)
	{
		appendStringInfoString(buf, foreach_current_index(ls) > 0 ? " UNION ALL SELECT" : "SELECT");
		foreach(lc, leaf->attnums)
			appendStringInfo(buf, "%s %s", foreach_current_index(lc) > 0 ? "," : "",
							 quote_identifier(get_attname(leaf->relid, lfirst_int(lc), false)));
		appendStringInfo(buf, " FROM %s", (char *) lfirst(ls));
		if (leaf->sample != NIL)
			appendStringInfo(buf, " TABLESAMPLE %s", strVal(linitial(leaf->sample)));
	}
	if (shards == NIL)
		append_no_rows(buf, leaf);
}

/* SELECT NULL::type COLLATE collation, … WHERE false */
static void
append_no_rows(StringInfo buf, const LeafPlan *leaf)
{
	appendStringInfoString(buf, "SELECT");
	for (int i = 0; i < list_length(leaf->attnums); i++)
		appendStringInfo(buf, "%s NULL::%s", i > 0 ? "," : "", print_leaf_type(leaf, i));
	appendStringInfoString(buf, " WHERE false");
}

/* SELECT c1, … FROM barks.exchange(N) AS x(c1 type COLLATE collation, …) */
static void
append_exchange(StringInfo buf, const LeafPlan *leaf, List *inputs)
{
	const char *separator = "(";

	appendStringInfoString(buf, "SELECT");
	for (int i = 0; i < list_length(leaf->attnums); i++)
	{
		appendStringInfo(buf, "%s ", i > 0 ? "," : "");
		if (list_nth_int(leaf->attnums, i) > 0)
			appendStringInfo(buf, "c%d", i + 1);
		else
			appendStringInfo(buf, "'" INT64_FORMAT "'::bigint", rows_of(leaf, list_nth_int(leaf->attnums, i), inputs));
	}
	appendStringInfo(buf, " FROM barks.exchange(%d) AS x", leaf->index);
	for (int i = 0; i < list_length(leaf->attnums); i++)
	{
		if (list_nth_int(leaf->attnums, i) <= 0)
			continue;
		appendStringInfo(buf, "%sc%d %s", separator, i + 1, print_leaf_type(leaf, i));
		separator = ", ";
	}
	appendStringInfoChar(buf, ')');
}

/* SELECTs of part and parts, as the driver wrote them */
static void
append_parts(StringInfo buf, const LeafPlan *leaf, List *selects)
{
	ListCell   *lc;

	foreach(lc, selects)
		appendStringInfo(buf, "%s%s", foreach_current_index(lc) > 0 ? " UNION ALL " : "", (char *) lfirst(lc));
	if (selects == NIL)
		append_no_rows(buf, leaf);
}

/* LEAF_ROWS_BEFORE or LEAF_ROWS_ALL */
static int64
rows_of(const LeafPlan *leaf, int column, List *inputs)
{
	ListCell   *lc;

	foreach(lc, inputs)
	{
		const TaskInput *input = lfirst(lc);

		if (input->index == leaf->index)
			return column == LEAF_ROWS_ALL ? input->rows_all : input->rows_before;
	}
	return 0;
}

/* type COLLATE collation, of a leaf's column */
static char *
print_leaf_type(const LeafPlan *leaf, int i)
{
	Oid			type;
	int32		typmod;
	Oid			collation;
	char	   *name;

	exchange_leaf_column(leaf, i, &type, &typmod, &collation);
	name = format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	if (!OidIsValid(collation) || collation == get_typcollation(type))
		return name;
	return psprintf("%s COLLATE %s", name, qualified_collation(collation));
}

/* With its schema, whatever the search path is now. */
static char *
qualified_collation(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	result = quote_qualified_identifier(get_namespace_name(form->collnamespace),
										NameStr(form->collname));
	ReleaseSysCache(tuple);
	return result;
}

#ifdef USE_ASSERT_CHECKING
/* The oracle: parsed again, the text must give the same columns. */
static void
check_printed(const StagePlan *stage, Query *query, const char *sql)
{
	OverrideSearchPath path = {.schemas = NIL, .addCatalog = true, .addTemp = false};
	char	   *text = psprintf("%s %s", planner_stage_header(stage, NULL, NIL), sql);
	bool		conforming = standard_conforming_strings;
	Query	   *volatile parsed = NULL;
	ListCell   *lc;

	PushOverrideSearchPath(&path);
	PG_TRY();
	{
		standard_conforming_strings = true;
		parsed = parse_analyze_fixedparams(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)),
										   text, NULL, 0, NULL);
	}
	PG_FINALLY();
	{
		standard_conforming_strings = conforming;
		PopOverrideSearchPath();
	}
	PG_END_TRY();
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *expr;

		if (tle->resjunk)
			continue;
		expr = (Node *) list_nth_node(TargetEntry, parsed->targetList, tle->resno - 1)->expr;
		if ((exprType(expr) != exprType((Node *) tle->expr) && exprType(expr) != RECORDOID) ||
			exprCollation(expr) != exprCollation((Node *) tle->expr))
			elog(ERROR, "column %d of a stage does not survive printing: %s", tle->resno, text);
	}
}
#endif
