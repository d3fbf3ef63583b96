/*-------------------------------------------------------------------------
 * agg_calls.c
 *	  The aggregates of an Agg node: arguments, states and values.
 *
 * Aggregates over the same arguments, with the same FILTER and DISTINCT, share what
 * these give, as an AggInput; those that also keep the same kind of state share
 * the state.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/regproc.h"

#include "vector/agg_calls.h"
#include "vector/distinct.h"
#include "vector/exact_sum.h"
#include "vector/transition.h"

typedef struct AggInput
{
	Aggref	   *aggref;			/* one of those that have it */
	bool		strict;			/* rows with NULLs are left out */
	VecExpr    *filter;
	int			nargs;
	VecExpr   **args;
	DistinctSet *distinct;
	bool		scales;			/* all that use it honour Vec.scales */

	/* at hand */
	Vec		  **values;
	const uint16 *sel;
	int			n;
	uint16	   *rows;			/* room for sel */
	uint16	   *sorted;			/* sel by group, of few groups */
	int			ends[AGG_CALLS_FEW];
} AggInput;

typedef struct AggCall
{
	VecAggregate aggregate;
	Aggref	   *aggref;
	AggInput   *input;
	Size		offset;			/* of its state */
	bool		shares;			/* with one before */
} AggCall;

struct AggCalls
{
	int			ncalls;
	AggCall    *calls;
	int			ninputs;
	AggInput   *inputs;
	Size		size;
	bool		points;
	bool		raises;
	VecExprContext *context;
	MemoryContext memory;
	AggState   *shell;
};

static void init_input(AggCalls *calls, AggInput *input, const AggCall *call);
static bool honours_scales(const AggCall *call);
static AggInput *find_input(AggCalls *calls, const AggCall *call);
static bool needs_distinct(Aggref *aggref);
static void evaluate(AggCalls *calls, AggInput *input, VecBatch *batch, const uint16 *sel, int n);
static void select_distinct(AggInput *input, const uint32 *serials);

/* ---------------- what is supported ---------------- */

/* Are equal values the same, so that it does not matter which of them comes? */
static bool
equal_is_same(const VecType *type)
{
	switch (type->kind)
	{
		case VEC_BOOL:
		case VEC_INT32:
		case VEC_INT64:
		case VEC_DECIMAL:
			return true;
		case VEC_DATUM:
			return (type->typid == TEXTOID || type->typid == VARCHAROID) && OidIsValid(type->collation) &&
				get_collation_isdeterministic(type->collation);
		default:
			return false;
	}
}

/* Values of DISTINCT come in no order. */
static bool
distinct_supported(Aggref *aggref)
{
	SortGroupClause *clause = linitial_node(SortGroupClause, aggref->aggdistinct);
	Node	   *arg = (Node *) linitial_node(TargetEntry, aggref->args)->expr;
	RegProcedure left;
	RegProcedure right;
	VecType		type;

	vec_type_init(&type, exprType(arg), exprTypmod(arg), exprCollation(arg));
	return list_length(aggref->args) == 1 && vec_accumulator_exists(aggref->aggfnoid) &&
		get_op_hash_functions(clause->eqop, &left, &right) &&
		(aggref->aggfnoid == F_COUNT_ANY || equal_is_same(&type));
}

bool
agg_call_supported(Aggref *aggref)
{
	if (aggref->aggorder || aggref->aggdirectargs || aggref->agglevelsup > 0 ||
		aggref->aggkind != AGGKIND_NORMAL)
		return false;
	if (aggref->aggsplit != AGGSPLIT_SIMPLE && aggref->aggsplit != AGGSPLIT_INITIAL_SERIAL &&
		aggref->aggsplit != AGGSPLIT_FINAL_DESERIAL)
		return false;
	return aggref->aggdistinct == NIL || distinct_supported(aggref);
}

/* Extremes are the same without. */
static bool
needs_distinct(Aggref *aggref)
{
	switch (aggref->aggfnoid)
	{
		case F_COUNT_ANY:
		case F_SUM_INT2:
		case F_SUM_INT4:
		case F_SUM_INT8:
		case F_SUM_NUMERIC:
		case F_AVG_INT2:
		case F_AVG_INT4:
		case F_AVG_INT8:
		case F_AVG_NUMERIC:
			return aggref->aggdistinct != NIL;
		default:
			return false;
	}
}

