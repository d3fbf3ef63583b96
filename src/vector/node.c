/*-------------------------------------------------------------------------
 * node.c
 *	  What operators over batches have in common.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"

#include "vector/custom_scan.h"
#include "vector/node.h"

static void load_late(VecBatch *batch, int column);
static VecBatch *project(VecProjection *projection, const uint16 *sel, int n);

void
vec_node_init(VecNode *node, const VecNodeMethods *methods, VecQuery *query, Plan *plan, bool careful)
{
	ListCell   *lc;

	node->careful = careful;
	node->methods = methods;
	node->query = query;
	node->plan = plan;
	node->types = palloc(sizeof(VecType) * Max(list_length(plan->targetlist), 1));
	foreach(lc, plan->targetlist)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;

		vec_type_init(&node->types[node->ncolumns++], exprType(expr), exprTypmod(expr),
					  exprCollation(expr));
	}
}

VecBatch *
vec_node_next(VecNode *node)
{
	VecBatch   *batch;

	CHECK_FOR_INTERRUPTS();
	batch = node->methods->next(node);
	if (batch)
	{
		node->stats.rows += batch->nsel;
		node->stats.batches++;
	}
	return batch;
}

void
vec_node_rescan(VecNode *node)
{
	node->methods->rescan(node);
}

void
vec_node_bound(VecNode *node, int64 rows)
{
	if (node->methods->bound)
		node->methods->bound(node, rows);
}

void
vec_node_filter(VecNode *node, int column, const ValueFilter *filter)
{
	if (node->methods->filter)
		node->methods->filter(node, column, filter);
}

bool
vec_node_is_safe(VecNode *node)
{
	ListCell   *lc;

	if (node == NULL)
		return true;
	foreach(lc, node->more)
		if (!vec_node_is_safe(lfirst(lc)))
			return false;
	return node->safe && vec_node_is_safe(node->left) && vec_node_is_safe(node->right);
}

void
vec_node_end(VecNode *node)
{
	ListCell   *lc;

	if (node->methods->end)
		node->methods->end(node);
	if (node->left)
		vec_node_end(node->left);
	if (node->right)
		vec_node_end(node->right);
	foreach(lc, node->more)
		vec_node_end(lfirst(lc));
}

/* ---------------- projection ---------------- */

void
vec_projection_init(VecProjection *projection, VecExprContext *context, List *quals, List *tlist)
{
	ListCell   *lc;

	projection->context = context;
	projection->careful = context->careful;
	projection->safe = true;
	projection->quals = palloc(sizeof(VecExpr *) * Max(list_length(quals), 1));
	foreach(lc, quals)
	{
		VecExpr    *qual = vec_expr_compile(context, lfirst(lc));

		projection->safe &= vec_expr_is_safe(qual);
		projection->quals[projection->nquals++] = qual;
	}
	projection->columns = palloc(sizeof(VecExpr *) * Max(list_length(tlist), 1));
	vec_expr_share(context, true);
	projection->late = palloc(sizeof(bool) * Max(list_length(tlist), 1));
	foreach(lc, tlist)
	{
		Expr	   *expr = lfirst_node(TargetEntry, lc)->expr;

		projection->late[projection->ncolumns] = IsA(expr, Var) && !context->careful;
		projection->columns[projection->ncolumns] = vec_expr_compile(context, expr);
		projection->safe &= vec_expr_is_safe(projection->columns[projection->ncolumns++]);
	}
	vec_expr_share(context, false);
	projection->batch.ncolumns = projection->ncolumns;
	projection->batch.columns = palloc(sizeof(Vec *) * Max(projection->ncolumns, 1));
	projection->batch.loaded = palloc(sizeof(bool) * Max(projection->ncolumns, 1));
	projection->batch.load = load_late;
	projection->batch.maker = projection;
}

static void
load_late(VecBatch *batch, int column)
{
	VecProjection *projection = batch->maker;
	VecBatch   *input = projection->input;

	if (input->load)
	{
		input->sel = batch->sel;
		input->nsel = batch->nsel;
	}
	batch->columns[column] = vec_expr_eval(projection->columns[column], input, batch->sel, batch->nsel);
	batch->loaded[column] = true;
}

void
vec_projection_begin(VecProjection *projection, VecBatch *batch)
{
	projection->input = batch;
	projection->next = 0;
	projection->by_rows = false;
}

VecBatch *
vec_projection_next(VecProjection *projection)
{
	VecExprContext *context = projection->context;
	VecBatch   *input = projection->input;
	VecBatch   *out = NULL;

	while (input && out == NULL && projection->next < input->nsel)
	{
		if (!projection->by_rows)
		{
			out = project(projection, input->sel, input->nsel);
			projection->by_rows = context->gave_up;
			context->gave_up = false;
			projection->next = projection->by_rows ? 0 : input->nsel;
			if (!projection->by_rows)
				return out;
		}
		/* the rows before it are given by now */
		projection->row = input->sel ? input->sel[projection->next] : projection->next;
		projection->next++;
		context->careful = false;
		out = project(projection, &projection->row, 1);
		context->careful = true;
	}
	if (out == NULL)
		projection->input = NULL;	/* it may change now */
	return out;
}

