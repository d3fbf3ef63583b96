/*-------------------------------------------------------------------------
 * file_write_sql.c
 *	  SQL functions that write files, which queries of RDDs call on the nodes.
 *
 * A partition is a group, and an aggregate without a way to combine states writes
 * it: so all its elements come to one task, in order.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/task_rights.h"
#include "rdd/file_writer.h"
#include "rdd/object_file.h"

PG_FUNCTION_INFO_V1(barks_rdd_write_begin);
PG_FUNCTION_INFO_V1(barks_rdd_write_end);
PG_FUNCTION_INFO_V1(barks_rdd_write_line);
PG_FUNCTION_INFO_V1(barks_rdd_write_lines_end);
PG_FUNCTION_INFO_V1(barks_rdd_write_object);
PG_FUNCTION_INFO_V1(barks_rdd_write_objects_end);
PG_FUNCTION_INFO_V1(barks_rdd_row_text);

typedef struct WriteState
{
	FileWriter *writer;
	ObjectFormat *format;		/* of objects */
	int64		count;
} WriteState;

static WriteState *write_state(FunctionCallInfo fcinfo);
static void append_field(StringInfo buf, const char *value);

/* (path, token, part): the directory, on whatever node the part is */
Datum
barks_rdd_write_begin(PG_FUNCTION_ARGS)
{
	task_rights_demand(RIGHT_WRITE_FILES);
	file_directory_begin(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_INT32(1);
}

/* (path, token, part) → how many files became visible */
Datum
barks_rdd_write_end(PG_FUNCTION_ARGS)
{
	task_rights_demand(RIGHT_WRITE_FILES);
	PG_RETURN_INT32(file_directory_end(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* (state, path, token, part, codec, …): opens the file with the first element. */
static WriteState *
write_state(FunctionCallInfo fcinfo)
{
	MemoryContext aggregate;
	MemoryContext old;
	WriteState *state;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "function called outside of an aggregate");
	if (!PG_ARGISNULL(0))
		return (WriteState *) PG_GETARG_POINTER(0);
	task_rights_demand(RIGHT_WRITE_FILES);
	for (int i = 1; i <= 3; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a file to write must not be null")));
	}
	old = MemoryContextSwitchTo(aggregate);
	state = palloc0(sizeof(WriteState));
	state->writer = file_writer_open(text_to_cstring(PG_GETARG_TEXT_PP(1)),
									 text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_INT32(3),
									 file_codec_by_name(PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4))));
	MemoryContextSwitchTo(old);
	return state;
}

/* (state, path, token, part, codec, line) */
Datum
barks_rdd_write_line(PG_FUNCTION_ARGS)
{
	WriteState *state = write_state(fcinfo);

	if (!PG_ARGISNULL(5))
	{
		text	   *line = PG_GETARG_TEXT_PP(5);

		file_writer_write(state->writer, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
		if ((Pointer) line != PG_GETARG_POINTER(5))
			pfree(line);
	}
	file_writer_write(state->writer, "\n", 1);
	state->count++;
	PG_RETURN_POINTER(state);
}

/* How many lines were written; the file is complete. */
Datum
barks_rdd_write_lines_end(PG_FUNCTION_ARGS)
{
	WriteState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (WriteState *) PG_GETARG_POINTER(0);
	file_writer_finish(state->writer);
	PG_RETURN_INT64(state->count);
}

/* (state, path, token, part, codec, header, leaves …) */
Datum
barks_rdd_write_object(PG_FUNCTION_ARGS)
{
	WriteState *state = write_state(fcinfo);

	if (state->format == NULL)
	{
		MemoryContext aggregate;
		MemoryContext old;
		char	   *header = text_to_cstring(PG_GETARG_TEXT_PP(5));

		(void) AggCheckCallContext(fcinfo, &aggregate);
		old = MemoryContextSwitchTo(aggregate);
		state->format = object_format_make(fcinfo, 6);
		MemoryContextSwitchTo(old);
		object_write_header(state->writer, header);
	}
	object_write(state->writer, state->format, fcinfo, 6);
	state->count++;
	PG_RETURN_POINTER(state);
}

Datum
barks_rdd_write_objects_end(PG_FUNCTION_ARGS)
{
	WriteState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (WriteState *) PG_GETARG_POINTER(0);
	object_write_end(state->writer);
	file_writer_finish(state->writer);
	PG_RETURN_INT64(state->count);
}

/* (a, b, …) as a row of these is written, "(1,""x, y"")"; one value as it is, null as nothing. */
Datum
barks_rdd_row_text(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '(');
	for (int i = 0; i < PG_NARGS(); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);
		Oid			output;
		bool		varlena;

		if (i > 0)
			appendStringInfoChar(&buf, ',');
		if (PG_ARGISNULL(i))
			continue;
		if (type == UNKNOWNOID)
		{
			append_field(&buf, PG_GETARG_CSTRING(i));
			continue;
		}
		getTypeOutputInfo(type, &output, &varlena);
		append_field(&buf, OidOutputFunctionCall(output, PG_GETARG_DATUM(i)));
	}
	appendStringInfoChar(&buf, ')');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(buf.data, buf.len));
}

/* As record_out quotes it. */
static void
append_field(StringInfo buf, const char *value)
{
	bool		quote = value[0] == '\0' || strpbrk(value, "\"\\(), \t\n\r\v\f") != NULL;

	if (quote)
		appendStringInfoChar(buf, '"');
	for (const char *c = value; *c; c++)
	{
		if (*c == '"' || *c == '\\')
			appendStringInfoChar(buf, *c);
		appendStringInfoChar(buf, *c);
	}
	if (quote)
		appendStringInfoChar(buf, '"');
}
