/*-------------------------------------------------------------------------
 * operations.h
 *	  Which operations of an RDD a stage computes, for the views of jobs.
 *
 * A lineage's query marks sub-selects with the operations that they end:
 *
 *	  SELECT * FROM (…) AS s WHERE barks.rdd_computes('{text_file, map}')
 *
 * From a mark to the marks within it there is one run of operations.  Where its rows
 * come from, a plan node is known by; which plan nodes a run takes is counted in
 * the query.  So a translation knows how far up the marks it has come.  That is for
 * people: a plan that has other nodes than its query lets on may get some wrong.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_OPERATIONS_H
#define BARKS_PLANNER_OPERATIONS_H

#include "planner/ir.h"

/* Is it such a sub-select? */
extern bool operations_marked(const Query *query);
/* Take the marks out of a query; a list of the runs, for PlanContext. */
extern List *operations_take(Query *query);

/* Of what is read where a plan node scans rows. */
extern void operations_note(const PlanContext *context, const Plan *plan, Ir *ir);
/* ir goes over the rows of input, too. */
extern void operations_inherit(Ir *ir, const Ir *input);
/* ir goes over rows that input's stage puts out. */
extern void operations_follow(Ir *ir, const Ir *input);
/* Those of the stage that ir becomes, as Strings. */
extern List *operations_of_stage(const Ir *ir);
/* Likewise those of the lineage that ir has not come to. */
extern List *operations_left(const Ir *ir);
/* The lineage's last one, or NULL. */
extern const char *operations_last(const Ir *ir);

#endif							/* BARKS_PLANNER_OPERATIONS_H */
