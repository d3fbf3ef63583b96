/*-------------------------------------------------------------------------
 * exchange.c
 *	  Let rows move: cut what is below into a stage of its own.
 *
 * A stage's output is partitioned as its reader needs it, and the reader is an
 * Ir over a leaf that stands for the output.  All hash exchanges of a job that
 * are read together have equally many partitions and hash alike, so rows whose
 * keys are equal meet; an exchange aligned with a table has the table's
 * partitions instead.
 *
 * Rows lose their order on the way, not the promise of it: the keys are still
 * columns, and whoever needs the order sorts by them (ir_apply_order).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "planner/ir.h"
#include "planner/operations.h"
#include "planner/shippable.h"
#include "table/layout.h"

/*
 * A column spreads rows if there are so many of its values for each task, and none of them is
 * on more than this part of the rows that a task is to have.
 */
#define VALUES_PER_TASK	16
#define LARGEST_OF_FAIR_SHARE	0.5

static Ir  *exchange(PlanContext *context, Ir *ir, ExchangeKind kind, List *columns, Oid table);
static void inherit_from_below(Ir *reader, const Ir *below);
static List *count_distinct(const PlanContext *context, const Ir *ir);
static const Var *table_column(const PlanContext *context, const Node *expr, Oid *relid);
static int	distinct_values(Oid relid, AttrNumber attnum);
static double largest_share(Oid relid, AttrNumber attnum);
static LeafPlan *make_exchange_leaf(PlanContext *context, const StagePlan *stage, const Ir *ir);
static Ir  *select_all(const Ir *below, LeafPlan *leaf);
static void set_traits(Ir *ir, const LeafPlan *leaf, const StagePlan *stage);
static bool hashes_alike_everywhere(Oid type);

Ir *
ir_exchange(PlanContext *context, Ir *ir, ExchangeKind kind, List *columns)
{
	return exchange(context, ir, kind, columns, InvalidOid);
}

Ir *
ir_exchange_by(PlanContext *context, Ir *ir, const Bitmapset *columns)
{
	List	   *keys = NIL;
	int			col = -1;

	if (ir->distribution != IR_PARTITIONED)
		return ir;
	while ((col = bms_next_member(columns, col)) >= 0)
	{
		Node	   *column = list_nth(ir->display, col - 1);

		if (exchange_key_reason(exprType(column), exprCollation(column)) == NULL)
			keys = lappend_int(keys, col);
	}
	return keys == NIL ? ir_exchange(context, ir, EXCHANGE_SINGLE, NIL) :
		ir_exchange(context, ir, EXCHANGE_HASH, keys);
}

Ir *
ir_exchange_aligned(PlanContext *context, Ir *ir, List *columns, Oid table)
{
	return exchange(context, ir, EXCHANGE_HASH, columns, table);
}

void
ir_exchange_spread_nulls(Ir *ir)
{
	StagePlan  *stage = llast(ir->stages);

	Assert(stage->exchange == EXCHANGE_HASH);
	stage->spread_nulls = true;
	ir->nulls_spread = true;
}

int
ir_exchange_add_rows(Ir *reader, int kind)
{
	LeafPlan   *leaf = linitial(reader->leaves);
	RangeTblEntry *rte = linitial_node(RangeTblEntry, reader->query->rtable);
	int			column = list_length(leaf->attnums) + 1;

	leaf->attnums = lappend_int(leaf->attnums, kind);
	leaf->types = lappend_oid(leaf->types, INT8OID);
	leaf->typmods = lappend_int(leaf->typmods, -1);
	leaf->collations = lappend_oid(leaf->collations, InvalidOid);
	rte->coltypes = lappend_oid(rte->coltypes, INT8OID);
	rte->coltypmods = lappend_int(rte->coltypmods, -1);
	rte->colcollations = lappend_oid(rte->colcollations, InvalidOid);
	rte->eref->colnames = lappend(rte->eref->colnames, makeString(psprintf("c%d", column)));
	return ir_add_column(reader, (Expr *) makeVar(1, column, INT8OID, -1, InvalidOid, 0),
						 (Expr *) makeNullConst(INT8OID, -1, InvalidOid));
}

Ir *
ir_exchange_read_again(PlanContext *context, const Ir *reader)
{
	LeafPlan   *leaf = copyObject(linitial(reader->leaves));
	Ir		   *ir;

	leaf->index = context->next_leaf++;
	leaf->group = context->next_group++;
	ir = select_all(reader, leaf);
	set_traits(ir, leaf, llast(reader->stages));
	inherit_from_below(ir, reader);
	ir->stages = reader->stages;
	return ir;
}

const char *
exchange_key_reason(Oid type, Oid collation)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type),
											  TYPECACHE_HASH_EXTENDED_PROC | TYPECACHE_EQ_OPR);

	if (!OidIsValid(entry->eq_opr) ||
		(!OidIsValid(entry->hash_extended_proc) && entry->typtype != TYPTYPE_ENUM) ||
		!hashes_alike_everywhere(type))
		return psprintf("type %s cannot be hashed on nodes", format_type_be(type));
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return "rows are not partitioned by a nondeterministic collation";
	return NULL;
}

