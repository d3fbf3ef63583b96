/*-------------------------------------------------------------------------
 * remote_lane.c
 *	  Lanes over libpq: a node's worker pool, or the session that wrote.
 *
 * A reading lane is a stream connection of the statement's cluster snapshot.
 * Where the transaction wrote, the lane is the write session itself in mode
 * inline, so that the tasks see the writes; there is one such session a node,
 * hence one lane at a time.  In READ COMMITTED it sees otherwise what the
 * statement's cluster snapshot does, which another connection holds.  When someone else needs the connection (a write,
 * a nested query), what is still to come is read into a temporary file first
 * and the lane goes on from there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "cluster/cluster_snapshot.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/remote_lane.h"

typedef struct RemoteLane
{
	Lane		lane;
	dlist_node	link;			/* in open_lanes, until released */
	ResourceOwner owner;
	bool		is_inline;		/* on the write session */
	CommandId	command;		/* inline: that and later ones of ours are not to be seen */
	ClusterSnapshot *snapshot;	/* NULL: inline, and nothing else must fit to what it sees */
	NodeConnection *conn;		/* NULL once detached or lost */
	StringInfoData out;
	const JobSetup *setup;		/* sent anew to every connection the lane gets */
	bool		setup_sent;
	bool		has_files;		/* the node keeps files of the job for us */
	List	   *sources;		/* of StageSources, likewise */
	int			outstanding;	/* tasks submitted whose answer was not handed on */
	bool		putting;		/* blocks of a task were put, not answered */
	int			in_flight;		/* of these, whose answer did not come over conn yet */
	bool		cancelling;
	bool		cancelled;		/* while detached: say so at the next poll */
	BufFile    *spool;			/* frames read ahead; they come before those of conn */
	int			spool_fileno;	/* its end: BufFile does not know while it has it in memory */
	off_t		spool_offset;
	RemoteError *spool_error;	/* the connection ended while spooling */
	bool		lost;			/* … so there is no going on */
	StringInfoData in;			/* a frame from the spool */
} RemoteLane;

static dlist_head open_lanes = DLIST_STATIC_INIT(open_lanes);

static void track(RemoteLane *lane);
static void on_xact(XactEvent event, void *arg);
static void on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg);
static Lane *open_remote_lane(Snapshot snapshot, Oid node, List *all_nodes);
static bool must_fit(Snapshot snapshot, List *all_nodes);
static void open_inline(RemoteLane *lane, Oid node);
static void remote_setup(Lane *base, const JobSetup *setup);
static void remote_submit(Lane *base, const TaskSpec *spec);
static void remote_sources(Lane *base, const StageSources *sources);
static void remote_put(Lane *base, const char *frame, Size len);
static void remote_end_job(Lane *base);
static LaneEventKind remote_poll(Lane *base, LaneEvent *event);
static pgsocket remote_socket(Lane *base, bool *write);
static void remote_cancel(Lane *base);
static void remote_release(Lane *base);
static void return_stream(RemoteLane *lane);
static void attach(RemoteLane *lane);
static void ready_to_send(RemoteLane *lane);
static void put(RemoteLane *lane);
static void note_answer(RemoteLane *lane, const char *frame, int len);
static void close_spool(RemoteLane *lane);
static int	next_frame(RemoteLane *lane, char **frame, RemoteError **error);
static int	next_spooled(RemoteLane *lane, char **frame, RemoteError **error);
static LaneEventKind read_event(RemoteLane *lane, char *frame, int len,
								LaneEvent *event);
static void detach(void *arg);
static void spool_rest(RemoteLane *lane);
static void seek_failed(void);
static RemoteError *lost_error(RemoteLane *lane);

static const LaneOps wire_ops = {
	.path = "wire",
	.setup = remote_setup,
	.submit = remote_submit,
	.sources = remote_sources,
	.put = remote_put,
	.end_job = remote_end_job,
	.poll = remote_poll,
	.socket = remote_socket,
	.cancel = remote_cancel,
	.release = remote_release
};

void
remote_lane_init(void)
{
	lane_register_remote(open_remote_lane);
	RegisterXactCallback(on_xact, NULL);
	RegisterResourceReleaseCallback(on_owner_release, NULL);
}

