\echo Use "CREATE EXTENSION lane_test" to load this file. \quit

-- Run the same SQL as a number of tasks; one row per row, notice, end or error.
CREATE FUNCTION lane_run(sql text, types regtype[], tasks int DEFAULT 1,
						 role text DEFAULT current_user, partial bool DEFAULT false,
						 settings text[] DEFAULT '{}', batch_rows int DEFAULT 1024,
						 lanes int DEFAULT 1, cancel_after int DEFAULT -1,
						 inline bool DEFAULT false,
						 OUT task int, OUT kind text, OUT value text)
RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lane_run';

CREATE FUNCTION lane_evict(database oid) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';

/*
 * Map queries write partitions; the reduce query, which reads barks.exchange(1),
 * runs once for every step partitions.  conninfo: how the reduce tasks reach
 * the map tasks' server, NULL: as files.
 */
CREATE FUNCTION lane_shuffle(maps text[], reduce text, types regtype[],
							 kind text DEFAULT 'hash', partitions int DEFAULT 3,
							 hash_columns int[] DEFAULT '{1}', batch_rows int DEFAULT 1024,
							 step int DEFAULT 1, twice bool DEFAULT false,
							 conninfo text DEFAULT NULL, settings text[] DEFAULT '{}',
							 map_node text DEFAULT NULL, reduce_node text DEFAULT NULL,
							 inline bool DEFAULT false, compress bool DEFAULT true,
							 OUT task int, OUT kind_of text, OUT value text)
RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lane_shuffle';
