/*-------------------------------------------------------------------------
 * agg.c
 *	  Groups of batches: Agg, hashed or plain.
 *
 * All input is read, each row's group looked up and its states advanced; then
 * groups are given, a batch at a time, as rows of which the columns are the
 * group's keys, other columns that depend on these, and the aggregates.
 *
 * When the groups' memory reaches hash_mem, no more groups are made: rows of
 * others are written to files by their hash, and each of these is aggregated
 * in the same way after the groups in memory were given.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vector/accumulate.h"
#include "vector/group_table.h"
#include "vector/node.h"
#include "vector/spill.h"

typedef struct AggCall
{
	VecAggregate aggregate;
	Aggref	   *aggref;
	VecExpr    *arg;			/* NULL: count(*) */
	VecExpr    *filter;
	Size		offset;			/* of its state among those of a group */
} AggCall;

typedef struct VecAgg
{
	VecNode		node;
	Agg		   *plan;
	int			ncarried;		/* input columns that groups have: keys first */
	AttrNumber *carried;
	VecType    *carried_types;
	Vec		  **carried_columns;
	int			ncalls;
	AggCall    *calls;
	Size		stride;			/* bytes of a group's states */

	List	   *parts;			/* of VecSpillPart: rows of groups that did not fit */
	VecSpill   *spill;			/* that is being written */
	VecSpillReader *reader;
	int64		spilled_rows;
	Size		peak;			/* bytes */

	MemoryContext spilling;		/* of these; reset on rescan */
	MemoryContext memory;		/* of the groups; reset for each part */
	MemoryContext values;		/* of what states point to */
	GroupTable *table;
	char	   *states;
	uint32		capacity;		/* of states, in groups */
	bool		filled;
	uint32		next;			/* group to give */

	uint32	   *groups;			/* of the input batch's rows */
	uint16	   *rows;
	uint16	   *left;			/* of these, that are not put aside */
	VecExprContext input;		/* the input's batches */
	VecBatch	output;			/* carried columns, then aggregates */
	VecType    *output_types;
	VecExprContext context;		/* output's */
	VecProjection projection;
} VecAgg;

static VecBatch *agg_next(VecNode *node);
static void agg_rescan(VecNode *node);
static void agg_end(VecNode *node);
static void agg_explain(VecNode *node, ExplainState *es);
static void forget_parts(VecAgg *agg);
static void find_calls(VecAgg *agg);
static Node *name_columns(Node *node, VecAgg *agg);
static int	input_column(VecExprContext *context, const Var *var);
static int	output_column(VecExprContext *context, const Var *var);
static bool fill(VecAgg *agg);
static void start(VecAgg *agg);
static void advance(VecAgg *agg, VecBatch *batch, int bits);
static void find_groups(VecAgg *agg, VecBatch *batch, int bits);
static void limit_memory(VecAgg *agg);
static void give(VecAgg *agg, uint32 first, int n);

static const VecNodeMethods methods = {
	.name = "HashAggregate",
	.next = agg_next,
	.rescan = agg_rescan,
	.end = agg_end,
	.explain = agg_explain
};

static bool
unsupported_aggregates(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref	   *aggref = (Aggref *) node;

		if (aggref->aggsplit != AGGSPLIT_SIMPLE || aggref->aggdistinct || aggref->aggorder ||
			aggref->aggdirectargs || aggref->agglevelsup > 0 || list_length(aggref->args) > 1 ||
			vec_find_accumulator(aggref->aggfnoid) == NULL)
			return true;
		return !vec_expr_supported((Node *) aggref->args) || !vec_expr_supported((Node *) aggref->aggfilter);
	}
	if (IsA(node, GroupingFunc))
		return true;
	return expression_tree_walker(node, unsupported_aggregates, NULL);
}

/* The same without aggregates, which become columns. */
static Node *
without_aggregates(Node *node, void *unused)
{
	if (node && IsA(node, Aggref))
		return (Node *) makeVar(INNER_VAR, 1, exprType(node), exprTypmod(node), exprCollation(node), 0);
	return expression_tree_mutator(node, without_aggregates, NULL);
}

