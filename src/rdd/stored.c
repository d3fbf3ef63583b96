/*-------------------------------------------------------------------------
 * stored.c
 *	  Distributed tables of elements of RDDs, and what is noted of them.
 *
 * A table has a column for each leaf of the elements, "#p4" with the partition (of 4)
 * and "#1" … with the order; what columns there are tells whoever reads it what he can
 * have.  It is written once, by the transaction that makes it, so its copies are alike.
 * barks.storage_entry tells what each table is, and when it was last read.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parser.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "cluster/node.h"
#include "rdd/as_owner.h"
#include "rdd/calls.h"
#include "rdd/stored.h"
#include "table/distribute.h"
#include "table/layout.h"
#include "table/shard.h"
#include "table/stats.h"

#define ASK_INTERVAL_MS	1000	/* nodes that had all of a table are not asked for it again */
#define MAX_ASKED		16

enum
{
	Anum_entry_rel = 1,
	Anum_entry_name,
	Anum_entry_role,
	Anum_entry_level,
	Anum_entry_partitions,
	Anum_entry_rows,
	Anum_entry_bytes,
	Anum_entry_elements
};

/* Tables that were all there, and when; the oldest goes first. */
static struct
{
	Oid			table;
	TimestampTz at;
}			asked[MAX_ASKED];
static int	next_asked;

static bool was_there(Oid table);
static void note_there(Oid table);
static bool all_alive(Oid table);
static void look_for_shards(void *arg);
static HeapTuple read_entry(Oid table, TupleDesc *desc);
static const char *column_list(const Rdd *rdd, const RddQuery *query);
static char *partition_column(int npartitions);
static char *order_column(int number, bool unique, bool made);
static void distribute(Oid table, const RddStep *step, int copies);
static bool has_row_security(const char *select, RddQuery *query);
static char *hashed_columns(const RddStep *step);
static void run_sql(const char *sql, const char *what);
static void note_made(Oid table, const char *name, const char *level, const Rdd *rdd, uint64 rows);
static bool can_be_dropped(Oid table);
static bool lock_unused(Oid table);
static void drop(void *arg);
static List *tables_of_level(const char *level);
static void set_session_tag(LOCKTAG *tag, Oid table);
static bool session_ended(Oid table);
static void append_order(RddQuery *query, const RddStep *step, Oid table, StringInfo select);
static bool has_column(Oid table, const char *quoted);

/* ---------------- what is there ---------------- */

Oid
stored_find(const char *name)
{
	Oid			schema = get_namespace_oid("barks", false);
	Relation	rel = table_open(get_relname_relid("storage_entry", schema), AccessShareLock);
	Oid			found = InvalidOid;
	NameData	value;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	namestrcpy(&value, name);
	ScanKeyInit(&key, Anum_entry_name, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&value));
	scan = systable_beginscan(rel, get_relname_relid("storage_entry_name", schema), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			table = DatumGetObjectId(heap_getattr(tuple, Anum_entry_rel, RelationGetDescr(rel), &isnull));
		char	   *level = TextDatumGetCString(heap_getattr(tuple, Anum_entry_level, RelationGetDescr(rel), &isnull));

		/* users can drop it, too */
		if (strcmp(level, STORED_LOST) != 0 && get_rel_namespace(table) == get_namespace_oid(STORED_SCHEMA, false))
			found = table;
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
	return found;
}

/* Nobody else can have put a table there for us to read. */
bool
stored_is_ours(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool		ours;

	if (!HeapTupleIsValid(tuple))
		return false;
	ours = ((Form_pg_class) GETSTRUCT(tuple))->relowner == GetUserId() && table_is_distributed(table);
	ReleaseSysCache(tuple);
	return ours;
}

bool
stored_is_readable(Oid table)
{
	if (!all_alive(table))
		return false;
	if (IsInParallelMode() || was_there(table))
		return true;
	return stored_try(look_for_shards, &table) == NULL && was_there(table);
}

static bool
was_there(Oid table)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < MAX_ASKED; i++)
	{
		if (asked[i].table == table && !TimestampDifferenceExceeds(asked[i].at, now, ASK_INTERVAL_MS))
			return true;
	}
	return false;
}

