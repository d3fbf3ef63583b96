/*-------------------------------------------------------------------------
 * sort.c
 *	  Sort over batches.
 *
 * Rows are kept column by column, and their numbers sorted.  If only the first
 * rows are asked for, no more than a few times as many are kept: the others are
 * dropped from time to time, and then all that come behind the last one.
 *
 * When the rows need more than work_mem, they go to files by ranges of their first
 * key, which are then sorted one after the other, those that are still too large in the
 * same way.  Where ranges cannot be told apart, or few rows are asked for that
 * need more, PostgreSQL's tuplesort gets the rows: it knows how to sort by files.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "vector/node.h"
#include "vector/row_sort.h"
#include "vector/row_store.h"
#include "vector/slot_batch.h"
#include "vector/sort_key.h"
#include "vector/sort_ranges.h"

/* Rows beyond those wanted that are kept before they are sorted, at least. */
#define SPARE_ROWS		4096

typedef struct VecSort
{
	VecNode		node;
	Sort	   *plan;
	SortKey    *keys;
	int64		bound;			/* rows that are asked for; -1: all */

	MemoryContext memory;		/* of all rows; reset on rescan */
	MemoryContext batch_memory; /* of a batch on its way to PostgreSQL */
	MemoryContext rows;			/* of those in the store; reset when rows are dropped */
	RowStore   *store;
	Size		empty_size;		/* of memory, without rows */
	bool		sorted;			/* the input is read */
	uint32	   *order;			/* of the store's rows */
	uint32		next;			/* in this order */
	int64		dropped;		/* rows, as they came */

	bool		dropping;		/* what comes behind row bound - 1 of the store is not wanted */
	SortForm	last_form;		/* of that row's first key */
	uint64		last_word;
	uint16		kept[VEC_MAX_ROWS];

	/* in files, if there is not enough memory */
	SortRanges *ranges;			/* being written; NULL: rows are in the store */
	List	   *parts;			/* of VecSpillPart, in their order */
	VecSpillReader *reader;

	Tuplesortstate *tuplesort;	/* NULL: rows are in the store */
	TupleTableSlot *in;
	TupleTableSlot *out;
	SlotBatch  *slots;
	int64		given;			/* rows of it */

	VecBatch	batch;			/* that is given */
	bool	  **nulls;
} VecSort;

static VecBatch *sort_next(VecNode *node);
static void sort_rescan(VecNode *node);
static void sort_end(VecNode *node);
static void sort_bound(VecNode *node, int64 rows);
static void sort_explain(VecNode *node, ExplainState *es);
static void sort_input(VecSort *sort);
static bool sort_next_part(VecSort *sort);
static void sort_rows(VecSort *sort, VecSpillPart *part);
static void forget_parts(VecSort *sort);
static bool begin_ranges(VecSort *sort);
static void put_in_ranges(VecSort *sort, VecBatch *batch);
static void leave_ranges(VecSort *sort);
static void drop_behind(VecSort *sort, VecBatch *batch);
static bool before_last(VecSort *sort, SortForm form, const Vec *vec, int row, const Vec *column);
static void keep_first(VecSort *sort);
static void use_tuplesort(VecSort *sort);
static void put_in_tuplesort(VecSort *sort, VecBatch *batch);
static void put_store(VecSort *sort, void (*put) (VecSort *sort, VecBatch *batch));
static VecBatch *next_of_tuplesort(VecSort *sort);
static VecBatch *gather(VecSort *sort, RowStore *store, const uint32 *rows, int n);

static const VecNodeMethods methods = {
	.name = "Sort",
	.next = sort_next,
	.rescan = sort_rescan,
	.end = sort_end,
	.bound = sort_bound,
	.explain = sort_explain
};

