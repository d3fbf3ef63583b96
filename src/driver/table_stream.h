/*-------------------------------------------------------------------------
 * table_stream.h
 *	  Rows for the table access method (job/table_scan.h).
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_TABLE_STREAM_H
#define BARKS_DRIVER_TABLE_STREAM_H

#include "job/table_scan.h"

extern void table_stream_init(void);

#endif							/* BARKS_DRIVER_TABLE_STREAM_H */
