/*-------------------------------------------------------------------------
 * hooks.h
 *	  PostgreSQL hooks: installed once, dispatched to the modules that ask.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_HOOKS_H
#define BARKS_HOOKS_H

extern void hooks_init(void);

#endif							/* BARKS_HOOKS_H */
