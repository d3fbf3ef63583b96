/*-------------------------------------------------------------------------
 * planner.h
 *	  From PostgreSQL's plan to stages.
 *
 * planner_plan runs PostgreSQL's planner, translates maximal distributable
 * subtrees into CustomScans "Barks" (job/plan.h) and leaves the rest as it is.
 * It opens no socket and reads no distributed row.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_PLANNER_H
#define BARKS_PLANNER_PLANNER_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"

#include "job/join_hint.h"
#include "job/plan.h"

/* The driver's CustomScan methods, set by driver/ at load. */
extern PGDLLIMPORT const CustomScanMethods *barks_scan_methods;

/* here plans what reads no distributed table, next what does. */
extern PlannedStmt *planner_plan(Query *parse, const char *query_string,
								 int cursor_options, ParamListInfo params,
								 planner_hook_type here, planner_hook_type next);

/*
 * At execution: the stage's query as SQL without its WITH header, after every
 * Param and every stable expression without columns was evaluated in econtext
 * and became a constant.  The gate stays as the text of the boolean literal
 * passed, so call it once per gate value (once when !stage->needs_gate).
 * planstate: the CustomScan's, for InitPlan parameters and expression contexts;
 * NULL leaves all that has no value yet as it is (for EXPLAIN).
 */
extern char *planner_stage_sql(const StagePlan *stage, PlanState *planstate, bool gate,
							   List *shipped);

/*
 * Users' functions that the stages call, of which nodes other than this server need
 * copies: list of ShippedFunction, for planner_stage_sql, whose text calls the copies by
 * their names.  NIL: none, or for this server.  ERROR when one cannot be shipped any more.
 */
extern List *planner_shipped(List *stages);
/* A query as SQL that means the same under any settings, with search_path = pg_catalog. */
extern char *planner_print_query(Query *query);

/*
 * Both texts must be parsed with search_path = pg_catalog and
 * standard_conforming_strings = on; other settings do not matter.
 *
 * The WITH header "WITH barks_in_1(c1, …) AS NOT MATERIALIZED (…), …" for one
 * task: shards[i] are the qualified shard names leaf i reads in this task, a
 * List of char *; NIL gives an empty input, and shards = NULL makes all empty.
 * A leaf that stands for a stage reads barks.exchange(N), N being its index.
 */
extern char *planner_stage_header(const StagePlan *stage, List **shards, List *inputs);

/*
 * Partitions of leaf's table that can hold matching rows, given the stage's
 * parameters as constants now; NULL: all.  0-based.
 */
extern Bitmapset *planner_prune(const StagePlan *stage, const LeafPlan *leaf,
								PlanState *planstate);

/*
 * Leaves, by index, without rows of which a task of the stage has none to give,
 * but for a plain aggregate's, of which one task's is enough.
 */
extern Bitmapset *planner_needed_leaves(const StagePlan *stage);
/* Leaves whose rows may be dealt to several tasks that read all the rest alike. */
extern Bitmapset *planner_divisible_leaves(const StagePlan *stage);

/* Rows of one leaf whose key is not among those of the other are of no use to the stage. */
typedef struct FilterPair
{
	const LeafPlan *filtered;
	const LeafPlan *by;
} FilterPair;

/* All pairs of leaves of which that is certain: both are shares of stages' outputs. */
extern List *planner_filter_pairs(const StagePlan *stage);
/* In how many places the stage's query reads a leaf. */
extern int	planner_leaf_references(const StagePlan *stage, int leaf);
/* Leaves whose rows of one key come to something in the query's rows of that key only. */
extern Bitmapset *planner_reached_leaves(const Query *query);

/* Make scans of distributed tables put out only the columns that are used. */
extern void planner_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti,
									 RangeTblEntry *rte);

extern void planner_init(void);	/* GUCs */

/* Settings, shared with the driver. */
extern bool planner_enabled;			/* barks.enabled */
extern bool planner_partial_aggregates; /* barks.partial_aggregates */
extern bool planner_exchanges;			/* barks.exchanges */
extern bool planner_whole_plan; /* barks.plan_distributions */
extern int	planner_driver_groups;	/* barks.driver_groups */
extern int	planner_range_rows; /* barks.range_rows */
extern int	planner_insert_rows;	/* barks.insert_rows */
extern int	planner_broadcast_threshold;	/* barks.broadcast_threshold, kB */
extern int	planner_join_strategy;	/* barks.join_strategy, a JoinStrategy */
typedef enum RuntimeFilters
{
	RUNTIME_FILTERS_OFF, RUNTIME_FILTERS_ON, RUNTIME_FILTERS_ALWAYS
} RuntimeFilters;
extern int	planner_runtime_filters;	/* barks.runtime_filters */

#endif							/* BARKS_PLANNER_PLANNER_H */
