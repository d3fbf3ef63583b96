/*-------------------------------------------------------------------------
 * client.c
 *	  A session's end of its tasks: queue them, get a worker, read frames.
 *
 *	  IDLE → WANTING → QUEUED → RUNNING → IDLE
 *	                                    → SPOOL → IDLE
 *
 * The client keeps every task until it was answered.  A worker may leave
 * between tasks at any time (others wait, it was lost, it spooled); the next
 * one is sent what is still unanswered.  Only the oldest unanswered task can
 * have been running, so when a worker is lost that one gets an error, which
 * the driver may answer by another attempt.
 *
 * Backends wait in the pool's queue for one channel at a time; the clients of
 * this backend that want a slot stand in a list of their own.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "shuffle/shuffle.h"
#include "worker/channel.h"
#include "worker/client.h"
#include "worker/pool.h"

/* Channels kept for the next clients of this backend. */
#define MAX_SPARE_CHANNELS	8

/* It may be used again once the worker of its last grant has left. */
typedef struct SpareChannel
{
	Channel    *channel;
	PoolGrant	grant;
} SpareChannel;

typedef enum ClientState
{
	STATE_CLIENT_IDLE,			/* nothing unanswered */
	STATE_CLIENT_WANTING,		/* in wanting, not in the pool's queue */
	STATE_CLIENT_QUEUED,		/* in the pool's queue */
	STATE_CLIENT_RUNNING,		/* a worker has the channel */
	STATE_CLIENT_SPOOL			/* reading what a worker spooled */
} ClientState;

/* A frame 'J', 'I' or 'T' as it will be sent. */
typedef struct QueuedFrame
{
	slist_node	node;
	bool		is_task;
	bool		sent;			/* of the prologue: to the worker that is here */
	Size		len;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} QueuedFrame;

struct Client
{
	ClientState state;
	dlist_node	node;			/* in wanting */
	dlist_node	open_node;		/* in open_clients, until stopped */
	bool		stopped;		/* its transaction has ended */
	MemoryContext context;
	ResourceOwner owner;		/* of spool files; no transaction's, so ours to release */
	Oid			service_role;
	Channel    *channel;
	PoolGrant	grant;
	bool		cancelling;
	bool		was_busy;		/* when cancelled: the worker must leave first */
	bool		failed;
	uint64		driver;			/* of the newest setup, for the queue's fairness */
	uint64		job;
	char		pool[NAMEDATALEN];
	int			pool_weight;

	/*
	 * Setups, sources and unanswered tasks, oldest first.  What is before the
	 * first task moves to the prologue once that task is answered.
	 */
	slist_head	frames;
	QueuedFrame *last;
	int			ntasks;			/* of frames */
	List	   *prologue;		/* in force at the first of frames: a setup, sources of stages */

	/* what the worker has been sent */
	StringInfoData hello;
	bool		hello_sent;
	QueuedFrame *next;			/* next to send */

	BufFile    *spool;
	StringInfoData buffer;		/* a frame of the spool, or made here */
};

static dlist_head open_clients = DLIST_STATIC_INIT(open_clients);
static dlist_head wanting = DLIST_STATIC_INIT(wanting);
static Client *queued;			/* the client in the pool's queue */
static SpareChannel spare[MAX_SPARE_CHANNELS];
static int	nspare;

static void stop(Client *client);
static void at_transaction_end(XactEvent event, void *arg);
static QueuedFrame *append_frame(Client *client, Size len, bool is_task);
static void want_slot(Client *client);
static Channel *take_channel(void);
static void drive_queue(void);
static void restart_requests(Client *client);
static void send_requests(Client *client);
static bool send_one(Client *client, const char *data, Size len);
static ClientEvent read_results(Client *client, const char **frame, Size *len);
static ClientEvent worker_left(Client *client, const char **frame, Size *len);
static ClientEvent finish_cancel(Client *client);
static ClientEvent read_spool(Client *client, const char **frame, Size *len);
static void close_spool(Client *client);
static void note_answer(Client *client, const char *frame);
static void add_to_prologue(Client *client, QueuedFrame *frame, bool sent);
static bool same_stage(const QueuedFrame *a, const QueuedFrame *b);
static void drop_frames(Client *client);
static ClientEvent lost_worker(Client *client, const char **frame, Size *len);
static ClientEvent last_frame(Client *client, const char **frame, Size *len);
static int32 first_task(Client *client);
static void leave_queue(Client *client);

