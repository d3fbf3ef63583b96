/*-------------------------------------------------------------------------
 * parallel.h
 *	  Operators in parallel workers: what the processes of one CustomScan share.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_PARALLEL_H
#define BARKS_VECTOR_PARALLEL_H

#include "access/parallel.h"

#include "vector/node.h"

typedef struct VecShared VecShared;

extern Size vec_parallel_size(VecNode *top, ParallelContext *pcxt);
/* In the leader: before the first round, and before each other one. */
extern void vec_parallel_share(VecNode *top, VecShared *shared, ParallelContext *pcxt);
extern void vec_parallel_reshare(VecNode *top, VecShared *shared);
/* In a worker. */
extern void vec_parallel_attach(VecNode *top, VecShared *shared);
/* What is shared goes away: workers leave their numbers there, the leader takes them. */
extern void vec_parallel_detach(VecNode *top, VecShared *shared);
/*
 * The rows of a Gather have all been read, and will not be read again: when it is shut down, do not
 * wait until its workers' processes are gone.  Of any other node nothing is done.
 */
extern void vec_parallel_leave(PlanState *gather);

#endif							/* BARKS_VECTOR_PARALLEL_H */
