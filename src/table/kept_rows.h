/*-------------------------------------------------------------------------
 * kept_rows.h
 *	  Rows that a running query may have to fetch again by address.
 *
 * An UPDATE of, or a row lock on, a heap table joined with a distributed one
 * makes PostgreSQL fetch the distributed row again by ctid when a concurrent
 * transaction changed the heap row (EvalPlanQual).  While such a query runs,
 * rows of its distributed tables are kept in a temporary file, and their
 * ctid is the place there.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_KEPT_ROWS_H
#define BARKS_TABLE_KEPT_ROWS_H

#include "executor/tuptable.h"
#include "nodes/pg_list.h"

typedef struct KeptRows KeptRows;

/* Rows of the table are kept until as many releases. */
extern void kept_rows_begin(Oid relid);
extern void kept_rows_end(Oid relid);
/* For a new scan: NULL unless rows of the table are kept.  One reference. */
extern KeptRows *kept_rows_for_scan(Oid relid);
extern void kept_rows_release(KeptRows *kept);
/* Keeps the slot's row and sets its address. */
extern void kept_rows_add(KeptRows *kept, TupleTableSlot *slot);
extern bool kept_rows_fetch(Oid relid, ItemPointer tid, TupleTableSlot *slot);
extern void kept_rows_init(void);

#endif							/* BARKS_TABLE_KEPT_ROWS_H */
