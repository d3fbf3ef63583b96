/*-------------------------------------------------------------------------
 * key_filter_test.c
 *	  Filters of keys: in parts, sent, merged, asked, damaged.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/memutils.h"

#include "batch/key_filter.h"

#define OTHERS 100000

PG_FUNCTION_INFO_V1(key_filter_try);
PG_FUNCTION_INFO_V1(key_filter_cut);

static uint64 hash_of(int64 key);
static StringInfo sent(const KeyFilter *filter, bool compact);

/*
 * The keys 0 … keys - 1, each told twice, by several filters that are merged
 * after they were sent: how many keys are missing (none may), how many of OTHERS
 * that are not there pass, the estimated number and the bytes that were sent.
 */
Datum
key_filter_try(PG_FUNCTION_ARGS)
{
	int64		nkeys = PG_GETARG_INT64(0);
	int32		bytes = PG_GETARG_INT32(1);
	int			nparts = PG_GETARG_INT32(2);
	KeyFilter **parts = palloc(sizeof(KeyFilter *) * nparts);
	KeyFilter  *filter;
	StringInfo	wire;
	int64		missing = 0;
	int64		passed = 0;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {0};

	for (int i = 0; i < nparts; i++)
		parts[i] = key_filter_create(bytes, CurrentMemoryContext);
	for (int64 key = 0; key < nkeys; key++)
	{
		key_filter_add(parts[key % nparts], hash_of(key));
		key_filter_add(parts[(key / nparts) % nparts], hash_of(key));
	}
	for (int i = 1; i < nparts; i++)
	{
		wire = sent(parts[i], false);
		key_filter_merge(parts[0], key_filter_read(wire->data, wire->len, CurrentMemoryContext));
	}
	wire = sent(parts[0], true);
	filter = key_filter_read(wire->data, wire->len, CurrentMemoryContext);
	for (int64 key = 0; key < nkeys; key++)
		missing += !key_filter_has(filter, hash_of(key));
	for (int64 key = nkeys; key < nkeys + OTHERS; key++)
		passed += key_filter_has(filter, hash_of(key));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(missing);
	values[1] = Float8GetDatum((double) passed / OTHERS);
	values[2] = Float8GetDatum(key_filter_error(filter));
	values[3] = Float8GetDatum(key_filter_keys(filter));
	values[4] = BoolGetDatum(key_filter_is_exact(filter));
	values[5] = Int32GetDatum(wire->len);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* Of all shorter and one longer forms, how many are taken for a filter. */
Datum
key_filter_cut(PG_FUNCTION_ARGS)
{
	KeyFilter  *filter = key_filter_create(PG_GETARG_INT32(1), CurrentMemoryContext);
	MemoryContext context = CurrentMemoryContext;
	StringInfo	wire;
	int32		taken = 0;

	for (int64 key = 0; key < PG_GETARG_INT64(0); key++)
		key_filter_add(filter, hash_of(key));
	wire = sent(filter, false);
	appendStringInfoChar(wire, '\0');
	for (int len = 0; len <= wire->len; len++)
	{
		if (len == wire->len - 1)
			continue;			/* that is the right one */
		PG_TRY();
		{
			(void) key_filter_read(wire->data, len, context);
			taken++;
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(context);
			if (geterrcode() != ERRCODE_PROTOCOL_VIOLATION)
				PG_RE_THROW();
			FlushErrorState();
		}
		PG_END_TRY();
	}
	PG_RETURN_INT32(taken);
}

/* The key 0 has the hash 0, which a filter could take for nothing. */
static uint64
hash_of(int64 key)
{
	return key == 0 ? 0 : hash_bytes_extended((unsigned char *) &key, sizeof(key), 1);
}

static StringInfo
sent(const KeyFilter *filter, bool compact)
{
	StringInfo	out = makeStringInfo();

	key_filter_write(filter, compact, out);
	return out;
}
