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

#include "driver/driver_rows.h"
#include "driver/insert.h"
#include "driver/scan.h"
#include "planner/planner.h"
#include "planner/shippable.h"

static Node *create_scan_state(CustomScan *scan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static void begin_driver_plans(BarksScanState *state, EState *estate, int eflags);
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
		return;
	}
	begin_driver_plans(state, estate, eflags);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	check_functions(state->plan->functions);
	open_relations(state, eflags);
	state->schema = batch_schema_create(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
										estate->es_query_cxt);
	state->job_context = AllocSetContextCreate(estate->es_query_cxt, "barks scan",
											   ALLOCSET_DEFAULT_SIZES);
}

/* Plans of stages that the driver runs are children of the scan. */
static void
begin_driver_plans(BarksScanState *state, EState *estate, int eflags)
{
	ListCell   *lc;

	foreach(lc, state->plan->stages)
	{
		StagePlan  *stage = lfirst(lc);
		PlanState  *child;

		if (stage->driver_plan == NULL)
		{
			state->driver_rows = lappend(state->driver_rows, NULL);
			continue;
		}
		child = ExecInitNode(stage->driver_plan, estate,
							 eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK));
		state->css.custom_ps = lappend(state->css.custom_ps, child);
		state->driver_rows = lappend(state->driver_rows, driver_rows_create(child));
	}
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;

	return ExecScan(&node->ss, state->tail ? next_tail_row : next_row, recheck_row);
}

/* In our own slot, because our expressions were compiled for a virtual one. */
static TupleTableSlot *
next_tail_row(ScanState *node)
{
	TupleTableSlot *row = ExecProcNode(((BarksScanState *) node)->tail);
	TupleTableSlot *slot = ExecClearTuple(node->ss_ScanTupleSlot);
	int			natts = slot->tts_tupleDescriptor->natts;

	if (TupIsNull(row))
		return slot;
	Assert(row->tts_tupleDescriptor->natts >= natts);
	slot_getsomeattrs(row, natts);
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * natts);
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext old = CurrentMemoryContext;
	bool		found;

	if (state->plan->insert && !state->inserted && !state->insert_failed)
	{
		state->inserted = insert_run(state);
		state->insert_failed = !state->inserted;
	}
	if (state->inserted)
		return ExecClearTuple(slot);
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
	foreach(lc, state->driver_rows)
		if (lfirst(lc))
			driver_rows_end(lfirst(lc));
	foreach(lc, node->custom_ps)
		ExecEndNode(lfirst(lc));
}

static void
rescan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;
	ListCell   *lc;

	if (state->tail)
	{
		if (node->ss.ps.chgParam)
			UpdateChangedParamSet(state->tail, node->ss.ps.chgParam);
		if (state->tail->chgParam == NULL)
			ExecReScan(state->tail);
		return;
	}
	stop_gather(state);
	foreach(lc, state->driver_rows)
		if (lfirst(lc))
			driver_rows_rescan(lfirst(lc), node->ss.ps.chgParam);
	ExecScanReScan(&node->ss);
}

/* No more rows will be asked for: let the nodes stop. */
static void
shutdown_scan(CustomScanState *node)
{
	BarksScanState *state = (BarksScanState *) node;

	ListCell   *lc;

	if (state->tail)
		(void) ExecShutdownNode(state->tail);
	foreach(lc, node->custom_ps)
		(void) ExecShutdownNode(lfirst(lc));
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
		LeafPlan   *leaf = lfirst(lc);
		Relation	rel;

		if (!OidIsValid(leaf->relid))
			continue;
		rel = table_open(leaf->relid, NoLock);
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
	StagePlan  *last = llast(state->plan->stages);
	MemoryContext old;

	MemoryContextReset(state->job_context);
	old = MemoryContextSwitchTo(state->job_context);
	state->job = job_plan_make(state->plan, state->plan->stages, &state->css.ss.ps,
							   state->driver_rows, state->schema);
	MemoryContextSwitchTo(old);
	state->gather = gather_begin(&state->job->plan, last->merge_keys, last->limit,
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
