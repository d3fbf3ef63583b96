/*-------------------------------------------------------------------------
 * extensions.h
 *	  Which extensions the nodes have.
 *
 * An expression that calls members of an extension may only be evaluated on
 * nodes that have the same version of it, in the schema of the same name.
 * Every heartbeat tells; a node not heard of yet has none.
 */
#ifndef BARKS_CLUSTER_EXTENSIONS_H
#define BARKS_CLUSTER_EXTENSIONS_H

#include "catalog/pg_extension.h"

#include "cluster/connection.h"

/* SQL expression for what a node has; extensions_learn takes its value. */
extern const char *extensions_sql(void);
/* True: something changed. */
extern bool extensions_learn(Oid node, const char *answer);
/* Have all backends plan anew, because nodes have other extensions.  Outside of a transaction. */
extern void extensions_invalidate_plans(void);
/* A node that lacks the extension as we have it, or InvalidOid; *what is its name and version. */
extern Oid	extensions_lacking_node(Oid extension, char **what);
/* The fixed part of its row of pg_extension, and its version unless NULL, palloc'd; false: not there. */
extern bool extensions_row(Oid extension, FormData_pg_extension *row, char **version);

#endif							/* BARKS_CLUSTER_EXTENSIONS_H */
