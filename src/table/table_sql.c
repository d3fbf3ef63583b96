/*-------------------------------------------------------------------------
 * table_sql.c
 *	  What SQL calls: distributing tables, and the functions behind the views.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "cluster/node.h"
#include "table/distribute.h"
#include "table/label.h"
#include "table/placement.h"
#include "table/shard.h"
#include "table/stats.h"

PG_FUNCTION_INFO_V1(barks_distribute_table);
PG_FUNCTION_INFO_V1(barks_broadcast_table);
PG_FUNCTION_INFO_V1(barks_undistribute_table);
PG_FUNCTION_INFO_V1(barks_table_list);
PG_FUNCTION_INFO_V1(barks_partition_list);

static Oid	colocate(LayoutSpec *spec, Oid relid, Oid other);
static Relation open_if_free(Oid relid);
static void put_table(ReturnSetInfo *result, Relation rel);
static Datum key_names(const TableLayout *layout, Relation rel);
static void put_partitions(ReturnSetInfo *result, Relation rel);
static bool all_alive(const TableLayout *layout);

Datum
barks_distribute_table(PG_FUNCTION_ARGS)
{
	Oid			relid;
	LayoutSpec *spec;
	Oid			place_like = InvalidOid;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table must not be null")));
	relid = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of partitions must be between 1 and %d", BARKS_MAX_PARTITIONS)));
	spec = label_spec_by(PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
						 PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2));
	if (!PG_ARGISNULL(3))
		place_like = colocate(spec, relid, PG_GETARG_OID(3));
	if (spec->npartitions == 0)
	{
		List	   *nodes = node_list();

		spec->npartitions = shard_default_partitions(nodes ? nodes : list_make1_oid(InvalidOid));
	}
	distribute_relation(relid, spec, place_like);
	PG_RETURN_VOID();
}

Datum
barks_broadcast_table(PG_FUNCTION_ARGS)
{
	LayoutSpec *spec = label_spec_by(NULL, 0);

	spec->kind = LAYOUT_BROADCAST;
	distribute_relation(PG_GETARG_OID(0), spec, InvalidOid);
	PG_RETURN_VOID();
}

Datum
barks_undistribute_table(PG_FUNCTION_ARGS)
{
	distribute_relation(PG_GETARG_OID(0), NULL, InvalidOid);
	PG_RETURN_VOID();
}

/* Rows of barks.tables. */
Datum
barks_table_list(PG_FUNCTION_ARGS)
{
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, shard_tables())
	{
		Relation	rel = open_if_free(lfirst_oid(lc));

		if (rel == NULL)
			continue;
		put_table((ReturnSetInfo *) fcinfo->resultinfo, rel);
		table_close(rel, AccessShareLock);
	}
	return (Datum) 0;
}

/* Rows of barks.partitions. */
Datum
barks_partition_list(PG_FUNCTION_ARGS)
{
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, shard_tables())
	{
		Relation	rel = open_if_free(lfirst_oid(lc));

		if (rel == NULL)
			continue;
		put_partitions((ReturnSetInfo *) fcinfo->resultinfo, rel);
		table_close(rel, AccessShareLock);
	}
	return (Datum) 0;
}

/* Take over count and places of the other table; returns its storage. */
static Oid
colocate(LayoutSpec *spec, Oid relid, Oid other)
{
	Relation	rel;
	Oid			filenode;
	const TableLayout *layout;

	if (!table_is_distributed(other))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a distributed table", get_rel_name(other)),
				 errhint("Distribute it first.")));
	rel = table_open(other, AccessShareLock);
	layout = table_layout(rel);
	if (layout->kind != spec->kind || layout->nkeys != list_length(spec->keys))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot colocate with \"%s\", whose layout is %s with %d key columns",
						RelationGetRelationName(rel), layout_kind_name(layout->kind), layout->nkeys),
				 errhint("Give as many key columns in \"by\".")));
	for (int i = 0; i < layout->nkeys; i++)
	{
		Oid			theirs = TupleDescAttr(RelationGetDescr(rel), layout->keys[i] - 1)->atttypid;
		AttrNumber	attnum = get_attnum(relid, list_nth(spec->keys, i));

		if (attnum > 0 && !layout_types_hash_alike(get_atttype(relid, attnum), theirs))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("cannot colocate by column \"%s\" of type %s with a key of type %s",
							(char *) list_nth(spec->keys, i),
							format_type_be(get_atttype(relid, attnum)), format_type_be(theirs))));
	}
	if (spec->npartitions != 0 && spec->npartitions != layout->npartitions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot colocate %d partitions with the %d of \"%s\"",
						spec->npartitions, layout->npartitions, RelationGetRelationName(rel))));
	spec->npartitions = layout->npartitions;
	filenode = RelationFileNumber(rel);
	table_close(rel, NoLock);
	return filenode;
}

