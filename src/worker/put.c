/*-------------------------------------------------------------------------
 * put.c
 *	  Keep blocks that a driver partitioned itself (frames 'P').
 *
 * The session does it, no worker is needed.  After an error, which is answered
 * once, the rest of the task's blocks is ignored.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "batch/batch.h"
#include "job/protocol.h"
#include "shuffle/block_file.h"
#include "shuffle/store.h"
#include "worker/put.h"

struct Put
{
	MemoryContext context;
	MemoryContext frame_context;	/* reset per frame */
	ResourceOwner owner;
	bool		open;			/* a task's blocks come */
	bool		failed;			/* … and are ignored */
	ShuffleTask task;
	int			npartitions;
	BlockFileWriter *file;
	int64		rows;
	int64		bytes;
};

static void take_block(Put *put, const ShuffleTask *task, const StageBlock *block);
static void publish(Put *put, StringInfo answer);

Put *
put_create(MemoryContext context)
{
	Put		   *put = MemoryContextAllocZero(context, sizeof(Put));

	put->context = context;
	put->frame_context = AllocSetContextCreate(context, "barks put", ALLOCSET_DEFAULT_SIZES);
	put->owner = CurrentResourceOwner;
	return put;
}

/* By field: what lies between fields may differ. */
static bool
same_task(const ShuffleTask *a, const ShuffleTask *b)
{
	return a->driver == b->driver && a->job == b->job && a->stage == b->stage &&
		a->task == b->task && a->attempt == b->attempt;
}

void
put_take(Put *put, uint64 driver, uint64 job, StringInfo frame, StringInfo answer)
{
	MemoryContext old = MemoryContextSwitchTo(put->frame_context);
	ResourceOwner owner = CurrentResourceOwner;
	StageBlock *block = frame_read_block(frame);
	ShuffleTask task = {driver, job, block->stage, block->task, block->attempt};
	ErrorData  *error = NULL;

	resetStringInfo(answer);
	if (!put->open || !same_task(&task, &put->task))
	{
		put_drop(put);
		put->open = true;
		put->task = task;
		put->npartitions = block->npartitions;
	}
	if (!put->failed)
	{
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(put->frame_context);
		CurrentResourceOwner = put->owner;	/* files outlive the subtransaction */
		PG_TRY();
		{
			take_block(put, &task, block);
			if (block->partition < 0)
				publish(put, answer);
			ReleaseCurrentSubTransaction();
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(put->frame_context);
			error = CopyErrorData();
			FlushErrorState();
			RollbackAndReleaseCurrentSubTransaction();
			MemoryContextSwitchTo(put->frame_context);
		}
		PG_END_TRY();
		CurrentResourceOwner = owner;
	}
	if (error)
	{
		put->failed = true;
		frame_write_error(answer, FRAME_ERROR, block->task, error);
	}
	if (block->partition < 0)
		put_drop(put);
	MemoryContextSwitchTo(old);
	MemoryContextReset(put->frame_context);
}

void
put_drop(Put *put)
{
	if (put->file)
		block_file_free(put->file);
	put->file = NULL;
	put->open = put->failed = false;
	put->rows = put->bytes = 0;
}

static void
take_block(Put *put, const ShuffleTask *task, const StageBlock *block)
{
	StringInfo	out;
	int			start;

	if (!put->file)
		put->file = block_file_create(task, block->npartitions, block->quota, put->context);
	if (block->partition < 0)
		return;
	if (block->npartitions != put->npartitions || !batch_wire_intact(block->data, block->len))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid block of a stage in frame")));
	out = block_file_buffer(put->file);
	start = out->len;
	appendBinaryStringInfoNT(out, block->data, block->len);
	block_file_added(put->file, block->partition, batch_wire_rows(block->data, block->len), start);
	put->rows += batch_wire_rows(block->data, block->len);
	put->bytes += block->len;
}

static void
publish(Put *put, StringInfo answer)
{
	TaskDone	done = {put->task.task};

	block_file_publish(put->file);
	done.rows = put->rows;
	done.bytes = put->bytes;
	done.pid = MyProcPid;
	done.directory = store_directory(put->task.driver, put->task.job);
	done.npartitions = put->npartitions;
	done.partition_rows = unconstify(int64 *, block_file_rows(put->file));
	done.partition_bytes = unconstify(int64 *, block_file_bytes(put->file));
	frame_write_done(answer, &done);
}
