/*-------------------------------------------------------------------------
 * row_hash.h
 *	  The hash of a row's key, which decides its partition.
 *
 * Of tables and of exchanges alike: rows of equal keys meet, whatever the
 * types of the two sides within an operator family.  The result is stored
 * data: any change here makes colocated joins and pruning of existing tables
 * wrong.  It depends on values only, never on oids of user objects, the
 * server's locale or the type's spelling.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_ROW_HASH_H
#define BARKS_BATCH_ROW_HASH_H

#include "fmgr.h"

#include "batch/vec.h"

typedef struct RowHash RowHash;

/* How to hash keys of these types and collations; lives in context. */
extern RowHash *row_hash_create(int nkeys, const Oid *types, const Oid *collations,
								MemoryContext context);
/* The hash of one row's keys. */
extern uint64 row_hash(RowHash *hash, const Datum *values, const bool *nulls);

/*
 * The same for rows of vectors, one a key: the n numbers of rows (NULL: rows 0 to n - 1).
 * Hashes are in that order.
 */
extern void row_hash_vectors(RowHash *hash, Vec *const *keys, const uint16 *rows, int n,
							 uint64 *hashes);

/* The same for a single row. */
extern uint64 row_hash_once(int nkeys, const Oid *types, const Oid *collations,
							const Datum *values, const bool *nulls);

static inline int
row_hash_partition(uint64 hash, int npartitions)
{
	return (int) (hash % (uint64) npartitions);
}

#endif							/* BARKS_BATCH_ROW_HASH_H */
