/*-------------------------------------------------------------------------
 * random.h
 *	  Random numbers that depend on what they are for, and on nothing else.
 *
 * A stream is started for a row from its table and its number, so that any
 * node can make any row without making those before it.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TPCH_RANDOM_H
#define BARKS_TPCH_RANDOM_H

typedef struct TpchRandom
{
	uint64		state;
} TpchRandom;

/* splitmix64 */
static inline uint64
tpch_random_next(TpchRandom *random)
{
	uint64		z = (random->state += UINT64CONST(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline TpchRandom
tpch_random_for(uint64 table, uint64 row)
{
	TpchRandom	random = {(table << 56) ^ row};

	random.state = tpch_random_next(&random);
	return random;
}

/* Uniform in low … high, both included. */
static inline int64
tpch_random_range(TpchRandom *random, int64 low, int64 high)
{
	uint64		count = (uint64) (high - low) + 1;

	if (count <= PG_UINT32_MAX)
		return low + (int64) (((tpch_random_next(random) >> 32) * count) >> 32);
	return low + (int64) (tpch_random_next(random) % count);
}

#endif							/* BARKS_TPCH_RANDOM_H */