void
client_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}

Client *
client_open(Snapshot snapshot, Oid service_role)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "barks client",
												  ALLOCSET_DEFAULT_SIZES);
	Client	   *client = MemoryContextAllocZero(context, sizeof(Client));
	MemoryContext old = MemoryContextSwitchTo(context);

	client->context = context;
	client->owner = ResourceOwnerCreate(NULL, "barks client");
	client->service_role = service_role;
	slist_init(&client->frames);
	initStringInfo(&client->hello);
	channel_write_hello(&client->hello, snapshot);
	initStringInfo(&client->buffer);
	dlist_push_tail(&open_clients, &client->open_node);
	MemoryContextSwitchTo(old);
	return client;
}

void
client_setup(Client *client, const JobSetup *setup)
{
	StringInfoData buf;

	initStringInfo(&buf);
	frame_write_job_setup(&buf, setup);
	client_put_frame(client, buf.data, buf.len);
	pfree(buf.data);
}

void
client_submit(Client *client, const TaskSpec *spec)
{
	StringInfoData buf;

	initStringInfo(&buf);
	frame_write_task(&buf, spec);
	client_put_frame(client, buf.data, buf.len);
	pfree(buf.data);
}

void
client_put_frame(Client *client, const char *data, Size len)
{
	bool		is_task = data[0] == FRAME_TASK;
	QueuedFrame *frame;

	if (data[0] == FRAME_JOB_END)
	{
		if (client->job != 0)
			shuffle_job_over(client->driver, client->job);
		return;
	}
	if (data[0] == FRAME_JOB_SETUP)
	{
		const char *pool_name;

		frame_peek_job(data, len, &client->driver, &client->job);
		frame_peek_pool(data, len, &pool_name, &client->pool_weight);
		strlcpy(client->pool, pool_name, NAMEDATALEN);
		shuffle_lease_take(client->driver, client->job);
	}
	frame = append_frame(client, len, is_task);
	memcpy(frame->data, data, len);
	if (!is_task)
		return;
	if (client->state == STATE_CLIENT_IDLE)
		want_slot(client);
	else if (client->state == STATE_CLIENT_QUEUED || client->state == STATE_CLIENT_RUNNING)
		send_requests(client);
}

ClientEvent
client_poll(Client *client, const char **frame, Size *len)
{
	for (;;)
	{
		ClientEvent event = CLIENT_NOTHING;
		ClientState state = client->state;

		if (client->failed)
			return CLIENT_FAILED;
		if (client->cancelling && !client->was_busy)
			return finish_cancel(client);
		switch (state)
		{
			case STATE_CLIENT_IDLE:
				if (client->cancelling)
					return finish_cancel(client);
				if (client->ntasks == 0)
					return CLIENT_NOTHING;
				want_slot(client);
				break;
			case STATE_CLIENT_WANTING:
			case STATE_CLIENT_QUEUED:
				drive_queue();
				break;
			case STATE_CLIENT_RUNNING:
				event = read_results(client, frame, len);
				break;
			case STATE_CLIENT_SPOOL:
				event = read_spool(client, frame, len);
				break;
		}
		if (event != CLIENT_NOTHING)
			return event;
		if (client->state == state && !client->failed)
			return CLIENT_NOTHING;
	}
}

/* Drop everything submitted; client_poll says when that is done. */
void
client_cancel(Client *client)
{
	client->cancelling = true;
	client->was_busy = client->ntasks > 0;
	switch (client->state)
	{
		case STATE_CLIENT_IDLE:
			break;
		case STATE_CLIENT_WANTING:
		case STATE_CLIENT_QUEUED:
			leave_queue(client);
			break;
		case STATE_CLIENT_RUNNING:
			break;
		case STATE_CLIENT_SPOOL:
			close_spool(client);
			client->state = STATE_CLIENT_IDLE;
			break;
	}
	if (client->state == STATE_CLIENT_RUNNING && client->was_busy)
	{
		channel_cancel(client->channel, false);
		pool_interrupt(&client->grant);
	}
	drop_frames(client);
}

int
client_worker_pid(const Client *client)
{
	return client->state == STATE_CLIENT_RUNNING ? pool_worker_pid(&client->grant) : 0;
}

void
client_close(Client *client)
{
	if (!client->stopped)
		stop(client);
	MemoryContextDelete(client->context);
}

