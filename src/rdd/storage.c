/*-------------------------------------------------------------------------
 * storage.c
 *	  Persisted RDDs: kept by the action that computes them, read by later ones.
 *
 * The first action that needs a persisted RDD computes it into a table of the
 * role, whose name is made of the lineage: whoever makes the same RDD as the same
 * role finds it there, in any session, until it is unpersisted or evicted.  The
 * action's transaction makes the table, so others see it complete or not at all.
 *
 * What is stored may be lost with a node, before an action or while it runs.  An
 * action over persisted RDDs therefore runs in a subtransaction: when it fails for
 * something that is gone, it is undone, with what tasks added to accumulators, and
 * runs again, over what is then stored on nodes that are there, and at last over the
 * lineage alone.
 *
 * Only levels that are memory alone are evicted, as in Spark: others would move to
 * disk, where the rows of a table are anyway.  That is done after the action, which
 * so reads what it computed even when it is too much to be kept.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "common/md5.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "job/accumulator.h"
#include "rdd/arguments.h"
#include "rdd/storage.h"
#include "rdd/stored.h"
#include "table/writer.h"

/* As stored; as stored on other nodes; not stored. */
#define MAX_ATTEMPTS 3

PG_FUNCTION_INFO_V1(barks_rdd_unpersist);
PG_FUNCTION_INFO_V1(barks_rdd_storage_level);

static const struct
{
	const char *name;
	int			copies;			/* on as many nodes */
	bool		memory;			/* dropped when there is too much */
}			levels[] = {
	{"MEMORY_ONLY", 1, true},
	{"MEMORY_ONLY_2", 2, true},
	{"MEMORY_ONLY_SER", 1, true},
	{"MEMORY_ONLY_SER_2", 2, true},
	{"OFF_HEAP", 1, true},
	{"MEMORY_AND_DISK", 1, false},
	{"MEMORY_AND_DISK_2", 2, false},
	{"MEMORY_AND_DISK_SER", 1, false},
	{"MEMORY_AND_DISK_SER_2", 2, false},
	{"DISK_ONLY", 1, false},
	{"DISK_ONLY_2", 2, false},
	{"DISK_ONLY_3", 3, false},
};

/* What was too much for barks.storage_memory, so that it is not tried again and again. */
typedef struct TooLarge
{
	char		name[NAMEDATALEN];
	int64		bytes;
} TooLarge;

/* An action, while it runs. */
typedef struct Attempt
{
	const Rdd  *rdd;
	RddAction	action;			/* or NULL */
	void	   *arg;
} Attempt;

static int	storage_memory = 1024 * 1024;
static HTAB *too_large;
static bool ignored;			/* what is stored, in this attempt */
static bool stored_something;	/* since there was a look at how much there is */

static char *storage_name(const Rdd *rdd, const RddStep *step);
static bool is_kept(const RddStep *step);
static const char *level_of(const RddStep *step);
static int	level_number(const char *level);
static bool is_too_large(const Rdd *rdd, const RddStep *step);
static bool reads_stored(const Rdd *rdd);
static ErrorData *run_attempt(Attempt *attempt, bool ignore);
static void attempt_action(void *arg);
static bool lost_something(const Rdd *rdd, const ErrorData *error);
static void fill_all(const Rdd *rdd);
static void fill(const Rdd *rdd, const RddStep *step);
static void note_too_large(Oid table, int64 bytes);

void
rdd_storage_init(void)
{
	DefineCustomIntVariable("barks.storage_memory",
							"Bytes of persisted RDDs at levels MEMORY_ONLY from which old ones are dropped.",
							"Those that were not read for the longest time go first.",
							&storage_memory, 1024 * 1024, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
}

/* ---------------- lineages and names ---------------- */

/* Of what is persisted, so whatever the level. */
static char *
storage_name(const Rdd *rdd, const RddStep *step)
{
	char	   *lineage = rdd_text(rdd_lineage_of(rdd, linitial_int(step->inputs)));
	char		hash[33];
	const char *problem;

	if (!pg_md5_hash(lineage, strlen(lineage), hash, &problem))
		elog(ERROR, "could not hash a lineage: %s", problem);
	return psprintf("rdd_%u_%s", GetUserId(), hash);
}

/* Where the elements of that step, of the operation "persist", can be read; InvalidOid: nowhere. */
static Oid
storage_table(const Rdd *rdd, const RddStep *step)
{
	Oid			table = ignored ? InvalidOid : stored_find(storage_name(rdd, step));

	return OidIsValid(table) && stored_is_ours(table) && stored_is_readable(table) ? table : InvalidOid;
}

bool
rdd_storage_ready(const Rdd *rdd)
{
	ListCell   *lc;

	rdd_read_steps(rdd);
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);

		if (is_kept(step) && !OidIsValid(storage_table(rdd, step)) && !is_too_large(rdd, step))
			return false;
	}
	return true;
}

