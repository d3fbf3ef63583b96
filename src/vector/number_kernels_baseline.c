/*-------------------------------------------------------------------------
 * number_kernels_baseline.c
 *	  Kernels of numbers, for every processor of the architecture.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/fmgroids.h"

#include "base/decimal.h"
#include "vector/decimal_kernels.h"
#include "vector/kernels.h"

#define NUMBER_FUNCTIONS	vec_number_functions_baseline
#include "vector/number_kernels.h"
