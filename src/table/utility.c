/*-------------------------------------------------------------------------
 * utility.c
 *	  Before and after a utility command.
 *
 * The indexes of a shell are hidden (indislive = false), so that no query scans
 * and no insert feeds them.  DDL, however, must see them: primary keys keep
 * columns NOT NULL, indexes are matched when a partition is attached, copied
 * by LIKE.  So commands that look at indexes run with them shown; the
 * transaction holds a lock against other DDL meanwhile, and nobody else sees
 * the change.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "commands/seclabel.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "table/check.h"
#include "table/layout.h"
#include "table/local_ddl.h"
#include "table/pending.h"
#include "table/placement.h"
#include "table/remote_type.h"
#include "table/shard.h"
#include "table/utility.h"

static Node *begin_create(CreateStmt *stmt, List **shown);
static void begin_alter(AlterTableStmt *stmt, List **shown);
static void begin_alter_index(AlterTableStmt *stmt);
static void check_alter_command(AlterTableCmd *cmd, Oid relid);
static void check_reference(Node *node);
static void check_column_references(ColumnDef *column);
static void check_publication(List *objects);
static void begin_index(IndexStmt *stmt, List **shown);
static void begin_drop(DropStmt *stmt);
static void begin_reindex(ReindexStmt *stmt, List **shown);
static void begin_refresh(RefreshMatViewStmt *stmt);
static void check_type(List *name);
static void check_collation(List *name);
static void begin_alter_enum(AlterEnumStmt *stmt);
static void begin_rename(RenameStmt *stmt);
static void begin_copy(CopyStmt *stmt);
static List *show_tree(List *shown, Oid relid, LOCKMODE lock);
static List *show_one(List *shown, Oid relid, LOCKMODE lock);
static Oid	lookup(RangeVar *name);
static bool reindex_concurrently(ReindexStmt *stmt);
static void refuse(Oid relid, const char *what, const char *hint) pg_attribute_noreturn();

List *
utility_begin(PlannedStmt *pstmt, bool read_only_tree, Node **replaced)
{
	Node	   *stmt = pstmt->utilityStmt;
	List	   *shown = NIL;

	*replaced = NULL;
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			*replaced = begin_create((CreateStmt *) stmt, &shown);
			break;
		case T_AlterTableStmt:
			begin_alter((AlterTableStmt *) stmt, &shown);
			break;
		case T_IndexStmt:
			begin_index((IndexStmt *) stmt, &shown);
			break;
		case T_DropStmt:
			begin_drop((DropStmt *) stmt);
			break;
		case T_ReindexStmt:
			begin_reindex((ReindexStmt *) stmt, &shown);
			break;
		case T_RefreshMatViewStmt:
			begin_refresh((RefreshMatViewStmt *) stmt);
			break;
		case T_AlterEnumStmt:
			begin_alter_enum((AlterEnumStmt *) stmt);
			break;
		case T_AlterDomainStmt:
			check_type(((AlterDomainStmt *) stmt)->typeName);
			break;
		case T_RenameStmt:
			begin_rename((RenameStmt *) stmt);
			break;
		case T_AlterObjectSchemaStmt:
			if (((AlterObjectSchemaStmt *) stmt)->objectType == OBJECT_TYPE ||
				((AlterObjectSchemaStmt *) stmt)->objectType == OBJECT_DOMAIN)
				check_type((List *) ((AlterObjectSchemaStmt *) stmt)->object);
			else if (((AlterObjectSchemaStmt *) stmt)->objectType == OBJECT_COLLATION)
				check_collation((List *) ((AlterObjectSchemaStmt *) stmt)->object);
			break;
		case T_CreatePublicationStmt:
			check_publication(((CreatePublicationStmt *) stmt)->pubobjects);
			break;
		case T_AlterPublicationStmt:
			check_publication(((AlterPublicationStmt *) stmt)->pubobjects);
			break;
		case T_CopyStmt:
			begin_copy((CopyStmt *) stmt);
			break;
		case T_ClusterStmt:
			if (((ClusterStmt *) stmt)->relation)
			{
				Oid			relid = lookup(((ClusterStmt *) stmt)->relation);

				if (table_is_distributed(relid))
					refuse(relid, "CLUSTER is not supported",
						   "Sort the rows when they are loaded: INSERT … SELECT … ORDER BY.");
			}
			break;
		default:
			break;
	}
	return shown;
}

void
utility_end(Node *stmt, List *shown)
{
	ListCell   *lc;

	foreach(lc, shown)
		utility_hide_indexes(lfirst_oid(lc));
	if (IsA(stmt, AlterEnumStmt))
		remote_enum_altered((AlterEnumStmt *) stmt);
}

void
utility_show_indexes(Oid relid)
{
	relation_hide_indexes(relid, false);
}

void
utility_hide_indexes(Oid relid)
{
	CommandCounterIncrement();
	if (table_is_distributed(relid))
		relation_hide_indexes(relid, true);
}

/*
 * A partition of a distributed parent is distributed, unless the command says
 * otherwise.  LIKE … INCLUDING INDEXES sees the indexes of its source.
 */
