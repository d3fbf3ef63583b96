/*-------------------------------------------------------------------------
 * slot_batch.c
 *	  Batches made of PostgreSQL's rows, one by one.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "vector/arena.h"
#include "vector/slot_batch.h"

struct SlotBatch
{
	const VecType *types;
	VecBatch	batch;
	bool	  **nulls;
	MemoryContext memory;		/* of the batch's values */
	VecArena	arena;
};

SlotBatch *
slot_batch_create(int ncolumns, const VecType *types)
{
	SlotBatch  *slots = palloc0(sizeof(SlotBatch));

	slots->types = types;
	slots->memory = AllocSetContextCreate(CurrentMemoryContext, "barks vector rows", ALLOCSET_DEFAULT_SIZES);
	slots->batch.ncolumns = ncolumns;
	slots->batch.columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	slots->nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		slots->batch.columns[i] = vec_create(types[i].kind, VEC_MAX_ROWS);
		slots->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	return slots;
}

void
slot_batch_begin(SlotBatch *slots)
{
	MemoryContextReset(slots->memory);
	vec_arena_init(&slots->arena, slots->memory);
	for (int i = 0; i < slots->batch.ncolumns; i++)
		vec_expect_datums(slots->batch.columns[i], &slots->types[i], slots->nulls[i]);
	slots->batch.nrows = 0;
}

void
slot_batch_add(SlotBatch *slots, TupleTableSlot *slot)
{
	int			row = slots->batch.nrows++;

	slot_getallattrs(slot);
	for (int i = 0; i < slots->batch.ncolumns; i++)
	{
		const VecType *type = &slots->types[i];
		Datum		value = slot->tts_values[i];

		if (!slot->tts_isnull[i] && !type->typbyval)
			value = vec_arena_copy(&slots->arena, value, type->typlen);
		vec_put_datum(slots->batch.columns[i], type, row, value, slot->tts_isnull[i]);
	}
}

VecBatch *
slot_batch_end(SlotBatch *slots)
{
	slots->batch.nsel = slots->batch.nrows;
	slots->batch.sel = NULL;
	return slots->batch.nrows > 0 ? &slots->batch : NULL;
}
