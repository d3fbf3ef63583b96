/*-------------------------------------------------------------------------
 * channel.c
 *	  The shared memory through which a session and a worker talk.
 *
 * The session makes the queues anew only while no worker is assigned to the
 * channel (pool_serves is false), and a worker detaches from the queues
 * before its assignment ends: no one ever looks at a queue being made.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "worker/channel.h"

#define REQUESTS_OFFSET MAXALIGN(sizeof(ChannelHeader))
#define RESULTS_OFFSET	(REQUESTS_OFFSET + CHANNEL_REQUEST_SIZE)
#define SEGMENT_SIZE	(RESULTS_OFFSET + CHANNEL_RESULT_SIZE)

static shm_mq *request_queue(Channel *channel);
static shm_mq *result_queue(Channel *channel);
static void note_closed(dsm_segment *segment, Datum arg);
static Snapshot snapshot_for_others(Snapshot snapshot);

Channel *
channel_create(MemoryContext context)
{
	static uint64 last_id = 0;
	Channel    *channel = MemoryContextAllocZero(context, sizeof(Channel));
	ChannelHeader *header;

	channel->context = context;
	channel->segment = dsm_create(SEGMENT_SIZE, 0);
	header = dsm_segment_address(channel->segment);
	channel->header = header;
	memset(header, 0, sizeof(ChannelHeader));
	header->id = ((uint64) MyProcPid << 32) | (uint32) ++last_id;
	pg_atomic_init_u32(&header->wish, CHANNEL_GO_ON);
	pg_atomic_init_u32(&header->closed, 0);
	SharedFileSetInit(&header->files, channel->segment);
	on_dsm_detach(channel->segment, note_closed, PointerGetDatum(header));	/* runs first */
	dsm_pin_mapping(channel->segment);
	return channel;
}

void
channel_reset(Channel *channel)
{
	char	   *base = (char *) channel->header;
	MemoryContext old = MemoryContextSwitchTo(channel->context);

	channel_detach_queues(channel);
	shm_mq_create(base + REQUESTS_OFFSET, CHANNEL_REQUEST_SIZE);
	shm_mq_create(base + RESULTS_OFFSET, CHANNEL_RESULT_SIZE);
	shm_mq_set_sender(request_queue(channel), MyProc);
	shm_mq_set_receiver(result_queue(channel), MyProc);
	channel->requests = shm_mq_attach(request_queue(channel), channel->segment, NULL);
	channel->results = shm_mq_attach(result_queue(channel), channel->segment, NULL);
	channel_delete_spool(channel);
	pg_atomic_write_u32(&channel->header->wish, CHANNEL_GO_ON);
	channel->header->end = CHANNEL_OPEN;
	channel->header->last_len = 0;
	MemoryContextSwitchTo(old);
}

/* Never raises. */
void
channel_destroy(Channel *channel)
{
	channel_detach_queues(channel);
	dsm_detach(channel->segment);
	pfree(channel);
}

/* The spool file has been read, or nobody will. */
void
channel_delete_spool(Channel *channel)
{
	if (!channel->header->has_spool)
		return;
	channel->header->has_spool = false;
	BufFileDeleteFileSet(&channel->header->files.fs, CHANNEL_SPOOL_NAME, true);
}

/*
 * The hello for a worker: this session's snapshot as ExportSnapshot would give
 * it.  The snapshot must stay registered or active here while the worker uses
 * it.
 */
void
channel_write_hello(StringInfo buf, Snapshot snapshot)
{
	ChannelHello hello = {0};
	Snapshot	copy = snapshot_for_others(snapshot);
	Size		size = EstimateSnapshotSpace(copy);

	hello.leader_pgprocno = MyProc->pgprocno;
	hello.leader_lxid = MyProc->lxid;
	resetStringInfo(buf);
	appendBinaryStringInfo(buf, (char *) &hello, sizeof(hello));
	enlargeStringInfo(buf, size);
	SerializeSnapshot(copy, buf->data + buf->len);
	buf->len += size;
	pfree(copy);
}

bool
channel_open(Channel *channel, dsm_handle handle, uint64 id)
{
	MemoryContext old = MemoryContextSwitchTo(channel->context);

	if (channel->segment &&
		(dsm_segment_handle(channel->segment) != handle || channel->header->id != id))
		channel_unmap(channel);
	if (!channel->segment)
	{
		channel->segment = dsm_attach(handle);
		if (!channel->segment)
		{
			MemoryContextSwitchTo(old);
			return false;
		}
		dsm_pin_mapping(channel->segment);
		channel->header = dsm_segment_address(channel->segment);
		if (channel->header->id != id)
		{
			channel_unmap(channel);
			MemoryContextSwitchTo(old);
			return false;
		}
	}
	shm_mq_set_receiver(request_queue(channel), MyProc);
	shm_mq_set_sender(result_queue(channel), MyProc);
	channel->requests = shm_mq_attach(request_queue(channel), channel->segment, NULL);
	channel->results = shm_mq_attach(result_queue(channel), channel->segment, NULL);
	MemoryContextSwitchTo(old);
	return true;
}

