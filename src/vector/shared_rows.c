/*-------------------------------------------------------------------------
 * shared_rows.c
 *	  Rows that the processes of a parallel join make together, for all of them.
 *
 * The inner side of a Parallel Hash Join is a partial plan: each process reads a
 * part of its rows.  Each writes these to a file; when all who take part have
 * done so, each reads all files.  So the work of making the rows is shared, and each
 * process has its own hash table of them, which needs no locks.
 *
 * Processes may come late, or never: who comes after the files were closed only reads
 * them.  Nobody waits after having given a row, so a leader that takes rows of
 * workers and makes its own waits for nobody who waits for it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>

#include "postmaster/bgworker_internals.h"
#include "storage/barrier.h"
#include "storage/buffile.h"
#include "storage/dsm.h"
#include "storage/sharedfileset.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "vector/shared_rows.h"
#include "vector/spill.h"

/* Phases of the barrier. */
#define WRITING		0			/* and reading from then on */

/* What the processes share.  Process 0 is the leader. */
typedef struct Piece
{
	dsm_handle	segment;
	Barrier		barrier;
	SharedFileSet files;
	int			nprocesses;
	pg_atomic_uint64 bytes;		/* of all files */
	int64		rows[FLEXIBLE_ARRAY_MEMBER];	/* in the file of each; -1: it has none */
} Piece;

typedef struct SharedRows
{
	VecNode		node;
	Piece	   *piece;			/* NULL: there are no others */
	bool		written;
	bool		own;			/* the others' rows are not wanted */
	MemoryContext memory;		/* of what follows; reset on rescan */
	VecSpillReader *reader;
	VecSpillPart part;			/* being read, if its file is open */
	int			next;			/* process whose file follows */
} SharedRows;

static VecBatch *shared_rows_next(VecNode *node);
static void shared_rows_rescan(VecNode *node);
static void shared_rows_detach(VecNode *node);
static void shared_rows_filter(VecNode *node, int column, const ValueFilter *filter);
static Size piece_size(VecNode *node);
static void share(VecNode *node, void *shared, ParallelContext *pcxt);
static void reshare(VecNode *node, void *shared);
static void attach(VecNode *node, void *shared);
static void write_rows(SharedRows *rows);
static bool open_next(SharedRows *rows);

static const VecNodeMethods methods = {
	.name = "Shared Rows",
	.next = shared_rows_next,
	.rescan = shared_rows_rescan,
	.end = shared_rows_detach,
	.filter = shared_rows_filter,
	.shared_size = piece_size,
	.share = share,
	.reshare = reshare,
	.attach = attach,
	.detach = shared_rows_detach
};

VecNode *
vec_shared_rows_create(VecQuery *query, Plan *aware, Plan *input)
{
	SharedRows *rows = palloc0(sizeof(SharedRows));

	vec_node_init(&rows->node, &methods, query, aware, false);
	rows->node.left = vec_node_create(query, input, false);
	rows->node.safe = true;
	rows->node.ncolumns = rows->node.left->ncolumns;
	rows->node.types = rows->node.left->types;
	rows->memory = AllocSetContextCreate(CurrentMemoryContext, "barks shared rows", ALLOCSET_DEFAULT_SIZES);
	return &rows->node;
}

static VecBatch *
shared_rows_next(VecNode *node)
{
	SharedRows *rows = (SharedRows *) node;

	if (rows->piece == NULL || (rows->own && !rows->written))
		return vec_node_next(node->left);
	if (!rows->written)
		write_rows(rows);
	while (rows->part.file || open_next(rows))
	{
		VecBatch   *batch = vec_spill_read(rows->reader, &rows->part);

		if (batch)
			return batch;
	}
	return NULL;
}

/* The input is read again only if all processes do. */
static void
shared_rows_rescan(VecNode *node)
{
	SharedRows *rows = (SharedRows *) node;

	vec_spill_part_close(&rows->part);
	MemoryContextReset(rows->memory);
	rows->reader = NULL;
	rows->written = rows->own = false;
	rows->next = 0;
	vec_node_rescan(node->left);
}

static void
shared_rows_detach(VecNode *node)
{
	SharedRows *rows = (SharedRows *) node;

	vec_spill_part_close(&rows->part);
	rows->piece = NULL;
}

