/*-------------------------------------------------------------------------
 * range_sample.c
 *	  Bounds for a range exchange, from a sample of its keys.
 *
 * Before the stage runs, its tasks are asked for the keys of some of their rows.
 * Bounds decide how even the partitions are and nothing else, so the sample may
 * be any, and rows that come twice by a repeated attempt do no harm; once
 * chosen, the bounds are the same for every attempt.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/tupdesc.h"
#include "nodes/nodeFuncs.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"

#include "batch/batch.h"
#include "batch/batch_rows.h"
#include "driver/range_sample.h"
#include "job/protocol.h"

#define ROWS_PER_PARTITION	200
#define MIN_ROWS			1000

typedef struct SampleRow
{
	Datum	   *values;
	bool	   *nulls;
} SampleRow;

struct RangeSample
{
	MemoryContext context;		/* the sample */
	MemoryContext rows_context; /* rows; emptied with them */
	const StagePlan *plan;
	int			npartitions;
	int			ncolumns;		/* of the stage's rows */
	BatchSchema *schema;		/* of the keys */
	SortSupport keys;
	int			nkeys;
	SampleRow  *rows;
	int			nrows;
	int			maxrows;
};

static TupleDesc key_columns(const StagePlan *stage, int *ncolumns);
static void copy_row(RangeSample *sample, SampleRow *row, const Datum *values,
					 const bool *nulls);
static int	compare_rows(const void *a, const void *b, void *arg);

RangeSample *
range_sample_begin(const StagePlan *stage, int npartitions)
{
	RangeSample *sample = palloc0(sizeof(RangeSample));
	ListCell   *lc;

	sample->context = CurrentMemoryContext;
	sample->rows_context = AllocSetContextCreate(CurrentMemoryContext, "barks range sample",
												 ALLOCSET_DEFAULT_SIZES);
	sample->plan = stage;
	sample->npartitions = npartitions;
	sample->nkeys = list_length(stage->range_keys);
	sample->schema = batch_schema_create(key_columns(stage, &sample->ncolumns),
										 CurrentMemoryContext);
	sample->keys = palloc0(sizeof(SortSupportData) * sample->nkeys);
	foreach(lc, stage->range_keys)
	{
		MergeKey   *key = lfirst(lc);
		SortSupport support = &sample->keys[foreach_current_index(lc)];

		support->ssup_cxt = sample->context;
		support->ssup_collation = key->collation;
		support->ssup_nulls_first = key->nulls_first;
		support->abbreviate = false;
		PrepareSortSupportFromOrderingOp(key->sortop, support);
	}
	return sample;
}

char *
range_sample_sql(const RangeSample *sample, const char *body, int ntasks, List *inputs)
{
	StringInfoData buf;
	double		rows = Max(sample->plan->rows / ntasks, 1);
	double		wanted = (double) Max(MIN_ROWS, ROWS_PER_PARTITION * sample->npartitions) / ntasks;
	ListCell   *lc;

	/* what is read is known better than what is made of it */
	if (list_length(sample->plan->leaves) == 1)
		foreach(lc, inputs)
			rows = Max(((TaskInput *) lfirst(lc))->rows, 1);
	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT");
	foreach(lc, sample->plan->range_keys)
		appendStringInfo(&buf, "%s c%d", foreach_current_index(lc) > 0 ? "," : "",
						 ((MergeKey *) lfirst(lc))->resno);
	appendStringInfo(&buf, " FROM (%s) AS s(", body);
	for (int i = 1; i <= sample->ncolumns; i++)
		appendStringInfo(&buf, "%sc%d", i > 1 ? ", " : "", i);
	appendStringInfoChar(&buf, ')');
	if (rows > wanted * 2)
		appendStringInfo(&buf, " WHERE pg_catalog.random() < %.9g", wanted / rows);
	/* should the estimate be far off */
	appendStringInfo(&buf, " LIMIT %.0f", ceil(wanted * 10));
	return buf.data;
}

