/*-------------------------------------------------------------------------
 * spill.c
 *	  Rows of batches in temporary files, partitioned by a hash.
 *
 * A row is its length, a bit for each column that is null, and the other values: those of
 * fixed size as vectors have them, what Datums point to as it is in memory, at places
 * that are aligned when the row is.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/buffile.h"
#include "utils/memutils.h"

#include "vector/spill.h"

/* In place of a decimal: a numeric follows that is none. */
#define NO_DECIMAL		PG_INT64_MIN

struct VecSpill
{
	MemoryContext context;
	int			ncolumns;
	const VecType *types;
	int			bits;
	VecSpillPart *parts[VEC_SPILL_PARTS];	/* NULL: none of its rows has come */
	char	   *row;			/* being written */
	Size		room;
	Size		len;
	int64		bytes;			/* of all rows */
	MemoryContext values;		/* made for it */
};

struct VecSpillReader
{
	const VecType *types;
	bool		points;			/* values are in the rows that were read */
	MemoryContext rows;			/* of the batch at hand */
	char	   *row;			/* if values are not */
	bool	  **nulls;
	VecBatch	batch;
};

static void add_bytes(VecSpill *spill, const void *data, Size len, bool align);
static void add_value(VecSpill *spill, const Vec *vec, const VecType *type, int row);
static void add_datum(VecSpill *spill, const VecType *type, Datum value);
static const char *read_row(VecSpillReader *reader, VecSpillPart *part);
static Size read_value(VecSpillReader *reader, const char *data, Size offset, int column, int row);
static Size read_datum(const char *data, Size offset, const VecType *type, Datum *value);

/* ---------------- writing ---------------- */

VecSpill *
vec_spill_create(int ncolumns, const VecType *types, int bits)
{
	VecSpill   *spill = palloc0(sizeof(VecSpill));

	spill->context = CurrentMemoryContext;
	spill->ncolumns = ncolumns;
	spill->types = types;
	spill->bits = bits;
	spill->room = 256;
	spill->row = palloc(spill->room);
	spill->values = AllocSetContextCreate(CurrentMemoryContext, "barks vector spill", ALLOCSET_SMALL_SIZES);
	return spill;
}

static VecSpillPart *
part_of(VecSpill *spill, uint32 hash)
{
	/* when all bits are used up, rows of one hash are what is left: one partition is as good */
	int			number = spill->bits + VEC_SPILL_PART_BITS > 32 ? 0 : (hash << spill->bits) >> (32 - VEC_SPILL_PART_BITS);
	VecSpillPart *part = spill->parts[number];
	MemoryContext old;

	if (part)
		return part;
	old = MemoryContextSwitchTo(spill->context);
	part = spill->parts[number] = palloc(sizeof(VecSpillPart));
	part->file = BufFileCreateTemp(false);
	part->rows = 0;
	part->number = number;
	part->bits = spill->bits + VEC_SPILL_PART_BITS;
	MemoryContextSwitchTo(old);
	return part;
}

void
vec_spill_write(VecSpill *spill, Vec *const *columns, const uint16 *sel, int n, const uint32 *hashes)
{
	Size		start = sizeof(uint32) + (spill->ncolumns + 7) / 8;
	MemoryContext old = MemoryContextSwitchTo(spill->values);

	VEC_FOR_EACH(row, sel, n,
				 VecSpillPart *part = part_of(spill, hashes[row]);
				 uint32		len;

				 spill->len = 0;
				 add_bytes(spill, NULL, start, false);
				 for (int i = 0; i < spill->ncolumns; i++)
				 {
					 if (VEC_IS_NULL(columns[i], row))
						 spill->row[sizeof(uint32) + i / 8] |= 1 << (i % 8);
					 else
						 add_value(spill, columns[i], &spill->types[i], row);
				 }
				 len = (uint32) spill->len;
				 memcpy(spill->row, &len, sizeof(len));
				 BufFileWrite(part->file, spill->row, len);
				 spill->bytes += len;
				 part->rows++);
	MemoryContextReset(spill->values);
	MemoryContextSwitchTo(old);
}

