/*-------------------------------------------------------------------------
 * local_lane.c
 *	  A lane through shared memory to this server's own workers.
 *
 * The workers run as a superuser of this server, which may be one that cannot
 * log in, and are not part of the driver's transaction.  So a transaction that
 * wrote to local shards, or that is serializable (its reads must take
 * predicate locks in its own name), gets an inline lane instead.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "cluster/transaction.h"
#include "job/lane.h"
#include "worker/client.h"
#include "worker/inline_lane.h"
#include "worker/local_lane.h"

typedef struct LocalLane
{
	Lane		lane;
	Client	   *client;
} LocalLane;

static Lane *local_open(Snapshot snapshot, Oid node, List *all_nodes);
static void local_setup(Lane *lane, const JobSetup *setup);
static void local_submit(Lane *lane, const TaskSpec *spec);
static void local_sources(Lane *base, const StageSources *sources);
static void local_put(Lane *base, const char *frame, Size len);
static void local_end_job(Lane *base);
static LaneEventKind local_poll(Lane *lane, LaneEvent *event);
static pgsocket local_socket(Lane *lane, bool *write);
static void local_cancel(Lane *lane);
static void local_release(Lane *lane);
static LaneEventKind read_frame(const char *data, Size len, LaneEvent *event);

static const LaneOps local_ops = {
	.path = "memory",
	.setup = local_setup,
	.submit = local_submit,
	.sources = local_sources,
	.put = local_put,
	.end_job = local_end_job,
	.poll = local_poll,
	.socket = local_socket,
	.cancel = local_cancel,
	.release = local_release
};

void
local_lane_init(void)
{
	lane_register_local(local_open);
}

/* The caller keeps snapshot registered while the lane is open. */
static Lane *
local_open(Snapshot snapshot, Oid node, List *all_nodes)
{
	Client	   *client;
	LocalLane  *lane;

	if (IsolationIsSerializable() || transaction_wrote(InvalidOid))
		return inline_lane_open(snapshot);

	client = client_open(snapshot, InvalidOid);
	lane = MemoryContextAllocZero(TopMemoryContext, sizeof(LocalLane));
	lane->lane.ops = &local_ops;
	lane->lane.node = InvalidOid;
	lane->lane.node_name = LOCAL_NODE_NAME;
	lane->client = client;
	return &lane->lane;
}

static void
local_setup(Lane *lane, const JobSetup *setup)
{
	client_setup(((LocalLane *) lane)->client, setup);
}

static void
local_submit(Lane *lane, const TaskSpec *spec)
{
	client_submit(((LocalLane *) lane)->client, spec);
}

static void
local_sources(Lane *base, const StageSources *sources)
{
	StringInfoData frame;

	initStringInfo(&frame);
	frame_write_sources(&frame, sources);
	client_put_frame(((LocalLane *) base)->client, frame.data, frame.len);
	pfree(frame.data);
}

static void
local_put(Lane *base, const char *frame, Size len)
{
	client_put_frame(((LocalLane *) base)->client, frame, len);
}

static void
local_end_job(Lane *base)
{
	char		frame = FRAME_JOB_END;

	client_put_frame(((LocalLane *) base)->client, &frame, 1);
}

static LaneEventKind
local_poll(Lane *base, LaneEvent *event)
{
	LocalLane  *lane = (LocalLane *) base;
	const char *frame;
	Size		len;

	memset(event, 0, sizeof(*event));
	switch (client_poll(lane->client, &frame, &len))
	{
		case CLIENT_NOTHING:
			return LANE_NOTHING;
		case CLIENT_FRAME:
			return read_frame(frame, len, event);
		case CLIENT_CANCELLED:
			return LANE_CANCELLED;
		case CLIENT_FAILED:
			event->error = palloc(sizeof(RemoteError));
			client_fill_failure(event->error);
			return LANE_LOST;
	}
	pg_unreachable();
}

static pgsocket
local_socket(Lane *lane, bool *write)
{
	*write = false;
	return PGINVALID_SOCKET;	/* our latch */
}

static void
local_cancel(Lane *lane)
{
	client_cancel(((LocalLane *) lane)->client);
}

static void
local_release(Lane *base)
{
	LocalLane  *lane = (LocalLane *) base;

	client_close(lane->client);
	pfree(lane);
}

static LaneEventKind
read_frame(const char *data, Size len, LaneEvent *event)
{
	StringInfoData frame;

	frame.data = unconstify(char *, data);
	frame.len = frame.maxlen = len;
	frame.cursor = 1;
	switch (data[0])
	{
		case FRAME_BATCH:
			event->task = frame_read_batch(&frame);
			event->data = frame.data + frame.cursor;
			event->len = frame.len - frame.cursor;
			return LANE_BATCH;
		case FRAME_NOTICE:
			event->error = frame_read_error(&frame, &event->task);
			return LANE_NOTICE;
		case FRAME_DONE:
			event->done = frame_read_done(&frame);
			event->task = event->done->task;
			return LANE_DONE;
		case FRAME_ERROR:
			event->error = frame_read_error(&frame, &event->task);
			return LANE_ERROR;
	}
	elog(ERROR, "unexpected frame \"%c\" from a worker", data[0]);
}