bool
vec_sort_supported(Plan *plan)
{
	Sort	   *sort = (Sort *) plan;

	for (int i = 0; i < sort->numCols; i++)
	{
		TargetEntry *tle = list_nth(plan->targetlist, sort->sortColIdx[i] - 1);

		if (!sort_key_supported((Node *) tle->expr, sort->sortOperators[i]))
			return false;
	}
	return true;
}

VecNode *
vec_sort_create(VecQuery *query, Plan *plan, bool careful)
{
	VecSort    *sort = palloc0(sizeof(VecSort));
	Sort	   *node = sort->plan = (Sort *) plan;
	int			ncolumns;

	vec_node_init(&sort->node, &methods, query, plan, careful);
	/* all is read before the first row is given */
	sort->node.left = vec_node_create(query, outerPlan(plan), false);
	sort->bound = -1;
	sort->keys = palloc(sizeof(SortKey) * node->numCols);
	for (int i = 0; i < node->numCols; i++)
		sort_key_init(&sort->keys[i], node->sortColIdx[i] - 1, &sort->node.types[node->sortColIdx[i] - 1],
					  node->sortOperators[i], node->collations[i], node->nullsFirst[i]);
	sort->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector sort", ALLOCSET_DEFAULT_SIZES);
	sort->rows = AllocSetContextCreate(sort->memory, "barks vector sort rows", ALLOCSET_DEFAULT_SIZES);
	sort->batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector sort batch",
											   ALLOCSET_DEFAULT_SIZES);
	ncolumns = sort->batch.ncolumns = sort->node.ncolumns;
	sort->batch.columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	sort->nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		sort->batch.columns[i] = vec_create(sort->node.types[i].kind, VEC_MAX_ROWS);
		sort->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	return &sort->node;
}

static VecBatch *
sort_next(VecNode *node)
{
	VecSort    *sort = (VecSort *) node;
	int			n;

	if (!sort->sorted)
		sort_input(sort);
	do
	{
		if (sort->tuplesort)
		{
			VecBatch   *batch = next_of_tuplesort(sort);

			if (batch)
				return batch;
			n = 0;
		}
		else
			n = Min(row_store_count(sort->store) - sort->next, vec_batch_rows());
		if (n == 0 && !sort_next_part(sort))
			return NULL;
	} while (n == 0);
	sort->next += n;
	return gather(sort, sort->store, sort->order + sort->next - n, n);
}

static void
forget_tuplesort(VecSort *sort)
{
	if (sort->out)
		ExecDropSingleTupleTableSlot(sort->out);
	if (sort->in)
		ExecDropSingleTupleTableSlot(sort->in);
	if (sort->tuplesort)
		tuplesort_end(sort->tuplesort);
	sort->in = sort->out = NULL;
	sort->tuplesort = NULL;
}

static void
sort_rescan(VecNode *node)
{
	VecSort    *sort = (VecSort *) node;

	vec_node_rescan(node->left);
	forget_tuplesort(sort);
	forget_parts(sort);
	MemoryContextReset(sort->memory);
	sort->rows = AllocSetContextCreate(sort->memory, "barks vector sort rows", ALLOCSET_DEFAULT_SIZES);
	sort->slots = NULL;
	sort->store = NULL;
	sort->bound = -1;
	sort->sorted = sort->dropping = false;
	sort->next = 0;
	sort->given = 0;
}

static void
sort_end(VecNode *node)
{
	forget_tuplesort((VecSort *) node);
	forget_parts((VecSort *) node);
}

static void
sort_bound(VecNode *node, int64 rows)
{
	((VecSort *) node)->bound = rows;
}

static void
sort_explain(VecNode *node, ExplainState *es)
{
	VecSort    *sort = (VecSort *) node;

	if (!es->analyze || !sort->sorted)
		return;
	ExplainPropertyText("Sort Method", sort->tuplesort ? "of PostgreSQL" : sort->bound >= 0 ? "first rows" :
						node->stats.spilled_rows > 0 ? "ranges in files" : "columns", es);
	if (sort->dropped > 0)
		ExplainPropertyInteger("Rows Dropped", NULL, sort->dropped, es);
}

