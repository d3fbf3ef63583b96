/*-------------------------------------------------------------------------
 * shipped.h
 *	  Users' functions that nodes get by definition.
 *
 * A node keeps a copy in a schema of this driver's, under a name that holds a
 * hash of all that the copy is: another definition is another function, and a
 * copy never changes.  What it calls are such copies too, or built in, or members
 * of extensions that all nodes have.
 */
#ifndef BARKS_PLANNER_SHIPPED_H
#define BARKS_PLANNER_SHIPPED_H

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

typedef struct ShippedFunction
{
	Oid			function;
	List	   *argtypes;		/* oid list: of the call, when it is polymorphic; else NIL */
	List	   *path;			/* oid list: the search path by which its body is read, if it sets none */
	const char *reason;			/* why it stays on the driver; or NULL */
	char	   *name;			/* of the copy, within shipped_schema() */
	char	   *definition;		/* what follows the name in CREATE FUNCTION, or AGGREGATE */
	bool		aggregate;
	List	   *calls;			/* of ShippedFunction, without itself */
	List	   *types;			/* oid list: not built in, and needed by it or what it calls */
	TransactionId xmin;			/* of its row in pg_proc */
	bool		declared;		/* shippable, by its owner's label */
} ShippedFunction;

/* Is it a user's, so that nodes have it only if it is shipped? */
extern bool shipped_is_users(Oid function);

/*
 * What nodes would get for the call, a FuncExpr, Aggref or WindowFunc of such a function.
 * Valid until the next call of this.
 */
extern const ShippedFunction *shipped_function(const Node *call);
/* Of any other node: InvalidOid. */
extern Oid	shipped_called_function(const Node *node);
/*
 * What barks.rdd_call_partition(f, …) calls, as a call of f by nulls; NULL for any other
 * node.  Nodes get f for it even if it is declared volatile, as taking rows from a cursor is.
 */
extern Node *shipped_partition_function(const Node *node);
/* Is it the copy for this call? */
extern bool shipped_is_call_of(const ShippedFunction *function, const Node *call);
/* Was it, or what it calls, made or changed by the transaction that goes on? */
extern bool shipped_is_new(const ShippedFunction *function);

/* Schema on the nodes; needs no quotes. */
extern char *shipped_schema(void);

/*
 * Printing calls: ruleutils can only print the name that a function has here.  So
 * it is given a marker as the first argument, and then in the text marker and name
 * make room for the copy's name.
 */
/* A copy of the query; *called gets the ShippedFunctions of all markers. */
typedef const ShippedFunction *(*ShippedLookup) (const Node *call, void *arg);
extern Node *shipped_mark(Node *query, ShippedLookup lookup, void *arg, List **called);
/* own_name: for a ShippedFunction that has no name yet. */
extern char *shipped_name_calls(const char *sql, List *called, const char *own_name);

/* A copy, in which calls of users' functions have all arguments, in order: copies have no defaults. */
extern Node *shipped_expand_defaults(Node *node);
/* The queries of a program of barks.rdd_combine, likewise; some may be NULL. */
extern List *shipped_program(const Const *program);

extern void shipped_init(void); /* GUC, callbacks */

extern bool shipped_enabled;	/* barks.ship_functions */

#endif							/* BARKS_PLANNER_SHIPPED_H */
