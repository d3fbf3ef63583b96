/*-------------------------------------------------------------------------
 * shard.c
 *	  Create, drop and alter the tables that hold the rows.
 *
 * A shard has the distributed table's live columns by name, type and
 * collation, and its indexes; no constraints otherwise (rows were checked on
 * the driver) and no defaults.  On this server shards are members of the
 * extension, so that pg_dump leaves them to the distributed table.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_compression.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/local_ddl.h"
#include "table/remote_type.h"
#include "table/shard.h"
#include "table/writer.h"

typedef struct NodeCommands
{
	Oid			node;
	StringInfoData sql;
} NodeCommands;

struct ShardCommands
{
	List	   *nodes;			/* of NodeCommands */
};

static int	default_partitions;

static bool may_see_key(Relation rel, Oid index);
static void create_tables(Relation rel, const Placement *placements, int count);
static void add_index(ShardCommands *commands, Oid node, Oid index, Oid filenode, int partition);
static Placement *choose_placements(const LayoutSpec *spec, Oid same_as, int *count);
static List *nodes_for(const LayoutSpec *spec);
static Placement *copy_placements(const LayoutSpec *spec, Oid same_as, int *count);
static void append_columns(StringInfo buf, TupleDesc desc);
static void append_storage(ShardCommands *commands, Oid node, const char *shard, TupleDesc desc);
static char *reloptions_clause(Oid relid);
static void run_on_nodes(ShardCommands *commands);
static char *index_definition_tail(Oid index);
static void replace_name(char **text, const char *from, const char *to);

void
shard_init(void)
{
	DefineCustomIntVariable("barks.default_partitions",
							"Number of partitions of a distributed table that does not say.",
							"0 means two for each executor slot of the cluster, at least four.",
							&default_partitions, 0, 0, BARKS_MAX_PARTITIONS, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

ShardCommands *
shard_commands_begin(void)
{
	return palloc0(sizeof(ShardCommands));
}

void
shard_commands_add(ShardCommands *commands, Oid node, const char *format,...)
{
	NodeCommands *found = NULL;
	ListCell   *lc;

	foreach(lc, commands->nodes)
		if (((NodeCommands *) lfirst(lc))->node == node)
			found = lfirst(lc);
	if (found == NULL)
	{
		found = palloc(sizeof(NodeCommands));
		found->node = node;
		initStringInfo(&found->sql);
		commands->nodes = lappend(commands->nodes, found);
	}
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&found->sql, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&found->sql, needed);
	}
	appendStringInfoString(&found->sql, ";\n");
}

void
shard_commands_run(ShardCommands *commands)
{
	MemoryContext old = CurrentMemoryContext;

	PG_TRY();
	{
		run_on_nodes(commands);
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(old);
		edata = CopyErrorData();
		FlushErrorState();
		shard_translate_error(edata);
		ReThrowError(edata);
	}
	PG_END_TRY();
	pfree(commands);
}

void
shards_create(Relation rel, Oid same_as)
{
	LayoutSpec *spec = label_of_relation(rel);
	Oid			filenode = RelationFileNumber(rel);
	Placement  *placements;
	List	   *indexes;
	int			count;

	placement_lock(filenode);
	(void) placement_read(filenode, &count);
	if (count > 0)
		return;					/* another transaction was first */

	label_check_keys(rel, spec);
	placements = choose_placements(spec, same_as, &count);
	create_tables(rel, placements, count);
	placement_insert(filenode, placements, count);
	CacheInvalidateRelcache(rel);
	CommandCounterIncrement();
	for (int i = 0; i < count; i++)
		if (!OidIsValid(placements[i].node))
			local_shard_adopt(shard_local_relid(filenode, placements[i].partition));

	indexes = relation_all_indexes(RelationGetRelid(rel));
	for (int i = 0; i < list_length(indexes); i++)
		shards_create_index(rel, list_nth_oid(indexes, i));
}

void
shards_create_copy(Relation rel, Oid node)
{
	Placement	placement = {.partition = 0, .node = node};
	List	   *indexes = relation_all_indexes(RelationGetRelid(rel));

	create_tables(rel, &placement, 1);
	for (int i = 0; i < list_length(indexes); i++)
	{
		ShardCommands *commands = shard_commands_begin();

		add_index(commands, node, list_nth_oid(indexes, i), RelationFileNumber(rel), 0);
		shard_commands_run(commands);
	}
}

void
shards_drop_copy(Relation rel, Oid node)
{
	const TableLayout *layout = table_layout(rel);
	ShardCommands *commands = shard_commands_begin();

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;

		if (table_place(layout, i, &partition) == node)
			shard_commands_add(commands, node, "DROP TABLE IF EXISTS %s", table_shard_name(layout, partition));
	}
	shard_commands_run(commands);
}