void
channel_unmap(Channel *channel)
{
	channel_detach_queues(channel);
	if (channel->segment)
		dsm_detach(channel->segment);
	channel->segment = NULL;
	channel->header = NULL;
}

void
channel_detach_queues(Channel *channel)
{
	if (channel->requests)
		shm_mq_detach(channel->requests);
	if (channel->results)
		shm_mq_detach(channel->results);
	channel->requests = NULL;
	channel->results = NULL;
}

void
channel_restore_hello(const char *data, Size len)
{
	ChannelHello hello;
	PGPROC	   *leader;
	char	   *copy;

	memcpy(&hello, data, sizeof(hello));
	leader = &ProcGlobal->allProcs[hello.leader_pgprocno];
	if (leader->lxid != hello.leader_lxid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the transaction that asked for the task has ended")));
	copy = palloc(len - sizeof(hello));		/* aligned */
	memcpy(copy, data + sizeof(hello), len - sizeof(hello));
	RestoreTransactionSnapshot(RestoreSnapshot(copy), leader);
	pfree(copy);
}

bool
channel_cancelled(const Channel *channel)
{
	uint32		wish = pg_atomic_read_u32(&channel->header->wish);

	return wish == CHANNEL_CANCEL || wish == CHANNEL_ABANDON ||
		pg_atomic_read_u32(&channel->header->closed) != 0;
}

void
channel_cancel(Channel *channel, bool abandon)
{
	pg_atomic_uint32 *wish = &channel->header->wish;

	if (abandon)
	{
		if (pg_atomic_exchange_u32(wish, CHANNEL_ABANDON) == CHANNEL_LEAVE)
			channel_delete_spool(channel);
	}
	else
	{
		uint32		expected = CHANNEL_GO_ON;

		(void) pg_atomic_compare_exchange_u32(wish, &expected, CHANNEL_CANCEL);
	}
}

void
channel_leave(Channel *channel)
{
	ChannelHeader *header = channel->header;

	if (pg_atomic_exchange_u32(&header->wish, CHANNEL_LEAVE) == CHANNEL_ABANDON)
		channel_delete_spool(channel);
	if (pg_atomic_read_u32(&header->closed))
		FileSetDeleteAll(&header->files.fs);
}

/*
 * The session detaches.  From here on a worker that wrote a spool file deletes
 * it; one written before goes with the file set, right after this.
 */
static void
note_closed(dsm_segment *segment, Datum arg)
{
	pg_atomic_write_u32(&((ChannelHeader *) DatumGetPointer(arg))->closed, 1);
	pg_memory_barrier();
}

static shm_mq *
request_queue(Channel *channel)
{
	return (shm_mq *) ((char *) channel->header + REQUESTS_OFFSET);
}

static shm_mq *
result_queue(Channel *channel)
{
	return (shm_mq *) ((char *) channel->header + RESULTS_OFFSET);
}

/*
 * A copy of the snapshot in which this transaction itself counts as running,
 * the way another backend's snapshot would show it: a worker is not part of
 * this transaction, and a snapshot that does not list it would have the
 * worker take its rows for those of an aborted one, and say so in hint bits.
 */
static Snapshot
snapshot_for_others(Snapshot snapshot)
{
	TransactionId top = MyProc->xid;
	int			nsubxids = MyProc->subxidStatus.count;
	bool		overflowed = snapshot->suboverflowed || MyProc->subxidStatus.overflowed;
	Snapshot	copy = palloc(sizeof(SnapshotData) +
							  sizeof(TransactionId) * (snapshot->xcnt + 1 +
													   snapshot->subxcnt + nsubxids));

	Assert(snapshot->snapshot_type == SNAPSHOT_MVCC);
	*copy = *snapshot;
	copy->curcid = FirstCommandId;
	copy->suboverflowed = overflowed;
	copy->xip = (TransactionId *) (copy + 1);
	memcpy(copy->xip, snapshot->xip, sizeof(TransactionId) * snapshot->xcnt);
	if (TransactionIdIsValid(top) && TransactionIdPrecedes(top, snapshot->xmax))
		copy->xip[copy->xcnt++] = top;
	copy->subxip = copy->xip + copy->xcnt;
	memcpy(copy->subxip, snapshot->subxip, sizeof(TransactionId) * snapshot->subxcnt);
	memcpy(copy->subxip + copy->subxcnt, MyProc->subxids.xids, sizeof(TransactionId) * nsubxids);
	copy->subxcnt += nsubxids;
	return copy;
}
