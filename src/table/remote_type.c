/*-------------------------------------------------------------------------
 * remote_type.c
 *	  Types of the user's that nodes need for shards.
 *
 * What a node has is only looked at under an advisory lock there, so that
 * two transactions (of any drivers) do not create the same type.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "cluster/extensions.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/remote_type.h"
#include "table/shard.h"
#include "table/type_sql.h"

static List *collect_columns(List *types, TupleDesc desc);
static void ensure_on_node(Oid node, List *types, List *collations);
static void ensure_collation(NodeConnection *conn, Oid collation);
static bool ensure_type(NodeConnection *conn, Oid type);
static bool node_type_is_current(NodeConnection *conn, Oid type);
static void drop_former_types(NodeConnection *conn, Oid type);
static char *comment_sql(Oid type);
static char *digest(Oid type);
static bool node_has(NodeConnection *conn, const char *function, const char *name);

void
remote_types_ensure(List *nodes, TupleDesc desc)
{
	List	   *types = collect_columns(NIL, desc);
	List	   *collations = NIL;
	ListCell   *lc;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attcollation >= FirstNormalObjectId)
			collations = list_append_unique_oid(collations, att->attcollation);
	}
	if (types == NIL && collations == NIL)
		return;
	foreach(lc, nodes)
		if (OidIsValid(lfirst_oid(lc)))
			ensure_on_node(lfirst_oid(lc), types, collations);
}

const char *
remote_extension_lacking(Oid class_id, Oid object_id)
{
	/* PL/pgSQL is there from the beginning, and can be dropped */
	Oid			extension = object_id < FirstNormalObjectId && class_id != LanguageRelationId ?
		InvalidOid : getExtensionOfObject(class_id, object_id);
	char	   *what;
	Oid			node;

	if (!OidIsValid(extension))
		return NULL;
	node = extensions_lacking_node(extension, &what);
	return OidIsValid(node) ? psprintf("extension %s is not on node \"%s\"", what, node_name(node)) : NULL;
}

const char *
remote_type_lacking(Oid type, List *known)
{
	ListCell   *lc;

	if (type < FirstNormalObjectId || node_list() == NIL)
		return NULL;
	foreach(lc, remote_types_of(NIL, type))
	{
		Oid			part = lfirst_oid(lc);

		if (list_member_oid(known, part))
			continue;
		if (!OidIsValid(getExtensionOfObject(TypeRelationId, part)))
			return psprintf("type %s is not known to be on the nodes", format_type_be(part));
		if (remote_extension_lacking(TypeRelationId, part))
			return psprintf("type %s: %s", format_type_be(part),
							remote_extension_lacking(TypeRelationId, part));
	}
	return NULL;
}

List *
remote_type_nodes(Oid type)
{
	List	   *nodes = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, shard_tables())
	{
		Relation	rel = try_table_open(lfirst_oid(lc), AccessShareLock);

		if (rel == NULL)
			continue;
		if (list_member_oid(collect_columns(NIL, RelationGetDescr(rel)), type))
			foreach(lc2, shard_nodes(table_layout(rel)))
				if (OidIsValid(lfirst_oid(lc2)))
					nodes = list_append_unique_oid(nodes, lfirst_oid(lc2));
		table_close(rel, AccessShareLock);
	}
	return nodes;
}

void
remote_enum_altered(AlterEnumStmt *stmt)
{
	Oid			type = typenameTypeId(NULL, makeTypeNameFromNameList(stmt->typeName));
	List	   *nodes = remote_type_nodes(type);
	StringInfoData sql;

	if (nodes == NIL)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER TYPE %s ", type_sql_name(type));
	if (stmt->oldVal)
		appendStringInfo(&sql, "RENAME VALUE %s TO %s", quote_literal_cstr(stmt->oldVal),
						 quote_literal_cstr(stmt->newVal));
	else
	{
		appendStringInfo(&sql, "ADD VALUE IF NOT EXISTS %s", quote_literal_cstr(stmt->newVal));
		if (stmt->newValNeighbor)
			appendStringInfo(&sql, " %s %s", stmt->newValIsAfter ? "AFTER" : "BEFORE",
							 quote_literal_cstr(stmt->newValNeighbor));
	}
	appendStringInfo(&sql, "; %s", comment_sql(type));
	transaction_exec_all(nodes, sql.data);
}

