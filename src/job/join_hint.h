/*-------------------------------------------------------------------------
 * join_hint.h
 *	  How rows are to be brought together for a join, by name.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_JOB_JOIN_HINT_H
#define BARKS_JOB_JOIN_HINT_H

typedef enum JoinStrategy
{
	JOIN_STRATEGY_AUTO, JOIN_STRATEGY_BROADCAST, JOIN_STRATEGY_SHUFFLE, JOIN_STRATEGY_DRIVER
} JoinStrategy;

/* Which side goes to all tasks. */
typedef enum BroadcastSide
{
	BROADCAST_EITHER, BROADCAST_LEFT, BROADCAST_RIGHT
} BroadcastSide;

/* The strategy that a name means for one join; an error when it means none. */
extern JoinStrategy join_hint_strategy(const char *name, BroadcastSide *side);

#endif							/* BARKS_JOB_JOIN_HINT_H */
