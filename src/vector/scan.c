/*-------------------------------------------------------------------------
 * scan.c
 *	  Batches out of heap pages: SeqScan.
 *
 * A batch is made of the visible rows of as many pages as fit; the pages stay
 * pinned while the batch is used, so that values by reference are read where
 * they lie.  Only columns that are used are deformed, all rows of a page at a
 * time and column by column: each row's offset is carried along in an array, so
 * that what is done for a column is one loop.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
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

#include "vector/decimal.h"
#include "vector/node.h"

/* Pages that a batch may hold pins of, however few rows they have. */
#define MAX_PINS	32

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
	BlockNumber	nblocks;
	BlockNumber	block;			/* next one */
	BufferAccessStrategy strategy;
	Buffer		pins[MAX_PINS];
	int			npins;

	int			nattributes;
	Attribute  *attributes;
	int			ncolumns;		/* that are used */
	VecType    *types;
	AttrNumber *attnums;
	Vec		  **columns;
	bool	  **nulls;
	VecBatch	batch;

	/* of the page at hand */
	HeapTupleHeader tuples[MaxHeapTuplesPerPage];
	uint32		offsets[MaxHeapTuplesPerPage];
	int			ntuples;
	int			next_tuple;		/* first that did not fit into the batch before */

	VecExprContext context;
	VecProjection projection;
} VecScan;

static VecBatch *scan_next(VecNode *node);
static void scan_rescan(VecNode *node);
static void scan_end(VecNode *node);
static int	column_of(VecExprContext *context, const Var *var);
static void find_columns(VecScan *scan);
static bool fill_batch(VecScan *scan);
static bool read_page(VecScan *scan);
static void find_visible(VecScan *scan, Buffer buffer);
static void deform(VecScan *scan, int from, int n, int to);
static void read_fixed(VecScan *scan, const Attribute *attribute, int from, int n, int to);
static void read_varlena(VecScan *scan, const Attribute *attribute, int from, int n, int to);
static void deform_with_nulls(VecScan *scan, int from, int n, int to);
static void put_missing(VecScan *scan, const Attribute *attribute, Datum value, bool byval, int row);
static void put_value(VecScan *scan, const Attribute *attribute, const char *data, int row);
static void become_datums(VecScan *scan, int column, int rows);
static void unpin(VecScan *scan);

static const VecNodeMethods methods = {
	.name = "Seq Scan",
	.next = scan_next,
	.rescan = scan_rescan,
	.end = scan_end
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

	if (!IsA(plan, SeqScan) || plan->parallel_aware || plan->targetlist == NIL)
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
	find_columns(scan);
	scan->context.parent = query->parent;
	scan->context.ncolumns = scan->ncolumns;
	scan->context.types = scan->types;
	scan->context.column_of = column_of;
	scan->context.arg = scan;
	scan->context.careful = careful;
	scan->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector scan",
													   ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&scan->projection, &scan->context, plan->qual, plan->targetlist);
	scan->strategy = GetAccessStrategy(BAS_BULKREAD);
	scan->nblocks = InvalidBlockNumber;
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
	while ((member = bms_next_member(used, member)) >= 0)
	{
		AttrNumber	attnum = member + FirstLowInvalidHeapAttributeNumber;
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
		VecType    *type = &scan->types[scan->ncolumns];

		vec_type_init(type, att->atttypid, att->atttypmod, att->attcollation);
		scan->columns[scan->ncolumns] = vec_create(type->kind, VEC_MAX_ROWS);
		scan->nulls[scan->ncolumns] = palloc(sizeof(bool) * VEC_MAX_ROWS);
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
}

static void
scan_rescan(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;

	unpin(scan);
	scan->ntuples = scan->next_tuple = 0;
	scan->nblocks = InvalidBlockNumber;
	vec_projection_reset(&scan->projection);
}

static void
scan_end(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;

	unpin(scan);
	FreeAccessStrategy(scan->strategy);
}