static void
note_there(Oid table)
{
	asked[next_asked].table = table;
	asked[next_asked].at = GetCurrentTimestamp();
	next_asked = (next_asked + 1) % MAX_ASKED;
}

void
stored_ask_again(void)
{
	memset(asked, 0, sizeof(asked));
}

/* Of each partition a copy is on a node that answers. */
static bool
all_alive(Oid table)
{
	Relation	rel = try_table_open(table, AccessShareLock);
	const TableLayout *layout;
	bool		alive = true;

	if (rel == NULL)
		return false;
	layout = table_layout(rel);
	for (int i = 0; i < layout->nnodes; i++)
		alive &= node_alive(layout->nodes[i]);
	/* from now on nobody drops it before we are done */
	table_close(rel, NoLock);
	return alive;
}

/* A node may have lost its shards, and errors are lost shards too. */
static void
look_for_shards(void *arg)
{
	Relation	rel = table_open(*(Oid *) arg, AccessShareLock);

	if (shards_present(rel))
		note_there(*(Oid *) arg);
	table_close(rel, NoLock);
}

/* Palloc'd, or NULL.  Nobody but the extension's owner may read the table. */
static HeapTuple
read_entry(Oid table, TupleDesc *desc)
{
	Oid			schema = get_namespace_oid("barks", false);
	Relation	rel = table_open(get_relname_relid("storage_entry", schema), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_entry_rel, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(rel, get_relname_relid("storage_entry_pkey", schema), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	*desc = CreateTupleDescCopy(RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, NoLock);
	return tuple;
}

StoredEntry *
stored_entry(Oid table)
{
	TupleDesc	desc;
	HeapTuple	tuple = read_entry(table, &desc);
	StoredEntry *entry;
	List	   *elements;
	List	   *facts;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	entry = palloc0(sizeof(StoredEntry));
	entry->name = pstrdup(NameStr(*DatumGetName(heap_getattr(tuple, Anum_entry_name, desc, &isnull))));
	entry->role = DatumGetObjectId(heap_getattr(tuple, Anum_entry_role, desc, &isnull));
	entry->level = TextDatumGetCString(heap_getattr(tuple, Anum_entry_level, desc, &isnull));
	elements = stringToNode(TextDatumGetCString(heap_getattr(tuple, Anum_entry_elements, desc, &isnull)));
	entry->shape = rdd_shape_from_list(linitial(elements));
	facts = lsecond(elements);
	entry->partitions = linitial_int(facts);
	entry->by_key = lsecond_int(facts) != 0;
	if (list_length(elements) > 2)
		entry->partitioner = strVal(lthird(elements));
	return entry;
}

int64
stored_bytes(Oid table)
{
	TupleDesc	desc;
	HeapTuple	tuple = read_entry(table, &desc);
	bool		isnull;

	return HeapTupleIsValid(tuple) ? DatumGetInt64(heap_getattr(tuple, Anum_entry_bytes, desc, &isnull)) : 0;
}

/* ---------------- making ---------------- */

void
stored_lock(const char *name)
{
	LOCKTAG		tag;
	uint64		hash = DatumGetUInt64(hash_any_extended((const unsigned char *) name, strlen(name), 0));

	/* advisory locks that SQL takes have 1 or 2 at the end */
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, 3);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	AcceptInvalidationMessages();
}

Oid
stored_make(const Rdd *rdd, const char *name, const char *level, int copies, bool of_policies)
{
	const char *purpose = strcmp(level, STORED_CHECKPOINT) == 0 ? "checkpoint"
		: strcmp(level, STORED_LOCAL) == 0 ? "local_checkpoint" : "persist";
	RddQuery	query = {.in_order = true, .by_partition = true, .keep_order = true, .named = true, .purpose = purpose};
	Oid			schema = get_namespace_oid(STORED_SCHEMA, false);
	char	   *relname = pstrdup(name);
	char	   *qualified;
	char	   *select = rdd_compile(rdd, NIL, &query);
	Oid			table;
	SPIPlanPtr	plan;
	uint64		rows;

	if (!of_policies && has_row_security(select, &query))
		return InvalidOid;
	/* what was lost may have the name */
	for (int i = 1; OidIsValid(get_relname_relid(relname, schema)); i++)
		relname = psprintf("%s_%d", name, i);
	qualified = psprintf(STORED_SCHEMA ".%s", quote_identifier(relname));
	run_sql(psprintf("CREATE TABLE %s (%s)", qualified, column_list(rdd, &query)), "create");
	table = get_relname_relid(relname, schema);
	distribute(table, rdd_last(rdd), copies);
	plan = rdd_prepare(psprintf("INSERT INTO %s %s", qualified, select), &query);
	if (SPI_execute_plan(plan, NULL, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not fill storage of an RDD: %s", SPI_result_code_string(SPI_result));
	rows = SPI_processed;
	run_sql(psprintf("ANALYZE %s", qualified), "analyze");
	note_made(table, name, level, query.rdd, rows);
	note_there(table);
	return table;
}

/* Columns of the elements, "#p" and "#1" …, by names that tell what stored_append_select() has to know. */
static const char *
column_list(const Rdd *rdd, const RddQuery *query)
{
	int			last = list_length(rdd->steps) - 1;
	bool		unique = query->order_kind[last] == ORDER_UNIQUE;
	RddQuery	plain = {.in_order = true, .keep_order = true};
	StringInfoData columns;
	ListCell   *lc;

	initStringInfo(&columns);
	foreach(lc, rdd_shape_columns(rdd_last(rdd)->shape))
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(&columns, "%s %s", quote_identifier(leaf->path), rdd_type_text(leaf->shape));
		if (OidIsValid(leaf->shape->collation) && leaf->shape->collation != get_typcollation(leaf->shape->type))
			appendStringInfo(&columns, " COLLATE %s", generate_collation_name(leaf->shape->collation));
		appendStringInfoString(&columns, ", ");
	}
	appendStringInfo(&columns, "%s pg_catalog.int4",
					 partition_column(((RddStep *) llast(query->rdd->steps))->partitions));
	(void) rdd_compile(rdd, NIL, &plain);
	for (int i = 1; i <= query->order[last]; i++)
		appendStringInfo(&columns, ", %s pg_catalog.int8", order_column(i, unique, i > plain.order[last]));
	return columns.data;
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

static void
distribute(Oid table, const RddStep *step, int copies)
{
	LayoutSpec *spec = label_spec_by(hashed_columns(step), 0);

	spec->ncopies = copies;
	spec->alive_only = true;
	distribute_relation(table, spec, InvalidOid);
	CommandCounterIncrement();
}

static bool
has_row_security(const char *select, RddQuery *query)
{
	List	   *queries = pg_analyze_and_rewrite_withcb(linitial_node(RawStmt, raw_parser(select, RAW_PARSE_DEFAULT)),
														select, lambda_parser_setup, &query->lambdas, NULL);

	return linitial_node(Query, queries)->hasRowSecurity;
}

/* Columns of the key, if equal keys are together, and a table's rows can be put together so; else NULL. */
static char *
hashed_columns(const RddStep *step)
{
	List	   *leaves;
	StringInfoData columns;
	ListCell   *lc;

	if (!step->by_key || !rdd_shape_is_pair(step->shape))
		return NULL;
	leaves = rdd_shape_leaves(rdd_shape_key(step->shape), "k");
	if (leaves == NIL || list_length(leaves) > INDEX_MAX_KEYS)
		return NULL;
	initStringInfo(&columns);
	foreach(lc, leaves)
	{
		const RddLeaf *leaf = lfirst(lc);

		if (get_typtype(leaf->shape->type) != TYPTYPE_BASE ||
			!OidIsValid(lookup_type_cache(leaf->shape->type, TYPECACHE_HASH_PROC)->hash_proc))
			return NULL;
		appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "", quote_identifier(leaf->path));
	}
	return columns.data;
}

static void
run_sql(const char *sql, const char *what)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not %s storage of an RDD: %s", what, SPI_result_code_string(SPI_result));
}

/* ---------------- notes ---------------- */

static void
note_made(Oid table, const char *name, const char *level, const Rdd *rdd, uint64 rows)
{
	const RddStep *step = rdd_last(rdd);
	const char *partitioner = rdd_partitioner_kind(rdd);
	Relation	rel = table_open(table, AccessShareLock);
	const TableLayout *layout = table_layout(rel);
	ShardSize  *sizes;
	List	   *elements = list_make2(rdd_shape_to_list(step->shape),
									  list_make2_int(step->partitions, step->by_key));
	int64		bytes = 0;

	/* that sees the shards */
	PushActiveSnapshot(GetLatestSnapshot());
	sizes = stats_shard_sizes(layout);
	PopActiveSnapshot();
	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;

		(void) table_place(layout, i, &partition);
		bytes += sizes[partition].bytes;
	}
	if (partitioner)
		elements = lappend(elements, makeString(pstrdup(partitioner)));
	/* of a table that a user dropped */
	as_owner_run("DELETE FROM barks.storage_entry WHERE rel = $1", 1, (Oid[]) {OIDOID}, (Datum[]) {ObjectIdGetDatum(table)}, NULL);
	as_owner_run("INSERT INTO barks.storage_entry (rel, name, role, level, partitions, rows, bytes, elements) "
				 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8,
				 (Oid[]) {OIDOID, TEXTOID, OIDOID, TEXTOID, INT4OID, INT8OID, INT8OID, TEXTOID},
				 (Datum[]) {ObjectIdGetDatum(table), CStringGetTextDatum(name), ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(level),
							Int32GetDatum(layout->npartitions), Int64GetDatum((int64) rows), Int64GetDatum(bytes),
							CStringGetTextDatum(nodeToString(elements))}, NULL);
	table_close(rel, NoLock);
}

