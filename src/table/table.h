/*-------------------------------------------------------------------------
 * table.h
 *	  Distributed tables: what the rest of barks and the hooks call.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_TABLE_H
#define BARKS_TABLE_TABLE_H

#include "catalog/objectaccess.h"
#include "executor/execdesc.h"
#include "nodes/pathnodes.h"
#include "tcop/utility.h"

extern void table_init(void);	/* GUCs, security label provider, virtual COPY */

/*
 * Around every utility command: refuse what distributed tables cannot do,
 * forward DDL to the shards, create the shards of new storage at the end.
 */
extern void table_process_utility(PlannedStmt *pstmt, const char *query_string,
								  bool read_only_tree, ProcessUtilityContext context,
								  ParamListInfo params, QueryEnvironment *env,
								  DestReceiver *dest, QueryCompletion *qc,
								  ProcessUtility_hook_type next);
/* No parallel and no TID paths over a distributed table. */
extern void table_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
								   RangeTblEntry *rte);
extern void table_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
								int sub_id, void *arg);

/* What the planner knows of a distributed table: its unique indexes. */
extern void table_relation_info(Oid relid, bool inhparent, RelOptInfo *rel);
/* Before planning: refuse what cannot be done to distributed tables. */
extern void table_check_query(Query *query);
/* Before ExecutorStart, before and after ExecutorFinish, after ExecutorEnd. */
extern void table_executor_start(QueryDesc *query, int eflags);
extern void table_executor_finish(QueryDesc *query);
extern void table_executor_end(QueryDesc *query);

#endif							/* BARKS_TABLE_TABLE_H */
