/*-------------------------------------------------------------------------
 * am_scan.c
 *	  Reading a distributed table through the access method.
 *
 * Rows come from a one-stage job (job/table_scan.h), in an order that is the
 * same for every run under one snapshot.  The job starts with the first row
 * asked for, because only the slot given then tells whether ALTER TABLE wants
 * the columns from before or after its changes.
 *
 * Backward and sampled scans work on a tuplestore of all rows.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "access/tsmapi.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pgstat.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "job/table_scan.h"
#include "table/am_scan.h"
#include "table/kept_rows.h"
#include "table/layout.h"
#include "table/pending.h"
#include "table/stats.h"
#include "table/writer.h"

/* Rows of a made-up block, for the methods of TABLESAMPLE. */
#define SAMPLE_BLOCK_ROWS	100

typedef struct AmScan
{
	TableScanDescData base;
	MemoryContext context;		/* owns everything below */
	bool		parallel;		/* only a parallel index build may: it reads nothing */
	double		sample;			/* fraction of rows, for ANALYZE */
	bool		ended;			/* the stream gave its last row */
	TableRowStream *stream;
	Relation	old_rel;		/* a stand-in for rel with its former columns, or NULL */
	int64		position;		/* rows given so far */
	KeptRows   *kept;			/* NULL unless rows may be fetched again */

	Tuplestorestate *store;		/* all rows, once a backward or sample scan needs them */
	int64		store_rows;
	int64		store_position; /* number of the row the store gives next */
	TupleTableSlot *store_slot;
	BlockNumber sample_block;
	OffsetNumber sample_rows;	/* in this block */
	double		analyze_rows;
} AmScan;

static void start_stream(AmScan *scan, TupleTableSlot *slot);
static void stop_stream(AmScan *scan);
static Relation relation_with_columns(Relation rel, TupleDesc columns);
static bool same_columns(TupleDesc a, TupleDesc b);
static bool next_from_stream(AmScan *scan, TupleTableSlot *slot);
static void fill_store(AmScan *scan, TupleTableSlot *slot);
static void switch_to_store(AmScan *scan, TupleTableSlot *slot);
static void store_seek(AmScan *scan, int64 position);
static bool next_from_store(AmScan *scan, ScanDirection direction, TupleTableSlot *slot);
static void finish_slot(AmScan *scan, TupleTableSlot *slot);

TableScanDesc
am_scan_begin(Relation rel, Snapshot snapshot, int nkeys, ScanKey key,
			  ParallelTableScanDesc parallel, uint32 flags)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks scan",
												  ALLOCSET_SMALL_SIZES);
	AmScan	   *scan = MemoryContextAllocZero(context, sizeof(AmScan));

	if (nkeys != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("scan keys are not supported on distributed table \"%s\"",
						RelationGetRelationName(rel))));
	if (flags & (SO_TYPE_BITMAPSCAN | SO_TYPE_TIDSCAN | SO_TYPE_TIDRANGESCAN))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of distributed table \"%s\" have no address",
						RelationGetRelationName(rel)),
				 errhint("Identify rows by a key instead of ctid.")));
	RelationIncrementReferenceCount(rel);
	scan->base.rs_rd = rel;
	scan->base.rs_snapshot = snapshot;
	scan->base.rs_flags = flags;
	scan->base.rs_parallel = parallel;
	scan->parallel = parallel != NULL;
	scan->context = context;
	scan->sample = 1.0;
	if (flags & SO_TYPE_ANALYZE)
		scan->sample = stats_sample_fraction(rel);
	if (flags & SO_TYPE_SEQSCAN)
		scan->kept = kept_rows_for_scan(RelationGetRelid(rel));
	pgstat_count_heap_scan(rel);
	return &scan->base;
}

void
am_scan_end(TableScanDesc base)
{
	AmScan	   *scan = (AmScan *) base;

	stop_stream(scan);
	if (scan->store)
		tuplestore_end(scan->store);
	if (scan->kept)
		kept_rows_release(scan->kept);
	if (scan->store_slot)
		ExecDropSingleTupleTableSlot(scan->store_slot);
	RelationDecrementReferenceCount(base->rs_rd);
	if (base->rs_flags & SO_TEMP_SNAPSHOT)
		UnregisterSnapshot(base->rs_snapshot);
	MemoryContextDelete(scan->context);
}

