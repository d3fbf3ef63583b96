/*-------------------------------------------------------------------------
 * check.c
 *	  What distributed tables cannot do is refused here, with a hint.
 *
 * Objects are checked when they are created, by the object access hook, so
 * that every way of creating them (ALTER TABLE, CREATE TABLE … LIKE,
 * attaching a partition) meets the check.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/pg_locale.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "table/check.h"
#include "table/local_ddl.h"

typedef struct QueryCheck
{
	List	   *queries;		/* innermost first: for varlevelsup */
} QueryCheck;

static bool check_query_walker(Node *node, QueryCheck *check);
static void check_target(Query *query);
static void check_row_marks(Query *query);
static void check_var(Var *var, QueryCheck *check);
static Oid	distributed_in_tree(Oid relid);
static void refuse_trigger(const char *name, int16 type, Oid relid);
static void refuse_deferrable(Oid relid);
static void refuse_constraint(Form_pg_constraint con);
static void check_index_functions(Relation rel, Relation irel);
static bool runs_user_code(Node *node, void *context);
static bool is_user_function(Oid function, void *context);
static bool range_runs_user_code(Oid type);
static bool index_has_key(Relation index, Oid relid, const LayoutSpec *spec);
static bool equality_as_hashed(Relation index, int column);

void
check_query(Query *query)
{
	QueryCheck	check = {NIL};

	(void) check_query_walker((Node *) query, &check);
}

void
check_unique_indexes(Relation rel, const LayoutSpec *spec)
{
	List	   *indexes = relation_all_indexes(RelationGetRelid(rel));
	ListCell   *lc;

	foreach(lc, indexes)
		check_index(rel, lfirst_oid(lc), spec);
}

void
check_index(Relation rel, Oid index, const LayoutSpec *spec)
{
	Relation	irel = relation_open(index, AccessShareLock);
	Form_pg_index form = irel->rd_index;

	if (form->indisexclusion)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("exclusion constraints are not supported on distributed table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Rows of different partitions cannot be compared when they are stored.")));
	if (!form->indimmediate)
		refuse_deferrable(RelationGetRelid(rel));
	check_index_functions(rel, irel);
	if (OidIsValid(irel->rd_rel->reltablespace) && irel->rd_rel->relkind == RELKIND_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tablespaces are not supported for indexes of distributed table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Leave out the tablespace, and set default_tablespace to ''.")));
	if (form->indisunique && spec->kind == LAYOUT_ROUND_ROBIN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("unique index \"%s\" cannot be enforced on round-robin table \"%s\"",
						RelationGetRelationName(irel), RelationGetRelationName(rel)),
				 errhint("Distribute the table by a column of the index: SELECT barks.distribute_table(%s, by => …).",
						 quote_literal_cstr(RelationGetRelationName(rel)))));
	if (form->indisunique && spec->kind == LAYOUT_HASH &&
		!index_has_key(irel, RelationGetRelid(rel), spec))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("unique index \"%s\" of distributed table \"%s\" does not include the distribution key",
						RelationGetRelationName(irel), RelationGetRelationName(rel)),
				 errhint("Include all key columns in the index, with their types' own equality, or distribute the table by columns of the index.")));
	relation_close(irel, AccessShareLock);
}

void
check_new_trigger(Oid trigger)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(rel, TriggerOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (!table_is_distributed(form->tgrelid))
			 /* none of ours */ ;
		else if (form->tgisinternal && OidIsValid(form->tgconstrindid) &&
				 !OidIsValid(form->tgconstrrelid))
			refuse_deferrable(form->tgrelid);
		else
			refuse_trigger(NameStr(form->tgname), form->tgtype, form->tgrelid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

void
check_new_constraint(Oid constraint)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint));
	scan = systable_beginscan(rel, ConstraintOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);

		if (con->contype == CONSTRAINT_FOREIGN &&
			(table_is_distributed(con->conrelid) || table_is_distributed(con->confrelid)))
			refuse_constraint(con);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