/* ---------------- setting up ---------------- */

AggCalls *
agg_calls_create(List *aggrefs, VecExprContext *context, Plan *plan)
{
	AggCalls   *calls = palloc0(sizeof(AggCalls));
	ListCell   *lc;

	calls->context = context;
	calls->memory = CurrentMemoryContext;
	if (aggrefs != NIL)
		calls->shell = vec_transition_shell(plan, context->parent->state);
	calls->calls = palloc0(sizeof(AggCall) * Max(list_length(aggrefs), 1));
	calls->inputs = palloc0(sizeof(AggInput) * Max(list_length(aggrefs), 1));
	foreach(lc, aggrefs)
	{
		AggCall    *call = &calls->calls[calls->ncalls];
		const VecStates *states;

		call->aggref = lfirst(lc);
		vec_aggregate_init(&call->aggregate, call->aggref, calls->shell);
		if (call->aggregate.transition && vec_expr_is_explained(context))
			vec_expr_tell_by_rows(context, format_procedure(call->aggref->aggfnoid), "by its transition function");
		call->input = find_input(calls, call);
		for (int i = 0; i < calls->ncalls && !call->shares; i++)
			if (calls->calls[i].input == call->input &&
				vec_aggregate_shares(&calls->calls[i].aggregate, &call->aggregate))
			{
				call->shares = true;
				call->offset = calls->calls[i].offset;
			}
		calls->ncalls++;
		if (call->shares)
			continue;
		states = call->aggregate.accumulator->states;
		call->offset = calls->size;
		calls->size += vec_aggregate_size(&call->aggregate);
		calls->points |= states->points;
		calls->raises |= states->raises || call->aggregate.combines;
	}
	return calls;
}

static AggInput *
find_input(AggCalls *calls, const AggCall *call)
{
	AggInput   *input;

	for (int i = 0; i < calls->ninputs; i++)
	{
		input = &calls->inputs[i];
		if (input->strict == call->aggregate.strict && equal(input->aggref->args, call->aggref->args) &&
			equal(input->aggref->aggfilter, call->aggref->aggfilter) &&
			needs_distinct(input->aggref) == needs_distinct(call->aggref))
		{
			input->scales &= honours_scales(call);
			return input;
		}
	}
	input = &calls->inputs[calls->ninputs++];
	init_input(calls, input, call);
	return input;
}

static bool
honours_scales(const AggCall *call)
{
	return !needs_distinct(call->aggref) && !call->aggregate.combines &&
		call->aggregate.accumulator->states == &exact_sum_of_numeric;
}

static void
init_input(AggCalls *calls, AggInput *input, const AggCall *call)
{
	ListCell   *lc;

	input->aggref = call->aggref;
	input->strict = call->aggregate.strict;
	input->scales = honours_scales(call);
	if (call->aggref->aggfilter)
		input->filter = vec_expr_compile(calls->context, call->aggref->aggfilter);
	input->args = palloc(sizeof(VecExpr *) * Max(list_length(call->aggref->args), 1));
	input->values = palloc(sizeof(Vec *) * Max(list_length(call->aggref->args), 1));
	/* what a filter lets through is not what others see */
	vec_expr_share(calls->context, input->filter == NULL);
	foreach(lc, call->aggref->args)
		input->args[input->nargs++] = vec_expr_compile(calls->context, lfirst_node(TargetEntry, lc)->expr);
	vec_expr_share(calls->context, false);
	input->rows = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	input->sorted = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	if (needs_distinct(call->aggref))
	{
		Node	   *arg = (Node *) linitial_node(TargetEntry, call->aggref->args)->expr;
		VecType		type;

		vec_type_init(&type, exprType(arg), exprTypmod(arg), exprCollation(arg));
		input->distinct = distinct_set_create(&type,
											  linitial_node(SortGroupClause, call->aggref->aggdistinct)->eqop);
	}
}

Size
agg_calls_size(const AggCalls *calls)
{
	return calls->size;
}

bool
agg_calls_point(const AggCalls *calls)
{
	return calls->points;
}

bool
agg_calls_raise(const AggCalls *calls)
{
	return calls->raises;
}

