/*-------------------------------------------------------------------------
 * parallel.c
 *	  Operators in parallel workers: what the processes of one CustomScan share.
 *
 * PostgreSQL gives each CustomScan one piece of shared memory.  It begins with
 * the numbers for EXPLAIN that each worker leaves there, and where the pieces
 * of operators are; operators are counted from the top, in the same order in
 * all processes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/execParallel.h"
#include "miscadmin.h"
#include "vector/parallel.h"

struct VecShared
{
	int			nworkers;
	int			nnodes;
	Size		places[FLEXIBLE_ARRAY_MEMBER];	/* by node: of its piece; 0: it has none */
	/* VecNodeStats follow, by worker and node */
};

static int
list_nodes(VecNode *node, VecNode **nodes, int n)
{
	ListCell   *lc;

	if (node == NULL)
		return n;
	if (nodes)
		nodes[n] = node;
	n = list_nodes(node->left, nodes, n + 1);
	n = list_nodes(node->right, nodes, n);
	foreach(lc, node->more)
		n = list_nodes(lfirst(lc), nodes, n);
	return n;
}

static VecNode **
all_nodes(VecNode *top)
{
	VecNode   **nodes = palloc(sizeof(VecNode *) * list_nodes(top, NULL, 0));

	list_nodes(top, nodes, 0);
	return nodes;
}

static Size
header_size(int nnodes)
{
	return MAXALIGN(offsetof(VecShared, places) + sizeof(Size) * nnodes);
}

static VecNodeStats *
worker_stats(VecShared *shared, int worker)
{
	return (VecNodeStats *) ((char *) shared + header_size(shared->nnodes)) + (Size) worker * shared->nnodes;
}

static bool
has_piece(VecNode *node)
{
	return node->plan->parallel_aware && node->methods->shared_size;
}

/* ---------------- the leader ---------------- */

Size
vec_parallel_size(VecNode *top, ParallelContext *pcxt)
{
	int			nnodes = list_nodes(top, NULL, 0);
	VecNode   **nodes = all_nodes(top);
	Size		size = header_size(nnodes) + MAXALIGN(sizeof(VecNodeStats) * nnodes * pcxt->nworkers);

	for (int i = 0; i < nnodes; i++)
		if (has_piece(nodes[i]))
			size = add_size(size, MAXALIGN(nodes[i]->methods->shared_size(nodes[i])));
	pfree(nodes);
	return size;
}

void
vec_parallel_share(VecNode *top, VecShared *shared, ParallelContext *pcxt)
{
	VecNode   **nodes = all_nodes(top);
	Size		place;

	shared->nworkers = pcxt->nworkers;
	shared->nnodes = list_nodes(top, NULL, 0);
	place = header_size(shared->nnodes) + MAXALIGN(sizeof(VecNodeStats) * shared->nnodes * pcxt->nworkers);
	memset(worker_stats(shared, 0), 0, sizeof(VecNodeStats) * shared->nnodes * pcxt->nworkers);
	for (int i = 0; i < shared->nnodes; i++)
	{
		shared->places[i] = 0;
		if (!has_piece(nodes[i]))
			continue;
		shared->places[i] = place;
		nodes[i]->methods->share(nodes[i], (char *) shared + place, pcxt);
		place += MAXALIGN(nodes[i]->methods->shared_size(nodes[i]));
	}
	pfree(nodes);
}

void
vec_parallel_reshare(VecNode *top, VecShared *shared)
{
	VecNode   **nodes = all_nodes(top);

	for (int i = 0; i < shared->nnodes; i++)
		if (shared->places[i])
			nodes[i]->methods->reshare(nodes[i], (char *) shared + shared->places[i]);
	pfree(nodes);
}

/* ---------------- workers ---------------- */

void
vec_parallel_attach(VecNode *top, VecShared *shared)
{
	VecNode   **nodes = all_nodes(top);

	for (int i = 0; i < shared->nnodes; i++)
		if (shared->places[i])
			nodes[i]->methods->attach(nodes[i], (char *) shared + shared->places[i]);
	pfree(nodes);
}

/* ---------------- all ---------------- */

static void
add_stats(VecNodeStats *to, const VecNodeStats *from)
{
	to->rows += from->rows;
	to->batches += from->batches;
	to->peak = Max(to->peak, from->peak);
	to->spilled_rows += from->spilled_rows;
	to->filtered_rows += from->filtered_rows;
}

void
vec_parallel_detach(VecNode *top, VecShared *shared)
{
	VecNode   **nodes = all_nodes(top);

	for (int i = 0; i < shared->nnodes; i++)
	{
		if (IsParallelWorker())
			/* a worker of another round may have been there */
			add_stats(&worker_stats(shared, ParallelWorkerNumber)[i], &nodes[i]->stats);
		else
			for (int worker = 0; worker < shared->nworkers; worker++)
				add_stats(&nodes[i]->others, &worker_stats(shared, worker)[i]);
		if (shared->places[i] && nodes[i]->methods->detach)
			nodes[i]->methods->detach(nodes[i]);
	}
	pfree(nodes);
}

/*
 * PostgreSQL waits for the end of the processes, so that a transaction does not end while
 * something is done for it.  But workers that have said that they are done have ended their
 * transactions, and all that is left is to give up memory, of which the page tables alone take
 * longer than a short query: one entry for each page of shared buffers that was looked at.
 * A worker without a handle is not waited for.
 */
void
vec_parallel_leave(PlanState *gather)
{
	ParallelExecutorInfo *info = NULL;

	if (IsA(gather, GatherState))
		info = ((GatherState *) gather)->pei;
	else if (IsA(gather, GatherMergeState))
		info = ((GatherMergeState *) gather)->pei;
	/* they still count; the next query should find as many that are free */
	if (info == NULL || !info->finished || info->pcxt->nworkers_launched * 2 > max_parallel_workers)
		return;
	for (int i = 0; i < info->pcxt->nworkers_launched; i++)
	{
		ParallelWorkerInfo *worker = &info->pcxt->worker[i];

		if (worker->error_mqh == NULL && worker->bgwhandle)
		{
			pfree(worker->bgwhandle);
			worker->bgwhandle = NULL;
		}
	}
}
