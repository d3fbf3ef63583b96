/*-------------------------------------------------------------------------
 * rows.c
 *	  Batches out of a plan that PostgreSQL runs row by row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "vector/node.h"

typedef struct VecRows
{
	VecNode		node;
	PlanState  *state;
	MemoryContext memory;		/* of the batch's values */
	VecBatch	batch;
	bool	  **nulls;
	bool		done;
} VecRows;

static VecBatch *rows_next(VecNode *node);
static void rows_rescan(VecNode *node);
static void rows_end(VecNode *node);

static const VecNodeMethods methods = {
	.name = "Rows",
	.next = rows_next,
	.rescan = rows_rescan,
	.end = rows_end
};

VecNode *
vec_rows_create(VecQuery *query, Plan *plan, bool careful)
{
	VecRows    *rows = palloc0(sizeof(VecRows));

	vec_node_init(&rows->node, &methods, query, plan, careful);
	rows->state = ExecInitNode(plan, query->estate, query->eflags);
	query->row_inputs = lappend(query->row_inputs, rows->state);
	rows->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector rows",
										 ALLOCSET_DEFAULT_SIZES);
	rows->batch.ncolumns = rows->node.ncolumns;
	rows->batch.columns = palloc(sizeof(Vec *) * Max(rows->node.ncolumns, 1));
	rows->nulls = palloc(sizeof(bool *) * Max(rows->node.ncolumns, 1));
	for (int i = 0; i < rows->node.ncolumns; i++)
	{
		rows->batch.columns[i] = vec_create(rows->node.types[i].kind, VEC_MAX_ROWS);
		rows->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	return &rows->node;
}

static VecBatch *
rows_next(VecNode *node)
{
	VecRows    *rows = (VecRows *) node;
	VecBatch   *batch = &rows->batch;
	int			row = 0;

	if (rows->done)
		return NULL;
	MemoryContextReset(rows->memory);
	for (int i = 0; i < batch->ncolumns; i++)
		vec_expect_datums(batch->columns[i], &node->types[i], rows->nulls[i]);
	while (row < vec_batch_rows())
	{
		TupleTableSlot *slot = ExecProcNode(rows->state);
		MemoryContext old;

		if (TupIsNull(slot))
		{
			rows->done = true;
			break;
		}
		slot_getallattrs(slot);
		old = MemoryContextSwitchTo(rows->memory);
		for (int i = 0; i < batch->ncolumns; i++)
		{
			Datum		value = slot->tts_values[i];

			if (!slot->tts_isnull[i] && !node->types[i].typbyval)
				value = datumCopy(value, false, node->types[i].typlen);
			vec_put_datum(batch->columns[i], &node->types[i], row, value, slot->tts_isnull[i]);
		}
		MemoryContextSwitchTo(old);
		row++;
	}
	batch->nrows = batch->nsel = row;
	batch->sel = NULL;
	return row > 0 ? batch : NULL;
}

static void
rows_rescan(VecNode *node)
{
	VecRows    *rows = (VecRows *) node;

	rows->done = false;
	ExecReScan(rows->state);
}

static void
rows_end(VecNode *node)
{
	ExecEndNode(((VecRows *) node)->state);
}