void
am_scan_rescan(TableScanDesc base, ScanKey key, bool set_params,
			   bool allow_strat, bool allow_sync, bool allow_pagemode)
{
	AmScan	   *scan = (AmScan *) base;

	stop_stream(scan);
	scan->ended = false;
	scan->position = 0;
	if (scan->store)
		store_seek(scan, 0);
	scan->sample_block = 0;
	scan->sample_rows = 0;
}

bool
am_scan_getnextslot(TableScanDesc base, ScanDirection direction, TupleTableSlot *slot)
{
	AmScan	   *scan = (AmScan *) base;
	bool		found;

	if (scan->parallel)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot scan distributed table \"%s\" in parallel",
						RelationGetRelationName(base->rs_rd)),
				 errhint("Set max_parallel_workers_per_gather to 0.")));
	if (ScanDirectionIsBackward(direction) && scan->store == NULL)
		switch_to_store(scan, slot);
	found = scan->store ? next_from_store(scan, direction, slot) : next_from_stream(scan, slot);
	if (found)
		finish_slot(scan, slot);
	return found;
}

/* ANALYZE was told of one block; it gets the whole sample from it. */
bool
am_scan_analyze_next_block(TableScanDesc base, BlockNumber block, BufferAccessStrategy strategy)
{
	return block == 0;
}

bool
am_scan_analyze_next_tuple(TableScanDesc base, TransactionId oldest_xmin,
						   double *liverows, double *deadrows, TupleTableSlot *slot)
{
	AmScan	   *scan = (AmScan *) base;

	if (next_from_stream(scan, slot))
	{
		finish_slot(scan, slot);
		/* sorted by address to tell the correlation with the rows' order */
		ItemPointerSet(&slot->tts_tid, (BlockNumber) (scan->position / MaxHeapTuplesPerPage),
					   (OffsetNumber) (scan->position % MaxHeapTuplesPerPage) + 1);
		return true;
	}
	pending_analyzed(RelationGetRelid(base->rs_rd));
	*liverows += rint(scan->position / scan->sample);
	return false;
}

/* Blocks of rows, in the order of the scan, for any method of TABLESAMPLE. */
bool
am_scan_sample_next_block(TableScanDesc base, SampleScanState *state)
{
	AmScan	   *scan = (AmScan *) base;
	TsmRoutine *method = state->tsmroutine;
	BlockNumber nblocks;

	if (scan->store == NULL)
		fill_store(scan, state->ss.ss_ScanTupleSlot);
	nblocks = (BlockNumber) ((scan->store_rows + SAMPLE_BLOCK_ROWS - 1) / SAMPLE_BLOCK_ROWS);
	if (method->NextSampleBlock)
		scan->sample_block = method->NextSampleBlock(state, nblocks);
	else
		scan->sample_block = scan->sample_rows == 0 ? 0 : scan->sample_block + 1;
	if (scan->sample_block == InvalidBlockNumber || scan->sample_block >= nblocks)
	{
		scan->sample_rows = 0;
		return false;
	}
	scan->sample_rows = (OffsetNumber)
		Min(SAMPLE_BLOCK_ROWS, scan->store_rows - (int64) scan->sample_block * SAMPLE_BLOCK_ROWS);
	return true;
}

bool
am_scan_sample_next_tuple(TableScanDesc base, SampleScanState *state, TupleTableSlot *slot)
{
	AmScan	   *scan = (AmScan *) base;
	OffsetNumber offset;

	offset = state->tsmroutine->NextSampleTuple(state, scan->sample_block, scan->sample_rows);
	if (!OffsetNumberIsValid(offset))
	{
		ExecClearTuple(slot);
		return false;
	}
	store_seek(scan, (int64) scan->sample_block * SAMPLE_BLOCK_ROWS + offset - 1);
	if (!next_from_store(scan, ForwardScanDirection, slot))
		elog(ERROR, "row of sample not found");
	finish_slot(scan, slot);
	return true;
}

/*
 * ALTER TABLE scans a table that it rewrites by its former columns, and one
 * that it only checks by its new ones; then the shards must have them first.
 */
