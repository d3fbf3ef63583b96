/*-------------------------------------------------------------------------
 * plan.c
 *	  Stages as ExtensibleNodes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "job/plan.h"

void
job_plan_init(void)
{
}
