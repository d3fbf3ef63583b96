/*-------------------------------------------------------------------------
 * explain.c
 *	  EXPLAIN of a Barks scan: its stages, and what they did.
 *
 * The stages of an inner scan (under a tail) are shown by the outer one,
 * followed by the driver's own stage, so that the whole is one node without
 * children.
 */
#include "postgres.h"

#include <math.h>

#include "commands/explain.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "driver/filters.h"
#include "driver/scan.h"
#include "driver/tasks.h"
#include "planner/planner.h"

/* What a part of the last job did, after it is gone; bytes are sums over rescans. */
typedef struct StageFigures
{
	StageStats	stats;
	int			nnodes;
	int			cut;			/* tasks left out as they could give no row */
	int			split;			/* partitions dealt to several tasks */
	char	   *sql;			/* of the first task */
} StageFigures;

typedef struct TailSteps
{
	ExplainState *es;
	StringInfoData steps;		/* "Limit ← Sort ← Finalize HashAggregate" */
	List	   *scans;			/* of BarksScanState */
} TailSteps;

static bool walk_tail(PlanState *ps, TailSteps *tail);
static const char *step_name(const Plan *plan);
static void explain_excluded(TailSteps *tail, ExplainState *es);
static void explain_scan_stages(BarksScanState *state, int offset, ExplainState *es);
static void open_stage(int number, ExplainState *es);
static void close_stage(ExplainState *es);
static void explain_stage_shape(const StagePlan *stage, const TaskContext *context,
								const StageFigures *figures, int offset, ExplainState *es);
static void explain_filter(int filter, const StageStats *stats, ExplainState *es);
static void explain_stage_run(const StageStats *stats, bool gathered, ExplainState *es);
static void explain_times(const StageStats *stats, ExplainState *es);
static void explain_driver_stage(TailSteps *tail, ExplainState *es);
static const char *exchange_name(const StagePlan *stage);
static List *operation_names(const StagePlan *stage);
static List *input_names(const StagePlan *stage, int offset);
static int	compare_int64(const void *a, const void *b);

void
explain_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	BarksScanState *state = (BarksScanState *) node;
	TailSteps	tail = {.es = es};
	ListCell   *lc;
	int			nstages = 0;

	initStringInfo(&tail.steps);
	if (state->tail)
		walk_tail(state->tail, &tail);
	else
		tail.scans = list_make1(state);

	if (es->analyze)
		foreach(lc, tail.scans)
			explain_collect(lfirst(lc));

	ExplainOpenGroup("Stages", "Stages", false, es);
	foreach(lc, tail.scans)
	{
		explain_scan_stages(lfirst(lc), nstages, es);
		nstages += list_length(((BarksScanState *) lfirst(lc))->plan->stages);
	}
	if (state->tail)
		explain_driver_stage(&tail, es);
	ExplainCloseGroup("Stages", "Stages", false, es);
	explain_excluded(&tail, es);
}

/* Remember the figures of the gather; called when it ends, or when it is shown. */
void
explain_collect(BarksScanState *state)
{
	if (state->gather)
		explain_collect_job(state, gather_stats(state->gather));
}

void
explain_collect_job(BarksScanState *state, const JobStats *now)
{
	StageFigures *figures;
	MemoryContext old;

	if (!state->css.ss.ps.instrument)
		return;
	old = MemoryContextSwitchTo(state->css.ss.ps.state->es_query_cxt);
	figures = palloc0(sizeof(StageFigures) * now->nstages);
	for (int i = 0; i < now->nstages; i++)
	{
		StageStats *stats = &figures[i].stats;
		const StagePart *part = &state->job->plan.stages[i];
		const TaskContext *tasks = state->job->tasks;
		int			stage = state->job->stages[i].plan->id - 1;

		*stats = now->stages[i];
		figures[i].cut = tasks->cut[stage];
		figures[i].split = tasks->split[stage];
		stats->tasks = palloc(sizeof(TaskStats) * Max(1, stats->ntasks));
		if (stats->ntasks > 0)
			memcpy(stats->tasks, now->stages[i].tasks, sizeof(TaskStats) * stats->ntasks);
		if (part->rows)
			figures[i].nnodes = Max(1, list_length(part->nodes));
		else if (stats->ntasks > 0)
		{
			figures[i].nnodes = list_length(tasks_nodes(state->job->stages[i].shapes));
			figures[i].sql = pstrdup(part->tasks[0].sql);
		}
		if (state->figures)
		{
			const StageStats *before = &state->figures[i].stats;

			stats->bytes_memory += before->bytes_memory;
			stats->bytes_file += before->bytes_file;
			stats->bytes_wire += before->bytes_wire;
			stats->bytes_inline += before->bytes_inline;
			stats->bytes_written += before->bytes_written;
			stats->rows_dropped += before->rows_dropped;
		}
	}
	state->figures = figures;
	state->excluded = list_concat_unique(state->excluded, copyObject(now->excluded));
	state->loops++;
	MemoryContextSwitchTo(old);
}

