/*-------------------------------------------------------------------------
 * join.c
 *	  HashJoin over batches.
 *
 * The inner rows are kept in a row store, and found by their keys: rows of one
 * key are a chain.  Each batch of outer rows becomes pairs of an outer row and
 * an inner row, as many at a time as a batch holds; what the join condition
 * says beside the keys is asked of pairs.  Rows without a partner follow, of
 * outer rows with each batch, of inner rows at the end.
 *
 * If the inner rows need more than hash_mem, both sides are written to files
 * by the hash of their keys, and joined file by file in the same way.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vector/join_pairs.h"
#include "vector/shared_rows.h"

/* So many times more inner rows than outer ones make it worth to keep the outer ones. */
#define FLIP_FACTOR		2

/* What a row that is kept takes, beside its values, at most: in the table, and twice that while it grows. */
#define KEPT_ROW_BYTES	100

static VecBatch *join_next(VecNode *node);
static void join_rescan(VecNode *node);
static void join_end(VecNode *node);
static void join_filter(VecNode *node, int column, const ValueFilter *filter);
static void join_explain(VecNode *node, ExplainState *es);
static Size marks_size(VecNode *node);
static void share_marks(VecNode *node, void *shared, ParallelContext *pcxt);
static void reshare_marks(VecNode *node, void *shared);
static void attach_marks(VecNode *node, void *shared);
static void detach_marks(VecNode *node);
static void create_side(VecJoin *join, Side *side, VecQuery *query, Plan *plan, Plan *aware, List *keys, bool careful);
static int	side_column(VecExprContext *context, const Var *var);
static void forget_parts(VecJoin *join);
static bool build(VecJoin *join);
static void start(VecJoin *join);
static void choose_kept_rows(VecJoin *join);
static void offer_filters(VecJoin *join);
static VecBatch *next_batch(VecJoin *join, Side *side);
static VecBatch *read_batch(VecJoin *join, Side *side);
static void find_keys(VecJoin *join, Side *side, VecBatch *batch);
static void add_inner(VecJoin *join, VecBatch *batch);
static void put_aside(VecJoin *join, Side *side, VecBatch *batch, bool wanted_alone);
static void spill_store(VecJoin *join, int bits);
static void spill_outer(VecJoin *join);
static void next_outer(VecJoin *join);
static void find_chains(VecJoin *join);

static const VecNodeMethods methods = {
	.name = "Hash Join",
	.next = join_next,
	.rescan = join_rescan,
	.end = join_end,
	.filter = join_filter,
	.explain = join_explain
};

/* One that is flipped. */
static const VecNodeMethods flipped_methods = {
	.name = "Hash Join",
	.next = join_next,
	.rescan = join_rescan,
	.end = join_end,
	.filter = join_filter,
	.explain = join_explain,
	.shared_size = marks_size,
	.share = share_marks,
	.reshare = reshare_marks,
	.attach = attach_marks,
	.detach = detach_marks
};

/* Values of one key on both sides that have one form in a group table. */
static bool
key_supported(Node *outer, Node *inner, Oid operator)
{
	VecType		a;
	VecType		b;
	RegProcedure left;
	RegProcedure right;

	vec_type_init(&a, exprType(outer), exprTypmod(outer), exprCollation(outer));
	vec_type_init(&b, exprType(inner), exprTypmod(inner), exprCollation(inner));
	if (!get_op_hash_functions(operator, &left, &right))
		return false;
	/* integers of any width are one word */
	if ((a.kind == VEC_INT32 || a.kind == VEC_INT64) && (b.kind == VEC_INT32 || b.kind == VEC_INT64) &&
		a.typid != b.typid)
		return (a.typid == INT2OID || a.typid == INT4OID || a.typid == INT8OID) &&
			(b.typid == INT2OID || b.typid == INT4OID || b.typid == INT8OID);
	return a.typid == b.typid && left == right;
}

bool
vec_join_supported(Plan *plan)
{
	HashJoin   *join = (HashJoin *) plan;
	ListCell   *lo;
	ListCell   *li;
	ListCell   *lop;
	Hash	   *hash;

	if (!IsA(plan, HashJoin))
		return false;
	hash = (Hash *) innerPlan(plan);
	if (!IsA(hash, Hash) || hash->plan.parallel_aware != plan->parallel_aware)
		return false;
	if (!vec_expr_supported((Node *) plan->targetlist) || !vec_expr_supported((Node *) plan->qual) ||
		!vec_expr_supported((Node *) join->join.joinqual) || !vec_expr_supported((Node *) join->hashkeys) ||
		!vec_expr_supported((Node *) hash->hashkeys))
		return false;
	forthree(lo, join->hashkeys, li, hash->hashkeys, lop, join->hashoperators)
		if (!key_supported(lfirst(lo), lfirst(li), lfirst_oid(lop)))
			return false;
	return true;
}

