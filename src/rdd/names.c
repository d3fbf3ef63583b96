/*-------------------------------------------------------------------------
 * names.c
 *	  The names of operations in the query of a lineage, for the views of jobs.
 *
 * Sub-selects are marked with the operations that they end (planner/operations.h):
 * what an operation that brings elements together reads, and what others share.
 * Those that only go over elements are marked together.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "base/listed.h"
#include "rdd/arguments.h"
#include "rdd/names.h"

/* Each gives its rows by one SELECT from one input, or from none. */
static const char *const simple_names[] = {
	"parallelize", "range", "empty", "table", "query", "text_file", "whole_text_files", "binary_files",
	"binary_records", "object_file", "map", "flat_map", "filter", "key_by", "set_name", "keys", "values", "map_values",
	"flat_map_values", "filter_keys", "filter_values", "filter_by_range", "partition_by", "persist", "checkpointed"
};

static char *name_of(const RddStep *step);

bool
rdd_is_simple(const RddStep *step)
{
	return LISTED(step->name, simple_names);
}

void
rdd_note_names(RddQuery *query, int number)
{
	RddStep    *step = list_nth(query->rdd->steps, number);
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, step->inputs)
		if (!query->marked[lfirst_int(lc)])
			names = list_concat(names, query->names[lfirst_int(lc)]);
	query->names[number] = lappend(names, name_of(step));
}

/* As people know it. */
static char *
name_of(const RddStep *step)
{
	if (strcmp(step->name, "set_name") == 0 && !rdd_arg_is_null(step, 0))
		return pstrdup(rdd_arg_text(step, 0));
	return pstrdup(step->name);
}

char *
rdd_mark(RddQuery *query, int number, const char *select)
{
	int			count = list_length(query->names[number]);
	Datum	   *values = palloc(count * sizeof(Datum));
	char	   *names;
	ListCell   *lc;

	if (!query->named)
		return (char *) select;
	foreach(lc, query->names[number])
		values[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	names = OidOutputFunctionCall(F_ARRAY_OUT,
								  PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT)));
	query->marked[number] = true;
	return psprintf("SELECT * FROM (%s) AS s WHERE barks.rdd_computes(%s::pg_catalog.text[])", select,
					quote_literal_cstr(names));
}