void
shards_drop(Oid filenode)
{
	ShardCommands *commands = shard_commands_begin();
	TableLayout name_only = {.filenode = filenode};
	int			count;
	Placement  *placements = placement_read(filenode, &count);

	for (int i = 0; i < count; i++)
	{
		int			partition = placements[i].partition;

		if (!OidIsValid(placements[i].node))
			local_shard_release(shard_local_relid(filenode, partition));
		shard_commands_add(commands, placements[i].node, "DROP TABLE IF EXISTS %s",
						   table_shard_name(&name_only, partition));
	}
	shard_commands_run(commands);
	if (count > 0)
		placement_delete(filenode);
}

void
shards_truncate(Relation rel)
{
	shards_exec(rel, "TRUNCATE TABLE ONLY %s");
}

void
shards_exec(Relation rel, const char *format)
{
	const TableLayout *layout = table_layout(rel);
	ShardCommands *commands = shard_commands_begin();

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;
		Oid			node = table_place(layout, i, &partition);
		StringInfoData sql;
		const char *hole = strstr(format, "%s");

		initStringInfo(&sql);
		appendBinaryStringInfo(&sql, format, hole - format);
		appendStringInfoString(&sql, table_shard_name(layout, partition));
		appendStringInfoString(&sql, hole + 2);
		shard_commands_add(commands, node, "%s", sql.data);
	}
	shard_commands_run(commands);
}

void
shards_create_index(Relation rel, Oid index)
{
	const TableLayout *layout = table_layout(rel);
	ShardCommands *commands = shard_commands_begin();

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;
		Oid			node = table_place(layout, i, &partition);

		add_index(commands, node, index, layout->filenode, partition);
	}
	shard_commands_run(commands);
}

void
shards_drop_index(Relation rel, Oid index)
{
	const TableLayout *layout = table_layout(rel);
	ShardCommands *commands = shard_commands_begin();

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;
		Oid			node = table_place(layout, i, &partition);

		shard_commands_add(commands, node, "DROP INDEX IF EXISTS %s.%s", table_shard_schema(),
						   shard_index_name(index, layout->filenode, partition));
	}
	shard_commands_run(commands);
}

char *
shard_index_name(Oid index, Oid filenode, int partition)
{
	return psprintf("i_%u_%u_%d", index, filenode, partition);
}

Oid
shard_local_relid(Oid filenode, int partition)
{
	Oid			schema = get_namespace_oid(table_shard_schema(), true);
	Oid			relid = InvalidOid;

	if (OidIsValid(schema))
		relid = get_relname_relid(psprintf("t_%u_%d", filenode, partition), schema);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("shard \"%s.t_%u_%d\" does not exist",
						table_shard_schema(), filenode, partition)));
	return relid;
}

TupleDesc
shard_live_columns(TupleDesc desc, AttrNumber *attnums)
{
	TupleDesc	live;
	int			count = 0;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			attnums[count++] = i + 1;
	live = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
		TupleDescCopyEntry(live, i + 1, desc, attnums[i]);
	return live;
}

char *
shard_column_type(Form_pg_attribute att)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, format_type_extended(att->atttypid, att->atttypmod,
													  FORMAT_TYPE_TYPEMOD_GIVEN |
													  FORMAT_TYPE_FORCE_QUALIFY));
	if (OidIsValid(att->attcollation) && att->attcollation != get_typcollation(att->atttypid))
	{
		HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(att->attcollation));
		Form_pg_collation form;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for collation %u", att->attcollation);
		form = (Form_pg_collation) GETSTRUCT(tuple);
		appendStringInfo(&buf, " COLLATE %s",
						 quote_qualified_identifier(get_namespace_name(form->collnamespace),
													NameStr(form->collname)));
		ReleaseSysCache(tuple);
	}
	return buf.data;
}

List *
shard_tables(void)
{
	Oid			am = barks_am_oid();
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_class_relam, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(am));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = lappend_oid(result, ((Form_pg_class) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(result, list_oid_cmp);
	return result;
}

List *
shard_nodes(const TableLayout *layout)
{
	List	   *nodes = NIL;

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;

		nodes = list_append_unique_oid(nodes, table_place(layout, i, &partition));
	}
	return nodes;
}

const char *
shard_storage_name(char storage)
{
	switch (storage)
	{
		case TYPSTORAGE_PLAIN:
			return "PLAIN";
		case TYPSTORAGE_EXTERNAL:
			return "EXTERNAL";
		case TYPSTORAGE_MAIN:
			return "MAIN";
		default:
			return "EXTENDED";
	}
}

