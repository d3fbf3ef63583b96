/*-------------------------------------------------------------------------
 * agg.c
 *	  Groups of batches: Agg, hashed, sorted or plain; Group and Unique.
 *
 * Groups are given, a batch at a time, as rows of which the columns are the
 * group's keys, other columns that depend on these, and the aggregates.
 *
 * Hashed or plain: all input is read, each row's group looked up and its states
 * advanced; then groups are given.  When the groups' memory reaches hash_mem, no
 * more groups are made: rows of others are written to files by their hash, and each
 * of these is aggregated in the same way after the groups in memory were given.  A
 * partial aggregate gives its groups instead, and starts again.
 *
 * Sorted: groups are runs of rows.  Those of a batch are given before the next one
 * is read, but for the last, which may go on there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vector/agg_calls.h"
#include "vector/agg_plan.h"
#include "vector/group_table.h"
#include "vector/node.h"
#include "vector/spill.h"

typedef struct VecAgg
{
	VecNode		node;
	Grouping	by;
	int			ncarried;		/* input columns that groups have: keys first */
	AttrNumber *carried;
	VecType    *carried_types;
	Vec		  **carried_columns;
	List	   *aggrefs;
	AggCalls   *calls;

	List	   *parts;			/* of VecSpillPart: rows of groups that did not fit */
	VecSpill   *spill;			/* that is being written */
	VecSpillReader *reader;
	bool	   *spilled_columns;	/* of the input: those that are needed */
	Vec		  **spill_columns;
	int64		spilled_rows;
	Size		peak;			/* bytes */

	MemoryContext spilling;		/* of these; reset on rescan */
	MemoryContext memory;		/* of the groups; reset for each part */
	VecStateMemory states_memory;	/* of what states point to */
	GroupTable *table;			/* NULL: there is one group, which is always there */
	char	   *states;			/* of that one */
	bool		input_done;
	uint32		ready;			/* groups that can be given */
	uint32		next;			/* of these */

	/* sorted */
	VecStateMemory *memories;	/* by group; NULL: states point to nothing */
	VecBatch   *batch;			/* at hand */
	bool		open;			/* the last group may go on */
	bool		by_groups;		/* one group of the batch after the other */
	int			nruns;			/* of the batch */
	int			next_run;
	uint16	   *starts;			/* of runs, as places in the batch's selection */
	uint32		serial;			/* of group 0 */

	uint32	   *groups;			/* of the input batch's rows */
	char	  **bytes;			/* their states */
	uint16	   *rows;
	uint16	   *left;			/* of these, that are not put aside */
	VecExprContext input;		/* the input's batches */
	VecBatch	output;			/* carried columns, then aggregates */
	VecType    *output_types;
	bool	  **output_nulls;	/* of the aggregates */
	VecExprContext context;		/* output's */
	VecProjection projection;
} VecAgg;

static VecBatch *agg_next(VecNode *node);
static void agg_rescan(VecNode *node);
static void agg_end(VecNode *node);
static void agg_explain(VecNode *node, ExplainState *es);
static const VecNodeMethods *find_methods(const VecAgg *agg);
static void find_columns(VecAgg *agg);
static void init_output(VecAgg *agg, bool careful);
static Node *name_columns(Node *node, VecAgg *agg);
static int	input_column(VecExprContext *context, const Var *var);
static int	output_column(VecExprContext *context, const Var *var);
static void forget_parts(VecAgg *agg);
static void start(VecAgg *agg);
static bool fill(VecAgg *agg);
static bool limit_memory(VecAgg *agg);
static void finish_spill(VecAgg *agg);
static void advance(VecAgg *agg, VecBatch *batch, int bits);
static void find_groups(VecAgg *agg, VecBatch *batch, int bits);
static void put_aside(VecAgg *agg, VecBatch *batch, int n, int bits);
static bool fill_sorted(VecAgg *agg);
static void keep_open(VecAgg *agg);
static bool read_runs(VecAgg *agg);
static bool add_runs(VecAgg *agg, int nruns);
static void complete(VecAgg *agg);
static void give(VecAgg *agg, uint32 first, int n);

#define METHODS(text) \
	{.name = text, .next = agg_next, .rescan = agg_rescan, .end = agg_end, .explain = agg_explain}

