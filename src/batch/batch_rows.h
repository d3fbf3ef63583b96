/*-------------------------------------------------------------------------
 * batch_rows.h
 *	  Read a batch row by row.
 *
 * Columns that travelled as text are made values for the whole batch at once,
 * because that needs fixed settings, which must not be in force while the
 * consumer of a row runs.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_BATCH_ROWS_H
#define BARKS_BATCH_BATCH_ROWS_H

#include "batch/batch.h"

typedef struct BatchRows
{
	Batch	   *batch;			/* NULL: no batch, no rows */
	int			row;			/* next one */
	int			nrows;
} BatchRows;

/* Take over a batch; the one before must be closed. */
extern void batch_rows_open(BatchRows *rows, Batch *batch, BatchSchema *schema);
/* Next row; false at the end. Values live until batch_rows_close. */
extern bool batch_rows_next(BatchRows *rows, Datum *values, bool *nulls);
/* Free the batch, if there is one. */
extern void batch_rows_close(BatchRows *rows);

#endif							/* BARKS_BATCH_BATCH_ROWS_H */
