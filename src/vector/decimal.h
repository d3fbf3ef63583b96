/*-------------------------------------------------------------------------
 * decimal.h
 *	  Numerics as integers scaled by a power of ten, and back.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_DECIMAL_H
#define BARKS_VECTOR_DECIMAL_H

#include "utils/numeric.h"

#define DECIMAL_MAX_POWER	18

extern const int64 decimal_powers[DECIMAL_MAX_POWER + 1];	/* of ten */

/*
 * The value of a numeric times 10^scale, if its display scale is just that and
 * it has at most 18 digits; NaN is VEC_DECIMAL_NAN.  data points behind the
 * varlena header, len bytes, at any alignment.
 */
extern bool decimal_from_numeric(const char *data, int len, int scale, int64 *value);

/* The display scale of a numeric that is not NaN or infinite; else -1. */
extern int	decimal_display_scale(const char *data);

/* A numeric of the given display scale, made in the current context; value is scaled. */
extern Datum decimal_to_numeric(int128 value, int scale);
/* The same for a value of a vector, which may be NaN. */
extern Datum decimal_datum(int64 value, int scale);

#endif							/* BARKS_VECTOR_DECIMAL_H */
