/*-------------------------------------------------------------------------
 * partitioner.c
 *	  Which partition a key belongs to: by its hash, or by ranges of keys.
 *
 * barks.rdd_partition_by() and its like are given a number of partitions, or what
 * barks.rdd_partitioner() tells of another RDD: hash(k, 4), range(k, 4).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "rdd/arguments.h"
#include "rdd/query.h"

static bool read_partitioner(const char *text, bool *by_range, int *npartitions);
static const char *skip_spaces(const char *text);

int
rdd_arg_partitioner(const RddStep *step, int number, int if_null, bool *by_range)
{
	int			npartitions = 0;

	*by_range = false;
	if (rdd_arg_is_null(step, number))
		return if_null;
	if (rdd_arg(step, number)->consttype == INT4OID)
		return rdd_arg_partitions(step, number, if_null);
	if (!read_partitioner(rdd_arg_text(step, number), by_range, &npartitions))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a partitioner", rdd_arg_text(step, number)),
				 errhint("Partitioners are hash(k, n) and range(k, n), for n partitions.")));
	return npartitions > 0 ? npartitions : if_null;
}

/* hash, hash(4), hash(k, 4), and range in the same ways. */
static bool
read_partitioner(const char *text, bool *by_range, int *npartitions)
{
	char	   *end;
	long		n;

	text = skip_spaces(text);
	*by_range = pg_strncasecmp(text, "range", 5) == 0;
	if (!*by_range && pg_strncasecmp(text, "hash", 4) != 0)
		return false;
	text = skip_spaces(text + (*by_range ? 5 : 4));
	if (*text == '\0')
		return true;
	if (*text++ != '(')
		return false;
	text = skip_spaces(text);
	if (*text == 'k' || *text == 'K')
	{
		text = skip_spaces(text + 1);
		if (*text++ != ',')
			return false;
	}
	errno = 0;
	n = strtol(text, &end, 10);
	text = skip_spaces(end);
	if (errno != 0 || n < 1 || n > PG_INT32_MAX || *text++ != ')')
		return false;
	*npartitions = (int) n;
	return *skip_spaces(text) == '\0';
}

static const char *
skip_spaces(const char *text)
{
	return text + strspn(text, " \t\n\r");
}

char *
rdd_key_partition(const char *alias, List *keys, int npartitions, bool by_range)
{
	StringInfoData order;
	ListCell   *lc;

	if (!by_range)
		return rdd_hash_partition(alias, keys, npartitions);
	initStringInfo(&order);
	foreach(lc, keys)
		appendStringInfo(&order, "%s%s.%s ASC NULLS FIRST", foreach_current_index(lc) > 0 ? ", " : "", alias,
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	return rdd_range_partition(order.data, npartitions);
}

/* Of elements in order about as many in each; equal keys are in one. */
char *
rdd_range_partition(const char *order, int npartitions)
{
	return psprintf("((pg_catalog.rank() OVER (ORDER BY %s) - 1) * %d / pg_catalog.count(*) OVER ())::pg_catalog.int4",
					order, Max(npartitions, 1));
}
