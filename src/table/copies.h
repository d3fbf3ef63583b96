/*-------------------------------------------------------------------------
 * copies.h
 *	  Copies of broadcast tables follow the set of nodes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_COPIES_H
#define BARKS_TABLE_COPIES_H

extern void copies_init(void);	/* hooks of the cluster module */

#endif							/* BARKS_TABLE_COPIES_H */
