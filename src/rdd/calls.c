/*-------------------------------------------------------------------------
 * calls.c
 *	  Users' functions over partitions, which they read through cursors.
 *
 * The elements of all partitions come in order.  Those of one are put into a
 * tuplestore, which goes to disk when it is large; the function reads a cursor on
 * it, as a trigger reads its transition table.  So nothing but one partition is
 * held at a time.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/regproc.h"
#include "utils/tuplestore.h"

#include "rdd/calls.h"
#include "rdd/storage.h"

#define FETCH_ROWS 1000

PG_FUNCTION_INFO_V1(barks_rdd_call_partitions);
PG_FUNCTION_INFO_V1(barks_rdd_foreach);
PG_FUNCTION_INFO_V1(barks_rdd_foreach_partition);
PG_FUNCTION_INFO_V1(barks_rdd_to_cursor);

/* One input, read partition by partition. */
typedef struct Feed
{
	const char *name;			/* of the relation that cursors read */
	TupleDesc	desc;			/* of its rows */
	Portal		portal;			/* rows of all partitions, with "#p" after them */
	SPITupleTable *rows;		/* fetched, or NULL */
	uint64		nrows;
	uint64		next;
	MemoryContext context;		/* of the partition */
	Tuplestorestate *store;		/* its rows */
	SPIPlanPtr	plan;			/* SELECT * FROM name */
	Portal		cursor;
} Feed;

/* All inputs, the function, and where its rows go. */
typedef struct CallRun
{
	const RddCall *call;
	int			nfeeds;
	int			npartitions;
	Feed	   *feeds;
	SPIPlanPtr	plan;			/* SELECT * FROM function($1, …) */
	Tuplestorestate *result;	/* or NULL */
	TupleDesc	desc;			/* "#p", "#1", and the function's columns */
	int64		count;
} CallRun;

static RddShape *shape_of_function(Oid function);
static void run_call(CallRun *run, List *rdds);
static void open_feed(Feed *feed, const char *operation, const Rdd *rdd, int number);
static void fill_feed(Feed *feed, int partition);
static bool next_row(Feed *feed);
static void open_cursor(Feed *feed);
static void call_function(CallRun *run, int partition);
static void check_result(const CallRun *run);
static void store_results(CallRun *run, Portal portal, int partition);

RddCall *
rdd_call_of(const RddStep *step, int ncursors, bool with_index)
{
	const Const *function = linitial_node(Const, step->args);
	RddCall    *call;

	if (function->constisnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the function of barks.rdd_%s must not be null", step->name)));
	call = rdd_call_of_function(step->name, DatumGetObjectId(function->constvalue), ncursors, with_index);
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

/* Call the function for each partition. */
static void
run_call(CallRun *run, List *rdds)
{
	ListCell   *lc;

	run->nfeeds = list_length(rdds);
	run->feeds = palloc0(run->nfeeds * sizeof(Feed));
	foreach(lc, rdds)
		open_feed(&run->feeds[foreach_current_index(lc)], run->call->operation, lfirst(lc), foreach_current_index(lc) + 1);
	for (int partition = 0; partition < run->npartitions; partition++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < run->nfeeds; i++)
		{
			fill_feed(&run->feeds[i], partition);
			open_cursor(&run->feeds[i]);
		}
		call_function(run, partition);
		for (int i = 0; i < run->nfeeds; i++)
		{
			Feed	   *feed = &run->feeds[i];

			/* the function may have closed it */
			if (GetPortalByName(feed->cursor->name) == feed->cursor)
				SPI_cursor_close(feed->cursor);
			SPI_unregister_relation(feed->name);
			tuplestore_end(feed->store);
			MemoryContextReset(feed->context);
		}
	}
	for (int i = 0; i < run->nfeeds; i++)
		SPI_cursor_close(run->feeds[i].portal);
}

static void
open_feed(Feed *feed, const char *operation, const Rdd *rdd, int number)
{
	RddQuery	query = {.in_order = true, .by_partition = true, .purpose = operation};
	List	   *names = rdd_column_names(rdd_last(rdd)->shape);
	ListCell   *lcn;
	ListCell   *lcl;

	feed->name = psprintf("barks_partition_%d", number);
	feed->desc = CreateTemplateTupleDesc(list_length(names));
	forboth(lcn, names, lcl, rdd_shape_columns(rdd_last(rdd)->shape))
	{
		const RddShape *shape = ((RddLeaf *) lfirst(lcl))->shape;
		int			n = foreach_current_index(lcn) + 1;

		TupleDescInitEntry(feed->desc, n, lfirst(lcn), shape->type, shape->typmod, 0);
		TupleDescInitEntryCollation(feed->desc, n, shape->collation);
	}
	feed->portal = rdd_open(rdd, "", NIL, &query);
	feed->context = AllocSetContextCreate(CurrentMemoryContext, "barks partition", ALLOCSET_DEFAULT_SIZES);
}

/* Rows of the partition become a relation that the cursor's query finds by its name. */
static void
fill_feed(Feed *feed, int partition)
{
	int			natts = feed->desc->natts;
	MemoryContext before = MemoryContextSwitchTo(feed->context);
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));
	Datum	   *values = palloc((natts + 1) * sizeof(Datum));
	bool	   *nulls = palloc((natts + 1) * sizeof(bool));

	feed->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(before);
	for (; next_row(feed); feed->next++)
	{
		heap_deform_tuple(feed->rows->vals[feed->next], feed->rows->tupdesc, values, nulls);
		if (DatumGetInt32(values[natts]) != partition)
			break;
		tuplestore_putvalues(feed->store, feed->desc, values, nulls);
	}
	relation->md.name = (char *) feed->name;
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = feed->desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = tuplestore_tuple_count(feed->store);
	relation->reldata = feed->store;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the rows of a partition");
}

