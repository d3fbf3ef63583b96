/*-------------------------------------------------------------------------
 * kept_functions.h
 *	  Copies of a driver's functions, on a node.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_KEPT_FUNCTIONS_H
#define BARKS_WORKER_KEPT_FUNCTIONS_H

#include "nodes/pg_list.h"

/*
 * Make what is missing: the schema, the functions (definitions[i] is what follows the
 * name names[i] in CREATE FUNCTION, in an order in which they can be made) and the role's
 * right to call them.  The current user, a superuser, owns all of it.
 */
extern void kept_functions_make(const char *schema, const char *role, int n, char **names,
								char **definitions);
/* Drop all of the schema; how many there were. */
extern int64 kept_functions_drop(const char *schema);

#endif							/* BARKS_WORKER_KEPT_FUNCTIONS_H */
