/*-------------------------------------------------------------------------
 * parts_sql.c
 *	  barks.rdd_parts and barks.rdd_slices outside of a job.
 *
 * In a query that nodes run, a call in FROM becomes a leaf of parts, which tasks
 * share out.  The functions themselves only run where that could not be, in a plan of
 * PostgreSQL's own: on a server without nodes one part is then all, elsewhere what
 * the parts stand for, files of nodes for one thing, cannot be had here.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "cluster/node.h"

PG_FUNCTION_INFO_V1(barks_rdd_parts);
PG_FUNCTION_INFO_V1(barks_rdd_slices);

/* Rows (part, parts), from 0. */
Datum
barks_rdd_slices(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			n = PG_ARGISNULL(0) ? 1 : Max(1, PG_GETARG_INT32(0));

	InitMaterializedSRF(fcinfo, 0);
	for (int part = 0; part < n; part++)
	{
		Datum		values[2] = {Int32GetDatum(part), Int32GetDatum(n)};
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

Datum
barks_rdd_parts(PG_FUNCTION_ARGS)
{
	if (node_list() != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("parts of an RDD cannot be read on the driver"),
				 errdetail("The query around them was not planned for the nodes."),
				 errhint("Turn barks.enabled on, or collect the RDD into a table first.")));
	return barks_rdd_slices(fcinfo);
}
