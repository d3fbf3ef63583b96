/*-------------------------------------------------------------------------
 * filters.h
 *	  Which stages leave out rows whose key another stage does not have.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_FILTERS_H
#define BARKS_DRIVER_FILTERS_H

#include "nodes/pg_list.h"

/*
 * Per stage of a plan (list of StagePlan, numbered from 1): the number of the
 * stage whose keys it waits for, or 0.  No two wait for each other.
 */
extern int *filters_choose(List *stages);

#endif							/* BARKS_DRIVER_FILTERS_H */