/* Of the row; NULL: zeros. */
static void
add_bytes(VecSpill *spill, const void *data, Size len, bool align)
{
	Size		from = align ? MAXALIGN(spill->len) : spill->len;

	if (from + len > spill->room)
	{
		spill->room = Max(spill->room * 2, from + len);
		spill->row = repalloc_huge(spill->row, spill->room);
	}
	if (from > spill->len)
		memset(spill->row + spill->len, 0, from - spill->len);
	if (data)
		memcpy(spill->row + from, data, len);
	else
		memset(spill->row + from, 0, len);
	spill->len = from + len;
}

static void
add_value(VecSpill *spill, const Vec *vec, const VecType *type, int row)
{
	int64		none = NO_DECIMAL;
	bool		isnull;
	int			place = VEC_ROW(vec, row);

	if (type->kind == VEC_DECIMAL && (vec->kind != VEC_DECIMAL || vec->scale != type->scale))
		add_bytes(spill, &none, sizeof(none), false);
	else if (vec->kind == type->kind && vec->kind != VEC_DATUM)
	{
		Size		size = vec_kind_size(vec->kind);

		add_bytes(spill, (const char *) vec->values + size * place, size, false);
		return;
	}
	else if (type->kind != VEC_DATUM && type->kind != VEC_DECIMAL)
	{
		Datum		room;
		Vec			one = {.kind = type->kind, .values = &room};

		vec_put_datum(&one, type, 0, vec_get_datum(vec, type, row, &isnull), false);
		add_bytes(spill, &room, vec_kind_size(type->kind), false);
		return;
	}
	add_datum(spill, type, vec_get_datum(vec, type, row, &isnull));
}

static void
add_datum(VecSpill *spill, const VecType *type, Datum value)
{
	const char *data = DatumGetPointer(value);

	if (type->typbyval)
		add_bytes(spill, &value, sizeof(value), false);
	else if (type->typlen > 0)
		add_bytes(spill, data, type->typlen, true);
	else if (type->typlen == -2)
		add_bytes(spill, data, strlen(data) + 1, false);
	else
	{
		/* what is on disk can stay there, but not what is somewhere in memory */
		if (VARATT_IS_EXTERNAL(data) && !VARATT_IS_EXTERNAL_ONDISK(data))
			data = (const char *) PG_DETOAST_DATUM(value);
		add_bytes(spill, data, VARSIZE_ANY(data), !VARATT_IS_1B(data));
	}
}

List *
vec_spill_finish(VecSpill *spill, List *parts)
{
	for (int i = 0; i < VEC_SPILL_PARTS; i++)
		if (spill->parts[i])
		{
			if (BufFileSeek(spill->parts[i]->file, 0, 0, SEEK_SET) != 0)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not rewind a temporary file")));
			parts = lappend(parts, spill->parts[i]);
		}
	MemoryContextDelete(spill->values);
	pfree(spill->row);
	pfree(spill);
	return parts;
}

/* ---------------- files for other processes ---------------- */

VecSpill *
vec_spill_create_shared(int ncolumns, const VecType *types, FileSet *files, const char *name)
{
	/* all bits being used, there is but one partition */
	VecSpill   *spill = vec_spill_create(ncolumns, types, 32);

	spill->parts[0] = palloc0(sizeof(VecSpillPart));
	spill->parts[0]->file = BufFileCreateFileSet(files, name);
	return spill;
}

void
vec_spill_write_all(VecSpill *spill, VecBatch *batch)
{
	static const uint32 hashes[VEC_MAX_ROWS];

	vec_batch_load(batch);
	vec_spill_write(spill, batch->columns, batch->sel, batch->nsel, hashes);
}

int64
vec_spill_export(VecSpill *spill, int64 *bytes)
{
	int64		rows = spill->parts[0]->rows;

	*bytes = spill->bytes;

	BufFileExportFileSet(spill->parts[0]->file);
	vec_spill_part_close(spill->parts[0]);
	MemoryContextDelete(spill->values);
	pfree(spill->row);
	pfree(spill);
	return rows;
}

/* ---------------- reading ---------------- */

