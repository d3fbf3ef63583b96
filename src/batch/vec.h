/*-------------------------------------------------------------------------
 * vec.h
 *	  Columns of values in memory, as operators over batches and the wire form share them.
 *
 * A vector has one value for each row of its batch, by row number; which rows count
 * is said beside it, by a list of row numbers.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_VEC_H
#define BARKS_BATCH_VEC_H

#include "base/decimal.h"

/* Rows of a batch, at most; row numbers are uint16. */
#define VEC_MAX_ROWS	1024

typedef enum VecKind
{
	VEC_BOOL,					/* bool */
	VEC_INT32,					/* int32: int2, int4, date */
	VEC_INT64,					/* int64: int8, time, timestamp, timestamptz */
	VEC_FLOAT64,				/* float8 */
	VEC_DECIMAL,				/* int64, scaled: numeric(p <= 18, s) */
	VEC_DATUM					/* Datum: everything else */
} VecKind;

#define VEC_DECIMAL_NAN			DECIMAL_NAN
#define VEC_DECIMAL_DIGITS		18

typedef struct Vec
{
	VecKind		kind;			/* of the values at hand */
	int			scale;			/* VEC_DECIMAL only */
	/*
	 * Decimals only: the rows' display scales, which are at most scale; NULL: all are
	 * scale.  Only vec_expr_eval_scales() gives such vectors.
	 */
	uint8	   *scales;
	bool		constant;		/* one value, in row 0, for all rows */
	void	   *values;
	bool	   *nulls;			/* NULL: no value is null */
} Vec;

/* Values by kind, and the place of a row's value. */
#define VEC_BOOLS(vec)		((bool *) (vec)->values)
#define VEC_INT32S(vec)		((int32 *) (vec)->values)
#define VEC_INT64S(vec)		((int64 *) (vec)->values)	/* decimals too */
#define VEC_FLOAT64S(vec)	((float8 *) (vec)->values)
#define VEC_DATUMS(vec)		((Datum *) (vec)->values)
#define VEC_ROW(vec, row)	((vec)->constant ? 0 : (row))
#define VEC_IS_NULL(vec, row)	((vec)->nulls && (vec)->nulls[VEC_ROW(vec, row)])

/* Run statements for each row number of n rows selected by sel (NULL: all). */
#define VEC_FOR_EACH(row, sel, n, ...) \
	do { \
		if ((sel) == NULL) \
			for (int row = 0; row < (n); row++) \
			{ __VA_ARGS__; } \
		else \
			for (int i_ = 0; i_ < (n); i_++) \
			{ int row = (sel)[i_]; __VA_ARGS__; } \
	} while (0)

extern Size vec_kind_size(VecKind kind);
/*
 * A row's value as PostgreSQL has it; basetype is no domain.  Decimals are made in
 * the current context.
 */
extern Datum vec_datum(const Vec *vec, Oid basetype, int row, bool *isnull);

#endif							/* BARKS_BATCH_VEC_H */
