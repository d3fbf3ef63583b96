/*-------------------------------------------------------------------------
 * pipe.c
 *	  rdd_pipe: each partition's elements go through a shell command.
 *
 * The elements of a partition come to one task, one after another; a function that
 * returns a set, in the target list, writes each to the command of its partition and
 * gives the lines that there are.  The last element of a partition is known as such,
 * so its call gives all that the command has still to say.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/task_rights.h"
#include "rdd/arguments.h"
#include "rdd/calls.h"
#include "rdd/pipe_process.h"
#include "rdd/query.h"
#include "rdd/spread.h"

PG_FUNCTION_INFO_V1(barks_rdd_pipe);
PG_FUNCTION_INFO_V1(barks_rdd_numbered_pipe);

/* Of a call in a query, over all rows. */
typedef struct PipeState
{
	PipeProcess *process;		/* NULL: none runs */
	MemoryContext context;
	TupleDesc	row;			/* of numbered lines */
	int64		number;			/* of lines of the process */
	bool		reading;		/* in the middle of a row's lines */
	bool		watched;		/* stop_pipe is registered */
} PipeState;

static char *environment(const RddStep *step);
static char *environment_value(JsonbValue *value);
static Datum pipe_line(FunctionCallInfo fcinfo, bool numbered);
static PipeState *pipe_state(FunctionCallInfo fcinfo, bool numbered);
static void begin_row(PipeState *state, FunctionCallInfo fcinfo);
static char **environment_array(FunctionCallInfo fcinfo);
static void stop_pipe(Datum arg);

/* pipe(r, command, env) */
static void
check_pipe(RddStep *step, List *inputs)
{
	task_rights_demand(RIGHT_RUN_PROGRAMS);
	(void) rdd_arg_text(step, 0);
	(void) environment(step);
	step->shape = rdd_shape_leaf(TEXTOID, -1, DEFAULT_COLLATION_OID);
	step->shape->not_null = true;
	step->partitions = ((RddStep *) linitial(inputs))->partitions;
	step->is_volatile = true;
}

static void
compile_pipe(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddShape *shape = rdd_input(query, step, 0)->shape;
	int			n = Max(rdd_input(query, step, 0)->partitions, 1);
	char	   *from = rdd_spread(query, step, psprintf("%s AS line", rdd_line_of("s", shape)));
	char	   *call = psprintf("%s::pg_catalog.text, %s, s.line, s.is_last", quote_literal_cstr(rdd_arg_text(step, 0)),
								environment(step));

	if (query->in_order)
		appendStringInfo(select, "SELECT (s.r).x AS x, s.\"#p\"::pg_catalog.int8 AS \"#1\", (s.r).n AS \"#2\" FROM "
						 "(SELECT s.\"#p\", barks.rdd_numbered_pipe_lines(%s) AS r", call);
	else
		appendStringInfo(select, "SELECT barks.rdd_pipe_lines(%s) AS x", call);
	appendStringInfoString(select, " FROM (SELECT s.line, s.\"#p\", "
						   "pg_catalog.lead(false, 1, true) OVER (PARTITION BY s.\"#p\"");
	for (int i = 1; i <= rdd_order_of(query, step, 0); i++)
		appendStringInfo(select, "%ss.\"#%d\"", i == 1 ? " ORDER BY " : ", ", i);
	appendStringInfo(select, ") AS is_last FROM %s AS s JOIN barks.rdd_parts(%d) AS d ON d.part = s.\"#p\") AS s%s",
					 from, n, query->in_order ? ") AS s" : "");
	rdd_set_order(query, step, query->in_order ? 2 : 0);
	rdd_set_order_kind(query, step, ORDER_UNIQUE);
}

/* SQL of an array of NAME=value. */
static char *
environment(const RddStep *step)
{
	StringInfoData buf;
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	char	   *name = NULL;
	Jsonb	   *env;

	if (rdd_arg_is_null(step, 1))
		return "NULL::pg_catalog.text[]";
	env = DatumGetJsonbP(rdd_arg(step, 1)->constvalue);
	if (!JB_ROOT_IS_OBJECT(env))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("environment of a command must be a JSON object")));
	initStringInfo(&buf);
	appendStringInfoString(&buf, "ARRAY[");
	iterator = JsonbIteratorInit(&env->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(value.val.string.val, value.val.string.len);
		if (token != WJB_VALUE)
			continue;
		if (name[0] == '\0' || strchr(name, '='))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" cannot be the name of an environment variable", name)));
		appendStringInfo(&buf, "%s%s", buf.data[buf.len - 1] == '[' ? "" : ", ",
						 quote_literal_cstr(psprintf("%s=%s", name, environment_value(&value))));
	}
	appendStringInfoString(&buf, "]::pg_catalog.text[]");
	return buf.data;
}

