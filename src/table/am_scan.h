/*-------------------------------------------------------------------------
 * am_scan.h
 *	  Reading a distributed table through the access method.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_AM_SCAN_H
#define BARKS_TABLE_AM_SCAN_H

#include "access/skey.h"
#include "access/tableam.h"

extern TableScanDesc am_scan_begin(Relation rel, Snapshot snapshot, int nkeys, ScanKey key,
								   ParallelTableScanDesc parallel, uint32 flags);
extern void am_scan_end(TableScanDesc scan);
extern void am_scan_rescan(TableScanDesc scan, ScanKey key, bool set_params,
						   bool allow_strat, bool allow_sync, bool allow_pagemode);
extern bool am_scan_getnextslot(TableScanDesc scan, ScanDirection direction,
								TupleTableSlot *slot);

extern bool am_scan_analyze_next_block(TableScanDesc scan, BlockNumber block,
									   BufferAccessStrategy strategy);
extern bool am_scan_analyze_next_tuple(TableScanDesc scan, TransactionId oldest_xmin,
									   double *liverows, double *deadrows, TupleTableSlot *slot);
extern bool am_scan_sample_next_block(TableScanDesc scan, SampleScanState *state);
extern bool am_scan_sample_next_tuple(TableScanDesc scan, SampleScanState *state,
									  TupleTableSlot *slot);

#endif							/* BARKS_TABLE_AM_SCAN_H */
