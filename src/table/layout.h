/*-------------------------------------------------------------------------
 * layout.h
 *	  How a distributed table is laid out, and where its partitions are.
 *
 * The layout (kind, key, number of partitions, colocation) is the security
 * label of provider "barks" on the table, so that pg_dump carries it.  The
 * placement (which node holds partition p of this relfilenode) is in the
 * catalog barks.placement, written by the transaction that creates the
 * shards, and never changes for a relfilenode but for the copies of a
 * broadcast table.  Both are cached in the relcache entry.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_LAYOUT_H
#define BARKS_TABLE_LAYOUT_H

#include "utils/rel.h"

typedef enum LayoutKind
{
	LAYOUT_HASH,
	LAYOUT_ROUND_ROBIN,
	LAYOUT_BROADCAST
} LayoutKind;

/* One palloc'd chunk. */
typedef struct TableLayout
{
	LayoutKind	kind;
	int			npartitions;	/* 1 for broadcast */
	int			nkeys;			/* 0 unless hash */
	AttrNumber	keys[INDEX_MAX_KEYS];
	Oid			filenode;		/* the shards' part of the name */
	bool		created;		/* shards exist; else the table is empty everywhere */
	int			nnodes;			/* hash, round-robin: npartitions, one each; broadcast: copies */
	int			ncopies;		/* hash, round-robin: further copies of partitions, see table_place */
	Oid			nodes[FLEXIBLE_ARRAY_MEMBER];	/* where to read; InvalidOid = this server */
} TableLayout;

/*
 * All shards, copies included: place i of table_places(), the first nnodes of which are
 * those to read.
 */
#define table_places(layout) ((layout)->nnodes + (layout)->ncopies)
extern Oid	table_place(const TableLayout *layout, int i, int *partition);

/* Is this a table (or materialized view) of access method barks? Cheap (syscache). */
extern bool table_is_distributed(Oid relid);

/*
 * The layout of an open distributed table: a copy, palloc'd in the current
 * context, of what the relcache entry caches (invalidation frees that).  Where
 * partitions have copies, nodes are chosen that are believed alive now.
 */
extern const TableLayout *table_layout(Relation rel);

/*
 * True when partition p of both is on the same node for every p, with equal
 * counts, and their keys hash alike (same number of keys, compatible types).
 */
extern bool table_layouts_colocated(Relation a, Relation b);

/* Same placement of partitions (keys not looked at): UNION ALL can be by partition. */
extern bool table_layouts_aligned(Relation a, Relation b);

/* On how many nodes partitions are; slots, if not NULL: how many executor slots these have. */
extern int	table_layout_nodes(const TableLayout *layout, int *slots);

/*
 * Partition of a row with these key values, in key order.  Hashes as the
 * equality operators of the key types' default hash families do, so equal
 * values of int2/int4/int8, text/varchar, float4/float8, and numerics of any
 * scale meet.  NULLs hash alike.  types: the values' own types.
 */
extern int	table_partition_for_values(const TableLayout *layout, int nkeys,
									   const Oid *types, const Oid *collations,
									   const Datum *values, const bool *nulls);

/* Do equal values of two key types always go to the same partition? */
extern bool layout_types_hash_alike(Oid a, Oid b);

/* Schema that holds this database's shards on every node: barks_<sysid>_<dboid>. */
extern const char *table_shard_schema(void);
/* Where nodes keep copies of this database's functions.  palloc'd. */
extern char *table_function_schema(void);
/* Qualified, quoted name of a shard, palloc'd. */
extern char *table_shard_name(const TableLayout *layout, int partition);

/* Estimated rows and bytes over all shards, for planning and the views. */
extern void table_size_estimate(Relation rel, double *rows, int64 *bytes);

#endif							/* BARKS_TABLE_LAYOUT_H */