static char *
environment_value(JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		default:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("values of environment variables must be strings, numbers or booleans")));
	}
}

/* (command, env, line, is_last): lines of the command */
Datum
barks_rdd_pipe(PG_FUNCTION_ARGS)
{
	return pipe_line(fcinfo, false);
}

/* The same with their numbers, from 1. */
Datum
barks_rdd_numbered_pipe(PG_FUNCTION_ARGS)
{
	return pipe_line(fcinfo, true);
}

static Datum
pipe_line(FunctionCallInfo fcinfo, bool numbered)
{
	PipeState  *state = pipe_state(fcinfo, numbered);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *line;
	Size		length;

	if (!state->reading)
		begin_row(state, fcinfo);
	if (pipe_process_read(state->process, &line, &length))
	{
		Datum		values[2] = {Int64GetDatum(++state->number), (Datum) 0};
		bool		nulls[2] = {false, false};

		(void) pg_verify_mbstr(GetDatabaseEncoding(), line, length, false);
		values[1] = PointerGetDatum(cstring_to_text_with_len(line, length));
		rsinfo->isDone = ExprMultipleResult;
		return numbered ? HeapTupleGetDatum(heap_form_tuple(state->row, values, nulls)) : values[1];
	}
	state->reading = false;
	if (PG_ARGISNULL(3) || PG_GETARG_BOOL(3))
	{
		pipe_process_end(state->process);
		state->process = NULL;
	}
	rsinfo->isDone = ExprEndResult;
	PG_RETURN_NULL();
}

/* It lives as long as the expression. */
static PipeState *
pipe_state(FunctionCallInfo fcinfo, bool numbered)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PipeState  *state = fcinfo->flinfo->fn_extra;

	rdd_expect_set_wanted(fcinfo);
	if (state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		state = palloc0(sizeof(PipeState));
		state->context = fcinfo->flinfo->fn_mcxt;
		if (numbered)
		{
			if (get_call_result_type(fcinfo, NULL, &state->row) != TYPEFUNC_COMPOSITE)
				elog(ERROR, "return type must be a row type");
			state->row = BlessTupleDesc(CreateTupleDescCopy(state->row));
		}
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = state;
	}
	if (!state->watched)
	{
		RegisterExprContextCallback(rsinfo->econtext, stop_pipe, PointerGetDatum(state));
		state->watched = true;
	}
	return state;
}

/* Write the row's line to the partition's command, which its first one starts. */
static void
begin_row(PipeState *state, FunctionCallInfo fcinfo)
{
	task_rights_demand(RIGHT_RUN_PROGRAMS);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("command must not be null")));
	if (state->process == NULL)
	{
		char	  **env = environment_array(fcinfo);
		MemoryContext old = MemoryContextSwitchTo(state->context);

		state->process = pipe_process_start(text_to_cstring(PG_GETARG_TEXT_PP(0)), env);
		state->number = 0;
		MemoryContextSwitchTo(old);
	}
	if (!PG_ARGISNULL(2))
	{
		text	   *line = PG_GETARG_TEXT_PP(2);

		pipe_process_write(state->process, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
	}
	if (PG_ARGISNULL(3) || PG_GETARG_BOOL(3))
		pipe_process_close_input(state->process);
	state->reading = true;
}

static char **
environment_array(FunctionCallInfo fcinfo)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	char	  **env;

	if (PG_ARGISNULL(1))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	env = palloc0(sizeof(char *) * (count + 1));
	for (int i = 0; i < count; i++)
		env[i] = nulls[i] ? pstrdup("_=") : TextDatumGetCString(values[i]);
	return env;
}

/* The query ends, or begins anew. */
static void
stop_pipe(Datum arg)
{
	PipeState  *state = (PipeState *) DatumGetPointer(arg);

	if (state->process)
		pipe_process_kill(state->process);
	state->process = NULL;
	state->reading = false;
	state->watched = false;
}

const RddOperation rdd_pipe_operations[] = {
	{"pipe", check_pipe, compile_pipe, RDD_PARTITION | RDD_ORDER},
	{NULL}
};