void
ir_exchange_may_be_unneeded(Ir *ir)
{
	ListCell   *lc;

	foreach(lc, ir->leaves)
	{
		StagePlan  *stage = exchange_stage_of(ir, lfirst(lc));

		if (stage)
			stage->may_be_unneeded = true;
	}
}

StagePlan *
exchange_stage_of(const Ir *ir, const LeafPlan *leaf)
{
	ListCell   *lc;

	foreach(lc, ir->stages)
		if (leaf->stage > 0 && ((StagePlan *) lfirst(lc))->id == leaf->stage)
			return lfirst(lc);
	return NULL;
}

/* What gather and exchange have in common. */
StagePlan *
exchange_make_stage(Ir *ir)
{
	StagePlan  *stage = make_stage_plan();

	stage->operations = operations_of_stage(ir);

	if (ir->distribution == IR_DRIVER)
	{
		stage->distribution = STAGE_DRIVER;
		stage->driver_plan = ir->driver_plan;
		/* nobody looked for volatile functions */
		stage->indeterminate = true;
		return stage;
	}
	stage->distribution = ir->distribution == IR_PARTITIONED ? STAGE_PARTITIONED : STAGE_SINGLE;
	stage->query = ir->query;
	stage->leaves = ir->leaves;
	stage->partial_aggregate = ir->partial_aggregate;
	stage->needs_gate = ir->needs_gate;
	stage->indeterminate = ir->indeterminate;
	stage->prune = ir->prune;
	return stage;
}

void
exchange_leaf_column(const LeafPlan *leaf, int i, Oid *type, int32 *typmod, Oid *collation)
{
	if (OidIsValid(leaf->relid))
	{
		get_atttypetypmodcoll(leaf->relid, list_nth_int(leaf->attnums, i), type, typmod,
							  collation);
		return;
	}
	*type = list_nth_oid(leaf->types, i);
	*typmod = list_nth_int(leaf->typmods, i);
	*collation = list_nth_oid(leaf->collations, i);
}

static Ir *
exchange(PlanContext *context, Ir *ir, ExchangeKind kind, List *columns, Oid table)
{
	StagePlan  *stage;
	Ir		   *reader;

	Assert(ir->distribution == IR_DRIVER || ir_on_nodes(ir));
	Assert(context->bound == NULL);
	Assert((kind == EXCHANGE_HASH) == (columns != NIL));
	if (ir_in_turn(ir))
		elog(ERROR, "rows of parts would not come in turn");
	ir_ensure_column(ir);
	stage = exchange_make_stage(ir);
	stage->id = context->next_stage++;
	stage->exchange = kind;
	stage->hash_columns = columns;
	stage->align_relid = table;
	if (kind == EXCHANGE_BROADCAST || kind == EXCHANGE_SINGLE)
		stage->npartitions = 1;
	if (kind == EXCHANGE_RANGE)
	{
		Assert(ir->order != NIL);
		stage->range_keys = exchange_order_keys(ir);
	}
	stage->rows = ir->rows;
	stage->width = ir->width;
	stage->distinct = count_distinct(context, ir);

	reader = select_all(ir, make_exchange_leaf(context, stage, ir));
	set_traits(reader, linitial(reader->leaves), stage);
	reader->stages = list_concat_unique_ptr(list_copy(ir->stages), list_make1(stage));
	inherit_from_below(reader, ir);
	return reader;
}

static void
inherit_from_below(Ir *reader, const Ir *below)
{
	reader->relids = below->relids;
	reader->init_plans = list_copy(below->init_plans);
	reader->functions = list_copy(below->functions);
	reader->rows = below->rows;
	reader->width = below->width;
	operations_follow(reader, below);
}

/* How many values each column has, if it is one of a table. */
static List *
count_distinct(const PlanContext *context, const Ir *ir)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, ir->display)
	{
		Oid			relid;
		const Var  *var = table_column(context, lfirst(lc), &relid);

		result = lappend_int(result, var ? distinct_values(relid, var->varattno) : 0);
	}
	return result;
}

/* What a column shows, if that is a table's column; else NULL. */
static const Var *
table_column(const PlanContext *context, const Node *expr, Oid *relid)
{
	const Var  *var = (const Var *) expr;
	RangeTblEntry *rte;

	if (!IsA(var, Var) || var->varno <= 0 || var->varattno <= 0 ||
		var->varno > list_length(context->stmt->rtable))
		return NULL;
	rte = rt_fetch(var->varno, context->stmt->rtable);
	*relid = rte->relid;
	return rte->rtekind == RTE_RELATION ? var : NULL;
}

bool
exchange_key_spreads(const PlanContext *context, const Node *display, double tasks)
{
	Oid			relid;
	const Var  *var = table_column(context, display, &relid);

	return var != NULL && distinct_values(relid, var->varattno) >= tasks * VALUES_PER_TASK &&
		largest_share(relid, var->varattno) * tasks <= LARGEST_OF_FAIR_SHARE;
}

