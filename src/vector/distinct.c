/*-------------------------------------------------------------------------
 * distinct.c
 *	  Which of a group's values came before, for aggregates with DISTINCT.
 *
 * A set has groups of equal values, told apart by the serial numbers of the
 * aggregate's own groups.  These end one after the other, and what was of those that
 * ended is thrown out by making the set anew of what the last one has.  When all
 * of work_mem is taken by one group, further values go to files by their hash.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "vector/distinct.h"
#include "vector/group_table.h"
#include "vector/spill.h"

/* A set with fewer values is not worth to be made anew. */
#define MIN_VALUES	4096

struct DistinctSet
{
	MemoryContext context;
	MemoryContext memory;		/* of the table */
	VecType		types[2];		/* value, serial number */
	Oid			operators[2];
	GroupTable *table;
	int			nkeys;
	uint32		last_serial;
	uint32		last_values;	/* that the group of this number has */
	uint32	   *numbers;
	Vec		   *serials;		/* as a column */

	MemoryContext files;
	List	   *parts;			/* of VecSpillPart */
	VecSpill   *spill;
	VecSpillReader *reader;
	int			bits;			/* that the rows at hand share */
	bool		draining;
};

static void start_table(DistinctSet *set);
static void limit_memory(DistinctSet *set);
static void renew(DistinctSet *set);
static void put_aside(DistinctSet *set, Vec *value, const uint16 *sel, int n);
static void finish_spill(DistinctSet *set);

DistinctSet *
distinct_set_create(const VecType *type, Oid equal_operator)
{
	DistinctSet *set = palloc0(sizeof(DistinctSet));

	set->context = CurrentMemoryContext;
	set->memory = AllocSetContextCreate(CurrentMemoryContext, "barks distinct values", ALLOCSET_DEFAULT_SIZES);
	set->files = AllocSetContextCreate(CurrentMemoryContext, "barks distinct files", ALLOCSET_DEFAULT_SIZES);
	set->types[0] = *type;
	vec_type_init(&set->types[1], INT8OID, -1, InvalidOid);
	set->operators[0] = equal_operator;
	set->operators[1] = lookup_type_cache(INT8OID, TYPECACHE_EQ_OPR)->eq_opr;
	set->numbers = palloc(sizeof(uint32) * VEC_MAX_ROWS);
	set->serials = vec_create(VEC_INT64, VEC_MAX_ROWS);
	return set;
}

static void
start_table(DistinctSet *set)
{
	MemoryContextReset(set->memory);
	set->table = group_table_create(set->nkeys, set->nkeys, set->types, set->operators, 0, set->memory);
	set->last_values = 0;
}

int
distinct_set_select(DistinctSet *set, Vec *value, const uint16 *sel, int n, const uint32 *serials, uint16 *out)
{
	Vec		   *columns[2] = {value, set->serials};
	uint32		before;
	int			nout = 0;
	int			naside = 0;
	uint16		aside[VEC_MAX_ROWS];

	if (set->table == NULL)
	{
		set->nkeys = serials ? 2 : 1;
		start_table(set);
	}
	if (serials)
		VEC_FOR_EACH(row, sel, n, VEC_INT64S(set->serials)[row] = serials[row]);
	before = group_table_count(set->table);
	group_table_find(set->table, columns, sel, n, set->numbers, NULL);
	VEC_FOR_EACH(row, sel, n,
				 if (set->numbers[row] == GROUP_NONE)
				 aside[naside++] = row;
				 else if (set->numbers[row] >= before)
				 {
					 before = set->numbers[row] + 1;
					 out[nout++] = row;
					 if (serials && serials[row] != set->last_serial)
					 {
						 set->last_serial = serials[row];
						 set->last_values = 0;
					 }
					 set->last_values++;
				 });
	if (naside > 0)
		put_aside(set, value, aside, naside);
	limit_memory(set);
	return nout;
}

