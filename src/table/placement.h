/*-------------------------------------------------------------------------
 * placement.h
 *	  The catalog barks.placement: which node holds which partition.
 *
 * A storage is one file number of a distributed table; its shards are named
 * by it.  Rows are written in the user's transaction by C code (nobody has
 * rights on the catalog), so they come and go with the shards.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_PLACEMENT_H
#define BARKS_TABLE_PLACEMENT_H

#include "nodes/pg_list.h"

typedef struct Placement
{
	int			partition;
	Oid			node;
	int			copy;			/* 0: where reads go while the node is alive */
} Placement;

/* Placements of a storage ordered by partition, copy, node; palloc'd, *count of them. */
extern Placement *placement_read(Oid filenode, int *count);
extern void placement_insert(Oid filenode, const Placement *placements, int count);
extern void placement_delete(Oid filenode);
/* Only what is on that node. */
extern void placement_delete_node(Oid filenode, Oid node);
/* Nodes that hold anything of the placements, each once. */
extern List *placement_nodes(const Placement *placements, int count);
/* Serialize makers of the same storage until the end of the transaction. */
extern void placement_lock(Oid filenode);
/* The access method's and the extension's own oids; InvalidOid when not installed. */
extern Oid	barks_am_oid(void);
extern Oid	barks_extension_oid(void);
extern Oid	barks_owner(void);	/* of the extension: the local service role */

#endif							/* BARKS_TABLE_PLACEMENT_H */
