/*-------------------------------------------------------------------------
 * rdd_sql.c
 *	  The SQL functions: all transformations are one function here, all actions another.
 *
 * A function's name says which operation it is, so its SQL definition is all that
 * an operation needs beside its entry in a table.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "rdd/query.h"

#define FETCH_ROWS 1000

PG_FUNCTION_INFO_V1(barks_rdd_transform);
PG_FUNCTION_INFO_V1(barks_rdd_action);
PG_FUNCTION_INFO_V1(barks_rdd_rows);
PG_FUNCTION_INFO_V1(barks_rdd_sql);
PG_FUNCTION_INFO_V1(barks_rdd_explain);
PG_FUNCTION_INFO_V1(barks_rdd_num_partitions);
PG_FUNCTION_INFO_V1(barks_rdd_element_type);

static Rdd *apply_call(FunctionCallInfo fcinfo);
static const char *operation_name(FunctionCallInfo fcinfo);
static void add_array(Datum array, List **inputs);
static Const *constant_of(FunctionCallInfo fcinfo, int number);
static Const *record_constant(Datum value);
static List *column_types(TupleDesc desc);
static void check_columns(const Rdd *rdd, int ncolumns, TupleDesc desc);
static char *columns_text(List *leaves);
static Portal run(const Rdd *rdd, const char *prefix, List *types);
static void store_rows(Portal portal, ReturnSetInfo *rsinfo);

/* Any transformation, or source: the lineage of its inputs and one step more. */
Datum
barks_rdd_transform(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rdd_to_datum(apply_call(fcinfo)));
}

static const char *
operation_name(FunctionCallInfo fcinfo)
{
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);

	Assert(strncmp(name, "rdd_", 4) == 0);
	return name + 4;
}

/* Arguments of type barks.rdd are inputs, the others constants. */
static Rdd *
apply_call(FunctionCallInfo fcinfo)
{
	const char *name = operation_name(fcinfo);
	List	   *inputs = NIL;
	List	   *args = NIL;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);
		bool		is_array = get_element_type(type) == rdd_type();

		if (type != rdd_type() && !is_array)
		{
			args = lappend(args, constant_of(fcinfo, i));
			continue;
		}
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of barks.rdd_%s must not be null", i + 1, name)));
		if (is_array)
			add_array(PG_GETARG_DATUM(i), &inputs);
		else
			inputs = lappend(inputs, rdd_from_datum(PG_GETARG_DATUM(i)));
	}
	return rdd_apply(name, inputs, args);
}

static void
add_array(Datum array, List **inputs)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), rdd_type(), -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an RDD must not be null")));
		*inputs = lappend(*inputs, rdd_from_datum(values[i]));
	}
}

static Const *
constant_of(FunctionCallInfo fcinfo, int number)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, number);
	int16		length;
	bool		by_value;
	Datum		value = PG_GETARG_DATUM(number);

	if (!OidIsValid(type))
		elog(ERROR, "cannot tell the type of an argument");
	if (type == UNKNOWNOID)
		type = TEXTOID;
	get_typlenbyval(type, &length, &by_value);
	if (PG_ARGISNULL(number))
		return makeConst(type, -1, InvalidOid, length, (Datum) 0, true, by_value);
	if (length == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM(value));
	if (type == RECORDOID)
		return record_constant(value);
	return makeConst(type, -1, InvalidOid, length, value, false, by_value);
}

/* ROW(0, '') has no type that a lineage could name: it becomes the expression. */
static Const *
record_constant(Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
												   HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "ROW(");
	for (int i = 0; i < desc->natts; i++)
	{
		bool		isnull;
		Datum		field = heap_getattr(&tuple, i + 1, desc, &isnull);
		Oid			type = TupleDescAttr(desc, i)->atttypid;
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(type, &output, &varlena);
		appendStringInfo(&buf, "%s%s::%s", i > 0 ? ", " : "",
						 isnull ? "NULL" : quote_literal_cstr(OidOutputFunctionCall(output, field)),
						 rdd_type_name(type, -1));
	}
	appendStringInfoChar(&buf, ')');
	return makeConst(fn_type(), -1, InvalidOid, -1, CStringGetTextDatum(buf.data), false, false);
}

