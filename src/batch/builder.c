/*-------------------------------------------------------------------------
 * builder.c
 *	  Collect rows into columns, and write them as a batch.
 *
 * The buffers of a builder grow to what a batch needs and are used again for
 * the next one; only those that a huge value blew up are given back.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "batch/builder.h"

#define INITIAL_ROWS	64
#define INITIAL_BYTES	1024

static void init_column(BuilderColumn *column, const BatchColumn *type);
static void grow_rows(BatchBuilder *builder, int capacity);
static void add_null(BatchBuilder *builder, BuilderColumn *column);
static void add_fixed(BatchBuilder *builder, BuilderColumn *column,
					  const BatchColumn *type, Datum value);
static void add_varlena(BatchBuilder *builder, BuilderColumn *column, Datum value);
static void add_text(BatchBuilder *builder, int i, Datum value);
static void empty_column(BuilderColumn *column, Size keep_bytes);

BatchBuilder *
batch_builder_create(BatchSchema *schema, int max_rows, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks batch builder",
												  ALLOCSET_DEFAULT_SIZES);
	BatchBuilder *builder;

	Assert(max_rows > 0);
	builder = MemoryContextAllocZero(context, offsetof(BatchBuilder, columns) +
									 schema->ncolumns * sizeof(BuilderColumn));
	builder->context = context;
	builder->scratch = AllocSetContextCreate(context, "barks batch builder row",
											 ALLOCSET_DEFAULT_SIZES);
	builder->schema = schema;
	builder->max_rows = max_rows;
	builder->max_bytes = BATCH_TARGET_BYTES;
	builder->keep_bytes = 2 * BATCH_TARGET_BYTES;
	for (int i = 0; i < schema->ncolumns; i++)
		init_column(&builder->columns[i], &schema->columns[i]);
	return builder;
}

static void
init_column(BuilderColumn *column, const BatchColumn *type)
{
	column->codec = type->codec;
	column->numeric = type->codec == BATCH_CODEC_VARLENA && type->basetype == NUMERICOID;
	column->scale = column->numeric ? DECIMALS_NONE : DECIMALS_NEVER;
	if (type->codec != BATCH_CODEC_FIXED)
		return;
	column->typlen = type->typlen;
	column->narrow = type->typbyval && type->typlen > 1 &&
		type->basetype != FLOAT4OID && type->basetype != FLOAT8OID;
}

bool
batch_builder_add(BatchBuilder *builder, const Datum *values, const bool *nulls)
{
	BatchSchema *schema = builder->schema;

	if (builder->nrows == builder->capacity)
		grow_rows(builder, builder->capacity ? builder->capacity * 2 : INITIAL_ROWS);
	for (int i = 0; i < schema->ncolumns; i++)
	{
		BuilderColumn *column = &builder->columns[i];

		if (nulls[i])
		{
			add_null(builder, column);
			continue;
		}
		if (column->validity)
			column->validity[builder->nrows >> 3] |= 1 << (builder->nrows & 7);
		switch (column->codec)
		{
			case BATCH_CODEC_FIXED:
				add_fixed(builder, column, &schema->columns[i], values[i]);
				break;
			case BATCH_CODEC_VARLENA:
				add_varlena(builder, column, values[i]);
				break;
			case BATCH_CODEC_TEXT:
				add_text(builder, i, values[i]);
				break;
		}
	}
	builder->nrows++;
	return builder->nrows >= builder->max_rows || builder->bytes >= builder->max_bytes;
}

int
batch_builder_rows(const BatchBuilder *builder)
{
	return builder->nrows;
}

Size
batch_builder_bytes(const BatchBuilder *builder)
{
	return builder->bytes;
}

void
batch_builder_flush(BatchBuilder *builder, BatchCompression compression, StringInfo out)
{
	BatchSchema *schema = builder->schema;
	int			start = out->len;
	WireHeader	header = {.magic = WIRE_MAGIC};

	enlargeStringInfo(out, sizeof(header) + Min(builder->bytes, BATCH_TARGET_BYTES));
	appendBinaryStringInfo(out, (char *) &header, sizeof(header));
	for (int i = 0; i < schema->ncolumns; i++)
		encode_column(builder, &builder->columns[i], compression, out);

	header.schema_hash = schema->hash;
	header.nrows = builder->nrows;
	header.ncolumns = schema->ncolumns;
	header.total_len = out->len - start;
	memcpy(out->data + start, &header, sizeof(header));
	header.checksum = wire_checksum(out->data + start, header.total_len);
	memcpy(out->data + start, &header, sizeof(header));

	batch_builder_reset(builder);
}

void
batch_builder_limit(BatchBuilder *builder, Size bytes)
{
	builder->max_bytes = bytes;
	builder->keep_bytes = Max(2 * bytes, 2 * BATCH_TARGET_BYTES);
}

void
batch_builder_reset(BatchBuilder *builder)
{
	for (int i = 0; i < builder->schema->ncolumns; i++)
		empty_column(&builder->columns[i], builder->keep_bytes);
	builder->nrows = 0;
	builder->bytes = 0;
}

void
batch_builder_free(BatchBuilder *builder)
{
	MemoryContextDelete(builder->context);
}

void
builder_reserve_rows(BatchBuilder *builder, int nrows)
{
	int			capacity = Max(builder->capacity, INITIAL_ROWS);

	while (capacity - builder->nrows < nrows)
		capacity *= 2;
	if (capacity > builder->capacity)
		grow_rows(builder, capacity);
}

/* Room for more rows in everything that is counted by rows. */
static void
grow_rows(BatchBuilder *builder, int capacity)
{
	for (int i = 0; i < builder->schema->ncolumns; i++)
	{
		BuilderColumn *column = &builder->columns[i];

		if (column->validity)
		{
			column->validity = repalloc_huge(column->validity, bitmap_bytes(capacity));
			memset(column->validity + bitmap_bytes(builder->capacity), 0,
				   bitmap_bytes(capacity) - bitmap_bytes(builder->capacity));
		}
		if (column->codec == BATCH_CODEC_FIXED)
		{
			column->values_size = (Size) capacity * column->typlen;
			column->values = column->values ?
				repalloc_huge(column->values, column->values_size) :
				MemoryContextAllocHuge(builder->context, column->values_size);
		}
		else
			column->lengths = column->lengths ?
				repalloc_huge(column->lengths, (Size) capacity * sizeof(uint32)) :
				MemoryContextAllocHuge(builder->context, (Size) capacity * sizeof(uint32));
		if (column->numeric)
			column->decimals = column->decimals ?
				repalloc_huge(column->decimals, (Size) capacity * sizeof(int64)) :
				MemoryContextAllocHuge(builder->context, (Size) capacity * sizeof(int64));
	}
	builder->capacity = capacity;
}