static void
start_stream(AmScan *scan, TupleTableSlot *slot)
{
	Relation	rel = scan->base.rs_rd;
	TupleDesc	old = pending_old_columns(RelationGetRelid(rel));
	MemoryContext context;

	writer_flush_for_read();
	context = MemoryContextSwitchTo(scan->context);
	if (old && !same_columns(slot->tts_tupleDescriptor, RelationGetDescr(rel)))
		rel = scan->old_rel = relation_with_columns(rel, old);
	else if (scan->base.rs_flags & SO_TYPE_ANALYZE)
		pending_apply_in_analyze();
	else
		pending_apply();
	scan->stream = table_scan_ops->begin(rel, scan->base.rs_snapshot, scan->sample);
	MemoryContextSwitchTo(context);
}

static void
stop_stream(AmScan *scan)
{
	if (scan->stream)
		table_scan_ops->end(scan->stream);
	scan->stream = NULL;
	if (scan->old_rel && scan->old_rel->rd_amcache)
		pfree(scan->old_rel->rd_amcache);
	scan->old_rel = NULL;
}

static Relation
relation_with_columns(Relation rel, TupleDesc columns)
{
	Relation	result = palloc(sizeof(RelationData));

	*result = *rel;
	result->rd_att = columns;
	result->rd_amcache = NULL;
	return result;
}

static bool
same_columns(TupleDesc a, TupleDesc b)
{
	if (a->natts != b->natts)
		return false;
	for (int i = 0; i < a->natts; i++)
	{
		Form_pg_attribute x = TupleDescAttr(a, i);
		Form_pg_attribute y = TupleDescAttr(b, i);

		if (x->attisdropped != y->attisdropped || x->atttypid != y->atttypid ||
			x->atttypmod != y->atttypmod || x->attcollation != y->attcollation ||
			strcmp(NameStr(x->attname), NameStr(y->attname)) != 0)
			return false;
	}
	return true;
}

static bool
next_from_stream(AmScan *scan, TupleTableSlot *slot)
{
	if (scan->ended)
	{
		ExecClearTuple(slot);
		return false;
	}
	if (scan->stream == NULL)
		start_stream(scan, slot);
	if (!table_scan_ops->next(scan->stream, slot))
	{
		scan->ended = true;
		stop_stream(scan);
		ExecClearTuple(slot);
		return false;
	}
	scan->position++;
	return true;
}

/* Read everything, from the start, into the store. */
static void
fill_store(AmScan *scan, TupleTableSlot *slot)
{
	MemoryContext old;

	stop_stream(scan);
	scan->ended = false;
	scan->position = 0;
	old = MemoryContextSwitchTo(scan->context);
	scan->store = tuplestore_begin_heap(true, false, work_mem);
	scan->store_slot = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
	while (next_from_stream(scan, slot))
	{
		tuplestore_puttupleslot(scan->store, slot);
		scan->store_rows++;
	}
	store_seek(scan, 0);
}

/* Turn a scan that went forward so far into one that can go both ways. */
static void
switch_to_store(AmScan *scan, TupleTableSlot *slot)
{
	int64		position = scan->position;
	bool		ended = scan->ended;

	fill_store(scan, slot);
	store_seek(scan, position);
	/* past the end, a step back gives the last row, else the one before the last given */
	if (ended)
		(void) tuplestore_gettupleslot(scan->store, true, false, scan->store_slot);
}

/* The next row forward is then number position, from 0. */
static void
store_seek(AmScan *scan, int64 position)
{
	if (position < scan->store_position || position == 0)
	{
		tuplestore_rescan(scan->store);
		scan->store_position = 0;
	}
	if (position > scan->store_position)
		(void) tuplestore_skiptuples(scan->store, position - scan->store_position, true);
	scan->store_position = position;
}

/* store_position is kept for forward reading only: nothing seeks after going back. */
static bool
next_from_store(AmScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	if (!tuplestore_gettupleslot(scan->store, !ScanDirectionIsBackward(direction), false,
								 scan->store_slot))
	{
		ExecClearTuple(slot);
		return false;
	}
	scan->store_position++;
	ExecCopySlot(slot, scan->store_slot);
	return true;
}

static void
finish_slot(AmScan *scan, TupleTableSlot *slot)
{
	slot->tts_tableOid = RelationGetRelid(scan->base.rs_rd);
	ItemPointerSetInvalid(&slot->tts_tid);
	if (scan->kept)
		kept_rows_add(scan->kept, slot);
	pgstat_count_heap_getnext(scan->base.rs_rd);
}
