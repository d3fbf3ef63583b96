/*-------------------------------------------------------------------------
 * join_hint.c
 *	  How rows are to be brought together for a join, by name.
 *
 * The names are those of Spark's hints, and barks' own.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "job/join_hint.h"

static const struct
{
	const char *name;
	JoinStrategy strategy;
	BroadcastSide side;
}			hints[] = {
	{"auto", JOIN_STRATEGY_AUTO, BROADCAST_EITHER},
	{"broadcast", JOIN_STRATEGY_BROADCAST, BROADCAST_EITHER},
	{"broadcast_left", JOIN_STRATEGY_BROADCAST, BROADCAST_LEFT},
	{"broadcast_right", JOIN_STRATEGY_BROADCAST, BROADCAST_RIGHT},
	{"shuffle", JOIN_STRATEGY_SHUFFLE, BROADCAST_EITHER},
	/* within a task the node's PostgreSQL chooses between hash and merge join */
	{"shuffle_hash", JOIN_STRATEGY_SHUFFLE, BROADCAST_EITHER},
	{"merge", JOIN_STRATEGY_SHUFFLE, BROADCAST_EITHER},
	{"driver", JOIN_STRATEGY_DRIVER, BROADCAST_EITHER},
};

JoinStrategy
join_hint_strategy(const char *name, BroadcastSide *side)
{
	for (int i = 0; i < lengthof(hints); i++)
		if (pg_strcasecmp(hints[i].name, name) == 0)
		{
			*side = hints[i].side;
			return hints[i].strategy;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a join strategy", name),
			 errhint("Strategies of a join are auto, broadcast, broadcast_left, broadcast_right, shuffle, shuffle_hash, merge and driver.")));
}
