/*-------------------------------------------------------------------------
 * block_file.c
 *	  One file per map task attempt: blocks, then their index.
 *
 * A file being written is forgotten by whichever comes first: the release of
 * its resource owner or the reset of its memory.  Both delete what was not
 * published, and give its bytes back to the job's quota.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/ilist.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

#include "base/stop_point.h"
#include "shuffle/block_file.h"
#include "shuffle/store.h"

#define WRITE_SIZE		(256 * 1024)
#define TRAILER_MAGIC	0x314b5342	/* "BSK1" on a little-endian machine */
#define INITIAL_ENTRIES	64

typedef struct FileTrailer
{
	uint32		magic;
	pg_crc32c	checksum;		/* of the index and of what follows here */
	uint64		index_offset;
	uint64		driver;
	uint64		job;
	int32		stage;
	int32		task;
	int32		attempt;
	int32		npartitions;
	uint32		nblocks;
	uint32		zero;
} FileTrailer;

#define TRAILER_CHECKSUM_START	offsetof(FileTrailer, index_offset)

struct BlockFileWriter
{
	dlist_node	node;			/* in writers, until done */
	MemoryContext context;
	MemoryContextCallback forget;
	ResourceOwner owner;
	bool		done;			/* neither file nor reservation is ours any more */
	bool		begun;			/* store_writer_begin was called */
	ShuffleTask task;
	int64		quota;
	int64		reserved;
	int			npartitions;
	char	   *name;			/* absolute path once published */
	char	   *temp_name;
	File		file;			/* 0: none */
	uint64		written;
	StringInfoData buffer;
	BlockEntry *entries;
	int			nentries;
	int			max_entries;
	int64	   *rows;
	int64	   *bytes;
};

struct BlockFile
{
	File		file;
	char	   *path;
	BlockEntry *entries;
	int			nentries;
	uint64		index_offset;
};

static dlist_head writers = DLIST_STATIC_INIT(writers);

static void flush(BlockFileWriter *writer);
static void write_bytes(BlockFileWriter *writer, const char *data, Size len);
static int	compare_entries(const void *a, const void *b);
static pg_crc32c index_checksum(const BlockEntry *entries, const FileTrailer *trailer);
static void give_up(BlockFileWriter *writer);
static void forget_writer(void *arg);
static void release_writers(ResourceReleasePhase phase, bool commit, bool top, void *arg);
static bool read_index(BlockFile *file, const ShuffleTask *task, char **why);
static bool read_bytes(BlockFile *file, char *data, Size len, off_t offset, char **why);
static bool entries_valid(const BlockFile *file, int npartitions);

void
block_file_init(void)
{
	RegisterResourceReleaseCallback(release_writers, NULL);
}

/* ---------------- writing ---------------- */

