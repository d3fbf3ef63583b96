/*-------------------------------------------------------------------------
 * file_reader.h
 *	  One part of the files of a list: lines, records, or elements of object files.
 *
 * Memory is one buffer, as large as the longest line at least.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_FILE_READER_H
#define BARKS_RDD_FILE_READER_H

#include "rdd/file_list.h"

typedef struct FileReader FileReader;

#define READ_AS_LINES	0
#define READ_AS_OBJECTS	(-1)

/* record: length of a record in bytes, or one of the above.  In the current context, as is the list. */
extern FileReader *file_reader_make(const FileList *list, int part, int parts, int record);
/* Of object files: all must have this header. */
extern void file_reader_expect(FileReader *reader, const char *header);
/* The header of the first file. */
extern char *file_reader_header(const FileList *list);
/* False when there are no more; what is pointed at holds until the next call. */
extern bool file_reader_next(FileReader *reader, const char **data, Size *length);

/* A line that was given last as a text of the database's encoding. */
extern text *file_reader_text(const FileReader *reader, const char *line, Size length);
/* The same of the whole file or a part of it, which began at an offset. */
extern text *file_text(const char *path, int64 offset, const char *data, Size length);

#endif							/* BARKS_RDD_FILE_READER_H */