/* By strategy, then as a whole, the first or the second phase. */
static const VecNodeMethods agg_methods[][3] = {
	[AGG_PLAIN] = {METHODS("Aggregate"), METHODS("Partial Aggregate"), METHODS("Finalize Aggregate")},
	[AGG_SORTED] = {METHODS("GroupAggregate"), METHODS("Partial GroupAggregate"),
	METHODS("Finalize GroupAggregate")},
	[AGG_HASHED] = {METHODS("HashAggregate"), METHODS("Partial HashAggregate"),
	METHODS("Finalize HashAggregate")}
};
static const VecNodeMethods group_methods = METHODS("Group");
static const VecNodeMethods unique_methods = METHODS("Unique");

/* ---------------- creation ---------------- */

static const VecNodeMethods *
find_methods(const VecAgg *agg)
{
	if (IsA(agg->node.plan, Group))
		return &group_methods;
	if (IsA(agg->node.plan, Unique))
		return &unique_methods;
	return &agg_methods[agg->by.strategy][DO_AGGSPLIT_SKIPFINAL(agg->by.split) ? 1 :
										  DO_AGGSPLIT_COMBINE(agg->by.split) ? 2 : 0];
}

VecNode *
vec_agg_create(VecQuery *query, Plan *plan, bool careful)
{
	VecAgg	   *agg = palloc0(sizeof(VecAgg));

	agg_find_grouping(plan, &agg->by);
	agg->node.plan = plan;
	vec_node_init(&agg->node, find_methods(agg), query, plan, careful);
	/* what makes runs into groups gives them when they are there */
	agg->input.careful = careful && agg->by.strategy == AGG_SORTED;
	agg->node.left = vec_node_create(query, outerPlan(plan), agg->input.careful);
	agg->input.parent = query->parent;
	agg->input.by_rows = &agg->node.by_rows;
	agg->input.ncolumns = agg->node.left->ncolumns;
	agg->input.types = agg->node.left->types;
	agg->input.column_of = input_column;
	agg->input.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate input",
													ALLOCSET_DEFAULT_SIZES);
	find_columns(agg);
	agg->calls = agg_calls_create(agg->aggrefs, &agg->input, plan);
	init_output(agg, careful);
	agg->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate",
										ALLOCSET_DEFAULT_SIZES);
	agg->states_memory.estate = query->estate;
	if (agg->by.strategy == AGG_SORTED && agg_calls_point(agg->calls))
	{
		agg->memories = palloc0(sizeof(VecStateMemory) * (VEC_MAX_ROWS + 1));
		for (int i = 0; i <= VEC_MAX_ROWS; i++)
			agg->memories[i].estate = query->estate;
	}
	agg->groups = palloc0(sizeof(uint32) * VEC_MAX_ROWS);
	agg->bytes = palloc(sizeof(char *) * VEC_MAX_ROWS);
	agg->rows = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	agg->left = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	agg->starts = palloc(sizeof(uint16) * (VEC_MAX_ROWS + 1));
	agg->spilling = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate files",
										  ALLOCSET_DEFAULT_SIZES);
	return &agg->node;
}

static int
carried_index(const VecAgg *agg, AttrNumber attno)
{
	for (int i = 0; i < agg->ncarried; i++)
		if (agg->carried[i] == attno)
			return i;
	return -1;
}

static bool
collect(Node *node, VecAgg *agg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		agg->aggrefs = list_append_unique(agg->aggrefs, node);
		return false;
	}
	if (IsA(node, Var))
	{
		AttrNumber	attno = ((Var *) node)->varattno;

		if (carried_index(agg, attno) < 0)
		{
			agg->carried = repalloc(agg->carried, sizeof(AttrNumber) * (agg->ncarried + 1));
			agg->carried[agg->ncarried++] = attno;
		}
		return false;
	}
	return expression_tree_walker(node, collect, agg);
}

static bool
mark_columns(Node *node, VecAgg *agg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		agg->spilled_columns[((Var *) node)->varattno - 1] = true;
	return expression_tree_walker(node, mark_columns, agg);
}

