/*-------------------------------------------------------------------------
 * shared_marks.c
 *	  Which of the rows that all processes of a parallel join keep have met a partner.
 *
 * Marks are bits in files, one for each process: there may be as many as memory has
 * rows, which nobody knows when shared memory is asked for.
 */
#include "postgres.h"

#include <fcntl.h>

#include "port/atomics.h"
#include "postmaster/bgworker_internals.h"
#include "storage/barrier.h"
#include "storage/buffile.h"
#include "storage/dsm.h"
#include "storage/sharedfileset.h"
#include "utils/wait_event.h"

#include "vector/shared_marks.h"

/* Phases of the barrier. */
#define MARKING		0			/* and giving from then on */

/* Rows that are taken at once. */
#define TAKEN_ROWS	4096

struct SharedMarks
{
	dsm_handle	segment;
	Barrier		barrier;
	SharedFileSet files;
	pg_atomic_uint64 next;		/* row to be taken */
	int			nprocesses;
	bool		has_file[FLEXIBLE_ARRAY_MEMBER];	/* process 0 is the leader */
};

Size
shared_marks_size(void)
{
	return offsetof(SharedMarks, has_file) + MAX_PARALLEL_WORKER_LIMIT + 1;
}

static void
begin(SharedMarks *marks)
{
	BarrierInit(&marks->barrier, 0);
	pg_atomic_write_u64(&marks->next, 0);
	memset(marks->has_file, 0, marks->nprocesses);
}

SharedMarks *
shared_marks_create(void *shared, ParallelContext *pcxt)
{
	SharedMarks *marks = shared;

	marks->segment = dsm_segment_handle(pcxt->seg);
	marks->nprocesses = pcxt->nworkers + 1;
	pg_atomic_init_u64(&marks->next, 0);
	begin(marks);
	SharedFileSetInit(&marks->files, pcxt->seg);
	return marks;
}

void
shared_marks_reset(SharedMarks *marks)
{
	SharedFileSetDeleteAll(&marks->files);
	begin(marks);
}

SharedMarks *
shared_marks_attach(void *shared)
{
	SharedMarks *marks = shared;

	SharedFileSetAttach(&marks->files, dsm_find_mapping(marks->segment));
	return marks;
}

void
shared_marks_begin(SharedMarks *marks)
{
	(void) BarrierAttach(&marks->barrier);
}

/* ---------------- files ---------------- */

static void
file_name(char *name, int process)
{
	snprintf(name, MAXPGPATH, "marks%d", process);
}

static void
write_marks(SharedMarks *marks, const bool *marked, uint32 n)
{
	int			process = ParallelWorkerNumber + 1;
	char		name[MAXPGPATH];
	BufFile    *file;
	uint8		byte = 0;

	file_name(name, process);
	file = BufFileCreateFileSet(&marks->files.fs, name);
	for (uint32 i = 0; i < n; i++)
	{
		byte |= marked[i] << (i % 8);
		if (i % 8 == 7 || i + 1 == n)
		{
			BufFileWrite(file, &byte, sizeof(byte));
			byte = 0;
		}
	}
	BufFileExportFileSet(file);
	BufFileClose(file);
	marks->has_file[process] = true;
}

static void
read_marks(SharedMarks *marks, int process, bool *marked, uint32 n)
{
	char		name[MAXPGPATH];
	BufFile    *file;
	uint8		byte = 0;

	file_name(name, process);
	file = BufFileOpenFileSet(&marks->files.fs, name, O_RDONLY, false);
	for (uint32 i = 0; i < n; i++)
	{
		if (i % 8 == 0 && BufFileRead(file, &byte, sizeof(byte)) != sizeof(byte))
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read from a shared temporary file")));
		marked[i] |= (byte >> (i % 8)) & 1;
	}
	BufFileClose(file);
}

void
shared_marks_merge(SharedMarks *marks, bool *marked, uint32 n)
{
	if (BarrierPhase(&marks->barrier) == MARKING)
	{
		write_marks(marks, marked, n);
		(void) BarrierArriveAndWait(&marks->barrier, WAIT_EVENT_HASH_BUILD_HASH_INNER);
	}
	BarrierDetach(&marks->barrier);
	for (int process = 0; process < marks->nprocesses; process++)
		if (marks->has_file[process] && process != ParallelWorkerNumber + 1)
			read_marks(marks, process, marked, n);
}

bool
shared_marks_take(SharedMarks *marks, uint32 n, uint32 *from, uint32 *to)
{
	uint64		next = pg_atomic_fetch_add_u64(&marks->next, TAKEN_ROWS);

	if (next >= n)
		return false;
	*from = next;
	*to = Min(next + TAKEN_ROWS, n);
	return true;
}
