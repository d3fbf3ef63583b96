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
 *	  'I' StageSources	where the output of a stage is, before tasks that read it; sent
 *						again when that changed
 *	  'P' StageBlock	keep rows that the driver partitioned; the last one of a task, which
 *						publishes, is answered by 'D' or 'E'.  Not while a task is unanswered.
 *	  'Q'				the job of the latest 'J' is over: its files can go.  No answer.
 *	  'W' InsertShare	in COPY barks.insert, after an 'I': store this share in a shard
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

#define BARKS_PROTOCOL_VERSION	7

#define FRAME_JOB_SETUP		'J'
#define FRAME_TASK			'T'
#define FRAME_CANCEL		'X'
#define FRAME_SNAPSHOT		'S'
#define FRAME_SOURCES		'I'
#define FRAME_BLOCK			'P'
#define FRAME_JOB_END		'Q'
#define FRAME_SHARE			'W'
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
	char	   *pool;			/* shares of slots go by it; NULL: that of jobs which name none */
	int32		pool_weight;	/* its share against other pools; 0 is 1 */
	List	   *settings;		/* of TaskSetting */
} JobSetup;

/*
 * What becomes of a task's rows when they are not sent to the driver: they are
 * kept on the task's node, in partitions, for tasks of other stages to fetch.
 */
typedef struct ShuffleOutput
{
	int32		kind;			/* an ExchangeKind but gather and keep (which is single here) */
	int32		npartitions;	/* 1 for broadcast, single and keys */
	List	   *hash_columns;	/* int list of output columns, from 1 */
	bool		spread_nulls;	/* a row with a NULL key may go anywhere */
	bool		keep_nulls;		/* a NULL key is wanted, whatever the filter */
	List	   *range_keys;		/* of RangeKey */
	StringInfo	range_bounds;	/* npartitions - 1 rows of the range keys in order: a batch in wire
								 * form; NULL unless kind is range */
	int64		quota;			/* bytes that the job may keep on a node, 0: no limit */
	int32		key_bytes;		/* tell which keys there were, in a filter of this size (see
								 * batch/key_filter.h); 0: do not */
	int32		filter_stage;	/* drop rows whose key that stage does not have, or is NULL (unless
								 * keep_nulls); 0: none */
} ShuffleOutput;

typedef struct RangeKey
{
	int32		column;			/* of the output, from 1 */
	Oid			sortop;			/* built-in, so it means the same everywhere */
	Oid			collation;
	bool		nulls_first;
} RangeKey;

/*
 * What a task reads as barks.exchange(index): partitions first to last of a
 * stage's output, of the map tasks first_map to last_map.  Several with one index
 * are read one after another; last before first: nothing.
 */
typedef struct TaskInput
{
	int32		index;			/* the N of barks_in_N */
	int32		stage;
	int32		first_partition;
	int32		last_partition;
	int32		first_map;		/* 0 and -1: of all */
	int32		last_map;
	int64		rows;			/* as counted when they were written */
	int64		bytes;
	int64		rows_before;	/* in partitions before the first; not sent: the SQL has it, and: */
	int64		rows_all;		/* in all partitions */
} TaskInput;

/* A node that keeps output of a stage. */
typedef struct SourceNode
{
	char	   *name;			/* for messages */
	char	   *conninfo;		/* how to connect there, or NULL: it is the reader's own server */
	char	   *directory;		/* absolute path of the job's files there */
	bool		same_host;		/* the reader may try to open them itself */
} SourceNode;

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
	int32		lost_stage;		/* ERRCODE_BARKS_INPUT_LOST: whose output, */
	int32		lost_task;		/* and which map task, -1: any of it */
} RemoteError;

/* Where the finished output of a stage is, or the error to raise when it is read. */
typedef struct StageSources
{
	int32		stage;
	int32		nnodes;
	SourceNode *nodes;
	int32		ntasks;			/* map tasks, numbered from 0 */
	int32	   *node_of;		/* per map task: index into nodes */
	int32	   *attempt_of;		/* per map task: the attempt whose output counts */
	int32		ncolumns;		/* of its rows */
	int32	   *distinct;		/* per column: how many values, as estimated; 0: nobody knows */
	RemoteError *failure;		/* NULL: there is an output */
	StringInfo	keys;			/* which keys its rows have, a key filter in wire form; or NULL */
} StageSources;

