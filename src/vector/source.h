/*-------------------------------------------------------------------------
 * source.h
 *	  CustomScans of other modules that give batches.
 *
 * Such a node runs as any other above PostgreSQL's nodes, and gives rows.  Below an
 * operator it is asked for batches instead, of all columns of its custom_scan_tlist; its
 * qual and target list are evaluated over these.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SOURCE_H
#define BARKS_VECTOR_SOURCE_H

#include "nodes/extensible.h"

#include "vector/vec.h"

typedef struct VecSourceMethods
{
	const CustomScanMethods *scan;
	const char *name;			/* for EXPLAIN */
	/*
	 * The next rows, at most vec_batch_rows(); NULL at the end.  Valid until the node is asked
	 * again, scanned again or ended.  types are those of the columns.
	 */
	VecBatch   *(*next) (CustomScanState *state, const VecType *types);
} VecSourceMethods;

/* Called once for each kind of node; methods stay. */
extern void vec_source_register(const VecSourceMethods *methods);

#endif							/* BARKS_VECTOR_SOURCE_H */
