/*-------------------------------------------------------------------------
 * spread.h
 *	  Elements with the number of their partition, for what works by partition.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_SPREAD_H
#define BARKS_RDD_SPREAD_H

#include "rdd/query.h"

/* Number of partitions of a step: as said, or one for each slot. */
extern int	rdd_spread_partitions(const RddStep *step);
/*
 * The step's input, as FROM has it, with its order columns: "#p" and the expressions, which
 * are of its columns as s.  In order, if it has one, a partition has neighbours.
 */
extern char *rdd_spread(RddQuery *query, const RddStep *step, const char *expressions, int n);
/* SQL of an element of a variable as one line of text. */
extern char *rdd_line_of(const char *alias, const RddShape *shape);

#endif							/* BARKS_RDD_SPREAD_H */
