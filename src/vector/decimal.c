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

#include "vector/decimal.h"
#include "vector/vec.h"

#define BASE			10000
#define BASE_DIGITS		4

#define FORM_MASK		0xC000
#define FORM_SHORT		0x8000
#define FORM_SPECIAL	0xC000
#define NAN_HEADER		0xC000

#define SHORT_NEGATIVE		0x2000
#define SHORT_SCALE_SHIFT	7
#define SHORT_SCALE_MAX		0x3F
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F

#define LONG_NEGATIVE		0x4000
#define LONG_SCALE_MASK		0x3FFF

const int64 decimal_powers[DECIMAL_MAX_POWER + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, INT64CONST(1000000000),
	INT64CONST(10000000000), INT64CONST(100000000000), INT64CONST(1000000000000),
	INT64CONST(10000000000000), INT64CONST(100000000000000), INT64CONST(1000000000000000),
	INT64CONST(10000000000000000), INT64CONST(100000000000000000),
	INT64CONST(1000000000000000000)
};

static inline int
read_digit(const char *data)
{
	int16		digit;

	memcpy(&digit, data, sizeof(digit));
	return digit;
}

/* Decimal digits of the first digit of base 10000. */
static inline int
decimal_digits(int digit)
{
	return 1 + (digit > 9) + (digit > 99) + (digit > 999);
}

bool
decimal_from_numeric(const char *data, int len, int scale, int64 *value)
{
	uint16		header;
	int			dscale;
	int			weight;
	bool		negative;
	int			ndigits;
	int			power;			/* of ten, that the last digit counts in the result */
	int			digit;
	int64		sum = 0;		/* of all digits but the last */

	memcpy(&header, data, sizeof(header));
	if ((header & FORM_MASK) == FORM_SHORT)
	{
		dscale = (header >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MAX;
		weight = (header & SHORT_WEIGHT_MASK) | (header & SHORT_WEIGHT_SIGN ? ~SHORT_WEIGHT_MASK : 0);
		negative = (header & SHORT_NEGATIVE) != 0;
		data += sizeof(uint16);
		len -= sizeof(uint16);
	}
	else if ((header & FORM_MASK) == FORM_SPECIAL)
	{
		*value = VEC_DECIMAL_NAN;
		return header == NAN_HEADER;
	}
	else
	{
		int16		long_weight;

		memcpy(&long_weight, data + sizeof(uint16), sizeof(long_weight));
		dscale = header & LONG_SCALE_MASK;
		weight = long_weight;
		negative = (header & LONG_NEGATIVE) != 0;
		data += 2 * sizeof(uint16);
		len -= 2 * sizeof(uint16);
	}
	if (dscale != scale)
		return false;

	ndigits = len / (int) sizeof(int16);
	if (ndigits == 0)
	{
		*value = 0;
		return true;
	}
	power = (weight - (ndigits - 1)) * BASE_DIGITS + scale;
	digit = read_digit(data);
	if (power <= -BASE_DIGITS || weight * BASE_DIGITS + decimal_digits(digit) + scale > DECIMAL_MAX_POWER)
		return false;
	for (int i = 1; i < ndigits; i++)
	{
		sum = sum * BASE + digit;
		digit = read_digit(data + i * sizeof(int16));
	}
	if (power >= 0)
		sum = (sum * BASE + digit) * decimal_powers[power];
	else
		sum = sum * decimal_powers[BASE_DIGITS + power] + digit / (int) decimal_powers[-power];
	*value = negative ? -sum : sum;
	return true;
}

int
decimal_display_scale(const char *data)
{
	uint16		header;

	memcpy(&header, data, sizeof(header));
	switch (header & FORM_MASK)
	{
		case FORM_SHORT:
			return (header >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MAX;
		case FORM_SPECIAL:
			return -1;
		default:
			return header & LONG_SCALE_MASK;
	}
}

Datum
decimal_datum(int64 value, int scale)
{
	if (value == VEC_DECIMAL_NAN)
	{
		char	   *nan = palloc(VARHDRSZ + sizeof(uint16));

		SET_VARSIZE(nan, VARHDRSZ + sizeof(uint16));
		*(uint16 *) (nan + VARHDRSZ) = NAN_HEADER;
		return PointerGetDatum(nan);
	}
	return decimal_to_numeric(value, scale);
}

Datum
decimal_to_numeric(int128 value, int scale)
{
	int16		digits[16];
	int			ndigits = 0;
	int			after = (scale + BASE_DIGITS - 1) / BASE_DIGITS;	/* digits after the point */
	int			weight;
	bool		negative = value < 0;
	uint128		rest = negative ? -(uint128) value : (uint128) value;
	int			odd = after * BASE_DIGITS - scale;
	bool		is_short;
	Size		size;
	char	   *numeric;
	char	   *place;

	/* the lowest digit first; its missing decimals are zeros */
	if (odd > 0 && rest > 0)
	{
		int			unit = (int) decimal_powers[BASE_DIGITS - odd];

		digits[ndigits++] = (int16) ((int) (rest % unit) * (int) decimal_powers[odd]);
		rest /= unit;
	}
	while (rest > PG_UINT64_MAX)
	{
		digits[ndigits++] = (int16) (rest % BASE);
		rest /= BASE;
	}
	for (uint64 low = (uint64) rest; low > 0; low /= BASE)
		digits[ndigits++] = (int16) (low % BASE);
	while (ndigits > 0 && digits[ndigits - 1] == 0)
		ndigits--;
	weight = ndigits == 0 ? 0 : ndigits - after - 1;

	{
		int			zeros = 0;

		while (zeros < ndigits && digits[zeros] == 0)
			zeros++;
		is_short = scale <= SHORT_SCALE_MAX && weight <= SHORT_WEIGHT_MASK &&
			weight >= -(SHORT_WEIGHT_MASK + 1);
		size = VARHDRSZ + (is_short ? 1 : 2) * sizeof(uint16) + (ndigits - zeros) * sizeof(int16);
		numeric = palloc(size);
		SET_VARSIZE(numeric, size);
		place = numeric + VARHDRSZ;
		if (is_short)
		{
			*(uint16 *) place = FORM_SHORT | (ndigits > 0 && negative ? SHORT_NEGATIVE : 0) |
				(scale << SHORT_SCALE_SHIFT) | (weight < 0 ? SHORT_WEIGHT_SIGN : 0) |
				(weight & SHORT_WEIGHT_MASK);
			place += sizeof(uint16);
		}
		else
		{
			*(uint16 *) place = (ndigits > 0 && negative ? LONG_NEGATIVE : 0) | scale;
			*(int16 *) (place + sizeof(uint16)) = (int16) weight;
			place += 2 * sizeof(uint16);
		}
		for (int i = ndigits - 1; i >= zeros; i--, place += sizeof(int16))
			*(int16 *) place = digits[i];
	}
	return PointerGetDatum(numeric);
}
