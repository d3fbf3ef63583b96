/*-------------------------------------------------------------------------
 * filters.c
 *	  Which stages leave out rows whose key another stage does not have.
 *
 * A stage that sends rows by hash to a join waits for the keys of the other
 * side, if that is small, and its tasks drop what has no partner before it is
 * written, sent and read.  The keys come from a stage of kind keys, which the
 * planner made for that (planner/key_stage.c), or from one that the same reader
 * reads anyway.  They travel with what lanes are told about that stage's output.
 *
 * The keys belong to one run of the stage: when all of it is run again, all
 * that was filtered by it is, too (lost.c).  A single task that is run again
 * has the same rows, so the keys stay.  Without keys (there were too many, or
 * the stage failed) nothing is dropped.
 */
#include "postgres.h"

#include "nodes/bitmapset.h"

#include "driver/filters.h"
#include "driver/job_internal.h"
#include "job/plan.h"
#include "planner/planner.h"

/* By estimates: it is of use when the other side has this part of the rows at most, … */
#define MAX_ROWS_RATIO		0.5
#define MIN_ROWS			10000
/* … and in the end when it lets no more than this part of other keys pass, … */
#define MAX_ERROR			0.3
/* … and does not have most of the values that there are. */
#define MAX_VALUES_RATIO	0.8

typedef struct Candidate
{
	const StagePlan *filtered;
	const StagePlan *by;
} Candidate;

static List *candidates_of(List *stages, const int *filters);
static void add_candidate(List **candidates, const StagePlan *filtered, const StagePlan *by);
static bool is_read_once(List *stages, int stage);
static bool may_pay(const Candidate *candidate);
static int	compare_by_rows(const ListCell *a, const ListCell *b);
static bool waits_for(List *stages, const int *filters, int waiting, int other);

int *
filters_choose(List *stages)
{
	int		   *filters = palloc0(sizeof(int) * list_length(stages));
	List	   *candidates;
	ListCell   *lc;

	if (planner_runtime_filters == RUNTIME_FILTERS_OFF)
		return filters;
	foreach(lc, stages)
	{
		const StagePlan *stage = lfirst(lc);

		if (stage->filter > 0 && is_read_once(stages, stage->id))
			filters[stage->id - 1] = stage->filter;
	}
	candidates = candidates_of(stages, filters);
	list_sort(candidates, compare_by_rows);
	foreach(lc, candidates)
	{
		const Candidate *candidate = lfirst(lc);

		if (filters[candidate->filtered->id - 1] == 0 &&
			!waits_for(stages, filters, candidate->by->id, candidate->filtered->id))
			filters[candidate->filtered->id - 1] = candidate->by->id;
	}
	return filters;
}

/*
 * What readers allow among the stages that they read, and what follows from the
 * filters that there are.
 */
static List *
candidates_of(List *stages, const int *filters)
{
	List	   *candidates = NIL;
	ListCell   *lc;
	ListCell   *lp;

	foreach(lc, stages)
		foreach(lp, planner_filter_pairs(lfirst(lc)))
	{
		const FilterPair *pair = lfirst(lp);
		const StagePlan *filtered = list_nth(stages, pair->filtered->stage - 1);
		const StagePlan *by = list_nth(stages, pair->by->stage - 1);

		if (filtered->exchange != EXCHANGE_HASH || filtered->distribution == STAGE_DRIVER ||
			by->exchange != EXCHANGE_HASH ||
			list_length(filtered->hash_columns) != list_length(by->hash_columns) ||
			!is_read_once(stages, filtered->id))
			continue;
		add_candidate(&candidates, filtered, by);
		/* what is of no use without one of those keys is of none to whom it would meet */
		if (filters[by->id - 1] > 0)
			add_candidate(&candidates, filtered, list_nth(stages, filters[by->id - 1] - 1));
	}
	return candidates;
}

static void
add_candidate(List **candidates, const StagePlan *filtered, const StagePlan *by)
{
	Candidate  *candidate = palloc(sizeof(Candidate));

	candidate->filtered = filtered;
	candidate->by = by;
	if (may_pay(candidate))
		*candidates = lappend(*candidates, candidate);
}

/* Another place where it is read would miss what is dropped. */
static bool
is_read_once(List *stages, int stage)
{
	int			places = 0;
	ListCell   *lc;
	ListCell   *ll;

	foreach(lc, stages)
		foreach(ll, ((StagePlan *) lfirst(lc))->leaves)
	{
		const LeafPlan *leaf = lfirst(ll);

		if (leaf->stage == stage)
			places += planner_leaf_references(lfirst(lc), leaf->index);
	}
	return places == 1;
}

static bool
may_pay(const Candidate *candidate)
{
	return planner_runtime_filters == RUNTIME_FILTERS_ALWAYS ||
		(candidate->filtered->rows >= MIN_ROWS &&
		 candidate->by->rows <= candidate->filtered->rows * MAX_ROWS_RATIO);
}

static int
compare_by_rows(const ListCell *a, const ListCell *b)
{
	double		x = ((Candidate *) lfirst(a))->by->rows,
				y = ((Candidate *) lfirst(b))->by->rows;

	return x < y ? -1 : x > y;
}

/* Does a stage wait for another one, or is it the same? */
static bool
waits_for(List *stages, const int *filters, int waiting, int other)
{
	const StagePlan *stage = list_nth(stages, waiting - 1);
	ListCell   *lc;

	if (waiting == other)
		return true;
	foreach(lc, stage->leaves)
	{
		const LeafPlan *leaf = lfirst(lc);

		if (leaf->stage > 0 && waits_for(stages, filters, leaf->stage, other))
			return true;
	}
	return filters[waiting - 1] > 0 && waits_for(stages, filters, filters[waiting - 1], other);
}

/* ---------------- while the job runs ---------------- */

/* Make what lanes are told of them; it must outlive the stage's own memory. */
void
filters_keys_complete(Job *job, StageRun *stage)
{
	StageOutput *output = stage->output;
	MemoryContext old;

	if (output == NULL || output->keys == NULL || output->keys_wire || output->failure ||
		output->nkeyed < output->ntasks ||
		(key_filter_error(output->keys) > MAX_ERROR &&
		 planner_runtime_filters != RUNTIME_FILTERS_ALWAYS))
		return;
	old = MemoryContextSwitchTo(job->lane_context);
	output->keys_wire = makeStringInfo();
	key_filter_write(output->keys, true, output->keys_wire);
	MemoryContextSwitchTo(old);
}

void
filters_use(Job *job, StageRun *stage)
{
	StagePart  *part = stage->part;
	StageStats *stats = stage->stats;
	const StageOutput *by;

	by = job->stages[part->filter].output;
	part->output->filter_stage = 0;
	stats->filtered = by && by->keys_wire;
	if (!stats->filtered)
		return;
	stats->filter_keys = key_filter_keys(by->keys);
	stats->filter_bytes = by->keys_wire->len;
	if (part->filter_values > 0 && planner_runtime_filters != RUNTIME_FILTERS_ALWAYS)
		stats->filtered = stats->filter_keys <= part->filter_values * MAX_VALUES_RATIO;
	if (stats->filtered)
		part->output->filter_stage = job->plan->stages[part->filter].stage;
}
