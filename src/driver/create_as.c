/*-------------------------------------------------------------------------
 * create_as.c
 *	  CREATE TABLE AS and SELECT INTO whose rows the nodes store by themselves.
 *
 * PostgreSQL makes the table when the query's first row is on its way, and there
 * is nothing in the query's plan that would store it.  So the table is made
 * WITH NO DATA, and filled by an INSERT of the query, which may be the nodes'.
 * Whoever could tell these two from one (event triggers) gets one.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/evtcache.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "cluster/node.h"
#include "driver/create_as.h"
#include "planner/planner.h"
#include "table/layout.h"

static bool makes_distributed_table(const CreateTableAsStmt *stmt);
static bool nodes_run(Query *query, const char *query_string, ParamListInfo params);
static PlannedStmt *plan(Query *query, const char *query_string, ParamListInfo params);
static Query *insert_of(Query *source, Oid relid);
static RangeTblEntry *make_entry(RTEKind kind, const char *name, List *columns);
static uint64 run(Query *insert, const char *query_string, ParamListInfo params,
				  QueryEnvironment *env);

bool
create_as_run(PlannedStmt *pstmt, const char *query_string, ProcessUtilityContext context,
			  ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc,
			  ProcessUtility_hook_type create)
{
	CreateTableAsStmt *stmt = (CreateTableAsStmt *) pstmt->utilityStmt;
	Oid			namespace;
	Oid			relid;
	uint64		rows;

	if (!IsA(stmt, CreateTableAsStmt) || planner_insert_rows < 0 || !planner_enabled ||
		!makes_distributed_table(stmt) ||
		!nodes_run((Query *) stmt->query, query_string, params))
		return false;
	namespace = RangeVarGetCreationNamespace(stmt->into->rel);
	if (OidIsValid(get_relname_relid(stmt->into->rel->relname, namespace)))
		return false;			/* PostgreSQL says so */
	pstmt = copyObject(pstmt);
	((CreateTableAsStmt *) pstmt->utilityStmt)->into->skipData = true;
	create(pstmt, query_string, false, context, params, env, dest, NULL);
	relid = get_relname_relid(stmt->into->rel->relname, namespace);
	rows = run(insert_of(copyObject((Query *) stmt->query), relid), query_string, params, env);
	if (qc)
		SetQueryCompletion(qc, CMDTAG_SELECT, rows);
	return true;
}

static bool
makes_distributed_table(const CreateTableAsStmt *stmt)
{
	const IntoClause *into = stmt->into;
	const Query *query = (const Query *) stmt->query;
	const char *method = into->accessMethod ? into->accessMethod : default_table_access_method;

	return stmt->objtype == OBJECT_TABLE && !into->skipData && strcmp(method, "barks") == 0 &&
		into->rel->relpersistence == RELPERSISTENCE_PERMANENT &&
		IsA(query, Query) && query->commandType == CMD_SELECT && !query->hasModifyingCTE &&
		query->rowMarks == NIL && query->sortClause == NIL && query->targetList != NIL &&
		OidIsValid(get_table_am_oid("barks", true)) && node_list() != NIL &&
		EventCacheLookup(EVT_DDLCommandEnd) == NIL;
}

/* Do they give the last of its rows, and enough of them? */
static bool
nodes_run(Query *query, const char *query_string, ParamListInfo params)
{
	Plan	   *top = plan(copyObject(query), query_string, params)->planTree;

	return IsA(top, CustomScan) && ((CustomScan *) top)->methods == barks_scan_methods &&
		top->plan_rows >= planner_insert_rows;
}

static PlannedStmt *
plan(Query *query, const char *query_string, ParamListInfo params)
{
	List	   *rewritten = QueryRewrite(query);

	if (list_length(rewritten) != 1)
		elog(ERROR, "a query was rewritten into %d statements", list_length(rewritten));
	return pg_plan_query(linitial_node(Query, rewritten), query_string, CURSOR_OPT_PARALLEL_OK,
						 params);
}

/* As the parser would make it; nobody need have a right to insert into a table that is being made. */
static Query *
insert_of(Query *source, Oid relid)
{
	Query	   *insert = makeNode(Query);
	RangeTblRef *from = makeNode(RangeTblRef);
	List	   *columns = NIL;
	RangeTblEntry *target;
	RangeTblEntry *select;
	ListCell   *lc;

	foreach(lc, source->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		char	   *name;

		if (tle->resjunk)
			continue;
		name = get_attname(relid, tle->resno, false);
		columns = lappend(columns, makeString(name));
		insert->targetList = lappend(insert->targetList,
									 makeTargetEntry((Expr *) makeVarFromTargetEntry(2, tle),
													 tle->resno, pstrdup(name), false));
	}
	target = make_entry(RTE_RELATION, get_rel_name(relid), columns);
	target->relid = relid;
	target->relkind = get_rel_relkind(relid);
	target->rellockmode = RowExclusiveLock;
	LockRelationOid(relid, target->rellockmode);
	select = make_entry(RTE_SUBQUERY, "*SELECT*", columns);
	select->subquery = source;
	select->inFromCl = true;
	from->rtindex = 2;
	insert->commandType = CMD_INSERT;
	insert->querySource = QSRC_ORIGINAL;
	insert->canSetTag = true;
	insert->resultRelation = 1;
	insert->rtable = list_make2(target, select);
	insert->jointree = makeFromExpr(list_make1(from), NULL);
	return insert;
}

static RangeTblEntry *
make_entry(RTEKind kind, const char *name, List *columns)
{
	RangeTblEntry *entry = makeNode(RangeTblEntry);

	entry->rtekind = kind;
	entry->eref = makeAlias(name, copyObject(columns));
	return entry;
}

/* Under the command's snapshot; how many rows there were. */
static uint64
run(Query *insert, const char *query_string, ParamListInfo params, QueryEnvironment *env)
{
	PlannedStmt *stmt = plan(insert, query_string, params);
	QueryDesc  *query;
	uint64		rows;

	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	query = CreateQueryDesc(stmt, query_string, GetActiveSnapshot(), InvalidSnapshot,
							None_Receiver, params, env, 0);
	ExecutorStart(query, 0);
	ExecutorRun(query, ForwardScanDirection, 0, true);
	rows = query->estate->es_processed;
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
	return rows;
}
