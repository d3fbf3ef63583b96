/*-------------------------------------------------------------------------
 * number_kernels_avx2.c
 *	  Kernels of numbers, for processors of x86 with AVX2; the Makefile says so to the compiler.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/fmgroids.h"

#ifdef __AVX2__
#include "base/decimal.h"
#include "vector/decimal_kernels.h"
#include "vector/kernels.h"

#define NUMBER_FUNCTIONS	vec_number_functions_avx2
#include "vector/number_kernels.h"

#endif
