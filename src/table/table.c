/*-------------------------------------------------------------------------
 * table.c
 *	  Distributed tables: what PostgreSQL's hooks call.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "commands/seclabel.h"
#include "executor/executor.h"
#include "nodes/pathnodes.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "table/check.h"
#include "table/copies.h"
#include "table/in_step.h"
#include "table/index_info.h"
#include "table/kept_rows.h"
#include "table/label.h"
#include "table/load.h"
#include "table/load_stream.h"
#include "table/pending.h"
#include "table/placement.h"
#include "table/shard.h"
#include "table/stats.h"
#include "table/table.h"
#include "table/utility.h"
#include "table/writer.h"

static void on_relation_created(Oid relid, int column);
static void on_relation_altered(Oid relid, int column);
static void on_relation_dropped(Oid relid, int column);
static void follow_renamed_key(Oid relid, AttrNumber attnum);
static char *new_column_name(Oid relid, AttrNumber attnum);
static bool reads_distributed(PlannedStmt *plan);
static List *kept_tables(QueryDesc *query);

void
table_init(void)
{
	label_init();
	shard_init();
	stats_init();
	copies_init();
	load_init();
	in_step_init();
	load_stream_init();
	kept_rows_init();
	/* callbacks run last registered first: rows are written before commands are applied */
	pending_init();
	writer_init();
}

void
table_process_utility(PlannedStmt *pstmt, const char *query_string,
					  bool read_only_tree, ProcessUtilityContext context,
					  ParamListInfo params, QueryEnvironment *env,
					  DestReceiver *dest, QueryCompletion *qc,
					  ProcessUtility_hook_type next)
{
	List	   *shown;
	Node	   *replaced;

	if (IsA(pstmt->utilityStmt, TransactionStmt))
	{
		next(pstmt, query_string, read_only_tree, context, params, env, dest, qc);
		stats_transaction_ended((TransactionStmt *) pstmt->utilityStmt);
		return;
	}
	if (!IsTransactionState() || !OidIsValid(barks_am_oid()))
	{
		next(pstmt, query_string, read_only_tree, context, params, env, dest, qc);
		return;
	}
	shown = utility_begin(pstmt, read_only_tree, &replaced);
	if (replaced)
	{
		pstmt = copyObject(pstmt);
		pstmt->utilityStmt = replaced;
	}
	next(pstmt, query_string, read_only_tree, context, params, env, dest, qc);
	if (!IsTransactionState())
		return;					/* VACUUM and such end with their own transactions */
	utility_end(pstmt->utilityStmt, shown);
	if (context != PROCESS_UTILITY_SUBCOMMAND)
	{
		writer_flush_all();
		pending_apply();
	}
}

void
table_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
					   RangeTblEntry *rte)
{
	ListCell   *lc;

	if (rte->rtekind != RTE_RELATION || rte->inh || !table_is_distributed(rte->relid))
		return;
	rel->consider_parallel = false;
	rel->partial_pathlist = NIL;
	foreach(lc, rel->pathlist)
	{
		Path	   *path = lfirst(lc);

		path->parallel_safe = false;
		if (path->pathtype == T_TidScan || path->pathtype == T_TidRangeScan)
			rel->pathlist = foreach_delete_current(rel->pathlist, lc);
	}
}

void
table_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					int sub_id, void *arg)
{
	if (access != OAT_POST_CREATE && access != OAT_POST_ALTER && access != OAT_DROP)
		return;
	if (class_id == RelationRelationId)
	{
		if (access == OAT_POST_CREATE)
			on_relation_created(object_id, sub_id);
		else if (access == OAT_POST_ALTER)
			on_relation_altered(object_id, sub_id);
		else
			on_relation_dropped(object_id, sub_id);
	}
	else if (access == OAT_POST_CREATE && class_id == TriggerRelationId)
		check_new_trigger(object_id);
	else if (access == OAT_POST_CREATE && class_id == ConstraintRelationId)
		check_new_constraint(object_id);
}

void
table_relation_info(Oid relid, bool inhparent, RelOptInfo *rel)
{
	if (!inhparent && table_is_distributed(relid))
		index_info_add_unique(rel, relid);
}

void
table_check_query(Query *query)
{
	if (query->commandType != CMD_UTILITY && OidIsValid(barks_am_oid()))
		check_query(query);
}

