/*-------------------------------------------------------------------------
 * protocol.h
 *	  The frames a driver and a worker exchange, whatever carries them.
 *
 * A frame is one type byte and a payload in pq_send*() form (network order).
 * Over libpq each frame is one CopyData message of a COPY BOTH stream; in
 * local mode each is one message of a shared-memory queue.  Frames on one
 * channel concern one task at a time, in the order the tasks were submitted.
 *
 *	  driver → worker
 *	  'J' JobSetup		who asks, acting role, settings; before a job's first task
 *	  'T' TaskSpec		run this SQL; queued behind earlier tasks
 *	  'X'				drop the running and all queued tasks; answered by 'X'
 *	  'S'				export the channel's snapshot; answered by 'S' (libpq only)
 *
 *	  worker → driver
 *	  'B' int32 task, batch in wire form
 *	  'N' int32 task, RemoteError	a notice or warning to show the user
 *	  'D' TaskDone		the task's last frame, after all its batches
 *	  'E' int32 task, RemoteError	the task's last frame, when it failed
 *	  'X'				nothing of what was submitted before the 'X' will follow
 *	  'S' string		the exported snapshot's id
 *
 * BARKS_PROTOCOL_VERSION changes with any change to frames or to the batch's
 * wire form; nodes of another protocol version are refused when added and
 * when connected to.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_PROTOCOL_H
#define BARKS_JOB_PROTOCOL_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#define BARKS_PROTOCOL_VERSION	1

#define FRAME_JOB_SETUP		'J'
#define FRAME_TASK			'T'
#define FRAME_CANCEL		'X'
#define FRAME_SNAPSHOT		'S'
#define FRAME_BATCH			'B'
#define FRAME_NOTICE		'N'
#define FRAME_DONE			'D'
#define FRAME_ERROR			'E'

/* A setting the task must run under. */
typedef struct TaskSetting
{
	char	   *name;
	char	   *value;
} TaskSetting;

typedef struct JobSetup
{
	uint64		driver;			/* the driver's system identifier */
	uint64		job;			/* number of the job on that driver */
	char	   *role;			/* acting role; created NOLOGIN when missing */
	List	   *settings;		/* of TaskSetting */
} JobSetup;

typedef struct TaskSpec
{
	int32		stage;
	int32		task;
	int32		attempt;
	bool		partial_aggregate;	/* run the top Agg as AGGSPLIT_INITIAL_SERIAL */
	bool		compress;		/* result batches may use zstd */
	int32		batch_rows;
	char	   *sql;			/* one SELECT */
} TaskSpec;

typedef struct TaskDone
{
	int32		task;
	int64		rows;
	int64		bytes;			/* of batches, as sent */
	int64		queue_us;		/* waiting for a slot */
	int64		plan_us;
	int64		run_us;
	int64		spill_bytes;
	int32		pid;			/* of the worker */
} TaskDone;

/* An ErrorData that crossed a process boundary. */
typedef struct RemoteError
{
	int			elevel;			/* NOTICE, WARNING, ERROR or FATAL */
	int			sqlerrcode;
	char	   *message;
	char	   *detail;			/* the rest may be NULL */
	char	   *hint;
	char	   *context;
	char	   *schema_name;
	char	   *table_name;
	char	   *column_name;
	char	   *datatype_name;
	char	   *constraint_name;
} RemoteError;

/*
 * Writers start with resetStringInfo and leave a whole frame in buf.  Readers
 * take a frame whose type byte was already looked at (cursor past it); they
 * palloc in the current context and raise protocol_violation on bad input.
 */
extern void frame_write_job_setup(StringInfo buf, const JobSetup *setup);
extern void frame_write_task(StringInfo buf, const TaskSpec *spec);
extern void frame_write_simple(StringInfo buf, char type);	/* 'X', 'S' */
extern void frame_write_snapshot(StringInfo buf, const char *id);
extern void frame_begin_batch(StringInfo buf, int32 task);	/* append the batch after */
extern void frame_write_done(StringInfo buf, const TaskDone *done);
extern void frame_write_error(StringInfo buf, char type, int32 task, const ErrorData *edata);

extern JobSetup *frame_read_job_setup(StringInfo buf);
extern TaskSpec *frame_read_task(StringInfo buf);
extern int32 frame_read_batch(StringInfo buf);	/* task; cursor is then at the batch */
extern TaskDone *frame_read_done(StringInfo buf);
extern RemoteError *frame_read_error(StringInfo buf, int32 *task);
extern char *frame_read_snapshot(StringInfo buf);

/*
 * Raise a remote error here with its own SQLSTATE, message, detail and hint.
 * context, if not NULL, is added as a line ("task 3 of stage 1 on node "n1"").
 * elevel of the error itself is used: notices return, errors do not.
 */
extern void remote_error_throw(const RemoteError *error, const char *context);

#endif							/* BARKS_JOB_PROTOCOL_H */