static VecBatch *
scan_next(VecNode *node)
{
	VecScan    *scan = (VecScan *) node;
	VecBatch   *batch;

	if (scan->nblocks == InvalidBlockNumber)
	{
		scan->nblocks = RelationGetNumberOfBlocks(scan->relation);
		scan->block = 0;
		pgstat_count_heap_scan(scan->relation);
	}
	while ((batch = vec_projection_next(&scan->projection)) == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!fill_batch(scan))
			return NULL;
		vec_projection_begin(&scan->projection, &scan->batch);
	}
	return batch;
}

/* ---------------- pages ---------------- */

static bool
fill_batch(VecScan *scan)
{
	VecBatch   *batch = &scan->batch;
	Buffer		last = InvalidBuffer;

	/* the last page may have rows that did not fit */
	if (scan->next_tuple < scan->ntuples)
		last = scan->pins[--scan->npins];
	unpin(scan);
	if (BufferIsValid(last))
		scan->pins[scan->npins++] = last;

	MemoryContextReset(scan->context.batch_memory);
	batch->nrows = 0;
	for (int i = 0; i < scan->ncolumns; i++)
	{
		scan->columns[i]->kind = scan->types[i].kind;
		scan->columns[i]->scale = scan->types[i].scale;
		scan->columns[i]->nulls = NULL;
	}
	while (batch->nrows < VEC_MAX_ROWS)
	{
		int			n;

		if (scan->next_tuple == scan->ntuples && !read_page(scan))
			break;
		n = Min(scan->ntuples - scan->next_tuple, VEC_MAX_ROWS - batch->nrows);
		deform(scan, scan->next_tuple, n, batch->nrows);
		scan->next_tuple += n;
		batch->nrows += n;
	}
	if (pgstat_should_count_relation(scan->relation))
		scan->relation->pgstat_info->t_counts.t_tuples_returned += batch->nrows;
	batch->sel = NULL;
	batch->nsel = batch->nrows;
	return batch->nrows > 0;
}

/* The visible rows of the next page that has any; false when there is none, or no more pins. */
static bool
read_page(VecScan *scan)
{
	while (scan->block < scan->nblocks && scan->npins < MAX_PINS)
	{
		Buffer		buffer = ReadBufferExtended(scan->relation, MAIN_FORKNUM, scan->block++, RBM_NORMAL,
												scan->strategy);

		heap_page_prune_opt(scan->relation, buffer);
		find_visible(scan, buffer);
		if (scan->ntuples > 0)
		{
			scan->pins[scan->npins++] = buffer;
			return true;
		}
		ReleaseBuffer(buffer);
	}
	return false;
}

/* As heapgetpage() does it. */
static void
find_visible(VecScan *scan, Buffer buffer)
{
	Snapshot	snapshot = scan->node.query->estate->es_snapshot;
	Page		page;
	int			lines;
	bool		all_visible;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	TestForOldSnapshot(snapshot, scan->relation, page);
	lines = PageGetMaxOffsetNumber(page);
	all_visible = PageIsAllVisible(page) && !snapshot->takenDuringRecovery;
	scan->ntuples = scan->next_tuple = 0;
	for (OffsetNumber line = FirstOffsetNumber; line <= lines; line++)
	{
		ItemId		id = PageGetItemId(page, line);
		HeapTupleData tuple;

		if (!ItemIdIsNormal(id))
			continue;
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, id);
		if (!all_visible)
		{
			tuple.t_tableOid = RelationGetRelid(scan->relation);
			tuple.t_len = ItemIdGetLength(id);
			ItemPointerSet(&tuple.t_self, BufferGetBlockNumber(buffer), line);
			if (!HeapTupleSatisfiesVisibility(&tuple, snapshot, buffer))
				continue;
		}
		scan->tuples[scan->ntuples++] = tuple.t_data;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
}

static void
unpin(VecScan *scan)
{
	while (scan->npins > 0)
		ReleaseBuffer(scan->pins[--scan->npins]);
}

/* ---------------- rows to columns ---------------- */

