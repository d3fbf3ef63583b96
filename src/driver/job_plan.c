/*-------------------------------------------------------------------------
 * job_plan.c
 *	  From the stages of a plan to what a job needs to run them.
 *
 * The SQL of every stage is printed when the job starts, so all of them see the
 * same values of parameters.  Stages that read tables only are cut into tasks
 * then too; the others when what they read is there, by its real sizes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"

#include "driver/adaptive_join.h"
#include "driver/filters.h"
#include "driver/job_plan.h"
#include "driver/range_sample.h"
#include "driver/ship.h"
#include "planner/planner.h"
#include "shuffle/shuffle.h"
#include "table/layout.h"

/* There may be more than estimated. */
#define KEYS_HEADROOM	4

static void add_part(StagesJob *job, const StagePlan *stage, int place);
static void print_stage(StagesJob *job, PlannedStage *planned, bool gate);
static void add_filters(StagesJob *job);
static void place_driver_rows(StagesJob *job, const StagePlan *stage, StagePart *part);
static int	position_of(const List *nodes, Oid node);
static void add_sample(StagesJob *job, const StagePlan *stage, int place);
static ShuffleOutput *make_output(const StagesJob *job, const StagePlan *stage);
static List *parts_read(const StagesJob *job, const StagePlan *stage);
static void shape_stage(void *arg, int place, StageOutput **outputs);
static List *others_like(List *nodes, bool local);
static bool adapt_stage(void *arg, int place, StageOutput **outputs);
static void know_outputs(StagesJob *job, StageOutput **outputs);
static void ship_to_node(void *arg, Oid node);
static void forget_shipped(void *arg, int sqlstate);
static void take_rows(void *arg, int place, const char *batch, Size len);
static List *nodes_of(StagesJob *job, BarksPlan *plan);

StagesJob *
job_plan_make(BarksPlan *plan, List *stages, PlanState *planstate, List *driver_rows,
			  BatchSchema *schema)
{
	StagesJob  *job = palloc0(sizeof(StagesJob));
	StagePlan  *last = llast(stages);
	int			nparts = list_length(stages);
	int			place = 0;
	ListCell   *lc;

	foreach(lc, stages)
		nparts += ((StagePlan *) lfirst(lc))->exchange == EXCHANGE_RANGE;
	job->planstate = planstate;
	job->driver_rows = driver_rows;
	job->tasks = tasks_context(stages);
	job->plan.order = last->merge_keys != NIL ? JOB_BY_STREAM :
		last->task_order ? JOB_BY_TASK : JOB_ARRIVAL;
	job->plan.run_ahead = last->task_order;
	job->plan.snapshot = planstate->state->es_snapshot;
	job->plan.schema = schema;
	job->plan.nstages = nparts;
	job->plan.action = plan->action != NIL ? strVal(linitial(plan->action)) : NULL;
	job->plan.stages = palloc0(sizeof(StagePart) * nparts);
	job->plan.shape = shape_stage;
	job->plan.adapt = adapt_stage;
	job->plan.take = take_rows;
	job->plan.arg = job;
	job->stages = palloc0(sizeof(PlannedStage) * nparts);
	job->shipped = planner_shipped(stages);
	if (job->shipped != NIL)
	{
		job->plan.before_node = ship_to_node;
		job->plan.failed = forget_shipped;
		job->plan.local_path = ship_local_path();
	}
	job->places = palloc0(sizeof(int) * list_length(stages));
	foreach(lc, stages)
	{
		StagePlan  *stage = lfirst(lc);

		if (stage->exchange == EXCHANGE_RANGE)
			add_sample(job, stage, place++);
		job->places[foreach_current_index(lc)] = place;
		add_part(job, stage, place++);
	}
	add_filters(job);
	job->plan.all_nodes = nodes_of(job, plan);
	return job;
}

List *
job_plan_insert_stages(const BarksPlan *plan)
{
	List	   *stages = list_copy(plan->stages);

	llast(stages) = plan->insert;
	return stages;
}

const char *
job_plan_exchange_name(const StagePlan *stage)
{
	switch (stage->exchange)
	{
		case EXCHANGE_GATHER:
			return stage->merge_keys != NIL ? "gather merge" : "gather";
		case EXCHANGE_HASH:
			return "hash";
		case EXCHANGE_RANGE:
			return "range";
		case EXCHANGE_ROUND_ROBIN:
			return "round-robin";
		case EXCHANGE_BROADCAST:
			return "broadcast";
		case EXCHANGE_SINGLE:
			return "single";
		case EXCHANGE_KEEP:
			return "keep";
		case EXCHANGE_KEYS:
			return "keys";
	}
	return "unknown";
}