void
remote_type_check_alter(Oid type)
{
	if (OidIsValid(type) && remote_type_nodes(type) != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot alter type %s because a distributed table uses it",
						format_type_be(type)),
				 errhint("Use barks.undistribute_table() on the tables that use it first.")));
}

bool
remote_has_local_shards(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		local = list_member_oid(shard_nodes(table_layout(rel)), InvalidOid) ||
		node_list() == NIL;

	table_close(rel, NoLock);
	return local;
}

List *
remote_collations(Oid relid, List *collations)
{
	Relation	rel = table_open(relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attcollation >= FirstNormalObjectId &&
			!list_member_oid(collations, att->attcollation) &&
			list_difference_oid(node_list(), shard_nodes(table_layout(rel))) == NIL)
			collations = lappend_oid(collations, att->attcollation);
	}
	table_close(rel, NoLock);
	return collations;
}

void
remote_collation_check_alter(Oid collation)
{
	ListCell   *lc;

	foreach(lc, shard_tables())
	{
		Relation	rel = try_table_open(lfirst_oid(lc), AccessShareLock);
		TupleDesc	desc = rel ? RelationGetDescr(rel) : NULL;

		/* without nodes there is but one catalog */
		if (rel && list_member_oid(shard_nodes(table_layout(rel)), InvalidOid))
			desc = NULL;
		for (int i = 0; desc && i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped && OidIsValid(collation) &&
				TupleDescAttr(desc, i)->attcollation == collation)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot alter collation \"%s\" because distributed table \"%s\" uses it",
								get_collation_name(collation), RelationGetRelationName(rel)),
						 errhint("Use barks.undistribute_table() on the tables that use it first.")));
		if (rel)
			table_close(rel, AccessShareLock);
	}
}

List *
remote_types_of(List *types, Oid type)
{
	char		kind = get_typtype(type);
	Oid			element = get_element_type(type);

	if (type < FirstNormalObjectId || list_member_oid(types, type))
		return types;
	if (OidIsValid(element))
		return remote_types_of(types, element);
	if (OidIsValid(getExtensionOfObject(TypeRelationId, type)))
		return lappend_oid(types, type);
	if (kind == TYPTYPE_DOMAIN)
		types = remote_types_of(types, getBaseType(type));
	else if (kind == TYPTYPE_RANGE)
		types = remote_types_of(types, get_range_subtype(type));
	else if (kind == TYPTYPE_MULTIRANGE)
		return remote_types_of(types, get_multirange_range(type));
	else if (kind == TYPTYPE_COMPOSITE)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);

		types = collect_columns(types, desc);
		ReleaseTupleDesc(desc);
	}
	return lappend_oid(types, type);
}

static List *
collect_columns(List *types, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			types = remote_types_of(types, TupleDescAttr(desc, i)->atttypid);
	return types;
}

static void
ensure_on_node(Oid node, List *types, List *collations)
{
	NodeConnection *conn = transaction_session(node);
	ListCell   *lc;

	connection_exec(conn, "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('barks types', 0));"
					"SET LOCAL client_min_messages = warning");
	foreach(lc, collations)
		ensure_collation(conn, lfirst_oid(lc));
	for (bool again = true; again;)
	{
		again = false;
		foreach(lc, types)
			again |= ensure_type(conn, lfirst_oid(lc));
	}
}

/* Nodes compare and sort by it, so it has to be the same one. */
static void
ensure_collation(NodeConnection *conn, Oid collation)
{
	const char *name = type_sql_collation_name(collation);
	const char *params[] = {name, type_sql_collation_digest(collation)};
	PGresult   *res;
	bool		same;

	if (!node_has(conn, "to_regcollation", name))
	{
		connection_exec(conn, type_sql_collation(collation));
		return;
	}
	res = connection_query(conn, "SELECT pg_catalog.concat_ws('|', collprovider, collisdeterministic, "
						   "coalesce(colliculocale, ''), coalesce(collcollate, ''), coalesce(collctype, '')) = $2 "
						   "FROM pg_catalog.pg_collation WHERE oid = $1::pg_catalog.regcollation",
						   2, params);
	same = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	PQclear(res);
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("collation %s has another definition on node \"%s\"",
						name, connection_node_name(conn)),
				 errhint("Drop it there, or give the collation another name.")));
}

