/*-------------------------------------------------------------------------
 * protocol.c
 *	  Write and read the frames of protocol.h.
 *
 * Strings travel in the server encoding, which is the same on all nodes, as
 * an int32 length (-1: NULL) and the bytes.  They are never converted to a
 * client encoding: pq_sendstring and its like would, so they are not used.
 * Readers check every length and that the frame ends where its fields do.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"

#include "job/protocol.h"

static void begin_frame(StringInfo buf, char type);
static void put_string(StringInfo buf, const char *str);
static void put_raw_string(StringInfo buf, const char *str);
static char *get_string(StringInfo buf);
static char *get_required_string(StringInfo buf);
static void put_output(StringInfo buf, const ShuffleOutput *output);
static ShuffleOutput *get_output(StringInfo buf);
static void put_inputs(StringInfo buf, List *inputs);
static List *get_inputs(StringInfo buf);
static void put_input(StringInfo buf, const TaskInput *input);
static void get_input(StringInfo buf, TaskInput *input);
static void put_error(StringInfo buf, const RemoteError *error);
static RemoteError *get_error(StringInfo buf);
static char *copy_string(const char *string);
static int32 get_int32(StringInfo buf);
static int32 get_count(StringInfo buf, int item_size);
static void put_bytes(StringInfo buf, const StringInfoData *bytes);
static StringInfo get_bytes(StringInfo buf);
static bool get_bool(StringInfo buf);

/* What remote_error_note_input was told. */
static int32 noted_stage;
static int32 noted_map_task;

/* ---------------- driver → worker ---------------- */

void
frame_write_job_setup(StringInfo buf, const JobSetup *setup)
{
	ListCell   *lc;

	begin_frame(buf, FRAME_JOB_SETUP);
	pq_sendint64(buf, setup->driver);
	pq_sendint64(buf, setup->job);
	pq_sendint32(buf, Max(setup->pool_weight, 1));
	put_raw_string(buf, setup->pool ? setup->pool : "default");
	put_string(buf, setup->role);
	pq_sendint32(buf, list_length(setup->settings));
	foreach(lc, setup->settings)
	{
		const TaskSetting *setting = lfirst(lc);

		put_string(buf, setting->name);
		put_string(buf, setting->value);
	}
}

JobSetup *
frame_read_job_setup(StringInfo buf)
{
	JobSetup   *setup = palloc0(sizeof(JobSetup));
	int32		nsettings;

	setup->driver = pq_getmsgint64(buf);
	setup->job = pq_getmsgint64(buf);
	setup->pool_weight = get_int32(buf);
	setup->pool = pstrdup(pq_getmsgrawstring(buf));
	setup->role = get_required_string(buf);
	nsettings = get_int32(buf);
	for (int32 i = 0; i < nsettings; i++)
	{
		TaskSetting *setting = palloc(sizeof(TaskSetting));

		setting->name = get_required_string(buf);
		setting->value = get_required_string(buf);
		setup->settings = lappend(setup->settings, setting);
	}
	pq_getmsgend(buf);
	return setup;
}

void
frame_peek_job(const char *frame, Size len, uint64 *driver, uint64 *job)
{
	if (len < 1 + 2 * sizeof(uint64))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("job setup frame is too short")));
	memcpy(driver, frame + 1, sizeof(uint64));
	*driver = pg_ntoh64(*driver);
	memcpy(job, frame + 1 + sizeof(uint64), sizeof(uint64));
	*job = pg_ntoh64(*job);
}

void
frame_peek_pool(const char *frame, Size len, const char **pool, int32 *weight)
{
	Size		at = 1 + 2 * sizeof(uint64);
	uint32		value;

	if (len < at + sizeof(uint32) + 1 ||
		memchr(frame + at + sizeof(uint32), '\0', len - at - sizeof(uint32)) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("job setup frame is too short")));
	memcpy(&value, frame + at, sizeof(uint32));
	*weight = Max((int32) pg_ntoh32(value), 1);
	*pool = frame + at + sizeof(uint32);
}

