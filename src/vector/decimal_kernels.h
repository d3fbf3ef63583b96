/*-------------------------------------------------------------------------
 * decimal_kernels.h
 *	  Kernels of decimals that gain nothing by wider instructions.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_DECIMAL_KERNELS_H
#define BARKS_VECTOR_DECIMAL_KERNELS_H

#include "vector/kernels.h"

/* Set the display scales of sums or products, where those of an argument differ by row. */
extern void decimal_sum_scales(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern void decimal_product_scales(const Vec *const *args, Vec *out, const uint16 *sel, int n);

/* VecKernels. */
extern bool decimal_of_typmod(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_round(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_trunc(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_ceil(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_floor(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_to_int16(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_to_int32(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_to_int64(const Vec *const *args, Vec *out, const uint16 *sel, int n);
extern bool decimal_to_float64(const Vec *const *args, Vec *out, const uint16 *sel, int n);

#endif							/* BARKS_VECTOR_DECIMAL_KERNELS_H */
