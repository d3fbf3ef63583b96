/*-------------------------------------------------------------------------
 * prune.c
 *	  Find equality conditions on all keys of a hash table, and use them.
 *
 * Only operators of the hash family by which rows were placed count, and only
 * with values that are known when the scan begins.  The conditions stay in the
 * query: pruning can only ever skip partitions without a matching row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/ir.h"
#include "planner/planner.h"
#include "planner/prune.h"
#include "table/layout.h"

/* Beyond this many combinations of values, finding partitions costs more than it saves. */
#define MAX_COMBINATIONS	1024

/* The values that one key may have. */
typedef struct KeyValues
{
	Oid			type;
	Oid			collation;
	int			nvalues;
	Datum	   *values;
} KeyValues;

static Node *find_key_value(List *quals, Index scanrelid, AttrNumber attno, Oid relid);
static Node *match_key(Node *qual, Index scanrelid, AttrNumber attno, Oid opfamily);
static bool is_key(Node *expr, Index scanrelid, AttrNumber attno);
static bool usable(Node *value, Oid opno, Oid collation, Oid opfamily);
static List *entry_of(const StagePlan *stage, const LeafPlan *leaf);
static bool evaluate_key(Node *expr, PlanState *planstate, KeyValues *key);
static void add_array(KeyValues *key, ArrayType *array);
static Bitmapset *partitions_of(const LeafPlan *leaf, KeyValues *keys, int nkeys);

List *
prune_find(const LeafPlan *leaf, List *quals, Index scanrelid)
{
	Relation	rel = relation_open(leaf->relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	List	   *entry = list_make1(makeInteger(leaf->index));
	bool		complete = layout->kind == LAYOUT_HASH && layout->nkeys > 0;

	for (int i = 0; complete && i < layout->nkeys; i++)
	{
		Node	   *value = find_key_value(quals, scanrelid, layout->keys[i], leaf->relid);

		complete = value != NULL;
		entry = lappend(entry, value);
	}
	relation_close(rel, NoLock);
	return complete ? list_make1(entry) : NIL;
}

Bitmapset *
planner_prune(const StagePlan *stage, const LeafPlan *leaf, PlanState *planstate)
{
	List	   *entry = entry_of(stage, leaf);
	int			nkeys = list_length(entry) - 1;
	KeyValues  *keys;
	double		combinations = 1;

	if (entry == NIL)
		return NULL;
	keys = palloc0(sizeof(KeyValues) * nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		if (!evaluate_key(list_nth(entry, i + 1), planstate, &keys[i]))
			return NULL;
		combinations *= keys[i].nvalues;
	}
	if (combinations > MAX_COMBINATIONS)
		return NULL;
	if (combinations == 0)
		return bms_make_singleton(0);	/* no row matches; any partition will tell */
	return partitions_of(leaf, keys, nkeys);
}

static Node *
find_key_value(List *quals, Index scanrelid, AttrNumber attno, Oid relid)
{
	Oid			type = getBaseType(get_atttype(relid, attno));
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_OPFAMILY);
	ListCell   *lc;

	if (!OidIsValid(entry->hash_opf))
		return NULL;
	foreach(lc, quals)
	{
		Node	   *value = match_key(lfirst(lc), scanrelid, attno, entry->hash_opf);

		if (value)
			return value;
	}
	return NULL;
}

/* key = value, value = key, key = ANY (values) */
static Node *
match_key(Node *qual, Index scanrelid, AttrNumber attno, Oid opfamily)
{
	if (IsA(qual, OpExpr) && list_length(((OpExpr *) qual)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) qual;
		Node	   *left = linitial(op->args);
		Node	   *right = lsecond(op->args);

		if (is_key(left, scanrelid, attno) && usable(right, op->opno, op->inputcollid, opfamily))
			return right;
		if (is_key(right, scanrelid, attno) && usable(left, op->opno, op->inputcollid, opfamily))
			return left;
	}
	else if (IsA(qual, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) qual;

		if (op->useOr && is_key(linitial(op->args), scanrelid, attno) &&
			usable(lsecond(op->args), op->opno, op->inputcollid, opfamily))
			return qual;
	}
	return NULL;
}

static bool
is_key(Node *expr, Index scanrelid, AttrNumber attno)
{
	return expr_plain_column(expr, scanrelid) == attno;
}

/* Known when the scan begins, and compared as the hash does? */
static bool
usable(Node *value, Oid opno, Oid collation, Oid opfamily)
{
	return !contain_var_clause(value) && !contain_volatile_functions(value) &&
		!contain_subplans(value) &&
		get_op_opfamily_strategy(opno, opfamily) == HTEqualStrategyNumber &&
		(!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

static List *
entry_of(const StagePlan *stage, const LeafPlan *leaf)
{
	ListCell   *lc;

	foreach(lc, stage->prune)
	{
		List	   *entry = lfirst(lc);

		if (intVal(linitial(entry)) == leaf->index)
			return entry;
	}
	return NIL;
}

/* False when the values cannot be told. */
static bool
evaluate_key(Node *expr, PlanState *planstate, KeyValues *key)
{
	bool		is_array = IsA(expr, ScalarArrayOpExpr);
	Node	   *value = is_array ? lsecond(((ScalarArrayOpExpr *) expr)->args) : expr;
	ExprState  *state = ExecInitExpr((Expr *) value, planstate);
	bool		isnull;
	Datum		datum = ExecEvalExprSwitchContext(state, planstate->ps_ExprContext, &isnull);

	key->type = getBaseType(exprType(value));
	key->collation = exprCollation(value);
	if (isnull)
		return true;			/* equal to nothing: no value */
	if (is_array)
	{
		key->type = get_base_element_type(key->type);
		if (!OidIsValid(key->type))
			return false;
		add_array(key, DatumGetArrayTypeP(datum));
		return true;
	}
	key->nvalues = 1;
	key->values = palloc(sizeof(Datum));
	key->values[0] = datum;
	return true;
}

/* The elements but for NULLs, which nothing equals. */
static void
add_array(KeyValues *key, ArrayType *array)
{
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign,
					  &elements, &nulls, &nelements);
	key->values = palloc(sizeof(Datum) * (nelements + 1));
	for (int i = 0; i < nelements; i++)
		if (!nulls[i])
			key->values[key->nvalues++] = elements[i];
}

/* Count through all combinations, like an odometer. */
static Bitmapset *
partitions_of(const LeafPlan *leaf, KeyValues *keys, int nkeys)
{
	Relation	rel = relation_open(leaf->relid, NoLock);
	const TableLayout *layout = table_layout(rel);
	int		   *at = palloc0(sizeof(int) * nkeys);
	Oid		   *types = palloc(sizeof(Oid) * nkeys);
	Oid		   *collations = palloc(sizeof(Oid) * nkeys);
	Datum	   *values = palloc(sizeof(Datum) * nkeys);
	bool	   *nulls = palloc0(sizeof(bool) * nkeys);
	Bitmapset  *result = NULL;
	int			i;

	do
	{
		for (i = 0; i < nkeys; i++)
		{
			types[i] = keys[i].type;
			collations[i] = keys[i].collation;
			values[i] = keys[i].values[at[i]];
		}
		result = bms_add_member(result, table_partition_for_values(layout, nkeys, types,
																   collations, values, nulls));
		for (i = 0; i < nkeys && ++at[i] == keys[i].nvalues; i++)
			at[i] = 0;
	} while (i < nkeys);
	relation_close(rel, NoLock);
	return result;
}
