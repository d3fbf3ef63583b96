/*-------------------------------------------------------------------------
 * spill.c
 *	  Rows of batches in temporary files, partitioned by a hash.
 *
 * What does not fit into memory is written as PostgreSQL's minimal tuples, and
 * becomes batches again when it is read.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "vector/spill.h"

#define PARTITION_BITS	5
#define NPARTITIONS		(1 << PARTITION_BITS)

struct VecSpill
{
	MemoryContext context;
	int			ncolumns;
	const VecType *types;
	TupleDesc	desc;
	int			bits;
	VecSpillPart *parts[NPARTITIONS];	/* NULL: none of its rows has come */
	MemoryContext row;
};

struct VecSpillReader
{
	TupleDesc	desc;
	const VecType *types;
	MemoryContext rows;			/* of the batch at hand */
	Datum	   *values;
	bool	   *isnull;
	bool	  **nulls;
	VecBatch	batch;
};

static TupleDesc make_desc(int ncolumns, const VecType *types);
static MinimalTuple read_tuple(VecSpillPart *part);

static TupleDesc
make_desc(int ncolumns, const VecType *types)
{
	TupleDesc	desc = CreateTemplateTupleDesc(ncolumns);

	for (int i = 0; i < ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, NULL, types[i].typid, types[i].typmod, 0);
	return desc;
}

/* ---------------- writing ---------------- */

VecSpill *
vec_spill_create(int ncolumns, const VecType *types, int bits)
{
	VecSpill   *spill = palloc0(sizeof(VecSpill));

	spill->context = CurrentMemoryContext;
	spill->ncolumns = ncolumns;
	spill->types = types;
	spill->desc = make_desc(ncolumns, types);
	spill->bits = bits;
	spill->row = AllocSetContextCreate(CurrentMemoryContext, "barks vector spill", ALLOCSET_SMALL_SIZES);
	return spill;
}

void
vec_spill_write(VecSpill *spill, Vec *const *columns, const uint16 *sel, int n, const uint32 *hashes)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(spill->ncolumns, 1));
	bool	   *isnull = palloc(sizeof(bool) * Max(spill->ncolumns, 1));
	MemoryContext old = MemoryContextSwitchTo(spill->row);

	VEC_FOR_EACH(row, sel, n,
				 /* when all bits are used up, rows of one hash are what is left: one partition is as good */
				 int			number = spill->bits + PARTITION_BITS > 32 ? 0 :
				 (hashes[row] << spill->bits) >> (32 - PARTITION_BITS);
				 VecSpillPart *part = spill->parts[number];
				 MinimalTuple tuple;

				 if (part == NULL)
				 {
					 MemoryContextSwitchTo(spill->context);
					 part = spill->parts[number] = palloc(sizeof(VecSpillPart));
					 part->file = BufFileCreateTemp(false);
					 part->rows = 0;
					 part->number = number;
					 part->bits = spill->bits + PARTITION_BITS;
					 MemoryContextSwitchTo(spill->row);
				 }
				 for (int i = 0; i < spill->ncolumns; i++)
				 values[i] = vec_get_datum(columns[i], &spill->types[i], row, &isnull[i]);
				 tuple = heap_form_minimal_tuple(spill->desc, values, isnull);
				 BufFileWrite(part->file, tuple, tuple->t_len);
				 part->rows++;
				 MemoryContextReset(spill->row));
	MemoryContextSwitchTo(old);
	pfree(values);
	pfree(isnull);
}

List *
vec_spill_finish(VecSpill *spill, List *parts)
{
	for (int i = 0; i < NPARTITIONS; i++)
		if (spill->parts[i])
		{
			if (BufFileSeek(spill->parts[i]->file, 0, 0, SEEK_SET) != 0)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not rewind a temporary file")));
			parts = lappend(parts, spill->parts[i]);
		}
	MemoryContextDelete(spill->row);
	pfree(spill);
	return parts;
}

/* ---------------- reading ---------------- */

VecSpillReader *
vec_spill_reader_create(int ncolumns, const VecType *types)
{
	VecSpillReader *reader = palloc0(sizeof(VecSpillReader));

	reader->desc = make_desc(ncolumns, types);
	reader->types = types;
	reader->rows = AllocSetContextCreate(CurrentMemoryContext, "barks vector spilled rows",
										 ALLOCSET_DEFAULT_SIZES);
	reader->values = palloc(sizeof(Datum) * Max(ncolumns, 1));
	reader->isnull = palloc(sizeof(bool) * Max(ncolumns, 1));
	reader->nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	reader->batch.ncolumns = ncolumns;
	reader->batch.columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		reader->batch.columns[i] = vec_create(types[i].kind, VEC_MAX_ROWS);
		reader->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
	}
	return reader;
}

VecBatch *
vec_spill_read(VecSpillReader *reader, VecSpillPart *part)
{
	VecBatch   *batch = &reader->batch;
	MemoryContext old;
	int			n = Min(part->rows, vec_batch_rows());

	if (n == 0)
	{
		vec_spill_part_close(part);
		return NULL;
	}
	MemoryContextReset(reader->rows);
	old = MemoryContextSwitchTo(reader->rows);
	for (int i = 0; i < batch->ncolumns; i++)
		vec_expect_datums(batch->columns[i], &reader->types[i], reader->nulls[i]);
	for (int row = 0; row < n; row++)
	{
		HeapTupleData tuple;
		MinimalTuple minimal = read_tuple(part);

		tuple.t_len = minimal->t_len + MINIMAL_TUPLE_OFFSET;
		tuple.t_data = (HeapTupleHeader) ((char *) minimal - MINIMAL_TUPLE_OFFSET);
		heap_deform_tuple(&tuple, reader->desc, reader->values, reader->isnull);
		for (int i = 0; i < batch->ncolumns; i++)
			vec_put_datum(batch->columns[i], &reader->types[i], row, reader->values[i], reader->isnull[i]);
	}
	part->rows -= n;
	batch->nrows = batch->nsel = n;
	batch->sel = NULL;
	MemoryContextSwitchTo(old);
	return batch;
}

static MinimalTuple
read_tuple(VecSpillPart *part)
{
	uint32		len;
	MinimalTuple tuple;

	if (BufFileRead(part->file, &len, sizeof(len)) != sizeof(len))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file")));
	tuple = palloc(len);
	tuple->t_len = len;
	if (BufFileRead(part->file, (char *) tuple + sizeof(len), len - sizeof(len)) != len - sizeof(len))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file")));
	return tuple;
}

void
vec_spill_part_close(VecSpillPart *part)
{
	if (part->file)
		BufFileClose(part->file);
	part->file = NULL;
	part->rows = 0;
}
