/*-------------------------------------------------------------------------
 * client.h
 *	  A session's end of its tasks: queue them, get a worker, read frames.
 *
 * Used by the relay and by local lanes.  Nothing here blocks; our latch is set
 * when there may be something to do.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_CLIENT_H
#define BARKS_WORKER_CLIENT_H

#include "lib/stringinfo.h"
#include "utils/snapshot.h"

#include "job/protocol.h"

typedef struct Client Client;

typedef enum ClientEvent
{
	CLIENT_NOTHING,				/* not yet */
	CLIENT_FRAME,				/* a frame of a task */
	CLIENT_CANCELLED,			/* client_cancel is done: nothing submitted before it follows */
	CLIENT_FAILED				/* no worker can be had; the client is of no more use */
} ClientEvent;

/*
 * snapshot: what tasks see.  The caller keeps it registered or active until
 * client_close.  The end of the transaction stops whatever is still open.
 * service_role: whose workers, InvalidOid for a superuser of this server.
 */
extern Client *client_open(Snapshot snapshot, Oid service_role);
extern void client_setup(Client *client, const JobSetup *setup);
extern void client_submit(Client *client, const TaskSpec *spec);
/* The same for any frame of a driver but 'X' and 'S' as it came. */
extern void client_put_frame(Client *client, const char *data, Size len);
/* frame is valid until the next call for this client. */
extern ClientEvent client_poll(Client *client, const char **frame, Size *len);
extern void client_cancel(Client *client);
/* The process that runs its tasks now; 0: none. */
extern int	client_worker_pid(const Client *client);
/* Never raises; stops what is running. */
extern void client_close(Client *client);

/* Raise CLIENT_FAILED as an error, or make it one to hand on. */
extern void client_fill_failure(RemoteError *error);
extern void client_raise_failure(void);

extern void client_init(void);

#endif							/* BARKS_WORKER_CLIENT_H */
