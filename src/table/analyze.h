/*-------------------------------------------------------------------------
 * analyze.h
 *	  ANALYZE of a distributed table is ANALYZE of its shards, too.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_ANALYZE_H
#define BARKS_TABLE_ANALYZE_H

#include "utils/rel.h"

/* Give the nodes' planners statistics of what they hold of the table. */
extern void analyze_shards(Relation rel);

#endif							/* BARKS_TABLE_ANALYZE_H */
