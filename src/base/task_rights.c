/*-------------------------------------------------------------------------
 * task_rights.c
 *	  What a role may do outside of the database, where its tasks run.
 *
 * They are those of the task that runs right now, and are given with the role
 * that they are for, so that a function with SECURITY DEFINER, called in the
 * task, does not have the rights of its caller.  No SQL can change them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "base/task_rights.h"

static Oid	given_to;			/* InvalidOid: nobody */
static int	given;				/* of TaskRight */

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
task_rights_give(Oid role, int rights)
{
	given_to = role;
	given = rights;
}

void
task_rights_demand(TaskRight right)
{
	if (given_to == GetUserId() && (given & right))
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
