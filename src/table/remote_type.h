/*-------------------------------------------------------------------------
 * remote_type.h
 *	  Types of the user's that nodes need for shards.
 *
 * Nodes have them under the same names.  Enums, domains, composite and range
 * types and collations are created from the driver's definition; other types come
 * with their extension.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_REMOTE_TYPE_H
#define BARKS_TABLE_REMOTE_TYPE_H

#include "access/tupdesc.h"
#include "nodes/parsenodes.h"

/* Create on the nodes what desc's columns need and they lack. */
extern void remote_types_ensure(List *nodes, TupleDesc desc);
/* Nodes with shards that have the type in a column, in whatever way. */
extern List *remote_type_nodes(Oid type);
/* Do to the nodes' enum what the command did to ours. */
extern void remote_enum_altered(AlterEnumStmt *stmt);
/* ERROR when the type is used by shards on nodes: the command would not reach them. */
extern void remote_type_check_alter(Oid type);

#endif							/* BARKS_TABLE_REMOTE_TYPE_H */
