/*-------------------------------------------------------------------------
 * translate_window.c
 *	  Window functions: one SELECT with one window for each WindowAgg.
 *
 * The rows of a window partition meet in one task; rows that are in no
 * partition by columns meet all in one.  Windows stacked over each other share an
 * exchange when they have partition columns in common, see choose_columns.
 *
 * Numbers of the rows of one long list (row_number, rank) are made range by range:
 * each task adds how many rows come before its own.  A window above that only counts
 * all rows is then known, too.
 *
 * A WindowAgg knows its order by equality operators only: which way it goes is
 * known by how its input is sorted.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/translate.h"

/* The operator bigint + bigint */
#define INT8_PLUS	684

/* A WindowAgg under translation. */
typedef struct WindowParts
{
	WindowAgg  *window;
	Ir		   *child;
	IrSortKey  *order;			/* per order column; the column's number in it is the child's */
	int			rows_before;	/* column of the child to add to numbers of rows, or 0 */
	int			rows_all;		/* column of the child that counts all rows, or 0 */
	bool		counted;		/* the window above counts all rows */
} WindowParts;

static Bitmapset *choose_columns(PlanContext *context, WindowAgg *window);
static void hint_window_below(PlanContext *context, WindowAgg *window, const Bitmapset *columns);
static const char *refuse_partition(const WindowParts *parts);
static const char *find_order(WindowParts *parts);
static bool partitions_by(const WindowAgg *window, int column);
static bool numbers_rows_by_range(const PlanContext *context, const WindowParts *parts);
static bool reads_one_share(const Ir *ir);
static bool is_other_window_function(Node *node, void *context);
static bool counts_all_rows(const WindowAgg *window);
static bool is_other_than_count(Node *node, void *context);
static Ir  *take_count(PlanContext *context, WindowAgg *window, Ir *child);
static Node *take_count_mutator(Node *node, const int *column);
static void exchange_by_range(PlanContext *context, WindowParts *parts);
static Node *add_rows_before_mutator(Node *node, Var *rows_before);
static void sort_keys_first(WindowParts *parts, const bool *found);
static bool find_key(const WindowParts *parts, int i, IrSortKey *key);
static bool order_is_ambiguous(const WindowParts *parts, const bool *found);
static Ir  *build(PlanContext *context, WindowParts *parts, const char **reason);
static bool child_order_shows(const WindowParts *parts);
static bool add_window(WindowParts *parts, Ir *ir, Index rtindex, const char **reason);
static SortGroupClause *add_column_clause(Ir *ir, const WindowParts *parts, Index rtindex,
										  int column, const IrSortKey *key);
static Ir  *filter(PlanContext *context, WindowParts *parts, Ir *ir, Index rtindex,
				   const char **reason);

/* For the translation of conditions of a WindowAgg into those over its output. */
typedef struct ConditionContext
{
	Ir		   *ir;				/* computes the window */
	Ir		   *child;
	List	   *tlist;
	Index		rtindex;		/* of the child in ir */
} ConditionContext;

static Node *condition_mutator(Node *node, ConditionContext *context);

Ir *
translate_window(PlanContext *context, WindowAgg *window)
{
	WindowParts parts = {window};
	int			before = context->scans;
	const char *reason = "its input is not on the nodes";
	Bitmapset  *columns = choose_columns(context, window);
	Ir		   *child;
	Ir		   *ir = NULL;

	parts.counted = context->window_below == window && context->window_counted;
	hint_window_below(context, window, columns);
	child = translate_plan(context, window->plan.lefttree);
	if (child == NULL)
		return translate_stay(context, &window->plan, before, reason);
	if (child->rows_all > 0 && counts_all_rows(window) && (ir = take_count(context, window, child)) != NULL)
		return ir;
	parts.child = child;
	if (ir_on_nodes(child) && (reason = refuse_partition(&parts)) == NULL &&
		(reason = find_order(&parts)) == NULL)
	{
		reason = "window functions need a shuffle";
		if (traits_groups_complete(child, window->partNumCols, window->partColIdx) ||
			planner_exchanges)
		{
			if (numbers_rows_by_range(context, &parts))
				exchange_by_range(context, &parts);
			else if (!traits_groups_complete(child, window->partNumCols, window->partColIdx))
				parts.child = ir_exchange_by(context, child, columns);
			ir = build(context, &parts, &reason);
		}
	}
	if (ir == NULL)
	{
		window->plan.lefttree = ir_seal(context, child, window->plan.lefttree);
		return translate_stay(context, &window->plan, before, reason);
	}
	if (!ir_on_nodes(ir))
		fallback_note(&window->plan, reason);
	return ir;
}

