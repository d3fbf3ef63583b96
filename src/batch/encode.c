/*-------------------------------------------------------------------------
 * encode.c
 *	  Write one column of a builder in its smallest cheap encoding.
 *
 * The body is built straight in the output and compressed from there, only
 * when a sample says that it will pay.  What is chosen depends on nothing but
 * the rows the builder was given, so a rerun writes the same bytes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zstd.h>

#include "utils/memutils.h"

#include "batch/builder.h"

#define ZSTD_LEVEL			1
#define ZSTD_MIN_BYTES		256		/* smaller bodies are not worth a frame */
#define ZSTD_SAMPLE_BYTES	4096
#define ZSTD_MAX_SKIP		32		/* batches */

/* What a body may be at most to be worth its decompression: it saves 25 %. */
#define WORTHWHILE(raw)		((raw) - (raw) / 4)

static WireEncoding encode_fixed(BuilderColumn *column, int nrows, WireColumn *header,
								 StringInfo out);
static bool fixed_constant(const BuilderColumn *column, int nrows, const char **value);
static void integer_range(const BuilderColumn *column, const void *from, int size, int nrows,
						  int64 *min, uint64 *range);
static int	width_for(uint64 max);
static void append_differences(const BuilderColumn *column, const void *from, int size, int nrows,
							   int64 base, int width, StringInfo out);
static WireEncoding encode_decimals(BuilderColumn *column, int nrows, WireColumn *header,
									StringInfo out);
static WireEncoding encode_bytes(BuilderColumn *column, int nrows, WireColumn *header,
								 StringInfo out);
static bool bytes_constant(const BuilderColumn *column, int nrows, uint32 *length);
static void append_lengths(const BuilderColumn *column, int nrows, int width, StringInfo out);
static void compress_body(BatchBuilder *builder, BuilderColumn *column,
						  WireColumn *header, StringInfo out, int body);
static Size compress(BatchBuilder *builder, const char *data, Size len);
static inline bool is_valid(const BuilderColumn *column, int row);

void
encode_column(BatchBuilder *builder, BuilderColumn *column,
			  BatchCompression compression, StringInfo out)
{
	int			start = out->len;
	int			body = start + sizeof(WireColumn);
	WireColumn	header = {.encoding = WIRE_NULLS};

	appendBinaryStringInfo(out, (char *) &header, sizeof(header));
	if (column->nnulls < builder->nrows)
	{
		if (column->nnulls > 0)
		{
			header.flags |= WIRE_VALIDITY;
			appendBinaryStringInfo(out, (char *) column->validity,
								   bitmap_bytes(builder->nrows));
		}
		header.encoding = column->codec == BATCH_CODEC_FIXED ?
			encode_fixed(column, builder->nrows, &header, out) :
			column->scale != DECIMALS_NEVER ? encode_decimals(column, builder->nrows, &header, out) :
			encode_bytes(column, builder->nrows, &header, out);
	}
	header.raw_len = header.stored_len = out->len - body;
	if (compression == BATCH_COMPRESS_ZSTD && header.raw_len >= ZSTD_MIN_BYTES)
		compress_body(builder, column, &header, out, body);
	memcpy(out->data + start, &header, sizeof(header));
}

/* ---------------- fixed-width values ---------------- */

static WireEncoding
encode_fixed(BuilderColumn *column, int nrows, WireColumn *header, StringInfo out)
{
	const char *value;
	int64		min;
	uint64		range;

	if (fixed_constant(column, nrows, &value))
	{
		appendBinaryStringInfo(out, value, column->typlen);
		return WIRE_CONSTANT;
	}
	if (column->narrow)
	{
		int			width;

		integer_range(column, column->values, column->typlen, nrows, &min, &range);
		width = width_for(range);
		if (width < column->typlen)
		{
			header->width = width;
			appendBinaryStringInfo(out, (char *) &min, sizeof(min));
			append_differences(column, column->values, column->typlen, nrows, min, width, out);
			return WIRE_FRAME;
		}
	}
	appendBinaryStringInfo(out, column->values, nrows * column->typlen);
	return WIRE_PLAIN;
}

