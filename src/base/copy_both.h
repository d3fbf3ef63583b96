/*-------------------------------------------------------------------------
 * copy_both.h
 *	  The serving end of a COPY command that takes frames one after another.
 *
 * For commands that have nothing else to do while they wait for a frame.  An
 * error while the client still sends reaches it, as in COPY BOTH it listens.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_COPY_BOTH_H
#define BARKS_BASE_COPY_BOTH_H

#include "lib/stringinfo.h"

/* Answer the command; name, for messages, lives until the end. */
extern void copy_both_begin(const char *name);
/* The next frame, waiting for it; false: the client has sent all. */
extern bool copy_both_receive(StringInfo input);
/* Nothing follows but the end of the command. */
extern void copy_both_end(void);

#endif							/* BARKS_BASE_COPY_BOTH_H */
