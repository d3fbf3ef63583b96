/*-------------------------------------------------------------------------
 * collation.c
 *	  Which collations order strings by their bytes.
 *
 * Beside C, those of locales without any rules do, of which C.UTF-8 is one:
 * there strcoll() is strcmp(), and PostgreSQL calls it for nothing.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <langinfo.h>

#include "catalog/pg_collation.h"
#include "utils/pg_locale.h"

#include "vector/collation.h"

bool
vec_collation_is_bytewise(Oid collation)
{
	if (!OidIsValid(collation))
		return false;
	if (lc_collate_is_c(collation))
		return true;
#if defined(__GLIBC__) && defined(HAVE_LOCALE_T)
	{
		pg_locale_t locale = pg_newlocale_from_collation(collation);
		const char *answer;
		uint32		rules;

		if (locale && (locale->provider != COLLPROVIDER_LIBC || !locale->deterministic))
			return false;
		/* this one is a number, which lies where the string's address would */
		answer = locale ? nl_langinfo_l(_NL_COLLATE_NRULES, locale->info.lt) : nl_langinfo(_NL_COLLATE_NRULES);
		memcpy(&rules, &answer, sizeof(rules));
		return rules == 0;
	}
#else
	return false;
#endif
}
