/*-------------------------------------------------------------------------
 * translate_setop.c
 *	  INTERSECT and EXCEPT.
 *
 * PostgreSQL plans them as a SetOp over an Append of both sides, whose rows
 * carry a flag that tells the side.  On the nodes they are INTERSECT and EXCEPT again,
 * each task's over the rows that equal rows of the other side meet in it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/append.h"
#include "planner/planner.h"
#include "planner/translate.h"

static const char *refuse(const SetOp *setop, const List *children);
static int	side_of(const Plan *child, AttrNumber flag);
static Ir  *build(PlanContext *context, SetOp *setop, Ir *left, Ir *right, Plan *sort,
				  const char **reason);
static bool sides_meet(const Ir *left, const Ir *right, int ncolumns);
static Bitmapset *exchange_columns(const Ir *left, const Ir *right, int ncolumns);
static Ir  *send(PlanContext *context, Ir *side, const Bitmapset *columns);
static List *order_of_sort(const Plan *sort, int ncolumns);

Ir *
translate_setop(PlanContext *context, SetOp *setop)
{
	int			before = context->scans;
	Plan	   *below = setop->plan.lefttree;
	Plan	   *sort = IsA(below, Sort) ? below : NULL;
	Append	   *append = (Append *) (sort ? sort->lefttree : below);
	List	   *inputs = NIL;
	const char *reason = NULL;
	Ir		   *ir = NULL;
	ListCell   *lc;

	if (!IsA(append, Append) || append->plan.initPlan != NIL ||
		(reason = refuse(setop, append->appendplans)) != NULL)
	{
		if (IsA(append, Append))
			foreach(lc, append->appendplans)
				lfirst(lc) = translate_and_seal(context, lfirst(lc));
		else
			setop->plan.lefttree = translate_and_seal(context, below);
		return translate_stay(context, &setop->plan, before,
							  reason ? reason : "set operation of an unusual kind");
	}
	foreach(lc, append->appendplans)
		inputs = lappend(inputs, translate_plan(context, lfirst(lc)));
	append_send_driver_rows(context, inputs, append->appendplans);
	reason = "an input is not on the nodes";
	if (context->scans > before && ir_on_nodes(linitial(inputs)) && ir_on_nodes(lsecond(inputs)))
	{
		bool		swapped = side_of(linitial(append->appendplans), setop->flagColIdx) == 1;

		ir = build(context, setop, list_nth(inputs, swapped ? 1 : 0),
				   list_nth(inputs, swapped ? 0 : 1), sort, &reason);
	}
	if (ir)
		return ir;
	/* hashed, it wants all rows of the first side before those of the second */
	foreach(lc, append->appendplans)
	{
		Ir		   *input = list_nth(inputs, foreach_current_index(lc));

		if (input)
			lfirst(lc) = ir_seal(context, input, lfirst(lc));
	}
	return translate_stay(context, &setop->plan, before, reason);
}

/* Set operations that nodes would not repeat exactly. */
static const char *
refuse(const SetOp *setop, const List *children)
{
	if (list_length(children) != 2 || setop->flagColIdx != setop->numCols + 1 ||
		side_of(linitial(children), setop->flagColIdx) +
		side_of(lsecond(children), setop->flagColIdx) != 1)
		return "set operation of an unusual kind";
	for (int i = 0; i < setop->numCols; i++)
	{
		TargetEntry *tle = list_nth_node(TargetEntry, setop->plan.targetlist, i);
		TypeCacheEntry *type = lookup_type_cache(exprType((Node *) tle->expr), TYPECACHE_EQ_OPR);
		Oid			collation = setop->dupCollations[i];

		if (setop->dupColIdx[i] != i + 1 || type->eq_opr != setop->dupOperators[i])
			return "compares by an operator that is not the type's own";
		if (collation != exprCollation((Node *) tle->expr) ||
			(OidIsValid(collation) && !get_collation_isdeterministic(collation)))
			return "compares by a nondeterministic collation";
	}
	return NULL;
}

/* 0 for rows of the left side, 1 for the right one, -10 when that is not plain. */
static int
side_of(const Plan *child, AttrNumber flag)
{
	Node	   *expr;

	if (list_length(child->targetlist) < flag)
		return -10;
	expr = (Node *) list_nth_node(TargetEntry, child->targetlist, flag - 1)->expr;
	if (!IsA(expr, Const) || ((Const *) expr)->constisnull ||
		((Const *) expr)->consttype != INT4OID)
		return -10;
	return DatumGetInt32(((Const *) expr)->constvalue);
}