/* ---------------- making it ---------------- */

VecNode *
vec_join_create(VecQuery *query, Plan *plan, bool careful)
{
	VecJoin    *join = palloc0(sizeof(VecJoin));
	Hash	   *hash = (Hash *) innerPlan(plan);
	ListCell   *lo;
	ListCell   *li;

	join->plan = (HashJoin *) plan;
	join->type = join->plan->join.jointype;
	join->flipped = !careful && (join->type == JOIN_SEMI || join->type == JOIN_ANTI) &&
		outerPlan(plan)->plan_rows * FLIP_FACTOR < innerPlan(plan)->plan_rows;
	vec_node_init(&join->node, join->flipped ? &flipped_methods : &methods, query, plan, careful);
	join->nkeys = list_length(join->plan->hashkeys);
	/* inner rows are all read before the first is given */
	create_side(join, join->flipped ? &join->inner : &join->outer, query, outerPlan(plan),
				plan->parallel_aware && join->flipped ? plan : NULL, join->plan->hashkeys, careful);
	create_side(join, join->flipped ? &join->outer : &join->inner, query, outerPlan(&hash->plan),
				plan->parallel_aware ? &hash->plan : NULL, hash->hashkeys, false);
	join->node.left = join->flipped ? join->inner.node : join->outer.node;
	join->node.right = join->flipped ? join->outer.node : join->inner.node;

	join->key_types = palloc(sizeof(VecType) * join->nkeys);
	join->operators = palloc(sizeof(Oid) * join->nkeys);
	forboth(lo, join->plan->hashkeys, li, hash->hashkeys)
	{
		int			i = foreach_current_index(lo);
		VecType    *type = &join->key_types[i];
		Node	   *outer = join->flipped ? lfirst(li) : lfirst(lo);
		Node	   *inner = join->flipped ? lfirst(lo) : lfirst(li);

		join->operators[i] = list_nth_oid(join->plan->hashoperators, i);
		vec_type_init(type, exprType(inner), exprTypmod(inner), list_nth_oid(join->plan->hashcollations, i));
		/* what is kept by type modifier, both sides must have */
		if (exprTypmod(outer) != exprTypmod(inner) || type->kind == VEC_DECIMAL)
			vec_type_init(type, exprType(inner), -1, list_nth_oid(join->plan->hashcollations, i));
	}
	join->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector join", ALLOCSET_DEFAULT_SIZES);
	join->spilling = AllocSetContextCreate(CurrentMemoryContext, "barks vector join files",
										   ALLOCSET_DEFAULT_SIZES);
	join->groups = palloc(sizeof(uint32) * VEC_MAX_ROWS);
	join->chains = palloc(sizeof(uint32) * VEC_MAX_ROWS);
	join->outer_matched = palloc(sizeof(bool) * VEC_MAX_ROWS);
	join_create_pairs(join, query, careful);
	return &join->node;
}

/* aware: the node for whose sake the rows are shared by processes; NULL: they are not. */
static void
create_side(VecJoin *join, Side *side, VecQuery *query, Plan *plan, Plan *aware, List *keys, bool careful)
{
	ListCell   *lc;

	side->node = aware ? vec_shared_rows_create(query, aware, plan) : vec_node_create(query, plan, careful);
	side->context.parent = query->parent;
	side->context.by_rows = &join->node.by_rows;
	side->context.ncolumns = side->node->ncolumns;
	side->context.types = side->node->types;
	side->context.column_of = side_column;
	side->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector join keys",
													   ALLOCSET_DEFAULT_SIZES);
	side->keys = palloc(sizeof(VecExpr *) * join->nkeys);
	side->key_columns = palloc(sizeof(Vec *) * join->nkeys);
	foreach(lc, keys)
	{
		side->keys[foreach_current_index(lc)] = vec_expr_compile(&side->context, lfirst(lc));
		side->one_by_one |= careful && !IsA(lfirst(lc), Var);
	}
}

static int
side_column(VecExprContext *context, const Var *var)
{
	return var->varattno - 1;
}

/* ---------------- running ---------------- */