void
frame_write_task(StringInfo buf, const TaskSpec *spec)
{
	begin_frame(buf, FRAME_TASK);
	pq_sendint32(buf, spec->stage);
	pq_sendint32(buf, spec->task);
	pq_sendint32(buf, spec->attempt);
	pq_sendbyte(buf, spec->partial_aggregate);
	pq_sendbyte(buf, spec->compress);
	pq_sendint32(buf, spec->batch_rows);
	put_string(buf, spec->sql);
	put_output(buf, spec->output);
	put_inputs(buf, spec->inputs);
}

TaskSpec *
frame_read_task(StringInfo buf)
{
	TaskSpec   *spec = palloc0(sizeof(TaskSpec));

	spec->stage = get_int32(buf);
	spec->task = get_int32(buf);
	spec->attempt = get_int32(buf);
	spec->partial_aggregate = get_bool(buf);
	spec->compress = get_bool(buf);
	spec->batch_rows = get_int32(buf);
	if (spec->batch_rows <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid batch size in task")));
	spec->sql = get_required_string(buf);
	spec->output = get_output(buf);
	spec->inputs = get_inputs(buf);
	pq_getmsgend(buf);
	return spec;
}

static void
put_output(StringInfo buf, const ShuffleOutput *output)
{
	ListCell   *lc;

	pq_sendbyte(buf, output != NULL);
	if (output == NULL)
		return;
	pq_sendint32(buf, output->kind);
	pq_sendint32(buf, output->npartitions);
	pq_sendint32(buf, list_length(output->hash_columns));
	foreach(lc, output->hash_columns)
		pq_sendint32(buf, lfirst_int(lc));
	pq_sendbyte(buf, output->spread_nulls);
	pq_sendbyte(buf, output->keep_nulls);
	pq_sendint32(buf, list_length(output->range_keys));
	foreach(lc, output->range_keys)
	{
		const RangeKey *key = lfirst(lc);

		pq_sendint32(buf, key->column);
		pq_sendint32(buf, key->sortop);
		pq_sendint32(buf, key->collation);
		pq_sendbyte(buf, key->nulls_first);
	}
	put_bytes(buf, output->range_bounds);
	pq_sendint64(buf, output->quota);
	pq_sendint32(buf, output->key_bytes);
	pq_sendint32(buf, output->filter_stage);
}

static ShuffleOutput *
get_output(StringInfo buf)
{
	ShuffleOutput *output;
	int32		n;

	if (!get_bool(buf))
		return NULL;
	output = palloc0(sizeof(ShuffleOutput));
	output->kind = get_int32(buf);
	output->npartitions = get_int32(buf);
	if (output->npartitions <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid number of partitions in task")));
	n = get_count(buf, 4);
	for (int32 i = 0; i < n; i++)
		output->hash_columns = lappend_int(output->hash_columns, get_int32(buf));
	output->spread_nulls = get_bool(buf);
	output->keep_nulls = get_bool(buf);
	n = get_count(buf, 13);
	for (int32 i = 0; i < n; i++)
	{
		RangeKey   *key = palloc0(sizeof(RangeKey));

		key->column = get_int32(buf);
		key->sortop = get_int32(buf);
		key->collation = get_int32(buf);
		key->nulls_first = get_bool(buf);
		output->range_keys = lappend(output->range_keys, key);
	}
	output->range_bounds = get_bytes(buf);
	output->quota = pq_getmsgint64(buf);
	output->key_bytes = get_int32(buf);
	output->filter_stage = get_int32(buf);
	return output;
}

static void
put_inputs(StringInfo buf, List *inputs)
{
	ListCell   *lc;

	pq_sendint32(buf, list_length(inputs));
	foreach(lc, inputs)
		put_input(buf, lfirst(lc));
}

static void
put_input(StringInfo buf, const TaskInput *input)
{
	pq_sendint32(buf, input->index);
	pq_sendint32(buf, input->stage);
	pq_sendint32(buf, input->first_partition);
	pq_sendint32(buf, input->last_partition);
	pq_sendint32(buf, input->first_map);
	pq_sendint32(buf, input->last_map);
	pq_sendint64(buf, input->rows);
	pq_sendint64(buf, input->bytes);
}

static List *
get_inputs(StringInfo buf)
{
	List	   *inputs = NIL;
	int32		n = get_count(buf, 40);

	for (int32 i = 0; i < n; i++)
	{
		TaskInput  *input = palloc0(sizeof(TaskInput));

		get_input(buf, input);
		inputs = lappend(inputs, input);
	}
	return inputs;
}

static void
get_input(StringInfo buf, TaskInput *input)
{
	input->index = get_int32(buf);
	input->stage = get_int32(buf);
	input->first_partition = get_int32(buf);
	input->last_partition = get_int32(buf);
	input->first_map = get_int32(buf);
	input->last_map = get_int32(buf);
	input->rows = pq_getmsgint64(buf);
	input->bytes = pq_getmsgint64(buf);
}

void
frame_write_share(StringInfo buf, const InsertShare *share)
{
	begin_frame(buf, FRAME_SHARE);
	put_string(buf, share->shard);
	put_input(buf, &share->input);
}

InsertShare *
frame_read_share(StringInfo buf)
{
	InsertShare *share = palloc0(sizeof(InsertShare));

	share->shard = get_required_string(buf);
	get_input(buf, &share->input);
	pq_getmsgend(buf);
	return share;
}

void
frame_write_sources(StringInfo buf, const StageSources *sources)
{
	begin_frame(buf, FRAME_SOURCES);
	pq_sendint32(buf, sources->stage);
	pq_sendint32(buf, sources->nnodes);
	for (int32 i = 0; i < sources->nnodes; i++)
	{
		const SourceNode *node = &sources->nodes[i];

		put_string(buf, node->name);
		put_string(buf, node->conninfo);
		put_string(buf, node->directory);
		pq_sendbyte(buf, node->same_host);
	}
	pq_sendint32(buf, sources->ntasks);
	for (int32 i = 0; i < sources->ntasks; i++)
	{
		pq_sendint32(buf, sources->node_of[i]);
		pq_sendint32(buf, sources->attempt_of[i]);
	}
	pq_sendint32(buf, sources->ncolumns);
	for (int32 i = 0; i < sources->ncolumns; i++)
		pq_sendint32(buf, sources->distinct[i]);
	pq_sendbyte(buf, sources->failure != NULL);
	if (sources->failure)
		put_error(buf, sources->failure);
	put_bytes(buf, sources->keys);
}

StageSources *
frame_read_sources(StringInfo buf)
{
	StageSources *sources = palloc0(sizeof(StageSources));

	sources->stage = get_int32(buf);
	sources->nnodes = get_count(buf, 13);
	sources->nodes = palloc0(sizeof(SourceNode) * Max(sources->nnodes, 1));
	for (int32 i = 0; i < sources->nnodes; i++)
	{
		sources->nodes[i].name = get_required_string(buf);
		sources->nodes[i].conninfo = get_string(buf);
		sources->nodes[i].directory = get_required_string(buf);
		sources->nodes[i].same_host = get_bool(buf);
	}
	sources->ntasks = get_count(buf, 8);
	sources->node_of = palloc(sizeof(int32) * Max(sources->ntasks, 1));
	sources->attempt_of = palloc(sizeof(int32) * Max(sources->ntasks, 1));
	for (int32 i = 0; i < sources->ntasks; i++)
	{
		sources->node_of[i] = get_int32(buf);
		sources->attempt_of[i] = get_int32(buf);
		if (sources->node_of[i] < 0 || sources->node_of[i] >= sources->nnodes)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("invalid node in the sources of a stage")));
	}
	sources->ncolumns = get_count(buf, 4);
	sources->distinct = palloc(sizeof(int32) * Max(sources->ncolumns, 1));
	for (int32 i = 0; i < sources->ncolumns; i++)
		sources->distinct[i] = get_int32(buf);
	if (get_bool(buf))
		sources->failure = get_error(buf);
	sources->keys = get_bytes(buf);
	pq_getmsgend(buf);
	return sources;
}