/* Is there a row at feed->next? */
static bool
next_row(Feed *feed)
{
	if (feed->rows && feed->next < feed->nrows)
		return true;
	if (feed->rows && feed->nrows == 0)
		return false;
	if (feed->rows)
		SPI_freetuptable(feed->rows);
	SPI_cursor_fetch(feed->portal, true, FETCH_ROWS);
	feed->rows = SPI_tuptable;
	feed->nrows = SPI_processed;
	feed->next = 0;
	return feed->nrows > 0;
}

static void
open_cursor(Feed *feed)
{
	if (!feed->plan)
	{
		feed->plan = SPI_prepare(psprintf("SELECT * FROM %s", feed->name), 0, NULL);
		if (!feed->plan)
			elog(ERROR, "could not prepare a cursor on a partition: %s", SPI_result_code_string(SPI_result));
	}
	feed->cursor = SPI_cursor_open(NULL, feed->plan, NULL, NULL, false);
}

static void
call_function(CallRun *run, int partition)
{
	int			first = run->call->with_index ? 1 : 0;
	int			nargs = run->nfeeds + first;
	Datum	   *values = palloc(nargs * sizeof(Datum));
	Portal		portal;

	if (!run->plan)
	{
		Oid		   *types = palloc(nargs * sizeof(Oid));
		StringInfoData sql;

		initStringInfo(&sql);
		appendStringInfo(&sql, "SELECT r.* FROM %s(",
						 quote_qualified_identifier(get_namespace_name(get_func_namespace(run->call->function)),
													get_func_name(run->call->function)));
		for (int i = 0; i < nargs; i++)
		{
			types[i] = i < first ? INT4OID : REFCURSOROID;
			appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
		}
		appendStringInfoString(&sql, ") AS r");
		run->plan = SPI_prepare(sql.data, nargs, types);
		if (!run->plan)
			elog(ERROR, "could not prepare a call over partitions: %s", SPI_result_code_string(SPI_result));
	}
	if (first > 0)
		values[0] = Int32GetDatum(partition);
	for (int i = 0; i < run->nfeeds; i++)
		values[first + i] = CStringGetTextDatum(run->feeds[i].cursor->name);
	portal = SPI_cursor_open(NULL, run->plan, values, NULL, false);
	store_results(run, portal, partition);
	SPI_cursor_close(portal);
}

static void
store_results(CallRun *run, Portal portal, int partition)
{
	int			natts = run->result ? run->desc->natts : 0;
	Datum	   *values = palloc(Max(natts, 2) * sizeof(Datum));
	bool	   *nulls = palloc0(Max(natts, 2) * sizeof(bool));

	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		for (uint64 i = 0; run->result && i < SPI_processed; i++)
		{
			values[0] = Int32GetDatum(partition);
			values[1] = Int64GetDatum(run->count++);
			heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values + 2, nulls + 2);
			tuplestore_putvalues(run->result, run->desc, values, nulls);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
}

/* rdd_call_partitions(f, with_index, VARIADIC inputs): what queries of RDDs call */
Datum
barks_rdd_call_partitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CallRun		run = {NULL};
	List	   *rdds = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), rdd_type(), -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an RDD must not be null")));
		rdds = lappend(rdds, (void *) rdd_check_again(rdd_from_datum(values[i])));
		run.npartitions = Max(run.npartitions, rdd_last(llast(rdds))->partitions);
	}
	run.call = rdd_call_of_function("map_partitions", PG_GETARG_OID(0), count, PG_GETARG_BOOL(1));
	run.result = rsinfo->setResult;
	run.desc = rsinfo->setDesc;
	check_result(&run);
	run_call(&run, rdds);
	SPI_finish();
	return (Datum) 0;
}

/* Whoever calls it lists the columns. */
static void
check_result(const CallRun *run)
{
	List	   *leaves = run->call->shape ? rdd_shape_columns(run->call->shape) : NIL;
	bool		fits = run->desc->natts == list_length(leaves) + 2 &&
		TupleDescAttr(run->desc, 0)->atttypid == INT4OID && TupleDescAttr(run->desc, 1)->atttypid == INT8OID;
	ListCell   *lc;

	foreach(lc, leaves)
	{
		fits = fits && TupleDescAttr(run->desc, foreach_current_index(lc) + 2)->atttypid ==
			((RddLeaf *) lfirst(lc))->shape->type;
	}
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function %s does not give the columns that are asked for",
						format_procedure(run->call->function))));
}

/* foreach(r, f): for what f does */
Datum
barks_rdd_foreach(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_of_call(fcinfo);
	RddQuery	query = {.in_order = true};
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_fill(rdd);
	portal = rdd_open(rdd, "", NIL, &query);
	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
	PG_RETURN_VOID();
}

/* foreach_partition(r, f): what f gives is not kept */
Datum
barks_rdd_foreach_partition(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd;
	CallRun		run = {NULL};

	rdd_expect_arguments(fcinfo);
	rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	run.call = rdd_call_of_function("foreach_partition", PG_GETARG_OID(1), 1, false);
	run.npartitions = rdd_last(rdd)->partitions;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_fill(rdd);
	run_call(&run, list_make1((void *) rdd));
	SPI_finish();
	PG_RETURN_VOID();
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
	MemoryContextSwitchTo(caller);
	name = cstring_to_text(portal->name);
	SPI_finish();
	PG_RETURN_TEXT_P(name);
}
