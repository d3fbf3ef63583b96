/*-------------------------------------------------------------------------
 * reader.h
 *	  All blocks of a task's input, from wherever they are.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_READER_H
#define BARKS_SHUFFLE_READER_H

#include "batch/batch.h"
#include "job/protocol.h"

typedef struct ShuffleReader ShuffleReader;

/* Bytes of blocks, by the way they came. */
typedef struct ShuffleReaderStats
{
	int64		memory;			/* read again from what was kept */
	int64		file;
	int64		wire;
} ShuffleReaderStats;

/*
 * input and sources must outlive the reader.  force_wire: do not open files of
 * other servers on this host.  keep: small inputs stay in memory for a rewind.
 */
extern ShuffleReader *shuffle_reader_open(uint64 driver, uint64 job, const TaskInput *input,
										  const StageSources *sources, BatchSchema *schema,
										  bool force_wire, bool keep, MemoryContext parent);
/*
 * The next batch, in no particular order; NULL at the end.  The caller frees
 * it.  ERRCODE_BARKS_INPUT_LOST, noted, when a map task's output cannot be had.
 */
extern Batch *shuffle_reader_next(ShuffleReader *reader);
/* From the start again. */
extern void shuffle_reader_rewind(ShuffleReader *reader);
extern const ShuffleReaderStats *shuffle_reader_stats(const ShuffleReader *reader);
extern void shuffle_reader_close(ShuffleReader *reader);

#endif							/* BARKS_SHUFFLE_READER_H */
