/*-------------------------------------------------------------------------
 * stored.h
 *	  Distributed tables of elements of RDDs, and what is noted of them.
 *
 * All that makes, drops or looks for tables runs within SPI.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_STORED_H
#define BARKS_RDD_STORED_H

#include "rdd/query.h"

#define STORED_SCHEMA "barks_storage"
#define STORED_LOST "LOST"		/* a level: to be dropped when its nodes answer again */
#define STORED_CHECKPOINT "CHECKPOINT"
#define STORED_LOCAL "LOCAL_CHECKPOINT"

/* A row of barks.storage_entry. */
typedef struct StoredEntry
{
	const char *name;
	Oid			role;
	const char *level;
	RddShape   *shape;
	int			partitions;		/* of the RDD when it was stored */
	bool		by_key;
	const char *partitioner;	/* hash or range, NULL for none */
} StoredEntry;

/* The table that is stored under the name, and not lost; or InvalidOid. */
extern Oid	stored_find(const char *name);
/* Is the table the current role's, and can all of it be read now? */
extern bool stored_is_ours(Oid table);
extern bool stored_is_readable(Oid table);
/* Ask the nodes again, whatever they said just now. */
extern void stored_ask_again(void);
/* Palloc'd; NULL when the table is none of ours. */
extern StoredEntry *stored_entry(Oid table);

/* Until the transaction ends nobody else makes, or drops, what is stored under the name. */
extern void stored_lock(const char *name);
/*
 * Compute the RDD into a table.  InvalidOid, and no table, when policies choose the rows
 * and these are not wanted: for another session of the role they may choose others.
 */
extern Oid	stored_make(const Rdd *rdd, const char *name, const char *level, int copies, bool of_policies);
extern void stored_note_read(Oid table);
/* Bytes of a table with all its copies, as noted when it was made. */
extern int64 stored_bytes(Oid table);

extern void stored_drop(Oid table);
/* False when it is in use, or a node does not answer. */
extern bool stored_try_drop(Oid table);
/* Make way for another table of the name; false when somebody changes or drops it. */
extern bool stored_set_aside(Oid table);
/* Drop the role's tables that nothing can read any more. */
extern void stored_sweep(void);
/*
 * The role's tables of these levels that are more than limit together, from the one that
 * was read longest ago on, and all that are more alone; some more than need go: the
 * caller counts.
 */
extern List *stored_oldest(const char *const *levels, int nlevels, int64 limit, int64 *total);

/* SELECT of the elements, for a step's compile(). */
extern void stored_append_select(RddQuery *query, const RddStep *step, Oid table, StringInfo select);

/* The session keeps the table until it ends. */
extern void stored_keep_for_session(Oid table);

/* Run something in a subtransaction: NULL, or the error that undid it, in the current context. */
extern ErrorData *stored_try(void (*action) (void *arg), void *arg);

#endif							/* BARKS_RDD_STORED_H */
