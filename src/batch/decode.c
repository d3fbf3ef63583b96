/*-------------------------------------------------------------------------
 * decode.c
 *	  Read a batch's wire form, and hand out its rows.
 *
 * Bytes that came over a network are not believed: the checksum is verified
 * first, and every length and count again before it is used, so that no
 * batch, however it was made, reads or writes outside its memory.  What is
 * inside a raw value is taken as it is, as it is from a table's page.
 *
 * Decoded columns are expanded to what a Datum needs: fixed values at a
 * stride that keeps their alignment, varlenas with a header, text with its
 * terminator.  A constant column has one value, found for every row by
 * masking the row number to 0.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zstd.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "batch/decoded.h"
#include "batch/wire.h"

/* What is left to read of a batch, or of a column's body. */
typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

/* The lengths of a body's values. */
typedef struct LengthReader
{
	int			nvalues;
	int			width;			/* bytes of a length; 0: the one value's is constant */
	Size		constant;
	const char *at;
} LengthReader;

static WireHeader read_header(const char *data, Size len);
static void decode_column(Batch *batch, int i, Reader *reader);
static void decode_values(Batch *batch, int i, const WireColumn *header, Reader *body);
static const char *decompress(const char *data, const WireColumn *header,
							  MemoryContext context);
static void decode_fixed(Batch *batch, DecodedColumn *column, const BatchColumn *type,
						 const WireColumn *header, Reader *body);
static void spread(DecodedColumn *column, const char *from, Size typlen, int nvalues);
static void decode_frame(Batch *batch, DecodedColumn *column, int width, Reader *body);
static void decode_decimals(Batch *batch, DecodedColumn *column, const BatchColumn *type,
							const WireColumn *header, Reader *body);
static void make_numerics(Batch *batch, DecodedColumn *column);
static void decode_bytes(Batch *batch, DecodedColumn *column, const BatchColumn *type,
						 const WireColumn *header, Reader *body);
static LengthReader open_lengths(const WireColumn *header, int nrows, Reader *body);
static inline uint32 length_at(const LengthReader *lengths, int i);
static const char *take(Reader *reader, Size len);
static inline Datum fetch(Batch *batch, int i, uint32 row);
static void corrupted(const char *detail) pg_attribute_noreturn();

