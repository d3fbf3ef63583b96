/*-------------------------------------------------------------------------
 * task_rights.c
 *	  What a role may do outside of the database, where its tasks run.
 *
 * The value in force names the role that it is for, so that a function with
 * SECURITY DEFINER, called in the task, does not have the rights of its caller.
 * As a setting it ends with the (sub)transaction, whatever happens to the task.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"

#include "base/task_rights.h"

static char *task_rights;		/* "role rights", or "" */

static const struct
{
	TaskRight	right;
	Oid			role;
	const char *name;
	const char *what;
}			rights[] = {
	{RIGHT_READ_FILES, ROLE_PG_READ_SERVER_FILES, "pg_read_server_files", "read files of servers"},
	{RIGHT_WRITE_FILES, ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files", "write files on servers"},
	{RIGHT_RUN_PROGRAMS, ROLE_PG_EXECUTE_SERVER_PROGRAM, "pg_execute_server_program", "run programs on servers"},
};

void
task_rights_init(void)
{
	DefineCustomStringVariable(TASK_RIGHTS_SETTING,
							   "What the role of a task may do outside of the database.",
							   NULL,
							   &task_rights, "", PGC_INTERNAL,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
}

char *
task_rights_of_user(void)
{
	int			result = 0;

	for (int i = 0; i < lengthof(rights); i++)
	{
		if (has_privs_of_role(GetUserId(), rights[i].role))
			result |= rights[i].right;
	}
	return psprintf("%d", result);
}

void
task_rights_apply(const char *value)
{
	char	   *text = psprintf("%u %s", GetUserId(), value);

	if (strcmp(text, task_rights) == 0)
		return;
	(void) set_config_option(TASK_RIGHTS_SETTING, text, PGC_INTERNAL, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, ERROR, false);
}

void
task_rights_demand(TaskRight right)
{
	unsigned	role;
	int			given;

	if (sscanf(task_rights, "%u %d", &role, &given) == 2 && role == GetUserId() && (given & right))
		return;
	for (int i = 0; i < lengthof(rights); i++)
	{
		if (rights[i].right == right && !has_privs_of_role(GetUserId(), rights[i].role))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to %s", rights[i].what),
					 errdetail("Only roles with privileges of the role %s may do so.", rights[i].name)));
	}
}
