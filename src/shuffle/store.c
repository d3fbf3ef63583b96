/*-------------------------------------------------------------------------
 * store.c
 *	  A job's directory on a server: who needs it, and how much it may hold.
 *
 * An entry is removed together with its directory, by whoever made it
 * unneeded.  The files go without the lock held, which may take a while; the
 * entry is marked meanwhile, and who wants it anew waits.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dirent.h>
#include <unistd.h>

#include "access/xact.h"
#include "common/file_perm.h"
#include "common/relpath.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "shuffle/store.h"

#define TEMP_DIRECTORY	"base/" PG_TEMP_FILES_DIR
#define JOB_DIRECTORY	PG_TEMP_FILE_PREFIX "_barks_" UINT64_FORMAT "_" UINT64_FORMAT
/* Jobs at a time for each backend that there may be, on average. */
#define JOBS_PER_BACKEND 16

typedef struct JobKey
{
	uint64		driver;
	uint64		job;
} JobKey;

typedef struct StoreJob
{
	JobKey		key;
	int			nleases;
	int			nwriters;
	bool		over;			/* its files are of no use any more */
	bool		has_files;		/* the directory exists */
	bool		removing;		/* somebody is at it */
	int64		bytes;			/* reserved */
} StoreJob;

/* A lease of this backend. */
typedef struct Lease
{
	dlist_node	node;
	JobKey		key;
} Lease;

typedef struct StoreShared
{
	LWLock	   *lock;
	ConditionVariable removed;
} StoreShared;

static StoreShared *shared;
static HTAB *jobs;
static dlist_head leases = DLIST_STATIC_INIT(leases);
static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static void request_shmem(void);
static void startup_shmem(void);
static StoreJob *enter_job(const JobKey *key);
static StoreJob *find_job(const JobKey *key);
static bool needless(const StoreJob *job);
static void leave_job(StoreJob *job);
static void remove_files(const JobKey *key);
static void at_transaction_end(XactEvent event, void *arg);
static void release_lease(Lease *lease);
static Lease *held_lease(const JobKey *key);

void
store_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
	RegisterXactCallback(at_transaction_end, NULL);
}

static long
max_jobs(void)
{
	return (long) MaxBackends * JOBS_PER_BACKEND;
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(StoreShared)) +
						   hash_estimate_size(max_jobs(), sizeof(StoreJob)));
	RequestNamedLWLockTranche("barks shuffle", 1);
}

static void
startup_shmem(void)
{
	HASHCTL		info = {.keysize = sizeof(JobKey), .entrysize = sizeof(StoreJob)};
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("barks shuffle", sizeof(StoreShared), &found);
	if (!found)
	{
		shared->lock = &GetNamedLWLockTranche("barks shuffle")->lock;
		ConditionVariableInit(&shared->removed);
	}
	jobs = ShmemInitHash("barks shuffle jobs", MaxBackends, max_jobs(), &info,
						 HASH_ELEM | HASH_BLOBS);
	LWLockRelease(AddinShmemInitLock);
}

/* ---------------- paths ---------------- */

char *
store_directory(uint64 driver, uint64 job)
{
	return psprintf("%s/" TEMP_DIRECTORY "/" JOB_DIRECTORY, DataDir, driver, job);
}

bool
store_directory_valid(const char *directory, uint64 driver, uint64 job)
{
	char		end[STORE_PATH_LEN];
	Size		len = strlen(directory);

	snprintf(end, sizeof(end), "/" TEMP_DIRECTORY "/" JOB_DIRECTORY, driver, job);
	return is_absolute_path(directory) && len < MAXPGPATH - STORE_PATH_LEN &&
		len > strlen(end) && strcmp(directory + len - strlen(end), end) == 0 &&
		strstr(directory, "/../") == NULL;
}

void
store_file_name(const ShuffleTask *task, char *name, Size size)
{
	snprintf(name, size, "%d.%d.%d", task->stage, task->task, task->attempt);
}

/* ---------------- leases ---------------- */

void
shuffle_lease_take(uint64 driver, uint64 job)
{
	JobKey		key = {driver, job};
	Lease	   *lease = NULL;
	StoreJob   *entry;

	if (held_lease(&key) == NULL)
	{
		lease = MemoryContextAlloc(TopMemoryContext, sizeof(Lease));
		lease->key = key;
	}
	entry = enter_job(&key);
	entry->over = false;
	if (lease)
	{
		entry->nleases++;
		dlist_push_head(&leases, &lease->node);
	}
	LWLockRelease(shared->lock);
}

void
shuffle_job_over(uint64 driver, uint64 job)
{
	JobKey		key = {driver, job};
	Lease	   *lease = held_lease(&key);
	StoreJob   *entry = find_job(&key);

	if (entry)
	{
		entry->over = true;
		leave_job(entry);
	}
	else
		LWLockRelease(shared->lock);
	if (lease)
		release_lease(lease);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	while (!dlist_is_empty(&leases))
		release_lease(dlist_head_element(Lease, node, &leases));
}

static Lease *
held_lease(const JobKey *key)
{
	dlist_iter	iter;

	dlist_foreach(iter, &leases)
	{
		Lease	   *lease = dlist_container(Lease, node, iter.cur);

		if (lease->key.driver == key->driver && lease->key.job == key->job)
			return lease;
	}
	return NULL;
}