/* Within a minute or so, for that is enough to know which was read last. */
void
stored_note_read(Oid table)
{
	if (XactReadOnly || RecoveryInProgress())
		return;
	as_owner_run("UPDATE barks.storage_entry SET last_read = pg_catalog.now() WHERE rel = (SELECT rel "
				 "FROM barks.storage_entry WHERE rel = $1 AND last_read < pg_catalog.now() - interval '1 minute' "
				 "FOR UPDATE SKIP LOCKED)", 1, (Oid[]) {OIDOID}, (Datum[]) {ObjectIdGetDatum(table)}, NULL);
}

/* ---------------- dropping ---------------- */

void
stored_drop(Oid table)
{
	run_sql(psprintf("DROP TABLE " STORED_SCHEMA ".%s", quote_identifier(get_rel_name(table))), "drop");
	as_owner_run("DELETE FROM barks.storage_entry WHERE rel = $1", 1, (Oid[]) {OIDOID},
				 (Datum[]) {ObjectIdGetDatum(table)}, NULL);
	stored_ask_again();
}

bool
stored_try_drop(Oid table)
{
	return can_be_dropped(table) && lock_unused(table) && stored_try(drop, &table) == NULL;
}

/* Do all nodes that have a part of it, or a copy, answer? */
static bool
can_be_dropped(Oid table)
{
	Relation	rel;
	bool		alive = true;
	ListCell   *lc;

	if (!ConditionalLockRelationOid(table, AccessShareLock))
		return false;
	rel = try_table_open(table, NoLock);
	if (rel == NULL)
		return false;
	foreach(lc, shard_nodes(table_layout(rel)))
		alive &= node_alive(lfirst_oid(lc));
	table_close(rel, AccessShareLock);
	return alive;
}

