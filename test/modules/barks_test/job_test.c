/*-------------------------------------------------------------------------
 * job_test.c
 *	  Plans through copy, print and read; frames through write and read.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "job/plan.h"
#include "job/protocol.h"

PG_FUNCTION_INFO_V1(plan_roundtrip);
PG_FUNCTION_INFO_V1(protocol_roundtrip);
PG_FUNCTION_INFO_V1(remote_error);

static StagePlan *example_stage(void);
static void check_string(const char *a, const char *b);
static void check_job_frames(StringInfo buf);
static void check_stage_frames(StringInfo buf);
static void check_worker_frames(StringInfo buf);
static void check_truncated(StringInfo buf);
static void read_frame(StringInfo buf);

Datum
plan_roundtrip(PG_FUNCTION_ARGS)
{
	BarksPlan  *plan = make_barks_plan();
	BarksPlan  *outer = make_barks_plan();
	BarksPlan  *copy;
	CustomScan *scan = makeNode(CustomScan);
	Result	   *tail = makeNode(Result);
	char	   *text;

	plan->stages = list_make2(example_stage(), make_stage_plan());
	plan->functions = list_make2_oid(1, 4000000000U);
	plan->statement_relids = list_make1_oid(16385);
	copy = copyObject(plan);
	if (!equal(plan, copy) || strcmp(nodeToString(plan), nodeToString(copy)) != 0)
		elog(ERROR, "copy differs");
	if (!equal(plan, stringToNode(nodeToString(plan))))	/* parse locations get lost */
		elog(ERROR, "plan read from text differs");
	((StagePlan *) linitial(copy->stages))->limit++;
	if (equal(plan, copy))
		elog(ERROR, "different plans are equal");

	scan->custom_private = list_make1(plan);
	if (barks_plan_of(scan) != plan)
		elog(ERROR, "wrong plan found");

	tail->plan.plan_rows = 7;
	outer->tail = (Plan *) tail;
	copy = copyObject(outer);
	text = nodeToString(outer);
	if (copy->tail == outer->tail || copy->tail->plan_rows != 7 ||
		strcmp(nodeToString(copy), text) != 0 ||
		strcmp(nodeToString(stringToNode(text)), text) != 0)
		elog(ERROR, "plan with a tail was not copied well");
	PG_RETURN_BOOL(true);
}

static StagePlan *
example_stage(void)
{
	const char *sql = "SELECT relname, 'it''s {a} (\\ string)' FROM pg_class WHERE relpages > 10";
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(sql));
	StagePlan  *stage = make_stage_plan();
	LeafPlan   *leaf = make_leaf_plan();
	MergeKey   *key = make_merge_key();

	leaf->index = 3;
	leaf->relid = 4123456789U;
	leaf->attnums = list_make3_int(1, -7, 1600);
	leaf->broadcast = true;
	key->resno = 2;
	key->sortop = 97;
	key->collation = 4100000000U;
	key->nulls_first = true;
	stage->id = 9;
	stage->distribution = STAGE_SINGLE;
	stage->query = parse_analyze_fixedparams(raw, sql, NULL, 0, NULL);
	stage->leaves = list_make2(leaf, make_leaf_plan());
	stage->merge_keys = list_make1(key);
	stage->partial_aggregate = true;
	stage->needs_gate = true;
	stage->limit = PG_INT64_MAX - 1;
	stage->prune = list_make1(makeBoolConst(true, false));
	stage->distinct = list_make3_int(25, 0, 7);
	return stage;
}

/* ---------------- frames ---------------- */

Datum
protocol_roundtrip(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	initStringInfo(&buf);
	check_job_frames(&buf);
	check_worker_frames(&buf);
	PG_RETURN_BOOL(true);
}

