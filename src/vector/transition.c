/*-------------------------------------------------------------------------
 * transition.c
 *	  Aggregates by PostgreSQL's transition functions, row by row.
 *
 * This does what nodeAgg.c does for one aggregate.  Its functions ask their caller
 * for memory and more, by an AggState: there is one without a plan's inputs and
 * phases, in which only what nodeAgg.h lets functions see is filled in.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/nodeAgg.h"
#include "miscadmin.h"
#include "parser/parse_agg.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "vector/transition.h"

typedef struct TransitionState
{
	Datum		value;
	bool		isnull;
	bool		begun;			/* else it is the initial value */
	bool		empty;			/* of a strict function without initial value, before the first row */
} TransitionState;

struct VecTransition
{
	AggStatePerTransData trans; /* as functions may see it */
	AggStatePerAggData agg;
	FunctionCallInfo final;		/* NULL: the state is the value */
	FunctionCallInfo serial;
	FunctionCallInfo deserial;
	int16		result_len;
	bool		result_byval;
};

static void transition_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *state);
static Datum transition_value(VecAggregate *aggregate, const char *state, bool *isnull);
static Datum transition_partial(VecAggregate *aggregate, const char *state, bool *isnull);
static void begin(VecAggregate *aggregate, TransitionState *state);
static void keep(VecAggregate *aggregate, TransitionState *state, Datum value, bool isnull);
static Datum deserialize(VecAggregate *aggregate, Datum bytes, bool *isnull);

static const VecStates transition_states = {
	.size = sizeof(TransitionState), .points = true, .raises = true, .add = transition_add,
	.partial = transition_partial
};

static const VecAccumulator transition = {InvalidOid, &transition_states, transition_value};

AggState *
vec_transition_shell(Plan *plan, EState *estate)
{
	AggState   *shell = makeNode(AggState);

	shell->ss.ps.plan = plan;
	shell->ss.ps.state = estate;
	shell->tmpcontext = CreateExprContext(estate);
	return shell;
}

/* ---------------- setting up ---------------- */

static void
check_function(Oid function, Oid owner)
{
	AclResult	result = pg_proc_aclcheck(function, owner, ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

static Oid
owner_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

static FunctionCallInfo
make_call(FmgrInfo *flinfo, Oid function, Expr *expr, int nargs, Oid collation)
{
	FunctionCallInfo fcinfo = palloc0(SizeForFunctionCallInfo(nargs));

	fmgr_info(function, flinfo);
	fmgr_info_set_expr((Node *) expr, flinfo);
	InitFunctionCallInfoData(*fcinfo, flinfo, nargs, collation, NULL, NULL);
	return fcinfo;
}

static void
find_initial_value(AggStatePerTrans trans, HeapTuple tuple)
{
	Datum		value = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &trans->initValueIsNull);
	Oid			input;
	Oid			ioparam;
	char	   *string;

	if (trans->initValueIsNull)
		return;
	getTypeInputInfo(trans->aggtranstype, &input, &ioparam);
	string = TextDatumGetCString(value);
	trans->initValue = OidInputFunctionCall(input, string, ioparam, -1);
	pfree(string);
}

/* The function that adds a row, or the state of a partial phase. */
static void
init_adding(VecAggregate *aggregate, Aggref *aggref, Form_pg_aggregate form, Oid owner, Oid *types, int ntypes)
{
	VecTransition *own = aggregate->transition;
	AggStatePerTrans trans = &own->trans;
	Oid			function = aggregate->combines ? form->aggcombinefn : form->aggtransfn;
	Expr	   *expr;

	check_function(function, owner);
	trans->transfn_oid = function;
	if (aggregate->combines)
		build_aggregate_transfn_expr(&aggref->aggtranstype, 1, 0, false, aggref->aggtranstype,
									 aggref->inputcollid, function, InvalidOid, &expr, NULL);
	else
		build_aggregate_transfn_expr(types, ntypes, 0, aggref->aggvariadic, aggref->aggtranstype,
									 aggref->inputcollid, function, InvalidOid, &expr, NULL);
	trans->numInputs = trans->numTransInputs = aggregate->nargs;
	trans->transfn_fcinfo = make_call(&trans->transfn, function, expr, aggregate->nargs + 1, aggref->inputcollid);
	if (aggregate->combines && aggref->aggtranstype == INTERNALOID)
	{
		if (trans->transfn.fn_strict)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
					 errmsg("combine function with transition type %s must not be declared STRICT",
							format_type_be(aggref->aggtranstype))));
		check_function(form->aggdeserialfn, owner);
		build_aggregate_deserialfn_expr(form->aggdeserialfn, &expr);
		own->deserial = make_call(&trans->deserialfn, form->aggdeserialfn, expr, 2, InvalidOid);
	}
	aggregate->strict = aggregate->combines ? trans->transfn.fn_strict && own->deserial == NULL :
		trans->transfn.fn_strict;
	if (!trans->initValueIsNull || !trans->transfn.fn_strict || aggregate->combines)
		return;
	if (ntypes == 0 || !IsBinaryCoercible(types[0], aggref->aggtranstype))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("aggregate %u needs to have compatible input type and transition type", aggref->aggfnoid)));
}

