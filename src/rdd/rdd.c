/*-------------------------------------------------------------------------
 * rdd.c
 *	  The value of type barks.rdd: a lineage of steps.
 *
 * It is stored as nodeToString() of each step, so that a step more need not read
 * all of those before, and shown as the calls that make it:
 *
 *	  rdd_text_file('/data/lines.txt'),
 *	  rdd_flat_map($1, 'string_to_array(x, '' '')'),
 *	  rdd_map($2, '(x, 1)')
 *
 * That is a list of SQL expressions, so PostgreSQL's parser reads it back, and the
 * functions themselves check it again.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "catalog/dependency.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "rdd/lambda.h"
#include "rdd/lambda_text.h"
#include "rdd/rdd.h"

PG_FUNCTION_INFO_V1(barks_rdd_in);
PG_FUNCTION_INFO_V1(barks_rdd_out);
PG_FUNCTION_INFO_V1(barks_fn_in);
PG_FUNCTION_INFO_V1(barks_fn_from_text);
PG_FUNCTION_INFO_V1(barks_fn_from_function);
PG_FUNCTION_INFO_V1(barks_fn);

/* While the text form is read: the steps so far. */
typedef struct ReadContext
{
	List	   *values;			/* Const *, each an RDD that ends at that step */
} ReadContext;

static const char *body_of(RddStep *step);
static void read_body(RddStep *step);
static int	add_reachable(const Rdd *rdd, int number, int *numbers, Rdd *lineage);
static int	find_step(const Rdd *rdd, const RddStep *wanted);
static void append_step(StringInfo buf, const RddStep *step);
static FuncCandidateList function_of(const RddStep *step);
static int	defaults_of(Oid function);
static void append_constant(StringInfo buf, const Const *value, bool declared);
static Datum read_step(ReadContext *context, const char *text, ResTarget *target);
static Node *step_reference(ParseState *pstate, ParamRef *pref);
static void check_step(ParseState *pstate, Node *expr, const char *text);
static bool not_constant_walker(Node *node, void *context);
static Oid	type_named(const char *name);

Oid
rdd_type(void)
{
	return type_named("rdd");
}

Oid
fn_type(void)
{
	return type_named("fn");
}

static Oid
type_named(const char *name)
{
	Oid			namespace = get_namespace_oid("barks", false);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, PointerGetDatum(name),
						   ObjectIdGetDatum(namespace));
}

RddStep *
rdd_last(const Rdd *rdd)
{
	RddStep    *step = llast(rdd->steps);

	read_body(step);
	return step;
}

void
rdd_read_steps(const Rdd *rdd)
{
	ListCell   *lc;

	foreach(lc, rdd->steps)
		read_body(lfirst(lc));
}

/* Each step is stored as "input,input;length:body". */
Rdd *
rdd_from_datum(Datum datum)
{
	Rdd		   *rdd = palloc(sizeof(Rdd));
	char	   *at = TextDatumGetCString(datum);

	rdd->steps = NIL;
	while (*at != '\0')
	{
		RddStep    *step = palloc0(sizeof(RddStep));
		long		length;

		for (; *at != ';'; at += *at == ',' ? 1 : 0)
			step->inputs = lappend_int(step->inputs, (int) strtol(at, &at, 10));
		length = strtol(at + 1, &at, 10);
		step->body = pnstrdup(at + 1, length);
		step->unread = true;
		rdd->steps = lappend(rdd->steps, step);
		at += 1 + length;
	}
	return rdd;
}

Datum
rdd_to_datum(const Rdd *rdd)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);
		const char *body = body_of(step);
		ListCell   *lci;

		foreach(lci, step->inputs)
			appendStringInfo(&buf, "%s%d", foreach_current_index(lci) > 0 ? "," : "", lfirst_int(lci));
		appendStringInfo(&buf, ";%zu:", strlen(body));
		appendStringInfoString(&buf, body);
	}
	return CStringGetTextDatum(buf.data);
}

static const char *
body_of(RddStep *step)
{
	if (!step->body)
		step->body = nodeToString(list_make4(makeString((char *) step->name), step->args,
											 rdd_shape_to_list(step->shape),
											 list_make3_int(step->partitions, step->by_key, step->is_volatile)));
	return step->body;
}

