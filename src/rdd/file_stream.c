/*-------------------------------------------------------------------------
 * file_stream.c
 *	  The bytes of a file, decompressed, from some place on.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <zlib.h>
#include <zstd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "rdd/file_stream.h"

#define INPUT_BYTES		(256 * 1024)	/* of compressed data, read at a time */
#define WINDOW_GZIP		(15 + 16)	/* zlib's word for a gzip header, and no other */

struct FileStream
{
	MemoryContext context;
	MemoryContextCallback release;
	const char *path;
	FileCodec	codec;
	File		file;			/* negative: closed */
	int64		offset;			/* of the file's next byte to read */

	/* of a compressed file */
	char	   *input;
	Size		ninput;
	Size		used;			/* of the input */
	bool		within;			/* a gzip member or zstd frame is not at its end */
	z_stream   *inflate;
	ZSTD_DStream *zstd;
};

static void release_stream(void *arg);
static Size read_file(FileStream *stream, char *buffer, Size size);
static bool refill(FileStream *stream);
static Size read_gzip(FileStream *stream, char *buffer, Size size);
static Size read_zstd(FileStream *stream, char *buffer, Size size);
static void corrupt(const FileStream *stream, const char *detail) pg_attribute_noreturn();

FileStream *
file_stream_open(const char *path, FileCodec codec, int64 offset)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks file",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	FileStream *stream = palloc0(sizeof(FileStream));

	stream->context = context;
	stream->path = pstrdup(path);
	stream->codec = codec;
	stream->offset = offset;
	stream->file = PathNameOpenFile(path, O_RDONLY | PG_BINARY);
	if (stream->file < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	stream->release.func = release_stream;
	stream->release.arg = stream;
	MemoryContextRegisterResetCallback(context, &stream->release);
	if (codec != CODEC_NONE)
		stream->input = palloc(INPUT_BYTES);
	if (codec == CODEC_GZIP)
	{
		z_stream   *inflate = palloc0(sizeof(z_stream));

		if (inflateInit2(inflate, WINDOW_GZIP) != Z_OK)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("could not start to decompress file \"%s\"", path)));
		stream->inflate = inflate;
	}
	if (codec == CODEC_ZSTD)
	{
		stream->zstd = ZSTD_createDStream();
		if (stream->zstd == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("could not start to decompress file \"%s\"", path)));
	}
	MemoryContextSwitchTo(old);
	return stream;
}

void
file_stream_close(FileStream *stream)
{
	MemoryContextDelete(stream->context);
}

static void
release_stream(void *arg)
{
	FileStream *stream = arg;

	if (stream->inflate)
		inflateEnd(stream->inflate);
	if (stream->zstd)
		ZSTD_freeDStream(stream->zstd);
	FileClose(stream->file);
}

Size
file_stream_read(FileStream *stream, char *buffer, Size size)
{
	switch (stream->codec)
	{
		case CODEC_GZIP:
			return read_gzip(stream, buffer, size);
		case CODEC_ZSTD:
			return read_zstd(stream, buffer, size);
		default:
			return read_file(stream, buffer, size);
	}
}

static Size
read_file(FileStream *stream, char *buffer, Size size)
{
	Size		done = 0;

	while (done < size)
	{
		int			n = FileRead(stream->file, buffer + done, Min(size - done, MaxAllocSize),
								 stream->offset, PG_WAIT_EXTENSION);

		if (n < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", stream->path)));
		if (n == 0)
			break;
		done += n;
		stream->offset += n;
	}
	CHECK_FOR_INTERRUPTS();
	return done;
}

/* False at the end of the file. */
static bool
refill(FileStream *stream)
{
	if (stream->used < stream->ninput)
		return true;
	stream->ninput = read_file(stream, stream->input, INPUT_BYTES);
	stream->used = 0;
	return stream->ninput > 0;
}

/* A file may have several members, one after another. */
static Size
read_gzip(FileStream *stream, char *buffer, Size size)
{
	z_stream   *inflater = stream->inflate;
	Size		done = 0;

	while (done < size)
	{
		Size		room = Min(size - done, MaxAllocSize);
		int			result;

		if (!refill(stream))
		{
			if (stream->within)
				corrupt(stream, "It ends within compressed data.");
			break;
		}
		if (!stream->within && inflateReset(inflater) != Z_OK)
			corrupt(stream, "Decompression cannot go on.");
		stream->within = true;
		inflater->next_in = (Bytef *) stream->input + stream->used;
		inflater->avail_in = stream->ninput - stream->used;
		inflater->next_out = (Bytef *) buffer + done;
		inflater->avail_out = room;
		result = inflate(inflater, Z_NO_FLUSH);
		stream->used = stream->ninput - inflater->avail_in;
		done += room - inflater->avail_out;
		if (result == Z_STREAM_END)
			stream->within = false;
		else if (result != Z_OK)
			corrupt(stream, inflater->msg ? psprintf("It is not valid gzip data: %s.", inflater->msg) :
					"It is not valid gzip data.");
	}
	return done;
}

static Size
read_zstd(FileStream *stream, char *buffer, Size size)
{
	Size		done = 0;

	while (done < size)
	{
		ZSTD_outBuffer output = {buffer, size, done};
		ZSTD_inBuffer input;
		size_t		result;

		/* what was decompressed may not have had room before */
		if (!refill(stream) && !stream->within)
			break;
		input = (ZSTD_inBuffer) {stream->input, stream->ninput, stream->used};
		result = ZSTD_decompressStream(stream->zstd, &output, &input);
		if (ZSTD_isError(result))
			corrupt(stream, psprintf("It is not valid zstd data: %s.", ZSTD_getErrorName(result)));
		if (stream->ninput == 0 && output.pos == done && result != 0)
			corrupt(stream, "It ends within compressed data.");
		stream->used = input.pos;
		stream->within = result != 0;
		done = output.pos;
	}
	return done;
}

static void
corrupt(const FileStream *stream, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg("could not decompress file \"%s\"", stream->path),
			 errdetail("%s", detail)));
}
