/*-------------------------------------------------------------------------
 * file_sources.c
 *	  RDDs from files: their operations.
 *
 * The nodes share out numbers of parts (barks.rdd_parts), and a function that
 * returns a set, in the target list, reads a part's share of the files.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/task_rights.h"
#include "rdd/arguments.h"
#include "rdd/file_list.h"
#include "rdd/object_file.h"
#include "rdd/query.h"

static const char *path_literal(const RddStep *step);
static const char *parts_literal(const RddStep *step, int number);
static const char *kept_columns(const RddQuery *query, const char *alias);
static void check_files(RddStep *step, int partitions_arg);
static RddShape *text_shape(void);
static RddShape *bytes_shape(void);
static const char *header_of(const RddStep *step);
static void read_parts(RddQuery *query, const RddStep *step, int partitions_arg, const char *function,
					   const char *more, const char *as, StringInfo select);

/* Who may not read files is told when an RDD is made, and again when it is read. */
static void
check_files(RddStep *step, int partitions_arg)
{
	task_rights_demand(RIGHT_READ_FILES);
	(void) file_path(rdd_arg_text(step, 0));
	step->partitions = rdd_arg_partitions(step, partitions_arg, 0);
}

static const char *
path_literal(const RddStep *step)
{
	return psprintf("%s::pg_catalog.text", quote_literal_cstr(file_path(rdd_arg_text(step, 0))));
}

static const char *
parts_literal(const RddStep *step, int number)
{
	int			parts = rdd_arg_partitions(step, number, 0);

	return parts > 0 ? psprintf("%d", parts) : "NULL::pg_catalog.int4";
}

static RddShape *
text_shape(void)
{
	RddShape   *shape = rdd_shape_leaf(TEXTOID, -1, DEFAULT_COLLATION_OID);

	shape->not_null = true;
	return shape;
}

static RddShape *
bytes_shape(void)
{
	RddShape   *shape = rdd_shape_leaf(BYTEAOID, -1, InvalidOid);

	shape->not_null = true;
	return shape;
}

/*
 * SELECT what a function reads of the files.  Where the order of the elements matters a
 * numbered one is called: it gives rows of number and value.
 */
static void
read_parts(RddQuery *query, const RddStep *step, int partitions_arg, const char *function,
		   const char *more, const char *as, StringInfo select)
{
	const char *path = path_literal(step);
	char	   *call = psprintf("%s, p.part, p.parts, (SELECT barks.rdd_file_list(%s, l.part) FROM barks.rdd_parts(1) AS l)%s",
								path, path, more);
	/* a part is a partition, if somebody wants to know */
	const char *parts = query->by_partition ? psprintf("%d", step->partitions) : parts_literal(step, partitions_arg);

	if (query->in_order)
		appendStringInfo(select, "SELECT (s.r).x AS %s, s.part::pg_catalog.int8 AS \"#1\", (s.r).n AS \"#2\"%s FROM "
						 "(SELECT p.part, barks.rdd_numbered_%s(%s) AS r FROM barks.rdd_parts(%s) AS p) AS s",
						 as, query->by_partition ? ", s.part AS \"#p\"" : "", function, call, parts);
	else
		appendStringInfo(select, "SELECT barks.rdd_%s%s(%s) AS %s%s FROM barks.rdd_parts(%s%s) AS p",
						 strcmp(function, "file_names") == 0 ? "" : "read_", function, call, as,
						 query->by_partition ? ", p.part AS \"#p\"" : "", parts, query->in_turn ? ", true" : "");
	rdd_set_order(query, step, query->in_order ? 2 : 0);
	rdd_set_order_kind(query, step, ORDER_UNIQUE);
	if (query->by_partition)
		rdd_set_partitioned(query, step);
}

/* Those beside the element, of a sub-select that read_parts() wrote. */
static const char *
kept_columns(const RddQuery *query, const char *alias)
{
	return psprintf("%s%s", query->in_order ? psprintf(", %s.\"#1\", %s.\"#2\"", alias, alias) : "",
					query->by_partition ? psprintf(", %s.\"#p\"", alias) : "");
}

