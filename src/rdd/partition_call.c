/*-------------------------------------------------------------------------
 * partition_call.c
 *	  rdd_call_partition: a user's function over the elements of each partition.
 *
 * The elements of a partition come to one task, one after another and in order, and
 * behind them a row without one, which even an empty partition has.  A function that
 * returns a set, in the target list, puts each element into the store of a cursor,
 * which goes to disk when it is large, and at the last row calls the user's function
 * with the names of the cursors and gives its rows.  So nothing but one partition is
 * held at a time, on a node or, where nodes cannot have the function, on the driver.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/execdesc.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "rdd/calls.h"

PG_FUNCTION_INFO_V1(barks_rdd_call_partition);
PG_FUNCTION_INFO_V1(barks_rdd_call_field);

#define MAX_PORTAL_NAME	64
/* The first of the elements' columns among the arguments. */
#define FIRST_VALUE		7

enum CallArgument
{
	ARG_FUNCTION,
	ARG_KEEPS,					/* are the rows of the function wanted? */
	ARG_WIDTHS,					/* how many columns each input has */
	ARG_NAMES,					/* of the columns */
	ARG_PARTITION,
	ARG_INPUT,					/* which one the element is of; after the last one: there are no more */
	ARG_NUMBER					/* of the row in the partition, from 1 */
};

typedef struct CallInput
{
	TupleDesc	desc;
	int			first;			/* the number of its first column */
	Portal		portal;			/* of the partition that is being read; NULL: no element yet */
	char		name[MAX_PORTAL_NAME];	/* by which it can be told whether it is still there */
} CallInput;

/* Of a call in a query, over all rows. */
typedef struct CallState
{
	MemoryContext context;
	const RddCall *call;
	bool		keeps;
	int			ninputs;
	CallInput  *inputs;
	int			partition;
	int64		number;			/* of its rows that came */
	bool		watched;		/* stop_call is registered */

	PlannedStmt *plan;			/* SELECT * FROM function($1, …) */
	ParamListInfo params;
	FmgrInfo   *send;			/* of its columns */
	Tuplestorestate *result;	/* of the partition; NULL: its rows are being read */
	TupleTableSlot *slot;
	int64		nresults;		/* given so far */
} CallState;

/* Of a call of barks.rdd_call_field. */
typedef struct FieldReader
{
	FmgrInfo	receive;
	Oid			ioparam;
} FieldReader;

static CallState *call_state(FunctionCallInfo fcinfo);
static CallState *make_state(FunctionCallInfo fcinfo);
static void check_argument(FunctionCallInfo fcinfo, int number);
static void read_row(CallState *state, FunctionCallInfo fcinfo);
static void put_element(CallState *state, FunctionCallInfo fcinfo, CallInput *input);
static void open_portal(CallInput *input);
static void run_function(CallState *state);
static void plan_call(CallState *state);
static Query *call_query(const CallState *state);
static bool next_result(CallState *state, Datum *result);
static Datum packed_row(CallState *state);
static void close_partition(CallState *state);
static void stop_call(Datum arg);

/* (f, keeps, widths, names, partition, input, number, columns …): rows of f, for barks.rdd_call_field() */
Datum
barks_rdd_call_partition(PG_FUNCTION_ARGS)
{
	CallState  *state = call_state(fcinfo);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		result;

	if (state->result == NULL)
	{
		read_row(state, fcinfo);
		if (state->result == NULL)
		{
			rsinfo->isDone = ExprEndResult;
			PG_RETURN_NULL();
		}
	}
	if (next_result(state, &result))
	{
		rsinfo->isDone = ExprMultipleResult;
		return result;
	}
	close_partition(state);
	rsinfo->isDone = ExprEndResult;
	PG_RETURN_NULL();
}

/* It lives as long as the expression. */
static CallState *
call_state(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CallState  *state = fcinfo->flinfo->fn_extra;

	rdd_expect_set_wanted(fcinfo);
	if (state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		state = make_state(fcinfo);
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = state;
	}
	if (!state->watched)
	{
		RegisterExprContextCallback(rsinfo->econtext, stop_call, PointerGetDatum(state));
		state->watched = true;
	}
	return state;
}

