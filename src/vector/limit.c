/*-------------------------------------------------------------------------
 * limit.c
 *	  LIMIT and OFFSET over batches.
 *
 * What is below is careful if it may not be asked for all of its rows: rows of a
 * batch that are cut off have raised nothing.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"

#include "vector/node.h"

typedef struct VecLimit
{
	VecNode		node;
	ExprState  *offset_state;	/* NULL: none is given */
	ExprState  *count_state;
	bool		started;		/* what follows is known */
	int64		to_skip;		/* rows, from now on */
	int64		to_give;		/* -1: all that come */
	VecBatch	batch;
	uint16		rows[VEC_MAX_ROWS]; /* their numbers: 0, 1, ... */
} VecLimit;

static VecBatch *limit_next(VecNode *node);
static void limit_rescan(VecNode *node);
static void start(VecLimit *limit);
static int64 evaluate(VecLimit *limit, ExprState *state, bool *isnull);

static const VecNodeMethods methods = {
	.name = "Limit",
	.next = limit_next,
	.rescan = limit_rescan
};

bool
vec_limit_supported(Plan *plan)
{
	return ((Limit *) plan)->limitOption == LIMIT_OPTION_COUNT;
}

VecNode *
vec_limit_create(VecQuery *query, Plan *plan, bool careful)
{
	VecLimit   *limit = palloc0(sizeof(VecLimit));
	Limit	   *node = (Limit *) plan;

	vec_node_init(&limit->node, &methods, query, plan, careful);
	limit->node.left = vec_node_create(query, outerPlan(plan), careful || node->limitCount);
	limit->offset_state = ExecInitExpr((Expr *) node->limitOffset, query->parent);
	limit->count_state = ExecInitExpr((Expr *) node->limitCount, query->parent);
	for (int i = 0; i < VEC_MAX_ROWS; i++)
		limit->rows[i] = i;
	return &limit->node;
}

static VecBatch *
limit_next(VecNode *node)
{
	VecLimit   *limit = (VecLimit *) node;
	VecBatch   *out = &limit->batch;

	if (!limit->started)
		start(limit);
	while (limit->to_give != 0)
	{
		VecBatch   *batch = vec_node_next(node->left);
		int			skip;

		if (batch == NULL)
			break;
		skip = Min(limit->to_skip, batch->nsel);
		limit->to_skip -= skip;
		if (skip == batch->nsel)
			continue;
		*out = *batch;
		out->nsel -= skip;
		if (limit->to_give > 0)
		{
			out->nsel = Min(out->nsel, limit->to_give);
			limit->to_give -= out->nsel;
		}
		if (out->nsel < out->nrows)
			out->sel = (batch->sel ? batch->sel : limit->rows) + skip;
		return out;
	}
	return NULL;
}

static void
limit_rescan(VecNode *node)
{
	((VecLimit *) node)->started = false;
	vec_node_rescan(node->left);
}


static void
start(VecLimit *limit)
{
	bool		isnull;

	limit->to_skip = 0;
	limit->to_give = -1;
	if (limit->offset_state)
	{
		int64		offset = evaluate(limit, limit->offset_state, &isnull);

		if (!isnull && offset < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE),
					 errmsg("OFFSET must not be negative")));
		limit->to_skip = isnull ? 0 : offset;
	}
	if (limit->count_state)
	{
		int64		count = evaluate(limit, limit->count_state, &isnull);

		if (!isnull && count < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
					 errmsg("LIMIT must not be negative")));
		limit->to_give = isnull ? -1 : count;
	}
	limit->started = true;
	vec_node_bound(limit->node.left, limit->to_give < 0 || limit->to_give > PG_INT64_MAX - limit->to_skip ? -1 :
				   limit->to_skip + limit->to_give);
}

static int64
evaluate(VecLimit *limit, ExprState *state, bool *isnull)
{
	return DatumGetInt64(ExecEvalExprSwitchContext(state, limit->node.query->parent->ps_ExprContext, isnull));
}
