/*-------------------------------------------------------------------------
 * hash_mix.h
 *	  Every bit of the result depends on every bit of a hash of 64 bits.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_HASH_MIX_H
#define BARKS_BASE_HASH_MIX_H

/* The finalizer of MurmurHash3 (Austin Appleby). */
static inline uint64
hash_mix(uint64 hash)
{
	hash ^= hash >> 33;
	hash *= UINT64CONST(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64CONST(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash;
}

#endif							/* BARKS_BASE_HASH_MIX_H */
