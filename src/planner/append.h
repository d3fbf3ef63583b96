/*-------------------------------------------------------------------------
 * append.h
 *	  What UNION ALL and the other set operations have in common.
 *
 * An Ir over several inputs is made by inheriting from all of them, setting its
 * distribution, adding a branch for each and combining these; in this order.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_APPEND_H
#define BARKS_PLANNER_APPEND_H

#include "planner/ir.h"

/* Replace inputs that the driver makes, when others are on the nodes already. */
extern void append_send_driver_rows(PlanContext *context, List *inputs, List *children);
/* Keys survive when the rows of equal partitions of all inputs belong together. */
extern void append_set_distribution(Ir *ir, List *inputs, int ncolumns);
/* One SELECT: the input's visible columns, with the output's collations. */
extern bool append_add_branch(Ir *ir, Ir *input, List *tlist, const char **reason);
extern void append_make_operations(Ir *ir, List *tlist, SetOperation operation, bool all);

#endif							/* BARKS_PLANNER_APPEND_H */
