/*-------------------------------------------------------------------------
 * utility.h
 *	  Before and after a utility command.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_UTILITY_H
#define BARKS_TABLE_UTILITY_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/* Refuse what cannot work; prepare the shells the command is about.  NIL or a list for _end. */
extern List *utility_begin(PlannedStmt *pstmt, bool read_only_tree, Node **replaced);
/* The command is done: hide indexes again, tell the nodes of changed types. */
extern void utility_end(Node *stmt, List *shown);

/* The window of a DDL command made by C code. */
extern void utility_show_indexes(Oid relid);
extern void utility_hide_indexes(Oid relid);

#endif							/* BARKS_TABLE_UTILITY_H */
