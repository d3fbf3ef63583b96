/*-------------------------------------------------------------------------
 * accumulator.c
 *	  Values that tasks add to accumulators of the driver's session.
 *
 * PostgreSQL's aggregates do the work: their transition functions add, their
 * combine functions merge, with a made-up AggState that gives them memory.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "parser/parse_agg.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "job/accumulator.h"

typedef struct Accumulator
{
	Oid			role;			/* that made it: in the session's set each has its own */
	char	   *name;
	char	   *aggregate;
	Oid			argument;		/* type of its values; ANYOID: of any */
	Oid			collation;		/* of that type */
	Oid			state_type;
	int16		state_length;
	bool		state_by_value;
	FmgrInfo	add;
	FmgrInfo	combine;
	FmgrInfo	to_bytes;		/* of the state: serialize, or send */
	FmgrInfo	from_bytes;		/* deserialize, or receive */
	Oid			ioparam;
	FmgrInfo	final;
	bool		has_final;
	int			final_nargs;
	Oid			result_type;
	Datum		initial;
	bool		initial_is_null;
	Datum		state;
	bool		is_null;
	bool		touched;		/* a strict transition function has seen a value */
	AggState   *agg;			/* what functions take for the executor's */
} Accumulator;

struct AccumulatorSet
{
	MemoryContext parent;
	MemoryContext context;		/* NULL before there are any */
	List	   *accumulators;
};

static AccumulatorSet *session;
static AccumulatorSet *current;

static Accumulator *find(AccumulatorSet *set, const char *name);
static Accumulator *find_or_make(AccumulatorSet *set, const char *name, const char *aggregate);
static Accumulator *make(AccumulatorSet *set, const char *name, const char *aggregate);
static void set_functions(Accumulator *acc, Form_pg_aggregate form, Oid function);
static void set_initial(Accumulator *acc, HeapTuple tuple);
static void start_over(Accumulator *acc);
static void transition(Accumulator *acc, FmgrInfo *function, Datum value, bool isnull);
static void set_state(Accumulator *acc, Datum state, bool isnull);
static void refuse(const char *aggregate, const char *why) pg_attribute_noreturn();

AccumulatorSet *
accumulators_create(MemoryContext parent)
{
	AccumulatorSet *set = MemoryContextAllocZero(parent, sizeof(AccumulatorSet));

	set->parent = parent;
	return set;
}

AccumulatorSet *
session_accumulators(void)
{
	if (session == NULL)
		session = accumulators_create(TopMemoryContext);
	return session;
}

AccumulatorSet *
current_accumulators(void)
{
	return current ? current : session_accumulators();
}

void
accumulators_set_current(AccumulatorSet *set)
{
	current = set;
}

void
accumulators_reset(AccumulatorSet *set, const char *name, const char *aggregate)
{
	Accumulator *acc = find(set, name);

	if (acc)
		set->accumulators = list_delete_ptr(set->accumulators, acc);
	(void) make(set, name, aggregate);
}

const char *
accumulators_aggregate(AccumulatorSet *set, const char *name)
{
	Accumulator *acc = find(set, name);

	return acc ? acc->aggregate : NULL;
}

void
accumulators_add(AccumulatorSet *set, const char *name, const char *aggregate, Oid type,
					   Datum value, bool isnull)
{
	Accumulator *acc = find_or_make(set, name, aggregate);

	if (type != acc->argument && acc->argument != ANYOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("accumulator \"%s\" takes values of type %s, not %s", name,
						format_type_be(acc->argument), format_type_be(type))));
	transition(acc, &acc->add, value, isnull);
}

Oid
accumulators_argument(AccumulatorSet *set, const char *name)
{
	Accumulator *acc = find(set, name);

	return acc ? acc->argument : InvalidOid;
}

bool
accumulators_value(AccumulatorSet *set, const char *name, Oid *type, Datum *value, bool *isnull)
{
	Accumulator *acc = find(set, name);

	if (!acc)
		return false;
	*type = acc->result_type;
	*value = acc->state;
	*isnull = acc->is_null;
	if (acc->has_final)
	{
		LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);

		InitFunctionCallInfoData(*fcinfo, &acc->final, acc->final_nargs, acc->collation, (Node *) acc->agg, NULL);
		fcinfo->args[0].value = acc->state;
		fcinfo->args[0].isnull = acc->is_null;
		for (int i = 1; i < acc->final_nargs; i++)
			fcinfo->args[i].isnull = true;
		*isnull = acc->final.fn_strict && (acc->is_null || acc->final_nargs > 1);
		if (!*isnull)
		{
			*value = FunctionCallInvoke(fcinfo);
			*isnull = fcinfo->isnull;
		}
	}
	return true;
}

