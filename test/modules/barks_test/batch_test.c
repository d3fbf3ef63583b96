/*-------------------------------------------------------------------------
 * batch_test.c
 *	  Send the rows of a query through batches, and time it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "batch/batch.h"
#include "vector/vec.h"
#include "batch_test.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(batch_roundtrip);
PG_FUNCTION_INFO_V1(batch_speed);
PG_FUNCTION_INFO_V1(batch_codec);

static void compare_batch(BatchSchema *schema, StringInfo wire, uint64 first);
static void compare_vectors(BatchSchema *schema, StringInfo wire, BatchBuilder *builder,
							BatchCompression compression);
static void copy_vectors(BatchSchema *schema, Batch *batch, BatchBuilder *builder);
static void compare_row(BatchSchema *schema, uint64 row, const Datum *values,
						const bool *nulls);
static void compare_value(Form_pg_attribute att, uint64 row, Datum expected, Datum got);

/* Run query; its rows are then in SPI_tuptable, for which a schema is returned. */
BatchSchema *
test_run_query(const char *query)
{
	int			rc = SPI_execute(query, true, 0);

	if (rc != SPI_OK_SELECT)
		elog(ERROR, "not a SELECT: %s", SPI_result_code_string(rc));
	return batch_schema_create(SPI_tuptable->tupdesc, CurrentMemoryContext);
}

Datum
batch_roundtrip(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			max_rows = PG_GETARG_INT32(1);
	BatchCompression compression = PG_GETARG_BOOL(2) ? BATCH_COMPRESS_ZSTD : BATCH_COMPRESS_OFF;
	BatchSchema *schema;
	BatchBuilder *builder;
	BatchBuilder *by_vectors;
	StringInfoData wire;
	Datum	   *values;
	bool	   *nulls;
	uint64		first = 0;
	int32		nbatches = 0;
	int64		bytes = 0;
	TupleDesc	desc;
	Datum		result[3];
	bool		result_nulls[3] = {false, false, false};

	SPI_connect();
	schema = test_run_query(query);
	builder = batch_builder_create(schema, max_rows, CurrentMemoryContext);
	by_vectors = batch_builder_create(schema, max_rows, CurrentMemoryContext);
	values = palloc(schema->ncolumns * sizeof(Datum));
	nulls = palloc(schema->ncolumns * sizeof(bool));
	initStringInfo(&wire);
	for (uint64 row = 0; row <= SPI_processed; row++)
	{
		int			nest = batch_text_settings_begin(schema);
		bool		full = true;

		if (row < SPI_processed)
		{
			heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, values, nulls);
			full = batch_builder_add(builder, values, nulls);
		}
		if (full)
		{
			/* something in front shows that nothing relies on alignment */
			resetStringInfo(&wire);
			appendStringInfoString(&wire, "frame");
			batch_builder_flush(builder, compression, &wire);
			bytes += wire.len - 5;
			nbatches++;
		}
		batch_text_settings_end(nest);
		if (full)
		{
			compare_vectors(schema, &wire, by_vectors, compression);
			compare_batch(schema, &wire, first);
			first = row + 1;
		}
		CHECK_FOR_INTERRUPTS();
	}
	batch_builder_free(builder);
	result[0] = Int64GetDatum(SPI_processed);
	result[1] = Int32GetDatum(nbatches);
	result[2] = Int64GetDatum(bytes);
	SPI_finish();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), result, result_nulls)));
}

/* Read and written again by vectors, a batch must be the same bytes. */
static void
compare_vectors(BatchSchema *schema, StringInfo wire, BatchBuilder *builder, BatchCompression compression)
{
	Batch	   *batch = batch_decode(schema, wire->data + 5, wire->len - 5, CurrentMemoryContext);
	StringInfoData again;
	int			nest;

	batch_read_texts(batch);
	nest = batch_text_settings_begin(schema);
	copy_vectors(schema, batch, builder);
	initStringInfo(&again);
	batch_builder_flush(builder, compression, &again);
	batch_text_settings_end(nest);
	if (again.len != wire->len - 5 || memcmp(again.data, wire->data + 5, again.len) != 0)
		elog(ERROR, "a batch of %d rows is another one by vectors", batch_rows(batch));
	pfree(again.data);
	batch_free(batch);
}

