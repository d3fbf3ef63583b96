/*-------------------------------------------------------------------------
 * planner_sql.c
 *	  SQL functions of the planner.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"

#include "planner/fallback.h"
#include "planner/planner.h"
#include "table/layout.h"

PG_FUNCTION_INFO_V1(barks_fallbacks);

static void plan_select(const char *text);
static void note_when_off(PlannedStmt *stmt);

/* Rows (node, reason): parts of a SELECT that would not run on the nodes. */
Datum
barks_fallbacks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *volatile fallbacks = NIL;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	fallback_collect_begin();
	PG_TRY();
	{
		plan_select(text_to_cstring(PG_GETARG_TEXT_PP(0)));
		fallbacks = fallback_collect_end();
	}
	PG_FINALLY();
	{
		fallback_collect_abandon();
	}
	PG_END_TRY();

	foreach(lc, fallbacks)
	{
		Fallback   *fallback = lfirst(lc);
		Datum		values[2] = {CStringGetTextDatum(fallback->node),
		CStringGetTextDatum(fallback->reason)};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

static void
plan_select(const char *text)
{
	List	   *raw = pg_parse_query(text);
	List	   *queries;
	Query	   *query;
	PlannedStmt *stmt;

	if (list_length(raw) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("query must be one SELECT, not %d statements", list_length(raw))));
	queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, raw), text, NULL, 0, NULL);
	query = list_length(queries) == 1 ? linitial_node(Query, queries) : NULL;
	if (query == NULL || query->commandType != CMD_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("query must be a SELECT")));
	stmt = pg_plan_query(query, text, CURSOR_OPT_PARALLEL_OK, NULL);
	(void) ExecCheckRTPerms(stmt->rtable, true);	/* as EXPLAIN would */
	note_when_off(stmt);
}

/* With barks.enabled off nothing was translated, nor noted. */
static void
note_when_off(PlannedStmt *stmt)
{
	ListCell   *lc;

	if (planner_enabled)
		return;
	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid))
		{
			fallback_note(stmt->planTree, "barks.enabled is off");
			return;
		}
	}
}
