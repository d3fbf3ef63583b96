/*-------------------------------------------------------------------------
 * subquery.c
 *	  Nodes that filter and project what they read: SubqueryScan and Result.
 *
 * A Result without input gives one row, which has no columns of its own.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/memutils.h"

#include "vector/node.h"

typedef struct VecSubquery
{
	VecNode		node;
	ExprState  *once;			/* Result: no rows at all unless this is true */
	bool		asked;			/* that has been evaluated */
	bool		done;
	VecBatch	one;			/* the row of a Result without input */
	VecExprContext context;
	VecProjection projection;
} VecSubquery;

static VecBatch *subquery_next(VecNode *node);
static void subquery_rescan(VecNode *node);
static void subquery_bound(VecNode *node, int64 rows);
static void subquery_filter(VecNode *node, int column, const ValueFilter *filter);
static void create_projection(VecSubquery *subquery, List *quals, bool careful);
static int	column_of(VecExprContext *context, const Var *var);
static VecBatch *next_input(VecSubquery *subquery);

static const VecNodeMethods subquery_methods = {
	.name = "Subquery Scan",
	.next = subquery_next,
	.rescan = subquery_rescan,
	.bound = subquery_bound,
	.filter = subquery_filter
};

static const VecNodeMethods result_methods = {
	.name = "Result",
	.next = subquery_next,
	.rescan = subquery_rescan,
	.bound = subquery_bound,
	.filter = subquery_filter
};

bool
vec_subquery_supported(Plan *plan)
{
	return vec_expr_supported((Node *) plan->targetlist) && vec_expr_supported((Node *) plan->qual);
}

bool
vec_result_supported(Plan *plan)
{
	return vec_expr_supported((Node *) plan->targetlist) && plan->qual == NIL;
}

VecNode *
vec_subquery_create(VecQuery *query, Plan *plan, bool careful)
{
	VecSubquery *subquery = palloc0(sizeof(VecSubquery));

	vec_node_init(&subquery->node, &subquery_methods, query, plan, careful);
	subquery->node.left = vec_node_create(query, ((SubqueryScan *) plan)->subplan, careful);
	create_projection(subquery, plan->qual, careful);
	return &subquery->node;
}

VecNode *
vec_result_create(VecQuery *query, Plan *plan, bool careful)
{
	VecSubquery *subquery = palloc0(sizeof(VecSubquery));

	vec_node_init(&subquery->node, &result_methods, query, plan, careful);
	if (outerPlan(plan))
		subquery->node.left = vec_node_create(query, outerPlan(plan), careful);
	if (((Result *) plan)->resconstantqual)
		subquery->once = ExecInitQual((List *) ((Result *) plan)->resconstantqual, query->parent);
	subquery->one.nrows = subquery->one.nsel = 1;
	create_projection(subquery, NIL, careful);
	return &subquery->node;
}

static void
create_projection(VecSubquery *subquery, List *quals, bool careful)
{
	VecNode    *node = &subquery->node;
	VecExprContext *context = &subquery->context;

	context->parent = node->query->parent;
	context->by_rows = &node->by_rows;
	if (node->left)
	{
		context->ncolumns = node->left->ncolumns;
		context->types = node->left->types;
	}
	context->column_of = column_of;
	context->careful = careful;
	context->batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector subquery",
												  ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&subquery->projection, context, quals, node->plan->targetlist);
	node->safe = node->left && subquery->projection.safe;
}

static int
column_of(VecExprContext *context, const Var *var)
{
	return var->varattno - 1;
}

static VecBatch *
subquery_next(VecNode *node)
{
	VecSubquery *subquery = (VecSubquery *) node;
	VecBatch   *batch;

	while ((batch = vec_projection_next(&subquery->projection)) == NULL)
	{
		VecBatch   *input = subquery->done ? NULL : next_input(subquery);

		if (input == NULL)
		{
			subquery->done = true;
			return NULL;
		}
		MemoryContextReset(subquery->context.batch_memory);
		vec_projection_begin(&subquery->projection, input);
	}
	return batch;
}

static VecBatch *
next_input(VecSubquery *subquery)
{
	if (subquery->once && !subquery->asked)
	{
		ExprContext *econtext = subquery->node.query->parent->ps_ExprContext;
		MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		bool		holds = ExecQual(subquery->once, econtext);

		MemoryContextSwitchTo(old);
		if (!holds)
			return NULL;
		subquery->asked = true;
	}
	if (subquery->node.left)
		return vec_node_next(subquery->node.left);
	subquery->done = true;
	return &subquery->one;
}

static void
subquery_rescan(VecNode *node)
{
	VecSubquery *subquery = (VecSubquery *) node;

	if (node->left)
		vec_node_rescan(node->left);
	vec_projection_reset(&subquery->projection);
	subquery->asked = subquery->done = false;
}

static void
subquery_bound(VecNode *node, int64 rows)
{
	if (node->left)
		vec_node_bound(node->left, node->plan->qual ? -1 : rows);
}

static void
subquery_filter(VecNode *node, int column, const ValueFilter *filter)
{
	VecSubquery *subquery = (VecSubquery *) node;
	Var		   *var = (Var *) list_nth_node(TargetEntry, node->plan->targetlist, column)->expr;

	if (node->left && IsA(var, Var) && subquery->projection.safe)
		vec_node_filter(node->left, var->varattno - 1, filter);
}
