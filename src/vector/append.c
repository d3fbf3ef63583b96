/*-------------------------------------------------------------------------
 * append.c
 *	  Batches of several inputs, one after the other.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "vector/node.h"

typedef struct VecAppend
{
	VecNode		node;
	int			current;		/* of the inputs, which are node.more */
} VecAppend;

static VecBatch *append_next(VecNode *node);
static void append_rescan(VecNode *node);
static void append_bound(VecNode *node, int64 rows);
static void append_filter(VecNode *node, int column, const ValueFilter *filter);

static const VecNodeMethods methods = {
	.name = "Append",
	.next = append_next,
	.rescan = append_rescan,
	.bound = append_bound,
	.filter = append_filter
};

/* What is pruned when the query starts, or read by several at once, only PostgreSQL's node knows. */
bool
vec_append_supported(Plan *plan)
{
	Append	   *append = (Append *) plan;

	return !plan->parallel_aware && append->part_prune_info == NULL && append->nasyncplans == 0;
}

VecNode *
vec_append_create(VecQuery *query, Plan *plan, bool careful)
{
	VecAppend  *append = palloc0(sizeof(VecAppend));
	ListCell   *lc;

	vec_node_init(&append->node, &methods, query, plan, careful);
	append->node.safe = true;
	foreach(lc, ((Append *) plan)->appendplans)
		append->node.more = lappend(append->node.more, vec_node_create(query, lfirst(lc), careful));
	return &append->node;
}

static VecBatch *
append_next(VecNode *node)
{
	VecAppend  *append = (VecAppend *) node;

	while (append->current < list_length(node->more))
	{
		VecBatch   *batch = vec_node_next(list_nth(node->more, append->current));

		if (batch)
			return batch;
		append->current++;
	}
	return NULL;
}

static void
append_rescan(VecNode *node)
{
	ListCell   *lc;

	foreach(lc, node->more)
		vec_node_rescan(lfirst(lc));
	((VecAppend *) node)->current = 0;
}

static void
append_bound(VecNode *node, int64 rows)
{
	ListCell   *lc;

	foreach(lc, node->more)
		vec_node_bound(lfirst(lc), rows);
}

static void
append_filter(VecNode *node, int column, const ValueFilter *filter)
{
	ListCell   *lc;

	foreach(lc, node->more)
		vec_node_filter(lfirst(lc), column, filter);
}
