/*-------------------------------------------------------------------------
 * join_pairs.c
 *	  Pairs of an outer and an inner row of a HashJoin over batches.
 *
 * Pairs are a batch whose columns are gathered from where the two rows' values
 * are, when they are first asked for.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "vector/join_pairs.h"

static int	pair_column(VecExprContext *context, const Var *var);
static void load_column(VecBatch *batch, int column);
static void begin_pairs(VecJoin *join, int n);
static int	check_pairs(VecJoin *join, int n);

void
join_create_pairs(VecJoin *join, VecQuery *query, bool careful)
{
	int			nouter = join->outer.node->ncolumns;
	int			n = nouter + join->inner.node->ncolumns;
	ListCell   *lc;

	join->columns = palloc(sizeof(Vec *) * Max(n, 1));
	join->nulls = palloc(sizeof(bool *) * Max(n, 1));
	join->types = palloc(sizeof(VecType) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		join->types[i] = i < nouter ? join->outer.node->types[i] : join->inner.node->types[i - nouter];
		join->columns[i] = vec_create(join->types[i].kind, VEC_MAX_ROWS);
		join->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	join->pairs.ncolumns = n;
	join->pairs.columns = join->columns;
	join->pairs.load = load_column;
	join->pairs.maker = join;
	join->pairs.loaded = palloc(sizeof(bool) * Max(n, 1));
	join->context.parent = query->parent;
	join->context.by_rows = &join->node.by_rows;
	join->context.ncolumns = n;
	join->context.types = join->types;
	join->context.column_of = pair_column;
	join->context.arg = join;
	join->context.careful = careful;
	join->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector join pairs",
													   ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&join->projection, &join->context, join->plan->join.plan.qual,
						join->plan->join.plan.targetlist);
	join->conditions = palloc(sizeof(VecExpr *) * Max(list_length(join->plan->join.joinqual), 1));
	foreach(lc, join->plan->join.joinqual)
		join->conditions[join->nconditions++] = vec_expr_compile(&join->context, lfirst(lc));
	join->keys_safe = true;
	for (int i = 0; i < join->nkeys; i++)
		join->keys_safe &= vec_expr_is_safe(join->outer.keys[i]) && vec_expr_is_safe(join->inner.keys[i]);
	join->node.safe = join->keys_safe && join->projection.safe;
	for (int i = 0; i < join->nconditions; i++)
		join->node.safe &= vec_expr_is_safe(join->conditions[i]);
}

int
join_pair_column(const VecJoin *join, const Var *var)
{
	return (var->varno == INNER_VAR) != join->flipped ?
		join->outer.node->ncolumns + var->varattno - 1 : var->varattno - 1;
}

static int
pair_column(VecExprContext *context, const Var *var)
{
	return join_pair_column(context->arg, var);
}

/* A column of the pairs, gathered from where its values are. */
static void
load_column(VecBatch *batch, int column)
{
	VecJoin    *join = batch->maker;
	int			nouter = join->outer.node->ncolumns;
	/* of all pairs: a condition that was not met may leave a row that is wanted alone */
	int			n = batch->nrows;
	Vec		   *to = join->columns[column];
	const Vec  *from;

	batch->loaded[column] = true;
	if (column >= nouter)
	{
		row_store_gather(join->store, column - nouter, join->pair_inner, NULL, n, to, join->nulls[column]);
		return;
	}
	if (join->without_outer)
	{
		to->kind = join->types[column].kind;
		to->scale = join->types[column].scale;
		to->constant = false;
		to->nulls = join->nulls[column];
		memset(to->nulls, true, sizeof(bool) * n);
		return;
	}
	from = vec_batch_column(join->batch, column);
	to->kind = from->kind;
	to->scale = from->scale;
	to->constant = false;
	to->nulls = from->nulls ? join->nulls[column] : NULL;
	if (from->nulls)
		for (int i = 0; i < n; i++)
			to->nulls[i] = VEC_IS_NULL(from, join->pair_outer[i]);
	switch (vec_kind_size(from->kind))
	{
		case sizeof(int64):
			for (int i = 0; i < n; i++)
				VEC_INT64S(to)[i] = VEC_INT64S(from)[VEC_ROW(from, join->pair_outer[i])];
			break;
		case sizeof(int32):
			for (int i = 0; i < n; i++)
				VEC_INT32S(to)[i] = VEC_INT32S(from)[VEC_ROW(from, join->pair_outer[i])];
			break;
		default:
			for (int i = 0; i < n; i++)
				VEC_BOOLS(to)[i] = VEC_BOOLS(from)[VEC_ROW(from, join->pair_outer[i])];
	}
}

