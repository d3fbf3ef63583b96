/*-------------------------------------------------------------------------
 * group_table.h
 *	  Groups of rows by the values of key columns, numbered as they come.
 *
 * Groups are found by hash, or are runs of equal rows that follow each other.
 * Each has some bytes for its owner, zeros at first, which stay where they are.
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
									  const Oid *equal_operators, Size bytes, MemoryContext parent);
/* The same for groups that are runs: operators need no hash function. */
extern GroupTable *group_runs_create(int nkeys, int ncolumns, const VecType *types,
									 const Oid *equal_operators, Size bytes, MemoryContext parent);

/*
 * The group of each selected row, made if it is new, and its owner's bytes
 * (NULL: not wanted), by row number.  The current context is used for what is
 * needed while the batch is.
 */
extern void group_table_find(GroupTable *table, Vec *const *columns, const uint16 *sel, int n,
							 uint32 *groups, char **bytes);
/* Make no more groups: rows of new ones get GROUP_NONE. */
#define GROUP_NONE	PG_UINT32_MAX
extern void group_table_close(GroupTable *table);
extern bool group_table_is_closed(const GroupTable *table);
/* The hashes of the rows that were asked for last, by row number. */
extern const uint32 *group_table_hashes(const GroupTable *table);
/* Make these hashes, and nothing else. */
extern void group_table_hash(GroupTable *table, Vec *const *columns, const uint16 *sel, int n);
extern uint32 group_table_count(const GroupTable *table);
extern char *group_table_bytes(const GroupTable *table, uint32 group);
/* Is this key column one of integers, dates or such?  Then it has a group's value, and no NULLs, of which there must be none. */
extern bool group_table_has_integers(const GroupTable *table, int column);
extern int64 group_table_integer(const GroupTable *table, uint32 group, int column);
/* Values of n groups from the first on, as rows 0 to n - 1 of vectors; these are valid as long as the groups. */
extern void group_table_columns(GroupTable *table, uint32 first, int n, Vec **columns);

/*
 * Look at rows of sel (NULL: all): starts gets the places in sel where runs start, the
 * first place always among them; their number is returned.
 */
extern int	group_runs_find(GroupTable *runs, Vec *const *columns, const uint16 *sel, int n, uint16 *starts);
/* Is this one of the rows looked at of the last group? */
extern bool group_runs_continue(GroupTable *runs, int row);
/* Each of n of the rows looked at starts a group; the number of the first. */
extern uint32 group_runs_add(GroupTable *runs, Vec *const *columns, const uint16 *rows, int n);
/* Forget all groups but the last, which becomes number 0. */
extern void group_runs_keep_last(GroupTable *runs);
extern void group_runs_forget(GroupTable *runs);

#endif							/* BARKS_VECTOR_GROUP_TABLE_H */
