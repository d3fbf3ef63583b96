/*-------------------------------------------------------------------------
 * distribute.h
 *	  Move a table's rows to another layout, or back to a heap.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_DISTRIBUTE_H
#define BARKS_TABLE_DISTRIBUTE_H

#include "table/label.h"

/*
 * Lay the table (with a partitioned one: all its leaves, and those to come)
 * out as spec says, or make it a heap (NULL).  place_like: a table whose
 * partitions' places are taken over, or InvalidOid.  The table keeps its oid,
 * and so all that hangs on it.
 */
extern void distribute_relation(Oid relid, const LayoutSpec *spec, Oid place_like);

#endif							/* BARKS_TABLE_DISTRIBUTE_H */
