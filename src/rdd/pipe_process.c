/*-------------------------------------------------------------------------
 * pipe_process.c
 *	  A shell command that lines are written to and read from.
 *
 * Both pipes are non-blocking on this side.  The command leads a process group of
 * its own, so that what it has started ends with it when the query is cancelled.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "rdd/pipe_process.h"

#define WRITE_BYTES		(64 * 1024) /* written at once, so that each line is no system call */
#define READ_BYTES		(64 * 1024)
#define END_WAIT_MS		20

struct PipeProcess
{
	MemoryContext context;
	MemoryContextCallback release;
	char	   *command;
	pid_t		pid;			/* 0: it has been waited for */
	int			in;				/* the command's input, -1: closed */
	int			out;
	StringInfoData input;		/* not written yet, from input.cursor on */
	bool		last;			/* no more will come */
	char	   *output;
	Size		size;
	Size		start;
	Size		filled;
	bool		at_end;			/* of the output */
};

static void make_pipe(int pair[2]);
static void run_command(const char *command, char **env, int in, int out) pg_attribute_noreturn();
static void write_input(PipeProcess *process);
static bool read_output(PipeProcess *process);
static bool take_line(PipeProcess *process, Size *seen, const char **line, Size *length);
static void wait_for_command(PipeProcess *process);
static void close_pipe(int *fd);
static void release_process(void *arg);

PipeProcess *
pipe_process_start(const char *command, char **env)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks pipe", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	PipeProcess *process = palloc0(sizeof(PipeProcess));
	int			in[2];
	int			out[2];

	process->context = context;
	process->command = pstrdup(command);
	process->size = READ_BYTES;
	process->output = palloc(process->size);
	initStringInfo(&process->input);
	process->in = process->out = -1;
	process->release.func = release_process;
	process->release.arg = process;
	MemoryContextRegisterResetCallback(context, &process->release);

	make_pipe(in);
	process->in = in[1];
	make_pipe(out);
	process->out = out[0];
	fflush(NULL);
	process->pid = fork();
	if (process->pid == 0)
		run_command(command, env, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (process->pid < 0)
	{
		process->pid = 0;
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not start command \"%s\": %m", command)));
	}
	(void) fcntl(process->in, F_SETFL, O_NONBLOCK);
	(void) fcntl(process->out, F_SETFL, O_NONBLOCK);
	MemoryContextSwitchTo(old);
	return process;
}

/* One end stays here, and counts among the server's files until close_pipe(). */
static void
make_pipe(int pair[2])
{
	ReserveExternalFD();
	if (pipe2(pair, O_CLOEXEC) != 0)
	{
		ReleaseExternalFD();
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create pipe: %m")));
	}
}

/* In the new process: nothing of the server's may be left but its environment. */
static void
run_command(const char *command, char **env, int in, int out)
{
	sigset_t	none;

	(void) setsid();
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	(void) close_range(STDERR_FILENO + 1, ~0U, 0);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		(void) signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (; env && *env; env++)
		(void) putenv(*env);
	execl("/bin/sh", "sh", "-c", command, (char *) NULL);
	_exit(127);
}

void
pipe_process_write(PipeProcess *process, const char *line, Size length)
{
	if (process->in < 0)
		return;					/* the command has seen enough */
	appendBinaryStringInfo(&process->input, line, length);
	appendStringInfoChar(&process->input, '\n');
}

void
pipe_process_close_input(PipeProcess *process)
{
	process->last = true;
}

bool
pipe_process_read(PipeProcess *process, const char **line, Size *length)
{
	Size		seen = 0;

	for (;;)
	{
		StringInfo	input = &process->input;
		bool		written;

		if (take_line(process, &seen, line, length))
			return true;
		if (!process->last && input->len < WRITE_BYTES && input->cursor == 0)
			return false;
		write_input(process);
		written = input->len == 0;
		if (written && process->last)
			close_pipe(&process->in);
		if (written && process->at_end)
			return false;
		if (read_output(process))
			continue;
		if (written && !process->last)
			return false;
		if (!written || !process->at_end)
			wait_for_command(process);
		CHECK_FOR_INTERRUPTS();
	}
}

