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

void
vec_node_init(VecNode *node, const VecNodeMethods *methods, VecQuery *query, Plan *plan)
{
	ListCell   *lc;

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
		node->rows += batch->nsel;
		node->batches++;
	}
	return batch;
}

void
vec_node_rescan(VecNode *node)
{
	node->methods->rescan(node);
}

void
vec_node_end(VecNode *node)
{
	if (node->methods->end)
		node->methods->end(node);
	if (node->left)
		vec_node_end(node->left);
	if (node->right)
		vec_node_end(node->right);
}

/* ---------------- projection ---------------- */

void
vec_projection_init(VecProjection *projection, VecExprContext *context, List *quals, List *tlist)
{
	ListCell   *lc;

	projection->context = context;
	projection->quals = palloc(sizeof(VecExpr *) * Max(list_length(quals), 1));
	foreach(lc, quals)
		projection->quals[projection->nquals++] = vec_expr_compile(context, lfirst(lc));
	projection->columns = palloc(sizeof(VecExpr *) * Max(list_length(tlist), 1));
	foreach(lc, tlist)
		projection->columns[projection->ncolumns++] =
			vec_expr_compile(context, lfirst_node(TargetEntry, lc)->expr);
	projection->batch.ncolumns = projection->ncolumns;
	projection->batch.columns = palloc(sizeof(Vec *) * Max(projection->ncolumns, 1));
}

VecBatch *
vec_projection_apply(VecProjection *projection, VecBatch *batch)
{
	VecBatch   *out = &projection->batch;
	const uint16 *sel = batch->sel;
	int			n = batch->nsel;

	for (int i = 0; i < projection->nquals && n > 0; i++)
	{
		n = vec_expr_select(projection->quals[i], batch, sel, n, projection->sel);
		sel = projection->sel;
	}
	if (n == 0)
		return NULL;
	if (n == batch->nrows)
		sel = NULL;
	for (int i = 0; i < projection->ncolumns; i++)
		out->columns[i] = vec_expr_eval(projection->columns[i], batch, sel, n);
	out->nrows = batch->nrows;
	out->sel = sel;
	out->nsel = n;
	return out;
}

void
vec_projection_forget(VecProjection *projection)
{
	for (int i = 0; i < projection->nquals; i++)
		vec_expr_forget(projection->quals[i]);
	for (int i = 0; i < projection->ncolumns; i++)
		vec_expr_forget(projection->columns[i]);
}

/* ---------------- creation and display ---------------- */

VecNode *
vec_node_create(VecQuery *query, Plan *plan)
{
	if (vector_is_operator(plan, query->estate->es_range_table))
		switch (nodeTag(plan))
		{
			case T_SeqScan:
				return vec_scan_create(query, plan);
			case T_Agg:
				return vec_agg_create(query, plan);
			default:
				break;
		}
	return vec_rows_create(query, plan);
}

void
vec_node_explain(VecNode *node, ExplainState *es)
{
	ExplainPropertyText("Operator", node->methods->name, es);
	if (es->analyze)
	{
		ExplainPropertyInteger("Rows", NULL, node->rows, es);
		ExplainPropertyInteger("Batches", NULL, node->batches, es);
	}
	if (node->methods->explain)
		node->methods->explain(node, es);
	if (node->left)
		vec_node_explain(node->left, es);
	if (node->right)
		vec_node_explain(node->right, es);
}
