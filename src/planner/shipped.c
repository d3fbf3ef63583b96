/*-------------------------------------------------------------------------
 * shipped.c
 *	  Users' functions that nodes get by definition.
 *
 * What a copy is made of has to mean the same on every node, where it runs with
 * nothing in its search path but pg_catalog.  A function in SQL is parsed here, as
 * PostgreSQL would do to run it, and the copy's body is printed from that, with all
 * names qualified (shipped_sql.c): so it is known what it reads and calls.  Bodies in
 * other languages are text (shipped_text.c); these functions have to be declared
 * IMMUTABLE, which promises that they depend on nothing else.  Where the owner declares
 * by a label that a function gives the same everywhere, doubts do not count.
 *
 * What was found out is kept until something changes that it may depend on.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "catalog/dependency.h"
#include "commands/extension.h"
#include "commands/seclabel.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "job/plan.h"
#include "planner/shipped.h"
#include "planner/shipped_body.h"
#include "table/label.h"
#include "table/layout.h"
#include "table/remote_type.h"

#define MAX_NAME_PART	20		/* of the function's name in that of its copy */
#define HASH_BYTES		20

bool		shipped_enabled = true;

/* Everything that was found out, and under what. */
static MemoryContext known_context;
static List *known;				/* of ShippedFunction */
static Oid	known_user;
static char *known_settings;
static bool known_holds;
static List *in_progress;		/* of ShippedFunction: the functions whose calls are followed */

static char *settings_now(void);
static ShippedFunction *look(Oid function, const FuncExpr *call);
static ShippedFunction *find(List *list, Oid function, const List *argtypes, const List *path);
static void examine(ShippedFunction *it, const FuncExpr *call);
static bool is_declared(Oid function);
static const char *refuse(ShippedFunction *it, HeapTuple tuple);
static bool takes_cursor(Form_pg_proc form);
static const char *refuse_language(Oid language);
static void make_copy(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call);
static const char *refuse_domains(const List *types);
static char *body_for(ShippedFunction *it, HeapTuple tuple, const ShippedBody *body,
					  const char *head, const char *own_name);
static List *polymorphic_arguments(const FuncExpr *call);
static bool is_polymorphic(HeapTuple tuple);
static bool is_sql(HeapTuple tuple);
static void make_aggregate(ShippedFunction *it, HeapTuple tuple);
static char *signature(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call);
static void append_arguments(StringInfo buf, StringInfo columns, ShippedFunction *it, HeapTuple tuple,
							 const FuncExpr *call);
static const char *mode_word(char mode);
static void append_type(StringInfo buf, ShippedFunction *it, Oid type);
static char *options(HeapTuple tuple);
static const char *append_settings(StringInfo buf, HeapTuple tuple);
static char *own_search_path(HeapTuple tuple);
static int	own_settings(HeapTuple tuple, Datum **settings);
static char *copy_name(const char *name, const char *definition);
static void forget(Datum arg, int cache_id, uint32 hash);

void
shipped_init(void)
{
	static const int caches[] = {
		PROCOID, PROCNAMEARGSNSP, TYPEOID, OPEROID, NAMESPACEOID, LANGOID, AUTHOID,
		FOREIGNSERVEROID, COLLOID, CASTSOURCETARGET
	};

	DefineCustomBoolVariable("barks.ship_functions",
							 "Lets nodes run functions that users made, of copies that they get.",
							 "When off, such functions run on the driver.",
							 &shipped_enabled, true, PGC_USERSET, 0, NULL, NULL, NULL);
	for (int i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], forget, (Datum) 0);
}

/*
 * A new function or type can give a body another meaning, or doubts: plans for which it
 * was looked at are made anew.  A new table comes with a type.
 */
static void
forget(Datum arg, int cache_id, uint32 hash)
{
	if (known_holds && known != NIL)
		ResetPlanCache();
	known_holds = false;
}

bool
shipped_is_users(Oid function)
{
	return function >= FirstNormalObjectId &&
		!OidIsValid(getExtensionOfObject(ProcedureRelationId, function));
}

char *
shipped_schema(void)
{
	return table_function_schema();
}

bool
shipped_is_new(const ShippedFunction *function)
{
	ListCell   *lc;

	if (TransactionIdIsCurrentTransactionId(function->xmin))
		return true;
	foreach(lc, function->calls)
		if (shipped_is_new(lfirst(lc)))
			return true;
	return false;
}