static VecBatch *
join_next(VecNode *node)
{
	VecJoin    *join = (VecJoin *) node;
	VecBatch   *given;

	while ((given = vec_projection_next(&join->projection)) == NULL)
	{
		int			n = 0;

		CHECK_FOR_INTERRUPTS();
		if (join->state == JOIN_BUILD)
		{
			if (!build(join))
				return NULL;
		}
		else if (join->state == JOIN_INNER_ALONE)
		{
			n = join_inner_alone(join);
			if (n == 0)
				join->state = JOIN_BUILD;
		}
		else if (join->batch && join->position < join->outer.nwith_keys)
		{
			if (join->flipped && join->nconditions == 0)
				join_mark(join);
			else
				n = join_fill_pairs(join);
		}
		else if (join->batch && join_keeps_outer(join) && !join->outer_given)
		{
			n = join_outer_alone(join);
			join->outer_given = true;
		}
		else
			next_outer(join);
		if (n > 0)
			vec_projection_begin(&join->projection, &join->pairs);
	}
	return given;
}

static void
join_rescan(VecNode *node)
{
	VecJoin    *join = (VecJoin *) node;

	vec_node_rescan(node->left);
	vec_node_rescan(node->right);
	vec_projection_reset(&join->projection);
	for (int i = 0; i < join->nconditions; i++)
		vec_expr_forget(join->conditions[i]);
	for (int i = 0; i < join->nkeys; i++)
	{
		vec_expr_forget(join->outer.keys[i]);
		vec_expr_forget(join->inner.keys[i]);
	}
	forget_parts(join);
	join->state = JOIN_BUILD;
	join->started = false;
	join->batch = NULL;
	join->outer.batch = NULL;
}

static void
join_end(VecNode *node)
{
	forget_parts((VecJoin *) node);
}

static void
forget_parts(VecJoin *join)
{
	ListCell   *lc;

	foreach(lc, join->parts)
	{
		JoinPart   *part = lfirst(lc);

		if (part->outer)
			vec_spill_part_close(part->outer);
		if (part->inner)
			vec_spill_part_close(part->inner);
	}
	if (join->outer.part)
		vec_spill_part_close(join->outer.part);
	join->outer.part = join->inner.part = NULL;
	join->parts = NIL;
	join->outer.spill = join->inner.spill = NULL;
	MemoryContextReset(join->spilling);
}

static void
join_explain(VecNode *node, ExplainState *es)
{
	if (((VecJoin *) node)->flipped)
		ExplainPropertyText("Built Side", "outer", es);
}

/* ---------------- inner rows ---------------- */

/*
 * Keep the inner rows of the next part, or of the whole input at the start; false
 * when there is nothing more to join.
 */
