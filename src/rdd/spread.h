/*-------------------------------------------------------------------------
 * spread.h
 *	  Elements with the number of their partition, for what works by partition.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_SPREAD_H
#define BARKS_RDD_SPREAD_H

#include "rdd/query.h"

/*
 * The input of a step whose operation needs partitions and order, as FROM has it:
 * the expressions, which are of its columns as s, "#p" and the order columns.
 */
extern char *rdd_spread(RddQuery *query, const RddStep *step, const char *expressions);
/* SQL of an element of a variable as one line of text. */
extern char *rdd_line_of(const char *alias, const RddShape *shape);

#endif							/* BARKS_RDD_SPREAD_H */