/* The function that makes the value of a state, or the bytes. */
static void
init_finish(VecAggregate *aggregate, Aggref *aggref, Form_pg_aggregate form, Oid owner, Oid *types, int ntypes)
{
	VecTransition *own = aggregate->transition;
	Expr	   *expr;

	own->agg.aggref = aggref;
	get_typlenbyval(aggref->aggtype, &own->result_len, &own->result_byval);
	if (aggregate->partial)
	{
		if (aggref->aggtranstype != INTERNALOID)
			return;
		check_function(form->aggserialfn, owner);
		build_aggregate_serialfn_expr(form->aggserialfn, &expr);
		own->serial = make_call(&own->trans.serialfn, form->aggserialfn, expr, 1, InvalidOid);
	}
	else if (OidIsValid(form->aggfinalfn))
	{
		int			nargs = form->aggfinalextra ? ntypes + 1 : 1;

		check_function(form->aggfinalfn, owner);
		build_aggregate_finalfn_expr(types, nargs, aggref->aggtranstype, aggref->aggtype, aggref->inputcollid,
									 form->aggfinalfn, &expr);
		own->final = make_call(&own->agg.finalfn, form->aggfinalfn, expr, nargs, aggref->inputcollid);
	}
}

void
vec_transition_init(VecAggregate *aggregate, Aggref *aggref)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;
	VecTransition *own = palloc0(sizeof(VecTransition));
	AggStatePerTrans trans = &own->trans;
	Oid			owner = owner_of(aggref->aggfnoid);
	Oid			types[FUNC_MAX_ARGS];
	int			ntypes = get_aggregate_argtypes(aggref, types);

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	aggregate->accumulator = &transition;
	aggregate->transition = own;
	trans->aggref = aggref;
	trans->aggtranstype = aggref->aggtranstype;
	trans->aggCollation = aggref->inputcollid;
	get_typlenbyval(aggref->aggtranstype, &trans->transtypeLen, &trans->transtypeByVal);
	find_initial_value(trans, tuple);
	init_adding(aggregate, aggref, form, owner, types, ntypes);
	init_finish(aggregate, aggref, form, owner, types, ntypes);
	ReleaseSysCache(tuple);
}

/* What functions see: an aggregation by this aggregate alone. */
static AggState *
shell_of(VecAggregate *aggregate)
{
	AggState   *shell = vec_aggregate_shell(aggregate);

	shell->pertrans = &aggregate->transition->trans;
	shell->peragg = &aggregate->transition->agg;
	shell->numtrans = shell->numaggs = 1;
	return shell;
}

/* ---------------- adding ---------------- */

static void
transition_add(VecAggregate *aggregate, Vec *const *args, const uint16 *sel, int n, char *data)
{
	TransitionState *state = (TransitionState *) data;
	VecTransition *own = aggregate->transition;
	AggStatePerTrans trans = &own->trans;
	FunctionCallInfo fcinfo = trans->transfn_fcinfo;
	AggState   *shell = shell_of(aggregate);
	MemoryContext temporary = shell->tmpcontext->ecxt_per_tuple_memory;
	MemoryContext old = MemoryContextSwitchTo(temporary);

	fcinfo->context = (Node *) shell;
	shell->curpertrans = trans;
	begin(aggregate, state);
	for (int k = 0; k < n; k++)
	{
		int			row = sel ? sel[k] : k;

		for (int i = 0; i < aggregate->nargs; i++)
			fcinfo->args[i + 1].value = vec_get_datum(args[i], &aggregate->types[i], row,
													  &fcinfo->args[i + 1].isnull);
		if (own->deserial)
			fcinfo->args[1].value = deserialize(aggregate, fcinfo->args[1].value, &fcinfo->args[1].isnull);
		if (trans->transfn.fn_strict && state->empty)
		{
			/* the first value is the state */
			MemoryContextSwitchTo(vec_state_memory(aggregate->memory));
			state->value = datumCopy(fcinfo->args[1].value, trans->transtypeByVal, trans->transtypeLen);
			MemoryContextSwitchTo(temporary);
			state->isnull = state->empty = false;
		}
		else if (!(trans->transfn.fn_strict && state->isnull))
		{
			Datum		value;

			fcinfo->args[0].value = state->value;
			fcinfo->args[0].isnull = state->isnull;
			fcinfo->isnull = false;
			value = FunctionCallInvoke(fcinfo);
			keep(aggregate, state, value, fcinfo->isnull);
		}
		MemoryContextReset(temporary);
	}
	shell->curpertrans = NULL;
	MemoryContextSwitchTo(old);
}