/*
 * By which columns rows are exchanged: those that windows above partition by
 * too, so that rows need not move again; if there are none, all of our own.
 */
static Bitmapset *
choose_columns(PlanContext *context, WindowAgg *window)
{
	Bitmapset  *own = NULL;
	Bitmapset  *common = NULL;
	ListCell   *lc;

	for (int i = 0; i < window->partNumCols; i++)
		own = bms_add_member(own, window->partColIdx[i]);
	if (context->window_below != window)
		return own;
	foreach(lc, window->plan.targetlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		int			column = expr_plain_column((Node *) tle->expr, OUTER_VAR);

		if (bms_is_member(tle->resno, context->window_columns) && bms_is_member(column, own))
			common = bms_add_member(common, column);
	}
	return common ? common : own;
}

/* Let the next window below know what this one partitions by. */
static void
hint_window_below(PlanContext *context, WindowAgg *window, const Bitmapset *columns)
{
	Plan	   *below = window->plan.lefttree;

	while (IsA(below, Sort) || IsA(below, IncrementalSort))
		below = below->lefttree;
	context->window_below = IsA(below, WindowAgg) ? (WindowAgg *) below : NULL;
	context->window_columns = bms_copy(columns);
	context->window_counted = counts_all_rows(window);
}

/* count(*) OVER (), and nothing else */
static bool
counts_all_rows(const WindowAgg *window)
{
	return window->partNumCols == 0 && window->ordNumCols == 0 && window->plan.qual == NIL &&
		window->runCondition == NIL &&
		!(window->frameOptions & (FRAMEOPTION_ROWS | FRAMEOPTION_GROUPS | FRAMEOPTION_EXCLUSION)) &&
		!is_other_than_count((Node *) window->plan.targetlist, NULL);
}

static bool
is_other_than_count(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, WindowFunc) &&
		(((WindowFunc *) node)->winfnoid != F_COUNT_ || ((WindowFunc *) node)->aggfilter))
		return true;
	return expression_tree_walker(node, is_other_than_count, context);
}

/* The window is a column of the child. */
static Ir *
take_count(PlanContext *context, WindowAgg *window, Ir *child)
{
	List	   *tlist = (List *) take_count_mutator((Node *) window->plan.targetlist, &child->rows_all);
	const char *reason = NULL;
	IrScope		scope;
	Ir		   *ir = ir_over(child, &scope);

	if (!ir_on_nodes(child) || !ir_select(ir, &scope, tlist, NIL, false, context->fence, &reason) || !ir_on_nodes(ir))
		return NULL;
	ir->keys = traits_map_keys(child->keys, tlist, OUTER_VAR);
	translate_keep_order(ir, &scope, 0, tlist);
	ir_fence(context, ir);
	translate_init_plans(ir, &window->plan);
	return ir;
}

static Node *
take_count_mutator(Node *node, const int *column)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, WindowFunc))
		return (Node *) makeVar(OUTER_VAR, *column, INT8OID, -1, InvalidOid, 0);
	return expression_tree_mutator(node, take_count_mutator, (void *) column);
}

/* Partitions that PARTITION BY on a node would not repeat exactly. */
static const char *
refuse_partition(const WindowParts *parts)
{
	const WindowAgg *window = parts->window;

	for (int i = 0; i < window->partNumCols; i++)
	{
		Node	   *column = list_nth(parts->child->display, window->partColIdx[i] - 1);
		Oid			collation = window->partCollations[i];

		if (lookup_type_cache(exprType(column), TYPECACHE_EQ_OPR)->eq_opr !=
			window->partOperators[i])
			return "partitions by an operator that is not the type's own";
		if (collation != exprCollation(column) ||
			(OidIsValid(collation) && !get_collation_isdeterministic(collation)))
			return "partitions by a nondeterministic collation";
	}
	return NULL;
}