static void
add_null(BatchBuilder *builder, BuilderColumn *column)
{
	if (column->validity == NULL)
		builder_start_validity(builder, column);
	column->nnulls++;
	if (column->codec == BATCH_CODEC_FIXED)
	{
		memset(column->values + (Size) builder->nrows * column->typlen, 0, column->typlen);
		builder->bytes += column->typlen;
	}
	else
		column->lengths[builder->nrows] = 0;
	if (column->numeric)
		column->decimals[builder->nrows] = 0;
}

/* The first null of a column: all rows before it are valid. */
void
builder_start_validity(BatchBuilder *builder, BuilderColumn *column)
{
	int			nrows = builder->nrows;

	column->validity = MemoryContextAllocZero(builder->context,
											  bitmap_bytes(builder->capacity));
	memset(column->validity, 0xff, nrows / 8);
	if (nrows % 8)
		column->validity[nrows / 8] = (1 << (nrows % 8)) - 1;
}

static void
add_fixed(BatchBuilder *builder, BuilderColumn *column, const BatchColumn *type,
		  Datum value)
{
	char	   *to = column->values + (Size) builder->nrows * column->typlen;

	builder->bytes += column->typlen;
	if (!type->typbyval)
	{
		memcpy(to, DatumGetPointer(value), column->typlen);
		return;
	}
	switch (column->typlen)
	{
		case 1:
			*(char *) to = DatumGetChar(value);
			break;
		case 2:
			*(int16 *) to = DatumGetInt16(value);
			break;
		case 4:
			*(int32 *) to = DatumGetInt32(value);
			break;
		case 8:
			*(Datum *) to = value;
			break;
		default:
			elog(ERROR, "unsupported length of by-value type: %d", column->typlen);
	}
}

