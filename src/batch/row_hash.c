/*-------------------------------------------------------------------------
 * row_hash.c
 *	  The hash of a row's key, which decides its partition.
 *
 * A value's hash is that of the extended hash function of its type's default
 * operator family, and an enum's that of its label.  For the commonest types
 * what those functions do is done here without calling them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "batch/row_hash.h"

/* any odd constant; not to be confused with hash joins' and hash partitioning's seeds */
#define ROUTE_SEED	UINT64CONST(0x6261726b73000001)

typedef enum KeyKind
{
	KEY_BOOL,
	KEY_INT2,
	KEY_INT4,
	KEY_INT8,
	KEY_TEXT,					/* equal only if its bytes are */
	KEY_ENUM,
	KEY_OTHER
} KeyKind;

typedef struct KeyHash
{
	KeyKind		kind;
	Oid			basetype;
	Oid			collation;
	FmgrInfo   *function;		/* NULL for KEY_ENUM */
} KeyHash;

struct RowHash
{
	int			nkeys;
	KeyHash		keys[FLEXIBLE_ARRAY_MEMBER];
};

static void prepare_key(KeyHash *key, Oid type, Oid collation);
static void hash_vector(const KeyHash *key, const Vec *vec, const uint16 *rows, int n, uint64 *hashes);
static void hash_datums(const KeyHash *key, const Vec *vec, const uint16 *rows, int n, uint64 *hashes);
static inline uint64 hash_int8(int64 value);
static inline uint64 hash_value(const KeyHash *key, Datum value);
static uint64 hash_text(Datum value);
static uint64 hash_enum_label(Oid value);

RowHash *
row_hash_create(int nkeys, const Oid *types, const Oid *collations, MemoryContext context)
{
	RowHash    *hash = MemoryContextAlloc(context, offsetof(RowHash, keys) +
										  nkeys * sizeof(KeyHash));

	hash->nkeys = nkeys;
	for (int i = 0; i < nkeys; i++)
	{
		KeyHash    *key = &hash->keys[i];

		prepare_key(key, types[i], collations[i]);
		if (key->function)
		{
			FmgrInfo   *copy = MemoryContextAlloc(context, sizeof(FmgrInfo));

			fmgr_info_copy(copy, key->function, context);
			key->function = copy;
		}
	}
	return hash;
}

uint64
row_hash(RowHash *hash, const Datum *values, const bool *nulls)
{
	uint64		result = 0;

	for (int i = 0; i < hash->nkeys; i++)
		result = hash_combine64(result, nulls[i] ? 0 : hash_value(&hash->keys[i], values[i]));
	return result;
}

void
row_hash_vectors(RowHash *hash, Vec *const *keys, const uint16 *rows, int n, uint64 *hashes)
{
	memset(hashes, 0, sizeof(uint64) * n);
	for (int i = 0; i < hash->nkeys; i++)
		hash_vector(&hash->keys[i], keys[i], rows, n, hashes);
}

uint64
row_hash_once(int nkeys, const Oid *types, const Oid *collations,
			  const Datum *values, const bool *nulls)
{
	uint64		result = 0;

	for (int i = 0; i < nkeys; i++)
	{
		uint64		one = 0;

		if (!nulls[i])
		{
			KeyHash		key;

			prepare_key(&key, types[i], collations[i]);
			one = hash_value(&key, values[i]);
		}
		result = hash_combine64(result, one);
	}
	return result;
}

static void
prepare_key(KeyHash *key, Oid type, Oid collation)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);

	key->basetype = getBaseType(type);
	key->collation = collation;
	key->function = NULL;
	key->kind = KEY_OTHER;
	if (entry->typtype == TYPTYPE_ENUM ||
		(entry->typtype == TYPTYPE_DOMAIN && type_is_enum(getBaseType(type))))
	{
		key->kind = KEY_ENUM;
		return;
	}
	if (!OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an extended hash function for type %s",
						format_type_be(type))));
	key->function = &entry->hash_extended_proc_finfo;
	switch (key->function->fn_oid)
	{
		case F_HASHCHAREXTENDED:
			if (key->basetype == BOOLOID)
				key->kind = KEY_BOOL;
			break;
		case F_HASHINT2EXTENDED:
			key->kind = KEY_INT2;
			break;
		case F_HASHINT4EXTENDED:
			key->kind = KEY_INT4;
			break;
		case F_TIME_HASH_EXTENDED:
		case F_TIMESTAMP_HASH_EXTENDED:
		case F_HASHINT8EXTENDED:
			key->kind = KEY_INT8;
			break;
		case F_HASHTEXTEXTENDED:
			if (OidIsValid(collation) && get_collation_isdeterministic(collation))
				key->kind = KEY_TEXT;
			break;
		default:
			break;
	}
}

