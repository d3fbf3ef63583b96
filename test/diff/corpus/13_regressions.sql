-- What once went wrong.

-- branches that are not taken do not fail
SELECT id, CASE WHEN q > 100000 THEN 1 / (SELECT 0) ELSE 1 END FROM fact WHERE id < 9;

SELECT id, CASE WHEN q > 100000 THEN (SELECT k FROM dim) WHEN q < 0 THEN (SELECT k FROM tag) ELSE 1 END FROM fact;

SELECT id, coalesce(q, (SELECT k FROM dim)) FROM fact WHERE id < 9;

SELECT a, (SELECT sum(CASE WHEN f.q > 100000 THEN 1 / (l.b - l.b) ELSE 1 END) FROM fact f) FROM left3 l;

SELECT id, CASE WHEN q > (SELECT avg(q) FROM fact) THEN 'high' ELSE 'low' END FROM fact;

-- a dropped column gets a NULL that INSERT recognizes
BEGIN;
INSERT INTO dropped SELECT id + 1000, v FROM dropped WHERE id < 5;
INSERT INTO dropped (v) SELECT max(v) FROM dropped;
SELECT * FROM dropped WHERE id > 1000 OR id IS NULL;
ROLLBACK;

-- a union of which no column is wanted
SELECT count(*) FROM (SELECT id, d FROM fact WHERE id < 9 UNION ALL SELECT cid, balance FROM cust) s, left3;

SELECT (SELECT min(f.id) FROM (SELECT 1.50::numeric(12,2) AS c FROM v_union) u LEFT JOIN fact f ON u.c = f.d);

-- EXPLAIN has no values for parameters and the like
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, now() = now(), current_user FROM fact WHERE id < 3 \g /dev/null
EXPLAIN (VERBOSE) SELECT id FROM fact WHERE id = (SELECT max(k) FROM dim) \g /dev/null
EXPLAIN (VERBOSE) SELECT (SELECT count(*) FROM fact f WHERE f.id = l.a LIMIT l.b) FROM left3 l \g /dev/null
SET plan_cache_mode = force_generic_plan;
PREPARE e (int) AS SELECT id FROM fact WHERE id = $1 LIMIT $1;
EXPLAIN (VERBOSE) EXECUTE e (3) \g /dev/null
EXPLAIN (ANALYZE) EXECUTE e (3) \g /dev/null
EXECUTE e (3);

-- an inner ORDER BY survives grouping
SELECT id, array_agg(line) FROM (SELECT * FROM detail WHERE id < 9 ORDER BY line DESC) s GROUP BY id ORDER BY id;
