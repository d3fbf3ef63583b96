/*-------------------------------------------------------------------------
 * as_owner.c
 *	  Queries of ours over tables that only the extension's owner may read.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "rdd/as_owner.h"
#include "table/placement.h"

void
as_owner_begin(AsOwner *state)
{
	state->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	GetUserIdAndSecContext(&state->user, &state->context);
	SetUserIdAndSecContext(barks_owner(), state->context | SECURITY_LOCAL_USERID_CHANGE);
}

void
as_owner_end(const AsOwner *state)
{
	SetUserIdAndSecContext(state->user, state->context);
	AtEOXact_GUC(true, state->guc_level);
}

void
as_owner_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	AsOwner		state;

	as_owner_begin(&state);
	if (SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	as_owner_end(&state);
}
