/*-------------------------------------------------------------------------
 * insert.h
 *	  INSERT of a query whose rows the nodes store by themselves.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_INSERT_H
#define BARKS_DRIVER_INSERT_H

#include "driver/scan.h"

/*
 * Run the scan's insert.  False: it cannot be done this way, or a row would fail,
 * and nothing was stored; let the scan gather.  Else all rows are stored and counted.
 */
extern bool insert_run(BarksScanState *state);

#endif							/* BARKS_DRIVER_INSERT_H */
