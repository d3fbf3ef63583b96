/*-------------------------------------------------------------------------
 * file_list.h
 *	  The files that a path names, and which task reads which bytes of them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_FILE_LIST_H
#define BARKS_RDD_FILE_LIST_H

#include "nodes/pg_list.h"

typedef struct DataFile
{
	char	   *path;
	int64		size;
	int64		start;			/* bytes of the files before it, of which each counts for one more */
} DataFile;

typedef struct FileList
{
	const char *pattern;
	int			nfiles;
	DataFile   *files;			/* in the order of their names */
	int64		bytes;
	int64		room;			/* start of what would follow the last one */
} FileList;

/* How a file is to be read, by the end of its name. */
typedef enum FileCodec
{
	CODEC_NONE,
	CODEC_GZIP,
	CODEC_ZSTD
} FileCodec;

/* Without a scheme in front; raises an error when it cannot be a path on a server. */
extern char *file_path(const char *path);
/* Find the files; raises an error when there are none. */
extern FileList *file_list_make(const char *pattern);
/* As numbers, to compare two lists: how many files, how many bytes, and a hash of it all. */
extern void file_list_digest(const FileList *list, int64 digest[3]);
/* Raises an error when the digest is another one. */
extern void file_list_expect(const FileList *list, const int64 digest[3]);
/*
 * The share of one of so many parts: places from *first to before *end, as counted by
 * start.  A file that cannot be cut belongs to the part that has its start.
 */
extern void file_list_share(const FileList *list, int part, int parts, int64 *first, int64 *end);

extern FileCodec file_codec(const char *path);

#endif							/* BARKS_RDD_FILE_LIST_H */
