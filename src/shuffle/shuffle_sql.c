/*-------------------------------------------------------------------------
 * shuffle_sql.c
 *	  SQL-callable functions of the shuffle.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "shuffle/store.h"

#define JOB_COLUMNS 5

PG_FUNCTION_INFO_V1(barks_shuffle_jobs);

/* barks.list_shuffle_jobs(): one row per job that has something on this server */
Datum
barks_shuffle_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			njobs;
	StoreJobInfo *jobs = store_jobs(&njobs);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < njobs; i++)
	{
		/* a system identifier may be beyond bigint */
		char	   *driver = psprintf(UINT64_FORMAT, jobs[i].driver);
		Datum		values[JOB_COLUMNS];
		bool		nulls[JOB_COLUMNS] = {false};

		values[0] = DirectFunctionCall3(numeric_in, CStringGetDatum(driver),
										ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		values[1] = Int64GetDatum(jobs[i].job);
		values[2] = Int32GetDatum(jobs[i].nleases);
		values[3] = Int32GetDatum(jobs[i].nwriters);
		values[4] = Int64GetDatum(jobs[i].bytes);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
