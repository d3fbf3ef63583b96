/*-------------------------------------------------------------------------
 * fill.h
 *	  Fill shards of this server with the rows of a TPC-H table.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TPCH_FILL_H
#define BARKS_TPCH_FILL_H

#include "tpch/rows.h"

/*
 * shards[i] is partition partitions[i] of npartitions; rows of partitions not
 * named are left to others.  With one partition it gets all.
 */
extern void tpch_fill(TpchTableId table, const TpchScale *scale, int npartitions,
					  int nshards, const int32 *partitions, const Oid *shards);

#endif							/* BARKS_TPCH_FILL_H */
