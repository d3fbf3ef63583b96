/*-------------------------------------------------------------------------
 * ir.h
 *	  The planner's small intermediate form: a plan subtree as one SELECT.
 *
 * An Ir stands for a plan node and everything below it.  Its query computes,
 * on the nodes, the columns that the plan node puts out, at the same
 * positions; further columns may follow that only an ordered gather needs.
 * What nodes cannot evaluate stays in driver_tlist and driver_qual, which the
 * CustomScan evaluates over the gathered rows.
 *
 * Column names of each level differ from those of the levels below (see
 * ir_column_name), because SQL prefers output names to input names in ORDER BY
 * and the reverse in GROUP BY.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_IR_H
#define BARKS_PLANNER_IR_H

#include "nodes/plannodes.h"

#include "job/plan.h"

typedef enum IrDistribution
{
	IR_PARTITIONED,				/* each task has a share of the rows */
	IR_BROADCAST,				/* every task has all rows, the same ones */
	IR_SINGLE,					/* one task has all rows; another might compute others */
	IR_DRIVER					/* the driver makes the rows: see driver_input.h */
} IrDistribution;

/* One column of an order that the rows of each task can be given. */
typedef struct IrSortKey
{
	int			column;			/* of the Ir, from 1 */
	Oid			sortop;
	Oid			collation;
	bool		nulls_first;
} IrSortKey;

typedef struct Ir
{
	IrDistribution distribution;
	Query	   *query;			/* NULL when tail is set */
	int			height;			/* over the leaves; numbers column names */
	List	   *display;		/* per column: the expression over base tables, for EXPLAIN */
	List	   *leaves;			/* of LeafPlan */
	List	   *subplans;		/* translate_subplan.c's own: sub-selects it may use */
	List	   *stages;			/* of StagePlan: what the leaves read, inputs before readers */
	Oid			anchor;			/* table whose partitions the rows follow, or InvalidOid */
	bool		hashed;			/* the rows follow the job's own hash partitions instead */
	int			parts;			/* or numbers of parts, of so many (LeafPlan.parts) */
	int			group;			/* the group of leaves that are partitioned so */
	List	   *key_types;		/* oid list: types by whose hash the rows were placed */
	List	   *keys;			/* per key, in order: Bitmapset of columns equal to it */
	bool		nulls_spread;	/* rows with a NULL key may be anywhere */
	List	   *order;			/* of IrSortKey: promised by the plan, not yet in the query */
	Bitmapset  *relids;			/* range-table indexes, for EXPLAIN */
	List	   *init_plans;		/* of nodes that are no more */
	List	   *prune;			/* see prune.h */
	List	   *functions;		/* oids of functions called on the nodes */
	bool		ordered;		/* order is in the query */
	bool		needs_gate;
	bool		indeterminate;	/* computed again, its rows may be others */
	bool		partial_aggregate;
	int64		limit;			/* rows wanted of the gather, or -1 */
	int			rows_all;		/* column that says how many rows there are in all tasks, or 0 */
	double		rows;			/* as PostgreSQL's planner estimates them */
	int			width;
	bool		has_driver_tlist;
	List	   *driver_tlist;	/* INDEX_VARs name columns */
	List	   *driver_qual;
	Plan	   *tail;			/* driver's own last stage, over a CustomScan */
	Plan	   *driver_plan;	/* IR_DRIVER: gives the rows */
	/* operations.c's own */
	List	   *operations;		/* runs that are computed in this stage */
	const struct OperationRun *run; /* that it is within, or NULL */
	const struct OperationRun *lineage; /* the outermost one, or NULL */
	int			run_nodes[6];	/* of the run, that were met */
} Ir;

/* What a range-table entry of a query under construction, or of the plan, means. */
typedef struct IrInput
{
	int			varno;			/* as the plan's expressions call it */
	Index		rtindex;		/* as the query calls it */
	Index		levels_up;
	Ir		   *ir;				/* NULL: a leaf */
	LeafPlan   *leaf;
	bool		as_null;		/* columns read as NULL (inner side of an anti join) */
} IrInput;

