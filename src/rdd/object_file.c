/*-------------------------------------------------------------------------
 * object_file.c
 *	  Files that keep elements as they are, with their types.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "libpq/pqformat.h"
#include "parser/parse_type.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "rdd/object_file.h"

PG_FUNCTION_INFO_V1(barks_rdd_object_field);

/* How to send each leaf. */
struct ObjectFormat
{
	int			nleaves;
	FmgrInfo   *send;
	StringInfoData buffer;
	MemoryContext context;		/* for one element */
};

/* How to receive one. */
typedef struct FieldState
{
	Oid			type;
	FmgrInfo	receive;
	Oid			ioparam;
} FieldState;

static void append_shape(StringInfo buf, const RddShape *shape);
static void append_quoted(StringInfo buf, const char *name);
static RddShape *parse_shape(const char **at);
static RddShape *parse_row(const char **at, const char *type_name);
static char *parse_quoted(const char **at);
static Oid	type_by_name(const char *name, int32 *typmod);
static void bad_header(void) pg_attribute_noreturn();
static FieldState *field_state(FunctionCallInfo fcinfo);

/* ---------------- shapes ---------------- */

/* "type" for a leaf, ("name" shape, …) for a row, with the name of its type in front. */
char *
object_header(const RddShape *shape)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_shape(&buf, shape);
	return buf.data;
}

static void
append_shape(StringInfo buf, const RddShape *shape)
{
	ListCell   *lcn;
	ListCell   *lcf;

	check_stack_depth();
	if (OidIsValid(shape->type))
		append_quoted(buf, rdd_type_name(shape->type, shape->typmod));
	if (rdd_shape_is_leaf(shape))
		return;
	forboth(lcn, shape->names, lcf, shape->fields)
	{
		appendStringInfoString(buf, foreach_current_index(lcn) > 0 ? ", " : "(");
		append_quoted(buf, lfirst(lcn));
		appendStringInfoChar(buf, ' ');
		append_shape(buf, lfirst(lcf));
	}
	appendStringInfoChar(buf, ')');
}

static void
append_quoted(StringInfo buf, const char *name)
{
	appendStringInfoChar(buf, '"');
	for (; *name; name++)
	{
		if (*name == '"')
			appendStringInfoChar(buf, '"');
		appendStringInfoChar(buf, *name);
	}
	appendStringInfoChar(buf, '"');
}

RddShape *
object_shape(const char *header)
{
	RddShape   *shape = parse_shape(&header);

	if (*header != '\0')
		bad_header();
	return shape;
}

static RddShape *
parse_shape(const char **at)
{
	char	   *type_name = NULL;
	int32		typmod;
	Oid			type;

	check_stack_depth();
	if (**at == '"')
		type_name = parse_quoted(at);
	if (**at == '(')
		return parse_row(at, type_name);
	if (type_name == NULL)
		bad_header();
	type = type_by_name(type_name, &typmod);
	return rdd_shape_leaf(type, typmod, get_typcollation(type));
}

static RddShape *
parse_row(const char **at, const char *type_name)
{
	List	   *fields = NIL;
	bool		is_pair = true;
	RddShape   *shape;

	do
	{
		const char *name;

		*at += fields == NIL ? 1 : 2;	/* over what comes before the name */
		if (**at != '"')
			bad_header();
		name = parse_quoted(at);
		is_pair &= strcmp(name, fields == NIL ? "k" : "v") == 0;
		if (*(*at)++ != ' ')
			bad_header();
		fields = lappend(fields, parse_shape(at));
	} while (strncmp(*at, ", ", 2) == 0);
	if (*(*at)++ != ')')
		bad_header();
	if (type_name == NULL)
		return is_pair && list_length(fields) == 2 ? rdd_shape_pair(linitial(fields), lsecond(fields)) :
			rdd_shape_tuple(fields);
	shape = rdd_shape_tuple(fields);
	shape->type = type_by_name(type_name, NULL);
	if (get_typtype(shape->type) != TYPTYPE_COMPOSITE || !rdd_shape_equal(shape, rdd_shape_of_type(shape->type)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s has other columns than in the object file", type_name)));
	return rdd_shape_of_type(shape->type);
}

static char *
parse_quoted(const char **at)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const char *c = *at + 1; *c; c++)
	{
		if (*c == '"' && c[1] != '"')
		{
			*at = c + 1;
			return buf.data;
		}
		if (*c == '"')
			c++;
		appendStringInfoChar(&buf, *c);
	}
	bad_header();
}

