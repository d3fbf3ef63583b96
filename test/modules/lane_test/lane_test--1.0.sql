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