static CallState *
make_state(FunctionCallInfo fcinfo)
{
	CallState  *state = palloc0(sizeof(CallState));
	Oid			function;
	Oid		   *types;
	int			nargs;
	Datum	   *widths;
	Datum	   *names;
	int			nnames;
	int			column = 0;

	for (int i = 0; i < FIRST_VALUE; i++)
		check_argument(fcinfo, i);
	if (fcinfo->flinfo->fn_expr == NULL || !IsA(fcinfo->flinfo->fn_expr, FuncExpr))
		elog(ERROR, "cannot tell the types of the elements of a partition");
	function = PG_GETARG_OID(ARG_FUNCTION);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_WIDTHS), INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &widths, NULL, &state->ninputs);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_NAMES), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &nnames);
	state->context = CurrentMemoryContext;
	state->keeps = PG_GETARG_BOOL(ARG_KEEPS);
	(void) get_func_signature(function, &types, &nargs);
	state->call = rdd_call_of_function("map_partitions", function, state->ninputs, nargs == state->ninputs + 1);
	state->inputs = palloc0(state->ninputs * sizeof(CallInput));
	for (int i = 0; i < state->ninputs; i++)
	{
		CallInput  *input = &state->inputs[i];
		int			width = DatumGetInt32(widths[i]);

		if (width < 0 || width > Min(nnames, PG_NARGS() - FIRST_VALUE) - column)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("columns of elements do not fit the arguments")));
		input->desc = CreateTemplateTupleDesc(width);
		input->first = column;
		for (int k = 0; k < width; k++, column++)
		{
			Node	   *value = list_nth(((FuncExpr *) fcinfo->flinfo->fn_expr)->args, FIRST_VALUE + column);

			TupleDescInitEntry(input->desc, k + 1, TextDatumGetCString(names[column]), exprType(value), exprTypmod(value), 0);
			TupleDescInitEntryCollation(input->desc, k + 1, exprCollation(value));
		}
	}
	plan_call(state);
	return state;
}

static void
check_argument(FunctionCallInfo fcinfo, int number)
{
	if (number >= PG_NARGS() || PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a partition's function and number must not be null")));
}

/* An element, or the end of a partition: then its function is called. */
static void
read_row(CallState *state, FunctionCallInfo fcinfo)
{
	int			partition;
	int			input;

	for (int i = ARG_PARTITION; i < FIRST_VALUE; i++)
		check_argument(fcinfo, i);
	partition = PG_GETARG_INT32(ARG_PARTITION);
	input = PG_GETARG_INT32(ARG_INPUT);
	/* rows that do not come as they should would go to the wrong partition */
	if (PG_GETARG_INT64(ARG_NUMBER) != state->number + 1 || (state->number > 0 && partition != state->partition) ||
		input < 0 || input > state->ninputs)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("elements of partition %d do not come in order", partition)));
	state->partition = partition;
	state->number++;
	if (input < state->ninputs)
		put_element(state, fcinfo, &state->inputs[input]);
	else
		run_function(state);
}

static void
put_element(CallState *state, FunctionCallInfo fcinfo, CallInput *input)
{
	int			natts = input->desc->natts;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *nulls = palloc(natts * sizeof(bool));
	MemoryContext old;

	if (input->portal == NULL)
		open_portal(input);
	for (int i = 0; i < natts; i++)
	{
		values[i] = PG_GETARG_DATUM(FIRST_VALUE + input->first + i);
		nulls[i] = PG_ARGISNULL(FIRST_VALUE + input->first + i);
	}
	old = MemoryContextSwitchTo(input->portal->holdContext);
	tuplestore_putvalues(input->portal->holdStore, input->desc, values, nulls);
	MemoryContextSwitchTo(old);
	pfree(values);
	pfree(nulls);
}

/* As a cursor WITH HOLD is after its transaction: rows in a store, and no query. */
static void
open_portal(CallInput *input)
{
	Portal		portal = CreateNewPortal();
	MemoryContext old = MemoryContextSwitchTo(portal->portalContext);

	portal->visible = false;
	portal->sourceText = pstrdup("");
	portal->commandTag = CMDTAG_SELECT;
	portal->cursorOptions = CURSOR_OPT_NO_SCROLL;
	portal->strategy = PORTAL_ONE_SELECT;
	portal->tupDesc = CreateTupleDescCopy(input->desc);
	PortalCreateHoldStore(portal);
	portal->status = PORTAL_READY;
	portal->atStart = true;
	portal->atEnd = false;
	portal->portalPos = 0;
	MemoryContextSwitchTo(old);
	input->portal = portal;
	strlcpy(input->name, portal->name, sizeof(input->name));
}

