/*-------------------------------------------------------------------------
 * am.h
 *	  The table access method "barks".
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_AM_H
#define BARKS_TABLE_AM_H

#include "utils/rel.h"

/* By the relcache entry alone: no catalog access. */
extern bool am_is_distributed(Relation rel);

#endif							/* BARKS_TABLE_AM_H */