bool
shipped_is_call_of(const ShippedFunction *function, const Node *call)
{
	return function->function == shipped_called_function(call) &&
		(function->argtypes == NIL ||
		 equal(function->argtypes, polymorphic_arguments((const FuncExpr *) call)));
}

Oid
shipped_called_function(const Node *node)
{
	switch (nodeTag(node))
	{
		case T_FuncExpr:
			return ((const FuncExpr *) node)->funcid;
		case T_Aggref:
			return ((const Aggref *) node)->aggfnoid;
		case T_WindowFunc:
			return ((const WindowFunc *) node)->winfnoid;
		default:
			return InvalidOid;
	}
}

Node *
shipped_partition_function(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;
	const Const *function;
	Oid		   *types;
	int			nargs;
	List	   *args = NIL;
	FuncExpr   *result;

	if (!IsA(node, FuncExpr) || call->funcid < FirstNormalObjectId || call->funcid != barks_call_partition_oid())
		return NULL;
	function = linitial(call->args);
	if (!IsA(function, Const) || function->constisnull || function->consttype != REGPROCEDUREOID ||
		!get_func_name(DatumGetObjectId(function->constvalue)))
		return NULL;
	(void) get_func_signature(DatumGetObjectId(function->constvalue), &types, &nargs);
	for (int i = 0; i < nargs; i++)
		args = lappend(args, makeNullConst(types[i], -1, InvalidOid));
	result = makeFuncExpr(DatumGetObjectId(function->constvalue), get_func_rettype(DatumGetObjectId(function->constvalue)),
						  args, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	result->funcretset = get_func_retset(result->funcid);
	return (Node *) result;
}

const ShippedFunction *
shipped_function(const Node *call)
{
	char	   *settings = settings_now();

	/* after an error there may be some left */
	in_progress = NIL;
	if (known_context == NULL)
		known_context = AllocSetContextCreate(TopMemoryContext, "barks shipped functions",
											  ALLOCSET_DEFAULT_SIZES);
	if (!known_holds || known_user != GetUserId() || strcmp(settings, known_settings) != 0)
	{
		MemoryContextReset(known_context);
		known = NIL;
		known_user = GetUserId();
		known_settings = MemoryContextStrdup(known_context, settings);
		known_holds = true;
	}
	return look(shipped_called_function(call),
				IsA(call, FuncExpr) ? (const FuncExpr *) call : NULL);
}

/* Settings by which bodies are read, literals in them above all. */
static char *
settings_now(void)
{
	static const char *const names[] = {
		"DateStyle", "IntervalStyle", "TimeZone", "timezone_abbreviations", "array_nulls",
		"backslash_quote", "default_text_search_config", "lc_monetary", "standard_conforming_strings",
		"transform_null_equals", "xmloption", "plpgsql.variable_conflict", "plpgsql.check_asserts",
	};
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(names); i++)
	{
		const char *value = GetConfigOption(names[i], true, false);

		appendStringInfo(&buf, "%s\n", value ? value : "");
	}
	return buf.data;
}

const ShippedFunction *
shipped_called(ShippedFunction *caller, Oid function, const FuncExpr *call, const char **reason)
{
	ShippedFunction *it = look(function, call);

	if (it != caller && list_member_ptr(in_progress, it))
		*reason = "it and what it calls call each other";
	else if (it->reason)
		*reason = it->reason;
	else if (it != caller && !caller->aggregate &&
			 pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		*reason = psprintf("permission denied for function %s", get_func_name(function));
	else
	{
		MemoryContext old = MemoryContextSwitchTo(known_context);

		if (it != caller)
		{
			caller->calls = list_append_unique_ptr(caller->calls, it);
			caller->types = list_concat_unique_oid(caller->types, it->types);
		}
		MemoryContextSwitchTo(old);
		return it;
	}
	*reason = psprintf("it calls function %s: %s", get_func_name(function), *reason);
	return NULL;
}

void
shipped_add_types(ShippedFunction *it, const List *types)
{
	MemoryContext old = MemoryContextSwitchTo(known_context);
	ListCell   *lc;

	foreach(lc, types)
		if (lfirst_oid(lc) >= FirstNormalObjectId)
			it->types = list_append_unique_oid(it->types, lfirst_oid(lc));
	MemoryContextSwitchTo(old);
}

/* What is known of the function, as it is called, under the search path of now. */
static ShippedFunction *
look(Oid function, const FuncExpr *call)
{
	List	   *argtypes = call ? polymorphic_arguments(call) : NIL;
	List	   *path = fetch_search_path(true);
	ShippedFunction *it = find(known, function, argtypes, path);
	MemoryContext old;

	if (it == NULL)
		it = find(in_progress, function, argtypes, path);
	if (it)
		return it;
	old = MemoryContextSwitchTo(known_context);
	it = palloc0(sizeof(ShippedFunction));
	it->function = function;
	it->argtypes = list_copy(argtypes);
	it->path = list_copy(path);
	in_progress = lcons(it, in_progress);
	MemoryContextSwitchTo(old);

	examine(it, call);

	old = MemoryContextSwitchTo(known_context);
	in_progress = list_delete_first(in_progress);
	/* only now, so that an error leaves nothing half-made */
	known = lappend(known, it);
	MemoryContextSwitchTo(old);
	return it;
}

static ShippedFunction *
find(List *list, Oid function, const List *argtypes, const List *path)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		ShippedFunction *it = lfirst(lc);

		if (it->function == function && equal(it->argtypes, argtypes) && equal(it->path, path))
			return it;
	}
	return NULL;
}

