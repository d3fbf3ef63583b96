/*-------------------------------------------------------------------------
 * file_sql.c
 *	  SQL functions that read files, which queries of RDDs call on the nodes.
 *
 * Each gives its values one by one, so that no more than a buffer is in memory.
 * Whoever calls them must have the right to read files of servers.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/task_rights.h"
#include "rdd/file_reader.h"
#include "rdd/file_stream.h"

PG_FUNCTION_INFO_V1(barks_rdd_file_list);
PG_FUNCTION_INFO_V1(barks_rdd_read_lines);
PG_FUNCTION_INFO_V1(barks_rdd_numbered_lines);
PG_FUNCTION_INFO_V1(barks_rdd_read_records);
PG_FUNCTION_INFO_V1(barks_rdd_numbered_records);
PG_FUNCTION_INFO_V1(barks_rdd_read_objects);
PG_FUNCTION_INFO_V1(barks_rdd_numbered_objects);
PG_FUNCTION_INFO_V1(barks_rdd_object_header);
PG_FUNCTION_INFO_V1(barks_rdd_file_names);
PG_FUNCTION_INFO_V1(barks_rdd_numbered_file_names);
PG_FUNCTION_INFO_V1(barks_rdd_file_text);
PG_FUNCTION_INFO_V1(barks_rdd_file_bytes);

/* What a call goes through. */
typedef struct ReadState
{
	FileList   *list;
	FileReader *reader;			/* of lines and records */
	int64		first;			/* of names: the part's places */
	int64		end;
	int			next_file;
	int64		number;			/* of values given */
} ReadState;

typedef enum ReadKind
{
	READ_LINES,
	READ_RECORDS,
	READ_OBJECTS,
	READ_NAMES
} ReadKind;

static Datum read_values(FunctionCallInfo fcinfo, ReadKind kind, bool numbered);
static ReadState *start(FunctionCallInfo fcinfo, ReadKind kind);
static bool next_value(ReadState *state, ReadKind kind, Datum *value);
static Datum with_number(FuncCallContext *context, int64 number, Datum value);
static char *read_whole(const char *path, FileCodec codec, Size *length);

/* (path, part) → number of files, bytes, hash: the same for the same list.  The part is of no use. */
Datum
barks_rdd_file_list(PG_FUNCTION_ARGS)
{
	int64		digest[3];
	Datum		values[3];

	task_rights_demand(RIGHT_READ_FILES);
	file_list_digest(file_list_make(text_to_cstring(PG_GETARG_TEXT_PP(0))), digest);
	for (int i = 0; i < 3; i++)
		values[i] = Int64GetDatum(digest[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, 3, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* (path, part, parts, digest of the list): the part's lines */
Datum
barks_rdd_read_lines(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_LINES, false);
}

/* The same with their numbers in the part, from 1. */
Datum
barks_rdd_numbered_lines(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_LINES, true);
}

/* (path, part, parts, digest of the list, length): the part's records */
Datum
barks_rdd_read_records(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_RECORDS, false);
}

Datum
barks_rdd_numbered_records(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_RECORDS, true);
}

/* (path, part, parts, digest of the list, header): the part's elements, for barks.rdd_object_field */
Datum
barks_rdd_read_objects(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_OBJECTS, false);
}

Datum
barks_rdd_numbered_objects(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_OBJECTS, true);
}

/* (path, part) → what elements are in the first of the object files */
Datum
barks_rdd_object_header(PG_FUNCTION_ARGS)
{
	task_rights_demand(RIGHT_READ_FILES);
	PG_RETURN_TEXT_P(cstring_to_text(file_reader_header(file_list_make(text_to_cstring(PG_GETARG_TEXT_PP(0))))));
}

/* (path, part, parts, digest of the list): names of the part's files */
Datum
barks_rdd_file_names(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_NAMES, false);
}

Datum
barks_rdd_numbered_file_names(PG_FUNCTION_ARGS)
{
	return read_values(fcinfo, READ_NAMES, true);
}