/* A block of a task that the driver ran itself, or the word that it was the last. */
typedef struct StageBlock
{
	int32		stage;
	int32		task;
	int32		attempt;
	int32		npartitions;	/* of the stage's output */
	int32		partition;		/* -1: nothing more follows, publish */
	int32		rows;
	int64		quota;			/* as in ShuffleOutput */
	const char *data;			/* a batch in wire form; when read, within the frame */
	int32		len;
} StageBlock;

/* Rows of an output that a node is to store. */
typedef struct InsertShare
{
	char	   *shard;			/* its qualified name */
	TaskInput	input;
} InsertShare;

typedef struct TaskSpec
{
	int32		stage;
	int32		task;
	int32		attempt;
	bool		partial_aggregate;	/* run the top Agg as AGGSPLIT_INITIAL_SERIAL */
	bool		compress;		/* result batches may use zstd */
	int32		batch_rows;
	char	   *sql;			/* one SELECT */
	ShuffleOutput *output;		/* NULL: rows go to the driver */
	List	   *inputs;			/* of TaskInput */
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
	int64		fetched_memory; /* bytes of input, by the way they came */
	int64		fetched_file;
	int64		fetched_wire;
	/* with an output: */
	char	   *directory;		/* absolute path of the job's files on the node; else NULL */
	int32		npartitions;
	int64	   *partition_rows;
	int64	   *partition_bytes;	/* as stored */
	int64		dropped;		/* rows that the filter of another stage's keys kept out */
	StringInfo	keys;			/* if asked for: of the rows kept, a key filter in wire form */
	StringInfo	accumulated;	/* states of accumulators, or NULL */
} TaskDone;

/*
 * A task could not fetch its input; the map task named with it must run again.
 * Whoever raises an error with this SQLSTATE notes the input first.
 */
#define ERRCODE_BARKS_INPUT_LOST	MAKE_SQLSTATE('5','8','B','0','1')
extern void remote_error_note_input(int32 stage, int32 map_task);

/*
 * Writers start with resetStringInfo and leave a whole frame in buf.  Readers
 * take a frame whose type byte was already looked at (cursor past it); they
 * palloc in the current context and raise protocol_violation on bad input.
 */
extern void frame_write_job_setup(StringInfo buf, const JobSetup *setup);
extern void frame_write_task(StringInfo buf, const TaskSpec *spec);
extern void frame_write_simple(StringInfo buf, char type);	/* 'X', 'S', 'Q' */
extern void frame_write_sources(StringInfo buf, const StageSources *sources);
extern void frame_write_block(StringInfo buf, const StageBlock *block);
extern void frame_write_share(StringInfo buf, const InsertShare *share);
extern void frame_write_snapshot(StringInfo buf, const char *id);
extern void frame_begin_batch(StringInfo buf, int32 task);	/* append the batch after */
extern void frame_write_done(StringInfo buf, const TaskDone *done);
extern void frame_write_error(StringInfo buf, char type, int32 task, const ErrorData *edata);

/* Whose job a whole frame 'J' is about, without reading the rest. */
extern void frame_peek_job(const char *frame, Size len, uint64 *driver, uint64 *job);
/* … and whose share of the slots it takes; pool points into the frame. */
extern void frame_peek_pool(const char *frame, Size len, const char **pool, int32 *weight);
extern JobSetup *frame_read_job_setup(StringInfo buf);
extern TaskSpec *frame_read_task(StringInfo buf);
extern int32 frame_read_batch(StringInfo buf);	/* task; cursor is then at the batch */
extern StageSources *frame_read_sources(StringInfo buf);
extern StageBlock *frame_read_block(StringInfo buf);
extern InsertShare *frame_read_share(StringInfo buf);
extern TaskDone *frame_read_done(StringInfo buf);
extern RemoteError *frame_read_error(StringInfo buf, int32 *task);
extern char *frame_read_snapshot(StringInfo buf);

/*
 * Raise a remote error here with its own SQLSTATE, message, detail and hint.
 * context, if not NULL, is added as a line ("task 3 of stage 1 on node "n1"").
 * elevel of the error itself is used: notices return, errors do not.
 */
extern void remote_error_throw(const RemoteError *error, const char *context);

/* In the current context; to be thrown later, with that line of context. */
extern RemoteError *remote_error_copy(const RemoteError *error, const char *context);

#endif							/* BARKS_JOB_PROTOCOL_H */
