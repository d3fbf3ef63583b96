/*-------------------------------------------------------------------------
 * task_stats.c
 *	  Statistics for a task's planner, of what has none.
 *
 * Of the output of a stage the driver says how many values each column has.
 * Where it does not know, every row is supposed to have its own: joins of such
 * rows are joins by keys mostly, and if PostgreSQL supposed 200 values, as it
 * does, it would expect joins of millions of rows to give billions.
 *
 * Several shards of a table are a UNION ALL, for which PostgreSQL supposes 200
 * values too.  Any one of them tells about the others.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "parser/parsetree.h"
#include "utils/syscache.h"

#include "worker/exchange_scan.h"
#include "worker/task_stats.h"

static bool stats_of_shards(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
							VariableStatData *vardata);
static HeapTuple make_stats(int distinct);

bool
task_get_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
						VariableStatData *vardata)
{
	int			distinct;

	if (rte->rtekind == RTE_SUBQUERY && rte->inh)
		return exchange_in_task() && stats_of_shards(root, rte, attnum, vardata);
	if (!exchange_distinct_values(rte, attnum, &distinct))
		return false;
	vardata->statsTuple = make_stats(distinct);
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = true;
	return true;
}

/* Those of the first shard. */
static bool
stats_of_shards(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
				VariableStatData *vardata)
{
	ListCell   *lc;

	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *append = lfirst_node(AppendRelInfo, lc);
		RangeTblEntry *child = planner_rt_fetch(append->child_relid, root);
		Var		   *var;

		if (planner_rt_fetch(append->parent_relid, root) != rte)
			continue;
		if (attnum <= 0 || attnum > list_length(append->translated_vars))
			return false;
		var = list_nth(append->translated_vars, attnum - 1);
		if (var == NULL || !IsA(var, Var) || child->rtekind != RTE_RELATION)
			return false;
		vardata->statsTuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(child->relid),
											  Int16GetDatum(var->varattno), BoolGetDatum(false));
		vardata->freefunc = ReleaseSysCache;
		vardata->acl_ok = true;
		return HeapTupleIsValid(vardata->statsTuple);
	}
	return false;
}

/* A row of pg_statistic without its variable part. */
static HeapTuple
make_stats(int distinct)
{
	Size		hoff = MAXALIGN(SizeofHeapTupleHeader);
	Size		len = hoff + sizeof(FormData_pg_statistic);
	HeapTuple	tuple = palloc0(HEAPTUPLESIZE + len);

	tuple->t_len = len;
	tuple->t_data = (HeapTupleHeader) ((char *) tuple + HEAPTUPLESIZE);
	tuple->t_data->t_hoff = hoff;
	((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct = distinct > 0 ? distinct : -1;
	return tuple;
}
