/*-------------------------------------------------------------------------
 * alter.c
 *	  Bring the shards' columns and options up to the table's.
 *
 * Only for changes that keep the table's storage: what PostgreSQL rewrites
 * gets new shards instead.  Columns are matched by number, which never changes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/toast_compression.h"
#include "access/tupdesc_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "access/reloptions.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "table/alter.h"
#include "table/local_ddl.h"
#include "table/remote_type.h"
#include "table/shard.h"

static List *column_changes(List *actions, TupleDesc old, TupleDesc new, int i);
static List *added_column(List *actions, TupleDesc desc, int i);
static List *storage_change(List *actions, Form_pg_attribute old, Form_pg_attribute new);
static char *missing_value(TupleDesc desc, int i);
static void alter_shards(Relation rel, List *actions);

void
alter_shard_columns(Relation rel, TupleDesc old)
{
	TupleDesc	new = RelationGetDescr(rel);
	List	   *actions = NIL;

	/* drops first: a new column may take a dropped one's name */
	for (int i = 0; i < old->natts; i++)
		if (TupleDescAttr(new, i)->attisdropped && !TupleDescAttr(old, i)->attisdropped)
			actions = lappend(actions, psprintf("DROP COLUMN IF EXISTS %s CASCADE",
												quote_identifier(NameStr(TupleDescAttr(old, i)->attname))));
	for (int i = 0; i < new->natts; i++)
		if (!TupleDescAttr(new, i)->attisdropped)
			actions = i < old->natts ? column_changes(actions, old, new, i)
				: added_column(actions, new, i);
	alter_shards(rel, actions);
}

/*
 * Set all parameters the table has, and reset the ones it has not: the shards'
 * own are not known here.
 */
void
alter_shard_options(Relation rel)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(rel)));
	bool		isnull;
	Datum		options;
	List	   *actions = NIL;
	ListCell   *lc;
	static const char *const names[] = {
		"fillfactor", "toast_tuple_target", "parallel_workers", "vacuum_truncate",
		"vacuum_index_cleanup", "autovacuum_enabled", "autovacuum_vacuum_threshold",
		"autovacuum_vacuum_insert_threshold", "autovacuum_analyze_threshold",
		"autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor",
		"autovacuum_analyze_scale_factor", "autovacuum_vacuum_cost_delay",
		"autovacuum_vacuum_cost_limit", "autovacuum_freeze_min_age",
		"autovacuum_freeze_max_age", "autovacuum_freeze_table_age",
		"autovacuum_multixact_freeze_min_age", "autovacuum_multixact_freeze_max_age",
		"autovacuum_multixact_freeze_table_age", "log_autovacuum_min_duration"
	};

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", RelationGetRelid(rel));
	for (int i = 0; i < lengthof(names); i++)
		actions = lappend(actions, psprintf("RESET (%s)", names[i]));
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		foreach(lc, untransformRelOptions(options))
		{
			DefElem    *def = lfirst(lc);

			actions = lappend(actions, psprintf("SET (%s = %s)", quote_identifier(def->defname),
												quote_literal_cstr(defGetString(def))));
		}
	ReleaseSysCache(tuple);
	alter_shards(rel, actions);
}

static List *
column_changes(List *actions, TupleDesc old, TupleDesc new, int i)
{
	Form_pg_attribute a = TupleDescAttr(old, i);
	Form_pg_attribute b = TupleDescAttr(new, i);
	const char *name = quote_identifier(NameStr(b->attname));

	if (strcmp(NameStr(a->attname), NameStr(b->attname)) != 0)
		actions = lappend(actions, psprintf("RENAME COLUMN %s TO %s",
											quote_identifier(NameStr(a->attname)), name));
	if (a->atttypid != b->atttypid || a->atttypmod != b->atttypmod ||
		a->attcollation != b->attcollation)
	{
		char	   *type = format_type_extended(b->atttypid, b->atttypmod,
												FORMAT_TYPE_TYPEMOD_GIVEN |
												FORMAT_TYPE_FORCE_QUALIFY);

		actions = lappend(actions, psprintf("ALTER COLUMN %s TYPE %s USING %s::%s", name,
											shard_column_type(b), name, type));
	}
	return storage_change(actions, a, b);
}

static List *
added_column(List *actions, TupleDesc desc, int i)
{
	Form_pg_attribute att = TupleDescAttr(desc, i);
	const char *name = quote_identifier(NameStr(att->attname));
	char	   *type = shard_column_type(att);

	if (att->atthasmissing)
	{
		actions = lappend(actions, psprintf("ADD COLUMN %s %s DEFAULT %s", name, type,
											missing_value(desc, i)));
		actions = lappend(actions, psprintf("ALTER COLUMN %s DROP DEFAULT", name));
	}
	else
		actions = lappend(actions, psprintf("ADD COLUMN %s %s", name, type));
	return storage_change(actions, NULL, att);
}

/* old is NULL for a new column. */
static List *
storage_change(List *actions, Form_pg_attribute old, Form_pg_attribute new)
{
	const char *name = quote_identifier(NameStr(new->attname));
	char		was = old && old->atttypid == new->atttypid ? old->attstorage
		: get_typstorage(new->atttypid);
	char		compression = old ? old->attcompression : InvalidCompressionMethod;

	if (was != new->attstorage)
		actions = lappend(actions, psprintf("ALTER COLUMN %s SET STORAGE %s", name,
											shard_storage_name(new->attstorage)));
	if (compression != new->attcompression)
		actions = lappend(actions, psprintf("ALTER COLUMN %s SET COMPRESSION %s", name,
											CompressionMethodIsValid(new->attcompression) ?
											GetCompressionMethodName(new->attcompression) : "default"));
	return actions;
}

/* The value that rows from before ADD COLUMN have, as a typed literal. */
static char *
missing_value(TupleDesc desc, int i)
{
	Form_pg_attribute att = TupleDescAttr(desc, i);
	Datum		value = desc->constr->missing[i].am_value;
	Oid			output;
	bool		is_varlena;
	char	   *text;
	int			level = shard_exact_text_begin();

	getTypeOutputInfo(att->atttypid, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	AtEOXact_GUC(true, level);
	return psprintf("%s::%s", quote_literal_cstr(text),
					format_type_extended(att->atttypid, att->atttypmod,
										 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

static void
alter_shards(Relation rel, List *actions)
{
	const TableLayout *layout = table_layout(rel);
	ShardCommands *commands;
	ListCell   *lc;

	if (!layout->created || actions == NIL)
		return;
	remote_types_ensure(shard_nodes(layout), RelationGetDescr(rel));
	commands = shard_commands_begin();
	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;
		Oid			node = table_place(layout, i, &partition);

		foreach(lc, actions)
			shard_commands_add(commands, node, "ALTER TABLE %s %s", table_shard_name(layout, partition),
							   (char *) lfirst(lc));
	}
	shard_commands_run(commands);
	for (int i = 0; i < layout->nnodes; i++)
		if (!OidIsValid(layout->nodes[i]))
			local_shard_adopt(shard_local_relid(layout->filenode, shard_partition(layout, i)));
}