static void
examine(ShippedFunction *it, const FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(it->function));
	const char *reason;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", it->function);
	it->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	it->aggregate = ((Form_pg_proc) GETSTRUCT(tuple))->prokind == PROKIND_AGGREGATE;
	it->declared = is_declared(it->function);
	reason = refuse(it, tuple);
	if (reason == NULL && call == NULL && is_sql(tuple) && is_polymorphic(tuple))
		reason = "it is in SQL, and its types depend on the call";
	if (reason)
		it->reason = MemoryContextStrdup(known_context, reason);
	else if (it->aggregate)
		make_aggregate(it, tuple);
	else
		make_copy(it, tuple, call);
	ReleaseSysCache(tuple);
}

static bool
is_declared(Oid function)
{
	ObjectAddress address;
	char	   *label;

	ObjectAddressSet(address, ProcedureRelationId, function);
	label = GetSecurityLabel(&address, BARKS_LABEL_PROVIDER);
	return label && strcmp(label, BARKS_LABEL_SHIPPABLE) == 0;
}

/* What can be said without a look at the body. */
static const char *
refuse(ShippedFunction *it, HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	const char *reason;
	bool		isnull;

	if (form->prokind != PROKIND_FUNCTION && form->prokind != PROKIND_AGGREGATE)
		return "it is no ordinary function";
	if (form->prosecdef)
		return "it is SECURITY DEFINER";
	if (form->provolatile == PROVOLATILE_VOLATILE && !takes_cursor(form))
		return "it is volatile";
	if (it->aggregate)
		return NULL;
	if (form->prolang != SQLlanguageId && form->provolatile != PROVOLATILE_IMMUTABLE &&
		!it->declared && !takes_cursor(form))
		return "it is not immutable";
	if (form->pronargs >= FUNC_MAX_ARGS)
		return "it has too many arguments";
	(void) SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_protrftypes, &isnull);
	if (!isnull)
		return "it has transforms";
	reason = refuse_language(form->prolang);
	if (reason)
		return reason;
	for (int i = 0; i < form->pronargs; i++)
		if (get_typtype(form->proargtypes.values[i]) == TYPTYPE_PSEUDO &&
			!IsPolymorphicType(form->proargtypes.values[i]))
			return psprintf("it has an argument of type %s",
							format_type_be(form->proargtypes.values[i]));
	if (get_typtype(form->prorettype) == TYPTYPE_PSEUDO && !IsPolymorphicType(form->prorettype) &&
		form->prorettype != RECORDOID && form->prorettype != VOIDOID)
		return psprintf("it returns %s", format_type_be(form->prorettype));
	return NULL;
}

/*
 * What takes rows from a cursor cannot be immutable.  Whether it does more than that is seen
 * from its body, if that is in a language which is read here.
 */
static bool
takes_cursor(Form_pg_proc form)
{
	if (form->prolang != SQLlanguageId && strcmp(get_language_name(form->prolang, false), "plpgsql") != 0)
		return false;
	for (int i = 0; i < form->pronargs; i++)
		if (form->proargtypes.values[i] == REFCURSOROID)
			return form->prokind == PROKIND_FUNCTION;
	return false;
}

/* Nodes have languages that belong to extensions which they have. */
static const char *
refuse_language(Oid language)
{
	char	   *name = get_language_name(language, false);
	const char *lacking;

	if (language == SQLlanguageId)
		return NULL;
	if (language == ClanguageId || language == INTERNALlanguageId)
		return "it is in C";
	if (!OidIsValid(getExtensionOfObject(LanguageRelationId, language)))
		return psprintf("language %s belongs to no extension", name);
	lacking = remote_extension_lacking(LanguageRelationId, language);
	return lacking ? psprintf("language %s: %s", name, lacking) : NULL;
}

