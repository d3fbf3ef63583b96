/*-------------------------------------------------------------------------
 * save.c
 *	  Elements into a table.
 *
 * The table is made by CREATE TABLE AS … USING barks, so that nodes store what they
 * compute.  An old table goes only after the new one has all rows, and the RDD may
 * read it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "rdd/calls.h"
#include "rdd/storage.h"

PG_FUNCTION_INFO_V1(barks_rdd_save_as_table);

/* Where the elements go. */
typedef struct Save
{
	Oid			table;			/* the old one, or InvalidOid */
	bool		append;			/* to it */
	const char *qualified;
	const char *schema;
	const char *relation;
	int64		rows;			/* written */
} Save;

static void run_save(const Rdd *rdd, void *arg);
static Oid	find_table(const char *name, const char **qualified, const char **schema, const char **relation);
static void check_table(Oid table, const char *name, const Rdd *appended);
static void execute(const char *sql);
static int64 write_rows(const char *before, const Rdd *rdd);

/* save_as_table(r, name, mode) → rows written */
Datum
barks_rdd_save_as_table(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd;
	const char *mode;
	const char *name;
	const char *qualified;
	const char *schema;
	const char *relation;
	Oid			table;
	Save		save;

	rdd_expect_arguments(fcinfo);
	rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	mode = text_to_cstring(PG_GETARG_TEXT_PP(2));
	table = find_table(name, &qualified, &schema, &relation);
	if (strcmp(mode, "error") != 0 && strcmp(mode, "append") != 0 && strcmp(mode, "overwrite") != 0 &&
		strcmp(mode, "ignore") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown mode \"%s\"", mode),
				 errhint("Modes are error, append, overwrite and ignore.")));
	if (OidIsValid(table) && strcmp(mode, "ignore") == 0)
		PG_RETURN_INT64(0);
	if (OidIsValid(table) && strcmp(mode, "error") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists", name),
				 errhint("Give a mode: append, overwrite or ignore.")));
	if (OidIsValid(table))
		check_table(table, name, strcmp(mode, "append") == 0 ? rdd : NULL);
	save = (Save) {table, strcmp(mode, "append") == 0, qualified, schema, relation, 0};
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rdd_storage_run(rdd, run_save, &save);
	SPI_finish();
	PG_RETURN_INT64(save.rows);
}

static void
run_save(const Rdd *rdd, void *arg)
{
	Save	   *save = arg;

	if (!OidIsValid(save->table))
		save->rows = write_rows(psprintf("CREATE TABLE %s USING barks AS ", save->qualified), rdd);
	else if (save->append)
		save->rows = write_rows(psprintf("INSERT INTO %s ", save->qualified), rdd);
	else
	{
		const char *made = quote_qualified_identifier(save->schema, psprintf("barks_saved_%u", save->table));

		save->rows = write_rows(psprintf("CREATE TABLE %s USING barks AS ", made), rdd);
		execute(psprintf("DROP TABLE %s", save->qualified));
		execute(psprintf("ALTER TABLE %s RENAME TO %s", made, quote_identifier(save->relation)));
	}
}

/* Names may be qualified; a new table is where CREATE TABLE would put it. */
static Oid
find_table(const char *name, const char **qualified, const char **schema, const char **relation)
{
	RangeVar   *range = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(name)));
	Oid			table = RangeVarGetRelid(range, NoLock, true);
	Oid			namespace = OidIsValid(table) ? get_rel_namespace(table) : RangeVarGetCreationNamespace(range);

	*schema = get_namespace_name(namespace);
	*relation = range->relname;
	*qualified = quote_qualified_identifier(*schema, *relation);
	return table;
}

/* A table that rows are appended to has as many columns as they have. */
static void
check_table(Oid table, const char *name, const Rdd *appended)
{
	char		kind = get_rel_relkind(table);
	Relation	rel;
	int			ncolumns = 0;

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", name)));
	if (!appended)
		return;
	rel = relation_open(table, AccessShareLock);
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
		ncolumns += TupleDescAttr(RelationGetDescr(rel), i)->attisdropped ? 0 : 1;
	relation_close(rel, AccessShareLock);
	if (ncolumns != rdd_shape_width(rdd_last(appended)->shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of type %s do not fit table \"%s\", which has %d columns",
						rdd_shape_text(rdd_last(appended)->shape), name, ncolumns)));
}

static void
execute(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(result));
}

/* CREATE TABLE … AS, or INSERT INTO …, with the query of the lineage. */
static int64
write_rows(const char *before, const Rdd *rdd)
{
	RddQuery	query = {.plain_names = true, .named = true, .purpose = "save_as_table"};
	char	   *sql = psprintf("%s%s", before, rdd_compile(rdd, NIL, &query));
	int			result = SPI_execute_plan(rdd_prepare(sql, &query), NULL, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not save an RDD: %s", SPI_result_code_string(result));
	return (int64) SPI_processed;
}
