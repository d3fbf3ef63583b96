/*-------------------------------------------------------------------------
 * key_stage.c
 *	  Ask one side of a join for its keys before rows of the other side move.
 *
 * Where rows move to the partitions of a table that they are joined with, what
 * the join leaves of the table is not known before they are there.  A stage of
 * kind keys asks the same query of the same shards for the keys alone, and
 * whoever sends rows drops those without a partner.  So the table's side is
 * read twice, which pays when it is small and keeps few of the table's rows.
 *
 * The stage is a help only: what it fails with is raised where the side is
 * really read, if it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/syscache.h"

#include "planner/key_stage.h"
#include "planner/planner.h"

/* Fewer rows are not worth the wait, nor a side that keeps most of a table's. */
#define MIN_DROPPED_ROWS	10000
#define MAX_KEPT			0.5

static bool can_be_asked_twice(const Ir *side, bool tables_only);
static bool pays(const Ir *side, const Ir *moved);
static double rows_of_table(Oid relid);
static StagePlan *make_key_stage(PlanContext *context, const Ir *side, List *columns);

void
key_stage_filter(PlanContext *context, Ir *moved, const Ir *side, List *columns, bool tables_only)
{
	StagePlan  *keys = NULL;
	ListCell   *lc;

	if (planner_runtime_filters == RUNTIME_FILTERS_OFF || moved->distribution != IR_PARTITIONED ||
		!can_be_asked_twice(side, tables_only) ||
		(planner_runtime_filters == RUNTIME_FILTERS_ON && !pays(side, moved)))
		return;
	foreach(lc, moved->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		StagePlan  *stage = exchange_stage_of(moved, leaf);

		if (stage == NULL || leaf->broadcast || leaf->group != moved->group ||
			stage->exchange != EXCHANGE_HASH || stage->filter > 0 ||
			stage->distribution == STAGE_DRIVER ||
			!bms_is_member(leaf->index, planner_reached_leaves(moved->query)))
			continue;
		if (keys == NULL)
			keys = make_key_stage(context, side, columns);
		stage->filter = keys->id;
	}
	if (keys)
		moved->stages = list_concat_unique_ptr(lappend(list_copy(side->stages), keys),
											   moved->stages);
}

/* Asked again, it has the same rows, and does not ask others much. */
static bool
can_be_asked_twice(const Ir *side, bool tables_only)
{
	ListCell   *lc;

	if (side->distribution != IR_PARTITIONED || !OidIsValid(side->anchor) ||
		side->indeterminate || side->needs_gate || side->partial_aggregate || side->limit >= 0)
		return false;
	foreach(lc, side->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage > 0 && (tables_only || !leaf->broadcast))
			return false;
	}
	return true;
}

/* By estimates: more rows are dropped than are read for it. */
static bool
pays(const Ir *side, const Ir *moved)
{
	double		all = rows_of_table(side->anchor);
	double		kept = all > 0 ? side->rows / all : 1;
	double		dropped = moved->rows * (1 - kept);
	double		read = 0;
	ListCell   *lc;

	foreach(lc, side->leaves)
		if (OidIsValid(((LeafPlan *) lfirst(lc))->relid))
			read += rows_of_table(((LeafPlan *) lfirst(lc))->relid);
	return kept <= MAX_KEPT && dropped >= MIN_DROPPED_ROWS && dropped >= read;
}

/* As last counted; 0: nobody knows. */
static double
rows_of_table(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	double		rows = 0;

	if (HeapTupleIsValid(tuple))
	{
		rows = Max(((Form_pg_class) GETSTRUCT(tuple))->reltuples, 0);
		ReleaseSysCache(tuple);
	}
	return rows;
}

/* Copies of all that the side itself goes on with. */
static StagePlan *
make_key_stage(PlanContext *context, const Ir *side, List *columns)
{
	Ir		   *copy = palloc(sizeof(Ir));
	IrScope		scope;
	Ir		   *ir;
	StagePlan  *stage;
	ListCell   *lc;

	memcpy(copy, side, sizeof(Ir));
	copy->query = copyObject(side->query);
	copy->leaves = copyObject(side->leaves);
	copy->prune = copyObject(side->prune);
	ir = ir_over(copy, &scope);
	foreach(lc, columns)
	{
		Expr	   *expr = list_nth(side->display, lfirst_int(lc) - 1);

		ir_add_column(ir, (Expr *) makeVar(scope.inputs[0].rtindex, lfirst_int(lc),
										   exprType((Node *) expr), exprTypmod((Node *) expr),
										   exprCollation((Node *) expr), 0),
					  expr);
	}
	stage = exchange_make_stage(ir);
	stage->id = context->next_stage++;
	stage->exchange = EXCHANGE_KEYS;
	stage->npartitions = 1;
	foreach(lc, columns)
		stage->hash_columns = lappend_int(stage->hash_columns, foreach_current_index(lc) + 1);
	stage->may_be_unneeded = true;
	stage->rows = side->rows;
	stage->width = side->width;
	return stage;
}
