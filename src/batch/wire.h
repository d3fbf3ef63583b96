/*-------------------------------------------------------------------------
 * wire.h
 *	  The wire form of a batch.  Private to batch/.
 *
 *	  WireHeader
 *	  per column:
 *		WireColumn
 *		body, stored_len bytes; with WIRE_ZSTD one zstd frame of raw_len bytes
 *
 *	  A body is, in this order:
 *		validity bitmap, (nrows+7)/8 bytes	with WIRE_VALIDITY
 *		values, by encoding:
 *		  NULLS		nothing: all values are null
 *		  PLAIN		fixed: nrows × typlen
 *					varlena, text: nrows lengths of width bytes, then the
 *					values' bytes, without headers or padding
 *		  CONSTANT	one value for all rows: typlen bytes, or whatever is left
 *		  FRAME		fixed: int64 base, then nrows unsigned differences to it,
 *					width bytes each
 *		  DECIMAL	numeric: uint8 display scale of all, then as in a frame of the values
 *					times 10^scale, each of at most 18 digits; width 0: all are the base
 *
 * A null's fixed value is zero (the base, in a frame), its length is zero.
 *
 * Numbers are in the byte order of the machine, which is the same on all
 * nodes (raw values would be wrong otherwise; adding a node checks it).
 * Nothing in a batch is aligned.  Values of the same rows given to a builder
 * in the same order always make the same bytes: reruns are compared by
 * checksum.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_WIRE_H
#define BARKS_BATCH_WIRE_H

#include "port/pg_crc32c.h"

#include "batch/batch.h"

#define WIRE_MAGIC	0x31424b42	/* "BKB1" on a little-endian machine */

typedef struct WireHeader
{
	uint32		magic;
	pg_crc32c	checksum;		/* of all that follows this field */
	uint32		schema_hash;
	uint32		nrows;
	uint32		ncolumns;
	uint32		total_len;		/* of the batch, this header included */
} WireHeader;

typedef enum WireEncoding
{
	WIRE_NULLS,
	WIRE_PLAIN,
	WIRE_CONSTANT,
	WIRE_FRAME,
	WIRE_DECIMAL
} WireEncoding;

#define WIRE_VALIDITY	0x01
#define WIRE_ZSTD		0x02

typedef struct WireColumn
{
	uint8		encoding;
	uint8		flags;
	uint8		width;			/* bytes of a length or difference: 1, 2 or 4; of decimals also 0 or 8 */
	uint8		zero;
	uint32		stored_len;
	uint32		raw_len;		/* = stored_len without WIRE_ZSTD */
} WireColumn;

#define WIRE_CHECKSUM_START	offsetof(WireHeader, schema_hash)

#define bitmap_bytes(nrows) (((Size) (nrows) + 7) / 8)

static inline pg_crc32c
wire_checksum(const char *data, Size len)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, data + WIRE_CHECKSUM_START, len - WIRE_CHECKSUM_START);
	FIN_CRC32C(crc);
	return crc;
}

/* memcpy without a call where values are short, as they mostly are. */
static inline void
copy_value(char *to, const char *from, Size len)
{
	if (len > 16)
		memcpy(to, from, len);
	else if (len >= 8)
	{
		uint64		head,
					tail;

		memcpy(&head, from, 8);
		memcpy(&tail, from + len - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + len - 8, &tail, 8);
	}
	else if (len >= 4)
	{
		uint32		head,
					tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + len - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + len - 4, &tail, 4);
	}
	else
		for (Size i = 0; i < len; i++)
			to[i] = from[i];
}

#endif							/* BARKS_BATCH_WIRE_H */
