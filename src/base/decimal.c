/*-------------------------------------------------------------------------
 * decimal.c
 *	  Numerics as integers scaled by a power of ten, and back.
 *
 * PostgreSQL's functions could do this digit by digit, at a hundred times the
 * cost; so this knows how a numeric is stored (src/backend/utils/adt/numeric.c):
 * a header with sign, display scale and weight, in a short form of two bytes
 * or a long one of four, and digits of base 10000 without zeros at the ends.
 * The form is that of data directories, so it changes only with pg_upgrade.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"

const uint64 decimal_reciprocals[4] = {
	UINT64CONST(4294967296), UINT64CONST(429496730), UINT64CONST(42949673), UINT64CONST(4294968)
};

const int64 decimal_powers[DECIMAL_MAX_POWER + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, INT64CONST(1000000000),
	INT64CONST(10000000000), INT64CONST(100000000000), INT64CONST(1000000000000),
	INT64CONST(10000000000000), INT64CONST(100000000000000), INT64CONST(1000000000000000),
	INT64CONST(10000000000000000), INT64CONST(100000000000000000),
	INT64CONST(1000000000000000000)
};

bool
decimal_from_numeric(const char *data, int len, int scale, int64 *value)
{
	return decimal_read(data, len, scale, value);
}

int
decimal_display_scale(const char *data)
{
	uint16		header;

	memcpy(&header, data, sizeof(header));
	switch (header & NUMERIC_FORM_MASK)
	{
		case NUMERIC_FORM_SHORT:
			return (header >> NUMERIC_SHORT_SCALE_SHIFT) & NUMERIC_SHORT_SCALE_MAX;
		case NUMERIC_FORM_SPECIAL:
			return -1;
		default:
			return header & NUMERIC_LONG_SCALE_MASK;
	}
}

Datum
decimal_datum(int64 value, int scale)
{
	if (value == DECIMAL_NAN)
	{
		char	   *nan = palloc(VARHDRSZ + sizeof(uint16));

		SET_VARSIZE(nan, VARHDRSZ + sizeof(uint16));
		*(uint16 *) (nan + VARHDRSZ) = NUMERIC_NAN_HEADER;
		return PointerGetDatum(nan);
	}
	return decimal_to_numeric(value, scale);
}

Datum
decimal_to_numeric(int128 value, int scale)
{
	char		bytes[DECIMAL_MAX_BYTES];
	int			len = decimal_write(value, scale, bytes);
	char	   *numeric = palloc(VARHDRSZ + len);

	SET_VARSIZE(numeric, VARHDRSZ + len);
	memcpy(numeric + VARHDRSZ, bytes, len);
	return PointerGetDatum(numeric);
}

int
decimal_write(int128 value, int scale, char *to)
{
	int16		digits[16];
	int			ndigits = 0;
	int			zeros = 0;
	int			after = (scale + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;	/* digits after the point */
	int			weight;
	bool		negative = value < 0;
	uint128		rest = negative ? -(uint128) value : (uint128) value;
	int			odd = after * NUMERIC_BASE_DIGITS - scale;
	uint16		header[2];
	Size		header_len = sizeof(uint16);

	/* the lowest digit first; its missing decimals are zeros */
	if (odd > 0 && rest > 0)
	{
		int			unit = (int) decimal_powers[NUMERIC_BASE_DIGITS - odd];

		if (rest <= PG_UINT64_MAX)
		{
			digits[ndigits++] = (int16) ((int) ((uint64) rest % unit) * (int) decimal_powers[odd]);
			rest = (uint64) rest / unit;
		}
		else
		{
			digits[ndigits++] = (int16) ((int) (rest % unit) * (int) decimal_powers[odd]);
			rest /= unit;
		}
	}
	while (rest > PG_UINT64_MAX)
	{
		digits[ndigits++] = (int16) (rest % NUMERIC_BASE);
		rest /= NUMERIC_BASE;
	}
	for (uint64 low = (uint64) rest; low > 0; low /= NUMERIC_BASE)
		digits[ndigits++] = (int16) (low % NUMERIC_BASE);
	while (ndigits > 0 && digits[ndigits - 1] == 0)
		ndigits--;
	weight = ndigits == 0 ? 0 : ndigits - after - 1;
	while (zeros < ndigits && digits[zeros] == 0)
		zeros++;
	negative &= ndigits > 0;

	if (scale <= NUMERIC_SHORT_SCALE_MAX && weight <= NUMERIC_SHORT_WEIGHT_MASK &&
		weight >= -(NUMERIC_SHORT_WEIGHT_MASK + 1))
		header[0] = NUMERIC_FORM_SHORT | (negative ? NUMERIC_SHORT_NEGATIVE : 0) |
			(scale << NUMERIC_SHORT_SCALE_SHIFT) | (weight < 0 ? NUMERIC_SHORT_WEIGHT_SIGN : 0) |
			(weight & NUMERIC_SHORT_WEIGHT_MASK);
	else
	{
		header[0] = (negative ? NUMERIC_LONG_NEGATIVE : 0) | scale;
		header[1] = (uint16) (int16) weight;
		header_len = sizeof(header);
	}
	memcpy(to, header, header_len);
	for (int i = ndigits - 1; i >= zeros; i--, header_len += sizeof(int16))
		memcpy(to + header_len, &digits[i], sizeof(int16));
	return (int) header_len;
}
