/*-------------------------------------------------------------------------
 * shuffle_test.c
 *	  A driver of two stages, from SQL: map tasks write partitions, one reduce
 *	  task for each range of partitions reads them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "batch/batch.h"
#include "cluster/node.h"
#include "job/lane.h"
#include "job/plan.h"
#include "shuffle/shuffle.h"
#include "worker/inline_lane.h"

PG_FUNCTION_INFO_V1(lane_shuffle);

typedef struct ShuffleTest
{
	ReturnSetInfo *result;
	JobSetup	setup;
	TaskSpec	spec;
	ShuffleOutput output;
	StageSources sources;
	Lane	   *map_lane;
	Lane	   *reduce_lane;
	BatchSchema *schema;		/* of the reduce tasks' rows */
	int64	   *partition_rows;
	int64	   *partition_bytes;
	int64		memory;
	int64		file;
	int64		wire;
	MemoryContextCallback cleanup;
} ShuffleTest;

static void prepare(ShuffleTest *test, FunctionCallInfo fcinfo);
static Lane *open_lane(const char *node, bool is_inline);
static void release(void *arg);
static void run_maps(ShuffleTest *test, ArrayType *queries);
static void run_reduces(ShuffleTest *test, const char *sql, int step, bool twice);
static bool answer(ShuffleTest *test, Lane *lane, const char *what, TaskDone **done);
static void put_batch(ShuffleTest *test, int32 task, Batch *batch);
static void put(ShuffleTest *test, int32 task, const char *kind, const char *value);

Datum
lane_shuffle(PG_FUNCTION_ARGS)
{
	ShuffleTest *test = palloc0(sizeof(ShuffleTest));

	InitMaterializedSRF(fcinfo, 0);
	test->result = (ReturnSetInfo *) fcinfo->resultinfo;
	test->cleanup.func = release;
	test->cleanup.arg = test;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &test->cleanup);
	prepare(test, fcinfo);
	run_maps(test, PG_GETARG_ARRAYTYPE_P(0));
	if (test->sources.ntasks > 0)
		run_reduces(test, text_to_cstring(PG_GETARG_TEXT_PP(1)), PG_GETARG_INT32(7),
					PG_GETARG_BOOL(8));
	test->map_lane->ops->end_job(test->map_lane);
	if (test->reduce_lane != test->map_lane)
		test->reduce_lane->ops->end_job(test->reduce_lane);
	release(test);
	return (Datum) 0;
}

static ExchangeKind
kind_of(const char *name)
{
	return strcmp(name, "hash") == 0 ? EXCHANGE_HASH :
		strcmp(name, "round robin") == 0 ? EXCHANGE_ROUND_ROBIN :
		strcmp(name, "broadcast") == 0 ? EXCHANGE_BROADCAST : EXCHANGE_SINGLE;
}

static List *
ints_of(ArrayType *array)
{
	Datum	   *values;
	int			n;
	List	   *list = NIL;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, NULL, &n);
	for (int i = 0; i < n; i++)
		list = lappend_int(list, DatumGetInt32(values[i]));
	return list;
}

static List *
settings_of(ArrayType *array)
{
	Datum	   *values;
	int			n;
	List	   *list = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &n);
	for (int i = 0; i + 1 < n; i += 2)
	{
		TaskSetting *setting = palloc(sizeof(TaskSetting));

		setting->name = TextDatumGetCString(values[i]);
		setting->value = TextDatumGetCString(values[i + 1]);
		list = lappend(list, setting);
	}
	return list;
}

static BatchSchema *
schema_of(ArrayType *types)
{
	Datum	   *oids;
	int			n;
	TupleDesc	desc;

	deconstruct_array(types, REGTYPEOID, sizeof(Oid), true, TYPALIGN_INT, &oids, NULL, &n);
	desc = CreateTemplateTupleDesc(n);
	for (int i = 0; i < n; i++)
		TupleDescInitEntry(desc, i + 1, "c", DatumGetObjectId(oids[i]), -1, 0);
	return batch_schema_create(desc, CurrentMemoryContext);
}

