/*-------------------------------------------------------------------------
 * exclusion.c
 *	  Nodes on which attempts of a job keep failing.
 *
 * A task that may run elsewhere is not sent to such a node any more; one that
 * must run there still is, and fails for good when its own attempts are used
 * up.  It is the job's own experience, so the next job begins without.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/value.h"

#include "cluster/node.h"
#include "driver/job_internal.h"
#include "driver/settings.h"

typedef struct NodeFailures
{
	Oid			node;
	int			failures;		/* that another attempt may survive */
} NodeFailures;

/* An attempt failed on the node, or its connection was lost. */
void
exclusion_note_failure(Job *job, Oid node)
{
	NodeFailures *found = NULL;
	MemoryContext old = MemoryContextSwitchTo(job->context);
	ListCell   *lc;

	foreach(lc, job->failing)
		if (((NodeFailures *) lfirst(lc))->node == node)
			found = lfirst(lc);
	if (found == NULL)
	{
		found = palloc0(sizeof(NodeFailures));
		found->node = node;
		job->failing = lappend(job->failing, found);
	}
	if (++found->failures == exclude_after)
		job->stats.excluded = lappend(job->stats.excluded, makeString(node_name(node)));
	MemoryContextSwitchTo(old);
}

bool
exclusion_covers(const Job *job, Oid node)
{
	ListCell   *lc;

	foreach(lc, job->failing)
	{
		NodeFailures *entry = lfirst(lc);

		if (entry->node == node)
			return exclude_after > 0 && entry->failures >= exclude_after;
	}
	return false;
}
