/*-------------------------------------------------------------------------
 * row_store.c
 *	  Rows of batches that are kept, column by column, and numbered.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/decimal.h"
#include "vector/arena.h"
#include "vector/row_store.h"

#define FIRST_ROWS	VEC_MAX_ROWS

typedef struct StoreColumn
{
	VecType		type;
	VecKind		kind;			/* of all values */
	void	   *values;
	bool	   *nulls;			/* NULL: none is */
} StoreColumn;

struct RowStore
{
	MemoryContext context;
	VecArena	arena;			/* of values by reference */
	int			ncolumns;
	StoreColumn *columns;
	uint32		nrows;
	uint32		capacity;
};

static void add_column(RowStore *store, StoreColumn *column, const Vec *vec, const uint16 *sel, int n);
static void become_datums(RowStore *store, StoreColumn *column);

RowStore *
row_store_create(int ncolumns, const VecType *types, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	RowStore   *store = palloc0(sizeof(RowStore));

	store->context = context;
	vec_arena_init(&store->arena, context);
	store->ncolumns = ncolumns;
	store->columns = palloc0(sizeof(StoreColumn) * Max(ncolumns, 1));
	store->capacity = FIRST_ROWS;
	for (int i = 0; i < ncolumns; i++)
	{
		store->columns[i].type = types[i];
		store->columns[i].kind = types[i].kind;
		store->columns[i].values = palloc(sizeof(Datum) * FIRST_ROWS);
	}
	MemoryContextSwitchTo(old);
	return store;
}

uint32
row_store_count(const RowStore *store)
{
	return store->nrows;
}

void
row_store_add(RowStore *store, Vec *const *columns, const uint16 *sel, int n)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	if (store->nrows + (uint64) n >= ROW_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows to keep in memory")));
	if (store->nrows + n > store->capacity)
	{
		while (store->nrows + n > store->capacity)
			store->capacity *= 2;
		for (int i = 0; i < store->ncolumns; i++)
		{
			StoreColumn *column = &store->columns[i];

			column->values = repalloc_huge(column->values,
										   (Size) store->capacity * vec_kind_size(column->kind));
			if (column->nulls)
				column->nulls = repalloc_huge(column->nulls, sizeof(bool) * (Size) store->capacity);
		}
	}
	for (int i = 0; i < store->ncolumns; i++)
		add_column(store, &store->columns[i], columns[i], sel, n);
	store->nrows += n;
	MemoryContextSwitchTo(old);
}

static void
add_column(RowStore *store, StoreColumn *column, const Vec *vec, const uint16 *sel, int n)
{
	uint32		to = store->nrows;
	Size		size;

	if (vec->nulls && column->nulls == NULL)
		column->nulls = MemoryContextAllocExtended(store->context, sizeof(bool) * (Size) store->capacity,
												   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (column->nulls)
	{
		uint32		at = to;

		VEC_FOR_EACH(row, sel, n, column->nulls[at++] = VEC_IS_NULL(vec, row));
	}
	if (column->kind == VEC_DECIMAL && (vec->kind != VEC_DECIMAL || vec->scale != column->type.scale))
		become_datums(store, column);
	size = vec_kind_size(column->kind);
	if (column->kind == VEC_DATUM)
		VEC_FOR_EACH(row, sel, n,
					 bool		isnull;
					 Datum		value = vec_get_datum(vec, &column->type, row, &isnull);

					 ((Datum *) column->values)[to++] = isnull ? (Datum) 0 : column->type.typbyval || vec->kind != VEC_DATUM ? value :
					 vec_arena_copy(&store->arena, value, column->type.typlen));
	else if (size == sizeof(int64))
		VEC_FOR_EACH(row, sel, n, ((int64 *) column->values)[to++] = VEC_INT64S(vec)[VEC_ROW(vec, row)]);
	else if (size == sizeof(int32))
		VEC_FOR_EACH(row, sel, n, ((int32 *) column->values)[to++] = VEC_INT32S(vec)[VEC_ROW(vec, row)]);
	else
		VEC_FOR_EACH(row, sel, n, ((bool *) column->values)[to++] = VEC_BOOLS(vec)[VEC_ROW(vec, row)]);
}

/* Decimals of another scale, or numerics that are no decimals, came. */
static void
become_datums(RowStore *store, StoreColumn *column)
{
	for (uint32 i = 0; i < store->nrows; i++)
		if (!column->nulls || !column->nulls[i])
			((Datum *) column->values)[i] = decimal_datum(((int64 *) column->values)[i], column->type.scale);
	column->kind = VEC_DATUM;
}

void
row_store_column(const RowStore *store, int number, Vec *vec)
{
	const StoreColumn *column = &store->columns[number];

	vec->kind = column->kind;
	vec->scale = column->type.scale;
	vec->scales = NULL;
	vec->constant = false;
	vec->values = column->values;
	vec->nulls = column->nulls;
}

void
row_store_gather(RowStore *store, int number, const uint32 *numbers, const uint16 *sel, int n, Vec *vec,
				 bool *nulls)
{
	StoreColumn *column = &store->columns[number];
	bool		any_null = false;
	Size		size = vec_kind_size(column->kind);

	vec->kind = column->kind;
	vec->scale = column->type.scale;
	vec->constant = false;
	VEC_FOR_EACH(row, sel, n,
				 nulls[row] = numbers[row] == ROW_NONE || (column->nulls && column->nulls[numbers[row]]);
				 any_null |= nulls[row]);
	vec->nulls = any_null ? nulls : NULL;
	if (size == sizeof(int64))
		VEC_FOR_EACH(row, sel, n,
					 if (numbers[row] != ROW_NONE)
					 VEC_INT64S(vec)[row] = ((int64 *) column->values)[numbers[row]]);
	else if (size == sizeof(int32))
		VEC_FOR_EACH(row, sel, n,
					 if (numbers[row] != ROW_NONE)
					 VEC_INT32S(vec)[row] = ((int32 *) column->values)[numbers[row]]);
	else
		VEC_FOR_EACH(row, sel, n,
					 if (numbers[row] != ROW_NONE)
					 VEC_BOOLS(vec)[row] = ((bool *) column->values)[numbers[row]]);
}