/* Are all values that are not null the same bytes? */
static bool
fixed_constant(const BuilderColumn *column, int nrows, const char **value)
{
	const char *first = NULL;
	int			typlen = column->typlen;

	for (int row = 0; row < nrows; row++)
	{
		const char *this = column->values + (Size) row * typlen;

		if (!is_valid(column, row))
			continue;
		if (first == NULL)
			first = this;
		else if (memcmp(first, this, typlen) != 0)
			return false;
	}
	*value = first;
	return true;
}

/* Smallest value, and the distance from it to the greatest. */
static void
integer_range(const BuilderColumn *column, const void *from, int size, int nrows, int64 *min,
			  uint64 *range)
{
	int64		lo = PG_INT64_MAX;
	int64		hi = PG_INT64_MIN;

#define RANGE_LOOP(type) \
	do { \
		const type *values = (const type *) from; \
		for (int row = 0; row < nrows; row++) \
			if (is_valid(column, row)) \
			{ \
				lo = Min(lo, values[row]); \
				hi = Max(hi, values[row]); \
			} \
	} while (0)

	switch (size)
	{
		case 2:
			RANGE_LOOP(int16);
			break;
		case 4:
			RANGE_LOOP(int32);
			break;
		default:
			RANGE_LOOP(int64);
			break;
	}
#undef RANGE_LOOP
	Assert(lo <= hi);
	*min = lo;
	*range = (uint64) hi - (uint64) lo;
}

/* Bytes that hold every number up to max. */
static int
width_for(uint64 max)
{
	return max <= PG_UINT8_MAX ? 1 : max <= PG_UINT16_MAX ? 2 : max <= PG_UINT32_MAX ? 4 : 8;
}

static void
append_differences(const BuilderColumn *column, const void *from, int size, int nrows, int64 base,
				   int width, StringInfo out)
{
	Size		len = (Size) nrows * width;
	char	   *to;

	enlargeStringInfo(out, len);
	to = out->data + out->len;

#define DIFFERENCE_LOOP(from_type, to_type) \
	do { \
		const from_type *values = (const from_type *) from; \
		for (int row = 0; row < nrows; row++, to += sizeof(to_type)) \
		{ \
			to_type		difference = is_valid(column, row) ? \
				(to_type) ((uint64) values[row] - (uint64) base) : 0; \
			memcpy(to, &difference, sizeof(to_type)); \
		} \
	} while (0)

	switch (size * 10 + width)
	{
		case 21:
			DIFFERENCE_LOOP(int16, uint8);
			break;
		case 41:
			DIFFERENCE_LOOP(int32, uint8);
			break;
		case 42:
			DIFFERENCE_LOOP(int32, uint16);
			break;
		case 81:
			DIFFERENCE_LOOP(int64, uint8);
			break;
		case 82:
			DIFFERENCE_LOOP(int64, uint16);
			break;
		case 84:
			DIFFERENCE_LOOP(int64, uint32);
			break;
		default:
			DIFFERENCE_LOOP(int64, uint64);
			break;
	}
#undef DIFFERENCE_LOOP
	out->len += len;
}

/* Numerics as integers: their scale, then as a frame. */
static WireEncoding
encode_decimals(BuilderColumn *column, int nrows, WireColumn *header, StringInfo out)
{
	uint8		scale = column->scale;
	int64		min;
	uint64		range;

	integer_range(column, column->decimals, sizeof(int64), nrows, &min, &range);
	header->width = range == 0 ? 0 : width_for(range);
	appendBinaryStringInfo(out, (char *) &scale, sizeof(scale));
	appendBinaryStringInfo(out, (char *) &min, sizeof(min));
	if (header->width > 0)
		append_differences(column, column->decimals, sizeof(int64), nrows, min, header->width, out);
	return WIRE_DECIMAL;
}

/* ---------------- varlenas and text ---------------- */

