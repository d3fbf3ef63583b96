/*-------------------------------------------------------------------------
 * shared_rows.h
 *	  Rows that the processes of a parallel join make together, for all of them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SHARED_ROWS_H
#define BARKS_VECTOR_SHARED_ROWS_H

#include "vector/node.h"

/*
 * The rows of a Hash below a parallel-aware join: each process gives those that all
 * processes' inputs have.  Without parallel workers, those of the input.
 */
extern VecNode *vec_shared_rows_create(VecQuery *query, Plan *hash);

#endif							/* BARKS_VECTOR_SHARED_ROWS_H */