bool
vec_agg_supported(Plan *plan)
{
	Agg		   *agg = (Agg *) plan;

	if (!IsA(plan, Agg) || agg->groupingSets || agg->chain || agg->aggsplit != AGGSPLIT_SIMPLE ||
		(agg->aggstrategy != AGG_HASHED && agg->aggstrategy != AGG_PLAIN))
		return false;
	for (int i = 0; i < agg->numCols; i++)
	{
		RegProcedure left;
		RegProcedure right;

		if (!get_op_hash_functions(agg->grpOperators[i], &left, &right))
			return false;
	}
	return !unsupported_aggregates((Node *) plan->targetlist, NULL) &&
		!unsupported_aggregates((Node *) plan->qual, NULL) &&
		vec_expr_supported(without_aggregates((Node *) plan->targetlist, NULL)) &&
		vec_expr_supported(without_aggregates((Node *) plan->qual, NULL));
}

VecNode *
vec_agg_create(VecQuery *query, Plan *plan, bool careful)
{
	VecAgg	   *agg = palloc0(sizeof(VecAgg));
	List	   *tlist;
	List	   *quals;

	agg->plan = (Agg *) plan;
	vec_node_init(&agg->node, &methods, query, plan, careful);
	agg->node.left = vec_node_create(query, outerPlan(plan), false);
	agg->input.parent = query->parent;
	agg->input.ncolumns = agg->node.left->ncolumns;
	agg->input.types = agg->node.left->types;
	agg->input.column_of = input_column;
	agg->input.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate input",
													ALLOCSET_DEFAULT_SIZES);
	find_calls(agg);

	/* what is above the aggregates sees them as columns */
	tlist = (List *) name_columns((Node *) copyObject(plan->targetlist), agg);
	quals = (List *) name_columns((Node *) copyObject(plan->qual), agg);
	agg->output.ncolumns = agg->ncarried + agg->ncalls;
	agg->output.columns = palloc(sizeof(Vec *) * Max(agg->output.ncolumns, 1));
	agg->output_types = palloc(sizeof(VecType) * Max(agg->output.ncolumns, 1));
	for (int i = 0; i < agg->ncarried; i++)
		agg->output_types[i] = agg->carried_types[i];
	for (int i = 0; i < agg->ncalls; i++)
	{
		Node	   *aggref = (Node *) agg->calls[i].aggref;
		VecType    *type = &agg->output_types[agg->ncarried + i];
		Vec		   *vec;

		vec_type_init(type, exprType(aggref), exprTypmod(aggref), exprCollation(aggref));
		vec = agg->output.columns[agg->ncarried + i] = vec_create(type->kind, VEC_MAX_ROWS);
		vec->nulls = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	agg->context.parent = query->parent;
	agg->context.ncolumns = agg->output.ncolumns;
	agg->context.types = agg->output_types;
	agg->context.column_of = output_column;
	agg->context.arg = agg;
	agg->context.careful = careful;
	agg->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate output",
													  ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&agg->projection, &agg->context, quals, tlist);
	agg->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate",
										ALLOCSET_DEFAULT_SIZES);
	agg->groups = palloc0(sizeof(uint32) * VEC_MAX_ROWS);
	agg->rows = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	agg->left = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	agg->spilling = AllocSetContextCreate(CurrentMemoryContext, "barks vector aggregate files",
										  ALLOCSET_DEFAULT_SIZES);
	return &agg->node;
}

/* ---------------- columns ---------------- */

static int
carried_index(VecAgg *agg, AttrNumber attno)
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
		for (int i = 0; i < agg->ncalls; i++)
			if (equal(agg->calls[i].aggref, node))
				return false;
		agg->calls = agg->calls ? repalloc(agg->calls, sizeof(AggCall) * (agg->ncalls + 1)) :
			palloc(sizeof(AggCall));
		memset(&agg->calls[agg->ncalls], 0, sizeof(AggCall));
		agg->calls[agg->ncalls++].aggref = (Aggref *) node;
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