/* NULL when the table is gone, or locked by DDL: views do not wait. */
static Relation
open_if_free(Oid relid)
{
	if (!ConditionalLockRelationOid(relid, AccessShareLock))
		return NULL;
	if (!table_is_distributed(relid))
	{
		UnlockRelationOid(relid, AccessShareLock);
		return NULL;
	}
	return table_open(relid, NoLock);
}

static void
put_table(ReturnSetInfo *result, Relation rel)
{
	const TableLayout *layout = table_layout(rel);
	Datum		values[6];
	bool		nulls[6] = {false};
	int64		rows = 0;
	int64		bytes = 0;

	if (all_alive(layout))
	{
		ShardSize  *sizes = stats_shard_sizes(layout);

		for (int i = 0; i < layout->nnodes; i++)
		{
			if (layout->kind != LAYOUT_BROADCAST || i == 0)
				rows += sizes[i].rows;
			bytes += sizes[i].bytes;
		}
		for (int i = layout->nnodes; i < table_places(layout); i++)
		{
			int			partition;

			(void) table_place(layout, i, &partition);
			bytes += sizes[partition].bytes;
		}
	}
	else
		nulls[4] = nulls[5] = true;
	values[0] = ObjectIdGetDatum(RelationGetRelid(rel));
	values[1] = CStringGetTextDatum(layout_kind_name(layout->kind));
	if (layout->nkeys > 0)
		values[2] = key_names(layout, rel);
	else
		nulls[2] = true;
	values[3] = Int32GetDatum(layout->npartitions);
	values[4] = Int64GetDatum(rows);
	values[5] = Int64GetDatum(bytes);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static Datum
key_names(const TableLayout *layout, Relation rel)
{
	Datum		names[INDEX_MAX_KEYS];

	for (int i = 0; i < layout->nkeys; i++)
		names[i] = CStringGetTextDatum(NameStr(TupleDescAttr(RelationGetDescr(rel),
															 layout->keys[i] - 1)->attname));
	return PointerGetDatum(construct_array(names, layout->nkeys, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_partitions(ReturnSetInfo *result, Relation rel)
{
	const TableLayout *layout = table_layout(rel);
	bool		alive = all_alive(layout);
	ShardSize  *sizes = alive ? stats_shard_sizes(layout) : NULL;

	for (int i = 0; i < table_places(layout); i++)
	{
		Datum		values[6];
		bool		nulls[6] = {false};
		int			partition;
		Oid			node = table_place(layout, i, &partition);
		/* copies are alike, but for broadcast tables all are asked */
		int			sized = i < layout->nnodes ? i : partition;

		values[0] = ObjectIdGetDatum(RelationGetRelid(rel));
		values[1] = Int32GetDatum(partition);
		values[2] = CStringGetTextDatum(node_name(node));
		values[3] = CStringGetTextDatum(table_shard_name(layout, partition));
		nulls[4] = nulls[5] = !alive;
		values[4] = Int64GetDatum(alive ? sizes[sized].rows : 0);
		values[5] = Int64GetDatum(alive ? sizes[sized].bytes : 0);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static bool
all_alive(const TableLayout *layout)
{
	for (int i = 0; i < layout->nnodes; i++)
		if (OidIsValid(layout->nodes[i]) && !node_alive(layout->nodes[i]))
			return false;
	return true;
}
