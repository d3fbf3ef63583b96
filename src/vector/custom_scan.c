/*-------------------------------------------------------------------------
 * custom_scan.c
 *	  The plan node under which operators over batches run.
 *
 * Its outer plan is the subtree that it stands for.  That is not started: the
 * operators are made of its nodes.  Rows of the topmost operator's batches are
 * given one by one.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "nodes/extensible.h"

#include "vector/custom_scan.h"
#include "vector/node.h"
#include "vector/sink.h"
#include "vector/parallel.h"

typedef struct VectorScan
{
	CustomScanState css;
	VecQuery	query;
	VecNode    *top;			/* NULL: PostgreSQL runs the plan */
	PlanState  *plain;			/* then this */
	VecBatch   *batch;			/* at hand */
	VecBatch	result;			/* of its columns those that the query gives */
	int			next;			/* of its selected rows */
	VecShared  *shared;			/* with parallel workers, while it is there */
} VectorScan;

static Node *create_state(CustomScan *cscan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_scan(CustomScanState *node);
static TupleTableSlot *next_row(ScanState *node);
static TupleTableSlot *copy_row(TupleTableSlot *from, TupleTableSlot *to);
static bool recheck_row(ScanState *node, TupleTableSlot *slot);
static void end_scan(CustomScanState *node);
static void rescan(CustomScanState *node);
static Size estimate_shared(CustomScanState *node, ParallelContext *pcxt);
static void share(CustomScanState *node, ParallelContext *pcxt, void *shared);
static void reshare(CustomScanState *node, ParallelContext *pcxt, void *shared);
static void attach(CustomScanState *node, shm_toc *toc, void *shared);
static void detach(CustomScanState *node);
static void explain(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomScanMethods scan_methods = {
	.CustomName = "Barks Vector",
	.CreateCustomScanState = create_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "Barks Vector",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = estimate_shared,
	.InitializeDSMCustomScan = share,
	.ReInitializeDSMCustomScan = reshare,
	.InitializeWorkerCustomScan = attach,
	.ShutdownCustomScan = detach,
	.ExplainCustomScan = explain
};

void
vector_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

const CustomScanMethods *
vector_scan_methods(void)
{
	return &scan_methods;
}

static Node *
create_state(CustomScan *cscan)
{
	VectorScan *scan = palloc0(sizeof(VectorScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

/*
 * What asks for single rows of a certain time (EvalPlanQual), or for the locks of
 * SERIALIZABLE, gets PostgreSQL's own nodes.
 */
static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	VectorScan *scan = (VectorScan *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;
	Plan	   *plan = outerPlan(cscan);

	if (IsolationIsSerializable() || estate->es_epq_active)
	{
		scan->plain = ExecInitNode(plan, estate, eflags);
		node->custom_ps = list_make1(scan->plain);
		return;
	}
	scan->query.parent = &node->ss.ps;
	scan->query.estate = estate;
	scan->query.eflags = eflags;
	scan->top = vec_node_create(&scan->query, plan, cscan->custom_private == NIL);
	node->custom_ps = scan->query.row_inputs;
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	VectorScan *scan = (VectorScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext old;
	int			row;

	ExecClearTuple(slot);
	if (scan->plain)
		return copy_row(ExecProcNode(scan->plain), slot);
	if (scan->batch == NULL || scan->next == scan->batch->nsel)
	{
		scan->batch = vec_node_next(scan->top);
		scan->next = 0;
		if (scan->batch == NULL)
			return slot;
		vec_batch_load(scan->batch);
	}
	row = scan->batch->sel ? scan->batch->sel[scan->next] : scan->next;
	scan->next++;
	old = MemoryContextSwitchTo(node->ps.ps_ExprContext->ecxt_per_tuple_memory);
	for (int i = 0; i < scan->top->ncolumns; i++)
		slot->tts_values[i] = vec_get_datum(scan->batch->columns[i], &scan->top->types[i], row,
											&slot->tts_isnull[i]);
	MemoryContextSwitchTo(old);
	return ExecStoreVirtualTuple(slot);
}

bool
vector_query_gives_batches(QueryDesc *query)
{
	PlanState  *state = query->planstate;

	return IsA(state, CustomScanState) && ((CustomScanState *) state)->methods == &exec_methods &&
		((VectorScan *) state)->top != NULL;
}

VecBatch *
vector_query_next(QueryDesc *query)
{
	VectorScan *scan = (VectorScan *) query->planstate;
	JunkFilter *junk = query->estate->es_junkFilter;
	MemoryContext old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	VecBatch   *batch;

	ResetExprContext(scan->css.ss.ps.ps_ExprContext);
	batch = vec_node_next(scan->top);
	if (batch)
	{
		VecBatch   *result = &scan->result;

		if (result->columns == NULL)
			result->columns = palloc(sizeof(Vec *) * Max(query->tupDesc->natts, 1));
		result->ncolumns = query->tupDesc->natts;
		result->nrows = batch->nrows;
		result->nsel = batch->nsel;
		result->sel = batch->sel;
		for (int i = 0; i < result->ncolumns; i++)
			result->columns[i] = vec_batch_column(batch, junk ? junk->jf_cleanMap[i] - 1 : i);
		batch = result;
	}
	MemoryContextSwitchTo(old);
	return batch;
}

/* Whoever reads the slot expects one of values, and PostgreSQL's nodes may give others. */
static TupleTableSlot *
copy_row(TupleTableSlot *from, TupleTableSlot *to)
{
	int			n = to->tts_tupleDescriptor->natts;

	if (TupIsNull(from))
		return to;
	slot_getallattrs(from);
	memcpy(to->tts_values, from->tts_values, sizeof(Datum) * n);
	memcpy(to->tts_isnull, from->tts_isnull, sizeof(bool) * n);
	return ExecStoreVirtualTuple(to);
}

static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

static void
end_scan(CustomScanState *node)
{
	VectorScan *scan = (VectorScan *) node;

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	if (scan->plain)
		ExecEndNode(scan->plain);
	if (scan->top)
		vec_node_end(scan->top);
}

static void
rescan(CustomScanState *node)
{
	VectorScan *scan = (VectorScan *) node;
	ListCell   *lc;

	ExecScanReScan(&node->ss);
	foreach(lc, node->custom_ps)
		UpdateChangedParamSet(lfirst(lc), node->ss.ps.chgParam);
	scan->batch = NULL;
	if (scan->plain)
		ExecReScan(scan->plain);
	else
		vec_node_rescan(scan->top);
}

/* ---------------- parallel workers ---------------- */

/* PostgreSQL's own nodes, if they are what runs, have their own pieces. */
static Size
estimate_shared(CustomScanState *node, ParallelContext *pcxt)
{
	VectorScan *scan = (VectorScan *) node;

	return scan->top ? vec_parallel_size(scan->top, pcxt) : 1;
}

static void
share(CustomScanState *node, ParallelContext *pcxt, void *shared)
{
	VectorScan *scan = (VectorScan *) node;

	if (scan->top == NULL)
		return;
	scan->shared = shared;
	vec_parallel_share(scan->top, shared, pcxt);
}

static void
reshare(CustomScanState *node, ParallelContext *pcxt, void *shared)
{
	VectorScan *scan = (VectorScan *) node;

	if (scan->top == NULL)
		return;
	scan->shared = shared;
	vec_parallel_reshare(scan->top, shared);
}

static void
attach(CustomScanState *node, shm_toc *toc, void *shared)
{
	VectorScan *scan = (VectorScan *) node;

	if (scan->top == NULL)
		return;
	scan->shared = shared;
	vec_parallel_attach(scan->top, shared);
}

/* It may go away right after this. */
static void
detach(CustomScanState *node)
{
	VectorScan *scan = (VectorScan *) node;

	if (scan->shared)
		vec_parallel_detach(scan->top, scan->shared);
	scan->shared = NULL;
}

static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	VectorScan *scan = (VectorScan *) node;
	bool		analyze = es->analyze;

	if (scan->top == NULL)
		return;
	/* what workers did without sharing anything is not known here */
	if (node->ss.ps.worker_instrument && !node->ss.ps.plan->parallel_aware)
		es->analyze = false;
	ExplainOpenGroup("Operators", "Operators", false, es);
	vec_node_explain(scan->top, es);
	ExplainCloseGroup("Operators", "Operators", false, es);
	es->analyze = analyze;
}
