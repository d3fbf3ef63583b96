/*-------------------------------------------------------------------------
 * kept_functions.h
 *	  Copies of a driver's functions, on a node.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_KEPT_FUNCTIONS_H
#define BARKS_WORKER_KEPT_FUNCTIONS_H

#include "nodes/pg_list.h"

/*
 * Make what is missing: the schema, the functions and the role's right to call them.
 * definitions[i] is "FUNCTION" or "AGGREGATE" and then what follows the name, names[i], in
 * CREATE; each comes after what it calls.  The current user, a superuser, owns all.
 */
extern void kept_functions_make(const char *schema, const char *role, int n, char **names,
								char **definitions);
/* Drop all of the schema; how many there were. */
extern int64 kept_functions_drop(const char *schema);

#endif							/* BARKS_WORKER_KEPT_FUNCTIONS_H */
