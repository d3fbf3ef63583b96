/*-------------------------------------------------------------------------
 * exchange_scan.c
 *	  barks.exchange(N) in a task: a scan of another stage's output.
 *
 * In a task's SQL the output of another stage is a function in FROM.  A scan of
 * a function would be collected whole before its first row; so its paths are
 * replaced by one of a CustomScan, which gives rows straight out of blocks as
 * they are read.  Outside of a task the function itself runs, and says no.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "batch/batch.h"
#include "batch/batch_rows.h"
#include "shuffle/reader.h"
#include "vector/source.h"
#include "worker/exchange_scan.h"

/* Rows of the batch at hand as vectors. */
typedef struct ExchangeVectors
{
	VecBatch	batch;
	int			first;			/* row of the batch that is row 0 there */
	struct ExchangeScan *scan;
	const VecType *types;
	Vec		   *columns;
	void	  **values;			/* by column: room for them */
	bool	  **nulls;
} ExchangeVectors;

typedef struct ExchangeScan
{
	CustomScanState css;
	const ExchangeInputs *inputs;
	List	   *parts;			/* of TaskInput, with rows: read one after another */
	int			part;			/* the one at hand */
	const StageSources *sources;
	bool		force_wire;
	bool		keep;			/* it will be read again */
	MemoryContext context;
	BatchSchema *schema;
	ShuffleReader *reader;		/* NULL until the first row is wanted */
	BatchRows	rows;			/* of the batch at hand */
	ExchangeVectors *vectors;	/* NULL: rows are read */
} ExchangeScan;

static const ExchangeInputs *current;

static bool is_exchange(RangeTblEntry *rte, int *index);
static List *find_inputs(const ExchangeInputs *inputs, int index);
static const StageSources *find_sources(const ExchangeInputs *inputs, int stage);
static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, struct CustomPath *path,
					   List *tlist, List *clauses, List *custom_plans);
static List *all_columns(PlannerInfo *root, Index rti);
static Node *create_state(CustomScan *cscan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_scan(CustomScanState *node);
static TupleTableSlot *next_row(ScanState *node);
static bool recheck_row(ScanState *node, TupleTableSlot *slot);
static bool next_batch(ExchangeScan *scan);
static VecBatch *next_vectors(CustomScanState *node, const VecType *types);
static ExchangeVectors *create_vectors(ExchangeScan *scan, const VecType *types);
static void load_vector(VecBatch *batch, int column);
static void end_scan(CustomScanState *node);
static void rescan(CustomScanState *node);
static void close_reader(ExchangeScan *scan);
static void free_batch(ExchangeScan *scan);

static const CustomPathMethods path_methods = {
	.CustomName = "Barks Exchange",
	.PlanCustomPath = plan_path
};

static const CustomScanMethods scan_methods = {
	.CustomName = "Barks Exchange",
	.CreateCustomScanState = create_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "Barks Exchange",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan
};

static const VecSourceMethods source_methods = {
	.scan = &scan_methods,
	.name = "Exchange",
	.next = next_vectors
};

void
exchange_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	vec_source_register(&source_methods);
}

const ExchangeInputs *
exchange_set_inputs(const ExchangeInputs *inputs)
{
	const ExchangeInputs *before = current;

	current = inputs;
	return before;
}

List *
exchange_add_sources(List *list, StageSources *sources)
{
	ListCell   *lc;

	foreach(lc, list)
		if (((StageSources *) lfirst(lc))->stage == sources->stage)
		{
			lfirst(lc) = sources;
			return list;
		}
	return lappend(list, sources);
}

StringInfo
exchange_keys_of_stage(const ExchangeInputs *inputs, int stage)
{
	StringInfo	keys = find_sources(inputs, stage)->keys;

	if (keys == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("a task wants the keys of stage %d, which were not said", stage)));
	return keys;
}

/* ---------------- planning ---------------- */

void
exchange_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	CustomPath *path;
	int			index;
	double		rows = 0;
	double		bytes = 0;
	ListCell   *lc;

	if (current == NULL || !is_exchange(rte, &index))
		return;
	foreach(lc, find_inputs(current, index))
	{
		rows += ((TaskInput *) lfirst(lc))->rows;
		bytes += ((TaskInput *) lfirst(lc))->bytes;
	}
	rel->tuples = clamp_row_est(rows);
	set_baserel_size_estimates(root, rel);
	/* whatever could be told from these rows alone was asked before they came here */
	rel->rows = rel->tuples;
	rel->consider_parallel = false;
	rel->partial_pathlist = NIL;

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.rows = rel->rows;
	path->path.startup_cost = rel->baserestrictcost.startup + rel->reltarget->cost.startup;
	path->path.total_cost = path->path.startup_cost +
		seq_page_cost * bytes / BLCKSZ +
		(cpu_tuple_cost + rel->baserestrictcost.per_tuple) * rel->tuples +
		rel->reltarget->cost.per_tuple * rel->rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private = list_make1(makeInteger(index));
	path->methods = &path_methods;
	rel->pathlist = NIL;
	add_path(rel, &path->path);
}

