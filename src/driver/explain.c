/*-------------------------------------------------------------------------
 * explain.c
 *	  EXPLAIN of a Barks scan: its stages, and what they did.
 *
 * The stages of an inner scan (under a tail) are shown by the outer one,
 * followed by the driver's own stage, so that the whole is one node without
 * children.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cluster/node.h"
#include "driver/scan.h"
#include "driver/tasks.h"
#include "planner/planner.h"

typedef struct TailSteps
{
	ExplainState *es;
	StringInfoData steps;		/* "Limit ← Sort ← Finalize HashAggregate" */
	List	   *scans;			/* of BarksScanState */
} TailSteps;

static bool walk_tail(PlanState *ps, TailSteps *tail);
static const char *step_name(const Plan *plan);
static void explain_stage(BarksScanState *state, const StagePlan *stage, ExplainState *es);
static void explain_stage_shape(BarksScanState *state, const StagePlan *stage,
								ExplainState *es);
static void explain_stage_run(BarksScanState *state, ExplainState *es);
static void explain_times(BarksScanState *state, ExplainState *es);
static void explain_driver_stage(BarksScanState *state, TailSteps *tail,
								 int number, ExplainState *es);
static const char *exchange_name(const StagePlan *stage);
static List *input_names(const StagePlan *stage);
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
		ListCell   *ls;

		foreach(ls, ((BarksScanState *) lfirst(lc))->plan->stages)
			explain_stage(lfirst(lc), lfirst(ls), es);
		nstages = Max(nstages, ((StagePlan *) llast(((BarksScanState *) lfirst(lc))->plan->stages))->id);
	}
	if (state->tail)
		explain_driver_stage(state, &tail, nstages + 1, es);
	ExplainCloseGroup("Stages", "Stages", false, es);
}