/* Fill in the order columns' sort keys, or say why they are not known. */
static const char *
find_order(WindowParts *parts)
{
	const WindowAgg *window = parts->window;
	bool	   *found = palloc0(sizeof(bool) * (window->ordNumCols + 1));

	parts->order = palloc0(sizeof(IrSortKey) * (window->ordNumCols + 1));
	for (int i = 0; i < window->ordNumCols; i++)
	{
		IrSortKey  *key = &parts->order[i];
		int			column = window->ordColIdx[i];
		Oid			type = exprType(list_nth(parts->child->display, column - 1));

		found[i] = find_key(parts, i, key);
		if (!found[i])
		{
			/* constant within the partition: any direction will do */
			get_sort_group_operators(type, false, false, false, &key->sortop, NULL, NULL, NULL);
			key->column = column;
			key->collation = window->ordCollations[i];
			if ((window->frameOptions & (FRAMEOPTION_START_OFFSET | FRAMEOPTION_END_OFFSET)) &&
				(window->frameOptions & FRAMEOPTION_RANGE))
			{
				if (!window->inRangeAsc)
					get_sort_group_operators(type, false, false, true, NULL, NULL,
											 &key->sortop, NULL);
				key->nulls_first = window->inRangeNullsFirst;
				found[i] = true;
			}
		}
		if (!OidIsValid(key->sortop) || key->collation != window->ordCollations[i] ||
			get_equality_op_for_ordering_op(key->sortop, NULL) != window->ordOperators[i])
			return "orders a window by an operator or collation that is not known";
	}
	if (order_is_ambiguous(parts, found))
		return "order of the window is not known";
	sort_keys_first(parts, found);
	return NULL;
}

/*
 * The columns that rows are sorted by in front, as they are sorted by; behind
 * them those whose direction is not known, which then does not count.  Which
 * rows are peers does not depend on the order of the columns.
 */
static void
sort_keys_first(WindowParts *parts, const bool *found)
{
	int			ncols = parts->window->ordNumCols;
	IrSortKey  *sorted = palloc0(sizeof(IrSortKey) * (ncols + 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, parts->child->order)
		for (int i = 0; i < ncols; i++)
			if (n < ncols && found[i] &&
				parts->order[i].column == ((IrSortKey *) lfirst(lc))->column)
				sorted[n++] = parts->order[i];
	for (int i = 0; i < ncols && n < ncols; i++)
	{
		bool		done = false;

		for (int k = 0; k < n; k++)
			done |= sorted[k].column == parts->order[i].column;
		if (!done)
			sorted[n++] = parts->order[i];
	}
	for (int i = n; i < ncols; i++)
		sorted[i] = sorted[0];	/* a column that was there twice */
	parts->order = sorted;
}

static bool
find_key(const WindowParts *parts, int i, IrSortKey *key)
{
	ListCell   *lc;

	foreach(lc, parts->child->order)
	{
		IrSortKey  *candidate = lfirst(lc);

		if (candidate->column == parts->window->ordColIdx[i])
		{
			memcpy(key, candidate, sizeof(IrSortKey));
			return true;
		}
	}
	return false;
}

/*
 * PostgreSQL leaves a column out of the sort when it is constant (in the
 * partition) or equal to another column, which is sorted by instead.  Of the
 * latter we would not know the direction.
 */
static bool
order_is_ambiguous(const WindowParts *parts, const bool *found)
{
	const WindowAgg *window = parts->window;
	bool		missing = false;

	for (int i = 0; i < window->ordNumCols; i++)
		missing |= !found[i] && !partitions_by(window, window->ordColIdx[i]);
	return missing && child_order_shows(parts);
}

static bool
partitions_by(const WindowAgg *window, int column)
{
	for (int i = 0; i < window->partNumCols; i++)
		if (window->partColIdx[i] == column)
			return true;
	return false;
}

/*
 * Rows of one long list can be numbered by many tasks, each of which has a range of
 * the order, when it is known how many rows come before.  The ranges are chosen by a
 * sample, for which the input is read once more.
 */
static bool
numbers_rows_by_range(const PlanContext *context, const WindowParts *parts)
{
	const WindowAgg *window = parts->window;
	const Ir   *child = parts->child;

	if (!planner_exchanges || context->bound != NULL || window->partNumCols > 0 ||
		window->ordNumCols == 0 || window->plan.qual != NIL || window->runCondition != NIL ||
		child->distribution != IR_PARTITIONED || child->rows < planner_range_rows ||
		!reads_one_share(child) || child_order_shows(parts))
		return false;
	/* by which the ranges are cut: OIDs that mean the same on all nodes */
	for (int i = 0; i < window->ordNumCols; i++)
		if (parts->order[i].sortop >= FirstGenbkiObjectId ||
			parts->order[i].collation >= FirstGenbkiObjectId)
			return false;
	return !is_other_window_function((Node *) window->plan.targetlist, NULL);
}

/* Has a task a share of one table or exchange, and all of what else there is? */
static bool
reads_one_share(const Ir *ir)
{
	int			nshares = 0;
	ListCell   *lc;

	foreach(lc, ir->leaves)
		nshares += !((LeafPlan *) lfirst(lc))->broadcast;
	return nshares == 1;
}

/* Peers of a row are in its task; what looks at others is not done. */
static bool
is_other_window_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, WindowFunc) && ((WindowFunc *) node)->winfnoid != F_ROW_NUMBER &&
		((WindowFunc *) node)->winfnoid != F_RANK_)
		return true;
	return expression_tree_walker(node, is_other_window_function, context);
}