bool
agg_calls_full(const AggCalls *calls)
{
	for (int i = 0; i < calls->ninputs; i++)
		if (calls->inputs[i].distinct && distinct_set_is_full(calls->inputs[i].distinct))
			return true;
	return false;
}

Size
agg_calls_bytes(const AggCalls *calls)
{
	Size		bytes = 0;

	for (int i = 0; i < calls->ninputs; i++)
		if (calls->inputs[i].distinct)
			bytes += distinct_set_bytes(calls->inputs[i].distinct);
	return bytes;
}

void
agg_calls_forget(AggCalls *calls)
{
	for (int i = 0; i < calls->ninputs; i++)
	{
		AggInput   *input = &calls->inputs[i];

		if (input->filter)
			vec_expr_forget(input->filter);
		for (int k = 0; k < input->nargs; k++)
			vec_expr_forget(input->args[k]);
		if (input->distinct)
			distinct_set_reset(input->distinct);
	}
}

/* ---------------- adding ---------------- */

void
agg_calls_evaluate(AggCalls *calls, VecBatch *batch, const uint16 *sel, int n)
{
	vec_expr_begin_scope(calls->context, sel, n);
	for (int i = 0; i < calls->ninputs && !calls->context->gave_up; i++)
		evaluate(calls, &calls->inputs[i], batch, sel, n);
	vec_expr_end_scope(calls->context);
}

static void
evaluate(AggCalls *calls, AggInput *input, VecBatch *batch, const uint16 *sel, int n)
{
	if (input->filter)
	{
		n = vec_expr_select(input->filter, batch, sel, n, input->rows);
		sel = input->rows;
	}
	for (int i = 0; i < input->nargs && n > 0; i++)
		input->values[i] = input->scales ? vec_expr_eval_scales(input->args[i], batch, sel, n) :
			vec_expr_eval(input->args[i], batch, sel, n);
	for (int i = 0; i < input->nargs && input->strict && n > 0; i++)
	{
		const Vec  *value = input->values[i];
		int			k = 0;

		if (value->nulls == NULL)
			continue;
		VEC_FOR_EACH(row, sel, n,
					 bool		isnull = VEC_IS_NULL(value, row);

					 input->rows[k] = row;
					 k += !isnull);
		sel = input->rows;
		n = k;
	}
	input->sel = sel;
	input->n = n;
}

static void
select_distinct(AggInput *input, const uint32 *serials)
{
	if (input->distinct == NULL || input->n == 0)
		return;
	input->n = distinct_set_select(input->distinct, input->values[0], input->sel, input->n, serials, input->rows);
	input->sel = input->rows;
}

void
agg_calls_add(AggCalls *calls, char *states, VecStateMemory *memory)
{
	for (int i = 0; i < calls->ninputs; i++)
		select_distinct(&calls->inputs[i], NULL);
	for (int i = 0; i < calls->ncalls; i++)
	{
		AggCall    *call = &calls->calls[i];

		call->aggregate.memory = memory;
		if (!call->shares && call->input->n > 0)
			vec_aggregate_add(&call->aggregate, call->input->values, call->input->sel, call->input->n,
							  states + call->offset);
	}
}

void
agg_calls_scatter(AggCalls *calls, char *const *groups, VecStateMemory *memory)
{
	for (int i = 0; i < calls->ncalls; i++)
	{
		AggCall    *call = &calls->calls[i];

		call->aggregate.memory = memory;
		if (!call->shares && call->input->n > 0)
			vec_aggregate_scatter(&call->aggregate, call->input->values, call->input->sel, call->input->n, groups,
								  call->offset);
	}
}

/* Put rows of each group together, in their order. */
static void
sort_by_group(AggInput *input, const uint32 *numbers, int ngroups)
{
	int			places[AGG_CALLS_FEW] = {0};
	int			sum = 0;

	VEC_FOR_EACH(row, input->sel, input->n, places[numbers[row]]++);
	for (int i = 0; i < ngroups; i++)
	{
		sum += places[i];
		input->ends[i] = sum;
		places[i] = sum - places[i];
	}
	VEC_FOR_EACH(row, input->sel, input->n, input->sorted[places[numbers[row]]++] = row);
}

