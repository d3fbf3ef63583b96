/*-------------------------------------------------------------------------
 * remote_type.c
 *	  Types of the user's that nodes need before a shard can be made there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "table/remote_type.h"

void
remote_types_ensure(List *nodes, TupleDesc desc)
{
}
