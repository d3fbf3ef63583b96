/*-------------------------------------------------------------------------
 * index_info.c
 *	  Unique indexes of distributed tables, as the planner may know them.
 *
 * The shell's indexes are hidden, but what their constraints promise holds:
 * joins can be removed, duplicates need not be, and numbers of distinct
 * values are known.  They are marked hypothetical, and cannot be scanned in any
 * way, so that no path and no look at their ends comes of them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "utils/rel.h"

#include "table/index_info.h"
#include "table/local_ddl.h"

static IndexOptInfo *make_info(RelOptInfo *rel, Relation table, Relation index);
static void estimate_cost(PlannerInfo *root, IndexPath *path, double loop_count,
						  Cost *startup_cost, Cost *total_cost, Selectivity *selectivity,
						  double *correlation, double *pages);

void
index_info_add_unique(RelOptInfo *rel, Oid relid)
{
	Relation	table = relation_open(relid, NoLock);
	ListCell   *lc;

	foreach(lc, table->rd_rel->relhasindex ? relation_all_indexes(relid) : NIL)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;

		if (form->indisunique && form->indimmediate && form->indisvalid &&
			index->rd_rel->relkind == RELKIND_INDEX && index->rd_rel->relam == BTREE_AM_OID &&
			heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) &&
			heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
			rel->indexlist = lappend(rel->indexlist, make_info(rel, table, index));
		index_close(index, NoLock);
	}
	relation_close(table, NoLock);
}

static IndexOptInfo *
make_info(RelOptInfo *rel, Relation table, Relation index)
{
	IndexOptInfo *info = makeNode(IndexOptInfo);
	Form_pg_index form = index->rd_index;
	int			ncolumns = form->indnatts;
	int			nkeys = form->indnkeyatts;

	info->indexoid = RelationGetRelid(index);
	info->rel = rel;
	info->ncolumns = ncolumns;
	info->nkeycolumns = nkeys;
	info->indexkeys = palloc(ncolumns * sizeof(int));
	info->canreturn = palloc0(ncolumns * sizeof(bool));
	info->indexcollations = palloc(nkeys * sizeof(Oid));
	info->opfamily = palloc(nkeys * sizeof(Oid));
	info->opcintype = palloc(nkeys * sizeof(Oid));
	for (int i = 0; i < ncolumns; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table), attnum - 1);
		Var		   *var = makeVar(rel->relid, attnum, att->atttypid, att->atttypmod,
								  att->attcollation, 0);

		info->indexkeys[i] = attnum;
		info->indextlist = lappend(info->indextlist,
								   makeTargetEntry((Expr *) var, i + 1, NULL, false));
	}
	memcpy(info->indexcollations, index->rd_indcollation, nkeys * sizeof(Oid));
	memcpy(info->opfamily, index->rd_opfamily, nkeys * sizeof(Oid));
	memcpy(info->opcintype, index->rd_opcintype, nkeys * sizeof(Oid));
	info->relam = index->rd_rel->relam;
	info->amcostestimate = estimate_cost;
	info->unique = true;
	info->immediate = true;
	info->hypothetical = true;
	info->pages = rel->pages;
	info->tuples = rel->tuples;
	return info;
}

/* The planner works out paths before it finds that they cannot be used. */
static void
estimate_cost(PlannerInfo *root, IndexPath *path, double loop_count,
			  Cost *startup_cost, Cost *total_cost, Selectivity *selectivity,
			  double *correlation, double *pages)
{
	*startup_cost = *total_cost = disable_cost;
	*selectivity = 1;
	*correlation = 0;
	*pages = path->indexinfo->pages;
}
