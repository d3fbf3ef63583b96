/*-------------------------------------------------------------------------
 * registry_store.h
 *	  The registry's shared memory, for registry.c and registry_sql.c only.
 *
 * A fixed control block is followed by a DSA area made in place; jobs and all
 * that belongs to them are chunks of it.  Jobs form a list, newest first.
 *
 * Locks, in this order: control->lock guards the list (exclusive to link and
 * unlink jobs) and keeps jobs on it from being freed; a job's own lock guards
 * all that hangs off it.  Only the backend that runs a job changes it (but for
 * the flag "cancelled"), so it may read its own job without locks.
 *
 * What can be derived is: the state of a stage, its sums, and the fate of
 * attempts that ran when their job ended are found when somebody looks.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_REGISTRY_STORE_H
#define BARKS_DRIVER_REGISTRY_STORE_H

#include "port/atomics.h"
#include "storage/lwlock.h"
#include "utils/dsa.h"
#include "utils/timestamp.h"

#include "driver/registry.h"

/* An attempt of a task; attempt 0 is a task that was never sent. */
typedef struct AttemptEntry
{
	int32		task;
	int32		attempt;
	RegistryState state;
	int32		pid;			/* of the worker, once done */
	int64		rows;
	int64		bytes;
	int64		shuffle_bytes;	/* kept for other stages */
	int64		spill_bytes;
	int64		queue_us;
	int64		plan_us;
	int64		run_us;
	TimestampTz started;
	TimestampTz finished;
	dsa_pointer node;			/* a NodeEntry of the job */
	dsa_pointer error;			/* string, or invalid */
	dsa_pointer next;			/* of a stage's earlier attempts */
} AttemptEntry;

typedef struct StageEntry
{
	int32		stage;
	int32		ntasks;
	TimestampTz started;
	dsa_pointer operations;		/* string: their array's text, or invalid */
	dsa_pointer latest;			/* array: each task's latest attempt */
	dsa_pointer earlier;		/* list of AttemptEntry, the last one first */
	dsa_pointer next;
	char		exchange[FLEXIBLE_ARRAY_MEMBER];
} StageEntry;

/* A node's name, kept once a job. */
typedef struct NodeEntry
{
	dsa_pointer next;
	char		name[FLEXIBLE_ARRAY_MEMBER];
} NodeEntry;

typedef struct JobEntry
{
	LWLock		lock;
	uint64		number;
	int32		pid;			/* of the driver */
	Oid			database;
	Oid			role;
	RegistryState state;
	bool		cancelled;		/* barks.cancel_job was called */
	char		group[NAMEDATALEN]; /* barks.job_group */
	Size		description;	/* barks.job_description: where in query it is */
	TimestampTz started;
	TimestampTz finished;
	pg_atomic_uint64 rows;
	Size		size;			/* bytes of shared memory, about */
	dsa_pointer stages;
	dsa_pointer nodes;
	dsa_pointer error;
	dsa_pointer action;			/* string, or invalid */
	dsa_pointer newer;
	dsa_pointer older;
	char		query[FLEXIBLE_ARRAY_MEMBER];	/* and other texts */
} JobEntry;

typedef struct RegistryControl
{
	LWLock		lock;
	int			control_tranche;
	int			job_tranche;
	int			dsa_tranche;
	uint64		last_job;
	int			nfinished;
	Size		finished_size;	/* of finished jobs */
	dsa_pointer newest;
	dsa_pointer oldest;
	void	   *area;			/* the DSA area's place */
} RegistryControl;

extern RegistryControl *registry_control;
extern dsa_area *registry_area;

/* Map the area into this backend; before anything else is touched. */
extern void registry_attach(void);

#define registry_address(type, pointer) \
	((type *) dsa_get_address(registry_area, pointer))

#endif							/* BARKS_DRIVER_REGISTRY_STORE_H */
