/*-------------------------------------------------------------------------
 * row_store.h
 *	  Rows of batches that are kept, column by column, and numbered.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_ROW_STORE_H
#define BARKS_VECTOR_ROW_STORE_H

#include "vector/vec.h"

typedef struct RowStore RowStore;

/* No row: its values are NULLs. */
#define ROW_NONE	PG_UINT32_MAX

/* All that it keeps is in the given context, which it does not own. */
extern RowStore *row_store_create(int ncolumns, const VecType *types, MemoryContext context);
/* Copy rows of sel to the end. */
extern void row_store_add(RowStore *store, Vec *const *columns, const uint16 *sel, int n);
extern uint32 row_store_count(const RowStore *store);
/* A whole column, by row number of the store, valid until rows are added. */
extern void row_store_column(const RowStore *store, int column, Vec *vec);
/* Values of a column in rows of these numbers, of n rows of sel, by row number of vec, which has room for nulls. */
extern void row_store_gather(RowStore *store, int column, const uint32 *numbers, const uint16 *sel, int n,
							 Vec *vec, bool *nulls);

#endif							/* BARKS_VECTOR_ROW_STORE_H */
