/*-------------------------------------------------------------------------
 * spill.h
 *	  Rows of batches in temporary files, partitioned by a hash.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SPILL_H
#define BARKS_VECTOR_SPILL_H

#include "storage/fileset.h"

#include "vector/vec.h"

typedef struct VecSpill VecSpill;

/* Rows of one partition, which are read once; it owns its file. */
typedef struct VecSpillPart
{
	struct BufFile *file;
	int64		rows;
	int			number;			/* among the partitions made with it */
	int			bits;			/* of the hash that all its rows share */
} VecSpillPart;

/* Partitions that are made at once, and a hash that, none of its bits being used yet, chooses one. */
#define VEC_SPILL_PART_BITS	5
#define VEC_SPILL_PARTS		(1 << VEC_SPILL_PART_BITS)
#define VEC_SPILL_HASH(number)	((uint32) (number) << (32 - VEC_SPILL_PART_BITS))

/* With so many bits shared there are no more to tell rows apart by. */
#define VEC_SPILL_MAX_BITS	28

/* Partitions by the bits of the hash that follow the first ones. */
extern VecSpill *vec_spill_create(int ncolumns, const VecType *types, int bits);
/* Rows of sel; hashes are by row number. */
extern void vec_spill_write(VecSpill *spill, Vec *const *columns, const uint16 *sel, int n,
							const uint32 *hashes);
/* The partitions that have rows, appended to parts (in the current context); the spill is gone. */
extern List *vec_spill_finish(VecSpill *spill, List *parts);

/*
 * One file of a set that is shared with other processes, for all rows of batches; how many there are.
 * After export anybody may open it by its name, and the spill is gone.
 */
extern VecSpill *vec_spill_create_shared(int ncolumns, const VecType *types, FileSet *files,
										 const char *name);
extern void vec_spill_write_all(VecSpill *spill, VecBatch *batch);
extern int64 vec_spill_export(VecSpill *spill, int64 *bytes);

/* Reading: the next rows of a part as a batch; NULL, and its file is closed, after the last. */
typedef struct VecSpillReader VecSpillReader;
extern VecSpillReader *vec_spill_reader_create(int ncolumns, const VecType *types);
extern VecBatch *vec_spill_read(VecSpillReader *reader, VecSpillPart *part);
extern void vec_spill_part_close(VecSpillPart *part);

#endif							/* BARKS_VECTOR_SPILL_H */