void
table_executor_start(QueryDesc *query, int eflags)
{
	ListCell   *lc;

	if (writer_holds_rows() && reads_distributed(query->plannedstmt))
		writer_flush_for_read();
	in_step_begin(query, eflags);
	foreach(lc, kept_tables(query))
		kept_rows_begin(lfirst_oid(lc));
}

void
table_executor_finish(QueryDesc *query)
{
	if (query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE)
		writer_flush_all();
}

void
table_executor_end(QueryDesc *query)
{
	ListCell   *lc;

	in_step_end(query);
	foreach(lc, kept_tables(query))
		kept_rows_end(lfirst_oid(lc));
}

static void
on_relation_created(Oid relid, int column)
{
	if (column > 0 && table_is_distributed(relid))
		pending_columns(relid);
}

static void
on_relation_altered(Oid relid, int column)
{
	if (column > 0 && table_is_distributed(relid))
		pending_columns(relid);
	else if (column == 0 && table_is_distributed(relid))
		pending_options(relid);
	if (column > 0)
		follow_renamed_key(relid, column);
}

static void
on_relation_dropped(Oid relid, int column)
{
	char		relkind = get_rel_relkind(relid);

	if (relkind == RELKIND_INDEX && column == 0)
	{
		Oid			table = IndexGetRelation(relid, true);

		if (OidIsValid(table) && table_is_distributed(table))
			pending_index_dropped(table, relid);
		return;
	}
	if (column > 0 && (relkind == RELKIND_PARTITIONED_TABLE || table_is_distributed(relid)))
	{
		Relation	rel = table_open(relid, NoLock);
		ListCell   *lc;

		foreach(lc, label_of_relation(rel)->keys)
			if (strcmp(lfirst(lc), get_attname(relid, column, false)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot drop column \"%s\" because table \"%s\" is distributed by it",
								(char *) lfirst(lc), RelationGetRelationName(rel)),
						 errhint("Use barks.distribute_table() to distribute the table by another column first.")));
		table_close(rel, NoLock);
		if (relkind != RELKIND_PARTITIONED_TABLE)
			pending_columns(relid);
	}
	else if (column == 0 && table_is_distributed(relid))
	{
		Relation	rel = table_open(relid, NoLock);

		pending_old_storage(RelationFileNumber(rel));
		table_close(rel, NoLock);
	}
}

/* The label names key columns: when one is renamed, so is it there. */
static void
follow_renamed_key(Oid relid, AttrNumber attnum)
{
	ObjectAddress address;
	char	   *label;
	char	   *old_name;
	LayoutSpec *spec;
	ListCell   *lc;

	ObjectAddressSet(address, RelationRelationId, relid);
	label = GetSecurityLabel(&address, BARKS_LABEL_PROVIDER);
	old_name = label ? get_attname(relid, attnum, true) : NULL;
	if (old_name == NULL)
		return;
	spec = label_parse(label);
	foreach(lc, spec->keys)
		if (strcmp(lfirst(lc), old_name) == 0)
		{
			lfirst(lc) = new_column_name(relid, attnum);
			SetSecurityLabel(&address, BARKS_LABEL_PROVIDER, label_print(spec));
		}
}

/* As this command leaves it; the caches still have the former name. */
static char *
new_column_name(Oid relid, AttrNumber attnum)
{
	Relation	rel = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *name;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(attnum));
	scan = systable_beginscan(rel, AttributeRelidNumIndexId, true, SnapshotSelf, 2, keys);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "column %d of relation %u does not exist", attnum, relid);
	name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return name;
}

/* Does the plan read, not only write, a distributed table? */
static bool
reads_distributed(PlannedStmt *plan)
{
	Index		rti = 0;
	ListCell   *lc;

	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		rti++;
		if (rte->rtekind == RTE_RELATION && !list_member_int(plan->resultRelations, rti) &&
			table_is_distributed(rte->relid))
			return true;
	}
	return false;
}

/* Distributed tables whose rows EvalPlanQual may fetch again by address. */
static List *
kept_tables(QueryDesc *query)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, query->plannedstmt->rowMarks)
	{
		PlanRowMark *mark = lfirst(lc);
		RangeTblEntry *rte = rt_fetch(mark->rti, query->plannedstmt->rtable);

		if (mark->markType == ROW_MARK_REFERENCE && !mark->isParent &&
			rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid))
			tables = list_append_unique_oid(tables, rte->relid);
	}
	return tables;
}
