/*-------------------------------------------------------------------------
 * file_writer.h
 *	  Write the partitions of an RDD as files of a directory.
 *
 * The files come into being in a directory of their own within the wanted one,
 * and are moved up when all of them are complete.  So what a failed attempt left
 * is seen by nobody, and is removed when the directory is written again.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_FILE_WRITER_H
#define BARKS_RDD_FILE_WRITER_H

#include "rdd/file_list.h"

typedef struct FileWriter FileWriter;

/* For a new directory; token: letters and digits that tell this writing from others. */
extern void file_directory_begin(const char *path, const char *token);
/* Move up what is complete; gives how many files that were. */
extern int	file_directory_end(const char *path, const char *token);

/* In the current context: when that goes before the end, so does the file. */
extern FileWriter *file_writer_open(const char *path, const char *token, int part, FileCodec codec);
extern void file_writer_write(FileWriter *writer, const char *data, Size length);
extern void file_writer_finish(FileWriter *writer);

/* NULL, gzip or zstd */
extern FileCodec file_codec_by_name(const char *name);

#endif							/* BARKS_RDD_FILE_WRITER_H */
