/*-------------------------------------------------------------------------
 * worker.c
 *	  Set up the node's side: the pool, its launcher, and who uses it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "worker/client.h"
#include "worker/exchange_scan.h"
#include "worker/insert_copy.h"
#include "worker/launcher.h"
#include "worker/local_lane.h"
#include "worker/pool.h"
#include "worker/relay.h"
#include "worker/task.h"
#include "worker/worker.h"

void
worker_init(void)
{
	pool_init();
	launcher_init();
	task_init();
	exchange_scan_init();
	client_init();
	local_lane_init();
	relay_init();
	insert_copy_init();
}

void
worker_evict_database(Oid dboid)
{
	pool_evict_database(dboid);
}
