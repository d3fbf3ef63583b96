/*-------------------------------------------------------------------------
 * query.h
 *	  From a lineage to a query.
 *
 * Every operation knows two things: what its elements look like, and the SELECT
 * that gives them from those of its inputs.  The columns of an element are named
 * as rdd_shape_columns() says; columns "#1", "#2", … after them, if asked for, tell
 * the order of the elements, and "#p", if asked for, the partition, from 0.
 * Partitions are a matter of these numbers alone: where rows are computed is the
 * engine's business.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_QUERY_H
#define BARKS_RDD_QUERY_H

#include "access/stratnum.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"

#include "rdd/lambda.h"
#include "rdd/rdd.h"

/* What columns "#1", "#2", … tell of elements. */
typedef enum OrderKind
{
	ORDER_LOOSE,				/* different elements may be alike in them */
	ORDER_FINE,					/* only equal ones may */
	ORDER_UNIQUE				/* none may */
} OrderKind;

/* A query in the making. */
typedef struct RddQuery
{
	const Rdd  *rdd;
	LambdaSet	lambdas;
	bool		in_order;		/* elements are asked for in their order */
	bool		by_partition;	/* … with their partitions, of the step being compiled */
	bool		named;			/* it says which operations there are, */
	const char *purpose;		/* and what wants the elements, if that is no operation */
	bool		plain_names;	/* columns of rows are called as their fields */
	bool		keep_order;		/* the columns that tell it are part of the result */
	bool		is_part;		/* of a query of the user's, as a sub-select */
	bool		in_turn;		/* parts of the one source come in their order, so elements need no sort */
	int		   *uses;			/* of each step by others */
	int		   *needs;			/* RDD_ORDER and RDD_PARTITION, of each step by others */
	int		   *order;			/* of each step compiled, columns "#n" */
	OrderKind  *order_kind;		/* likewise */
	bool	   *partitioned;	/* likewise, has column "#p" */
	bool	   *shared;			/* compiled as a WITH query */
	double	   *growth;			/* of each step compiled: copies of an expression */
	List	  **names;			/* names.c's own: of operations, since the last mark */
	bool	   *marked;
	int			nesting;		/* of sub-selects around the step */
	int			uses_here;		/* by the step's lambdas of a column, the most */
	bool		apart;			/* the step is not to be planned together with those around it */
	StringInfoData with;		/* WITH queries so far */
} RddQuery;

/* The number of a step's partitions where check() found that there are none. */
#define NO_PARTITIONS	(-1)

/* What an operation needs of its inputs. */
#define RDD_SAME		0		/* what is needed of its own elements */
#define RDD_NOTHING		1		/* neither order nor partitions */
#define RDD_ORDER		2		/* where they have one */
#define RDD_PARTITION	4
#define RDD_FINE_ORDER	(RDD_ORDER | 32)	/* always the same one, if need be of our own making */
#define RDD_IF_ASKED	8		/* with the two above: if either is needed of its own elements */
#define RDD_TOO			16		/* with the two above: beside what is needed of its own elements */
#define RDD_IN_TURN		64		/* beside any: made of the elements of the one input in their order, or,
								 * of a source, can be asked for so (RddQuery.in_turn) */

/*
 * An operation.  check() finds a step's shape from its inputs' and arguments, and
 * raises errors; compile() writes its SELECT.
 */
typedef struct RddOperation
{
	const char *name;
	void		(*check) (RddStep *step, List *inputs);
	void		(*compile) (RddQuery *query, const RddStep *step, StringInfo select);
	int			inputs_need;	/* RDD_SAME … */
} RddOperation;

/* by file, each ended by one without a name */
extern const RddOperation rdd_sources[];
extern const RddOperation rdd_file_sources[];
extern const RddOperation rdd_file_sinks[];
extern const RddOperation rdd_pipe_operations[];
extern const RddOperation rdd_unsupported[];
extern const RddOperation rdd_element_operations[];
extern const RddOperation rdd_pair_operations[];
extern const RddOperation rdd_partition_operations[];
extern const RddOperation rdd_partition_actions[];
extern const RddOperation rdd_sample_operations[];
extern const RddOperation rdd_summary_operations[];
extern const RddOperation rdd_storage_operations[];
extern const RddOperation rdd_checkpoint_operations[];
extern const RddOperation rdd_actions[];
extern const RddOperation rdd_sample_actions[];
extern const RddOperation rdd_summary_actions[];

extern const RddOperation *rdd_operation(const char *name);
/* lineages and constants to the lineage of one operation more; checks it */
extern Rdd *rdd_apply(const char *name, List *inputs, List *args);
/* likewise, of a call with these arguments (Const *), inputs among them */
extern Rdd *rdd_apply_values(const char *name, List *values);
/* may the operation be the last one? */
extern bool rdd_is_action(const char *name);
/* the query of a lineage, with its lambdas; columns are cast to types unless NIL */
extern char *rdd_compile(const Rdd *rdd, List *types, RddQuery *query);

/* what the steps are now, which the world may have changed */
extern const Rdd *rdd_check_again(const Rdd *rdd);

