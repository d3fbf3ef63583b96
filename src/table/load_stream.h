/*-------------------------------------------------------------------------
 * load_stream.h
 *	  The driver's end of COPY barks.load: frames to the write sessions.
 *
 * One stream per node at a time, opened by the first frame of a statement and
 * ended with it, or when somebody else needs the session.  The node stores a
 * frame's rows when it gets it; its errors are raised by any later call.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_LOAD_STREAM_H
#define BARKS_TABLE_LOAD_STREAM_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* A frame is a shard's qualified name with its zero byte, then a batch. */
extern void load_stream_put(Oid node, CommandId cid, const StringInfo frame);
/* End all streams; returns when the nodes have stored everything. */
extern void load_stream_end_all(void);
extern void load_stream_init(void);

#endif							/* BARKS_TABLE_LOAD_STREAM_H */
