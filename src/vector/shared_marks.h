/*-------------------------------------------------------------------------
 * shared_marks.h
 *	  Which of the rows that all processes of a parallel join keep have met a partner.
 *
 * All keep the same rows, under the same numbers; each meets other rows with them,
 * and marks those that have a partner.  Then the marks are put together, and each
 * process gives some of the rows.
 */
#ifndef BARKS_VECTOR_SHARED_MARKS_H
#define BARKS_VECTOR_SHARED_MARKS_H

#include "access/parallel.h"

typedef struct SharedMarks SharedMarks;

extern Size shared_marks_size(void);
/* The leader makes them, and makes them new for another round. */
extern SharedMarks *shared_marks_create(void *shared, ParallelContext *pcxt);
extern void shared_marks_reset(SharedMarks *marks);
extern SharedMarks *shared_marks_attach(void *shared);

/* Begin to mark.  Whoever has begun must merge before it gives rows to anybody: others wait. */
extern void shared_marks_begin(SharedMarks *marks);
/*
 * All rows have been met: the marks of n rows become those of all processes.  A
 * process that began when the others had merged already has met nothing.
 */
extern void shared_marks_merge(SharedMarks *marks, bool *marked, uint32 n);
/* Take some of n rows to give: from one to before another; false: there are no more. */
extern bool shared_marks_take(SharedMarks *marks, uint32 n, uint32 *from, uint32 *to);

#endif							/* BARKS_VECTOR_SHARED_MARKS_H */
