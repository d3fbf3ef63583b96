/*-------------------------------------------------------------------------
 * scan.c
 *	  Batches out of heap pages: SeqScan.
 *
 * A batch is made of the visible rows of as many pages as fit; the pages stay
 * pinned while the batch is used, so that values by reference are read where
 * they lie.
 *
 * Columns are deformed when they are asked for, and for the rows that are still
 * selected then: each row's offset behind the last attribute that was passed
 * is carried along in an array, so that what is done for an attribute is one
 * loop.  As selections only become smaller, offsets are there for all rows that
 * will be asked for.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/decimal.h"
#include "vector/node.h"
#include "vector/pages.h"

/* Pages that a batch may hold pins of, however few rows they have; fewer where buffers are few. */
#define MAX_PINS	32

/*
 * A value filter that leaves out fewer than one row of so many is not asked any more, once
 * it has been asked about enough rows.
 */
#define USEFUL_PART		8
#define ROWS_TO_JUDGE	(16 * VEC_MAX_ROWS)

/* Of a column, offered by a join. */
typedef struct ScanFilter
{
	int			column;
	const ValueFilter *filter;
	uint64		asked;			/* rows */
	uint64		removed;
} ScanFilter;

/* One attribute, up to the last that is used. */
typedef struct Attribute
{
	int16		attlen;
	char		attalign;
	int			column;			/* of the batch; -1: passed over */
	int			fixed;			/* offset in rows without NULLs; -1: it varies */
} Attribute;

typedef struct VecScan
{
	VecNode		node;
	Relation	relation;
	Pages	   *pages;
	Buffer		pins[MAX_PINS];
	int			npins;
	int			max_pins;
	HeapTupleHeader page_rows[MaxHeapTuplesPerPage];	/* visible, of the last page */
	int			npage_rows;
	int			next_page_row;	/* first that is not in the batch */

	int			nattributes;
	Attribute  *attributes;
	int			ncolumns;		/* that are used */
	VecType    *types;
	AttrNumber *attnums;
	Vec		  **columns;
	bool	  **nulls;
	const char ***places;		/* by column: of its values in the rows; NULL there: none */

	/* the batch at hand */
	VecBatch	batch;
	HeapTupleHeader rows[VEC_MAX_ROWS];
	bool		has_nulls;		/* some row has, or lacks attributes */
	int			passed;			/* attributes that offsets are behind */
	uint32		offsets[VEC_MAX_ROWS];

	VecExprContext context;
	VecProjection projection;
	List	   *filters;		/* of ScanFilter, in filter_memory */
	MemoryContext filter_memory;
	uint16		filtered[VEC_MAX_ROWS]; /* rows of the batch that passed them */
	int			nfiltered;		/* -1: all did */
} VecScan;

static VecBatch *scan_next(VecNode *node);
static void scan_rescan(VecNode *node);
static void scan_end(VecNode *node);
static void scan_filter(VecNode *node, int column, const ValueFilter *filter);
static Size scan_shared_size(VecNode *node);
static void scan_share(VecNode *node, void *shared, ParallelContext *pcxt);
static void scan_reshare(VecNode *node, void *shared);
static void scan_attach(VecNode *node, void *shared);
static int	column_of(VecExprContext *context, const Var *var);
static void find_columns(VecScan *scan);
static bool fill_batch(VecScan *scan);
static bool read_page(VecScan *scan);
static void unpin(VecScan *scan);
static void expect_bytes(VecScan *scan);
static void apply_filters(VecScan *scan);
static void load_column(VecBatch *batch, int column);
static void pass_fixed(VecScan *scan, const Attribute *attribute, const uint16 *sel, int n);
static void pass_varying(VecScan *scan, int attribute, const uint16 *sel, int n);
static void pass_with_nulls(VecScan *scan, int attribute, const uint16 *sel, int n);
static void convert(VecScan *scan, int column, const uint16 *sel, int n);
static void convert_with_nulls(VecScan *scan, int column, const uint16 *sel, int n);
static const char *missing_place(VecScan *scan, int column);
static void put_value(Vec *vec, const VecType *type, int attlen, const char *data, int row);

