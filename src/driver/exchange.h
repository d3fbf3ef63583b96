/*-------------------------------------------------------------------------
 * exchange.h
 *	  What a stage left for others to read, and where it is.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_EXCHANGE_H
#define BARKS_DRIVER_EXCHANGE_H

#include "batch/key_filter.h"
#include "job/protocol.h"

/* A node that keeps some of the output. */
typedef struct OutputNode
{
	Oid			node;			/* InvalidOid: this server */
	char	   *directory;		/* of the job's files there */
	int64	   *bytes;			/* per partition */
} OutputNode;

typedef struct MapOutput
{
	OutputNode *place;			/* NULL: the task is not done, or its output was lost */
	int			attempt;
	int64		rows;
	int64		bytes;
	bool		counted;		/* in the sums, which a rerun does not change */
} MapOutput;

typedef struct StageOutput
{
	int			ntasks;
	int			npartitions;
	int64	   *rows;			/* per partition, over all map tasks */
	int64	   *bytes;
	bool		replicated;		/* every map task wrote the same: read one of them */
	List	   *nodes;			/* of OutputNode */
	MapOutput  *maps;			/* per map task */
	RemoteError *failure;		/* what reading it raises: there are no map tasks; or NULL */
	KeyFilter  *keys;			/* of all rows; NULL: nobody asked */
	int			nkeyed;			/* map tasks that told theirs */
	StringInfo	keys_wire;		/* what readers are told; NULL: nothing, see filters.c */
} StageOutput;

/* All in the current context. */
extern StageOutput *exchange_output_make(int ntasks, int npartitions);
extern void exchange_output_add(StageOutput *output, int task, int attempt, Oid node,
								const TaskDone *done);
extern void exchange_output_lose(StageOutput *output, int task);
/* Has every map task its output? */
extern bool exchange_output_whole(const StageOutput *output);
extern int64 exchange_rows(const StageOutput *output, int first, int last);
extern int64 exchange_bytes(const StageOutput *output, int first, int last);
/* Bytes of partitions first to last that a node keeps. */
extern int64 exchange_bytes_on(const StageOutput *output, Oid node, int first, int last);

/* Can what the output is kept on be reached from that node?  An error if not. */
extern void exchange_check_reader(const StageOutput *output, Oid reader);
/* As a reader on that node finds it.  Every map task must have its output. */
extern StageSources *exchange_sources(const StageOutput *output, int stage,
									  List *distinct, Oid reader);

#endif							/* BARKS_DRIVER_EXCHANGE_H */
