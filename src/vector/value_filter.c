/*-------------------------------------------------------------------------
 * value_filter.c
 *	  Which values of a column may have a partner among the rows that a join keeps.
 *
 * Integers that lie close together are bits of a map from the smallest to the
 * largest, which is exact.  Others are in a Bloom filter whose bits for a value are
 * in one word, so that a look costs one access to memory (Putze, Sanders, Singler:
 * "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/hash_mix.h"
#include "vector/value_filter.h"

/* A map may take so many bytes for each value, or so many for all. */
#define MAP_BYTES		32
#define SMALL_MAP		(32 * 1024)
/* A Bloom filter takes so many for a value, at least. */
#define BLOOM_BYTES		2

#define WORD_BITS		64

struct ValueFilter
{
	bool		is_map;
	int64		first;			/* of a map: value of the first bit */
	uint64		nbits;
	int			shift;			/* of a Bloom filter: to the number of the word from a hash */
	uint64	   *words;
};

static Size
map_words(uint64 nbits)
{
	return (nbits + WORD_BITS - 1) / WORD_BITS;
}

/* The bits for a value in its word. */
static inline uint64
bloom_bits(uint64 hash)
{
	return UINT64CONST(1) << (hash % WORD_BITS) | UINT64CONST(1) << (hash / WORD_BITS % WORD_BITS);
}

ValueFilter *
value_filter_create(const GroupTable *table, int column, MemoryContext context)
{
	uint32		ngroups = group_table_count(table);
	Size		limit = get_hash_memory_limit() / 8;
	ValueFilter *filter;
	int64		first = PG_INT64_MAX;
	int64		last = PG_INT64_MIN;
	Size		nwords;

	if (!group_table_has_integers(table, column))
		return NULL;
	filter = MemoryContextAllocZero(context, sizeof(ValueFilter));
	for (uint32 i = 0; i < ngroups; i++)
	{
		int64		value = group_table_integer(table, i, column);

		first = Min(first, value);
		last = Max(last, value);
	}
	filter->first = first;
	filter->nbits = ngroups > 0 ? (uint64) last - (uint64) first + 1 : 0;
	nwords = map_words(filter->nbits);
	/* all values of 64 bits are 0 bits */
	filter->is_map = ngroups == 0 || (filter->nbits > 0 && nwords * sizeof(uint64) <= limit &&
									  nwords * sizeof(uint64) <= Max(SMALL_MAP, (Size) ngroups * MAP_BYTES));
	if (!filter->is_map)
	{
		int			bits = pg_ceil_log2_64(Max((Size) ngroups * BLOOM_BYTES / sizeof(uint64), 2));

		nwords = (Size) 1 << bits;
		filter->shift = 64 - bits;
	}
	filter->words = MemoryContextAllocExtended(context, Max(nwords, 1) * sizeof(uint64),
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < ngroups; i++)
	{
		int64		value = group_table_integer(table, i, column);

		if (filter->is_map)
		{
			uint64		bit = (uint64) value - (uint64) first;

			filter->words[bit / WORD_BITS] |= UINT64CONST(1) << (bit % WORD_BITS);
		}
		else
		{
			uint64		hash = hash_mix(value);

			filter->words[hash >> filter->shift] |= bloom_bits(hash);
		}
	}
	return filter;
}

static inline bool
map_has(const ValueFilter *filter, int64 value)
{
	uint64		bit = (uint64) value - (uint64) filter->first;

	return bit < filter->nbits && ((filter->words[bit / WORD_BITS] >> (bit % WORD_BITS)) & 1);
}

static inline bool
bloom_has(const ValueFilter *filter, int64 value)
{
	uint64		hash = hash_mix(value);
	uint64		bits = bloom_bits(hash);

	return (filter->words[hash >> filter->shift] & bits) == bits;
}

/* No branch depends on whether a row is in. */
#define SELECT(has, values) \
	VEC_FOR_EACH(row, sel, n, \
				 bool		in = has(filter, (values)[VEC_ROW(vec, row)]); \
				 out[k] = row; \
				 k += in)

int
value_filter_select(const ValueFilter *filter, const Vec *vec, const uint16 *sel, int n, uint16 *out)
{
	int			k = 0;

	if (vec->nulls)
	{
		VEC_FOR_EACH(row, sel, n, out[k] = row; k += !VEC_IS_NULL(vec, row));
		sel = out;
		n = k;
		k = 0;
	}
	if (vec->kind == VEC_INT32 && filter->is_map)
		SELECT(map_has, VEC_INT32S(vec));
	else if (vec->kind == VEC_INT32)
		SELECT(bloom_has, VEC_INT32S(vec));
	else if (filter->is_map)
		SELECT(map_has, VEC_INT64S(vec));
	else
		SELECT(bloom_has, VEC_INT64S(vec));
	return k;
}
