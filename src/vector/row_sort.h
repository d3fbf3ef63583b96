/*-------------------------------------------------------------------------
 * row_sort.h
 *	  The order of the rows of a row store.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_ROW_SORT_H
#define BARKS_VECTOR_ROW_SORT_H

#include "vector/row_store.h"
#include "vector/sort_key.h"

/* Bytes that sorting takes for each row, beside the store. */
#define ROW_SORT_BYTES	(sizeof(uint32) + 2 * 16)

/*
 * The numbers of all rows of the store, which stays as it is, in the order of the
 * keys; allocated in the current context.
 */
extern uint32 *row_sort(const RowStore *store, int nkeys, SortKey *keys);

#endif							/* BARKS_VECTOR_ROW_SORT_H */
