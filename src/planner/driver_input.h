/*-------------------------------------------------------------------------
 * driver_input.h
 *	  Rows that the driver makes, as input of what nodes do.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_DRIVER_INPUT_H
#define BARKS_PLANNER_DRIVER_INPUT_H

#include "planner/ir.h"

/*
 * An Ir of distribution IR_DRIVER for a plan whose rows the driver makes; ir is
 * what it was translated to, if at all, and is sealed in place.  keeps_order:
 * the node above counts on the order of the rows.  NULL with a reason when the
 * rows cannot be sent.
 */
extern Ir  *driver_input(PlanContext *context, Ir *ir, Plan **plan, bool keeps_order,
						 const char **reason);

#endif							/* BARKS_PLANNER_DRIVER_INPUT_H */
