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
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
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

#include "rdd/calls.h"
#include "rdd/file_list.h"
#include "rdd/query.h"
#include "rdd/result.h"
#include "rdd/storage.h"

#define FETCH_ROWS 1000

/* What an action gives that gives one value. */
typedef struct OneValue
{
	Oid			type;
	List	   *types;			/* of the columns that it is made of */
	MemoryContext context;		/* of the value */
	Datum		value;
	bool		isnull;
} OneValue;

/* Where an action's rows go. */
typedef struct Rows
{
	List	   *types;
	ReturnSetInfo *rsinfo;
} Rows;

PG_FUNCTION_INFO_V1(barks_rdd_transform);
PG_FUNCTION_INFO_V1(barks_rdd_action);
PG_FUNCTION_INFO_V1(barks_rdd_rows);
PG_FUNCTION_INFO_V1(barks_rdd_save);
PG_FUNCTION_INFO_V1(barks_rdd_sql);
PG_FUNCTION_INFO_V1(barks_rdd_explain);
PG_FUNCTION_INFO_V1(barks_rdd_num_partitions);
PG_FUNCTION_INFO_V1(barks_rdd_element_type);

static const char *operation_name(FunctionCallInfo fcinfo);
static Const *constant_of(FunctionCallInfo fcinfo, int number);
static void compute_value(const Rdd *rdd, void *arg);
static void compute_rows(const Rdd *rdd, void *arg);
static List *types_of_value(Oid type, const RddShape *shape);
static Datum value_of_row(Oid type, const RddShape *shape, Datum *values, bool *nulls, bool *isnull);
static Datum record_of(const RddShape *shape, Datum *values, bool *nulls, int *column);
static Datum named_row(const RddShape *shape, Datum *values, bool *nulls, int *column);
static int64 on_all_nodes(const char *function, const char *path, const char *token);
static List *column_types(TupleDesc desc);
static void store_rows(Portal portal, ReturnSetInfo *rsinfo);

/* Any transformation, or source: the lineage of its inputs and one step more. */
Datum
barks_rdd_transform(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rdd_to_datum(rdd_of_call(fcinfo)));
}

static const char *
operation_name(FunctionCallInfo fcinfo)
{
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);

	Assert(strncmp(name, "rdd_", 4) == 0);
	return name + 4;
}

/* Of a call that cannot do without its arguments. */
void
rdd_expect_arguments(FunctionCallInfo fcinfo)
{
	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of barks.rdd_%s must not be null", i + 1, operation_name(fcinfo))));
	}
}

void
rdd_expect_set_wanted(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) || !(rsinfo->allowedModes & SFRM_ValuePerCall))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
}

Rdd *
rdd_of_call(FunctionCallInfo fcinfo)
{
	List	   *values = NIL;

	for (int i = 0; i < PG_NARGS(); i++)
		values = lappend(values, constant_of(fcinfo, i));
	return rdd_apply_values(operation_name(fcinfo), values);
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
	get_typlenbyval(type, &length, &by_value);
	if (PG_ARGISNULL(number))
		return makeConst(type, -1, InvalidOid, length, (Datum) 0, true, by_value);
	if (length == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM(value));
	return makeConst(type, -1, InvalidOid, length, value, false, by_value);
}

/* An action that gives one value: that of its first row, null without one. */
Datum
barks_rdd_action(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	Rdd		   *rdd = rdd_of_call(fcinfo);
	OneValue	one = {type, types_of_value(type, rdd_last(rdd)->shape), CurrentMemoryContext, (Datum) 0, true};

	rdd_check_columns(rdd, one.types);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_run(rdd, compute_value, &one);
	SPI_finish();
	if (one.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(one.value);
}

static void
compute_value(const Rdd *rdd, void *arg)
{
	OneValue   *one = arg;
	RddQuery	query = {.in_order = true};
	Portal		portal = rdd_open(rdd, "", one->types, &query);

	one->isnull = true;
	SPI_cursor_fetch(portal, true, 1);
	if (SPI_processed > 0)
	{
		int			natts = SPI_tuptable->tupdesc->natts;
		Datum	   *values = palloc(natts * sizeof(Datum));
		bool	   *nulls = palloc(natts * sizeof(bool));
		MemoryContext before;

		heap_deform_tuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, values, nulls);
		before = MemoryContextSwitchTo(one->context);
		one->value = value_of_row(one->type, rdd_last(rdd)->shape, values, nulls, &one->isnull);
		MemoryContextSwitchTo(before);
	}
	SPI_cursor_close(portal);
}