static void
limit_memory(DistinctSet *set)
{
	uint32		count = group_table_count(set->table);
	bool		full = MemoryContextMemAllocated(set->memory, true) > work_mem * (Size) 1024;

	if (set->last_values < count && (full || (count > MIN_VALUES && set->last_values < count / 2)))
	{
		renew(set);
		full = MemoryContextMemAllocated(set->memory, true) > work_mem * (Size) 1024;
	}
	if (full)
		group_table_close(set->table);
}

/* Keep the values of the last group only. */
static void
renew(DistinctSet *set)
{
	GroupTable *old = set->table;
	MemoryContext memory = set->memory;
	MemoryContext here = MemoryContextSwitchTo(set->context);
	uint32		count = group_table_count(old);

	set->memory = AllocSetContextCreate(set->context, "barks distinct values", ALLOCSET_DEFAULT_SIZES);
	start_table(set);
	MemoryContextSwitchTo(memory);
	for (uint32 first = 0; first < count; first += VEC_MAX_ROWS)
	{
		Vec		   *columns[2];
		uint16		rows[VEC_MAX_ROWS];
		int			n = 0;

		group_table_columns(old, first, Min(VEC_MAX_ROWS, count - first), columns);
		for (int row = 0; row < Min(VEC_MAX_ROWS, count - first); row++)
			if (VEC_INT64S(columns[1])[row] == set->last_serial)
				rows[n++] = row;
		if (n > 0)
			group_table_find(set->table, columns, rows, n, set->numbers, NULL);
	}
	set->last_values = group_table_count(set->table);
	MemoryContextSwitchTo(here);
	MemoryContextDelete(memory);
}

static void
put_aside(DistinctSet *set, Vec *value, const uint16 *sel, int n)
{
	MemoryContext old = MemoryContextSwitchTo(set->files);

	if (set->spill == NULL)
		set->spill = vec_spill_create(1, set->types, set->bits);
	MemoryContextSwitchTo(old);
	vec_spill_write(set->spill, &value, sel, n, group_table_hashes(set->table));
}

bool
distinct_set_is_full(const DistinctSet *set)
{
	return set->table && group_table_is_closed(set->table);
}

static void
finish_spill(DistinctSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(set->files);

	if (set->spill)
		set->parts = vec_spill_finish(set->spill, set->parts);
	set->spill = NULL;
	MemoryContextSwitchTo(old);
}

int
distinct_set_drain(DistinctSet *set, Vec **value, uint16 *out)
{
	if (!set->draining)
	{
		if (set->spill == NULL)
			return 0;
		finish_spill(set);
		set->draining = true;
		set->table = NULL;
	}
	while (set->parts != NIL)
	{
		VecSpillPart *part = linitial(set->parts);
		VecBatch   *batch;
		int			n;

		if (set->table == NULL)
		{
			set->nkeys = 1;
			start_table(set);
			set->bits = part->bits;
		}
		if (set->reader == NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(set->context);

			set->reader = vec_spill_reader_create(1, set->types);
			MemoryContextSwitchTo(old);
		}
		batch = vec_spill_read(set->reader, part);
		if (batch == NULL)
		{
			set->parts = list_delete_first(set->parts);
			finish_spill(set);
			set->table = NULL;
			continue;
		}
		n = distinct_set_select(set, batch->columns[0], batch->sel, batch->nsel, NULL, out);
		*value = batch->columns[0];
		if (n > 0)
			return n;
	}
	distinct_set_reset(set);
	return 0;
}

void
distinct_set_reset(DistinctSet *set)
{
	ListCell   *lc;

	finish_spill(set);
	foreach(lc, set->parts)
		vec_spill_part_close(lfirst(lc));
	set->parts = NIL;
	set->draining = false;
	set->bits = 0;
	set->table = NULL;
	set->last_serial = 0;
	set->last_values = 0;
	MemoryContextReset(set->memory);
	MemoryContextReset(set->files);
}

Size
distinct_set_bytes(const DistinctSet *set)
{
	return MemoryContextMemAllocated(set->memory, true);
}
