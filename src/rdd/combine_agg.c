/*-------------------------------------------------------------------------
 * combine_agg.c
 *	  The aggregate barks.rdd_combine(program, values…).
 *
 * A program is four SELECTs (combine.h), each of expressions over the columns of a
 * sub-select: first the state's columns, then the values'.  They are analyzed once
 * for each call site, with the rights of whoever runs the query, and evaluated
 * over a virtual tuple.  A state travels, and is the result, as its columns in
 * their types' binary form.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(barks_rdd_combine_step);
PG_FUNCTION_INFO_V1(barks_rdd_combine_merge);
PG_FUNCTION_INFO_V1(barks_rdd_combine_serialize);
PG_FUNCTION_INFO_V1(barks_rdd_combine_deserialize);
PG_FUNCTION_INFO_V1(barks_rdd_combine_final);
PG_FUNCTION_INFO_V1(barks_rdd_here);
PG_FUNCTION_INFO_V1(barks_rdd_field);

enum ProgramPart
{
	PART_ZERO,
	PART_FIRST,
	PART_ADD,
	PART_MERGE,
	NPARTS
};

/* One SELECT of a program. */
typedef struct Part
{
	List	   *exprs;			/* ExprState *, a column of the state each */
	TupleTableSlot *slot;		/* what they read; NULL for the zero, or a part that is not there */
} Part;

typedef struct ColumnType
{
	Oid			type;
	int16		length;
	bool		by_value;
	char		align;
	FmgrInfo	send;
	FmgrInfo	receive;
	Oid			ioparam;
} ColumnType;

/* A program made ready, in the memory of a call site. */
typedef struct Program
{
	text	   *source[NPARTS];
	bytea	   *flat;			/* the array that it was made of */
	int			ncolumns;
	ColumnType *columns;		/* of the state */
	Part		parts[NPARTS];
	bool		fits_values;	/* those that the call site gives: checked */
	ExprContext *econtext;
} Program;

/* In the aggregate's memory. */
typedef struct CombineState
{
	struct varlena *program;	/* the array, for whoever merges or sends it */
	int			ncolumns;
	Datum	   *values;
	bool	   *nulls;
	Program    *ready;			/* of the call site that made it */
} CombineState;

static Program *get_program(FunctionCallInfo fcinfo, struct varlena *array);
static void prepare_part(Program *program, int number, const char *sql, EState *estate);
static void check_state_columns(Program *program, int number);
static void set_types(Program *program, List *exprs);
static CombineState *make_state(Program *program, struct varlena *array, MemoryContext context);
static void evaluate(Program *program, int part, CombineState *state, MemoryContext context);
static void check_values(Program *program, FunctionCallInfo fcinfo);
static bool has_type(Program *program, int part, int column, Oid type);
static void refuse_program(void) pg_attribute_noreturn();
static void read_values(TupleTableSlot *slot, int from, FunctionCallInfo fcinfo);
static void append_columns(StringInfo buf, Program *program, const CombineState *state);
static MemoryContext aggregate_context(FunctionCallInfo fcinfo);

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
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
	Program    *program;
	int			part = PART_ADD;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a program of barks.rdd_combine must not be null")));
	program = get_program(fcinfo, state ? state->program : PG_GETARG_VARLENA_P(1));
	if (!program->fits_values)
		check_values(program, fcinfo);
	if (!state)
	{
		state = make_state(program, PG_GETARG_VARLENA_P(1), context);
		if (program->source[PART_ZERO])
			evaluate(program, PART_ZERO, state, context);
		else
			part = PART_FIRST;
	}
	if (part == PART_FIRST && !program->source[PART_FIRST])
	{
		/* the first value is the state */
		if (PG_NARGS() - 2 != program->ncolumns)
			refuse_program();
		for (int i = 0; i < program->ncolumns; i++)
		{
			MemoryContext before = MemoryContextSwitchTo(context);

			state->nulls[i] = PG_ARGISNULL(i + 2);
			if (!state->nulls[i])
				state->values[i] = datumCopy(PG_GETARG_DATUM(i + 2), program->columns[i].by_value,
											 program->columns[i].length);
			MemoryContextSwitchTo(before);
		}
		PG_RETURN_POINTER(state);
	}
	read_values(program->parts[part].slot, part == PART_ADD ? program->ncolumns : 0, fcinfo);
	evaluate(program, part, state, context);
	PG_RETURN_POINTER(state);
}

