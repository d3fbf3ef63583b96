/*-------------------------------------------------------------------------
 * buffer_hints.h
 *	  Pages of shared buffers without a look into the table of all buffers.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_BUFFER_HINTS_H
#define BARKS_VECTOR_BUFFER_HINTS_H

#include "storage/bufmgr.h"
#include "utils/rel.h"

extern void buffer_hints_init(void);
/*
 * As ReadBufferExtended() of the main fork.  turn: a number that is not the same in all scans; of
 * pages for which it says so, the use is counted.
 */
extern Buffer buffer_hints_read(Relation relation, BlockNumber block, BufferAccessStrategy strategy, uint32 turn);

#endif							/* BARKS_VECTOR_BUFFER_HINTS_H */
