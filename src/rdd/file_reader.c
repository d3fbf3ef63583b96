/*-------------------------------------------------------------------------
 * file_reader.c
 *	  One part of the files of a list: lines, records, or elements of object files.
 *
 * A line belongs to the part in which it begins, so a part that begins within a
 * file reads from one byte before: if that ends a line, the next byte begins one,
 * else it is in the middle of another part's.  The last line is read to its end,
 * however far in the next part that is.  Compressed files and object files cannot be
 * read from their middle on, so they belong to one part.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "rdd/file_reader.h"
#include "rdd/file_stream.h"
#include "rdd/object_file.h"

#define BUFFER_BYTES	(256 * 1024)

struct FileReader
{
	MemoryContext context;
	const FileList *list;
	int			record;			/* its length, or READ_AS_LINES, READ_AS_OBJECTS */
	const char *header;			/* of object files, NULL: any */
	int64		first;			/* the part's places, see file_list_share */
	int64		end;
	int			next_file;
	const DataFile *file;		/* the one that is open */
	FileStream *stream;			/* NULL: none is */
	int64		limit;			/* what begins there, in the file, belongs to others */
	char	   *buffer;
	Size		size;
	Size		start;			/* of what is left in it */
	Size		filled;
	int64		at;				/* where in the decompressed file start is */
	bool		at_end;			/* there is no more than what is in the buffer */
	int64		last;			/* where what was given last began */
};

static bool open_next(FileReader *reader);
static void open_file(FileReader *reader, const DataFile *file, FileCodec codec, int64 from);
static void open_buffer(FileReader *reader, const DataFile *file);
static void skip_mark(FileReader *reader);
static bool next_line(FileReader *reader, const char **line, Size *length);
static bool next_record(FileReader *reader, const char **record);
static char *read_header(FileReader *reader);
static bool next_object(FileReader *reader, const char **data, Size *size);
static void incomplete(const FileReader *reader) pg_attribute_noreturn();
static bool fill(FileReader *reader);
static void take(FileReader *reader, Size bytes);
static void close_file(FileReader *reader);
static void invalid_bytes(const char *path, int64 offset, const char *data, Size length) pg_attribute_noreturn();

FileReader *
file_reader_make(const FileList *list, int part, int parts, int record)
{
	FileReader *reader = palloc0(sizeof(FileReader));

	reader->context = CurrentMemoryContext;
	reader->list = list;
	reader->record = record;
	file_list_share(list, part, parts, &reader->first, &reader->end);
	return reader;
}

bool
file_reader_next(FileReader *reader, const char **data, Size *length)
{
	for (;;)
	{
		if (reader->stream == NULL && !open_next(reader))
			return false;
		reader->last = reader->at;
		if (reader->at < reader->limit)
		{
			if (reader->record == READ_AS_LINES && next_line(reader, data, length))
				return true;
			if (reader->record == READ_AS_OBJECTS && next_object(reader, data, length))
				return true;
			if (reader->record > 0 && next_record(reader, data))
			{
				*length = reader->record;
				return true;
			}
		}
		close_file(reader);
	}
}

/* The next file with something in the part. */
static bool
open_next(FileReader *reader)
{
	while (reader->next_file < reader->list->nfiles)
	{
		const DataFile *file = &reader->list->files[reader->next_file];
		FileCodec	codec = file_codec(file->path);
		int64		from = reader->first - file->start;
		int64		to = reader->end - file->start;
		bool		whole = codec != CODEC_NONE || reader->record == READ_AS_OBJECTS;

		if (to <= 0)
			break;
		reader->next_file++;
		if (whole && from <= 0)
		{
			reader->limit = PG_INT64_MAX;
			open_file(reader, file, codec, 0);
			return true;
		}
		from = Max(from, 0);
		reader->limit = Min(to, file->size);
		if (whole || from >= reader->limit)
			continue;
		open_file(reader, file, codec, from);
		return true;
	}
	return false;
}