void
agg_calls_add_few(AggCalls *calls, const uint32 *numbers, int ngroups, char *const *states,
				  VecStateMemory *memory)
{
	for (int i = 0; i < calls->ninputs; i++)
	{
		AggInput   *input = &calls->inputs[i];

		if (i > 0 && input->sel == input[-1].sel && input->sel != input->rows && input->n == input[-1].n)
		{
			/* all rows, as those of the one before */
			memcpy(input->ends, input[-1].ends, sizeof(input->ends));
			memcpy(input->sorted, input[-1].sorted, sizeof(uint16) * input->n);
		}
		else
			sort_by_group(input, numbers, ngroups);
	}
	for (int i = 0; i < calls->ncalls; i++)
	{
		AggCall    *call = &calls->calls[i];
		int			start = 0;

		call->aggregate.memory = memory;
		if (call->shares)
			continue;
		for (int group = 0; group < ngroups; group++)
		{
			int			end = call->input->ends[group];

			if (end > start)
				vec_aggregate_add(&call->aggregate, call->input->values, call->input->sorted + start, end - start,
								  states[group] + call->offset);
			start = end;
		}
	}
}

void
agg_calls_add_runs(AggCalls *calls, const uint32 *numbers, char *const *states, VecStateMemory *memory,
				   uint32 serial)
{
	uint32		serials[VEC_MAX_ROWS];

	for (int i = 0; i < calls->ninputs; i++)
	{
		AggInput   *input = &calls->inputs[i];

		if (input->distinct == NULL)
			continue;
		VEC_FOR_EACH(row, input->sel, input->n, serials[row] = serial + numbers[row]);
		select_distinct(input, serials);
	}
	for (int i = 0; i < calls->ncalls; i++)
	{
		AggCall    *call = &calls->calls[i];
		AggInput   *input = call->input;
		int			start = 0;

		if (call->shares)
			continue;
		while (start < input->n)
		{
			uint32		number = numbers[input->sel ? input->sel[start] : start];
			int			end = start + 1;
			uint16		rows[VEC_MAX_ROWS];
			const uint16 *sel = input->sel ? input->sel + start : rows;

			while (end < input->n && numbers[input->sel ? input->sel[end] : end] == number)
				end++;
			if (input->sel == NULL)
				for (int k = start; k < end; k++)
					rows[k - start] = k;
			call->aggregate.memory = memory ? &memory[number] : NULL;
			vec_aggregate_add(&call->aggregate, input->values, sel, end - start, states[number] + call->offset);
			start = end;
		}
	}
}

void
agg_calls_drain(AggCalls *calls, char *states, VecStateMemory *memory)
{
	for (int i = 0; i < calls->ninputs; i++)
	{
		AggInput   *input = &calls->inputs[i];
		int			n;
		Vec		   *value;

		if (input->distinct == NULL)
			continue;
		while ((n = distinct_set_drain(input->distinct, &value, input->rows)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			for (int k = 0; k < calls->ncalls; k++)
			{
				AggCall    *call = &calls->calls[k];

				call->aggregate.memory = memory;
				if (call->input == input && !call->shares)
					vec_aggregate_add(&call->aggregate, &value, input->rows, n, states + call->offset);
			}
		}
		distinct_set_reset(input->distinct);
	}
}

/* ---------------- values ---------------- */

void
agg_calls_finish(AggCalls *calls, char *const *states, VecStateMemory *memory, bool own_memory, int n,
				 Vec **columns, const VecType *types, bool **nulls)
{
	for (int i = 0; i < calls->ncalls; i++)
	{
		AggCall    *call = &calls->calls[i];

		call->aggregate.memory = memory;
		if (!own_memory || !call->aggregate.transition)
		{
			vec_aggregate_finish(&call->aggregate, states, call->offset, n, columns[i], &types[i], nulls[i]);
			continue;
		}
		vec_expect_datums(columns[i], &types[i], nulls[i]);
		for (int row = 0; row < n; row++)
		{
			bool		isnull;
			Datum		value;

			call->aggregate.memory = &memory[row];
			value = vec_aggregate_value(&call->aggregate, states[row] + call->offset, &isnull);
			vec_put_datum(columns[i], &types[i], row, value, isnull);
		}
	}
}
