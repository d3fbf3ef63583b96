/*-------------------------------------------------------------------------
 * rows.c
 *	  Batches out of a plan that PostgreSQL runs row by row.
 *
 * Where nobody may ask for all rows, those that are fetched ahead must raise
 * no errors, lock nothing and call nothing that anybody could see: unless all
 * that the plan calls is known for that, there is one row in a batch.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "vector/node.h"
#include "vector/parallel.h"
#include "vector/slot_batch.h"

typedef struct VecRows
{
	VecNode		node;
	PlanState  *state;
	SlotBatch  *batch;
	bool		one_by_one;
	bool		once;			/* the rows are not read again */
	int64		bound;			/* no more rows than this are asked for; -1: all may be */
	int64		fetched;
	bool		done;
} VecRows;

static VecBatch *rows_next(VecNode *node);
static void rows_rescan(VecNode *node);
static void rows_end(VecNode *node);
static void rows_bound(VecNode *node, int64 rows);
static bool may_raise(Plan *plan);

static const VecNodeMethods methods = {
	.name = "Rows",
	.next = rows_next,
	.rescan = rows_rescan,
	.end = rows_end,
	.bound = rows_bound
};

/* For EXPLAIN. */
static const char *
why_by_rows(Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Gather:
		case T_GatherMerge:
			return "rows of other processes";
		case T_SeqScan:
		case T_Agg:
		case T_HashJoin:
		case T_SubqueryScan:
		case T_Result:
		case T_Sort:
		case T_WindowAgg:
		case T_Limit:
		case T_Append:
		case T_ProjectSet:
			return "something in the node cannot be done over batches";
		default:
			return "there is no operator for the node";
	}
}

VecNode *
vec_rows_create(VecQuery *query, Plan *plan, bool careful)
{
	VecRows    *rows = palloc0(sizeof(VecRows));

	vec_node_init(&rows->node, &methods, query, plan, careful);
	rows->state = ExecInitNode(plan, query->estate, query->eflags);
	query->row_inputs = lappend(query->row_inputs, rows->state);
	rows->one_by_one = careful && may_raise(plan);
	rows->once = query->parent->plan == query->estate->es_plannedstmt->planTree &&
		!(query->eflags & (EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD));
	rows->bound = -1;
	rows->node.by_rows = list_make1(makeString(pstrdup(why_by_rows(plan))));
	rows->batch = slot_batch_create(rows->node.ncolumns, rows->node.types);
	return &rows->node;
}

static VecBatch *
rows_next(VecNode *node)
{
	VecRows    *rows = (VecRows *) node;
	int			max = rows->one_by_one ? 1 : vec_batch_rows();

	if (rows->done)
		return NULL;
	if (rows->bound >= 0)
		max = Min(max, Max(rows->bound - rows->fetched, 1));
	slot_batch_begin(rows->batch);
	for (int row = 0; row < max; row++)
	{
		TupleTableSlot *slot = ExecProcNode(rows->state);

		if (TupIsNull(slot))
		{
			rows->done = true;
			if (rows->once)
				vec_parallel_leave(rows->state);
			break;
		}
		slot_batch_add(rows->batch, slot);
		rows->fetched++;
	}
	return slot_batch_end(rows->batch);
}

static void
rows_rescan(VecNode *node)
{
	VecRows    *rows = (VecRows *) node;

	rows->done = false;
	rows->bound = -1;
	rows->fetched = 0;
	ExecReScan(rows->state);
}

static void
rows_bound(VecNode *node, int64 rows)
{
	((VecRows *) node)->bound = rows;
	ExecSetTupleBound(rows, ((VecRows *) node)->state);
}

static void
rows_end(VecNode *node)
{
	ExecEndNode(((VecRows *) node)->state);
}

/* ---------------- what may be fetched ahead ---------------- */

static bool
leaks(Oid function, void *unused)
{
	return !get_func_leakproof(function) || func_volatile(function) == PROVOLATILE_VOLATILE;
}

/* Leakproof functions raise no errors. */
static bool
expr_may_raise(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_Var:
		case T_Const:
		case T_Param:
		case T_FuncExpr:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
			break;
		default:
			return true;
	}
	return check_functions_in_node(node, leaks, NULL) || expression_tree_walker(node, expr_may_raise, NULL);
}

static bool
may_raise(Plan *plan)
{
	check_stack_depth();
	if (plan == NULL)
		return false;
	if (expr_may_raise((Node *) plan->targetlist, NULL) || expr_may_raise((Node *) plan->qual, NULL))
		return true;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			return false;
		case T_IndexScan:
			return expr_may_raise((Node *) ((IndexScan *) plan)->indexqualorig, NULL) ||
				expr_may_raise((Node *) ((IndexScan *) plan)->indexorderbyorig, NULL);
		case T_IndexOnlyScan:
			return expr_may_raise((Node *) ((IndexOnlyScan *) plan)->recheckqual, NULL);
		case T_NestLoop:
		case T_MergeJoin:
			return expr_may_raise((Node *) ((Join *) plan)->joinqual, NULL) ||
				(IsA(plan, MergeJoin) && expr_may_raise((Node *) ((MergeJoin *) plan)->mergeclauses, NULL)) ||
				may_raise(outerPlan(plan)) || may_raise(innerPlan(plan));
		case T_Material:
			return may_raise(outerPlan(plan));
		case T_Sort:
			/* all that may raise has, before the first row */
			return false;
		case T_SubqueryScan:
			return may_raise(((SubqueryScan *) plan)->subplan);
		case T_CustomScan:
			/* rows of another server come ahead in any case */
			return may_raise(outerPlan(plan));
		default:
			return true;
	}
}
