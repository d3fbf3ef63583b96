/*-------------------------------------------------------------------------
 * pages.c
 *	  The pages of a table, one after the other, and their visible rows.
 *
 * Which page comes next is told by PostgreSQL's scan descriptors: where
 * synchronized scans start, what the processes of a parallel scan share, and that a
 * large table gets but a ring of buffers.  Pages are read here, as heapgetpage()
 * does it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/syncscan.h"
#include "access/tableam.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "vector/buffer_hints.h"
#include "vector/pages.h"

#define CACHE_LINE		64
#define MAX_PREFETCH	256			/* bytes of a row */

struct Pages
{
	MemoryContext context;
	Relation	relation;
	EState	   *estate;
	HeapScanDesc scan;			/* NULL: not begun */
	bool		started;
	Size		prefetched;		/* bytes of a row that are looked at first */
	uint32		turn;			/* another one in each scan */
	BlockNumber block;			/* next one; InvalidBlockNumber: there is none; of no parallel scan */
};

static void begin(Pages *pages, ParallelTableScanDesc shared);
static void start(Pages *pages);
static BlockNumber take_block(Pages *pages);
static int	find_visible(Pages *pages, Buffer buffer, HeapTupleHeader *rows);

Pages *
pages_create(Relation relation, EState *estate)
{
	Pages	   *pages = palloc0(sizeof(Pages));

	pages->context = CurrentMemoryContext;
	pages->relation = relation;
	pages->estate = estate;
	pages->prefetched = MAX_PREFETCH;
	return pages;
}

void
pages_expect(Pages *pages, Size bytes)
{
	pages->prefetched = Min(bytes, MAX_PREFETCH);
}

static void
begin(Pages *pages, ParallelTableScanDesc shared)
{
	MemoryContext old = MemoryContextSwitchTo(pages->context);

	pages_end(pages);
	pages->scan = (HeapScanDesc) (shared ? table_beginscan_parallel(pages->relation, shared) :
								  table_beginscan(pages->relation, pages->estate->es_snapshot, 0, NULL));
	pages->started = false;
	MemoryContextSwitchTo(old);
}

Buffer
pages_next(Pages *pages, HeapTupleHeader *rows, int *nrows)
{
	BlockNumber block;

	if (pages->scan == NULL)
		begin(pages, NULL);
	if (!pages->started)
		start(pages);
	while ((block = take_block(pages)) != InvalidBlockNumber)
	{
		Buffer		buffer = buffer_hints_read(pages->relation, block, pages->scan->rs_strategy, pages->turn);

		CHECK_FOR_INTERRUPTS();
		heap_page_prune_opt(pages->relation, buffer);
		*nrows = find_visible(pages, buffer, rows);
		if (*nrows > 0)
			return buffer;
		ReleaseBuffer(buffer);
	}
	return InvalidBuffer;
}

static void
start(Pages *pages)
{
	HeapScanDesc scan = pages->scan;
	ParallelBlockTableScanDesc shared = (ParallelBlockTableScanDesc) scan->rs_base.rs_parallel;

	pages->started = true;
	pages->turn = pg_prng_uint32(&pg_global_prng_state);
	if (shared)
		table_block_parallelscan_startblock_init(pages->relation, scan->rs_parallelworkerdata, shared);
	else
		pages->block = scan->rs_nblocks > 0 ? scan->rs_startblock : InvalidBlockNumber;
}

/* The next block, and on. */
static BlockNumber
take_block(Pages *pages)
{
	HeapScanDesc scan = pages->scan;
	ParallelBlockTableScanDesc shared = (ParallelBlockTableScanDesc) scan->rs_base.rs_parallel;
	BlockNumber block = pages->block;

	if (shared)
		return table_block_parallelscan_nextpage(pages->relation, scan->rs_parallelworkerdata, shared);
	if (block == InvalidBlockNumber)
		return block;
	pages->block = block + 1 == scan->rs_nblocks ? 0 : block + 1;
	if (scan->rs_base.rs_flags & SO_ALLOW_SYNC)
		ss_report_location(pages->relation, pages->block);
	if (pages->block == scan->rs_startblock)
		pages->block = InvalidBlockNumber;
	return block;
}

/* Rows are looked at soon, when a page that was not lately in use is far from the processor still. */
static inline void
prefetch_row(const void *row, Size length)
{
	for (Size i = 0; i < length; i += CACHE_LINE)
		__builtin_prefetch((const char *) row + i, 0, 2);
}

static int
find_visible(Pages *pages, Buffer buffer, HeapTupleHeader *rows)
{
	Snapshot	snapshot = pages->scan->rs_base.rs_snapshot;
	Page		page;
	int			lines;
	bool		all_visible;
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	TestForOldSnapshot(snapshot, pages->relation, page);
	lines = PageGetMaxOffsetNumber(page);
	all_visible = PageIsAllVisible(page) && !snapshot->takenDuringRecovery;
	for (OffsetNumber line = FirstOffsetNumber; line <= lines; line++)
	{
		ItemId		id = PageGetItemId(page, line);
		HeapTupleData tuple;

		if (!ItemIdIsNormal(id))
			continue;
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, id);
		prefetch_row(tuple.t_data, Min(ItemIdGetLength(id), pages->prefetched));
		if (!all_visible)
		{
			tuple.t_tableOid = RelationGetRelid(pages->relation);
			tuple.t_len = ItemIdGetLength(id);
			ItemPointerSet(&tuple.t_self, BufferGetBlockNumber(buffer), line);
			if (!HeapTupleSatisfiesVisibility(&tuple, snapshot, buffer))
				continue;
		}
		rows[n++] = tuple.t_data;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return n;
}

void
pages_rescan(Pages *pages)
{
	if (pages->scan)
		table_rescan(&pages->scan->rs_base, NULL);
	pages->started = false;
}

void
pages_end(Pages *pages)
{
	if (pages->scan)
		table_endscan(&pages->scan->rs_base);
	pages->scan = NULL;
}

/* ---------------- parallel scans ---------------- */

Size
pages_shared_size(Pages *pages)
{
	return table_parallelscan_estimate(pages->relation, pages->estate->es_snapshot);
}

void
pages_share(Pages *pages, void *shared)
{
	table_parallelscan_initialize(pages->relation, shared, pages->estate->es_snapshot);
	begin(pages, shared);
}

void
pages_reshare(Pages *pages, void *shared)
{
	table_parallelscan_reinitialize(pages->relation, shared);
}

void
pages_attach(Pages *pages, void *shared)
{
	begin(pages, shared);
}