/* ---------------- reading ---------------- */

static Size
memory_needed(const VecSort *sort)
{
	return MemoryContextMemAllocated(sort->memory, true) + row_store_count(sort->store) * (Size) ROW_SORT_BYTES;
}

static void
sort_input(VecSort *sort)
{
	sort_rows(sort, NULL);
	sort->sorted = true;
}

/* The next range, if there is one. */
static bool
sort_next_part(VecSort *sort)
{
	VecSpillPart *part;

	if (sort->parts == NIL)
		return false;
	part = linitial(sort->parts);
	sort->parts = list_delete_first(sort->parts);
	forget_tuplesort(sort);
	sort->slots = NULL;
	sort->next = 0;
	sort->given = 0;
	MemoryContextDelete(sort->rows);
	if (sort->order)
		pfree(sort->order);
	sort->order = NULL;
	sort->rows = AllocSetContextCreate(sort->memory, "barks vector sort rows", ALLOCSET_DEFAULT_SIZES);
	sort_rows(sort, part);
	return true;
}

/* The rows of a part, or of the input; what does not fit becomes parts. */
static void
sort_rows(VecSort *sort, VecSpillPart *part)
{
	VecBatch   *batch;
	Size		limit = work_mem * (Size) 1024;

	sort->store = row_store_create(sort->node.ncolumns, sort->node.types, sort->rows);
	sort->empty_size = MemoryContextMemAllocated(sort->memory, true);
	while (sort->bound != 0 &&
		   (batch = part ? vec_spill_read(sort->reader, part) : vec_node_next(sort->node.left)) != NULL)
	{
		if (sort->dropping && !sort->tuplesort)
			drop_behind(sort, batch);
		vec_batch_load(batch);
		if (sort->ranges)
			put_in_ranges(sort, batch);
		else if (sort->tuplesort)
			put_in_tuplesort(sort, batch);
		if (sort->ranges || sort->tuplesort)
			continue;
		if (batch->nsel == 0)
			continue;
		row_store_add(sort->store, batch->columns, batch->sel, batch->nsel);
		sort->node.stats.peak = Max(sort->node.stats.peak, memory_needed(sort));
		if (sort->bound > 0 && row_store_count(sort->store) > sort->bound &&
			(row_store_count(sort->store) - sort->bound > Max(sort->bound, SPARE_ROWS) || memory_needed(sort) > limit))
			keep_first(sort);
		if (memory_needed(sort) > sort->empty_size + limit && (sort->bound >= 0 || !begin_ranges(sort)))
			use_tuplesort(sort);
	}
	if (sort->ranges)
		leave_ranges(sort);
	if (sort->tuplesort)
		tuplesort_performsort(sort->tuplesort);
	else
	{
		MemoryContext old = MemoryContextSwitchTo(sort->memory);

		sort->order = row_sort(sort->store, sort->plan->numCols, sort->keys);
		MemoryContextSwitchTo(old);
	}
}

/* Rows of the store as a batch. */
static VecBatch *
gather(VecSort *sort, RowStore *store, const uint32 *rows, int n)
{
	for (int i = 0; i < sort->batch.ncolumns; i++)
		row_store_gather(store, i, rows, NULL, n, sort->batch.columns[i], sort->nulls[i]);
	sort->batch.nrows = sort->batch.nsel = n;
	sort->batch.sel = NULL;
	return &sort->batch;
}

/* ---------------- the first rows only ---------------- */

