/*-------------------------------------------------------------------------
 * shippable.h
 *	  May this expression be evaluated on a node, with the same result?
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_SHIPPABLE_H
#define BARKS_PLANNER_SHIPPABLE_H

#include "nodes/primnodes.h"

/*
 * NULL when every part of the expression can run on a node, else the reason,
 * palloc'd.  Functions that only nodes would call are appended to *functions.
 */
extern const char *shippable_reason(Node *expr, List **functions);

/* Reason, or NULL, for a column of this type and collation to travel. */
extern const char *shippable_column(Oid type, Oid collation);
extern bool shippable_operator(Oid opno);
extern bool shippable_collation(Oid collation);

/* Is this a stable call that the driver evaluates into a constant? */
extern bool shippable_evaluated_on_driver(Node *expr);
/* Does the text form of a constant of this type mean the same on every node? */
extern bool shippable_constant_type(Oid type);

/* Does the function depend on default_text_search_config?  Do all nodes have what that is now? */
extern bool shippable_needs_search_config(Oid function);
extern bool shippable_search_config(void);

#endif							/* BARKS_PLANNER_SHIPPABLE_H */
