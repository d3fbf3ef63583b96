/*-------------------------------------------------------------------------
 * custom_scan.h
 *	  The plan node under which operators over batches run.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_CUSTOM_SCAN_H
#define BARKS_VECTOR_CUSTOM_SCAN_H

#include "nodes/extensible.h"

extern void vector_scan_init(void);
extern const CustomScanMethods *vector_scan_methods(void);
/* Is this a node that an operator does? */
extern bool vector_is_operator(Plan *plan, List *rtable);

#endif							/* BARKS_VECTOR_CUSTOM_SCAN_H */
