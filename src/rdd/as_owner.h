/*-------------------------------------------------------------------------
 * as_owner.h
 *	  Queries of ours over tables that only the extension's owner may read.
 *
 * Between begin and end the user is the owner, and names are found in pg_catalog
 * alone: no operator of the session's may run with the owner's rights.  SQL is
 * prepared in between, too.  An error ends it with the (sub)transaction.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_AS_OWNER_H
#define BARKS_RDD_AS_OWNER_H

typedef struct AsOwner
{
	Oid			user;
	int			context;
	int			guc_level;
} AsOwner;

extern void as_owner_begin(AsOwner *state);
extern void as_owner_end(const AsOwner *state);
/* One command within SPI; nulls may be NULL. */
extern void as_owner_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls);

#endif							/* BARKS_RDD_AS_OWNER_H */