static bool
build(VecJoin *join)
{
	VecBatch   *batch;
	int			bits = 0;

	if (join->started)
	{
		JoinPart   *part;

		if (join->parts == NIL)
			return false;
		part = linitial(join->parts);
		join->parts = list_delete_first(join->parts);
		join->outer.part = part->outer;
		join->inner.part = part->inner;
		bits = part->outer ? part->outer->bits : part->inner->bits;
	}
	join->by_parts = join->started;
	if (join->flipped && !join->started)
		choose_kept_rows(join);
	join->started = true;
	start(join);
	while ((batch = next_batch(join, &join->inner)) != NULL)
	{
		find_keys(join, &join->inner, batch);
		if (join->inner.spill)
			put_aside(join, &join->inner, batch, join_keeps_inner(join));
		else
			add_inner(join, batch);
		join->node.stats.peak = Max(join->node.stats.peak, MemoryContextMemAllocated(join->memory, true));
		if (!join->inner.spill && bits < VEC_SPILL_MAX_BITS && !join->marks_shared &&
			MemoryContextMemAllocated(join->memory, true) > join->empty_size + get_hash_memory_limit())
			spill_store(join, bits);
	}
	if (join->inner.spill)
	{
		spill_outer(join);
		return true;			/* parts are there, or nothing is left to do */
	}
	if (join_keeps_inner(join))
		join->matched = MemoryContextAllocExtended(join->memory, Max(row_store_count(join->store), 1),
												   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (join->table)
		group_table_close(join->table);
	join->batch = NULL;
	join->next_inner = 0;
	join->last_inner = join->marks_shared ? 0 : row_store_count(join->store);
	if (row_store_count(join->store) > 0 || join_keeps_outer(join))
	{
		join->state = JOIN_PROBE;
		if (!join->by_parts && !join_keeps_outer(join))
			offer_filters(join);
	}
	else if (join->outer.part)
	{
		vec_spill_part_close(join->outer.part);
		join->outer.part = NULL;
	}
	else
		join->parts = NIL;
	return true;
}

static void
start(VecJoin *join)
{
	MemoryContextReset(join->memory);
	join->table = group_table_create(join->nkeys, join->nkeys, join->key_types, join->operators, 0,
									 join->memory);
	join->store = row_store_create(join->inner.node->ncolumns, join->inner.node->types, join->memory);
	join->capacity = VEC_MAX_ROWS;
	join->first = MemoryContextAllocZero(join->memory, sizeof(uint32) * join->capacity);
	join->next = MemoryContextAllocZero(join->memory, sizeof(uint32) * join->capacity);
	join->matched = NULL;
	join->empty_size = MemoryContextMemAllocated(join->memory, true);
}

/* The rows of a side: of the file at hand, or of the node. */
static VecBatch *
next_batch(VecJoin *join, Side *side)
{
	if (!side->one_by_one)
		return read_batch(join, side);
	if (side->batch == NULL || side->next == side->batch->nsel)
	{
		side->batch = read_batch(join, side);
		side->next = 0;
		if (side->batch == NULL)
			return NULL;
		vec_batch_load(side->batch);
	}
	side->row = *side->batch;
	side->row_number = side->batch->sel ? side->batch->sel[side->next] : side->next;
	side->next++;
	side->row.sel = &side->row_number;
	side->row.nsel = 1;
	return &side->row;
}

static VecBatch *
read_batch(VecJoin *join, Side *side)
{
	if (side->part == NULL)
		return join->by_parts ? NULL : vec_node_next(side->node);
	if (side->reader == NULL)
		side->reader = vec_spill_reader_create(side->node->ncolumns, side->node->types);
	{
		VecBatch   *batch = vec_spill_read(side->reader, side->part);

		if (batch == NULL)
			side->part = NULL;
		return batch;
	}
}

/* Evaluate the keys of a batch's rows; those without NULLs go to with_keys. */
static void
find_keys(VecJoin *join, Side *side, VecBatch *batch)
{
	int			k = 0;
	bool		any_null = false;

	MemoryContextReset(side->context.batch_memory);
	for (int i = 0; i < join->nkeys; i++)
	{
		side->key_columns[i] = vec_expr_eval(side->keys[i], batch, batch->sel, batch->nsel);
		any_null |= side->key_columns[i]->nulls != NULL;
	}
	if (!any_null)
		VEC_FOR_EACH(row, batch->sel, batch->nsel, side->with_keys[k++] = row);
	else
		VEC_FOR_EACH(row, batch->sel, batch->nsel,
					 bool		isnull = false;

					 for (int i = 0; i < join->nkeys; i++)
						 isnull |= VEC_IS_NULL(side->key_columns[i], row);
					 side->with_keys[k] = row;
					 k += !isnull);
	side->nwith_keys = k;
}

/* Rows with a NULL among the keys are nobody's partner. */
static void
add_inner(VecJoin *join, VecBatch *batch)
{
	Side	   *side = &join->inner;
	uint32		from = row_store_count(join->store);
	MemoryContext old = MemoryContextSwitchTo(side->context.batch_memory);

	group_table_find(join->table, side->key_columns, side->with_keys, side->nwith_keys, join->groups, NULL);
	vec_batch_load(batch);
	row_store_add(join->store, batch->columns, side->with_keys, side->nwith_keys);
	if (join_keeps_inner(join) && side->nwith_keys < batch->nsel)
	{
		uint16		alone[VEC_MAX_ROWS];
		int			k = 0;
		int			next = 0;

		VEC_FOR_EACH(row, batch->sel, batch->nsel,
					 if (next < side->nwith_keys && side->with_keys[next] == row)
					 next++;
					 else
					 alone[k++] = row);
		row_store_add(join->store, batch->columns, alone, k);
	}
	MemoryContextSwitchTo(old);
	while (join->capacity < row_store_count(join->store))
	{
		join->first = repalloc_huge(join->first, sizeof(uint32) * (Size) join->capacity * 2);
		join->next = repalloc_huge(join->next, sizeof(uint32) * (Size) join->capacity * 2);
		memset(join->first + join->capacity, 0, sizeof(uint32) * (Size) join->capacity);
		join->capacity *= 2;
	}
	for (int i = 0; i < side->nwith_keys; i++)
	{
		uint32		group = join->groups[side->with_keys[i]];

		join->next[from + i] = join->first[group];
		join->first[group] = from + i + 1;
	}
}

/* ---------------- flipped joins of several processes ---------------- */

static Size
marks_size(VecNode *node)
{
	return shared_marks_size();
}

static void
share_marks(VecNode *node, void *shared, ParallelContext *pcxt)
{
	/* no memory that could be shared: there will be no workers either */
	if (pcxt->seg)
		((VecJoin *) node)->marks = shared_marks_create(shared, pcxt);
}

static void
reshare_marks(VecNode *node, void *shared)
{
	if (((VecJoin *) node)->marks)
		shared_marks_reset(((VecJoin *) node)->marks);
}

static void
attach_marks(VecNode *node, void *shared)
{
	((VecJoin *) node)->marks = shared_marks_attach(shared);
}

static void
detach_marks(VecNode *node)
{
	((VecJoin *) node)->marks = NULL;
}

/* All processes find the same. */
static void
choose_kept_rows(VecJoin *join)
{
	int64		rows;
	int64		bytes;

	join->marks_shared = false;
	if (join->marks == NULL || !vec_shared_rows_count(join->inner.node, &rows, &bytes))
		return;
	join->marks_shared = rows * KEPT_ROW_BYTES + bytes < get_hash_memory_limit();
	if (join->marks_shared)
	{
		vec_shared_rows_keep_own(join->outer.node);
		shared_marks_begin(join->marks);
	}
	else
		vec_shared_rows_keep_own(join->inner.node);
}

/* ---------------- value filters ---------------- */

/*
 * Outer rows without a partner are not needed: whoever makes them may know before.  Of a flipped
 * join whose processes keep inner rows of their own, others need other outer rows.
 */
static void
offer_filters(VecJoin *join)
{
	ListCell   *lc;

	if (join->flipped && join->marks && !join->marks_shared)
		return;
	foreach(lc, join->flipped ? ((Hash *) innerPlan(join->node.plan))->hashkeys : join->plan->hashkeys)
	{
		Var		   *key = lfirst(lc);
		ValueFilter *filter;

		if (!IsA(key, Var) || !join->keys_safe)
			continue;
		filter = value_filter_create(join->table, foreach_current_index(lc), join->memory);
		if (filter)
			vec_node_filter(join->outer.node, key->varattno - 1, filter);
	}
}

/*
 * To the side that the column is of, if rows of it that are left out change nothing but that rows
 * made of them are.  Without inner rows the outer side is not read at all, and raises no error.
 */
static void
join_filter(VecNode *node, int column, const ValueFilter *filter)
{
	VecJoin    *join = (VecJoin *) node;
	Var		   *var = (Var *) list_nth_node(TargetEntry, node->plan->targetlist, column)->expr;
	int			nouter = join->outer.node->ncolumns;
	int			pair_column;

	if (!IsA(var, Var) || !node->safe || join->type == JOIN_FULL)
		return;
	pair_column = join_pair_column(join, var);
	if (pair_column < nouter && join->type != JOIN_RIGHT)
		vec_node_filter(join->outer.node, pair_column, filter);
	else if (pair_column >= nouter && (join->type == JOIN_INNER || join->type == JOIN_RIGHT || join->flipped) &&
			 vec_node_is_safe(join->outer.node))
		vec_node_filter(join->inner.node, pair_column - nouter, filter);
}

/* ---------------- files ---------------- */

/* Rows of a batch whose keys are at hand go to files; those without a partner only if they are wanted alone. */
static void
put_aside(VecJoin *join, Side *side, VecBatch *batch, bool wanted_alone)
{
	const uint16 *sel = wanted_alone ? batch->sel : side->with_keys;
	int			n = wanted_alone ? batch->nsel : side->nwith_keys;
	MemoryContext old = MemoryContextSwitchTo(side->context.batch_memory);

	group_table_hash(join->table, side->key_columns, sel, n);
	vec_batch_load(batch);
	vec_spill_write(side->spill, batch->columns, sel, n, group_table_hashes(join->table));
	join->node.stats.spilled_rows += n;
	MemoryContextSwitchTo(old);
}

/* There are too many inner rows: those that are kept go to files, as will the others. */
static void
spill_store(VecJoin *join, int bits)
{
	MemoryContext old = MemoryContextSwitchTo(join->spilling);
	int			ncolumns = join->inner.node->ncolumns;
	uint32		numbers[VEC_MAX_ROWS];
	VecBatch	batch = {.ncolumns = ncolumns, .columns = palloc(sizeof(Vec *) * Max(ncolumns, 1))};
	bool	  **nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));

	join->inner.spill = vec_spill_create(ncolumns, join->inner.node->types, bits);
	join->outer.spill = vec_spill_create(join->outer.node->ncolumns, join->outer.node->types, bits);
	for (int i = 0; i < ncolumns; i++)
	{
		batch.columns[i] = vec_create(join->inner.node->types[i].kind, VEC_MAX_ROWS);
		nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	for (uint32 from = 0; from < row_store_count(join->store); from += vec_batch_rows())
	{
		int			n = Min(vec_batch_rows(), row_store_count(join->store) - from);

		for (int i = 0; i < n; i++)
			numbers[i] = from + i;
		for (int i = 0; i < ncolumns; i++)
			row_store_gather(join->store, i, numbers, NULL, n, batch.columns[i], nulls[i]);
		batch.nrows = batch.nsel = n;
		find_keys(join, &join->inner, &batch);
		put_aside(join, &join->inner, &batch, join_keeps_inner(join));
	}
	MemoryContextSwitchTo(old);
	start(join);				/* the table is still asked for hashes */
}