static Lane *
open_remote_lane(Snapshot snapshot, Oid node, List *all_nodes)
{
	RemoteLane *lane = palloc0(sizeof(RemoteLane));

	lane->lane.ops = &wire_ops;
	lane->lane.node = node;
	lane->lane.node_name = node_name(node);
	initStringInfo(&lane->out);
	initStringInfo(&lane->in);
	all_nodes = list_append_unique_oid(list_copy(all_nodes), node);
	lane->is_inline = transaction_wrote(node);
	lane->command = snapshot->curcid;
	if (!lane->is_inline || must_fit(snapshot, all_nodes))
		lane->snapshot = cluster_snapshot_acquire(snapshot, all_nodes);
	if (lane->is_inline)
		open_inline(lane, node);
	else
		lane->conn = cluster_snapshot_stream(lane->snapshot, node);
	connection_set_user(lane->conn, detach, lane);
	track(lane);
	return &lane->lane;
}

/*
 * A lane must be given back before the cluster module drops what it uses, at
 * whatever end of a (sub)transaction: callbacks run in reverse order of
 * registration, and the cluster module registered its own at load before us.
 */
static void
track(RemoteLane *lane)
{
	lane->owner = CurrentResourceOwner;
	dlist_push_head(&open_lanes, &lane->link);
}

static void
on_xact(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	while (!dlist_is_empty(&open_lanes))
		remote_release(&dlist_head_element(RemoteLane, link, &open_lanes)->lane);
}

static void
on_owner_release(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach_modify(iter, &open_lanes)
	{
		RemoteLane *lane = dlist_container(RemoteLane, link, iter.cur);

		if (lane->owner == CurrentResourceOwner)
			remote_release(&lane->lane);
	}
}

/*
 * Does anything else have to see what the write session sees?  In REPEATABLE
 * READ it began under the transaction's snapshot, and does anyhow.
 */
static bool
must_fit(Snapshot snapshot, List *all_nodes)
{
	return !IsolationUsesXactSnapshot() &&
		(list_length(all_nodes) > 1 || cluster_snapshot_exists(snapshot));
}

/* The write session, after whoever reads from it let go. */
static void
open_inline(RemoteLane *lane, Oid node)
{
	StringInfoData command;

	lane->conn = transaction_session(node);
	initStringInfo(&command);
	appendStringInfo(&command, "COPY barks.lane TO STDOUT (mode 'inline', command '%u'", lane->command);
	if (lane->snapshot)
	{
		int			holder;
		const char *content = cluster_snapshot_content(lane->snapshot, node, &holder);

		appendStringInfo(&command, ", snapshot '%s', holder '%d'", content, holder);
	}
	appendStringInfoChar(&command, ')');
	connection_stream_send(lane->conn, command.data);
	pfree(command.data);
	connection_stream_wait_all(list_make1(lane->conn));
}

/* setup lives as long as the lane's job. */
static void
remote_setup(Lane *base, const JobSetup *setup)
{
	RemoteLane *lane = (RemoteLane *) base;

	lane->setup = setup;
	lane->setup_sent = false;
}

static void
remote_submit(Lane *base, const TaskSpec *spec)
{
	RemoteLane *lane = (RemoteLane *) base;

	ready_to_send(lane);
	frame_write_task(&lane->out, spec);
	put(lane);
	lane->has_files |= spec->output != NULL;
	lane->outstanding++;
	lane->in_flight++;
}

static void
remote_sources(Lane *base, const StageSources *sources)
{
	RemoteLane *lane = (RemoteLane *) base;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(lane));

	lane->sources = lane_keep_sources(lane->sources, sources);
	MemoryContextSwitchTo(old);
	if (lane->conn == NULL || !lane->setup_sent)
		return;					/* said before the next task */
	frame_write_sources(&lane->out, sources);
	put(lane);
}

static void
remote_put(Lane *base, const char *frame, Size len)
{
	RemoteLane *lane = (RemoteLane *) base;

	ready_to_send(lane);
	if (!lane->putting)
	{
		/* one answer comes for all the blocks of a task */
		lane->putting = lane->has_files = true;
		lane->outstanding++;
		lane->in_flight++;
	}
	connection_put_frame(lane->conn, frame, len);
	(void) connection_flush(lane->conn);
}

static void
remote_end_job(Lane *base)
{
	RemoteLane *lane = (RemoteLane *) base;

	/* a lane that let go of its connection cannot say it; the lease ends with the session */
	if (lane->conn == NULL || !lane->setup_sent || !connection_in_stream(lane->conn))
		return;
	frame_write_simple(&lane->out, FRAME_JOB_END);
	put(lane);
	lane->setup_sent = false;
}

static LaneEventKind
remote_poll(Lane *base, LaneEvent *event)
{
	RemoteLane *lane = (RemoteLane *) base;
	char	   *frame;
	int			len = next_frame(lane, &frame, &event->error);

	if (lane->cancelled)
	{
		lane->cancelled = false;
		return LANE_CANCELLED;
	}
	if (len == 0)
		return LANE_NOTHING;
	if (len < 0)
	{
		if (event->error == NULL)
			event->error = lost_error(lane);
		return LANE_LOST;
	}
	return read_event(lane, frame, len, event);
}

