/*-------------------------------------------------------------------------
 * serve.h
 *	  COPY barks.shuffle: blocks of a job to another server.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_SERVE_H
#define BARKS_SHUFFLE_SERVE_H

extern void serve_init(void);

#endif							/* BARKS_SHUFFLE_SERVE_H */