static void
read_body(RddStep *step)
{
	List	   *list;
	List	   *facts;

	if (!step->unread)
		return;
	list = stringToNode(step->body);
	facts = lfourth(list);
	step->name = strVal(linitial(list));
	step->args = lsecond(list);
	step->shape = rdd_shape_from_list(lthird(list));
	step->partitions = linitial_int(facts);
	step->by_key = lsecond_int(facts) != 0;
	step->is_volatile = lthird_int(facts) != 0;
	step->unread = false;
}

Rdd *
rdd_merge(List *rdds, List **ends)
{
	Rdd		   *merged = palloc0(sizeof(Rdd));
	ListCell   *lc;

	*ends = NIL;
	foreach(lc, rdds)
	{
		Rdd		   *rdd = lfirst(lc);
		int			nsteps = list_length(rdd->steps);
		int		   *numbers = palloc(nsteps * sizeof(int));

		for (int i = 0; i < nsteps; i++)
		{
			RddStep    *step = list_nth(rdd->steps, i);
			RddStep    *copy = palloc(sizeof(RddStep));
			ListCell   *lci;

			(void) body_of(step);
			*copy = *step;
			copy->inputs = NIL;
			foreach(lci, step->inputs)
				copy->inputs = lappend_int(copy->inputs, numbers[lfirst_int(lci)]);
			/* the first lineage has no step twice */
			numbers[i] = foreach_current_index(lc) == 0 ? -1 : find_step(merged, copy);
			if (numbers[i] >= 0)
				continue;
			numbers[i] = list_length(merged->steps);
			merged->steps = lappend(merged->steps, copy);
		}
		*ends = lappend_int(*ends, numbers[nsteps - 1]);
	}
	return merged;
}

static int
find_step(const Rdd *rdd, const RddStep *wanted)
{
	ListCell   *lc;

	foreach(lc, rdd->steps)
	{
		const RddStep *step = lfirst(lc);

		if (equal(step->inputs, wanted->inputs) && strcmp(step->body, wanted->body) == 0)
			return foreach_current_index(lc);
	}
	return -1;
}

Rdd *
rdd_lineage_of(const Rdd *rdd, int number)
{
	Rdd		   *lineage = palloc0(sizeof(Rdd));

	(void) add_reachable(rdd, number, palloc0((number + 1) * sizeof(int)), lineage);
	return lineage;
}

/* numbers: of steps in the lineage, from 1 */
static int
add_reachable(const Rdd *rdd, int number, int *numbers, Rdd *lineage)
{
	const RddStep *step = list_nth(rdd->steps, number);
	RddStep    *copy;
	ListCell   *lc;

	check_stack_depth();
	if (numbers[number] > 0)
		return numbers[number] - 1;
	copy = palloc(sizeof(RddStep));
	*copy = *step;
	copy->inputs = NIL;
	foreach(lc, step->inputs)
		copy->inputs = lappend_int(copy->inputs, add_reachable(rdd, lfirst_int(lc), numbers, lineage));
	lineage->steps = lappend(lineage->steps, copy);
	numbers[number] = list_length(lineage->steps);
	return numbers[number] - 1;
}

char *
rdd_text(const Rdd *rdd)
{
	StringInfoData buf;
	ListCell   *lc;

	rdd_read_steps(rdd);
	initStringInfo(&buf);
	foreach(lc, rdd->steps)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(&buf, ",\n");
		append_step(&buf, lfirst(lc));
	}
	return buf.data;
}

static void
append_step(StringInfo buf, const RddStep *step)
{
	FuncCandidateList function = function_of(step);
	int			ninputs = list_length(step->inputs);
	int			nargs = list_length(step->args);
	const char *comma = "";
	ListCell   *lc;

	/* NULL is what optional arguments are by default */
	while (nargs > 0 && list_nth_node(Const, step->args, nargs - 1)->constisnull && function &&
		   ninputs + nargs > function->nargs - defaults_of(function->oid))
		nargs--;
	appendStringInfo(buf, "rdd_%s(", step->name);
	foreach(lc, step->inputs)
	{
		appendStringInfo(buf, "%s$%d", comma, lfirst_int(lc) + 1);
		comma = ", ";
	}
	for (int i = 0; i < nargs; i++)
	{
		Oid			declared = function && ninputs + i < function->nargs ? function->args[ninputs + i] : InvalidOid;

		appendStringInfoString(buf, comma);
		append_constant(buf, list_nth(step->args, i), OidIsValid(declared) && !IsPolymorphicType(declared));
		comma = ", ";
	}
	appendStringInfoChar(buf, ')');
}

