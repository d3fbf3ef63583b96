/*-------------------------------------------------------------------------
 * window.c
 *	  Row numbers and ranks over sorted batches: WindowAgg.
 *
 * Rows pass as they come, with their numbers as further columns: no function that
 * looks at other rows is done here.  A run condition is a filter like any other:
 * it fails for all rows of a partition behind the first that it fails for.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "vector/group_table.h"
#include "vector/node.h"

/* Columns behind those of the input. */
enum
{
	ROW_NUMBER,
	RANK,
	DENSE_RANK,
	NNUMBERS
};

/* Runs of rows that are equal in some columns. */
typedef struct Runs
{
	int			nkeys;			/* none: all rows are one run */
	AttrNumber *keys;
	GroupTable *table;			/* of the last row of the batch before */
	VecType    *types;
	Vec		  **columns;
	uint16		starts[VEC_MAX_ROWS];
	int			nstarts;
	int			next;			/* of these */
	bool		continues;		/* the first row belongs to the run before */
} Runs;

typedef struct VecWindow
{
	VecNode		node;
	Runs		partitions;
	Runs		peers;			/* within these */
	bool		started;		/* some row has come */
	int64		numbers[NNUMBERS];	/* of the last row */
	bool		done;			/* the run condition failed for good */
	bool		stops;			/* it does so when it fails */
	int			nconditions;
	VecExpr   **conditions;		/* the run condition */
	uint16		rows[VEC_MAX_ROWS];
	VecBatch	batch;			/* the input's columns and the numbers */
	VecExprContext context;		/* of these */
	VecProjection projection;
} VecWindow;

static VecBatch *window_next(VecNode *node);
static void window_rescan(VecNode *node);
static void init_runs(VecWindow *window, Runs *runs, int nkeys, AttrNumber *keys, Oid *operators,
					  Oid *collations);
static int	column_of(VecExprContext *context, const Var *var);
static void find_runs(Runs *runs, VecBatch *batch);
static bool starts_run(Runs *runs, int place);
static void number_rows(VecWindow *window, VecBatch *batch);
static void check_conditions(VecWindow *window);

static const VecNodeMethods methods = {
	.name = "WindowAgg",
	.next = window_next,
	.rescan = window_rescan
};

static int
number_of(Oid function)
{
	switch (function)
	{
		case F_ROW_NUMBER:
			return ROW_NUMBER;
		case F_RANK_:
			return RANK;
		case F_DENSE_RANK_:
			return DENSE_RANK;
		default:
			return -1;
	}
}

/* The same with functions as columns; those that are not done here stay. */
static Node *
name_columns(Node *node, void *unused)
{
	if (node && IsA(node, WindowFunc) && number_of(((WindowFunc *) node)->winfnoid) >= 0)
		return (Node *) makeVar(INNER_VAR, number_of(((WindowFunc *) node)->winfnoid) + 1, INT8OID, -1, InvalidOid, 0);
	return expression_tree_mutator(node, name_columns, NULL);
}

/* The run condition names entries of the target list, which are put in their place. */
static Node *
replace_entries(Node *node, List *tlist)
{
	if (node && IsA(node, Var) && !IS_SPECIAL_VARNO(((Var *) node)->varno))
		return copyObject((Node *) list_nth_node(TargetEntry, tlist, ((Var *) node)->varattno - 1)->expr);
	return expression_tree_mutator(node, replace_entries, tlist);
}

static List *
conditions_of(WindowAgg *plan, List *tlist)
{
	/* what those below leave out, the top one filters */
	return plan->topWindow ? (List *) replace_entries((Node *) plan->runCondition, tlist) : NIL;
}

bool
vec_window_supported(Plan *plan)
{
	WindowAgg  *window = (WindowAgg *) plan;
	List	   *tlist = (List *) name_columns((Node *) plan->targetlist, NULL);

	return (window->frameOptions & (FRAMEOPTION_START_OFFSET | FRAMEOPTION_END_OFFSET)) == 0 &&
		vec_expr_supported((Node *) tlist) && vec_expr_supported((Node *) plan->qual) &&
		vec_expr_supported((Node *) conditions_of(window, tlist));
}

