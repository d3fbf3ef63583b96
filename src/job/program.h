/*-------------------------------------------------------------------------
 * program.h
 *	  Programs of the aggregate barks.rdd_combine: expressions as text.
 *
 * A program is an array of SELECTs, or NULLs, each of expressions over the columns of
 * one sub-select.  Those that read a state have its columns first, as many as
 * all of them give.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_PROGRAM_H
#define BARKS_JOB_PROGRAM_H

#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"

typedef enum ProgramPart
{
	PROGRAM_ZERO,				/* the state before any value; or NULL */
	PROGRAM_FIRST,				/* else: of the first value; NULL: it is that */
	PROGRAM_ADD,				/* state, value */
	PROGRAM_MERGE,				/* state, state */
	PROGRAM_PARTS
} ProgramPart;

/* The program in a call of barks.rdd_combine, a Const; NULL of all others. */
extern Const *program_of_call(const Aggref *aggref);
/* Is it such a call, whatever its program? */
extern bool program_is_called(const Aggref *aggref);
/*
 * A Query for each part, or NULL.  Raises an error when it is no program.  Text means the
 * same under all settings.
 */
extern List *program_parse(Datum program);
/* The same from texts, some NULL: a Const. */
extern Const *program_make(List *texts);

extern void program_refuse(void) pg_attribute_noreturn();

#endif							/* BARKS_JOB_PROGRAM_H */
