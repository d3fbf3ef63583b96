/*-------------------------------------------------------------------------
 * database_use.c
 *	  Commands that need a database for themselves.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "nodes/parsenodes.h"

#include "base/database_use.h"

static const char *option_value(List *options, const char *name);

bool
database_needed_alone(Node *statement, Oid *database)
{
	const char *name = NULL;

	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			name = ((DropdbStmt *) statement)->dbname;
			break;
		case T_CreatedbStmt:
			name = option_value(((CreatedbStmt *) statement)->options, "template");
			break;
		case T_AlterDatabaseStmt:
			if (option_value(((AlterDatabaseStmt *) statement)->options, "tablespace"))
				name = ((AlterDatabaseStmt *) statement)->dbname;
			break;
		case T_RenameStmt:
			if (((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
				name = ((RenameStmt *) statement)->subname;
			break;
		default:
			break;
	}
	if (name == NULL)
		return false;
	*database = get_database_oid(name, true);
	return OidIsValid(*database);
}

static const char *
option_value(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, name) == 0 && option->arg)
			return defGetString(option);
	}
	return NULL;
}