/* n rows of the page, from the one numbered from, as rows of the batch from to on. */
static void
deform(VecScan *scan, int from, int n, int to)
{
	bool		varying = false;	/* offsets are kept */

	for (int i = from; i < from + n; i++)
		if ((scan->tuples[i]->t_infomask & HEAP_HASNULL) ||
			HeapTupleHeaderGetNatts(scan->tuples[i]) < scan->nattributes)
		{
			deform_with_nulls(scan, from, n, to);
			return;
		}
	for (int i = 0; i < scan->ncolumns; i++)
		if (scan->columns[i]->nulls)
			memset(scan->columns[i]->nulls + to, 0, sizeof(bool) * n);
	for (int a = 0; a < scan->nattributes; a++)
	{
		const Attribute *attribute = &scan->attributes[a];

		if (attribute->fixed < 0 && !varying)
		{
			uint32		start = a == 0 ? 0 : attribute[-1].fixed + attribute[-1].attlen;

			for (int i = from; i < from + n; i++)
				scan->offsets[i] = scan->tuples[i]->t_hoff + start;
			varying = true;
		}
		if (attribute->attlen > 0)
			read_fixed(scan, attribute, from, n, to);
		else
			read_varlena(scan, attribute, from, n, to);
	}
}

static inline const char *
fixed_place(VecScan *scan, const Attribute *attribute, int tuple)
{
	const char *row = (const char *) scan->tuples[tuple];

	if (attribute->fixed >= 0)
		return row + scan->tuples[tuple]->t_hoff + attribute->fixed;
	scan->offsets[tuple] = att_align_nominal(scan->offsets[tuple], attribute->attalign);
	row += scan->offsets[tuple];
	scan->offsets[tuple] += attribute->attlen;
	return row;
}

/* Attributes of a fixed length; alignment makes plain reads right. */
static void
read_fixed(VecScan *scan, const Attribute *attribute, int from, int n, int to)
{
	Vec		   *vec;

	if (attribute->column < 0)
	{
		if (attribute->fixed < 0)
			for (int i = 0; i < n; i++)
				(void) fixed_place(scan, attribute, from + i);
		return;
	}
	vec = scan->columns[attribute->column];
	switch (vec->kind)
	{
		case VEC_INT32:
			if (attribute->attlen == sizeof(int32))
				for (int i = 0; i < n; i++)
					VEC_INT32S(vec)[to + i] = *(const int32 *) fixed_place(scan, attribute, from + i);
			else
				for (int i = 0; i < n; i++)
					VEC_INT32S(vec)[to + i] = *(const int16 *) fixed_place(scan, attribute, from + i);
			break;
		case VEC_INT64:
			for (int i = 0; i < n; i++)
				VEC_INT64S(vec)[to + i] = *(const int64 *) fixed_place(scan, attribute, from + i);
			break;
		default:
			for (int i = 0; i < n; i++)
				put_value(scan, attribute, fixed_place(scan, attribute, from + i), to + i);
	}
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
read_varlena(VecScan *scan, const Attribute *attribute, int from, int n, int to)
{
	Vec		   *vec = attribute->column < 0 ? NULL : scan->columns[attribute->column];

	for (int i = 0; i < n; i++)
	{
		const char *row = (const char *) scan->tuples[from + i];
		uint32	   *offset = &scan->offsets[from + i];
		const char *data;

		if (attribute->attlen == -1)
		{
			data = varlena_place(row, offset, attribute->attalign);
			*offset += VARSIZE_ANY(data);
		}
		else
		{
			data = row + *offset;
			*offset += strlen(data) + 1;
		}
		if (vec == NULL)
			continue;
		if (vec->kind == VEC_DATUM)
			VEC_DATUMS(vec)[to + i] = PointerGetDatum(data);
		else
			put_value(scan, attribute, data, to + i);
	}
}

/* Row by row, for pages where some row has NULLs or lacks attributes that were added later. */
static void
deform_with_nulls(VecScan *scan, int from, int n, int to)
{
	TupleDesc	desc = RelationGetDescr(scan->relation);

	for (int c = 0; c < scan->ncolumns; c++)
		if (scan->columns[c]->nulls == NULL)
		{
			scan->columns[c]->nulls = scan->nulls[c];
			memset(scan->nulls[c], 0, sizeof(bool) * VEC_MAX_ROWS);
		}
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader tuple = scan->tuples[from + i];
		bool		has_nulls = (tuple->t_infomask & HEAP_HASNULL) != 0;
		int			natts = HeapTupleHeaderGetNatts(tuple);
		uint32		offset = tuple->t_hoff;
		const char *row = (const char *) tuple;

		for (int a = 0; a < scan->nattributes; a++)
		{
			const Attribute *attribute = &scan->attributes[a];
			const char *data;
			bool		isnull = a < natts && has_nulls && att_isnull(a, tuple->t_bits);

			if (a < natts && !isnull)
			{
				if (attribute->attlen == -1)
					data = varlena_place(row, &offset, attribute->attalign);
				else
				{
					offset = att_align_nominal(offset, attribute->attalign);
					data = row + offset;
				}
				offset = att_addlength_pointer(offset, attribute->attlen, data);
				if (attribute->column >= 0)
				{
					scan->columns[attribute->column]->nulls[to + i] = false;
					put_value(scan, attribute, data, to + i);
				}
			}
			else if (attribute->column >= 0)
			{
				Datum		value = isnull ? (Datum) 0 : getmissingattr(desc, a + 1, &isnull);

				scan->columns[attribute->column]->nulls[to + i] = isnull;
				if (!isnull)
					put_missing(scan, attribute, value, TupleDescAttr(desc, a)->attbyval, to + i);
			}
		}
	}
}

