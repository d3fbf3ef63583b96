/*-------------------------------------------------------------------------
 * operations.c
 *	  Which operations of an RDD a stage computes, for the views of jobs.
 *
 * A range-table entry that gives rows carries the number of the run that reads it
 * in enrname, a field that PostgreSQL's planner hands on and that only transition
 * tables use.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "planner/operations.h"

PG_FUNCTION_INFO_V1(barks_rdd_computes);

/* Kinds of plan nodes that a query level has, or that nothing is known of. */
typedef enum NodeKind
{
	KIND_AGG, KIND_WINDOW, KIND_JOIN, KIND_APPEND, KIND_SORT, KIND_LIMIT, NKINDS
} NodeKind;

typedef struct OperationRun
{
	int			number;			/* among all, from 0 */
	List	   *names;			/* of String */
	struct OperationRun *above; /* that reads it, or NULL */
	int			nodes[NKINDS];	/* that it takes */
} OperationRun;

/* A walk over a query. */
typedef struct MarkContext
{
	const struct MarkContext *outer;	/* of the query around */
	Query	   *query;
	OperationRun *run;			/* that the query is part of, or NULL */
	List	  **runs;
} MarkContext;

static void take_marks(Query *query, OperationRun *run, const MarkContext *outer, List **runs);
static bool expression_walker(Node *node, MarkContext *context);
static List *names_of_mark(const Query *query);
static void count_nodes(const Query *query, int *nodes);
static bool joins_by_exists(Node *quals);
static void tag_entry(RangeTblEntry *rte, const MarkContext *context);
static CommonTableExpr *find_cte(const RangeTblEntry *rte, const MarkContext **context);
static NodeKind kind_of(const Plan *plan);
static Index scanned_entry(const Plan *plan);
static void go_on(Ir *ir);
static void leave_run(Ir *ir);
static const OperationRun *common_run(const OperationRun *a, const OperationRun *b);

StaticAssertDecl(lengthof(((Ir *) NULL)->run_nodes) == NKINDS, "an Ir counts nodes of all kinds");

bool
operations_marked(const Query *query)
{
	const FuncExpr *call = query->jointree ? (const FuncExpr *) query->jointree->quals : NULL;

	return call && IsA(call, FuncExpr) && call->funcid >= FirstNormalObjectId &&
		list_length(call->args) == 1 && IsA(linitial(call->args), Const) &&
		!linitial_node(Const, call->args)->constisnull &&
		call->funcid == barks_rdd_computes_oid();
}

List *
operations_take(Query *query)
{
	List	   *runs = NIL;

	take_marks(query, NULL, NULL, &runs);
	return runs;
}

static void
take_marks(Query *query, OperationRun *run, const MarkContext *outer, List **runs)
{
	MarkContext context = {outer, query, run, runs};
	ListCell   *lc;

	check_stack_depth();
	if (operations_marked(query))
	{
		context.run = palloc0(sizeof(OperationRun));
		context.run->number = list_length(*runs);
		context.run->names = names_of_mark(query);
		context.run->above = run;
		*runs = lappend(*runs, context.run);
		query->jointree->quals = NULL;
	}
	else if (run)
		count_nodes(query, run->nodes);
	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		/* PostgreSQL puts the others where they are read */
		if (cte->cterefcount != 1 && IsA(cte->ctequery, Query))
			take_marks((Query *) cte->ctequery, NULL, &context, runs);
	}
	foreach(lc, query->rtable)
		tag_entry(lfirst_node(RangeTblEntry, lc), &context);
	(void) query_tree_walker(query, expression_walker, &context,
							 QTW_IGNORE_RT_SUBQUERIES | QTW_IGNORE_CTE_SUBQUERIES);
}

/* Sub-selects in expressions. */
static bool
expression_walker(Node *node, MarkContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		take_marks((Query *) node, context->run, context, context->runs);
		return false;
	}
	return expression_tree_walker(node, expression_walker, context);
}

