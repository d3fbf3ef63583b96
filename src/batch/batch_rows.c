/*-------------------------------------------------------------------------
 * batch_rows.c
 *	  Read a batch row by row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batch/batch_rows.h"

void
batch_rows_open(BatchRows *rows, Batch *batch, BatchSchema *schema)
{
	Assert(rows->batch == NULL);
	rows->batch = batch;
	rows->row = 0;
	rows->nrows = batch_rows(batch);
	if (schema->has_text)
		batch_read_texts(batch);
}

bool
batch_rows_next(BatchRows *rows, Datum *values, bool *nulls)
{
	if (rows->batch == NULL || rows->row >= rows->nrows)
		return false;
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
