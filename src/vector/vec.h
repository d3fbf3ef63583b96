/*-------------------------------------------------------------------------
 * vec.h
 *	  Columns of values in memory, and the batches that operators pass on.
 *
 * A vector has one value for each row of its batch, by row number; which rows
 * count is the batch's selection.  So filters move no values, and all vectors
 * that are made from a batch's rows agree about where a row is.
 *
 * How a type is kept is told by its VecKind.  numeric(p, s) with p of at most
 * 18 is an integer scaled by 10^s, NaN the largest integer, which compares as
 * PostgreSQL's NaN does.  A vector may be of kind VEC_DATUM although its type
 * has a better one: what cannot be kept so (a product that overflows) is then
 * PostgreSQL's own value.  Whoever reads a vector looks at its kind.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_VEC_H
#define BARKS_VECTOR_VEC_H

#include "nodes/primnodes.h"

#include "batch/vec.h"

/* barks.vector_batch_rows; arrays have room for VEC_MAX_ROWS whatever it says. */
extern int	vec_batch_rows_setting;

/* Rows that whoever makes a batch puts into it, at most. */
static inline int
vec_batch_rows(void)
{
	return vec_batch_rows_setting;
}

typedef struct VecType
{
	Oid			typid;			/* domains: the base type */
	Oid			declared;		/* domains: themselves */
	int32		typmod;
	Oid			collation;
	int16		typlen;
	bool		typbyval;
	VecKind		kind;			/* at best */
	int			scale;			/* VEC_DECIMAL only */
} VecType;

/*
 * What an operator gives: nrows rows, of which the first nsel numbers of sel
 * count, in their order (NULL: all, and nsel is nrows).  All of it is valid until
 * the operator is asked again.
 */
typedef struct VecBatch
{
	int			nrows;
	int			nsel;
	const uint16 *sel;
	int			ncolumns;
	Vec		  **columns;
	/*
	 * NULL: all columns are there.  Else a column is made, for the rows selected by
	 * then, when it is first asked for by vec_batch_column().  Who has got the batch may
	 * select fewer rows before, of what is selected, in a batch that is not careful.
	 */
	void		(*load) (struct VecBatch *batch, int column);
	void	   *maker;			/* whose load it is */
	bool	   *loaded;
} VecBatch;

static inline Vec *
vec_batch_column(VecBatch *batch, int column)
{
	if (batch->load && !batch->loaded[column])
		batch->load(batch, column);
	return batch->columns[column];
}

/* All columns, so that they may be read without asking. */
static inline void
vec_batch_load(VecBatch *batch)
{
	if (batch->load)
		for (int i = 0; i < batch->ncolumns; i++)
			(void) vec_batch_column(batch, i);
}

/* Define the settings of vectors. */
extern void vec_init(void);
extern void vec_type_init(VecType *type, Oid typid, int32 typmod, Oid collation);

/* A vector of max rows, with room for nulls; in the current context. */
extern Vec *vec_create(VecKind kind, int max);
/* A row's value as PostgreSQL has it.  Decimals are made in the current context. */
extern Datum vec_get_datum(const Vec *vec, const VecType *type, int row, bool *isnull);
/*
 * Put a value into a vector that has room for it and for nulls.  One of numerics
 * must be of kind VEC_DATUM.
 */
extern void vec_put_datum(Vec *vec, const VecType *type, int row, Datum value, bool isnull);
/* Make vec ready for that; of decimals it becomes one of numerics, as these may have any scale. */
extern void vec_expect_datums(Vec *vec, const VecType *type, bool *nulls);
/* Make vec one constant of the best kind for its type. */
extern void vec_set_constant(Vec *vec, const VecType *type, Datum value, bool isnull);

#endif							/* BARKS_VECTOR_VEC_H */
