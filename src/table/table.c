/*-------------------------------------------------------------------------
 * table.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "table/table.h"

void
table_init(void)
{
}

void
table_process_utility(PlannedStmt *pstmt, const char *query_string,
					  bool read_only_tree, ProcessUtilityContext context,
					  ParamListInfo params, QueryEnvironment *env,
					  DestReceiver *dest, QueryCompletion *qc,
					  ProcessUtility_hook_type next)
{
	next(pstmt, query_string, read_only_tree, context, params, env, dest, qc);
}

void
table_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
					   RangeTblEntry *rte)
{
}

void
table_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					int sub_id, void *arg)
{
}
