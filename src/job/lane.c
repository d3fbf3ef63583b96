/*-------------------------------------------------------------------------
 * lane.c
 *	  Dispatch: open a lane on any node, wait on several.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/wait_event.h"

#include "job/lane.h"

static LaneOpener open_local;
static LaneOpener open_remote;

void
lane_register_local(LaneOpener opener)
{
	open_local = opener;
}

void
lane_register_remote(LaneOpener opener)
{
	open_remote = opener;
}

Lane *
lane_open(Snapshot snapshot, Oid node, List *all_nodes)
{
	return (OidIsValid(node) ? open_remote : open_local) (snapshot, node, all_nodes);
}

List *
lane_keep_sources(List *known, const StageSources *sources)
{
	ListCell   *lc;

	foreach(lc, known)
		if (((StageSources *) lfirst(lc))->stage == sources->stage)
			known = foreach_delete_current(known, lc);
	return lappend(known, unconstify(StageSources *, sources));
}

void
lane_wait(Lane **lanes, int nlanes, long timeout_ms)
{
	WaitEventSet *set;
	WaitEvent	event;
	bool		look = timeout_ms < 0 || timeout_ms > DeadlockTimeout;
	int			nevents;

	for (int i = 0; i < nlanes; i++)
		if (lanes[i]->ready)
			return;

	set = CreateWaitEventSet(CurrentMemoryContext, nlanes + 2);
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < nlanes; i++)
	{
		bool		write = false;
		pgsocket	sock = lanes[i]->ops->socket(lanes[i], &write);

		if (sock != PGINVALID_SOCKET)
			AddWaitEventToSet(set, WL_SOCKET_READABLE | (write ? WL_SOCKET_WRITEABLE : 0),
							  sock, NULL, NULL);
	}
	nevents = WaitEventSetWait(set, look ? DeadlockTimeout : timeout_ms, &event, 1, PG_WAIT_EXTENSION);
	FreeWaitEventSet(set);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < nlanes && look && nevents == 0; i++)
		if (lanes[i]->ops->stuck)
			lanes[i]->ops->stuck(lanes[i]);
}
