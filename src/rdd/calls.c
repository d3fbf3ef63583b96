/*-------------------------------------------------------------------------
 * calls.c
 *	  Users' functions over partitions: what they are; and what is called for its effect.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

#include "rdd/arguments.h"
#include "rdd/calls.h"
#include "rdd/storage.h"

#define FETCH_ROWS 1000

PG_FUNCTION_INFO_V1(barks_rdd_foreach);
PG_FUNCTION_INFO_V1(barks_rdd_to_cursor);

static void run_foreach(const Rdd *rdd, void *arg);
static RddShape *shape_of_function(Oid function);

RddCall *
rdd_call_of(const RddStep *step, int ncursors, bool with_index)
{
	RddCall    *call = rdd_call_of_function(step->name, rdd_arg_function(step, 0), ncursors, with_index);

	if (!call->shape)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot tell the columns of what function %s gives",
						format_procedure(call->function)),
				 errhint("Declare it to return a type, a SETOF it, or a TABLE.")));
	return call;
}

RddCall *
rdd_call_of_function(const char *operation, Oid function, int ncursors, bool with_index)
{
	RddCall    *call = palloc0(sizeof(RddCall));
	Oid		   *types;
	int			nargs;
	int			first = with_index ? 1 : 0;
	bool		fits;

	if (!get_func_name(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("the function of barks.rdd_%s does not exist", operation)));
	(void) get_func_signature(function, &types, &nargs);
	fits = get_func_prokind(function) == PROKIND_FUNCTION && nargs == ncursors + first;
	for (int i = 0; fits && i < nargs; i++)
		fits = types[i] == (i < first ? INT4OID : REFCURSOROID);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("barks.rdd_%s cannot call function %s", operation, format_procedure(function)),
				 errdetail("Its function has %s%d of type refcursor.",
						   with_index ? "an argument of type integer, then " : "arguments: ", ncursors)));
	call->operation = operation;
	call->function = function;
	call->with_index = with_index;
	call->shape = shape_of_function(function);
	call->is_volatile = func_volatile(function) == PROVOLATILE_VOLATILE;
	return call;
}

/* Columns that have no row type make values, pairs or tuples. */
static RddShape *
shape_of_function(Oid function)
{
	Oid			type = get_func_rettype(function);
	TupleDesc	desc;
	List	   *fields = NIL;

	if (type != RECORDOID)
		return get_typtype(type) == TYPTYPE_PSEUDO ? NULL : rdd_shape_of_type(type);
	if (get_func_result_type(function, NULL, &desc) != TYPEFUNC_COMPOSITE)
		return NULL;
	for (int i = 0; i < desc->natts; i++)
		fields = lappend(fields, rdd_shape_leaf(TupleDescAttr(desc, i)->atttypid, -1,
												TupleDescAttr(desc, i)->attcollation));
	return list_length(fields) == 1 ? linitial(fields)
		: list_length(fields) == 2 ? rdd_shape_pair(linitial(fields), lsecond(fields))
		: rdd_shape_tuple(fields);
}

/* foreach(r, f), foreach_partition(r, f): for what f does */
Datum
barks_rdd_foreach(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_of_call(fcinfo);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_run(rdd, run_foreach, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

static void
run_foreach(const Rdd *rdd, void *arg)
{
	RddQuery	query = {.in_order = true};
	Portal		portal = rdd_open(rdd, "", NIL, &query);

	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/* to_cursor(r): open until it is closed or the transaction ends */
Datum
barks_rdd_to_cursor(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd;
	RddQuery	query = {.in_order = true, .plain_names = true, .purpose = "to_cursor"};
	MemoryContext caller = CurrentMemoryContext;
	Portal		portal;
	text	   *name;

	rdd_expect_arguments(fcinfo);
	rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_fill(rdd);
	portal = rdd_open(rdd, "", NIL, &query);
	rdd_storage_settle();
	MemoryContextSwitchTo(caller);
	name = cstring_to_text(portal->name);
	SPI_finish();
	PG_RETURN_TEXT_P(name);
}