static void
release_lease(Lease *lease)
{
	StoreJob   *entry = find_job(&lease->key);

	Assert(entry && entry->nleases > 0);
	entry->nleases--;
	leave_job(entry);
	dlist_delete(&lease->node);
	pfree(lease);
}

/* ---------------- writers ---------------- */

void
store_writer_begin(uint64 driver, uint64 job)
{
	JobKey		key = {driver, job};
	StoreJob   *entry = enter_job(&key);
	bool		over = entry->over;
	char	   *directory;

	if (!over)
	{
		entry->nwriters++;
		entry->has_files = true;
	}
	LWLockRelease(shared->lock);
	if (over)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the job of a task is over")));
	PG_TRY();
	{
		directory = store_directory(driver, job);
		PathNameCreateTemporaryDir(TEMP_DIRECTORY, directory);
		pfree(directory);
	}
	PG_CATCH();
	{
		store_writer_end(driver, job, 0);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
store_reserve(uint64 driver, uint64 job, int64 bytes, int64 quota)
{
	JobKey		key = {driver, job};
	StoreJob   *entry = find_job(&key);
	bool		fits;

	Assert(entry && entry->nwriters > 0);
	fits = quota <= 0 || entry->bytes + bytes <= quota;
	if (fits)
		entry->bytes += bytes;
	LWLockRelease(shared->lock);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("shuffle files of a query would exceed barks.shuffle_quota on a node"),
				 errdetail("The limit is " INT64_FORMAT " kB.", quota / 1024),
				 errhint("Raise barks.shuffle_quota, or let the query move fewer rows.")));
}

void
store_writer_end(uint64 driver, uint64 job, int64 returned)
{
	JobKey		key = {driver, job};
	StoreJob   *entry = find_job(&key);

	Assert(entry && entry->nwriters > 0);
	entry->nwriters--;
	entry->bytes -= returned;
	leave_job(entry);
}

StoreJobInfo *
store_jobs(int *njobs)
{
	HASH_SEQ_STATUS scan;
	StoreJobInfo *infos;
	StoreJob   *entry;
	int			n = 0;

	LWLockAcquire(shared->lock, LW_SHARED);
	infos = palloc(sizeof(StoreJobInfo) * Max(hash_get_num_entries(jobs), 1));
	hash_seq_init(&scan, jobs);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		StoreJobInfo *info = &infos[n++];

		info->driver = entry->key.driver;
		info->job = entry->key.job;
		info->nleases = entry->nleases;
		info->nwriters = entry->nwriters;
		info->bytes = entry->bytes;
	}
	LWLockRelease(shared->lock);
	*njobs = n;
	return infos;
}

/* ---------------- entries ---------------- */

/* The job's entry, made when missing, with the lock held. */
static StoreJob *
enter_job(const JobKey *key)
{
	for (;;)
	{
		bool		found;
		StoreJob   *entry;

		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		entry = hash_search(jobs, key, HASH_ENTER_NULL, &found);
		if (entry == NULL)
		{
			LWLockRelease(shared->lock);
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("too many jobs at a time"),
					 errdetail("%ld jobs have shuffle files or sessions on this server.", max_jobs()),
					 errhint("You may need to increase max_connections.")));
		}
		if (!found)
			memset((char *) entry + sizeof(JobKey), 0, sizeof(StoreJob) - sizeof(JobKey));
		if (!entry->removing)
			return entry;
		ConditionVariablePrepareToSleep(&shared->removed);
		LWLockRelease(shared->lock);
		ConditionVariableSleep(&shared->removed, PG_WAIT_EXTENSION);
		ConditionVariableCancelSleep();
	}
}

/* The job's entry or NULL, with the lock held. */
static StoreJob *
find_job(const JobKey *key)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	return hash_search(jobs, key, HASH_FIND, NULL);
}

static bool
needless(const StoreJob *job)
{
	return job->nwriters == 0 && (job->over || job->nleases == 0);
}

/* Release the lock, after removing what nobody needs any more.  Never raises. */
static void
leave_job(StoreJob *job)
{
	JobKey		key = job->key;

	if (job->removing || !needless(job))
	{
		LWLockRelease(shared->lock);
		return;
	}
	if (job->has_files)
	{
		job->removing = true;
		LWLockRelease(shared->lock);
		remove_files(&key);
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		job->removing = false;
		job->has_files = false;
		job->bytes = 0;
		ConditionVariableBroadcast(&shared->removed);
	}
	if (job->nleases == 0)
		(void) hash_search(jobs, &key, HASH_REMOVE, NULL);
	LWLockRelease(shared->lock);
}

/* In callbacks of transactions that end: says what fails, and goes on. */
static void
remove_files(const JobKey *key)
{
	char		directory[MAXPGPATH];
	char		path[MAXPGPATH * 2];
	DIR		   *dir;
	struct dirent *de;

	snprintf(directory, sizeof(directory), TEMP_DIRECTORY "/" JOB_DIRECTORY,
			 key->driver, key->job);
	dir = opendir(directory);
	if (dir == NULL)
	{
		if (errno != ENOENT)
			ereport(LOG,
					(errcode_for_file_access(),
					 errmsg("could not open directory \"%s\": %m", directory)));
		return;
	}
	while ((de = readdir(dir)) != NULL)
	{
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, de->d_name);
		if (unlink(path) != 0)
			ereport(LOG,
					(errcode_for_file_access(),
					 errmsg("could not remove file \"%s\": %m", path)));
	}
	closedir(dir);
	if (rmdir(directory) != 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not remove directory \"%s\": %m", directory)));
}
