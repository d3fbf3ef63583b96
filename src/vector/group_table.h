/*-------------------------------------------------------------------------
 * group_table.h
 *	  Groups of rows by the values of key columns, numbered as they come.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_GROUP_TABLE_H
#define BARKS_VECTOR_GROUP_TABLE_H

#include "vector/vec.h"

typedef struct GroupTable GroupTable;

/*
 * Keys are compared by the equality operators given, under the types'
 * collations; types[nkeys] to types[ncolumns - 1] are of columns of which the
 * value in the group's first row is kept.  The table is a context under parent.
 */
extern GroupTable *group_table_create(int nkeys, int ncolumns, const VecType *types,
									  const Oid *equal_operators, MemoryContext parent);
/*
 * The group of each selected row, made if it is new, by row number.  The current
 * context is used for what is needed while the batch is.
 */
extern void group_table_find(GroupTable *table, Vec *const *columns, const uint16 *sel, int n,
							 uint32 *groups);
/* Make no more groups: rows of new ones get GROUP_NONE. */
#define GROUP_NONE	PG_UINT32_MAX
extern void group_table_close(GroupTable *table);
extern bool group_table_is_closed(const GroupTable *table);
/* The hashes of the rows that were asked for last, by row number. */
extern const uint32 *group_table_hashes(const GroupTable *table);
/* Make these hashes, and nothing else. */
extern void group_table_hash(GroupTable *table, Vec *const *columns, const uint16 *sel, int n);
extern uint32 group_table_count(const GroupTable *table);
/* Values of n groups from the first on, as rows 0 to n - 1 of vectors; these are valid as long as the table. */
extern void group_table_columns(GroupTable *table, uint32 first, int n, Vec **columns);

#endif							/* BARKS_VECTOR_GROUP_TABLE_H */
