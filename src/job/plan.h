/*-------------------------------------------------------------------------
 * plan.h
 *	  What the planner hands to the driver: stages as copyable nodes.
 *
 * These are ExtensibleNodes, so they live in a CustomScan's custom_private
 * and survive copyObject, outfuncs and readfuncs (prepared plans, EXPLAIN,
 * debug output).  They hold no run-time state.
 *
 * One CustomScan "Barks" stands for one maximal distributable subtree:
 *
 *	  BarksPlan
 *		stages: StagePlan…   run on nodes; the last one's rows are gathered
 *		tail:   Plan or NULL the driver's own last stage (final aggregate, sort,
 *		                     limit …): ordinary plan nodes over an inner
 *		                     CustomScan "Barks" that has the stages
 *
 * With a tail the outer BarksPlan has no stages of its own.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_PLAN_H
#define BARKS_JOB_PLAN_H

#include "nodes/extensible.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/* A table read by a stage: the CTE barks_in_<index> of the stage's query. */
typedef struct LeafPlan
{
	ExtensibleNode node;
	int			index;			/* the N of barks_in_N, from 1 */
	Oid			relid;
	List	   *attnums;		/* int list: the columns c1, c2 … of the CTE */
	bool		broadcast;		/* every task reads all of it, else a share of the partitions */
	int			group;			/* leaves of one group are read at equal partition numbers
								 * within a task (colocated joins); groups are independent */
} LeafPlan;

/* Order the gather must keep: a k-way merge on these output columns. */
typedef struct MergeKey
{
	ExtensibleNode node;
	int			resno;			/* output column, from 1 */
	Oid			sortop;
	Oid			collation;
	bool		nulls_first;
} MergeKey;

typedef enum StageDistribution
{
	STAGE_PARTITIONED,			/* one task a partition, or a group of them */
	STAGE_SINGLE				/* reads broadcast tables only: one task, on any node */
} StageDistribution;

typedef struct StagePlan
{
	ExtensibleNode node;
	int			id;				/* from 1 */
	StageDistribution distribution;
	Query	   *query;			/* leaves are RTE_CTE barks_in_N; may hold Params */
	List	   *leaves;			/* of LeafPlan */
	List	   *merge_keys;		/* of MergeKey; NIL: rows in any order */
	bool		partial_aggregate;
	bool		needs_gate;		/* query has Param BARKS_GATE_PARAM (bool): true in one task only */
	int64		limit;			/* rows wanted of the gather, -1: all (early stop) */
	List	   *prune;			/* of expressions for partition pruning; see planner/prune.h */
} StagePlan;

typedef struct BarksPlan
{
	ExtensibleNode node;
	List	   *stages;			/* of StagePlan */
	Plan	   *tail;
	List	   *functions;		/* oid list: EXECUTE is checked when the scan begins */
	List	   *statement_relids;	/* oid list: all distributed tables of the statement */
} BarksPlan;

/* paramid of the gate: PARAM_EXEC numbers are never negative elsewhere */
#define BARKS_GATE_PARAM	(-7)

/* Every node carries its registered name: barks.LeafPlan and so on. */
#define BARKS_NODE_NAME(T)	"barks." CppAsString(T)
#define makeBarksNode(T)	((T *) make_barks_node(sizeof(T), BARKS_NODE_NAME(T)))

extern ExtensibleNode *make_barks_node(Size size, const char *name);
extern LeafPlan *make_leaf_plan(void);
extern MergeKey *make_merge_key(void);
extern StagePlan *make_stage_plan(void);
extern BarksPlan *make_barks_plan(void);

/* The plan inside a CustomScan made by barks. */
extern BarksPlan *barks_plan_of(CustomScan *scan);

extern void job_plan_init(void);	/* registers the node types */

#endif							/* BARKS_JOB_PLAN_H */