/* As much as it takes now. */
static void
write_input(PipeProcess *process)
{
	StringInfo	input = &process->input;

	while (process->in >= 0 && input->cursor < input->len)
	{
		ssize_t		n = write(process->in, input->data + input->cursor, input->len - input->cursor);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EPIPE)
		{
			close_pipe(&process->in);	/* it has seen enough */
			break;
		}
		if (n < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write to command \"%s\": %m", process->command)));
		input->cursor += n;
	}
	resetStringInfo(input);
}

/* False when there is nothing now. */
static bool
read_output(PipeProcess *process)
{
	ssize_t		n;

	if (process->at_end)
		return false;
	if (process->start > 0)
	{
		memmove(process->output, process->output + process->start, process->filled - process->start);
		process->filled -= process->start;
		process->start = 0;
	}
	if (process->filled == process->size)
	{
		if (process->size >= MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a line of command \"%s\" is too long", process->command)));
		process->size = Min(process->size * 2, MaxAllocSize);
		process->output = repalloc(process->output, process->size);
	}
	do
		n = read(process->out, process->output + process->filled, process->size - process->filled);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from command \"%s\": %m", process->command)));
	if (n > 0)
		process->filled += n;
	process->at_end = n == 0;
	return n > 0;
}

/* seen: bytes that hold no end of a line. */
static bool
take_line(PipeProcess *process, Size *seen, const char **line, Size *length)
{
	char	   *begin = process->output + process->start;
	Size		left = process->filled - process->start;
	char	   *newline = memchr(begin + *seen, '\n', left - *seen);

	if (newline == NULL && !(process->at_end && left > 0))
	{
		*seen = left;
		return false;
	}
	*line = begin;
	*length = newline ? newline - begin : left;
	process->start += newline ? *length + 1 : left;
	return true;
}

/* Until it takes input or gives output. */
static void
wait_for_command(PipeProcess *process)
{
	WaitEventSet *set = CreateWaitEventSet(CurrentMemoryContext, 4);
	WaitEvent	event;

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (!process->at_end)
		AddWaitEventToSet(set, WL_SOCKET_READABLE, process->out, NULL, NULL);
	if (process->in >= 0 && process->input.len > process->input.cursor)
		AddWaitEventToSet(set, WL_SOCKET_WRITEABLE, process->in, NULL, NULL);
	(void) WaitEventSetWait(set, -1, &event, 1, PG_WAIT_EXTENSION);
	FreeWaitEventSet(set);
	ResetLatch(MyLatch);
}

void
pipe_process_end(PipeProcess *process)
{
	int			status = 0;
	pid_t		result;

	close_pipe(&process->in);
	close_pipe(&process->out);
	while ((result = waitpid(process->pid, &status, WNOHANG)) == 0 || (result < 0 && errno == EINTR))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, END_WAIT_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	process->pid = 0;
	if (result > 0 && status != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("command \"%s\" failed", process->command),
				 errdetail_internal("%s", wait_result_to_str(status))));
	MemoryContextDelete(process->context);
}

void
pipe_process_kill(PipeProcess *process)
{
	MemoryContextDelete(process->context);
}

static void
close_pipe(int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	ReleaseExternalFD();
	*fd = -1;
}

static void
release_process(void *arg)
{
	PipeProcess *process = arg;

	close_pipe(&process->in);
	close_pipe(&process->out);
	if (process->pid > 0)
	{
		(void) kill(-process->pid, SIGKILL);
		(void) kill(process->pid, SIGKILL); /* it may not have its group yet */
		(void) waitpid(process->pid, NULL, 0);
	}
}
