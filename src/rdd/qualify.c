/*-------------------------------------------------------------------------
 * qualify.c
 *	  Schemas for the names in an RDD's expressions.
 *
 * The parser tells where in the text each name is, and the analyzed expression,
 * by that place, which function or operator it stands for; types and tables are looked
 * up again.  Only what is not built in gets a schema, so that most texts stay
 * as they are.
 *
 * Not found so are: operators called as built-in ones, which have another
 * precedence when they are qualified, functions in the notation of columns,
 * collations, and what is only named in literals.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/listed.h"
#include "rdd/qualify.h"
#include "rdd/rdd.h"

/* A text, and the same with schemas. */
typedef struct Qualified
{
	const char *text;
	char	   *qualified;
} Qualified;

/* What a place in the text stands for. */
typedef struct Called
{
	int			location;
	Oid			function;		/* or InvalidOid */
	Oid			operator;
} Called;

/* Characters to be put in the place of others. */
typedef struct Edit
{
	int			location;
	int			length;			/* of the others */
	char	   *with;
} Edit;

typedef struct RawContext
{
	const char *text;
	List	   *called;			/* of Called */
	List	   *with_names;		/* of char *: WITH queries */
	List	   *edits;
} RawContext;

static int	collecting = 0;		/* begun and not ended */
static List *collected = NIL;	/* of Qualified */

static bool called_walker(Node *node, List **called);
static void add_called(List **called, int location, Oid function, Oid operator);
static bool with_walker(Node *node, RawContext *context);
static bool raw_walker(Node *node, RawContext *context);
static void qualify_call(const FuncCall *call, RawContext *context);
static void qualify_operator(const A_Expr *expr, RawContext *context);
static Oid	schema_of_operator(Oid operator);
static void qualify_type(const TypeName *type, RawContext *context);
static Oid	schema_of_type(Oid type);
static void qualify_table(const RangeVar *table, RawContext *context);
static void add_schema(RawContext *context, int location, Oid object, Oid schema);
static void add_edit(RawContext *context, int location, int length, char *with);
static int	compare_edits(const ListCell *a, const ListCell *b);
static char *apply_edits(const RawContext *context);

List *
qualify_begin(void)
{
	List	   *before = collected;

	collected = NIL;
	collecting++;
	return before;
}

void
qualify_end(List *before)
{
	collected = before;
	collecting--;
}

bool
qualify_collects(void)
{
	return collecting > 0;
}

void
qualify_note(const char *text, Node *raw, Node *analyzed)
{
	RawContext	context = {text};
	Qualified  *qualified;

	(void) called_walker(analyzed, &context.called);
	(void) with_walker(raw, &context);
	(void) raw_walker(raw, &context);
	if (context.edits == NIL)
		return;
	qualified = palloc(sizeof(Qualified));
	qualified->text = text;
	qualified->qualified = apply_edits(&context);
	collected = lappend(collected, qualified);
}

List *
qualify_constants(List *constants)
{
	List	   *result = NIL;
	ListCell   *lc;
	ListCell   *lq;

	foreach(lc, constants)
	{
		Const	   *value = lfirst_node(Const, lc);

		foreach(lq, collected)
		{
			const Qualified *qualified = lfirst(lq);

			if (value->constisnull || (value->consttype != fn_type() && value->consttype != TEXTOID) ||
				strcmp(TextDatumGetCString(value->constvalue), qualified->text) != 0)
				continue;
			value = copyObject(value);
			value->constvalue = CStringGetTextDatum(qualified->qualified);
			break;
		}
		result = lappend(result, value);
	}
	return result;
}

/* ---------------- what names stand for ---------------- */

static bool
called_walker(Node *node, List **called)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Query:
			return query_tree_walker((Query *) node, called_walker, called, 0);
		case T_FuncExpr:
			add_called(called, ((FuncExpr *) node)->location, ((FuncExpr *) node)->funcid, InvalidOid);
			break;
		case T_Aggref:
			add_called(called, ((Aggref *) node)->location, ((Aggref *) node)->aggfnoid, InvalidOid);
			break;
		case T_WindowFunc:
			add_called(called, ((WindowFunc *) node)->location, ((WindowFunc *) node)->winfnoid, InvalidOid);
			break;
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			add_called(called, ((OpExpr *) node)->location, InvalidOid, ((OpExpr *) node)->opno);
			break;
		case T_ScalarArrayOpExpr:
			add_called(called, ((ScalarArrayOpExpr *) node)->location, InvalidOid, ((ScalarArrayOpExpr *) node)->opno);
			break;
		default:
			break;
	}
	return expression_tree_walker(node, called_walker, called);
}

static void
add_called(List **called, int location, Oid function, Oid operator)
{
	Called	   *call;

	if (location < 0 || (function < FirstNormalObjectId && operator < FirstNormalObjectId))
		return;
	call = palloc(sizeof(Called));
	call->location = location;
	call->function = function;
	call->operator = operator;
	*called = lappend(*called, call);
}

