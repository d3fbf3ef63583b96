/*-------------------------------------------------------------------------
 * ship.h
 *	  Copies of users' functions on the nodes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_SHIP_H
#define BARKS_DRIVER_SHIP_H

#include "nodes/pg_list.h"

/*
 * See to it that the node has the copies, of ShippedFunction, and what these call, for
 * the current user.  Until the transaction ends nobody of this driver drops them.
 */
extern void ship_functions(Oid node, List *functions);
/* Ask the nodes again what they have. */
extern void ship_forget(void);
/* Drop the copies on all nodes, once no transaction uses them; how many there were. */
extern int64 ship_drop_all(void);
/* Search path under which tasks on this server call the functions themselves. */
extern char *ship_local_path(void);

extern void ship_init(void);

#endif							/* BARKS_DRIVER_SHIP_H */
