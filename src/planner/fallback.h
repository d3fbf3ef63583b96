/*-------------------------------------------------------------------------
 * fallback.h
 *	  Why a part of a plan does not run on the nodes.
 *
 * While a collector is open (barks.fallbacks), the planner notes each plan
 * node that it had to leave to the driver.  Otherwise notes cost nothing.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_FALLBACK_H
#define BARKS_PLANNER_FALLBACK_H

#include "nodes/plannodes.h"

typedef struct Fallback
{
	char	   *node;			/* as EXPLAIN calls it */
	char	   *reason;
} Fallback;

/* Collect in the current memory context until end; raises leave none open. */
extern void fallback_collect_begin(void);
extern List *fallback_collect_end(void);	/* of Fallback */
extern void fallback_collect_abandon(void);

extern void fallback_note(const Plan *plan, const char *reason);
extern void fallback_note_text(const char *node, const char *reason);
/* Forget what was noted after mark (a plan that is thrown away). */
extern int	fallback_mark(void);
extern void fallback_rewind(int mark);

#endif							/* BARKS_PLANNER_FALLBACK_H */
