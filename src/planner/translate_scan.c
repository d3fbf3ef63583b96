/*-------------------------------------------------------------------------
 * translate_scan.c
 *	  Scans of distributed tables, and projections over one input.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "nodes/makefuncs.h"
#include "access/sysattr.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "planner/cannot_fail.h"
#include "planner/fallback.h"
#include "planner/prune.h"
#include "planner/translate.h"
#include "table/layout.h"

static char *sample_clause(const SampleScan *scan);
static LeafPlan *make_leaf(PlanContext *context, Scan *scan, Oid relid);
static Bitmapset *add_all_columns(Bitmapset *attnos, Oid relid);
static bool params_walker(Node *node, Bitmapset **params);
static bool select_fenced(PlanContext *context, Ir **ir, IrScope *scope, Plan *plan,
						  const char **reason);
static Ir  *select_from_leaf(PlanContext *context, Scan *scan, LeafPlan *leaf,
							 const char **reason);
static Ir  *translate_bound_scan(PlanContext *context, Scan *scan);
static bool depends_on(Node *node, Bitmapset *params);
static Node *over_mutator(Node *node, List *tlist);

Ir *
translate_scan(PlanContext *context, Scan *scan)
{
	RangeTblEntry *rte;
	const char *reason = NULL;
	LeafPlan   *leaf;
	Ir		   *ir;

	if (scan->scanrelid == 0)
		return NULL;
	rte = rt_fetch(scan->scanrelid, context->stmt->rtable);
	if (context->bound != NULL)
		return IsA(scan, SeqScan) ? translate_bound_scan(context, scan) : NULL;
	if (rte->rtekind != RTE_RELATION || !table_is_distributed(rte->relid))
		return NULL;
	context->scans++;
	context->relids = list_append_unique_oid(context->relids, rte->relid);
	if (!IsA(scan, SeqScan) && !(IsA(scan, SampleScan) && sample_clause((SampleScan *) scan)))
	{
		fallback_note(&scan->plan, "reads the table through its access method");
		return NULL;
	}
	leaf = make_leaf(context, scan, rte->relid);
	ir = select_from_leaf(context, scan, leaf, &reason);
	if (ir == NULL || !ir_on_nodes(ir))
		fallback_note(&scan->plan, reason);
	return ir;
}

/*
 * A scan whose quals depend on an outer row: the table comes whole, but for the
 * quals that do not, and the rest is done where the outer row is.
 */
static Ir *
translate_bound_scan(PlanContext *context, Scan *scan)
{
	Scan	   *below = copyObject(scan);
	List	   *quals = NIL;
	List	   *vars;
	Plan		above;
	Ir		   *ir;
	ListCell   *lc;

	below->plan.qual = NIL;
	foreach(lc, scan->plan.qual)
	{
		/* what comes after such a qual must not see, or fail for, rows that it drops */
		if (depends_on(lfirst(lc), context->bound) ||
			(quals != NIL && (context->fence || !expression_cannot_fail(lfirst(lc)))))
			quals = lappend(quals, lfirst(lc));
		else
			below->plan.qual = lappend(below->plan.qual, lfirst(lc));
	}
	vars = list_concat(pull_var_clause((Node *) scan->plan.targetlist, 0),
					   pull_var_clause((Node *) quals, 0));
	below->plan.targetlist = NIL;
	foreach(lc, vars)
		below->plan.targetlist = add_to_flat_tlist(below->plan.targetlist,
												   list_make1(lfirst(lc)));
	below->plan.allParam = bms_difference(scan->plan.allParam, context->bound);
	below->plan.initPlan = NIL;
	ir = translate_plan(context, &below->plan);
	if (ir == NULL)
		return NULL;
	memcpy(&above, &scan->plan, sizeof(Plan));
	above.targetlist = (List *) over_mutator((Node *) above.targetlist,
											 below->plan.targetlist);
	return translate_project(context, &above, ir,
				   (List *) over_mutator((Node *) quals, below->plan.targetlist), OUTER_VAR);
}

static bool
depends_on(Node *node, Bitmapset *params)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC &&
			bms_is_member(((Param *) node)->paramid, params);
	/* what its subquery reads is not seen here */
	if (IsA(node, SubPlan))
		return true;
	return expression_tree_walker(node, depends_on, params);
}

/* Vars of the scan, as columns of its target list. */
static Node *
over_mutator(Node *node, List *tlist)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		TargetEntry *tle = tlist_member((Expr *) node, tlist);
		Var		   *var = copyObject((Var *) node);

		var->varno = OUTER_VAR;
		var->varattno = tle->resno;
		return (Node *) var;
	}
	return expression_tree_mutator(node, over_mutator, tlist);
}