/* The outer rows follow; then both sides' files are paired. */
static void
spill_outer(VecJoin *join)
{
	VecBatch   *batch;
	List	   *outer;
	List	   *inner;
	MemoryContext old;

	while ((batch = next_batch(join, &join->outer)) != NULL)
	{
		find_keys(join, &join->outer, batch);
		put_aside(join, &join->outer, batch, join_keeps_outer(join));
	}
	old = MemoryContextSwitchTo(join->spilling);
	outer = vec_spill_finish(join->outer.spill, NIL);
	inner = vec_spill_finish(join->inner.spill, NIL);
	join->outer.spill = join->inner.spill = NULL;
	while (outer != NIL || inner != NIL)
	{
		JoinPart   *part = palloc0(sizeof(JoinPart));
		VecSpillPart *o = outer ? linitial(outer) : NULL;
		VecSpillPart *i = inner ? linitial(inner) : NULL;

		if (o && (i == NULL || o->number <= i->number))
		{
			part->outer = o;
			outer = list_delete_first(outer);
		}
		if (i && (o == NULL || i->number <= o->number))
		{
			part->inner = i;
			inner = list_delete_first(inner);
		}
		join->parts = lappend(join->parts, part);
	}
	MemoryContextSwitchTo(old);
}

/* ---------------- outer rows, and pairs ---------------- */

