/*-------------------------------------------------------------------------
 * storage.h
 *	  Persisted RDDs: kept by the action that computes them, read by later ones.
 *
 * All but rdd_storage_ready() within SPI.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_STORAGE_H
#define BARKS_RDD_STORAGE_H

#include "rdd/query.h"

/* Runs queries of an RDD; if storage is lost under it, once more from the beginning. */
typedef void (*RddAction) (const Rdd *rdd, void *arg);

/* Is all that the lineage persists kept already? */
extern bool rdd_storage_ready(const Rdd *rdd);
/* Compute and keep what persisted steps have not kept yet; then act, over what is kept. */
extern void rdd_storage_run(const Rdd *rdd, RddAction action, void *arg);
/* For actions that cannot be run twice: only the first half of it; and what comes after the action. */
extern void rdd_storage_fill(const Rdd *rdd);
extern void rdd_storage_settle(void);

extern void rdd_storage_init(void);

#endif							/* BARKS_RDD_STORAGE_H */