/* number of partitions where nobody asks for one: barks.default_parallelism, or all slots */
extern int	rdd_default_parallelism(void);
extern void rdd_init(void);
extern List *rdd_step_nodes(const RddStep *step);
/* by what its elements are brought together by key: hash or range; NULL when they are not */
extern const char *rdd_partitioner_kind(const Rdd *rdd);
/* the table that a step reads which reads a checkpoint, and what made its partitions */
extern Oid	rdd_checkpoint_table(const RddStep *step, const char **partitioner);

/* order.c, for rdd_compile(): who needs what; what a step was to tell */
extern bool rdd_can_come_in_turn(const RddQuery *query);
extern void rdd_find_needs(RddQuery *query);
extern void rdd_add_positions(RddQuery *query, int number, StringInfo select);

/* for compile(): an input, as FROM has it */
extern const RddStep *rdd_input(const RddQuery *query, const RddStep *step, int number);
extern const char *rdd_from(RddQuery *query, const RddStep *step, int number);
/* likewise, when it is to be read more than once */
extern const char *rdd_from_twice(RddQuery *query, const RddStep *step, int number);
/* its order columns and "#p", each after a comma and from s; they are the step's too */
extern const char *rdd_keep_order(RddQuery *query, const RddStep *step, int number);
extern int	rdd_order_of(const RddQuery *query, const RddStep *step, int number);
extern void rdd_set_order(RddQuery *query, const RddStep *step, int ncolumns);
extern OrderKind rdd_order_kind(const RddQuery *query, const RddStep *step, int number);
extern void rdd_set_order_kind(RddQuery *query, const RddStep *step, OrderKind kind);
/* what is needed of the step's elements: RDD_ORDER … */
extern int	rdd_needs_of(const RddQuery *query, const RddStep *step);
extern void rdd_set_partitioned(RddQuery *query, const RddStep *step);
/* as FROM has it: the input with "#i", the position in the partition from 0 */
extern const char *rdd_positions(RddQuery *query, const RddStep *step, int number, const char *from);
/* order columns of an input (or of the step itself, -1), from s, as in a list */
extern const char *rdd_order_columns(const RddQuery *query, const RddStep *step, int number);
/* barks.rdd_hash(seed, exact, …) of columns of a relation in FROM */
extern char *rdd_hash_of(const char *alias, int seed, bool exact, List *leaves);
/* SQL of the partition by a hash of columns */
extern char *rdd_hash_partition(const char *alias, List *leaves, int npartitions);
/* SQL of the partition of a position (SQL of bigint, from 0) among count, as Spark slices */
extern char *rdd_slice(const char *position, int64 count, int npartitions);
/* columns of one shape from those of another, in order: s."v" AS "x" */
extern char *rdd_columns(const char *alias, List *from, List *as);
extern char *rdd_same_columns(const char *alias, const RddShape *shape);
/* columns as in a list: s."k", s."v" */
extern char *rdd_plain_columns(const char *alias, List *leaves);
/* one value of columns of s, which are the leaves of a shape that is one, or a row of a named type */
extern char *rdd_value_of(const RddShape *shape, const char *path);
/* the result of a lambda as columns of these names */
extern char *rdd_lambda_columns(RddQuery *query, Lambda *lambda, List *as);
extern char *rdd_lambda_value(RddQuery *query, Lambda *lambda, int leaf);
/*
 * left."k" IS NOT DISTINCT FROM right."k" for each column, as a hash join can use it;
 * the columns are leaves of one side, and others of the other
 */
extern char *rdd_equal_columns(const char *left, const char *right, List *leaves, List *others);
/* the JSON of columns of s, by their path */
extern void rdd_append_json(StringInfo buf, const RddShape *shape, const char *path);
extern char *rdd_type_text(const RddShape *leaf);
extern char *rdd_null_text(const RddShape *leaf);
/* the operator of the type's own order, whatever the search path has: OPERATOR(pg_catalog.=) */
extern char *rdd_operator(Oid type, StrategyNumber strategy);
extern char *rdd_operator_text(Oid operator);

/* of a lambda that gives an array: the array, or that of a leaf, and its elements */
extern char *rdd_lambda_array(RddQuery *query, Lambda *lambda, int leaf);
extern char *rdd_lambda_unnest(const Lambda *lambda, const char *array, int leaf);
/* SELECT of operations that make several elements of one, and of those that sort */
extern void rdd_compile_flat(RddQuery *query, const RddStep *step, Lambda *lambda, const char *keep_columns,
							 List *results, StringInfo select);
extern void rdd_compile_sort(RddQuery *query, const RddStep *step, const char *keys, StringInfo select);

/* an argument: as rdd_arg_partitions(), or a partitioner as text: hash(k, n) or range(k, n) */
extern int	rdd_arg_partitioner(const RddStep *step, int number, int if_null, bool *by_range);
/* SQL of a key's partition, by its hash or by ranges; of a rank in an order */
extern char *rdd_key_partition(const char *alias, List *keys, int npartitions, bool by_range);
extern char *rdd_range_partition(const char *order, int npartitions);
extern void rdd_expect_numbers(const char *operation, const RddStep *input);

#endif							/* BARKS_RDD_QUERY_H */
