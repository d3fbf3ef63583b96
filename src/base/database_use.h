/*-------------------------------------------------------------------------
 * database_use.h
 *	  Commands that need a database for themselves.
 *
 * Background processes of barks stay connected to databases; they must leave
 * before such a command, which would otherwise wait for them and fail.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_DATABASE_USE_H
#define BARKS_BASE_DATABASE_USE_H

#include "nodes/nodes.h"

/* Is this DROP, RENAME, SET TABLESPACE or CREATE … TEMPLATE of an existing database? */
extern bool database_needed_alone(Node *statement, Oid *database);

#endif							/* BARKS_BASE_DATABASE_USE_H */