void
client_fill_failure(RemoteError *error)
{
	memset(error, 0, sizeof(*error));
	error->elevel = ERROR;
	error->sqlerrcode = ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
	error->message = pstrdup("could not start a worker for a task");
	error->hint = pstrdup("You may need to increase max_worker_processes; the server log may say more.");
}

void
client_raise_failure(void)
{
	RemoteError error;

	client_fill_failure(&error);
	remote_error_throw(&error, NULL);
}

/* Let go of worker, channel and files. */
static void
stop(Client *client)
{
	client->stopped = true;
	dlist_delete(&client->open_node);
	client_cancel(client);
	if (client->channel)
	{
		if (client->state == STATE_CLIENT_RUNNING)
			channel_cancel(client->channel, true);
		channel_detach_queues(client->channel);
		if (nspare < MAX_SPARE_CHANNELS)
			spare[nspare++] = (SpareChannel) {client->channel, client->grant};
		else
			channel_destroy(client->channel);
		client->channel = NULL;
	}
	client->state = STATE_CLIENT_IDLE;
	ResourceOwnerDelete(client->owner);
}

/*
 * The transaction whose snapshot it is ends: no worker may be left behind,
 * whoever forgot to close the client, or will do so only later in an abort.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	while (!dlist_is_empty(&open_clients))
		stop(dlist_container(Client, open_node, dlist_head_node(&open_clients)));
}

/* ---------------- getting a worker ---------------- */

static QueuedFrame *
append_frame(Client *client, Size len, bool is_task)
{
	QueuedFrame *frame = MemoryContextAlloc(client->context, offsetof(QueuedFrame, data) + len);

	frame->is_task = is_task;
	frame->sent = false;
	frame->len = len;
	frame->node.next = NULL;
	if (client->last)
		slist_insert_after(&client->last->node, &frame->node);
	else
		slist_push_head(&client->frames, &frame->node);
	client->last = frame;
	client->ntasks += is_task;
	if (!client->next)
		client->next = frame;
	return frame;
}

static void
want_slot(Client *client)
{
	if (!client->channel)
		client->channel = take_channel();
	dlist_push_tail(&wanting, &client->node);
	client->state = STATE_CLIENT_WANTING;
	drive_queue();
}

static Channel *
take_channel(void)
{
	for (int i = 0; i < nspare; i++)
	{
		Channel    *channel = spare[i].channel;

		if (!pool_serves(&spare[i].grant))
		{
			spare[i] = spare[--nspare];
			return channel;
		}
	}
	return channel_create(TopMemoryContext);
}

/* See whether the queued client got its slot, and queue the next one. */
static void
drive_queue(void)
{
	for (;;)
	{
		Client	   *client;
		PoolRequest request = {0};

		if (queued)
		{
			switch (pool_poll(&queued->grant))
			{
				case POOL_WAIT:
					return;
				case POOL_FAILED:
					queued->failed = true;
					queued->state = STATE_CLIENT_IDLE;
					queued = NULL;
					break;
				case POOL_GRANTED:
					queued->state = STATE_CLIENT_RUNNING;
					queued = NULL;
					break;
			}
		}
		if (dlist_is_empty(&wanting))
			return;
		client = dlist_container(Client, node, dlist_pop_head_node(&wanting));
		channel_reset(client->channel);
		restart_requests(client);
		request.channel = dsm_segment_handle(client->channel->segment);
		request.channel_id = client->channel->header->id;
		request.dboid = MyDatabaseId;
		request.role = client->service_role;
		request.driver = client->driver;
		request.job = client->job;
		strlcpy(request.pool, client->pool, NAMEDATALEN);
		request.weight = Max(client->pool_weight, 1);
		client->state = STATE_CLIENT_QUEUED;
		queued = client;
		pool_enqueue(&request);
	}
}

/* Take back the wish for a slot; one that was just granted is used after all. */
static void
leave_queue(Client *client)
{
	if (client->state == STATE_CLIENT_WANTING)
	{
		dlist_delete(&client->node);
		client->state = STATE_CLIENT_IDLE;
		return;
	}
	Assert(queued == client);
	pool_leave();
	queued = NULL;
	if (pool_poll(&client->grant) == POOL_GRANTED && client->grant.slot >= 0)
		client->state = STATE_CLIENT_RUNNING;	/* with nothing to do: it leaves */
	else
	{
		memset(&client->grant, 0, sizeof(client->grant));
		client->state = STATE_CLIENT_IDLE;
	}
}

/* ---------------- talking to a worker ---------------- */

