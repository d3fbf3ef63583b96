/*-------------------------------------------------------------------------
 * channel.h
 *	  The shared memory through which a session and a worker talk.
 *
 * A channel is a dynamic shared memory segment of the session: a header, a
 * queue for requests and a larger one for results, and a set of temporary
 * files.  A worker attaches for the time it has been assigned the channel;
 * then the queues are made anew, so that each assignment starts clean.
 *
 * The first message of an assignment is the hello: the session's snapshot.
 * All others are frames (job/protocol.h).
 *
 * When the consumer is slow and others wait for a slot, the worker writes the
 * rest of its task's frames to the channel's spool file, leaves, and the
 * session reads the file after the queue.
 */
#ifndef BARKS_WORKER_CHANNEL_H
#define BARKS_WORKER_CHANNEL_H

#include "lib/stringinfo.h"
#include "port/atomics.h"
#include "storage/dsm.h"
#include "storage/sharedfileset.h"
#include "storage/shm_mq.h"
#include "utils/snapshot.h"

#define CHANNEL_REQUEST_SIZE	(64 * 1024)
#define CHANNEL_RESULT_SIZE		(1024 * 1024)
#define CHANNEL_LAST_FRAME		4096
#define CHANNEL_SPOOL_NAME		"spool"

/* How a worker left the channel. */
typedef enum ChannelEnd
{
	CHANNEL_OPEN,				/* it did not, or it died */
	CHANNEL_LEFT,				/* between tasks: all it did is in the result queue */
	CHANNEL_SPOOLED,			/* likewise, and the rest is in the spool file */
	CHANNEL_FAILED				/* no task could be run; last_frame says why */
} ChannelEnd;

/*
 * What one side tells the other beside the queues.  Each side sets its own
 * word by exchange, so that exactly one of a session that abandons and a
 * worker that leaves knows of the other, and deletes the spool file.
 */
typedef enum ChannelWish
{
	CHANNEL_GO_ON,
	CHANNEL_CANCEL,				/* session: drop everything and leave */
	CHANNEL_ABANDON,			/* session: likewise, I read nothing more */
	CHANNEL_LEAVE				/* worker: I wrote my last */
} ChannelWish;

typedef struct ChannelHeader
{
	uint64		id;				/* tells a segment from another with the same handle */
	pg_atomic_uint32 wish;		/* a ChannelWish */
	pg_atomic_uint32 closed;	/* the session has gone: files are the worker's to delete */
	ChannelEnd	end;			/* worker → session, read after the assignment ended */
	bool		has_spool;		/* a spool file exists */
	Size		last_len;		/* of last_frame: one more, which could not be queued or spooled */
	char		last_frame[CHANNEL_LAST_FRAME];
	SharedFileSet files;
} ChannelHeader;

typedef struct Channel
{
	dsm_segment *segment;
	ChannelHeader *header;
	shm_mq_handle *requests;	/* NULL: not attached */
	shm_mq_handle *results;
	MemoryContext context;		/* of the handles */
} Channel;

/* What a worker needs to know of the session's transaction; a hello is this and the snapshot. */
typedef struct ChannelHello
{
	int			leader_pgprocno;
	LocalTransactionId leader_lxid;
} ChannelHello;

/* A session's side; the channel and its mapping live until channel_destroy. */
extern Channel *channel_create(MemoryContext context);
extern void channel_reset(Channel *channel);	/* new queues; no worker may be attached */
extern void channel_destroy(Channel *channel);
extern void channel_delete_spool(Channel *channel);
extern void channel_write_hello(StringInfo buf, Snapshot snapshot);

/* A worker's side; false when the channel is gone already. */
extern bool channel_open(Channel *channel, dsm_handle handle, uint64 id);
extern void channel_unmap(Channel *channel);
/* Make the snapshot of a hello this transaction's; it must be a fresh one. */
extern void channel_restore_hello(const char *data, Size len);

/* Both sides: let go of the queues, keep the mapping. */
extern void channel_detach_queues(Channel *channel);
extern bool channel_cancelled(const Channel *channel);
/* A session: have the worker drop everything; abandon: and never look again. */
extern void channel_cancel(Channel *channel, bool abandon);
/* A worker, last of all: write no more. */
extern void channel_leave(Channel *channel);

#endif							/* BARKS_WORKER_CHANNEL_H */
