/*-------------------------------------------------------------------------
 * range_sample.h
 *	  Bounds for a range exchange, from a sample of its keys.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_RANGE_SAMPLE_H
#define BARKS_DRIVER_RANGE_SAMPLE_H

#include "lib/stringinfo.h"

#include "job/plan.h"

typedef struct RangeSample RangeSample;

/* In the current context. */
extern RangeSample *range_sample_begin(const StagePlan *stage, int npartitions);
/* What one of ntasks tasks gives of the stage's SQL (body). */
extern char *range_sample_sql(const RangeSample *sample, const char *body, int ntasks,
							  List *inputs);
/* A batch of keys, in wire form. */
extern void range_sample_add(RangeSample *sample, const char *batch, Size len);
/*
 * npartitions - 1 rows of keys in order, as a batch in wire form; forgets the
 * sample.  NULL with one partition.
 */
extern StringInfo range_sample_bounds(RangeSample *sample);

#endif							/* BARKS_DRIVER_RANGE_SAMPLE_H */
