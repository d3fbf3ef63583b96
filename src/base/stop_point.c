/*-------------------------------------------------------------------------
 * stop_point.c
 *	  Named places where a test can pause, fail or kill a process.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"

#include "base/stop_point.h"

char	   *stop_points = "";

/* Every stop point there is. */
static const char *const known_points[] = {
	"commit.before_prepare",	/* nothing is prepared yet */
	"commit.after_prepare_one", /* the first node prepared */
	"commit.after_prepare",		/* all nodes prepared, no decision yet */
	"commit.after_local",		/* decided, nothing committed remotely */
	"commit.after_commit_one",	/* the first node committed */
	"snapshot.before_take",		/* connected, the commit lock is held */
	"snapshot.taken",			/* all nodes gave their snapshots */
	"task.before_run",			/* a worker is about to run a task */
	"task.after_batch",			/* a worker sent a batch */
	"task.before_done",			/* a worker ran a task, not yet said so */
	"shuffle.before_write",		/* a task is about to write blocks */
	"shuffle.before_publish",	/* its file is whole, and not yet named */
	"shuffle.before_fetch",		/* a task is about to read another's output */
	"shuffle.in_fetch",			/* some of it came over the network */
	"sched.before_stage",		/* a driver is about to begin a stage of several */
	"sched.between_stages",		/* a stage that others read is complete */
	"load.after_frame",			/* a node stored one batch of a load */
	"insert.before_store",		/* a node was told what of a query's rows to store */
	"insert.after_batch",		/* it stored some of them */
	"tpch.after_flush",			/* a node stored some rows of a TPC-H table */
	NULL
};

static bool point_action(const char *name, char *action, Size size);
static bool check_stop_points(char **newval, void **extra, GucSource source);

void
stop_point_init(void)
{
	DefineCustomStringVariable("barks.stop_points",
							   "Places where this process pauses or fails, for tests.",
							   "A comma-separated list of name=wait|error|fatal|kill.",
							   &stop_points, "", PGC_SUSET,
							   GUC_NOT_IN_SAMPLE | GUC_NO_SHOW_ALL | GUC_LIST_INPUT,
							   check_stop_points, NULL, NULL);
}

void
stop_point_reached(const char *name)
{
	char		action[16];

	if (!point_action(name, action, sizeof(action)))
		return;
	ereport(LOG, (errmsg("stop point %s: %s", name, action)));
	if (strcmp(action, "error") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("stopped at \"%s\"", name)));
	else if (strcmp(action, "fatal") == 0)
		ereport(FATAL,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("stopped at \"%s\"", name)));
	else if (strcmp(action, "kill") == 0)
		kill(MyProcPid, SIGKILL);
	while (point_action(name, action, sizeof(action)) && strcmp(action, "wait") == 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 10, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

/* Copy the action set for name; false when there is none. */
static bool
point_action(const char *name, char *action, Size size)
{
	const char *p = stop_points;
	Size		len = strlen(name);

	while (*p)
	{
		const char *end = strchrnul(p, ',');

		while (*p == ' ')
			p++;
		if ((Size) (end - p) > len && strncmp(p, name, len) == 0 && p[len] == '=')
		{
			strlcpy(action, p + len + 1, Min(size, (Size) (end - p) - len));
			return true;
		}
		p = *end ? end + 1 : end;
	}
	return false;
}

/* A GUC check hook: only known names, only known actions. */
static bool
check_stop_points(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	char	   *save = NULL;

	for (char *item = strtok_r(copy, ", ", &save); item; item = strtok_r(NULL, ", ", &save))
	{
		char	   *eq = strchr(item, '=');
		bool		found = false;

		if (eq)
			*eq = '\0';
		for (int i = 0; known_points[i]; i++)
			found |= strcmp(known_points[i], item) == 0;
		if (!found || !eq ||
			(strcmp(eq + 1, "wait") != 0 && strcmp(eq + 1, "error") != 0 &&
			 strcmp(eq + 1, "fatal") != 0 && strcmp(eq + 1, "kill") != 0))
		{
			GUC_check_errdetail("\"%s\" is not a stop point with an action.", item);
			return false;
		}
	}
	return true;
}