static pgsocket
remote_socket(Lane *base, bool *write)
{
	RemoteLane *lane = (RemoteLane *) base;

	*write = false;
	if (lane->conn == NULL)
		return PGINVALID_SOCKET;
	*write = !connection_flush(lane->conn);
	return connection_socket(lane->conn);
}

static void
remote_cancel(Lane *base)
{
	RemoteLane *lane = (RemoteLane *) base;

	if (lane->cancelling || lane->cancelled)
		return;
	if (lane->conn == NULL)
	{
		/* nothing runs any more: forget what was spooled */
		close_spool(lane);
		lane->outstanding = 0;
		lane->cancelled = lane->lane.ready = true;
		return;
	}
	lane->cancelling = true;
	frame_write_simple(&lane->out, FRAME_CANCEL);
	put(lane);
}

static void
remote_release(Lane *base)
{
	RemoteLane *lane = (RemoteLane *) base;

	if (lane->link.next == NULL)
		return;					/* released before */
	dlist_delete(&lane->link);
	lane->link.next = NULL;
	close_spool(lane);
	if (lane->conn)
	{
		connection_set_user(lane->conn, NULL, NULL);
		/* a lost stream goes with the snapshot's reference, a write session has another user */
		if (connection_in_stream(lane->conn))
			return_stream(lane);
	}
	lane->conn = NULL;
	if (lane->snapshot)
		cluster_snapshot_release(lane->snapshot);
	lane->snapshot = NULL;
}

/*
 * Others may need the stream, to read or because it holds their snapshot; so
 * what runs there is dropped, and the job's files do not wait for its end.
 */
static void
return_stream(RemoteLane *lane)
{
	static const char cancel = FRAME_CANCEL;
	bool		quiet = lane->outstanding == 0 && !lane->cancelling;

	if (!quiet && !lane->cancelling && !lane->is_inline)
		connection_put_frame(lane->conn, &cancel, 1);
	if (lane->has_files && (quiet || !lane->is_inline))
		remote_end_job(&lane->lane);
	(void) connection_flush(lane->conn);
	if (lane->is_inline)
		return;
	if (quiet)
		cluster_snapshot_return_stream(lane->snapshot, lane->conn);
	else
		cluster_snapshot_return_cancelled(lane->snapshot, lane->conn);
}

/* A connection again, after someone else needed the one before. */
static void
attach(RemoteLane *lane)
{
	if (lane->lost)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("connection to node \"%s\" is gone", lane->lane.node_name)));
	if (!lane->is_inline)
		lane->conn = cluster_snapshot_stream(lane->snapshot, lane->lane.node);
	else
		open_inline(lane, lane->lane.node);
	connection_set_user(lane->conn, detach, lane);
	lane->setup_sent = lane->has_files = false;
}

/* A connection that knows the job and its sources. */
static void
ready_to_send(RemoteLane *lane)
{
	ListCell   *lc;

	if (lane->conn == NULL)
		attach(lane);
	if (lane->setup_sent)
		return;
	frame_write_job_setup(&lane->out, lane->setup);
	put(lane);
	foreach(lc, lane->sources)
	{
		frame_write_sources(&lane->out, lfirst(lc));
		put(lane);
	}
	lane->setup_sent = true;
}

static void
put(RemoteLane *lane)
{
	connection_put_frame(lane->conn, lane->out.data, lane->out.len);
	(void) connection_flush(lane->conn);
}

static int
next_frame(RemoteLane *lane, char **frame, RemoteError **error)
{
	int			len = 0;

	if (lane->spool)
		len = next_spooled(lane, frame, error);
	if (len != 0)
		return len;
	if (lane->conn == NULL)
		return lane->lost ? -1 : 0;
	(void) connection_flush(lane->conn);
	len = connection_get_frame(lane->conn, frame, error);
	note_answer(lane, *frame, len);
	return len;
}

/* Keep count of what is still to come over the connection. */
static void
note_answer(RemoteLane *lane, const char *frame, int len)
{
	if (len <= 0)
		return;
	if (frame[0] == FRAME_DONE || frame[0] == FRAME_ERROR)
		lane->in_flight--;
	else if (frame[0] == FRAME_CANCEL)
		lane->in_flight = 0;
}