/* In pieces of different sizes, every second one by a list of rows. */
static void
copy_vectors(BatchSchema *schema, Batch *batch, BatchBuilder *builder)
{
	int			ncolumns = schema->ncolumns;
	Vec		  **columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	uint16		rows[VEC_MAX_ROWS];
	int			n;

	for (int i = 0; i < ncolumns; i++)
		columns[i] = palloc0(sizeof(Vec));
	for (int i = 0; i < VEC_MAX_ROWS; i++)
		rows[i] = i;
	for (int first = 0, pieces = 0; first < batch_rows(batch); first += n, pieces++)
	{
		bool		full;

		n = Min(batch_rows(batch) - first, 1 + pieces * 97 % VEC_MAX_ROWS);
		for (int i = 0; i < ncolumns; i++)
		{
			VecType		type;

			vec_type_init(&type, schema->columns[i].basetype, schema->columns[i].typmod, InvalidOid);
			batch_get_vec(batch, i, first, n, type.kind, columns[i], palloc(sizeof(Datum) * n),
						  palloc(sizeof(bool) * n));
		}
		if (batch_builder_append(builder, columns, pieces % 2 ? rows : NULL, n, &full) != n)
			elog(ERROR, "a builder was full too early");
	}
}

/* The batch must have the query's rows from first on. */
static void
compare_batch(BatchSchema *schema, StringInfo wire, uint64 first)
{
	char	   *data = wire->data + 5;
	Size		len = wire->len - 5;
	Batch	   *batch = batch_decode(schema, data, len, CurrentMemoryContext);
	Datum	   *values = palloc(schema->ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(schema->ncolumns * sizeof(bool));

	if (batch_wire_rows(data, len) != batch_rows(batch) ||
		first + batch_rows(batch) > SPI_processed)
		elog(ERROR, "wrong number of rows");
	memset(wire->data, 0x7f, wire->len);	/* the batch must not look at it again */
	for (int row = 0; row < batch_rows(batch); row++)
	{
		int			nest = batch_text_settings_begin(schema);

		batch_get_row(batch, row, values, nulls);
		batch_text_settings_end(nest);
		compare_row(schema, first + row, values, nulls);
	}
	batch_free(batch);
	pfree(values);
	pfree(nulls);
}

static void
compare_row(BatchSchema *schema, uint64 row, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;

	for (int i = 0; i < schema->ncolumns; i++)
	{
		bool		isnull;
		Datum		expected = heap_getattr(SPI_tuptable->vals[row], i + 1, desc, &isnull);

		if (isnull != nulls[i])
			elog(ERROR, "row " UINT64_FORMAT ", column %d: null differs", row, i + 1);
		if (!isnull)
			compare_value(TupleDescAttr(desc, i), row, expected, values[i]);
	}
}

static void
compare_value(Form_pg_attribute att, uint64 row, Datum expected, Datum got)
{
	Oid			function;
	bool		is_varlena;
	char	   *expected_text;
	char	   *got_text;

	if (batch_codec_for_type(att->atttypid) != BATCH_CODEC_TEXT)
	{
		if (att->attlen == -1 && ((got & 3) != 0 || (att->attalign == 'd' && (got & 7) != 0) ||
								  VARATT_IS_EXTENDED(DatumGetPointer(got))))
			elog(ERROR, "row " UINT64_FORMAT ", column %d: not a plain varlena", row, att->attnum);
		if (!datum_image_eq(expected, got, att->attbyval, att->attlen))
			elog(ERROR, "row " UINT64_FORMAT ", column %d: bytes differ", row, att->attnum);
	}
	getTypeOutputInfo(att->atttypid, &function, &is_varlena);
	expected_text = OidOutputFunctionCall(function, expected);
	got_text = OidOutputFunctionCall(function, got);
	if (strcmp(expected_text, got_text) != 0)
		elog(ERROR, "row " UINT64_FORMAT ", column %d: \"%s\" became \"%s\"",
			 row, att->attnum, expected_text, got_text);
	pfree(expected_text);
	pfree(got_text);
}

/* ---------------- speed ---------------- */

Datum
batch_speed(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			repeat = PG_GETARG_INT32(1);
	BatchSchema *schema;
	BatchBuilder *builder;
	StringInfoData wire;
	TupleTableSlot *slot;
	Datum	   *all_values;
	bool	   *all_nulls;
	int64		bytes = 0;
	double		encode = 0;
	double		decode = 0;
	double		nrows;
	TupleDesc	desc;
	Datum		result[3];
	bool		result_nulls[3] = {false, false, false};

	SPI_connect();
	schema = test_run_query(query);
	builder = batch_builder_create(schema, 1024, CurrentMemoryContext);
	slot = MakeSingleTupleTableSlot(SPI_tuptable->tupdesc, &TTSOpsVirtual);
	initStringInfo(&wire);
	all_values = palloc_extended(SPI_processed * schema->ncolumns * sizeof(Datum), MCXT_ALLOC_HUGE);
	all_nulls = palloc_extended(SPI_processed * schema->ncolumns * sizeof(bool), MCXT_ALLOC_HUGE);
	for (uint64 row = 0; row < SPI_processed; row++)
		heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						  all_values + row * schema->ncolumns,
						  all_nulls + row * schema->ncolumns);
	nrows = (double) SPI_processed * repeat;
	for (int pass = 0; pass < repeat; pass++)
		for (uint64 row = 0; row < SPI_processed; row++)
		{
			instr_time	start,
						now;
			bool		full = false;
			Batch	   *batch;

			INSTR_TIME_SET_CURRENT(start);
			while (!full && row < SPI_processed)
			{
				full = batch_builder_add(builder, all_values + row * schema->ncolumns,
										 all_nulls + row * schema->ncolumns);
				row++;
			}
			row--;
			resetStringInfo(&wire);
			batch_builder_flush(builder, BATCH_COMPRESS_ZSTD, &wire);
			INSTR_TIME_SET_CURRENT(now);
			INSTR_TIME_SUBTRACT(now, start);
			encode += INSTR_TIME_GET_DOUBLE(now);
			bytes += wire.len;

			INSTR_TIME_SET_CURRENT(start);
			batch = batch_decode(schema, wire.data, wire.len, CurrentMemoryContext);
			for (int i = 0; i < batch_rows(batch); i++)
				batch_get_row(batch, i, slot->tts_values, slot->tts_isnull);
			batch_free(batch);
			INSTR_TIME_SET_CURRENT(now);
			INSTR_TIME_SUBTRACT(now, start);
			decode += INSTR_TIME_GET_DOUBLE(now);
		}
	SPI_finish();
	result[0] = Float8GetDatum(encode * 1e9 / nrows);
	result[1] = Float8GetDatum(decode * 1e9 / nrows);
	result[2] = Float8GetDatum(bytes / nrows);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), result, result_nulls)));
}

Datum
batch_codec(PG_FUNCTION_ARGS)
{
	switch (batch_codec_for_type(PG_GETARG_OID(0)))
	{
		case BATCH_CODEC_FIXED:
			PG_RETURN_TEXT_P(cstring_to_text("fixed"));
		case BATCH_CODEC_VARLENA:
			PG_RETURN_TEXT_P(cstring_to_text("varlena"));
		case BATCH_CODEC_TEXT:
			PG_RETURN_TEXT_P(cstring_to_text("text"));
	}
	elog(ERROR, "unknown codec");
}
