/*-------------------------------------------------------------------------
 * combine_agg.c
 *	  The aggregate barks.rdd_combine(program, values…).
 *
 * A program (job/program.h) is four SELECTs of expressions over columns.  They are
 * analyzed once for each call site, with the rights of whoever runs the query, and
 * evaluated over a virtual tuple.  A state is but the values of its columns, in
 * memory and on the way to another node: whoever merges states knows the program
 * of the call.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/nodeAgg.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "job/program.h"

PG_FUNCTION_INFO_V1(barks_rdd_combine_step);
PG_FUNCTION_INFO_V1(barks_rdd_combine_merge);
PG_FUNCTION_INFO_V1(barks_rdd_combine_serialize);
PG_FUNCTION_INFO_V1(barks_rdd_combine_deserialize);
PG_FUNCTION_INFO_V1(barks_rdd_combine_final);
PG_FUNCTION_INFO_V1(barks_rdd_field);

/* A column as bytes: its size, or one of these. */
#define SIZE_FOLLOWS	0xFE	/* in the next four bytes */
#define SIZE_OF_NULL	0xFF

/* One SELECT of a program. */
typedef struct Part
{
	bool		exists;
	List	   *exprs;			/* ExprState *, a column of the state each */
	TupleTableSlot *slot;		/* what they read; NULL for the zero, or a part that is not there */
} Part;

typedef struct ColumnType
{
	Oid			type;
	int16		length;
	bool		by_value;
	bool		plain;			/* travels as it is in memory */
	FmgrInfo	send;
	FmgrInfo	receive;
	Oid			ioparam;
} ColumnType;

/* A program made ready, in the memory of a call site. */
typedef struct Program
{
	struct varlena *source;		/* the array that it was made of */
	bool		is_constant;	/* all rows of the call have the same one */
	int			ncolumns;
	ColumnType *columns;		/* of the state */
	Part		parts[PROGRAM_PARTS];
	bool		fits_values;	/* those that the call site gives: checked */
	ExprContext *econtext;
	Datum	   *values;			/* room for a state's columns */
	bool	   *nulls;
} Program;

/* In the aggregate's memory: values, and behind them for each whether it is null. */
typedef Datum CombineState;

static Program *make_program(FunctionCallInfo fcinfo, struct varlena *array);
static Program *made_program(FunctionCallInfo fcinfo);
static Program *merging_program(FunctionCallInfo fcinfo);
static const Aggref *first_phase(const Plan *plan, const Expr *expr);
static void prepare_part(Program *program, int number, Query *query);
static void check_state_columns(Program *program, int number);
static void set_types(Program *program, List *exprs);
static void set_type(ColumnType *column, Oid type);
static CombineState *make_state(Program *program, MemoryContext context);
static bool *nulls_of(const Program *program, CombineState *state);
static void set_column(Program *program, CombineState *state, int number, Datum value, bool isnull,
					   MemoryContext context);
static void evaluate(Program *program, int part, CombineState *state, MemoryContext context);
static void check_values(Program *program, FunctionCallInfo fcinfo);
static bool has_type(Program *program, int part, int column, Oid type);
static void read_values(TupleTableSlot *slot, int from, FunctionCallInfo fcinfo);
static bytea *columns_to_bytes(Program *program, CombineState *state);
static void append_column(StringInfo buf, ColumnType *column, Datum value, bool isnull);
static int	read_size(StringInfo buf);
static Datum read_column(StringInfo buf, ColumnType *column, int size);
static MemoryContext aggregate_context(FunctionCallInfo fcinfo);

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;
	int			kind = AggCheckCallContext(fcinfo, &context);

	if (kind == AGG_CONTEXT_WINDOW)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.rdd_combine cannot be used as a window function")));
	if (kind != AGG_CONTEXT_AGGREGATE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the functions of barks.rdd_combine can only be called by it")));
	return context;
}

