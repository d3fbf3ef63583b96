/*-------------------------------------------------------------------------
 * shard.h
 *	  The tables on the nodes that hold a distributed table's rows.
 *
 * Everything here runs in the user's transaction: on this server directly, on
 * nodes in the transaction's write sessions.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_SHARD_H
#define BARKS_TABLE_SHARD_H

#include "utils/rel.h"

#include "table/label.h"
#include "table/layout.h"
#include "table/placement.h"

/*
 * DDL for many shards: collected per node, then run on all nodes at once.
 * Identifiers must be quoted and qualified by the caller.
 */
typedef struct ShardCommands ShardCommands;

extern ShardCommands *shard_commands_begin(void);
extern void shard_commands_add(ShardCommands *commands, Oid node, const char *format,...)
			pg_attribute_printf(3, 4);
/* Runs and frees.  Errors speak of the distributed table's indexes, not of the shards'. */
extern void shard_commands_run(ShardCommands *commands);

/*
 * Make the shards of rel's current file number and record where they are, unless
 * they exist.  same_as: place partition p like this storage's, when it has as many
 * partitions; InvalidOid: by the list of nodes.
 */
extern void shards_create(Relation rel, Oid same_as);
/* Drop a storage's shards and placement. */
extern void shards_drop(Oid filenode);
/* A further copy of a broadcast table, without rows, on the node / drop what a node has of rel. */
extern void shards_create_copy(Relation rel, Oid node);
extern void shards_drop_copy(Relation rel, Oid node);
extern void shards_truncate(Relation rel);
/* True when no shard has a row that is visible to a new snapshot. */
extern bool shards_empty(Relation rel);
/* Do all shards exist that would be read?  Asks the nodes. */
extern bool shards_present(Relation rel);
/* Run "format" (with one %s for the shard's qualified name) for every shard of rel. */
extern void shards_exec(Relation rel, const char *format);

/* Build the index of that oid on every shard / drop it there. */
extern void shards_create_index(Relation rel, Oid index);
extern void shards_drop_index(Relation rel, Oid index);
/* Unqualified name of a shard's index, palloc'd. */
extern char *shard_index_name(Oid index, Oid filenode, int partition);

/* Oid of a shard on this server. */
extern Oid	shard_local_relid(Oid filenode, int partition);

/* Oids of all distributed tables of the database, in order; not locked. */
extern List *shard_tables(void);

/* Partition number of nodes[i]. */
#define shard_partition(layout, i) ((layout)->kind == LAYOUT_BROADCAST ? 0 : (i))
/* The nodes of a layout, each once; those of copies too. */
extern List *shard_nodes(const TableLayout *layout);
extern const char *shard_storage_name(char storage);
/* Settings under which output functions give text that any node reads alike; AtEOXact_GUC ends it. */
extern int	shard_exact_text_begin(void);

/* desc without its dropped columns; attnums[i] is where column i + 1 was. */
extern TupleDesc shard_live_columns(TupleDesc desc, AttrNumber *attnums);

/* Type, collation and such of a column, as text for CREATE or ALTER TABLE. */
extern char *shard_column_type(Form_pg_attribute att);

/*
 * Speak of the distributed table where the error names a shard or its index.
 * Changes edata in place.
 */
extern void shard_translate_error(ErrorData *edata);

extern int	shard_default_partitions(List *nodes);
extern void shard_init(void);	/* barks.default_partitions */

#endif							/* BARKS_TABLE_SHARD_H */