Batch *
batch_decode(BatchSchema *schema, const char *data, Size len, MemoryContext parent)
{
	WireHeader	header = read_header(data, len);
	Reader		reader = {data + sizeof(WireHeader), data + len};
	MemoryContext context;
	Batch	   *batch;

	if (header.total_len != len)
		corrupted("Its length is not what its header says.");
	if (wire_checksum(data, len) != header.checksum)
		corrupted("Its checksum is wrong.");
	if (header.schema_hash != schema->hash || header.ncolumns != schema->ncolumns)
		corrupted("Its columns are not of the expected types.");

	context = AllocSetContextCreate(parent, "barks batch", ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		batch = MemoryContextAllocZero(context, offsetof(Batch, columns) +
									   schema->ncolumns * sizeof(DecodedColumn));
		batch->context = context;
		batch->schema = schema;
		batch->nrows = header.nrows;
		for (int i = 0; i < schema->ncolumns; i++)
			decode_column(batch, i, &reader);
		if (reader.at != reader.end)
			corrupted("It has more bytes than its columns need.");
	}
	PG_CATCH();
	{
		MemoryContextDelete(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return batch;
}

int
batch_rows(const Batch *batch)
{
	return batch->nrows;
}

void
batch_get_row(Batch *batch, int row, Datum *values, bool *nulls)
{
	int			ncolumns = batch->schema->ncolumns;

	Assert(row >= 0 && row < batch->nrows);
	for (int i = 0; i < ncolumns; i++)
	{
		const DecodedColumn *column = &batch->columns[i];

		if (decoded_is_null(column, row))
		{
			values[i] = (Datum) 0;
			nulls[i] = true;
			continue;
		}
		nulls[i] = false;
		values[i] = fetch(batch, i, row & column->row_mask);
	}
}

static inline Datum
fetch(Batch *batch, int i, uint32 row)
{
	const DecodedColumn *column = &batch->columns[i];

	switch (column->kind)
	{
		case FETCH_BYVAL1:
			return CharGetDatum(((char *) column->values)[row]);
		case FETCH_BYVAL2:
			return Int16GetDatum(((int16 *) column->values)[row]);
		case FETCH_BYVAL4:
			return Int32GetDatum(((int32 *) column->values)[row]);
		case FETCH_BYVAL8:
			return ((Datum *) column->values)[row];
		case FETCH_FIXED:
			return PointerGetDatum(column->values + (Size) row * column->stride);
		case FETCH_VARLENA:
			return PointerGetDatum(column->values + (Size) column->offsets[row] * OFFSET_UNIT);
		case FETCH_TEXT:
			return batch_text_in(batch->schema, i,
								 column->values + (Size) column->offsets[row] * OFFSET_UNIT);
		case FETCH_DATUM:
			return ((Datum *) column->values)[row];
		case FETCH_DECIMAL:
			make_numerics(batch, &batch->columns[i]);
			return fetch(batch, i, row);
		case FETCH_NULL:
			break;
	}
	pg_unreachable();
}

void
batch_read_texts(Batch *batch)
{
	MemoryContext old = MemoryContextSwitchTo(batch->context);
	int			level = batch_text_settings_begin(batch->schema);

	for (int i = 0; i < batch->schema->ncolumns; i++)
	{
		DecodedColumn *column = &batch->columns[i];
		int			nvalues = column->row_mask ? batch->nrows : 1;
		Datum	   *values;

		if (column->kind != FETCH_TEXT)
			continue;
		values = MemoryContextAllocHuge(batch->context, nvalues * sizeof(Datum));
		for (int row = 0; row < nvalues; row++)
			values[row] = column->row_mask && decoded_is_null(column, row) ? (Datum) 0 : fetch(batch, i, row);
		column->values = (char *) values;
		column->kind = FETCH_DATUM;
	}
	batch_text_settings_end(level);
	MemoryContextSwitchTo(old);
}

MemoryContext
batch_context(const Batch *batch)
{
	return batch->context;
}

void
batch_free(Batch *batch)
{
	MemoryContextDelete(batch->context);
}

bool
batch_wire_intact(const char *data, Size len)
{
	WireHeader	header;

	if (len < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	return header.magic == WIRE_MAGIC && header.total_len == len &&
		header.checksum == wire_checksum(data, len);
}

int
batch_wire_rows(const char *data, Size len)
{
	return read_header(data, len).nrows;
}

uint32
batch_wire_checksum(const char *data, Size len)
{
	return read_header(data, len).checksum;
}

static WireHeader
read_header(const char *data, Size len)
{
	WireHeader	header;

	if (len < sizeof(header))
		corrupted("It is shorter than its header.");
	memcpy(&header, data, sizeof(header));
	if (header.magic != WIRE_MAGIC)
		corrupted("It does not start as a batch does.");
	if (header.nrows > PG_INT32_MAX)
		corrupted("Its number of rows is out of range.");
	return header;
}

static void
decode_column(Batch *batch, int i, Reader *reader)
{
	WireColumn	header;
	const char *stored;
	Reader		body;

	memcpy(&header, take(reader, sizeof(header)), sizeof(header));
	stored = take(reader, header.stored_len);
	if (header.flags & WIRE_ZSTD)
	{
		body.at = decompress(stored, &header, batch->context);
		body.end = body.at + header.raw_len;
		decode_values(batch, i, &header, &body);
		pfree(unconstify(char *, body.end - header.raw_len));
		return;
	}
	if (header.raw_len != header.stored_len)
		corrupted("A column's lengths do not agree.");
	body.at = stored;
	body.end = stored + header.stored_len;
	decode_values(batch, i, &header, &body);
}

/* A column's body, not compressed. */
static void
decode_values(Batch *batch, int i, const WireColumn *header, Reader *body)
{
	const BatchColumn *type = &batch->schema->columns[i];
	DecodedColumn *column = &batch->columns[i];

	if (header->encoding == WIRE_NULLS)
		column->kind = FETCH_NULL;
	else
	{
		if (header->flags & WIRE_VALIDITY)
		{
			Size		len = bitmap_bytes(batch->nrows);
			const char *from = take(body, len);
			uint8	   *validity = MemoryContextAllocHuge(batch->context, len);

			column->validity = memcpy(validity, from, len);
		}
		column->row_mask = header->encoding == WIRE_CONSTANT ||
			(header->encoding == WIRE_DECIMAL && header->width == 0) ? 0 : PG_UINT32_MAX;
		if (header->encoding == WIRE_DECIMAL)
			decode_decimals(batch, column, type, header, body);
		else if (type->codec == BATCH_CODEC_FIXED)
			decode_fixed(batch, column, type, header, body);
		else
			decode_bytes(batch, column, type, header, body);
	}
	if (body->at != body->end)
		corrupted("A column has more bytes than its rows need.");
}

/* The body as it was before compression, in memory of its own. */
static const char *
decompress(const char *data, const WireColumn *header, MemoryContext context)
{
	static ZSTD_DCtx *zstd = NULL;	/* for the life of the process */
	char	   *raw;
	Size		len;

	if (ZSTD_getFrameContentSize(data, header->stored_len) != header->raw_len)
		corrupted("A compressed column's lengths do not agree.");
	if (zstd == NULL && (zstd = ZSTD_createDCtx()) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Could not create a decompression context.")));
	raw = MemoryContextAllocHuge(context, Max(header->raw_len, 1));
	len = ZSTD_decompressDCtx(zstd, raw, header->raw_len, data, header->stored_len);
	if (ZSTD_isError(len) || len != header->raw_len)
		corrupted("A column could not be decompressed.");
	return raw;
}

/* ---------------- fixed-width values ---------------- */

static void
decode_fixed(Batch *batch, DecodedColumn *column, const BatchColumn *type,
			 const WireColumn *header, Reader *body)
{
	int			typlen = type->typlen;
	int			nvalues = header->encoding == WIRE_CONSTANT ? 1 : batch->nrows;
	const char *from;

	column->kind = !type->typbyval ? FETCH_FIXED :
		typlen == 1 ? FETCH_BYVAL1 :
		typlen == 2 ? FETCH_BYVAL2 :
		typlen == 4 ? FETCH_BYVAL4 : FETCH_BYVAL8;
	column->stride = att_align_nominal(typlen, type->typalign);
	switch (header->encoding)
	{
		case WIRE_FRAME:
			decode_frame(batch, column, header->width, body);
			break;
		case WIRE_PLAIN:
		case WIRE_CONSTANT:
			from = take(body, (Size) nvalues * typlen);
			column->values = MemoryContextAllocHuge(batch->context,
													(Size) nvalues * column->stride);
			spread(column, from, typlen, nvalues);
			break;
		default:
			corrupted("A column's encoding is unknown.");
	}
}

/* Copy values packed at typlen to their stride. */
static void
spread(DecodedColumn *column, const char *from, Size typlen, int nvalues)
{
	if (typlen == column->stride)
		memcpy(column->values, from, nvalues * typlen);
	else
		for (int i = 0; i < nvalues; i++)
			memcpy(column->values + (Size) i * column->stride, from + i * typlen, typlen);
}

static void
decode_frame(Batch *batch, DecodedColumn *column, int width, Reader *body)
{
	int			nrows = batch->nrows;
	int64		base;
	const char *from;

	memcpy(&base, take(body, sizeof(base)), sizeof(base));
	if (width != 1 && width != 2 && width != 4 && (width != 8 || column->kind != FETCH_DECIMAL))
		corrupted("A column's width is unknown.");
	from = take(body, (Size) nrows * width);
	column->values = MemoryContextAllocHuge(batch->context,
											(Size) nrows * column->stride);

#define FRAME_LOOP(to_type, from_type) \
	do { \
		to_type	   *values = (to_type *) column->values; \
		for (int row = 0; row < nrows; row++) \
		{ \
			from_type	difference; \
			memcpy(&difference, from + (Size) row * sizeof(from_type), sizeof(from_type)); \
			values[row] = (to_type) ((uint64) base + difference); \
		} \
	} while (0)

	switch (column->kind * 10 + width)
	{
		case FETCH_BYVAL2 * 10 + 1:
			FRAME_LOOP(uint16, uint8);
			break;
		case FETCH_BYVAL4 * 10 + 1:
			FRAME_LOOP(uint32, uint8);
			break;
		case FETCH_BYVAL4 * 10 + 2:
			FRAME_LOOP(uint32, uint16);
			break;
		case FETCH_DECIMAL * 10 + 1:
		case FETCH_BYVAL8 * 10 + 1:
			FRAME_LOOP(uint64, uint8);
			break;
		case FETCH_DECIMAL * 10 + 2:
		case FETCH_BYVAL8 * 10 + 2:
			FRAME_LOOP(uint64, uint16);
			break;
		case FETCH_DECIMAL * 10 + 4:
		case FETCH_BYVAL8 * 10 + 4:
			FRAME_LOOP(uint64, uint32);
			break;
		case FETCH_DECIMAL * 10 + 8:
			FRAME_LOOP(uint64, uint64);
			break;
		default:
			corrupted("A column's encoding is not one of its type.");
	}
#undef FRAME_LOOP
}

/* ---------------- numerics as integers ---------------- */

static void
decode_decimals(Batch *batch, DecodedColumn *column, const BatchColumn *type,
				const WireColumn *header, Reader *body)
{
	const int64 limit = decimal_powers[DECIMAL_MAX_POWER];
	uint8		scale;
	uint32		nvalues = column->row_mask ? batch->nrows : 1;
	bool		too_large = false;

	if (type->basetype != NUMERICOID)
		corrupted("A column's encoding is not one of its type.");
	memcpy(&scale, take(body, sizeof(scale)), sizeof(scale));
	if (scale > DECIMAL_MAX_POWER)
		corrupted("A column's scale is out of range.");
	column->kind = FETCH_DECIMAL;
	column->scale = scale;
	column->stride = sizeof(int64);
	if (header->width > 0)
		decode_frame(batch, column, header->width, body);
	else
	{
		column->values = MemoryContextAlloc(batch->context, sizeof(int64));
		memcpy(column->values, take(body, sizeof(int64)), sizeof(int64));
	}
	for (uint32 i = 0; i < nvalues; i++)
	{
		int64		value = ((int64 *) column->values)[i];

		too_large |= value >= limit || value <= -limit;
	}
	if (too_large)
		corrupted("A numeric is out of range.");
}

/* PostgreSQL's own values of a column, for whoever reads rows. */
static void
make_numerics(Batch *batch, DecodedColumn *column)
{
	const Size	stride = TYPEALIGN(OFFSET_UNIT, VARHDRSZ + DECIMAL_MAX_BYTES);
	uint32		nvalues = column->row_mask ? batch->nrows : 1;
	const int64 *decimals = (const int64 *) column->values;
	char	   *values = MemoryContextAllocHuge(batch->context, nvalues * stride);
	Size		at = 0;

	column->offsets = MemoryContextAllocHuge(batch->context, nvalues * sizeof(uint32));
	for (uint32 i = 0; i < nvalues; i++)
	{
		int			len = decimal_write(decimals[i], column->scale, values + at + VARHDRSZ);

		SET_VARSIZE(values + at, VARHDRSZ + len);
		column->offsets[i] = at / OFFSET_UNIT;
		at += TYPEALIGN(OFFSET_UNIT, VARHDRSZ + len);
	}
	column->values = values;
	column->kind = FETCH_VARLENA;
}

/* ---------------- varlenas and text ---------------- */

static void
decode_bytes(Batch *batch, DecodedColumn *column, const BatchColumn *type,
			 const WireColumn *header, Reader *body)
{
	bool		text = type->codec == BATCH_CODEC_TEXT;
	Size		align = text || type->typalign != TYPALIGN_DOUBLE ? sizeof(int32) : ALIGNOF_DOUBLE;
	Size		overhead = text ? 1 : VARHDRSZ;
	LengthReader lengths = open_lengths(header, batch->nrows, body);
	uint64		len = 0;
	uint64		size = 0;
	const char *from;

	column->kind = text ? FETCH_TEXT : FETCH_VARLENA;
	column->offsets = MemoryContextAllocHuge(batch->context,
											 lengths.nvalues * sizeof(uint32));
	for (int i = 0; i < lengths.nvalues; i++)
	{
		uint32		this = length_at(&lengths, i);

		column->offsets[i] = size / OFFSET_UNIT;
		size += TYPEALIGN64(align, overhead + this);
		len += this;
		if (this > MaxAllocSize - VARHDRSZ || size > MAX_COLUMN_BYTES)
			corrupted("A value is too long.");
	}
	from = take(body, len);
	column->values = MemoryContextAllocHuge(batch->context, size);
	for (int i = 0; i < lengths.nvalues; i++)
	{
		uint32		this = length_at(&lengths, i);
		char	   *to = column->values + (Size) column->offsets[i] * OFFSET_UNIT;

		if (text)
			to[this] = '\0';
		else
		{
			SET_VARSIZE(to, this + VARHDRSZ);
			to += VARHDRSZ;
		}
		copy_value(to, from, this);
		from += this;
	}
}

/* Step over the lengths of a body. */
static LengthReader
open_lengths(const WireColumn *header, int nrows, Reader *body)
{
	LengthReader lengths = {.nvalues = nrows, .width = header->width};

	if (header->encoding == WIRE_CONSTANT)
	{
		lengths.nvalues = 1;
		lengths.width = 0;
		lengths.constant = body->end - body->at;
		return lengths;
	}
	if (header->encoding != WIRE_PLAIN)
		corrupted("A column's encoding is not one of its type.");
	if (header->width != 1 && header->width != 2 && header->width != 4)
		corrupted("A column's width is unknown.");
	lengths.at = take(body, (Size) nrows * header->width);
	return lengths;
}

static inline uint32
length_at(const LengthReader *lengths, int i)
{
	uint32		wide;
	uint16		half;

	switch (lengths->width)
	{
		case 0:
			return lengths->constant;
		case 1:
			return ((const uint8 *) lengths->at)[i];
		case 2:
			memcpy(&half, lengths->at + (Size) i * sizeof(half), sizeof(half));
			return half;
		default:
			memcpy(&wide, lengths->at + (Size) i * sizeof(wide), sizeof(wide));
			return wide;
	}
}

/* ---------------- reading ---------------- */

/* The next len bytes, which are there. */
static const char *
take(Reader *reader, Size len)
{
	const char *at = reader->at;

	if (len > (Size) (reader->end - reader->at))
		corrupted("It is shorter than its parts.");
	reader->at += len;
	return at;
}

static void
corrupted(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("invalid batch of rows"),
			 errdetail_internal("%s", detail)));
}
