/*-------------------------------------------------------------------------
 * decimal.h
 *	  Numerics as integers scaled by a power of ten, and back.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_DECIMAL_H
#define BARKS_BASE_DECIMAL_H

#include "utils/numeric.h"

#define DECIMAL_MAX_POWER	18
/* NaN as such an integer.  No numeric of 18 digits comes near. */
#define DECIMAL_NAN			PG_INT64_MAX

extern const int64 decimal_powers[DECIMAL_MAX_POWER + 1];	/* of ten */

/* 2^32 by them, rounded up, which divides a digit of base 10000 right. */
extern const uint64 decimal_reciprocals[4];

/*
 * The value of a numeric times 10^scale, if its display scale is just that and
 * it has at most 18 digits; NaN is DECIMAL_NAN.  data points behind the
 * varlena header, len bytes, at any alignment.
 */
extern bool decimal_from_numeric(const char *data, int len, int scale, int64 *value);

/* The same, to be part of a loop.  How numerics are stored is told in decimal.c. */
#define NUMERIC_BASE			10000
#define NUMERIC_BASE_DIGITS		4

#define NUMERIC_FORM_MASK		0xC000
#define NUMERIC_FORM_SHORT		0x8000
#define NUMERIC_FORM_SPECIAL	0xC000
#define NUMERIC_NAN_HEADER		0xC000

#define NUMERIC_SHORT_NEGATIVE		0x2000
#define NUMERIC_SHORT_SCALE_SHIFT	7
#define NUMERIC_SHORT_SCALE_MAX		0x3F
#define NUMERIC_SHORT_WEIGHT_SIGN	0x0040
#define NUMERIC_SHORT_WEIGHT_MASK	0x003F

#define NUMERIC_LONG_NEGATIVE		0x4000
#define NUMERIC_LONG_SCALE_MASK		0x3FFF

static inline int
decimal_digit(const char *data)
{
	int16		digit;

	memcpy(&digit, data, sizeof(digit));
	return digit;
}

/* Decimal digits of the first digit of base 10000. */
static inline int
decimal_digit_width(int digit)
{
	return 1 + (digit > 9) + (digit > 99) + (digit > 999);
}

static pg_attribute_always_inline bool
decimal_read(const char *data, int len, int scale, int64 *value)
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
	if ((header & NUMERIC_FORM_MASK) == NUMERIC_FORM_SHORT)
	{
		dscale = (header >> NUMERIC_SHORT_SCALE_SHIFT) & NUMERIC_SHORT_SCALE_MAX;
		weight = (header & NUMERIC_SHORT_WEIGHT_MASK) | (header & NUMERIC_SHORT_WEIGHT_SIGN ? ~NUMERIC_SHORT_WEIGHT_MASK : 0);
		negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
		data += sizeof(uint16);
		len -= sizeof(uint16);
	}
	else if ((header & NUMERIC_FORM_MASK) == NUMERIC_FORM_SPECIAL)
	{
		*value = DECIMAL_NAN;
		return header == NUMERIC_NAN_HEADER;
	}
	else
	{
		int16		long_weight;

		memcpy(&long_weight, data + sizeof(uint16), sizeof(long_weight));
		dscale = header & NUMERIC_LONG_SCALE_MASK;
		weight = long_weight;
		negative = (header & NUMERIC_LONG_NEGATIVE) != 0;
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
	power = (weight - (ndigits - 1)) * NUMERIC_BASE_DIGITS + scale;
	digit = decimal_digit(data);
	if (power <= -NUMERIC_BASE_DIGITS || weight * NUMERIC_BASE_DIGITS + decimal_digit_width(digit) + scale > DECIMAL_MAX_POWER)
		return false;
	for (int i = 1; i < ndigits; i++)
	{
		sum = sum * NUMERIC_BASE + digit;
		digit = decimal_digit(data + i * sizeof(int16));
	}
	if (power >= 0)
		sum = (sum * NUMERIC_BASE + digit) * decimal_powers[power];
	else
		sum = sum * decimal_powers[NUMERIC_BASE_DIGITS + power] +
			(((uint64) digit * decimal_reciprocals[-power]) >> 32);
	*value = negative ? -sum : sum;
	return true;
}

/* The largest value that a decimal may have: eighteen digits, and so never NaN's. */
#define DECIMAL_LIMIT	INT64CONST(999999999999999999)

/* Values of vectors of any scales; NaN is the largest. */
static inline int
decimal_compare(int64 a, int a_scale, int64 b, int b_scale)
{
	int128		x = a;
	int128		y = b;

	if (a_scale != b_scale && a != DECIMAL_NAN && b != DECIMAL_NAN)
	{
		x *= decimal_powers[Max(b_scale - a_scale, 0)];
		y *= decimal_powers[Max(a_scale - b_scale, 0)];
	}
	return (x > y) - (x < y);
}

/* The display scale of a numeric that is not NaN or infinite; else -1. */
extern int	decimal_display_scale(const char *data);

/* What is behind the varlena header, at most so long. */
#define DECIMAL_MAX_BYTES	40
/* Write that, at any alignment, for a scaled value; its length. */
extern int	decimal_write(int128 value, int scale, char *to);
/* A numeric of the given display scale, made in the current context; value is scaled. */
extern Datum decimal_to_numeric(int128 value, int scale);
/* The same for a value that may be NaN. */
extern Datum decimal_datum(int64 value, int scale);

#endif							/* BARKS_BASE_DECIMAL_H */
