/*-------------------------------------------------------------------------
 * translate_order.c
 *	  Sort, Limit, Unique.
 *
 * A Sort only notes its order: whoever needs it puts it into a query.  The
 * gather keeps it by merging.  A Limit ends on the driver, or in one task when
 * nodes have to go on with its rows; others are asked for no more than it can use.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/subplan.h"
#include "planner/translate.h"

/* Nodes look for duplicates in their share first when so much of it may go. */
#define FIRST_PASS_PAYS 0.5

static Ir  *limit_on_nodes(PlanContext *context, Limit *limit, Ir *child);
static bool is_volatile(const Limit *limit);
static bool order_is_of_ties(Ir *child, const Limit *limit);
static bool order_is_of_unique(const Ir *child, const Unique *unique);
static Ir  *drop_duplicates(PlanContext *context, Unique *unique, Ir *child);
static bool push_limit(Ir *child, Limit *limit);
static Ir  *limit_in_place(Ir *child, Limit *limit);

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
	if (child->ordered)
	{
		/* in another order, in which it is needed below */
		ir_wrap(child);
		child->ordered = false;
	}
	child->order = translate_order_by_both(order, child->order);
	translate_init_plans(child, &sort->plan);
	return child;
}

/*
 * A subquery's ORDER BY is sorted again to group by other columns, and what is
 * aggregated is expected in the subquery's order all the same.
 */
List *
translate_order_by_both(List *order, List *before)
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
	bool		pushed = false;

	if (child == NULL)
		return NULL;
	if (context->bound != NULL)
		return limit_in_place(child, limit);
	if (child->tail == NULL && child->driver_qual == NIL &&
		child->distribution == IR_PARTITIONED)
		pushed = push_limit(child, limit);
	if (context->wants_nodes && planner_exchanges && ir_on_nodes(child))
	{
		Ir		   *ir = limit_on_nodes(context, limit, child);

		if (ir)
			return ir;
	}
	if (child->tail == NULL && child->driver_qual == NIL && !pushed)
		push_limit(child, limit);
	return translate_tail(context, &limit->plan, child);
}

/* One task takes the rows in order, and stops. */
static Ir *
limit_on_nodes(PlanContext *context, Limit *limit, Ir *child)
{
	const char *reason;
	IrScope		scope = {0};
	Expr	   *count = NULL;
	Expr	   *offset = NULL;
	Ir		   *ir;

	/* which rows are the first only the gather knows, of parts in turn */
	if (is_volatile(limit) || ir_in_turn(child) ||
		(limit->limitOption == LIMIT_OPTION_WITH_TIES && !order_is_of_ties(child, limit)))
		return NULL;
	if (limit->limitCount)
		count = expr_for_query(limit->limitCount, &scope, child, &reason);
	if (limit->limitOffset)
		offset = expr_for_query(limit->limitOffset, &scope, child, &reason);
	if ((limit->limitCount && !count) || (limit->limitOffset && !offset))
		return NULL;
	if (child->distribution == IR_PARTITIONED)
		child = ir_exchange(context, child, EXCHANGE_SINGLE, NIL);
	ir = ir_select_all(child);
	ir->distribution = IR_SINGLE;
	/* which rows come first among equals is open */
	ir->indeterminate = true;
	ir_apply_order(ir);
	if (ir->query->limitOffset)
		ir_wrap(ir);
	ir->query->limitCount = (Node *) count;
	ir->query->limitOffset = (Node *) offset;
	ir->query->limitOption = limit->limitOption;
	translate_init_plans(ir, &limit->plan);
	return ir;
}

/* Evaluated in each task, it would not be the same. */
static bool
is_volatile(const Limit *limit)
{
	return contain_volatile_functions(limit->limitCount) ||
		contain_volatile_functions(limit->limitOffset);
}

/* Is the order, made that first, the one whose ties count? */
static bool
order_is_of_ties(Ir *child, const Limit *limit)
{
	if (list_length(child->order) < limit->uniqNumCols ||
		(child->ordered && list_length(child->order) > limit->uniqNumCols))
		return false;
	for (int i = 0; i < limit->uniqNumCols; i++)
		if (((IrSortKey *) list_nth(child->order, i))->column != limit->uniqColIdx[i])
			return false;
	child->order = list_truncate(list_copy(child->order), limit->uniqNumCols);
	return true;
}