static bool
walk_tail(PlanState *ps, TailSteps *tail)
{
	if (IsA(ps, CustomScanState) &&
		((CustomScanState *) ps)->methods->ExplainCustomScan == explain_scan)
	{
		tail->scans = lappend(tail->scans, ps);
		return false;
	}
	if (tail->steps.len > 0)
		appendStringInfoString(&tail->steps, ", ");
	appendStringInfoString(&tail->steps, step_name(ps->plan));
	return planstate_tree_walker(ps, walk_tail, tail);
}

static const char *
step_name(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Agg:
			return DO_AGGSPLIT_COMBINE(((Agg *) plan)->aggsplit) ?
				"Finalize Aggregate" : "Aggregate";
		case T_Sort:
			return "Sort";
		case T_IncrementalSort:
			return "Incremental Sort";
		case T_Limit:
			return "Limit";
		case T_Unique:
			return "Unique";
		case T_Append:
			return "Append";
		case T_MergeAppend:
			return "Merge Append";
		case T_Material:
			return "Materialize";
		case T_SubqueryScan:
			return "Subquery Scan";
		case T_ProjectSet:
			return "ProjectSet";
		default:
			return "Result";
	}
}

/* Nodes on which attempts kept failing; only when there were any. */
static void
explain_excluded(TailSteps *tail, ExplainState *es)
{
	List	   *names = NIL;
	ListCell   *lc;
	ListCell   *ln;

	foreach(lc, tail->scans)
		foreach(ln, ((BarksScanState *) lfirst(lc))->excluded)
			if (!list_member(names, lfirst(ln)))
				names = lappend(names, lfirst(ln));
	foreach(ln, names)
		lfirst(ln) = strVal(lfirst(ln));
	if (names != NIL)
		ExplainPropertyList("Excluded Nodes", names, es);
}

/* Stages are numbered through all scans under a tail. */
static void
explain_scan_stages(BarksScanState *state, int offset, ExplainState *es)
{
	List	   *stages = state->plan->insert && !state->insert_failed ?
		job_plan_insert_stages(state->plan) : state->plan->stages;
	TaskContext *context = tasks_context(stages);
	int		   *filters = filters_choose(stages);
	ListCell   *lc;

	foreach(lc, stages)
	{
		StagePlan  *stage = lfirst(lc);
		StageFigures *figures = es->analyze && state->figures ?
			&state->figures[state->job->places[stage->id - 1]] : NULL;

		if (figures && figures->stats.ntasks == 0)
			figures = NULL;		/* it never came to that */
		open_stage(offset + stage->id, es);
		explain_stage_shape(stage, context, figures, offset, es);
		if (filters[stage->id - 1] > 0)
			explain_filter(offset + filters[stage->id - 1], figures ? &figures->stats : NULL, es);
		if (stage == state->plan->insert)
			ExplainPropertyText("Insert", "by the nodes", es);
		if (figures)
			explain_stage_run(&figures->stats, stage->exchange == EXCHANGE_GATHER, es);
		close_stage(es);
	}
}

static void
open_stage(int number, ExplainState *es)
{
	ExplainOpenGroup("Stage", NULL, true, es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "Stage %d:\n", number);
		es->indent++;
	}
	else
		ExplainPropertyInteger("Stage", NULL, number, es);
}

static void
close_stage(ExplainState *es)
{
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent--;
	ExplainCloseGroup("Stage", NULL, true, es);
}

/* What a stage is: as it ran, or as it is expected to. */
static void
explain_stage_shape(const StagePlan *stage, const TaskContext *context,
					const StageFigures *figures, int offset, ExplainState *es)
{
	List	   *shapes = NIL;

	ExplainPropertyText("Exchange", exchange_name(stage), es);
	if (stage->operations != NIL)
		ExplainPropertyList("Operations", operation_names(stage), es);
	if (stage->distribution == STAGE_DRIVER)
	{
		ExplainPropertyText("Rows From", "driver", es);
		return;
	}
	if (figures == NULL)
		shapes = tasks_shape(context, stage, NULL);
	if (stage->partial_aggregate)
		ExplainPropertyText("Aggregate", "partial", es);
	ExplainPropertyInteger("Tasks", NULL,
						   figures ? figures->stats.ntasks : list_length(shapes), es);
	if (figures && figures->cut > 0)
		ExplainPropertyInteger("Tasks Cut", NULL, figures->cut, es);
	if (figures && figures->split > 0)
		ExplainPropertyInteger("Partitions Split", NULL, figures->split, es);
	ExplainPropertyInteger("Nodes", NULL,
						   figures ? figures->nnodes : list_length(tasks_nodes(shapes)), es);
	ExplainPropertyList("Inputs", input_names(stage, offset), es);
	/* parameters have values only once it ran */
	if (es->verbose)
		ExplainPropertyText("SQL", figures ? figures->sql : planner_stage_sql(stage, NULL, true, NIL),
							es);
}

