/*-------------------------------------------------------------------------
 * storage.c
 *	  Elements of persisted RDDs, kept in distributed tables.
 *
 * The first action that needs a persisted RDD computes it into a table of the
 * role, whose name is made of the lineage: whoever makes the same RDD as the same
 * role finds it there, in any session, until it is unpersisted or evicted.  The
 * action's transaction makes the table, so others see it complete or not at all.
 * Where the table is missing, or one of its nodes does not answer, the lineage is
 * computed instead.
 *
 * barks.storage_entry tells what each table is and when it was last read.  Only
 * levels that are memory alone are evicted, as in Spark: others would move to
 * disk, where the rows of a table are anyway.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/md5.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "cluster/node.h"
#include "rdd/lambda.h"
#include "rdd/storage.h"
#include "table/placement.h"

#define STORAGE_SCHEMA "barks_storage"

PG_FUNCTION_INFO_V1(barks_rdd_unpersist);
PG_FUNCTION_INFO_V1(barks_rdd_storage_level);

static int	storage_memory = 1024 * 1024;

static const char *const levels[] = {
	"MEMORY_ONLY", "MEMORY_ONLY_SER", "MEMORY_AND_DISK", "MEMORY_AND_DISK_SER", "DISK_ONLY", "OFF_HEAP",
};

static char *storage_name(const Rdd *rdd, const RddStep *step);
static Oid	own_table(const char *name);
static bool is_kept(const RddStep *step);
static bool placed_well(HeapTuple table);
static bool key_is_hashed(const RddStep *step);
static const char *level_of(const RddStep *step);
static void fill(const Rdd *rdd, const RddStep *step);
static void lock_storage(const char *name);
static bool make_table(const Rdd *rdd, const char *name);
static void append_hidden(StringInfo columns, const Rdd *rdd, const RddQuery *query);
static char *partition_column(int npartitions);
static char *order_column(int number, bool unique, bool made);
static bool has_row_security(const char *select, RddQuery *query);
static bool calls_read_policies(const RddQuery *query);
static void run_as_owner(const char *sql, int nargs, Oid *types, Datum *values);
static void run_sql(const char *sql, const char *what);
static void note_made(Oid table, const char *level);
static void note_read(Oid table);
static void drop_table(Oid table);
static void evict(void);
static void append_stored_order(RddQuery *query, const RddStep *step, Oid table, StringInfo select);
static bool has_column(Oid table, const char *quoted);

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

/* Nobody else can have put a table there for us to read. */
static Oid
own_table(const char *name)
{
	Oid			schema = get_namespace_oid(STORAGE_SCHEMA, true);
	Oid			table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
	HeapTuple	tuple;
	bool		own;

	if (!OidIsValid(table))
		return InvalidOid;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	own = HeapTupleIsValid(tuple) &&
		((Form_pg_class) GETSTRUCT(tuple))->relowner == GetUserId() && placed_well(tuple);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return own ? table : InvalidOid;
}

/* Do all nodes that have partitions of the table answer? */
static bool
placed_well(HeapTuple table)
{
	int			count;
	Placement  *placements = placement_read(((Form_pg_class) GETSTRUCT(table))->relfilenode, &count);
	ListCell   *lc;

	foreach(lc, placement_nodes(placements, count))
	{
		if (!node_alive(lfirst_oid(lc)))
			return false;
	}
	return true;
}

Oid
rdd_storage_table(const Rdd *rdd, const RddStep *step)
{
	return own_table(storage_name(rdd, step));
}

bool
rdd_storage_ready(const Rdd *rdd)
{
	ListCell   *lc;

	rdd_read_steps(rdd);
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);

		if (is_kept(step) && !OidIsValid(rdd_storage_table(rdd, step)))
			return false;
	}
	return true;
}

static bool
is_kept(const RddStep *step)
{
	return strcmp(step->name, "persist") == 0 && strcmp(level_of(step), "NONE") != 0;
}

/* ---------------- making ---------------- */

