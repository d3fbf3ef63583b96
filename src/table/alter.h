/*-------------------------------------------------------------------------
 * alter.h
 *	  Bring the shards' columns and options up to the table's.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_ALTER_H
#define BARKS_TABLE_ALTER_H

#include "utils/rel.h"

/* The shards have the columns of old; make them those of rel. */
extern void alter_shard_columns(Relation rel, TupleDesc old);
extern void alter_shard_options(Relation rel);

#endif							/* BARKS_TABLE_ALTER_H */
