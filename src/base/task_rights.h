/*-------------------------------------------------------------------------
 * task_rights.h
 *	  What a role may do outside of the database, where its tasks run.
 *
 * A node knows the role that a task acts for by name only; memberships are the
 * driver's.  So the driver says with each job which of the predefined roles the
 * user belongs to, and whoever opens files or starts programs asks here.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_TASK_RIGHTS_H
#define BARKS_BASE_TASK_RIGHTS_H

#include "postgres.h"

/* what they are called among the settings of a job; no setting of a session */
#define TASK_RIGHTS_SETTING	"barks.task_rights"

typedef enum TaskRight
{
	RIGHT_READ_FILES = 1,		/* pg_read_server_files */
	RIGHT_WRITE_FILES = 2,		/* pg_write_server_files */
	RIGHT_RUN_PROGRAMS = 4		/* pg_execute_server_program */
} TaskRight;

/* Those of the current user, as a number in digits. */
extern char *task_rights_of_user(void);
/* Only this role has these now; InvalidOid: none has any. */
extern void task_rights_give(Oid role, int rights);
/* Raises an error when the current user does not have it, here or as the driver says. */
extern void task_rights_demand(TaskRight right);

#endif							/* BARKS_BASE_TASK_RIGHTS_H */