/* Expressions are resolved against at most two inputs. */
typedef struct IrScope
{
	int			ninputs;
	IrInput		inputs[2];
} IrScope;

/* State of the translation of one statement. */
typedef struct PlanContext
{
	PlannedStmt *stmt;
	bool		fence;			/* rows are hidden from functions: see architecture.md */
	Bitmapset  *bound;			/* params that are outer rows' here: see translate_subplan.c */
	bool		wants_nodes;	/* for inputs: what stands above could go on with rows on the nodes */
	bool		above_wants_nodes;	/* the same for the node under translation itself */
	WindowAgg  *window_below;	/* what windows above this one partition by: */
	Bitmapset  *window_columns; /* columns of its output; see translate_window.c */
	bool		window_counted; /* the window above wants to know how many rows there are */
	int			next_plan_node_id;
	int			next_leaf;
	int			next_group;
	int			next_stage;		/* numbered anew in the end */
	int			scans;			/* distributed tables met so far */
	List	   *relids;			/* distributed tables of the statement */
	List	   *shared;			/* shared_plan.c's own */
	List	   *work_tables;	/* translate_recursive.c's own */
	List	   *init_plans;		/* of SubPlan: all of the statement */
	List	   *join_hints;		/* join_hints.c's own */
	List	   *operation_runs; /* operations.c's own */
	bool		whole_rows;		/* rows of tables may be made on nodes */
	bool		row_met_exchange;	/* nodes would have to know a table's row type */
	bool		keep_shared;	/* CTEs and InitPlans are the driver's */
	bool		rows_in_order;	/* of an INSERT: the user asked for an order */
	Bitmapset  *prune_params;	/* InitPlans' that decide about partitions, which the driver needs */
	List	   *barks_plans;	/* of BarksPlan: all that were made */
	int			nodes;			/* distribution.c: that have the statement's tables */
	int			slots;			/* on these nodes */
	struct DistributionChoice *choices; /* by plan_node_id */
	int			nchoices;
} PlanContext;

/* ir.c */
extern Ir  *ir_make(void);
extern Query *ir_new_query(void);
extern Index ir_add_input(Query *query, Ir *input);
extern Index ir_add_leaf_input(Query *query, LeafPlan *leaf);
extern int	ir_add_column(Ir *ir, Expr *expr, Expr *display);
extern void ir_inherit(Ir *ir, const Ir *input);
extern Ir  *ir_over(Ir *input, IrScope *scope);
/* Likewise, and it has all columns of the input, and its keys and order. */
extern Ir  *ir_pass_all(Ir *input, IrScope *scope);
extern Ir  *ir_select_all(Ir *input);
extern void ir_fence(PlanContext *context, Ir *ir);
extern void ir_apply_order(Ir *ir);
extern void ir_wrap(Ir *ir);
extern bool ir_on_nodes(const Ir *ir);
extern void ir_follow(Ir *ir, const Ir *input);
extern void ir_ensure_column(Ir *ir);
extern Alias *ir_column_names(const Ir *ir);
extern char *ir_column_name(const Ir *ir, int column);

/* expr.c: expressions of the plan into those of a query */
extern Expr *expr_for_query(Node *expr, const IrScope *scope, Ir *ir, const char **reason);
/* Likewise of a function in FROM. */
extern Expr *expr_for_from(Node *call, const IrScope *scope, Ir *ir, const char **reason);
extern Expr *expr_for_display(Node *expr, const IrScope *scope);
extern int	expr_plain_column(Node *expr, int varno);
extern bool ir_select(Ir *ir, const IrScope *scope, List *tlist, List *quals,
					  bool aggregates, bool fence, const char **reason);

/* collate.c */
extern Node *collate_fix(Node *expr, Oid wanted, const char **reason);

