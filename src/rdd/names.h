/*-------------------------------------------------------------------------
 * names.h
 *	  The names of operations in the query of a lineage, for query.c.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_NAMES_H
#define BARKS_RDD_NAMES_H

#include "rdd/query.h"

/* Is it an operation that only goes over elements? */
extern bool rdd_is_simple(const RddStep *step);
/* Of a step that was compiled. */
extern void rdd_note_names(RddQuery *query, int number);
/* The step's SELECT, or one over it with the mark, if the query is to have them. */
extern char *rdd_mark(RddQuery *query, int number, const char *select);

#endif							/* BARKS_RDD_NAMES_H */
