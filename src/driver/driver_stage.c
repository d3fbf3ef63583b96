/*-------------------------------------------------------------------------
 * driver_stage.c
 *	  A stage whose rows the driver makes: put them where others read them.
 *
 * To readers it is like any stage: there is a map task for each node that gets
 * a share of the partitions (of a broadcast: all of it), except that the driver
 * writes what a worker would.  Without nodes the file is written here.  What a
 * node lost is put there again from the rows that were kept.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "driver/driver_rows.h"
#include "driver/job_internal.h"
#include "driver/registry.h"
#include "driver/settings.h"
#include "job/plan.h"
#include "shuffle/shuffle.h"
#include "shuffle/writer.h"

/* Beyond this, what is queued for a node must be on its way before more is made. */
#define MAX_QUEUED_BYTES	(1024 * 1024)

/* One node while rows are put there. */
typedef struct Target
{
	int			map;			/* map task */
	Oid			node;
	JobLane    *lane;			/* NULL: it has its share already */
	int64		rows;			/* put so far */
	Size		queued;			/* bytes put since all was on its way */
} Target;

typedef struct Putting
{
	Job		   *job;
	StageRun   *stage;
	int			attempt;
	int			ntargets;
	Target	   *targets;		/* per map task */
	StringInfoData frame;
	StringInfo	keys;			/* of all rows, or NULL */
} Putting;

static void open_driver_stage(Job *job, StageRun *stage);
static void write_here(Job *job, StageRun *stage);
static void put_on_nodes(Job *job, StageRun *stage);
static bool open_lanes(Putting *putting);
static JobLane *idle_lane(Job *job, Oid node);
static void take_block(int partition, int rows, const char *data, Size len, void *arg);
static void put_block(Putting *putting, Target *target, int partition, int rows,
					  const char *data, Size len);
static void flush(Target *target);
static bool await_answer(Putting *putting, Target *target);
static void note_done(Job *job, StageRun *stage, int map, int attempt, Oid node,
					  const TaskDone *done);
static BatchCompression compression_for(const List *nodes);

/* Run one stage of the driver that is due; false when none is. */
bool
driver_stage_run(Job *job)
{
	for (int i = 0; i < job->plan->nstages; i++)
	{
		StageRun   *stage = &job->stages[i];
		MemoryContext old;

		if (stage->part->rows == NULL || stage_complete(stage))
			continue;
		old = MemoryContextSwitchTo(stage->context);
		driver_rows_collect(stage->part->rows);
		if (!stage->open)
			open_driver_stage(job, stage);
		if (stage->part->nodes == NIL)
			write_here(job, stage);
		else
			put_on_nodes(job, stage);
		MemoryContextSwitchTo(old);
		return true;
	}
	return false;
}

static void
open_driver_stage(Job *job, StageRun *stage)
{
	stage->ntasks = Max(1, list_length(stage->part->nodes));
	stage->tasks = palloc0(sizeof(JobTask) * stage->ntasks);
	for (int i = 0; i < stage->ntasks; i++)
	{
		stage->tasks[i].stage = stage;
		stage->tasks[i].number = i;
		stage->tasks[i].node = stage->part->nodes == NIL ? InvalidOid :
			list_nth_oid(stage->part->nodes, i);
	}
	stage->output = job->outputs[stage->index] =
		exchange_output_make(stage->ntasks, stage->part->output->npartitions);
	stage->output->replicated = stage->part->output->kind == EXCHANGE_BROADCAST;
	stage_grow_stats(job, stage);
	registry_stage(job->number, stage->part->stage, stage->part->exchange, stage->ntasks);
	stage->open = true;
}

static void
write_here(Job *job, StageRun *stage)
{
	DriverRows *rows = stage->part->rows;
	TaskDone	done = {0};
	int			attempt = ++stage->stats->tasks[0].attempts;
	ShuffleTask task = {job->setup.driver, job->setup.job, stage->part->stage, 0, attempt};
	ShuffleWriter *writer;

	registry_task_started(job->number, stage->part->stage, 0, attempt, LOCAL_NODE_NAME);
	shuffle_lease_take(job->setup.driver, job->setup.job);
	job->has_lease = true;
	writer = shuffle_writer_create(&task, stage->part->output, driver_rows_desc(rows),
								   driver_rows_schema(rows), rows_per_batch,
								   compression_for(NIL), stage->context);
	driver_rows_write(rows, writer);
	shuffle_writer_finish(writer, &done);
	shuffle_writer_free(writer);
	note_done(job, stage, 0, attempt, InvalidOid, &done);
}

static void
put_on_nodes(Job *job, StageRun *stage)
{
	DriverRows *rows = stage->part->rows;
	Putting		putting = {.job = job,.stage = stage};
	ShuffleWriter *writer;
	TaskDone	done = {0};

	initStringInfo(&putting.frame);
	putting.ntargets = stage->ntasks;
	putting.targets = palloc0(sizeof(Target) * stage->ntasks);
	for (int i = 0; i < stage->ntasks; i++)
	{
		putting.targets[i].map = i;
		putting.targets[i].node = stage->tasks[i].node;
		putting.attempt = Max(putting.attempt, stage->stats->tasks[i].attempts + 1);
	}
	if (!open_lanes(&putting))
		return;
	writer = shuffle_writer_create_sink(stage->part->output, driver_rows_desc(rows),
										driver_rows_schema(rows), rows_per_batch,
										compression_for(stage->part->nodes), stage->context,
										take_block, &putting);
	driver_rows_write(rows, writer);
	shuffle_writer_finish(writer, &done);
	shuffle_writer_free(writer);
	putting.keys = done.keys;
	for (int i = 0; i < putting.ntargets; i++)
		if (putting.targets[i].lane)
			put_block(&putting, &putting.targets[i], -1, 0, NULL, 0);
	for (int i = 0; i < putting.ntargets; i++)
		if (putting.targets[i].lane && !await_answer(&putting, &putting.targets[i]))
			return;
}