void
range_sample_add(RangeSample *sample, const char *data, Size len)
{
	Batch	   *batch = batch_decode(sample->schema, data, len, sample->rows_context);
	BatchRows	rows = {0};
	Datum	   *values = palloc(sizeof(Datum) * sample->nkeys);
	bool	   *nulls = palloc(sizeof(bool) * sample->nkeys);

	batch_rows_open(&rows, batch, sample->schema);
	while (batch_rows_next(&rows, values, nulls))
	{
		if (sample->nrows == sample->maxrows)
		{
			sample->maxrows = Max(1024, sample->maxrows * 2);
			sample->rows = sample->rows ?
				repalloc_huge(sample->rows, sizeof(SampleRow) * sample->maxrows) :
				MemoryContextAlloc(sample->rows_context, sizeof(SampleRow) * sample->maxrows);
		}
		copy_row(sample, &sample->rows[sample->nrows++], values, nulls);
	}
	batch_rows_close(&rows);
}

StringInfo
range_sample_bounds(RangeSample *sample)
{
	MemoryContext old = MemoryContextSwitchTo(sample->context);
	StringInfo	bounds = NULL;

	if (sample->npartitions > 1)
	{
		BatchBuilder *builder = batch_builder_create(sample->schema, sample->npartitions,
													 sample->rows_context);
		SampleRow	none = {palloc0(sizeof(Datum) * sample->nkeys),
		palloc(sizeof(bool) * sample->nkeys)};

		memset(none.nulls, true, sample->nkeys);
		qsort_arg(sample->rows, sample->nrows, sizeof(SampleRow), compare_rows, sample);
		for (int i = 1; i < sample->npartitions; i++)
		{
			SampleRow  *row = sample->nrows == 0 ? &none :
			&sample->rows[(int64) i * sample->nrows / sample->npartitions];

			(void) batch_builder_add(builder, row->values, row->nulls);
		}
		bounds = makeStringInfo();
		batch_builder_flush(builder, BATCH_COMPRESS_OFF, bounds);
		batch_builder_free(builder);
	}
	sample->rows = NULL;
	sample->nrows = sample->maxrows = 0;
	MemoryContextReset(sample->rows_context);
	MemoryContextSwitchTo(old);
	return bounds;
}

/* The keys as columns, in order; and how many columns the stage has. */
static TupleDesc
key_columns(const StagePlan *stage, int *ncolumns)
{
	TupleDesc	desc = CreateTemplateTupleDesc(list_length(stage->range_keys));
	ListCell   *lk;
	ListCell   *lc;

	*ncolumns = 0;
	foreach(lc, stage->query->targetList)
		*ncolumns += !lfirst_node(TargetEntry, lc)->resjunk;
	foreach(lk, stage->range_keys)
		foreach(lc, stage->query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resno != ((MergeKey *) lfirst(lk))->resno)
			continue;
		TupleDescInitEntry(desc, foreach_current_index(lk) + 1, tle->resname,
						   exprType((Node *) tle->expr), exprTypmod((Node *) tle->expr), 0);
		TupleDescInitEntryCollation(desc, foreach_current_index(lk) + 1,
									exprCollation((Node *) tle->expr));
	}
	return desc;
}

static void
copy_row(RangeSample *sample, SampleRow *row, const Datum *values, const bool *nulls)
{
	MemoryContext old = MemoryContextSwitchTo(sample->rows_context);

	row->values = palloc(sizeof(Datum) * sample->nkeys);
	row->nulls = palloc(sizeof(bool) * sample->nkeys);
	for (int i = 0; i < sample->nkeys; i++)
	{
		const BatchColumn *column = &sample->schema->columns[i];

		row->nulls[i] = nulls[i];
		row->values[i] = nulls[i] ? (Datum) 0 :
			datumCopy(values[i], column->typbyval, column->typlen);
	}
	MemoryContextSwitchTo(old);
}

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const SampleRow *x = a;
	const SampleRow *y = b;
	RangeSample *sample = arg;

	for (int i = 0; i < sample->nkeys; i++)
	{
		int			cmp = ApplySortComparator(x->values[i], x->nulls[i], y->values[i],
											  y->nulls[i], &sample->keys[i]);

		if (cmp != 0)
			return cmp;
	}
	return 0;
}
