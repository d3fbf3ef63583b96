/*-------------------------------------------------------------------------
 * cluster_state.h
 *	  What all backends of this server know together about the nodes.
 *
 * One entry per (database, node) in a dynamic shared hash table: how many
 * connections there are, what the last heartbeat said, and whether prepared
 * transactions of ours may be waiting there.  One entry per database for the
 * monitor process and the count of distributed commits.  Everything here is
 * rebuilt after a restart; nothing is a decision.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_CLUSTER_CLUSTER_STATE_H
#define BARKS_CLUSTER_CLUSTER_STATE_H

#include "access/transam.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/dsa.h"
#include "utils/snapshot.h"

typedef struct NodeKey
{
	Oid			database;
	Oid			node;
} NodeKey;

typedef struct NodeState
{
	NodeKey		key;			/* first: the hash key */
	int			connections;	/* of all backends, opening ones included */
	bool		heard;			/* ever tried; alive means nothing before */
	bool		alive;
	TimestampTz last_seen;		/* 0: never */
	int			slots;			/* 0: not known */
	char		version[64];
	bool		sized;			/* bytes was asked for */
	int64		bytes;			/* stored for this database */
	bool		settled;		/* no prepared transaction of ours can wait there */
	uint64		doubts;			/* counts what made it unsettled */
	dsa_pointer extensions;		/* their digests; node_state_has_extension */
	int			nextensions;
} NodeState;

extern void cluster_state_init(void);

/* A copy of the node's state; false when nothing is known of it. */
extern bool node_state_get(Oid node, NodeState *state);
/* The node answered.  slots 0 and version NULL leave what is known. */
extern void node_state_seen(Oid node, int slots, const char *version);
extern void node_state_sized(Oid node, int64 bytes);
/* What extensions the node has, see extensions.h; false when that was known. */
extern bool node_state_set_extensions(Oid node, const uint64 *digests, int n);
extern bool node_state_has_extension(Oid node, uint64 digest);
/* The node could not be reached. */
extern void node_state_lost(Oid node);

/*
 * Count one connection to each node of the list, all or none; false when a
 * node is at the cap.  force: count even then.
 */
extern bool node_state_reserve(List *nodes, int cap, bool force);
extern void node_state_unreserve(Oid database, Oid node);

/* How many idle connections this backend could close if asked. */
extern void cluster_state_set_idle(int idle);
/* Does anybody wait for a connection? Cheap. */
extern bool cluster_state_pressure(void);
/* Wait until somebody closed a connection, asking idle backends to; true: in vain for a second. */
extern bool cluster_state_wait_capacity(void);
extern void cluster_state_end_wait(void);

/*
 * Deadlocks over several servers (deadlock.c).  A backend that waits long asks
 * the monitor to look for one, and is told if it has to give way; the number
 * given to an asking makes sure that the answer is to this one.
 */
typedef struct DeadlockAsk
{
	int			backend;		/* index of its slot */
	int			pid;
	uint32		number;
} DeadlockAsk;

extern uint32 cluster_state_ask_deadlock(void);
extern bool cluster_state_is_victim(uint32 number);
/* The monitor's side: who asked since the last call; array palloc'd. */
extern int	cluster_state_deadlock_asks(DeadlockAsk **asks);
extern void cluster_state_set_victim(const DeadlockAsk *ask);

/*
 * A node is unsettled from the moment a prepared transaction may be left on it
 * until the recovery looked: doubt raises it, settle lowers it unless there was
 * another doubt since the one given.
 */
extern void node_state_doubt(Oid node);
extern bool node_state_settled(Oid node, uint64 *doubts);
extern void node_state_settle(Oid node, uint64 doubts);

/* Names this run of the server: from its start, or its last crash, to the next. */
extern uint64 cluster_epoch(void);

/* The number of distributed commits of this database so far. */
extern uint64 cluster_commit_count(void);
/* One more, by this transaction of ours.  Under the exclusive commit lock. */
extern void cluster_commit_counted(FullTransactionId xid);
/*
 * Does this snapshot of the driver see every distributed commit so far?  True
 * only when that is certain.  Under the commit lock.
 */
extern bool cluster_commits_seen(Snapshot snapshot);

/*
 * Monitors: at most one per database, none where there are no nodes, none for
 * a while after somebody needed the database for himself.
 */
extern void monitor_state_launcher(void);	/* we are the launcher: wake us */
extern bool monitor_state_needed(Oid database); /* should the launcher start one? */
extern bool monitor_state_enter(void);	/* become it; false: not needed */
extern void monitor_state_no_nodes(void);	/* the monitor found nothing to do */
extern void monitor_state_wake(bool new_nodes); /* look around now */
extern bool monitor_state_evict(Oid database);	/* true: one is running, told to stop */
extern bool monitor_state_running(Oid database);

#endif							/* BARKS_CLUSTER_CLUSTER_STATE_H */
