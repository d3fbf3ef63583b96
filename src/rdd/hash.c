/*-------------------------------------------------------------------------
 * hash.c
 *	  Hashes of values that are the same on every server, and chance made of them.
 *
 * PostgreSQL's own hashes of enums, and of what contains them or records, are over
 * OIDs, which servers have of their own.  Here containers are taken apart, enums
 * are their labels, and only built-in types are hashed by their own functions.
 * A random number is the hash of a seed and of what says which element it is, so
 * that a sample is the same whenever and wherever it is drawn.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "rdd/hash.h"

PG_FUNCTION_INFO_V1(barks_rdd_hash);
PG_FUNCTION_INFO_V1(barks_rdd_uniform);
PG_FUNCTION_INFO_V1(barks_rdd_copies);
PG_FUNCTION_INFO_V1(barks_rdd_fraction);

#define HASH_OF_NULL	UINT64CONST(0x9ae16a3b2f90404f)
/* a Poisson variable of a greater mean is drawn as a sum of several */
/* of one element, on average */
#define MAX_COPIES	1e9
#define MAX_MEAN		16.0

static uint64 hash_value(Datum value, Oid type, Oid collation, uint64 seed, bool exact);
static uint64 hash_of_array(Datum value, Oid element, Oid collation, uint64 seed, bool exact);
static uint64 hash_of_row(Datum value, uint64 seed, bool exact);
static uint64 hash_of_range(Datum value, Oid type, Oid collation, uint64 seed, bool exact);
static uint64 hash_of_multirange(Datum value, Oid type, Oid collation, uint64 seed, bool exact);
static uint64 hash_bounds(const RangeType *range, TypeCacheEntry *entry, Oid collation, uint64 seed, bool exact);
static uint64 hash_of_enum(Datum value, uint64 seed);
static uint64 hash_plain(Datum value, Oid type, Oid collation, uint64 seed, bool exact);
static bool equal_by_bytes(Oid type);
static uint64 hash_of_text(Datum value, Oid type, uint64 seed);
static double uniform(uint64 hash);

uint64
rdd_hash_arguments(FunctionCallInfo fcinfo, int first, uint64 seed, bool exact)
{
	uint64		hash = seed;
	Node	   *call = fcinfo->flinfo->fn_expr;

	for (int i = first; i < PG_NARGS(); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);
		Oid			collation = InvalidOid;

		if (!OidIsValid(type))
			elog(ERROR, "cannot tell the type of an argument");
		if (call && IsA(call, FuncExpr))
			collation = exprCollation(list_nth(((FuncExpr *) call)->args, i));
		hash = hash_combine64(hash, PG_ARGISNULL(i) ? HASH_OF_NULL
							  : hash_value(PG_GETARG_DATUM(i), type, collation, seed, exact));
	}
	/* what was combined may differ in few bits only */
	return hash_bytes_extended((unsigned char *) &hash, sizeof(hash), seed);
}

static uint64
hash_value(Datum value, Oid type, Oid collation, uint64 seed, bool exact)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (OidIsValid(element))
		return hash_of_array(value, element, collation, seed, exact);
	switch (get_typtype(base))
	{
		case TYPTYPE_COMPOSITE:
			return hash_of_row(value, seed, exact);
		case TYPTYPE_ENUM:
			return hash_of_enum(value, seed);
		case TYPTYPE_RANGE:
			return hash_of_range(value, base, collation, seed, exact);
		case TYPTYPE_MULTIRANGE:
			return hash_of_multirange(value, base, collation, seed, exact);
		case TYPTYPE_PSEUDO:
			if (base == RECORDOID)
				return hash_of_row(value, seed, exact);
			/* an untyped literal is a C string */
			if (base == UNKNOWNOID)
				return hash_bytes_extended((unsigned char *) DatumGetCString(value),
										   strlen(DatumGetCString(value)), seed);
			break;
	}
	return hash_plain(value, base, collation, seed, exact);
}