static void
exchange_by_range(PlanContext *context, WindowParts *parts)
{
	List	   *order = NIL;

	for (int i = 0; i < parts->window->ordNumCols; i++)
		order = lappend(order, &parts->order[i]);
	if (parts->child->ordered)
	{
		ir_wrap(parts->child);
		parts->child->ordered = false;
	}
	parts->child->order = order;
	parts->child = ir_exchange(context, parts->child, EXCHANGE_RANGE, NIL);
	parts->rows_before = ir_exchange_add_rows(parts->child, LEAF_ROWS_BEFORE);
	if (parts->counted)
		parts->rows_all = ir_exchange_add_rows(parts->child, LEAF_ROWS_ALL);
}

/* Numbers of rows in the task become those in all tasks. */
static Node *
add_rows_before_mutator(Node *node, Var *rows_before)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, WindowFunc))
	{
		Expr	   *sum = make_opclause(INT8_PLUS, INT8OID, false, (Expr *) node,
										(Expr *) copyObject(rows_before), InvalidOid, InvalidOid);

		set_opfuncid((OpExpr *) sum);
		return (Node *) sum;
	}
	return expression_tree_mutator(node, add_rows_before_mutator, rows_before);
}

static Ir *
build(PlanContext *context, WindowParts *parts, const char **reason)
{
	WindowAgg  *window = parts->window;
	List	   *tlist = window->plan.targetlist;
	bool		conditions = window->plan.qual != NIL ||
		(window->topWindow && window->runCondition != NIL);
	IrScope		scope;
	Ir		   *ir;
	Ir		   *result;
	Index		rtindex;

	if (child_order_shows(parts))
		ir_apply_order(parts->child);
	ir = ir_over(parts->child, &scope);
	rtindex = scope.inputs[0].rtindex;
	/* rows that are peers come in any order, which functions may show */
	if (ir->distribution == IR_BROADCAST)
		ir->distribution = IR_SINGLE;
	ir->indeterminate = true;
	ir->query->hasWindowFuncs = true;
	if (!ir_select(ir, &scope, tlist, NIL, false, context->fence, reason))
		return NULL;
	if (parts->rows_before > 0)
		ir->query->targetList = (List *)
			add_rows_before_mutator((Node *) ir->query->targetList,
									makeVar(rtindex, parts->rows_before, INT8OID, -1,
											InvalidOid, 0));
	if (conditions && !ir_on_nodes(ir))
		return NULL;
	if (ir_on_nodes(ir))
		ir->keys = traits_map_keys(parts->child->keys, tlist, OUTER_VAR);
	translate_keep_order(ir, &scope, 0, tlist);
	if (parts->rows_all > 0)
		ir->rows_all = ir_add_column(ir, (Expr *) makeVar(rtindex, parts->rows_all, INT8OID, -1, InvalidOid, 0),
									 (Expr *) makeNullConst(INT8OID, -1, InvalidOid));
	result = conditions ? filter(context, parts, ir, rtindex, reason) : ir;
	/* what it adds are junk columns, so it comes last */
	if (result == NULL || !add_window(parts, ir, rtindex, reason))
		return NULL;
	ir_fence(context, result);
	translate_init_plans(result, &window->plan);
	return result;
}

/* Was the input in an order of its own, which rows of a frame are expected to keep? */
static bool
child_order_shows(const WindowParts *parts)
{
	const WindowAgg *window = parts->window;
	ListCell   *lc;

	foreach(lc, parts->child->order)
	{
		int			column = ((IrSortKey *) lfirst(lc))->column;
		bool		known = partitions_by(window, column);

		for (int i = 0; i < window->ordNumCols; i++)
			known |= window->ordColIdx[i] == column;
		if (!known)
			return true;
	}
	return false;
}

static bool
add_window(WindowParts *parts, Ir *ir, Index rtindex, const char **reason)
{
	WindowAgg  *window = parts->window;
	WindowClause *clause = makeNode(WindowClause);
	IrScope		nothing = {0};

	for (int i = 0; i < window->partNumCols; i++)
		clause->partitionClause = lappend(clause->partitionClause,
										  add_column_clause(ir, parts, rtindex,
															window->partColIdx[i], NULL));
	for (int i = 0; i < window->ordNumCols; i++)
		clause->orderClause = lappend(clause->orderClause,
									  add_column_clause(ir, parts, rtindex,
														parts->order[i].column,
														&parts->order[i]));
	clause->frameOptions = window->frameOptions;
	clause->winref = window->winref;
	*reason = "offset of a frame is volatile";
	if (contain_volatile_functions(window->startOffset) ||
		contain_volatile_functions(window->endOffset))
		return false;
	if (window->startOffset)
	{
		clause->startOffset = (Node *) expr_for_query(window->startOffset, &nothing, ir, reason);
		if (clause->startOffset == NULL)
			return false;
	}
	if (window->endOffset)
	{
		clause->endOffset = (Node *) expr_for_query(window->endOffset, &nothing, ir, reason);
		if (clause->endOffset == NULL)
			return false;
	}
	ir->query->windowClause = list_make1(clause);
	return true;
}