/* The part of a table's rows that have the most common value, or NULL, in a column. */
static double
largest_share(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum), BoolGetDatum(false));
	AttStatsSlot slot;
	double		share;

	if (!HeapTupleIsValid(tuple))
		return 0;
	share = ((Form_pg_statistic) GETSTRUCT(tuple))->stanullfrac;
	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_NUMBERS))
	{
		if (slot.nnumbers > 0)
			share = Max(share, slot.numbers[0]);
		free_attstatsslot(&slot);
	}
	ReleaseSysCache(tuple);
	return share;
}

/* By the table's statistics; 0 when there are none. */
static int
distinct_values(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum), BoolGetDatum(false));
	double		count = 0;

	if (!HeapTupleIsValid(tuple))
		return 0;
	count = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
	ReleaseSysCache(tuple);
	if (count < 0)
	{
		tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
		if (!HeapTupleIsValid(tuple))
			return 0;
		count *= -Max(((Form_pg_class) GETSTRUCT(tuple))->reltuples, 0);
		ReleaseSysCache(tuple);
	}
	return Min(count, PG_INT32_MAX);
}

List *
exchange_order_keys(const Ir *ir)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, ir->order)
	{
		IrSortKey  *key = lfirst(lc);
		MergeKey   *merge = make_merge_key();

		merge->resno = key->column;
		merge->sortop = key->sortop;
		merge->collation = key->collation;
		merge->nulls_first = key->nulls_first;
		result = lappend(result, merge);
	}
	return result;
}

static LeafPlan *
make_exchange_leaf(PlanContext *context, const StagePlan *stage, const Ir *ir)
{
	LeafPlan   *leaf = make_leaf_plan();
	ListCell   *lc;

	leaf->index = context->next_leaf++;
	leaf->group = context->next_group++;
	leaf->stage = stage->id;
	leaf->broadcast = stage->npartitions == 1;
	foreach(lc, ir->display)
	{
		Node	   *expr = lfirst(lc);

		context->row_met_exchange |= context->whole_rows && shippable_row_type(exprType(expr));
		leaf->attnums = lappend_int(leaf->attnums, foreach_current_index(lc) + 1);
		leaf->types = lappend_oid(leaf->types, exprType(expr));
		leaf->typmods = lappend_int(leaf->typmods, exprTypmod(expr));
		leaf->collations = lappend_oid(leaf->collations, exprCollation(expr));
	}
	return leaf;
}

/* SELECT every column FROM leaf, which has the columns of below. */
static Ir *
select_all(const Ir *below, LeafPlan *leaf)
{
	Ir		   *ir = ir_make();
	Index		rtindex = ir_add_leaf_input(ir->query, leaf);
	ListCell   *lc;

	ir->leaves = list_make1(leaf);
	foreach(lc, below->display)
	{
		int			i = foreach_current_index(lc);
		Oid			type;
		int32		typmod;
		Oid			collation;

		exchange_leaf_column(leaf, i, &type, &typmod, &collation);
		ir_add_column(ir, (Expr *) makeVar(rtindex, i + 1, type, typmod, collation, 0),
					  lfirst(lc));
	}
	foreach(lc, below->order)
	{
		IrSortKey  *key = palloc(sizeof(IrSortKey));

		memcpy(key, lfirst(lc), sizeof(IrSortKey));
		ir->order = lappend(ir->order, key);
	}
	return ir;
}

/* Where the rows are after the exchange. */
static void
set_traits(Ir *ir, const LeafPlan *leaf, const StagePlan *stage)
{
	ListCell   *lc;

	switch (stage->exchange)
	{
		case EXCHANGE_BROADCAST:
			ir->distribution = IR_BROADCAST;
			return;
		case EXCHANGE_SINGLE:
			ir->distribution = IR_SINGLE;
			return;
		default:
			ir->distribution = IR_PARTITIONED;
			ir->group = leaf->group;
			break;
	}
	if (stage->exchange != EXCHANGE_HASH)
		return;
	ir->anchor = stage->align_relid;
	ir->hashed = !OidIsValid(stage->align_relid);
	foreach(lc, stage->hash_columns)
	{
		ir->keys = lappend(ir->keys, bms_make_singleton(lfirst_int(lc)));
		ir->key_types = lappend_oid(ir->key_types,
									list_nth_oid(leaf->types, lfirst_int(lc) - 1));
	}
}

/*
 * Does the type's hash see nothing but values?  Those of enums and of what
 * names an object are OIDs; an enum alone is hashed by its label instead.
 */
static bool
hashes_alike_everywhere(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);

	if (OidIsValid(element))
		return !type_is_enum(element) && hashes_alike_everywhere(element);
	switch (get_typtype(base))
	{
		case TYPTYPE_BASE:
		case TYPTYPE_ENUM:
			return true;
		case TYPTYPE_RANGE:
			element = get_range_subtype(base);
			return !type_is_enum(element) && hashes_alike_everywhere(element);
		case TYPTYPE_MULTIRANGE:
			return hashes_alike_everywhere(get_multirange_range(base));
		default:
			return false;
	}
}