/* Of a subquery for each outer row, all rows are there. */
static Ir *
limit_in_place(Ir *child, Limit *limit)
{
	IrScope		scope = {0};
	const char *reason;

	if (!subplan_reads_same_rows(child) || is_volatile(limit) || limit->limitOption != LIMIT_OPTION_COUNT)
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

/*
 * Duplicates are adjacent in the ordered gather.  When there are many, nodes drop
 * those of their share first; when nodes shall go on, they bring equal rows together.
 */
Ir *
translate_unique(PlanContext *context, Unique *unique)
{
	Ir		   *child = translate_plan(context, unique->plan.lefttree);
	Ir		   *ir;

	if (child == NULL)
		return NULL;
	if (!ir_on_nodes(child) || !planner_exchanges || !order_is_of_unique(child, unique))
		return translate_tail(context, &unique->plan, child);
	ir = child;
	if (!traits_groups_complete(child, unique->numCols, unique->uniqColIdx))
	{
		Bitmapset  *columns = NULL;

		if (unique->plan.plan_rows <= child->rows * FIRST_PASS_PAYS)
			ir = drop_duplicates(context, unique, child);
		if (!context->wants_nodes && unique->plan.plan_rows <= planner_driver_groups)
			return translate_tail(context, &unique->plan, ir);
		for (int i = 0; i < unique->numCols; i++)
			columns = bms_add_member(columns, unique->uniqColIdx[i]);
		ir = ir_exchange_by(context, ir, columns);
	}
	ir = drop_duplicates(context, unique, ir);
	translate_init_plans(ir, &unique->plan);
	return ir;
}

/* Do the sort keys begin with the columns, compared as DISTINCT on a node would? */
static bool
order_is_of_unique(const Ir *child, const Unique *unique)
{
	if (unique->numCols == 0 || list_length(child->order) < unique->numCols)
		return false;
	for (int i = 0; i < unique->numCols; i++)
	{
		IrSortKey  *key = list_nth(child->order, i);
		Node	   *column = list_nth(child->display, key->column - 1);

		if (key->column != unique->uniqColIdx[i] ||
			key->collation != exprCollation(column) ||
			unique->uniqCollations[i] != key->collation ||
			(OidIsValid(key->collation) && !get_collation_isdeterministic(key->collation)) ||
			unique->uniqOperators[i] !=
			lookup_type_cache(exprType(column), TYPECACHE_EQ_OPR)->eq_opr ||
			unique->uniqOperators[i] != get_equality_op_for_ordering_op(key->sortop, NULL))
			return false;
	}
	return true;
}

/* SELECT DISTINCT ON (columns) … ORDER BY order */
static Ir *
drop_duplicates(PlanContext *context, Unique *unique, Ir *child)
{
	Ir		   *ir = ir_select_all(child);
	ListCell   *lc;

	ir_apply_order(ir);
	ir->query->hasDistinctOn = true;
	foreach(lc, ir->query->sortClause)
	{
		if (foreach_current_index(lc) < unique->numCols)
			ir->query->distinctClause = lappend(ir->query->distinctClause,
												copyObject(lfirst(lc)));
	}
	/* of rows that are equal only in these columns, any may be the first */
	if (unique->numCols < list_length(unique->plan.targetlist))
	{
		ir->indeterminate = true;
		if (ir->distribution == IR_BROADCAST)
			ir->distribution = IR_SINGLE;
	}
	ir_fence(context, ir);
	ir->rows = unique->plan.plan_rows;
	ir->width = unique->plan.plan_width;
	return ir;
}

/*
 * Each task needs to deliver at most offset + count rows, the first in order.
 * The sum is done when both are known, see stage_sql.c; a NULL count is none,
 * a NULL offset is 0.
 */
static bool
push_limit(Ir *child, Limit *limit)
{
	IrScope		scope = {0};
	const char *reason;
	Expr	   *count;
	Expr	   *offset = NULL;
	int64		bound = -1;

	if (limit->limitCount == NULL || is_volatile(limit) ||
		(limit->limitOption == LIMIT_OPTION_WITH_TIES && !order_is_of_ties(child, limit)))
		return false;
	count = expr_for_query(limit->limitCount, &scope, child, &reason);
	if (limit->limitOffset)
		offset = expr_for_query(limit->limitOffset, &scope, child, &reason);
	if (count == NULL || (limit->limitOffset && offset == NULL))
		return false;
	if (IsA(count, Const) && (offset == NULL || IsA(offset, Const)))
	{
		bound = planner_limit_bound((Const *) count, (Const *) offset);
		if (bound < 0)
			return false;
	}
	if (child->query->limitCount)
	{
		ir_wrap(child);
		child->ordered = false;
	}
	ir_apply_order(child);
	child->query->limitCount = (Node *) (offset ? list_make2(count, offset) : list_make1(count));
	child->query->limitOption = limit->limitOption;
	if (limit->limitOption == LIMIT_OPTION_COUNT)
		child->limit = bound;
	child->indeterminate = true;
	return true;
}
