/*-------------------------------------------------------------------------
 * label.c
 *	  Read, write and check the security label that holds a table's layout.
 *
 * The label names key columns, so that pg_dump's output can be restored;
 * renaming a column rewrites it (pending.c).  The label of a table describes its
 * current storage: it is only changed together with it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/pg_locale.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "table/pending.h"
#include "table/label.h"

static struct
{
	Oid			relid;
	Oid			old_filenode;
	const LayoutSpec *spec;
}			override;

static void label_function(const char *label);
static void on_security_label(const ObjectAddress *object, const char *label);
static void parse_field(LayoutSpec *spec, const JsonbValue *name, const JsonbValue *value,
						const char *label);
static int	parse_number(const JsonbValue *value, const char *label, const char *what);
static List *parse_keys(const JsonbValue *value, const char *label);
static void bad_label(const char *label, const char *detail) pg_attribute_noreturn();
static void check_key_type(const char *name, Oid type, Oid collation);

void
label_init(void)
{
	register_label_provider(BARKS_LABEL_PROVIDER, on_security_label);
}

const char *
layout_kind_name(LayoutKind kind)
{
	switch (kind)
	{
		case LAYOUT_HASH:
			return "hash";
		case LAYOUT_ROUND_ROBIN:
			return "round_robin";
		case LAYOUT_BROADCAST:
			return "broadcast";
	}
	elog(ERROR, "unknown layout %d", (int) kind);
}

LayoutSpec *
label_parse(const char *label)
{
	LayoutSpec *spec = palloc0(sizeof(LayoutSpec));
	Jsonb	   *json;
	JsonbIterator *it;
	JsonbValue	name;
	JsonbValue	value;
	bool		have_layout = false;

	json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(label)));
	if (!JB_ROOT_IS_OBJECT(json))
		bad_label(label, "It must be a JSON object.");
	it = JsonbIteratorInit(&json->root);
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		parse_field(spec, &name, &value, label);
		have_layout |= (name.val.string.len == 6 &&
						memcmp(name.val.string.val, "layout", 6) == 0);
	}
	if (!have_layout)
		bad_label(label, "It must have the field \"layout\".");
	if ((spec->kind == LAYOUT_HASH) != (spec->keys != NIL))
		bad_label(label, "The field \"key\" must be given for hash, and only for hash.");
	if (spec->kind == LAYOUT_BROADCAST && spec->npartitions != 0)
		bad_label(label, "A broadcast table has no partitions.");
	if (spec->kind == LAYOUT_BROADCAST && spec->ncopies > 1)
		bad_label(label, "A broadcast table has a copy on every node.");
	return spec;
}

char *
label_print(const LayoutSpec *spec)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"layout\": \"%s\"", layout_kind_name(spec->kind));
	if (spec->kind == LAYOUT_HASH)
	{
		appendStringInfoString(&buf, ", \"key\": [");
		foreach(lc, spec->keys)
		{
			if (lc != list_head(spec->keys))
				appendStringInfoString(&buf, ", ");
			escape_json(&buf, lfirst(lc));
		}
		appendStringInfoChar(&buf, ']');
	}
	if (spec->npartitions > 0)
		appendStringInfo(&buf, ", \"partitions\": %d", spec->npartitions);
	if (spec->ncopies > 1)
		appendStringInfo(&buf, ", \"copies\": %d", spec->ncopies);
	if (spec->alive_only)
		appendStringInfoString(&buf, ", \"nodes\": \"alive\"");
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

LayoutSpec *
label_spec_by(const char *by, int npartitions)
{
	LayoutSpec *spec = palloc0(sizeof(LayoutSpec));

	if (npartitions < 0 || npartitions > BARKS_MAX_PARTITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of partitions must be between 1 and %d", BARKS_MAX_PARTITIONS)));
	spec->npartitions = npartitions;
	spec->kind = by ? LAYOUT_HASH : LAYOUT_ROUND_ROBIN;
	if (by && (!SplitIdentifierString(pstrdup(by), ',', &spec->keys) || spec->keys == NIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid list of columns: \"%s\"", by),
				 errhint("Give a column or a comma-separated list of columns, quoted as in SQL.")));
	return spec;
}

LayoutSpec *
label_of_relation(Relation rel)
{
	ObjectAddress address;
	char	   *label;
	Oid			relid = RelationGetRelid(rel);

	if (OidIsValid(rel->rd_rel->relrewrite))
		relid = rel->rd_rel->relrewrite;
	if (relid == override.relid && RelationFileNumber(rel) != override.old_filenode)
	{
		LayoutSpec *spec = palloc(sizeof(LayoutSpec));

		*spec = *override.spec;
		spec->keys = list_copy(spec->keys);
		return spec;
	}
	ObjectAddressSet(address, RelationRelationId, relid);
	label = GetSecurityLabel(&address, BARKS_LABEL_PROVIDER);
	if (label)
		return label_parse(label);
	return label_spec_by(NULL, 0);
}

void
label_store(Oid relid, const LayoutSpec *spec)
{
	ObjectAddress address;

	ObjectAddressSet(address, RelationRelationId, relid);
	SetSecurityLabel(&address, BARKS_LABEL_PROVIDER, spec ? label_print(spec) : NULL);
	CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

void
label_override(Oid relid, Oid old_filenode, const LayoutSpec *spec)
{
	override.relid = relid;
	override.old_filenode = old_filenode;
	override.spec = spec;
	if (OidIsValid(relid))
		CacheInvalidateRelcacheByRelid(relid);
}

void
label_check_keys(Relation rel, const LayoutSpec *spec)
{
	ListCell   *lc;

	if (list_length(spec->keys) > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("cannot distribute by more than %d columns", INDEX_MAX_KEYS)));
	foreach(lc, spec->keys)
	{
		const char *name = lfirst(lc);
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
		Form_pg_attribute att;
		ListCell   *lc2;

		if (attnum == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							name, RelationGetRelationName(rel))));
		if (attnum < 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot distribute by system column \"%s\"", name),
					 errhint("Choose an ordinary column.")));
		att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		check_key_type(name, att->atttypid, att->attcollation);
		for_each_cell(lc2, spec->keys, lnext(spec->keys, lc))
			if (strcmp(name, lfirst(lc2)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" appears twice in the key", name)));
	}
}

/*
 * Label provider's hook: SECURITY LABEL FOR barks ON TABLE … .  The label is
 * stored after this returns, so what follows from it is left to pending.c, at the
 * end of the command.
 */
