/*-------------------------------------------------------------------------
 * file_stream.h
 *	  The bytes of a file, decompressed, from some place on.
 *
 * A stream lives in the memory context that it is opened in: when that goes, so
 * do file descriptor and state of the decompression.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_FILE_STREAM_H
#define BARKS_RDD_FILE_STREAM_H

#include "rdd/file_list.h"

typedef struct FileStream FileStream;

/* offset: where to begin; of a compressed file it must be 0 */
extern FileStream *file_stream_open(const char *path, FileCodec codec, int64 offset);
/* As many bytes as there are up to size; less only at the end. */
extern Size file_stream_read(FileStream *stream, char *buffer, Size size);
extern void file_stream_close(FileStream *stream);

#endif							/* BARKS_RDD_FILE_STREAM_H */