static const VecNodeMethods methods = {
	.name = "Seq Scan",
	.next = scan_next,
	.rescan = scan_rescan,
	.end = scan_end,
	.filter = scan_filter,
	.shared_size = scan_shared_size,
	.share = scan_share,
	.reshare = scan_reshare,
	.attach = scan_attach
};

static bool
has_heap_storage(Oid relid)
{
	Relation	relation = relation_open(relid, NoLock);
	bool		is_heap = relation->rd_tableam == GetHeapamTableAmRoutine();

	relation_close(relation, NoLock);
	return is_heap;
}

bool
vec_scan_supported(Plan *plan, List *rtable)
{
	RangeTblEntry *rte;
	ListCell   *lc;

	if (!IsA(plan, SeqScan))
		return false;
	rte = rt_fetch(((SeqScan *) plan)->scan.scanrelid, rtable);
	if (rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW)
		return false;
	if (!has_heap_storage(rte->relid))
		return false;
	foreach(lc, plan->targetlist)
		if (!vec_expr_supported((Node *) lfirst_node(TargetEntry, lc)->expr))
			return false;
	return vec_expr_supported((Node *) plan->qual);
}

VecNode *
vec_scan_create(VecQuery *query, Plan *plan, bool careful)
{
	VecScan    *scan = palloc0(sizeof(VecScan));

	vec_node_init(&scan->node, &methods, query, plan, careful);
	scan->relation = ExecOpenScanRelation(query->estate, ((SeqScan *) plan)->scan.scanrelid,
										  query->eflags);
	scan->pages = pages_create(scan->relation, query->estate);
	find_columns(scan);
	scan->context.parent = query->parent;
	scan->context.by_rows = &scan->node.by_rows;
	scan->context.ncolumns = scan->ncolumns;
	scan->context.types = scan->types;
	scan->context.column_of = column_of;
	scan->context.arg = scan;
	scan->context.careful = careful;
	scan->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector scan",
													   ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&scan->projection, &scan->context, plan->qual, plan->targetlist);
	scan->node.safe = scan->projection.safe;
	expect_bytes(scan);
	scan->filter_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector scan filters",
												ALLOCSET_SMALL_SIZES);
	scan->max_pins = Min(MAX_PINS, RelationUsesLocalBuffers(scan->relation) ? num_temp_buffers / 32 :
						 NBuffers / MaxBackends);
	scan->max_pins = Max(scan->max_pins, 1);
	return &scan->node;
}

static int
column_of(VecExprContext *context, const Var *var)
{
	VecScan    *scan = context->arg;

	for (int i = 0; i < scan->ncolumns; i++)
		if (scan->attnums[i] == var->varattno)
			return i;
	return -1;
}

/* Which attributes are used, and how to get from one to the next. */
static void
find_columns(VecScan *scan)
{
	TupleDesc	desc = RelationGetDescr(scan->relation);
	Bitmapset  *used = NULL;
	int			last = 0;
	int			fixed = 0;
	int			member = -1;

	pull_varattnos((Node *) scan->node.plan->targetlist, ((SeqScan *) scan->node.plan)->scan.scanrelid, &used);
	pull_varattnos((Node *) scan->node.plan->qual, ((SeqScan *) scan->node.plan)->scan.scanrelid, &used);
	scan->types = palloc(sizeof(VecType) * Max(bms_num_members(used), 1));
	scan->attnums = palloc(sizeof(AttrNumber) * Max(bms_num_members(used), 1));
	scan->columns = palloc(sizeof(Vec *) * Max(bms_num_members(used), 1));
	scan->nulls = palloc(sizeof(bool *) * Max(bms_num_members(used), 1));
	scan->places = palloc(sizeof(char **) * Max(bms_num_members(used), 1));
	while ((member = bms_next_member(used, member)) >= 0)
	{
		AttrNumber	attnum = member + FirstLowInvalidHeapAttributeNumber;
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
		VecType    *type = &scan->types[scan->ncolumns];

		vec_type_init(type, att->atttypid, att->atttypmod, att->attcollation);
		scan->columns[scan->ncolumns] = vec_create(type->kind, VEC_MAX_ROWS);
		scan->nulls[scan->ncolumns] = palloc(sizeof(bool) * VEC_MAX_ROWS);
		scan->places[scan->ncolumns] = palloc(sizeof(char *) * VEC_MAX_ROWS);
		scan->attnums[scan->ncolumns++] = attnum;
		last = attnum;
	}
	scan->nattributes = last;
	scan->attributes = palloc(sizeof(Attribute) * Max(last, 1));
	for (int i = 0; i < last; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Attribute  *attribute = &scan->attributes[i];

		attribute->attlen = att->attlen;
		attribute->attalign = att->attalign;
		attribute->column = -1;
		for (int j = 0; j < scan->ncolumns; j++)
			if (scan->attnums[j] == i + 1)
				attribute->column = j;
		if (fixed >= 0 && att->attlen > 0)
		{
			fixed = att_align_nominal(fixed, att->attalign);
			attribute->fixed = fixed;
			fixed += att->attlen;
		}
		else
			attribute->fixed = fixed = -1;
	}
	scan->batch.columns = scan->columns;
	scan->batch.ncolumns = scan->ncolumns;
	scan->batch.load = load_column;
	scan->batch.maker = scan;
	scan->batch.loaded = palloc(sizeof(bool) * Max(scan->ncolumns, 1));
}

