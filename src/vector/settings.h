/*-------------------------------------------------------------------------
 * settings.h
 *	  Settings of vectorized execution.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SETTINGS_H
#define BARKS_VECTOR_SETTINGS_H

typedef enum Vectorize
{
	VECTORIZE_OFF,
	VECTORIZE_ON,				/* where it pays */
	VECTORIZE_FORCE				/* wherever it can be done */
} Vectorize;

/* barks.vectorize */
extern Vectorize vector_setting(void);

#endif							/* BARKS_VECTOR_SETTINGS_H */
