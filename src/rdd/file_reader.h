/*-------------------------------------------------------------------------
 * file_reader.h
 *	  One part of the files of a list, line by line or record by record.
 *
 * Memory is one buffer, as large as the longest line at least.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_FILE_READER_H
#define BARKS_RDD_FILE_READER_H

#include "rdd/file_list.h"

typedef struct FileReader FileReader;

/* record: length of a record in bytes, 0: lines.  In the current context, as is the list. */
extern FileReader *file_reader_make(const FileList *list, int part, int parts, int record);
/* False when there are no more; what is pointed at holds until the next call. */
extern bool file_reader_next(FileReader *reader, const char **data, Size *length);

/* A line that was given last as a text of the database's encoding. */
extern text *file_reader_text(const FileReader *reader, const char *line, Size length);
/* The same of the whole file or a part of it, which began at an offset. */
extern text *file_text(const char *path, int64 offset, const char *data, Size length);

#endif							/* BARKS_RDD_FILE_READER_H */