static bool
is_kept(const RddStep *step)
{
	return strcmp(step->name, "persist") == 0 && strcmp(level_of(step), "NONE") != 0;
}

static const char *
level_of(const RddStep *step)
{
	return rdd_arg_is_null(step, 0) ? "MEMORY_ONLY" : rdd_arg_text(step, 0);
}

/* In levels, or -1. */
static int
level_number(const char *level)
{
	for (int i = 0; i < lengthof(levels); i++)
	{
		if (strcmp(levels[i].name, level) == 0)
			return i;
	}
	return -1;
}

/* Was it, when this session last stored it? */
static bool
is_too_large(const Rdd *rdd, const RddStep *step)
{
	const TooLarge *entry;

	if (!too_large || !levels[level_number(level_of(step))].memory)
		return false;
	entry = hash_search(too_large, storage_name(rdd, step), HASH_FIND, NULL);
	return entry && entry->bytes > (int64) storage_memory * 1024;
}

/* ---------------- running ---------------- */

void
rdd_storage_run(const Rdd *rdd, RddAction action, void *arg)
{
	Attempt		attempt = {rdd, action, arg};
	StringInfo	added;

	if (!reads_stored(rdd))
	{
		if (action)
			action(rdd, arg);
		return;
	}
	/* which a subtransaction could not do */
	writer_flush_all();
	added = accumulators_serialize(session_accumulators());
	for (int i = 1;; i++)
	{
		ErrorData  *error = run_attempt(&attempt, i == MAX_ATTEMPTS);

		if (!error)
			break;
		if (i == MAX_ATTEMPTS || !lost_something(rdd, error))
			ReThrowError(error);
		ereport(DEBUG1,
				(errmsg_internal("an RDD is computed again: %s", error->message)));
		accumulators_restore(session_accumulators(), added);
		FreeErrorData(error);
	}
	if (action)
		rdd_storage_settle();
}

static bool
reads_stored(const Rdd *rdd)
{
	ListCell   *lc;

	rdd_read_steps(rdd);
	foreach(lc, rdd->steps)
	{
		if (is_kept(lfirst(lc)) || strcmp(((RddStep *) lfirst(lc))->name, "checkpointed") == 0)
			return true;
	}
	return false;
}

static ErrorData *
run_attempt(Attempt *attempt, bool ignore)
{
	bool		before = ignored;
	ErrorData  *error = NULL;

	PG_TRY();
	{
		ignored |= ignore;
		error = stored_try(attempt_action, attempt);
	}
	PG_FINALLY();
	{
		ignored = before;
	}
	PG_END_TRY();
	return error;
}

static void
attempt_action(void *arg)
{
	Attempt    *attempt = arg;

	if (!ignored)
		fill_all(attempt->rdd);
	if (attempt->action)
		attempt->action(attempt->rdd, attempt->arg);
}

/* Is the error one that another attempt may do without? */
static bool
lost_something(const Rdd *rdd, const ErrorData *error)
{
	ListCell   *lc;

	switch (error->sqlerrcode)
	{
		case ERRCODE_ADMIN_SHUTDOWN:
		case ERRCODE_CRASH_SHUTDOWN:
		case ERRCODE_CANNOT_CONNECT_NOW:
			/* of two sessions that store for the first time, say */
		case ERRCODE_T_R_DEADLOCK_DETECTED:
			stored_ask_again();
			return true;
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_SCHEMA:
		case ERRCODE_DATA_CORRUPTED:
			break;
		default:
			stored_ask_again();
			return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_CONNECTION_EXCEPTION;
	}
	/* shards, or something that the RDD names? */
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);

		stored_ask_again();
		if (is_kept(step) && OidIsValid(stored_find(storage_name(rdd, step))) && !OidIsValid(storage_table(rdd, step)))
			return true;
	}
	return false;
}

void
rdd_storage_fill(const Rdd *rdd)
{
	rdd_storage_run(rdd, NULL, NULL);
}

static void
fill_all(const Rdd *rdd)
{
	ListCell   *lc;

	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);
		Oid			table;

		if (!is_kept(step))
			continue;
		table = storage_table(rdd, step);
		if (OidIsValid(table))
			stored_note_read(table);
		else if (!XactReadOnly && !RecoveryInProgress() && !is_too_large(rdd, step))
			fill(rdd, step);
	}
}