/* rdd_combine_step(internal, program text[], VARIADIC "any") */
Datum
barks_rdd_combine_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CombineState *state = PG_ARGISNULL(0) ? NULL : (CombineState *) PG_GETARG_POINTER(0);
	Program    *program = fcinfo->flinfo->fn_extra;
	int			part = PROGRAM_ADD;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a program of barks.rdd_combine must not be null")));
	if (!program)
		program = make_program(fcinfo, PG_GETARG_VARLENA_P(1));
	else if (!program->is_constant &&
			 !datumIsEqual(PointerGetDatum(program->source), PointerGetDatum(PG_GETARG_VARLENA_P(1)), false, -1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one call of barks.rdd_combine has several programs")));
	if (!program->fits_values)
		check_values(program, fcinfo);
	if (!state)
	{
		state = make_state(program, context);
		if (program->parts[PROGRAM_ZERO].exists)
			evaluate(program, PROGRAM_ZERO, state, context);
		else
			part = PROGRAM_FIRST;
	}
	if (part == PROGRAM_FIRST && !program->parts[PROGRAM_FIRST].exists)
	{
		/* the first value is the state */
		if (PG_NARGS() - 2 != program->ncolumns)
			program_refuse();
		for (int i = 0; i < program->ncolumns; i++)
			set_column(program, state, i, PG_GETARG_DATUM(i + 2), PG_ARGISNULL(i + 2), context);
		PG_RETURN_POINTER(state);
	}
	read_values(program->parts[part].slot, part == PROGRAM_ADD ? program->ncolumns : 0, fcinfo);
	evaluate(program, part, state, context);
	PG_RETURN_POINTER(state);
}

/* Whoever calls the aggregate gives both the program and the values. */
static void
check_values(Program *program, FunctionCallInfo fcinfo)
{
	bool		starts = program->parts[PROGRAM_ZERO].exists || program->parts[PROGRAM_FIRST].exists;

	for (int i = 2; i < PG_NARGS(); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (!has_type(program, PROGRAM_ADD, program->ncolumns + i - 2, type) ||
			(program->parts[PROGRAM_FIRST].exists && !has_type(program, PROGRAM_FIRST, i - 2, type)) ||
			(!starts && (i - 2 >= program->ncolumns || program->columns[i - 2].type != type)))
			program_refuse();
	}
	program->fits_values = true;
}

/* Does that part read a column of the type there? */
static bool
has_type(Program *program, int part, int column, Oid type)
{
	TupleTableSlot *slot = program->parts[part].slot;

	return slot && column < slot->tts_tupleDescriptor->natts &&
		TupleDescAttr(slot->tts_tupleDescriptor, column)->atttypid == type;
}

static void
read_values(TupleTableSlot *slot, int from, FunctionCallInfo fcinfo)
{
	if (slot->tts_tupleDescriptor->natts != from + PG_NARGS() - 2)
		program_refuse();
	for (int i = 2; i < PG_NARGS(); i++)
	{
		slot->tts_values[from + i - 2] = PG_GETARG_DATUM(i);
		slot->tts_isnull[from + i - 2] = PG_ARGISNULL(i);
	}
}

/* rdd_combine_merge(internal, internal): a state and bytes */
Datum
barks_rdd_combine_merge(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CombineState *into = PG_ARGISNULL(0) ? NULL : (CombineState *) PG_GETARG_POINTER(0);
	Program    *program;
	StringInfoData buf;
	TupleTableSlot *slot;
	bytea	   *from;

	if (PG_ARGISNULL(1))
	{
		if (!into)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	from = (bytea *) PG_GETARG_POINTER(1);
	program = merging_program(fcinfo);
	slot = program->parts[PROGRAM_MERGE].slot;
	buf.data = VARDATA_ANY(from);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(from);
	buf.cursor = 0;
	for (int i = 0; i < program->ncolumns; i++)
	{
		int			size = read_size(&buf);

		slot->tts_isnull[program->ncolumns + i] = size < 0;
		slot->tts_values[program->ncolumns + i] = size < 0 ? (Datum) 0 : read_column(&buf, &program->columns[i], size);
	}
	pq_getmsgend(&buf);
	if (into)
	{
		evaluate(program, PROGRAM_MERGE, into, context);
		PG_RETURN_POINTER(into);
	}
	into = make_state(program, context);
	for (int i = 0; i < program->ncolumns; i++)
		set_column(program, into, i, slot->tts_values[program->ncolumns + i],
				   slot->tts_isnull[program->ncolumns + i], context);
	PG_RETURN_POINTER(into);
}

/* The state's columns become what the part says; other columns of its slot are set. */
static void
evaluate(Program *program, int part, CombineState *state, MemoryContext context)
{
	ExprContext *econtext = program->econtext;
	TupleTableSlot *slot = program->parts[part].slot;
	int			ncolumns = program->ncolumns;
	ListCell   *lc;

	if (part == PROGRAM_ADD || part == PROGRAM_MERGE)
	{
		memcpy(slot->tts_values, state, ncolumns * sizeof(Datum));
		memcpy(slot->tts_isnull, nulls_of(program, state), ncolumns * sizeof(bool));
	}
	if (slot)
	{
		slot->tts_flags &= ~TTS_FLAG_EMPTY;
		slot->tts_nvalid = slot->tts_tupleDescriptor->natts;
		econtext->ecxt_scantuple = slot;
	}
	foreach(lc, program->parts[part].exprs)
	{
		int			i = foreach_current_index(lc);

		program->values[i] = ExecEvalExprSwitchContext(lfirst(lc), econtext, &program->nulls[i]);
	}
	for (int i = 0; i < ncolumns; i++)
		set_column(program, state, i, program->values[i], program->nulls[i], context);
	ResetExprContext(econtext);
}

/* All columns null. */
static CombineState *
make_state(Program *program, MemoryContext context)
{
	CombineState *state = MemoryContextAlloc(context, program->ncolumns * (sizeof(Datum) + sizeof(bool)));

	memset(nulls_of(program, state), true, program->ncolumns * sizeof(bool));
	return state;
}

static bool *
nulls_of(const Program *program, CombineState *state)
{
	return (bool *) (state + program->ncolumns);
}

static void
set_column(Program *program, CombineState *state, int number, Datum value, bool isnull, MemoryContext context)
{
	ColumnType *column = &program->columns[number];
	bool	   *nulls = nulls_of(program, state);
	Datum		old = state[number];
	bool		frees = !column->by_value && !nulls[number];

	if (!isnull && !column->by_value)
	{
		MemoryContext before = MemoryContextSwitchTo(context);

		value = datumCopy(value, false, column->length);
		MemoryContextSwitchTo(before);
	}
	state[number] = value;
	nulls[number] = isnull;
	if (frees)
		pfree(DatumGetPointer(old));
}

/* ---------------- the program of a call site ---------------- */

static Program *
make_program(FunctionCallInfo fcinfo, struct varlena *array)
{
	MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	Program    *program = palloc0(sizeof(Program));
	const Aggref *aggref = AggGetAggref(fcinfo);
	EState	   *estate = CreateExecutorState();
	List	   *queries;

	program->source = (struct varlena *) PG_DETOAST_DATUM_COPY(PointerGetDatum(array));
	program->is_constant = aggref && program_of_call(aggref);
	program->econtext = CreateExprContext(estate);
	queries = program_parse(PointerGetDatum(program->source));
	for (int i = 0; i < PROGRAM_PARTS; i++)
	{
		/* what merges reads only columns of the state, and tells their types */
		int			number = (i + PROGRAM_MERGE) % PROGRAM_PARTS;

		if (list_nth(queries, number))
			prepare_part(program, number, list_nth(queries, number));
	}
	fcinfo->flinfo->fn_extra = program;
	MemoryContextSwitchTo(before);
	return program;
}

/* That with which the aggregate made its states. */
static Program *
made_program(FunctionCallInfo fcinfo)
{
	AggState   *agg = (AggState *) fcinfo->context;

	if (fcinfo->flinfo->fn_extra)
		return fcinfo->flinfo->fn_extra;
	for (int i = 0; i < agg->numtrans; i++)
	{
		if (fcinfo->flinfo == &agg->pertrans[i].serialfn)
			fcinfo->flinfo->fn_extra = agg->pertrans[i].transfn.fn_extra;
	}
	for (int i = 0; i < agg->numaggs; i++)
	{
		if (fcinfo->flinfo == &agg->peragg[i].finalfn)
			fcinfo->flinfo->fn_extra = agg->pertrans[agg->peragg[i].transno].transfn.fn_extra;
	}
	if (!fcinfo->flinfo->fn_extra)
		elog(ERROR, "a state of barks.rdd_combine has no program");
	return fcinfo->flinfo->fn_extra;
}

/* In the second phase the aggregate's argument is a state; the program is that of the first phase. */
static Program *
merging_program(FunctionCallInfo fcinfo)
{
	const Aggref *aggref;
	const Const *program;

	if (fcinfo->flinfo->fn_extra)
		return fcinfo->flinfo->fn_extra;
	aggref = AggGetAggref(fcinfo);
	if (!aggref)
		elog(ERROR, "barks.rdd_combine merges outside of an aggregation");
	/* in a task of its own this phase has the program where other calls have a filter, see agg_split.c */
	program = (const Const *) aggref->aggfilter;
	if (!program)
		program = program_of_call(first_phase(((AggState *) fcinfo->context)->ss.ps.plan,
											  linitial_node(TargetEntry, aggref->args)->expr));
	if (!program || !IsA(program, Const))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.rdd_combine aggregates in two phases only with a constant program")));
	return make_program(fcinfo, (struct varlena *) DatumGetPointer(program->constvalue));
}

/* As EXPLAIN does, follow a column down to the aggregate that gives it. */
static const Aggref *
first_phase(const Plan *plan, const Expr *expr)
{
	while (plan && IsA(expr, Var))
	{
		const Var  *var = (const Var *) expr;
		List	   *columns;

		if (var->varno == INDEX_VAR && IsA(plan, CustomScan))
			columns = ((const CustomScan *) plan)->custom_scan_tlist;
		else
		{
			if (IsA(plan, Append))
				plan = linitial(((const Append *) plan)->appendplans);
			else if (IsA(plan, MergeAppend))
				plan = linitial(((const MergeAppend *) plan)->mergeplans);
			else if (IsA(plan, SubqueryScan))
				plan = ((const SubqueryScan *) plan)->subplan;
			else
				plan = plan->lefttree;
			columns = plan ? plan->targetlist : NIL;
		}
		if (var->varattno < 1 || var->varattno > list_length(columns))
			break;
		expr = list_nth_node(TargetEntry, columns, var->varattno - 1)->expr;
	}
	if (!IsA(expr, Aggref))
		elog(ERROR, "a state of barks.rdd_combine comes from nowhere");
	return (const Aggref *) expr;
}

static void
prepare_part(Program *program, int number, Query *query)
{
	RangeTblEntry *rte = query->rtable == NIL ? NULL : linitial_node(RangeTblEntry, query->rtable);
	List	   *exprs = NIL;
	ListCell   *lc;

	program->parts[number].exists = true;
	if (rte)
	{
		TupleDesc	desc = ExecTypeFromTL(rte->subquery->targetList);

		program->parts[number].slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	}
	foreach(lc, query->targetList)
		exprs = lappend(exprs, lfirst_node(TargetEntry, lc)->expr);
	if (!program->columns)
		set_types(program, exprs);
	check_state_columns(program, number);
	if (list_length(exprs) != program->ncolumns)
		program_refuse();
	foreach(lc, exprs)
	{
		if (exprType(lfirst(lc)) != program->columns[foreach_current_index(lc)].type)
			program_refuse();
		program->parts[number].exprs = lappend(program->parts[number].exprs,
											   ExecInitExpr(expression_planner(lfirst(lc)), NULL));
	}
}

/* What reads a state has its columns first; what merges two has them twice. */
static void
check_state_columns(Program *program, int number)
{
	int			nstates = number == PROGRAM_MERGE ? 2 : number == PROGRAM_ADD ? 1 : 0;
	TupleTableSlot *slot = program->parts[number].slot;

	if ((nstates > 0 || number == PROGRAM_FIRST) && !slot)
		program_refuse();
	if (number == PROGRAM_ZERO && slot)
		program_refuse();
	if (number == PROGRAM_MERGE && slot->tts_tupleDescriptor->natts != 2 * program->ncolumns)
		program_refuse();
	for (int i = 0; i < nstates * program->ncolumns; i++)
	{
		if (!has_type(program, number, i, program->columns[i % program->ncolumns].type))
			program_refuse();
	}
}

static void
set_types(Program *program, List *exprs)
{
	ListCell   *lc;

	program->ncolumns = list_length(exprs);
	program->columns = palloc0(program->ncolumns * sizeof(ColumnType));
	program->values = palloc(program->ncolumns * sizeof(Datum));
	program->nulls = palloc(program->ncolumns * sizeof(bool));
	foreach(lc, exprs)
		set_type(&program->columns[foreach_current_index(lc)], exprType(lfirst(lc)));
}

static void
set_type(ColumnType *column, Oid type)
{
	Oid			function;
	bool		varlena;

	column->type = type;
	get_typlenbyval(type, &column->length, &column->by_value);
	/* of these any bytes are a value */
	column->plain = column->by_value && (type == INT2OID || type == INT4OID || type == INT8OID ||
										 type == FLOAT4OID || type == FLOAT8OID);
	if (column->plain)
		return;
	getTypeBinaryOutputInfo(type, &function, &varlena);
	fmgr_info(function, &column->send);
	getTypeBinaryInputInfo(type, &function, &column->ioparam);
	fmgr_info(function, &column->receive);
}

/* ---------------- states as bytes ---------------- */

/* rdd_combine_final(internal) → bytea */
Datum
barks_rdd_combine_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(columns_to_bytes(made_program(fcinfo), (CombineState *) PG_GETARG_POINTER(0)));
}

/* rdd_combine_serialize(internal) → bytea: the same */
Datum
barks_rdd_combine_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(columns_to_bytes(made_program(fcinfo), (CombineState *) PG_GETARG_POINTER(0)));
}