/* Aggregates, the input columns that are used outside of them, and all that are used. */
static void
find_columns(VecAgg *agg)
{
	Plan	   *plan = agg->node.plan;
	int			ncolumns = agg->input.ncolumns;
	ListCell   *lc;

	agg->carried = palloc(sizeof(AttrNumber) * Max(agg->by.nkeys, 1));
	for (int i = 0; i < agg->by.nkeys; i++)
		agg->carried[agg->ncarried++] = agg->by.columns[i];
	collect((Node *) plan->targetlist, agg);
	collect((Node *) plan->qual, agg);

	agg->carried_types = palloc(sizeof(VecType) * Max(agg->ncarried, 1));
	agg->carried_columns = palloc(sizeof(Vec *) * Max(agg->ncarried, 1));
	agg->spilled_columns = palloc0(sizeof(bool) * Max(ncolumns, 1));
	agg->spill_columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	for (int i = 0; i < agg->ncarried; i++)
	{
		agg->carried_types[i] = agg->node.left->types[agg->carried[i] - 1];
		agg->spilled_columns[agg->carried[i] - 1] = true;
	}
	for (int i = 0; i < agg->by.nkeys; i++)
		agg->carried_types[i].collation = agg->by.collations[i];
	foreach(lc, agg->aggrefs)
	{
		mark_columns((Node *) lfirst_node(Aggref, lc)->args, agg);
		mark_columns((Node *) lfirst_node(Aggref, lc)->aggfilter, agg);
	}
}

/* What is above the aggregates sees them as columns. */
static void
init_output(VecAgg *agg, bool careful)
{
	Plan	   *plan = agg->node.plan;
	int			naggs = list_length(agg->aggrefs);
	ListCell   *lc;

	agg->output.ncolumns = agg->ncarried + naggs;
	agg->output.columns = palloc(sizeof(Vec *) * Max(agg->output.ncolumns, 1));
	agg->output_types = palloc(sizeof(VecType) * Max(agg->output.ncolumns, 1));
	agg->output_nulls = palloc(sizeof(bool *) * Max(naggs, 1));
	for (int i = 0; i < agg->ncarried; i++)
		agg->output_types[i] = agg->carried_types[i];
	foreach(lc, agg->aggrefs)
	{
		Node	   *aggref = lfirst(lc);
		int			i = agg->ncarried + foreach_current_index(lc);

		vec_type_init(&agg->output_types[i], exprType(aggref), exprTypmod(aggref), exprCollation(aggref));
		agg->output.columns[i] = vec_create(agg->output_types[i].kind, VEC_MAX_ROWS);
		agg->output_nulls[i - agg->ncarried] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	agg->context.parent = agg->node.query->parent;
	agg->context.by_rows = &agg->node.by_rows;
	agg->context.ncolumns = agg->output.ncolumns;
	agg->context.types = agg->output_types;
	agg->context.column_of = output_column;
	agg->context.arg = agg;
	agg->context.careful = careful;
	agg->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate output",
													  ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&agg->projection, &agg->context,
						(List *) name_columns((Node *) copyObject(plan->qual), agg),
						(List *) name_columns((Node *) copyObject(plan->targetlist), agg));
}

static Node *
name_columns(Node *node, VecAgg *agg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
	{
		ListCell   *lc;

		foreach(lc, agg->aggrefs)
			if (equal(lfirst(lc), node))
				return (Node *) makeVar(INNER_VAR, foreach_current_index(lc) + 1, exprType(node),
										exprTypmod(node), exprCollation(node), 0);
	}
	return expression_tree_mutator(node, name_columns, agg);
}

static int
input_column(VecExprContext *context, const Var *var)
{
	return var->varattno - 1;
}

static int
output_column(VecExprContext *context, const Var *var)
{
	VecAgg	   *agg = context->arg;

	return var->varno == INNER_VAR ? agg->ncarried + var->varattno - 1 :
		carried_index(agg, var->varattno);
}

/* ---------------- running ---------------- */

static VecBatch *
agg_next(VecNode *node)
{
	VecAgg	   *agg = (VecAgg *) node;
	VecBatch   *batch;

	while ((batch = vec_projection_next(&agg->projection)) == NULL)
	{
		int			n = Min(vec_batch_rows(), agg->ready - agg->next);

		if (n > 0)
		{
			give(agg, agg->next, n);
			agg->next += n;
			vec_projection_begin(&agg->projection, &agg->output);
		}
		else if (!(agg->by.strategy == AGG_SORTED ? fill_sorted(agg) : fill(agg)))
			return NULL;
	}
	return batch;
}

