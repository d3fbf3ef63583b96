/*-------------------------------------------------------------------------
 * connection.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cluster/connection.h"

void
connection_init(void)
{
}
