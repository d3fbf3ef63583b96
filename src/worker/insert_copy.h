/*-------------------------------------------------------------------------
 * insert_copy.h
 *	  COPY barks.insert: a node stores its share of a query's output.
 *
 * The driver's write session tells what is where (frames 'I' and 'W'); rows
 * come from the nodes that made them.  See driver/insert.c for the other end.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_INSERT_COPY_H
#define BARKS_WORKER_INSERT_COPY_H

extern void insert_copy_init(void);

#endif							/* BARKS_WORKER_INSERT_COPY_H */