void
frame_write_block(StringInfo buf, const StageBlock *block)
{
	begin_frame(buf, FRAME_BLOCK);
	pq_sendint32(buf, block->stage);
	pq_sendint32(buf, block->task);
	pq_sendint32(buf, block->attempt);
	pq_sendint32(buf, block->npartitions);
	pq_sendint32(buf, block->partition);
	pq_sendint32(buf, block->rows);
	pq_sendint64(buf, block->quota);
	pq_sendint32(buf, block->len);
	if (block->len > 0)
		appendBinaryStringInfo(buf, block->data, block->len);
}

StageBlock *
frame_read_block(StringInfo buf)
{
	StageBlock *block = palloc0(sizeof(StageBlock));

	block->stage = get_int32(buf);
	block->task = get_int32(buf);
	block->attempt = get_int32(buf);
	block->npartitions = get_int32(buf);
	block->partition = get_int32(buf);
	block->rows = get_int32(buf);
	block->quota = pq_getmsgint64(buf);
	block->len = get_count(buf, 1);
	block->data = pq_getmsgbytes(buf, block->len);
	pq_getmsgend(buf);
	if (block->stage < 0 || block->task < 0 || block->attempt < 0 || block->rows < 0 ||
		block->npartitions <= 0 || block->partition < -1 ||
		block->partition >= block->npartitions)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid block of a stage in frame")));
	return block;
}

