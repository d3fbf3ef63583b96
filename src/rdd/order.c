/*-------------------------------------------------------------------------
 * order.c
 *	  Columns "#1", "#2", … and "#p": the order and the partitions of elements.
 *
 * A step writes them only if a later one needs them.  What an operation does not
 * tell itself is added here, so that each need only know what it does better than
 * a hash.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "rdd/query.h"

static int	number_of(const RddQuery *query, const RddStep *step, int input);
static void add_order(RddQuery *query, int number, StringInfo select);
static void add_partition(RddQuery *query, int number, bool has_order, StringInfo select);
static const char *order_columns(const RddQuery *query, int number);

/*
 * Is each step made of the one before, element by element, and the first a source whose
 * parts can be read one after another?  Then its elements come in their order by themselves,
 * and who wants only some of them need not have them all.
 */
bool
rdd_can_come_in_turn(const RddQuery *query)
{
	int			number = list_length(query->rdd->steps) - 1;
	const RddStep *step = list_nth(query->rdd->steps, number);

	bool		takes = strcmp(step->name, "take") == 0 || strcmp(step->name, "first") == 0;

	if (query->by_partition || query->keep_order || (!takes && (!query->in_order || query->is_part)))
		return false;
	for (;;)
	{
		if (!(rdd_operation(step->name)->inputs_need & RDD_IN_TURN) || list_length(step->inputs) > 1)
			return false;
		if (step->inputs == NIL)
			return true;
		number = linitial_int(step->inputs);
		if (query->uses[number] > 1)
			return false;
		step = list_nth(query->rdd->steps, number);
	}
}

/* Steps come after their inputs, so who needs what is known from the last one on. */
void
rdd_find_needs(RddQuery *query)
{
	int			last = list_length(query->rdd->steps) - 1;

	memset(query->needs, 0, (last + 1) * sizeof(int));
	if (query->in_turn)
		return;
	query->needs[last] = (query->in_order ? RDD_ORDER : 0) |
		(query->by_partition ? RDD_PARTITION : 0) |
		(query->in_order && query->by_partition ? RDD_FINE_ORDER : 0);
	for (int i = last; i >= 0; i--)
	{
		RddStep    *step = list_nth(query->rdd->steps, i);
		int			needs = rdd_operation(step->name)->inputs_need & ~RDD_IN_TURN;
		ListCell   *lc;

		if (needs == RDD_SAME || ((needs & RDD_IF_ASKED) && query->needs[i] == 0))
			needs = query->needs[i];
		if (needs & RDD_TOO)
			needs |= query->needs[i];
		foreach(lc, step->inputs)
			query->needs[lfirst_int(lc)] |= needs & (RDD_FINE_ORDER | RDD_PARTITION);
	}
}

/* After a step was compiled: what it needs to tell and did not. */
void
rdd_add_positions(RddQuery *query, int number, StringInfo select)
{
	bool		has_order = query->order[number] > 0;

	if ((query->needs[number] & RDD_FINE_ORDER) == RDD_FINE_ORDER && query->order_kind[number] == ORDER_LOOSE)
		add_order(query, number, select);
	if (query->by_partition && !query->partitioned[number])
		add_partition(query, number, has_order, select);
}

/*
 * Where the order leaves different elements open, hashes of what they are settle
 * it, here, and so in all that is made of these elements one by one.
 */
static void
add_order(RddQuery *query, int number, StringInfo select)
{
	const RddStep *step = list_nth(query->rdd->steps, number);
	List	   *leaves = rdd_shape_columns(step->shape);
	char	   *inner = pstrdup(select->data);
	int			order = query->order[number];

	resetStringInfo(select);
	appendStringInfo(select, "SELECT s.*, %s AS \"#%d\", %s AS \"#%d\" FROM (%s) AS s",
					 rdd_hash_of("s", 0, true, leaves), order + 1, rdd_hash_of("s", 1, true, leaves), order + 2, inner);
	query->order[number] = order + 2;
	query->order_kind[number] = ORDER_FINE;
}

/*
 * The partition, where the operation did not tell: of keys by their hash, of
 * elements in order each as many, of others by the hash of all.
 */