void
check_can_distribute(Relation rel)
{
	Relation	constraints;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute unlogged or temporary table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Use ALTER TABLE … SET LOGGED first, or an ordinary table.")));
	if (OidIsValid(rel->rd_rel->reltablespace))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute table \"%s\" in a tablespace", RelationGetRelationName(rel)),
				 errhint("Use ALTER TABLE … SET TABLESPACE pg_default first.")));
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (!trigger->tgisinternal)
			refuse_trigger(trigger->tgname, trigger->tgtype, RelationGetRelid(rel));
	}
	constraints = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_constraint_contype, BTEqualStrategyNumber, F_CHAREQ,
				CharGetDatum(CONSTRAINT_FOREIGN));
	scan = systable_beginscan(constraints, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);

		if (con->conrelid == RelationGetRelid(rel) || con->confrelid == RelationGetRelid(rel))
			refuse_constraint(con);
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
}

static bool
check_query_walker(Node *node, QueryCheck *check)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		check_var((Var *) node, check);
		return false;
	}
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		bool		result;

		check_target(query);
		check_row_marks(query);
		check->queries = lcons(query, check->queries);
		result = query_tree_walker(query, check_query_walker, check, 0);
		check->queries = list_delete_first(check->queries);
		return result;
	}
	return expression_tree_walker(node, check_query_walker, check);
}

static void
check_target(Query *query)
{
	Oid			relid;
	const char *command;

	if (query->resultRelation == 0)
		return;
	relid = rt_fetch(query->resultRelation, query->rtable)->relid;
	if (query->commandType == CMD_INSERT && query->onConflict == NULL)
		return;
	relid = distributed_in_tree(relid);
	if (!OidIsValid(relid))
		return;
	switch (query->commandType)
	{
		case CMD_INSERT:
			command = "INSERT … ON CONFLICT";
			break;
		case CMD_UPDATE:
			command = "UPDATE";
			break;
		case CMD_DELETE:
			command = "DELETE";
			break;
		default:
			command = "MERGE";
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s is not supported on distributed table \"%s\"", command, get_rel_name(relid)),
			 errhint("Rows can be added by INSERT and COPY and removed by TRUNCATE; or write the wanted rows to a new table with CREATE TABLE AS.")));
}

static void
check_row_marks(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rowMarks)
	{
		RowMarkClause *mark = lfirst(lc);
		RangeTblEntry *rte = rt_fetch(mark->rti, query->rtable);
		Oid			relid;

		if (rte->rtekind != RTE_RELATION)
			continue;
		relid = distributed_in_tree(rte->relid);
		if (OidIsValid(relid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("row locks are not supported on distributed table \"%s\"",
							get_rel_name(relid)),
					 errhint("Name the other tables in FOR UPDATE OF or FOR SHARE OF, or use LOCK TABLE.")));
	}
}

/* Of the system columns only tableoid means something. */
static void
check_var(Var *var, QueryCheck *check)
{
	Query	   *query;
	RangeTblEntry *rte;
	Oid			relid;

	if (var->varattno >= 0 || var->varattno == TableOidAttributeNumber ||
		var->varlevelsup >= list_length(check->queries))
		return;
	query = list_nth(check->queries, var->varlevelsup);
	if (var->varno > list_length(query->rtable))
		return;
	rte = rt_fetch(var->varno, query->rtable);
	if (rte->rtekind != RTE_RELATION)
		return;
	relid = distributed_in_tree(rte->relid);
	if (OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("system column \"%s\" is not supported on distributed table \"%s\"",
						NameStr(SystemAttributeDefinition(var->varattno)->attname),
						get_rel_name(relid)),
				 errhint("Rows of a distributed table have no address; identify them by a key.")));
}

/* A distributed table among relid and what inherits from it, or InvalidOid. */
static Oid
distributed_in_tree(Oid relid)
{
	ListCell   *lc;

	if (table_is_distributed(relid))
		return relid;
	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE && !has_subclass(relid))
		return InvalidOid;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		if (table_is_distributed(lfirst_oid(lc)))
			return lfirst_oid(lc);
	return InvalidOid;
}

/* AFTER ROW triggers fetch the row by its address, which it has not. */
static void
refuse_trigger(const char *name, int16 type, Oid relid)
{
	if (!TRIGGER_FOR_ROW(type))
		return;
	if (TRIGGER_FOR_BEFORE(type) && !TRIGGER_FOR_UPDATE(type) && !TRIGGER_FOR_DELETE(type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("row trigger \"%s\" is not supported on distributed table \"%s\"",
					name, get_rel_name(relid)),
			 errhint("Statement triggers and BEFORE INSERT row triggers are supported.")));
}

