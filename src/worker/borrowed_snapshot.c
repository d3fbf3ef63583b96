/*-------------------------------------------------------------------------
 * borrowed_snapshot.c
 *	  See what another session sees, and one's own writes.
 *
 * A transaction that wrote cannot import a snapshot, unless it began with one.
 * But all that makes a snapshot is which transactions count as running, and
 * what this transaction itself did is looked up before that.  The holder's
 * transaction keeps vacuum from what the snapshot needs; subtransactions are
 * looked up, as in a snapshot with too many of them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "worker/borrowed_snapshot.h"

static TransactionId read_xid(const char **at, char end);
static void keep_back_to(TransactionId xmin, int holder);

void
borrowed_snapshot_set(const char *content, int holder)
{
	const char *at = content;
	int			room = 0;
	Snapshot	snapshot = GetActiveSnapshot();

	for (const char *c = content; *c; c++)
		room += *c == ',';
	Assert(!snapshot->takenDuringRecovery);
	snapshot->xmin = read_xid(&at, ':');
	snapshot->xmax = read_xid(&at, ':');
	snapshot->xip = MemoryContextAlloc(TopTransactionContext, sizeof(TransactionId) * (room + 1));
	snapshot->xcnt = 0;
	while (*at)
		snapshot->xip[snapshot->xcnt++] = read_xid(&at, ',');
	snapshot->subxcnt = 0;
	snapshot->subxip = NULL;
	snapshot->suboverflowed = true;
	snapshot->snapXactCompletionCount = 0;
	keep_back_to(snapshot->xmin, holder);
}

static TransactionId
read_xid(const char **at, char end)
{
	char	   *stop;
	uint64		xid = strtou64(*at, &stop, 10);

	if (stop == *at || (*stop != end && !(end == ',' && *stop == '\0')))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid snapshot for barks.lane")));
	*at = *stop ? stop + 1 : stop;
	return (TransactionId) xid;
}

/* Nothing that a transaction since xmin removed may be cleaned away, nor its place in pg_subtrans. */
static void
keep_back_to(TransactionId xmin, int holder)
{
	PGPROC	   *proc;

	if (!TransactionIdIsNormal(xmin))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid snapshot for barks.lane")));
	if (TransactionIdPrecedesOrEquals(MyProc->xmin, xmin) &&
		TransactionIdPrecedesOrEquals(TransactionXmin, xmin))
		return;
	proc = BackendPidGetProc(holder);
	if (!proc || !ProcArrayInstallRestoredXmin(xmin, proc))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the transaction that holds the snapshot has ended")));
}
