/*-------------------------------------------------------------------------
 * job_plan.h
 *	  From the stages of a plan to what a job needs to run them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_JOB_PLAN_H
#define BARKS_DRIVER_JOB_PLAN_H

#include "driver/job.h"
#include "driver/tasks.h"

/* A stage and what was decided about it; parts of the job are in the same order. */
typedef struct PlannedStage
{
	const StagePlan *plan;
	char	   *body;			/* SQL without its header, with the gate open */
	char	   *rest;			/* and with it closed */
	char	   *local_body;		/* the same for this server, which has users' functions itself */
	char	   *local_rest;
	List	   *shapes;			/* of TaskShape; NIL: not known yet */
	int			npartitions;	/* of its output, unless that is kept */
	struct RangeSample *sample; /* this part only samples the keys of plan's range exchange */
} PlannedStage;

/* Everything of one (re)scan. */
typedef struct StagesJob
{
	JobPlan		plan;
	PlanState  *planstate;
	List	   *driver_rows;	/* of DriverRows, per stage */
	TaskContext *tasks;
	PlannedStage *stages;
	int		   *places;			/* per stage of the plan: which part */
	List	   *shipped;		/* of ShippedFunction: users' functions that are called */
} StagesJob;

/*
 * Parameters become constants now.  stages: of plan, to be run; driver_rows: per
 * stage, of DriverRows or NULL; schema: of what the last stage gives.  All in the
 * current context. */
extern StagesJob *job_plan_make(BarksPlan *plan, List *stages, PlanState *planstate,
								List *driver_rows, BatchSchema *schema);
/* With the insert in the place of the last one. */
extern List *job_plan_insert_stages(const BarksPlan *plan);
/* How the rows of a stage travel on, as views show it. */
extern const char *job_plan_exchange_name(const StagePlan *stage);

#endif							/* BARKS_DRIVER_JOB_PLAN_H */