/* Frames in the spool are a length and the bytes.  0 at its end, which closes it. */
static int
next_spooled(RemoteLane *lane, char **frame, RemoteError **error)
{
	int32		len;
	size_t		got = BufFileRead(lane->spool, &len, sizeof(len));

	if (got == 0)
	{
		close_spool(lane);
		*error = lane->spool_error;
		return lane->spool_error ? -1 : 0;
	}
	resetStringInfo(&lane->in);
	enlargeStringInfo(&lane->in, len);
	if (got != sizeof(len) || BufFileRead(lane->spool, lane->in.data, len) != (size_t) len)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read spooled results of node \"%s\"",
						lane->lane.node_name)));
	lane->in.data[len] = '\0';
	*frame = lane->in.data;
	return len;
}

static void
close_spool(RemoteLane *lane)
{
	if (lane->spool)
		BufFileClose(lane->spool);
	lane->spool = NULL;
	lane->lane.ready = false;
}

static LaneEventKind
read_event(RemoteLane *lane, char *frame, int len, LaneEvent *event)
{
	StringInfoData buf = {.data = frame, .len = len, .maxlen = len, .cursor = 1};

	switch (frame[0])
	{
		case FRAME_BATCH:
			event->task = frame_read_batch(&buf);
			event->data = frame + buf.cursor;
			event->len = len - buf.cursor;
			return LANE_BATCH;
		case FRAME_DONE:
			lane->outstanding--;
			lane->putting = false;
			event->done = frame_read_done(&buf);
			event->task = event->done->task;
			return LANE_DONE;
		case FRAME_ERROR:
			lane->outstanding--;
			lane->putting = false;
			event->error = frame_read_error(&buf, &event->task);
			return LANE_ERROR;
		case FRAME_NOTICE:
			event->error = frame_read_error(&buf, &event->task);
			return LANE_NOTICE;
		case FRAME_CANCEL:
			lane->outstanding = 0;
			lane->cancelling = false;
			return LANE_CANCELLED;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("unexpected frame \"%c\" from node \"%s\"",
							frame[0], lane->lane.node_name)));
			return LANE_LOST;
	}
}

/* Let go of the connection: read what is to come into a file. */
static void
detach(void *arg)
{
	RemoteLane *lane = arg;
	NodeConnection *conn = lane->conn;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(lane));
	int			fileno = 0;
	off_t		offset = 0;

	/* what was spooled before and not read yet comes first */
	if (lane->spool)
	{
		BufFileTell(lane->spool, &fileno, &offset);
		if (BufFileSeek(lane->spool, lane->spool_fileno, lane->spool_offset, SEEK_SET) != 0)
			seek_failed();
	}
	else
		lane->spool = BufFileCreateTemp(true);
	spool_rest(lane);
	BufFileTell(lane->spool, &lane->spool_fileno, &lane->spool_offset);
	if (BufFileSeek(lane->spool, fileno, offset, SEEK_SET) != 0)
		seek_failed();
	lane->lane.ready = true;
	lane->in_flight = 0;
	lane->lost = lane->spool_error != NULL;

	connection_set_user(conn, NULL, NULL);
	lane->conn = NULL;
	if (!lane->is_inline && lane->lost)
		connection_discard(conn);
	else if (!lane->is_inline)
		cluster_snapshot_return_stream(lane->snapshot, conn);
	else if (!lane->lost)
		connection_stream_end(conn);
	MemoryContextSwitchTo(old);
}

/* All frames still to come over the connection. */
static void
spool_rest(RemoteLane *lane)
{
	Lane	   *self = &lane->lane;
	bool		ready = self->ready;

	self->ready = false;		/* wait for the connection, not for the spool */
	while (lane->in_flight > 0 || lane->cancelling)
	{
		char	   *frame;
		int32		len = connection_get_frame(lane->conn, &frame, &lane->spool_error);

		if (len == 0)
		{
			lane_wait(&self, 1, -1);
			continue;
		}
		if (len < 0)
		{
			if (lane->spool_error == NULL)
				lane->spool_error = lost_error(lane);
			break;
		}
		note_answer(lane, frame, len);
		if (frame[0] == FRAME_CANCEL)
			lane->cancelling = false;
		BufFileWrite(lane->spool, &len, sizeof(len));
		BufFileWrite(lane->spool, frame, len);
	}
	self->ready = ready;
}

static void
seek_failed(void)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not seek in spooled results")));
}

static RemoteError *
lost_error(RemoteLane *lane)
{
	RemoteError *error = palloc0(sizeof(RemoteError));

	error->elevel = ERROR;
	error->sqlerrcode = ERRCODE_CONNECTION_FAILURE;
	error->message = psprintf("connection to node \"%s\" was lost", lane->lane.node_name);
	return error;
}
