/*-------------------------------------------------------------------------
 * exchange_scan.h
 *	  barks.exchange(N) in a task: a scan of another stage's output.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_WORKER_EXCHANGE_SCAN_H
#define BARKS_WORKER_EXCHANGE_SCAN_H

#include "nodes/pathnodes.h"

#include "job/protocol.h"

/* What a task's exchanges read.  Lives as long as the task. */
typedef struct ExchangeInputs
{
	uint64		driver;
	uint64		job;
	List	   *inputs;			/* of TaskInput */
	List	   *sources;		/* of StageSources */
	TaskDone   *done;			/* where fetched bytes are counted */
} ExchangeInputs;

/*
 * While set, barks.exchange() in a query being planned or started reads these.
 * Returns what was set before.
 */
extern const ExchangeInputs *exchange_set_inputs(const ExchangeInputs *inputs);

/* set_rel_pathlist hook */
extern void exchange_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);

extern bool exchange_in_task(void);

/*
 * How many values are said to be in a column, 0 for unknown; false when the entry
 * is not barks.exchange() in a task.
 */
extern bool exchange_distinct_values(RangeTblEntry *rte, AttrNumber attnum, int *distinct);

/* The keys of a stage that does not have to be read; raises protocol_violation if nobody said. */
extern StringInfo exchange_keys_of_stage(const ExchangeInputs *inputs, int stage);

/* Put sources of a stage in place of those said before. */
extern List *exchange_add_sources(List *list, StageSources *sources);

extern void exchange_scan_init(void);

#endif							/* BARKS_WORKER_EXCHANGE_SCAN_H */
