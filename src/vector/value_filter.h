/*-------------------------------------------------------------------------
 * value_filter.h
 *	  Which values of a column may have a partner among the rows that a join keeps.
 *
 * A join that gives no rows without a partner offers such a filter to what its
 * other rows come from; whoever reads the column first leaves rows out that nobody will
 * miss, before more is done for them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_VALUE_FILTER_H
#define BARKS_VECTOR_VALUE_FILTER_H

#include "vector/group_table.h"

typedef struct ValueFilter ValueFilter;

/*
 * Of the values of a key column of all groups of a table; NULL if they are no
 * integers.  In the given context.
 */
extern ValueFilter *value_filter_create(const GroupTable *table, int column, MemoryContext context);
/*
 * Of n rows of sel (NULL: rows 0 to n - 1) those whose value may be one of them, into
 * out, which may be sel; their number.  NULLs are none.
 */
extern int	value_filter_select(const ValueFilter *filter, const Vec *vec, const uint16 *sel, int n, uint16 *out);

#endif							/* BARKS_VECTOR_VALUE_FILTER_H */
