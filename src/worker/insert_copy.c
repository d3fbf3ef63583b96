/*-------------------------------------------------------------------------
 * insert_copy.c
 *	  COPY barks.insert: a node stores its share of a query's output.
 *
 * The command runs in the driver's write session, as COPY barks.load does, but
 * what it is sent is where the rows are.  What the table demands of its rows was
 * checked where they were made, but for unique indexes.  They are counted, as the
 * driver reports as many as were made.
 *
 * With the option "over" nothing is sent: the job's output here can go.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

#include "base/copy_both.h"
#include "base/stop_point.h"
#include "base/virtual_copy.h"
#include "base/write_marks.h"
#include "batch/batch.h"
#include "job/protocol.h"
#include "shuffle/fetch.h"
#include "shuffle/reader.h"
#include "shuffle/shuffle.h"
#include "table/load.h"
#include "worker/insert_copy.h"

typedef struct Insert
{
	MemoryContext context;
	MemoryContext share_context;	/* reset for every share */
	MemoryContext batch_context;	/* and for every batch */
	uint64		driver;
	uint64		job;
	CommandId	cid;
	bool		force_wire;
	StageSources *sources;
	List	   *shares;			/* of InsertShare */
} Insert;

static void insert_handler(CopyStmt *stmt);
static void apply_setting(CopyStmt *stmt, const char *option, const char *setting);
static void take_frame(Insert *insert, StringInfo frame);
static void store_shares(Insert *insert);
static void store_share(Insert *insert, InsertShare *share);
static Oid	shard_named(const char *name);

void
insert_copy_init(void)
{
	virtual_copy_register("insert", insert_handler);
}

static void
insert_handler(CopyStmt *stmt)
{
	Insert		insert = {0};
	StringInfoData input;
	MemoryContext old;
	int			level;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to load shards"),
				 errdetail("Only the service role, a superuser, may fill them.")));
	if (!stmt->is_from || stmt->filename || whereToSendOutput != DestRemote)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.insert can only be copied from a client's STDIN")));
	insert.driver = strtou64(virtual_copy_required_option(stmt, "driver"), NULL, 10);
	insert.job = strtou64(virtual_copy_required_option(stmt, "job"), NULL, 10);
	if (virtual_copy_option(stmt, "over"))
	{
		shuffle_job_over(insert.driver, insert.job);
		return;
	}
	PreventCommandIfReadOnly("COPY FROM");
	insert.context = AllocSetContextCreate(CurrentMemoryContext, "barks insert",
										   ALLOCSET_DEFAULT_SIZES);
	insert.share_context = AllocSetContextCreate(insert.context, "barks insert share",
												 ALLOCSET_DEFAULT_SIZES);
	insert.batch_context = AllocSetContextCreate(insert.context, "barks insert batch",
												 ALLOCSET_DEFAULT_SIZES);
	insert.cid = GetCurrentCommandId(true);
	write_marks_add((CommandId) strtoul(virtual_copy_required_option(stmt, "command"), NULL, 10), insert.cid);
	level = NewGUCNestLevel();
	apply_setting(stmt, "wire", "barks.wire");
	apply_setting(stmt, "fetch_timeout", "barks.fetch_timeout");
	insert.force_wire = strcmp(virtual_copy_required_option(stmt, "wire"), "always") == 0;

	old = MemoryContextSwitchTo(insert.context);
	initStringInfo(&input);
	copy_both_begin("barks.insert");
	while (copy_both_receive(&input))
		take_frame(&insert, &input);
	BARKS_STOP_POINT("insert.before_store");
	fetch_keep_connections(true);
	PG_TRY();
	{
		store_shares(&insert);
	}
	PG_FINALLY();
	{
		fetch_keep_connections(false);
	}
	PG_END_TRY();
	copy_both_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(insert.context);
	AtEOXact_GUC(true, level);
}

/* Under the user's own settings of how rows travel. */
static void
apply_setting(CopyStmt *stmt, const char *option, const char *setting)
{
	(void) set_config_option(setting, virtual_copy_required_option(stmt, option),
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
take_frame(Insert *insert, StringInfo frame)
{
	char		type = frame->len > 0 ? frame->data[0] : '\0';

	frame->cursor = 1;
	if (type == FRAME_SOURCES && insert->sources == NULL)
		insert->sources = frame_read_sources(frame);
	else if (type == FRAME_SHARE && insert->sources != NULL)
		insert->shares = lappend(insert->shares, frame_read_share(frame));
	else
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("unexpected frame during COPY barks.insert")));
}

/* One shard after another, so that memory does not depend on their number. */
static void
store_shares(Insert *insert)
{
	ListCell   *lc;

	foreach(lc, insert->shares)
	{
		MemoryContextSwitchTo(insert->share_context);
		store_share(insert, lfirst(lc));
		MemoryContextSwitchTo(insert->context);
		MemoryContextReset(insert->share_context);
	}
}

static void
store_share(Insert *insert, InsertShare *share)
{
	ShardSink  *sink = shard_sink_open(shard_named(share->shard), insert->share_context);
	BatchSchema *schema = batch_schema_create(shard_sink_columns(sink), insert->share_context);
	ShuffleReader *reader = shuffle_reader_open(insert->driver, insert->job, &share->input,
												insert->sources, schema, insert->force_wire,
												false, insert->share_context);
	int64		rows = 0;
	Batch	   *batch;

	while ((batch = shuffle_reader_next(reader)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(insert->batch_context);

		rows += batch_rows(batch);
		shard_sink_add_batch(sink, schema, batch, insert->cid);
		batch_free(batch);
		MemoryContextSwitchTo(old);
		MemoryContextReset(insert->batch_context);
		BARKS_STOP_POINT("insert.after_batch");
	}
	shard_sink_flush(sink);
	shuffle_reader_close(reader);
	shard_sink_close(sink);
	if (rows != share->input.rows)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("partition %d has " INT64_FORMAT " rows, and should have " INT64_FORMAT,
						share->input.first_partition, rows, share->input.rows)));
}

static Oid
shard_named(const char *name)
{
	RangeVar   *range = makeRangeVarFromNameList(stringToQualifiedNameList(name));

	if (range->schemaname == NULL || strncmp(range->schemaname, "barks_", 6) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a shard", name)));
	return RangeVarGetRelid(range, RowExclusiveLock, false);
}