/* At the first line or record that begins at from or after. */
static void
open_file(FileReader *reader, const DataFile *file, FileCodec codec, int64 from)
{
	MemoryContext old = MemoryContextSwitchTo(reader->context);

	open_buffer(reader, file);
	if (reader->record > 0)
	{
		if (codec == CODEC_NONE && file->size % reader->record != 0)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("file \"%s\" does not consist of records of %d bytes", file->path, reader->record),
					 errdetail("It has %lld bytes.", (long long) file->size)));
		from = (from + reader->record - 1) / reader->record * reader->record;
		reader->at = from;
		reader->stream = file_stream_open(file->path, codec, from);
	}
	else if (reader->record == READ_AS_OBJECTS)
	{
		const char *header;

		reader->at = 0;
		reader->stream = file_stream_open(file->path, codec, 0);
		header = read_header(reader);
		if (reader->header && strcmp(header, reader->header) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("object file \"%s\" has elements of other types", file->path),
					 errdetail("It has %s, others have %s.", header, reader->header)));
	}
	else
	{
		reader->at = from > 0 ? from - 1 : 0;
		reader->stream = file_stream_open(file->path, codec, reader->at);
		if (from == 0)
			skip_mark(reader);
		else
		{
			const char *line;
			Size		length;

			(void) next_line(reader, &line, &length);
		}
	}
	MemoryContextSwitchTo(old);
}

static void
open_buffer(FileReader *reader, const DataFile *file)
{
	if (reader->buffer == NULL)
	{
		reader->size = Max(BUFFER_BYTES, reader->record);
		reader->buffer = palloc(reader->size);
	}
	reader->file = file;
	reader->start = reader->filled = 0;
	reader->at = 0;
	reader->at_end = false;
}

/* Some programs write a byte order mark before UTF-8. */
static void
skip_mark(FileReader *reader)
{
	while (reader->filled - reader->start < 3 && fill(reader))
		;
	if (reader->filled - reader->start >= 3 && memcmp(reader->buffer + reader->start, "\xEF\xBB\xBF", 3) == 0)
	{
		take(reader, 3);
		/* the part that has its first byte has the line behind it */
		reader->limit = Max(reader->limit, reader->at + 1);
	}
}

/* False at the end of the file. */
static bool
next_line(FileReader *reader, const char **line, Size *length)
{
	Size		seen = 0;

	for (;;)
	{
		char	   *begin = reader->buffer + reader->start;
		Size		left = reader->filled - reader->start;
		char	   *newline = memchr(begin + seen, '\n', left - seen);

		if (newline)
		{
			*line = begin;
			*length = newline - begin;
			take(reader, *length + 1);
			if (*length > 0 && newline[-1] == '\r')
				(*length)--;
			return true;
		}
		seen = left;
		if (fill(reader))
			continue;
		*line = reader->buffer + reader->start;
		*length = left;
		take(reader, left);
		return left > 0;
	}
}

static bool
next_record(FileReader *reader, const char **record)
{
	while (reader->filled - reader->start < reader->record && fill(reader))
		;
	if (reader->filled == reader->start)
		return false;
	if (reader->filled - reader->start < reader->record)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("file \"%s\" does not consist of records of %d bytes", reader->file->path, reader->record),
				 errdetail("A record begins at its end.")));
	*record = reader->buffer + reader->start;
	take(reader, reader->record);
	return true;
}

/* Magic and header. */
static char *
read_header(FileReader *reader)
{
	int			magic = strlen(OBJECT_MAGIC "\n");
	const char *header;
	Size		length;

	while (reader->filled - reader->start < magic && fill(reader))
		;
	if (reader->filled - reader->start < magic ||
		memcmp(reader->buffer + reader->start, OBJECT_MAGIC "\n", magic) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not an object file", reader->file->path),
				 errhint("Object files are made by barks.rdd_save_as_object_file().")));
	take(reader, magic);
	if (!next_object(reader, &header, &length))
		incomplete(reader);
	return text_to_cstring(file_text(reader->file->path, reader->at - length, header, length));
}

/* False at the end, which says that it is one. */
static bool
next_object(FileReader *reader, const char **data, Size *size)
{
	uint32		length;

	while (reader->filled - reader->start < sizeof(length) && fill(reader))
		;
	if (reader->filled - reader->start < sizeof(length))
		incomplete(reader);
	memcpy(&length, reader->buffer + reader->start, sizeof(length));
	length = pg_ntoh32(length);
	take(reader, sizeof(length));
	if (length == PG_UINT32_MAX)
	{
		if (reader->filled > reader->start || fill(reader))
			incomplete(reader);
		return false;
	}
	while (reader->filled - reader->start < length && fill(reader))
		;
	if (reader->filled - reader->start < length)
		incomplete(reader);
	*data = reader->buffer + reader->start;
	*size = length;
	take(reader, length);
	return true;
}

