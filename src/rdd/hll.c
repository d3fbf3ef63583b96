/*-------------------------------------------------------------------------
 * hll.c
 *	  The aggregate barks.rdd_hll(precision, hash): how many different hashes, about.
 *
 * HyperLogLog: P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the
 * analysis of a near-optimal cardinality estimation algorithm", AofA 2007.  The
 * estimate is the improved raw one of O. Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches", arXiv:1702.01284 (2017), algorithm 6: it
 * has no bias that tables would have to correct, for few elements or many.  The
 * relative standard deviation is 1.04 / sqrt(2 ^ precision).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(barks_rdd_hll_step);
PG_FUNCTION_INFO_V1(barks_rdd_hll_merge);
PG_FUNCTION_INFO_V1(barks_rdd_hll_serialize);
PG_FUNCTION_INFO_V1(barks_rdd_hll_deserialize);
PG_FUNCTION_INFO_V1(barks_rdd_hll_final);

#define MIN_PRECISION 4
#define MAX_PRECISION 20

/* In the aggregate's memory; as bytea between servers, where all are alike. */
typedef struct Sketch
{
	int32		precision;
	uint8		registers[FLEXIBLE_ARRAY_MEMBER];	/* 2 ^ precision */
} Sketch;

static Sketch *new_sketch(FunctionCallInfo fcinfo, int precision);
static double sigma(double x);
static double tau(double x);
static double estimate(const Sketch *sketch);

static Size
sketch_size(int precision)
{
	return offsetof(Sketch, registers) + ((Size) 1 << precision);
}

static Sketch *
new_sketch(FunctionCallInfo fcinfo, int precision)
{
	MemoryContext context;
	Sketch	   *sketch;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "called outside an aggregate");
	if (precision < MIN_PRECISION || precision > MAX_PRECISION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("precision must be from %d to %d", MIN_PRECISION, MAX_PRECISION)));
	sketch = MemoryContextAllocZero(context, sketch_size(precision));
	sketch->precision = precision;
	return sketch;
}

/* A register keeps the longest run of zeros that came with its number. */
Datum
barks_rdd_hll_step(PG_FUNCTION_ARGS)
{
	Sketch	   *sketch = PG_ARGISNULL(0) ? NULL : (Sketch *) PG_GETARG_POINTER(0);
	uint64		hash;
	uint64		rest;
	uint8		run;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (sketch)
			PG_RETURN_POINTER(sketch);
		PG_RETURN_NULL();
	}
	if (!sketch)
		sketch = new_sketch(fcinfo, PG_GETARG_INT32(1));
	hash = (uint64) PG_GETARG_INT64(2);
	rest = hash << sketch->precision;
	run = rest == 0 ? 64 - sketch->precision + 1 : 63 - pg_leftmost_one_pos64(rest) + 1;
	hash >>= 64 - sketch->precision;
	sketch->registers[hash] = Max(sketch->registers[hash], run);
	PG_RETURN_POINTER(sketch);
}

Datum
barks_rdd_hll_merge(PG_FUNCTION_ARGS)
{
	Sketch	   *sketch = PG_ARGISNULL(0) ? NULL : (Sketch *) PG_GETARG_POINTER(0);
	const Sketch *other = PG_ARGISNULL(1) ? NULL : (Sketch *) PG_GETARG_POINTER(1);

	if (!other && !sketch)
		PG_RETURN_NULL();
	if (!other)
		PG_RETURN_POINTER(sketch);
	if (!sketch)
		sketch = new_sketch(fcinfo, other->precision);
	if (sketch->precision != other->precision)
		elog(ERROR, "sketches differ in precision");
	for (int i = 0; i < 1 << sketch->precision; i++)
		sketch->registers[i] = Max(sketch->registers[i], other->registers[i]);
	PG_RETURN_POINTER(sketch);
}

Datum
barks_rdd_hll_serialize(PG_FUNCTION_ARGS)
{
	const Sketch *sketch = (Sketch *) PG_GETARG_POINTER(0);
	Size		size = sketch_size(sketch->precision);
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), sketch, size);
	PG_RETURN_BYTEA_P(bytes);
}

Datum
barks_rdd_hll_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	Sketch	   *sketch;
	int32		precision = 0;

	if (VARSIZE_ANY_EXHDR(bytes) >= sizeof(precision))
		memcpy(&precision, VARDATA_ANY(bytes), sizeof(precision));
	if (precision < MIN_PRECISION || precision > MAX_PRECISION ||
		VARSIZE_ANY_EXHDR(bytes) != sketch_size(precision))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of barks.rdd_hll")));
	sketch = palloc(sketch_size(precision));
	memcpy(sketch, VARDATA_ANY(bytes), sketch_size(precision));
	PG_RETURN_POINTER(sketch);
}

Datum
barks_rdd_hll_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_ARGISNULL(0) ? 0 : (int64) rint(estimate((Sketch *) PG_GETARG_POINTER(0))));
}

static double
estimate(const Sketch *sketch)
{
	int			longest = 64 - sketch->precision;
	double		m = (double) (1 << sketch->precision);
	int			counts[64 + 2] = {0};
	double		z;

	for (int i = 0; i < 1 << sketch->precision; i++)
		counts[sketch->registers[i]]++;
	z = m * tau(1 - counts[longest + 1] / m);
	for (int i = longest; i >= 1; i--)
		z = 0.5 * (z + counts[i]);
	z += m * sigma(counts[0] / m);
	/* 1 / (2 ln 2) */
	return 0.72134752044448170368 * m * m / z;
}

static double
sigma(double x)
{
	double		y = 1;
	double		z = x;
	double		before;

	if (x == 1)
		return get_float8_infinity();
	do
	{
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double
tau(double x)
{
	double		y = 1;
	double		z = 1 - x;
	double		before;

	if (x == 0 || x == 1)
		return 0;
	do
	{
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}