/* Remember the figures of the gather; called when it ends, or when it is shown. */
void
explain_collect(BarksScanState *state)
{
	const JobStats *now;
	JobStats   *sum;
	int			ntasks = state->job.ntasks;
	MemoryContext old;

	if (state->gather == NULL || !state->css.ss.ps.instrument)
		return;
	old = MemoryContextSwitchTo(state->css.ss.ps.state->es_query_cxt);
	now = gather_stats(state->gather);
	/* after a rescan the figures of the last run stand, bytes and loops are sums */
	sum = palloc(sizeof(JobStats));
	*sum = *now;
	sum->tasks = palloc(sizeof(TaskStats) * ntasks);
	memcpy(sum->tasks, now->tasks, sizeof(TaskStats) * ntasks);
	if (state->stats)
	{
		sum->bytes_memory += state->stats->bytes_memory;
		sum->bytes_wire += state->stats->bytes_wire;
		sum->bytes_inline += state->stats->bytes_inline;
	}
	state->stats = sum;
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

static void
explain_stage(BarksScanState *state, const StagePlan *stage, ExplainState *es)
{
	ExplainOpenGroup("Stage", NULL, true, es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "Stage %d:\n", stage->id);
		es->indent++;
	}
	else
		ExplainPropertyInteger("Stage", NULL, stage->id, es);
	explain_stage_shape(state, stage, es);
	if (es->analyze && state->stats && stage->exchange == EXCHANGE_GATHER)
		explain_stage_run(state, es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent--;
	ExplainCloseGroup("Stage", NULL, true, es);
}

/* What a stage is, without running it. */
static void
explain_stage_shape(BarksScanState *state, const StagePlan *stage, ExplainState *es)
{
	List	   *shapes;

	ExplainPropertyText("Exchange", exchange_name(stage), es);
	if (stage->distribution == STAGE_DRIVER)
	{
		ExplainPropertyText("Rows From", "driver", es);
		return;
	}
	shapes = state->shapes && stage->exchange == EXCHANGE_GATHER ?
		state->shapes : tasks_shape(stage, NULL);
	if (stage->partial_aggregate)
		ExplainPropertyText("Aggregate", "partial", es);
	ExplainPropertyInteger("Tasks", NULL, list_length(shapes), es);
	ExplainPropertyInteger("Nodes", NULL, list_length(tasks_nodes(shapes)), es);
	ExplainPropertyList("Inputs", input_names(stage), es);
	if (es->verbose)
	{
		/* parameters have values only once it ran */
		if (state->job.ntasks > 0 && stage->exchange == EXCHANGE_GATHER)
			ExplainPropertyText("SQL", state->job.tasks[0].sql, es);
		else
			ExplainPropertyText("SQL", planner_stage_sql(stage, NULL, true), es);
	}
}

/* "hash (1, 3) as lineitem" */
static const char *
exchange_name(const StagePlan *stage)
{
	StringInfoData buf;
	ListCell   *lc;

	switch (stage->exchange)
	{
		case EXCHANGE_GATHER:
			return stage->merge_keys != NIL ? "gather merge" : "gather";
		case EXCHANGE_HASH:
			break;
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
	}
	initStringInfo(&buf);
	appendStringInfoString(&buf, "hash");
	foreach(lc, stage->hash_columns)
		appendStringInfo(&buf, "%s%d", foreach_current_index(lc) > 0 ? ", " : " (", lfirst_int(lc));
	appendStringInfoChar(&buf, ')');
	if (OidIsValid(stage->align_relid))
		appendStringInfo(&buf, " as %s", get_rel_name(stage->align_relid));
	return buf.data;
}

static void
explain_stage_run(BarksScanState *state, ExplainState *es)
{
	int64		attempts = 0,
				rows = 0;
	int			done = 0;

	for (int i = 0; i < state->job.ntasks; i++)
	{
		attempts += state->stats->tasks[i].attempts;
		rows += state->stats->tasks[i].rows;
		done += state->stats->tasks[i].done;
	}
	ExplainPropertyInteger("Tasks Done", NULL, done, es);
	ExplainPropertyInteger("Attempts", NULL, attempts, es);
	ExplainPropertyInteger("Rows", NULL, rows, es);
	ExplainPropertyInteger("Bytes by Memory", NULL,
						   state->stats->bytes_memory + state->stats->bytes_inline, es);
	ExplainPropertyInteger("Bytes by File", NULL, 0, es);
	ExplainPropertyInteger("Bytes by Wire", NULL, state->stats->bytes_wire, es);
	if (es->timing)
		explain_times(state, es);
}

/* Minimum, median and maximum over the tasks that ended. */
static void
explain_times(BarksScanState *state, ExplainState *es)
{
	int64	   *times = palloc(sizeof(int64) * Max(1, state->job.ntasks));
	int			n = 0;

	for (int i = 0; i < state->job.ntasks; i++)
		if (state->stats->tasks[i].done)
			times[n++] = state->stats->tasks[i].plan_us + state->stats->tasks[i].run_us;
	if (n == 0)
		return;
	qsort(times, n, sizeof(int64), compare_int64);
	ExplainPropertyFloat("Task Time Min", "ms", times[0] / 1000.0, 3, es);
	ExplainPropertyFloat("Task Time Median", "ms", times[n / 2] / 1000.0, 3, es);
	ExplainPropertyFloat("Task Time Max", "ms", times[n - 1] / 1000.0, 3, es);
}

static void
explain_driver_stage(BarksScanState *state, TailSteps *tail, int number,
					 ExplainState *es)
{
	List	   *inputs = NIL;
	ListCell   *lc;

	foreach(lc, tail->scans)
		inputs = lappend(inputs,
						 psprintf("stage %d",
								  ((StagePlan *) llast(((BarksScanState *) lfirst(lc))->plan->stages))->id));
	ExplainOpenGroup("Stage", NULL, true, es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "Stage %d:\n", number);
		es->indent++;
	}
	else
		ExplainPropertyInteger("Stage", NULL, number, es);
	ExplainPropertyText("Exchange", "driver", es);
	ExplainPropertyInteger("Tasks", NULL, 1, es);
	ExplainPropertyInteger("Nodes", NULL, 1, es);
	ExplainPropertyList("Inputs", inputs, es);
	ExplainPropertyText("Steps", tail->steps.data, es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent--;
	ExplainCloseGroup("Stage", NULL, true, es);
}

static List *
input_names(const StagePlan *stage)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		LeafPlan   *leaf = lfirst(lc);
		char	   *name;

		if (leaf->stage > 0)
		{
			names = lappend(names, psprintf("stage %d", leaf->stage));
			continue;
		}
		name = get_rel_name(leaf->relid);
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