static void
fill(const Rdd *rdd, const RddStep *step)
{
	char	   *name = storage_name(rdd, step);
	const Rdd  *input = rdd_lineage_of(rdd, linitial_int(step->inputs));
	const char *level = level_of(step);
	Oid			table;

	stored_lock(name);
	table = stored_find(name);
	if (OidIsValid(table))
	{
		/* who had the lock may have made it */
		if (!stored_is_ours(table) || stored_is_readable(table) || !stored_set_aside(table))
			return;
	}
	table = stored_make(input, name, level, levels[level_number(level)].copies, false);
	if (OidIsValid(table))
		stored_something = true;
}

/* ---------------- eviction ---------------- */

/* Drop what the role has not read for the longest time, while there is too much. */
void
rdd_storage_settle(void)
{
	const char *names[lengthof(levels)];
	int			nnames = 0;
	int64		limit = (int64) storage_memory * 1024;
	int64		total;
	ListCell   *lc;

	if (!stored_something || XactReadOnly)
		return;
	stored_something = false;
	for (int i = 0; i < lengthof(levels); i++)
	{
		if (levels[i].memory)
			names[nnames++] = levels[i].name;
	}
	foreach(lc, stored_oldest(names, nnames, limit, &total))
	{
		Oid			table = lfirst_oid(lc);
		int64		bytes = stored_bytes(table);

		if (bytes <= limit && total <= limit)
			break;
		if (bytes > limit)
			note_too_large(table, bytes);
		if (stored_try_drop(table))
			total -= bytes;
	}
	stored_sweep();
}

static void
note_too_large(Oid table, int64 bytes)
{
	const StoredEntry *stored = stored_entry(table);
	TooLarge   *entry;

	if (!stored)
		return;
	if (!too_large)
	{
		HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(TooLarge), .hcxt = TopMemoryContext};

		too_large = hash_create("barks RDDs too large to keep", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	entry = hash_search(too_large, stored->name, HASH_ENTER, NULL);
	entry->bytes = bytes;
}

/* ---------------- operations ---------------- */

/* persist(r, level) */
static void
check_persist(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	const char *level = level_of(step);

	if (strcmp(level, "NONE") != 0 && level_number(level) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no storage level \"%s\"", level),
				 errhint("Levels are NONE, MEMORY_ONLY, MEMORY_AND_DISK, DISK_ONLY and OFF_HEAP; the next two with _SER; "
						 "those, and DISK_ONLY, with _2 for a copy on a second node; and DISK_ONLY_3.")));
	step->shape = input->shape;
	step->partitions = input->partitions;
	step->by_key = input->by_key;
}

/* From storage where it is there, else the input's query. */
static void
compile_persist(RddQuery *query, const RddStep *step, StringInfo select)
{
	Oid			table = is_kept(step) ? storage_table(query->rdd, step) : InvalidOid;

	if (OidIsValid(table))
		stored_append_select(query, step, table, select);
	else
	{
		const char *from = rdd_from(query, step, 0);

		appendStringInfo(select, "SELECT %s%s FROM %s AS s", rdd_same_columns("s", step->shape),
						 rdd_keep_order(query, step, 0), from);
	}
}

const RddOperation rdd_storage_operations[] = {
	{"persist", check_persist, compile_persist},
	{NULL}
};

/* unpersist(r) → the RDD that was persisted, with its name if it has one */
Datum
barks_rdd_unpersist(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	List	   *names = NIL;
	RddStep    *step;
	char	   *name;
	Oid			table;
	ListCell   *lc;

	rdd_read_steps(rdd);
	for (step = rdd_last(rdd); strcmp(step->name, "set_name") == 0; step = list_nth(rdd->steps, linitial_int(step->inputs)))
		names = lcons(step->args, names);
	if (strcmp(step->name, "persist") != 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	name = storage_name(rdd, step);
	if (too_large)
		(void) hash_search(too_large, name, HASH_REMOVE, NULL);
	stored_lock(name);
	table = stored_find(name);
	if (OidIsValid(table) && stored_is_ours(table))
	{
		if (stored_is_readable(table) || !stored_set_aside(table))
			stored_drop(table);
		stored_sweep();
	}
	SPI_finish();
	rdd = rdd_lineage_of(rdd, linitial_int(step->inputs));
	foreach(lc, names)
		rdd = rdd_apply("set_name", list_make1(rdd), lfirst(lc));
	PG_RETURN_DATUM(rdd_to_datum(rdd));
}

Datum
barks_rdd_storage_level(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	RddStep    *step = rdd_last(rdd);

	rdd_read_steps(rdd);
	/* with a name it is still the RDD that is kept */
	while (strcmp(step->name, "set_name") == 0)
		step = list_nth(rdd->steps, linitial_int(step->inputs));
	PG_RETURN_TEXT_P(cstring_to_text(strcmp(step->name, "persist") == 0 ? level_of(step) : "NONE"));
}
