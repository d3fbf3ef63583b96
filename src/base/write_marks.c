/*-------------------------------------------------------------------------
 * write_marks.c
 *	  Which commands of a driver's transaction wrote here, and as which of ours.
 *
 * Marks grow in both numbers: one that is not above the last would never be the
 * first that is found.  A rollback to a savepoint leaves them, and they do no
 * harm then: command numbers are never used again.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/memutils.h"

#include "base/write_marks.h"

typedef struct Mark
{
	CommandId	theirs;
	CommandId	ours;
} Mark;

static LocalTransactionId transaction = InvalidLocalTransactionId;	/* whose marks these are */
static Mark *marks;				/* in its TopTransactionContext */
static int	nmarks;
static int	room;

void
write_marks_add(CommandId theirs, CommandId ours)
{
	if (transaction != MyProc->lxid)
	{
		transaction = MyProc->lxid;
		nmarks = 0;
		room = 64;
		marks = MemoryContextAlloc(TopTransactionContext, sizeof(Mark) * room);
	}
	if (nmarks > 0 && marks[nmarks - 1].theirs >= theirs)
		return;
	if (nmarks == room)
		marks = repalloc_huge(marks, sizeof(Mark) * (room *= 2));
	marks[nmarks++] = (Mark) {theirs, ours};
}

bool
write_marks_find(CommandId theirs, CommandId *ours)
{
	int			low = 0;
	int			high = transaction == MyProc->lxid ? nmarks : 0;
	int			end = high;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (marks[middle].theirs >= theirs)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == end)
		return false;
	*ours = marks[low].ours;
	return true;
}
