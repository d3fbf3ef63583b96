/*-------------------------------------------------------------------------
 * pipe_process.h
 *	  A shell command that lines are written to and read from.
 *
 * Neither side waits for the other for ever: while the command takes no more input,
 * its output is read.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_PIPE_PROCESS_H
#define BARKS_RDD_PIPE_PROCESS_H

#include "postgres.h"

typedef struct PipeProcess PipeProcess;

/* env: NAME=value, ended by NULL, beside what the server has.  In the current context. */
extern PipeProcess *pipe_process_start(const char *command, char **env);
extern void pipe_process_write(PipeProcess *process, const char *line, Size length);
/* Nothing more will be written. */
extern void pipe_process_close_input(PipeProcess *process);
/*
 * A line of output, without its end; it is good until the next call.  False when there is
 * none before more is written, or, with the input closed, when there will be none.
 */
extern bool pipe_process_read(PipeProcess *process, const char **line, Size *length);
/* After the last line; raises an error if the command failed. */
extern void pipe_process_end(PipeProcess *process);
/* Without waiting for it. */
extern void pipe_process_kill(PipeProcess *process);

#endif							/* BARKS_RDD_PIPE_PROCESS_H */
