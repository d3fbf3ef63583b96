/*-------------------------------------------------------------------------
 * placement.c
 *	  The catalog barks.placement: which node holds which partition.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "cluster/extensions.h"
#include "table/placement.h"

enum
{
	Anum_placement_filenode = 1,
	Anum_placement_partition,
	Anum_placement_node,
	Anum_placement_copy,
	Natts_placement = Anum_placement_copy
};

static Relation open_placement(LOCKMODE lock);
static Oid	placement_index(void);
static void delete_rows(Oid filenode, const Oid *node);
static int	compare_placements(const void *a, const void *b);

Placement *
placement_read(Oid filenode, int *count)
{
	Relation	rel = open_placement(AccessShareLock);
	Placement  *result = NULL;
	int			allocated = 0;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	*count = 0;
	if (rel == NULL)
		return NULL;
	ScanKeyInit(&key, Anum_placement_filenode, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(filenode));
	scan = systable_beginscan(rel, placement_index(), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		values[Natts_placement];
		bool		nulls[Natts_placement];

		if (*count == allocated)
		{
			allocated = allocated ? allocated * 2 : 16;
			result = result ? repalloc(result, allocated * sizeof(Placement))
				: palloc(allocated * sizeof(Placement));
		}
		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		result[*count].partition = DatumGetInt32(values[Anum_placement_partition - 1]);
		result[*count].node = DatumGetObjectId(values[Anum_placement_node - 1]);
		result[*count].copy = DatumGetInt32(values[Anum_placement_copy - 1]);
		(*count)++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (*count > 1)
		qsort(result, *count, sizeof(Placement), compare_placements);
	return result;
}

void
placement_insert(Oid filenode, const Placement *placements, int count)
{
	Relation	rel = open_placement(RowExclusiveLock);
	CatalogIndexState indexes = CatalogOpenIndexes(rel);

	for (int i = 0; i < count; i++)
	{
		Datum		values[Natts_placement];
		bool		nulls[Natts_placement] = {false};
		HeapTuple	tuple;

		values[Anum_placement_filenode - 1] = ObjectIdGetDatum(filenode);
		values[Anum_placement_partition - 1] = Int32GetDatum(placements[i].partition);
		values[Anum_placement_node - 1] = ObjectIdGetDatum(placements[i].node);
		values[Anum_placement_copy - 1] = Int32GetDatum(placements[i].copy);
		tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
		CatalogTupleInsertWithInfo(rel, tuple, indexes);
		heap_freetuple(tuple);
	}
	CatalogCloseIndexes(indexes);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

void
placement_delete(Oid filenode)
{
	delete_rows(filenode, NULL);
}

void
placement_delete_node(Oid filenode, Oid node)
{
	delete_rows(filenode, &node);
}

List *
placement_nodes(const Placement *placements, int count)
{
	List	   *nodes = NIL;

	for (int i = 0; i < count; i++)
		nodes = list_append_unique_oid(nodes, placements[i].node);
	return nodes;
}

void
placement_lock(Oid filenode)
{
	LockDatabaseObject(ExtensionRelationId, filenode, 1, ExclusiveLock);
}

Oid
barks_am_oid(void)
{
	return get_table_am_oid("barks", true);
}

Oid
barks_extension_oid(void)
{
	return get_extension_oid("barks", true);
}

Oid
barks_owner(void)
{
	FormData_pg_extension row;

	return extensions_row(get_extension_oid("barks", false), &row, NULL) ? row.extowner : InvalidOid;
}

/* NULL while the extension is being dropped. */
static Relation
open_placement(LOCKMODE lock)
{
	Oid			schema = get_namespace_oid("barks", true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid("placement", schema) : InvalidOid;

	return OidIsValid(relid) ? table_open(relid, lock) : NULL;
}

static Oid
placement_index(void)
{
	return get_relname_relid("placement_pkey", get_namespace_oid("barks", false));
}

static int
compare_placements(const void *a, const void *b)
{
	const Placement *pa = a;
	const Placement *pb = b;

	if (pa->partition != pb->partition)
		return pa->partition < pb->partition ? -1 : 1;
	if (pa->copy != pb->copy)
		return pa->copy < pb->copy ? -1 : 1;
	return pa->node < pb->node ? -1 : pa->node > pb->node;
}

/* All rows of the storage, or those of one node. */
static void
delete_rows(Oid filenode, const Oid *node)
{
	Relation	rel = open_placement(RowExclusiveLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel == NULL)
		return;
	ScanKeyInit(&key, Anum_placement_filenode, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(filenode));
	scan = systable_beginscan(rel, placement_index(), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_placement_node, RelationGetDescr(rel), &isnull);

		if (node == NULL || DatumGetObjectId(value) == *node)
			CatalogTupleDelete(rel, &tuple->t_self);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}