static void
next_outer(VecJoin *join)
{
	MemoryContext old;

	join->batch = next_batch(join, &join->outer);
	if (join->batch == NULL)
	{
		if (join->marks_shared)
			shared_marks_merge(join->marks, join->matched, row_store_count(join->store));
		join->state = join_keeps_inner(join) ? JOIN_INNER_ALONE : JOIN_BUILD;
		return;
	}
	find_keys(join, &join->outer, join->batch);
	old = MemoryContextSwitchTo(join->outer.context.batch_memory);
	group_table_find(join->table, join->outer.key_columns, join->outer.with_keys, join->outer.nwith_keys,
					 join->groups, NULL);
	find_chains(join);
	MemoryContextSwitchTo(old);
	memset(join->outer_matched, 0, sizeof(bool) * join->batch->nrows);
	join->outer_given = false;
	join->position = 0;
	join->chain = 0;
}

/*
 * Where the chains of the outer rows begin: all at once, so that they do not wait for memory one by one.
 * Of rows without one, no more columns are asked for unless they are given alone.
 */
static void
find_chains(VecJoin *join)
{
	Side	   *outer = &join->outer;
	uint32	   *groups = join->groups;
	uint32	   *chains = join->chains;
	int			k = 0;

	for (int i = 0; i < outer->nwith_keys; i++)
	{
		int			row = outer->with_keys[i];

		chains[row] = groups[row] == GROUP_NONE ? 0 : join->first[groups[row]];
		outer->with_keys[k] = row;
		k += groups[row] != GROUP_NONE;
	}
	outer->nwith_keys = k;
	for (int i = 0; i < k; i++)
		__builtin_prefetch(&join->next[chains[outer->with_keys[i]] - 1]);
	if (!join_keeps_outer(join) && !outer->one_by_one)
	{
		join->batch->sel = outer->with_keys;
		join->batch->nsel = k;
	}
}