static Node *
begin_create(CreateStmt *stmt, List **shown)
{
	Node	   *replaced = NULL;
	ListCell   *lc;

	if (stmt->partbound && !stmt->partspec && !stmt->accessMethod &&
		list_length(stmt->inhRelations) == 1)
	{
		ObjectAddress parent;

		ObjectAddressSet(parent, RelationRelationId, lookup(linitial(stmt->inhRelations)));
		if (OidIsValid(parent.objectId) && GetSecurityLabel(&parent, BARKS_LABEL_PROVIDER))
		{
			stmt = copyObject(stmt);
			stmt->accessMethod = "barks";
			replaced = (Node *) stmt;
		}
	}
	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, Constraint))
			check_reference(element);
		else if (IsA(element, ColumnDef))
			check_column_references((ColumnDef *) element);
		else if (IsA(element, TableLikeClause) &&
				 (((TableLikeClause *) element)->options & CREATE_TABLE_LIKE_INDEXES))
			*shown = show_one(*shown, lookup(((TableLikeClause *) element)->relation),
							  ShareUpdateExclusiveLock);
	}
	return replaced;
}

static void
begin_alter(AlterTableStmt *stmt, List **shown)
{
	Oid			relid;
	LOCKMODE	lock;
	ListCell   *lc;

	if (stmt->objtype == OBJECT_TYPE)
		remote_type_check_alter(get_rel_type_id(lookup(stmt->relation)));
	if (stmt->objtype == OBJECT_INDEX)
		begin_alter_index(stmt);
	if (stmt->objtype != OBJECT_TABLE && stmt->objtype != OBJECT_MATVIEW)
		return;
	relid = lookup(stmt->relation);
	if (!OidIsValid(relid) || !pg_class_ownercheck(relid, GetUserId()))
		return;					/* PostgreSQL says what is wrong */
	lock = Max(AlterTableGetLockLevel(stmt->cmds), ShareUpdateExclusiveLock);
	LockRelationOid(relid, lock);
	if (!OidIsValid(get_rel_namespace(relid)))
		return;
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		check_alter_command(cmd, relid);
		if (cmd->subtype == AT_AttachPartition)
			*shown = show_tree(*shown, lookup(((PartitionCmd *) cmd->def)->name), lock);
	}
	*shown = show_tree(*shown, relid, lock);
}

/* Whatever changes: the shards' indexes are made again as the index is then. */
static void
begin_alter_index(AlterTableStmt *stmt)
{
	Oid			index = lookup(stmt->relation);
	Oid			relid = OidIsValid(index) ? IndexGetRelation(index, true) : InvalidOid;
	ListCell   *lc;

	if (!OidIsValid(relid) || !table_is_distributed(relid))
		return;
	foreach(lc, stmt->cmds)
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_SetTableSpace)
			refuse(relid, "tablespaces are not supported for indexes",
				   "Shards are in their nodes' default tablespace.");
	if (pg_class_ownercheck(relid, GetUserId()))
	{
		LockRelationOid(relid, ShareLock);
		pending_index_built(relid, index);
	}
}

