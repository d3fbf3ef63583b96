/*-------------------------------------------------------------------------
 * put.h
 *	  Keep blocks that a driver partitioned itself (frames 'P').
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_PUT_H
#define BARKS_WORKER_PUT_H

#include "lib/stringinfo.h"

/* The blocks of one task at a time. */
typedef struct Put Put;

/* Lives in context; files belong to the current resource owner. */
extern Put *put_create(MemoryContext context);
/*
 * Take a frame, its cursor after the type byte.  answer is left empty or gets a
 * frame 'D' or 'E' to send; errors become such a frame.
 */
extern void put_take(Put *put, uint64 driver, uint64 job, StringInfo frame, StringInfo answer);
/* Drop what was not published. */
extern void put_drop(Put *put);

#endif							/* BARKS_WORKER_PUT_H */