static void
scan_rescan(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;

	unpin(scan);
	scan->npage_rows = scan->next_page_row = 0;
	pages_rescan(scan->pages);
	scan->filters = NIL;
	expect_bytes(scan);
	MemoryContextReset(scan->filter_memory);
	vec_projection_reset(&scan->projection);
}

static void
scan_end(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;

	unpin(scan);
	pages_end(scan->pages);
}

static Size
scan_shared_size(VecNode *node)
{
	return pages_shared_size(((VecScan *) node)->pages);
}

static void
scan_share(VecNode *node, void *shared, ParallelContext *pcxt)
{
	pages_share(((VecScan *) node)->pages, shared);
}

static void
scan_reshare(VecNode *node, void *shared)
{
	pages_reshare(((VecScan *) node)->pages, shared);
}

static void
scan_attach(VecNode *node, void *shared)
{
	pages_attach(((VecScan *) node)->pages, shared);
}

static VecBatch *
scan_next(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;
	VecBatch   *batch;

	while ((batch = vec_projection_next(&scan->projection)) == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!fill_batch(scan))
			return NULL;
		apply_filters(scan);
		vec_projection_begin(&scan->projection, &scan->batch);
	}
	return batch;
}

/* ---------------- value filters ---------------- */

/* Rows are left out before the quals are asked: not, if these might raise errors for them. */
static void
scan_filter(VecNode *node, int column, const ValueFilter *filter)
{
	VecScan    *scan = (VecScan *) node;
	Var		   *var = (Var *) list_nth_node(TargetEntry, node->plan->targetlist, column)->expr;
	MemoryContext old;
	ScanFilter *own;

	if (!IsA(var, Var) || !scan->projection.safe)
		return;
	old = MemoryContextSwitchTo(scan->filter_memory);
	own = palloc0(sizeof(ScanFilter));
	own->column = column_of(&scan->context, var);
	own->filter = filter;
	scan->filters = lappend(scan->filters, own);
	MemoryContextSwitchTo(old);
	expect_bytes(scan);
}

/* To the end of a column, from the row's begin. */
static Size
column_end(VecScan *scan, int column)
{
	const Attribute *attribute = &scan->attributes[scan->attnums[column] - 1];

	return attribute->fixed < 0 ? MaxAllocSize : MAXALIGN(SizeofHeapTupleHeader) + attribute->fixed + attribute->attlen;
}

/* Of each row, what the filters look at or, without any, all columns. */
static void
expect_bytes(VecScan *scan)
{
	Size		bytes = SizeofHeapTupleHeader;
	ListCell   *lc;

	foreach(lc, scan->filters)
		bytes = Max(bytes, column_end(scan, ((ScanFilter *) lfirst(lc))->column));
	if (scan->filters == NIL && scan->ncolumns > 0)
		bytes = column_end(scan, scan->ncolumns - 1);
	pages_expect(scan->pages, bytes);
}