/* "hash (1, 3) as lineitem" */
static const char *
exchange_name(const StagePlan *stage)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, job_plan_exchange_name(stage));
	foreach(lc, stage->hash_columns)
		appendStringInfo(&buf, "%s%d", foreach_current_index(lc) > 0 ? ", " : " (", lfirst_int(lc));
	if (stage->hash_columns != NIL)
		appendStringInfoChar(&buf, ')');
	if (OidIsValid(stage->align_relid))
		appendStringInfo(&buf, " as %s", get_rel_name(stage->align_relid));
	return buf.data;
}

static List *
operation_names(const StagePlan *stage)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stage->operations)
		names = lappend(names, strVal(lfirst(lc)));
	return names;
}

/* Whose keys its rows must have, and, once it ran, how many there were. */
static void
explain_filter(int filter, const StageStats *stats, ExplainState *es)
{
	if (stats && stats->kept)
		ExplainPropertyText("Adaptive Join", psprintf("stage %d is broadcast, rows stay where they are", filter), es);
	ExplainPropertyText("Runtime Filter",
						psprintf(stats && !stats->filtered ? "stage %d, not used" : "stage %d", filter),
						es);
	if (stats == NULL || !stats->filtered)
		return;
	ExplainPropertyInteger("Filter Keys", NULL, (int64) rint(stats->filter_keys), es);
	ExplainPropertyInteger("Filter Bytes", NULL, stats->filter_bytes, es);
	ExplainPropertyInteger("Rows Dropped", NULL, stats->rows_dropped, es);
}

static void
explain_stage_run(const StageStats *stats, bool gathered, ExplainState *es)
{
	int64		attempts = 0,
				rows = 0;
	int			done = 0;

	for (int i = 0; i < stats->ntasks; i++)
	{
		attempts += stats->tasks[i].attempts;
		rows += stats->tasks[i].rows;
		done += stats->tasks[i].done;
	}
	ExplainPropertyInteger("Tasks Done", NULL, done, es);
	ExplainPropertyInteger("Attempts", NULL, attempts, es);
	if (stats->speculated > 0)
		ExplainPropertyInteger("Speculative Attempts", NULL, stats->speculated, es);
	ExplainPropertyInteger("Rows", NULL, rows, es);
	ExplainPropertyInteger("Bytes by Memory", NULL, stats->bytes_memory + stats->bytes_inline, es);
	ExplainPropertyInteger("Bytes by File", NULL, stats->bytes_file, es);
	ExplainPropertyInteger("Bytes by Wire", NULL, stats->bytes_wire, es);
	if (!gathered)
		ExplainPropertyInteger("Bytes Written", NULL, stats->bytes_written, es);
	if (es->timing)
		explain_times(stats, es);
}

/* Minimum, median and maximum over the tasks that ended. */
static void
explain_times(const StageStats *stats, ExplainState *es)
{
	int64	   *times = palloc(sizeof(int64) * Max(1, stats->ntasks));
	int			n = 0;

	for (int i = 0; i < stats->ntasks; i++)
		if (stats->tasks[i].done)
			times[n++] = stats->tasks[i].plan_us + stats->tasks[i].run_us;
	if (n == 0)
		return;
	qsort(times, n, sizeof(int64), compare_int64);
	ExplainPropertyFloat("Task Time Min", "ms", times[0] / 1000.0, 3, es);
	ExplainPropertyFloat("Task Time Median", "ms", times[n / 2] / 1000.0, 3, es);
	ExplainPropertyFloat("Task Time Max", "ms", times[n - 1] / 1000.0, 3, es);
}

static void
explain_driver_stage(TailSteps *tail, ExplainState *es)
{
	List	   *inputs = NIL;
	int			nstages = 0;
	ListCell   *lc;

	foreach(lc, tail->scans)
	{
		nstages += list_length(((BarksScanState *) lfirst(lc))->plan->stages);
		inputs = lappend(inputs, psprintf("stage %d", nstages));
	}
	open_stage(nstages + 1, es);
	ExplainPropertyText("Exchange", "driver", es);
	ExplainPropertyInteger("Tasks", NULL, 1, es);
	ExplainPropertyInteger("Nodes", NULL, 1, es);
	ExplainPropertyList("Inputs", inputs, es);
	ExplainPropertyText("Steps", tail->steps.data, es);
	close_stage(es);
}

static List *
input_names(const StagePlan *stage, int offset)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		char	   *name;

		if (leaf->stage > 0)
		{
			names = lappend(names, psprintf("stage %d", offset + leaf->stage));
			continue;
		}
		name = leaf->parts ? pstrdup("parts") : get_rel_name(leaf->relid);
		names = lappend(names, leaf->broadcast ? psprintf("%s (broadcast)", name) : name);
	}
	return names;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}
