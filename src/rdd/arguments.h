/*-------------------------------------------------------------------------
 * arguments.h
 *	  Arguments of an operation, and what it expects of its inputs.
 *
 * All raise errors that name the operation.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_ARGUMENTS_H
#define BARKS_RDD_ARGUMENTS_H

#include "nodes/primnodes.h"

#include "rdd/rdd.h"

/* arguments by their number from 0, inputs not counted */
extern bool rdd_arg_is_null(const RddStep *step, int number);
extern const Const *rdd_arg(const RddStep *step, int number);
extern const char *rdd_arg_text(const RddStep *step, int number);
extern int	rdd_arg_int(const RddStep *step, int number);
extern bool rdd_arg_bool(const RddStep *step, int number, bool if_null);
extern Oid	rdd_arg_function(const RddStep *step, int number);
/* of a regtype that has values; InvalidOid for NULL */
extern Oid	rdd_arg_type(const RddStep *step, int number);
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

#endif							/* BARKS_RDD_ARGUMENTS_H */
