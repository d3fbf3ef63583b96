/*-------------------------------------------------------------------------
 * lane_test.c
 *	  A test module: tasks down local lanes, from SQL.
 *
 * A value-per-call function, so that a cursor over it is a paused consumer.
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
#include "job/lane.h"
#include "worker/inline_lane.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(lane_run);
PG_FUNCTION_INFO_V1(lane_evict);

typedef struct LaneTest
{
	Lane	  **lanes;
	int			nlanes;
	int			current;
	int			unanswered;
	int			cancel_after;	/* rows; -1: never */
	bool		cancelling;
	BatchSchema *schema;
	Batch	   *batch;
	int			row;
	int32		task;
	MemoryContextCallback cleanup;
	MemoryContext context;
} LaneTest;

static void open_lanes(LaneTest *test, FunctionCallInfo fcinfo);
static void release_lanes(void *arg);
static BatchSchema *schema_of(ArrayType *types);
static List *settings_of(ArrayType *settings);
static bool next_result(LaneTest *test, int32 *task, char **kind, char **value);
static char *row_text(LaneTest *test);

Datum
lane_run(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	LaneTest   *test;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	int32		task;
	char	   *kind;
	char	   *value;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		funcctx = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &funcctx->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		BlessTupleDesc(funcctx->tuple_desc);
		test = palloc0(sizeof(LaneTest));
		test->context = funcctx->multi_call_memory_ctx;
		funcctx->user_fctx = test;
		open_lanes(test, fcinfo);
		MemoryContextSwitchTo(old);
	}
	funcctx = SRF_PERCALL_SETUP();
	test = funcctx->user_fctx;
	if (!next_result(test, &task, &kind, &value))
		SRF_RETURN_DONE(funcctx);
	values[0] = Int32GetDatum(task);
	values[1] = CStringGetTextDatum(kind);
	values[2] = CStringGetTextDatum(value);
	SRF_RETURN_NEXT(funcctx,
					HeapTupleGetDatum(heap_form_tuple(funcctx->tuple_desc, values, nulls)));
}

/* What the utility hook does before DROP DATABASE. */
Datum
lane_evict(PG_FUNCTION_ARGS)
{
	worker_evict_database(PG_GETARG_OID(0));
	PG_RETURN_VOID();
}

static void
open_lanes(LaneTest *test, FunctionCallInfo fcinfo)
{
	JobSetup	setup = {0};
	TaskSpec	spec = {0};
	int			tasks = PG_GETARG_INT32(2);

	test->schema = schema_of(PG_GETARG_ARRAYTYPE_P(1));
	test->nlanes = PG_GETARG_INT32(7);
	test->cancel_after = PG_GETARG_INT32(8);
	test->lanes = palloc0(sizeof(Lane *) * test->nlanes);
	test->cleanup.func = release_lanes;
	test->cleanup.arg = test;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &test->cleanup);

	setup.driver = GetSystemIdentifier();
	setup.job = MyProcPid;
	setup.role = text_to_cstring(PG_GETARG_TEXT_PP(3));
	setup.settings = settings_of(PG_GETARG_ARRAYTYPE_P(5));
	spec.stage = 1;
	spec.attempt = 1;
	spec.partial_aggregate = PG_GETARG_BOOL(4);
	spec.batch_rows = PG_GETARG_INT32(6);
	spec.compress = true;
	spec.sql = text_to_cstring(PG_GETARG_TEXT_PP(0));
	for (int i = 0; i < test->nlanes; i++)
	{
		test->lanes[i] = PG_GETARG_BOOL(9) ? inline_lane_open(GetActiveSnapshot()) :
			lane_open(GetActiveSnapshot(), InvalidOid, NIL);
		test->lanes[i]->ops->setup(test->lanes[i], &setup);
	}
	for (int i = 0; i < tasks; i++)
	{
		Lane	   *lane = test->lanes[i % test->nlanes];

		spec.task = i;
		lane->ops->submit(lane, &spec);
	}
	test->unanswered = tasks;
}

static void
release_lanes(void *arg)
{
	LaneTest   *test = arg;

	for (int i = 0; i < test->nlanes; i++)
		if (test->lanes[i])
			test->lanes[i]->ops->release(test->lanes[i]);
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

static List *
settings_of(ArrayType *settings)
{
	Datum	   *texts;
	int			n;
	List	   *list = NIL;

	deconstruct_array(settings, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &n);
	for (int i = 0; i + 1 < n; i += 2)
	{
		TaskSetting *setting = palloc(sizeof(TaskSetting));

		setting->name = TextDatumGetCString(texts[i]);
		setting->value = TextDatumGetCString(texts[i + 1]);
		list = lappend(list, setting);
	}
	return list;
}

static bool
next_result(LaneTest *test, int32 *task, char **kind, char **value)
{
	for (;;)
	{
		Lane	   *lane;
		LaneEvent	event;
		LaneEventKind got;

		if (test->batch && test->row < batch_rows(test->batch))
		{
			*task = test->task;
			*kind = "row";
			*value = row_text(test);
			if (test->cancel_after >= 0 && test->cancel_after-- == 0)
			{
				for (int i = 0; i < test->nlanes; i++)
					test->lanes[i]->ops->cancel(test->lanes[i]);
				test->unanswered = test->nlanes;
				test->cancelling = true;
				test->row = batch_rows(test->batch);
			}
			return true;
		}
		if (test->batch)
			batch_free(test->batch);
		test->batch = NULL;
		if (test->unanswered == 0)
			return false;

		lane = test->lanes[test->current];
		got = lane->ops->poll(lane, &event);
		*task = event.task;
		*value = event.error ? event.error->message : "";
		switch (got)
		{
			case LANE_NOTHING:
				if (++test->current == test->nlanes)
				{
					test->current = 0;
					lane_wait(test->lanes, test->nlanes, -1);
				}
				continue;
			case LANE_BATCH:
				test->batch = batch_decode(test->schema, event.data, event.len, test->context);
				test->task = event.task;
				test->row = 0;
				continue;
			case LANE_NOTICE:
				*kind = "notice";
				return true;
			case LANE_DONE:
				test->unanswered--;
				*kind = "done";
				*value = psprintf(INT64_FORMAT, event.done->rows);
				return true;
			case LANE_ERROR:
				test->unanswered--;
				*kind = psprintf("error %s", unpack_sql_state(event.error->sqlerrcode));
				return true;
			case LANE_CANCELLED:
				test->unanswered--;
				*kind = "cancelled";
				return true;
			case LANE_LOST:
				test->unanswered = 0;
				*kind = psprintf("lost %s", unpack_sql_state(event.error->sqlerrcode));
				return true;
		}
	}
}

static char *
row_text(LaneTest *test)
{
	int			n = test->schema->ncolumns;
	Datum	   *values = palloc(sizeof(Datum) * n);
	bool	   *nulls = palloc(sizeof(bool) * n);
	StringInfoData buf;

	initStringInfo(&buf);
	batch_get_row(test->batch, test->row++, values, nulls);
	for (int i = 0; i < n; i++)
	{
		Oid			out;
		bool		varlena;

		getTypeOutputInfo(test->schema->columns[i].typid, &out, &varlena);
		appendStringInfo(&buf, "%s%s", i ? "," : "",
						 nulls[i] ? "NULL" : OidOutputFunctionCall(out, values[i]));
	}
	return buf.data;
}