StringInfo
accumulators_serialize(AccumulatorSet *set)
{
	StringInfo	buf;
	ListCell   *lc;

	if (set->accumulators == NIL)
		return NULL;
	buf = makeStringInfo();
	pq_sendint32(buf, list_length(set->accumulators));
	foreach(lc, set->accumulators)
	{
		Accumulator *acc = lfirst(lc);

		pq_sendcountedtext(buf, acc->name, strlen(acc->name), false);
		pq_sendcountedtext(buf, acc->aggregate, strlen(acc->aggregate), false);
		if (acc->is_null)
			pq_sendint32(buf, -1);
		else
		{
			LOCAL_FCINFO(fcinfo, 1);
			bytea	   *bytes;

			InitFunctionCallInfoData(*fcinfo, &acc->to_bytes, 1, acc->collation, (Node *) acc->agg, NULL);
			fcinfo->args[0].value = acc->state;
			fcinfo->args[0].isnull = false;
			bytes = DatumGetByteaPP(FunctionCallInvoke(fcinfo));
			pq_sendint32(buf, VARSIZE_ANY_EXHDR(bytes));
			pq_sendbytes(buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
		}
	}
	return buf;
}

void
accumulators_merge(AccumulatorSet *set, StringInfo states)
{
	StringInfoData buf = *states;
	int			count;

	buf.cursor = 0;
	count = pq_getmsgint(&buf, 4);
	for (int i = 0; i < count; i++)
	{
		int			length = pq_getmsgint(&buf, 4);
		char	   *name = pnstrdup(pq_getmsgbytes(&buf, length), length);
		char	   *aggregate;
		Accumulator *acc;
		Datum		state = (Datum) 0;
		int			size;

		length = pq_getmsgint(&buf, 4);
		aggregate = pnstrdup(pq_getmsgbytes(&buf, length), length);
		size = (int) pq_getmsgint(&buf, 4);
		acc = find_or_make(set, name, aggregate);
		if (size >= 0)
		{
			LOCAL_FCINFO(fcinfo, 3);
			StringInfoData value;
			const char *data = pq_getmsgbytes(&buf, size);

			InitFunctionCallInfoData(*fcinfo, &acc->from_bytes, 3, acc->collation, (Node *) acc->agg, NULL);
			initStringInfo(&value);
			appendBinaryStringInfo(&value, data, size);
			fcinfo->args[0].isnull = fcinfo->args[1].isnull = fcinfo->args[2].isnull = false;
			if (acc->state_type == INTERNALOID)
			{
				bytea	   *bytes = palloc(VARHDRSZ + size);

				SET_VARSIZE(bytes, VARHDRSZ + size);
				memcpy(VARDATA(bytes), data, size);
				fcinfo->nargs = 2;
				fcinfo->args[0].value = PointerGetDatum(bytes);
				fcinfo->args[1].value = (Datum) 0;
			}
			else
			{
				fcinfo->args[0].value = PointerGetDatum(&value);
				fcinfo->args[1].value = ObjectIdGetDatum(acc->ioparam);
				fcinfo->args[2].value = Int32GetDatum(-1);
			}
			state = FunctionCallInvoke(fcinfo);
		}
		transition(acc, &acc->combine, state, size < 0);
	}
	pq_getmsgend(&buf);
}

void
accumulators_restore(AccumulatorSet *set, StringInfo states)
{
	ListCell   *lc;

	foreach(lc, set->accumulators)
		start_over(lfirst(lc));
	if (states)
		accumulators_merge(set, states);
}

/* ---------------- one accumulator ---------------- */

static Accumulator *
find(AccumulatorSet *set, const char *name)
{
	ListCell   *lc;

	foreach(lc, set->accumulators)
	{
		Accumulator *acc = lfirst(lc);

		if (strcmp(acc->name, name) == 0 && (set != session || acc->role == GetUserId()))
			return acc;
	}
	return NULL;
}

static Accumulator *
find_or_make(AccumulatorSet *set, const char *name, const char *aggregate)
{
	Accumulator *acc = find(set, name);

	if (acc && strcmp(acc->aggregate, aggregate) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("accumulator \"%s\" is %s now, not %s", name, acc->aggregate, aggregate)));
	return acc ? acc : make(set, name, aggregate);
}

static Accumulator *
make(AccumulatorSet *set, const char *name, const char *aggregate)
{
	MemoryContext before;
	Oid			function = DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(aggregate)));
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));
	Accumulator *acc;

	if (!HeapTupleIsValid(tuple))
		refuse(aggregate, "It is not an aggregate.");
	if (pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_AGGREGATE, aggregate);
	if (set->context == NULL)
		set->context = AllocSetContextCreate(set->parent, "barks accumulators", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(set->context);
	acc = palloc0(sizeof(Accumulator));
	acc->role = GetUserId();
	acc->name = pstrdup(name);
	acc->aggregate = pstrdup(aggregate);
	acc->agg = makeNode(AggState);
	acc->agg->curaggcontext = CreateStandaloneExprContext();
	set_functions(acc, (Form_pg_aggregate) GETSTRUCT(tuple), function);
	set_initial(acc, tuple);
	ReleaseSysCache(tuple);
	start_over(acc);
	set->accumulators = lappend(set->accumulators, acc);
	MemoryContextSwitchTo(before);
	return acc;
}