/* A lane without a task to each node that lacks its share; false: see Job.broken. */
static bool
open_lanes(Putting *putting)
{
	Job		   *job = putting->job;
	StageRun   *stage = putting->stage;

	for (int i = 0; i < putting->ntargets; i++)
	{
		Target	   *target = &putting->targets[i];

		if (stage->output->maps[i].place)
			continue;
		target->lane = idle_lane(job, target->node);
		if (target->lane == NULL)
			target->lane = lost_open_lane(job, lanes_of_node(job, target->node));
		if (target->lane == NULL)
			return false;
		stage->stats->tasks[i].attempts = putting->attempt;
		registry_task_started(job->number, stage->part->stage, i, putting->attempt,
							  target->lane->lane->node_name);
	}
	return true;
}

static JobLane *
idle_lane(Job *job, Oid node)
{
	ListCell   *lc;

	foreach(lc, lanes_of_node(job, node)->lanes)
		if (((JobLane *) lfirst(lc))->queue == NIL)
			return lfirst(lc);
	return NULL;
}

/* A block to the node of its partition, or to all. */
static void
take_block(int partition, int rows, const char *data, Size len, void *arg)
{
	Putting    *putting = arg;
	StageRun   *stage = putting->stage;

	for (int i = 0; i < putting->ntargets; i++)
	{
		Target	   *target = &putting->targets[i];

		if (target->lane &&
			(stage->output->replicated || stage->part->node_of[partition] == i))
			put_block(putting, target, partition, rows, data, len);
	}
}

static void
put_block(Putting *putting, Target *target, int partition, int rows, const char *data,
		  Size len)
{
	StageRun   *stage = putting->stage;
	StageBlock	block = {
		.stage = stage->part->stage,
		.task = target->map,
		.attempt = putting->attempt,
		.npartitions = stage->part->output->npartitions,
		.partition = partition,
		.rows = rows,
		.quota = stage->part->output->quota,
		.data = data,
		.len = len
	};

	frame_write_block(&putting->frame, &block);
	target->lane->lane->ops->put(target->lane->lane, putting->frame.data, putting->frame.len);
	target->rows += rows;
	target->queued += len;
	if (target->queued > MAX_QUEUED_BYTES || partition < 0)
		flush(target);
}

/* Wait until all that was put is on its way; what the node has to say can wait. */
static void
flush(Target *target)
{
	Lane	   *lane = target->lane->lane;
	bool		write = true;

	target->queued = 0;
	for (;;)
	{
		if (lane->ops->socket(lane, &write) == PGINVALID_SOCKET || !write)
			return;
		lane_wait(&lane, 1, -1);
	}
}

/* The node's word that it keeps the blocks; false when it is lost. */
static bool
await_answer(Putting *putting, Target *target)
{
	Job		   *job = putting->job;
	StageRun   *stage = putting->stage;
	Lane	   *lane = target->lane->lane;

	for (;;)
	{
		LaneEvent	event = {0};

		switch (lane->ops->poll(lane, &event))
		{
			case LANE_NOTHING:
				lane_wait(&lane, 1, -1);
				break;
			case LANE_DONE:
				if (event.done->rows != target->rows)
					ereport(ERROR,
							(errcode(ERRCODE_PROTOCOL_VIOLATION),
							 errmsg("node \"%s\" kept " INT64_FORMAT " rows of " INT64_FORMAT " that it was sent",
									lane->node_name, event.done->rows, target->rows)));
				event.done->keys = putting->keys;
				note_done(job, stage, target->map, putting->attempt, target->node, event.done);
				return true;
			case LANE_ERROR:
				registry_task_failed(job->number, stage->part->stage, target->map,
									 putting->attempt, event.error->message);
				if (!error_is_retryable(event.error) || putting->attempt >= task_attempts)
					remote_error_throw(event.error,
									   psprintf("rows of the driver for stage %d on node \"%s\"",
												stage->part->stage, lane->node_name));
				return true;	/* not done, so it will be tried again */
			case LANE_NOTICE:
				remote_error_throw(event.error, NULL);
				break;
			case LANE_LOST:
				job->broken = event.error;
				job->broken_node = target->node;
				return false;
			case LANE_BATCH:
			case LANE_CANCELLED:
				elog(ERROR, "unexpected answer of node \"%s\" to blocks", lane->node_name);
		}
	}
}

static void
note_done(Job *job, StageRun *stage, int map, int attempt, Oid node, const TaskDone *done)
{
	TaskStats  *stats = &stage->stats->tasks[map];

	exchange_output_add(stage->output, map, attempt, node, done);
	for (int i = 0; i < done->npartitions; i++)
		stage->stats->bytes_written += done->partition_bytes[i];
	stats->done = true;
	stats->rows = done->rows;
	stage->tasks[map].done = true;
	stage->ndone++;
	registry_task_done(job->number, stage->part->stage, map, attempt, done);
	if (stage_complete(stage))
		stage_changed(job, stage);
}

static BatchCompression
compression_for(const List *nodes)
{
	bool		remote = false;
	ListCell   *lc;

	foreach(lc, nodes)
		remote |= !node_same_host(lfirst_oid(lc));
	return compression_mode == COMPRESSION_ZSTD ||
		(compression_mode == COMPRESSION_AUTO && remote) ?
		BATCH_COMPRESS_ZSTD : BATCH_COMPRESS_OFF;
}
