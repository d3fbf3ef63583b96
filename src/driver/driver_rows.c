/*-------------------------------------------------------------------------
 * driver_rows.c
 *	  Rows of a plan that the driver runs itself, to be sent to nodes.
 *
 * The rows are collected in a tuple store first, which spills to disk: while
 * the plan runs, which may be a job itself, nothing is half sent; and a node
 * that lost what it was sent can be given the same again.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "driver/driver_rows.h"

struct DriverRows
{
	MemoryContext context;
	PlanState  *plan;
	bool		ran;			/* the plan was run, so it must be rescanned to run again */
	Tuplestorestate *store;		/* NULL: not collected */
	TupleTableSlot *slot;
	BatchSchema *schema;
};

DriverRows *
driver_rows_create(PlanState *plan)
{
	DriverRows *rows = palloc0(sizeof(DriverRows));

	rows->context = CurrentMemoryContext;
	rows->plan = plan;
	return rows;
}

void
driver_rows_rescan(DriverRows *rows, Bitmapset *changed)
{
	if (changed)
		UpdateChangedParamSet(rows->plan, changed);
	/* without a change the plan would give what is kept, or as good rows */
	if (rows->plan->chgParam == NULL)
		return;
	if (rows->store)
		tuplestore_end(rows->store);
	rows->store = NULL;
}

void
driver_rows_collect(DriverRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	if (rows->store)
	{
		MemoryContextSwitchTo(old);
		return;
	}
	if (rows->ran)
		ExecReScan(rows->plan);
	rows->ran = true;
	if (rows->slot == NULL)
		rows->slot = MakeSingleTupleTableSlot(ExecGetResultType(rows->plan),
											  &TTSOpsMinimalTuple);
	rows->store = tuplestore_begin_heap(false, false, work_mem);
	tuplestore_set_eflags(rows->store, EXEC_FLAG_REWIND);
	for (;;)
	{
		TupleTableSlot *slot = ExecProcNode(rows->plan);

		CHECK_FOR_INTERRUPTS();
		if (TupIsNull(slot))
			break;
		tuplestore_puttupleslot(rows->store, slot);
	}
	MemoryContextSwitchTo(old);
}

void
driver_rows_write(DriverRows *rows, ShuffleWriter *writer)
{
	BatchSchema *schema = driver_rows_schema(rows);

	tuplestore_rescan(rows->store);
	while (tuplestore_gettupleslot(rows->store, true, false, rows->slot))
	{
		slot_getallattrs(rows->slot);
		if (schema->has_text)
		{
			int			level = batch_text_settings_begin(schema);

			shuffle_writer_add(writer, rows->slot->tts_values, rows->slot->tts_isnull);
			batch_text_settings_end(level);
		}
		else
			shuffle_writer_add(writer, rows->slot->tts_values, rows->slot->tts_isnull);
	}
	ExecClearTuple(rows->slot);
}

TupleDesc
driver_rows_desc(const DriverRows *rows)
{
	return ExecGetResultType(rows->plan);
}

BatchSchema *
driver_rows_schema(DriverRows *rows)
{
	if (rows->schema == NULL)
		rows->schema = batch_schema_create(ExecGetResultType(rows->plan), rows->context);
	return rows->schema;
}

void
driver_rows_end(DriverRows *rows)
{
	if (rows->store)
		tuplestore_end(rows->store);
	rows->store = NULL;
	if (rows->slot)
		ExecDropSingleTupleTableSlot(rows->slot);
	rows->slot = NULL;
}