static void
run_function(CallState *state)
{
	int			first = state->call->with_index ? 1 : 0;
	MemoryContext old = MemoryContextSwitchTo(state->context);
	DestReceiver *receiver = None_Receiver;
	QueryDesc  *query;

	if (first > 0)
		state->params->params[0].value = Int32GetDatum(state->partition);
	for (int i = 0; i < state->ninputs; i++)
	{
		CallInput  *input = &state->inputs[i];

		if (input->portal == NULL)
			open_portal(input);
		state->params->params[first + i].value = CStringGetTextDatum(input->name);
	}
	state->result = tuplestore_begin_heap(false, false, work_mem);
	state->nresults = 0;
	if (state->keeps)
	{
		receiver = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(receiver, state->result, state->context, false, NULL, NULL);
	}
	MemoryContextSwitchTo(old);
	query = CreateQueryDesc(state->plan, "", GetActiveSnapshot(), InvalidSnapshot, receiver, state->params, NULL, 0);
	ExecutorStart(query, 0);
	if (state->slot == NULL)
	{
		old = MemoryContextSwitchTo(state->context);
		state->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(query->tupDesc), &TTSOpsMinimalTuple);
		MemoryContextSwitchTo(old);
	}
	ExecutorRun(query, ForwardScanDirection, 0, true);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	if (state->keeps)
		receiver->rDestroy(receiver);
	for (int i = 0; i < state->ninputs; i++)
	{
		pfree(DatumGetPointer(state->params->params[first + i].value));
		state->params->params[first + i].value = (Datum) 0;
	}
}

static void
plan_call(CallState *state)
{
	int			first = state->call->with_index ? 1 : 0;
	int			nargs = state->ninputs + first;
	Query	   *query = call_query(state);

	state->params = makeParamList(nargs);
	for (int i = 0; i < nargs; i++)
	{
		state->params->params[i].ptype = i < first ? INT4OID : REFCURSOROID;
		state->params->params[i].pflags = 0;
		state->params->params[i].isnull = false;
	}
	state->send = palloc0(list_length(query->targetList) * sizeof(FmgrInfo));
	for (int i = 0; state->keeps && i < list_length(query->targetList); i++)
	{
		Oid			function;
		bool		varlena;

		getTypeBinaryOutputInfo(exprType((Node *) list_nth_node(TargetEntry, query->targetList, i)->expr),
								&function, &varlena);
		fmgr_info(function, &state->send[i]);
	}
	state->plan = pg_plan_query(query, "", 0, NULL);
}

/* No text, so that nobody needs a right to look for the function's name. */
static Query *
call_query(const CallState *state)
{
	Oid			function = state->call->function;
	Query	   *query = makeNode(Query);
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblFunction *in_from = makeNode(RangeTblFunction);
	RangeTblRef *ref = makeNode(RangeTblRef);
	List	   *args = NIL;
	List	   *names = NIL;
	int			first = state->call->with_index ? 1 : 0;
	Oid			type = get_func_rettype(function);
	TupleDesc	desc = NULL;

	for (int i = 0; i < state->ninputs + first; i++)
	{
		Param	   *param = makeNode(Param);

		param->paramkind = PARAM_EXTERN;
		param->paramid = i + 1;
		param->paramtype = i < first ? INT4OID : REFCURSOROID;
		param->paramtypmod = -1;
		param->location = -1;
		args = lappend(args, param);
	}
	in_from->funcexpr = (Node *) makeFuncExpr(function, type, args, get_typcollation(type), InvalidOid,
											  COERCE_EXPLICIT_CALL);
	((FuncExpr *) in_from->funcexpr)->funcretset = get_func_retset(function);
	if (get_expr_result_type(in_from->funcexpr, NULL, &desc) != TYPEFUNC_COMPOSITE)
		desc = NULL;
	in_from->funccolcount = desc ? desc->natts : 1;
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	for (int i = 0; i < in_from->funccolcount; i++)
	{
		Form_pg_attribute attr = desc ? TupleDescAttr(desc, i) : NULL;
		char	   *name = attr ? pstrdup(NameStr(attr->attname)) : "x";
		Var		   *var = attr ? makeVar(1, i + 1, attr->atttypid, attr->atttypmod, attr->attcollation, 0)
			: makeVar(1, 1, type, -1, get_typcollation(type), 0);

		names = lappend(names, makeString(attr && attr->attisdropped ? "" : name));
		if (attr == NULL || !attr->attisdropped)
			query->targetList = lappend(query->targetList,
										makeTargetEntry((Expr *) var, list_length(query->targetList) + 1, name, false));
	}
	rte->rtekind = RTE_FUNCTION;
	rte->functions = list_make1(in_from);
	rte->eref = makeAlias("r", names);
	rte->inFromCl = true;
	ref->rtindex = 1;
	query->rtable = list_make1(rte);
	query->jointree = makeFromExpr(list_make1(ref), NULL);
	return query;
}

