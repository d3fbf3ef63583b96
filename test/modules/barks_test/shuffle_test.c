/*-------------------------------------------------------------------------
 * shuffle_test.c
 *	  Write the rows of a query as shuffle files, read them, damage them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_oper.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "batch/row_hash.h"
#include "batch_test.h"
#include "job/plan.h"
#include "shuffle/reader.h"
#include "shuffle/shuffle.h"
#include "shuffle/writer.h"

PG_FUNCTION_INFO_V1(shuffle_roundtrip);
PG_FUNCTION_INFO_V1(shuffle_damage);
PG_FUNCTION_INFO_V1(shuffle_sink);
PG_FUNCTION_INFO_V1(hash_partition);

typedef struct ShuffleTest
{
	ShuffleTask task;
	ShuffleOutput output;
	BatchSchema *schema;		/* of the query's rows */
	TaskDone	done;
	SourceNode	node;
	StageSources sources;
	int32		zero;
	int32		one;
	int64		blocks;
} ShuffleTest;

static uint64 last_job;

static void prepare(ShuffleTest *test, const char *kind, int partitions, ArrayType *columns);
static void write_rows(ShuffleTest *test, ShuffleWriter *writer);
static int64 read_partition(ShuffleTest *test, int partition, uint64 *sum, bool twice);
static uint64 row_digest(BatchSchema *schema, Datum *values, bool *nulls);
static uint64 query_digest(ShuffleTest *test);
static int	try_read(ShuffleTest *test, uint64 sum);
static Datum make_row(FunctionCallInfo fcinfo, int64 a, int64 b, int64 c);

/* Every row comes out once, in the partition that it belongs to; also a second time. */
Datum
shuffle_roundtrip(PG_FUNCTION_ARGS)
{
	ShuffleTest test = {0};
	uint64		sum = 0;
	int64		rows = 0;
	int64		nonempty = 0;

	SPI_connect();
	test.schema = test_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	prepare(&test, text_to_cstring(PG_GETARG_TEXT_PP(1)), PG_GETARG_INT32(2), PG_GETARG_ARRAYTYPE_P(3));
	write_rows(&test, shuffle_writer_create(&test.task, &test.output, SPI_tuptable->tupdesc,
											test.schema, PG_GETARG_INT32(4),
											PG_GETARG_BOOL(5) ? BATCH_COMPRESS_ZSTD : BATCH_COMPRESS_OFF,
											CurrentMemoryContext));
	for (int partition = 0; partition < test.output.npartitions; partition++)
	{
		int64		got = read_partition(&test, partition, &sum, partition % 2 == 0);

		if (got != test.done.partition_rows[partition])
			elog(ERROR, "partition %d has " INT64_FORMAT " rows, not " INT64_FORMAT, partition,
				 got, test.done.partition_rows[partition]);
		rows += got;
		nonempty += got > 0;
	}
	if (rows != SPI_processed || rows != test.done.rows || sum != query_digest(&test))
		elog(ERROR, "other rows were read than written");
	shuffle_job_over(test.task.driver, test.task.job);
	SPI_finish();
	return make_row(fcinfo, rows, nonempty, test.blocks);
}

/* Change every step-th byte, and cut the file at every step-th length. */
Datum
shuffle_damage(PG_FUNCTION_ARGS)
{
	ShuffleTest test = {0};
	int			step = PG_GETARG_INT32(3);
	int64		refused = 0;
	int64		size;
	char	   *path;
	struct stat status;
	uint64		sum;
	int			fd;

	SPI_connect();
	test.schema = test_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	prepare(&test, "hash", PG_GETARG_INT32(1), construct_array((Datum[]) {Int32GetDatum(1)}, 1, INT4OID, 4, true, TYPALIGN_INT));
	write_rows(&test, shuffle_writer_create(&test.task, &test.output, SPI_tuptable->tupdesc,
											test.schema, PG_GETARG_INT32(2), BATCH_COMPRESS_ZSTD,
											CurrentMemoryContext));
	sum = query_digest(&test);
	path = psprintf("%s/1.0.1", test.done.directory);
	if (stat(path, &status) != 0 || (fd = open(path, O_RDWR)) < 0)
		elog(ERROR, "could not open \"%s\": %m", path);
	size = status.st_size;
	if (try_read(&test, sum) != 0)
		elog(ERROR, "the whole file was refused");
	for (int64 at = 0; at < size; at += step)
	{
		uint8		byte;
		uint8		changed;

		CHECK_FOR_INTERRUPTS();
		if (pread(fd, &byte, 1, at) != 1)
			elog(ERROR, "could not read: %m");
		changed = byte ^ (1 << (at % 8));
		if (pwrite(fd, &changed, 1, at) != 1)
			elog(ERROR, "could not write: %m");
		refused += try_read(&test, sum);
		if (pwrite(fd, &byte, 1, at) != 1)
			elog(ERROR, "could not write: %m");
	}
	for (int64 len = size - 1; len >= 0; len -= step)
	{
		if (ftruncate(fd, len) != 0)
			elog(ERROR, "could not truncate: %m");
		refused += try_read(&test, sum);
	}
	close(fd);
	if (unlink(path) != 0)
		elog(ERROR, "could not remove \"%s\": %m", path);
	refused += try_read(&test, sum);
	shuffle_job_over(test.task.driver, test.task.job);
	SPI_finish();
	return make_row(fcinfo, (size + step - 1) / step * 2 + 1, refused, size > 0);
}