/* The columns of which the value is made. */
static List *
types_of_value(Oid type, const RddShape *shape)
{
	List	   *types = NIL;
	Oid			row_type = getBaseType(type);
	ListCell   *lc;

	if (type == RECORDOID && !rdd_shape_is_leaf(shape))
	{
		foreach(lc, rdd_shape_columns(shape))
			types = lappend_oid(types, ((RddLeaf *) lfirst(lc))->shape->type);
		return types;
	}
	if (get_typtype(row_type) != TYPTYPE_COMPOSITE)
		return list_make1_oid(type);
	return column_types(lookup_rowtype_tupdesc_copy(row_type, -1));
}

static Datum
value_of_row(Oid type, const RddShape *shape, Datum *values, bool *nulls, bool *isnull)
{
	Oid			row_type = getBaseType(type);
	int			column = 0;

	*isnull = false;
	if (type == RECORDOID)
		return record_of(shape, values, nulls, &column);
	if (get_typtype(row_type) == TYPTYPE_COMPOSITE)
		return HeapTupleGetDatum(heap_form_tuple(lookup_rowtype_tupdesc_copy(row_type, -1), values, nulls));
	*isnull = nulls[0];
	return nulls[0] ? (Datum) 0 : datumCopy(values[0], get_typbyval(type), get_typlen(type));
}

/* Pairs and tuples as records, within records. */
static Datum
record_of(const RddShape *shape, Datum *values, bool *nulls, int *column)
{
	int			natts = list_length(shape->fields);
	TupleDesc	desc = CreateTemplateTupleDesc(natts);
	Datum	   *fields = palloc(natts * sizeof(Datum));
	bool	   *field_nulls = palloc0(natts * sizeof(bool));
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, shape->fields)
	{
		const RddShape *field = lfirst(lc);
		int			i = foreach_current_index(lc);

		TupleDescInitEntry(desc, i + 1, psprintf("f%d", i + 1),
						   OidIsValid(field->type) ? field->type : RECORDOID, field->typmod, 0);
		if (rdd_shape_is_leaf(field))
		{
			TupleDescInitEntryCollation(desc, i + 1, field->collation);
			fields[i] = values[*column];
			field_nulls[i] = nulls[(*column)++];
		}
		else if (OidIsValid(field->type))
			fields[i] = named_row(field, values, nulls, column);
		else
			fields[i] = record_of(field, values, nulls, column);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), fields, field_nulls));
}

static Datum
named_row(const RddShape *shape, Datum *values, bool *nulls, int *column)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(shape->type, -1);
	Datum	   *fields = palloc(desc->natts * sizeof(Datum));
	bool	   *field_nulls = palloc(desc->natts * sizeof(bool));

	for (int i = 0; i < desc->natts; i++)
	{
		field_nulls[i] = TupleDescAttr(desc, i)->attisdropped || nulls[*column];
		fields[i] = field_nulls[i] ? (Datum) 0 : values[*column];
		if (!TupleDescAttr(desc, i)->attisdropped)
			(*column)++;
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, fields, field_nulls));
}

/*
 * An action that writes files: they are written where nobody looks, and become visible
 * when there are all of them.
 */
