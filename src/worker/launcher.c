/*-------------------------------------------------------------------------
 * launcher.c
 *	  The process that starts workers and notices when they are gone.
 *
 * It is the only one that registers background workers, so it alone holds
 * their handles and is told of their end.  It decides nothing: pool.c says
 * which slots want a worker.  When it dies it is restarted and finds its work
 * in shared memory.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "worker/launcher.h"
#include "worker/pool.h"

/* How often to look although nobody called: a refused start is tried again. */
#define LAUNCHER_NAP_MS		1000

/* What the launcher knows of the worker it started for a slot. */
typedef struct Started
{
	uint64		generation;
	BackgroundWorkerHandle *handle; /* NULL: none */
} Started;

PGDLLEXPORT void barks_launcher_main(Datum arg);

static void worker_changed(SIGNAL_ARGS);
static void check_slot(int slot, Started *started);
static void start_worker(int slot, const SlotInfo *info, Started *started);

void
launcher_init(void)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_library_name, "barks", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "barks_launcher_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "barks launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "barks launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

void
barks_launcher_main(Datum arg)
{
	Started    *started;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGUSR1, worker_changed);
	BackgroundWorkerUnblockSignals();

	started = MemoryContextAllocZero(TopMemoryContext, pool_slots * sizeof(Started));
	pool_launcher_start();
	while (!ShutdownRequestPending)
	{
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		pool_launcher_tick();
		for (int i = 0; i < pool_slots; i++)
			check_slot(i, &started[i]);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 LAUNCHER_NAP_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	proc_exit(0);
}

/* The postmaster tells of the start and the end of a worker. */
static void
worker_changed(SIGNAL_ARGS)
{
	int			save_errno = errno;

	SetLatch(MyLatch);
	errno = save_errno;
}

/* Start the worker a slot wants, and see whether an earlier one has ended. */
static void
check_slot(int slot, Started *started)
{
	SlotInfo	info = pool_slot_info(slot);
	pid_t		pid;

	if (started->handle &&
		GetBackgroundWorkerPid(started->handle, &pid) == BGWH_STOPPED)
	{
		pool_slot_stopped(slot, started->generation,
						  info.state == SLOT_STARTING && info.generation == started->generation ?
						  POOL_STOP_DIED : POOL_STOP_EXITED);
		pfree(started->handle);
		started->handle = NULL;
		info = pool_slot_info(slot);
	}
	if (info.state == SLOT_STARTING && !(started->handle && started->generation == info.generation))
		start_worker(slot, &info, started);
	else if (info.state == SLOT_LEAVING && !started->handle && info.pid == 0)
		pool_slot_stopped(slot, info.generation, POOL_STOP_EXITED);	/* started by an earlier launcher */
}

static void
start_worker(int slot, const SlotInfo *info, Started *started)
{
	BackgroundWorker worker = {0};
	WorkerStart start = {0};
	MemoryContext old;
	bool		ok;

	if (started->handle)
		pfree(started->handle);
	started->handle = NULL;
	started->generation = info->generation;
	start.generation = info->generation;
	start.dboid = info->dboid;
	start.role = info->role;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "barks", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "barks_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "barks worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "barks worker", BGW_MAXLEN);
	worker.bgw_main_arg = Int32GetDatum(slot);
	StaticAssertStmt(sizeof(WorkerStart) <= BGW_EXTRALEN, "WorkerStart must fit bgw_extra");
	memcpy(worker.bgw_extra, &start, sizeof(start));
	worker.bgw_notify_pid = MyProcPid;

	old = MemoryContextSwitchTo(TopMemoryContext);
	ok = RegisterDynamicBackgroundWorker(&worker, &started->handle);
	MemoryContextSwitchTo(old);
	if (!ok)
	{
		started->handle = NULL;
		pool_slot_stopped(slot, info->generation, POOL_STOP_REFUSED);
	}
}