static void
agg_rescan(VecNode *node)
{
	VecAgg	   *agg = (VecAgg *) node;

	vec_node_rescan(node->left);
	vec_projection_reset(&agg->projection);
	agg_calls_forget(agg->calls);
	agg->input_done = false;
	agg->ready = agg->next = 0;
	if (agg->by.strategy == AGG_SORTED)
	{
		agg->open = false;
		if (agg->table)
			keep_open(agg);
		agg->batch = NULL;
		agg->nruns = agg->next_run = 0;
	}
	forget_parts(agg);
}

static void
agg_end(VecNode *node)
{
	VecAgg	   *agg = (VecAgg *) node;

	agg_calls_forget(agg->calls);
	forget_parts(agg);
}

/* Files are not in memory that could be reset. */
static void
forget_parts(VecAgg *agg)
{
	ListCell   *lc;

	finish_spill(agg);
	foreach(lc, agg->parts)
		vec_spill_part_close(lfirst(lc));
	agg->parts = NIL;
	agg->reader = NULL;
	MemoryContextReset(agg->spilling);
}

/* n groups as rows of the output. */
static void
give(VecAgg *agg, uint32 first, int n)
{
	MemoryContext old;

	MemoryContextReset(agg->context.batch_memory);
	old = MemoryContextSwitchTo(agg->context.batch_memory);
	if (agg->table)
		group_table_columns(agg->table, first, n, agg->output.columns);
	for (int i = 0; i < n; i++)
		agg->bytes[i] = agg->table ? group_table_bytes(agg->table, first + i) : agg->states;
	agg_calls_finish(agg->calls, agg->bytes, agg->memories ? agg->memories + first : &agg->states_memory,
					 agg->memories != NULL, n, agg->output.columns + agg->ncarried,
					 agg->output_types + agg->ncarried, agg->output_nulls);
	agg->output.nrows = agg->output.nsel = n;
	agg->output.sel = NULL;
	MemoryContextSwitchTo(old);
}

/* ---------------- hashed and plain ---------------- */

static void
start(VecAgg *agg)
{
	MemoryContextReset(agg->memory);
	vec_state_memory_reset(&agg->states_memory);
	agg->table = NULL;
	if (agg->by.nkeys > 0)
		agg->table = group_table_create(agg->by.nkeys, agg->ncarried, agg->carried_types, agg->by.operators,
										agg_calls_size(agg->calls), agg->memory);
	else
		agg->states = MemoryContextAllocZero(agg->memory, Max(agg_calls_size(agg->calls), 1));
	agg->next = 0;
}

/* Aggregate the input, or next time a part of it that was put aside; false: there is none. */
static bool
fill(VecAgg *agg)
{
	VecSpillPart *part = NULL;
	VecBatch   *batch;

	if (agg->input_done)
	{
		if (agg->parts == NIL)
			return false;
		part = linitial(agg->parts);
	}
	start(agg);
	while ((batch = part ? vec_spill_read(agg->reader, part) : vec_node_next(agg->node.left)) != NULL)
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(agg->input.batch_memory);
		old = MemoryContextSwitchTo(agg->input.batch_memory);
		advance(agg, batch, part ? part->bits : 0);
		MemoryContextSwitchTo(old);
		if (limit_memory(agg))
			break;
	}
	if (part)
		agg->parts = list_delete_first(agg->parts);
	else if (batch == NULL)
		agg->input_done = true;
	finish_spill(agg);
	if (agg->table == NULL)
		agg_calls_drain(agg->calls, agg->states, &agg->states_memory);
	agg->ready = agg->table ? group_table_count(agg->table) : 1;
	return true;
}

/* True: the groups should be given before more are made. */
static bool
limit_memory(VecAgg *agg)
{
	Size		bytes = MemoryContextMemAllocated(agg->memory, true) + vec_state_memory_bytes(&agg->states_memory) +
		agg_calls_bytes(agg->calls);

	agg->peak = Max(agg->peak, bytes);
	if (agg->table == NULL || bytes <= get_hash_memory_limit())
		return false;
	if (DO_AGGSPLIT_SKIPFINAL(agg->by.split))
		return true;
	group_table_close(agg->table);
	return false;
}

static void
finish_spill(VecAgg *agg)
{
	MemoryContext old = MemoryContextSwitchTo(agg->spilling);

	if (agg->spill)
		agg->parts = vec_spill_finish(agg->spill, agg->parts);
	agg->spill = NULL;
	MemoryContextSwitchTo(old);
}