void
frame_write_simple(StringInfo buf, char type)
{
	begin_frame(buf, type);
}

/* ---------------- worker → driver ---------------- */

void
frame_write_snapshot(StringInfo buf, const char *id)
{
	begin_frame(buf, FRAME_SNAPSHOT);
	put_string(buf, id);
}

char *
frame_read_snapshot(StringInfo buf)
{
	char	   *id = get_required_string(buf);

	pq_getmsgend(buf);
	return id;
}

void
frame_begin_batch(StringInfo buf, int32 task)
{
	begin_frame(buf, FRAME_BATCH);
	pq_sendint32(buf, task);
}

int32
frame_read_batch(StringInfo buf)
{
	return get_int32(buf);
}

void
frame_write_done(StringInfo buf, const TaskDone *done)
{
	begin_frame(buf, FRAME_DONE);
	pq_sendint32(buf, done->task);
	pq_sendint64(buf, done->rows);
	pq_sendint64(buf, done->bytes);
	pq_sendint64(buf, done->queue_us);
	pq_sendint64(buf, done->plan_us);
	pq_sendint64(buf, done->run_us);
	pq_sendint64(buf, done->spill_bytes);
	pq_sendint32(buf, done->pid);
	pq_sendint64(buf, done->fetched_memory);
	pq_sendint64(buf, done->fetched_file);
	pq_sendint64(buf, done->fetched_wire);
	put_string(buf, done->directory);
	pq_sendint32(buf, done->npartitions);
	for (int32 i = 0; i < done->npartitions; i++)
	{
		pq_sendint64(buf, done->partition_rows[i]);
		pq_sendint64(buf, done->partition_bytes[i]);
	}
	pq_sendint64(buf, done->dropped);
	put_bytes(buf, done->keys);
	put_bytes(buf, done->accumulated);
}

