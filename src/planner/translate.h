/*-------------------------------------------------------------------------
 * translate.h
 *	  One translator per kind of plan node.
 *
 * Each returns the Ir that stands for the node and all below it, or NULL when
 * the node stays as it is; its children have then been sealed in place.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_TRANSLATE_H
#define BARKS_PLANNER_TRANSLATE_H

#include "planner/ir.h"

/* translate.c */
extern Ir  *translate_plan(PlanContext *context, Plan *plan);
/* Translate and seal: the plan that takes the node's place. */
extern Plan *translate_and_seal(PlanContext *context, Plan *plan);
/* Is it a node that stays on the driver when its inputs end there? */
extern bool translate_goes_on_over_rows(const Plan *plan);
/* The node stays; note why, if distributed rows come up to it. */
extern Ir  *translate_stay(PlanContext *context, Plan *plan, int scans_before, const char *reason);
/* The node goes on the driver's own last stage, over child's. */
extern Ir  *translate_tail(PlanContext *context, Plan *plan, Ir *child);
/* Columns of a node over child, which it calls varno, as EXPLAIN shows them. */
extern List *translate_output_display(const Ir *child, List *tlist, int varno);
/* Take over the node's initPlans. */
extern void translate_init_plans(Ir *ir, Plan *plan);

/* translate_scan.c */
extern Ir  *translate_scan(PlanContext *context, Scan *scan);
/* How the rows of a distributed table's scan lie, by which of its output columns. */
extern void translate_scan_traits(Ir *ir, const Scan *scan, Oid relid);
/* SELECT tlist FROM child WHERE quals, on the nodes or over the gathered rows. */
extern Ir  *translate_project(PlanContext *context, Plan *plan, Ir *child, List *quals, int varno);
extern Ir  *translate_result(PlanContext *context, Result *result);
extern Ir  *translate_subquery(PlanContext *context, SubqueryScan *scan);
/* translate_join.c */
extern Ir  *translate_hash_join(PlanContext *context, HashJoin *join);
extern Ir  *translate_nest_loop(PlanContext *context, NestLoop *join);
extern Ir  *translate_merge_join(PlanContext *context, MergeJoin *join);
/* translate_append.c */
extern Ir  *translate_append(PlanContext *context, Plan *plan, List **children);
/* translate_setop.c */
extern Ir  *translate_setop(PlanContext *context, SetOp *setop);
/* translate_rows.c */
extern Ir  *translate_function_scan(PlanContext *context, FunctionScan *scan);
/* Is it a call of barks.rdd_parts alone?  functions: of RangeTblFunction.  leaf, if not NULL, gets its arguments. */
extern bool translate_is_parts(List *functions, LeafPlan *leaf);
extern Ir  *translate_values_scan(PlanContext *context, ValuesScan *scan);
extern Ir  *translate_project_set(PlanContext *context, ProjectSet *project);
/* outer is that of the join, on the nodes; NULL: it is as it was. */
extern Ir  *translate_function_join(PlanContext *context, NestLoop *join, Ir *outer);
/* translate_recursive.c */
extern Ir  *translate_recursive_union(PlanContext *context, RecursiveUnion *plan);
extern Ir  *translate_work_table_scan(PlanContext *context, WorkTableScan *scan);
/* translate_insert.c */
extern Ir  *translate_modify(PlanContext *context, ModifyTable *modify);
/* translate_agg.c */
extern Ir  *translate_agg(PlanContext *context, Agg *agg);
/* Rows, or states, that move when groups of child's rows lie in several of its tasks. */
extern double translate_agg_moves(Agg *agg, Ir *child, double tasks);
extern Ir  *translate_group(PlanContext *context, Group *group);
/* translate_window.c */
extern Ir  *translate_window(PlanContext *context, WindowAgg *window);
/* translate_order.c */
extern Ir  *translate_sort(PlanContext *context, Sort *sort);
extern List *translate_sort_keys(int ncols, const AttrNumber *cols, const Oid *ops,
								 const Oid *collations,
								 const bool *nulls_first, const char **reason);
/* The keys of order, then those of before that it leaves out. */
extern List *translate_order_by_both(List *order, List *before);
extern Ir  *translate_limit(PlanContext *context, Limit *limit);
extern Ir  *translate_unique(PlanContext *context, Unique *unique);
/* Order of an input, as far as the output can keep it: adds columns for lost keys. */
extern void translate_keep_order(Ir *ir, const IrScope *scope, int input, List *tlist);

#endif							/* BARKS_PLANNER_TRANSLATE_H */