static void
check_job_frames(StringInfo buf)
{
	TaskSetting setting = {"search_path", "\"$user\", public"};
	JobSetup	setup = {PG_UINT64_MAX, 77, "the \"role\"", "etl", 3, list_make1(&setting)};
	const char *pool;
	int32		weight;
	TaskSpec	spec = {1, 2, 3, true, false, 1024, "SELECT 'ü'"};
	JobSetup   *got_setup;
	TaskSpec   *got_spec;

	frame_write_job_setup(buf, &setup);
	check_truncated(buf);
	buf->cursor = 1;
	got_setup = frame_read_job_setup(buf);
	frame_peek_pool(buf->data, buf->len, &pool, &weight);
	check_string(pool, setup.pool);
	check_string(got_setup->pool, setup.pool);
	if (weight != 3 || got_setup->pool_weight != 3)
		elog(ERROR, "weight of the pool differs");
	check_string(got_setup->role, setup.role);
	check_string(((TaskSetting *) linitial(got_setup->settings))->value, setting.value);
	if (got_setup->driver != setup.driver || got_setup->job != setup.job)
		elog(ERROR, "job setup differs");

	frame_write_task(buf, &spec);
	check_truncated(buf);
	buf->cursor = 1;
	got_spec = frame_read_task(buf);
	check_string(got_spec->sql, spec.sql);
	if (got_spec->stage != 1 || got_spec->task != 2 || got_spec->attempt != 3 ||
		!got_spec->partial_aggregate || got_spec->compress || got_spec->batch_rows != 1024)
		elog(ERROR, "task differs");

	check_stage_frames(buf);
	frame_write_simple(buf, FRAME_CANCEL);
	if (buf->len != 1 || buf->data[0] != FRAME_CANCEL)
		elog(ERROR, "simple frame differs");
}

/* Sources of a stage, and a block. */
static void
check_stage_frames(StringInfo buf)
{
	SourceNode	nodes[] = {{"n1", "host=x", "/a", true}, {"n2", NULL, "/b", false}};
	int32		node_of[] = {1, 0, 1};
	int32		attempt_of[] = {1, 2, 3};
	int32		distinct[] = {25, 0};
	StageSources sources = {4, 2, nodes, 3, node_of, attempt_of, 2, distinct};
	RemoteError failure = {.elevel = ERROR, .sqlerrcode = ERRCODE_DIVISION_BY_ZERO, .message = "by zero",
		.detail = "Why.", .lost_task = -1};
	StageSources failed = {.stage = 4, .failure = &failure};
	StageBlock	block = {1, 2, 3, 5, 4, 100, 1 << 20, "bytes", 5};
	StageSources *got;
	StageBlock *got_block;

	frame_write_sources(buf, &sources);
	check_truncated(buf);
	buf->cursor = 1;
	got = frame_read_sources(buf);
	check_string(got->nodes[0].conninfo, "host=x");
	check_string(got->nodes[1].directory, "/b");
	if (got->stage != 4 || got->nodes[1].conninfo || !got->nodes[0].same_host ||
		got->ntasks != 3 || got->node_of[1] != 0 || got->attempt_of[2] != 3 ||
		got->ncolumns != 2 || got->distinct[0] != 25 || got->distinct[1] != 0 ||
		got->failure)
		elog(ERROR, "sources differ");

	frame_write_sources(buf, &failed);
	check_truncated(buf);
	buf->cursor = 1;
	got = frame_read_sources(buf);
	if (got->stage != 4 || got->ntasks != 0 || got->failure == NULL ||
		got->failure->sqlerrcode != ERRCODE_DIVISION_BY_ZERO)
		elog(ERROR, "failed sources differ");
	check_string(got->failure->message, "by zero");
	check_string(got->failure->detail, "Why.");

	frame_write_block(buf, &block);
	check_truncated(buf);
	buf->cursor = 1;
	got_block = frame_read_block(buf);
	if (got_block->stage != 1 || got_block->task != 2 || got_block->attempt != 3 ||
		got_block->npartitions != 5 || got_block->partition != 4 || got_block->rows != 100 ||
		got_block->quota != block.quota || got_block->len != 5 ||
		memcmp(got_block->data, "bytes", 5) != 0)
		elog(ERROR, "block differs");
}

