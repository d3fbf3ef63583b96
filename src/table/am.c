/*-------------------------------------------------------------------------
 * am.c
 *	  The table access method "barks": the shell of a distributed table.
 *
 * The shell has an empty file (its number names the shards), no rows, no
 * toast table and no visible indexes.  Whatever reads it gets the shards'
 * rows; whatever writes rows reaches the shards; what needs a row's address
 * is refused.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/multixact.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/storage.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "storage/smgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "table/am.h"
#include "table/am_scan.h"
#include "table/check.h"
#include "table/kept_rows.h"
#include "table/label.h"
#include "table/pending.h"
#include "table/shard.h"
#include "table/stats.h"
#include "table/writer.h"

PG_FUNCTION_INFO_V1(barks_table_am_handler);

static const TableAmRoutine routine;
static TupleTableSlotOps slot_ops;

static void refuse(Relation rel, const char *what, const char *hint) pg_attribute_noreturn();

bool
am_is_distributed(Relation rel)
{
	return rel->rd_tableam == &routine;
}

Datum
barks_table_am_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&routine);
}

/*
 * Slots are virtual ones, but for a heap tuple copied from them: it keeps the
 * address, by which ANALYZE sorts its sample.
 */
static HeapTuple
copy_heap_tuple(TupleTableSlot *slot)
{
	HeapTuple	tuple = TTSOpsVirtual.copy_heap_tuple(slot);

	tuple->t_self = slot->tts_tid;
	tuple->t_tableOid = slot->tts_tableOid;
	return tuple;
}

static const TupleTableSlotOps *
am_slot_callbacks(Relation rel)
{
	if (slot_ops.copy_heap_tuple == NULL)
	{
		memcpy(&slot_ops, &TTSOpsVirtual, sizeof(TupleTableSlotOps));
		slot_ops.copy_heap_tuple = copy_heap_tuple;
	}
	return &slot_ops;
}

/* Parallel scans: only a parallel index build gets here, and reads nothing. */

static Size
am_parallelscan_estimate(Relation rel)
{
	return sizeof(ParallelTableScanDescData);
}

static Size
am_parallelscan_initialize(Relation rel, ParallelTableScanDesc pscan)
{
	pscan->phs_relid = RelationGetRelid(rel);
	pscan->phs_syncscan = false;
	return sizeof(ParallelTableScanDescData);
}

static void
am_parallelscan_reinitialize(Relation rel, ParallelTableScanDesc pscan)
{
}

/* Rows have no address. */

static struct IndexFetchTableData *
am_index_fetch_begin(Relation rel)
{
	refuse(rel, "index scans are not supported", "Its indexes are on the shards.");
}

static void
am_index_fetch_reset(struct IndexFetchTableData *data)
{
}

static void
am_index_fetch_end(struct IndexFetchTableData *data)
{
}

static bool
am_index_fetch_tuple(struct IndexFetchTableData *scan, ItemPointer tid, Snapshot snapshot,
					 TupleTableSlot *slot, bool *call_again, bool *all_dead)
{
	refuse(scan->rel, "index scans are not supported", "Its indexes are on the shards.");
}

static bool
am_tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot)
{
	if (kept_rows_fetch(RelationGetRelid(rel), tid, slot))
		return true;
	refuse(rel, "rows cannot be fetched by address", "Identify rows by a key instead of ctid.");
}

static bool
am_tuple_tid_valid(TableScanDesc scan, ItemPointer tid)
{
	return false;
}

static void
am_tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	refuse(scan->rs_rd, "rows have no address", "Identify rows by a key instead of ctid.");
}

static bool
am_tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot, Snapshot snapshot)
{
	refuse(rel, "rows have no address", "Identify rows by a key instead of ctid.");
}

static TransactionId
am_index_delete_tuples(Relation rel, TM_IndexDeleteOp *delstate)
{
	refuse(rel, "index scans are not supported", "Its indexes are on the shards.");
}

/* Writing. */

static void
am_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
				BulkInsertState bistate)
{
	writer_insert(rel, slot, cid);
	slot->tts_tableOid = RelationGetRelid(rel);
	ItemPointerSetInvalid(&slot->tts_tid);
}

static void
am_multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid, int options,
				BulkInsertState bistate)
{
	for (int i = 0; i < nslots; i++)
		am_tuple_insert(rel, slots[i], cid, options, bistate);
}

