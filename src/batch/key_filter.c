/*-------------------------------------------------------------------------
 * key_filter.c
 *	  Which keys a set of rows has, by their hashes, in bounded space.
 *
 * Exact: a hash table with open addressing.  Else a blocked Bloom filter
 * (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters,
 * 2007): all bits of a key lie within one cache line, so a look costs one cache
 * miss.  PostgreSQL's lib/bloomfilter.h can neither be sent nor merged.
 *
 * The hashes chose partitions already, so rows of one partition have something
 * in common; they are mixed again before bits are taken from them.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "port/pg_bitutils.h"

#include "base/hash_mix.h"
#include "batch/key_filter.h"

#define BLOCK_WORDS		8			/* of 64 bits: a cache line */
#define BLOCK_BYTES		(BLOCK_WORDS * (int) sizeof(uint64))
#define BITS_PER_KEY	6			/* set for a key; right for about ten bits of space a key */
#define BYTES_PER_KEY	1.5			/* of a Bloom filter without need to save */
#define COMPACT_KEYS	1024		/* fewer are always sent as they are */

struct KeyFilter
{
	MemoryContext context;
	int32		bytes;			/* of a Bloom filter, a power of two */
	uint64	   *bits;			/* NULL: exact */
	uint64	   *slots;			/* exact: hash table, 0 is free */
	uint32		nslots;			/* a power of two */
	uint32		nkeys;			/* in slots */
	bool		has_zero;		/* the hash 0 */
};

static void add_exact(KeyFilter *filter, uint64 hash);
static uint64 *find_slot(const KeyFilter *filter, uint64 hash);
static void grow(KeyFilter *filter);
static void become_bloom(KeyFilter *filter);
static void set_bits(KeyFilter *filter, uint64 hash);
static double bits_set(const KeyFilter *filter);
static void bad_filter(void) pg_attribute_noreturn();

int32
key_filter_size(double keys)
{
	double		bytes = Min(Max(keys * BYTES_PER_KEY, KEY_FILTER_MIN_BYTES), KEY_FILTER_MAX_BYTES);

	return pg_nextpower2_32((uint32) bytes);
}

KeyFilter *
key_filter_create(int32 bytes, MemoryContext context)
{
	KeyFilter  *filter = MemoryContextAllocZero(context, sizeof(KeyFilter));

	Assert(bytes >= BLOCK_BYTES && (bytes & (bytes - 1)) == 0);
	filter->context = context;
	filter->bytes = bytes;
	filter->nslots = 64;
	filter->slots = MemoryContextAllocZero(context, sizeof(uint64) * filter->nslots);
	return filter;
}

void
key_filter_add(KeyFilter *filter, uint64 hash)
{
	if (filter->bits == NULL)
		add_exact(filter, hash);
	else
		set_bits(filter, hash);
}

void
key_filter_merge(KeyFilter *filter, const KeyFilter *from)
{
	if (from->bits)
	{
		if (filter->bytes != from->bytes)
			bad_filter();
		if (filter->bits == NULL)
			become_bloom(filter);
		for (int i = 0; i < filter->bytes / (int) sizeof(uint64); i++)
			filter->bits[i] |= from->bits[i];
		return;
	}
	if (from->has_zero)
		key_filter_add(filter, 0);
	for (uint32 i = 0; i < from->nslots; i++)
		if (from->slots[i] != 0)
			key_filter_add(filter, from->slots[i]);
}

bool
key_filter_has(const KeyFilter *filter, uint64 hash)
{
	const uint64 *block;
	uint64		mixed;

	if (filter->bits == NULL)
		return hash == 0 ? filter->has_zero : *find_slot(filter, hash) != 0;
	mixed = hash_mix(hash);
	block = filter->bits + (mixed & (filter->bytes / BLOCK_BYTES - 1)) * BLOCK_WORDS;
	mixed = hash_mix(mixed);
	for (int i = 0; i < BITS_PER_KEY; i++, mixed >>= 9)
		if ((block[(mixed >> 6) & 7] & (UINT64CONST(1) << (mixed & 63))) == 0)
			return false;
	return true;
}

double
key_filter_keys(const KeyFilter *filter)
{
	double		nbits = filter->bytes * 8.0;

	if (filter->bits == NULL)
		return filter->nkeys + filter->has_zero;
	return -nbits / BITS_PER_KEY * log(1 - Min(bits_set(filter) / nbits, 1 - 1 / nbits));
}

bool
key_filter_is_exact(const KeyFilter *filter)
{
	return filter->bits == NULL;
}

double
key_filter_error(const KeyFilter *filter)
{
	return filter->bits == NULL ? 0 : pow(bits_set(filter) / (filter->bytes * 8.0), BITS_PER_KEY);
}