static void
apply_filters(VecScan *scan)
{
	VecBatch   *batch = &scan->batch;
	ListCell   *lc;

	foreach(lc, scan->filters)
	{
		ScanFilter *own = lfirst(lc);
		Vec		   *vec = vec_batch_column(batch, own->column);
		int			before = batch->nsel;

		batch->nsel = scan->nfiltered = value_filter_select(own->filter, vec, batch->sel, before, scan->filtered);
		batch->sel = scan->filtered;
		own->asked += before;
		own->removed += before - batch->nsel;
		scan->node.stats.filtered_rows += before - batch->nsel;
		if (own->asked >= ROWS_TO_JUDGE && own->removed * USEFUL_PART < own->asked)
		{
			scan->filters = foreach_delete_current(scan->filters, lc);
			expect_bytes(scan);
		}
	}
}

/* ---------------- pages ---------------- */

static bool
fill_batch(VecScan *scan)
{
	VecBatch   *batch = &scan->batch;
	Buffer		last = InvalidBuffer;

	/* the last page may have rows that did not fit */
	if (scan->next_page_row < scan->npage_rows)
		last = scan->pins[--scan->npins];
	unpin(scan);
	if (BufferIsValid(last))
		scan->pins[scan->npins++] = last;

	MemoryContextReset(scan->context.batch_memory);
	batch->nrows = 0;
	scan->has_nulls = false;
	scan->passed = 0;
	memset(batch->loaded, 0, sizeof(bool) * scan->ncolumns);
	scan->nfiltered = -1;
	while (batch->nrows < vec_batch_rows() && (scan->next_page_row < scan->npage_rows || read_page(scan)))
	{
		int			n = Min(scan->npage_rows - scan->next_page_row, vec_batch_rows() - batch->nrows);

		memcpy(&scan->rows[batch->nrows], &scan->page_rows[scan->next_page_row], sizeof(HeapTupleHeader) * n);
		scan->next_page_row += n;
		batch->nrows += n;
	}
	/* by now, what was asked for from memory is there */
	for (int i = 0; i < batch->nrows; i++)
	{
		HeapTupleHeader row = scan->rows[i];

		scan->has_nulls |= (row->t_infomask & HEAP_HASNULL) != 0 ||
			HeapTupleHeaderGetNatts(row) < scan->nattributes;
		scan->offsets[i] = row->t_hoff;
	}
	if (pgstat_should_count_relation(scan->relation))
		scan->relation->pgstat_info->t_counts.t_tuples_returned += batch->nrows;
	batch->sel = NULL;
	batch->nsel = batch->nrows;
	return batch->nrows > 0;
}

/* The visible rows of the next page; false when there is none, or no more pins. */
static bool
read_page(VecScan *scan)
{
	Buffer		buffer;

	scan->npage_rows = scan->next_page_row = 0;
	if (scan->npins == scan->max_pins)
		return false;
	buffer = pages_next(scan->pages, scan->page_rows, &scan->npage_rows);
	if (!BufferIsValid(buffer))
	{
		scan->npage_rows = 0;
		return false;
	}
	scan->pins[scan->npins++] = buffer;
	return true;
}

static void
unpin(VecScan *scan)
{
	while (scan->npins > 0)
		ReleaseBuffer(scan->pins[--scan->npins]);
}

/* ---------------- rows to columns ---------------- */

static void
load_column(VecBatch *batch, int column)
{
	VecScan    *scan = batch->maker;
	int			target = scan->attnums[column] - 1;
	const uint16 *sel = batch->sel;
	int			n = batch->nsel;

	/* rows may be asked for again, one by one */
	if (scan->context.careful)
	{
		sel = scan->nfiltered < 0 ? NULL : scan->filtered;
		n = scan->nfiltered < 0 ? batch->nrows : scan->nfiltered;
	}
	scan->columns[column]->kind = scan->types[column].kind;
	scan->columns[column]->scale = scan->types[column].scale;
	scan->columns[column]->nulls = NULL;
	if (scan->has_nulls)
	{
		scan->columns[column]->nulls = scan->nulls[column];
		for (; scan->passed <= target; scan->passed++)
			pass_with_nulls(scan, scan->passed, sel, n);
	}
	else if (scan->attributes[target].fixed >= 0)
		pass_fixed(scan, &scan->attributes[target], sel, n);
	else
		for (; scan->passed <= target; scan->passed++)
			pass_varying(scan, scan->passed, sel, n);
	convert(scan, column, sel, n);
	batch->loaded[column] = true;
}

