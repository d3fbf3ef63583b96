/*-------------------------------------------------------------------------
 * kernels.c
 *	  Which function has which kernel.
 *
 * Kernels of numbers are there once for each instruction set; barks.vector_isa
 * says which are used by queries that start.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"

#include "vector/collation.h"
#include "vector/kernels.h"

typedef enum Isa
{
	ISA_AUTO,
	ISA_BASELINE,
	ISA_AVX2
} Isa;

static const struct config_enum_entry isa_options[] = {
	{"auto", ISA_AUTO, false},
	{"baseline", ISA_BASELINE, false},
	{"avx2", ISA_AVX2, false},
	{NULL, 0, false}
};

static int	isa = ISA_AUTO;

static bool check_isa(int *value, void **extra, GucSource source);
static bool has_avx2(void);

void
vec_kernels_init(void)
{
	DefineCustomEnumVariable("barks.vector_isa",
							 "Instructions that barks.vectorize uses.",
							 "\"auto\" takes the best that the processor has.",
							 &isa, ISA_AUTO, isa_options, PGC_USERSET, 0, check_isa, NULL, NULL);
}

static bool
check_isa(int *value, void **extra, GucSource source)
{
	if (*value != ISA_AVX2 || has_avx2())
		return true;
	GUC_check_errcode(ERRCODE_FEATURE_NOT_SUPPORTED);
	GUC_check_errdetail("The processor has no AVX2 instructions.");
	return false;
}

static bool
has_avx2(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

static bool
meets(VecCollationNeed need, Oid collation)
{
	if (need == VEC_ANY_COLLATION)
		return true;
	if (!OidIsValid(collation))
		return false;			/* which may be an error */
	switch (need)
	{
		case VEC_C_COLLATE:
			return vec_collation_is_bytewise(collation);
		case VEC_C_CTYPE:
			return lc_ctype_is_c(collation);
		default:
			return collation == DEFAULT_COLLATION_OID || lc_collate_is_c(collation) ||
				get_collation_isdeterministic(collation);
	}
}

const VecFunction *
vec_find_function(Oid function, Oid collation)
{
	const VecFunction *tables[] = {
		vec_number_functions_baseline, vec_text_functions, vec_like_functions, vec_time_functions
	};

#ifdef __x86_64__
	if (isa == ISA_AVX2 || (isa == ISA_AUTO && has_avx2()))
		tables[0] = vec_number_functions_avx2;
#endif
	for (int i = 0; i < lengthof(tables); i++)
		for (const VecFunction *entry = tables[i]; OidIsValid(entry->function); entry++)
			if (entry->function == function)
				return meets(entry->need, collation) ? entry : NULL;
	return NULL;
}