/* text_file(path, n): lines */
static void
check_text_file(RddStep *step, List *inputs)
{
	check_files(step, 1);
	step->shape = text_shape();
}

static void
compile_text_file(RddQuery *query, const RddStep *step, StringInfo select)
{
	read_parts(query, step, 1, "lines", "", "x", select);
}

/* whole_text_files(path, n), binary_files(path, n): pairs of path and content */
static void
check_whole_text_files(RddStep *step, List *inputs)
{
	check_files(step, 1);
	step->shape = rdd_shape_pair(text_shape(), text_shape());
}

static void
check_binary_files(RddStep *step, List *inputs)
{
	check_files(step, 1);
	step->shape = rdd_shape_pair(text_shape(), bytes_shape());
}

static void
compile_whole_files(RddQuery *query, const RddStep *step, StringInfo select)
{
	StringInfoData names;

	initStringInfo(&names);
	read_parts(query, step, 1, "file_names", "", "k", &names);
	appendStringInfo(select, "SELECT f.k, barks.%s(f.k) AS v%s FROM (%s) AS f",
					 strcmp(step->name, "binary_files") == 0 ? "rdd_file_bytes" : "rdd_file_text",
					 kept_columns(query, "f"), names.data);
}

/* binary_records(path, length, n) */
static void
check_binary_records(RddStep *step, List *inputs)
{
	int			length = rdd_arg_int(step, 1);

	if (length < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("length of records must be positive, not %d", length)));
	if (length > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("records of %d bytes are too long", length)));
	check_files(step, 2);
	step->shape = bytes_shape();
}

static void
compile_binary_records(RddQuery *query, const RddStep *step, StringInfo select)
{
	read_parts(query, step, 2, "records", psprintf(", %d", rdd_arg_int(step, 1)), "x", select);
}

/*
 * object_file(path, n): what its elements are the files say, so they are asked when the RDD
 * is made, and again when it is read
 */
static void
check_object_file(RddStep *step, List *inputs)
{
	check_files(step, 1);
	step->shape = object_shape(header_of(step));
}

static const char *
header_of(const RddStep *step)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *sql = psprintf("SELECT barks.rdd_object_header(%s, p.part) FROM barks.rdd_parts(1) AS p", path_literal(step));
	char	   *header;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not read the header of an object file");
	header = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return header;
}

static void
compile_object_file(RddQuery *query, const RddStep *step, StringInfo select)
{
	StringInfoData objects;
	ListCell   *lc;

	initStringInfo(&objects);
	read_parts(query, step, 1, "objects", psprintf(", %s::pg_catalog.text", quote_literal_cstr(object_header(step->shape))),
			   "x", &objects);
	appendStringInfoString(select, "SELECT ");
	foreach(lc, rdd_shape_columns(step->shape))
	{
		const RddLeaf *leaf = lfirst(lc);

		appendStringInfo(select, "%sbarks.rdd_object_field(o.x, %d, NULL::%s) AS %s",
						 foreach_current_index(lc) > 0 ? ", " : "", foreach_current_index(lc),
						 rdd_type_text(leaf->shape), quote_identifier(leaf->path));
	}
	appendStringInfo(select, "%s FROM (%s) AS o", kept_columns(query, "o"), objects.data);
}

const RddOperation rdd_file_sources[] = {
	{"text_file", check_text_file, compile_text_file, RDD_IN_TURN},
	{"whole_text_files", check_whole_text_files, compile_whole_files, RDD_IN_TURN},
	{"binary_files", check_binary_files, compile_whole_files, RDD_IN_TURN},
	{"binary_records", check_binary_records, compile_binary_records, RDD_IN_TURN},
	{"object_file", check_object_file, compile_object_file, RDD_IN_TURN},
	{NULL}
};
