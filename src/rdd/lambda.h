/*-------------------------------------------------------------------------
 * lambda.h
 *	  Functions over elements: one SQL expression over named variables.
 *
 * The text is never put into SQL.  Where a query wants the value of a lambda, it
 * says barks_lambda."N.M" (lambda N of the query, leaf M of its result), and the
 * parser calls back for the expression itself.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_LAMBDA_H
#define BARKS_RDD_LAMBDA_H

#include "parser/parse_node.h"

#include "rdd/shape.h"

/* A name that the expression may use, $1 for the first. */
typedef struct LambdaVariable
{
	const char *name;
	const RddShape *shape;
	List	   *columns;		/* RddLeaf *, the columns of the query that it stands for */
} LambdaVariable;

/* What the expression may be. */
typedef enum LambdaKind
{
	LAMBDA_VALUE,				/* one value for each call */
	LAMBDA_SET,					/* a set or an array of values */
	LAMBDA_AGGREGATE,			/* aggregates over the variables */
	LAMBDA_EFFECT				/* called for what it does; its value may be void */
} LambdaKind;

typedef struct Lambda
{
	const char *text;
	List	   *variables;		/* LambdaVariable * */
	LambdaKind	kind;
	Oid			cast_to;		/* of the result, or InvalidOid */
	const RddShape *shape;		/* of the result */
	bool		unnests;		/* of kind LAMBDA_SET: gives an array */
	bool		unnests_rows;	/* likewise, of rows that are written out */
	int			uses;			/* of the variables' column that it names most often */
	bool		is_volatile;
	bool		has_subquery;
} Lambda;

/* Lambdas of one query, by the numbers that it calls them. */
typedef struct LambdaSet
{
	List	   *lambdas;
} LambdaSet;

/* Parse and check; raises errors with the position in the text. */
extern Lambda *lambda_make(const char *text, List *variables, LambdaKind kind, Oid cast_to);
/* The variables for the elements of one RDD: k, v and x, or x. */
extern List *lambda_element(const RddShape *shape);
extern LambdaVariable *lambda_variable(const char *name, const RddShape *shape);

/* For a parse by someone who gives a LambdaSet as the argument. */
extern void lambda_parser_setup(ParseState *pstate, void *lambdas);

#endif							/* BARKS_RDD_LAMBDA_H */
