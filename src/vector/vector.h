/*-------------------------------------------------------------------------
 * vector.h
 *	  Vectorized execution: parts of PostgreSQL's plans run over batches.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_VECTOR_H
#define BARKS_VECTOR_VECTOR_H

#include "nodes/plannodes.h"

extern void vector_init(void);
/*
 * Replace subtrees of a finished plan by CustomScans that run them over batches,
 * as barks.vectorize says.
 */
extern void vector_on_plan(PlannedStmt *stmt, int cursor_options);

#endif							/* BARKS_VECTOR_VECTOR_H */