static void
count_block(int partition, int rows, const char *data, Size len, void *arg)
{
	int64	   *counts = arg;

	if (!batch_wire_intact(data, len) || batch_wire_rows(data, len) != rows)
		elog(ERROR, "a block is no batch");
	counts[0] += rows;
	counts[1]++;
}

Datum
shuffle_sink(PG_FUNCTION_ARGS)
{
	ShuffleTest test = {0};
	int64		counts[2] = {0};

	SPI_connect();
	test.schema = test_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	prepare(&test, "hash", PG_GETARG_INT32(1), construct_array((Datum[]) {Int32GetDatum(1)}, 1, INT4OID, 4, true, TYPALIGN_INT));
	write_rows(&test, shuffle_writer_create_sink(&test.output, SPI_tuptable->tupdesc, test.schema,
												 PG_GETARG_INT32(2), BATCH_COMPRESS_OFF,
												 CurrentMemoryContext, count_block, counts));
	if (test.done.directory || test.done.rows != counts[0])
		elog(ERROR, "the sink was given other rows");
	shuffle_job_over(test.task.driver, test.task.job);
	SPI_finish();
	return make_row(fcinfo, counts[0], counts[1], test.done.npartitions);
}

/* Where table and exchange put a value; the fast way and the general one must agree. */
Datum
hash_partition(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Oid			collation = PG_GET_COLLATION();
	Datum		value = PG_GETARG_DATUM(0);
	bool		isnull = false;
	RowHash    *hash = row_hash_create(1, &type, &collation, CurrentMemoryContext);
	uint64		result = row_hash(hash, &value, &isnull);

	if (result != row_hash_once(1, &type, &collation, &value, &isnull))
		elog(ERROR, "hashes differ");
	PG_RETURN_INT32(row_hash_partition(result, PG_GETARG_INT32(1)));
}

static void
prepare(ShuffleTest *test, const char *kind, int partitions, ArrayType *columns)
{
	Datum	   *values;
	int			n;

	deconstruct_array(columns, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, NULL, &n);
	test->output.kind = strcmp(kind, "hash") == 0 || strcmp(kind, "spread") == 0 ? EXCHANGE_HASH :
		strcmp(kind, "range") == 0 ? EXCHANGE_RANGE :
		strcmp(kind, "round robin") == 0 ? EXCHANGE_ROUND_ROBIN : EXCHANGE_SINGLE;
	test->output.spread_nulls = strcmp(kind, "spread") == 0;
	test->output.npartitions = partitions;
	for (int i = 0; i < n; i++)
	{
		int			column = DatumGetInt32(values[i]);
		Form_pg_attribute att = TupleDescAttr(SPI_tuptable->tupdesc, column - 1);
		RangeKey   *key = palloc0(sizeof(RangeKey));

		test->output.hash_columns = lappend_int(test->output.hash_columns, column);
		key->column = column;
		key->collation = att->attcollation;
		if (test->output.kind == EXCHANGE_RANGE)
			get_sort_group_operators(att->atttypid, true, false, false, &key->sortop, NULL, NULL, NULL);
		test->output.range_keys = lappend(test->output.range_keys, key);
	}
	test->task.driver = GetSystemIdentifier();
	test->task.job = ((uint64) MyProcPid << 32) + ++last_job;
	test->task.stage = 1;
	test->task.attempt = 1;
	test->one = 1;
	test->node.name = "here";
	test->sources = (StageSources) {1, 1, &test->node, 1, &test->zero, &test->one};
	shuffle_lease_take(test->task.driver, test->task.job);
	if (test->output.kind == EXCHANGE_RANGE)
	{
		/* bounds: every k-th row of the query, which must be in order */
		TupleDesc	desc = CreateTemplateTupleDesc(n);
		BatchSchema *schema;
		BatchBuilder *builder;
		int			level;

		for (int i = 0; i < n; i++)
			TupleDescCopyEntry(desc, i + 1, SPI_tuptable->tupdesc, DatumGetInt32(values[i]));
		schema = batch_schema_create(desc, CurrentMemoryContext);
		builder = batch_builder_create(schema, partitions, CurrentMemoryContext);
		level = batch_text_settings_begin(schema);
		for (int p = 1; p < partitions && SPI_processed > 0; p++)
		{
			Datum		key[8];
			bool		nulls[8];

			for (int i = 0; i < n; i++)
				key[i] = heap_getattr(SPI_tuptable->vals[SPI_processed * p / partitions],
									  DatumGetInt32(values[i]), SPI_tuptable->tupdesc, &nulls[i]);
			(void) batch_builder_add(builder, key, nulls);
		}
		test->output.range_bounds = makeStringInfo();
		batch_builder_flush(builder, BATCH_COMPRESS_OFF, test->output.range_bounds);
		batch_text_settings_end(level);
	}
}