static VecBatch *
project(VecProjection *projection, const uint16 *sel, int n)
{
	VecBatch   *input = projection->input;
	VecBatch   *out = &projection->batch;

	for (int i = 0; i < projection->nquals && n > 0; i++)
	{
		n = vec_expr_select(projection->quals[i], input, sel, n, projection->sel);
		sel = projection->sel;
		if (input->load && !projection->careful)
		{
			input->sel = sel;
			input->nsel = n;
		}
	}
	if (n == 0)
		return NULL;
	if (n == input->nrows)
		sel = NULL;
	vec_expr_begin_scope(projection->context, sel, n);
	for (int i = 0; i < projection->ncolumns; i++)
	{
		out->loaded[i] = !projection->late[i];
		if (out->loaded[i])
			out->columns[i] = vec_expr_eval(projection->columns[i], input, sel, n);
	}
	vec_expr_end_scope(projection->context);
	out->nrows = input->nrows;
	out->sel = sel;
	out->nsel = n;
	return out;
}

void
vec_projection_reset(VecProjection *projection)
{
	projection->input = NULL;
	for (int i = 0; i < projection->nquals; i++)
		vec_expr_forget(projection->quals[i]);
	for (int i = 0; i < projection->ncolumns; i++)
		vec_expr_forget(projection->columns[i]);
}

/* ---------------- creation and display ---------------- */

VecNode *
vec_node_create(VecQuery *query, Plan *plan, bool careful)
{
	if (vector_is_operator(plan, query->estate->es_range_table))
		switch (nodeTag(plan))
		{
			case T_SeqScan:
				return vec_scan_create(query, plan, careful);
			case T_Agg:
			case T_Group:
			case T_Unique:
				return vec_agg_create(query, plan, careful);
			case T_HashJoin:
				return vec_join_create(query, plan, careful);
			case T_SubqueryScan:
				return vec_subquery_create(query, plan, careful);
			case T_Result:
				return vec_result_create(query, plan, careful);
			case T_Sort:
				return vec_sort_create(query, plan, careful);
			case T_WindowAgg:
				return vec_window_create(query, plan, careful);
			case T_Limit:
				return vec_limit_create(query, plan, careful);
			case T_Append:
				return vec_append_create(query, plan, careful);
			case T_CustomScan:
				return vec_source_create(query, plan, careful);
			case T_ProjectSet:
				return vec_project_set_create(query, plan, careful);
			default:
				break;
		}
	return vec_rows_create(query, plan, careful);
}

/* Whatever all of its processes used; of memory, the most that one of them did. */
static void
explain_numbers(VecNode *node, ExplainState *es)
{
	uint64		peak = Max(node->stats.peak, node->others.peak);
	uint64		spilled = node->stats.spilled_rows + node->others.spilled_rows;
	uint64		filtered = node->stats.filtered_rows + node->others.filtered_rows;

	if (peak > 0)
		ExplainPropertyUInteger("Peak Memory Usage", "kB", (peak + 1023) / 1024, es);
	if (spilled > 0)
		ExplainPropertyUInteger("Rows Spilled", NULL, spilled, es);
	if (filtered > 0)
		ExplainPropertyUInteger("Rows Removed by Value Filter", NULL, filtered, es);
}

static void
explain_by_rows(VecNode *node, ExplainState *es)
{
	List	   *strings = NIL;
	ListCell   *lc;

	foreach(lc, node->by_rows)
		strings = lappend(strings, strVal(lfirst(lc)));
	ExplainPropertyList("Row by Row", strings, es);
}

/* One operator below the other, each indented more than the one that it feeds. */
void
vec_node_explain(VecNode *node, ExplainState *es)
{
	ListCell   *lc;

	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "Vector %s", node->methods->name);
		if (es->analyze)
			appendStringInfo(es->str, " (rows=" UINT64_FORMAT " batches=" UINT64_FORMAT ")",
							 node->stats.rows + node->others.rows, node->stats.batches + node->others.batches);
		appendStringInfoChar(es->str, '\n');
		es->indent++;
	}
	else
	{
		ExplainOpenGroup("Vector", NULL, true, es);
		ExplainPropertyText("Operator", node->methods->name, es);
		if (es->analyze)
		{
			ExplainPropertyUInteger("Rows", NULL, node->stats.rows + node->others.rows, es);
			ExplainPropertyUInteger("Batches", NULL, node->stats.batches + node->others.batches, es);
		}
	}
	if (es->analyze)
		explain_numbers(node, es);
	if (node->methods->explain)
		node->methods->explain(node, es);
	if (es->verbose && node->by_rows != NIL)
		explain_by_rows(node, es);
	if (es->format != EXPLAIN_FORMAT_TEXT)
		ExplainCloseGroup("Vector", NULL, true, es);
	if (node->left)
		vec_node_explain(node->left, es);
	if (node->right)
		vec_node_explain(node->right, es);
	foreach(lc, node->more)
		vec_node_explain(lfirst(lc), es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent--;
}