/* A Result over an input projects; without one it makes a row of constants. */
Ir *
translate_result(PlanContext *context, Result *result)
{
	Plan	   *plan = &result->plan;
	List	   *quals = (List *) result->resconstantqual;
	const char *reason = NULL;
	IrScope		scope = {0};
	Ir		   *ir;

	if (plan->lefttree)
	{
		Ir		   *child = translate_plan(context, plan->lefttree);

		return child ? translate_project(context, plan, child, quals, OUTER_VAR) : NULL;
	}
	if (plan->qual != NIL)
		return NULL;
	ir = ir_make();
	if (!ir_select(ir, &scope, plan->targetlist, quals, false, false, &reason) ||
		!ir_on_nodes(ir))
		return NULL;
	translate_init_plans(ir, plan);
	return ir;
}

Ir *
translate_subquery(PlanContext *context, SubqueryScan *scan)
{
	Ir		   *child = translate_plan(context, scan->subplan);

	if (child == NULL)
		return NULL;
	return translate_project(context, &scan->scan.plan, child, scan->scan.plan.qual,
				   scan->scan.scanrelid);
}

static LeafPlan *
make_leaf(PlanContext *context, Scan *scan, Oid relid)
{
	LeafPlan   *leaf = make_leaf_plan();
	Bitmapset  *attnos = NULL;
	int			member = -1;

	pull_varattnos((Node *) scan->plan.targetlist, scan->scanrelid, &attnos);
	pull_varattnos((Node *) scan->plan.qual, scan->scanrelid, &attnos);
	if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attnos))
		attnos = add_all_columns(attnos, relid);
	while ((member = bms_next_member(attnos, member)) >= 0)
	{
		int			attno = member + FirstLowInvalidHeapAttributeNumber;

		if (attno > 0)
			leaf->attnums = lappend_int(leaf->attnums, attno);
	}
	if (IsA(scan, SampleScan))
		leaf->sample = list_make1(makeString(sample_clause((SampleScan *) scan)));
	leaf->index = context->next_leaf++;
	leaf->group = context->next_group++;
	leaf->relid = relid;
	return leaf;
}

/* What the whole row consists of. */
static Bitmapset *
add_all_columns(Bitmapset *attnos, Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);	/* locked by the planner */
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			attnos = bms_add_member(attnos, i + 1 - FirstLowInvalidHeapAttributeNumber);
	relation_close(rel, NoLock);
	return attnos;
}

/*
 * "bernoulli (10) REPEATABLE (3)": each shard is sampled for itself.  NULL when
 * that would not be the same, or is not known before execution.
 */
static char *
sample_clause(const SampleScan *scan)
{
	const TableSampleClause *sample = scan->tablesample;
	const Const *percent = linitial(sample->args);
	const Const *seed = (Const *) sample->repeatable;
	char	   *clause;

	if ((sample->tsmhandler != F_BERNOULLI && sample->tsmhandler != F_SYSTEM) ||
		list_length(sample->args) != 1 || !IsA(percent, Const) || percent->constisnull ||
		isnan(DatumGetFloat4(percent->constvalue)) || isinf(DatumGetFloat4(percent->constvalue)) ||
		(seed && (!IsA(seed, Const) || seed->constisnull ||
				  isnan(DatumGetFloat8(seed->constvalue)) ||
				  isinf(DatumGetFloat8(seed->constvalue)))))
		return NULL;
	clause = psprintf("%s (%.9g)", sample->tsmhandler == F_SYSTEM ? "system" : "bernoulli",
					  DatumGetFloat4(percent->constvalue));
	if (seed)
		clause = psprintf("%s REPEATABLE (%.17g)", clause, DatumGetFloat8(seed->constvalue));
	return clause;
}