static void
drop(void *arg)
{
	stored_drop(*(Oid *) arg);
}

/* Nobody who drops something old waits for others, or fails for a cursor of ours. */
static bool
lock_unused(Oid table)
{
	Relation	rel;
	bool		used;

	if (!ConditionalLockRelationOid(table, AccessExclusiveLock))
		return false;
	rel = try_table_open(table, NoLock);
	used = rel == NULL || rel->rd_refcnt > 1;
	if (rel)
		table_close(rel, NoLock);
	if (used)
		UnlockRelationOid(table, AccessExclusiveLock);
	return !used;
}

bool
stored_set_aside(Oid table)
{
	if (!ConditionalLockRelationOid(table, ShareUpdateExclusiveLock))
		return false;
	as_owner_run("UPDATE barks.storage_entry SET level = '" STORED_LOST "' WHERE rel = $1", 1, (Oid[]) {OIDOID},
				 (Datum[]) {ObjectIdGetDatum(table)}, NULL);
	return true;
}

void
stored_sweep(void)
{
	ListCell   *lc;

	foreach(lc, tables_of_level(STORED_LOST))
		(void) stored_try_drop(lfirst_oid(lc));
	foreach(lc, tables_of_level(STORED_LOCAL))
	{
		if (session_ended(lfirst_oid(lc)))
			(void) stored_try_drop(lfirst_oid(lc));
	}
	/* what users dropped */
	as_owner_run("DELETE FROM barks.storage_entry WHERE rel IN (SELECT rel FROM barks.storage_entry e "
				 "WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = e.rel) FOR UPDATE SKIP LOCKED)",
				 0, NULL, NULL, NULL);
}