static void
add_part(StagesJob *job, const StagePlan *stage, int place)
{
	StagePart  *part = &job->plan.stages[place];
	PlannedStage *planned = &job->stages[place];

	planned->plan = stage;
	planned->npartitions = job->tasks->npartitions[stage->id - 1];
	part->stage = stage->id;
	part->filter = -1;
	part->exchange = job_plan_exchange_name(stage);
	part->operations = stage->operations;
	part->distinct = stage->distinct;
	if (stage->exchange != EXCHANGE_GATHER)
		part->output = make_output(job, stage);
	if (stage->distribution == STAGE_DRIVER)
	{
		part->rows = list_nth(job->driver_rows, stage->id - 1);
		place_driver_rows(job, stage, part);
		return;
	}
	print_stage(job, planned, stage->needs_gate);
	part->partial_aggregate = stage->partial_aggregate;
	part->indeterminate = stage->indeterminate || stage->spread_nulls ||
		stage->exchange == EXCHANGE_ROUND_ROBIN;
	part->may_be_unneeded = stage->may_be_unneeded;
	part->reads = parts_read(job, stage);
	part->ntasks = -1;
	if (part->reads == NIL)
		shape_stage(job, place, NULL);
	if (stage->exchange == EXCHANGE_RANGE)
		part->reads = lappend_int(part->reads, place - 1);
}

/* What tasks run: on this server functions are called as they are, elsewhere their copies. */
static void
print_stage(StagesJob *job, PlannedStage *planned, bool gate)
{
	const StagePlan *stage = planned->plan;

	planned->local_body = planned->local_rest = planner_stage_sql(stage, job->planstate, true, NIL);
	if (gate)
		planned->local_rest = planner_stage_sql(stage, job->planstate, false, NIL);
	planned->body = planned->local_body;
	planned->rest = planned->local_rest;
	if (job->shipped == NIL)
		return;
	planned->body = planned->rest = planner_stage_sql(stage, job->planstate, true, job->shipped);
	if (gate)
		planned->rest = planner_stage_sql(stage, job->planstate, false, job->shipped);
}

/* Who waits for the keys of which other stage. */
static void
add_filters(StagesJob *job)
{
	int		   *filters = filters_choose(job->tasks->stages);
	ListCell   *lc;

	foreach(lc, job->tasks->stages)
	{
		const StagePlan *stage = lfirst(lc);
		StagePart  *part = &job->plan.stages[job->places[stage->id - 1]];
		const StagePlan *by;
		ShuffleOutput *output;

		if (filters[stage->id - 1] == 0)
			continue;
		by = list_nth(job->tasks->stages, filters[stage->id - 1] - 1);
		part->filter = job->places[by->id - 1];
		if (list_length(stage->hash_columns) == 1 && stage->distinct != NIL)
			part->filter_values = list_nth_int(stage->distinct, linitial_int(stage->hash_columns) - 1);
		output = job->plan.stages[part->filter].output;
		output->key_bytes = key_filter_size(by->rows * KEYS_HEADROOM);
	}
}

/* Which node keeps which partitions: those that will be read there, if that is known. */
static void
place_driver_rows(StagesJob *job, const StagePlan *stage, StagePart *part)
{
	int			n = part->output->npartitions;

	part->ntasks = -1;
	if (list_member_oid(job->tasks->nodes, InvalidOid))
		return;
	part->nodes = list_copy(job->tasks->nodes);
	part->node_of = palloc0(sizeof(int) * n);
	if (OidIsValid(stage->align_relid))
	{
		Relation	rel = table_open(stage->align_relid, NoLock);
		const TableLayout *layout = table_layout(rel);

		for (int p = 0; p < n && layout->created; p++)
			if (OidIsValid(layout->nodes[p]))
			{
				part->nodes = list_append_unique_oid(part->nodes, layout->nodes[p]);
				part->node_of[p] = position_of(part->nodes, layout->nodes[p]);
			}
		table_close(rel, NoLock);
		return;
	}
	if (stage->exchange == EXCHANGE_SINGLE || stage->exchange == EXCHANGE_KEEP)
		part->nodes = list_truncate(part->nodes, 1);
	for (int p = 0; p < n; p++)
		part->node_of[p] = (int64) p * list_length(part->nodes) / n;
}

static int
position_of(const List *nodes, Oid node)
{
	ListCell   *lc;

	foreach(lc, nodes)
		if (lfirst_oid(lc) == node)
			return foreach_current_index(lc);
	return -1;
}

/* The keys of a range exchange are looked at before the rows are partitioned. */
static void
add_sample(StagesJob *job, const StagePlan *stage, int place)
{
	StagePart  *part = &job->plan.stages[place];
	PlannedStage *planned = &job->stages[place];

	planned->plan = stage;
	planned->sample = range_sample_begin(stage, job->tasks->npartitions[stage->id - 1]);
	print_stage(job, planned, false);
	part->stage = list_length(job->tasks->stages) + stage->id;	/* a number of its own */
	part->filter = -1;
	part->exchange = "sample";
	part->reads = parts_read(job, stage);
	part->ntasks = -1;
}