static void
prepare(ShuffleTest *test, FunctionCallInfo fcinfo)
{
	static uint64 last_job = 0;
	SourceNode *node = palloc0(sizeof(SourceNode));
	char	   *map_node = PG_ARGISNULL(11) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(11));
	char	   *reduce_node = PG_ARGISNULL(12) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(12));
	bool		is_inline = PG_GETARG_BOOL(13);

	test->schema = schema_of(PG_GETARG_ARRAYTYPE_P(2));
	test->output.kind = kind_of(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	test->output.npartitions = PG_GETARG_INT32(4);
	test->output.hash_columns = ints_of(PG_GETARG_ARRAYTYPE_P(5));
	test->output.quota = shuffle_quota_bytes();
	test->spec.batch_rows = PG_GETARG_INT32(6);
	test->spec.compress = PG_GETARG_BOOL(14);
	test->spec.attempt = 1;
	test->setup.driver = GetSystemIdentifier();
	test->setup.job = ((uint64) MyProcPid << 32) + ++last_job;
	test->setup.role = GetUserNameFromId(GetUserId(), false);
	test->setup.settings = settings_of(PG_GETARG_ARRAYTYPE_P(10));
	node->name = map_node ? map_node : "local";
	node->conninfo = PG_ARGISNULL(9) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(9));
	test->sources.stage = 1;
	test->sources.nnodes = 1;
	test->sources.nodes = node;
	test->map_lane = open_lane(map_node, is_inline);
	test->reduce_lane = reduce_node == map_node ? test->map_lane :
		open_lane(reduce_node, is_inline);
	test->map_lane->ops->setup(test->map_lane, &test->setup);
	if (test->reduce_lane != test->map_lane)
		test->reduce_lane->ops->setup(test->reduce_lane, &test->setup);
}

static Lane *
open_lane(const char *node, bool is_inline)
{
	Oid			server = node ? node_by_name(node, false) : InvalidOid;

	if (is_inline)
		return inline_lane_open(GetActiveSnapshot());
	return lane_open(GetActiveSnapshot(), server, OidIsValid(server) ? list_make1_oid(server) : NIL);
}

static void
release(void *arg)
{
	ShuffleTest *test = arg;

	if (test->reduce_lane && test->reduce_lane != test->map_lane)
		test->reduce_lane->ops->release(test->reduce_lane);
	if (test->map_lane)
		test->map_lane->ops->release(test->map_lane);
	test->map_lane = test->reduce_lane = NULL;
}

/* On failure there are no sources. */
static void
run_maps(ShuffleTest *test, ArrayType *array)
{
	Datum	   *queries;
	int			n;
	bool		failed = false;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &queries, NULL, &n);
	test->spec.stage = 1;
	test->spec.output = &test->output;
	test->partition_rows = palloc0(sizeof(int64) * test->output.npartitions);
	test->partition_bytes = palloc0(sizeof(int64) * test->output.npartitions);
	for (int i = 0; i < n; i++)
	{
		test->spec.task = i;
		test->spec.sql = TextDatumGetCString(queries[i]);
		test->map_lane->ops->submit(test->map_lane, &test->spec);
	}
	for (int i = 0; i < n; i++)
	{
		TaskDone   *done;

		if (!answer(test, test->map_lane, "map", &done))
		{
			failed = true;
			continue;
		}
		test->sources.nodes[0].directory = done->directory;
		for (int p = 0; p < test->output.npartitions; p++)
		{
			test->partition_rows[p] += done->partition_rows[p];
			test->partition_bytes[p] += done->partition_bytes[p];
		}
	}
	if (failed)
		return;
	test->sources.ntasks = n;
	test->sources.node_of = palloc0(sizeof(int32) * n);
	test->sources.attempt_of = palloc0(sizeof(int32) * n);
	for (int i = 0; i < n; i++)
		test->sources.attempt_of[i] = 1;
}

