/*-------------------------------------------------------------------------
 * program.c
 *	  Programs of the aggregate barks.rdd_combine: expressions as text.
 *
 * Whoever runs a program, and whoever has to know what it calls, reads it here, with
 * nothing but pg_catalog in the search path: so all see the same in it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "job/program.h"

static Query *parse_part(const char *sql);
static void on_error(void *arg);
static void check_part(const Query *query);

bool
program_is_called(const Aggref *aggref)
{
	Oid			types[] = {TEXTARRAYOID, ANYOID};

	return aggref->aggfnoid >= FirstNormalObjectId &&
		aggref->aggfnoid == LookupFuncName(list_make2(makeString("barks"), makeString("rdd_combine")),
										   lengthof(types), types, true);
}

Const *
program_of_call(const Aggref *aggref)
{
	Const	   *program;

	if (aggref->args == NIL || !program_is_called(aggref))
		return NULL;
	program = (Const *) linitial_node(TargetEntry, aggref->args)->expr;
	return IsA(program, Const) && program->consttype == TEXTARRAYOID && !program->constisnull ? program : NULL;
}

/* As variables, since settings cannot be set in a parallel worker. */
List *
program_parse(Datum program)
{
	OverrideSearchPath path = {.schemas = NIL, .addCatalog = true, .addTemp = false};
	int			interval_style = IntervalStyle;
	bool		conforming = standard_conforming_strings;
	List	   *volatile queries = NIL;
	Datum	   *parts;
	bool	   *nulls;
	int			nparts;

	deconstruct_array(DatumGetArrayTypeP(program), TEXTOID, -1, false, TYPALIGN_INT, &parts, &nulls, &nparts);
	if (nparts != PROGRAM_PARTS || nulls[PROGRAM_ADD] || nulls[PROGRAM_MERGE])
		program_refuse();
	PushOverrideSearchPath(&path);
	PG_TRY();
	{
		IntervalStyle = INTSTYLE_POSTGRES;
		standard_conforming_strings = true;
		for (int i = 0; i < nparts; i++)
			queries = lappend(queries, nulls[i] ? NULL : parse_part(TextDatumGetCString(parts[i])));
	}
	PG_FINALLY();
	{
		IntervalStyle = interval_style;
		standard_conforming_strings = conforming;
		PopOverrideSearchPath();
	}
	PG_END_TRY();
	return queries;
}

static Query *
parse_part(const char *sql)
{
	ErrorContextCallback callback = {error_context_stack, on_error, (void *) sql};
	List	   *statements;
	Query	   *query;

	error_context_stack = &callback;
	statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		program_refuse();
	query = parse_analyze_fixedparams(linitial(statements), sql, NULL, 0, NULL);
	check_part(query);
	error_context_stack = callback.previous;
	return query;
}

/* Errors point into the program, not into the statement that has it. */
static void
on_error(void *arg)
{
	int			position = geterrposition();

	if (position <= 0)
		return;
	errposition(0);
	internalerrposition(position);
	internalerrquery(arg);
}

/* SELECT expressions FROM (SELECT columns) */
static void
check_part(const Query *query)
{
	const RangeTblEntry *rte = query->rtable == NIL ? NULL : linitial_node(RangeTblEntry, query->rtable);

	if (query->hasSubLinks || query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs ||
		query->setOperations || query->cteList != NIL || list_length(query->rtable) > 1 ||
		query->jointree->quals || query->sortClause != NIL || query->limitCount || query->distinctClause != NIL ||
		query->groupClause != NIL || (rte && (rte->rtekind != RTE_SUBQUERY || rte->subquery->rtable != NIL)))
		program_refuse();
}

Const *
program_make(List *texts)
{
	int			count = list_length(texts);
	Datum	   *parts = palloc0(count * sizeof(Datum));
	bool	   *nulls = palloc0(count * sizeof(bool));
	ListCell   *lc;

	foreach(lc, texts)
	{
		int			i = foreach_current_index(lc);

		nulls[i] = lfirst(lc) == NULL;
		if (!nulls[i])
			parts[i] = CStringGetTextDatum(lfirst(lc));
	}
	return makeConst(TEXTARRAYOID, -1, DEFAULT_COLLATION_OID, -1,
					 PointerGetDatum(construct_md_array(parts, nulls, 1, &count, (int[]) {1},
														TEXTOID, -1, false, TYPALIGN_INT)),
					 false, false);
}

void
program_refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid program of barks.rdd_combine")));
}
