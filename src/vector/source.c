/*-------------------------------------------------------------------------
 * source.c
 *	  Batches out of CustomScans of other modules.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"

#include "vector/node.h"
#include "vector/source.h"

typedef struct VecSource
{
	VecNode		node;
	const VecSourceMethods *methods;
	CustomScanState *state;
	VecType    *types;			/* of the columns that it gives */
	VecExprContext context;
	VecProjection projection;
} VecSource;

static List *sources;			/* of VecSourceMethods */

static const VecSourceMethods *find_methods(Plan *plan);
static int	column_of(VecExprContext *context, const Var *var);
static VecBatch *source_next(VecNode *node);
static void source_rescan(VecNode *node);
static void source_end(VecNode *node);

void
vec_source_register(const VecSourceMethods *methods)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	sources = lappend(sources, unconstify(VecSourceMethods *, methods));
	MemoryContextSwitchTo(old);
}

static const VecSourceMethods *
find_methods(Plan *plan)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		const VecSourceMethods *methods = lfirst(lc);

		if (methods->scan == ((CustomScan *) plan)->methods)
			return methods;
	}
	return NULL;
}

bool
vec_source_supported(Plan *plan)
{
	ListCell   *lc;

	if (!IsA(plan, CustomScan) || find_methods(plan) == NULL)
		return false;
	foreach(lc, plan->targetlist)
		if (!vec_expr_supported((Node *) lfirst_node(TargetEntry, lc)->expr))
			return false;
	return vec_expr_supported((Node *) plan->qual);
}

VecNode *
vec_source_create(VecQuery *query, Plan *plan, bool careful)
{
	VecSource  *source = palloc0(sizeof(VecSource));
	List	   *columns = ((CustomScan *) plan)->custom_scan_tlist;
	VecNodeMethods *methods = palloc0(sizeof(VecNodeMethods));
	ListCell   *lc;

	source->methods = find_methods(plan);
	methods->name = source->methods->name;
	methods->next = source_next;
	methods->rescan = source_rescan;
	methods->end = source_end;
	vec_node_init(&source->node, methods, query, plan, careful);
	source->state = castNode(CustomScanState, ExecInitNode(plan, query->estate, query->eflags));
	query->row_inputs = lappend(query->row_inputs, source->state);

	source->types = palloc(sizeof(VecType) * Max(list_length(columns), 1));
	foreach(lc, columns)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;

		vec_type_init(&source->types[source->context.ncolumns++], exprType(expr), exprTypmod(expr),
					  exprCollation(expr));
	}
	source->context.parent = query->parent;
	source->context.by_rows = &source->node.by_rows;
	source->context.types = source->types;
	source->context.column_of = column_of;
	source->context.careful = careful;
	source->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector source",
														 ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&source->projection, &source->context, plan->qual, plan->targetlist);
	return &source->node;
}

static int
column_of(VecExprContext *context, const Var *var)
{
	return var->varno == INDEX_VAR ? var->varattno - 1 : -1;
}

static VecBatch *
source_next(VecNode *node)
{
	VecSource  *source = (VecSource *) node;
	VecBatch   *batch;

	while ((batch = vec_projection_next(&source->projection)) == NULL)
	{
		VecBatch   *given;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(source->context.batch_memory);
		given = source->methods->next(source->state, source->types);
		if (given == NULL)
			return NULL;
		vec_projection_begin(&source->projection, given);
	}
	return batch;
}

static void
source_rescan(VecNode *node)
{
	VecSource  *source = (VecSource *) node;

	vec_projection_reset(&source->projection);
	ExecReScan(&source->state->ss.ps);
}

static void
source_end(VecNode *node)
{
	ExecEndNode(&((VecSource *) node)->state->ss.ps);
}