/* traits.c */
extern List *traits_map_keys(List *keys, List *tlist, int varno);
extern List *traits_union_keys(List *a, List *b);
/* Keys of a full join: outputs that are the key of whichever side has the row. */
extern List *traits_either_keys(List *tlist, const Ir *outer, const Ir *inner);
extern bool traits_tables_colocated(Oid a, Oid b);
extern bool traits_aligned(const Ir *a, const Ir *b);
extern bool traits_hash_equality(Oid opno, Oid left_type, Oid collation);
extern bool traits_types_hash_alike(List *a, List *b);
extern void traits_merge_groups(List *leaves, int from, int to);
/* equalities: of KeyEquality (key_equality.h) */
extern bool traits_join_colocated(const Ir *outer, const Ir *inner, List *equalities);
extern int	traits_tasks(const Ir *ir);
extern bool traits_groups_complete(const Ir *input, int ncols, const AttrNumber *cols);

/* stage_sql.c: rows that LIMIT and OFFSET let a task stop after, -1: all */
extern int64 planner_limit_bound(const Const *count, const Const *offset);

/*
 * exchange.c: rows that move.  Each returns an Ir that reads what a stage made
 * of the given one delivers: the same columns at the same positions, the same
 * promised order.  columns, of a hash exchange: int list, the keys in order.
 */
extern Ir  *ir_exchange(PlanContext *context, Ir *ir, ExchangeKind kind, List *columns);
/* Rows that are equal in these columns meet in one task, by whatever exchange that takes. */
extern Ir  *ir_exchange_by(PlanContext *context, Ir *ir, const Bitmapset *columns);
/* A hash exchange that puts the rows where table's partitions with equal keys are. */
extern Ir  *ir_exchange_aligned(PlanContext *context, Ir *ir, List *columns, Oid table);
/* The exchange that ir was just made by may put rows with a NULL key anywhere. */
extern void ir_exchange_spread_nulls(Ir *ir);
/* Give a reader a further column, bigint: LEAF_ROWS_BEFORE or LEAF_ROWS_ALL.  Returns the column. */
extern int	ir_exchange_add_rows(Ir *reader, int kind);
/* PostgreSQL would run what ir reads when it is asked for, so it must not fail before. */
extern void ir_exchange_may_be_unneeded(Ir *ir);
/* Another reader of the stage that reader reads. */
extern Ir  *ir_exchange_read_again(PlanContext *context, const Ir *reader);
/* Why rows cannot be partitioned by such a column, or NULL. */
extern const char *exchange_key_reason(Oid type, Oid collation);
/* Do the values of a column that shows this spread rows evenly over so many tasks? */
extern bool exchange_key_spreads(const PlanContext *context, const Node *display, double tasks);
/* The stage that a leaf of ir reads, NULL: a table. */
extern StagePlan *exchange_stage_of(const Ir *ir, const LeafPlan *leaf);
extern StagePlan *exchange_make_stage(Ir *ir);
/* The order promised, as a List of MergeKey. */
extern List *exchange_order_keys(const Ir *ir);
/* The i-th column of a leaf, from 0. */
extern void exchange_leaf_column(const LeafPlan *leaf, int i, Oid *type, int32 *typmod,
								 Oid *collation);

/* seal.c */
extern Plan *ir_seal(PlanContext *context, Ir *ir, Plan *plan);
/* ir, or, where that is better than a merge, one whose tail sorts. */
extern Ir  *ir_sort_on_driver(PlanContext *context, Ir *ir, Plan *plan);
extern Plan *ir_make_sort(PlanContext *context, Plan *below, List *keys);
extern Plan *ir_make_material(PlanContext *context, Plan *below);
extern Plan *ir_seal_as(PlanContext *context, Ir *ir, Plan *plan, List *tlist);
extern void ir_number_stages(BarksPlan *barks);
/* Does it read parts in turn (LeafPlan.in_turn)?  Then its rows must not move. */
extern bool ir_in_turn(const Ir *ir);

#endif							/* BARKS_PLANNER_IR_H */
