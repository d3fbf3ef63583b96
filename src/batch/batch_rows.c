/*-------------------------------------------------------------------------
 * batch_rows.c
 *	  Read a batch row by row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "batch/batch_rows.h"

void
batch_rows_open(BatchRows *rows, Batch *batch, BatchSchema *schema)
{
	Assert(rows->batch == NULL);
	rows->batch = batch;
	rows->row = 0;
	rows->nrows = batch_rows(batch);
	rows->ncolumns = schema->ncolumns;
	rows->values = NULL;
	if (schema->has_text)
	{
		MemoryContext old = MemoryContextSwitchTo(batch_context(batch));
		Size		n = (Size) rows->nrows * rows->ncolumns;
		int			level;

		rows->values = MemoryContextAllocHuge(CurrentMemoryContext, Max(n, 1) * sizeof(Datum));
		rows->nulls = MemoryContextAllocHuge(CurrentMemoryContext, Max(n, 1) * sizeof(bool));
		level = batch_text_settings_begin(schema);
		for (int i = 0; i < rows->nrows; i++)
			batch_get_row(batch, i, rows->values + (Size) i * rows->ncolumns,
						  rows->nulls + (Size) i * rows->ncolumns);
		batch_text_settings_end(level);
		MemoryContextSwitchTo(old);
	}
}

bool
batch_rows_next(BatchRows *rows, Datum *values, bool *nulls)
{
	if (rows->batch == NULL || rows->row >= rows->nrows)
		return false;
	if (rows->values)
	{
		Size		at = (Size) rows->row * rows->ncolumns;

		memcpy(values, rows->values + at, sizeof(Datum) * rows->ncolumns);
		memcpy(nulls, rows->nulls + at, sizeof(bool) * rows->ncolumns);
	}
	else
		batch_get_row(rows->batch, rows->row, values, nulls);
	rows->row++;
	return true;
}

void
batch_rows_close(BatchRows *rows)
{
	if (rows->batch)
		batch_free(rows->batch);
	memset(rows, 0, sizeof(BatchRows));
}