static Oid
type_by_name(const char *name, int32 *typmod)
{
	Oid			type;
	int32		mod;

	parseTypeString(name, &type, &mod, true);
	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type %s of an object file does not exist", name)));
	if (typmod)
		*typmod = mod;
	return type;
}

static void
bad_header(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg("object file does not say what its elements are")));
}

/* ---------------- writing ---------------- */

ObjectFormat *
object_format_make(FunctionCallInfo fcinfo, int first)
{
	ObjectFormat *format = palloc0(sizeof(ObjectFormat));

	format->nleaves = PG_NARGS() - first;
	format->send = palloc0(sizeof(FmgrInfo) * format->nleaves);
	format->context = AllocSetContextCreate(CurrentMemoryContext, "barks element", ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&format->buffer);
	for (int i = 0; i < format->nleaves; i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, first + i);
		Oid			send;
		bool		varlena;

		getTypeBinaryOutputInfo(type, &send, &varlena);
		fmgr_info(send, &format->send[i]);
	}
	return format;
}

void
object_write_header(FileWriter *writer, const char *header)
{
	uint32		length = pg_hton32((uint32) strlen(header));

	file_writer_write(writer, OBJECT_MAGIC "\n", strlen(OBJECT_MAGIC "\n"));
	file_writer_write(writer, (char *) &length, sizeof(length));
	file_writer_write(writer, header, strlen(header));
}

void
object_write(FileWriter *writer, ObjectFormat *format, FunctionCallInfo fcinfo, int first)
{
	StringInfo	buf = &format->buffer;
	MemoryContext old = MemoryContextSwitchTo(format->context);
	uint32		length;

	resetStringInfo(buf);
	for (int i = 0; i < format->nleaves; i++)
	{
		bytea	   *value;

		if (PG_ARGISNULL(first + i))
		{
			pq_sendint32(buf, (uint32) -1);
			continue;
		}
		value = SendFunctionCall(&format->send[i], PG_GETARG_DATUM(first + i));
		pq_sendint32(buf, VARSIZE(value) - VARHDRSZ);
		appendBinaryStringInfo(buf, VARDATA(value), VARSIZE(value) - VARHDRSZ);
	}
	length = pg_hton32((uint32) buf->len);
	file_writer_write(writer, (char *) &length, sizeof(length));
	file_writer_write(writer, buf->data, buf->len);
	MemoryContextSwitchTo(old);
	MemoryContextReset(format->context);
}

void
object_write_end(FileWriter *writer)
{
	int32		end = -1;		/* in either order */

	file_writer_write(writer, (char *) &end, sizeof(end));
}

/* ---------------- reading ---------------- */

/* (element, number of the leaf from 0, null of its type) */
Datum
barks_rdd_object_field(PG_FUNCTION_ARGS)
{
	FieldState *state = field_state(fcinfo);
	bytea	   *element;
	int			number;
	StringInfoData buf;
	StringInfoData value;
	int			length = -1;
	Datum		result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	element = PG_GETARG_BYTEA_PP(0);
	number = PG_GETARG_INT32(1);
	buf = (StringInfoData) {.data = VARDATA_ANY(element), .len = VARSIZE_ANY_EXHDR(element)};
	for (int i = 0; i <= number; i++)
	{
		length = (int32) pq_getmsgint(&buf, sizeof(int32));
		if (length < -1 || length > buf.len - buf.cursor)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("invalid element in an object file")));
		if (i < number && length > 0)
			buf.cursor += length;
	}
	if (length < 0)
		PG_RETURN_NULL();
	/* functions that read text want it to end */
	initStringInfo(&value);
	appendBinaryStringInfo(&value, buf.data + buf.cursor, length);
	result = ReceiveFunctionCall(&state->receive, &value, state->ioparam, -1);
	if (value.cursor != value.len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid value of type %s in an object file", format_type_be(state->type))));
	PG_RETURN_DATUM(result);
}

static FieldState *
field_state(FunctionCallInfo fcinfo)
{
	FieldState *state = fcinfo->flinfo->fn_extra;
	Oid			receive;

	if (state)
		return state;
	state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FieldState));
	state->type = get_fn_expr_argtype(fcinfo->flinfo, 2);
	getTypeBinaryInputInfo(state->type, &receive, &state->ioparam);
	fmgr_info_cxt(receive, &state->receive, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = state;
	return state;
}