void
key_filter_write(const KeyFilter *filter, bool compact, StringInfo out)
{
	double		keys = key_filter_keys(filter);

	if (compact && filter->bits == NULL && keys > COMPACT_KEYS &&
		key_filter_size(keys) < keys * sizeof(uint64))
	{
		KeyFilter  *small = key_filter_create(key_filter_size(keys), CurrentMemoryContext);

		become_bloom(small);
		key_filter_merge(small, filter);
		key_filter_write(small, false, out);
		pfree(small->bits);
		pfree(small);
		return;
	}
	pq_sendint32(out, filter->bytes);
	pq_sendbyte(out, filter->bits != NULL);
	if (filter->bits)
	{
		for (int i = 0; i < filter->bytes / (int) sizeof(uint64); i++)
			pq_sendint64(out, filter->bits[i]);
		return;
	}
	pq_sendint32(out, filter->nkeys + filter->has_zero);
	if (filter->has_zero)
		pq_sendint64(out, 0);
	for (uint32 i = 0; i < filter->nslots; i++)
		if (filter->slots[i] != 0)
			pq_sendint64(out, filter->slots[i]);
}

KeyFilter *
key_filter_read(const char *data, int len, MemoryContext context)
{
	StringInfoData in = {unconstify(char *, data), len, len, 0};
	int32		bytes = pq_getmsgint(&in, 4);
	bool		bloom = pq_getmsgbyte(&in) != 0;
	KeyFilter  *filter;
	int32		nwords;

	if (bytes < BLOCK_BYTES || bytes > KEY_FILTER_MAX_BYTES || (bytes & (bytes - 1)) != 0)
		bad_filter();
	filter = key_filter_create(bytes, context);
	nwords = bloom ? bytes / (int) sizeof(uint64) : (int32) pq_getmsgint(&in, 4);
	if (nwords < 0 || nwords != (in.len - in.cursor) / (int) sizeof(uint64))
		bad_filter();
	if (bloom)
		become_bloom(filter);
	for (int32 i = 0; i < nwords; i++)
	{
		uint64		word = pq_getmsgint64(&in);

		if (bloom)
			filter->bits[i] = word;
		else
			key_filter_add(filter, word);
	}
	pq_getmsgend(&in);
	return filter;
}

/* ---------------- exact ---------------- */

static void
add_exact(KeyFilter *filter, uint64 hash)
{
	uint64	   *slot;

	if (hash == 0)
	{
		filter->has_zero = true;
		return;
	}
	slot = find_slot(filter, hash);
	if (*slot != 0)
		return;
	if ((filter->nkeys + 1) * sizeof(uint64) > filter->bytes)
	{
		become_bloom(filter);
		set_bits(filter, hash);
		return;
	}
	*slot = hash;
	if (++filter->nkeys > filter->nslots / 2)
		grow(filter);
}

/* Where the hash is, or belongs: there is always a free slot. */
static uint64 *
find_slot(const KeyFilter *filter, uint64 hash)
{
	uint32		i = hash_mix(hash) & (filter->nslots - 1);

	while (filter->slots[i] != 0 && filter->slots[i] != hash)
		i = (i + 1) & (filter->nslots - 1);
	return &filter->slots[i];
}

static void
grow(KeyFilter *filter)
{
	uint64	   *old = filter->slots;
	uint32		nold = filter->nslots;

	filter->nslots = nold * 2;
	filter->slots = MemoryContextAllocZero(filter->context, sizeof(uint64) * filter->nslots);
	for (uint32 i = 0; i < nold; i++)
		if (old[i] != 0)
			*find_slot(filter, old[i]) = old[i];
	pfree(old);
}

/* ---------------- Bloom ---------------- */

static void
become_bloom(KeyFilter *filter)
{
	uint64	   *slots = filter->slots;

	filter->bits = MemoryContextAllocZero(filter->context, filter->bytes);
	filter->slots = NULL;
	if (filter->has_zero)
		set_bits(filter, 0);
	for (uint32 i = 0; i < filter->nslots; i++)
		if (slots[i] != 0)
			set_bits(filter, slots[i]);
	pfree(slots);
}

static void
set_bits(KeyFilter *filter, uint64 hash)
{
	uint64		mixed = hash_mix(hash);
	uint64	   *block = filter->bits + (mixed & (filter->bytes / BLOCK_BYTES - 1)) * BLOCK_WORDS;

	mixed = hash_mix(mixed);
	for (int i = 0; i < BITS_PER_KEY; i++, mixed >>= 9)
		block[(mixed >> 6) & 7] |= UINT64CONST(1) << (mixed & 63);
}

static double
bits_set(const KeyFilter *filter)
{
	return pg_popcount((const char *) filter->bits, filter->bytes);
}

/* ---------------- pieces ---------------- */

static void
bad_filter(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("invalid filter of keys")));
}