static void
add_partition(RddQuery *query, int number, bool has_order, StringInfo select)
{
	const RddStep *step = list_nth(query->rdd->steps, number);
	int			npartitions = Max(step->partitions, 1);
	List	   *leaves = rdd_shape_columns(step->shape);
	char	   *inner = pstrdup(select->data);

	if (step->by_key)
		leaves = rdd_shape_leaves(rdd_shape_key(step->shape), "k");
	resetStringInfo(select);
	appendStringInfo(select, "SELECT s.*, ");
	if (has_order && !step->by_key)
		appendStringInfo(select, "pg_catalog.ntile(%d) OVER (ORDER BY %s) - 1", npartitions,
						 order_columns(query, number));
	else
		appendStringInfoString(select, rdd_hash_partition("s", leaves, npartitions));
	appendStringInfo(select, " AS \"#p\" FROM (%s) AS s", inner);
	query->partitioned[number] = true;
}

/* Of the step itself, or of its input from 0 on. */
static int
number_of(const RddQuery *query, const RddStep *step, int input)
{
	int			number = 0;
	ListCell   *lc;

	foreach(lc, query->rdd->steps)
	{
		if (lfirst(lc) == step)
			number = foreach_current_index(lc);
	}
	return input < 0 ? number : list_nth_int(step->inputs, input);
}

int
rdd_order_of(const RddQuery *query, const RddStep *step, int input)
{
	return query->order[number_of(query, step, input)];
}

void
rdd_set_order(RddQuery *query, const RddStep *step, int ncolumns)
{
	query->order[number_of(query, step, -1)] = ncolumns;
}

const char *
rdd_keep_order(RddQuery *query, const RddStep *step, int input)
{
	StringInfoData buf;
	int			order = rdd_order_of(query, step, input);

	initStringInfo(&buf);
	for (int i = 1; i <= order; i++)
		appendStringInfo(&buf, ", s.\"#%d\"", i);
	if (query->partitioned[number_of(query, step, input)])
	{
		appendStringInfoString(&buf, ", s.\"#p\"");
		rdd_set_partitioned(query, step);
	}
	rdd_set_order(query, step, order);
	rdd_set_order_kind(query, step, rdd_order_kind(query, step, input));
	return buf.data;
}

OrderKind
rdd_order_kind(const RddQuery *query, const RddStep *step, int input)
{
	return query->order_kind[number_of(query, step, input)];
}

void
rdd_set_order_kind(RddQuery *query, const RddStep *step, OrderKind kind)
{
	query->order_kind[number_of(query, step, -1)] = kind;
}

int
rdd_needs_of(const RddQuery *query, const RddStep *step)
{
	return query->needs[number_of(query, step, -1)];
}

void
rdd_set_partitioned(RddQuery *query, const RddStep *step)
{
	query->partitioned[number_of(query, step, -1)] = true;
}

static const char *
order_columns(const RddQuery *query, int number)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= query->order[number]; i++)
		appendStringInfo(&buf, "%ss.\"#%d\"", i > 1 ? ", " : "", i);
	return buf.data;
}

const char *
rdd_order_columns(const RddQuery *query, const RddStep *step, int input)
{
	return order_columns(query, number_of(query, step, input));
}

const char *
rdd_positions(RddQuery *query, const RddStep *step, int input, const char *from)
{
	return psprintf("(SELECT %s, s.\"#p\", pg_catalog.row_number() OVER (PARTITION BY s.\"#p\" ORDER BY %s) - 1 AS \"#i\" FROM %s AS s)",
					rdd_same_columns("s", rdd_input(query, step, input)->shape),
					rdd_order_columns(query, step, input), from);
}

char *
rdd_hash_of(const char *alias, int seed, bool exact, List *leaves)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "barks.rdd_hash(%d, %s", seed, exact ? "true" : "false");
	foreach(lc, leaves)
		appendStringInfo(&buf, ", %s.%s", alias, quote_identifier(((RddLeaf *) lfirst(lc))->path));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* Of columns; equal values are in one partition. */
char *
rdd_hash_partition(const char *alias, List *leaves, int npartitions)
{
	return psprintf("pg_catalog.mod(pg_catalog.mod(%s, %d) + %d, %d)::pg_catalog.int4",
					rdd_hash_of(alias, 0, false, leaves), npartitions, npartitions, npartitions);
}

/* Partition p has the positions from p * count / n to before (p + 1) * count / n. */
char *
rdd_slice(const char *position, int64 count, int npartitions)
{
	int			n = Max(npartitions, 1);

	count = Max(count, 1);
	if (count < PG_INT64_MAX / n)
		return psprintf("(((%s + 1) * %d - 1) / " INT64_FORMAT ")::pg_catalog.int4", position, n, count);
	return psprintf("pg_catalog.div((%s + 1::pg_catalog.numeric) * %d - 1, " INT64_FORMAT ")::pg_catalog.int4",
					position, n, count);
}