static void
begin(VecAggregate *aggregate, TransitionState *state)
{
	AggStatePerTrans trans = &aggregate->transition->trans;

	if (state->begun)
		return;
	state->begun = true;
	state->isnull = state->empty = trans->initValueIsNull;
	if (!trans->initValueIsNull)
	{
		MemoryContext old = MemoryContextSwitchTo(vec_state_memory(aggregate->memory));

		state->value = datumCopy(trans->initValue, trans->transtypeByVal, trans->transtypeLen);
		MemoryContextSwitchTo(old);
	}
}

/* As ExecAggTransReparent() does: copy the new state, if need be, and free the old one. */
static void
keep(VecAggregate *aggregate, TransitionState *state, Datum value, bool isnull)
{
	AggStatePerTrans trans = &aggregate->transition->trans;
	MemoryContext memory = vec_state_memory(aggregate->memory);
	Datum		before = state->value;
	bool		before_null = state->isnull;

	state->isnull = isnull;
	state->value = (Datum) 0;
	if (trans->transtypeByVal || value == before)
	{
		state->value = value;
		return;
	}
	if (!isnull)
	{
		if (DatumIsReadWriteExpandedObject(value, false, trans->transtypeLen) &&
			MemoryContextGetParent(DatumGetEOHP(value)->eoh_context) == memory)
			state->value = value;
		else
		{
			MemoryContext old = MemoryContextSwitchTo(memory);

			state->value = datumCopy(value, trans->transtypeByVal, trans->transtypeLen);
			MemoryContextSwitchTo(old);
		}
	}
	if (before_null || DatumGetPointer(before) == NULL)
		return;
	if (DatumIsReadWriteExpandedObject(before, false, trans->transtypeLen))
		DeleteExpandedObject(before);
	else
		pfree(DatumGetPointer(before));
}

/* The state that bytes are of, in the current context. */
static Datum
deserialize(VecAggregate *aggregate, Datum bytes, bool *isnull)
{
	FunctionCallInfo fcinfo = aggregate->transition->deserial;
	Datum		value;

	if (*isnull && fcinfo->flinfo->fn_strict)
		return (Datum) 0;
	fcinfo->context = (Node *) shell_of(aggregate);
	fcinfo->args[0].value = bytes;
	fcinfo->args[0].isnull = *isnull;
	fcinfo->args[1].value = PointerGetDatum(NULL);	/* an internal argument, never used */
	fcinfo->args[1].isnull = false;
	fcinfo->isnull = false;
	value = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return value;
}

/* ---------------- values ---------------- */

/* A value that is valid as long as the current context, and no object that is open to changes. */
static Datum
own_value(VecTransition *own, Datum value, bool isnull)
{
	if (isnull || own->result_byval || MemoryContextContains(CurrentMemoryContext, DatumGetPointer(value)))
		return value;
	return datumCopy(value, own->result_byval, own->result_len);
}

static Datum
transition_value(VecAggregate *aggregate, const char *data, bool *isnull)
{
	TransitionState *state = (TransitionState *) data;
	VecTransition *own = aggregate->transition;
	FunctionCallInfo fcinfo = own->final;
	Datum		value;

	begin(aggregate, state);
	*isnull = state->isnull;
	if (fcinfo == NULL)
		return own_value(own, state->value, state->isnull);
	if (fcinfo->flinfo->fn_strict && (state->isnull || fcinfo->nargs > 1))
	{
		*isnull = true;
		return (Datum) 0;
	}
	fcinfo->context = (Node *) shell_of(aggregate);
	aggregate->shell->curperagg = &own->agg;
	fcinfo->args[0].value = MakeExpandedObjectReadOnly(state->value, state->isnull, own->trans.transtypeLen);
	fcinfo->args[0].isnull = state->isnull;
	for (int i = 1; i < fcinfo->nargs; i++)
	{
		fcinfo->args[i].value = (Datum) 0;
		fcinfo->args[i].isnull = true;
	}
	fcinfo->isnull = false;
	value = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	aggregate->shell->curperagg = NULL;
	return own_value(own, value, *isnull);
}

static Datum
transition_partial(VecAggregate *aggregate, const char *data, bool *isnull)
{
	TransitionState *state = (TransitionState *) data;
	VecTransition *own = aggregate->transition;
	FunctionCallInfo fcinfo = own->serial;
	Datum		value;

	begin(aggregate, state);
	*isnull = state->isnull;
	if (fcinfo == NULL)
		return own_value(own, state->value, state->isnull);
	if (fcinfo->flinfo->fn_strict && state->isnull)
		return (Datum) 0;
	fcinfo->context = (Node *) shell_of(aggregate);
	fcinfo->args[0].value = MakeExpandedObjectReadOnly(state->value, state->isnull, own->trans.transtypeLen);
	fcinfo->args[0].isnull = state->isnull;
	fcinfo->isnull = false;
	value = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return own_value(own, value, *isnull);
}