static List *
names_of_mark(const Query *query)
{
	const FuncExpr *call = (const FuncExpr *) query->jointree->quals;
	List	   *names = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(linitial_node(Const, call->args)->constvalue),
					  TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			names = lappend(names, makeString(TextDatumGetCString(values[i])));
	return names;
}

/* What PostgreSQL makes of the query itself, most of the time. */
static void
count_nodes(const Query *query, int *nodes)
{
	int			rels = 0;
	ListCell   *lc;

	nodes[KIND_AGG] += query->hasAggs || query->groupClause != NIL || query->groupingSets != NIL;
	nodes[KIND_AGG] += query->distinctClause != NIL;
	nodes[KIND_WINDOW] += query->hasWindowFuncs;
	nodes[KIND_SORT] += query->sortClause != NIL;
	nodes[KIND_LIMIT] += query->limitCount != NULL;
	nodes[KIND_APPEND] += query->setOperations != NULL;
	if (query->setOperations == NULL)
		foreach(lc, query->rtable)
			rels += lfirst_node(RangeTblEntry, lc)->rtekind != RTE_JOIN;
	nodes[KIND_JOIN] += Max(rels - 1, 0) + joins_by_exists(query->jointree->quals);
}

static bool
joins_by_exists(Node *quals)
{
	if (quals && IsA(quals, BoolExpr) && ((BoolExpr *) quals)->boolop == NOT_EXPR)
		quals = linitial(((BoolExpr *) quals)->args);
	return quals && IsA(quals, SubLink) && ((SubLink *) quals)->subLinkType == EXISTS_SUBLINK;
}

static void
tag_entry(RangeTblEntry *rte, const MarkContext *context)
{
	const MarkContext *around = context;
	CommonTableExpr *cte;

	switch (rte->rtekind)
	{
		case RTE_SUBQUERY:
			take_marks(rte->subquery, context->run, context, context->runs);
			return;
		case RTE_CTE:
			cte = find_cte(rte, &around);
			if (cte && cte->cterefcount == 1 && IsA(cte->ctequery, Query))
				take_marks((Query *) cte->ctequery, context->run, around, context->runs);
			break;
		case RTE_RELATION:
		case RTE_FUNCTION:
		case RTE_VALUES:
		case RTE_TABLEFUNC:
			break;
		default:
			return;
	}
	if (context->run)
		rte->enrname = psprintf("%d", context->run->number);
}

/* Moves on to the query that has it. */
static CommonTableExpr *
find_cte(const RangeTblEntry *rte, const MarkContext **context)
{
	ListCell   *lc;

	for (Index i = 0; i < rte->ctelevelsup && *context; i++)
		*context = (*context)->outer;
	if (*context == NULL || rte->self_reference)
		return NULL;
	foreach(lc, (*context)->query->cteList)
		if (strcmp(lfirst_node(CommonTableExpr, lc)->ctename, rte->ctename) == 0)
			return lfirst(lc);
	return NULL;
}

/* ---------------- plans ---------------- */

void
operations_note(const PlanContext *context, const Plan *plan, Ir *ir)
{
	Index		rtindex = scanned_entry(plan);
	NodeKind	kind = kind_of(plan);
	const OperationRun *run;

	if (context->operation_runs == NIL)
		return;
	if (rtindex > 0)
	{
		const RangeTblEntry *rte = rt_fetch(rtindex, context->stmt->rtable);

		if (rte->rtekind == RTE_NAMEDTUPLESTORE || rte->enrname == NULL)
			return;
		ir->run = list_nth(context->operation_runs, atoi(rte->enrname));
		for (ir->lineage = ir->run; ir->lineage->above;)
			ir->lineage = ir->lineage->above;
		memset(ir->run_nodes, 0, sizeof(ir->run_nodes));
		go_on(ir);
		return;
	}
	if (kind == NKINDS)
		return;
	/* sorts and limits are there for other nodes' sake, too */
	for (run = ir->run; run; run = run->above)
	{
		if (run->nodes[kind] > (run == ir->run ? ir->run_nodes[kind] : 0))
			break;
		if (kind == KIND_SORT || kind == KIND_LIMIT || kind == KIND_APPEND)
			return;
	}
	if (run == NULL)
		return;
	while (ir->run != run)
		leave_run(ir);
	ir->run_nodes[kind]++;
	go_on(ir);
}

