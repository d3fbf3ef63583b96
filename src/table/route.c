/*-------------------------------------------------------------------------
 * route.c
 *	  Which partition a row belongs to.
 *
 * The result is stored data: any change here makes colocated joins and
 * pruning of existing tables wrong.  It must depend on values only, never on
 * oids of user objects, the server's locale or the type's spelling.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "table/layout.h"

/* any odd constant; not to be confused with hash joins' and hash partitioning's seeds */
#define ROUTE_SEED	UINT64CONST(0x6261726b73000001)

static uint64 hash_value(Oid type, Oid collation, Datum value);
static uint64 hash_enum_label(Oid value);

int
table_partition_for_values(const TableLayout *layout, int nkeys, const Oid *types,
						   const Oid *collations, const Datum *values, const bool *nulls)
{
	uint64		hash = 0;

	Assert(layout->kind == LAYOUT_HASH && nkeys == layout->nkeys);
	for (int i = 0; i < nkeys; i++)
		hash = hash_combine64(hash, nulls[i] ? 0 : hash_value(types[i], collations[i], values[i]));
	return (int) (hash % (uint64) layout->npartitions);
}

static uint64
hash_value(Oid type, Oid collation, Datum value)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);

	if (entry->typtype == TYPTYPE_ENUM)
		return hash_enum_label(DatumGetObjectId(value));
	if (entry->typtype == TYPTYPE_DOMAIN && type_is_enum(getBaseType(type)))
		return hash_enum_label(DatumGetObjectId(value));
	if (!OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an extended hash function for type %s",
						format_type_be(type))));
	return DatumGetUInt64(FunctionCall2Coll(&entry->hash_extended_proc_finfo, collation, value,
											UInt64GetDatum(ROUTE_SEED)));
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
