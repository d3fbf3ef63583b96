/*-------------------------------------------------------------------------
 * fair_pool.h
 *	  Pools of jobs, which share the slots of nodes by their weights.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_FAIR_POOL_H
#define BARKS_DRIVER_FAIR_POOL_H

extern char *fair_pool;			/* barks.pool */

extern int	fair_pool_weight(void); /* of that pool */
extern void fair_pool_init(void);

#endif							/* BARKS_DRIVER_FAIR_POOL_H */
