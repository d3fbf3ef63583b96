/*-------------------------------------------------------------------------
 * shuffle.h
 *	  The data plane between stages: settings, and whose files live how long.
 *
 *	  partitioner   which partition a row goes to
 *	  writer        rows → blocks by partition, in a file or to whoever takes them
 *	  block file    one file per map task attempt: blocks, then their index
 *	  store         a job's directory on a server, its lease and its quota
 *	  serve         COPY barks.shuffle: blocks of a job to another server
 *	  fetch         connections to other servers, and what they send
 *	  reader        all blocks of a task's input, from wherever they are
 */
#ifndef BARKS_SHUFFLE_SHUFFLE_H
#define BARKS_SHUFFLE_SHUFFLE_H


/* Whose output, and which attempt's: names a file of blocks. */
typedef struct ShuffleTask
{
	uint64		driver;			/* the driver's system identifier */
	uint64		job;
	int32		stage;
	int32		task;
	int32		attempt;
} ShuffleTask;

/* barks.shuffle_quota in bytes, as it goes into ShuffleOutput; 0: no limit */
extern int64 shuffle_quota_bytes(void);

/*
 * The lease.  A session that brings a job's tasks (or writes for it itself)
 * takes it before the first; the job's files on this server go once nobody has
 * one.  It ends with the transaction, or by shuffle_job_over, which removes
 * the files at once whoever else has a lease.
 */
extern void shuffle_lease_take(uint64 driver, uint64 job);
extern void shuffle_job_over(uint64 driver, uint64 job);

extern void shuffle_init(void);

#endif							/* BARKS_SHUFFLE_SHUFFLE_H */
