/*-------------------------------------------------------------------------
 * checkpoint.c
 *	  Checkpoints: elements that are stored for good, and the RDD that reads them.
 *
 * rdd_checkpoint() computes its RDD at once, as Spark's Dataset.checkpoint() does: an
 * RDD is a value, and one that had its lineage until somebody acts on it would keep
 * it for ever.  What it gives is the lineage of one step, checkpointed(name).  Each
 * call makes a table of its own, so a checkpoint never changes, and is never what
 * somebody else computed.
 *
 * A local checkpoint is the same for as long as the session lives that made it; its
 * role's next look at what is stored drops it afterwards.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "rdd/arguments.h"
#include "rdd/storage.h"
#include "rdd/stored.h"

PG_FUNCTION_INFO_V1(barks_rdd_checkpoint);
PG_FUNCTION_INFO_V1(barks_rdd_local_checkpoint);
PG_FUNCTION_INFO_V1(barks_rdd_is_checkpointed);
PG_FUNCTION_INFO_V1(barks_rdd_drop_checkpoint);

typedef struct Checkpoint
{
	const char *name;
	const char *level;
	int			copies;
	Oid			table;			/* once it is made */
} Checkpoint;

static Datum make_checkpoint(Datum datum, const char *level, int copies);
static void store_checkpoint(const Rdd *rdd, void *arg);
static bool is_checkpointed(const Rdd *rdd);
static Oid	find_checkpoint(const RddStep *step, StoredEntry **entry);
static Oid	get_checkpoint(const RddStep *step, StoredEntry **entry);

/* checkpoint(r, copies) → the RDD that reads it */
Datum
barks_rdd_checkpoint(PG_FUNCTION_ARGS)
{
	int			copies = PG_GETARG_INT32(1);

	if (copies < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of copies must be positive, not %d", copies)));
	PreventCommandIfReadOnly("rdd_checkpoint()");
	PG_RETURN_DATUM(make_checkpoint(PG_GETARG_DATUM(0), STORED_CHECKPOINT, copies));
}

/* local_checkpoint(r) → the RDD that reads it */
Datum
barks_rdd_local_checkpoint(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("rdd_local_checkpoint()");
	PG_RETURN_DATUM(make_checkpoint(PG_GETARG_DATUM(0), STORED_LOCAL, 1));
}

static Datum
make_checkpoint(Datum datum, const char *level, int copies)
{
	const Rdd  *rdd = rdd_from_datum(datum);
	Checkpoint	checkpoint = {.level = level, .copies = copies};
	Datum		name;

	if (is_checkpointed(rdd))
		return datum;
	checkpoint.name = psprintf("checkpoint_%u_%016llx", GetUserId(),
							   (unsigned long long) pg_prng_uint64(&pg_global_prng_state));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_run(rdd, store_checkpoint, &checkpoint);
	if (strcmp(level, STORED_LOCAL) == 0)
		stored_keep_for_session(checkpoint.table);
	stored_sweep();
	SPI_finish();
	name = CStringGetTextDatum(checkpoint.name);
	return rdd_to_datum(rdd_apply("checkpointed", NIL,
								  list_make1(makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, name, false, false))));
}

static void
store_checkpoint(const Rdd *rdd, void *arg)
{
	Checkpoint *checkpoint = arg;

	checkpoint->table = stored_make(rdd, checkpoint->name, checkpoint->level, checkpoint->copies, true);
}

/* Is a checkpoint all that the RDD reads, and is it there? */
static bool
is_checkpointed(const Rdd *rdd)
{
	StoredEntry *entry;

	return strcmp(rdd_last(rdd)->name, "checkpointed") == 0 && OidIsValid(find_checkpoint(rdd_last(rdd), &entry));
}

/* InvalidOid when it is not there, or somebody else put something there. */
static Oid
find_checkpoint(const RddStep *step, StoredEntry **entry)
{
	Oid			table = stored_find(rdd_arg_text(step, 0));

	*entry = OidIsValid(table) ? stored_entry(table) : NULL;
	if (*entry && strcmp((*entry)->level, STORED_CHECKPOINT) != 0 && strcmp((*entry)->level, STORED_LOCAL) != 0)
		*entry = NULL;
	return *entry ? table : InvalidOid;
}

Oid
rdd_checkpoint_table(const RddStep *step, const char **partitioner)
{
	StoredEntry *entry;
	Oid			table = find_checkpoint(step, &entry);

	*partitioner = entry ? entry->partitioner : NULL;
	return table;
}

/* ---------------- the RDD that reads it ---------------- */

static Oid
get_checkpoint(const RddStep *step, StoredEntry **entry)
{
	Oid			table = find_checkpoint(step, entry);

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no checkpoint \"%s\"", rdd_arg_text(step, 0)),
				 errdetail("It was dropped, or it was a local one and the session that made it has ended.")));
	return table;
}

/* checkpointed(name) */
static void
check_checkpointed(RddStep *step, List *inputs)
{
	StoredEntry *entry;

	(void) get_checkpoint(step, &entry);
	if (!has_privs_of_role(GetUserId(), entry->role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("checkpoint \"%s\" belongs to another role", rdd_arg_text(step, 0))));
	step->shape = entry->shape;
	step->partitions = entry->partitions;
	step->by_key = entry->by_key;
}

static void
compile_checkpointed(RddQuery *query, const RddStep *step, StringInfo select)
{
	StoredEntry *entry;

	stored_append_select(query, step, get_checkpoint(step, &entry), select);
}

const RddOperation rdd_checkpoint_operations[] = {
	{"checkpointed", check_checkpointed, compile_checkpointed},
	{NULL}
};

Datum
barks_rdd_is_checkpointed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_checkpointed(rdd_from_datum(PG_GETARG_DATUM(0))));
}

/* drop_checkpoint(r) → whether there was one */
Datum
barks_rdd_drop_checkpoint(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	RddStep    *step = rdd_last(rdd);
	StoredEntry *entry;
	Oid			table;

	if (strcmp(step->name, "checkpointed") != 0)
		PG_RETURN_BOOL(false);
	table = find_checkpoint(step, &entry);
	if (!OidIsValid(table))
		PG_RETURN_BOOL(false);
	PreventCommandIfReadOnly("rdd_drop_checkpoint()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	stored_drop(table);
	SPI_finish();
	PG_RETURN_BOOL(true);
}