/* Whoever calls the aggregate gives both the program and the values. */
static void
check_values(Program *program, FunctionCallInfo fcinfo)
{
	bool		starts = program->source[PART_ZERO] || program->source[PART_FIRST];

	for (int i = 2; i < PG_NARGS(); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (!has_type(program, PART_ADD, program->ncolumns + i - 2, type) ||
			(program->source[PART_FIRST] && !has_type(program, PART_FIRST, i - 2, type)) ||
			(!starts && (i - 2 >= program->ncolumns || program->columns[i - 2].type != type)))
			refuse_program();
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
refuse_program(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid program of barks.rdd_combine")));
}

static void
read_values(TupleTableSlot *slot, int from, FunctionCallInfo fcinfo)
{
	if (slot->tts_tupleDescriptor->natts != from + PG_NARGS() - 2)
		refuse_program();
	for (int i = 2; i < PG_NARGS(); i++)
	{
		slot->tts_values[from + i - 2] = PG_GETARG_DATUM(i);
		slot->tts_isnull[from + i - 2] = PG_ARGISNULL(i);
	}
}

/* rdd_combine_merge(internal, internal) */
Datum
barks_rdd_combine_merge(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CombineState *into = PG_ARGISNULL(0) ? NULL : (CombineState *) PG_GETARG_POINTER(0);
	CombineState *from = PG_ARGISNULL(1) ? NULL : (CombineState *) PG_GETARG_POINTER(1);
	Program    *program;
	TupleTableSlot *slot;

	if (!from)
	{
		if (!into)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	program = get_program(fcinfo, from->program);
	if (!into)
	{
		MemoryContext before = MemoryContextSwitchTo(context);

		into = make_state(program, from->program, context);
		for (int i = 0; i < program->ncolumns; i++)
		{
			into->nulls[i] = from->nulls[i];
			if (!into->nulls[i])
				into->values[i] = datumCopy(from->values[i], program->columns[i].by_value,
											program->columns[i].length);
		}
		MemoryContextSwitchTo(before);
		PG_RETURN_POINTER(into);
	}
	slot = program->parts[PART_MERGE].slot;
	for (int i = 0; i < program->ncolumns; i++)
	{
		slot->tts_values[program->ncolumns + i] = from->values[i];
		slot->tts_isnull[program->ncolumns + i] = from->nulls[i];
	}
	evaluate(program, PART_MERGE, into, context);
	PG_RETURN_POINTER(into);
}

/* The state's columns become what the part says; other columns of its slot are set. */
static void
evaluate(Program *program, int part, CombineState *state, MemoryContext context)
{
	ExprContext *econtext = program->econtext;
	TupleTableSlot *slot = program->parts[part].slot;
	int			ncolumns = program->ncolumns;
	Datum	   *values = palloc(ncolumns * sizeof(Datum));
	bool	   *nulls = palloc(ncolumns * sizeof(bool));
	ListCell   *lc;
	MemoryContext before;

	if (part == PART_ADD || part == PART_MERGE)
	{
		memcpy(slot->tts_values, state->values, ncolumns * sizeof(Datum));
		memcpy(slot->tts_isnull, state->nulls, ncolumns * sizeof(bool));
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

		values[i] = ExecEvalExprSwitchContext(lfirst(lc), econtext, &nulls[i]);
	}
	before = MemoryContextSwitchTo(context);
	for (int i = 0; i < ncolumns; i++)
	{
		ColumnType *column = &program->columns[i];
		Datum		old = state->values[i];
		bool		was_null = state->nulls[i];

		if (!nulls[i])
			values[i] = datumCopy(values[i], column->by_value, column->length);
		state->values[i] = values[i];
		state->nulls[i] = nulls[i];
		if (!was_null && !column->by_value)
			pfree(DatumGetPointer(old));
	}
	MemoryContextSwitchTo(before);
	ResetExprContext(econtext);
	pfree(values);
	pfree(nulls);
}

static CombineState *
make_state(Program *program, struct varlena *array, MemoryContext context)
{
	CombineState *state = MemoryContextAllocZero(context, sizeof(CombineState));

	state->ncolumns = program->ncolumns;
	state->values = MemoryContextAllocZero(context, program->ncolumns * sizeof(Datum));
	state->nulls = MemoryContextAlloc(context, program->ncolumns * sizeof(bool));
	memset(state->nulls, true, program->ncolumns * sizeof(bool));
	/* every state of a call site has the same one */
	state->program = (struct varlena *) program->flat;
	return state;
}

/* The program of this call site, analyzed when first seen. */
static Program *
get_program(FunctionCallInfo fcinfo, struct varlena *array)
{
	Program    *program = fcinfo->flinfo->fn_extra;
	MemoryContext before;
	EState	   *estate;
	Datum	   *parts;
	bool	   *nulls;
	int			nparts;

	if (program && ((struct varlena *) program->flat == array ||
					datumIsEqual(PointerGetDatum(program->flat), PointerGetDatum(array), false, -1)))
		return program;
	if (program)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one call of barks.rdd_combine has several programs")));
	before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	program = palloc0(sizeof(Program));
	program->flat = (bytea *) PG_DETOAST_DATUM_COPY(PointerGetDatum(array));
	deconstruct_array((ArrayType *) program->flat, TEXTOID, -1, false, TYPALIGN_INT, &parts, &nulls, &nparts);
	if (nparts != NPARTS || nulls[PART_ADD] || nulls[PART_MERGE])
		refuse_program();
	estate = CreateExecutorState();
	program->econtext = CreateExprContext(estate);
	for (int i = 0; i < NPARTS; i++)
	{
		/* PART_MERGE reads only columns of the state, and tells their types */
		int			number = (i + PART_MERGE) % NPARTS;

		if (nulls[number])
			continue;
		program->source[number] = DatumGetTextPP(parts[number]);
		prepare_part(program, number, TextDatumGetCString(parts[number]), estate);
	}
	fcinfo->flinfo->fn_extra = program;
	MemoryContextSwitchTo(before);
	return program;
}

/* SELECT expressions FROM (SELECT columns) */
static void
prepare_part(Program *program, int number, const char *sql, EState *estate)
{
	List	   *statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	Query	   *query;
	RangeTblEntry *rte = NULL;
	List	   *exprs = NIL;
	ListCell   *lc;

	if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		refuse_program();
	query = parse_analyze_fixedparams(linitial(statements), sql, NULL, 0, NULL);
	if (query->rtable != NIL)
		rte = linitial_node(RangeTblEntry, query->rtable);
	if (query->hasSubLinks || query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs ||
		query->setOperations || query->cteList != NIL || list_length(query->rtable) > 1 ||
		query->jointree->quals || query->sortClause != NIL || query->limitCount || query->distinctClause != NIL ||
		query->groupClause != NIL || (rte && (rte->rtekind != RTE_SUBQUERY || rte->subquery->rtable != NIL)))
		refuse_program();
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
		refuse_program();
	foreach(lc, exprs)
	{
		if (exprType(lfirst(lc)) != program->columns[foreach_current_index(lc)].type)
			refuse_program();
		program->parts[number].exprs = lappend(program->parts[number].exprs,
											   ExecInitExpr(expression_planner(lfirst(lc)), NULL));
	}
}

/* What reads a state has its columns first; what merges two has them twice. */
static void
check_state_columns(Program *program, int number)
{
	int			nstates = number == PART_MERGE ? 2 : number == PART_ADD ? 1 : 0;
	TupleTableSlot *slot = program->parts[number].slot;

	if ((nstates > 0 || number == PART_FIRST) && !slot)
		refuse_program();
	if (number == PART_ZERO && slot)
		refuse_program();
	if (number == PART_MERGE && slot->tts_tupleDescriptor->natts != 2 * program->ncolumns)
		refuse_program();
	for (int i = 0; i < nstates * program->ncolumns; i++)
	{
		if (!has_type(program, number, i, program->columns[i % program->ncolumns].type))
			refuse_program();
	}
}

static void
set_types(Program *program, List *exprs)
{
	ListCell   *lc;

	program->ncolumns = list_length(exprs);
	program->columns = palloc0(program->ncolumns * sizeof(ColumnType));
	foreach(lc, exprs)
	{
		ColumnType *column = &program->columns[foreach_current_index(lc)];
		Oid			function;
		bool		varlena;

		column->type = exprType(lfirst(lc));
		get_typlenbyvalalign(column->type, &column->length, &column->by_value, &column->align);
		getTypeBinaryOutputInfo(column->type, &function, &varlena);
		fmgr_info(function, &column->send);
		getTypeBinaryInputInfo(column->type, &function, &column->ioparam);
		fmgr_info(function, &column->receive);
	}
}

static void
append_columns(StringInfo buf, Program *program, const CombineState *state)
{
	pq_sendint32(buf, state->ncolumns);
	for (int i = 0; i < state->ncolumns; i++)
	{
		bytea	   *value;

		if (state->nulls[i])
		{
			pq_sendint32(buf, -1);
			continue;
		}
		value = SendFunctionCall(&program->columns[i].send, state->values[i]);
		pq_sendint32(buf, VARSIZE_ANY_EXHDR(value));
		pq_sendbytes(buf, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	}
}

/* rdd_combine_final(internal) → bytea */
Datum
barks_rdd_combine_final(PG_FUNCTION_ARGS)
{
	CombineState *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (CombineState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	append_columns(&buf, get_program(fcinfo, state->program), state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* rdd_combine_serialize(internal) → bytea: the program, then the columns */
Datum
barks_rdd_combine_serialize(PG_FUNCTION_ARGS)
{
	CombineState *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	state = (CombineState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, VARSIZE(state->program));
	pq_sendbytes(&buf, (char *) state->program, VARSIZE(state->program));
	append_columns(&buf, get_program(fcinfo, state->program), state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* rdd_combine_deserialize(bytea, internal) → internal */
Datum
barks_rdd_combine_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	StringInfoData buf;
	struct varlena *array;
	int			length;
	Program    *program;
	CombineState *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	length = pq_getmsgint(&buf, 4);
	array = palloc(length);
	pq_copymsgbytes(&buf, (char *) array, length);
	program = get_program(fcinfo, array);
	pfree(array);
	state = make_state(program, NULL, CurrentMemoryContext);
	if (pq_getmsgint(&buf, 4) != program->ncolumns)
		elog(ERROR, "a state of barks.rdd_combine does not fit its program");
	for (int i = 0; i < program->ncolumns; i++)
	{
		int			size = (int) pq_getmsgint(&buf, 4);
		StringInfoData value;

		state->nulls[i] = size < 0;
		if (size < 0)
			continue;
		initStringInfo(&value);
		appendBinaryStringInfo(&value, pq_getmsgbytes(&buf, size), size);
		state->values[i] = ReceiveFunctionCall(&program->columns[i].receive, &value,
											   program->columns[i].ioparam, -1);
	}
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/* rdd_here(text[]): the same; being volatile it keeps what calls it off the nodes */
Datum
barks_rdd_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* rdd_field(state bytea, number int, anyelement) → anyelement: a column of a result */
Datum
barks_rdd_field(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 2);
	ColumnType *column = fcinfo->flinfo->fn_extra;
	bytea	   *bytes;
	StringInfoData buf;
	StringInfoData value;
	int			number;
	int			size = -1;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!column)
	{
		Oid			function;

		column = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ColumnType));
		getTypeBinaryInputInfo(type, &function, &column->ioparam);
		fmgr_info_cxt(function, &column->receive, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = column;
	}
	bytes = PG_GETARG_BYTEA_PP(0);
	number = PG_GETARG_INT32(1);
	buf.data = VARDATA_ANY(bytes);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(bytes);
	buf.cursor = 0;
	if (number < 1 || number > (int) pq_getmsgint(&buf, 4))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a state of barks.rdd_combine has no field %d", number)));
	for (int i = 0; i < number; i++)
	{
		if (size > 0)
			(void) pq_getmsgbytes(&buf, size);
		size = (int) pq_getmsgint(&buf, 4);
	}
	if (size < 0)
		PG_RETURN_NULL();
	initStringInfo(&value);
	appendBinaryStringInfo(&value, pq_getmsgbytes(&buf, size), size);
	PG_RETURN_DATUM(ReceiveFunctionCall(&column->receive, &value, column->ioparam, -1));
}
