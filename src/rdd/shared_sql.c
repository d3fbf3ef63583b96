/*-------------------------------------------------------------------------
 * shared_sql.c
 *	  Shared variables: broadcast values, which lambdas read, and accumulators,
 *	  to which they add; and what a lambda can know of its task.
 *
 * Both belong to the session, and to the role that made them: what a SECURITY
 * DEFINER function has is not its caller's, and the other way round.  A broadcast
 * value is a constant of the query that reads it.  A call of acc_add becomes one of
 * acc_add_to when it is planned, which says all that a task needs to know.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

#include "job/accumulator.h"
#include "job/current_task.h"
#include "job/plan.h"

PG_FUNCTION_INFO_V1(barks_accumulator);
PG_FUNCTION_INFO_V1(barks_acc_add);
PG_FUNCTION_INFO_V1(barks_acc_add_support);
PG_FUNCTION_INFO_V1(barks_acc_add_to);
PG_FUNCTION_INFO_V1(barks_acc_value);
PG_FUNCTION_INFO_V1(barks_broadcast);
PG_FUNCTION_INFO_V1(barks_bc);
PG_FUNCTION_INFO_V1(barks_broadcast_unpersist);
PG_FUNCTION_INFO_V1(barks_broadcast_destroy);
PG_FUNCTION_INFO_V1(barks_task_context);

typedef struct Broadcast
{
	Oid			role;
	char	   *name;
	Oid			type;
	Datum		value;
	bool		isnull;
} Broadcast;

static List *broadcasts = NIL;	/* in TopMemoryContext */

static const char *aggregate_of(const char *name);
static Node *as_type(Const *value, Oid type, CoercionContext context);
static Datum evaluate(Node *expr, bool *isnull);
static Node *simplify(FuncExpr *call);
static bool is_users(const char *aggregate);
static Broadcast *find_broadcast(const char *name);
static void drop_broadcast(Broadcast *broadcast);

/* ---------------- accumulators ---------------- */

/* accumulator(name text, aggregate regprocedure) */
Datum
barks_accumulator(PG_FUNCTION_ARGS)
{
	accumulators_reset(session_accumulators(), text_to_cstring(PG_GETARG_TEXT_PP(0)),
					   format_procedure_qualified(PG_GETARG_OID(1)));
	PG_RETURN_VOID();
}

static const char *
aggregate_of(const char *name)
{
	const char *aggregate = accumulators_aggregate(session_accumulators(), name);

	if (!aggregate)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no accumulator \"%s\"", name),
				 errhint("Make it with barks.accumulator(name, aggregate).")));
	return aggregate;
}

/* acc_add(name text, value anyelement) → the value; this is where it could not be simplified */
Datum
barks_acc_add(PG_FUNCTION_ARGS)
{
	const char *name;
	const char *aggregate;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of an accumulator must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	aggregate = aggregate_of(name);
	accumulators_add(current_accumulators(), name, aggregate, get_fn_expr_argtype(fcinfo->flinfo, 1),
					 PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

Datum
barks_acc_add_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	PG_RETURN_POINTER(simplify(((SupportRequestSimplify *) request)->fcall));
}

/* acc_add('n', value) → acc_add_to('sum(bigint)', 'n', value::bigint), in the value's type */
static Node *
simplify(FuncExpr *call)
{
	Const	   *name = linitial(call->args);
	Node	   *value = lsecond(call->args);
	Oid			wanted;
	const char *aggregate;
	Node	   *coerced;
	FuncExpr   *add;

	if (!IsA(name, Const) || name->constisnull)
		return NULL;
	aggregate = aggregate_of(TextDatumGetCString(name->constvalue));
	if (is_users(aggregate))
		return NULL;			/* nodes do not have it: the driver adds */
	wanted = accumulators_argument(session_accumulators(), TextDatumGetCString(name->constvalue));
	if (wanted == ANYOID)
		wanted = exprType(value);
	coerced = coerce_to_target_type(NULL, copyObject(value), exprType(value), wanted, -1,
									COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (!coerced)
		return NULL;
	add = makeFuncExpr(barks_acc_add_to_oid(), wanted,
					   list_make3(makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
											CStringGetTextDatum(aggregate), false, false),
								  copyObject(name), coerced),
					   exprCollation(value), call->inputcollid, COERCE_EXPLICIT_CALL);
	return coerce_to_target_type(NULL, (Node *) add, wanted, call->funcresulttype, -1,
								 COERCION_EXPLICIT, COERCE_IMPLICIT_CAST, -1);
}

static bool
is_users(const char *aggregate)
{
	Oid			function = DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(aggregate)));

	return function >= FirstNormalObjectId && !OidIsValid(getExtensionOfObject(ProcedureRelationId, function));
}

/* acc_add_to(aggregate text, name text, value anyelement) → the value */
Datum
barks_acc_add_to(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of an accumulator must not be null")));
	accumulators_add(current_accumulators(), text_to_cstring(PG_GETARG_TEXT_PP(1)),
					 text_to_cstring(PG_GETARG_TEXT_PP(0)), get_fn_expr_argtype(fcinfo->flinfo, 2),
					 PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2), PG_ARGISNULL(2));
	if (PG_ARGISNULL(2))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(2));
}

