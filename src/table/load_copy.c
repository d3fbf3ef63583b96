/*-------------------------------------------------------------------------
 * load_copy.c
 *	  The node's end of COPY barks.load: store the batches a driver sends.
 *
 * The command runs in the driver's write session.  Frames come in COPY BOTH
 * mode, so that an error reaches the driver while it still sends.  Values are
 * stored as they come, so only a superuser, as the service role is, may send them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"

#include "base/copy_both.h"
#include "base/stop_point.h"
#include "base/virtual_copy.h"
#include "base/write_marks.h"
#include "batch/batch.h"
#include "table/load.h"

typedef struct ShardLoad
{
	Oid			relid;			/* hash key */
	ShardSink  *sink;
	BatchSchema *schema;
} ShardLoad;

typedef struct Load
{
	MemoryContext context;
	MemoryContext frame_context;	/* reset for every frame */
	HTAB	   *shards;
	CommandId	cid;
} Load;

static void load_handler(CopyStmt *stmt);
static void store_frame(Load *load, StringInfo frame);
static ShardLoad *open_shard(Load *load, const char *name);
static void close_shards(Load *load);

void
load_init(void)
{
	virtual_copy_register("load", load_handler);
}

static void
load_handler(CopyStmt *stmt)
{
	Load		load = {0};
	StringInfoData input;
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(ShardLoad)};
	MemoryContext old;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to load shards"),
				 errdetail("Only the service role, a superuser, may send rows.")));
	if (!stmt->is_from || stmt->filename || whereToSendOutput != DestRemote)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.load can only be copied from a client's STDIN")));
	PreventCommandIfReadOnly("COPY FROM");
	load.context = AllocSetContextCreate(CurrentMemoryContext, "barks load",
										 ALLOCSET_DEFAULT_SIZES);
	load.frame_context = AllocSetContextCreate(load.context, "barks load frame",
											   ALLOCSET_DEFAULT_SIZES);
	ctl.hcxt = load.context;
	load.shards = hash_create("barks load shards", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	load.cid = GetCurrentCommandId(true);
	if (virtual_copy_option(stmt, "command"))
		write_marks_add((CommandId) strtoul(virtual_copy_option(stmt, "command"), NULL, 10), load.cid);
	old = MemoryContextSwitchTo(load.context);
	initStringInfo(&input);
	copy_both_begin("barks.load");
	while (copy_both_receive(&input))
	{
		MemoryContextSwitchTo(load.frame_context);
		store_frame(&load, &input);
		MemoryContextSwitchTo(load.context);
		MemoryContextReset(load.frame_context);
		BARKS_STOP_POINT("load.after_frame");
	}
	close_shards(&load);
	copy_both_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(load.context);
}

static void
store_frame(Load *load, StringInfo frame)
{
	const char *name = pq_getmsgrawstring(frame);
	ShardLoad  *shard = open_shard(load, name);
	Batch	   *batch = batch_decode(shard->schema, frame->data + frame->cursor,
									 frame->len - frame->cursor, load->frame_context);

	shard_sink_add_batch(shard->sink, shard->schema, batch, load->cid);
	shard_sink_flush(shard->sink);
	batch_free(batch);
}

static ShardLoad *
open_shard(Load *load, const char *name)
{
	List	   *names = stringToQualifiedNameList(name);
	Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(names), RowExclusiveLock, false);
	bool		found;
	ShardLoad  *shard = hash_search(load->shards, &relid, HASH_ENTER, &found);
	MemoryContext old;

	if (found)
		return shard;
	shard->sink = NULL;
	old = MemoryContextSwitchTo(load->context);
	shard->sink = shard_sink_open(relid, load->context);
	shard->schema = batch_schema_create(shard_sink_columns(shard->sink), load->context);
	MemoryContextSwitchTo(old);
	return shard;
}

static void
close_shards(Load *load)
{
	HASH_SEQ_STATUS status;
	ShardLoad  *shard;

	hash_seq_init(&status, load->shards);
	while ((shard = hash_seq_search(&status)) != NULL)
		shard_sink_close(shard->sink);
}
