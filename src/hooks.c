/*-------------------------------------------------------------------------
 * hooks.c
 *	  Install PostgreSQL's hooks and hand each call to the module it is for.
 *
 * No logic lives here.  The order within a hook is the order of dependency.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "storage/ipc.h"
#include "tcop/utility.h"

#include "base/virtual_copy.h"
#include "cluster/cluster_snapshot.h"
#include "cluster/monitor.h"
#include "cluster/node.h"
#include "driver/create_as.h"
#include "hooks.h"
#include "planner/planner.h"
#include "rdd/rdd.h"
#include "table/table.h"
#include "vector/vector.h"
#include "worker/exchange_scan.h"
#include "worker/pool.h"
#include "worker/task_stats.h"
#include "worker/worker.h"

static planner_hook_type next_planner;
static ProcessUtility_hook_type next_utility;
static set_rel_pathlist_hook_type next_rel_pathlist;
static get_relation_info_hook_type next_relation_info;
static get_relation_stats_hook_type next_relation_stats;
static object_access_hook_type next_object_access;
static emit_log_hook_type next_emit_log;
static ExecutorStart_hook_type next_executor_start;
static ExecutorFinish_hook_type next_executor_finish;
static ExecutorEnd_hook_type next_executor_end;

static PlannedStmt *on_plan(Query *parse, const char *query_string,
							int cursor_options, ParamListInfo params);
static PlannedStmt *plan_here(Query *parse, const char *query_string, int cursor_options,
							  ParamListInfo params);
static void on_utility(PlannedStmt *pstmt, const char *query_string,
					   bool read_only_tree, ProcessUtilityContext context,
					   ParamListInfo params, QueryEnvironment *env,
					   DestReceiver *dest, QueryCompletion *qc);
static void process_utility(PlannedStmt *pstmt, const char *query_string,
							bool read_only_tree, ProcessUtilityContext context,
							ParamListInfo params, QueryEnvironment *env,
							DestReceiver *dest, QueryCompletion *qc);
static void on_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
							RangeTblEntry *rte);
static void on_relation_info(PlannerInfo *root, Oid relid, bool inhparent,
							 RelOptInfo *rel);
static bool on_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
							  VariableStatData *vardata);
static void on_object_access(ObjectAccessType access, Oid class_id,
							 Oid object_id, int sub_id, void *arg);
static void on_emit_log(ErrorData *edata);
static void on_executor_start(QueryDesc *query, int eflags);
static void on_executor_finish(QueryDesc *query);
static void on_executor_end(QueryDesc *query);

void
hooks_init(void)
{
	next_planner = planner_hook ? planner_hook : standard_planner;
	planner_hook = on_plan;
	next_utility = ProcessUtility_hook ? ProcessUtility_hook : standard_ProcessUtility;
	ProcessUtility_hook = on_utility;
	next_rel_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = on_rel_pathlist;
	next_relation_info = get_relation_info_hook;
	get_relation_info_hook = on_relation_info;
	next_relation_stats = get_relation_stats_hook;
	get_relation_stats_hook = on_relation_stats;
	next_object_access = object_access_hook;
	object_access_hook = on_object_access;
	next_emit_log = emit_log_hook;
	emit_log_hook = on_emit_log;
	next_executor_start = ExecutorStart_hook ? ExecutorStart_hook : standard_ExecutorStart;
	ExecutorStart_hook = on_executor_start;
	next_executor_finish = ExecutorFinish_hook ? ExecutorFinish_hook : standard_ExecutorFinish;
	ExecutorFinish_hook = on_executor_finish;
	next_executor_end = ExecutorEnd_hook ? ExecutorEnd_hook : standard_ExecutorEnd;
	ExecutorEnd_hook = on_executor_end;
}

static PlannedStmt *
on_plan(Query *parse, const char *query_string, int cursor_options,
		ParamListInfo params)
{
	bool		has_rdds = rdd_on_plan(parse);
	PlannedStmt *stmt;

	table_check_query(parse);
	cluster_snapshot_on_plan();
	stmt = planner_plan(parse, query_string, cursor_options, params, plan_here, next_planner);
	stmt->dependsOnRole |= has_rdds;
	if (!exchange_in_task())
		vector_on_plan(stmt, cursor_options);	/* of a task's own query the plan changes yet */
	return stmt;
}

/* What reads no distributed table. */
static PlannedStmt *
plan_here(Query *parse, const char *query_string, int cursor_options, ParamListInfo params)
{
	return vector_plan(parse, query_string, cursor_options, params, next_planner, pool_slots);
}

static void
on_utility(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	Oid			database;

	if (IsA(pstmt->utilityStmt, CopyStmt))
	{
		CopyStmt   *copy = (CopyStmt *) pstmt->utilityStmt;
		VirtualCopyHandler handler = virtual_copy_handler(copy);

		if (handler)
		{
			handler(copy);
			return;
		}
	}
	database = monitor_database_needed(pstmt->utilityStmt);
	if (OidIsValid(database))
	{
		monitor_evict(database);
		worker_evict_database(database);
	}
	if (!create_as_run(pstmt, query_string, context, params, env, dest, qc, process_utility))
		process_utility(pstmt, query_string, read_only_tree, context, params, env, dest, qc);
}

static void
process_utility(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	table_process_utility(pstmt, query_string, read_only_tree, context, params,
						  env, dest, qc, next_utility);
}

static void
on_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
				RangeTblEntry *rte)
{
	if (next_rel_pathlist)
		next_rel_pathlist(root, rel, rti, rte);
	table_set_rel_pathlist(root, rel, rti, rte);
	planner_set_rel_pathlist(root, rel, rti, rte);
	exchange_set_rel_pathlist(root, rel, rte);
}

static void
on_relation_info(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	if (next_relation_info)
		next_relation_info(root, relid, inhparent, rel);
	table_relation_info(relid, inhparent, rel);
}

static bool
on_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
				  VariableStatData *vardata)
{
	if (next_relation_stats && next_relation_stats(root, rte, attnum, vardata))
		return true;
	return task_get_relation_stats(root, rte, attnum, vardata);
}

static void
on_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
				 int sub_id, void *arg)
{
	if (next_object_access)
		next_object_access(access, class_id, object_id, sub_id, arg);
	node_object_access(access, class_id, object_id, sub_id, arg);
	table_object_access(access, class_id, object_id, sub_id, arg);
}

static void
on_emit_log(ErrorData *edata)
{
	node_redact_log(edata);
	if (next_emit_log)
		next_emit_log(edata);
}

static void
on_executor_start(QueryDesc *query, int eflags)
{
	table_executor_start(query, eflags);
	next_executor_start(query, eflags);
}

/* Rows written are stored before AFTER triggers run, and those of their own after. */
static void
on_executor_finish(QueryDesc *query)
{
	table_executor_finish(query);
	next_executor_finish(query);
	table_executor_finish(query);
}

static void
on_executor_end(QueryDesc *query)
{
	next_executor_end(query);
	table_executor_end(query);
}