/* Aggregates, and the input columns that are used outside of them. */
static void
find_calls(VecAgg *agg)
{
	Agg		   *plan = agg->plan;

	agg->carried = palloc(sizeof(AttrNumber) * Max(plan->numCols, 1));
	for (int i = 0; i < plan->numCols; i++)
		agg->carried[agg->ncarried++] = plan->grpColIdx[i];
	collect((Node *) plan->plan.targetlist, agg);
	collect((Node *) plan->plan.qual, agg);

	agg->carried_types = palloc(sizeof(VecType) * Max(agg->ncarried, 1));
	agg->carried_columns = palloc(sizeof(Vec *) * Max(agg->ncarried, 1));
	for (int i = 0; i < agg->ncarried; i++)
		agg->carried_types[i] = agg->node.left->types[agg->carried[i] - 1];
	for (int i = 0; i < plan->numCols; i++)
		agg->carried_types[i].collation = plan->grpCollations[i];
	for (int i = 0; i < agg->ncalls; i++)
	{
		AggCall    *call = &agg->calls[i];

		vec_aggregate_init(&call->aggregate, call->aggref, NULL);
		call->offset = agg->stride;
		agg->stride += MAXALIGN(call->aggregate.accumulator->size);
		if (call->aggref->args)
			call->arg = vec_expr_compile(&agg->input, linitial_node(TargetEntry, call->aggref->args)->expr);
		if (call->aggref->aggfilter)
			call->filter = vec_expr_compile(&agg->input, call->aggref->aggfilter);
	}
}

static Node *
name_columns(Node *node, VecAgg *agg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
		for (int i = 0; i < agg->ncalls; i++)
			if (equal(agg->calls[i].aggref, node))
				return (Node *) makeVar(INNER_VAR, i + 1, exprType(node), exprTypmod(node),
										exprCollation(node), 0);
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
		uint32		count = !agg->filled ? 0 : agg->table ? group_table_count(agg->table) : 1;
		int			n = Min(vec_batch_rows(), count - agg->next);

		if (n > 0)
		{
			give(agg, agg->next, n);
			agg->next += n;
			vec_projection_begin(&agg->projection, &agg->output);
		}
		else if (!fill(agg))
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
	for (int i = 0; i < agg->ncalls; i++)
	{
		if (agg->calls[i].arg)
			vec_expr_forget(agg->calls[i].arg);
		if (agg->calls[i].filter)
			vec_expr_forget(agg->calls[i].filter);
	}
	agg->filled = false;
	agg->next = 0;
	forget_parts(agg);
}

static void
agg_end(VecNode *node)
{
	forget_parts((VecAgg *) node);
}

/* Files are not in memory that could be reset. */
static void
forget_parts(VecAgg *agg)
{
	ListCell   *lc;

	foreach(lc, agg->parts)
		vec_spill_part_close(lfirst(lc));
	agg->parts = NIL;
	agg->spill = NULL;
	agg->reader = NULL;
	MemoryContextReset(agg->spilling);
}

static void
start(VecAgg *agg)
{
	MemoryContext old;

	MemoryContextReset(agg->memory);
	old = MemoryContextSwitchTo(agg->memory);
	agg->values = AllocSetContextCreate(agg->memory, "barks vector states", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < agg->ncalls; i++)
		agg->calls[i].aggregate.memory = agg->values;
	agg->table = NULL;
	if (agg->plan->numCols > 0)
		agg->table = group_table_create(agg->plan->numCols, agg->ncarried, agg->carried_types,
										agg->plan->grpOperators, agg->memory);
	agg->capacity = agg->table ? VEC_MAX_ROWS : 1;
	agg->states = palloc0(Max(agg->stride * agg->capacity, 1));
	agg->next = 0;
	MemoryContextSwitchTo(old);
}

/* Aggregate the input, or next time a part of it that was put aside; false: there is none. */
static bool
fill(VecAgg *agg)
{
	VecSpillPart *part = NULL;
	VecBatch   *batch;

	if (agg->filled)
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
		limit_memory(agg);
	}
	if (part)
		agg->parts = list_delete_first(agg->parts);
	if (agg->spill)
	{
		MemoryContext old = MemoryContextSwitchTo(agg->spilling);

		agg->parts = vec_spill_finish(agg->spill, agg->parts);
		agg->spill = NULL;
		MemoryContextSwitchTo(old);
	}
	agg->filled = true;
	return true;
}

