/*-------------------------------------------------------------------------
 * ship_sql.c
 *	  What SQL calls about copies of users' functions.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "driver/ship.h"

PG_FUNCTION_INFO_V1(barks_drop_shipped_functions);

/* barks.drop_shipped_functions(): how many there were, on all nodes together. */
Datum
barks_drop_shipped_functions(PG_FUNCTION_ARGS)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to drop shipped functions")));
	PG_RETURN_INT64(ship_drop_all());
}
