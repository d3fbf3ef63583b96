/*-------------------------------------------------------------------------
 * barks.c
 *	  Load the extension: every module's init, in the order of dependency.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "base/stop_point.h"
#include "cluster/cluster_snapshot.h"
#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/driver.h"
#include "hooks.h"
#include "job/plan.h"
#include "planner/planner.h"
#include "rdd/query.h"
#include "rdd/storage.h"
#include "shuffle/shuffle.h"
#include "table/table.h"
#include "vector/vector.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("barks must be loaded at server start"),
				 errhint("Add barks to shared_preload_libraries in postgresql.conf and restart the server.")));

	stop_point_init();
	job_plan_init();
	node_init();
	connection_init();
	cluster_snapshot_init();
	transaction_init();
	table_init();
	planner_init();
	shuffle_init();
	worker_init();
	driver_init();
	rdd_init();
	rdd_storage_init();
	vector_init();
	hooks_init();

	MarkGUCPrefixReserved("barks");
}