static void
check_alter_command(AlterTableCmd *cmd, Oid relid)
{
	bool		distributed = table_is_distributed(relid);

	switch (cmd->subtype)
	{
		case AT_SetTableSpace:
			if (distributed)
				refuse(relid, "tablespaces are not supported",
					   "Shards are in their nodes' default tablespace.");
			break;
		case AT_SetUnLogged:
			if (distributed)
				refuse(relid, "unlogged storage is not supported",
					   "Use barks.undistribute_table() first.");
			break;
		case AT_ClusterOn:
			if (distributed)
				refuse(relid, "CLUSTER is not supported",
					   "Sort the rows when they are loaded: INSERT … SELECT … ORDER BY.");
			break;
		case AT_SetAccessMethod:
			if (distributed)
				refuse(relid, "SET ACCESS METHOD is not supported",
					   "Use barks.undistribute_table().");
			if (cmd->name && strcmp(cmd->name, "barks") == 0)
			{
				Relation	rel = table_open(relid, AccessExclusiveLock);

				check_can_distribute(rel);
				check_unique_indexes(rel, label_of_relation(rel));
				table_close(rel, NoLock);
			}
			break;
		case AT_AddConstraint:
			check_reference(cmd->def);
			break;
		case AT_AddColumn:
			check_column_references((ColumnDef *) cmd->def);
			break;
		default:
			break;
	}
}

/* PostgreSQL would say that the referenced table has no unique index. */
static void
check_reference(Node *node)
{
	Constraint *constraint = (Constraint *) node;
	Oid			relid;

	if (!IsA(node, Constraint) || constraint->contype != CONSTR_FOREIGN)
		return;
	relid = lookup(constraint->pktable);
	if (OidIsValid(relid) && table_is_distributed(relid))
		refuse(relid, "foreign keys cannot reference rows",
			   "Distributed tables support NOT NULL, CHECK, UNIQUE and PRIMARY KEY.");
}

static void
check_column_references(ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
		check_reference(lfirst(lc));
}

static void
check_publication(List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		PublicationObjSpec *object = lfirst(lc);
		Oid			relid;

		if (object->pubobjtype != PUBLICATIONOBJ_TABLE || !object->pubtable)
			continue;
		relid = lookup(object->pubtable->relation);
		if (OidIsValid(relid) && table_is_distributed(relid))
			refuse(relid, "logical replication is not supported",
				   "Its rows are not written to this server's log.");
	}
}

