/*-------------------------------------------------------------------------
 * writer.h
 *	  From rows written to a distributed table to its shards.
 *
 * Rows are held per shard and stored in bulk.  They are stored at the latest
 * when the statement ends (before its AFTER triggers), before the transaction
 * reads a distributed table, and before the subtransaction ends, so neither
 * a query nor an error can tell that they were held.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_WRITER_H
#define BARKS_TABLE_WRITER_H

#include "executor/tuptable.h"
#include "utils/rel.h"

extern void writer_insert(Relation rel, TupleTableSlot *slot, CommandId cid);
/* Store everything that the current subtransaction wrote, and let go of all resources. */
extern void writer_flush_all(void);
/*
 * The same before rows are read.  ERROR when a statement of an outer
 * subtransaction holds rows of its own: they could not be stored as its own.
 */
extern void writer_flush_for_read(void);
extern bool writer_holds_rows(void);
/* The storage is going away: forget rows held for it. */
extern void writer_forget(Oid filenode);
extern void writer_init(void);

#endif							/* BARKS_TABLE_WRITER_H */
