/*-------------------------------------------------------------------------
 * distribute.c
 *	  Move a table's rows to another layout, or back to a heap.
 *
 * As VACUUM FULL and ALTER TABLE … SET ACCESS METHOD do: a transient relation
 * of the wanted access method and layout is filled, and the two swap their
 * storage.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/multixact.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/heap.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/toasting.h"
#include "commands/cluster.h"
#include "commands/seclabel.h"
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "table/am.h"
#include "table/check.h"
#include "table/distribute.h"
#include "table/local_ddl.h"
#include "table/pending.h"
#include "table/placement.h"
#include "table/writer.h"

static bool is_shard_schema(Oid schema);
static void require_owner(Oid relid);
static void check_relation(Relation rel, const LayoutSpec *spec);
static void distribute_one(Oid relid, const LayoutSpec *spec, Oid place_like);
static void rewrite(Oid relid, Oid access_method);
static void copy_rows(Oid from, Oid to);

void
distribute_relation(Oid relid, const LayoutSpec *spec, Oid place_like)
{
	Relation	rel;
	char		relkind;
	ListCell   *lc;

	PreventCommandIfReadOnly("distribute_table()");
	require_owner(relid);		/* only an owner may as much as lock it */
	rel = table_open(relid, AccessExclusiveLock);
	relkind = rel->rd_rel->relkind;
	require_owner(relid);
	check_relation(rel, spec);
	table_close(rel, NoLock);
	writer_flush_all();
	pending_apply();
	if (relkind != RELKIND_PARTITIONED_TABLE)
	{
		distribute_one(relid, spec, place_like);
		return;
	}
	foreach(lc, find_all_inheritors(relid, AccessExclusiveLock, NULL))
	{
		require_owner(lfirst_oid(lc));
		rel = table_open(lfirst_oid(lc), NoLock);
		relkind = rel->rd_rel->relkind;
		check_relation(rel, spec);
		table_close(rel, NoLock);
		if (relkind == RELKIND_PARTITIONED_TABLE)
			label_store(lfirst_oid(lc), spec);
		else
			distribute_one(lfirst_oid(lc), spec, place_like);
	}
}

static void
require_owner(Oid relid)
{
	if (!pg_class_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

static void
check_relation(Relation rel, const LayoutSpec *spec)
{
	char		relkind = rel->rd_rel->relkind;

	if (relkind != RELKIND_RELATION && relkind != RELKIND_MATVIEW &&
		relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or materialized view", RelationGetRelationName(rel))));
	if (IsCatalogRelation(rel) || is_shard_schema(RelationGetNamespace(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot distribute \"%s\"", RelationGetRelationName(rel)),
				 errdetail("It is a system table.")));
	CheckTableNotInUse(rel, "distribute_table()");
	if (spec == NULL)
		return;
	label_check_keys(rel, spec);
	if (relkind != RELKIND_PARTITIONED_TABLE)
	{
		if (!am_is_distributed(rel))
			check_can_distribute(rel);
		check_unique_indexes(rel, spec);
	}
}

static void
distribute_one(Oid relid, const LayoutSpec *spec, Oid place_like)
{
	Relation	rel = table_open(relid, NoLock);
	Oid			old_filenode = RelationFileNumber(rel);
	bool		distributed = am_is_distributed(rel);

	table_close(rel, NoLock);
	if (spec == NULL)
	{
		if (!distributed)
			return;
		relation_hide_indexes(relid, false);
		rewrite(relid, HEAP_TABLE_AM_OID);
		label_store(relid, NULL);
		pending_apply();
		return;
	}
	relation_hide_indexes(relid, false);
	label_override(relid, old_filenode, spec);
	pending_place_like(relid, place_like);
	rewrite(relid, barks_am_oid());
	label_store(relid, spec);
	label_override(InvalidOid, InvalidOid, NULL);
	pending_apply();
	pending_place_like(InvalidOid, InvalidOid);
	relation_hide_indexes(relid, true);
}

static void
rewrite(Oid relid, Oid access_method)
{
	Oid			transient = make_new_heap(relid, InvalidOid, access_method,
										  RELPERSISTENCE_PERMANENT, AccessExclusiveLock);

	/* make_new_heap gives a TOAST table only to a table that has one */
	if (access_method == HEAP_TABLE_AM_OID)
		NewHeapCreateToastTable(transient, (Datum) 0, AccessExclusiveLock, InvalidOid);
	CommandCounterIncrement();
	copy_rows(relid, transient);
	finish_heap_swap(relid, transient, false, false, false, true,
					 RecentXmin, ReadNextMultiXactId(), RELPERSISTENCE_PERMANENT);
	CommandCounterIncrement();
}

static void
copy_rows(Oid from, Oid to)
{
	Relation	old = table_open(from, NoLock);
	Relation	new = table_open(to, AccessExclusiveLock);
	TupleDesc	desc = RelationGetDescr(old);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(old, snapshot, 0, NULL);
	TupleTableSlot *from_slot = table_slot_create(old, NULL);
	TupleTableSlot *to_slot = table_slot_create(new, NULL);
	CommandId	cid = GetCurrentCommandId(true);
	BulkInsertState bulk = GetBulkInsertState();

	while (table_scan_getnextslot(scan, ForwardScanDirection, from_slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(from_slot);
		ExecClearTuple(to_slot);
		for (int i = 0; i < desc->natts; i++)
		{
			bool		dropped = TupleDescAttr(desc, i)->attisdropped;

			to_slot->tts_values[i] = dropped ? (Datum) 0 : from_slot->tts_values[i];
			to_slot->tts_isnull[i] = dropped || from_slot->tts_isnull[i];
		}
		ExecStoreVirtualTuple(to_slot);
		table_tuple_insert(new, to_slot, cid, TABLE_INSERT_SKIP_FSM, bulk);
	}
	FreeBulkInsertState(bulk);
	table_finish_bulk_insert(new, TABLE_INSERT_SKIP_FSM);
	ExecDropSingleTupleTableSlot(to_slot);
	ExecDropSingleTupleTableSlot(from_slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(new, NoLock);
	table_close(old, NoLock);
}

static bool
is_shard_schema(Oid schema)
{
	char	   *name = get_namespace_name(schema);

	return name && strcmp(name, table_shard_schema()) == 0;
}