/* An action that gives one value: that of its first row, null without one. */
Datum
barks_rdd_action(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Rdd		   *rdd;
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	Portal		portal;
	Datum		value = (Datum) 0;
	bool		isnull = true;

	rdd = apply_call(fcinfo);
	check_columns(rdd, 1, NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	portal = run(rdd, "", list_make1_oid(type));
	SPI_cursor_fetch(portal, true, 1);
	if (SPI_processed > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
	{
		int16		length;
		bool		by_value;
		MemoryContext before = MemoryContextSwitchTo(caller);

		get_typlenbyval(type, &length, &by_value);
		value = datumCopy(value, by_value, length);
		MemoryContextSwitchTo(before);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(value);
}

/* An action that gives rows. */
Datum
barks_rdd_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Rdd		   *rdd = apply_call(fcinfo);
	Portal		portal;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	check_columns(rdd, rsinfo->setDesc->natts, rsinfo->setDesc);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	portal = run(rdd, "", column_types(rsinfo->setDesc));
	store_rows(portal, rsinfo);
	SPI_finish();
	return (Datum) 0;
}

/* All rows of the cursor; closes it. */
static void
store_rows(Portal portal, ReturnSetInfo *rsinfo)
{
	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		for (uint64 i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

static List *
column_types(TupleDesc desc)
{
	List	   *types = NIL;

	for (int i = 0; i < desc->natts; i++)
		types = lappend_oid(types, TupleDescAttr(desc, i)->atttypid);
	return types;
}

/* Elements have the columns that the caller declares. */
static void
check_columns(const Rdd *rdd, int ncolumns, TupleDesc desc)
{
	const RddShape *shape = rdd_last(rdd)->shape;
	List	   *leaves = rdd_shape_columns(shape);
	bool		fits = list_length(leaves) == ncolumns;
	ListCell   *lc;

	foreach(lc, leaves)
	{
		if (fits && desc && ((RddLeaf *) lfirst(lc))->shape->type !=
			TupleDescAttr(desc, foreach_current_index(lc))->atttypid)
			fits = false;
	}
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of type %s do not fit the columns that are asked for",
						rdd_shape_text(shape)),
				 errdetail("Their columns are: %s.", columns_text(leaves))));
}

static char *
columns_text(List *leaves)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, leaves)
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(&buf, "%s%s %s", buf.len > 0 ? ", " : "", leaf->path,
						 format_type_be(leaf->shape->type));
	}
	return buf.data;
}

/* Open a cursor on what the lineage gives; the prefix may be EXPLAIN. */
static Portal
run(const Rdd *rdd, const char *prefix, List *types)
{
	RddQuery	query = {.in_order = true};
	char	   *sql = psprintf("%s%s", prefix, rdd_compile(rdd, types, &query));
	SPIPlanPtr	plan = SPI_prepare_params(sql, lambda_parser_setup, &query.lambdas, 0);

	if (!plan)
		elog(ERROR, "could not prepare the query of an RDD: %s", SPI_result_code_string(SPI_result));
	return SPI_cursor_open(NULL, plan, NULL, NULL, false);
}

/* EXPLAIN of collecting the elements, a line in each row. */
Datum
barks_rdd_explain(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	const char *prefix = psprintf("EXPLAIN (COSTS off%s%s) ", PG_GETARG_BOOL(1) ? ", ANALYZE" : "",
								  PG_GETARG_BOOL(2) ? ", VERBOSE" : "");

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	store_rows(run(rdd, prefix, NIL), (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}

/* The query of a lineage, for people to read; lambdas are numbered. */
Datum
barks_rdd_sql(PG_FUNCTION_ARGS)
{
	RddQuery	query = {.in_order = true};

	PG_RETURN_TEXT_P(cstring_to_text(rdd_compile(rdd_from_datum(PG_GETARG_DATUM(0)), NIL, &query)));
}

Datum
barks_rdd_num_partitions(PG_FUNCTION_ARGS)
{
	RddStep    *step = rdd_last(rdd_from_datum(PG_GETARG_DATUM(0)));

	if (step->partitions == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(step->partitions);
}

Datum
barks_rdd_element_type(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(rdd_shape_text(rdd_last(rdd_from_datum(PG_GETARG_DATUM(0)))->shape)));
}
