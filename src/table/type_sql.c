/*-------------------------------------------------------------------------
 * type_sql.c
 *	  Definitions of types and collations as SQL.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_range.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "cluster/extensions.h"
#include "table/shard.h"
#include "table/type_sql.h"

static void append_domain(StringInfo sql, Oid type);
static void append_composite(StringInfo sql, Oid type);
static void append_range(StringInfo sql, Oid type);
static char *function_name(Oid function);
static Oid	extension_schema(Oid extension);
static char *schema_clause(Oid namespace);
static char *text_attribute(int cache, HeapTuple tuple, AttrNumber attnum);

char *
type_sql_name(Oid type)
{
	return format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);
}

char *
type_sql(Oid type)
{
	StringInfoData sql;
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = (Form_pg_type) GETSTRUCT(tuple);
	initStringInfo(&sql);
	appendStringInfo(&sql, "%s; ", schema_clause(form->typnamespace));
	switch (form->typtype)
	{
		case TYPTYPE_ENUM:
			appendStringInfo(&sql, "CREATE TYPE %s AS ENUM (%s)", type_sql_name(type),
							 type_sql_enum_labels(type));
			break;
		case TYPTYPE_DOMAIN:
			append_domain(&sql, type);
			break;
		case TYPTYPE_COMPOSITE:
			append_composite(&sql, type);
			break;
		case TYPTYPE_RANGE:
			append_range(&sql, type);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("type %s cannot be created on nodes", format_type_be(type)),
					 errhint("Make it part of an extension, or create it on every node.")));
	}
	ReleaseSysCache(tuple);
	return sql.data;
}

char *
type_sql_enum_labels(Oid type)
{
	Relation	rel = table_open(EnumRelationId, AccessShareLock);
	Relation	index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
	StringInfoData labels;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	initStringInfo(&labels);
	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan_ordered(rel, index, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
		appendStringInfo(&labels, "%s%s", labels.len ? ", " : "",
						 quote_literal_cstr(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel)));
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	return labels.data;
}

char *
type_sql_extension(Oid extension)
{
	Oid			schema = extension_schema(extension);

	return psprintf("%s; CREATE EXTENSION IF NOT EXISTS %s SCHEMA %s", schema_clause(schema),
					quote_identifier(get_extension_name(extension)),
					quote_identifier(get_namespace_name(schema)));
}

char *
type_sql_collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace), NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

char *
type_sql_collation(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	StringInfoData sql;
	char	   *icu;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	initStringInfo(&sql);
	appendStringInfo(&sql, "%s; CREATE COLLATION %s (PROVIDER = %s, DETERMINISTIC = %s",
					 schema_clause(form->collnamespace), type_sql_collation_name(collation),
					 form->collprovider == COLLPROVIDER_ICU ? "icu" : "libc",
					 form->collisdeterministic ? "true" : "false");
	icu = text_attribute(COLLOID, tuple, Anum_pg_collation_colliculocale);
	if (icu)
		appendStringInfo(&sql, ", LOCALE = %s", quote_literal_cstr(icu));
	else
		appendStringInfo(&sql, ", LC_COLLATE = %s, LC_CTYPE = %s",
						 quote_literal_cstr(text_attribute(COLLOID, tuple, Anum_pg_collation_collcollate)),
						 quote_literal_cstr(text_attribute(COLLOID, tuple, Anum_pg_collation_collctype)));
	appendStringInfoChar(&sql, ')');
	ReleaseSysCache(tuple);
	return sql.data;
}

char *
type_sql_collation_digest(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *icu;
	char	   *collate;
	char	   *ctype;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	icu = text_attribute(COLLOID, tuple, Anum_pg_collation_colliculocale);
	collate = text_attribute(COLLOID, tuple, Anum_pg_collation_collcollate);
	ctype = text_attribute(COLLOID, tuple, Anum_pg_collation_collctype);
	icu = psprintf("%c|%s|%s|%s|%s", form->collprovider, form->collisdeterministic ? "t" : "f",
				   icu ? icu : "", collate ? collate : "", ctype ? ctype : "");
	ReleaseSysCache(tuple);
	return icu;
}

/*
 * Without constraints: values meet them on the driver, and what they call must
 * not run on a node as the service role, which stores the values.
 */
static void
append_domain(StringInfo sql, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);

	appendStringInfo(sql, "CREATE DOMAIN %s AS %s", type_sql_name(type),
					 format_type_extended(form->typbasetype, form->typtypmod,
										  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	if (OidIsValid(form->typcollation) && form->typcollation != get_typcollation(form->typbasetype))
		appendStringInfo(sql, " COLLATE %s", type_sql_collation_name(form->typcollation));
	ReleaseSysCache(tuple);
}

static void
append_composite(StringInfo sql, Oid type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	const char *separator = "";

	appendStringInfo(sql, "CREATE TYPE %s AS (", type_sql_name(type));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		appendStringInfo(sql, "%s%s %s", separator, quote_identifier(NameStr(att->attname)),
						 shard_column_type(att));
		separator = ", ";
	}
	appendStringInfoChar(sql, ')');
	ReleaseTupleDesc(desc);
}

static void
append_range(StringInfo sql, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(type));
	Form_pg_range form;
	HeapTuple	opclass;
	Form_pg_opclass opc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for range type %u", type);
	form = (Form_pg_range) GETSTRUCT(tuple);
	opclass = SearchSysCache1(CLAOID, ObjectIdGetDatum(form->rngsubopc));
	if (!HeapTupleIsValid(opclass))
		elog(ERROR, "cache lookup failed for operator class %u", form->rngsubopc);
	opc = (Form_pg_opclass) GETSTRUCT(opclass);
	appendStringInfo(sql, "CREATE TYPE %s AS RANGE (SUBTYPE = %s, SUBTYPE_OPCLASS = %s, MULTIRANGE_TYPE_NAME = %s",
					 type_sql_name(type), type_sql_name(form->rngsubtype),
					 quote_qualified_identifier(get_namespace_name(opc->opcnamespace), NameStr(opc->opcname)),
					 type_sql_name(form->rngmultitypid));
	if (OidIsValid(form->rngcollation))
		appendStringInfo(sql, ", COLLATION = %s", type_sql_collation_name(form->rngcollation));
	if (OidIsValid(form->rngcanonical))
		appendStringInfo(sql, ", CANONICAL = %s", function_name(form->rngcanonical));
	/* serves GiST indexes, which a user's function keeps off distributed tables */
	if (OidIsValid(form->rngsubdiff) && form->rngsubdiff < FirstNormalObjectId)
		appendStringInfo(sql, ", SUBTYPE_DIFF = %s", function_name(form->rngsubdiff));
	appendStringInfoChar(sql, ')');
	ReleaseSysCache(opclass);
	ReleaseSysCache(tuple);
}

static char *
function_name(Oid function)
{
	return quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
									  get_func_name(function));
}

static Oid
extension_schema(Oid extension)
{
	FormData_pg_extension row;

	return extensions_row(extension, &row, NULL) ? row.extnamespace : InvalidOid;
}

static char *
schema_clause(Oid namespace)
{
	return psprintf("CREATE SCHEMA IF NOT EXISTS %s", quote_identifier(get_namespace_name(namespace)));
}

static char *
text_attribute(int cache, HeapTuple tuple, AttrNumber attnum)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(cache, tuple, attnum, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}