TaskDone *
frame_read_done(StringInfo buf)
{
	TaskDone   *done = palloc0(sizeof(TaskDone));

	done->task = get_int32(buf);
	done->rows = pq_getmsgint64(buf);
	done->bytes = pq_getmsgint64(buf);
	done->queue_us = pq_getmsgint64(buf);
	done->plan_us = pq_getmsgint64(buf);
	done->run_us = pq_getmsgint64(buf);
	done->spill_bytes = pq_getmsgint64(buf);
	done->pid = get_int32(buf);
	done->fetched_memory = pq_getmsgint64(buf);
	done->fetched_file = pq_getmsgint64(buf);
	done->fetched_wire = pq_getmsgint64(buf);
	done->directory = get_string(buf);
	done->npartitions = get_count(buf, 16);
	if (done->npartitions > 0)
	{
		done->partition_rows = palloc(sizeof(int64) * done->npartitions);
		done->partition_bytes = palloc(sizeof(int64) * done->npartitions);
	}
	for (int32 i = 0; i < done->npartitions; i++)
	{
		done->partition_rows[i] = pq_getmsgint64(buf);
		done->partition_bytes[i] = pq_getmsgint64(buf);
	}
	done->dropped = pq_getmsgint64(buf);
	done->keys = get_bytes(buf);
	done->accumulated = get_bytes(buf);
	pq_getmsgend(buf);
	return done;
}

/* ---------------- errors ---------------- */

void
frame_write_error(StringInfo buf, char type, int32 task, const ErrorData *edata)
{
	RemoteError error = {0};

	begin_frame(buf, type);
	pq_sendint32(buf, task);
	error.elevel = edata->elevel;
	error.sqlerrcode = edata->sqlerrcode;
	error.message = edata->message ? edata->message : "missing error text";
	error.detail = edata->detail;
	error.hint = edata->hint;
	error.context = edata->context;
	error.schema_name = edata->schema_name;
	error.table_name = edata->table_name;
	error.column_name = edata->column_name;
	error.datatype_name = edata->datatype_name;
	error.constraint_name = edata->constraint_name;
	error.lost_task = -1;
	if (edata->sqlerrcode == ERRCODE_BARKS_INPUT_LOST)
	{
		error.lost_stage = noted_stage;
		error.lost_task = noted_map_task;
	}
	put_error(buf, &error);
}

static void
put_error(StringInfo buf, const RemoteError *error)
{
	pq_sendint32(buf, error->elevel);
	pq_sendint32(buf, error->sqlerrcode);
	put_string(buf, error->message);
	put_string(buf, error->detail);
	put_string(buf, error->hint);
	put_string(buf, error->context);
	put_string(buf, error->schema_name);
	put_string(buf, error->table_name);
	put_string(buf, error->column_name);
	put_string(buf, error->datatype_name);
	put_string(buf, error->constraint_name);
	pq_sendint32(buf, error->lost_stage);
	pq_sendint32(buf, error->lost_task);
}

void
remote_error_note_input(int32 stage, int32 map_task)
{
	noted_stage = stage;
	noted_map_task = map_task;
}

RemoteError *
frame_read_error(StringInfo buf, int32 *task)
{
	RemoteError *error;

	*task = get_int32(buf);
	error = get_error(buf);
	pq_getmsgend(buf);
	return error;
}

static RemoteError *
get_error(StringInfo buf)
{
	RemoteError *error = palloc0(sizeof(RemoteError));

	error->elevel = get_int32(buf);
	if (error->elevel < DEBUG5 || error->elevel > PANIC)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid severity in error from node")));
	error->sqlerrcode = get_int32(buf);
	error->message = get_required_string(buf);
	error->detail = get_string(buf);
	error->hint = get_string(buf);
	error->context = get_string(buf);
	error->schema_name = get_string(buf);
	error->table_name = get_string(buf);
	error->column_name = get_string(buf);
	error->datatype_name = get_string(buf);
	error->constraint_name = get_string(buf);
	error->lost_stage = get_int32(buf);
	error->lost_task = get_int32(buf);
	return error;
}

/*
 * What ended a worker must not end the driver: FATAL becomes ERROR here.
 * Context lines of our own callers are added by errfinish, as always.
 */
