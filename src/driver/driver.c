/*-------------------------------------------------------------------------
 * driver.c
 *	  Init of the driver's parts.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "driver/driver.h"
#include "driver/fair_pool.h"
#include "driver/registry.h"
#include "driver/ship.h"
#include "driver/remote_lane.h"
#include "driver/scan.h"
#include "driver/settings.h"
#include "driver/table_stream.h"

void
driver_init(void)
{
	settings_init();
	fair_pool_init();
	registry_init();
	ship_init();
	remote_lane_init();
	table_stream_init();
	scan_init();
}
