/*-------------------------------------------------------------------------
 * block_file.h
 *	  One file per map task attempt: blocks, then their index.
 *
 *	  blocks		batches in wire form, one after another
 *	  index			BlockEntry…, by partition and then as written
 *	  trailer		FileTrailer: whose file it is, where the index is, checksum
 *
 * A file has its name only once it is whole; until then it is "….tmp".  Blocks
 * have checksums of their own.
 */
#ifndef BARKS_SHUFFLE_BLOCK_FILE_H
#define BARKS_SHUFFLE_BLOCK_FILE_H

#include "lib/stringinfo.h"

#include "shuffle/shuffle.h"

typedef struct BlockEntry
{
	uint64		offset;
	uint32		len;
	int32		partition;
	uint32		rows;
	uint32		zero;
} BlockEntry;

/* ---------------- writing ---------------- */

typedef struct BlockFileWriter BlockFileWriter;

/*
 * Begin a file.  It is deleted when the current resource owner is released or
 * parent is reset before it was published.
 */
extern BlockFileWriter *block_file_create(const ShuffleTask *task, int npartitions,
										  int64 quota, MemoryContext parent);
/*
 * Blocks are appended to this buffer, and after each one block_file_added is
 * told what it was; start is the buffer's length before.
 */
extern StringInfo block_file_buffer(BlockFileWriter *writer);
extern void block_file_added(BlockFileWriter *writer, int partition, int rows, int start);
extern void block_file_publish(BlockFileWriter *writer);
/* Rows and bytes of each partition, npartitions of them. */
extern const int64 *block_file_rows(const BlockFileWriter *writer);
extern const int64 *block_file_bytes(const BlockFileWriter *writer);
/* Published or not; never raises. */
extern void block_file_free(BlockFileWriter *writer);

/* ---------------- reading ---------------- */

typedef struct BlockFile BlockFile;

/*
 * Open the file of a task's attempt in a job's directory; NULL, and a palloc'd
 * sentence in *why, when it is missing or not whole.  Closed with the current
 * resource owner; allocated in the current context.
 */
extern BlockFile *block_file_open(const char *directory, const ShuffleTask *task, char **why);
/* Blocks of a range of partitions; *first is an index into the entries. */
extern const BlockEntry *block_file_entries(const BlockFile *file, int first_partition,
											int last_partition, int *n);
/* Read a block into data, which has room for it.  False and *why when it cannot be. */
extern bool block_file_read(BlockFile *file, const BlockEntry *entry, char *data, char **why);
extern void block_file_close(BlockFile *file);

extern void block_file_init(void);

#endif							/* BARKS_SHUFFLE_BLOCK_FILE_H */
