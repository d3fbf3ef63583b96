/*-------------------------------------------------------------------------
 * shared_rows.h
 *	  Rows that the processes of a parallel join make together, for all of them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SHARED_ROWS_H
#define BARKS_VECTOR_SHARED_ROWS_H

#include "vector/node.h"

/*
 * The rows of an input of a parallel-aware join: each process gives those that all
 * processes' inputs have.  Without parallel workers, those of the input.  aware: a node
 * that is parallel-aware, the join or its Hash.
 */
extern VecNode *vec_shared_rows_create(VecQuery *query, Plan *aware, Plan *input);
/* Before they are read: how many there are, and the bytes of them in files; false: there are no others. */
extern bool vec_shared_rows_count(VecNode *node, int64 *rows, int64 *bytes);
/* Until the next rescan give but this process's rows. */
extern void vec_shared_rows_keep_own(VecNode *node);

#endif							/* BARKS_VECTOR_SHARED_ROWS_H */