/*
 * Begin anew with what is unanswered.  It is in the queue before the worker
 * comes: one that finds nothing to do leaves, above all when others wait.
 */
static void
restart_requests(Client *client)
{
	ListCell   *lc;

	client->hello_sent = false;
	foreach(lc, client->prologue)
		((QueuedFrame *) lfirst(lc))->sent = false;
	client->next = slist_is_empty(&client->frames) ? NULL :
		slist_head_element(QueuedFrame, node, &client->frames);
	send_requests(client);
}

/* Send ahead what the request queue takes. */
static void
send_requests(Client *client)
{
	ListCell   *lc;

	if (client->cancelling)
		return;
	if (!client->hello_sent)
	{
		if (!send_one(client, client->hello.data, client->hello.len))
			return;
		client->hello_sent = true;
	}
	foreach(lc, client->prologue)
	{
		QueuedFrame *frame = lfirst(lc);

		if (!frame->sent && !send_one(client, frame->data, frame->len))
			return;
		frame->sent = true;
	}
	while (client->next)
	{
		QueuedFrame *frame = client->next;

		if (!send_one(client, frame->data, frame->len))
			return;
		client->next = slist_has_next(&client->frames, &frame->node) ?
			slist_container(QueuedFrame, node, frame->node.next) : NULL;
	}
}

/* False: later, with the same data. When the worker left, results will tell. */
static bool
send_one(Client *client, const char *data, Size len)
{
	return shm_mq_send(client->channel->requests, len, data, true, true) == SHM_MQ_SUCCESS;
}

static ClientEvent
read_results(Client *client, const char **frame, Size *len)
{
	bool		serves = pool_serves(&client->grant);

	send_requests(client);
	for (;;)
	{
		void	   *data;

		switch (shm_mq_receive(client->channel->results, len, &data, true))
		{
			case SHM_MQ_SUCCESS:
				if (client->cancelling)
					continue;
				*frame = data;
				note_answer(client, *frame);
				return CLIENT_FRAME;
			case SHM_MQ_WOULD_BLOCK:
				/* it may have left without ever attaching */
				return serves ? CLIENT_NOTHING : worker_left(client, frame, len);
			case SHM_MQ_DETACHED:
				return serves ? CLIENT_NOTHING : worker_left(client, frame, len);
		}
	}
}

/* The worker is off the channel and all of the result queue was read. */
static ClientEvent
worker_left(Client *client, const char **frame, Size *len)
{
	ChannelHeader *header = client->channel->header;

	pg_read_barrier();			/* pairs with the end of the assignment */
	client->state = STATE_CLIENT_IDLE;
	channel_detach_queues(client->channel);
	if (client->cancelling)
		return finish_cancel(client);
	switch (header->end)
	{
		case CHANNEL_LEFT:
			return CLIENT_NOTHING;	/* client_poll asks for the next worker */
		case CHANNEL_FAILED:
			return last_frame(client, frame, len);
		case CHANNEL_SPOOLED:
			if (header->last_len > 0)
			{
				channel_delete_spool(client->channel);
				return last_frame(client, frame, len);
			}
			client->state = STATE_CLIENT_SPOOL;
			return CLIENT_NOTHING;
		case CHANNEL_OPEN:
			channel_delete_spool(client->channel);
			return lost_worker(client, frame, len);
	}
	pg_unreachable();
}

static ClientEvent
finish_cancel(Client *client)
{
	client->cancelling = false;
	if (client->channel && client->state != STATE_CLIENT_RUNNING)
		channel_delete_spool(client->channel);
	return CLIENT_CANCELLED;
}

/* The head task's last frame is one that the worker could not send in the usual way. */
static ClientEvent
last_frame(Client *client, const char **frame, Size *len)
{
	int32		task = pg_hton32(first_task(client));

	resetStringInfo(&client->buffer);
	appendBinaryStringInfo(&client->buffer, client->channel->header->last_frame,
						   client->channel->header->last_len);
	memcpy(client->buffer.data + 1, &task, sizeof(task));
	*frame = client->buffer.data;
	*len = client->buffer.len;
	note_answer(client, *frame);
	return CLIENT_FRAME;
}

static ClientEvent
lost_worker(Client *client, const char **frame, Size *len)
{
	ErrorData	error = {0};

	if (client->ntasks == 0)
		return CLIENT_NOTHING;
	error.elevel = ERROR;
	error.sqlerrcode = ERRCODE_ADMIN_SHUTDOWN;
	error.message = "lost the worker of a task";
	frame_write_error(&client->buffer, FRAME_ERROR, first_task(client), &error);
	*frame = client->buffer.data;
	*len = client->buffer.len;
	note_answer(client, *frame);
	return CLIENT_FRAME;
}

