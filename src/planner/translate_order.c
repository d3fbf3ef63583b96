/*-------------------------------------------------------------------------
 * translate_order.c
 *	  Sort, Limit, Unique.
 *
 * A Sort only notes its order: whoever needs it puts it into a query.  The
 * gather keeps it by merging.  A Limit always ends on the driver, which alone
 * sees all rows; the nodes are asked for no more than it can use.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/subplan.h"
#include "planner/translate.h"

static List *and_then_by(List *order, List *before);
static Ir  *limit_in_place(Ir *child, Limit *limit);
static void push_limit(Ir *child, Limit *limit);

Ir *
translate_sort(PlanContext *context, Sort *sort)
{
	Ir		   *child = translate_plan(context, sort->plan.lefttree);
	List	   *order;
	const char *reason = NULL;

	if (child == NULL)
		return NULL;
	if (!ir_on_nodes(child))
		return translate_tail(context, &sort->plan, child);
	order = translate_sort_keys(sort->numCols, sort->sortColIdx, sort->sortOperators,
								sort->collations, sort->nullsFirst, &reason);
	if (order == NIL)
	{
		fallback_note(&sort->plan, reason);
		return translate_tail(context, &sort->plan, child);
	}
	child->order = and_then_by(order, child->order);
	translate_init_plans(child, &sort->plan);
	return child;
}

/*
 * A subquery's ORDER BY is sorted again to group by other columns, and what is
 * aggregated is expected in the subquery's order all the same.
 */
static List *
and_then_by(List *order, List *before)
{
	int			nkeys = list_length(order);
	ListCell   *lc;

	foreach(lc, before)
	{
		IrSortKey  *key = lfirst(lc);
		bool		found = false;

		for (int i = 0; i < nkeys; i++)
			found |= ((IrSortKey *) list_nth(order, i))->column == key->column;
		if (!found)
			order = lappend(order, key);
	}
	return order;
}

/* Sort columns as an order that nodes can deliver, or NIL with a reason. */
List *
translate_sort_keys(int ncols, const AttrNumber *cols, const Oid *ops,
					const Oid *collations, const bool *nulls_first, const char **reason)
{
	List	   *order = NIL;

	for (int i = 0; i < ncols; i++)
	{
		IrSortKey  *key = palloc(sizeof(IrSortKey));

		if (!shippable_operator(ops[i]))
		{
			*reason = "sorts by an operator that nodes do not have";
			return NIL;
		}
		if (!shippable_collation(collations[i]))
		{
			*reason = "sorts by a collation that nodes do not have";
			return NIL;
		}
		key->column = cols[i];
		key->sortop = ops[i];
		key->collation = collations[i];
		key->nulls_first = nulls_first[i];
		order = lappend(order, key);
	}
	return order;
}

/* The output has its input's order; add columns for keys that it leaves out. */
void
translate_keep_order(Ir *ir, const IrScope *scope, int input, List *tlist)
{
	const Ir   *child = scope->inputs[input].ir;
	Index		rtindex = scope->inputs[input].rtindex;
	ListCell   *lc;

	foreach(lc, child->order)
	{
		IrSortKey  *key = palloc(sizeof(IrSortKey));
		Node	   *display = list_nth(child->display, ((IrSortKey *) lfirst(lc))->column - 1);
		ListCell   *lt;

		memcpy(key, lfirst(lc), sizeof(IrSortKey));
		key->column = 0;
		foreach(lt, ir->query->targetList)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lt);
			Var		   *var = (Var *) tle->expr;

			if (IsA(var, Var) && var->varno == rtindex &&
				var->varattno == ((IrSortKey *) lfirst(lc))->column)
				key->column = tle->resno;
		}
		if (key->column == 0)
			key->column = ir_add_column(ir,
										(Expr *) makeVar(rtindex,
														 ((IrSortKey *) lfirst(lc))->column,
														 exprType(display), exprTypmod(display),
														 exprCollation(display), 0),
										(Expr *) display);
		ir->order = lappend(ir->order, key);
	}
}

Ir *
translate_limit(PlanContext *context, Limit *limit)
{
	Ir		   *child = translate_plan(context, limit->plan.lefttree);

	if (child == NULL)
		return NULL;
	if (context->bound != NULL)
		return limit_in_place(child, limit);
	if (child->tail == NULL && child->driver_qual == NIL &&
		limit->limitOption == LIMIT_OPTION_COUNT)
		push_limit(child, limit);
	return translate_tail(context, &limit->plan, child);
}

/* Of a subquery for each outer row, all rows are there. */
static Ir *
limit_in_place(Ir *child, Limit *limit)
{
	IrScope		scope = {0};
	const char *reason;

	if (!subplan_reads_same_rows(child) || limit->limitOption != LIMIT_OPTION_COUNT)
		return NULL;
	if (child->query->limitCount || child->query->limitOffset || child->query->setOperations)
		ir_wrap(child);
	ir_apply_order(child);
	if (child->query->limitCount || child->query->limitOffset)
		return NULL;
	if (limit->limitCount &&
		!(child->query->limitCount = (Node *) expr_for_query(limit->limitCount, &scope, child,
															 &reason)))
		return NULL;
	if (limit->limitOffset &&
		!(child->query->limitOffset = (Node *) expr_for_query(limit->limitOffset, &scope, child,
															  &reason)))
		return NULL;
	translate_init_plans(child, &limit->plan);
	return child;
}

/* Duplicates are adjacent in the ordered gather; only the driver sees them all. */
Ir *
translate_unique(PlanContext *context, Unique *unique)
{
	Ir		   *child = translate_plan(context, unique->plan.lefttree);

	return child ? translate_tail(context, &unique->plan, child) : NULL;
}

/*
 * Each task needs to deliver at most offset + count rows, the first in order.
 * The sum is done when both are known, see stage_sql.c; a NULL count is none,
 * a NULL offset is 0.
 */
static void
push_limit(Ir *child, Limit *limit)
{
	IrScope		scope = {0};
	const char *reason;
	Expr	   *count;
	Expr	   *offset = NULL;
	int64		bound;

	if (limit->limitCount == NULL)
		return;
	count = expr_for_query(limit->limitCount, &scope, child, &reason);
	if (limit->limitOffset)
		offset = expr_for_query(limit->limitOffset, &scope, child, &reason);
	if (count == NULL || (limit->limitOffset && offset == NULL))
		return;
	if (IsA(count, Const) && (offset == NULL || IsA(offset, Const)))
	{
		bound = planner_limit_bound((Const *) count, (Const *) offset);
		if (bound < 0)
			return;
		child->limit = bound;
	}
	ir_apply_order(child);
	child->query->limitCount = (Node *) (offset ? list_make2(count, offset) : list_make1(count));
}