static void
set_functions(Accumulator *acc, Form_pg_aggregate form, Oid function)
{
	Oid		   *types;
	int			nargs;
	bool		varlena;
	Expr	   *expr;
	Oid			to_bytes = form->aggserialfn;
	Oid			from_bytes = form->aggdeserialfn;

	(void) get_func_signature(function, &types, &nargs);
	acc->result_type = get_func_rettype(function);
	acc->state_type = form->aggtranstype;
	if (form->aggkind != AGGKIND_NORMAL || nargs != 1)
		refuse(acc->aggregate, "It must have exactly one argument.");
	acc->argument = types[0];
	acc->collation = get_typcollation(acc->argument);
	if (get_typtype(acc->result_type) == TYPTYPE_PSEUDO ||
		(get_typtype(acc->argument) == TYPTYPE_PSEUDO && acc->argument != ANYOID))
		refuse(acc->aggregate, "It must be an aggregate of a certain type.");
	if (!OidIsValid(form->aggcombinefn) ||
		(acc->state_type == INTERNALOID && (!OidIsValid(to_bytes) || !OidIsValid(from_bytes))))
		refuse(acc->aggregate, "Its states cannot be combined.");
	get_typlenbyval(acc->state_type, &acc->state_length, &acc->state_by_value);
	if (acc->state_type != INTERNALOID)
	{
		getTypeBinaryOutputInfo(acc->state_type, &to_bytes, &varlena);
		getTypeBinaryInputInfo(acc->state_type, &from_bytes, &acc->ioparam);
	}
	fmgr_info(form->aggtransfn, &acc->add);
	build_aggregate_transfn_expr(&acc->argument, 1, 0, false, acc->state_type,
								 acc->collation, form->aggtransfn, InvalidOid, &expr, NULL);
	fmgr_info_set_expr((Node *) expr, &acc->add);
	fmgr_info(form->aggcombinefn, &acc->combine);
	build_aggregate_transfn_expr(&acc->state_type, 1, 0, false, acc->state_type,
								 acc->collation, form->aggcombinefn, InvalidOid, &expr, NULL);
	fmgr_info_set_expr((Node *) expr, &acc->combine);
	fmgr_info(to_bytes, &acc->to_bytes);
	fmgr_info(from_bytes, &acc->from_bytes);
	acc->has_final = OidIsValid(form->aggfinalfn);
	if (acc->has_final)
	{
		fmgr_info(form->aggfinalfn, &acc->final);
		acc->final_nargs = form->aggfinalextra ? 2 : 1;
	}
}

static void
set_initial(Accumulator *acc, HeapTuple tuple)
{
	Datum		source = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &acc->initial_is_null);
	Oid			input;
	Oid			ioparam;

	if (acc->initial_is_null)
		return;
	getTypeInputInfo(acc->state_type, &input, &ioparam);
	acc->initial = OidInputFunctionCall(input, TextDatumGetCString(source), ioparam, -1);
}

static void
start_over(Accumulator *acc)
{
	acc->touched = !acc->initial_is_null;
	acc->is_null = true;
	set_state(acc, acc->initial, acc->initial_is_null);
}

/* As nodeAgg.c does it: a strict function is not called with NULLs, and its first value is the state. */
static void
transition(Accumulator *acc, FmgrInfo *function, Datum value, bool isnull)
{
	LOCAL_FCINFO(fcinfo, 2);
	MemoryContext before;

	if (function->fn_strict && isnull)
		return;
	if (function->fn_strict && !acc->touched)
	{
		acc->touched = true;
		set_state(acc, value, false);
		return;
	}
	if (function->fn_strict && acc->is_null)
		return;
	/* states of type internal are where the function puts them */
	before = MemoryContextSwitchTo(acc->agg->curaggcontext->ecxt_per_tuple_memory);
	InitFunctionCallInfoData(*fcinfo, function, 2, acc->collation, (Node *) acc->agg, NULL);
	fcinfo->args[0].value = acc->state;
	fcinfo->args[0].isnull = acc->is_null;
	fcinfo->args[1].value = value;
	fcinfo->args[1].isnull = isnull;
	value = FunctionCallInvoke(fcinfo);
	acc->touched = true;
	if (acc->state_by_value || DatumGetPointer(value) != DatumGetPointer(acc->state) || fcinfo->isnull)
		set_state(acc, value, fcinfo->isnull);
	MemoryContextSwitchTo(before);
}

static void
set_state(Accumulator *acc, Datum state, bool isnull)
{
	MemoryContext before = MemoryContextSwitchTo(acc->agg->curaggcontext->ecxt_per_tuple_memory);

	if (!isnull && acc->state_type != INTERNALOID)
		state = datumCopy(state, acc->state_by_value, acc->state_length);
	if (!acc->is_null && !acc->state_by_value && acc->state_type != INTERNALOID)
		pfree(DatumGetPointer(acc->state));
	acc->state = isnull ? (Datum) 0 : state;
	acc->is_null = isnull;
	MemoryContextSwitchTo(before);
}

static void
refuse(const char *aggregate, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s cannot be an accumulator", aggregate),
			 errdetail("%s", why),
			 errhint("Use an aggregate such as sum(bigint), avg(numeric) or max(date).")));
}
