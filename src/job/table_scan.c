/*-------------------------------------------------------------------------
 * table_scan.c
 *	  How the table access method reads rows, without knowing the driver.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "job/table_scan.h"

const TableScanOps *table_scan_ops;
