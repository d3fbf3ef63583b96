/*-------------------------------------------------------------------------
 * lambda_text.c
 *	  Texts of lambdas: exactly one expression each, with constants for what the
 *	  caller's values were.
 *
 * Constants are written under settings of their own, so that they mean the same in
 * every session.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "rdd/lambda.h"
#include "rdd/lambda_text.h"

/* bytes of a lambda in a message */
#define MAX_SHOWN	400

/* $n in the text of a lambda. */
typedef struct Reference
{
	int			number;
	int			location;
} Reference;

static int	location_of_rest(const SelectStmt *select);
static void refuse_location(const char *text, int location) pg_attribute_noreturn();
static bool reference_walker(Node *node, List **references);
static int	compare_references(const ListCell *a, const ListCell *b);
static char *record_constant(Datum value);

void
lambda_check_text(const char *text)
{
	(void) lambda_parse_text(text);
}

Node *
lambda_parse_text(const char *text)
{
	ErrorContextCallback callback = {
		.previous = error_context_stack, .callback = lambda_position_callback, .arg = (void *) text
	};
	List	   *statements;
	SelectStmt *select;
	ResTarget  *target;

	error_context_stack = &callback;
	statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	error_context_stack = callback.previous;
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || select->targetList == NIL)
		refuse_location(text, 0);
	if (list_length(select->targetList) > 1)
		refuse_location(text, exprLocation(lsecond(select->targetList)));
	target = linitial_node(ResTarget, select->targetList);
	if (target->name || target->indirection || select->distinctClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause ||
		select->windowClause || select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE ||
		select->intoClause || select->valuesLists)
		refuse_location(text, location_of_rest(select));
	if (IsA(target->val, ColumnRef) && IsA(llast(((ColumnRef *) target->val)->fields), A_Star))
		refuse_location(text, exprLocation(target->val));
	return target->val;
}

/* Where that begins which should not be there, as far as the parser tells. */
static int
location_of_rest(const SelectStmt *select)
{
	List	   *clauses[] = {select->fromClause, select->groupClause, select->windowClause, select->sortClause};

	for (int i = 0; i < lengthof(clauses); i++)
	{
		if (clauses[i] != NIL && exprLocation(linitial(clauses[i])) >= 0)
			return exprLocation(linitial(clauses[i]));
	}
	if (select->whereClause)
		return exprLocation(select->whereClause);
	if (select->limitCount)
		return exprLocation(select->limitCount);
	return 0;
}

static void
refuse_location(const char *text, int location)
{
	int			position = location < 0 ? 0 : pg_mbstrlen_with_len(text, location) + 1;

	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("a lambda must be exactly one expression"),
			 position > 0 ? errcontext("character %d of lambda \"%s\"", position, lambda_shown(text)) : 0,
			 internalerrposition(position), internalerrquery(text)));
}

void
lambda_position_callback(void *arg)
{
	int			position = geterrposition();

	if (position <= 0)
	{
		errcontext("lambda \"%s\"", lambda_shown((const char *) arg));
		return;
	}
	/* where a statement gives the text as a literal, clients point at that */
	errcontext("character %d of lambda \"%s\"", position, lambda_shown((const char *) arg));
	errposition(0);
	internalerrposition(position);
	internalerrquery((const char *) arg);
}

/* Enough of the text to know it by. */
char *
lambda_shown(const char *text)
{
	int			length = strlen(text);

	if (length <= MAX_SHOWN)
		return pstrdup(text);
	return psprintf("%.*s…", pg_mbcliplen(text, length, MAX_SHOWN), text);
}

char *
lambda_capture(const char *text, int nvalues, const Datum *values, const bool *nulls,
			   const Oid *types)
{
	List	   *references = NIL;
	StringInfoData buf;
	const char *from = text;
	ListCell   *lc;

	reference_walker(lambda_parse_text(text), &references);
	list_sort(references, compare_references);
	initStringInfo(&buf);
	foreach(lc, references)
	{
		Reference  *reference = lfirst(lc);
		int			n = reference->number - 1;

		if (n < 0 || n >= nvalues)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("no value is given for parameter $%d", n + 1),
					 internalerrposition(pg_mbstrlen_with_len(text, reference->location) + 1),
					 internalerrquery(text)));
		appendBinaryStringInfo(&buf, from, text + reference->location - from);
		appendStringInfo(&buf, "(%s)", lambda_constant(types[n], values[n], nulls[n]));
		from = text + reference->location + 1;
		from += strspn(from, "0123456789");
	}
	appendStringInfoString(&buf, from);
	lambda_check_text(buf.data);
	return buf.data;
}

static bool
reference_walker(Node *node, List **references)
{
	if (node == NULL)
		return false;
	if (IsA(node, ParamRef))
	{
		Reference  *reference = palloc(sizeof(Reference));

		reference->number = ((ParamRef *) node)->number;
		reference->location = ((ParamRef *) node)->location;
		*references = lappend(*references, reference);
		return false;
	}
	return raw_expression_tree_walker(node, reference_walker, references);
}

static int
compare_references(const ListCell *a, const ListCell *b)
{
	return ((Reference *) lfirst(a))->location - ((Reference *) lfirst(b))->location;
}

char *
lambda_constant(Oid type, Datum value, bool isnull)
{
	const char *name;

	if (type == RECORDOID && !isnull)
		return record_constant(value);
	if (!Array_nulls && !isnull && type_is_array_domain(type) && ARR_HASNULL(DatumGetArrayTypeP(value)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("arrays with nulls cannot be part of an RDD while array_nulls is off")));
	name = rdd_type_name(type == UNKNOWNOID || type == RECORDOID ? TEXTOID : type, -1);
	if (isnull)
		return psprintf("NULL::%s", name);
	return psprintf("%s::%s", quote_literal_cstr(lambda_constant_text(type, value)), name);
}

static char *
record_constant(Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
												   HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	StringInfoData buf;

	check_stack_depth();
	initStringInfo(&buf);
	appendStringInfoString(&buf, "ROW(");
	for (int i = 0; i < desc->natts; i++)
	{
		bool		isnull;
		Datum		field = heap_getattr(&tuple, i + 1, desc, &isnull);

		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "",
						 lambda_constant(TupleDescAttr(desc, i)->atttypid, field, isnull));
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

char *
lambda_constant_text(Oid type, Datum value)
{
	int			nest = lambda_plain_settings();
	Oid			output;
	bool		varlena;
	char	   *text;

	getTypeOutputInfo(type, &output, &varlena);
	text = OidOutputFunctionCall(output, value);
	AtEOXact_GUC(true, nest);
	return text;
}

/* Times, numbers and names as every session reads them. */
int
lambda_plain_settings(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"datestyle", "ISO"},
		{"intervalstyle", "postgres"},
		{"extra_float_digits", "3"},
		{"standard_conforming_strings", "on"},
	};
	int			nest = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return nest;
}