static WireEncoding
encode_bytes(BuilderColumn *column, int nrows, WireColumn *header, StringInfo out)
{
	uint32		longest = 0;
	uint32		length;

	if (bytes_constant(column, nrows, &length))
	{
		if (length > 0)
			appendBinaryStringInfo(out, column->values, length);
		return WIRE_CONSTANT;
	}
	for (int row = 0; row < nrows; row++)
		longest = Max(longest, column->lengths[row]);
	header->width = width_for(longest);
	append_lengths(column, nrows, header->width, out);
	if (column->values_len > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row is too large to travel between nodes")));
	appendBinaryStringInfo(out, column->values, column->values_len);
	return WIRE_PLAIN;
}

/* Are all values that are not null the same?  The first one then is at the start. */
static bool
bytes_constant(const BuilderColumn *column, int nrows, uint32 *length)
{
	const char *value = NULL;

	*length = 0;
	for (int row = 0; row < nrows; row++)
	{
		if (!is_valid(column, row))
			continue;
		if (value == NULL)
		{
			value = column->values;
			*length = column->lengths[row];
			if (column->values_len != (Size) *length * (nrows - column->nnulls))
				return false;
		}
		else if (column->lengths[row] != *length ||
				 memcmp(value, column->values, *length) != 0)
			return false;
		value += *length;
	}
	return true;
}

static void
append_lengths(const BuilderColumn *column, int nrows, int width, StringInfo out)
{
	enlargeStringInfo(out, nrows * width);
	for (int row = 0; row < nrows; row++)
	{
		char	   *to = out->data + out->len + row * width;
		uint8		narrow1 = column->lengths[row];
		uint16		narrow2 = column->lengths[row];

		if (width == 1)
			memcpy(to, &narrow1, 1);
		else if (width == 2)
			memcpy(to, &narrow2, 2);
		else
			memcpy(to, &column->lengths[row], 4);
	}
	out->len += nrows * width;
}

/* ---------------- compression ---------------- */

/*
 * Replace the body, the last header->raw_len bytes of out, by its compressed
 * form if that is worth it.  A column that did not compress is left alone for
 * more and more batches.
 */
static void
compress_body(BatchBuilder *builder, BuilderColumn *column, WireColumn *header,
			  StringInfo out, int body)
{
	Size		raw_len = header->raw_len;
	Size		len = 0;

	if (column->zstd_skip > 0)
	{
		column->zstd_skip--;
		return;
	}
	if (raw_len < 2 * ZSTD_SAMPLE_BYTES ||
		compress(builder, out->data + body + raw_len / 2, ZSTD_SAMPLE_BYTES) > 0)
		len = compress(builder, out->data + body, raw_len);
	if (len == 0)
	{
		column->zstd_skip = Min(1 << Min(column->zstd_failures, 16), ZSTD_MAX_SKIP);
		column->zstd_failures++;
		return;
	}
	column->zstd_failures = 0;
	memcpy(out->data + body, builder->zstd_buffer, len);
	out->len = body + len;
	out->data[out->len] = '\0';
	header->stored_len = len;
	header->flags |= WIRE_ZSTD;
}

/* Compressed length of data, now in the builder's buffer; 0: not worth it. */
static Size
compress(BatchBuilder *builder, const char *data, Size len)
{
	static ZSTD_CCtx *zstd = NULL;	/* for the life of the process */
	Size		limit = WORTHWHILE(len);
	Size		result;

	if (zstd == NULL && (zstd = ZSTD_createCCtx()) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Could not create a compression context.")));
	if (builder->zstd_buffer_size < limit)
	{
		if (builder->zstd_buffer)
			pfree(builder->zstd_buffer);
		builder->zstd_buffer = NULL;
		builder->zstd_buffer = MemoryContextAllocHuge(builder->context, limit);
		builder->zstd_buffer_size = limit;
	}
	/* too little room is an error of zstd's, and means that it is not worth it */
	result = ZSTD_compressCCtx(zstd, builder->zstd_buffer, limit, data, len, ZSTD_LEVEL);
	return ZSTD_isError(result) ? 0 : result;
}

static inline bool
is_valid(const BuilderColumn *column, int row)
{
	return column->validity == NULL || (column->validity[row >> 3] & (1 << (row & 7)));
}