static void
pass_fixed(VecScan *scan, const Attribute *attribute, const uint16 *sel, int n)
{
	const char **places = scan->places[attribute->column];

	VEC_FOR_EACH(row, sel, n,
				 places[row] = (const char *) scan->rows[row] + scan->rows[row]->t_hoff + attribute->fixed);
}

/* Where a varlena begins: a pad byte is never the first of one. */
static inline const char *
varlena_place(const char *row, uint32 *offset, char attalign)
{
	if (row[*offset] == 0)
		*offset = att_align_nominal(*offset, attalign);
	return row + *offset;
}

static void
pass_varying(VecScan *scan, int number, const uint16 *sel, int n)
{
	const Attribute *attribute = &scan->attributes[number];
	uint32	   *offsets = scan->offsets;
	/* those that nobody wants are put where something else comes later */
	const char *nowhere[VEC_MAX_ROWS];
	const char **places = attribute->column < 0 ? nowhere : scan->places[attribute->column];

	if (attribute->fixed >= 0)
	{
		/* all up to the first that varies at once */
		if (number + 1 < scan->nattributes && scan->attributes[number + 1].fixed >= 0)
			return;
		VEC_FOR_EACH(row, sel, n, offsets[row] += attribute->fixed + attribute->attlen);
	}
	else if (attribute->attlen > 0)
		VEC_FOR_EACH(row, sel, n,
					 offsets[row] = att_align_nominal(offsets[row], attribute->attalign);
					 places[row] = (const char *) scan->rows[row] + offsets[row];
					 offsets[row] += attribute->attlen);
	else if (attribute->attlen == -1)
		VEC_FOR_EACH(row, sel, n,
					 places[row] = varlena_place((const char *) scan->rows[row], &offsets[row], attribute->attalign);
					 offsets[row] += VARSIZE_ANY(places[row]));
	else
		VEC_FOR_EACH(row, sel, n,
					 places[row] = (const char *) scan->rows[row] + offsets[row];
					 offsets[row] += strlen(places[row]) + 1);
}

/* Of rows of which some have NULLs or lack attributes that were added later. */
static void
pass_with_nulls(VecScan *scan, int number, const uint16 *sel, int n)
{
	const Attribute *attribute = &scan->attributes[number];
	const char *nowhere[VEC_MAX_ROWS];
	const char **places = attribute->column < 0 ? nowhere : scan->places[attribute->column];

	VEC_FOR_EACH(row, sel, n,
				 HeapTupleHeader tuple = scan->rows[row];
				 uint32	   *offset = &scan->offsets[row];

				 places[row] = NULL;
				 if (number < HeapTupleHeaderGetNatts(tuple) &&
					 !((tuple->t_infomask & HEAP_HASNULL) && att_isnull(number, tuple->t_bits)))
				 {
					 if (attribute->attlen == -1)
						 places[row] = varlena_place((const char *) tuple, offset, attribute->attalign);
					 else
					 {
						 *offset = att_align_nominal(*offset, attribute->attalign);
						 places[row] = (const char *) tuple + *offset;
					 }
					 *offset = att_addlength_pointer(*offset, attribute->attlen, places[row]);
				 });
}

