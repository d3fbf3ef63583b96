/*-------------------------------------------------------------------------
 * batch_fuzz.c
 *	  Damage encoded batches: reading one gives rows or data_corrupted.
 *
 * With the checksum mended afterwards the damage reaches the decoder's own
 * checks.  Each value read back is touched to its last byte; run the server
 * under valgrind or with a sanitizer to see reads outside of the batch.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "batch/batch.h"
#include "batch/wire.h"
#include "batch_test.h"

PG_FUNCTION_INFO_V1(batch_fuzz);

static void damage(pg_prng_state *prng, StringInfo wire);
static void damage_column_header(pg_prng_state *prng, StringInfo wire);
static bool read_all(BatchSchema *schema, const char *data, Size len);
static void touch_rows(BatchSchema *schema, Batch *batch);
static uint32 touch(const BatchColumn *column, Datum value);

/* The result of touching, so that it is not optimized away. */
volatile uint32 test_touched;

Datum
batch_fuzz(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			rounds = PG_GETARG_INT32(1);
	bool		mend = PG_GETARG_BOOL(3);
	pg_prng_state prng;
	BatchSchema *schema;
	BatchBuilder *builder;
	StringInfoData wire;
	StringInfoData damaged;
	Datum	   *values;
	bool	   *nulls;
	int32		decoded = 0;
	TupleDesc	desc;
	Datum		result[2];
	bool		result_nulls[2] = {false, false};

	pg_prng_seed(&prng, PG_GETARG_INT32(2));
	SPI_connect();
	schema = test_run_query(query);
	builder = batch_builder_create(schema, SPI_processed + 1, CurrentMemoryContext);
	values = palloc(schema->ncolumns * sizeof(Datum));
	nulls = palloc(schema->ncolumns * sizeof(bool));
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, values, nulls);
		batch_builder_add(builder, values, nulls);
	}
	initStringInfo(&wire);
	batch_builder_flush(builder, BATCH_COMPRESS_ZSTD, &wire);

	initStringInfo(&damaged);
	for (int i = 0; i < rounds; i++)
	{
		char	   *exact;

		do
		{
			resetStringInfo(&damaged);
			appendBinaryStringInfo(&damaged, wire.data, wire.len);
			damage(&prng, &damaged);
		} while (damaged.len == wire.len && memcmp(damaged.data, wire.data, wire.len) == 0);
		/* malloc'd and of just this length, so that tools see the smallest overrun */
		exact = malloc(Max(damaged.len, 1));
		if (exact == NULL)
			elog(ERROR, "out of memory");
		memcpy(exact, damaged.data, damaged.len);
		if (mend && damaged.len >= sizeof(WireHeader))
		{
			WireHeader	header;

			memcpy(&header, exact, sizeof(header));
			header.total_len = damaged.len;
			memcpy(exact, &header, sizeof(header));
			header.checksum = wire_checksum(exact, damaged.len);
			memcpy(exact, &header, sizeof(header));
		}
		decoded += read_all(schema, exact, damaged.len);
		free(exact);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_finish();
	result[0] = Int32GetDatum(decoded);
	result[1] = Int32GetDatum(rounds - decoded);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), result, result_nulls)));
}

static void
damage(pg_prng_state *prng, StringInfo wire)
{
	int			position = pg_prng_uint64_range(prng, 0, wire->len - 1);
	uint32		garbage = pg_prng_uint32(prng);

	switch (pg_prng_uint64_range(prng, 0, 5))
	{
		case 0:					/* cut it short */
			wire->len = position;
			break;
		case 1:					/* a bit */
			wire->data[position] ^= 1 << (garbage & 7);
			break;
		case 2:					/* four bytes of anything, or extremes */
			if (garbage & 1)
				garbage = (garbage & 2) ? 0xffffffff : 0x7fffffff;
			memcpy(wire->data + position, &garbage, Min(4, wire->len - position));
			break;
		case 3:					/* a field of the header */
			position = 8 + (garbage & 3) * 4;
			garbage = pg_prng_uint32(prng);
			if (garbage & 1)
				garbage &= 0xff;
			memcpy(wire->data + position, &garbage, 4);
			break;
		case 4:
			damage_column_header(prng, wire);
			break;
		default:				/* more bytes than there should be */
			appendBinaryStringInfo(wire, (char *) &garbage, 1 + (garbage & 3));
			break;
	}
}

/* Damage one field of one column's header, found by walking over them. */
static void
damage_column_header(pg_prng_state *prng, StringInfo wire)
{
	WireHeader	header;
	WireColumn	column;
	Size		at = sizeof(header);
	uint32		skip;

	memcpy(&header, wire->data, sizeof(header));
	if (header.ncolumns == 0)
		return;
	skip = pg_prng_uint64_range(prng, 0, header.ncolumns - 1);
	memcpy(&column, wire->data + at, sizeof(column));
	while (skip-- > 0)
	{
		at += sizeof(column) + column.stored_len;
		memcpy(&column, wire->data + at, sizeof(column));
	}
	switch (pg_prng_uint64_range(prng, 0, 4))
	{
		case 0:
			column.encoding = pg_prng_uint64_range(prng, 0, 5);
			break;
		case 1:
			column.flags = pg_prng_uint64_range(prng, 0, 4);
			break;
		case 2:
			column.width = pg_prng_uint64_range(prng, 0, 8);
			break;
		case 3:
			column.stored_len += pg_prng_uint64_range(prng, 0, 8) - 4;
			break;
		default:
			column.raw_len += pg_prng_uint64_range(prng, 0, 1000) - 500;
			break;
	}
	memcpy(wire->data + at, &column, sizeof(column));
}

/* True when the batch was read, false when it was refused as it should be. */
static bool
read_all(BatchSchema *schema, const char *data, Size len)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fuzz",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	volatile bool decoded = true;

	PG_TRY();
	{
		Batch	   *batch = batch_decode(schema, data, len, context);

		touch_rows(schema, batch);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_DATA_CORRUPTED)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		decoded = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return decoded;
}

/* Text columns would raise the errors of their input functions: not fuzzed. */
static void
touch_rows(BatchSchema *schema, Batch *batch)
{
	Datum	   *values = palloc(schema->ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(schema->ncolumns * sizeof(bool));
	int			nrows = Min(batch_rows(batch), 100000);
	uint32		sum = 0;

	for (int row = 0; row < nrows; row++)
	{
		batch_get_row(batch, row, values, nulls);
		for (int i = 0; i < schema->ncolumns; i++)
			if (!nulls[i])
				sum += touch(&schema->columns[i], values[i]);
	}
	test_touched = sum;
}

static uint32
touch(const BatchColumn *column, Datum value)
{
	uint32		sum = 0;
	const uint8 *bytes = (const uint8 *) DatumGetPointer(value);
	Size		len = column->typlen > 0 ? column->typlen : VARSIZE(bytes);

	if (column->typbyval)
		return (uint32) value;
	for (Size i = 0; i < len; i++)
		sum += bytes[i];
	return sum;
}
