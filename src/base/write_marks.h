/*-------------------------------------------------------------------------
 * write_marks.h
 *	  Which commands of a driver's transaction wrote here, and as which of ours.
 *
 * A query of the driver must not see what later commands wrote, nor its own
 * command.  Here each of these is a command with a number of its own.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_WRITE_MARKS_H
#define BARKS_BASE_WRITE_MARKS_H

/* The driver's command theirs writes in our command ours, of this transaction. */
extern void write_marks_add(CommandId theirs, CommandId ours);
/* Our first command that wrote for theirs or for a later one; false: none did. */
extern bool write_marks_find(CommandId theirs, CommandId *ours);

#endif							/* BARKS_BASE_WRITE_MARKS_H */
