/*-------------------------------------------------------------------------
 * file_writer.c
 *	  Write the partitions of an RDD as files of a directory.
 *
 *	  path/_temporary-TOKEN/part-00003.gz.PID.NUMBER	being written by an attempt
 *	  path/_temporary-TOKEN/part-00003.gz				complete
 *	  path/part-00003.gz, path/_SUCCESS					after the end
 *
 * Nodes may have one directory in common or each its own: all of this is done on
 * every node, and what somebody else has done already is no error.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "port.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "rdd/file_writer.h"

#define BUFFER_BYTES	(256 * 1024)
#define WINDOW_GZIP		(15 + 16)	/* zlib's word for a gzip header */
#define TEMPORARY		"_temporary-"
#define COMPLETE_FILE	"_SUCCESS"
#define FILE_MASK		(S_IWGRP | S_IWOTH)	/* readable by others, as what COPY writes */

struct FileWriter
{
	MemoryContext context;
	MemoryContextCallback release;
	char	   *path;			/* when complete */
	char	   *attempt;		/* until then */
	FileCodec	codec;
	File		file;			/* negative: closed */
	int64		offset;
	char	   *buffer;			/* what goes to the file next */
	Size		filled;
	z_stream   *deflate;
	ZSTD_CStream *zstd;
};

static char *temporary_directory(const char *path, const char *token);
static void make_directory(const char *path);
static void check_directory(const char *path, const char *token, bool remove_others);
static void remove_temporary(const char *path);
static bool is_part(const char *name);
static void make_complete_file(const char *path);
static void start_compression(FileWriter *writer);
static File open_new(const char *path);
static void put(FileWriter *writer, const char *data, Size length);
static void flush(FileWriter *writer);
static void write_gzip(FileWriter *writer, const char *data, Size length, bool end);
static void write_zstd(FileWriter *writer, const char *data, Size length, bool end);
static void release_writer(void *arg);

/* ---------------- directories ---------------- */

void
file_directory_begin(const char *path, const char *token)
{
	make_directory(path);
	check_directory(path, token, true);
	make_directory(temporary_directory(path, token));
}

static char *
temporary_directory(const char *path, const char *token)
{
	if (token[0] == '\0' || token[strspn(token, "0123456789abcdef")] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of a directory to write")));
	return psprintf("%s/%s%s", path, TEMPORARY, token);
}

/* With those above it; it may be there already. */
static void
make_directory(const char *path)
{
	mode_t		mask = umask(FILE_MASK);
	int			result = pg_mkdir_p(pstrdup(path), S_IRWXU | S_IRWXG | S_IRWXO);
	int			error = errno;

	umask(mask);
	errno = error;
	if (result != 0 && errno != EEXIST)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", path)));
}

/* Nothing may be in it but what attempts to write it left. */
static void
check_directory(const char *path, const char *token, bool remove_others)
{
	DIR		   *dir = AllocateDir(path);
	char	   *own = psprintf("%s%s", TEMPORARY, token);
	struct dirent *entry;

	while ((entry = ReadDir(dir, path)) != NULL)
	{
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, own) == 0)
			continue;
		if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_FILE),
					 errmsg("directory \"%s\" is not empty", path),
					 errhint("Remove it, or write to another one.")));
		if (remove_others)
			remove_temporary(psprintf("%s/%s", path, name));
	}
	FreeDir(dir);
}

static void
remove_temporary(const char *path)
{
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;

	if (dir == NULL && errno == ENOENT)
		return;					/* others were faster */
	while ((entry = ReadDir(dir, path)) != NULL)
	{
		char	   *name = psprintf("%s/%s", path, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			unlink(name) != 0 && errno != ENOENT)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not remove file \"%s\": %m", name)));
	}
	FreeDir(dir);
	if (rmdir(path) != 0 && errno != ENOENT)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not remove directory \"%s\": %m", path)));
}

int
file_directory_end(const char *path, const char *token)
{
	char	   *temporary = temporary_directory(path, token);
	DIR		   *dir = AllocateDir(temporary);
	int			moved = 0;
	struct dirent *entry;

	if (dir == NULL && errno == ENOENT)
		return 0;				/* nothing was written here, or others were faster */
	while ((entry = ReadDir(dir, temporary)) != NULL)
	{
		char	   *from = psprintf("%s/%s", temporary, entry->d_name);
		char	   *to = psprintf("%s/%s", path, entry->d_name);

		if (!is_part(entry->d_name))
			continue;
		if (rename(from, to) == 0)
			moved++;
		else if (errno != ENOENT)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not rename file \"%s\" to \"%s\": %m", from, to)));
	}
	FreeDir(dir);
	remove_temporary(temporary);
	make_complete_file(path);
	return moved;
}

/* Not one of an attempt that did not come to its end. */
static bool
is_part(const char *name)
{
	const char *rest = name + strlen("part-");

	if (strncmp(name, "part-", strlen("part-")) != 0)
		return false;
	rest += strspn(rest, "0123456789");
	return rest[0] == '\0' || strcmp(rest, ".gz") == 0 || strcmp(rest, ".zst") == 0;
}

static void
make_complete_file(const char *path)
{
	char	   *name = psprintf("%s/%s", path, COMPLETE_FILE);
	mode_t		mask = umask(FILE_MASK);
	int			fd = OpenTransientFilePerm(name, O_CREAT | O_WRONLY | PG_BINARY, 0666);
	int			error = errno;

	umask(mask);
	errno = error;
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", name)));
	CloseTransientFile(fd);
}

/* ---------------- files ---------------- */