void
remote_error_throw(const RemoteError *error, const char *context)
{
	ErrorData	edata = {0};

	edata.elevel = Min(error->elevel, ERROR);
	edata.sqlerrcode = error->sqlerrcode;
	edata.filename = __FILE__;
	edata.lineno = __LINE__;
	edata.funcname = __func__;
	edata.message = error->message;
	edata.detail = error->detail;
	edata.hint = error->hint;
	edata.context = error->context;
	if (context && error->context)
		edata.context = psprintf("%s\n%s", error->context, context);
	else if (context)
		edata.context = pstrdup(context);
	edata.schema_name = error->schema_name;
	edata.table_name = error->table_name;
	edata.column_name = error->column_name;
	edata.datatype_name = error->datatype_name;
	edata.constraint_name = error->constraint_name;
	ThrowErrorData(&edata);
}

RemoteError *
remote_error_copy(const RemoteError *error, const char *context)
{
	RemoteError *copy = palloc(sizeof(RemoteError));

	*copy = *error;
	copy->message = pstrdup(error->message);
	copy->detail = copy_string(error->detail);
	copy->hint = copy_string(error->hint);
	copy->context = error->context ? psprintf("%s\n%s", error->context, context) :
		pstrdup(context);
	copy->schema_name = copy_string(error->schema_name);
	copy->table_name = copy_string(error->table_name);
	copy->column_name = copy_string(error->column_name);
	copy->datatype_name = copy_string(error->datatype_name);
	copy->constraint_name = copy_string(error->constraint_name);
	return copy;
}

static char *
copy_string(const char *string)
{
	return string ? pstrdup(string) : NULL;
}

/* ---------------- pieces ---------------- */

static void
begin_frame(StringInfo buf, char type)
{
	resetStringInfo(buf);
	appendStringInfoCharMacro(buf, type);
}

static void
put_string(StringInfo buf, const char *str)
{
	int			len = str ? strlen(str) : -1;

	pq_sendint32(buf, len);
	if (len > 0)
		appendBinaryStringInfo(buf, str, len);
}

/* With its end, for who looks at the frame without reading it. */
static void
put_raw_string(StringInfo buf, const char *str)
{
	appendBinaryStringInfo(buf, str, strlen(str) + 1);
}

/* A string, palloc'd and checked to be valid in the server encoding, or NULL. */
static char *
get_string(StringInfo buf)
{
	int32		len = get_int32(buf);
	const char *bytes;

	if (len == -1)
		return NULL;
	bytes = pq_getmsgbytes(buf, len);
	(void) pg_verifymbstr(bytes, len, false);
	return pnstrdup(bytes, len);
}

static char *
get_required_string(StringInfo buf)
{
	char	   *str = get_string(buf);

	if (str == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("missing string in frame")));
	return str;
}

static int32
get_int32(StringInfo buf)
{
	return (int32) pq_getmsgint(buf, 4);
}

/* How many items follow; no more than the rest of the frame could hold. */
static int32
get_count(StringInfo buf, int item_size)
{
	int32		n = get_int32(buf);

	if (n < 0 || n > (buf->len - buf->cursor) / item_size)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid number of items in frame")));
	return n;
}

/* A length and so many bytes; or -1 for NULL. */
static void
put_bytes(StringInfo buf, const StringInfoData *bytes)
{
	pq_sendint32(buf, bytes ? bytes->len : -1);
	if (bytes)
		appendBinaryStringInfo(buf, bytes->data, bytes->len);
}

static StringInfo
get_bytes(StringInfo buf)
{
	int32		len = get_int32(buf);
	StringInfo	bytes;

	if (len == -1)
		return NULL;
	bytes = makeStringInfo();
	appendBinaryStringInfo(bytes, pq_getmsgbytes(buf, len), len);
	return bytes;
}

static bool
get_bool(StringInfo buf)
{
	return pq_getmsgbyte(buf) != 0;
}