static void
am_tuple_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
							BulkInsertState bistate, uint32 token)
{
	refuse(rel, "INSERT … ON CONFLICT is not supported", "Leave out rows that are already there with WHERE NOT EXISTS.");
}

static void
am_tuple_complete_speculative(Relation rel, TupleTableSlot *slot, uint32 token, bool succeeded)
{
}

static TM_Result
am_tuple_delete(Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot,
				Snapshot crosscheck, bool wait, TM_FailureData *tmfd, bool changing_part)
{
	refuse(rel, "DELETE is not supported", "Remove all rows with TRUNCATE, or write the wanted ones to a new table.");
}

static TM_Result
am_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot, CommandId cid,
				Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *tmfd,
				LockTupleMode *lockmode, bool *update_indexes)
{
	refuse(rel, "UPDATE is not supported", "Write the wanted rows to a new table.");
}

static TM_Result
am_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
			  CommandId cid, LockTupleMode mode, LockWaitPolicy wait_policy, uint8 flags,
			  TM_FailureData *tmfd)
{
	refuse(rel, "row locks are not supported", "Use LOCK TABLE.");
}

static void
am_finish_bulk_insert(Relation rel, int options)
{
	writer_flush_all();
}

/* DDL. */

static void
am_relation_set_new_filenode(Relation rel, const RelFileNode *newrnode, char persistence,
							 TransactionId *freezeXid, MultiXactId *minmulti)
{
	SMgrRelation srel;
	Oid			old = RelationFileNumber(rel);

	if (persistence != RELPERSISTENCE_PERMANENT)
		refuse(rel, "unlogged and temporary tables are not supported",
			   "Use an ordinary table: CREATE TEMPORARY TABLE … USING heap.");
	if (OidIsValid(rel->rd_rel->reltablespace))
		refuse(rel, "tablespaces are not supported",
			   "Leave out the tablespace, and set default_tablespace to ''.");
	/* the shell has no transaction ids of its own to freeze */
	*freezeXid = InvalidTransactionId;
	*minmulti = InvalidMultiXactId;
	/* an empty file, so that nothing else is given this number */
	srel = RelationCreateStorage(*newrnode, persistence, true);
	smgrclose(srel);
	if (old == newrnode->relNode)
		old = InvalidOid;
	pending_new_storage(RelationGetRelid(rel), newrnode->relNode, old);
	if (OidIsValid(old))
		pending_old_storage(old);
}

static void
am_relation_nontransactional_truncate(Relation rel)
{
	writer_forget(RelationFileNumber(rel));
	pending_apply();
	shards_truncate(rel);
}

static void
am_relation_copy_data(Relation rel, const RelFileNode *newrnode)
{
	refuse(rel, "tablespaces are not supported", "Shards are in their nodes' default tablespace.");
}