FileCodec
file_codec_by_name(const char *name)
{
	if (name == NULL)
		return CODEC_NONE;
	if (pg_strcasecmp(name, "gzip") == 0)
		return CODEC_GZIP;
	if (pg_strcasecmp(name, "zstd") == 0)
		return CODEC_ZSTD;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no codec \"%s\"", name),
			 errhint("Codecs are gzip and zstd; null is none.")));
}

FileWriter *
file_writer_open(const char *path, const char *token, int part, FileCodec codec)
{
	static uint32 number = 0;
	static const char *const suffixes[] = {"", ".gz", ".zst"};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks file", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	FileWriter *writer = palloc0(sizeof(FileWriter));
	char	   *temporary = temporary_directory(path, token);

	/* a node that nobody told of the directory has to make it */
	make_directory(path);
	check_directory(path, token, false);
	make_directory(temporary);
	writer->context = context;
	writer->codec = codec;
	writer->path = psprintf("%s/part-%05d%s", temporary, part, suffixes[codec]);
	writer->attempt = psprintf("%s.%d.%u", writer->path, MyProcPid, ++number);
	writer->buffer = palloc(BUFFER_BYTES);
	writer->file = open_new(writer->attempt);
	writer->release.func = release_writer;
	writer->release.arg = writer;
	MemoryContextRegisterResetCallback(context, &writer->release);
	start_compression(writer);
	MemoryContextSwitchTo(old);
	return writer;
}

static void
start_compression(FileWriter *writer)
{
	bool		failed = false;

	if (writer->codec == CODEC_GZIP)
	{
		z_stream   *stream = palloc0(sizeof(z_stream));

		failed = deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, 8,
							  Z_DEFAULT_STRATEGY) != Z_OK;
		if (!failed)
			writer->deflate = stream;
	}
	else if (writer->codec == CODEC_ZSTD)
	{
		writer->zstd = ZSTD_createCStream();
		failed = writer->zstd == NULL;
	}
	if (failed)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not start to compress file \"%s\"", writer->path)));
}

static File
open_new(const char *path)
{
	mode_t		mask = umask(FILE_MASK);
	File		file = PathNameOpenFilePerm(path, O_CREAT | O_EXCL | O_WRONLY | PG_BINARY, 0666);
	int			error = errno;

	umask(mask);
	errno = error;
	if (file < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", path)));
	return file;
}

void
file_writer_write(FileWriter *writer, const char *data, Size length)
{
	switch (writer->codec)
	{
		case CODEC_GZIP:
			write_gzip(writer, data, length, false);
			break;
		case CODEC_ZSTD:
			write_zstd(writer, data, length, false);
			break;
		default:
			put(writer, data, length);
			break;
	}
}

void
file_writer_finish(FileWriter *writer)
{
	if (writer->codec == CODEC_GZIP)
		write_gzip(writer, NULL, 0, true);
	else if (writer->codec == CODEC_ZSTD)
		write_zstd(writer, NULL, 0, true);
	flush(writer);
	if (rename(writer->attempt, writer->path) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rename file \"%s\" to \"%s\": %m", writer->attempt, writer->path)));
	writer->attempt = NULL;
	MemoryContextDelete(writer->context);
}

static void
put(FileWriter *writer, const char *data, Size length)
{
	while (length > 0)
	{
		Size		n = Min(length, BUFFER_BYTES - writer->filled);

		memcpy(writer->buffer + writer->filled, data, n);
		writer->filled += n;
		data += n;
		length -= n;
		if (writer->filled == BUFFER_BYTES)
			flush(writer);
	}
}

static void
flush(FileWriter *writer)
{
	Size		done = 0;

	CHECK_FOR_INTERRUPTS();
	while (done < writer->filled)
	{
		int			n;

		errno = 0;
		n = FileWrite(writer->file, writer->buffer + done, writer->filled - done, writer->offset,
					  PG_WAIT_EXTENSION);
		if (n <= 0)
		{
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write file \"%s\": %m", writer->path)));
		}
		done += n;
		writer->offset += n;
	}
	writer->filled = 0;
}

static void
write_gzip(FileWriter *writer, const char *data, Size length, bool end)
{
	z_stream   *stream = writer->deflate;
	int			result;

	stream->next_in = (Bytef *) data;
	stream->avail_in = length;
	do
	{
		if (writer->filled == BUFFER_BYTES)
			flush(writer);
		stream->next_out = (Bytef *) writer->buffer + writer->filled;
		stream->avail_out = BUFFER_BYTES - writer->filled;
		result = deflate(stream, end ? Z_FINISH : Z_NO_FLUSH);
		writer->filled = BUFFER_BYTES - stream->avail_out;
		if (result == Z_STREAM_ERROR)
			elog(ERROR, "could not compress file \"%s\"", writer->path);
	} while (end ? result != Z_STREAM_END : stream->avail_in > 0);
}

static void
write_zstd(FileWriter *writer, const char *data, Size length, bool end)
{
	ZSTD_inBuffer input = {data, length, 0};
	size_t		result;

	do
	{
		ZSTD_outBuffer output;

		if (writer->filled == BUFFER_BYTES)
			flush(writer);
		output = (ZSTD_outBuffer) {writer->buffer, BUFFER_BYTES, writer->filled};
		result = ZSTD_compressStream2(writer->zstd, &output, &input, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(result))
			elog(ERROR, "could not compress file \"%s\": %s", writer->path, ZSTD_getErrorName(result));
		writer->filled = output.pos;
	} while (end ? result != 0 : input.pos < input.size);
}

static void
release_writer(void *arg)
{
	FileWriter *writer = arg;

	if (writer->deflate)
		deflateEnd(writer->deflate);
	if (writer->zstd)
		ZSTD_freeCStream(writer->zstd);
	FileClose(writer->file);
	if (writer->attempt)
		(void) unlink(writer->attempt);
}
