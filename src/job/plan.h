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
 *
 * As the input of an INSERT it may have an insert: a stage that takes the place of
 * the last one, whose output the nodes store in the table by themselves.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_PLAN_H
#define BARKS_JOB_PLAN_H

#include "nodes/extensible.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/*
 * What a stage reads: a table or the output of another stage, as the CTE
 * barks_in_<index> of the stage's query.
 */
typedef struct LeafPlan
{
	ExtensibleNode node;
	int			index;			/* the N of barks_in_N, from 1 */
	int			stage;			/* whose output is read, 0: the table's */
	Oid			relid;			/* InvalidOid for a stage, and for parts */
	List	   *attnums;		/* int list: the columns c1, c2 … of the CTE; of a stage: its output's,
								 * LEAF_ROWS_BEFORE or LEAF_ROWS_ALL */
	List	   *types;			/* oid list, of columns that are no table's only */
	List	   *typmods;		/* int list */
	List	   *collations;		/* oid list */
	List	   *sample;			/* one String, the TABLESAMPLE clause; or NIL: all rows */
	bool		broadcast;		/* every task reads all of it, else a share of the partitions */
	bool		parts;			/* no rows but numbers: which part of how many.  Tasks share them out,
								 * and what they stand for is the query's own affair. */
	int			nparts;			/* 0: as many as there is work for at a time, several times */
	bool		in_turn;		/* of parts: tasks have neighbouring ones, and their rows are wanted in
								 * the order of parts, without a sort */
	int			group;			/* leaves of one group are read at equal partition numbers
								 * within a task (colocated joins); groups are independent */
} LeafPlan;

/* Columns of a leaf that reads a stage: how many of its rows come before those that the task reads, and how many there are. */
#define LEAF_ROWS_BEFORE	0
#define LEAF_ROWS_ALL		(-1)

/* How the rows of a stage travel to those who read them. */
typedef enum ExchangeKind
{
	EXCHANGE_GATHER,			/* to the driver: the last stage */
	EXCHANGE_HASH,				/* by hash of columns, as tables are distributed */
	EXCHANGE_RANGE,				/* by sort keys: all of partition i before all of i + 1 */
	EXCHANGE_ROUND_ROBIN,		/* evenly, no key */
	EXCHANGE_BROADCAST,			/* one partition, read whole by every reading task */
	EXCHANGE_SINGLE,			/* one partition, read by one task */
	EXCHANGE_KEEP,				/* stays where it was made: task i of a reader reads what task i
								 * wrote, on its node; nothing moves (to compute a subplan once) */
	EXCHANGE_KEYS				/* not at all: only which keys there are is told, for the filter of
								 * another stage */
} ExchangeKind;

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
	STAGE_SINGLE,				/* reads broadcast tables only: one task, on any node */
	STAGE_DRIVER				/* rows of a plan that the driver runs itself */
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

	/* how the rows travel on; stages that others read come before these in the list */
	ExchangeKind exchange;
	int			npartitions;	/* of the output, 0: chosen when the job starts, alike for all
								 * hash exchanges that are read together */
	List	   *hash_columns;	/* int list of output columns, in order, from 1; of kind keys: the key */
	Oid			align_relid;	/* hash: partition as this table, to meet its shards; or InvalidOid.
								 * Of an insert, whatever its exchange: the table to store in */
	bool		spread_nulls;	/* hash: a row with a NULL key may go anywhere */
	bool		keep_nulls;		/* hash: to its reader, one NULL key is equal to another: no filter drops
								 * them */
	bool		as_asked;		/* hash: the user wants a shuffle, however small the other side is */
	int			filter;			/* hash: a stage of kind keys, of which every row that is of use to
								 * the reader has a key; 0: none */
	List	   *range_keys;		/* range: of MergeKey; its bounds come from a sample of the keys that
								 * the query is asked for first, so it should be cheap: where it is
								 * not, let it read a stage of kind EXCHANGE_KEEP */
	bool		task_order;		/* gather: all rows of a task before those of the next; tasks are in
								 * the order of the parts that they have (LeafPlan.in_turn) */
	bool		indeterminate;	/* run twice, it may give other rows (volatile functions, LIMIT without
								 * a full order …), so a lost output means all of it again, and all
								 * that read it; reading an exchange does not count, that is known */
	bool		may_be_unneeded;	/* a subquery that PostgreSQL would run when it is asked: its error is
								 * raised where its output is read, if it is */
	Plan	   *driver_plan;	/* STAGE_DRIVER: gives the rows; there is no query then */
	List	   *distinct;		/* int list: how many values each output column has, as estimated; 0:
								 * nobody knows.  For the planner of the nodes that read it. */
	List	   *operations;		/* of String: those of an RDD that it computes, for people */
	double		rows;			/* estimate of the output */
	int			width;			/* estimate, bytes of a row */
} StagePlan;

typedef struct BarksPlan
{
	ExtensibleNode node;
	List	   *stages;			/* of StagePlan */
	StagePlan  *insert;			/* instead of the last stage; or NULL: rows are only given up */
	Plan	   *tail;
	List	   *functions;		/* oid list: EXECUTE is checked when the scan begins */
	List	   *statement_relids;	/* oid list: all distributed tables of the statement */
	List	   *action;			/* one String, the last operation of the RDD; or NIL */
	List	   *operations_left;	/* the planner's own: of String, not in any stage */
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

/*
 * barks.combine_state("any"), with which a stage's query marks an aggregate that
 * takes transition states; InvalidOid when the extension is not there.
 */
extern Oid	barks_combine_state_oid(void);
/* Likewise barks.rdd_parts(integer, boolean) or rdd_slices, whose calls in FROM become leaves of parts. */
extern Oid	barks_parts_oid(const char *name);
/* barks.rdd_computes(text[]), which names operations. */
extern Oid	barks_rdd_computes_oid(void);
/* barks.join_hint(text, "any", "any"), which says how a join is to be done. */
extern Oid	barks_join_hint_oid(void);
/* barks.acc_add_to(aggregate text, name text, anyelement), likewise: tasks may call it. */
extern Oid	barks_acc_add_to_oid(void);

/* Likewise barks.rdd_call_partition(regprocedure, …), which calls a user's function. */
extern Oid	barks_call_partition_oid(void);

extern void job_plan_init(void);	/* registers the node types */

#endif							/* BARKS_JOB_PLAN_H */
