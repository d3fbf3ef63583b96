/*-------------------------------------------------------------------------
 * settings.h
 *	  The driver's own settings, and the user's that tasks must run under.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_DRIVER_SETTINGS_H
#define BARKS_DRIVER_SETTINGS_H

#include "nodes/pg_list.h"

enum { WIRE_AUTO, WIRE_ALWAYS };
enum { COMPRESSION_AUTO, COMPRESSION_OFF, COMPRESSION_ZSTD };

extern int	task_attempts;		/* barks.task_attempts */
extern bool speculation_on;		/* barks.speculation */
extern double speculation_quantile; /* barks.speculation_quantile */
extern double speculation_multiplier;	/* barks.speculation_multiplier */
extern double skew_factor;		/* barks.skew_factor */
extern int	skew_threshold;		/* barks.skew_threshold, kB */
extern int	exclude_after;		/* barks.exclude_after */
extern int	rows_per_batch;		/* barks.batch_rows */
extern int	wire_mode;			/* barks.wire */
extern int	compression_mode;	/* barks.compression */
extern int	shuffle_partitions; /* barks.shuffle_partitions */

extern void settings_init(void);

/* List of TaskSetting: what changes the meaning or text of a result. */
extern List *settings_to_ship(void);

#endif							/* BARKS_DRIVER_SETTINGS_H */