/* acc_value(name text, example anyelement), or without an example, as jsonb */
Datum
barks_acc_value(PG_FUNCTION_ARGS)
{
	const char *name;
	Oid			wanted = get_fn_expr_rettype(fcinfo->flinfo);
	Oid			type;
	Const	   *value;
	Node	   *expr;
	Datum		result;
	bool		isnull;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	(void) aggregate_of(name);
	(void) accumulators_value(session_accumulators(), name, &type, &result, &isnull);
	value = makeConst(type, -1, get_typcollation(type), get_typlen(type), result, isnull, get_typbyval(type));
	if (PG_NARGS() == 1)
		expr = (Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(value), InvalidOid, InvalidOid,
									 COERCE_EXPLICIT_CALL);
	else
		expr = as_type(value, wanted, COERCION_ASSIGNMENT);
	if (!expr)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("value of accumulator \"%s\" is of type %s, not %s", name, format_type_be(type),
						format_type_be(wanted))));
	result = evaluate(expr, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* NULL when there is no such cast. */
static Node *
as_type(Const *value, Oid type, CoercionContext context)
{
	return coerce_to_target_type(NULL, (Node *) value, value->consttype, type, -1, context,
								 COERCE_IMPLICIT_CAST, -1);
}

/* The value, in the caller's memory. */
static Datum
evaluate(Node *expr, bool *isnull)
{
	EState	   *estate = CreateExecutorState();
	ExprState  *state = ExecPrepareExpr((Expr *) expr, estate);
	Datum		value = ExecEvalExprSwitchContext(state, GetPerTupleExprContext(estate), isnull);
	Oid			type = exprType(expr);

	if (!*isnull)
		value = datumCopy(value, get_typbyval(type), get_typlen(type));
	FreeExecutorState(estate);
	return value;
}

/* ---------------- broadcast values ---------------- */

static Broadcast *
find_broadcast(const char *name)
{
	ListCell   *lc;

	foreach(lc, broadcasts)
	{
		Broadcast  *broadcast = lfirst(lc);

		if (broadcast->role == GetUserId() && strcmp(broadcast->name, name) == 0)
			return broadcast;
	}
	return NULL;
}

static void
drop_broadcast(Broadcast *broadcast)
{
	broadcasts = list_delete_ptr(broadcasts, broadcast);
	pfree(broadcast->name);
	if (!broadcast->isnull && !get_typbyval(broadcast->type))
		pfree(DatumGetPointer(broadcast->value));
	pfree(broadcast);
}

/* broadcast(name text, value anyelement) */
Datum
barks_broadcast(PG_FUNCTION_ARGS)
{
	const char *name;
	Broadcast  *broadcast;
	MemoryContext before;
	int16		length;
	bool		by_value;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of a broadcast value must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	broadcast = find_broadcast(name);
	if (broadcast)
		drop_broadcast(broadcast);
	before = MemoryContextSwitchTo(TopMemoryContext);
	broadcast = palloc(sizeof(Broadcast));
	broadcast->role = GetUserId();
	broadcast->name = pstrdup(name);
	broadcast->type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	broadcast->isnull = PG_ARGISNULL(1);
	get_typlenbyval(broadcast->type, &length, &by_value);
	if (!broadcast->isnull)
		broadcast->value = length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)))
			: datumCopy(PG_GETARG_DATUM(1), by_value, length);
	broadcasts = lappend(broadcasts, broadcast);
	MemoryContextSwitchTo(before);
	PG_RETURN_VOID();
}

/* bc(name text, example anyelement) → the value */
Datum
barks_bc(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	const char *name;
	Broadcast  *broadcast;
	Node	   *expr;
	Datum		value;
	bool		isnull;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	broadcast = find_broadcast(name);
	if (!broadcast)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no broadcast value \"%s\"", name),
				 errhint("Make it with barks.broadcast(name, value).")));
	expr = as_type(makeConst(broadcast->type, -1, get_typcollation(broadcast->type), get_typlen(broadcast->type),
							 broadcast->value, broadcast->isnull, get_typbyval(broadcast->type)),
				   type, COERCION_IMPLICIT);
	if (!expr)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("broadcast value \"%s\" is of type %s, not %s", name,
						format_type_be(broadcast->type), format_type_be(type))));
	if (broadcast->isnull)
		PG_RETURN_NULL();
	if (broadcast->type == type)
		PG_RETURN_DATUM(broadcast->value);
	value = evaluate(expr, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(value);
}

/* broadcast_unpersist(name text) → whether there is one; nodes keep nothing of it between queries */
Datum
barks_broadcast_unpersist(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(find_broadcast(text_to_cstring(PG_GETARG_TEXT_PP(0))) != NULL);
}

/* broadcast_destroy(name text) → whether there was one */
Datum
barks_broadcast_destroy(PG_FUNCTION_ARGS)
{
	Broadcast  *broadcast = find_broadcast(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (broadcast)
		drop_broadcast(broadcast);
	PG_RETURN_BOOL(broadcast != NULL);
}

/* ---------------- the task ---------------- */

/* task_context() → {"job": …, "stage": …, "partition": …, "attempt": …}, null on the driver */
Datum
barks_task_context(PG_FUNCTION_ARGS)
{
	const CurrentTask *task = current_task();

	if (!task)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(
		psprintf("{\"job\": " UINT64_FORMAT ", \"stage\": %d, \"partition\": %d, \"attempt\": %d}",
				 task->job, task->stage, task->task, task->attempt))));
}
