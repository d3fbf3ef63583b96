/*-------------------------------------------------------------------------
 * scan.c
 *	  The CustomScan "Barks": where a plan on the driver meets the cluster.
 *
 * A scan with a tail only forwards: the tail is an ordinary plan whose leaf is
 * another Barks scan.  That one turns parameters into constants, stages into
 * SQL, partitions into tasks, when its first row is asked for, and gathers.
 * A rescan with changed parameters runs a new job.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "driver/registry.h"
#include "driver/scan.h"
#include "driver/tasks.h"
#include "planner/planner.h"
#include "planner/shippable.h"

static Node *create_scan_state(CustomScan *scan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_scan(CustomScanState *node);
static TupleTableSlot *next_tail_row(ScanState *node);
static TupleTableSlot *next_row(ScanState *node);
static bool recheck_row(ScanState *node, TupleTableSlot *slot);
static void end_scan(CustomScanState *node);
static void rescan(CustomScanState *node);
static void shutdown_scan(CustomScanState *node);
static void check_functions(List *functions);
static void open_relations(BarksScanState *state, int eflags);
static void start_gather(BarksScanState *state);
static void stop_gather(BarksScanState *state);

static const CustomScanMethods scan_methods = {
	.CustomName = "Barks",
	.CreateCustomScanState = create_scan_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "Barks",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.ShutdownCustomScan = shutdown_scan,
	.ExplainCustomScan = explain_scan
};

void
scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	barks_scan_methods = &scan_methods;
}

static Node *
create_scan_state(CustomScan *scan)
{
	BarksScanState *state = (BarksScanState *) newNode(sizeof(BarksScanState),
													   T_CustomScanState);

	state->css.methods = &exec_methods;
	state->plan = barks_plan_of(scan);
	return (Node *) state;
}

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	BarksScanState *state = (BarksScanState *) node;

	if (state->plan->tail)
	{
		state->tail = ExecInitNode(state->plan->tail, estate, eflags);
		/* rows pass through as the tail gives them, in slots of any kind */
		node->ss.ps.scanopsfixed = false;
		node->ss.ps.resultopsfixed = false;
		return;
	}
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	check_functions(state->plan->functions);
	open_relations(state, eflags);
	state->schema = batch_schema_create(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
										estate->es_query_cxt);
	state->job_context = AllocSetContextCreate(estate->es_query_cxt, "barks scan",
											   ALLOCSET_DEFAULT_SIZES);
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;

	return ExecScan(&node->ss, state->tail ? next_tail_row : next_row, recheck_row);
}

/* Deformed, because our own expressions were compiled for virtual slots. */
static TupleTableSlot *
next_tail_row(ScanState *node)
{
	TupleTableSlot *slot = ExecProcNode(((BarksScanState *) node)->tail);

	if (!TupIsNull(slot))
		slot_getallattrs(slot);
	return slot;
}

static TupleTableSlot *
next_row(ScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext old = CurrentMemoryContext;
	bool		found;

	if (state->gather == NULL)
		start_gather(state);
	found = gather_next(state->gather, slot);
	MemoryContextSwitchTo(old);
	if (!found)
		return ExecClearTuple(slot);
	state->rows++;
	return slot;
}

/* Rows of distributed tables are never locked, so never rechecked. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

static void
end_scan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;
	ListCell   *lc;

	if (state->tail)
		ExecEndNode(state->tail);
	else
	{
		stop_gather(state);
		foreach(lc, state->relations)
			table_close(lfirst(lc), NoLock);
	}
}

static void
rescan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;

	if (state->tail)
	{
		if (node->ss.ps.chgParam)
			UpdateChangedParamSet(state->tail, node->ss.ps.chgParam);
		if (state->tail->chgParam == NULL)
			ExecReScan(state->tail);
		return;
	}
	stop_gather(state);
	ExecScanReScan(&node->ss);
}

/* No more rows will be asked for: let the nodes stop. */
static void
shutdown_scan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;

	if (state->tail)
		(void) ExecShutdownNode(state->tail);
}

/* On the nodes functions run without a check of the caller's rights, so check here. */
static void
check_functions(List *functions)
{
	ListCell   *lc;

	foreach(lc, functions)
	{
		Oid			function = lfirst_oid(lc);
		AclResult	result = pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE);

		if (result != ACLCHECK_OK)
			aclcheck_error(result, get_func_prokind(function) == PROKIND_AGGREGATE ?
						   OBJECT_AGGREGATE : OBJECT_FUNCTION, get_func_name(function));
		InvokeFunctionExecuteHook(function);
		if (shippable_needs_search_config(function) && !shippable_search_config())
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function %s was planned for nodes, which do not have the text search configuration that is now the default",
							get_func_name(function)),
					 errhint("Prepare the statement again.")));
	}
}

/* As other scans do, so that commands that must not meet a running query know of it. */
static void
open_relations(BarksScanState *state, int eflags)
{
	ListCell   *ls,
			   *lc;

	foreach(ls, state->plan->stages)
		foreach(lc, ((StagePlan *) lfirst(ls))->leaves)
	{
		Relation	rel = table_open(((LeafPlan *) lfirst(lc))->relid, NoLock);

		state->relations = lappend(state->relations, rel);
		if (!(eflags & EXEC_FLAG_WITH_NO_DATA) && !RelationIsScannable(rel))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("materialized view \"%s\" has not been populated",
							RelationGetRelationName(rel)),
					 errhint("Use the REFRESH MATERIALIZED VIEW command.")));
	}
}

static void
start_gather(BarksScanState *state)
{
	PlanState  *ps = &state->css.ss.ps;
	StagePlan  *stage = llast(state->plan->stages);
	MemoryContext old;

	MemoryContextReset(state->job_context);
	old = MemoryContextSwitchTo(state->job_context);
	state->shapes = tasks_shape(stage, ps);
	memset(&state->job, 0, sizeof(JobPlan));
	state->job.stage = stage->id;
	state->job.order = stage->merge_keys != NIL ? JOB_BY_STREAM : JOB_ARRIVAL;
	state->job.partial_aggregate = stage->partial_aggregate;
	state->job.snapshot = ps->state->es_snapshot;
	state->job.all_nodes = list_union_oid(tasks_nodes(state->shapes),
										  list_length(state->plan->statement_relids) > 1 ?
										  tasks_statement_nodes(state->plan->statement_relids) : NIL);
	state->job.all_nodes = list_delete_oid(state->job.all_nodes, InvalidOid);
	state->job.schema = state->schema;
	state->job.ntasks = list_length(state->shapes);
	state->job.tasks = tasks_plan(stage, state->shapes, ps);
	MemoryContextSwitchTo(old);

	state->gather = gather_begin(&state->job, stage->merge_keys, stage->limit,
								 state->job_context);
}

static void
stop_gather(BarksScanState *state)
{
	if (state->gather == NULL)
		return;
	explain_collect(state);
	gather_end(state->gather);
	state->gather = NULL;
}
