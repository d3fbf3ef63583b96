/*-------------------------------------------------------------------------
 * fallback.c
 *	  Collect the reasons for which plan nodes stay on the driver.
 *
 * At most one collector is open, and only inside barks.fallbacks(), which
 * closes it on error too; nested planning (of SQL functions that are
 * evaluated while planning) is not told apart, as it belongs to the query.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "planner/fallback.h"

static bool collecting;
static MemoryContext collector_context;
static List *collected;

static const char *node_name_of(const Plan *plan);

void
fallback_collect_begin(void)
{
	collecting = true;
	collector_context = CurrentMemoryContext;
	collected = NIL;
}

List *
fallback_collect_end(void)
{
	List	   *result = collected;

	fallback_collect_abandon();
	return result;
}

void
fallback_collect_abandon(void)
{
	collecting = false;
	collector_context = NULL;
	collected = NIL;
}

void
fallback_note(const Plan *plan, const char *reason)
{
	if (collecting)
		fallback_note_text(node_name_of(plan), reason);
}

void
fallback_note_text(const char *node, const char *reason)
{
	MemoryContext old;
	Fallback   *fallback;

	if (!collecting)
		return;
	old = MemoryContextSwitchTo(collector_context);
	fallback = palloc(sizeof(Fallback));
	fallback->node = pstrdup(node);
	fallback->reason = pstrdup(reason);
	collected = lappend(collected, fallback);
	MemoryContextSwitchTo(old);
}

int
fallback_mark(void)
{
	return list_length(collected);
}

void
fallback_rewind(int mark)
{
	if (collecting)
		collected = list_truncate(collected, mark);
}

/* What EXPLAIN calls the node, for the kinds that can stand over rows of nodes. */
static const char *
node_name_of(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			return "Result";
		case T_ProjectSet:
			return "ProjectSet";
		case T_ModifyTable:
			return "ModifyTable";
		case T_Append:
			return "Append";
		case T_MergeAppend:
			return "Merge Append";
		case T_RecursiveUnion:
			return "Recursive Union";
		case T_SeqScan:
			return "Seq Scan";
		case T_SampleScan:
			return "Sample Scan";
		case T_IndexScan:
			return "Index Scan";
		case T_IndexOnlyScan:
			return "Index Only Scan";
		case T_BitmapHeapScan:
			return "Bitmap Heap Scan";
		case T_TidScan:
			return "Tid Scan";
		case T_TidRangeScan:
			return "Tid Range Scan";
		case T_SubqueryScan:
			return "Subquery Scan";
		case T_CteScan:
			return "CTE Scan";
		case T_NestLoop:
			return "Nested Loop";
		case T_MergeJoin:
			return "Merge Join";
		case T_HashJoin:
			return "Hash Join";
		case T_Material:
			return "Materialize";
		case T_Memoize:
			return "Memoize";
		case T_Sort:
			return "Sort";
		case T_IncrementalSort:
			return "Incremental Sort";
		case T_Group:
			return "Group";
		case T_Agg:
			return "Aggregate";
		case T_WindowAgg:
			return "WindowAgg";
		case T_Unique:
			return "Unique";
		case T_SetOp:
			return "SetOp";
		case T_LockRows:
			return "LockRows";
		case T_Limit:
			return "Limit";
		case T_Hash:
			return "Hash";
		default:
			return "Plan Node";
	}
}
