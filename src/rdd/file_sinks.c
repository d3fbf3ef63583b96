/*-------------------------------------------------------------------------
 * file_sinks.c
 *	  Actions that write the elements to files: their operations.
 *
 * Each partition becomes a group, whose elements an aggregate writes in order
 * (file_write_sql.c).  The join with parts has no other use than to bring the
 * elements to the nodes, if they are the driver's.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/task_rights.h"
#include "cluster/node.h"
#include "rdd/arguments.h"
#include "rdd/file_writer.h"
#include "rdd/object_file.h"
#include "rdd/query.h"
#include "rdd/spread.h"

static void check_save(RddStep *step, List *inputs);
static void compile_save(RddQuery *query, const RddStep *step, const char *aggregate, const char *header,
						 List *columns, const char *expressions, StringInfo select);

/* save_as_text_file(r, path, codec), with a token of the action's own after these */
static void
check_save(RddStep *step, List *inputs)
{
	task_rights_demand(RIGHT_WRITE_FILES);
	(void) file_path(rdd_arg_text(step, 0));
	(void) file_codec_by_name(rdd_arg_is_null(step, 1) ? NULL : rdd_arg_text(step, 1));
	step->shape = rdd_shape_leaf(INT8OID, -1, InvalidOid);
}

/* save_as_object_file(r, path, codec): types have to have a binary form */
static void
check_save_objects(RddStep *step, List *inputs)
{
	ListCell   *lc;

	check_save(step, inputs);
	foreach(lc, rdd_shape_columns(((RddStep *) linitial(inputs))->shape))
	{
		Oid			function;
		bool		varlena;
		Oid			type = ((RddLeaf *) lfirst(lc))->shape->type;

		getTypeBinaryOutputInfo(type, &function, &varlena);
		getTypeBinaryInputInfo(type, &function, &type);
	}
}

static void
compile_save_text(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddShape *shape = rdd_input(query, step, 0)->shape;

	compile_save(query, step, "rdd_write_lines", "", list_make1("line"),
				 psprintf("%s AS line", rdd_line_of("s", shape)), select);
}

static void
compile_save_objects(RddQuery *query, const RddStep *step, StringInfo select)
{
	const RddShape *shape = rdd_input(query, step, 0)->shape;
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, rdd_shape_columns(shape))
		names = lappend(names, (char *) ((RddLeaf *) lfirst(lc))->path);
	compile_save(query, step, "rdd_write_objects",
				 psprintf(", %s::pg_catalog.text", quote_literal_cstr(object_header(shape))), names,
				 rdd_same_columns("s", shape), select);
}

/* How many elements each partition has that has any; they are in files when that is known. */
static void
compile_save(RddQuery *query, const RddStep *step, const char *aggregate, const char *header,
			 List *columns, const char *expressions, StringInfo select)
{
	int			n = Max(rdd_input(query, step, 0)->partitions, 1);
	char	   *from = rdd_spread(query, step, expressions);
	ListCell   *lc;

	appendStringInfo(select, "SELECT barks.%s(%s::pg_catalog.text, %s::pg_catalog.text, s.\"#p\", %s%s", aggregate,
					 quote_literal_cstr(file_path(rdd_arg_text(step, 0))), quote_literal_cstr(rdd_arg_text(step, 2)),
					 rdd_arg_literal(step, 1), header);
	foreach(lc, columns)
		appendStringInfo(select, ", s.%s", quote_identifier(lfirst(lc)));
	/* of a constant, where there is no order: groups are then made one after another */
	appendStringInfo(select, " ORDER BY s.\"#p\"");
	for (int i = 1; i <= rdd_order_of(query, step, 0); i++)
		appendStringInfo(select, ", s.\"#%d\"", i);
	appendStringInfo(select, ") AS x FROM %s AS s JOIN barks.rdd_parts(%d) AS d ON d.part = s.\"#p\" GROUP BY s.\"#p\"",
					 from, n);
	rdd_set_order(query, step, 0);
}

const RddOperation rdd_file_sinks[] = {
	{"save_as_text_file", check_save, compile_save_text, RDD_PARTITION | RDD_ORDER},
	{"save_as_object_file", check_save_objects, compile_save_objects, RDD_PARTITION | RDD_ORDER},
	{NULL}
};
