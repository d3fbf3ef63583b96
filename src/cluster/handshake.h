/*-------------------------------------------------------------------------
 * handshake.h
 *	  What is checked once, when a node is added.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_HANDSHAKE_H
#define BARKS_CLUSTER_HANDSHAKE_H

#include "cluster/connection.h"

/* Is the server fit to be a node?  Raises 55000 with what to do when not. */
extern void handshake_check(NodeConnection *conn);
/* The same, when the extension is there: its version, the machine; notes the slots. */
extern void handshake_check_extension(NodeConnection *conn);

#endif							/* BARKS_CLUSTER_HANDSHAKE_H */