VecSpillReader *
vec_spill_reader_create(int ncolumns, const VecType *types)
{
	VecSpillReader *reader = palloc0(sizeof(VecSpillReader));
	Size		size = sizeof(uint32) + (ncolumns + 7) / 8;

	reader->types = types;
	reader->rows = AllocSetContextCreate(CurrentMemoryContext, "barks vector spilled rows",
										 ALLOCSET_DEFAULT_SIZES);
	reader->nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	reader->batch.ncolumns = ncolumns;
	reader->batch.columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		reader->batch.columns[i] = vec_create(types[i].kind, VEC_MAX_ROWS);
		reader->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
		reader->points |= types[i].kind == VEC_DECIMAL || !types[i].typbyval;
		size += sizeof(Datum);
	}
	reader->row = palloc(size);
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
	{
		batch->columns[i]->kind = reader->types[i].kind;
		batch->columns[i]->scale = reader->types[i].scale;
		batch->columns[i]->nulls = NULL;
	}
	for (int row = 0; row < n; row++)
	{
		const char *data = read_row(reader, part);
		Size		offset = sizeof(uint32) + (batch->ncolumns + 7) / 8;

		for (int i = 0; i < batch->ncolumns; i++)
		{
			bool		isnull = (data[sizeof(uint32) + i / 8] >> (i % 8)) & 1;

			if (isnull && batch->columns[i]->nulls == NULL)
			{
				memset(reader->nulls[i], false, sizeof(bool) * n);
				batch->columns[i]->nulls = reader->nulls[i];
			}
			if (isnull)
				reader->nulls[i][row] = true;
			else
				offset = read_value(reader, data, offset, i, row);
		}
	}
	part->rows -= n;
	batch->nrows = batch->nsel = n;
	batch->sel = NULL;
	MemoryContextSwitchTo(old);
	return batch;
}

static const char *
read_row(VecSpillReader *reader, VecSpillPart *part)
{
	uint32		len;
	char	   *data;

	if (BufFileRead(part->file, &len, sizeof(len)) != sizeof(len))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file")));
	data = reader->points ? MemoryContextAllocHuge(reader->rows, len) : reader->row;
	if (BufFileRead(part->file, data + sizeof(len), len - sizeof(len)) != len - sizeof(len))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file")));
	return data;
}

/* The value at offset, into a row of a column; the offset behind it. */
static Size
read_value(VecSpillReader *reader, const char *data, Size offset, int column, int row)
{
	const VecType *type = &reader->types[column];
	Vec		   *vec = reader->batch.columns[column];
	Size		size = vec_kind_size(type->kind);
	int64		decimal;

	if (type->kind == VEC_DATUM)
		return read_datum(data, offset, type, &VEC_DATUMS(vec)[row]);
	if (type->kind != VEC_DECIMAL)
	{
		memcpy((char *) vec->values + size * row, data + offset, size);
		return offset + size;
	}
	memcpy(&decimal, data + offset, sizeof(decimal));
	offset += sizeof(decimal);
	if (decimal == NO_DECIMAL && vec->kind == VEC_DECIMAL)
	{
		/* so far there were only decimals */
		for (int i = 0; i < row; i++)
			if (!VEC_IS_NULL(vec, i))
				VEC_DATUMS(vec)[i] = decimal_datum(VEC_INT64S(vec)[i], type->scale);
		vec->kind = VEC_DATUM;
	}
	if (decimal == NO_DECIMAL)
		return read_datum(data, offset, type, &VEC_DATUMS(vec)[row]);
	if (vec->kind == VEC_DECIMAL)
		VEC_INT64S(vec)[row] = decimal;
	else
		VEC_DATUMS(vec)[row] = decimal_datum(decimal, type->scale);
	return offset;
}

static Size
read_datum(const char *data, Size offset, const VecType *type, Datum *value)
{
	if (type->typbyval)
	{
		memcpy(value, data + offset, sizeof(Datum));
		return offset + sizeof(Datum);
	}
	/* the first byte of padding is 0, that of a short varlena is not */
	if (type->typlen > 0 || (type->typlen == -1 && !VARATT_IS_1B(data + offset)))
		offset = MAXALIGN(offset);
	*value = PointerGetDatum(data + offset);
	if (type->typlen > 0)
		return offset + type->typlen;
	return offset + (type->typlen == -1 ? VARSIZE_ANY(data + offset) : strlen(data + offset) + 1);
}

void
vec_spill_part_close(VecSpillPart *part)
{
	if (part->file)
		BufFileClose(part->file);
	part->file = NULL;
	part->rows = 0;
}
