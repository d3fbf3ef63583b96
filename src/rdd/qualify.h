/*-------------------------------------------------------------------------
 * qualify.h
 *	  Schemas for the names in an RDD's expressions.
 *
 * A lambda or a query is kept with the schemas of what its names meant when the
 * transformation was called, so that it means the same under any search path.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_QUALIFY_H
#define BARKS_RDD_QUALIFY_H

#include "nodes/pg_list.h"

/* Collect texts until the end; gives what was collected before. */
extern List *qualify_begin(void);
extern void qualify_end(List *before);
/* Such a text was analyzed; raw is what the parser made of it, which nobody has changed. */
extern void qualify_note(const char *text, Node *raw, Node *analyzed);
extern bool qualify_collects(void);
/* Of constants those that hold such texts become others. */
extern List *qualify_constants(List *constants);

#endif							/* BARKS_RDD_QUALIFY_H */
