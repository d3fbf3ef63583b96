/*-------------------------------------------------------------------------
 * virtual_copy.c
 *	  COPY commands that barks answers itself.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "utils/memutils.h"

#include "base/virtual_copy.h"

typedef struct VirtualCopy
{
	const char *name;
	VirtualCopyHandler handler;
} VirtualCopy;

static List *virtual_copies = NIL;

void
virtual_copy_register(const char *name, VirtualCopyHandler handler)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	VirtualCopy *copy = palloc(sizeof(VirtualCopy));

	copy->name = name;
	copy->handler = handler;
	virtual_copies = lappend(virtual_copies, copy);
	MemoryContextSwitchTo(old);
}

VirtualCopyHandler
virtual_copy_handler(CopyStmt *stmt)
{
	ListCell   *lc;

	if (!stmt->relation || !stmt->relation->schemaname ||
		strcmp(stmt->relation->schemaname, "barks") != 0)
		return NULL;
	foreach(lc, virtual_copies)
	{
		VirtualCopy *copy = lfirst(lc);

		if (strcmp(copy->name, stmt->relation->relname) == 0)
			return copy->handler;
	}
	return NULL;
}

const char *
virtual_copy_option(CopyStmt *stmt, const char *name)
{
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return NULL;
}

const char *
virtual_copy_required_option(CopyStmt *stmt, const char *name)
{
	const char *value = virtual_copy_option(stmt, name);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("option \"%s\" of barks.%s is missing", name, stmt->relation->relname)));
	return value;
}