char *
rdd_step_text(const RddStep *step)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_step(&buf, step);
	return buf.data;
}

/* The SQL function; of several of that name the one whose arguments are of these types. */
static FuncCandidateList
function_of(const RddStep *step)
{
	List	   *name = list_make2(makeString("barks"), makeString(psprintf("rdd_%s", step->name)));
	FuncCandidateList found = FuncnameGetCandidates(name, -1, NIL, false, false, false, true);
	int			ninputs = list_length(step->inputs);
	ListCell   *lc;

	if (found && !found->next)
		return found;
	for (; found; found = found->next)
	{
		bool		fits = found->nargs == ninputs + list_length(step->args);

		foreach(lc, step->args)
			fits = fits && found->args[ninputs + foreach_current_index(lc)] == lfirst_node(Const, lc)->consttype;
		if (fits)
			return found;
	}
	return NULL;
}

static int
defaults_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	int			ndefaults;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	ndefaults = ((Form_pg_proc) GETSTRUCT(tuple))->pronargdefaults;
	ReleaseSysCache(tuple);
	return ndefaults;
}

/* Without its type where the function tells it. */
static void
append_constant(StringInfo buf, const Const *value, bool declared)
{
	if (!declared || value->constisnull)
		appendStringInfoString(buf, lambda_constant(value->consttype, value->constvalue, value->constisnull));
	else if (value->consttype == BOOLOID)
		appendStringInfoString(buf, DatumGetBool(value->constvalue) ? "true" : "false");
	else if (value->consttype == INT4OID || value->consttype == INT8OID)
		appendStringInfoString(buf, lambda_constant_text(value->consttype, value->constvalue));
	else
		appendStringInfoString(buf, quote_literal_cstr(lambda_constant_text(value->consttype, value->constvalue)));
}

Datum
barks_rdd_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(rdd_text(rdd_from_datum(PG_GETARG_DATUM(0))));
}

Datum
barks_rdd_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	ReadContext context = {NIL};
	SelectStmt *select;
	Datum		value = (Datum) 0;
	ListCell   *lc;

	select = (SelectStmt *) linitial_node(RawStmt, raw_parser(text, RAW_PARSE_PLPGSQL_EXPR))->stmt;
	if (!IsA(select, SelectStmt) || select->targetList == NIL || select->distinctClause != NIL ||
		select->fromClause != NIL || select->whereClause || select->groupClause != NIL || select->havingClause ||
		select->windowClause != NIL || select->sortClause != NIL || select->limitOffset || select->limitCount ||
		select->lockingClause != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type barks.rdd"),
				 errdetail("It is a list of calls, such as: rdd_range(1, 10), rdd_map($1, 'x * 2').")));
	foreach(lc, select->targetList)
	{
		value = read_step(&context, text, lfirst(lc));
		context.values = lappend(context.values,
								 makeConst(rdd_type(), -1, InvalidOid, -1, value, false, false));
	}
	PG_RETURN_DATUM(value);
}

/* Call the function that a step names. */
static Datum
read_step(ReadContext *context, const char *text, ResTarget *target)
{
	ParseState *pstate = make_parsestate(NULL);
	FuncCall   *call = (FuncCall *) target->val;
	EState	   *estate;
	ExprState  *state;
	Node	   *expr;
	Datum		value;
	bool		isnull;
	MemoryContext before;

	if (!IsA(call, FuncCall) || list_length(call->funcname) != 1 || target->name)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type barks.rdd"),
				 errdetail("\"%s\" is not a list of calls.", text)));
	call->funcname = list_make2(makeString("barks"),
								linitial(call->funcname));
	pstate->p_sourcetext = text;
	pstate->p_paramref_hook = step_reference;
	pstate->p_ref_hook_state = context;
	expr = transformExpr(pstate, (Node *) call, EXPR_KIND_OTHER);
	assign_expr_collations(pstate, expr);
	check_step(pstate, expr, text);

	estate = CreateExecutorState();
	before = MemoryContextSwitchTo(estate->es_query_cxt);
	state = ExecPrepareExpr((Expr *) expr, estate);
	value = ExecEvalExprSwitchContext(state, GetPerTupleExprContext(estate), &isnull);
	MemoryContextSwitchTo(before);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type barks.rdd"),
				 errdetail("A step gives null.")));
	value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	FreeExecutorState(estate);
	free_parsestate(pstate);
	return value;
}