/* rdd_combine_deserialize(bytea, internal) → internal: still bytes, as only merging knows the program */
Datum
barks_rdd_combine_deserialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(PG_GETARG_BYTEA_PP(0));
}

static bytea *
columns_to_bytes(Program *program, CombineState *state)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	for (int i = 0; i < program->ncolumns; i++)
		append_column(&buf, &program->columns[i], state[i], nulls_of(program, state)[i]);
	return pq_endtypsend(&buf);
}

static void
append_column(StringInfo buf, ColumnType *column, Datum value, bool isnull)
{
	bytea	   *bytes;
	int			size;

	if (isnull)
	{
		pq_sendbyte(buf, SIZE_OF_NULL);
		return;
	}
	if (column->plain)
	{
		Datum		plain;

		store_att_byval(&plain, value, column->length);
		pq_sendbyte(buf, column->length);
		pq_sendbytes(buf, (char *) &plain, column->length);
		return;
	}
	bytes = SendFunctionCall(&column->send, value);
	size = VARSIZE_ANY_EXHDR(bytes);
	if (size < SIZE_FOLLOWS)
		pq_sendbyte(buf, size);
	else
	{
		pq_sendbyte(buf, SIZE_FOLLOWS);
		pq_sendint32(buf, size);
	}
	pq_sendbytes(buf, VARDATA_ANY(bytes), size);
	pfree(bytes);
}