void
rdd_storage_fill(const Rdd *rdd)
{
	ListCell   *lc;

	rdd_read_steps(rdd);
	foreach(lc, rdd->steps)
	{
		RddStep    *step = lfirst(lc);
		Oid			table;

		if (!is_kept(step))
			continue;
		table = rdd_storage_table(rdd, step);
		if (OidIsValid(table))
			note_read(table);
		else if (!XactReadOnly && !RecoveryInProgress())
			fill(rdd, step);
	}
}

static void
fill(const Rdd *rdd, const RddStep *step)
{
	char	   *name = storage_name(rdd, step);
	const Rdd  *input = rdd_lineage_of(rdd, linitial_int(step->inputs));

	lock_storage(name);
	/* who had the lock may have made it; one that lost a node stays until it can be dropped */
	if (OidIsValid(get_relname_relid(name, get_namespace_oid(STORAGE_SCHEMA, false))))
		return;
	if (!make_table(input, name))
		return;
	note_made(own_table(name), level_of(step));
	evict();
}

/* Until the transaction ends nobody else makes, or drops, what is stored under the name. */
static void
lock_storage(const char *name)
{
	LOCKTAG		tag;
	uint64		hash = DatumGetUInt64(hash_any_extended((const unsigned char *) name, strlen(name), 0));

	/* advisory locks that SQL takes have 1 or 2 at the end */
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, 3);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	AcceptInvalidationMessages();
}

/*
 * A distributed table of the elements, with the columns that tell their order and
 * their partition.  False, and no table, when policies choose the rows: for another
 * session of the role they may choose others.
 */
static bool
make_table(const Rdd *rdd, const char *name)
{
	RddQuery	query = {.in_order = true, .by_partition = true, .keep_order = true, .named = true, .purpose = "persist"};
	char	   *table = psprintf(STORAGE_SCHEMA ".%s", quote_identifier(name));
	char	   *select = rdd_compile(rdd, NIL, &query);
	StringInfoData columns;
	const RddStep *last = rdd_last(rdd);
	ListCell   *lc;
	SPIPlanPtr	plan;

	if (has_row_security(select, &query) || calls_read_policies(&query))
		return false;
	initStringInfo(&columns);
	foreach(lc, rdd_shape_columns(last->shape))
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(&columns, "%s%s %s", columns.len > 0 ? ", " : "", quote_identifier(leaf->path),
						 rdd_type_text(leaf->shape));
		if (OidIsValid(leaf->shape->collation) && leaf->shape->collation != get_typcollation(leaf->shape->type))
			appendStringInfo(&columns, " COLLATE %s", generate_collation_name(leaf->shape->collation));
	}
	append_hidden(&columns, rdd, &query);
	run_sql(psprintf("CREATE TABLE %s (%s)", table, columns.data), "create");
	run_sql(psprintf("SELECT barks.distribute_table(%s%s)", quote_literal_cstr(table),
					 key_is_hashed(last) ? ", by => 'k'" : ""), "distribute");
	plan = SPI_prepare_params(psprintf("INSERT INTO %s %s", table, select), lambda_parser_setup, &query.lambdas, 0);
	if (!plan || SPI_execute_plan(plan, NULL, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not fill storage of an RDD: %s", SPI_result_code_string(SPI_result));
	run_sql(psprintf("ANALYZE %s", table), "analyze");
	return true;
}

/* Columns "#p" and "#1" …, by names that tell what compile_persist() has to know. */
static void
append_hidden(StringInfo columns, const Rdd *rdd, const RddQuery *query)
{
	int			last = list_length(rdd->steps) - 1;
	bool		unique = query->order_kind[last] == ORDER_UNIQUE;
	RddQuery	plain = {.in_order = true};

	(void) rdd_compile(rdd, NIL, &plain);
	appendStringInfo(columns, ", %s pg_catalog.int4",
					 partition_column(((RddStep *) llast(query->rdd->steps))->partitions));
	for (int i = 1; i <= query->order[last]; i++)
		appendStringInfo(columns, ", %s pg_catalog.int8", order_column(i, unique, i > plain.order[last]));
}

/* Sessions may want other numbers of partitions. */
static char *
partition_column(int npartitions)
{
	return psprintf("\"#p%d\"", npartitions);
}

/* unique: all together are ORDER_UNIQUE, and else ORDER_FINE; made: for RDD_FINE_ORDER alone */
static char *
order_column(int number, bool unique, bool made)
{
	return psprintf("\"#%d%s%s\"", number, unique ? "u" : "", made ? "+" : "");
}

static bool
has_row_security(const char *select, RddQuery *query)
{
	List	   *queries = pg_analyze_and_rewrite_withcb(linitial_node(RawStmt, raw_parser(select, RAW_PARSE_DEFAULT)),
														select, lambda_parser_setup, &query->lambdas, NULL);

	return linitial_node(Query, queries)->hasRowSecurity;
}

/* Or in queries that calls of functions over partitions run? */
static bool
calls_read_policies(const RddQuery *query)
{
	ListCell   *lc;
	ListCell   *lci;

	foreach(lc, query->rdd->steps)
	{
		const RddStep *step = lfirst(lc);

		if (!strstr(step->name, "_partitions"))
			continue;
		foreach(lci, step->inputs)
		{
			RddQuery	input = {.in_order = true, .by_partition = true};
			const char *select = rdd_compile(rdd_lineage_of(query->rdd, lfirst_int(lci)), NIL, &input);

			if (has_row_security(select, &input))
				return true;
		}
	}
	return false;
}

/* Equal keys are together, and a table's rows can be put together so. */
static bool
key_is_hashed(const RddStep *step)
{
	const RddShape *key;

	if (!step->by_key || !rdd_shape_is_pair(step->shape))
		return false;
	key = rdd_shape_key(step->shape);
	return rdd_shape_is_leaf(key) && get_typtype(key->type) == TYPTYPE_BASE &&
		OidIsValid(lookup_type_cache(key->type, TYPECACHE_HASH_PROC)->hash_proc);
}

static void
run_sql(const char *sql, const char *what)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not %s storage of an RDD: %s", what, SPI_result_code_string(SPI_result));
}