static void
advance(VecAgg *agg, VecBatch *batch, int bits)
{
	uint32		ngroups;

	if (agg->table)
		find_groups(agg, batch, bits);
	agg_calls_evaluate(agg->calls, batch, batch->sel, batch->nsel);
	if (agg->table == NULL)
	{
		agg_calls_add(agg->calls, agg->states, &agg->states_memory);
		return;
	}
	ngroups = group_table_count(agg->table);
	if (ngroups <= AGG_CALLS_FEW)
	{
		char	   *states[AGG_CALLS_FEW];

		for (uint32 i = 0; i < ngroups; i++)
			states[i] = group_table_bytes(agg->table, i);
		agg_calls_add_few(agg->calls, agg->groups, ngroups, states, &agg->states_memory);
	}
	else
		agg_calls_scatter(agg->calls, agg->bytes, &agg->states_memory);
}

/* The groups of a batch's rows; rows of groups that there is no room for are put aside. */
static void
find_groups(VecAgg *agg, VecBatch *batch, int bits)
{
	int			nleft = 0;
	int			nput = 0;

	for (int i = 0; i < agg->ncarried; i++)
		agg->carried_columns[i] = vec_batch_column(batch, agg->carried[i] - 1);
	group_table_find(agg->table, agg->carried_columns, batch->sel, batch->nsel, agg->groups, agg->bytes);
	if (!group_table_is_closed(agg->table))
		return;
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 if (agg->groups[row] == GROUP_NONE)
				 agg->rows[nput++] = row;
				 else
				 agg->left[nleft++] = row);
	if (nput == 0)
		return;
	put_aside(agg, batch, nput, bits);
	batch->sel = agg->left;
	batch->nsel = nleft;
}

/* n of the batch's rows, in agg->rows; of columns that nobody needs NULLs are written. */
static void
put_aside(VecAgg *agg, VecBatch *batch, int n, int bits)
{
	static bool null = true;
	static Vec	nothing = {.kind = VEC_DATUM, .constant = true, .nulls = &null};

	if (agg->spill == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(agg->spilling);

		agg->spill = vec_spill_create(agg->input.ncolumns, agg->input.types, bits);
		if (agg->reader == NULL)
			agg->reader = vec_spill_reader_create(agg->input.ncolumns, agg->input.types);
		MemoryContextSwitchTo(old);
	}
	for (int i = 0; i < agg->input.ncolumns; i++)
		agg->spill_columns[i] = agg->spilled_columns[i] ? vec_batch_column(batch, i) : &nothing;
	vec_spill_write(agg->spill, agg->spill_columns, agg->rows, n, group_table_hashes(agg->table));
	agg->spilled_rows += n;
}

/* ---------------- sorted ---------------- */

/* The row that starts a run. */
static inline int
run_row(const VecAgg *agg, int run)
{
	return agg->batch->sel ? agg->batch->sel[agg->starts[run]] : agg->starts[run];
}

/*
 * Make groups until some are complete; false: there are no more.  One group after the
 * other where a row may fail, so that the groups before it are given before
 * that, and where a set of distinct values is full.
 */
static bool
fill_sorted(VecAgg *agg)
{
	if (agg->table == NULL)
		agg->table = group_runs_create(agg->by.nkeys, agg->ncarried, agg->carried_types, agg->by.operators,
									   agg_calls_size(agg->calls), agg->memory);
	keep_open(agg);
	agg->ready = agg->next = 0;
	while (agg->ready == 0)
	{
		bool		one;

		CHECK_FOR_INTERRUPTS();
		if (agg->next_run == agg->nruns && !read_runs(agg))
		{
			complete(agg);
			return agg->ready > 0;
		}
		one = agg->by_groups || agg_calls_full(agg->calls);
		if (one && agg->open && !(agg->next_run == 0 && group_runs_continue(agg->table, run_row(agg, 0))))
			complete(agg);
		else if (add_runs(agg, one ? 1 : agg->nruns - agg->next_run))
		{
			agg->open = true;
			agg->ready = group_table_count(agg->table) - 1;
		}
		else
			agg->by_groups = true;
	}
	return true;
}

