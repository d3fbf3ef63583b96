/*-------------------------------------------------------------------------
 * driver_rows.h
 *	  Rows of a plan that the driver runs itself, to be sent to nodes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_DRIVER_ROWS_H
#define BARKS_DRIVER_DRIVER_ROWS_H

#include "nodes/execnodes.h"

#include "shuffle/writer.h"

typedef struct DriverRows DriverRows;

/* plan was initialized by ExecInitNode; rows are kept in the current context. */
extern DriverRows *driver_rows_create(PlanState *plan);
/* A rescan: what was kept is forgotten if the plan's parameters changed. */
extern void driver_rows_rescan(DriverRows *rows, Bitmapset *changed);
/* Run the plan, unless that was done. */
extern void driver_rows_collect(DriverRows *rows);
/* All rows, in the same order each time. */
extern void driver_rows_write(DriverRows *rows, ShuffleWriter *writer);
extern TupleDesc driver_rows_desc(const DriverRows *rows);
extern BatchSchema *driver_rows_schema(DriverRows *rows);
/* The plan itself is the caller's to end. */
extern void driver_rows_end(DriverRows *rows);

#endif							/* BARKS_DRIVER_DRIVER_ROWS_H */