static void
check_worker_frames(StringInfo buf)
{
	TaskDone	done = {5, PG_INT64_MAX, 2, 3, 4, 5, 6, 7};
	TaskDone   *got;
	ErrorData	edata = {.elevel = ERROR, .sqlerrcode = ERRCODE_DIVISION_BY_ZERO,
		.message = "division by %s", .hint = "", .column_name = "c"};
	RemoteError *error;
	int32		task;

	frame_write_done(buf, &done);
	check_truncated(buf);
	buf->cursor = 1;
	got = frame_read_done(buf);
	if (got->task != 5 || got->rows != PG_INT64_MAX || got->bytes != 2 ||
		got->queue_us != 3 || got->plan_us != 4 || got->run_us != 5 ||
		got->spill_bytes != 6 || got->pid != 7)
		elog(ERROR, "done differs");

	frame_write_error(buf, FRAME_ERROR, 12, &edata);
	check_truncated(buf);
	buf->cursor = 1;
	error = frame_read_error(buf, &task);
	check_string(error->message, edata.message);
	check_string(error->hint, "");
	check_string(error->column_name, "c");
	if (task != 12 || error->elevel != ERROR || error->detail || error->table_name ||
		error->sqlerrcode != ERRCODE_DIVISION_BY_ZERO)
		elog(ERROR, "error differs");

	frame_write_snapshot(buf, "0000-1");
	check_truncated(buf);
	buf->cursor = 1;
	check_string(frame_read_snapshot(buf), "0000-1");

	frame_begin_batch(buf, -3);
	buf->cursor = 1;
	if (buf->data[0] != FRAME_BATCH || frame_read_batch(buf) != -3 || buf->cursor != buf->len)
		elog(ERROR, "batch frame differs");
}

/* Every shorter and a longer frame is a protocol violation. */
static void
check_truncated(StringInfo buf)
{
	MemoryContext context = CurrentMemoryContext;
	int			len = buf->len;

	appendStringInfoChar(buf, 'x');
	for (int cut = 1; cut <= len + 1; cut++)
	{
		volatile bool failed = false;

		if (cut == len)
			continue;
		buf->len = cut;
		buf->cursor = 1;
		PG_TRY();
		{
			read_frame(buf);
		}
		PG_CATCH();
		{
			if (geterrcode() != ERRCODE_PROTOCOL_VIOLATION)
				PG_RE_THROW();
			MemoryContextSwitchTo(context);
			FlushErrorState();
			failed = true;
		}
		PG_END_TRY();
		if (!failed)
			elog(ERROR, "frame %c of %d bytes was read at %d", buf->data[0], len, cut);
	}
	buf->len = len;
}

static void
read_frame(StringInfo buf)
{
	int32		task;

	switch (buf->data[0])
	{
		case FRAME_JOB_SETUP:
			(void) frame_read_job_setup(buf);
			break;
		case FRAME_TASK:
			(void) frame_read_task(buf);
			break;
		case FRAME_SOURCES:
			(void) frame_read_sources(buf);
			break;
		case FRAME_BLOCK:
			(void) frame_read_block(buf);
			break;
		case FRAME_DONE:
			(void) frame_read_done(buf);
			break;
		case FRAME_ERROR:
			(void) frame_read_error(buf, &task);
			break;
		default:
			(void) frame_read_snapshot(buf);
			break;
	}
}

static void
check_string(const char *a, const char *b)
{
	if (a == NULL || strcmp(a, b) != 0)
		elog(ERROR, "\"%s\" became \"%s\"", b, a ? a : "NULL");
}

Datum
remote_error(PG_FUNCTION_ARGS)
{
	char	   *severity = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *state = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ErrorData	edata = {0};
	StringInfoData buf;
	int32		task;

	edata.elevel = strcmp(severity, "NOTICE") == 0 ? NOTICE :
		strcmp(severity, "WARNING") == 0 ? WARNING :
		strcmp(severity, "FATAL") == 0 ? FATAL : ERROR;
	edata.sqlerrcode = MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
	edata.message = text_to_cstring(PG_GETARG_TEXT_PP(2));
	edata.detail = text_to_cstring(PG_GETARG_TEXT_PP(3));
	edata.hint = text_to_cstring(PG_GETARG_TEXT_PP(4));
	edata.context = text_to_cstring(PG_GETARG_TEXT_PP(5));
	initStringInfo(&buf);
	frame_write_error(&buf, FRAME_ERROR, 3, &edata);
	buf.cursor = 1;
	remote_error_throw(frame_read_error(&buf, &task), "task 3 of stage 1 on node \"n1\"");
	PG_RETURN_VOID();
}
