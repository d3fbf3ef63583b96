/*-------------------------------------------------------------------------
 * shuffle.c
 *	  Set up the data plane: settings, shared memory, COPY barks.shuffle.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "shuffle/block_file.h"
#include "shuffle/serve.h"
#include "shuffle/settings.h"
#include "shuffle/shuffle.h"
#include "shuffle/store.h"

int			shuffle_fetch_timeout = 60000;
static int	shuffle_quota = -1;

void
shuffle_init(void)
{
	DefineCustomIntVariable("barks.fetch_timeout",
							"Time to wait for a node that sends nothing of a shuffle.",
							"After it the node is asked once more, then its output counts as lost. 0 waits for ever.",
							&shuffle_fetch_timeout, 60000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("barks.shuffle_quota",
							"Space that the shuffle files of a query may take on a node.",
							"-1 is no limit.",
							&shuffle_quota, -1, -1, INT_MAX, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	store_init();
	block_file_init();
	serve_init();
}

/* A quota of 0 kB is a limit too. */
int64
shuffle_quota_bytes(void)
{
	return shuffle_quota < 0 ? 0 : Max((int64) shuffle_quota * 1024, 1);
}
