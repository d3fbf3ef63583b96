/*-------------------------------------------------------------------------
 * shipped_text.c
 *	  Bodies in other languages than SQL of functions that are to be shipped.
 *
 * Of PL/pgSQL the words are looked at, by PostgreSQL's own scanner: what a word could
 * name in the search path of the body decides.  On a node there is nothing in the path
 * but pg_catalog, so a body may be shipped as it is when none of its words can name
 * anything else; a call of one of the user's functions is replaced by one of its copy,
 * and a call of an extension's function is qualified.  Where that is not clear, the
 * function stays on the driver: a variable that has the name of a type is reason enough.
 *
 * Nothing is known of bodies in yet other languages.  They have been declared to be
 * IMMUTABLE, so that they should not look at anything that differs between servers.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "parser/gramparse.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/listed.h"
#include "planner/shippable.h"
#include "planner/shipped_body.h"
#include "table/placement.h"
#include "table/remote_type.h"

typedef struct Word
{
	int			token;			/* as the scanner says */
	int			at;
	const char *name;			/* of identifiers and keywords; of operators; else NULL */
} Word;

typedef struct Text
{
	ShippedFunction *function;
	const char *name;			/* of the function */
	const char *source;
	Word	   *words;			/* ended by one of token 0 */
	int			nwords;
	List	   *path;			/* oid list */
	List	   *types;			/* oid list: not built in, of arguments and result */
	bool		reads;			/* has a word that tables are read with */
	bool		has_with;
	bool		has_cursor;
	List	   *edits;
} Text;

/* Functions that a name may be of. */
typedef struct Candidates
{
	bool		builtin;
	Oid			schema;			/* of those that are not built in; InvalidOid: there are none */
	Oid			users;			/* one that is a user's */
	bool		several;		/* more than one of the user's, or of several schemas or owners */
	bool		defaults;
	const char *reason;			/* why one of an extension must not be called */
} Candidates;

/* Words by which a body depends on more than its arguments, or that hide what it does. */
static const char *const refused_words[] = {
	"execute", "current_date", "current_time", "current_timestamp", "localtime",
	"localtimestamp", "current_user", "session_user", "current_role", "user",
	"current_catalog", "current_schema", "regclass", "regproc", "regprocedure", "regoper",
	"regoperator", "regtype", "regrole", "regnamespace", "regconfig", "regdictionary",
	"regcollation", "commit", "rollback", "call", "do", "set", "reset", "lock", "listen",
	"notify", "copy", "create", "alter", "drop", "grant", "revoke",
};

static const char *const reading_words[] = {
	"from", "join", "into", "update", "table", "using", "only",
};

/* After these a name is given, perhaps. */
static const char *const naming_words[] = {
	"as", "with", "recursive",
};

/* Keywords that are types, perhaps with a length, and no functions. */
static const char *const type_words[] = {
	"bit", "char", "character", "dec", "decimal", "float", "interval", "national", "nchar",
	"numeric", "time", "timestamp", "varchar",
};

/* Words of PL/pgSQL alone after which an expression follows. */
static const char *const calling_words[] = {
	"perform", "while", "elsif", "elseif", "assert", "loop", "strict", "reverse", "slice",
};

static bool is_plpgsql(Oid language);
static const char *scan(Text *text);
static List *value_types(const ShippedFunction *it, HeapTuple tuple);
static const char *check_types(Text *text);
static bool has_user_casts(void);
static void read_words(Text *text);
static const char *check_word(Text *text, int i);
static const char *check_name(Text *text, int i);
static const char *doubt_name(const Text *text, int i);
static const char *check_qualified(Text *text, int i);
static const char *check_call(Text *text, int i, Oid schema);
static bool is_surely_call(const Text *text, int i);
static void find_candidates(const Text *text, const char *name, Oid schema, Candidates *found);
static const char *check_builtin_calls(const char *name);
static bool is_word(const Text *text, int i);
static bool is_table(const Text *text, int i);
static bool in_path(const Text *text, Oid schema);
static const char *check_operator(Text *text, const char *name);
static bool may_have(const Text *text, Oid type);
static TextEdit *replace(Text *text, int from, int to, const char *by,
						 const ShippedFunction *function);

const char *
shipped_parse_text(ShippedFunction *it, HeapTuple tuple, ShippedBody *body)
{
	Oid			language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	Text		words = {.function = it};
	const char *reason;

	if (isnull)
		return "it has no source";
	body->text = TextDatumGetCString(value);
	if (!is_plpgsql(language))
		return NULL;
	words.name = NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname);
	words.source = body->text;
	words.path = fetch_search_path(true);
	words.types = value_types(it, tuple);
	reason = scan(&words);
	body->edits = words.edits;
	return reason;
}

