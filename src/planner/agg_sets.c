/*-------------------------------------------------------------------------
 * agg_sets.c
 *	  GROUPING SETS, CUBE and ROLLUP.
 *
 * A plan has them as an Agg with a chain of others behind it, each of which
 * makes one or more sets: of its first columns, or, hashed, of all of them.
 * A query has them as GROUP BY GROUPING SETS.  Where a row must tell its set, it is by
 * GROUPING over all group columns, the set's id: a bit for each column that is
 * not in it, the last column's lowest.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "planner/agg.h"

/* GROUPING takes no more arguments. */
#define MAX_GROUPING_ARGS	31

static void add_columns(AggParts *parts, const Bitmapset *columns);
static bool set_id_is_possible(const AggParts *parts);
static Expr *int4_op(const char *name, Expr *left, Expr *right);
static Expr *int4_const(int value);

/* Fill in the sets and their columns. */
bool
agg_collect_sets(AggParts *parts, const char **reason)
{
	List	   *nodes = list_concat(list_make1(parts->agg), parts->agg->chain);
	ListCell   *lc;

	foreach(lc, nodes)
	{
		Agg		   *agg = lfirst_node(Agg, lc);
		ListCell   *ls;

		foreach(ls, agg->groupingSets)
		{
			int			ncols = list_length(lfirst(ls));
			Bitmapset  *columns = NULL;

			for (int i = 0; i < ncols; i++)
				columns = bms_add_member(columns, agg->grpColIdx[i]);
			add_columns(parts, columns);
			parts->sets = lappend(parts->sets, columns);
		}
	}
	if (parts->sets == NIL)
		*reason = "grouping sets of an unknown kind";
	return parts->sets != NIL;
}

static void
add_columns(AggParts *parts, const Bitmapset *columns)
{
	int			col = -1;

	while ((col = bms_next_member(columns, col)) >= 0)
	{
		bool		found = false;

		for (int i = 0; i < parts->ncols; i++)
			found |= parts->cols[i] == col;
		if (!found)
			parts->cols[parts->ncols++] = col;
	}
}

/* Columns that are in every set. */
Bitmapset *
agg_common_columns(const AggParts *parts)
{
	Bitmapset  *common = bms_copy(linitial(parts->sets));
	ListCell   *lc;

	foreach(lc, parts->sets)
		common = bms_int_members(common, lfirst(lc));
	return common;
}

/* Does the id tell each set from all others? */
bool
agg_sets_are_distinct(const AggParts *parts)
{
	ListCell   *la;
	ListCell   *lb;

	if (!set_id_is_possible(parts))
		return false;
	foreach(la, parts->sets)
		for_each_cell(lb, parts->sets, lnext(parts->sets, la))
			if (bms_equal(lfirst(la), lfirst(lb)))
				return false;
	return true;
}

static bool
set_id_is_possible(const AggParts *parts)
{
	return parts->ncols > 0 && parts->ncols <= MAX_GROUPING_ARGS;
}

/* Make the GROUP BY of parts->cols one of the sets. */
void
agg_add_grouping_sets(const AggParts *parts, Query *query)
{
	List	   *content = NIL;
	ListCell   *lc;

	foreach(lc, parts->sets)
	{
		List	   *refs = NIL;

		for (int i = 0; i < parts->ncols; i++)
			if (bms_is_member(parts->cols[i], lfirst(lc)))
				refs = lappend_int(refs, i + 1);
		content = lappend(content, refs == NIL ?
						  makeGroupingSet(GROUPING_SET_EMPTY, NIL, -1) :
						  makeGroupingSet(GROUPING_SET_SIMPLE, refs, -1));
	}
	query->groupingSets = list_make1(makeGroupingSet(GROUPING_SET_SETS, content, -1));
}

/* GROUPING over all group columns, which the input varno has. */
GroupingFunc *
agg_set_id(const AggParts *parts, Index varno)
{
	GroupingFunc *func = makeNode(GroupingFunc);

	for (int i = 0; i < parts->ncols; i++)
	{
		func->args = lappend(func->args, agg_group_var(parts, i, varno, parts->cols[i]));
		func->refs = lappend_int(func->refs, i + 1);
	}
	func->location = -1;
	return func;
}

/* The value of GROUPING over some of the columns, computed from the id. */
Node *
agg_grouping_of_id(const AggParts *parts, const GroupingFunc *func, Var *id)
{
	Expr	   *result = NULL;
	int			nargs = list_length(func->cols);
	ListCell   *lc;

	foreach(lc, func->cols)
	{
		int			from = 0;
		int			to = nargs - 1 - foreach_current_index(lc);
		Expr	   *bit;

		for (int i = 0; i < parts->ncols; i++)
			if (parts->cols[i] == lfirst_int(lc))
				from = parts->ncols - 1 - i;
		bit = int4_op("&", int4_op(">>", copyObject((Expr *) id), int4_const(from)),
					  int4_const(1));
		bit = int4_op("<<", bit, int4_const(to));
		result = result ? int4_op("|", result, bit) : bit;
	}
	return (Node *) (result ? result : int4_const(0));
}

static Expr *
int4_op(const char *name, Expr *left, Expr *right)
{
	Oid			opno = OpernameGetOprid(list_make2(makeString("pg_catalog"),
												   makeString(pstrdup(name))), INT4OID, INT4OID);
	OpExpr	   *op = (OpExpr *) make_opclause(opno, INT4OID, false, left, right,
											  InvalidOid, InvalidOid);

	op->opfuncid = get_opcode(opno);
	return (Expr *) op;
}

static Expr *
int4_const(int value)
{
	return (Expr *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(value),
							  false, true);
}