/* Forget the groups that were given: all but an open one, which becomes the first. */
static void
keep_open(VecAgg *agg)
{
	uint32		count = group_table_count(agg->table);

	if (agg->open)
	{
		group_runs_keep_last(agg->table);
		agg->serial += count - 1;
		if (agg->memories && count > 1)
		{
			VecStateMemory first = agg->memories[0];

			agg->memories[0] = agg->memories[count - 1];
			agg->memories[count - 1] = first;
		}
	}
	else
	{
		group_runs_forget(agg->table);
		agg->serial += count;
	}
	if (agg->memories)
		for (uint32 i = agg->open ? 1 : 0; i < count; i++)
			vec_state_memory_reset(&agg->memories[i]);
}

/* The next batch's runs. */
static bool
read_runs(VecAgg *agg)
{
	MemoryContext old;

	if (agg->input_done)
		return false;
	agg->batch = vec_node_next(agg->node.left);
	agg->next_run = agg->nruns = 0;
	agg->by_groups = agg->input.careful && agg_calls_raise(agg->calls);
	if (agg->batch == NULL)
	{
		agg->input_done = true;
		return false;
	}
	MemoryContextReset(agg->input.batch_memory);
	old = MemoryContextSwitchTo(agg->input.batch_memory);
	for (int i = 0; i < agg->ncarried; i++)
		agg->carried_columns[i] = vec_batch_column(agg->batch, agg->carried[i] - 1);
	agg->nruns = group_runs_find(agg->table, agg->carried_columns, agg->batch->sel, agg->batch->nsel, agg->starts);
	agg->starts[agg->nruns] = agg->batch->nsel;
	MemoryContextSwitchTo(old);
	return true;
}

/* Add rows of some runs; false: only PostgreSQL's functions know whether they fail. */
static bool
add_runs(VecAgg *agg, int nruns)
{
	MemoryContext old = MemoryContextSwitchTo(agg->input.batch_memory);
	VecBatch   *batch = agg->batch;
	int			from = agg->starts[agg->next_run];
	int			to = agg->starts[agg->next_run + nruns];
	const uint16 *sel = agg->left;
	char	   *states[VEC_MAX_ROWS + 1];
	bool		careful = agg->input.careful;
	bool		continues;
	uint32		group;

	for (int i = from; i < to; i++)
		agg->left[i - from] = batch->sel ? batch->sel[i] : i;
	if (from == 0 && to == batch->nsel)
		sel = batch->sel;
	agg->input.careful = careful && !agg->by_groups;
	agg_calls_evaluate(agg->calls, batch, sel, to - from);
	agg->input.careful = careful;
	MemoryContextSwitchTo(old);
	if (agg->input.gave_up)
	{
		agg->input.gave_up = false;
		return false;
	}

	continues = agg->next_run == 0 && agg->open && group_runs_continue(agg->table, run_row(agg, 0));
	group = group_table_count(agg->table) - (continues ? 1 : 0);
	for (int run = 0; run < nruns; run++)
	{
		agg->rows[run] = run_row(agg, agg->next_run + run);
		for (int i = agg->starts[agg->next_run + run]; i < agg->starts[agg->next_run + run + 1]; i++)
			agg->groups[agg->left[i - from]] = group + run;
	}
	group_runs_add(agg->table, agg->carried_columns, agg->rows + (continues ? 1 : 0), nruns - (continues ? 1 : 0));
	for (uint32 i = 0; i < group_table_count(agg->table); i++)
		states[i] = group_table_bytes(agg->table, i);
	agg_calls_add_runs(agg->calls, agg->groups, states, agg->memories, agg->serial);
	agg->next_run += nruns;
	return true;
}

/* The groups at hand have no more rows. */
static void
complete(VecAgg *agg)
{
	agg->ready = group_table_count(agg->table);
	if (agg->ready == 1)
		agg_calls_drain(agg->calls, group_table_bytes(agg->table, 0), agg->memories);
	agg->open = false;
}

/* ---------------- display ---------------- */

static void
agg_explain(VecNode *node, ExplainState *es)
{
	VecAgg	   *agg = (VecAgg *) node;

	if (!es->analyze || agg->by.strategy == AGG_SORTED)
		return;
	ExplainPropertyInteger("Peak Memory Usage", "kB", (agg->peak + 1023) / 1024, es);
	if (agg->spilled_rows > 0)
		ExplainPropertyInteger("Rows Spilled", NULL, agg->spilled_rows, es);
}