VecNode *
vec_window_create(VecQuery *query, Plan *plan, bool careful)
{
	VecWindow  *window = palloc0(sizeof(VecWindow));
	WindowAgg  *agg = (WindowAgg *) plan;
	List	   *tlist = (List *) name_columns((Node *) plan->targetlist, NULL);
	int			nkeys = agg->partNumCols + agg->ordNumCols;
	AttrNumber *keys = palloc(sizeof(AttrNumber) * (nkeys + 1));
	Oid		   *operators = palloc(sizeof(Oid) * (nkeys + 1));
	Oid		   *collations = palloc(sizeof(Oid) * (nkeys + 1));
	int			ninput;
	ListCell   *lc;

	vec_node_init(&window->node, &methods, query, plan, careful);
	/* rows behind the last one that meets the condition are not asked for */
	window->node.left = vec_node_create(query, outerPlan(plan),
										careful || (agg->runCondition != NIL && agg->partNumCols == 0));
	for (int i = 0; i < nkeys; i++)
	{
		bool		order = i >= agg->partNumCols;
		int			from = order ? i - agg->partNumCols : i;

		keys[i] = order ? agg->ordColIdx[from] : agg->partColIdx[from];
		operators[i] = order ? agg->ordOperators[from] : agg->partOperators[from];
		collations[i] = order ? agg->ordCollations[from] : agg->partCollations[from];
	}
	init_runs(window, &window->partitions, agg->partNumCols, keys, operators, collations);
	/* without an order all rows of a partition are peers */
	init_runs(window, &window->peers, nkeys, keys, operators, collations);

	ninput = window->node.left->ncolumns;
	window->batch.ncolumns = ninput + NNUMBERS;
	window->batch.columns = palloc(sizeof(Vec *) * window->batch.ncolumns);
	window->context.types = palloc(sizeof(VecType) * window->batch.ncolumns);
	memcpy(window->context.types, window->node.left->types, sizeof(VecType) * ninput);
	for (int i = ninput; i < window->batch.ncolumns; i++)
	{
		window->batch.columns[i] = vec_create(VEC_INT64, VEC_MAX_ROWS);
		vec_type_init(&window->context.types[i], INT8OID, -1, InvalidOid);
	}
	window->context.parent = query->parent;
	window->context.by_rows = &window->node.by_rows;
	window->context.ncolumns = window->batch.ncolumns;
	window->context.column_of = column_of;
	window->context.arg = window;
	window->context.careful = careful;
	window->context.batch_memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector window",
														 ALLOCSET_DEFAULT_SIZES);
	vec_projection_init(&window->projection, &window->context, plan->qual, tlist);
	window->stops = agg->partNumCols == 0;
	window->conditions = palloc(sizeof(VecExpr *) * Max(list_length(agg->runCondition), 1));
	foreach(lc, conditions_of(agg, tlist))
		window->conditions[window->nconditions++] = vec_expr_compile(&window->context, lfirst(lc));
	return &window->node;
}

static void
init_runs(VecWindow *window, Runs *runs, int nkeys, AttrNumber *keys, Oid *operators, Oid *collations)
{
	runs->nkeys = nkeys;
	runs->keys = keys;
	if (nkeys == 0)
		return;
	runs->types = palloc(sizeof(VecType) * nkeys);
	runs->columns = palloc(sizeof(Vec *) * nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		runs->types[i] = window->node.left->types[keys[i] - 1];
		runs->types[i].collation = collations[i];
	}
	runs->table = group_runs_create(nkeys, nkeys, runs->types, operators, 0, CurrentMemoryContext);
}

static int
column_of(VecExprContext *context, const Var *var)
{
	VecWindow  *window = context->arg;

	return var->varno == INNER_VAR ? window->node.left->ncolumns + var->varattno - 1 : var->varattno - 1;
}