static void
limit_memory(VecAgg *agg)
{
	Size		bytes = MemoryContextMemAllocated(agg->memory, true);

	agg->peak = Max(agg->peak, bytes);
	if (agg->table && bytes > get_hash_memory_limit())
		group_table_close(agg->table);
}

/* The groups of a batch's rows; rows of groups that there is no room for are put aside. */
static void
find_groups(VecAgg *agg, VecBatch *batch, int bits)
{
	int			nleft = 0;
	int			nput = 0;

	for (int i = 0; i < agg->ncarried; i++)
		agg->carried_columns[i] = batch->columns[agg->carried[i] - 1];
	group_table_find(agg->table, agg->carried_columns, batch->sel, batch->nsel, agg->groups);
	while (agg->capacity < group_table_count(agg->table))
	{
		agg->states = repalloc_huge(agg->states, agg->stride * agg->capacity * 2);
		memset(agg->states + agg->stride * agg->capacity, 0, agg->stride * agg->capacity);
		agg->capacity *= 2;
	}
	if (!group_table_is_closed(agg->table))
		return;
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 if (agg->groups[row] == GROUP_NONE)
				 agg->rows[nput++] = row;
				 else
				 agg->left[nleft++] = row);
	if (nput == 0)
		return;
	if (agg->spill == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(agg->spilling);

		agg->spill = vec_spill_create(agg->input.ncolumns, agg->input.types, bits);
		if (agg->reader == NULL)
			agg->reader = vec_spill_reader_create(agg->input.ncolumns, agg->input.types);
		MemoryContextSwitchTo(old);
	}
	vec_spill_write(agg->spill, batch->columns, agg->rows, nput, group_table_hashes(agg->table));
	agg->spilled_rows += nput;
	batch->sel = agg->left;
	batch->nsel = nleft;
}

static void
advance(VecAgg *agg, VecBatch *batch, int bits)
{
	if (agg->table)
		find_groups(agg, batch, bits);
	for (int i = 0; i < agg->ncalls; i++)
	{
		AggCall    *call = &agg->calls[i];
		const uint16 *sel = batch->sel;
		int			n = batch->nsel;
		const Vec  *arg = NULL;

		if (call->filter)
		{
			n = vec_expr_select(call->filter, batch, sel, n, agg->rows);
			sel = agg->rows;
		}
		if (call->arg && n > 0)
		{
			arg = vec_expr_eval(call->arg, batch, sel, n);
			if (arg->nulls)
			{
				int			k = 0;

				VEC_FOR_EACH(row, sel, n,
							 bool		isnull = VEC_IS_NULL(arg, row);

							 agg->rows[k] = row;
							 k += !isnull);
				sel = agg->rows;
				n = k;
			}
		}
		if (n > 0)
			call->aggregate.accumulator->add(&call->aggregate, arg, sel, n, agg->states + call->offset,
											 agg->stride, agg->groups);
	}
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
	for (int i = 0; i < agg->ncalls; i++)
	{
		AggCall    *call = &agg->calls[i];
		Vec		   *vec = agg->output.columns[agg->ncarried + i];
		const VecType *type = &agg->output_types[agg->ncarried + i];

		for (int row = 0; row < n; row++)
		{
			bool		isnull = false;
			Datum		value = call->aggregate.accumulator->finish(&call->aggregate,
																	agg->states + call->offset +
																	agg->stride * (first + row), &isnull);

			vec_put_datum(vec, type, row, value, isnull);
		}
	}
	agg->output.nrows = agg->output.nsel = n;
	agg->output.sel = NULL;
	MemoryContextSwitchTo(old);
}

static void
agg_explain(VecNode *node, ExplainState *es)
{
	VecAgg	   *agg = (VecAgg *) node;

	if (!es->analyze)
		return;
	ExplainPropertyInteger("Peak Memory Usage", "kB", (agg->peak + 1023) / 1024, es);
	if (agg->spilled_rows > 0)
		ExplainPropertyInteger("Rows Spilled", NULL, agg->spilled_rows, es);
}
