/*-------------------------------------------------------------------------
 * traits.c
 *	  How the rows of an Ir lie over the tasks.
 *
 * A partitioned Ir with an anchor has each row in the task that reads the
 * anchor's partition where the row belongs; a hashed one in that of the job's
 * own hash partition; one of parts, in the task that has the part.  Its keys, one set of columns for each key in order, say
 * which columns hold a value equal (by the hash family's equality) to the one
 * that chose the partition.  A key that no
 * column holds any more ends all of them: keys are complete or NIL.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/ir.h"
#include "planner/key_equality.h"
#include "table/layout.h"

/* A guess at the tasks that read an exchange */
#define TASKS_OF_EXCHANGE	8

static bool is_either_key(const Expr *expr, const Bitmapset *outer_columns,
						  const Bitmapset *inner_columns);
static bool pairs_key(const KeyEquality *equality, const Ir *outer, Bitmapset *outer_columns,
					  Bitmapset *inner_columns);

/* Where keys of an input appear in a target list; NIL when one of them does not. */
List *
traits_map_keys(List *keys, List *tlist, int varno)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		Bitmapset  *columns = lfirst(lc);
		Bitmapset  *mapped = NULL;
		ListCell   *lt;

		foreach(lt, tlist)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lt);
			int			column = expr_plain_column((Node *) tle->expr, varno);

			if (column > 0 && bms_is_member(column, columns))
				mapped = bms_add_member(mapped, tle->resno);
		}
		if (mapped == NULL)
			return NIL;
		result = lappend(result, mapped);
	}
	return result;
}

/* Keys of a join whose both sides' keys are equal in each row. */
List *
traits_union_keys(List *a, List *b)
{
	List	   *result = NIL;
	ListCell   *la;
	ListCell   *lb;

	if (a == NIL)
		return b;
	if (b == NIL)
		return a;
	forboth(la, a, lb, b)
		result = lappend(result, bms_union(lfirst(la), lfirst(lb)));
	return result;
}

/* Of each key the side that has the row: COALESCE(outer key, inner key), or the other way round. */
List *
traits_either_keys(List *tlist, const Ir *outer, const Ir *inner)
{
	List	   *result = NIL;
	ListCell   *lo;
	ListCell   *li;
	ListCell   *ly;

	if (list_length(outer->keys) != list_length(inner->keys))
		return NIL;
	forthree(lo, outer->keys, li, inner->keys, ly, outer->key_types)
	{
		Bitmapset  *columns = NULL;
		ListCell   *lt;

		foreach(lt, tlist)
		{
			TargetEntry *tle = lfirst_node(TargetEntry, lt);

			if (is_either_key(tle->expr, lfirst(lo), lfirst(li)) &&
				traits_types_hash_alike(list_make1_oid(exprType((Node *) tle->expr)),
										list_make1_oid(lfirst_oid(ly))))
				columns = bms_add_member(columns, tle->resno);
		}
		if (columns == NULL)
			return NIL;
		result = lappend(result, columns);
	}
	return result;
}

/* Do the equalities keep every pair of matching rows within one task? */
bool
traits_join_colocated(const Ir *outer, const Ir *inner, List *equalities)
{
	bool		nulls_spread = outer->nulls_spread || inner->nulls_spread;
	ListCell   *lo;
	ListCell   *li;

	if (outer->keys == NIL || list_length(outer->keys) != list_length(inner->keys) ||
		!traits_aligned(outer, inner))
		return false;
	forboth(lo, outer->keys, li, inner->keys)
	{
		bool		found = false;
		ListCell   *lc;

		foreach(lc, equalities)
		{
			const KeyEquality *equality = lfirst(lc);

			found |= (!equality->null_safe || !nulls_spread) &&
				pairs_key(equality, outer, lfirst(lo), lfirst(li));
		}
		if (!found)
			return false;
	}
	return true;
}

/* Is every group of these columns within one task? */
bool
traits_groups_complete(const Ir *input, int ncols, const AttrNumber *cols)
{
	ListCell   *lc;

	if (input->distribution != IR_PARTITIONED)
		return true;
	if (input->keys == NIL || input->nulls_spread)
		return false;
	foreach(lc, input->keys)
	{
		bool		found = false;

		for (int i = 0; i < ncols; i++)
			found |= bms_is_member(cols[i], lfirst(lc));
		if (!found)
			return false;
	}
	return true;
}