static void
incomplete(const FileReader *reader)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg("object file \"%s\" is damaged", reader->file->path),
			 errdetail("At byte %lld there is no element, nor the end.", (long long) reader->at)));
}

void
file_reader_expect(FileReader *reader, const char *header)
{
	reader->header = header;
}

char *
file_reader_header(const FileList *list)
{
	FileReader *reader = file_reader_make(list, 0, 1, READ_AS_OBJECTS);
	char	   *header;

	if (list->nfiles == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("there is no object file in \"%s\"", list->pattern)));
	open_buffer(reader, &list->files[0]);
	reader->stream = file_stream_open(reader->file->path, file_codec(reader->file->path), 0);
	header = read_header(reader);
	close_file(reader);
	return header;
}

/* Read on, behind what is in the buffer; false when there is nothing. */
static bool
fill(FileReader *reader)
{
	Size		left = reader->filled - reader->start;
	Size		n;

	if (reader->at_end)
		return false;
	if (reader->start > 0)
	{
		memmove(reader->buffer, reader->buffer + reader->start, left);
		reader->start = 0;
		reader->filled = left;
	}
	if (reader->filled == reader->size)
	{
		if (reader->size >= MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a line or element of file \"%s\" is too long", reader->file->path),
					 errdetail("It begins at byte %lld.", (long long) reader->at)));
		reader->size = Min(reader->size * 2, MaxAllocSize);
		reader->buffer = repalloc(reader->buffer, reader->size);
	}
	n = file_stream_read(reader->stream, reader->buffer + reader->filled, reader->size - reader->filled);
	reader->at_end = n < reader->size - reader->filled;
	reader->filled += n;
	return n > 0;
}

static void
take(FileReader *reader, Size bytes)
{
	reader->start += bytes;
	reader->at += bytes;
}

static void
close_file(FileReader *reader)
{
	file_stream_close(reader->stream);
	reader->stream = NULL;
}

text *
file_reader_text(const FileReader *reader, const char *line, Size length)
{
	return file_text(reader->file->path, reader->last, line, length);
}

/* Files are in UTF-8, or, where the database knows no encoding, whatever they are. */
text *
file_text(const char *path, int64 offset, const char *data, Size length)
{
	int			encoding = GetDatabaseEncoding();
	text	   *result;

	if (length > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text in file \"%s\" is too long", path),
				 errdetail("It begins at byte %lld.", (long long) offset)));
	if (encoding == PG_SQL_ASCII ? memchr(data, '\0', length) != NULL :
		pg_encoding_verifymbstr(PG_UTF8, data, length) != (int) length)
		invalid_bytes(path, offset, data, length);
	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
	{
		data = (char *) pg_do_encoding_conversion((unsigned char *) data, length, PG_UTF8, encoding);
		length = strlen(data);
	}
	result = palloc(length + VARHDRSZ);
	SET_VARSIZE(result, length + VARHDRSZ);
	memcpy(VARDATA(result), data, length);
	return result;
}

static void
invalid_bytes(const char *path, int64 offset, const char *data, Size length)
{
	int			encoding = GetDatabaseEncoding() == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;
	int			valid = pg_encoding_verifymbstr(encoding, data, length);
	int			show = Min(length - valid, 4);
	char		bytes[4 * 5 + 1] = "";

	for (int i = 0; i < show; i++)
		snprintf(bytes + strlen(bytes), sizeof(bytes) - strlen(bytes), " 0x%02x", (unsigned char) data[valid + i]);
	ereport(ERROR,
			(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
			 errmsg("file \"%s\" is not valid %s", path, pg_encoding_to_char(encoding)),
			 errdetail("Invalid at byte %lld:%s.", (long long) (offset + valid), bytes),
			 errhint("Read it with barks.rdd_binary_files or barks.rdd_binary_records, and convert it.")));
}
