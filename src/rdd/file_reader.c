/*-------------------------------------------------------------------------
 * file_reader.c
 *	  One part of the files of a list, line by line or record by record.
 *
 * A line belongs to the part in which it begins, so a part that begins within a
 * file reads from one byte before: if that ends a line, the next byte begins one,
 * else it is in the middle of another part's.  The last line is read to its end,
 * however far in the next part that is.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "rdd/file_reader.h"
#include "rdd/file_stream.h"

#define BUFFER_BYTES	(256 * 1024)

struct FileReader
{
	MemoryContext context;
	const FileList *list;
	int			record;			/* 0: lines */
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
static void skip_mark(FileReader *reader);
static bool next_line(FileReader *reader, const char **line, Size *length);
static bool next_record(FileReader *reader, const char **record);
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
			if (reader->record == 0 && next_line(reader, data, length))
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

		if (to <= 0)
			break;
		reader->next_file++;
		if (codec != CODEC_NONE && from <= 0)
		{
			reader->limit = PG_INT64_MAX;
			open_file(reader, file, codec, 0);
			return true;
		}
		from = Max(from, 0);
		reader->limit = Min(to, file->size);
		if (codec != CODEC_NONE || from >= reader->limit)
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

	if (reader->buffer == NULL)
	{
		reader->size = Max(BUFFER_BYTES, reader->record);
		reader->buffer = palloc(reader->size);
	}
	reader->file = file;
	reader->start = reader->filled = 0;
	reader->at_end = false;
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

/* Some programs write a byte order mark before UTF-8. */
static void
skip_mark(FileReader *reader)
{
	while (reader->filled - reader->start < 3 && fill(reader))
		;
	if (reader->filled - reader->start >= 3 && memcmp(reader->buffer + reader->start, "\xEF\xBB\xBF", 3) == 0)
		take(reader, 3);
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
					 errmsg("a line of file \"%s\" is too long", reader->file->path),
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
