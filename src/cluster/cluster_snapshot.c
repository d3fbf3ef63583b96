/*-------------------------------------------------------------------------
 * cluster_snapshot.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cluster/cluster_snapshot.h"

void
cluster_snapshot_init(void)
{
}