BlockFileWriter *
block_file_create(const ShuffleTask *task, int npartitions, int64 quota, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks block file",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BlockFileWriter *writer = palloc0(sizeof(BlockFileWriter));
	char		name[STORE_PATH_LEN];
	char	   *directory = store_directory(task->driver, task->job);

	writer->context = context;
	writer->owner = CurrentResourceOwner;
	writer->task = *task;
	writer->quota = quota;
	writer->npartitions = npartitions;
	store_file_name(task, name, sizeof(name));
	writer->name = psprintf("%s/%s", directory, name);
	writer->temp_name = psprintf("%s/%s.%d.tmp", directory, name, MyProcPid);
	initStringInfo(&writer->buffer);
	writer->max_entries = INITIAL_ENTRIES;
	writer->entries = palloc_extended(sizeof(BlockEntry) * INITIAL_ENTRIES, MCXT_ALLOC_HUGE);
	writer->rows = palloc_extended(sizeof(int64) * npartitions,
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	writer->bytes = palloc_extended(sizeof(int64) * npartitions,
									MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	dlist_push_tail(&writers, &writer->node);
	writer->forget.func = forget_writer;
	writer->forget.arg = writer;
	MemoryContextRegisterResetCallback(context, &writer->forget);

	store_writer_begin(task->driver, task->job);
	writer->begun = true;
	writer->file = PathNameCreateTemporaryFile(writer->temp_name, true);
	MemoryContextSwitchTo(old);
	return writer;
}

StringInfo
block_file_buffer(BlockFileWriter *writer)
{
	return &writer->buffer;
}

void
block_file_added(BlockFileWriter *writer, int partition, int rows, int start)
{
	BlockEntry *entry;

	if (writer->nentries == writer->max_entries)
	{
		writer->entries = repalloc_huge(writer->entries,
										sizeof(BlockEntry) * writer->max_entries * 2);
		writer->max_entries *= 2;
	}
	entry = &writer->entries[writer->nentries++];
	entry->offset = writer->written + start;
	entry->len = writer->buffer.len - start;
	entry->partition = partition;
	entry->rows = rows;
	entry->zero = 0;
	writer->rows[partition] += rows;
	writer->bytes[partition] += entry->len;
	if (writer->buffer.len >= WRITE_SIZE)
		flush(writer);
}

void
block_file_publish(BlockFileWriter *writer)
{
	FileTrailer trailer = {.magic = TRAILER_MAGIC};
	int			closed;

	flush(writer);
	qsort(writer->entries, writer->nentries, sizeof(BlockEntry), compare_entries);
	trailer.index_offset = writer->written;
	trailer.driver = writer->task.driver;
	trailer.job = writer->task.job;
	trailer.stage = writer->task.stage;
	trailer.task = writer->task.task;
	trailer.attempt = writer->task.attempt;
	trailer.npartitions = writer->npartitions;
	trailer.nblocks = writer->nentries;
	trailer.checksum = index_checksum(writer->entries, &trailer);
	write_bytes(writer, (char *) writer->entries, sizeof(BlockEntry) * writer->nentries);
	write_bytes(writer, (char *) &trailer, sizeof(trailer));

	BARKS_STOP_POINT("shuffle.before_publish");
	closed = writer->file;
	writer->file = 0;
	FileClose(closed);
	if (rename(writer->temp_name, writer->name) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rename file \"%s\" to \"%s\": %m",
						writer->temp_name, writer->name)));
	writer->done = true;
	dlist_delete(&writer->node);
	store_writer_end(writer->task.driver, writer->task.job, 0);
}

const int64 *
block_file_rows(const BlockFileWriter *writer)
{
	return writer->rows;
}

const int64 *
block_file_bytes(const BlockFileWriter *writer)
{
	return writer->bytes;
}

void
block_file_free(BlockFileWriter *writer)
{
	MemoryContextDelete(writer->context);
}

static void
flush(BlockFileWriter *writer)
{
	if (writer->buffer.len == 0)
		return;
	BARKS_STOP_POINT("shuffle.before_write");
	write_bytes(writer, writer->buffer.data, writer->buffer.len);
	if (writer->buffer.maxlen > 4 * WRITE_SIZE)
	{
		pfree(writer->buffer.data);
		initStringInfo(&writer->buffer);
	}
	resetStringInfo(&writer->buffer);
}

static void
write_bytes(BlockFileWriter *writer, const char *data, Size len)
{
	store_reserve(writer->task.driver, writer->task.job, len, writer->quota);
	writer->reserved += len;
	while (len > 0)
	{
		int			size = Min(len, 1024 * 1024 * 1024);
		int			done;

		errno = 0;
		done = FileWrite(writer->file, unconstify(char *, data), size, writer->written,
						 PG_WAIT_EXTENSION);
		if (done <= 0)
		{
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write shuffle file \"%s\": %m", writer->temp_name)));
		}
		writer->written += done;
		data += done;
		len -= done;
	}
}

static int
compare_entries(const void *a, const void *b)
{
	const BlockEntry *x = a;
	const BlockEntry *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static pg_crc32c
index_checksum(const BlockEntry *entries, const FileTrailer *trailer)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, entries, sizeof(BlockEntry) * trailer->nblocks);
	COMP_CRC32C(crc, (const char *) trailer + TRAILER_CHECKSUM_START,
				sizeof(FileTrailer) - TRAILER_CHECKSUM_START);
	FIN_CRC32C(crc);
	return crc;
}

/* Delete what was not published.  The file itself is closed by its owner. */
static void
give_up(BlockFileWriter *writer)
{
	if (writer->done)
		return;
	writer->done = true;
	dlist_delete(&writer->node);
	if (!writer->begun)
		return;
	if (unlink(writer->temp_name) != 0 && errno != ENOENT)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not remove file \"%s\": %m", writer->temp_name)));
	store_writer_end(writer->task.driver, writer->task.job, writer->reserved);
}

/* Its memory goes. */
static void
forget_writer(void *arg)
{
	BlockFileWriter *writer = arg;
	File		file = writer->done ? 0 : writer->file;

	give_up(writer);
	if (file > 0)
		FileClose(file);
}