static void
make_copy(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "barks shipped function",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	char	   *path = own_search_path(tuple);
	int			level = NewGUCNestLevel();
	ShippedBody body = {0};
	StringInfoData head;
	const char *reason;

	initStringInfo(&head);
	if (path)
		(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (form->prolang == SQLlanguageId)
		reason = shipped_parse_sql(it, tuple, call, &body);
	else
		reason = shipped_parse_text(it, tuple, &body);
	AtEOXact_GUC(true, level);
	if (reason == NULL)
	{
		appendStringInfoString(&head, signature(it, tuple, call));
		appendStringInfoString(&head, options(tuple));
		reason = append_settings(&head, tuple);
	}
	if (reason == NULL)
		reason = refuse_domains(it->types);
	if (reason == NULL)
	{
		/* a call of itself counts as one of a name that cannot be */
		char	   *name = copy_name(NameStr(form->proname), body_for(it, tuple, &body, head.data, ""));
		char	   *definition = body_for(it, tuple, &body, head.data, name);

		it->name = MemoryContextStrdup(known_context, name);
		it->definition = MemoryContextStrdup(known_context, definition);
	}
	else
		it->reason = MemoryContextStrdup(known_context, reason);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

static void
make_aggregate(ShippedFunction *it, HeapTuple tuple)
{
	StringInfoData buf;
	const char *reason;

	initStringInfo(&buf);
	append_arguments(&buf, NULL, it, tuple, NULL);
	reason = shipped_describe_aggregate(it, &buf);
	if (reason == NULL)
		reason = refuse_domains(it->types);
	if (reason)
		it->reason = MemoryContextStrdup(known_context, reason);
	else
	{
		it->definition = MemoryContextStrdup(known_context, buf.data);
		it->name = MemoryContextStrdup(known_context,
									   copy_name(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname),
												 buf.data));
	}
}

/* Nodes have domains without their constraints. */
static const char *
refuse_domains(const List *types)
{
	ListCell   *lc;
	ListCell   *lp;

	foreach(lc, types)
		foreach(lp, remote_types_of(NIL, lfirst_oid(lc)))
			if (get_typtype(lfirst_oid(lp)) == TYPTYPE_DOMAIN)
				return psprintf("it uses domain %s", format_type_be(lfirst_oid(lp)));
	return NULL;
}

static char *
body_for(ShippedFunction *it, HeapTuple tuple, const ShippedBody *body, const char *head,
		 const char *own_name)
{
	char	   *text = body->sql ? shipped_name_calls(body->sql, body->called, own_name) :
		shipped_edit_text(body->text, body->edits, own_name);

	return psprintf("%s AS %s", head, quote_literal_cstr(text));
}

/* Types of the arguments, when not those that are declared. */
static List *
polymorphic_arguments(const FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	List	   *types = NIL;
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", call->funcid);
	if (is_polymorphic(tuple))
		foreach(lc, call->args)
			types = lappend_oid(types, exprType(lfirst(lc)));
	ReleaseSysCache(tuple);
	return types;
}

static bool
is_polymorphic(HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);

	for (int i = 0; i < form->pronargs; i++)
		if (IsPolymorphicType(form->proargtypes.values[i]))
			return true;
	return false;
}

bool
shipped_is_polymorphic(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		polymorphic = HeapTupleIsValid(tuple) && is_polymorphic(tuple);

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return polymorphic;
}

static bool
is_sql(HeapTuple tuple)
{
	return ((Form_pg_proc) GETSTRUCT(tuple))->prolang == SQLlanguageId;
}

/* (arguments) RETURNS type */
static char *
signature(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	StringInfoData buf;
	StringInfoData columns;

	initStringInfo(&buf);
	initStringInfo(&columns);
	append_arguments(&buf, &columns, it, tuple, call);
	appendStringInfoString(&buf, " RETURNS ");
	if (columns.len > 0)
		appendStringInfo(&buf, "TABLE (%s)", columns.data);
	else
	{
		if (form->proretset)
			appendStringInfoString(&buf, "SETOF ");
		append_type(&buf, it, it->argtypes != NIL && is_sql(tuple) && IsPolymorphicType(form->prorettype) ?
					call->funcresulttype : form->prorettype);
	}
	return buf.data;
}