bool
exchange_in_task(void)
{
	return current != NULL;
}

bool
exchange_distinct_values(RangeTblEntry *rte, AttrNumber attnum, int *distinct)
{
	const StageSources *sources;
	int			index;

	if (current == NULL || !is_exchange(rte, &index))
		return false;
	sources = find_sources(current, ((TaskInput *) linitial(find_inputs(current, index)))->stage);
	*distinct = attnum > 0 && attnum <= sources->ncolumns ? sources->distinct[attnum - 1] : 0;
	return true;
}

/* Is it barks.exchange(index) alone? */
static bool
is_exchange(RangeTblEntry *rte, int *index)
{
	RangeTblFunction *function;
	FuncExpr   *call;
	Const	   *argument;
	char	   *name;

	if (rte->rtekind != RTE_FUNCTION || list_length(rte->functions) != 1 || rte->funcordinality)
		return false;
	function = linitial_node(RangeTblFunction, rte->functions);
	if (!IsA(function->funcexpr, FuncExpr))
		return false;
	call = (FuncExpr *) function->funcexpr;
	name = get_func_name(call->funcid);
	if (name == NULL || strcmp(name, "exchange") != 0 || list_length(call->args) != 1 ||
		get_func_namespace(call->funcid) != get_namespace_oid("barks", true))
		return false;
	argument = linitial(call->args);
	if (!IsA(argument, Const) || argument->constisnull)
		return false;
	*index = DatumGetInt32(argument->constvalue);
	return true;
}

static List *
find_inputs(const ExchangeInputs *inputs, int index)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, inputs->inputs)
		if (((TaskInput *) lfirst(lc))->index == index)
			found = lappend(found, lfirst(lc));
	if (found == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("a task reads exchange %d, of which it was not told", index)));
	return found;
}

static const StageSources *
find_sources(const ExchangeInputs *inputs, int stage)
{
	ListCell   *lc;

	foreach(lc, inputs->sources)
		if (((StageSources *) lfirst(lc))->stage == stage)
			return lfirst(lc);
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("a task reads the output of stage %d, which was not said to be anywhere",
					stage)));
}

static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, struct CustomPath *path, List *tlist,
		  List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = 0;	/* no relation; the columns are in the list */
	scan->flags = path->flags;
	scan->custom_private = path->custom_private;
	scan->custom_scan_tlist = all_columns(root, rel->relid);
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

static List *
all_columns(PlannerInfo *root, Index rti)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	RangeTblFunction *function = linitial_node(RangeTblFunction, rte->functions);
	List	   *tlist = NIL;
	int			n = list_length(function->funccoltypes);

	for (int i = 0; i < n; i++)
	{
		Var		   *var = makeVar(rti, i + 1, list_nth_oid(function->funccoltypes, i),
								  list_nth_int(function->funccoltypmods, i),
								  list_nth_oid(function->funccolcollations, i), 0);

		tlist = lappend(tlist, makeTargetEntry((Expr *) var, i + 1,
											   pstrdup(strVal(list_nth(rte->eref->colnames, i))),
											   false));
	}
	return tlist;
}

/* ---------------- running ---------------- */

