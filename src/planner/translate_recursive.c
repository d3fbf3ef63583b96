/*-------------------------------------------------------------------------
 * translate_recursive.c
 *	  WITH RECURSIVE, in one task.
 *
 * What the two terms read is broadcast; the recursion itself is that task's
 * own, as WITH RECURSIVE in a sub-select of its SQL.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/append.h"
#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/subplan.h"
#include "planner/translate.h"

/* The rows of the step before, as the recursive term reads them. */
typedef struct WorkTable
{
	int			param;			/* by which the plan knows it */
	char	   *name;
	List	   *tlist;			/* its columns */
} WorkTable;

static Ir  *build_union(PlanContext *context, const RecursiveUnion *plan, WorkTable *table);
static Ir  *select_from_cte(Ir *union_, const WorkTable *table);
static Ir  *select_work_table(const WorkTable *table, Index scanrelid);
static Index add_cte_input(Query *query, const WorkTable *table);

/* NULL when it stays; nothing has been touched then. */
Ir *
translate_recursive_union(PlanContext *context, RecursiveUnion *plan)
{
	WorkTable  *table = palloc(sizeof(WorkTable));
	int			scans = context->scans;
	int			mark = fallback_mark();
	Ir		   *ir = NULL;

	/* an OFFSET has no place in a recursive term */
	if (planner_exchanges && !context->fence && context->bound == NULL)
	{
		table->param = plan->wtParam;
		table->name = psprintf("barks_work_%d", plan->wtParam);
		table->tlist = plan->plan.targetlist;
		context->work_tables = lappend(context->work_tables, table);
		ir = build_union(context, plan, table);
	}
	if (ir == NULL || context->scans == scans)
	{
		context->scans = scans;
		fallback_rewind(mark);
		return NULL;
	}
	ir = select_from_cte(ir, table);
	translate_init_plans(ir, &plan->plan);
	return ir;
}

Ir *
translate_work_table_scan(PlanContext *context, WorkTableScan *scan)
{
	ListCell   *lc;

	foreach(lc, context->work_tables)
	{
		WorkTable  *table = lfirst(lc);

		if (table->param == scan->wtParam && bms_is_member(scan->wtParam, context->bound))
			return translate_project(context, &scan->scan.plan,
									 select_work_table(table, scan->scan.scanrelid),
									 scan->scan.plan.qual, scan->scan.scanrelid);
	}
	return NULL;
}

/* first term UNION [ALL] recursive term */
static Ir *
build_union(PlanContext *context, const RecursiveUnion *plan, WorkTable *table)
{
	const char *reason;
	List	   *tlist = plan->plan.targetlist;
	Ir		   *ir = ir_make();
	Ir		   *first;
	Ir		   *next;

	first = subplan_translate(context, copyObject(outerPlan(plan)), NIL, false, &reason);
	if (first == NULL)
		return NULL;
	next = subplan_translate(context, copyObject(innerPlan(plan)), list_make1_int(plan->wtParam),
							 false, &reason);
	if (next == NULL)
		return NULL;
	/* in any order, and PostgreSQL would not sort in a recursive term */
	first->order = next->order = NIL;
	ir_inherit(ir, first);
	ir_inherit(ir, next);
	ir->distribution = IR_SINGLE;
	if (!append_add_branch(ir, first, tlist, &reason) ||
		!append_add_branch(ir, next, tlist, &reason))
		return NULL;
	append_make_operations(ir, tlist, SETOP_UNION, plan->numCols == 0);
	return ir;
}

/* (WITH RECURSIVE name (c1, …) AS (union) SELECT c1, … FROM name), as a sub-select */
static Ir *
select_from_cte(Ir *union_, const WorkTable *table)
{
	Ir		   *ir = ir_make();
	CommonTableExpr *cte = makeNode(CommonTableExpr);
	Index		rtindex;
	ListCell   *lc;

	ir_inherit(ir, union_);
	ir->distribution = IR_SINGLE;
	cte->ctename = table->name;
	cte->ctematerialized = CTEMaterializeDefault;
	cte->ctequery = (Node *) union_->query;
	cte->cterecursive = true;
	cte->location = -1;
	rtindex = add_cte_input(ir->query, table);
	cte->aliascolnames = copyObject(linitial_node(RangeTblEntry, ir->query->rtable)->eref->colnames);
	ir->query->cteList = list_make1(cte);
	ir->query->hasRecursive = true;
	foreach(lc, table->tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *expr = (Node *) tle->expr;

		ir_add_column(ir, (Expr *) makeVar(rtindex, tle->resno, exprType(expr), exprTypmod(expr),
										   exprCollation(expr), 0),
					  list_nth(union_->display, tle->resno - 1));
	}
	/* a stage's SQL begins with a WITH of its own */
	ir_wrap(ir);
	return ir;
}

static Ir *
select_work_table(const WorkTable *table, Index scanrelid)
{
	Ir		   *ir = ir_make();
	Index		rtindex = add_cte_input(ir->query, table);
	ListCell   *lc;

	foreach(lc, table->tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Node	   *expr = (Node *) tle->expr;

		ir_add_column(ir, (Expr *) makeVar(rtindex, tle->resno, exprType(expr), exprTypmod(expr),
										   exprCollation(expr), 0),
					  (Expr *) makeVar(scanrelid, tle->resno, exprType(expr), exprTypmod(expr),
									   exprCollation(expr), 0));
	}
	return ir;
}

static Index
add_cte_input(Query *query, const WorkTable *table)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblRef *ref = makeNode(RangeTblRef);
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, table->tlist)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;

		rte->coltypes = lappend_oid(rte->coltypes, exprType(expr));
		rte->coltypmods = lappend_int(rte->coltypmods, exprTypmod(expr));
		rte->colcollations = lappend_oid(rte->colcollations, exprCollation(expr));
		names = lappend(names, makeString(psprintf("c%d", foreach_current_index(lc) + 1)));
	}
	rte->rtekind = RTE_CTE;
	rte->ctename = table->name;
	rte->eref = makeAlias(table->name, names);
	rte->inFromCl = true;
	query->rtable = lappend(query->rtable, rte);
	ref->rtindex = list_length(query->rtable);
	query->jointree->fromlist = lappend(query->jointree->fromlist, ref);
	return ref->rtindex;
}
