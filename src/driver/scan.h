/*-------------------------------------------------------------------------
 * scan.h
 *	  The driver's CustomScan "Barks".
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_SCAN_H
#define BARKS_DRIVER_SCAN_H

#include "nodes/execnodes.h"

#include "driver/gather.h"
#include "driver/job_plan.h"
#include "job/plan.h"

typedef struct BarksScanState
{
	CustomScanState css;
	BarksPlan  *plan;
	/* with a tail: the plan that this node runs itself */
	PlanState  *tail;
	/* without: the stages' run-time side */
	List	   *relations;		/* open while the scan is */
	BatchSchema *schema;
	MemoryContext job_context;	/* SQL and task plans of one (re)scan */
	List	   *driver_rows;	/* of DriverRows or NULL, per stage */
	StagesJob  *job;			/* of the last (re)scan */
	RowGather  *gather;
	bool		inserted;		/* nodes stored the rows: there are none to give */
	bool		insert_failed;	/* they could not: the driver gathers */
	struct StageFigures *figures;	/* per part of the job, for EXPLAIN ANALYZE; see explain.c */
	List	   *excluded;		/* of String: nodes that its tasks avoided */
	int64		loops;
	int64		rows;			/* given upwards */
} BarksScanState;

extern void scan_init(void);	/* registers the methods */

/* EXPLAIN of a Barks scan (explain.c). */
extern void explain_scan(CustomScanState *node, List *ancestors, ExplainState *es);
/* Keep the figures of a gather that is about to end. */
extern void explain_collect(BarksScanState *state);
/* The same of another job of the scan, the one whose plan is state->job. */
extern void explain_collect_job(BarksScanState *state, const JobStats *now);

#endif							/* BARKS_DRIVER_SCAN_H */