/* ---------------- where names are ---------------- */

static bool
with_walker(Node *node, RawContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CommonTableExpr))
		context->with_names = lappend(context->with_names, ((CommonTableExpr *) node)->ctename);
	return raw_expression_tree_walker(node, with_walker, context);
}

static bool
raw_walker(Node *node, RawContext *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_FuncCall:
			qualify_call((FuncCall *) node, context);
			break;
		case T_A_Expr:
			qualify_operator((A_Expr *) node, context);
			break;
		case T_TypeName:
			qualify_type((TypeName *) node, context);
			break;
		case T_RangeVar:
			qualify_table((RangeVar *) node, context);
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, raw_walker, context);
}

static void
qualify_call(const FuncCall *call, RawContext *context)
{
	ListCell   *lc;

	if (list_length(call->funcname) != 1)
		return;
	foreach(lc, context->called)
	{
		const Called *called = lfirst(lc);
		const char *name = called->location == call->location && OidIsValid(called->function)
			? get_func_name(called->function) : NULL;

		if (name && strcmp(name, strVal(linitial(call->funcname))) == 0)
		{
			add_schema(context, call->location, called->function, get_func_namespace(called->function));
			return;
		}
	}
}

static void
qualify_operator(const A_Expr *expr, RawContext *context)
{
	/* these would bind in another way than in OPERATOR(…) */
	static const char *const own_precedence[] = {
		"+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>"
	};
	const char *name = list_length(expr->name) == 1 ? strVal(linitial(expr->name)) : "";
	ListCell   *lc;

	if ((expr->kind != AEXPR_OP && expr->kind != AEXPR_OP_ANY && expr->kind != AEXPR_OP_ALL) ||
		expr->location < 0 || *name == '\0' ||
		strncmp(context->text + expr->location, name, strlen(name)) != 0 || LISTED(name, own_precedence))
		return;
	foreach(lc, context->called)
	{
		const Called *called = lfirst(lc);
		Oid			schema;

		if (called->location != expr->location || !OidIsValid(called->operator))
			continue;
		schema = schema_of_operator(called->operator);
		if (OidIsValid(schema) && !isAnyTempNamespace(schema))
			add_edit(context, expr->location, strlen(name),
					 psprintf("%sOPERATOR(%s.%s)",
							  expr->location > 0 && !isspace((unsigned char) context->text[expr->location - 1]) ? " " : "",
							  quote_identifier(get_namespace_name(schema)), name));
		return;
	}
}

static Oid
schema_of_operator(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Oid			schema;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	schema = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace;
	ReleaseSysCache(tuple);
	return schema;
}

static void
qualify_type(const TypeName *type, RawContext *context)
{
	Oid			oid;

	if (list_length(type->names) != 1 || type->location < 0 || type->pct_type)
		return;
	oid = LookupTypeNameOid(NULL, type, true);
	if (OidIsValid(oid))
		add_schema(context, type->location, oid, schema_of_type(oid));
}

static Oid
schema_of_type(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			schema;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	schema = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
	ReleaseSysCache(tuple);
	return schema;
}

static void
qualify_table(const RangeVar *table, RawContext *context)
{
	Oid			oid;
	ListCell   *lc;

	if (table->schemaname || table->location < 0)
		return;
	foreach(lc, context->with_names)
	{
		if (strcmp(lfirst(lc), table->relname) == 0)
			return;
	}
	oid = RangeVarGetRelid(table, NoLock, true);
	if (OidIsValid(oid))
		add_schema(context, table->location, oid, get_rel_namespace(oid));
}

/* ---------------- the text ---------------- */

static void
add_schema(RawContext *context, int location, Oid object, Oid schema)
{
	if (object >= FirstNormalObjectId && location >= 0 && OidIsValid(schema) && !isAnyTempNamespace(schema))
		add_edit(context, location, 0, psprintf("%s.", quote_identifier(get_namespace_name(schema))));
}

static void
add_edit(RawContext *context, int location, int length, char *with)
{
	Edit	   *edit = palloc(sizeof(Edit));

	edit->location = location;
	edit->length = length;
	edit->with = with;
	context->edits = lappend(context->edits, edit);
}

static int
compare_edits(const ListCell *a, const ListCell *b)
{
	return ((Edit *) lfirst(a))->location - ((Edit *) lfirst(b))->location;
}

static char *
apply_edits(const RawContext *context)
{
	List	   *edits = list_copy(context->edits);
	StringInfoData buf;
	int			done = 0;
	int			last = -1;
	ListCell   *lc;

	list_sort(edits, compare_edits);
	initStringInfo(&buf);
	foreach(lc, edits)
	{
		const Edit *edit = lfirst(lc);

		if (edit->location == last)
			continue;			/* the parser came by twice */
		last = edit->location;
		appendBinaryStringInfo(&buf, context->text + done, edit->location - done);
		appendStringInfoString(&buf, edit->with);
		done = edit->location + edit->length;
	}
	appendStringInfoString(&buf, context->text + done);
	return buf.data;
}
