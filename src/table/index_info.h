/*-------------------------------------------------------------------------
 * index_info.h
 *	  Unique indexes of distributed tables, as the planner may know them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_INDEX_INFO_H
#define BARKS_TABLE_INDEX_INFO_H

#include "nodes/pathnodes.h"

/* Add the table's unique indexes to rel, so that they prove things but are never scanned. */
extern void index_info_add_unique(RelOptInfo *rel, Oid relid);

#endif							/* BARKS_TABLE_INDEX_INFO_H */
