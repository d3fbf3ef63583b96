/*-------------------------------------------------------------------------
 * node.c
 *	  The nodes of the cluster.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cluster/node.h"

void
node_init(void)
{
}

void
node_redact_log(ErrorData *edata)
{
}