static VecBatch *
window_next(VecNode *node)
{
	VecWindow  *window = (VecWindow *) node;
	VecBatch   *given;

	while ((given = vec_projection_next(&window->projection)) == NULL)
	{
		VecBatch   *batch = window->done ? NULL : vec_node_next(node->left);
		MemoryContext old;

		if (batch == NULL)
			return NULL;
		MemoryContextReset(window->context.batch_memory);
		old = MemoryContextSwitchTo(window->context.batch_memory);
		number_rows(window, batch);
		check_conditions(window);
		MemoryContextSwitchTo(old);
		if (window->batch.nsel > 0)
			vec_projection_begin(&window->projection, &window->batch);
	}
	return given;
}

static void
window_rescan(VecNode *node)
{
	VecWindow  *window = (VecWindow *) node;

	vec_node_rescan(node->left);
	vec_projection_reset(&window->projection);
	for (int i = 0; i < window->nconditions; i++)
		vec_expr_forget(window->conditions[i]);
	window->started = window->done = false;
}

/* ---------------- numbers ---------------- */

static void
find_runs(Runs *runs, VecBatch *batch)
{
	int			first = batch->sel ? batch->sel[0] : 0;
	uint16		last = batch->sel ? batch->sel[batch->nsel - 1] : batch->nsel - 1;

	runs->next = 0;
	runs->continues = true;
	runs->starts[0] = 0;
	runs->nstarts = 1;
	if (runs->nkeys == 0)
		return;
	for (int i = 0; i < runs->nkeys; i++)
		runs->columns[i] = vec_batch_column(batch, runs->keys[i] - 1);
	runs->nstarts = group_runs_find(runs->table, runs->columns, batch->sel, batch->nsel, runs->starts);
	runs->continues = group_runs_continue(runs->table, first);
	group_runs_forget(runs->table);
	group_runs_add(runs->table, runs->columns, &last, 1);
}

/* Asked for one place of the selection after the other. */
static bool
starts_run(Runs *runs, int place)
{
	if (runs->next == runs->nstarts || runs->starts[runs->next] != place)
		return false;
	runs->next++;
	return place > 0 || !runs->continues;
}

static void
number_rows(VecWindow *window, VecBatch *batch)
{
	int			ninput = window->node.left->ncolumns;
	Vec		  **columns = window->batch.columns;
	int64	   *numbers = window->numbers;
	int			place = 0;

	for (int i = 0; i < ninput; i++)
		columns[i] = vec_batch_column(batch, i);
	find_runs(&window->partitions, batch);
	find_runs(&window->peers, batch);
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 bool		partition = starts_run(&window->partitions, place) || !window->started;
				 bool		peers = starts_run(&window->peers, place) || partition;

				 window->started = true;
				 place++;
				 if (partition)
				 memset(numbers, 0, sizeof(window->numbers));
				 numbers[ROW_NUMBER]++;
				 if (peers)
				 {
					 numbers[RANK] = numbers[ROW_NUMBER];
					 numbers[DENSE_RANK]++;
				 }
				 for (int i = 0; i < NNUMBERS; i++)
				 VEC_INT64S(columns[ninput + i])[row] = numbers[i]);
	window->batch.nrows = batch->nrows;
	window->batch.sel = batch->sel;
	window->batch.nsel = batch->nsel;
}

/* It compares numbers with what does not depend on rows, which fails for the first or for none. */
static void
check_conditions(VecWindow *window)
{
	VecBatch   *batch = &window->batch;
	const uint16 *sel = batch->sel;
	int			n = batch->nsel;
	bool		careful = window->context.careful;

	window->context.careful = false;
	for (int i = 0; i < window->nconditions && n > 0; i++)
	{
		n = vec_expr_select(window->conditions[i], batch, sel, n, window->rows);
		sel = window->rows;
	}
	window->context.careful = careful;
	window->done = window->stops && n < batch->nsel;
	if (n < batch->nsel)
		batch->sel = sel;
	batch->nsel = n;
}