int
shard_exact_text_begin(void)
{
	static const char *const settings[][2] = {
		{"DateStyle", "ISO, YMD"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
		{"extra_float_digits", "3"}, {"bytea_output", "hex"}, {"lc_monetary", "C"},
		{"search_path", "pg_catalog, pg_temp"}
	};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
shard_translate_error(ErrorData *edata)
{
	Oid			index;
	Oid			filenode;
	int			partition;
	char	   *shown;
	char	   *table;
	Relation	rel;

	if (edata->constraint_name == NULL ||
		sscanf(edata->constraint_name, "i_%u_%u_%d", &index, &filenode, &partition) != 3)
		return;
	shown = get_rel_name(index);
	if (shown == NULL)
		return;
	rel = try_relation_open(IndexGetRelation(index, true), NoLock);
	if (rel == NULL)
		return;
	table = psprintf("t_%u_%d", filenode, partition);
	replace_name(&edata->message, edata->constraint_name, shown);
	replace_name(&edata->message, table, RelationGetRelationName(rel));
	if (!may_see_key(rel, index))
		edata->detail = NULL;
	edata->constraint_name = shown;
	edata->table_name = pstrdup(RelationGetRelationName(rel));
	edata->schema_name = get_namespace_name(RelationGetNamespace(rel));
	relation_close(rel, NoLock);
}

/* As BuildIndexValueDescription, which ran as the owner of the shard. */
static bool
may_see_key(Relation rel, Oid index)
{
	Oid			relid = RelationGetRelid(rel);
	Relation	irel;
	bool		may = true;

	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	irel = index_open(index, AccessShareLock);
	for (int i = 0; i < irel->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attnum = irel->rd_index->indkey.values[i];

		may &= attnum != InvalidAttrNumber &&
			pg_attribute_aclcheck(relid, attnum, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	}
	index_close(irel, AccessShareLock);
	return may;
}

int
shard_default_partitions(List *nodes)
{
	int			slots = 0;
	ListCell   *lc;

	if (default_partitions > 0)
		return default_partitions;
	foreach(lc, nodes)
		slots += node_slots(lfirst_oid(lc));
	return Min(Max(2 * slots, 4), BARKS_MAX_PARTITIONS);
}

static void
create_tables(Relation rel, const Placement *placements, int count)
{
	ShardCommands *commands = shard_commands_begin();
	TupleDesc	desc = RelationGetDescr(rel);
	TableLayout name_only = {.filenode = RelationFileNumber(rel)};
	List	   *nodes = placement_nodes(placements, count);
	char	   *options = reloptions_clause(RelationGetRelid(rel));
	StringInfoData columns;
	ListCell   *lc;

	remote_types_ensure(nodes, desc);
	foreach(lc, nodes)
		shard_schema_ensure(commands, lfirst_oid(lc));
	initStringInfo(&columns);
	append_columns(&columns, desc);
	for (int i = 0; i < count; i++)
	{
		char	   *shard = table_shard_name(&name_only, placements[i].partition);

		shard_commands_add(commands, placements[i].node, "CREATE TABLE %s (%s) USING heap%s",
						   shard, columns.data, options);
		append_storage(commands, placements[i].node, shard, desc);
	}
	foreach(lc, nodes)
		shard_take_rights(commands, lfirst_oid(lc), name_only.filenode);
	shard_commands_run(commands);
}

static void
add_index(ShardCommands *commands, Oid node, Oid index, Oid filenode, int partition)
{
	TableLayout name_only = {.filenode = filenode};
	char	   *name = shard_index_name(index, filenode, partition);
	Relation	rel = index_open(index, AccessShareLock);
	bool		unique = rel->rd_index->indisunique;

	index_close(rel, AccessShareLock);
	shard_commands_add(commands, node, "DROP INDEX IF EXISTS %s.%s", table_shard_schema(), name);
	shard_commands_add(commands, node, "CREATE %sINDEX %s ON %s%s", unique ? "UNIQUE " : "", name,
					   table_shard_name(&name_only, partition), index_definition_tail(index));
}

static Placement *
choose_placements(const LayoutSpec *spec, Oid same_as, int *count)
{
	List	   *nodes;
	Placement  *placements = copy_placements(spec, same_as, count);
	int			npartitions;
	int			ncopies;

	if (placements)
		return placements;
	nodes = nodes_for(spec);
	if (spec->kind == LAYOUT_BROADCAST)
		npartitions = 1;
	else
		npartitions = spec->npartitions ? spec->npartitions : shard_default_partitions(nodes);
	ncopies = spec->kind == LAYOUT_BROADCAST ? list_length(nodes) : Min(Max(spec->ncopies, 1), list_length(nodes));
	*count = npartitions * ncopies;
	placements = palloc(*count * sizeof(Placement));
	for (int i = 0; i < *count; i++)
	{
		placements[i].partition = i % npartitions;
		placements[i].copy = spec->kind == LAYOUT_BROADCAST ? 0 : i / npartitions;
		placements[i].node = list_nth_oid(nodes, (i % npartitions + i / npartitions) % list_length(nodes));
	}
	return placements;
}

static List *
nodes_for(const LayoutSpec *spec)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
		if (!spec->alive_only || node_alive(lfirst_oid(lc)))
			nodes = lappend_oid(nodes, lfirst_oid(lc));
	if (nodes == NIL)
		nodes = node_list();
	if (nodes == NIL)
		nodes = list_make1_oid(InvalidOid);
	list_sort(nodes, list_oid_cmp);
	return nodes;
}

/* Stay where the table was, or go where the other one is, if that fits. */
static Placement *
copy_placements(const LayoutSpec *spec, Oid same_as, int *count)
{
	Placement  *placements;
	bool		copies;

	if (!OidIsValid(same_as))
		return NULL;
	placements = placement_read(same_as, count);
	if (*count == 0 || spec->kind == LAYOUT_BROADCAST || spec->ncopies > 1)
		return NULL;
	copies = *count > 1 && placements[1].partition == 0;
	if (copies || (spec->npartitions != 0 && spec->npartitions != *count))
		return NULL;
	return placements;
}

static void
append_columns(StringInfo buf, TupleDesc desc)
{
	const char *separator = "";

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		appendStringInfo(buf, "%s%s %s", separator, quote_identifier(NameStr(att->attname)),
						 shard_column_type(att));
		if (CompressionMethodIsValid(att->attcompression))
			appendStringInfo(buf, " COMPRESSION %s",
							 GetCompressionMethodName(att->attcompression));
		separator = ", ";
	}
}

static void
append_storage(ShardCommands *commands, Oid node, const char *shard, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attstorage != get_typstorage(att->atttypid))
			shard_commands_add(commands, node, "ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s",
							   shard, quote_identifier(NameStr(att->attname)),
							   shard_storage_name(att->attstorage));
	}
}