/* True when it dropped types that had been there. */
static bool
ensure_type(NodeConnection *conn, Oid type)
{
	Oid			extension = getExtensionOfObject(TypeRelationId, type);
	bool		dropped = false;

	if (OidIsValid(extension))
	{
		if (!node_has(conn, "to_regtype", type_sql_name(type)))
		{
			connection_exec(conn, type_sql_extension(extension));
			node_look_at_end();
		}
		return false;
	}
	if (node_has(conn, "to_regtype", type_sql_name(type)))
	{
		if (node_type_is_current(conn, type))
			return false;
		drop_former_types(conn, type);
		dropped = true;
	}
	connection_exec(conn, type_sql(type));
	connection_exec(conn, comment_sql(type));
	return dropped;
}

/*
 * Types we made carry a digest of their definition as a comment.  One without
 * was made by somebody else, who is trusted but for an enum's values.
 */
static bool
node_type_is_current(NodeConnection *conn, Oid type)
{
	const char *params[] = {type_sql_name(type), digest(type),
	get_typtype(type) == TYPTYPE_ENUM ? type_sql_enum_labels(type) : NULL};
	PGresult   *res = connection_query(conn,
									   "SELECT CASE WHEN d LIKE 'barks %' THEN d = $2"
									   " WHEN $3::text IS NULL THEN true"
									   " ELSE $3 = (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(enumlabel), ', ' ORDER BY enumsortorder)"
									   " FROM pg_catalog.pg_enum WHERE enumtypid = $1::pg_catalog.regtype) END"
									   " FROM pg_catalog.obj_description($1::pg_catalog.regtype, 'pg_type') d",
									   3, params);
	bool		current = strcmp(PQgetvalue(res, 0, 0), "t") == 0;

	PQclear(res);
	return current;
}

/*
 * A type of that name was made for a table that is gone: it goes too, and so do
 * all that no shard uses any more, because they may be made of it.
 */
static void
drop_former_types(NodeConnection *conn, Oid type)
{
	connection_exec(conn, "DO $do$ DECLARE name text; progress bool := true; "
					"BEGIN WHILE progress LOOP progress := false; "
					"FOR name IN SELECT t.oid::pg_catalog.regtype FROM pg_catalog.pg_type t "
					"JOIN pg_catalog.pg_description d ON d.objoid = t.oid AND d.objsubid = 0 "
					"AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass WHERE d.description LIKE 'barks %' "
					"LOOP BEGIN EXECUTE 'DROP TYPE ' || name; progress := true; "
					"EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END; "
					"END LOOP; END LOOP; END $do$");
	if (node_has(conn, "to_regtype", type_sql_name(type)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("type %s has another definition on node \"%s\"",
						type_sql_name(type), connection_node_name(conn)),
				 errhint("Drop what uses it there, or give the type another name.")));
}

static char *
comment_sql(Oid type)
{
	return psprintf("COMMENT ON TYPE %s IS %s", type_sql_name(type), quote_literal_cstr(digest(type)));
}

static char *
digest(Oid type)
{
	char	   *sql = type_sql(type);

	return psprintf("barks " UINT64_FORMAT,
					hash_bytes_extended((unsigned char *) sql, strlen(sql), 0));
}

static bool
node_has(NodeConnection *conn, const char *function, const char *name)
{
	const char *params[] = {name};
	PGresult   *res = connection_query(conn, psprintf("SELECT pg_catalog.%s($1) IS NOT NULL", function),
									   1, params);
	bool		has = strcmp(PQgetvalue(res, 0, 0), "t") == 0;

	PQclear(res);
	return has;
}