static void
begin_index(IndexStmt *stmt, List **shown)
{
	Oid			relid = lookup(stmt->relation);

	if (!OidIsValid(relid) || !pg_class_ownercheck(relid, GetUserId()))
		return;
	if (stmt->concurrent && table_is_distributed(relid))
		refuse(relid, "indexes cannot be built concurrently", "Leave out CONCURRENTLY.");
	if (table_is_distributed(relid) || get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		*shown = show_tree(*shown, relid, ShareLock);
}

static void
begin_drop(DropStmt *stmt)
{
	ListCell   *lc;

	if (stmt->removeType != OBJECT_INDEX || !stmt->concurrent)
		return;
	foreach(lc, stmt->objects)
	{
		Oid			index = lookup(makeRangeVarFromNameList(lfirst(lc)));
		Oid			relid = OidIsValid(index) ? IndexGetRelation(index, true) : InvalidOid;

		if (OidIsValid(relid) && table_is_distributed(relid))
			refuse(relid, "indexes cannot be dropped concurrently", "Leave out CONCURRENTLY.");
	}
}

/* Rebuilding a shell's index has it rebuilt on the shards. */
static void
begin_reindex(ReindexStmt *stmt, List **shown)
{
	Oid			relid;

	if (stmt->relation == NULL)
		return;
	relid = lookup(stmt->relation);
	if (OidIsValid(relid) && stmt->kind == REINDEX_OBJECT_INDEX)
		relid = IndexGetRelation(relid, true);
	if (!OidIsValid(relid) || !table_is_distributed(relid))
		return;
	if (reindex_concurrently(stmt))
		refuse(relid, "indexes cannot be built concurrently", "Leave out CONCURRENTLY.");
	if (pg_class_ownercheck(relid, GetUserId()))
		*shown = show_one(*shown, relid, ShareLock);
}

static void
begin_refresh(RefreshMatViewStmt *stmt)
{
	Oid			relid = lookup(stmt->relation);

	if (stmt->concurrent && table_is_distributed(relid))
		refuse(relid, "REFRESH MATERIALIZED VIEW CONCURRENTLY is not supported",
			   "Leave out CONCURRENTLY.");
}

/* The name of a type that a command is about to change: nodes would not learn of it. */
static void
check_type(List *name)
{
	remote_type_check_alter(LookupTypeNameOid(NULL, makeTypeNameFromNameList(name), true));
}

static void
check_collation(List *name)
{
	remote_collation_check_alter(get_collation_oid(name, true));
}

/* Rows are placed by an enum's labels: those of a key stay as they are. */
static void
begin_alter_enum(AlterEnumStmt *stmt)
{
	Oid			type = LookupTypeNameOid(NULL, makeTypeNameFromNameList(stmt->typeName), true);
	ListCell   *lc;

	if (stmt->oldVal == NULL || !OidIsValid(type))
		return;
	foreach(lc, shard_tables())
	{
		Relation	rel = try_table_open(lfirst_oid(lc), AccessShareLock);
		const TableLayout *layout = rel ? table_layout(rel) : NULL;

		for (int i = 0; layout && i < layout->nkeys; i++)
			if (getBaseType(TupleDescAttr(RelationGetDescr(rel), layout->keys[i] - 1)->atttypid) == type)
				refuse(RelationGetRelid(rel), "renaming values of a key column's type is not supported",
					   "Use barks.distribute_table() to distribute the table by another column first.");
		if (rel)
			table_close(rel, AccessShareLock);
	}
}

static void
begin_rename(RenameStmt *stmt)
{
	if (stmt->renameType == OBJECT_TYPE || stmt->renameType == OBJECT_DOMAIN)
		check_type((List *) stmt->object);
	else if (stmt->renameType == OBJECT_COLLATION)
		check_collation((List *) stmt->object);
	else if (stmt->renameType == OBJECT_ATTRIBUTE)
		remote_type_check_alter(get_rel_type_id(lookup(stmt->relation)));
}

/* Rows frozen before their transaction commits would be seen by others on the nodes. */
static void
begin_copy(CopyStmt *stmt)
{
	ListCell   *lc;

	if (!stmt->is_from || stmt->relation == NULL || !table_is_distributed(lookup(stmt->relation)))
		return;
	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "freeze") == 0 && defGetBoolean(option))
			refuse(lookup(stmt->relation), "COPY FREEZE is not supported", "Leave out FREEZE.");
	}
}

/* Show the indexes of all distributed tables in the inheritance tree. */
static List *
show_tree(List *shown, Oid relid, LOCKMODE lock)
{
	ListCell   *lc;

	if (!OidIsValid(relid))
		return shown;
	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE && !has_subclass(relid))
		return show_one(shown, relid, lock);
	foreach(lc, find_all_inheritors(relid, lock, NULL))
		shown = show_one(shown, lfirst_oid(lc), lock);
	return shown;
}

static List *
show_one(List *shown, Oid relid, LOCKMODE lock)
{
	if (!OidIsValid(relid) || !table_is_distributed(relid))
	{
		/* it may become distributed: then its indexes are hidden afterwards */
		return OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_RELATION ?
			list_append_unique_oid(shown, relid) : shown;
	}
	LockRelationOid(relid, lock);
	utility_show_indexes(relid);
	return list_append_unique_oid(shown, relid);
}

static Oid
lookup(RangeVar *name)
{
	return RangeVarGetRelid(name, NoLock, true);
}

static bool
reindex_concurrently(ReindexStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->params)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "concurrently") == 0)
			return defGetBoolean(option);
	}
	return false;
}

static void
refuse(Oid relid, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s on distributed table \"%s\"", what, get_rel_name(relid)),
			 errhint("%s", hint)));
}
