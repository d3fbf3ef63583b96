/*-------------------------------------------------------------------------
 * remote_type.h
 *	  Types of the user's that nodes need before a shard can be made there.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_REMOTE_TYPE_H
#define BARKS_TABLE_REMOTE_TYPE_H

#include "access/tupdesc.h"
#include "nodes/pg_list.h"

/* Create on the nodes, by definition, the types of desc's columns that they lack. */
extern void remote_types_ensure(List *nodes, TupleDesc desc);

#endif							/* BARKS_TABLE_REMOTE_TYPE_H */
