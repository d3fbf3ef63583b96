/*-------------------------------------------------------------------------
 * shippable.h
 *	  May this expression be evaluated on a node, with the same result?
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_SHIPPABLE_H
#define BARKS_PLANNER_SHIPPABLE_H

#include "nodes/primnodes.h"

/* Where calls of barks.combine_state() stand that the planner makes: no query has any there. */
#define COMBINE_STATE_LOCATION	(-2)

/*
 * NULL when every part of the expression can run on a node, else the reason,
 * palloc'd.  Functions that only nodes would call are appended to *functions.
 */
extern const char *shippable_reason(Node *expr, List **functions);

/* Likewise of a function in FROM, which may return records. */
extern const char *shippable_function_in_from(Node *call, List **functions);

/* Reason, or NULL, for a column of this type and collation to travel. */
extern const char *shippable_column(Oid type, Oid collation);
extern bool shippable_operator(Oid opno);
extern bool shippable_collation(Oid collation);

/* What nodes can do for the statement that is being planned. */
typedef struct ShippableFacts
{
	List	   *collations;		/* oid list: collations of the user's that nodes have */
	bool		whole_rows;		/* rows of tables may be made there */
	bool		sees_new_functions; /* they get copies even of what the transaction made itself */
} ShippableFacts;

/* Returns what was set before; NULL: nothing beyond the ordinary. */
extern const ShippableFacts *shippable_set_facts(const ShippableFacts *facts);
/* Is it the row type of a table?  On nodes such rows are records. */
extern bool shippable_row_type(Oid type);

/* Is this a stable call that the driver evaluates into a constant? */
extern bool shippable_evaluated_on_driver(Node *expr);
/* Does the text form of a constant of this type mean the same on every node? */
extern bool shippable_constant_type(Oid type);
/* Are its values OIDs, whose text is looked up in the catalogs? */
extern bool shippable_names_an_object(Oid type);

/* Is it a built-in function that is volatile, but may run on any server? */
extern bool shippable_runs_anywhere(Oid funcid);
/* NULL, or why nodes must not call a built-in function, or one of an extension, in a function's body. */
extern const char *shippable_builtin_reason(Oid funcid);
extern const char *shippable_extension_reason(Oid funcid);
/*
 * Likewise of a node of a body's expressions, leaving aside what is below it and the
 * functions it calls, but not its operators.  Types that nodes must have are added.
 */
extern const char *shippable_node_reason(Node *node, bool in_from, List **types);

/* Does the function depend on default_text_search_config?  Do all nodes have what that is now? */
extern bool shippable_needs_search_config(Oid function);
extern bool shippable_search_config(void);

#endif							/* BARKS_PLANNER_SHIPPABLE_H */
