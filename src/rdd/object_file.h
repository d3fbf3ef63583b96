/*-------------------------------------------------------------------------
 * object_file.h
 *	  Files that keep elements as they are, with their types.
 *
 *	  BARKS RDD 1
 *	  what the elements are, see object_header()
 *	  for each element: int32 bytes that follow; for each leaf int32 length or -1, and
 *	  what the type's send function gives
 *	  int32 -1
 *
 * Integers are in network order, types are called by their names.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_OBJECT_FILE_H
#define BARKS_RDD_OBJECT_FILE_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "rdd/file_writer.h"
#include "rdd/shape.h"

#define OBJECT_MAGIC	"BARKS RDD 1"

typedef struct ObjectFormat ObjectFormat;

/* A shape as one line of text, and back; the latter raises an error when types are missing. */
extern char *object_header(const RddShape *shape);
extern RddShape *object_shape(const char *header);

/* Of a call's arguments from first on. */
extern ObjectFormat *object_format_make(FunctionCallInfo fcinfo, int first);
extern void object_write_header(FileWriter *writer, const char *header);
extern void object_write(FileWriter *writer, ObjectFormat *format, FunctionCallInfo fcinfo, int first);
extern void object_write_end(FileWriter *writer);

#endif							/* BARKS_RDD_OBJECT_FILE_H */