static void
begin_pairs(VecJoin *join, int n)
{
	MemoryContextReset(join->context.batch_memory);
	memset(join->pairs.loaded, 0, sizeof(bool) * join->pairs.ncolumns);
	join->pairs.nrows = join->pairs.nsel = n;
	join->pairs.sel = NULL;
	join->without_outer = false;
}

int
join_fill_pairs(VecJoin *join)
{
	bool		first_only = (join->type == JOIN_SEMI || join->type == JOIN_ANTI) && join->nconditions == 0;
	/* a pair's condition may fail, and whoever asks may stop before */
	int			limit = join->node.careful && join->nconditions > 0 ? 1 : vec_batch_rows();
	int			n = 0;

	while (n < limit && join->position < join->outer.nwith_keys)
	{
		int			row = join->outer.with_keys[join->position];

		if (join->chain == 0)
			join->chain = join->chains[row];
		if (join->flipped)
			while (join->chain != 0 && join->matched[join->chain - 1])
				join->chain = join->next[join->chain - 1];
		if (join->chain == 0 ||
			(join->outer_matched[row] && (join->type == JOIN_SEMI || join->type == JOIN_ANTI)))
		{
			join->position++;
			join->chain = 0;
			continue;
		}
		join->pair_outer[n] = row;
		join->pair_inner[n++] = join->chain - 1;
		join->chain = first_only ? 0 : join->next[join->chain - 1];
		if (join->chain == 0)
			join->position++;
	}
	begin_pairs(join, n);
	return n > 0 ? check_pairs(join, n) : 0;
}

void
join_mark(VecJoin *join)
{
	for (; join->position < join->outer.nwith_keys; join->position++)
	{
		uint32		chain = join->chains[join->outer.with_keys[join->position]];

		/* the rows of a chain are marked all together */
		if (chain == 0 || join->matched[chain - 1])
			continue;
		for (; chain != 0; chain = join->next[chain - 1])
			join->matched[chain - 1] = true;
	}
}

static int
check_pairs(VecJoin *join, int n)
{
	const uint16 *sel = NULL;
	bool		careful = join->context.careful;
	int			k = 0;

	join->context.careful = false;
	for (int i = 0; i < join->nconditions && n > 0; i++)
	{
		n = vec_expr_select(join->conditions[i], &join->pairs, sel, n, join->pair_sel);
		sel = join->pair_sel;
	}
	join->context.careful = careful;
	if (join->type == JOIN_SEMI && !join->flipped)
	{
		/* each outer row once */
		VEC_FOR_EACH(pair, sel, n,
					 int		row = join->pair_outer[pair];

					 join->pair_sel[k] = pair;
					 k += !join->outer_matched[row];
					 join->outer_matched[row] = true);
		sel = join->pair_sel;
		n = k;
	}
	else if (join_keeps_outer(join))
		VEC_FOR_EACH(pair, sel, n, join->outer_matched[join->pair_outer[pair]] = true);
	if (join->matched)
		VEC_FOR_EACH(pair, sel, n, join->matched[join->pair_inner[pair]] = true);
	join->pairs.sel = sel;
	join->pairs.nsel = n;
	return join->type == JOIN_ANTI || join->flipped ? 0 : n;
}

int
join_outer_alone(VecJoin *join)
{
	int			n = 0;

	VEC_FOR_EACH(row, join->batch->sel, join->batch->nsel,
				 join->pair_outer[n] = row;
				 join->pair_inner[n] = ROW_NONE;
				 n += !join->outer_matched[row]);
	begin_pairs(join, n);
	return n;
}

int
join_inner_alone(VecJoin *join)
{
	bool		wanted = join->type == JOIN_SEMI;
	int			n = 0;

	while (n < vec_batch_rows())
	{
		if (join->next_inner == join->last_inner &&
			!(join->marks_shared && shared_marks_take(join->marks, row_store_count(join->store),
													  &join->next_inner, &join->last_inner)))
			break;
		if (join->matched[join->next_inner] == wanted)
			join->pair_inner[n++] = join->next_inner;
		join->next_inner++;
	}
	begin_pairs(join, n);
	join->without_outer = true;
	return n;
}
