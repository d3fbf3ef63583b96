/*-------------------------------------------------------------------------
 * kept_rows.c
 *	  Rows that a running query may have to fetch again by address.
 *
 * One file per table, shared by all queries that need it; an address is a
 * position in the file (47 bits).  The file belongs to the resource owner
 * that was current when it was made, so an abort closes it; the list forgets
 * it then, too.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "table/kept_rows.h"

#define SEGMENT_BITS	30		/* BufFile's segments are 1 GB */
#define OFFSET_BITS		15

struct KeptRows
{
	Oid			relid;
	int			references;
	SubTransactionId subid;
	BufFile    *file;			/* made by the first row */
	int			end_segment;
	off_t		end_offset;
};

static List *kept_rows = NIL;	/* of KeptRows, in TopTransactionContext */

static KeptRows *find_kept(Oid relid);
static void on_xact(XactEvent event, void *arg);
static void on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg);

void
kept_rows_init(void)
{
	RegisterXactCallback(on_xact, NULL);
	RegisterSubXactCallback(on_subxact, NULL);
}

void
kept_rows_begin(Oid relid)
{
	KeptRows   *kept = find_kept(relid);

	if (kept == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		kept = palloc0(sizeof(KeptRows));
		kept->relid = relid;
		kept->subid = GetCurrentSubTransactionId();
		kept_rows = lappend(kept_rows, kept);
		MemoryContextSwitchTo(old);
	}
	kept->references++;
}

void
kept_rows_end(Oid relid)
{
	KeptRows   *kept = find_kept(relid);

	if (kept)
		kept_rows_release(kept);
}

KeptRows *
kept_rows_for_scan(Oid relid)
{
	KeptRows   *kept = kept_rows ? find_kept(relid) : NULL;

	if (kept)
		kept->references++;
	return kept;
}

void
kept_rows_release(KeptRows *kept)
{
	if (!list_member_ptr(kept_rows, kept) || --kept->references > 0)
		return;
	if (kept->file)
		BufFileClose(kept->file);
	kept_rows = list_delete_ptr(kept_rows, kept);
	pfree(kept);
}

void
kept_rows_add(KeptRows *kept, TupleTableSlot *slot)
{
	bool		should_free;
	MinimalTuple tuple = ExecFetchSlotMinimalTuple(slot, &should_free);
	uint64		position;

	if (kept->file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		kept->file = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
	}
	if (BufFileSeek(kept->file, kept->end_segment, kept->end_offset, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in temporary file of rows")));
	position = ((uint64) kept->end_segment << SEGMENT_BITS) + (uint64) kept->end_offset;
	BufFileWrite(kept->file, tuple, tuple->t_len);
	BufFileTell(kept->file, &kept->end_segment, &kept->end_offset);
	ItemPointerSet(&slot->tts_tid, (BlockNumber) (position >> OFFSET_BITS),
				   (OffsetNumber) (position & ((1 << OFFSET_BITS) - 1)) + 1);
	if (should_free)
		pfree(tuple);
}

bool
kept_rows_fetch(Oid relid, ItemPointer tid, TupleTableSlot *slot)
{
	KeptRows   *kept = find_kept(relid);
	MinimalTuple tuple;
	uint32		length;
	uint64		position;

	if (kept == NULL || kept->file == NULL || !ItemPointerIsValid(tid))
		return false;
	position = ((uint64) ItemPointerGetBlockNumber(tid) << OFFSET_BITS) +
		(ItemPointerGetOffsetNumber(tid) - 1);
	if (BufFileSeek(kept->file, (int) (position >> SEGMENT_BITS),
					(off_t) (position & ((1 << SEGMENT_BITS) - 1)), SEEK_SET) != 0 ||
		BufFileRead(kept->file, &length, sizeof(length)) != sizeof(length))
		return false;
	tuple = palloc(length);
	tuple->t_len = length;
	if (BufFileRead(kept->file, (char *) tuple + sizeof(length), length - sizeof(length)) !=
		length - sizeof(length))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read temporary file of rows")));
	ExecForceStoreMinimalTuple(tuple, slot, true);
	slot->tts_tid = *tid;
	slot->tts_tableOid = relid;
	return true;
}

static KeptRows *
find_kept(Oid relid)
{
	ListCell   *lc;

	foreach(lc, kept_rows)
		if (((KeptRows *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	return NULL;
}

static void
on_xact(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		kept_rows = NIL;
}

static void
on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	foreach(lc, kept_rows)
	{
		KeptRows   *kept = lfirst(lc);

		if (kept->subid != subid)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			kept->subid = parent;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
			kept_rows = foreach_delete_current(kept_rows, lc);
	}
}
