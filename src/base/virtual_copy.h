/*-------------------------------------------------------------------------
 * virtual_copy.h
 *	  COPY commands that barks answers itself: its own sub-protocols.
 *
 * "COPY barks.lane TO STDOUT (option 'value' …)" never reaches PostgreSQL's
 * COPY: the utility hook finds the name registered here and calls the
 * handler, which speaks CopyBoth or CopyIn with the client.  Names live in the
 * reserved schema name "barks"; no such relation exists.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_VIRTUAL_COPY_H
#define BARKS_BASE_VIRTUAL_COPY_H

#include "nodes/parsenodes.h"

typedef void (*VirtualCopyHandler) (CopyStmt *stmt);

extern void virtual_copy_register(const char *name, VirtualCopyHandler handler);
/* The handler for this statement, or NULL when it is an ordinary COPY. */
extern VirtualCopyHandler virtual_copy_handler(CopyStmt *stmt);
/* Option value by name, or NULL. */
extern const char *virtual_copy_option(CopyStmt *stmt, const char *name);
/* The same, ERROR 42601 when it is missing. */
extern const char *virtual_copy_required_option(CopyStmt *stmt, const char *name);

#endif							/* BARKS_BASE_VIRTUAL_COPY_H */
