/*-------------------------------------------------------------------------
 * introspect.c
 *	  What a lineage tells about itself: its steps, names, parents, partitioner.
 *
 * Nothing here reads a table or runs a query.  Numbers of partitions are those that
 * the RDD has now, in this session.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/listed.h"
#include "rdd/arguments.h"
#include "rdd/query.h"

PG_FUNCTION_INFO_V1(barks_rdd_debug_string);
PG_FUNCTION_INFO_V1(barks_rdd_id);
PG_FUNCTION_INFO_V1(barks_rdd_name);
PG_FUNCTION_INFO_V1(barks_rdd_dependencies);
PG_FUNCTION_INFO_V1(barks_rdd_partitioner);

/* Operations that bring elements together: by key, by value, or in an order. */
static const char *const by_key[] = {
	"group_by_key", "reduce_by_key", "fold_by_key", "aggregate_by_key", "combine_by_key", "agg_by_key",
	"join", "left_outer_join", "right_outer_join", "full_outer_join", "cogroup", "subtract_by_key",
	"partition_by", "repartition_and_sort", "count_approx_distinct_by_key"
};
static const char *const by_others[] = {
	"distinct", "intersection", "subtract", "group_by", "sort_by", "sort_by_key", "repartition"
};

static bool shuffles(const Rdd *rdd, const RddStep *step, int input);
static void append_lineage(StringInfo buf, const Rdd *rdd, int number, const char *indent, bool *shown);

/* Do elements of that input move between partitions? */
static bool
shuffles(const Rdd *rdd, const RddStep *step, int input)
{
	const RddStep *from = list_nth(rdd->steps, list_nth_int(step->inputs, input));

	if (LISTED(step->name, by_key))
		return !from->by_key || step->partitions != from->partitions;
	if (strcmp(step->name, "coalesce") == 0)
		return rdd_arg_bool(step, 1, false);
	return LISTED(step->name, by_others);
}

/* As Spark's toDebugString: a step in each line, parents below, "+-" where they are shuffled. */
Datum
barks_rdd_debug_string(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	StringInfoData buf;

	initStringInfo(&buf);
	append_lineage(&buf, rdd, list_length(rdd->steps) - 1, "",
				   palloc0(list_length(rdd->steps) * sizeof(bool)));
	PG_RETURN_TEXT_P(cstring_to_text(buf.data));
}

static void
append_lineage(StringInfo buf, const Rdd *rdd, int number, const char *indent, bool *shown)
{
	const RddStep *step = list_nth(rdd->steps, number);
	ListCell   *lc;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	appendStringInfo(buf, "(%d) ", step->partitions);
	if (shown[number])
	{
		appendStringInfo(buf, "[%d] as above", number + 1);
		return;
	}
	shown[number] = true;
	appendStringInfo(buf, "[%d] %s %s", number + 1, rdd_step_text(step), rdd_shape_text(step->shape));
	foreach(lc, step->inputs)
	{
		bool		moved = shuffles(rdd, step, foreach_current_index(lc));
		bool		is_last = lnext(step->inputs, lc) == NULL;
		/* a chain of steps without a shuffle stays in its column */
		bool		below = moved || list_length(step->inputs) > 1;

		appendStringInfo(buf, "\n%s%s", indent, moved ? " +-" : " |  ");
		append_lineage(buf, rdd, lfirst_int(lc),
					   below ? psprintf("%s%s", indent, is_last ? "    " : " |  ") : indent, shown);
	}
}

/* Two RDDs of one id are made by the same calls. */
Datum
barks_rdd_id(PG_FUNCTION_ARGS)
{
	const char *text = rdd_text(rdd_from_datum(PG_GETARG_DATUM(0)));

	PG_RETURN_DATUM(hash_any_extended((const unsigned char *) text, strlen(text), 0));
}

Datum
barks_rdd_name(PG_FUNCTION_ARGS)
{
	Rdd		   *rdd = rdd_from_datum(PG_GETARG_DATUM(0));
	RddStep    *step = rdd_last(rdd);

	/* what is kept is still the RDD that was named */
	rdd_read_steps(rdd);
	while (strcmp(step->name, "persist") == 0)
		step = list_nth(rdd->steps, linitial_int(step->inputs));
	if (strcmp(step->name, "set_name") != 0 || rdd_arg_is_null(step, 0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(rdd_arg(step, 0)->constvalue);
}

Datum
barks_rdd_dependencies(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Rdd  *rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	RddStep    *step = rdd_last(rdd);
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, step->inputs)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = rdd_to_datum(rdd_lineage_of(rdd, lfirst_int(lc)));
		values[1] = BoolGetDatum(shuffles(rdd, step, foreach_current_index(lc)));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

const char *
rdd_partitioner_kind(const Rdd *rdd)
{
	const RddStep *step = rdd_last(rdd);
	const char *kind = NULL;
	bool		by_range;

	if (!step->by_key)
		return NULL;
	rdd_read_steps(rdd);
	/* who made the partitions that others only kept */
	while (!LISTED(step->name, by_key) && strcmp(step->name, "group_by") != 0 &&
		   strcmp(step->name, "sort_by_key") != 0 && step->inputs != NIL)
		step = list_nth(rdd->steps, linitial_int(step->inputs));
	if (strcmp(step->name, "checkpointed") == 0)
		(void) rdd_checkpoint_table(step, &kind);
	by_range = strcmp(step->name, "sort_by_key") == 0;
	if (strcmp(step->name, "partition_by") == 0 || strcmp(step->name, "repartition_and_sort") == 0)
		(void) rdd_arg_partitioner(step, 0, 0, &by_range);
	return kind ? kind : by_range ? "range" : "hash";
}

/* hash(k, n) or range(k, n), with the number of partitions; null for none */
Datum
barks_rdd_partitioner(PG_FUNCTION_ARGS)
{
	const Rdd  *rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	const char *kind = rdd_partitioner_kind(rdd);

	if (!kind)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s(k, %d)", kind, rdd_last(rdd)->partitions)));
}