/* ---------------- what is there ---------------- */

/* barks.storage_entry belongs to the extension; no operator of the user's may run as its owner. */
static void
run_as_owner(const char *sql, int nargs, Oid *types, Datum *values)
{
	Oid			save_user;
	int			save_context;
	int			nest = lambda_plain_settings();

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(barks_owner(), save_context | SECURITY_LOCAL_USERID_CHANGE);
	if (SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not note storage of an RDD: %s", SPI_result_code_string(SPI_result));
	SetUserIdAndSecContext(save_user, save_context);
	AtEOXact_GUC(true, nest);
}

static void
note_made(Oid table, const char *level)
{
	run_as_owner("INSERT INTO barks.storage_entry (rel, role, level) VALUES ($1, $2, $3)", 3,
				 (Oid[]) {OIDOID, OIDOID, TEXTOID},
				 (Datum[]) {ObjectIdGetDatum(table), ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(level)});
}

/* Within a minute or so, for that is enough to know which was read last. */
static void
note_read(Oid table)
{
	if (XactReadOnly || RecoveryInProgress())
		return;
	run_as_owner("UPDATE barks.storage_entry SET last_read = pg_catalog.now() WHERE rel = (SELECT rel "
				 "FROM barks.storage_entry WHERE rel = $1 AND last_read < pg_catalog.now() - interval '1 minute' "
				 "FOR UPDATE SKIP LOCKED)", 1, (Oid[]) {OIDOID}, (Datum[]) {ObjectIdGetDatum(table)});
}

static void
drop_table(Oid table)
{
	run_sql(psprintf("DROP TABLE " STORAGE_SCHEMA ".%s", quote_identifier(get_rel_name(table))), "drop");
	run_as_owner("DELETE FROM barks.storage_entry WHERE rel = $1", 1, (Oid[]) {OIDOID},
				 (Datum[]) {ObjectIdGetDatum(table)});
}

/* Drop what the role has not read for the longest time, while there is too much. */
static void
evict(void)
{
	for (;;)
	{
		bool		isnull;
		Datum		value;

		if (SPI_execute_with_args("SELECT rel::pg_catalog.oid FROM (SELECT s.rel, s.last_read, pg_catalog.sum(s.bytes) OVER () AS total "
								  "FROM barks.storage s WHERE s.level IN ('MEMORY_ONLY', 'MEMORY_ONLY_SER', 'OFF_HEAP')) s "
								  "WHERE s.total > $1 ORDER BY s.last_read LIMIT 1", 1, (Oid[]) {INT8OID},
								  (Datum[]) {Int64GetDatum((int64) storage_memory * 1024)}, NULL, false, 1) < 0)
			elog(ERROR, "could not look for storage of RDDs: %s", SPI_result_code_string(SPI_result));
		if (SPI_processed == 0)
			return;
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		drop_table(DatumGetObjectId(value));
	}
}

/* ---------------- operations ---------------- */

static const char *
level_of(const RddStep *step)
{
	return rdd_arg_is_null(step, 0) ? "MEMORY_ONLY" : rdd_arg_text(step, 0);
}

/* persist(r, level) */
static void
check_persist(RddStep *step, List *inputs)
{
	const RddStep *input = linitial(inputs);
	const char *level = level_of(step);
	bool		found = strcmp(level, "NONE") == 0;

	for (int i = 0; i < lengthof(levels); i++)
		found = found || strcmp(level, levels[i]) == 0;
	if (!found && strlen(level) > 2 && strcmp(level + strlen(level) - 2, "_2") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("storage level \"%s\" is not supported", level),
				 errdetail("There is one copy of what is stored; it is computed again when a node is lost."),
				 errhint("Use the level without _2.")));
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no storage level \"%s\"", level),
				 errhint("Levels are NONE, MEMORY_ONLY, MEMORY_AND_DISK, DISK_ONLY and OFF_HEAP, and the first two with _SER.")));
	step->shape = input->shape;
	step->partitions = input->partitions;
	step->by_key = input->by_key;
}