static ShuffleOutput *
make_output(const StagesJob *job, const StagePlan *stage)
{
	ShuffleOutput *output = palloc0(sizeof(ShuffleOutput));
	ListCell   *lc;

	output->kind = stage->exchange == EXCHANGE_KEEP ? EXCHANGE_SINGLE : stage->exchange;
	output->npartitions = job->tasks->npartitions[stage->id - 1];
	output->hash_columns = stage->hash_columns;
	output->spread_nulls = stage->spread_nulls;
	output->keep_nulls = stage->keep_nulls;
	if (stage->exchange == EXCHANGE_KEYS)
		output->key_bytes = key_filter_size(stage->rows * KEYS_HEADROOM);
	foreach(lc, stage->range_keys)
	{
		MergeKey   *key = lfirst(lc);
		RangeKey   *range = palloc0(sizeof(RangeKey));

		range->column = key->resno;
		range->sortop = key->sortop;
		range->collation = key->collation;
		range->nulls_first = key->nulls_first;
		output->range_keys = lappend(output->range_keys, range);
	}
	output->quota = shuffle_quota_bytes();
	return output;
}

/* The parts whose outputs the stage's leaves are. */
static List *
parts_read(const StagesJob *job, const StagePlan *stage)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);

		if (leaf->stage > 0)
			parts = list_append_unique_int(parts, job->places[leaf->stage - 1]);
	}
	return parts;
}

/* Cut a stage into tasks. */
static void
shape_stage(void *arg, int place, StageOutput **outputs)
{
	StagesJob  *job = arg;
	PlannedStage *planned = &job->stages[place];
	StagePart  *part = &job->plan.stages[place];
	ListCell   *lc;

	if (outputs)
		know_outputs(job, outputs);
	planned->shapes = tasks_shape(job->tasks, planned->plan, job->planstate);
	part->ntasks = list_length(planned->shapes);
	part->tasks = palloc0(sizeof(TaskPlan) * part->ntasks);
	foreach(lc, planned->shapes)
	{
		TaskShape  *shape = lfirst(lc);
		TaskPlan   *task = &part->tasks[foreach_current_index(lc)];
		char	   *header = planner_stage_header(planned->plan, shape->shards, shape->inputs);
		bool		local = !OidIsValid(shape->node);
		/* the gate is open in the first task only */
		char	   *body = foreach_current_index(lc) == 0 ?
			(local ? planned->local_body : planned->body) :
			(local ? planned->local_rest : planned->rest);

		if (planned->sample)
			body = range_sample_sql(planned->sample, body, part->ntasks, shape->inputs);
		task->node = shape->node;
		task->others = job->shipped == NIL ? shape->others : others_like(shape->others, local);
		task->inputs = shape->inputs;
		task->sql = header[0] ? psprintf("%s %s", header, body) : body;
		pfree(header);
	}
}

/* The SQL is of one kind. */
static List *
others_like(List *nodes, bool local)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, nodes)
		if (OidIsValid(lfirst_oid(lc)) != local)
			result = lappend_oid(result, lfirst_oid(lc));
	return result;
}

static void
know_outputs(StagesJob *job, StageOutput **outputs)
{
	for (int i = 0; i < list_length(job->tasks->stages); i++)
		job->tasks->outputs[i] = outputs[job->places[i]];
}

static bool
adapt_stage(void *arg, int place, StageOutput **outputs)
{
	StagesJob  *job = arg;
	PlannedStage *planned = &job->stages[place];
	ShuffleOutput *output = job->plan.stages[place].output;
	int			stage = planned->plan->id - 1;

	know_outputs(job, outputs);
	job->tasks->kept[stage] = adaptive_join_keeps(job->tasks, planned->plan);
	output->kind = job->tasks->kept[stage] ? EXCHANGE_SINGLE : planned->plan->exchange;
	output->npartitions = job->tasks->kept[stage] ? 1 : planned->npartitions;
	job->tasks->npartitions[stage] = output->npartitions;
	return job->tasks->kept[stage];
}

static void
ship_to_node(void *arg, Oid node)
{
	if (OidIsValid(node))
		ship_functions(node, ((StagesJob *) arg)->shipped);
}

/* Somebody may have dropped what was there. */
static void
forget_shipped(void *arg, int sqlstate)
{
	if (sqlstate == ERRCODE_UNDEFINED_FUNCTION || sqlstate == ERRCODE_UNDEFINED_SCHEMA ||
		sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		ship_forget();
}

/* Rows of a sample; at its end the range exchange gets its bounds. */
static void
take_rows(void *arg, int place, const char *batch, Size len)
{
	StagesJob  *job = arg;
	RangeSample *sample = job->stages[place].sample;

	if (batch)
		range_sample_add(sample, batch, len);
	else
		job->plan.stages[place + 1].output->range_bounds = range_sample_bounds(sample);
}

/* Nodes whose snapshots the job, or the rest of the statement, will need. */
static List *
nodes_of(StagesJob *job, BarksPlan *plan)
{
	List	   *nodes = list_copy(job->tasks->nodes);

	for (int i = 0; i < job->plan.nstages; i++)
		nodes = list_concat_unique_oid(nodes, tasks_nodes(job->stages[i].shapes));
	if (list_length(plan->statement_relids) > 1)
		nodes = list_union_oid(nodes, tasks_statement_nodes(plan->statement_relids));
	return list_delete_oid(nodes, InvalidOid);
}