static bool
next_result(CallState *state, Datum *result)
{
	if (!state->keeps || !tuplestore_gettupleslot(state->result, true, false, state->slot))
		return false;
	state->nresults++;
	*result = packed_row(state);
	return true;
}

/* The row's number in the partition, and its columns: of each the size, -1 for NULL, and what its type sends. */
static Datum
packed_row(CallState *state)
{
	int			natts = state->slot->tts_tupleDescriptor->natts;
	StringInfoData buf;

	slot_getallattrs(state->slot);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, sizeof(int64));
	pq_sendint64(&buf, state->nresults);
	for (int i = 0; i < natts; i++)
	{
		bytea	   *value;

		if (state->slot->tts_isnull[i])
		{
			pq_sendint32(&buf, -1);
			continue;
		}
		value = SendFunctionCall(&state->send[i], state->slot->tts_values[i]);
		pq_sendint32(&buf, VARSIZE(value) - VARHDRSZ);
		pq_sendbytes(&buf, VARDATA(value), VARSIZE(value) - VARHDRSZ);
		pfree(value);
	}
	return PointerGetDatum(pq_endtypsend(&buf));
}

/* (row, number, anyelement) → anyelement: a column of a packed row, from 1 on; the first is its number */
Datum
barks_rdd_call_field(PG_FUNCTION_ARGS)
{
	FieldReader *reader = fcinfo->flinfo->fn_extra;
	bytea	   *bytes;
	StringInfoData buf = {0};
	StringInfoData value;
	int			size = -1;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (reader == NULL)
	{
		Oid			function;

		reader = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FieldReader));
		getTypeBinaryInputInfo(get_fn_expr_argtype(fcinfo->flinfo, 2), &function, &reader->ioparam);
		fmgr_info_cxt(function, &reader->receive, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = reader;
	}
	bytes = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(bytes);
	buf.len = VARSIZE_ANY_EXHDR(bytes);
	for (int i = 0; i < PG_GETARG_INT32(1); i++)
	{
		if (size > 0)
			(void) pq_getmsgbytes(&buf, size);
		size = (int) pq_getmsgint(&buf, 4);
	}
	if (size < 0)
		PG_RETURN_NULL();
	initStringInfo(&value);
	appendBinaryStringInfo(&value, pq_getmsgbytes(&buf, size), size);
	PG_RETURN_DATUM(ReceiveFunctionCall(&reader->receive, &value, reader->ioparam, -1));
}

/* The function may have closed its cursors. */
static void
close_partition(CallState *state)
{
	for (int i = 0; i < state->ninputs; i++)
	{
		CallInput  *input = &state->inputs[i];

		if (input->portal && GetPortalByName(input->name) == input->portal)
			PortalDrop(input->portal, false);
		input->portal = NULL;
	}
	if (state->slot)
		ExecClearTuple(state->slot);
	if (state->result)
		tuplestore_end(state->result);
	state->result = NULL;
	state->number = 0;
}

/* The query ends, or begins anew. */
static void
stop_call(Datum arg)
{
	CallState  *state = (CallState *) DatumGetPointer(arg);

	close_partition(state);
	state->watched = false;
}