static Node *
step_reference(ParseState *pstate, ParamRef *pref)
{
	ReadContext *context = pstate->p_ref_hook_state;

	if (pref->number < 1 || pref->number > list_length(context->values))
		return NULL;
	return copyObject(list_nth(context->values, pref->number - 1));
}

/* A step is one of our functions over constants and earlier steps, nothing else. */
static void
check_step(ParseState *pstate, Node *expr, const char *text)
{
	FuncExpr   *call = (FuncExpr *) expr;
	ListCell   *lc;

	if (!IsA(call, FuncExpr) || call->funcresulttype != rdd_type() || call->funcretset ||
		func_volatile(call->funcid) != PROVOLATILE_STABLE ||
		getExtensionOfObject(ProcedureRelationId, call->funcid) != get_extension_oid("barks", false))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type barks.rdd"),
				 errdetail("\"%s\" has something that does not make an RDD.", text)));
	foreach(lc, call->args)
	{
		if (not_constant_walker(lfirst(lc), NULL))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type barks.rdd"),
					 errdetail("Arguments must be constants.")));
	}
}

/* Whoever reads a text must not run functions that its author chose. */
static bool
not_constant_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Const:
		case T_List:
		case T_ArrayExpr:
		case T_RelabelType:
		case T_CoerceToDomain:
			break;
		case T_FuncExpr:
			/* a cast of ours or PostgreSQL's own */
			if (((FuncExpr *) node)->funcformat == COERCE_EXPLICIT_CALL ||
				(((FuncExpr *) node)->funcid >= FirstNormalObjectId &&
				 getExtensionOfObject(ProcedureRelationId, ((FuncExpr *) node)->funcid) != get_extension_oid("barks", false)))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, not_constant_walker, context);
}

Datum
barks_fn_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	lambda_check_text(text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
barks_fn_from_text(PG_FUNCTION_ARGS)
{
	lambda_check_text(TextDatumGetCString(PG_GETARG_DATUM(0)));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* A function is a call of it with the variables as its arguments. */
Datum
barks_fn_from_function(PG_FUNCTION_ARGS)
{
	Oid			function = PG_GETARG_OID(0);
	Oid		   *types;
	int			nargs;
	bool		variadic;
	StringInfoData buf;

	if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(function)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", function)));
	(void) get_func_signature(function, &types, &nargs);
	variadic = OidIsValid(get_func_variadictype(function));
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s(", quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
															 get_func_name(function)));
	for (int i = 0; i < nargs; i++)
	{
		appendStringInfo(&buf, "%s%s$%d", i > 0 ? ", " : "", variadic && i == nargs - 1 ? "VARIADIC " : "", i + 1);
		if (get_typtype(types[i]) != TYPTYPE_PSEUDO)
			appendStringInfo(&buf, "::%s", rdd_type_name(types[i], -1));
	}
	appendStringInfoChar(&buf, ')');
	PG_RETURN_TEXT_P(cstring_to_text(buf.data));
}

/* barks.fn('x * $1', 3): the constants become part of the text. */
Datum
barks_fn(PG_FUNCTION_ARGS)
{
	const char *expression;
	Datum	   *values;
	bool	   *nulls;
	Oid		   *types;
	int			nvalues;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	expression = TextDatumGetCString(PG_GETARG_DATUM(0));
	nvalues = extract_variadic_args(fcinfo, 1, true, &values, &types, &nulls);
	if (nvalues < 0)
		nvalues = 0;
	PG_RETURN_TEXT_P(cstring_to_text(lambda_capture(expression, nvalues, values, nulls, types)));
}