/* From the values' places to the values. */
static void
convert(VecScan *scan, int column, const uint16 *sel, int n)
{
	const Attribute *attribute = &scan->attributes[scan->attnums[column] - 1];
	const char **places = scan->places[column];
	Vec		   *vec = scan->columns[column];

	if (vec->nulls)
		convert_with_nulls(scan, column, sel, n);
	else if (vec->kind == VEC_INT32 && attribute->attlen == sizeof(int32))
		VEC_FOR_EACH(row, sel, n, VEC_INT32S(vec)[row] = *(const int32 *) places[row]);
	else if (vec->kind == VEC_INT64)
		VEC_FOR_EACH(row, sel, n, VEC_INT64S(vec)[row] = *(const int64 *) places[row]);
	else if (vec->kind == VEC_DATUM && !scan->types[column].typbyval)
		VEC_FOR_EACH(row, sel, n, VEC_DATUMS(vec)[row] = PointerGetDatum(places[row]));
	else if (vec->kind == VEC_DECIMAL)
	{
		int			scale = vec->scale;
		bool		failed = false;

		VEC_FOR_EACH(row, sel, n,
					 const char *data = places[row];

					 failed |= VARATT_IS_EXTERNAL(data) || VARATT_IS_COMPRESSED(data) ||
					 !decimal_read(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), scale, &VEC_INT64S(vec)[row]));
		if (failed)
		{
			/* not as the type says; so be it */
			vec->kind = VEC_DATUM;
			VEC_FOR_EACH(row, sel, n, VEC_DATUMS(vec)[row] = PointerGetDatum(places[row]));
		}
	}
	else
		VEC_FOR_EACH(row, sel, n, put_value(vec, &scan->types[column], attribute->attlen, places[row], row));
}

static void
convert_with_nulls(VecScan *scan, int column, const uint16 *sel, int n)
{
	AttrNumber	attnum = scan->attnums[column];
	const Attribute *attribute = &scan->attributes[attnum - 1];
	const char **places = scan->places[column];
	Vec		   *vec = scan->columns[column];
	VecType    *type = &scan->types[column];

	VEC_FOR_EACH(row, sel, n,
				 if (places[row] == NULL && HeapTupleHeaderGetNatts(scan->rows[row]) < attnum)
				 places[row] = missing_place(scan, column));
	VEC_FOR_EACH(row, sel, n, vec->nulls[row] = places[row] == NULL);
	if (vec->kind == VEC_DECIMAL)
		VEC_FOR_EACH(row, sel, n,
					 const char *data = places[row];

					 if (data && (VARATT_IS_EXTERNAL(data) || VARATT_IS_COMPRESSED(data) ||
								  !decimal_read(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), vec->scale,
												&VEC_INT64S(vec)[row])))
						 vec->kind = VEC_DATUM);
	if (vec->kind != VEC_DECIMAL)
		VEC_FOR_EACH(row, sel, n,
					 if (places[row])
						 put_value(vec, type, attribute->attlen, places[row], row));
}

/* A default that the rows from before ALTER TABLE do not have stored; NULL: null. */
static const char *
missing_place(VecScan *scan, int column)
{
	bool		isnull;
	Datum		value = getmissingattr(RelationGetDescr(scan->relation), scan->attnums[column], &isnull);
	const VecType *type = &scan->types[column];
	char	   *stored;

	if (isnull)
		return NULL;
	if (!type->typbyval)
		return DatumGetPointer(value);
	stored = MemoryContextAlloc(scan->context.batch_memory, sizeof(Datum));
	store_att_byval(stored, value, type->typlen);
	return stored;
}

static void
put_value(Vec *vec, const VecType *type, int attlen, const char *data, int row)
{
	switch (vec->kind)
	{
		case VEC_BOOL:
			VEC_BOOLS(vec)[row] = *(const bool *) data;
			break;
		case VEC_INT32:
			VEC_INT32S(vec)[row] = attlen == sizeof(int32) ? *(const int32 *) data : *(const int16 *) data;
			break;
		case VEC_INT64:
			VEC_INT64S(vec)[row] = *(const int64 *) data;
			break;
		case VEC_FLOAT64:
			VEC_FLOAT64S(vec)[row] = *(const float8 *) data;
			break;
		case VEC_DECIMAL:
			elog(ERROR, "a numeric cannot be put among decimals");
			break;
		case VEC_DATUM:
			VEC_DATUMS(vec)[row] = type->typbyval ? fetch_att(data, true, attlen) : PointerGetDatum(data);
			break;
	}
}