/* NKINDS: none that is counted. */
static NodeKind
kind_of(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Agg:
		case T_Group:
		case T_Unique:
			return KIND_AGG;
		case T_WindowAgg:
			return KIND_WINDOW;
		case T_HashJoin:
		case T_NestLoop:
		case T_MergeJoin:
			return KIND_JOIN;
		case T_Append:
		case T_MergeAppend:
		case T_SetOp:
			return KIND_APPEND;
		case T_Sort:
		case T_IncrementalSort:
			return KIND_SORT;
		case T_Limit:
			return KIND_LIMIT;
		default:
			return NKINDS;
	}
}

/* Of nodes at which rows begin; 0: it is none. */
static Index
scanned_entry(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_FunctionScan:
		case T_ValuesScan:
		case T_TableFuncScan:
		case T_CteScan:
			return ((const Scan *) plan)->scanrelid;
		default:
			return 0;
	}
}

/* Leave all runs of which all nodes have been met. */
static void
go_on(Ir *ir)
{
	while (ir->run)
	{
		for (int kind = 0; kind < NKINDS; kind++)
			if (ir->run_nodes[kind] < ir->run->nodes[kind])
				return;
		leave_run(ir);
	}
}

static void
leave_run(Ir *ir)
{
	ir->operations = list_append_unique_ptr(ir->operations, (void *) ir->run);
	ir->run = ir->run->above;
	memset(ir->run_nodes, 0, sizeof(ir->run_nodes));
}

/* Inputs meet in the run that reads both; what came before it was done here. */
void
operations_inherit(Ir *ir, const Ir *input)
{
	const OperationRun *common;

	ir->operations = list_concat_unique_ptr(ir->operations, input->operations);
	if (ir->lineage == NULL)
		ir->lineage = input->lineage;
	if (input->run == NULL || input->run == ir->run)
		return;
	if (ir->run == NULL)
	{
		ir->run = input->run;
		memcpy(ir->run_nodes, input->run_nodes, sizeof(ir->run_nodes));
		return;
	}
	common = common_run(ir->run, input->run);
	for (const OperationRun *run = input->run; common && run != common; run = run->above)
		ir->operations = list_append_unique_ptr(ir->operations, (void *) run);
	while (common && ir->run != common)
		leave_run(ir);
}

void
operations_follow(Ir *ir, const Ir *input)
{
	ir->run = input->run;
	ir->lineage = input->lineage;
	memcpy(ir->run_nodes, input->run_nodes, sizeof(ir->run_nodes));
}

static const OperationRun *
common_run(const OperationRun *a, const OperationRun *b)
{
	for (; a; a = a->above)
		for (const OperationRun *run = b; run; run = run->above)
			if (run == a)
				return a;
	return NULL;
}

List *
operations_of_stage(const Ir *ir)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, ir->operations)
		names = list_concat(names, ((OperationRun *) lfirst(lc))->names);
	return names;
}

const char *
operations_last(const Ir *ir)
{
	return ir->lineage ? strVal(llast(ir->lineage->names)) : NULL;
}

List *
operations_left(const Ir *ir)
{
	List	   *names = NIL;

	for (const OperationRun *run = ir->run; run; run = run->above)
		names = list_concat(names, run->names);
	return names;
}

/* ---------------- SQL ---------------- */

/* rdd_computes(operations text[]) → true */
Datum
barks_rdd_computes(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}
