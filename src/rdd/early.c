/*-------------------------------------------------------------------------
 * early.c
 *	  Actions that want a few elements from the beginning need not read everything.
 *
 * When all steps down to a source that has an order give elements one by one in that
 * order, the source is asked for its beginning alone, and for all of it only if that
 * was too little.  Steps with side effects are not repeated.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rdd/query.h"

static bool listed(const char *name, const char *const *names, int nnames);

bool
rdd_early_possible(const Rdd *rdd)
{
	static const char *const actions[] = {"take", "first", "is_empty"};
	static const char *const one_by_one[] = {
		"map", "filter", "flat_map", "key_by", "keys", "values", "map_values", "flat_map_values", "filter_keys",
		"filter_values", "set_name"
	};
	static const char *const sources[] = {
		"range", "text_file", "whole_text_files", "binary_files", "binary_records", "object_file"
	};
	const RddStep *step;

	rdd_read_steps(rdd);
	step = llast(rdd->steps);
	if (!listed(step->name, actions, lengthof(actions)))
		return false;
	do
	{
		step = list_nth(rdd->steps, linitial_int(step->inputs));
		if (listed(step->name, sources, lengthof(sources)))
			return true;
	} while (listed(step->name, one_by_one, lengthof(one_by_one)) && !step->is_volatile);
	return false;
}

static bool
listed(const char *name, const char *const *names, int nnames)
{
	for (int i = 0; i < nnames; i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

uint64
rdd_early_count(RddQuery *query, uint64 count)
{
	/* a task of its own is worth some, but none is worth too many */
	uint64		first = Min(Max(count / RDD_EARLY_PARTS, 10000), 1000000);

	if (!query->early || count <= first)
		return count;
	query->cut = true;
	return first;
}
