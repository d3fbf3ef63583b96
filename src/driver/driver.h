/*-------------------------------------------------------------------------
 * driver.h
 *	  The driver: the CustomScan that runs jobs, the scheduler, the job views.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_DRIVER_H
#define BARKS_DRIVER_DRIVER_H

extern void driver_init(void);	/* CustomScan methods, table scans, GUCs, shmem */

#endif							/* BARKS_DRIVER_DRIVER_H */
