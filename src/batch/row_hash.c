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
	KEY_INT4,
	KEY_INT8,
	KEY_TEXT,					/* equal only if its bytes are */
	KEY_ENUM,
	KEY_OTHER
} KeyKind;

typedef struct KeyHash
{
	KeyKind		kind;
	Oid			collation;
	FmgrInfo   *function;		/* NULL for KEY_ENUM */
} KeyHash;

struct RowHash
{
	int			nkeys;
	KeyHash		keys[FLEXIBLE_ARRAY_MEMBER];
};

static void prepare_key(KeyHash *key, Oid type, Oid collation);
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
		case F_HASHINT4EXTENDED:
			key->kind = KEY_INT4;
			break;
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

static inline uint64
hash_value(const KeyHash *key, Datum value)
{
	int64		wide;
	uint32		half;

	switch (key->kind)
	{
		case KEY_INT4:
			return hash_bytes_uint32_extended(DatumGetInt32(value), ROUTE_SEED);
		case KEY_INT8:
			wide = DatumGetInt64(value);
			half = (uint32) wide ^ (wide >= 0 ? (uint32) (wide >> 32) : ~(uint32) (wide >> 32));
			return hash_bytes_uint32_extended(half, ROUTE_SEED);
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