/* Combine the hashes of a key with those of the keys before it. */
static void
hash_vector(const KeyHash *key, const Vec *vec, const uint16 *rows, int n, uint64 *hashes)
{
	/* a null's value is anything, and its hash 0 */
#define HASH_LOOP(one) \
	for (int i = 0; i < n; i++) \
	{ \
		int			row = vec->constant ? 0 : rows ? rows[i] : i; \
		uint64		hash = (one); \
\
		hashes[i] = hash_combine64(hashes[i], vec->nulls && vec->nulls[row] ? 0 : hash); \
	}

	if (key->kind == KEY_BOOL && vec->kind == VEC_BOOL)
		HASH_LOOP(hash_bytes_uint32_extended(VEC_BOOLS(vec)[row], ROUTE_SEED))
	else if ((key->kind == KEY_INT4 || key->kind == KEY_INT2) && vec->kind == VEC_INT32)
		HASH_LOOP(hash_bytes_uint32_extended(VEC_INT32S(vec)[row], ROUTE_SEED))
	else if (key->kind == KEY_INT8 && vec->kind == VEC_INT64)
		HASH_LOOP(hash_int8(VEC_INT64S(vec)[row]))
	else
		hash_datums(key, vec, rows, n, hashes);
#undef HASH_LOOP
}

static void
hash_datums(const KeyHash *key, const Vec *vec, const uint16 *rows, int n, uint64 *hashes)
{
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value = vec_datum(vec, key->basetype, rows ? rows[i] : i, &isnull);

		hashes[i] = hash_combine64(hashes[i], isnull ? 0 : hash_value(key, value));
		if (!isnull && vec->kind == VEC_DECIMAL)
			pfree(DatumGetPointer(value));
	}
}

/* As hashint8extended() has it, so that integers of any width are the same. */
static inline uint64
hash_int8(int64 value)
{
	return hash_bytes_uint32_extended((uint32) value ^ (value >= 0 ? (uint32) (value >> 32) :
														~(uint32) (value >> 32)), ROUTE_SEED);
}

static inline uint64
hash_value(const KeyHash *key, Datum value)
{
	switch (key->kind)
	{
		case KEY_BOOL:
			return hash_bytes_uint32_extended(DatumGetBool(value), ROUTE_SEED);
		case KEY_INT2:
			return hash_bytes_uint32_extended(DatumGetInt16(value), ROUTE_SEED);
		case KEY_INT4:
			return hash_bytes_uint32_extended(DatumGetInt32(value), ROUTE_SEED);
		case KEY_INT8:
			return hash_int8(DatumGetInt64(value));
		case KEY_TEXT:
			return hash_text(value);
		case KEY_ENUM:
			return hash_enum_label(DatumGetObjectId(value));
		case KEY_OTHER:
			break;
	}
	return DatumGetUInt64(FunctionCall2Coll(key->function, key->collation, value,
											UInt64GetDatum(ROUTE_SEED)));
}

static uint64
hash_text(Datum value)
{
	text	   *bytes = DatumGetTextPP(value);
	uint64		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(bytes),
										   VARSIZE_ANY_EXHDR(bytes), ROUTE_SEED);

	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
	return hash;
}

static uint64
hash_enum_label(Oid value)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));
	const char *label;
	uint64		hash;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u", value)));
	label = NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel);
	hash = hash_bytes_extended((const unsigned char *) label, strlen(label), ROUTE_SEED);
	ReleaseSysCache(tuple);
	return hash;
}