/* Types that are not built in, of arguments and results. */
static List *
value_types(const ShippedFunction *it, HeapTuple tuple)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			n = get_func_arg_info(tuple, &types, &names, &modes);
	List	   *result = remote_types_of(NIL, ((Form_pg_proc) GETSTRUCT(tuple))->prorettype);
	ListCell   *lc;

	for (int i = 0; i < n; i++)
		result = remote_types_of(result, types[i]);
	foreach(lc, it->argtypes)
		result = remote_types_of(result, lfirst_oid(lc));
	return result;
}

static bool
is_plpgsql(Oid language)
{
	return strcmp(get_language_name(language, false), "plpgsql") == 0;
}

static const char *
scan(Text *text)
{
	static const char *const settings[][2] = {
		{"standard_conforming_strings", "on"},
		{"transform_null_equals", "off"},
		{"plpgsql.variable_conflict", "error"},
		{"plpgsql.check_asserts", "on"},
	};

	/* IN, LIKE, CASE and others */
	static const char *const implied[] = {
		"=", "<>", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~",
	};
	const char *reason = NULL;

	for (int i = 0; i < lengthof(settings); i++)
	{
		const char *value = GetConfigOption(settings[i][0], true, false);

		if (value && strcmp(value, settings[i][1]) != 0)
			return psprintf("%s is %s", settings[i][0], value);
	}
	reason = check_types(text);
	if (reason)
		return reason;
	if (has_user_casts())
		return "there are casts of built-in types that nodes do not have";
	read_words(text);
	for (int i = 0; i < lengthof(implied) && !text->function->declared && reason == NULL; i++)
		reason = check_operator(text, implied[i]);
	for (int i = 0; i < text->nwords && reason == NULL; i++)
		reason = check_word(text, i);
	return reason;
}

/*
 * Values come in by arguments only.  Operators and functions of types that are not built in
 * are found by the search path, but those that all enums and rows have.
 */
static const char *
check_types(Text *text)
{
	ListCell   *lc;

	foreach(lc, text->types)
		if (get_typtype(lfirst_oid(lc)) != TYPTYPE_ENUM &&
			get_typtype(lfirst_oid(lc)) != TYPTYPE_COMPOSITE)
			return psprintf("it has values of type %s", format_type_be(lfirst_oid(lc)));
	return NULL;
}