/* A task for each step partitions. */
static void
run_reduces(ShuffleTest *test, const char *sql, int step, bool twice)
{
	Lane	   *lane = test->reduce_lane;
	int			ntasks = 0;
	TaskDone   *done;

	test->spec.stage = 2;
	test->spec.output = NULL;
	test->spec.sql = unconstify(char *, sql);
	lane->ops->sources(lane, &test->sources);
	for (int first = 0; first < test->output.npartitions; first += step)
	{
		TaskInput	input = {1, 1, first, Min(first + step, test->output.npartitions) - 1, 0, -1};
		TaskInput	second;

		for (int p = input.first_partition; p <= input.last_partition; p++)
		{
			input.rows += test->partition_rows[p];
			input.bytes += test->partition_bytes[p];
		}
		second = input;
		second.index = 2;
		test->spec.inputs = twice ? list_make2(&input, &second) : list_make1(&input);
		test->spec.task = ntasks++;
		lane->ops->submit(lane, &test->spec);
	}
	for (int i = 0; i < ntasks; i++)
		if (answer(test, lane, "reduce", &done))
		{
			test->memory += done->fetched_memory;
			test->file += done->fetched_file;
			test->wire += done->fetched_wire;
		}
	put(test, 0, "fetched", psprintf("%s%s%s", test->memory ? "memory " : "",
									 test->file ? "file " : "", test->wire ? "wire" : ""));
}

/* Until a task ends; its rows go to the result. */
static bool
answer(ShuffleTest *test, Lane *lane, const char *what, TaskDone **done)
{
	for (;;)
	{
		LaneEvent	event;

		switch (lane->ops->poll(lane, &event))
		{
			case LANE_NOTHING:
				lane_wait(&lane, 1, -1);
				break;
			case LANE_BATCH:
				put_batch(test, event.task, batch_decode(test->schema, event.data, event.len,
														 CurrentMemoryContext));
				break;
			case LANE_NOTICE:
				put(test, event.task, "notice", event.error->message);
				break;
			case LANE_DONE:
				*done = event.done;
				elog(DEBUG1, "%s task %d: " INT64_FORMAT " us, " INT64_FORMAT " bytes", what,
					 event.task, event.done->run_us,
					 event.done->fetched_file + event.done->fetched_wire + event.done->bytes);
				if (event.done->directory)
					put(test, event.task, what,
						psprintf(INT64_FORMAT " rows", event.done->rows));
				return true;
			case LANE_ERROR:
				put(test, event.task,
					psprintf("%s error %s", what, unpack_sql_state(event.error->sqlerrcode)),
					psprintf("%s; %s; lost %d/%d", event.error->message,
							 event.error->detail ? event.error->detail : "",
							 event.error->lost_stage, event.error->lost_task));
				return false;
			case LANE_CANCELLED:
				elog(ERROR, "the lane was cancelled");
				break;
			case LANE_LOST:
				remote_error_throw(event.error, what);
				break;
		}
	}
}

static void
put_batch(ShuffleTest *test, int32 task, Batch *batch)
{
	int			n = test->schema->ncolumns;
	Datum	   *values = palloc(sizeof(Datum) * n);
	bool	   *nulls = palloc(sizeof(bool) * n);

	for (int row = 0; row < batch_rows(batch); row++)
	{
		StringInfoData buf;

		initStringInfo(&buf);
		batch_get_row(batch, row, values, nulls);
		for (int i = 0; i < n; i++)
		{
			Oid			out;
			bool		varlena;

			getTypeOutputInfo(test->schema->columns[i].typid, &out, &varlena);
			appendStringInfo(&buf, "%s%s", i ? "," : "",
							 nulls[i] ? "NULL" : OidOutputFunctionCall(out, values[i]));
		}
		put(test, task, "row", buf.data);
		pfree(buf.data);
	}
	batch_free(batch);
}

static void
put(ShuffleTest *test, int32 task, const char *kind, const char *value)
{
	Datum		values[3] = {Int32GetDatum(task), CStringGetTextDatum(kind),
	CStringGetTextDatum(value)};
	bool		nulls[3] = {false};

	tuplestore_putvalues(test->result->setResult, test->result->setDesc, values, nulls);
}