static List *
tables_of_level(const char *level)
{
	int64		total;

	return stored_oldest(&level, 1, -1, &total);
}

List *
stored_oldest(const char *const *levels, int nlevels, int64 limit, int64 *total)
{
	Datum	   *names = palloc(nlevels * sizeof(Datum));
	List	   *tables = NIL;
	bool		isnull;

	for (int i = 0; i < nlevels; i++)
		names[i] = CStringGetTextDatum(levels[i]);
	as_owner_run("SELECT rel, pg_catalog.int8(total) FROM (SELECT e.rel, e.last_read, e.bytes, "
				 "pg_catalog.sum(e.bytes) OVER () AS total FROM barks.storage_entry e JOIN pg_catalog.pg_class c ON c.oid = e.rel "
				 "WHERE e.role = $1 AND e.level = ANY ($2)) e WHERE bytes > $3 OR total > $3 "
				 "ORDER BY bytes <= $3, last_read, rel", 3, (Oid[]) {OIDOID, TEXTARRAYOID, INT8OID},
				 (Datum[]) {ObjectIdGetDatum(GetUserId()),
							PointerGetDatum(construct_array(names, nlevels, TEXTOID, -1, false, TYPALIGN_INT)),
							Int64GetDatum(limit)}, NULL);
	*total = 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		tables = lappend_oid(tables, DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)));
		*total = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
	}
	return tables;
}

/* ---------------- tables that live as long as a session ---------------- */

/* Advisory locks that SQL takes have 1 or 2 at the end. */
static void
set_session_tag(LOCKTAG *tag, Oid table)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, 0, table, 5);
}

void
stored_keep_for_session(Oid table)
{
	LOCKTAG		tag;

	set_session_tag(&tag, table);
	(void) LockAcquire(&tag, ShareLock, true, false);
}

static bool
session_ended(Oid table)
{
	LOCKTAG		tag;

	set_session_tag(&tag, table);
	if (LockHeldByMe(&tag, ShareLock) || LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	LockRelease(&tag, ExclusiveLock, false);
	return true;
}

/* ---------------- reading ---------------- */

void
stored_append_select(RddQuery *query, const RddStep *step, Oid table, StringInfo select)
{
	const char *partition = partition_column(step->partitions);

	appendStringInfo(select, "SELECT %s", rdd_same_columns("s", step->shape));
	if (query->in_order)
		append_order(query, step, table, select);
	if (query->by_partition && has_column(table, partition))
	{
		appendStringInfo(select, ", s.%s AS \"#p\"", partition);
		rdd_set_partitioned(query, step);
	}
	appendStringInfo(select, " FROM " STORED_SCHEMA ".%s AS s", quote_identifier(get_rel_name(table)));
}

static void
append_order(RddQuery *query, const RddStep *step, Oid table, StringInfo select)
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

/* ---------------- errors ---------------- */

ErrorData *
stored_try(void (*action) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	return error;
}
