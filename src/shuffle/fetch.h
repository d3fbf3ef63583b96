/*-------------------------------------------------------------------------
 * fetch.h
 *	  Connections to other servers' blocks, and what they send.
 *
 *	  CONNECTING → SENDING → STREAMING → ENDING → done
 *	  any → failed
 *
 * Nothing here waits.  Connections that came to a good end are kept for the
 * next fetch from the same server.
 */
#ifndef BARKS_SHUFFLE_FETCH_H
#define BARKS_SHUFFLE_FETCH_H

#include "postgres.h"

typedef struct Fetch Fetch;

typedef enum FetchEvent
{
	FETCH_NOTHING,				/* wait for the socket */
	FETCH_MESSAGE,
	FETCH_DONE,					/* all was sent; end it */
	FETCH_FAILED				/* fetch_why says why; end it */
} FetchEvent;

/* Send a COPY command to the server, over a connection that may be a warm one. */
extern Fetch *fetch_begin(const char *conninfo, const char *command);
/* data is the caller's, to be freed by fetch_free_message. */
extern FetchEvent fetch_poll(Fetch *fetch, char **data, int *len);
extern void fetch_free_message(char *data);
extern pgsocket fetch_socket(const Fetch *fetch, uint32 *events);
/* A sentence, valid until the fetch ends. */
extern const char *fetch_why(const Fetch *fetch);
/* The connection is kept when all was sent, else closed.  Never raises. */
extern void fetch_end(Fetch *fetch);

/* Keep connections from now on; else they are closed when they are done, and so are those kept. */
extern void fetch_keep_connections(bool keep);
/* Close those that were idle for long, or all of them. */
extern void fetch_close_idle(bool all);
/* ms until there may be such; -1: there are no idle ones. */
extern long fetch_idle_timeout(void);

#endif							/* BARKS_SHUFFLE_FETCH_H */