/* Of the rows of a batch leave out those that sort behind the last one of interest. */
static void
drop_behind(VecSort *sort, VecBatch *batch)
{
	SortKey    *key = &sort->keys[0];
	Vec		   *vec = vec_batch_column(batch, key->column);
	Vec			column;
	SortForm	form = sort_key_form(key, vec);
	uint32		last = sort->bound - 1;
	bool		last_null;
	int			k = 0;

	row_store_column(sort->store, key->column, &column);
	last_null = column.nulls && column.nulls[last];
	/* numerics as integers, of which the last one was not, or the other way round */
	if (vec->kind != column.kind || (vec->kind == VEC_DECIMAL && vec->scale != column.scale))
		return;
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 bool		keep;

				 sort->kept[k] = row;
				 if (last_null || form == SORT_NOTHING || form != sort->last_form || VEC_IS_NULL(vec, row))
				 keep = before_last(sort, form, vec, row, &column);
				 else
				 {
					 uint64		word = sort_key_word(key, form, vec, row);

					 keep = word < sort->last_word ||
						 (word == sort->last_word && before_last(sort, form, vec, row, &column));
				 }
				 k += keep);
	sort->dropped += batch->nsel - k;
	batch->sel = sort->kept;
	batch->nsel = k;
}

/* Rows that are equal to it in the only key are as good as it, and there are enough. */
static bool
before_last(VecSort *sort, SortForm form, const Vec *vec, int row, const Vec *column)
{
	int			order = sort_key_compare(&sort->keys[0], form, vec, row, column, sort->bound - 1);

	return order < 0 || (order == 0 && sort->plan->numCols > 1);
}

/* Keep as many rows as are asked for. */
static void
keep_first(VecSort *sort)
{
	SortKey    *key = &sort->keys[0];
	RowStore   *all = sort->store;
	MemoryContext all_rows = sort->rows;
	MemoryContext old = MemoryContextSwitchTo(all_rows);
	uint32	   *order = row_sort(all, sort->plan->numCols, sort->keys);
	Vec			column;

	sort->rows = AllocSetContextCreate(sort->memory, "barks vector sort rows", ALLOCSET_DEFAULT_SIZES);
	sort->store = row_store_create(sort->node.ncolumns, sort->node.types, sort->rows);
	for (int64 from = 0; from < sort->bound; from += vec_batch_rows())
	{
		VecBatch   *batch = gather(sort, all, order + from, Min(sort->bound - from, vec_batch_rows()));

		row_store_add(sort->store, batch->columns, NULL, batch->nsel);
	}
	row_store_column(sort->store, key->column, &column);
	sort->last_form = sort_key_form(key, &column);
	if (!column.nulls || !column.nulls[sort->bound - 1])
		sort->last_word = sort_key_word(key, sort->last_form, &column, sort->bound - 1);
	sort->dropping = true;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(all_rows);
}

/* ---------------- more rows than there is memory for: ranges ---------------- */

static void
forget_parts(VecSort *sort)
{
	ListCell   *lc;

	foreach(lc, sort->parts)
		vec_spill_part_close(lfirst(lc));
	sort->parts = NIL;
	sort->ranges = NULL;
	sort->reader = NULL;
	sort->order = NULL;
}

/* The rows of the store go to files, by ranges; false, and nothing is done, if there is but one. */
static bool
begin_ranges(VecSort *sort)
{
	MemoryContext old = MemoryContextSwitchTo(sort->memory);
	uint32	   *order = row_sort(sort->store, sort->plan->numCols, sort->keys);

	sort->ranges = sort_ranges_create(&sort->keys[0], sort->store, order, sort->node.ncolumns, sort->node.types);
	pfree(order);
	if (sort->reader == NULL)
		sort->reader = vec_spill_reader_create(sort->node.ncolumns, sort->node.types);
	MemoryContextSwitchTo(old);
	if (sort->ranges == NULL)
		return false;
	put_store(sort, put_in_ranges);
	return true;
}

static void
put_in_ranges(VecSort *sort, VecBatch *batch)
{
	CHECK_FOR_INTERRUPTS();
	if (sort_ranges_put(sort->ranges, batch))
	{
		sort->node.stats.spilled_rows += batch->nsel;
		return;
	}
	use_tuplesort(sort);
	put_in_tuplesort(sort, batch);
}

