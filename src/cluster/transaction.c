/*-------------------------------------------------------------------------
 * transaction.c
 *	  To come.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cluster/transaction.h"

void
transaction_init(void)
{
}

bool
transaction_wrote(Oid node)
{
	return false;
}