/* The clause for a column of the child: of PARTITION BY, or of ORDER BY by a key. */
static SortGroupClause *
add_column_clause(Ir *ir, const WindowParts *parts, Index rtindex, int column,
				  const IrSortKey *key)
{
	SortGroupClause *clause = makeNode(SortGroupClause);
	Node	   *display = list_nth(parts->child->display, column - 1);
	Expr	   *expr = (Expr *) makeVar(rtindex, column, exprType(display), exprTypmod(display),
										exprCollation(display), 0);
	TargetEntry *entry;
	Index		ref = 0;
	ListCell   *lc;

	if (key && key->collation != exprCollation(display))
	{
		CollateExpr *collate = makeNode(CollateExpr);

		collate->arg = expr;
		collate->collOid = key->collation;
		collate->location = -1;
		expr = (Expr *) collate;
	}
	foreach(lc, ir->query->targetList)
		ref = Max(ref, lfirst_node(TargetEntry, lc)->ressortgroupref);
	entry = makeTargetEntry(expr, list_length(ir->query->targetList) + 1, NULL, true);
	entry->ressortgroupref = clause->tleSortGroupRef = ref + 1;
	ir->query->targetList = lappend(ir->query->targetList, entry);
	if (key)
	{
		clause->sortop = key->sortop;
		clause->eqop = get_equality_op_for_ordering_op(key->sortop, NULL);
		clause->nulls_first = key->nulls_first;
	}
	else
		get_sort_group_operators(exprType(display), false, true, false,
								 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
	return clause;
}

/*
 * The topmost window drops rows: by its own run condition, over its results,
 * and by those of windows below, over its input.  (Below the top a run condition
 * only spares work.)
 */
static Ir *
filter(PlanContext *context, WindowParts *parts, Ir *ir, Index rtindex, const char **reason)
{
	WindowAgg  *window = parts->window;
	ConditionContext condition = {ir, parts->child, window->plan.targetlist, rtindex};
	List	   *quals = list_copy(window->plan.qual);
	List	   *tlist = NIL;
	IrScope		scope;
	Ir		   *result;
	ListCell   *lc;

	if (window->topWindow)
		quals = list_concat(quals, window->runCondition);
	quals = (List *) condition_mutator((Node *) quals, &condition);
	ir_fence(context, ir);
	result = ir_over(ir, &scope);
	foreach(lc, window->plan.targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) tle->expr;

		tle->expr = (Expr *) makeVar(OUTER_VAR, tle->resno, exprType(expr), exprTypmod(expr),
									 exprCollation(expr), 0);
		tlist = lappend(tlist, tle);
	}
	if (!ir_select(result, &scope, tlist, quals, false, context->fence, reason))
		return NULL;
	if (ir_on_nodes(result))
		result->keys = traits_map_keys(ir->keys, tlist, OUTER_VAR);
	translate_keep_order(result, &scope, 0, tlist);
	return result;
}

/* Columns of the input, and results of the node itself, as columns of ir. */
static Node *
condition_mutator(Node *node, ConditionContext *context)
{
	Var		   *var = (Var *) node;
	Node	   *display;
	int			column = 0;
	ListCell   *lc;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var))
		return expression_tree_mutator(node, condition_mutator, context);
	if (var->varno != OUTER_VAR)
		column = var->varattno;
	foreach(lc, context->tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (column == 0 && IsA(tle->expr, Var) && ((Var *) tle->expr)->varno == OUTER_VAR &&
			((Var *) tle->expr)->varattno == var->varattno)
			column = tle->resno;
	}
	if (column == 0)
	{
		display = list_nth(context->child->display, var->varattno - 1);
		column = ir_add_column(context->ir,
							   (Expr *) makeVar(context->rtindex, var->varattno, var->vartype,
												var->vartypmod, var->varcollid, 0),
							   (Expr *) display);
	}
	return (Node *) makeVar(OUTER_VAR, column, var->vartype, var->vartypmod, var->varcollid, 0);
}
