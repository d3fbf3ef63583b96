/*-------------------------------------------------------------------------
 * pending.h
 *	  What a DDL command did to shells, to be done to the shards.
 *
 * While PostgreSQL runs a command, callbacks and hooks note what happens to
 * distributed tables; pending_apply then does the same to the shards.  It is
 * called at the end of every utility command, before anything reads or writes
 * the table, and before commit.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_PENDING_H
#define BARKS_TABLE_PENDING_H

#include "access/tupdesc.h"

#include "table/label.h"

/* The table's label is about to become spec.  Locks the table; ERROR when it has rows. */
extern void pending_relabel(Oid relid, const LayoutSpec *spec);
/* relid (not yet in pg_class, perhaps) got this file number; the old one may be invalid. */
extern void pending_new_storage(Oid relid, Oid filenode, Oid old_filenode);
extern void pending_old_storage(Oid filenode);
extern void pending_index_built(Oid relid, Oid index);
extern void pending_index_dropped(Oid relid, Oid index);
/* Columns of the table are about to change: keeps its tuple descriptor as it is. */
extern void pending_columns(Oid relid);
/* Anything else of the table changed (storage parameters). */
extern void pending_options(Oid relid);

/* ANALYZE is looking at the table: it will find that it has no index. */
extern void pending_analyzed(Oid relid);

/* The columns the shards of relid still have, or NULL when they are as the table's. */
extern TupleDesc pending_old_columns(Oid relid);

extern void pending_apply(void);
/* All but to analyze shards: PostgreSQL's code for that cannot be entered twice. */
extern void pending_apply_in_analyze(void);
/* The storage whose placement rel's should follow; InvalidOid: none. */
extern Oid	pending_predecessor(Relation rel);
/* The storage whose placement the next new storage of relid should follow. */
extern void pending_place_like(Oid relid, Oid filenode);

extern void pending_init(void);

#endif							/* BARKS_TABLE_PENDING_H */