static Ir *
select_from_leaf(PlanContext *context, Scan *scan, LeafPlan *leaf, const char **reason)
{
	IrScope		scope = {1};
	Ir		   *ir = ir_make();
	List	   *keys;

	scope.inputs[0].varno = scan->scanrelid;
	scope.inputs[0].rtindex = ir_add_leaf_input(ir->query, leaf);
	scope.inputs[0].leaf = leaf;
	translate_scan_traits(ir, scan, leaf->relid);
	leaf->broadcast = ir->distribution != IR_PARTITIONED;
	if (!leaf->broadcast)
		ir->group = leaf->group;
	ir->leaves = list_make1(leaf);
	ir->relids = bms_make_singleton(scan->scanrelid);
	ir->indeterminate = leaf->sample != NIL;
	/* they are of the output, which is not there yet */
	keys = ir->keys;
	ir->keys = NIL;
	ir->prune = prune_find(leaf, scan->plan.qual, scan->scanrelid);
	params_walker((Node *) ir->prune, &context->prune_params);
	if (!select_fenced(context, &ir, &scope, &scan->plan, reason))
		return NULL;
	if (!ir->has_driver_tlist)
		ir->keys = keys;
	translate_init_plans(ir, &scan->plan);
	return ir;
}

/* Parameters that the driver needs the values of. */
static bool
params_walker(Node *node, Bitmapset **params)
{
	if (node == NULL || IsA(node, Integer))
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, params_walker, params);
}

/*
 * Select from a leaf.  When rows must be hidden from functions, each qual is a
 * level of its own, in the order that PostgreSQL's planner gave them.
 */
static bool
select_fenced(PlanContext *context, Ir **ir, IrScope *scope, Plan *plan, const char **reason)
{
	List	   *quals = plan->qual;

	while (context->fence && list_length(quals) > 1)
	{
		Expr	   *qual = expr_for_query(linitial(quals), scope, *ir, reason);
		Ir		   *below = *ir;
		LeafPlan   *leaf = scope->inputs[0].leaf;
		ListCell   *lc;

		if (qual == NULL)
			break;
		below->query->jointree->quals = (Node *) qual;
		foreach(lc, leaf->attnums)
		{
			Oid			type;
			int32		typmod;
			Oid			collation;
			Var		   *var;
			Var		   *display;

			exchange_leaf_column(leaf, foreach_current_index(lc), &type, &typmod, &collation);
			var = makeVar(scope->inputs[0].rtindex, foreach_current_index(lc) + 1,
						  type, typmod, collation, 0);
			display = makeVar(scope->inputs[0].varno, lfirst_int(lc), type, typmod, collation, 0);
			ir_add_column(below, (Expr *) var, (Expr *) display);
		}
		ir_fence(context, below);
		*ir = ir_make();
		ir_inherit(*ir, below);
		(*ir)->distribution = below->distribution;
		ir_follow(*ir, below);
		scope->inputs[0].rtindex = ir_add_input((*ir)->query, below);
		quals = list_copy_tail(quals, 1);
	}
	if (!ir_select(*ir, scope, plan->targetlist, quals, false, context->fence, reason))
		return false;
	ir_fence(context, *ir);
	return true;
}

void
translate_scan_traits(Ir *ir, const Scan *scan, Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);	/* locked by the planner */
	const TableLayout *layout = table_layout(rel);
	List	   *keys = NIL;

	ir->distribution = layout->kind == LAYOUT_BROADCAST ? IR_BROADCAST : IR_PARTITIONED;
	if (ir->distribution == IR_PARTITIONED)
		ir->anchor = relid;
	/* each copy of a broadcast table would have its own sample */
	else if (IsA(scan, SampleScan))
		ir->distribution = IR_SINGLE;
	for (int i = 0; i < layout->nkeys; i++)
	{
		ir->key_types = lappend_oid(ir->key_types, get_atttype(relid, layout->keys[i]));
		keys = lappend(keys, bms_make_singleton(layout->keys[i]));
	}
	ir->keys = traits_map_keys(keys, scan->plan.targetlist, scan->scanrelid);
	relation_close(rel, NoLock);
}

/* SELECT tlist FROM child WHERE quals, on the nodes or over the gathered rows. */
Ir *
translate_project(PlanContext *context, Plan *plan, Ir *child, List *quals, int varno)
{
	const char *reason = NULL;
	IrScope		scope;
	Ir		   *ir;

	if (!ir_on_nodes(child))
		return translate_tail(context, plan, child);
	ir = ir_over(child, &scope);
	scope.inputs[0].varno = varno;
	if (!ir_select(ir, &scope, plan->targetlist, quals, false, context->fence, &reason))
	{
		fallback_note(plan, reason);
		return translate_tail(context, plan, child);
	}
	if (ir_on_nodes(ir))
		ir->keys = traits_map_keys(child->keys, plan->targetlist, varno);
	else
		fallback_note(plan, reason);
	translate_keep_order(ir, &scope, 0, plan->targetlist);
	ir_fence(context, ir);
	translate_init_plans(ir, plan);
	return ir;
}
