/*-------------------------------------------------------------------------
 * table_scan.h
 *	  How the table access method reads rows, without knowing the driver.
 *
 * Any access to a distributed table that the planner did not translate
 * (barks.enabled = off, COPY TO, ANALYZE, a rewrite, a C caller) comes through
 * the access method; it runs a one-stage job by these pointers, which driver/
 * fills in at load.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_TABLE_SCAN_H
#define BARKS_JOB_TABLE_SCAN_H

#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

typedef struct TableRowStream TableRowStream;

typedef struct TableScanOps
{
	/*
	 * Rows of rel under snapshot, all columns at their attribute numbers, in
	 * partition order (deterministic).  snapshot NULL means the active one.  sample is a fraction
	 * of rows for ANALYZE, 1.0 for all.  Lives until end or abort of the
	 * current (sub)transaction.
	 */
	TableRowStream *(*begin) (Relation rel, Snapshot snapshot, double sample);
	/* Store the next row as a virtual tuple; false at the end. */
	bool		(*next) (TableRowStream *stream, TupleTableSlot *slot);
	void		(*end) (TableRowStream *stream);
} TableScanOps;

extern PGDLLIMPORT const TableScanOps *table_scan_ops;

#endif							/* BARKS_JOB_TABLE_SCAN_H */