/* How many tasks share the rows, roughly: what reads exchanges is not known yet. */
int
traits_tasks(const Ir *ir)
{
	int			tasks = 1;
	ListCell   *lc;

	if (ir->distribution != IR_PARTITIONED)
		return 1;
	foreach(lc, ir->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->broadcast)
			continue;
		if (leaf->stage > 0)
			tasks = Max(tasks, TASKS_OF_EXCHANGE);
		else if (leaf->parts)
			tasks = Max(tasks, Max(leaf->nparts, TASKS_OF_EXCHANGE));
		else
		{
			Relation	rel = relation_open(leaf->relid, NoLock);

			tasks = Max(tasks, table_layout(rel)->npartitions);
			relation_close(rel, NoLock);
		}
	}
	return tasks;
}

/* Do rows with equal keys lie in partitions of one number, which one task can read? */
bool
traits_aligned(const Ir *a, const Ir *b)
{
	if (!traits_types_hash_alike(a->key_types, b->key_types))
		return false;
	if (a->hashed || b->hashed)
		return a->hashed && b->hashed;
	/* parts are dealt by their numbers */
	if (a->parts > 0 || b->parts > 0)
		return a->parts == b->parts;
	return traits_tables_colocated(a->anchor, b->anchor);
}

/* Of two oid lists, pair by pair. */
bool
traits_types_hash_alike(List *a, List *b)
{
	ListCell   *la;
	ListCell   *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
		if (!layout_types_hash_alike(lfirst_oid(la), lfirst_oid(lb)))
			return false;
	return true;
}

/* Are equal partitions of both on the same node, with keys that hash alike? */
bool
traits_tables_colocated(Oid a, Oid b)
{
	Relation	rel_a;
	Relation	rel_b;
	bool		result;

	if (!OidIsValid(a) || !OidIsValid(b))
		return false;
	/* the planner holds locks on both */
	rel_a = relation_open(a, NoLock);
	rel_b = relation_open(b, NoLock);
	result = table_layouts_colocated(rel_a, rel_b);
	relation_close(rel_b, NoLock);
	relation_close(rel_a, NoLock);
	return result;
}

/* Read the leaves of two groups at equal partition numbers from now on. */
void
traits_merge_groups(List *leaves, int from, int to)
{
	ListCell   *lc;

	foreach(lc, leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->group == from)
			leaf->group = to;
	}
}

static bool
pairs_key(const KeyEquality *equality, const Ir *outer, Bitmapset *outer_columns,
		  Bitmapset *inner_columns)
{
	int			column = expr_plain_column(equality->left, OUTER_VAR);

	if (column > 0)
	{
		if (!bms_is_member(column, outer_columns) ||
			!bms_is_member(expr_plain_column(equality->right, INNER_VAR), inner_columns))
			return false;
	}
	else
	{
		column = expr_plain_column(equality->right, OUTER_VAR);
		if (!bms_is_member(column, outer_columns) ||
			!bms_is_member(expr_plain_column(equality->left, INNER_VAR), inner_columns))
			return false;
	}
	return traits_hash_equality(equality->opno, exprType(list_nth(outer->display, column - 1)),
								equality->collation);
}

static bool
is_either_key(const Expr *expr, const Bitmapset *outer_columns, const Bitmapset *inner_columns)
{
	bool		from_outer = false;
	bool		from_inner = false;
	ListCell   *lc;

	if (!IsA(expr, CoalesceExpr))
		return false;
	foreach(lc, ((const CoalesceExpr *) expr)->args)
	{
		int			outer = expr_plain_column(lfirst(lc), OUTER_VAR);
		int			inner = expr_plain_column(lfirst(lc), INNER_VAR);

		if (outer > 0 && bms_is_member(outer, outer_columns))
			from_outer = true;
		else if (inner > 0 && bms_is_member(inner, inner_columns))
			from_inner = true;
		else
			return false;
	}
	return from_outer && from_inner;
}

/* Does the operator agree with the hash by which rows of this type are placed? */
bool
traits_hash_equality(Oid opno, Oid left_type, Oid collation)
{
	TypeCacheEntry *type = lookup_type_cache(getBaseType(left_type), TYPECACHE_HASH_OPFAMILY);

	return OidIsValid(type->hash_opf) &&
		get_op_opfamily_strategy(opno, type->hash_opf) == HTEqualStrategyNumber &&
		(!OidIsValid(collation) || get_collation_isdeterministic(collation));
}