/* (arguments); those of TABLE by themselves */
static void
append_arguments(StringInfo buf, StringInfo columns, ShippedFunction *it, HeapTuple tuple,
				 const FuncExpr *call)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			n = get_func_arg_info(tuple, &types, &names, &modes);
	int			start;

	/* a copy in SQL is made for these */
	if (it->argtypes != NIL && is_sql(tuple) && !resolve_polymorphic_argtypes(n, types, modes, (Node *) call))
		elog(ERROR, "could not tell the types of the arguments of function %u", it->function);
	appendStringInfoChar(buf, '(');
	start = buf->len;
	for (int i = 0; i < n; i++)
	{
		char		mode = modes ? modes[i] : PROARGMODE_IN;
		StringInfo	to = mode == PROARGMODE_TABLE ? columns : buf;

		if (to->len > (to == buf ? start : 0))
			appendStringInfoString(to, ", ");
		appendStringInfoString(to, mode_word(mode));
		if (names && names[i] && names[i][0])
			appendStringInfo(to, "%s ", quote_identifier(names[i]));
		append_type(to, it, types[i]);
	}
	if (it->aggregate && n == 0)
		appendStringInfoChar(buf, '*');
	appendStringInfoChar(buf, ')');
}

static const char *
mode_word(char mode)
{
	switch (mode)
	{
		case PROARGMODE_OUT:
			return "OUT ";
		case PROARGMODE_INOUT:
			return "INOUT ";
		case PROARGMODE_VARIADIC:
			return "VARIADIC ";
		default:
			return "";
	}
}

static void
append_type(StringInfo buf, ShippedFunction *it, Oid type)
{
	appendStringInfoString(buf, format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY));
	shipped_add_types(it, list_make1_oid(type));
}

/* What PostgreSQL's planner may go by. */
static char *
options(HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, " LANGUAGE %s %s%s COST %.9g",
					 quote_identifier(get_language_name(form->prolang, false)),
					 form->provolatile == PROVOLATILE_IMMUTABLE ? "IMMUTABLE" :
					 form->provolatile == PROVOLATILE_STABLE ? "STABLE" : "VOLATILE",
					 form->proisstrict ? " STRICT" : "", form->procost);
	if (form->proretset)
		appendStringInfo(&buf, " ROWS %.9g", form->prorows);
	return buf.data;
}

/* SET clauses but for the search path, by which the body was read already. */
static const char *
append_settings(StringInfo buf, HeapTuple tuple)
{
	Datum	   *settings;
	int			n = own_settings(tuple, &settings);

	for (int i = 0; i < n; i++)
	{
		char	   *name = TextDatumGetCString(settings[i]);
		char	   *equals = strchr(name, '=');

		*equals = '\0';
		if (strcmp(name, "search_path") == 0)
			continue;
		if (strcmp(name, "role") == 0 || strcmp(name, "session_authorization") == 0)
			return "it runs as another role";
		if (GetConfigOptionFlags(name, true) & GUC_LIST_QUOTE)
			return psprintf("it has a setting of %s", name);
		appendStringInfo(buf, " SET %s TO %s", quote_identifier(name),
						 quote_literal_cstr(equals + 1));
	}
	return NULL;
}

/* The value of SET search_path, or NULL. */
static char *
own_search_path(HeapTuple tuple)
{
	Datum	   *settings;
	int			n = own_settings(tuple, &settings);

	for (int i = 0; i < n; i++)
	{
		char	   *setting = TextDatumGetCString(settings[i]);

		if (strncmp(setting, "search_path=", strlen("search_path=")) == 0)
			return setting + strlen("search_path=");
	}
	return NULL;
}

/* name=value, as texts */
static int
own_settings(HeapTuple tuple, Datum **settings)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	int			n;

	if (isnull)
		return 0;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  settings, NULL, &n);
	return n;
}

/*
 * The function's own name, for who reads it in messages, and a hash that nobody can
 * find another definition for.
 */
static char *
copy_name(const char *name, const char *definition)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	int			len = pg_mbcliplen(name, strlen(name), MAX_NAME_PART);
	StringInfoData buf;

	if (hash == NULL || pg_cryptohash_init(hash) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) definition, strlen(definition)) < 0 ||
		pg_cryptohash_final(hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not hash a function's definition: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, name, len);
	appendStringInfoChar(&buf, '_');
	for (int i = 0; i < HASH_BYTES; i++)
		appendStringInfo(&buf, "%02x", digest[i]);
	return buf.data;
}