/* A default that the rows from before ALTER TABLE do not have stored. */
static void
put_missing(VecScan *scan, const Attribute *attribute, Datum value, bool byval, int row)
{
	Datum		stored;

	if (byval)
	{
		store_att_byval(&stored, value, attribute->attlen);
		put_value(scan, attribute, (const char *) &stored, row);
	}
	else
		put_value(scan, attribute, DatumGetPointer(value), row);
}

static void
put_value(VecScan *scan, const Attribute *attribute, const char *data, int row)
{
	Vec		   *vec = scan->columns[attribute->column];

	switch (vec->kind)
	{
		case VEC_BOOL:
			VEC_BOOLS(vec)[row] = *(const bool *) data;
			return;
		case VEC_INT32:
			VEC_INT32S(vec)[row] = attribute->attlen == sizeof(int32) ? *(const int32 *) data :
				*(const int16 *) data;
			return;
		case VEC_INT64:
			VEC_INT64S(vec)[row] = *(const int64 *) data;
			return;
		case VEC_FLOAT64:
			VEC_FLOAT64S(vec)[row] = *(const float8 *) data;
			return;
		case VEC_DECIMAL:
			if (!VARATT_IS_EXTERNAL(data) && !VARATT_IS_COMPRESSED(data) &&
				decimal_from_numeric(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), vec->scale,
									 &VEC_INT64S(vec)[row]))
				return;
			/* not as its type says; so be it */
			become_datums(scan, attribute->column, row);
			break;
		case VEC_DATUM:
			break;
	}
	VEC_DATUMS(vec)[row] = scan->types[attribute->column].typbyval ?
		fetch_att(data, true, attribute->attlen) : PointerGetDatum(data);
}

/* A column of decimals, of which the first rows are there, becomes one of numerics. */
static void
become_datums(VecScan *scan, int column, int rows)
{
	Vec		   *vec = scan->columns[column];
	MemoryContext old = MemoryContextSwitchTo(scan->context.batch_memory);

	for (int row = 0; row < rows; row++)
		if (!VEC_IS_NULL(vec, row))
			VEC_DATUMS(vec)[row] = decimal_datum(VEC_INT64S(vec)[row], vec->scale);
	vec->kind = VEC_DATUM;
	MemoryContextSwitchTo(old);
}
