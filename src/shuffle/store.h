/*-------------------------------------------------------------------------
 * store.h
 *	  A job's directory on a server: who needs it, and how much it may hold.
 *
 * Shared memory has an entry for each job with a lease or a writer here.  The
 * directory is removed when no writer is at work and either no session has a
 * lease or the job is over.  PostgreSQL removes what a crash leaves, for the
 * directory's name begins as its own temporary files' do.
 */
#ifndef BARKS_SHUFFLE_STORE_H
#define BARKS_SHUFFLE_STORE_H

#include "shuffle/shuffle.h"

/* Longest relative path of a file of blocks, with its end. */
#define STORE_PATH_LEN	256

/* Absolute path of the job's directory, palloc'd; it need not exist. */
extern char *store_directory(uint64 driver, uint64 job);
/* Is this the path of such a directory of the job, of any server? */
extern bool store_directory_valid(const char *directory, uint64 driver, uint64 job);
/* Name of a file in it, which is where a finished attempt's blocks are. */
extern void store_file_name(const ShuffleTask *task, char *name, Size size);

/*
 * A writer is at work: the directory exists and stays from begin to end.  Bytes
 * are reserved before they are written; ERRCODE_CONFIGURATION_LIMIT_EXCEEDED
 * when the job would have more than quota here (0: no limit).  end gives
 * returned bytes back and never raises.
 */
extern void store_writer_begin(uint64 driver, uint64 job);
extern void store_reserve(uint64 driver, uint64 job, int64 bytes, int64 quota);
extern void store_writer_end(uint64 driver, uint64 job, int64 returned);

/* What is known of a job on this server. */
typedef struct StoreJobInfo
{
	uint64		driver;
	uint64		job;
	int			nleases;
	int			nwriters;
	int64		bytes;			/* reserved */
} StoreJobInfo;

/* All jobs of this moment, palloc'd. */
extern StoreJobInfo *store_jobs(int *njobs);

extern void store_init(void);

#endif							/* BARKS_SHUFFLE_STORE_H */
