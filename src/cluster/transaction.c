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
