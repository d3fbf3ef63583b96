/*-------------------------------------------------------------------------
 * settings.h
 *	  Settings of the shuffle.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_SHUFFLE_SETTINGS_H
#define BARKS_SHUFFLE_SETTINGS_H

extern int	shuffle_fetch_timeout;	/* barks.fetch_timeout, ms; 0: none */

#endif							/* BARKS_SHUFFLE_SETTINGS_H */