static void
release_writers(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach_modify(iter, &writers)
	{
		BlockFileWriter *writer = dlist_container(BlockFileWriter, node, iter.cur);

		if (writer->owner == CurrentResourceOwner)
			give_up(writer);
	}
}

/* ---------------- reading ---------------- */

BlockFile *
block_file_open(const char *directory, const ShuffleTask *task, char **why)
{
	BlockFile  *file = palloc0(sizeof(BlockFile));
	char		name[STORE_PATH_LEN];

	store_file_name(task, name, sizeof(name));
	file->path = psprintf("%s/%s", directory, name);
	if (access(file->path, R_OK) != 0)
		*why = psprintf(_("Could not open file \"%s\": %s."), file->path, strerror(errno));
	else
	{
		file->file = PathNameOpenTemporaryFile(file->path, O_RDONLY);
		if (file->file <= 0)
			*why = psprintf(_("File \"%s\" is missing."), file->path);
		else if (read_index(file, task, why))
			return file;
	}
	block_file_close(file);
	return NULL;
}

const BlockEntry *
block_file_entries(const BlockFile *file, int first_partition, int last_partition, int *n)
{
	int			low = 0;
	int			high = file->nentries;
	int			end;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (file->entries[middle].partition < first_partition)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < file->nentries; end++)
		if (file->entries[end].partition > last_partition)
			break;
	*n = end - low;
	return file->entries + low;
}

bool
block_file_read(BlockFile *file, const BlockEntry *entry, char *data, char **why)
{
	return read_bytes(file, data, entry->len, entry->offset, why);
}

void
block_file_close(BlockFile *file)
{
	if (file->file > 0)
		FileClose(file->file);
	if (file->entries)
		pfree(file->entries);
	pfree(file->path);
	pfree(file);
}

static bool
read_index(BlockFile *file, const ShuffleTask *task, char **why)
{
	off_t		size = FileSize(file->file);
	FileTrailer trailer;
	Size		index_len;

	*why = psprintf(_("File \"%s\" is not whole."), file->path);
	if (size < (off_t) sizeof(trailer))
		return false;
	if (!read_bytes(file, (char *) &trailer, sizeof(trailer), size - sizeof(trailer), why))
		return false;
	index_len = (Size) trailer.nblocks * sizeof(BlockEntry);
	if (trailer.magic != TRAILER_MAGIC || trailer.npartitions <= 0 ||
		trailer.nblocks > PG_INT32_MAX || trailer.index_offset > (uint64) size ||
		trailer.index_offset + index_len + sizeof(trailer) != (uint64) size ||
		trailer.driver != task->driver || trailer.job != task->job ||
		trailer.stage != task->stage || trailer.task != task->task ||
		trailer.attempt != task->attempt)
		return false;
	file->nentries = trailer.nblocks;
	file->index_offset = trailer.index_offset;
	file->entries = palloc_extended(Max(index_len, 1), MCXT_ALLOC_HUGE);
	return read_bytes(file, (char *) file->entries, index_len, trailer.index_offset, why) &&
		index_checksum(file->entries, &trailer) == trailer.checksum &&
		entries_valid(file, trailer.npartitions);
}

/* True, or *why; a call that fails does so as well when the file is too short. */
static bool
read_bytes(BlockFile *file, char *data, Size len, off_t offset, char **why)
{
	while (len > 0)
	{
		int			got;

		errno = 0;
		got = FileRead(file->file, data, Min(len, 1024 * 1024 * 1024), offset,
					   PG_WAIT_EXTENSION);
		if (got <= 0)
		{
			*why = errno != 0 ?
				psprintf(_("Could not read file \"%s\": %s."), file->path, strerror(errno)) :
				psprintf(_("File \"%s\" is too short."), file->path);
			return false;
		}
		data += got;
		offset += got;
		len -= got;
	}
	return true;
}

/* The checksum says so, but a wrong entry must not be able to do harm. */
static bool
entries_valid(const BlockFile *file, int npartitions)
{
	for (int i = 0; i < file->nentries; i++)
	{
		const BlockEntry *entry = &file->entries[i];

		if (entry->partition < 0 || entry->partition >= npartitions ||
			entry->len > MaxAllocSize || entry->offset > file->index_offset ||
			entry->len > file->index_offset - entry->offset ||
			(i > 0 && compare_entries(entry - 1, entry) >= 0))
			return false;
	}
	return true;
}
