/*-------------------------------------------------------------------------
 * hash.h
 *	  Hashes of values that are the same on every server.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_HASH_H
#define BARKS_RDD_HASH_H

#include "fmgr.h"

/*
 * Of the arguments of a call from that one on.  Exact: of what the values look
 * like; otherwise equal values have equal hashes.
 */
extern uint64 rdd_hash_arguments(FunctionCallInfo fcinfo, int first, uint64 seed, bool exact);

#endif							/* BARKS_RDD_HASH_H */
