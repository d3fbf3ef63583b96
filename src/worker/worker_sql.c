/*-------------------------------------------------------------------------
 * worker_sql.c
 *	  SQL-callable functions of the worker pool.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "worker/kept_functions.h"
#include "worker/pool.h"

#define WORKER_COLUMNS 8
#define QUEUE_COLUMNS 3

PG_FUNCTION_INFO_V1(barks_worker_slots);
PG_FUNCTION_INFO_V1(barks_slot_queue);
PG_FUNCTION_INFO_V1(barks_exchange);
PG_FUNCTION_INFO_V1(barks_row_holds);
PG_FUNCTION_INFO_V1(barks_combine_state);
PG_FUNCTION_INFO_V1(barks_keep_functions);
PG_FUNCTION_INFO_V1(barks_drop_kept_functions);

static const char *state_name(SlotState state);
static char **texts_of(ArrayType *array, int *n);
static void check_service_role(void);

/* barks.worker_slots(): one row per slot of this server */
Datum
barks_worker_slots(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < pool_slots; i++)
	{
		SlotInfo	info = pool_slot_info(i);
		Datum		values[WORKER_COLUMNS] = {0};
		bool		nulls[WORKER_COLUMNS] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(state_name(info.state));
		values[2] = Int32GetDatum(info.pid);
		nulls[2] = info.pid == 0;
		values[3] = ObjectIdGetDatum(info.dboid);
		nulls[3] = !OidIsValid(info.dboid);
		values[4] = Int32GetDatum(info.session_pid);
		nulls[4] = info.session_pid == 0;
		values[5] = CStringGetTextDatum(info.pool);
		nulls[5] = info.pool[0] == '\0';
		values[6] = Int64GetDatum(info.tasks);
		values[7] = TimestampTzGetDatum(info.since);
		nulls[7] = info.since == 0;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* barks.slot_queue(): one row per session of this server that waits for a slot */
Datum
barks_slot_queue(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < MaxBackends; i++)
	{
		Datum		values[QUEUE_COLUMNS];
		bool		nulls[QUEUE_COLUMNS] = {false};
		char		name[NAMEDATALEN];
		TimestampTz since;
		int			pid;

		if (!pool_waits(i, &pid, name, &since))
			continue;
		values[0] = Int32GetDatum(pid);
		values[1] = CStringGetTextDatum(name);
		values[2] = TimestampTzGetDatum(since);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* barks.exchange(N): in a task a scan takes its place (exchange_scan.c). */
Datum
barks_exchange(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("barks.exchange() can only be read by tasks"),
			 errdetail("It stands for the output of another stage of a distributed query.")));
	PG_RETURN_NULL();
}

/* The error is never shown: the driver then asks for the rows and finds its own words. */
Datum
barks_row_holds(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || !PG_GETARG_BOOL(0))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("a row does not meet a constraint of the table it is for")));
	PG_RETURN_BOOL(true);
}

/* Never called: a task's plan is changed to have no call of it (agg_split.c). */
Datum
barks_combine_state(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("barks.combine_state has a meaning in tasks of barks only")));
}

static const char *
state_name(SlotState state)
{
	switch (state)
	{
		case SLOT_FREE:
			return "free";
		case SLOT_STARTING:
			return "starting";
		case SLOT_IDLE:
			return "idle";
		case SLOT_BUSY:
			return "busy";
		case SLOT_LEAVING:
			return "leaving";
	}
	pg_unreachable();
}

/* barks.keep_functions(schema, role, names, definitions) */
Datum
barks_keep_functions(PG_FUNCTION_ARGS)
{
	int			n;
	int			ndefinitions;
	char	  **names = texts_of(PG_GETARG_ARRAYTYPE_P(2), &n);
	char	  **definitions = texts_of(PG_GETARG_ARRAYTYPE_P(3), &ndefinitions);

	check_service_role();
	if (n != ndefinitions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be as many names as definitions")));
	kept_functions_make(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
						n, names, definitions);
	PG_RETURN_VOID();
}

/* barks.drop_kept_functions(schema) */
Datum
barks_drop_kept_functions(PG_FUNCTION_ARGS)
{
	check_service_role();
	PG_RETURN_INT64(kept_functions_drop(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

static char **
texts_of(ArrayType *array, int *n)
{
	Datum	   *values;
	char	  **texts;

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("names and definitions must not be null")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, n);
	texts = palloc(sizeof(char *) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		texts[i] = TextDatumGetCString(values[i]);
	return texts;
}

static void
check_service_role(void)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to keep functions of a driver"),
				 errdetail("Only the service role, a superuser, may do this.")));
}
