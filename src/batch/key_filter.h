/*-------------------------------------------------------------------------
 * key_filter.h
 *	  Which keys a set of rows has, by their hashes, in bounded space.
 *
 * While there are few the hashes themselves are kept; more than fit make it a
 * Bloom filter, which may say of a key that it is there when it is not, never
 * the reverse.  So whoever drops rows by it must still compare the others.
 */
#ifndef BARKS_BATCH_KEY_FILTER_H
#define BARKS_BATCH_KEY_FILTER_H

#include "lib/stringinfo.h"

#define KEY_FILTER_MIN_BYTES	1024
#define KEY_FILTER_MAX_BYTES	(1024 * 1024)

typedef struct KeyFilter KeyFilter;

/* How many bytes to give a filter for so many keys, within the bounds above. */
extern int32 key_filter_size(double keys);

/* An empty one of such a size, that lives in context. */
extern KeyFilter *key_filter_create(int32 bytes, MemoryContext context);
/* hash: of row_hash.h */
extern void key_filter_add(KeyFilter *filter, uint64 hash);
/* Add all that from has.  One of another size must be exact, else protocol_violation. */
extern void key_filter_merge(KeyFilter *filter, const KeyFilter *from);
extern bool key_filter_has(const KeyFilter *filter, uint64 hash);

/* Different hashes, estimated unless the filter is exact. */
extern double key_filter_keys(const KeyFilter *filter);
extern bool key_filter_is_exact(const KeyFilter *filter);
/* Of hashes that are not there, the part that is let pass all the same. */
extern double key_filter_error(const KeyFilter *filter);

/* Append the wire form; compact: an exact one may become a smaller Bloom filter. */
extern void key_filter_write(const KeyFilter *filter, bool compact, StringInfo out);
/* Raises protocol_violation on bad input. */
extern KeyFilter *key_filter_read(const char *data, int len, MemoryContext context);

#endif							/* BARKS_BATCH_KEY_FILTER_H */
