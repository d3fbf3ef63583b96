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
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"

#include "base/stop_point.h"
#include "base/virtual_copy.h"
#include "base/write_marks.h"
#include "batch/batch.h"
#include "table/load.h"

#define LOAD_MAX_MESSAGE	(1024 * 1024 * 1024 - 1)

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
static void send_copy_both(void);
static bool receive_message(StringInfo input);
static void client_gone(void) pg_attribute_noreturn();
static void store_frame(Load *load, StringInfo frame);
static ShardLoad *open_shard(Load *load, const char *name);
static void store_batch(Load *load, ShardLoad *shard, Batch *batch);
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
	send_copy_both();
	while (receive_message(&input))
	{
		MemoryContextSwitchTo(load.frame_context);
		store_frame(&load, &input);
		MemoryContextSwitchTo(load.context);
		MemoryContextReset(load.frame_context);
		BARKS_STOP_POINT("load.after_frame");
	}
	close_shards(&load);
	pq_putmessage_noblock('c', NULL, 0);	/* CopyDone; CommandComplete follows */
	MemoryContextSwitchTo(old);
	MemoryContextDelete(load.context);
}

static void
send_copy_both(void)
{
	StringInfoData buf;

	pq_beginmessage(&buf, 'W');
	pq_sendbyte(&buf, 1);		/* binary */
	pq_sendint16(&buf, 0);		/* no columns */
	pq_endmessage(&buf);
	pq_flush();
}

/* The next frame; false at the end. */
static bool
receive_message(StringInfo input)
{
	for (;;)
	{
		int			type;

		HOLD_CANCEL_INTERRUPTS();
		pq_startmsgread();
		type = pq_getbyte();
		if (type == EOF)
			client_gone();
		if (strchr("dcfXHS", type) == NULL)
			ereport(FATAL,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("unexpected message type 0x%02X during COPY barks.load", type)));
		if (pq_getmessage(input, LOAD_MAX_MESSAGE))
			client_gone();
		RESUME_CANCEL_INTERRUPTS();
		CHECK_FOR_INTERRUPTS();
		switch (type)
		{
			case 'd':
				return true;
			case 'c':
				return false;
			case 'f':
				ereport(ERROR,
						(errcode(ERRCODE_QUERY_CANCELED),
						 errmsg("COPY barks.load failed: %s", pq_getmsgstring(input))));
				break;
			case 'X':
				client_gone();
			default:			/* Flush and Sync of the extended protocol */
				break;
		}
	}
}

static void
client_gone(void)
{
	ereport(FATAL,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("connection to the driver was lost")));
}

static void
store_frame(Load *load, StringInfo frame)
{
	const char *name = pq_getmsgrawstring(frame);
	ShardLoad  *shard = open_shard(load, name);
	Batch	   *batch = batch_decode(shard->schema, frame->data + frame->cursor,
									 frame->len - frame->cursor, load->frame_context);

	store_batch(load, shard, batch);
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
store_batch(Load *load, ShardLoad *shard, Batch *batch)
{
	int			level = batch_text_settings_begin(shard->schema);
	int			ncolumns = shard->schema->ncolumns;
	Datum	   *values = palloc(Max(1, ncolumns) * sizeof(Datum));
	bool	   *nulls = palloc(Max(1, ncolumns) * sizeof(bool));

	for (int row = 0; row < batch_rows(batch); row++)
	{
		batch_get_row(batch, row, values, nulls);
		if (shard_sink_add(shard->sink, values, nulls, load->cid))
			shard_sink_flush(shard->sink);
	}
	shard_sink_flush(shard->sink);
	batch_text_settings_end(level);
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