bool
vec_shared_rows_count(VecNode *node, int64 *count, int64 *bytes)
{
	SharedRows *rows = (SharedRows *) node;

	if (rows->piece == NULL)
		return false;
	if (!rows->written)
		write_rows(rows);
	*count = 0;
	for (int process = 0; process < rows->piece->nprocesses; process++)
		*count += Max(rows->piece->rows[process], 0);
	*bytes = pg_atomic_read_u64(&rows->piece->bytes);
	return true;
}

void
vec_shared_rows_keep_own(VecNode *node)
{
	((SharedRows *) node)->own = true;
}

/* All processes have the same filter: of the same rows.  If not, rows are not shared. */
static void
shared_rows_filter(VecNode *node, int column, const ValueFilter *filter)
{
	vec_node_filter(node->left, column, filter);
}

/* ---------------- what is shared ---------------- */

static Size
piece_size(VecNode *node)
{
	/* whoever asks knows the number of workers, but nobody here */
	return offsetof(Piece, rows) + sizeof(int64) * (MAX_PARALLEL_WORKER_LIMIT + 1);
}

static void
begin_writing(Piece *piece)
{
	BarrierInit(&piece->barrier, 0);
	pg_atomic_write_u64(&piece->bytes, 0);
	for (int i = 0; i < piece->nprocesses; i++)
		piece->rows[i] = -1;
}

static void
share(VecNode *node, void *shared, ParallelContext *pcxt)
{
	Piece	   *piece = shared;

	/* no memory that could be shared: there will be no workers either */
	if (pcxt->seg == NULL)
		return;
	piece->segment = dsm_segment_handle(pcxt->seg);
	piece->nprocesses = pcxt->nworkers + 1;
	pg_atomic_init_u64(&piece->bytes, 0);
	begin_writing(piece);
	SharedFileSetInit(&piece->files, pcxt->seg);
	((SharedRows *) node)->piece = piece;
}

static void
reshare(VecNode *node, void *shared)
{
	Piece	   *piece = ((SharedRows *) node)->piece;

	if (piece == NULL)
		return;
	vec_spill_part_close(&((SharedRows *) node)->part);
	SharedFileSetDeleteAll(&piece->files);
	begin_writing(piece);
}

static void
attach(VecNode *node, void *shared)
{
	Piece	   *piece = shared;

	SharedFileSetAttach(&piece->files, dsm_find_mapping(piece->segment));
	((SharedRows *) node)->piece = piece;
}

/* ---------------- files ---------------- */

static void
file_name(char *name, int process)
{
	snprintf(name, MAXPGPATH, "rows%d", process);
}

/* Write this process's rows, if that is not over, and wait for the others'. */
static void
write_rows(SharedRows *rows)
{
	Piece	   *piece = rows->piece;
	int			process = ParallelWorkerNumber + 1;
	char		name[MAXPGPATH];

	if (BarrierAttach(&piece->barrier) == WRITING)
	{
		MemoryContext old = MemoryContextSwitchTo(rows->memory);
		VecSpill   *spill;
		VecBatch   *batch;
		int64		bytes;

		file_name(name, process);
		spill = vec_spill_create_shared(rows->node.ncolumns, rows->node.types, &piece->files.fs, name);
		MemoryContextSwitchTo(old);
		while ((batch = vec_node_next(rows->node.left)) != NULL)
			vec_spill_write_all(spill, batch);
		piece->rows[process] = vec_spill_export(spill, &bytes);
		pg_atomic_fetch_add_u64(&piece->bytes, bytes);
		(void) BarrierArriveAndWait(&piece->barrier, WAIT_EVENT_HASH_BUILD_HASH_INNER);
	}
	BarrierDetach(&piece->barrier);
	rows->written = true;
	rows->next = 0;
}

/* The next file that has rows; false: there is none. */
static bool
open_next(SharedRows *rows)
{
	Piece	   *piece = rows->piece;
	MemoryContext old = MemoryContextSwitchTo(rows->memory);
	char		name[MAXPGPATH];

	if (rows->reader == NULL)
		rows->reader = vec_spill_reader_create(rows->node.ncolumns, rows->node.types);
	while (rows->next < piece->nprocesses && rows->part.file == NULL)
	{
		int			process = rows->next++;

		if (piece->rows[process] <= 0 || (rows->own && process != ParallelWorkerNumber + 1))
			continue;
		file_name(name, process);
		rows->part.file = BufFileOpenFileSet(&piece->files.fs, name, O_RDONLY, false);
		rows->part.rows = piece->rows[process];
	}
	MemoryContextSwitchTo(old);
	return rows->part.file != NULL;
}