static Ir *
build(PlanContext *context, SetOp *setop, Ir *left, Ir *right, Plan *sort, const char **reason)
{
	int			n = setop->numCols;
	List	   *tlist = list_truncate(list_copy(setop->plan.targetlist), n);
	Expr	   *flag = (Expr *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
										  Int32GetDatum(0), false, true);
	Ir		   *ir = ir_make();

	if (n == 0)
	{
		*reason = "set operation without columns";
		return NULL;
	}
	if (!sides_meet(left, right, n))
	{
		Bitmapset  *columns = exchange_columns(left, right, n);

		if (!planner_exchanges)
		{
			*reason = "set operation needs a shuffle";
			return NULL;
		}
		left = send(context, left, columns);
		right = send(context, right, columns);
	}
	ir_inherit(ir, left);
	ir_inherit(ir, right);
	append_set_distribution(ir, list_make2(left, right), n);
	if (!append_add_branch(ir, left, tlist, reason) || !append_add_branch(ir, right, tlist, reason))
		return NULL;
	append_make_operations(ir, tlist,
						   setop->cmd == SETOPCMD_INTERSECT || setop->cmd == SETOPCMD_INTERSECT_ALL ?
						   SETOP_INTERSECT : SETOP_EXCEPT,
						   setop->cmd == SETOPCMD_INTERSECT_ALL || setop->cmd == SETOPCMD_EXCEPT_ALL);
	/* the flag is a column of the node's output, though nobody looks at it */
	ir_wrap(ir);
	ir_add_column(ir, flag, flag);
	ir->order = order_of_sort(sort, n);
	ir_fence(context, ir);
	translate_init_plans(ir, &setop->plan);
	if (sort)
		translate_init_plans(ir, sort);
	return ir;
}

/* Are equal rows of both sides in the same task already? */
static bool
sides_meet(const Ir *left, const Ir *right, int ncolumns)
{
	ListCell   *lc;

	if (left->distribution != IR_PARTITIONED && right->distribution != IR_PARTITIONED)
		return true;
	if (left->distribution != IR_PARTITIONED || right->distribution != IR_PARTITIONED ||
		left->keys == NIL || list_length(left->keys) != list_length(right->keys) ||
		left->nulls_spread || right->nulls_spread || !traits_aligned(left, right))
		return false;
	foreach(lc, left->keys)
	{
		Bitmapset  *common = bms_intersect(lfirst(lc),
										   list_nth(right->keys, foreach_current_index(lc)));
		int			column = bms_next_member(common, -1);

		if (column < 0 || column > ncolumns)
			return false;
	}
	return true;
}

/* Columns by which both sides can be partitioned alike. */
static Bitmapset *
exchange_columns(const Ir *left, const Ir *right, int ncolumns)
{
	Bitmapset  *columns = NULL;

	for (int i = 1; i <= ncolumns; i++)
	{
		Node	   *a = list_nth(left->display, i - 1);
		Node	   *b = list_nth(right->display, i - 1);

		if (exprType(a) == exprType(b) &&
			exchange_key_reason(exprType(a), exprCollation(a)) == NULL &&
			exchange_key_reason(exprType(b), exprCollation(b)) == NULL)
			columns = bms_add_member(columns, i);
	}
	return columns;
}

static Ir *
send(PlanContext *context, Ir *side, const Bitmapset *columns)
{
	List	   *keys = NIL;
	int			column = -1;

	while ((column = bms_next_member(columns, column)) >= 0)
		keys = lappend_int(keys, column);
	return keys == NIL ? ir_exchange(context, side, EXCHANGE_SINGLE, NIL) :
		ir_exchange(context, side, EXCHANGE_HASH, keys);
}

/* What a sorted SetOp promises of its order. */
static List *
order_of_sort(const Plan *sort, int ncolumns)
{
	const Sort *node = (const Sort *) sort;
	const char *reason;
	int			nkeys = 0;

	if (sort == NULL)
		return NIL;
	while (nkeys < node->numCols && node->sortColIdx[nkeys] <= ncolumns)
		nkeys++;
	return nkeys == 0 ? NIL :
		translate_sort_keys(nkeys, node->sortColIdx, node->sortOperators, node->collations,
							node->nullsFirst, &reason);
}
