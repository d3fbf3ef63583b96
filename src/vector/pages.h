/*-------------------------------------------------------------------------
 * pages.h
 *	  The pages of a table, one after the other, and their visible rows.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_PAGES_H
#define BARKS_VECTOR_PAGES_H

#include "access/htup_details.h"
#include "nodes/execnodes.h"
#include "storage/buf.h"

typedef struct Pages Pages;

/* In the current context, which lives as long as the query. */
extern Pages *pages_create(Relation relation, EState *estate);
/*
 * The next page that has visible rows stays pinned, for the caller to release;
 * rows has room for MaxHeapTuplesPerPage.  InvalidBuffer: there are no more.
 */
extern Buffer pages_next(Pages *pages, HeapTupleHeader *rows, int *nrows);
/* From the start. */
/* So many bytes of each row are looked at before it is known whether the others are. */
extern void pages_expect(Pages *pages, Size bytes);
extern void pages_rescan(Pages *pages);
extern void pages_end(Pages *pages);

/* A scan of which several processes take a part each: what they share. */
extern Size pages_shared_size(Pages *pages);
extern void pages_share(Pages *pages, void *shared);
/* Before another round; who rescans does so too. */
extern void pages_reshare(Pages *pages, void *shared);
/* Another process joins in. */
extern void pages_attach(Pages *pages, void *shared);

#endif							/* BARKS_VECTOR_PAGES_H */