/* -1: null */
static int
read_size(StringInfo buf)
{
	int			size = pq_getmsgbyte(buf);

	if (size == SIZE_OF_NULL)
		return -1;
	if (size != SIZE_FOLLOWS)
		return size;
	size = (int) pq_getmsgint(buf, 4);
	if (size < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a column of a state of barks.rdd_combine has size %d", size)));
	return size;
}

/* In the current memory context. */
static Datum
read_column(StringInfo buf, ColumnType *column, int size)
{
	const char *bytes = pq_getmsgbytes(buf, size);
	StringInfoData value;

	if (column->plain)
	{
		Datum		plain;

		if (size != column->length)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("a column of a state of barks.rdd_combine has size %d", size)));
		memcpy(&plain, bytes, size);
		return fetch_att(&plain, true, column->length);
	}
	/* receive functions want bytes that end with a zero */
	initStringInfo(&value);
	appendBinaryStringInfo(&value, bytes, size);
	return ReceiveFunctionCall(&column->receive, &value, column->ioparam, -1);
}

/* rdd_field(state bytea, number int, anyelement) → anyelement: a column of a result */
Datum
barks_rdd_field(PG_FUNCTION_ARGS)
{
	ColumnType *column = fcinfo->flinfo->fn_extra;
	bytea	   *bytes;
	StringInfoData buf;
	int			number;
	int			size = -1;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!column)
	{
		MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		column = palloc0(sizeof(ColumnType));
		set_type(column, get_fn_expr_argtype(fcinfo->flinfo, 2));
		fcinfo->flinfo->fn_extra = column;
		MemoryContextSwitchTo(before);
	}
	bytes = PG_GETARG_BYTEA_PP(0);
	number = PG_GETARG_INT32(1);
	buf.data = VARDATA_ANY(bytes);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(bytes);
	buf.cursor = 0;
	for (int i = 0; i < Max(number, 1); i++)
	{
		if (size > 0)
			(void) pq_getmsgbytes(&buf, size);
		if (number < 1 || buf.cursor == buf.len)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a state of barks.rdd_combine has no field %d", number)));
		size = read_size(&buf);
	}
	if (size < 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(read_column(&buf, column, size));
}