/* By which functions and operators may be found that nodes would not find. */
static bool
has_user_casts(void)
{
	Relation	rel = table_open(CastRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && (tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);

		found = form->oid >= FirstNormalObjectId && form->castsource < FirstNormalObjectId &&
			(form->casttarget < FirstNormalObjectId || form->castcontext == COERCION_CODE_IMPLICIT) &&
			getExtensionOfObject(CastRelationId, form->oid) != barks_extension_oid();
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static void
read_words(Text *text)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(text->source, &extra, &ScanKeywords, ScanKeywordTokens);
	int			max = 64;
	core_YYSTYPE value;

	extra.escape_string_warning = false;
	text->words = palloc(sizeof(Word) * max);
	for (;;)
	{
		Word	   *word;

		if (text->nwords + 2 > max)
		{
			max *= 2;
			text->words = repalloc(text->words, sizeof(Word) * max);
		}
		word = &text->words[text->nwords];
		word->token = core_yylex(&value, &word->at, scanner);
		word->name = NULL;
		if (word->token == IDENT || word->token == Op)
			word->name = pstrdup(value.str);
		else if (word->token >= ABORT_P && word->token <= ZONE)
			word->name = value.keyword;
		else if (word->token == LESS_EQUALS || word->token == GREATER_EQUALS ||
				 word->token == NOT_EQUALS)
			word->name = word->token == LESS_EQUALS ? "<=" :
				word->token == GREATER_EQUALS ? ">=" : "<>";
		else if (word->token > 0 && word->token < 256 && strchr("+-*/<>=%^", word->token))
			word->name = psprintf("%c", word->token);
		if (word->token == 0)
			break;
		if (is_word(text, text->nwords))
		{
			text->reads |= LISTED(word->name, reading_words);
			text->has_with |= strcmp(word->name, "with") == 0;
			text->has_cursor |= strcmp(word->name, "cursor") == 0;
		}
		text->nwords++;
	}
	scanner_finish(scanner);
}

/* An identifier or a keyword? */
static bool
is_word(const Text *text, int i)
{
	return i >= 0 && (text->words[i].token == IDENT ||
					  (text->words[i].token >= ABORT_P && text->words[i].token <= ZONE));
}

static const char *
check_word(Text *text, int i)
{
	const Word *word = &text->words[i];

	if (word->token == UIDENT || word->token == USCONST)
		return "it has a name or string with escapes";
	if (is_word(text, i))
		return check_name(text, i);
	/* name%TYPE */
	if (word->token == '%' && is_word(text, i + 1) && (strcmp(word[1].name, "type") == 0 ||
													   strcmp(word[1].name, "rowtype") == 0))
		return NULL;
	return word->name && !text->function->declared ? check_operator(text, word->name) : NULL;
}

static const char *
check_name(Text *text, int i)
{
	const char *name = text->words[i].name;
	const char *doubt;

	if (i > 0 && text->words[i - 1].token == '.')
		return check_qualified(text, i);
	if (text->words[i + 1].token == '.' && strcmp(name, text->name) == 0)
	{
		/* function.argument: the copy has another name */
		replace(text, i, i + 1, NULL, text->function)->unqualified = true;
		return NULL;
	}
	doubt = text->function->declared ? NULL : doubt_name(text, i);
	if (doubt || text->words[i + 1].token != '(' ||
		(text->words[i].token != IDENT && LISTED(name, type_words)))
		return doubt;
	return check_call(text, i, InvalidOid);
}

/* NULL, or what a name without a schema may stand for that is not on nodes. */
static const char *
doubt_name(const Text *text, int i)
{
	const char *name = text->words[i].name;
	Oid			type;

	if (LISTED(name, refused_words))
		return psprintf("it has the word \"%s\"", name);
	if (i > 0 && is_word(text, i - 1) && strcmp(text->words[i - 1].name, "collate") == 0 &&
		get_collation_oid(list_make1(makeString(pstrdup(name))), true) >= FirstNormalObjectId)
		return psprintf("it uses collation \"%s\"", name);
	if (is_table(text, i))
		return psprintf("it may read \"%s\"", name);
	/* composite types are like tables in that */
	type = TypenameGetTypid(name);
	if (type >= FirstNormalObjectId && get_typtype(type) != TYPTYPE_COMPOSITE)
		return psprintf("it may use type %s", format_type_be(type));
	return NULL;
}

/* A name after a dot: of a column, or of something in a schema. */
static const char *
check_qualified(Text *text, int i)
{
	Oid			schema = is_word(text, i - 2) ? get_namespace_oid(text->words[i - 2].name, true) : InvalidOid;
	const char *name = text->words[i].name;
	CatCList   *list;
	const char *reason = NULL;

	if (OidIsValid(schema) && (i < 3 || text->words[i - 3].token != '.'))
	{
		if (text->words[i + 1].token == '(')
			return check_call(text, i, schema);
		if (text->function->declared)
			return NULL;
		if (schema != PG_CATALOG_NAMESPACE || OidIsValid(get_relname_relid(name, schema)) ||
			LISTED(name, refused_words))
			return psprintf("it may use something of schema \"%s\"", text->words[i - 2].name);
		return NULL;
	}
	if (text->function->declared)
		return NULL;
	/* row.function, which is another way to call it */
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (int n = 0; n < list->n_members && reason == NULL; n++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[n]->tuple);

		if (form->oid >= FirstNormalObjectId && form->pronargs == 1 &&
			in_path(text, form->pronamespace))
			reason = psprintf("it may call function %s", name);
	}
	ReleaseSysCacheList(list);
	return reason;
}

/* Could it be a table that is read here, or whose row type is used? */
static bool
is_table(const Text *text, int i)
{
	const char *name = text->words[i].name;
	const Word *before = i > 0 ? &text->words[i - 1] : NULL;
	const Word *after = &text->words[i + 1];
	bool		from;
	ListCell   *lc;

	from = text->reads && before && (before->token == ',' || before->token == '(' ||
									 (is_word(text, i - 1) &&
									  (LISTED(before->name, reading_words) ||
									   strcmp(before->name, "lateral") == 0)));
	if (!from && after->token != '%' && after->token != '.' &&
		!(before && (before->token == TYPECAST || is_word(text, i - 1))))
		return false;
	foreach(lc, text->path)
	{
		Oid			relid = get_relname_relid(name, lfirst_oid(lc));

		if (OidIsValid(relid) && (from || relid >= FirstNormalObjectId))
			return true;
	}
	return false;
}

/* A call of what is in this schema, or InvalidOid: in the search path. */
static const char *
check_call(Text *text, int i, Oid schema)
{
	const char *name = text->words[i].name;
	Candidates	found;
	const ShippedFunction *function;
	const char *reason = NULL;

	find_candidates(text, name, schema, &found);
	if (found.reason)
		return psprintf("in it %s", found.reason);
	if (!OidIsValid(found.schema) && !found.builtin)
		return OidIsValid(schema) ? psprintf("it calls a function %s that is not there", name) : NULL;
	if (!OidIsValid(found.schema))
		return text->function->declared ? NULL : check_builtin_calls(name);
	if (found.several || found.builtin)
		return psprintf("it calls function %s, of which there are several", name);
	if (found.defaults)
		return psprintf("it calls function %s, which has defaults", name);
	if (!OidIsValid(found.users))
	{
		if (!OidIsValid(schema))
			replace(text, i, i + 1,
					quote_qualified_identifier(get_namespace_name(found.schema), name), NULL);
		return NULL;
	}
	if (!is_surely_call(text, i))
		return psprintf("it may call function %s", name);
	function = shipped_called(text->function, found.users, NULL, &reason);
	if (function)
		replace(text, OidIsValid(schema) ? i - 2 : i, i + 1, NULL, function);
	return reason;
}