/* ---------------- the spool ---------------- */

static ClientEvent
read_spool(Client *client, const char **frame, Size *len)
{
	uint32		size;
	size_t		got;

	if (!client->spool)
	{
		MemoryContext old = MemoryContextSwitchTo(client->context);
		ResourceOwner owner = CurrentResourceOwner;

		CurrentResourceOwner = client->owner;
		client->spool = BufFileOpenFileSet(&client->channel->header->files.fs,
										   CHANNEL_SPOOL_NAME, O_RDONLY, false);
		CurrentResourceOwner = owner;
		MemoryContextSwitchTo(old);
	}
	got = BufFileRead(client->spool, &size, sizeof(size));
	if (got == 0)
	{
		close_spool(client);
		client->state = STATE_CLIENT_IDLE;
		return CLIENT_NOTHING;
	}
	resetStringInfo(&client->buffer);
	if (got == sizeof(size))
	{
		enlargeStringInfo(&client->buffer, size);
		got = BufFileRead(client->spool, client->buffer.data, size);
	}
	if (got != size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("could not read the spooled result of a task: file is too short")));
	client->buffer.len = size;
	*frame = client->buffer.data;
	*len = size;
	note_answer(client, *frame);
	return CLIENT_FRAME;
}

static void
close_spool(Client *client)
{
	if (client->spool)
		BufFileClose(client->spool);
	client->spool = NULL;
	channel_delete_spool(client->channel);
}

/* ---------------- unanswered tasks ---------------- */

/* A task's last frame takes it, and what is before it, off the list. */
static void
note_answer(Client *client, const char *data)
{
	if (data[0] != FRAME_DONE && data[0] != FRAME_ERROR)
		return;
	while (!slist_is_empty(&client->frames))
	{
		QueuedFrame *frame = slist_container(QueuedFrame, node,
											 slist_pop_head_node(&client->frames));

		if (frame == client->last)
			client->last = NULL;
		if (frame == client->next)
			client->next = NULL;
		if (frame->is_task)
		{
			client->ntasks--;
			pfree(frame);
			break;
		}
		add_to_prologue(client, frame, true);
	}
}

/* A setup takes the place of all that was said before, sources that of the stage's own. */
static void
add_to_prologue(Client *client, QueuedFrame *frame, bool sent)
{
	MemoryContext old = MemoryContextSwitchTo(client->context);
	ListCell   *lc;

	frame->sent = sent;
	foreach(lc, client->prologue)
	{
		QueuedFrame *other = lfirst(lc);

		if (frame->data[0] == FRAME_JOB_SETUP || same_stage(frame, other))
		{
			client->prologue = foreach_delete_current(client->prologue, lc);
			pfree(other);
		}
	}
	client->prologue = lappend(client->prologue, frame);
	MemoryContextSwitchTo(old);
}

/* Are both sources of the same stage, which is what comes first in them? */
static bool
same_stage(const QueuedFrame *a, const QueuedFrame *b)
{
	return a->data[0] == FRAME_SOURCES && b->data[0] == FRAME_SOURCES &&
		a->len > 1 + sizeof(int32) && b->len > 1 + sizeof(int32) &&
		memcmp(a->data + 1, b->data + 1, sizeof(int32)) == 0;
}

/* Forget all tasks; the newest setup, and sources, stay in force. */
static void
drop_frames(Client *client)
{
	while (!slist_is_empty(&client->frames))
	{
		QueuedFrame *frame = slist_container(QueuedFrame, node,
											 slist_pop_head_node(&client->frames));

		if (frame->is_task)
			pfree(frame);
		else
			add_to_prologue(client, frame, false);
	}
	client->last = client->next = NULL;
	client->ntasks = 0;
}

static int32
first_task(Client *client)
{
	slist_iter	iter;

	slist_foreach(iter, &client->frames)
	{
		QueuedFrame *frame = slist_container(QueuedFrame, node, iter.cur);

		if (frame->is_task)
		{
			StringInfoData buf;

			buf.data = frame->data;
			buf.len = buf.maxlen = frame->len;
			buf.cursor = 1;
			return frame_read_task(&buf)->task;
		}
	}
	return 0;
}