static void
write_rows(ShuffleTest *test, ShuffleWriter *writer)
{
	Datum	   *values = palloc(test->schema->ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(test->schema->ncolumns * sizeof(bool));
	int			level = batch_text_settings_begin(test->schema);

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, values, nulls);
		shuffle_writer_add(writer, values, nulls);
	}
	batch_text_settings_end(level);
	shuffle_writer_finish(writer, &test->done);
	shuffle_writer_free(writer);
	test->node.directory = test->done.directory;
}

/* Rows of the partition; their digests are added to sum. */
static int64
read_partition(ShuffleTest *test, int partition, uint64 *sum, bool twice)
{
	TaskInput	input = {1, 1, partition, partition, 0, -1, 0, test->done.partition_bytes[partition]};
	ShuffleReader *reader = shuffle_reader_open(test->task.driver, test->task.job, &input,
												&test->sources, test->schema, false, twice,
												CurrentMemoryContext);
	Datum	   *values = palloc(test->schema->ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(test->schema->ncolumns * sizeof(bool));
	uint64		sums[2] = {0};
	int64		rows[2] = {0};

	for (int round = 0; round < (twice ? 2 : 1); round++)
	{
		Batch	   *batch;

		if (round > 0)
			shuffle_reader_rewind(reader);
		while ((batch = shuffle_reader_next(reader)) != NULL)
		{
			int			level = batch_text_settings_begin(test->schema);

			test->blocks += round == 0;
			for (int row = 0; row < batch_rows(batch); row++)
			{
				batch_get_row(batch, row, values, nulls);
				sums[round] += row_digest(test->schema, values, nulls);
			}
			rows[round] += batch_rows(batch);
			batch_text_settings_end(level);
			batch_free(batch);
		}
	}
	if (twice && (sums[0] != sums[1] || rows[0] != rows[1]))
		elog(ERROR, "other rows were read the second time");
	shuffle_reader_close(reader);
	*sum += sums[0];
	return rows[0];
}

static uint64
row_digest(BatchSchema *schema, Datum *values, bool *nulls)
{
	uint64		digest = 0;

	for (int i = 0; i < schema->ncolumns; i++)
	{
		Oid			function;
		bool		varlena;
		char	   *text;

		digest = hash_combine64(digest, i);
		if (nulls[i])
			continue;
		getTypeOutputInfo(schema->columns[i].typid, &function, &varlena);
		text = OidOutputFunctionCall(function, values[i]);
		digest = hash_combine64(digest, hash_bytes_extended((unsigned char *) text, strlen(text), 7));
		pfree(text);
	}
	return digest;
}

static uint64
query_digest(ShuffleTest *test)
{
	Datum	   *values = palloc(test->schema->ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(test->schema->ncolumns * sizeof(bool));
	int			level = batch_text_settings_begin(test->schema);
	uint64		sum = 0;

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, values, nulls);
		sum += row_digest(test->schema, values, nulls);
	}
	batch_text_settings_end(level);
	return sum;
}

/* 1 when reading all partitions says that the input is lost; an error when other rows come. */
static int
try_read(ShuffleTest *test, uint64 expected)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile int refused = 0;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(AllocSetContextCreate(old, "try_read", ALLOCSET_DEFAULT_SIZES));
	PG_TRY();
	{
		MemoryContext context = CurrentMemoryContext;
		uint64		sum = 0;

		for (int partition = 0; partition < test->output.npartitions; partition++)
			(void) read_partition(test, partition, &sum, false);
		if (sum != expected)
			elog(ERROR, "other rows were read than written");
		ReleaseCurrentSubTransaction();
		MemoryContextDelete(context);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_BARKS_INPUT_LOST)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		refused = 1;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return refused;
}

static Datum
make_row(FunctionCallInfo fcinfo, int64 a, int64 b, int64 c)
{
	Datum		values[3] = {Int64GetDatum(a), Int64GetDatum(b), Int64GetDatum(c)};
	bool		nulls[3] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