Datum
barks_rdd_save(PG_FUNCTION_ARGS)
{
	List	   *values = NIL;
	char	   *path;
	char	   *token = psprintf("%016llx", (unsigned long long) pg_prng_uint64(&pg_global_prng_state));
	RddQuery	query = {.in_order = true};
	Rdd		   *rdd;
	Portal		portal;
	int64		files = 0;
	int64		moved;
	int64		elements = 0;

	for (int i = 0; i < PG_NARGS(); i++)
		values = lappend(values, constant_of(fcinfo, i));
	values = lappend(values, makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum(token), false, false));
	rdd = rdd_apply_values(operation_name(fcinfo), values);
	path = file_path(TextDatumGetCString(PG_GETARG_DATUM(1)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_fill(rdd);
	(void) on_all_nodes("rdd_write_begin", path, token);
	portal = rdd_open(rdd, "", list_make1_oid(INT8OID), &query);
	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		files += SPI_processed;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;

			elements += DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	moved = on_all_nodes("rdd_write_end", path, token);
	rdd_storage_settle();
	SPI_finish();
	if (moved != files)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("files of directory \"%s\" are not complete", path),
				 errdetail("Of %lld files %lld were found on the nodes.", (long long) files, (long long) moved),
				 errhint("Remove the directory, and save the RDD again.")));
	PG_RETURN_INT64(elements);
}

/* Call a function with path and token on each node several times; gives the sum of its values. */
static int64
on_all_nodes(const char *function, const char *path, const char *token)
{
	char	   *sql = psprintf("SELECT pg_catalog.sum(barks.%s(%s::pg_catalog.text, %s::pg_catalog.text, p.part)) "
							   "FROM barks.rdd_parts(NULL::pg_catalog.int4) AS p", function,
							   quote_literal_cstr(path), quote_literal_cstr(token));
	bool		isnull;

	if (SPI_execute(sql, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not call %s on the nodes", function);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* An action that gives rows. */
Datum
barks_rdd_rows(PG_FUNCTION_ARGS)
{
	Rows		rows = {NIL, (ReturnSetInfo *) fcinfo->resultinfo};
	Rdd		   *rdd = rdd_of_call(fcinfo);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rows.types = column_types(rows.rsinfo->setDesc);
	rdd_check_columns(rdd, rows.types);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_run(rdd, compute_rows, &rows);
	SPI_finish();
	return (Datum) 0;
}

static void
compute_rows(const Rdd *rdd, void *arg)
{
	Rows	   *rows = arg;
	RddQuery	query = {.in_order = true};

	tuplestore_clear(rows->rsinfo->setResult);
	store_rows(rdd_open(rdd, "", rows->types, &query), rows->rsinfo);
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

/* InvalidOid for dropped ones. */
static List *
column_types(TupleDesc desc)
{
	List	   *types = NIL;

	for (int i = 0; i < desc->natts; i++)
		types = lappend_oid(types, TupleDescAttr(desc, i)->atttypid);
	return types;
}

/* Open a cursor on what the lineage gives; the prefix may be EXPLAIN. */
Portal
rdd_open(const Rdd *rdd, const char *prefix, List *types, RddQuery *query)
{
	char	   *sql;

	query->named = true;
	sql = psprintf("%s%s", prefix, rdd_compile(rdd, types, query));
	return SPI_cursor_open(NULL, rdd_prepare(sql, query), NULL, NULL, false);
}

SPIPlanPtr
rdd_prepare(const char *sql, RddQuery *query)
{
	SPIPlanPtr	plan = SPI_prepare_params(sql, lambda_parser_setup, &query->lambdas, 0);

	if (!plan)
		elog(ERROR, "could not prepare the query of an RDD: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/* EXPLAIN of collecting the elements, a line in each row. */
Datum
barks_rdd_explain(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	const char *prefix = psprintf("EXPLAIN (COSTS off%s%s) ", PG_GETARG_BOOL(1) ? ", ANALYZE" : "",
								  PG_GETARG_BOOL(2) ? ", VERBOSE" : "");
	RddQuery	query = {.in_order = true};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	store_rows(rdd_open(rdd, prefix, NIL, &query), (ReturnSetInfo *) fcinfo->resultinfo);
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
	PG_RETURN_INT32(rdd_last(rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0))))->partitions);
}

Datum
barks_rdd_element_type(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(rdd_shape_text(rdd_last(rdd_from_datum(PG_GETARG_DATUM(0)))->shape)));
}