/* All rows are in their ranges, which come before those that follow. */
static void
leave_ranges(VecSort *sort)
{
	MemoryContext old = MemoryContextSwitchTo(sort->memory);

	sort->parts = list_concat(sort_ranges_finish(sort->ranges), sort->parts);
	sort->ranges = NULL;
	MemoryContextSwitchTo(old);
}

/* ---------------- more rows than there is memory for: PostgreSQL's sort ---------------- */

static void
use_tuplesort(VecSort *sort)
{
	Sort	   *plan = sort->plan;
	MemoryContext old = MemoryContextSwitchTo(sort->memory);
	TupleDesc	desc = CreateTemplateTupleDesc(sort->node.ncolumns);

	for (int i = 0; i < sort->node.ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, NULL, sort->node.types[i].typid, sort->node.types[i].typmod, 0);
	sort->tuplesort = tuplesort_begin_heap(desc, plan->numCols, plan->sortColIdx, plan->sortOperators, plan->collations,
										   plan->nullsFirst, work_mem, NULL, TUPLESORT_NONE);
	if (sort->bound > 0)
		tuplesort_set_bound(sort->tuplesort, sort->bound);
	sort->in = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	sort->out = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	sort->slots = slot_batch_create(sort->node.ncolumns, sort->node.types);
	if (sort->ranges)
	{
		List	   *parts = sort_ranges_finish(sort->ranges);
		/* a batch of the other one is at hand */
		VecSpillReader *reader = vec_spill_reader_create(sort->node.ncolumns, sort->node.types);
		VecBatch   *batch;
		ListCell   *lc;

		sort->ranges = NULL;
		foreach(lc, parts)
			while ((batch = vec_spill_read(reader, lfirst(lc))) != NULL)
				put_in_tuplesort(sort, batch);
	}
	MemoryContextSwitchTo(old);
	put_store(sort, put_in_tuplesort);
}

/* All rows of the store, which is empty then. */
static void
put_store(VecSort *sort, void (*put) (VecSort *sort, VecBatch *batch))
{
	uint32		count = row_store_count(sort->store);
	uint32		numbers[VEC_MAX_ROWS];

	for (uint32 from = 0; from < count; from += vec_batch_rows())
	{
		int			n = Min(count - from, vec_batch_rows());

		for (int i = 0; i < n; i++)
			numbers[i] = from + i;
		put(sort, gather(sort, sort->store, numbers, n));
	}
	MemoryContextReset(sort->rows);
	sort->store = row_store_create(sort->node.ncolumns, sort->node.types, sort->rows);
}

static void
put_in_tuplesort(VecSort *sort, VecBatch *batch)
{
	TupleTableSlot *slot = sort->in;

	CHECK_FOR_INTERRUPTS();
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 MemoryContext old = MemoryContextSwitchTo(sort->batch_memory);

				 ExecClearTuple(slot);
				 for (int i = 0; i < batch->ncolumns; i++)
				 slot->tts_values[i] = vec_get_datum(batch->columns[i], &sort->node.types[i], row,
													 &slot->tts_isnull[i]);
				 ExecStoreVirtualTuple(slot);
				 MemoryContextSwitchTo(old);
				 tuplesort_puttupleslot(sort->tuplesort, slot));
	ExecClearTuple(slot);
	MemoryContextReset(sort->batch_memory);
}

static VecBatch *
next_of_tuplesort(VecSort *sort)
{
	int			max = vec_batch_rows();

	/* it does not like to be asked for more */
	if (sort->bound > 0)
		max = Min(max, sort->bound - sort->given);
	slot_batch_begin(sort->slots);
	for (int i = 0; i < max && tuplesort_gettupleslot(sort->tuplesort, true, false, sort->out, NULL); i++)
	{
		slot_batch_add(sort->slots, sort->out);
		sort->given++;
	}
	return slot_batch_end(sort->slots);
}
