/*-------------------------------------------------------------------------
 * local_ddl.c
 *	  DDL on this server's own shards, and catalog tricks on shells.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/syscache.h"
#include "utils/syscache.h"

#include "table/local_ddl.h"
#include "table/placement.h"

static void run_statement(RawStmt *raw, const char *sql);
static void local_schema_ensure(void);
static bool schema_of_ordinary_role(Oid schema);

void
local_ddl_run(const char *sql)
{
	Oid			save_user;
	int			save_context;
	int			level = NewGUCNestLevel();
	ListCell   *lc;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(barks_owner(), save_context | SECURITY_LOCAL_USERID_CHANGE);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("default_tablespace", "", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	EventTriggerInhibitCommandCollection();
	PG_TRY();
	{
		foreach(lc, pg_parse_query(sql))
			run_statement(lfirst(lc), sql);
	}
	PG_FINALLY();
	{
		EventTriggerUndoInhibitCommandCollection();
	}
	PG_END_TRY();
	AtEOXact_GUC(true, level);
	SetUserIdAndSecContext(save_user, save_context);
}

void
shard_schema_ensure(ShardCommands *commands, Oid node)
{
	const char *schema = table_shard_schema();

	if (!OidIsValid(node))
		local_schema_ensure();
	else
		shard_commands_add(commands, node,
						   "DO $do$ BEGIN IF pg_catalog.to_regnamespace('%s') IS NULL THEN "
						   "PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('%s', 0)); "
						   "SET LOCAL client_min_messages = warning; "
						   "CREATE SCHEMA IF NOT EXISTS %s; "
						   "END IF; "
						   "IF NOT (SELECT rolsuper FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r "
						   "ON r.oid = n.nspowner WHERE n.nspname = '%s') THEN "
						   "RAISE insufficient_privilege USING MESSAGE = 'schema \"%s\" is owned by an ordinary role', "
						   "HINT = 'Drop it: barks makes its own.'; "
						   "END IF; END $do$", schema, schema, schema, schema, schema);
}

void
shard_take_rights(ShardCommands *commands, Oid node, Oid filenode)
{
	shard_commands_add(commands, node,
					   "DO $do$ DECLARE s pg_catalog.regnamespace := '%s'; r record; BEGIN "
					   "IF EXISTS (SELECT FROM pg_catalog.pg_default_acl) THEN "
					   "FOR r IN SELECT 'SCHEMA ' || s AS what, a.grantee AS who "
					   "FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a "
					   "WHERE n.oid = s AND a.grantee <> n.nspowner UNION "
					   "SELECT 'TABLE ' || c.oid::pg_catalog.regclass, a.grantee "
					   "FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
					   "WHERE c.relnamespace = s AND pg_catalog.starts_with(c.relname, 't_%u_') "
					   "AND c.relkind = 'r' AND a.grantee <> c.relowner "
					   "LOOP EXECUTE 'REVOKE ALL ON ' || r.what || ' FROM ' || CASE r.who WHEN 0 THEN 'PUBLIC' "
					   "ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.who)) END; END LOOP; "
					   "END IF; END $do$", table_shard_schema(), filenode);
}

void
local_shard_adopt(Oid relid)
{
	ObjectAddress shard;
	ObjectAddress extension;

	local_shard_release(relid);
	(void) deleteDependencyRecordsForClass(RelationRelationId, relid, TypeRelationId,
										   DEPENDENCY_NORMAL);
	(void) deleteDependencyRecordsForClass(RelationRelationId, relid, CollationRelationId,
										   DEPENDENCY_NORMAL);
	ObjectAddressSet(shard, RelationRelationId, relid);
	ObjectAddressSet(extension, ExtensionRelationId, barks_extension_oid());
	recordDependencyOn(&shard, &extension, DEPENDENCY_EXTENSION);
}

void
local_shard_release(Oid relid)
{
	(void) deleteDependencyRecordsForClass(RelationRelationId, relid, ExtensionRelationId,
										   DEPENDENCY_EXTENSION);
	CommandCounterIncrement();
}

List *
relation_all_indexes(Oid relid)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = lappend_oid(result, ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(result, list_oid_cmp);
	return result;
}

void
relation_hide_indexes(Oid relid, bool hide)
{
	Relation	rel = table_open(IndexRelationId, RowExclusiveLock);
	bool		changed = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (((Form_pg_index) GETSTRUCT(tuple))->indislive != hide)
			continue;
		tuple = heap_copytuple(tuple);
		((Form_pg_index) GETSTRUCT(tuple))->indislive = !hide;
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
		changed = true;
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	if (changed)
	{
		CacheInvalidateRelcacheByRelid(relid);
		CommandCounterIncrement();
	}
}

void
relation_restore_hasindex(Relation rel)
{
	Relation	pg_class;
	HeapTuple	tuple;

	if (relation_all_indexes(RelationGetRelid(rel)) == NIL)
		return;
	pg_class = table_open(RelationRelationId, RowExclusiveLock);
	tuple = SearchSysCacheLockedCopy1(RELOID, ObjectIdGetDatum(RelationGetRelid(rel)));
	if (HeapTupleIsValid(tuple))
	{
		ItemPointerData tid = tuple->t_self;

		if (!((Form_pg_class) GETSTRUCT(tuple))->relhasindex)
		{
			((Form_pg_class) GETSTRUCT(tuple))->relhasindex = true;
			CatalogTupleUpdate(pg_class, &tid, tuple);
		}
		UnlockTuple(pg_class, &tid, InplaceUpdateTupleLock);
		heap_freetuple(tuple);
	}
	table_close(pg_class, RowExclusiveLock);
}

static void
run_statement(RawStmt *raw, const char *sql)
{
	PlannedStmt *stmt = makeNode(PlannedStmt);

	stmt->commandType = CMD_UTILITY;
	stmt->canSetTag = false;
	stmt->utilityStmt = raw->stmt;
	stmt->stmt_location = raw->stmt_location;
	stmt->stmt_len = raw->stmt_len;
	ProcessUtility(stmt, sql, false, PROCESS_UTILITY_SUBCOMMAND, NULL, NULL, None_Receiver, NULL);
	CommandCounterIncrement();
}

static void
local_schema_ensure(void)
{
	ObjectAddress schema;
	ObjectAddress extension;
	Oid			oid;

	oid = get_namespace_oid(table_shard_schema(), true);
	if (!OidIsValid(oid))
	{
		LockDatabaseObject(ExtensionRelationId, InvalidOid, 2, ExclusiveLock);
		oid = get_namespace_oid(table_shard_schema(), true);
	}
	if (OidIsValid(oid))
	{
		/* a schema's owner may drop what is in it */
		if (schema_of_ordinary_role(oid))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("schema \"%s\" is owned by an ordinary role", table_shard_schema()),
					 errhint("Drop it: barks makes its own.")));
		return;
	}
	/* as a temporary one, to which default privileges are not given */
	oid = NamespaceCreate(table_shard_schema(), barks_owner(), true);
	ObjectAddressSet(schema, NamespaceRelationId, oid);
	ObjectAddressSet(extension, ExtensionRelationId, barks_extension_oid());
	recordDependencyOn(&schema, &extension, DEPENDENCY_EXTENSION);
	CommandCounterIncrement();
}

static bool
schema_of_ordinary_role(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	bool		ordinary;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	ordinary = !superuser_arg(((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
	ReleaseSysCache(tuple);
	return ordinary;
}
