/*-------------------------------------------------------------------------
 * kernels.h
 *	  Functions of PostgreSQL's over whole vectors.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_KERNELS_H
#define BARKS_VECTOR_KERNELS_H

#include "vector/vec.h"

/*
 * The values of a strict function for n rows of sel, of which no argument is
 * null.  out has room for any kind; its kind, scale and values are set.  False:
 * some row fails or cannot be kept in out's kind, or the arguments are not of
 * the kinds that it is for; then nothing of out counts.
 */
typedef bool (*VecKernel) (const Vec *const *args, Vec *out, const uint16 *sel, int n);

/*
 * Of n rows of sel those for which a strict function of bool is true, into out
 * (which may be sel), as their number; -1 where VecKernel says false.
 */
typedef int (*VecSelector) (const Vec *const *args, const uint16 *sel, int n, uint16 *out);

typedef struct VecFunction
{
	Oid			function;
	VecKernel	kernel;
	VecSelector selector;		/* NULL: none */
} VecFunction;

/* NULL: it has none.  Under the collation that it is called with. */
extern const VecFunction *vec_find_function(Oid function, Oid collation);

#endif							/* BARKS_VECTOR_KERNELS_H */
