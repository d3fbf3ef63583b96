/*-------------------------------------------------------------------------
 * storage.h
 *	  Elements of persisted RDDs, kept in distributed tables.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_STORAGE_H
#define BARKS_RDD_STORAGE_H

#include "rdd/query.h"

/* Where the elements of that step, of the operation "persist", are; InvalidOid: nowhere. */
extern Oid	rdd_storage_table(const Rdd *rdd, const RddStep *step);
/* Is all that the lineage persists kept already? */
extern bool rdd_storage_ready(const Rdd *rdd);
/* Before an action: compute and keep what persisted steps have not kept yet. */
extern void rdd_storage_fill(const Rdd *rdd);

extern void rdd_storage_init(void);

#endif							/* BARKS_RDD_STORAGE_H */
