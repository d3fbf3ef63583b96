/*-------------------------------------------------------------------------
 * listed.h
 *	  Is a name in a list of names?
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_LISTED_H
#define BARKS_BASE_LISTED_H

static inline bool
listed(const char *name, const char *const *names, int nnames)
{
	for (int i = 0; i < nnames; i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* names: an array of char pointers, whose length the compiler knows */
#define LISTED(name, names) listed(name, names, lengthof(names))

#endif							/* BARKS_BASE_LISTED_H */
