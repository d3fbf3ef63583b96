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
/* NULL, or which extension that the object is a member of some node lacks. */
extern const char *remote_extension_lacking(Oid class_id, Oid object_id);
/* Types that are not built in that the type is made of, and it, each after what it needs. */
extern List *remote_types_of(List *types, Oid type);
/*
 * NULL, or why nodes may not have the type.  They have known types, which are
 * those that columns of shards are made of, and those of extensions that all have.
 */
extern const char *remote_type_lacking(Oid type, List *known);
/* Nodes with shards that have the type in a column, in whatever way. */
extern List *remote_type_nodes(Oid type);
/* Do to the nodes' enum what the command did to ours. */
extern void remote_enum_altered(AlterEnumStmt *stmt);
/* ERROR when the type is used by shards on nodes: the command would not reach them. */
extern void remote_type_check_alter(Oid type);

/* Has the table, which is locked, shards on this server? */
extern bool remote_has_local_shards(Oid relid);

/*
 * The list with the user's collations that the table's columns have, if all
 * nodes have shards of it, and so the collations too.  The table is locked.
 */
extern List *remote_collations(Oid relid, List *collations);
/* Likewise an ERROR. */
extern void remote_collation_check_alter(Oid collation);

#endif							/* BARKS_TABLE_REMOTE_TYPE_H */