static Datum
read_values(FunctionCallInfo fcinfo, ReadKind kind, bool numbered)
{
	FuncCallContext *context;
	ReadState  *state;
	Datum		value;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		context->user_fctx = start(fcinfo, kind);
		if (numbered && get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	state = context->user_fctx;
	if (!next_value(state, kind, &value))
		SRF_RETURN_DONE(context);
	state->number++;
	if (numbered)
		value = with_number(context, state->number, value);
	SRF_RETURN_NEXT(context, value);
}

static ReadState *
start(FunctionCallInfo fcinfo, ReadKind kind)
{
	ReadState  *state = palloc0(sizeof(ReadState));
	int			part = PG_GETARG_INT32(1);
	int			parts = PG_GETARG_INT32(2);
	ArrayType  *digest = PG_GETARG_ARRAYTYPE_P(3);
	int			record = READ_AS_LINES;

	task_rights_demand(RIGHT_READ_FILES);
	if (kind == READ_RECORDS)
		record = PG_GETARG_INT32(4);
	else if (kind == READ_OBJECTS)
		record = READ_AS_OBJECTS;
	if (part < 0 || part >= parts || ARR_NDIM(digest) != 1 || ARR_DIMS(digest)[0] != 3 || ARR_HASNULL(digest) ||
		(kind == READ_RECORDS && record <= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid part of files")));
	state->list = file_list_make(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	file_list_expect(state->list, (int64 *) ARR_DATA_PTR(digest));
	if (kind == READ_NAMES)
		file_list_share(state->list, part, parts, &state->first, &state->end);
	else
		state->reader = file_reader_make(state->list, part, parts, record);
	if (kind == READ_OBJECTS)
		file_reader_expect(state->reader, text_to_cstring(PG_GETARG_TEXT_PP(4)));
	return state;
}

static bool
next_value(ReadState *state, ReadKind kind, Datum *value)
{
	const char *data;
	Size		length;

	if (kind == READ_NAMES)
	{
		while (state->next_file < state->list->nfiles)
		{
			const DataFile *file = &state->list->files[state->next_file++];

			if (file->start < state->first || file->start >= state->end)
				continue;
			*value = PointerGetDatum(file_text(file->path, 0, file->path, strlen(file->path)));
			return true;
		}
		return false;
	}
	if (!file_reader_next(state->reader, &data, &length))
		return false;
	*value = PointerGetDatum(kind == READ_LINES ? file_reader_text(state->reader, data, length) :
							 cstring_to_text_with_len(data, length));
	return true;
}

static Datum
with_number(FuncCallContext *context, int64 number, Datum value)
{
	Datum		values[2] = {Int64GetDatum(number), value};
	bool		nulls[2] = {false, false};

	return HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls));
}

/* The content of one file, decompressed. */
Datum
barks_rdd_file_text(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Size		length;
	char	   *data = read_whole(path, file_codec(path), &length);

	PG_RETURN_TEXT_P(file_text(path, 0, data + VARHDRSZ, length));
}

/* The bytes of one file as they are. */
Datum
barks_rdd_file_bytes(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Size		length;
	char	   *data = read_whole(path, CODEC_NONE, &length);

	SET_VARSIZE(data, length + VARHDRSZ);
	PG_RETURN_BYTEA_P(data);
}

/* With room for a varlena's header before it. */
static char *
read_whole(const char *path, FileCodec codec, Size *length)
{
	FileStream *stream;
	Size		size = 8192;
	Size		n;
	char	   *data = palloc(size);

	task_rights_demand(RIGHT_READ_FILES);
	stream = file_stream_open(path, codec, 0);
	*length = 0;
	while (n = size - VARHDRSZ - *length, n > 0)
	{
		Size		got = file_stream_read(stream, data + VARHDRSZ + *length, n);

		*length += got;
		if (got < n)
			break;
		if (size >= MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("file \"%s\" is too large for one value", path)));
		size = Min(size * 2, MaxAllocSize);
		data = repalloc(data, size);
	}
	file_stream_close(stream);
	return data;
}