static Node *
create_state(CustomScan *cscan)
{
	ExchangeScan *scan = palloc0(sizeof(ExchangeScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	ExchangeScan *scan = (ExchangeScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	const char *wire = GetConfigOption("barks.wire", true, false);
	List	   *inputs;
	ListCell   *lc;

	if (current == NULL)
		elog(ERROR, "an exchange is read outside of a task");
	scan->inputs = current;
	inputs = find_inputs(current, intVal(linitial(plan->custom_private)));
	scan->sources = find_sources(current, ((TaskInput *) linitial(inputs))->stage);
	foreach(lc, inputs)
		if (((TaskInput *) lfirst(lc))->rows > 0)
			scan->parts = lappend(scan->parts, lfirst(lc));
	scan->force_wire = wire && strcmp(wire, "always") == 0;
	scan->keep = (eflags & EXEC_FLAG_REWIND) != 0 && list_length(scan->parts) == 1;
	scan->context = estate->es_query_cxt;
	scan->schema = batch_schema_create(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
									   estate->es_query_cxt);
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	ExchangeScan *scan = (ExchangeScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	ExecClearTuple(slot);
	while (!batch_rows_next(&scan->rows, slot->tts_values, slot->tts_isnull))
		if (!next_batch(scan))
			return slot;
	return ExecStoreVirtualTuple(slot);
}

static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

/* The next batch; false at the end.  Raises what kept the output from being made. */
static bool
next_batch(ExchangeScan *scan)
{
	if (scan->sources->failure)
		remote_error_throw(scan->sources->failure, NULL);
	free_batch(scan);
	for (;;)
	{
		Batch	   *batch;

		if (scan->part == list_length(scan->parts))
			return false;
		if (scan->reader == NULL)
			scan->reader = shuffle_reader_open(scan->inputs->driver, scan->inputs->job,
											   list_nth(scan->parts, scan->part),
											   scan->sources, scan->schema,
											   scan->force_wire, scan->keep, scan->context);
		batch = shuffle_reader_next(scan->reader);
		if (batch)
		{
			batch_rows_open(&scan->rows, batch, scan->schema);
			return true;
		}
		if (scan->part == list_length(scan->parts) - 1)
			return false;
		close_reader(scan);
		scan->part++;
	}
}

/* The next rows of the batch at hand; columns are looked at when they are asked for. */
static VecBatch *
next_vectors(CustomScanState *node, const VecType *types)
{
	ExchangeScan *scan = (ExchangeScan *) node;
	ExchangeVectors *vectors = scan->vectors;
	VecBatch   *batch;

	if (vectors == NULL)
		vectors = scan->vectors = create_vectors(scan, types);
	batch = &vectors->batch;
	while (scan->rows.batch == NULL || scan->rows.row == scan->rows.nrows)
		if (!next_batch(scan))
			return NULL;
	vectors->first = scan->rows.row;
	batch->nrows = batch->nsel = Min(scan->rows.nrows - scan->rows.row, vec_batch_rows());
	batch->sel = NULL;
	scan->rows.row += batch->nrows;
	memset(batch->loaded, 0, sizeof(bool) * batch->ncolumns);
	return batch;
}

static ExchangeVectors *
create_vectors(ExchangeScan *scan, const VecType *types)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	ExchangeVectors *vectors = palloc0(sizeof(ExchangeVectors));
	int			ncolumns = scan->schema->ncolumns;

	vectors->scan = scan;
	vectors->types = types;
	vectors->columns = palloc0(sizeof(Vec) * Max(ncolumns, 1));
	vectors->values = palloc0(sizeof(void *) * Max(ncolumns, 1));
	vectors->nulls = palloc0(sizeof(bool *) * Max(ncolumns, 1));
	vectors->batch.ncolumns = ncolumns;
	vectors->batch.columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	vectors->batch.load = load_vector;
	vectors->batch.loaded = palloc(sizeof(bool) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
		vectors->batch.columns[i] = &vectors->columns[i];
	MemoryContextSwitchTo(old);
	return vectors;
}

static void
load_vector(VecBatch *batch, int column)
{
	ExchangeVectors *vectors = (ExchangeVectors *) batch;

	if (vectors->values[column] == NULL)
	{
		vectors->values[column] = MemoryContextAlloc(vectors->scan->context, sizeof(Datum) * VEC_MAX_ROWS);
		vectors->nulls[column] = MemoryContextAlloc(vectors->scan->context, sizeof(bool) * VEC_MAX_ROWS);
	}
	batch_get_vec(vectors->scan->rows.batch, column, vectors->first, batch->nrows,
				  vectors->types[column].kind, &vectors->columns[column], vectors->values[column],
				  vectors->nulls[column]);
	batch->loaded[column] = true;
}

static void
end_scan(CustomScanState *node)
{
	close_reader((ExchangeScan *) node);
}

static void
rescan(CustomScanState *node)
{
	ExchangeScan *scan = (ExchangeScan *) node;

	ExecScanReScan(&node->ss);
	free_batch(scan);
	if (scan->reader && scan->part > 0)
		close_reader(scan);
	if (scan->reader)
		shuffle_reader_rewind(scan->reader);
	scan->part = 0;
}

static void
close_reader(ExchangeScan *scan)
{
	const ShuffleReaderStats *stats;

	free_batch(scan);
	if (scan->reader == NULL)
		return;
	stats = shuffle_reader_stats(scan->reader);
	scan->inputs->done->fetched_memory += stats->memory;
	scan->inputs->done->fetched_file += stats->file;
	scan->inputs->done->fetched_wire += stats->wire;
	shuffle_reader_close(scan->reader);
	scan->reader = NULL;
}

/* What the slot still shows lies in the batch. */
static void
free_batch(ExchangeScan *scan)
{
	ExecClearTuple(scan->css.ss.ss_ScanTupleSlot);
	batch_rows_close(&scan->rows);
}