static void
refuse_deferrable(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("deferrable unique constraints are not supported on distributed table \"%s\"",
					get_rel_name(relid)),
			 errhint("Make the constraint NOT DEFERRABLE.")));
}

static void
refuse_constraint(Form_pg_constraint con)
{
	bool		referencing = table_is_distributed(con->conrelid);

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("foreign key \"%s\" is not supported %s distributed table \"%s\"",
					NameStr(con->conname), referencing ? "on" : "to",
					get_rel_name(referencing ? con->conrelid : con->confrelid)),
			 errhint("Distributed tables support NOT NULL, CHECK, UNIQUE and PRIMARY KEY.")));
}

/*
 * Does the index have the key, and call no values equal that can be in
 * different partitions?
 */
static bool
index_has_key(Relation index, Oid relid, const LayoutSpec *spec)
{
	Form_pg_index form = index->rd_index;
	ListCell   *lc;

	foreach(lc, spec->keys)
	{
		AttrNumber	attnum = get_attnum(relid, lfirst(lc));
		bool		found = false;

		for (int i = 0; i < form->indnkeyatts; i++)
			found |= form->indkey.values[i] == attnum && equality_as_hashed(index, i);
		if (!found)
			return false;
	}
	return true;
}

static bool
equality_as_hashed(Relation index, int column)
{
	Oid			collation;
	Oid			type;

	/* a partitioned index has no operator families in the relation cache, nor rows */
	if (index->rd_rel->relkind != RELKIND_INDEX)
		return true;
	collation = index->rd_indcollation[column];
	type = index->rd_opcintype[column];
	return (!OidIsValid(collation) || get_collation_isdeterministic(collation)) &&
		get_opfamily_member(index->rd_opfamily[column], type, type, BTEqualStrategyNumber) ==
		lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
}

/*
 * Indexes of shards are built, and kept up by autovacuum, as the service role,
 * a superuser: what they call must not be of a user's making.
 */
static void
check_index_functions(Relation rel, Relation irel)
{
	static const AttrNumber attnums[] = {Anum_pg_index_indexprs, Anum_pg_index_indpred};
	bool		refused = false;

	for (int i = 0; i < lengthof(attnums); i++)
	{
		bool		isnull;
		Datum		stored = SysCacheGetAttr(INDEXRELID, irel->rd_indextuple, attnums[i], &isnull);

		/* as stored: the relcache's copies may have functions inlined */
		if (!isnull)
			refused |= runs_user_code(stringToNode(TextDatumGetCString(stored)), NULL);
	}
	for (int i = 0; irel->rd_rel->relam == GIST_AM_OID && i < irel->rd_index->indnatts; i++)
	{
		AttrNumber	key = irel->rd_index->indkey.values[i];

		if (key > 0)
			refused |= range_runs_user_code(getBaseType(TupleDescAttr(RelationGetDescr(rel), key - 1)->atttypid));
	}
	if (refused)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" of distributed table \"%s\" calls a function that nodes do not have",
						RelationGetRelationName(irel), RelationGetRelationName(rel)),
				 errhint("Use built-in functions, or those of an extension.")));
}

static bool
runs_user_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain))
		return true;			/* runs the domain's constraints */
	if (check_functions_in_node(node, is_user_function, NULL))
		return true;
	return expression_tree_walker(node, runs_user_code, context);
}

/* Neither built in nor of an extension; whoever installs a trusted one may add to it. */
static bool
is_user_function(Oid function, void *context)
{
	HeapTuple	tuple;
	bool		trusted;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	trusted = superuser_arg(((Form_pg_proc) GETSTRUCT(tuple))->proowner) &&
		OidIsValid(getExtensionOfObject(ProcedureRelationId, function));
	ReleaseSysCache(tuple);
	return !trusted;
}

/* GiST asks for the distance between bounds. */
static bool
range_runs_user_code(Oid type)
{
	HeapTuple	tuple;
	Oid			function;

	if (type_is_multirange(type))
		type = get_multirange_range(type);
	if (!type_is_range(type))
		return false;
	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for range type %u", type);
	function = ((Form_pg_range) GETSTRUCT(tuple))->rngsubdiff;
	ReleaseSysCache(tuple);
	return OidIsValid(function) && is_user_function(function, NULL);
}
