/*-------------------------------------------------------------------------
 * calls.h
 *	  Run the query of a lineage, and users' functions over its partitions.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_CALLS_H
#define BARKS_RDD_CALLS_H

#include "executor/spi.h"
#include "utils/portal.h"

#include "rdd/query.h"

/* A function over cursors: f(refcursor, …), with an int in front f(int, refcursor). */
typedef struct RddCall
{
	const char *operation;		/* that calls it */
	Oid			function;
	bool		with_index;
	RddShape   *shape;			/* of what it gives; NULL for void and records without columns */
	bool		is_volatile;
} RddCall;

/* the step's first argument as such a function; raises errors */
extern RddCall *rdd_call_of(const RddStep *step, int ncursors, bool with_index);
/* likewise of a function, for an operation of that name */
extern RddCall *rdd_call_of_function(const char *operation, Oid function, int ncursors, bool with_index);

/* Within SPI: a cursor on the elements.  The prefix may be EXPLAIN. */
extern Portal rdd_open(const Rdd *rdd, const char *prefix, List *types, RddQuery *query);
/* Likewise: SQL with the query, whose lambdas it may name. */
extern SPIPlanPtr rdd_prepare(const char *sql, RddQuery *query);
/* raises an error unless this call may give its rows one by one */
extern void rdd_expect_set_wanted(FunctionCallInfo fcinfo);
/* raises an error when an argument of this call of one of our SQL functions is null */
extern void rdd_expect_arguments(FunctionCallInfo fcinfo);
/* the lineage that ends with this call */
extern Rdd *rdd_of_call(FunctionCallInfo fcinfo);

#endif							/* BARKS_RDD_CALLS_H */
