/*-------------------------------------------------------------------------
 * schema.c
 *	  Which codec each type travels by, and the text codec itself.
 *
 * Raw is allowed for built-in types only, because their OIDs (which arrays
 * and ranges carry inside) are the same in every PostgreSQL of a major
 * version.  What is not known to be safe raw travels as text.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "batch/schema.h"

static void init_column(BatchColumn *column, Form_pg_attribute att);
static uint32 column_hash(uint32 hash, const BatchColumn *column);
static BatchCodec codec_for_base_type(Oid typid);
static BatchCodec codec_for_form(Oid typid, Form_pg_type type);
static bool type_has_no_input(Oid typid);
static Oid	role_for_input(Oid typid);
static void report_unsupported(Oid typid) pg_attribute_noreturn();

BatchSchema *
batch_schema_create(TupleDesc desc, MemoryContext context)
{
	BatchSchema *schema;

	schema = MemoryContextAllocZero(context, offsetof(BatchSchema, columns) +
									desc->natts * sizeof(BatchColumn));
	schema->context = context;
	schema->ncolumns = desc->natts;
	schema->hash = desc->natts;
	for (int i = 0; i < desc->natts; i++)
	{
		BatchColumn *column = &schema->columns[i];

		Assert(!TupleDescAttr(desc, i)->attisdropped);
		init_column(column, TupleDescAttr(desc, i));
		schema->hash = column_hash(schema->hash, column);
		schema->has_text |= column->codec == BATCH_CODEC_TEXT;
	}
	return schema;
}

static void
init_column(BatchColumn *column, Form_pg_attribute att)
{
	column->typid = att->atttypid;
	column->basetype = getBaseType(att->atttypid);
	column->typmod = att->atttypmod;
	column->typlen = att->attlen;
	column->typbyval = att->attbyval;
	column->typalign = att->attalign;
	column->codec = codec_for_base_type(column->basetype);
}

/*
 * Text needs no more than to be text on both sides.  A raw column must be of
 * the same type, but that varchar and text may meet: a cast between them
 * leaves no trace in some plans.
 */
static uint32
column_hash(uint32 hash, const BatchColumn *column)
{
	hash = hash_combine(hash, murmurhash32(column->codec));
	if (column->codec == BATCH_CODEC_TEXT)
		return hash;
	hash = hash_combine(hash, murmurhash32((uint32) column->typlen));
	return hash_combine(hash, murmurhash32(column->basetype == VARCHAROID ?
										   TEXTOID : column->basetype));
}

BatchCodec
batch_codec_for_type(Oid typid)
{
	return codec_for_base_type(getBaseType(typid));
}

/* The codec of a type that is no domain. */
static BatchCodec
codec_for_base_type(Oid typid)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	BatchCodec	codec;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", typid);
	codec = codec_for_form(typid, (Form_pg_type) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return codec;
}

static BatchCodec
codec_for_form(Oid typid, Form_pg_type type)
{
	if (typid == CSTRINGOID || typid == UNKNOWNOID || typid == VOIDOID ||
		typid == RECORDOID)
		return BATCH_CODEC_TEXT;
	if (type->typtype == TYPTYPE_PSEUDO || type_has_no_input(typid))
		report_unsupported(typid);
	if (typid >= FirstGenbkiObjectId ||
		type->typtype == TYPTYPE_ENUM || type->typtype == TYPTYPE_COMPOSITE)
		return BATCH_CODEC_TEXT;
	if (type->typsubscript == F_ARRAY_SUBSCRIPT_HANDLER &&
		(type->typelem >= FirstGenbkiObjectId ||
		 codec_for_base_type(type->typelem) == BATCH_CODEC_TEXT))
		return BATCH_CODEC_TEXT;
	return type->typlen > 0 ? BATCH_CODEC_FIXED : BATCH_CODEC_VARLENA;
}

/* Types of system catalogs only, which cannot be written out and read back. */
static bool
type_has_no_input(Oid typid)
{
	switch (typid)
	{
		case PG_NODE_TREEOID:
		case PG_NDISTINCTOID:
		case PG_DEPENDENCIESOID:
		case PG_MCV_LISTOID:
		case PG_BRIN_BLOOM_SUMMARYOID:
		case PG_BRIN_MINMAX_MULTI_SUMMARYOID:
			return true;
		default:
			return false;
	}
}

static void
report_unsupported(Oid typid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("values of type %s cannot travel between nodes",
					format_type_be(typid)),
			 errhint("Cast the column to another type, such as text.")));
}

/* ---------------- the text codec ---------------- */

int
batch_text_settings_begin(const BatchSchema *schema)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO, YMD"},
		{"intervalstyle", "postgres"},
		{"extra_float_digits", "3"},
		{"bytea_output", "hex"},
		{"array_nulls", "on"},
		{"xmloption", "content"},
		{"lc_monetary", "C"},
		{"search_path", "pg_catalog, pg_temp"}	/* reg* come out qualified */
	};
	int			nestlevel;

	if (!schema->has_text)
		return 0;
	nestlevel = NewGUCNestLevel();
	for (int i = 0; i < lengthof(settings); i++)
	{
		const char *current = GetConfigOption(settings[i][0], false, false);

		if (pg_strcasecmp(current, settings[i][1]) != 0)
			(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET,
									 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	}
	return nestlevel;
}

void
batch_text_settings_end(int nestlevel)
{
	if (nestlevel > 0)
		AtEOXact_GUC(true, nestlevel);
}

char *
batch_text_out(BatchSchema *schema, int column, Datum value)
{
	BatchColumn *col = &schema->columns[column];

	if (!OidIsValid(col->out.fn_oid))
	{
		Oid			function;
		bool		is_varlena;

		getTypeOutputInfo(col->basetype, &function, &is_varlena);
		fmgr_info_cxt(function, &col->out, schema->context);
	}
	return OutputFunctionCall(&col->out, value);
}

/*
 * The value was coerced to its typmod where it was made: -1 takes it as it is.
 * The input functions of types made of domains run the domains' constraints,
 * which reading a table otherwise does not; they must not do so as whoever
 * reads, who may be a superuser.
 */
Datum
batch_text_in(BatchSchema *schema, int column, char *text)
{
	BatchColumn *col = &schema->columns[column];
	Datum		value;
	Oid			user;
	int			sec_context;

	if (!OidIsValid(col->in.fn_oid))
	{
		Oid			function;

		getTypeInputInfo(col->basetype, &function, &col->ioparam);
		fmgr_info_cxt(function, &col->in, schema->context);
		col->reader = role_for_input(col->basetype);
	}
	if (!OidIsValid(col->reader))
		return InputFunctionCall(&col->in, text, col->ioparam, -1);
	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(col->reader, sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	value = InputFunctionCall(&col->in, text, col->ioparam, -1);
	SetUserIdAndSecContext(user, sec_context);
	return value;
}

/* The owner of a type of the user's that others may be part of, else InvalidOid. */
static Oid
role_for_input(Oid typid)
{
	HeapTuple	tuple;
	Form_pg_type form;
	Oid			owner;

	if (typid < FirstNormalObjectId)
		return InvalidOid;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", typid);
	form = (Form_pg_type) GETSTRUCT(tuple);
	if (form->typtype == TYPTYPE_ENUM ||
		(form->typtype == TYPTYPE_BASE && !OidIsValid(form->typelem)))
		owner = InvalidOid;
	else
		owner = form->typowner;
	ReleaseSysCache(tuple);
	return owner;
}