static uint64
hash_of_array(Datum value, Oid element, Oid collation, uint64 seed, bool exact)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			ndim = ARR_NDIM(array);
	uint64		hash = hash_bytes_uint32_extended(ndim, seed);
	TypeCacheEntry *entry = lookup_type_cache(element, 0);
	Datum	   *values;
	bool	   *nulls;
	int			count;

	for (int i = 0; i < ndim; i++)
	{
		hash = hash_combine64(hash, hash_bytes_uint32_extended(ARR_DIMS(array)[i], seed));
		hash = hash_combine64(hash, hash_bytes_uint32_extended(ARR_LBOUND(array)[i], seed));
	}
	deconstruct_array(array, element, entry->typlen, entry->typbyval, entry->typalign, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		hash = hash_combine64(hash, nulls[i] ? HASH_OF_NULL : hash_value(values[i], element, collation, seed, exact));
	pfree(values);
	pfree(nulls);
	return hash;
}

static uint64
hash_of_row(Datum value, uint64 seed, bool exact)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	uint64		hash = seed;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		bool		isnull;
		Datum		field;

		if (attr->attisdropped)
			continue;
		field = heap_getattr(&tuple, i + 1, desc, &isnull);
		hash = hash_combine64(hash, isnull ? HASH_OF_NULL
							  : hash_value(field, attr->atttypid, attr->attcollation, seed, exact));
	}
	ReleaseTupleDesc(desc);
	return hash;
}

static uint64
hash_of_range(Datum value, Oid type, Oid collation, uint64 seed, bool exact)
{
	return hash_bounds(DatumGetRangeTypeP(value), lookup_type_cache(type, TYPECACHE_RANGE_INFO), collation, seed, exact);
}

static uint64
hash_of_multirange(Datum value, Oid type, Oid collation, uint64 seed, bool exact)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_MULTIRANGE_INFO)->rngtype;
	RangeType **ranges;
	int32		count;
	uint64		hash;

	multirange_deserialize(entry, DatumGetMultirangeTypeP(value), &count, &ranges);
	hash = hash_bytes_uint32_extended(count, seed);
	for (int i = 0; i < count; i++)
		hash = hash_combine64(hash, hash_bounds(ranges[i], entry, collation, seed, exact));
	return hash;
}

static uint64
hash_bounds(const RangeType *range, TypeCacheEntry *entry, Oid collation, uint64 seed, bool exact)
{
	RangeBound	bounds[2];
	bool		is_empty;
	uint64		hash;

	range_deserialize(entry, range, &bounds[0], &bounds[1], &is_empty);
	hash = hash_bytes_uint32_extended(is_empty, seed);
	for (int i = 0; i < 2 && !is_empty; i++)
	{
		hash = hash_combine64(hash, bounds[i].infinite * 2 + bounds[i].inclusive);
		if (!bounds[i].infinite)
			hash = hash_combine64(hash, hash_value(bounds[i].val, entry->rngelemtype->type_id, collation, seed, exact));
	}
	return hash;
}

static uint64
hash_of_enum(Datum value, uint64 seed)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, value);
	const char *label;
	uint64		hash;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u", DatumGetObjectId(value))));
	label = NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel);
	hash = hash_bytes_extended((const unsigned char *) label, strlen(label), seed);
	ReleaseSysCache(tuple);
	return hash;
}