/* From storage where it is there, else the input's query. */
static void
compile_persist(RddQuery *query, const RddStep *step, StringInfo select)
{
	Oid			table = is_kept(step) ? rdd_storage_table(query->rdd, step) : InvalidOid;
	const char *partition = partition_column(step->partitions);

	if (!OidIsValid(table))
	{
		const char *from = rdd_from(query, step, 0);

		appendStringInfo(select, "SELECT %s%s FROM %s AS s", rdd_same_columns("s", step->shape),
						 rdd_keep_order(query, step, 0), from);
		return;
	}
	appendStringInfo(select, "SELECT %s", rdd_same_columns("s", step->shape));
	if (query->in_order)
		append_stored_order(query, step, table, select);
	if (query->by_partition && has_column(table, partition))
	{
		appendStringInfo(select, ", s.%s AS \"#p\"", partition);
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM " STORAGE_SCHEMA ".%s AS s", quote_identifier(get_rel_name(table)));
}

static void
append_stored_order(RddQuery *query, const RddStep *step, Oid table, StringInfo select)
{
	bool		fine = (rdd_needs_of(query, step) & RDD_FINE_ORDER) == RDD_FINE_ORDER;
	bool		unique = has_column(table, order_column(1, true, false)) ||
		has_column(table, order_column(1, true, true));
	int			order = 0;

	for (;;)
	{
		const char *column = order_column(order + 1, unique, false);

		if (fine && !has_column(table, column))
			column = order_column(order + 1, unique, true);
		if (!has_column(table, column))
			break;
		appendStringInfo(select, ", s.%s AS \"#%d\"", column, ++order);
	}
	rdd_set_order(query, step, order);
	if (fine)
		rdd_set_order_kind(query, step, unique ? ORDER_UNIQUE : ORDER_FINE);
}

/* The name as SQL has it. */
static bool
has_column(Oid table, const char *quoted)
{
	return get_attnum(table, pnstrdup(quoted + 1, strlen(quoted) - 2)) != InvalidAttrNumber;
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
	Oid			table;
	ListCell   *lc;

	rdd_read_steps(rdd);
	for (step = rdd_last(rdd); strcmp(step->name, "set_name") == 0; step = list_nth(rdd->steps, linitial_int(step->inputs)))
		names = lcons(step->args, names);
	if (strcmp(step->name, "persist") != 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	lock_storage(storage_name(rdd, step));
	table = rdd_storage_table(rdd, step);
	if (OidIsValid(table))
		drop_table(table);
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