/* Or a name that is given here, to columns, a cursor or a subquery?  ("x" of "FROM f() x(a)") */
static bool
is_surely_call(const Text *text, int i)
{
	const Word *before = i > 0 ? &text->words[i - 1] : NULL;

	if (text->has_cursor)
		return false;
	if (before == NULL || before->token == '.')
		return true;
	if (before->token == ')' || (before->token == ',' && text->has_with))
		return false;
	if (before->token == IDENT)
		return LISTED(before->name, calling_words);
	return !is_word(text, i - 1) || !LISTED(before->name, naming_words);
}

/* Whatever the call could be of. */
static void
find_candidates(const Text *text, const char *name, Oid schema, Candidates *found)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	bool		extensions = false;

	memset(found, 0, sizeof(Candidates));
	for (int n = 0; n < list->n_members; n++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[n]->tuple);

		if (OidIsValid(schema) ? form->pronamespace != schema : !in_path(text, form->pronamespace))
			continue;
		if (form->oid < FirstNormalObjectId)
		{
			found->builtin = true;
			continue;
		}
		found->several |= OidIsValid(found->schema) && found->schema != form->pronamespace;
		found->schema = form->pronamespace;
		if (!shipped_is_users(form->oid))
		{
			extensions = true;
			if (found->reason == NULL)
				found->reason = shippable_extension_reason(form->oid);
			continue;
		}
		found->several |= OidIsValid(found->users);
		found->defaults |= form->pronargdefaults > 0;
		found->users = form->oid;
	}
	found->several |= OidIsValid(found->users) && extensions;
	ReleaseSysCacheList(list);
}

/* Any of that name might be meant. */
static const char *
check_builtin_calls(const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	const char *reason = NULL;

	for (int n = 0; n < list->n_members && reason == NULL; n++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[n]->tuple);

		if (form->oid >= FirstNormalObjectId)
			continue;
		reason = shippable_builtin_reason(form->oid);
		if (reason == NULL && shippable_needs_search_config(form->oid))
			reason = psprintf("function %s uses a text search configuration", name);
	}
	ReleaseSysCacheList(list);
	return reason ? psprintf("in it %s", reason) : NULL;
}

static bool
in_path(const Text *text, Oid schema)
{
	return list_member_oid(text->path, schema);
}

/* Operators that are not built in, and that could be meant. */
static const char *
check_operator(Text *text, const char *name)
{
	FuncCandidateList candidate;

	for (candidate = OpernameGetCandidates(list_make1(makeString(pstrdup(name))), '\0', false);
		 candidate; candidate = candidate->next)
		if (candidate->oid >= FirstNormalObjectId &&
			may_have(text, candidate->args[0]) && may_have(text, candidate->args[1]))
			return psprintf("it may use operator %s of type %s", name,
							format_type_be(candidate->args[1]));
	return NULL;
}

/* Can there be values of the type?  InvalidOid, for there is no operand, counts as one. */
static bool
may_have(const Text *text, Oid type)
{
	return type < FirstNormalObjectId || list_member_oid(text->types, type);
}

/* The words from one to before another; what is between them stays behind the last. */
static TextEdit *
replace(Text *text, int from, int to, const char *by, const ShippedFunction *function)
{
	TextEdit   *edit = palloc0(sizeof(TextEdit));

	edit->from = text->words[from].at;
	edit->to = text->words[to].at;
	edit->text = by;
	edit->function = function;
	text->edits = lappend(text->edits, edit);
	return edit;
}

char *
shipped_edit_text(const char *text, List *edits, const char *own_name)
{
	StringInfoData buf;
	int			done = 0;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, edits)
	{
		TextEdit   *edit = lfirst(lc);

		appendBinaryStringInfo(&buf, text + done, edit->from - done);
		if (edit->text)
			appendStringInfoString(&buf, edit->text);
		else
			appendStringInfo(&buf, "%s%s%s", edit->unqualified ? "" : shipped_schema(),
							 edit->unqualified ? "" : ".",
							 quote_identifier(edit->function->name ? edit->function->name : own_name));
		done = edit->to;
	}
	appendStringInfoString(&buf, text + done);
	return buf.data;
}
