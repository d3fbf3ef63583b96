/*-------------------------------------------------------------------------
 * buffer_hints.c
 *	  Pages of shared buffers without a look into the table of all buffers.
 *
 * The table is a hash table in shared memory with locks: three or four
 * cache misses, a large part of what a scan does for a page of which it needs little.  So
 * scans leave hints for each other, in an array that all share: in which buffer a
 * page was found last.  Pages that follow each other have hints that do, and
 * PostgreSQL checks a hint (ReadRecentBuffer()), so nothing has to be kept right.
 *
 * A page found by its hint does not count as used, which would make it look
 * unused: so one in a few is looked up in the table, another one in each scan.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "storage/buf_internals.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "base/hash_mix.h"
#include "vector/buffer_hints.h"

/* One page of so many counts as used. */
#define USE_COUNTED		8

/* Pages that are read one after the other: so far ahead, so much is fetched from memory. */
#define AHEAD			2
#define PAGE_BEGIN		256
#define CACHE_LINE		64

static pg_atomic_uint32 *hints; /* Buffers; InvalidBuffer: there is none */
static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static void request_shmem(void);
static void startup_shmem(void);

void
buffer_hints_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}

static uint32
hints_count(void)
{
	return pg_nextpower2_32(NBuffers);
}

static Size
hints_size(void)
{
	return sizeof(pg_atomic_uint32) * hints_count();
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(hints_size());
}

static void
startup_shmem(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	hints = ShmemInitStruct("barks buffer hints", hints_size(), &found);
	if (!found)
		for (uint32 i = 0; i < hints_count(); i++)
			pg_atomic_init_u32(&hints[i], InvalidBuffer);
	LWLockRelease(AddinShmemInitLock);
}

/* The begin of a page that is probably read soon, and what PostgreSQL knows of its buffer. */
static inline void
prefetch_page(pg_atomic_uint32 *hint)
{
	Buffer		buffer = (Buffer) pg_atomic_read_u32(hint);

	if (!BufferIsValid(buffer))
		return;
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	for (int i = 0; i < PAGE_BEGIN; i += CACHE_LINE)
		__builtin_prefetch((const char *) BufferGetBlock(buffer) + i);
}

Buffer
buffer_hints_read(Relation relation, BlockNumber block, BufferAccessStrategy strategy, uint32 turn)
{
	RelFileNode *file = &relation->rd_node;
	pg_atomic_uint32 *hint;
	Buffer		buffer;

	if (RelationUsesLocalBuffers(relation))
		return ReadBufferExtended(relation, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	hint = &hints[((uint32) hash_mix((uint64) file->dbNode << 32 | file->relNode) + block) & (hints_count() - 1)];
	buffer = (Buffer) pg_atomic_read_u32(hint);
	prefetch_page(&hints[(hint - hints + AHEAD) & (hints_count() - 1)]);
	if (BufferIsValid(buffer) && (block + turn) % USE_COUNTED != 0 &&
		ReadRecentBuffer(*file, MAIN_FORKNUM, block, buffer))
	{
		pgstat_count_buffer_read(relation);
		pgstat_count_buffer_hit(relation);
		return buffer;
	}
	buffer = ReadBufferExtended(relation, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	pg_atomic_write_u32(hint, buffer);
	return buffer;
}