/* VACUUM FULL: new shards with the same rows. */
static void
am_relation_copy_for_cluster(Relation old, Relation new, Relation index, bool use_sort,
							 TransactionId oldest_xmin, TransactionId *xid_cutoff,
							 MultiXactId *multi_cutoff, double *num_tuples,
							 double *tups_vacuumed, double *tups_recently_dead)
{
	TableScanDesc scan;
	TupleTableSlot *slot;

	if (index)
		refuse(old, "CLUSTER is not supported", "Sort the rows when they are loaded: INSERT … SELECT … ORDER BY.");
	*num_tuples = 0;
	*tups_vacuumed = 0;
	*tups_recently_dead = 0;
	scan = table_beginscan(old, GetActiveSnapshot(), 0, NULL);
	slot = table_slot_create(old, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		writer_insert(new, slot, GetCurrentCommandId(true));
		*num_tuples += 1;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	writer_flush_all();
}

/* Nothing to do on the shell but to keep its horizons young; nodes vacuum their shards. */
static void
am_relation_vacuum(Relation rel, struct VacuumParams *params, BufferAccessStrategy strategy)
{
	bool		frozenxid_updated;
	bool		minmulti_updated;
	TransactionId oldest = GetOldestNonRemovableTransactionId(rel);

	vac_update_relstats(rel, rel->rd_rel->relpages, rel->rd_rel->reltuples, 0,
						rel->rd_rel->relhasindex, oldest, GetOldestMultiXactId(),
						&frozenxid_updated, &minmulti_updated, false);
	pgstat_report_vacuum(RelationGetRelid(rel), rel->rd_rel->relisshared,
						 Max(rel->rd_rel->reltuples, 0), 0);
	ereport((params->options & VACOPT_VERBOSE) ? INFO : DEBUG2,
			(errmsg("distributed table \"%s\" has nothing to vacuum on the driver",
					RelationGetRelationName(rel)),
			 errdetail("Each node vacuums its shards by itself.")));
}

/* The shell's index stays empty; the shards get theirs at the end of the command. */
static double
am_index_build_range_scan(Relation rel, Relation index, struct IndexInfo *info, bool allow_sync,
						  bool anyvisible, bool progress, BlockNumber start, BlockNumber count,
						  IndexBuildCallback callback, void *state, TableScanDesc scan)
{
	if (info->ii_Concurrent)
		refuse(rel, "indexes cannot be built concurrently", "Leave out CONCURRENTLY.");
	if (scan == NULL || !IsParallelWorker())
	{
		check_index(rel, RelationGetRelid(index), label_of_relation(rel));
		pending_index_built(RelationGetRelid(rel), RelationGetRelid(index));
	}
	if (scan)
		table_endscan(scan);
	return 0;
}

static void
am_index_validate_scan(Relation rel, Relation index, struct IndexInfo *info, Snapshot snapshot,
					   struct ValidateIndexState *state)
{
	refuse(rel, "indexes cannot be built concurrently", "Leave out CONCURRENTLY.");
}

/* ANALYZE takes its one block for the whole table; the file itself is empty. */
static uint64
am_relation_size(Relation rel, ForkNumber fork)
{
	return fork == MAIN_FORKNUM || fork == InvalidForkNumber ? BLCKSZ : 0;
}

static bool
am_relation_needs_toast_table(Relation rel)
{
	return false;
}

static void
refuse(Relation rel, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s on distributed table \"%s\"", what, RelationGetRelationName(rel)),
			 errhint("%s", hint)));
}

static const TableAmRoutine routine = {
	.type = T_TableAmRoutine,
	.slot_callbacks = am_slot_callbacks,
	.scan_begin = am_scan_begin,
	.scan_end = am_scan_end,
	.scan_rescan = am_scan_rescan,
	.scan_getnextslot = am_scan_getnextslot,
	.parallelscan_estimate = am_parallelscan_estimate,
	.parallelscan_initialize = am_parallelscan_initialize,
	.parallelscan_reinitialize = am_parallelscan_reinitialize,
	.index_fetch_begin = am_index_fetch_begin,
	.index_fetch_reset = am_index_fetch_reset,
	.index_fetch_end = am_index_fetch_end,
	.index_fetch_tuple = am_index_fetch_tuple,
	.tuple_fetch_row_version = am_tuple_fetch_row_version,
	.tuple_tid_valid = am_tuple_tid_valid,
	.tuple_get_latest_tid = am_tuple_get_latest_tid,
	.tuple_satisfies_snapshot = am_tuple_satisfies_snapshot,
	.index_delete_tuples = am_index_delete_tuples,
	.tuple_insert = am_tuple_insert,
	.tuple_insert_speculative = am_tuple_insert_speculative,
	.tuple_complete_speculative = am_tuple_complete_speculative,
	.multi_insert = am_multi_insert,
	.tuple_delete = am_tuple_delete,
	.tuple_update = am_tuple_update,
	.tuple_lock = am_tuple_lock,
	.finish_bulk_insert = am_finish_bulk_insert,
	.relation_set_new_filenode = am_relation_set_new_filenode,
	.relation_nontransactional_truncate = am_relation_nontransactional_truncate,
	.relation_copy_data = am_relation_copy_data,
	.relation_copy_for_cluster = am_relation_copy_for_cluster,
	.relation_vacuum = am_relation_vacuum,
	.scan_analyze_next_block = am_scan_analyze_next_block,
	.scan_analyze_next_tuple = am_scan_analyze_next_tuple,
	.index_build_range_scan = am_index_build_range_scan,
	.index_validate_scan = am_index_validate_scan,
	.relation_size = am_relation_size,
	.relation_needs_toast_table = am_relation_needs_toast_table,
	.relation_estimate_size = stats_estimate_size,
	.scan_sample_next_block = am_scan_sample_next_block,
	.scan_sample_next_tuple = am_scan_sample_next_tuple
};