/* " WITH (…)" of the distributed table's own storage parameters, or "". */
static char *
reloptions_clause(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		isnull;
	Datum		options;
	StringInfoData buf;
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	initStringInfo(&buf);
	if (!isnull)
	{
		foreach(lc, untransformRelOptions(options))
		{
			DefElem    *def = lfirst(lc);

			appendStringInfo(&buf, "%s%s = %s", buf.len ? ", " : "",
							 quote_identifier(def->defname), quote_literal_cstr(defGetString(def)));
		}
	}
	ReleaseSysCache(tuple);
	return buf.len ? psprintf(" WITH (%s)", buf.data) : "";
}

static void
run_on_nodes(ShardCommands *commands)
{
	List	   *connections = NIL;
	ListCell   *lc;

	foreach(lc, commands->nodes)
	{
		NodeCommands *node = lfirst(lc);
		NodeConnection *conn;

		if (!OidIsValid(node->node))
			continue;
		conn = transaction_session(node->node);
		connection_detach_user(conn);
		connection_send(conn, node->sql.data);
		connections = lappend(connections, conn);
	}
	/* this server's own work goes on while the nodes do theirs */
	foreach(lc, commands->nodes)
	{
		NodeCommands *node = lfirst(lc);

		if (OidIsValid(node->node))
			continue;
		/* from now on only this backend can read them */
		transaction_note_local_write();
		local_ddl_run(node->sql.data);
	}
	if (connections)
		connection_finish_all(connections);
}

/*
 * What follows the table's name in CREATE INDEX.  Deparsed with only
 * pg_catalog in the search path, so that every other name is qualified.
 */
static char *
index_definition_tail(Oid index)
{
	int			level = NewGUCNestLevel();
	Oid			relid = IndexGetRelation(index, false);
	char	   *definition;
	char	   *name;
	char	   *found;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	definition = TextDatumGetCString(DirectFunctionCall1(pg_get_indexdef, ObjectIdGetDatum(index)));
	AtEOXact_GUC(true, level);
	name = psprintf("INDEX %s ON %s", quote_identifier(get_rel_name(index)),
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
											   get_rel_name(relid)));
	found = strstr(definition, name);
	if (found == NULL)
		elog(ERROR, "unexpected definition of index: %s", definition);
	return found + strlen(name);
}

/* Replace from, in double quotes, by to. */
static void
replace_name(char **text, const char *from, const char *to)
{
	char	   *quoted = psprintf("\"%s\"", from);
	char	   *found = *text ? strstr(*text, quoted) : NULL;

	if (found)
		*text = psprintf("%.*s\"%s\"%s", (int) (found - *text), *text, to,
						 found + strlen(quoted));
}
