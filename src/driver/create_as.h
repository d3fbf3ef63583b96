/*-------------------------------------------------------------------------
 * create_as.h
 *	  CREATE TABLE AS and SELECT INTO whose rows the nodes store by themselves.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_CREATE_AS_H
#define BARKS_DRIVER_CREATE_AS_H

#include "tcop/utility.h"

/*
 * Carry out the command with the help of create, which runs it WITH NO DATA, if it
 * makes a distributed table of a query that nodes run.  False: it is none of these.
 */
extern bool create_as_run(PlannedStmt *pstmt, const char *query_string,
						  ProcessUtilityContext context, ParamListInfo params,
						  QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc,
						  ProcessUtility_hook_type create);

#endif							/* BARKS_DRIVER_CREATE_AS_H */
