/*-------------------------------------------------------------------------
 * query.h
 *	  From a lineage to a query.
 *
 * Every operation knows two things: what its elements look like, and the SELECT
 * that gives them from those of its inputs.  The columns of an element are named
 * as rdd_shape_columns() says; columns "#1", "#2", … after them, if asked for, tell
 * the order of the elements.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_QUERY_H
#define BARKS_RDD_QUERY_H

#include "access/stratnum.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"

#include "rdd/lambda.h"
#include "rdd/rdd.h"

/* A query in the making. */
typedef struct RddQuery
{
	const Rdd  *rdd;
	LambdaSet	lambdas;
	bool		in_order;		/* elements are asked for in their order */
	int		   *uses;			/* of each step by others */
	int		   *order;			/* of each step compiled, columns "#n" */
	bool	   *shared;			/* compiled as a WITH query */
	double	   *growth;			/* of each step compiled: copies of an expression */
	int			nesting;		/* of sub-selects around the step */
	int			uses_here;		/* by the step's lambdas of a column, the most */
	bool		all_in_order;	/* the lineage's elements are shown in order */
	StringInfoData with;		/* WITH queries so far */
} RddQuery;

/*
 * An operation.  check() finds a step's shape from its inputs' and arguments, and
 * raises errors; compile() writes its SELECT.
 */
typedef struct RddOperation
{
	const char *name;
	void		(*check) (RddStep *step, List *inputs);
	void		(*compile) (RddQuery *query, const RddStep *step, StringInfo select);
} RddOperation;

/* by file, each ended by one without a name */
extern const RddOperation rdd_sources[];
extern const RddOperation rdd_element_operations[];
extern const RddOperation rdd_pair_operations[];
extern const RddOperation rdd_actions[];

extern const RddOperation *rdd_operation(const char *name);
/* lineages and constants to the lineage of one operation more; checks it */
extern Rdd *rdd_apply(const char *name, List *inputs, List *args);
/* likewise, of a call with these arguments (Const *), inputs among them */
extern Rdd *rdd_apply_values(const char *name, List *values);
/* may the operation be the last one? */
extern bool rdd_is_action(const char *name);
/* for compile() of an action that shows no order: none need be kept */
extern void rdd_forget_order(RddQuery *query);
/* raises an error unless the elements have columns of these types */
extern void rdd_check_columns(const Rdd *rdd, List *types);
/* the query of a lineage, with its lambdas; columns are cast to types unless NIL */
extern char *rdd_compile(const Rdd *rdd, List *types, RddQuery *query);

/* for compile(): an input, as FROM has it */
extern const RddStep *rdd_input(const RddQuery *query, const RddStep *step, int number);
extern const char *rdd_from(RddQuery *query, const RddStep *step, int number);
/* its order columns, each after a comma and from s; they are the step's too */
extern const char *rdd_keep_order(RddQuery *query, const RddStep *step, int number);
extern int	rdd_order_of(const RddQuery *query, const RddStep *step, int number);
extern void rdd_set_order(RddQuery *query, const RddStep *step, int ncolumns);
/* columns of one shape from those of another, in order: s."v" AS "x" */
extern char *rdd_columns(const char *alias, List *from, List *as);
extern char *rdd_same_columns(const char *alias, const RddShape *shape);
/* the result of a lambda as columns of these names */
extern char *rdd_lambda_columns(RddQuery *query, Lambda *lambda, List *as);
/*
 * Of a lambda of many results for one element: those columns after others, from the
 * step's input s, with the order of the elements.
 */
extern void rdd_compile_set(RddQuery *query, const RddStep *step, Lambda *lambda, const char *others,
							List *as, StringInfo select);
extern char *rdd_lambda_value(RddQuery *query, Lambda *lambda, int leaf);
/*
 * left."k" IS NOT DISTINCT FROM right."k" for each column, as a hash join can use it;
 * the columns are leaves of one side, and others of the other
 */
extern char *rdd_equal_columns(const char *left, const char *right, List *leaves, List *others);
extern char *rdd_type_text(const RddShape *leaf);
extern char *rdd_null_text(const RddShape *leaf);
/* the operator of the type's own order, whatever the search path has: OPERATOR(pg_catalog.=) */
extern char *rdd_operator(Oid type, StrategyNumber strategy);

/* arguments of a step */
extern bool rdd_arg_is_null(const RddStep *step, int number);
extern const Const *rdd_arg(const RddStep *step, int number);
extern const char *rdd_arg_text(const RddStep *step, int number);
extern int	rdd_arg_int(const RddStep *step, int number);
extern bool rdd_arg_bool(const RddStep *step, int number, bool if_null);
/* as a literal of its type */
extern char *rdd_arg_literal(const RddStep *step, int number);
/* NULL as n means as many partitions as there are */
extern int	rdd_arg_partitions(const RddStep *step, int number, int if_null);
/* raise an error unless all columns can be compared, or sorted */
extern void rdd_expect_equality(const RddStep *step, const RddShape *shape);
extern void rdd_expect_order(const RddStep *step, const RddShape *shape);
/* a type that exists and has values */
extern void rdd_expect_type(Oid type);
extern void rdd_expect_pair(const RddStep *step, const RddStep *input);
extern void rdd_expect_alike(const RddStep *step, const RddStep *a, const RddStep *b);

#endif							/* BARKS_RDD_QUERY_H */