/* A value without parts: by its type's function, or as its bytes or text. */
static uint64
hash_plain(Datum value, Oid type, Oid collation, uint64 seed, bool exact)
{
	TypeCacheEntry *entry = lookup_type_cache(type, exact ? 0 : TYPECACHE_HASH_EXTENDED_PROC_FINFO);

	if (!exact && !equal_by_bytes(type) && OidIsValid(entry->hash_extended_proc))
	{
		if (!OidIsValid(collation))
			collation = get_typcollation(type);
		return DatumGetUInt64(FunctionCall2Coll(&entry->hash_extended_proc_finfo, collation, value,
												UInt64GetDatum(seed)));
	}
	if (type >= FirstNormalObjectId)
		return hash_of_text(value, type, seed);
	if (entry->typbyval)
		return hash_bytes_extended((unsigned char *) &value, sizeof(value), seed);
	if (entry->typlen > 0)
		return hash_bytes_extended((unsigned char *) DatumGetPointer(value), entry->typlen, seed);
	if (entry->typlen == -1)
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

		return hash_bytes_extended((unsigned char *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), seed);
	}
	return hash_bytes_extended((unsigned char *) DatumGetCString(value), strlen(DatumGetCString(value)), seed);
}

/* Are equal values the same bytes?  PostgreSQL's hash of bigint has but 32 bits of them. */
static bool
equal_by_bytes(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

static uint64
hash_of_text(Datum value, Oid type, uint64 seed)
{
	Oid			output;
	bool		varlena;
	char	   *text;

	getTypeOutputInfo(type, &output, &varlena);
	text = OidOutputFunctionCall(output, value);
	return hash_bytes_extended((unsigned char *) text, strlen(text), seed);
}

/* rdd_hash(seed, exact, values…) */
Datum
barks_rdd_hash(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) rdd_hash_arguments(fcinfo, 2, PG_GETARG_INT64(0), PG_GETARG_BOOL(1)));
}

/* From 0 to before 1. */
static double
uniform(uint64 hash)
{
	return (hash >> 11) * (1.0 / (UINT64CONST(1) << 53));
}

/* rdd_uniform(seed, values…) */
Datum
barks_rdd_uniform(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(uniform(rdd_hash_arguments(fcinfo, 1, PG_GETARG_INT64(0), true)));
}

/* rdd_copies(mean, seed, values…): a Poisson variable, by Knuth's products of uniform ones */
Datum
barks_rdd_copies(PG_FUNCTION_ARGS)
{
	double		mean;
	pg_prng_state state;
	int64		copies = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	mean = PG_GETARG_FLOAT8(0);
	if (isnan(mean) || isinf(mean))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mean number of copies must be finite")));
	if (mean > MAX_COPIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("mean number of copies must be at most %g, not %g", MAX_COPIES, mean)));
	pg_prng_seed(&state, rdd_hash_arguments(fcinfo, 2, PG_GETARG_INT64(1), true));
	for (; mean > 0; mean -= MAX_MEAN)
	{
		double		limit = exp(-Min(mean, MAX_MEAN));
		double		product = pg_prng_double(&state);

		CHECK_FOR_INTERRUPTS();
		while (product > limit)
		{
			copies++;
			product *= pg_prng_double(&state);
		}
	}
	PG_RETURN_INT64(copies);
}

/* rdd_fraction(fractions, key, with_replacement): what sample_by_key was given for a key */
Datum
barks_rdd_fraction(PG_FUNCTION_ARGS)
{
	Jsonb	   *fractions;
	text	   *key;
	JsonbValue	found;
	double		fraction;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	fractions = PG_GETARG_JSONB_P(0);
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no fraction for a null key")));
	key = PG_GETARG_TEXT_PP(1);
	if (!JB_ROOT_IS_OBJECT(fractions) ||
		!getKeyJsonValueFromContainer(&fractions->root, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &found))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no fraction for key \"%s\"", text_to_cstring(key)),
				 errhint("Give every key a fraction; 0 leaves it out.")));
	if (found.type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fraction for key \"%s\" is not a number", text_to_cstring(key))));
	fraction = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(found.val.numeric)));
	if (fraction < 0 || (fraction > 1 && !PG_GETARG_BOOL(2)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fraction for key \"%s\" is not between 0 and 1", text_to_cstring(key))));
	PG_RETURN_FLOAT8(fraction);
}
