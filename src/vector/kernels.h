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
 * the kinds that it is for; then nothing of out counts.  What it allocates is
 * in the current context, the batch's.
 */
typedef bool (*VecKernel) (const Vec *const *args, Vec *out, const uint16 *sel, int n);

/*
 * Of n rows of sel those for which a strict function of bool is true, into out
 * (which may be sel, also if it fails), as their number; -1 where VecKernel says false.
 */
typedef int (*VecSelector) (const Vec *const *args, const uint16 *sel, int n, uint16 *out);

/* What a kernel takes for granted of the collation that the function is called with. */
typedef enum VecCollationNeed
{
	VEC_ANY_COLLATION,
	VEC_DETERMINISTIC,			/* equal strings have the same bytes */
	VEC_C_COLLATE,				/* strings are ordered by their bytes */
	VEC_C_CTYPE					/* only ASCII has upper and lower case */
} VecCollationNeed;

typedef struct VecFunction
{
	Oid			function;
	VecKernel	kernel;
	VecSelector selector;		/* NULL: none */
	bool		safe;			/* the function never raises an error */
	VecCollationNeed need;
} VecFunction;

/* Define the setting. */
extern void vec_kernels_init(void);
/* NULL: it has none.  Under the collation that it is called with. */
extern const VecFunction *vec_find_function(Oid function, Oid collation);

/* Functions of numbers, compiled for each instruction set. */
extern const VecFunction vec_number_functions_baseline[];
extern const VecFunction vec_number_functions_avx2[];
/* Functions of numbers end with one of InvalidOid, as do these. */
extern const VecFunction vec_text_functions[];
extern const VecFunction vec_like_functions[];
extern const VecFunction vec_time_functions[];

/* ---------------- what kernels are made of ---------------- */

/* Run statements for each row of sel, with its a and b. */
#define VEC_FOR_OPERANDS(a_type, A, b_type, B, ...) \
	do { \
		const a_type *as_ = A(args[0]); \
		const b_type *bs_ = B(args[1]); \
		if (!args[0]->constant && !args[1]->constant) \
			VEC_FOR_EACH(row, sel, n, \
						 a_type a = as_[row]; \
						 b_type b = bs_[row]; \
						 __VA_ARGS__); \
		else if (!args[0]->constant) \
		{ \
			b_type		b = bs_[0]; \
			VEC_FOR_EACH(row, sel, n, \
						 a_type a = as_[row]; \
						 __VA_ARGS__); \
		} \
		else \
		{ \
			a_type		a = as_[0]; \
			int			mask_ = args[1]->constant ? 0 : ~0; \
			VEC_FOR_EACH(row, sel, n, \
						 b_type b = bs_[row & mask_]; \
						 __VA_ARGS__); \
		} \
	} while (0)

/* A kernel of two arguments: the statements set values[row], and may set failed. */
#define VEC_DEFINE_KERNEL(name, a_type, A, b_type, B, out_type, OUT, ...) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	out_type   *restrict values = OUT(out); \
	bool		failed = false; \
	VEC_FOR_OPERANDS(a_type, A, b_type, B, __VA_ARGS__); \
	return !failed; \
}

/* The same of one argument. */
#define VEC_DEFINE_KERNEL_1(name, a_type, A, out_type, OUT, ...) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const a_type *as_ = A(args[0]); \
	int			mask_ = args[0]->constant ? 0 : ~0; \
	out_type   *restrict values = OUT(out); \
	bool		failed = false; \
	VEC_FOR_EACH(row, sel, n, \
				 a_type a = as_[row & mask_]; \
				 __VA_ARGS__); \
	return !failed; \
}

/* Whether test holds for a and b, as values, and as the rows for which it does. */
#define VEC_DEFINE_COMPARISON(name, a_type, A, b_type, B, test) \
VEC_DEFINE_KERNEL(name, a_type, A, b_type, B, bool, VEC_BOOLS, values[row] = (test)) \
static int \
name##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	bool		failed = false; \
	int			k = 0; \
	VEC_FOR_OPERANDS(a_type, A, b_type, B, \
					 bool		found = (test); \
					 out[k] = row; \
					 k += found); \
	return failed ? -1 : k; \
}

#define VEC_DEFINE_COMPARISONS(name, a_type, A, b_type, B) \
	VEC_DEFINE_COMPARISON(name##_eq, a_type, A, b_type, B, a == b) \
	VEC_DEFINE_COMPARISON(name##_ne, a_type, A, b_type, B, a != b) \
	VEC_DEFINE_COMPARISON(name##_lt, a_type, A, b_type, B, a < b) \
	VEC_DEFINE_COMPARISON(name##_le, a_type, A, b_type, B, a <= b) \
	VEC_DEFINE_COMPARISON(name##_gt, a_type, A, b_type, B, a > b) \
	VEC_DEFINE_COMPARISON(name##_ge, a_type, A, b_type, B, a >= b)

/* Entries of tables; functions that compare raise nothing. */
#define VEC_COMPARISON(function, kernel)	{function, kernel, kernel##_select, true}
#define VEC_COMPARISONS(prefix, kernel) \
	VEC_COMPARISON(prefix##EQ, kernel##_eq), VEC_COMPARISON(prefix##NE, kernel##_ne), \
	VEC_COMPARISON(prefix##LT, kernel##_lt), VEC_COMPARISON(prefix##LE, kernel##_le), \
	VEC_COMPARISON(prefix##GT, kernel##_gt), VEC_COMPARISON(prefix##GE, kernel##_ge)
#define VEC_COMPARISONS_(prefix, kernel, suffix) \
	VEC_COMPARISON(prefix##_EQ##suffix, kernel##_eq), VEC_COMPARISON(prefix##_NE##suffix, kernel##_ne), \
	VEC_COMPARISON(prefix##_LT##suffix, kernel##_lt), VEC_COMPARISON(prefix##_LE##suffix, kernel##_le), \
	VEC_COMPARISON(prefix##_GT##suffix, kernel##_gt), VEC_COMPARISON(prefix##_GE##suffix, kernel##_ge)

#endif							/* BARKS_VECTOR_KERNELS_H */