static void
add_varlena(BatchBuilder *builder, BuilderColumn *column, Datum value)
{
	struct varlena *bytes = (struct varlena *) DatumGetPointer(value);
	bool		toasted = VARATT_IS_COMPRESSED(bytes) || VARATT_IS_EXTERNAL(bytes);
	MemoryContext old = CurrentMemoryContext;

	if (toasted)
	{
		MemoryContextSwitchTo(builder->scratch);
		bytes = pg_detoast_datum_packed(bytes);
	}
	builder->bytes += varlena_bytes(column, VARSIZE_ANY_EXHDR(bytes));
	if (column->numeric)
		builder_add_numeric(builder, column, builder->nrows, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	else
		builder_add_bytes(builder, column, builder->nrows, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	if (toasted)
	{
		MemoryContextSwitchTo(old);
		MemoryContextReset(builder->scratch);
	}
}

static void
add_text(BatchBuilder *builder, int i, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(builder->scratch);
	char	   *text = batch_text_out(builder->schema, i, value);

	builder->bytes += varlena_bytes(&builder->columns[i], strlen(text));
	builder_add_bytes(builder, &builder->columns[i], builder->nrows, text, strlen(text));
	MemoryContextSwitchTo(old);
	MemoryContextReset(builder->scratch);
}

void
builder_reserve_bytes(BatchBuilder *builder, BuilderColumn *column, Size len)
{
	Size		size;

	if (likely(column->values_size - column->values_len >= len))
		return;
	size = Max(column->values_size * 2, INITIAL_BYTES);
	size = Max(size, column->values_len + len);
	column->values = column->values ? repalloc_huge(column->values, size) :
		MemoryContextAllocHuge(builder->context, size);
	column->values_size = size;
}

void
builder_add_bytes(BatchBuilder *builder, BuilderColumn *column, int row, const char *bytes, Size len)
{
	builder_reserve_bytes(builder, column, len);
	copy_value(column->values + column->values_len, bytes, len);
	column->values_len += len;
	column->lengths[row] = len;
}

void
builder_add_numeric(BatchBuilder *builder, BuilderColumn *column, int row, const char *data, int len)
{
	if (column->scale != DECIMALS_NEVER)
	{
		int			scale = column->scale == DECIMALS_NONE ? decimal_display_scale(data) : column->scale;

		if (scale >= 0 && scale <= DECIMAL_MAX_POWER &&
			decimal_read(data, len, scale, &column->decimals[row]) && column->decimals[row] != DECIMAL_NAN)
		{
			column->scale = scale;
			return;
		}
		builder_leave_decimals(builder, column, row);
	}
	builder_add_bytes(builder, column, row, data, len);
}

void
builder_leave_decimals(BatchBuilder *builder, BuilderColumn *column, int nrows)
{
	int			scale = column->scale;

	column->scale = DECIMALS_NEVER;
	for (int row = 0; row < nrows; row++)
	{
		char		bytes[DECIMAL_MAX_BYTES];

		if (column->validity && !(column->validity[row >> 3] & (1 << (row & 7))))
			column->lengths[row] = 0;
		else
			builder_add_bytes(builder, column, row, bytes, decimal_write(column->decimals[row], scale, bytes));
	}
}

static void
empty_column(BuilderColumn *column, Size keep_bytes)
{
	column->nnulls = 0;
	if (column->validity)
	{
		pfree(column->validity);
		column->validity = NULL;
	}
	column->values_len = 0;
	column->scale = column->numeric ? DECIMALS_NONE : DECIMALS_NEVER;
	if (column->codec != BATCH_CODEC_FIXED &&
		column->values_size > keep_bytes)
	{
		pfree(column->values);
		column->values = NULL;
		column->values_size = 0;
	}
}
