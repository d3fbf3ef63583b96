/*-------------------------------------------------------------------------
 * local_ddl.h
 *	  DDL on this server's own shards, and catalog tricks on shells.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_LOCAL_DDL_H
#define BARKS_TABLE_LOCAL_DDL_H

#include "nodes/pg_list.h"

#include "table/shard.h"

/* Run SQL utility commands as the extension's owner, unseen by event triggers. */
extern void local_ddl_run(const char *sql);
/* Add what makes the schema for shards, when it may be missing on the node. */
extern void shard_schema_ensure(ShardCommands *commands, Oid node);
/* Nobody else has a right on shards of this storage, whatever ALTER DEFAULT PRIVILEGES says. */
extern void shard_take_rights(ShardCommands *commands, Oid node, Oid filenode);
/*
 * Make a local shard a member of the extension, and leave its columns' types to
 * the table itself: whoever drops a type hears of the table only / let it be dropped.
 */
extern void local_shard_adopt(Oid relid);
extern void local_shard_release(Oid relid);

/* All indexes of a table, hidden or not. */
extern List *relation_all_indexes(Oid relid);
/*
 * Hide a shell's indexes from the planner and the executor (indislive =
 * false), or show them to a DDL command.
 */
extern void relation_hide_indexes(Oid relid, bool hide);

/* ANALYZE says of a table whose indexes are hidden that it has none: pg_dump would believe it. */
extern void relation_restore_hasindex(Relation rel);

#endif							/* BARKS_TABLE_LOCAL_DDL_H */
