/*-------------------------------------------------------------------------
 * route.c
 *	  Which partition a row belongs to.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batch/row_hash.h"
#include "table/layout.h"

int
table_partition_for_values(const TableLayout *layout, int nkeys, const Oid *types,
						   const Oid *collations, const Datum *values, const bool *nulls)
{
	Assert(layout->kind == LAYOUT_HASH && nkeys == layout->nkeys);
	return row_hash_partition(row_hash_once(nkeys, types, collations, values, nulls),
							  layout->npartitions);
}