static void
on_security_label(const ObjectAddress *object, const char *label)
{
	char		relkind;

	if (object->classId == ProcedureRelationId)
	{
		label_function(label);
		return;
	}
	if (object->classId != RelationRelationId || object->objectSubId != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("labels of provider \"%s\" are for tables and functions only", BARKS_LABEL_PROVIDER),
				 errhint("Use barks.distribute_table() to lay out a table.")));
	relkind = get_rel_relkind(object->objectId);
	if (relkind != RELKIND_PARTITIONED_TABLE && !table_is_distributed(object->objectId))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a distributed table", get_rel_name(object->objectId)),
				 errhint("Use barks.distribute_table() to distribute it.")));
	pending_relabel(object->objectId, label ? label_parse(label) : label_spec_by(NULL, 0));
}

/* What is known of functions, and plans that call them, may change with it. */
static void
label_function(const char *label)
{
	if (label && strcmp(label, BARKS_LABEL_SHIPPABLE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid label of a function: %s", label),
				 errhint("It can only be \"%s\".", BARKS_LABEL_SHIPPABLE)));
	CacheInvalidateCatalog(ProcedureRelationId);
}

static void
parse_field(LayoutSpec *spec, const JsonbValue *name, const JsonbValue *value,
			const char *label)
{
	char	   *field = pnstrdup(name->val.string.val, name->val.string.len);

	if (strcmp(field, "layout") == 0 && value->type == jbvString)
	{
		char	   *kind = pnstrdup(value->val.string.val, value->val.string.len);

		if (strcmp(kind, "hash") == 0)
			spec->kind = LAYOUT_HASH;
		else if (strcmp(kind, "round_robin") == 0)
			spec->kind = LAYOUT_ROUND_ROBIN;
		else if (strcmp(kind, "broadcast") == 0)
			spec->kind = LAYOUT_BROADCAST;
		else
			bad_label(label, "The layouts are hash, round_robin and broadcast.");
	}
	else if (strcmp(field, "key") == 0 && value->type == jbvBinary &&
			 JsonContainerIsArray(value->val.binary.data))
		spec->keys = parse_keys(value, label);
	else if (strcmp(field, "partitions") == 0 && value->type == jbvNumeric)
		spec->npartitions = parse_number(value, label, "partitions");
	else if (strcmp(field, "copies") == 0 && value->type == jbvNumeric)
		spec->ncopies = parse_number(value, label, "copies");
	else if (strcmp(field, "nodes") == 0 && value->type == jbvString &&
			 value->val.string.len == 5 && memcmp(value->val.string.val, "alive", 5) == 0)
		spec->alive_only = true;
	else
		bad_label(label, psprintf("The field \"%s\" is unknown or of the wrong type.", field));
}

static int
parse_number(const JsonbValue *value, const char *label, const char *what)
{
	bool		error;
	int			number = numeric_int4_opt_error(value->val.numeric, &error);

	if (error || number < 1 || number > BARKS_MAX_PARTITIONS)
		bad_label(label, psprintf("The number of %s must be between 1 and %d.", what, BARKS_MAX_PARTITIONS));
	return number;
}

static List *
parse_keys(const JsonbValue *value, const char *label)
{
	JsonbIterator *it = JsonbIteratorInit(value->val.binary.data);
	JsonbValue	element;
	JsonbIteratorToken token;
	List	   *keys = NIL;

	(void) JsonbIteratorNext(&it, &element, true);
	while ((token = JsonbIteratorNext(&it, &element, true)) == WJB_ELEM)
	{
		if (element.type != jbvString)
			bad_label(label, "Keys must be names of columns.");
		keys = lappend(keys, pnstrdup(element.val.string.val, element.val.string.len));
	}
	return keys;
}

static void
bad_label(const char *label, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid layout: %s", label),
			 errdetail_internal("%s", detail)));
}

/* Equal values must hash alike on every node: see table_partition_for_values. */
static void
check_key_type(const char *name, Oid type, Oid collation)
{
	Oid			base = getBaseType(type);
	Oid			element = get_base_element_type(base);
	TypeCacheEntry *entry = lookup_type_cache(base, TYPECACHE_HASH_EXTENDED_PROC);

	if (type_is_enum(base))
		return;
	if (!OidIsValid(entry->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("cannot distribute by column \"%s\" of type %s",
						name, format_type_be(type)),
				 errdetail("The type has no extended hash function.")));
	if (type_is_rowtype(base) || type_is_range(base) || type_is_multirange(base) ||
		(OidIsValid(element) && (type_is_enum(element) || type_is_rowtype(element))))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute by column \"%s\" of type %s",
						name, format_type_be(type)),
				 errhint("Choose a column of a scalar type.")));
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute by column \"%s\" with a nondeterministic collation", name),
				 errhint("Choose another column, or none for a round-robin table.")));
}
