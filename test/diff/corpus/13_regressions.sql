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

-- an inner ORDER BY survives a plain aggregate (PostgreSQL promises no more: grouping may sort again)
SELECT array_agg(line) FROM (SELECT * FROM detail WHERE id < 9 ORDER BY line DESC, id) s;

-- calls over parameters fail only for rows that get to them
SELECT l.a, (SELECT count(*) FROM fact f WHERE f.id = -l.a AND f.q > 10 / (l.b - 1)) FROM left3 l;

SELECT count(*), max(10 / (SELECT 0)) FROM fact WHERE id = -1 AND q > 10 / (SELECT 0);

SET plan_cache_mode = force_generic_plan;
PREPARE z (int, text, int[]) AS
	SELECT id, id / ($1 + 1), $2::int + id FROM fact WHERE id < 4 AND (id > 0 OR q > 10 / $1 OR id = ANY ($3 || $1));
EXECUTE z (0, '5', '{}');
EXECUTE z (0, NULL, NULL);
EXECUTE z (1, '7', '{1}');
PREPARE y (text) AS SELECT count(*) FROM fact WHERE id = -1 AND q > $1::int;
EXECUTE y ('x');
PREPARE l (int) AS SELECT id FROM fact ORDER BY id LIMIT $1 + 1 OFFSET $1 / 2;
EXECUTE l (4);
EXPLAIN (VERBOSE) EXECUTE l (4) \g /dev/null
PREPARE c (text) AS SELECT id FROM words WHERE w < upper($1) COLLATE "C" OR wg > $1 || 'a' ORDER BY id;
EXECUTE c ('m');


-- a whole row of a subquery that the driver finishes
SELECT md5(string_agg(x::text, ' ')) FROM (SELECT id AS i, q AS j FROM fact ORDER BY 1, 2 OFFSET 0) x;

-- GROUPING() without grouping sets
SELECT a, grouping(a) FROM left3 GROUP BY a;

SELECT grp, k, sum(q), grouping(grp, k) + 1 FROM fact GROUP BY grp, k HAVING grouping(grp) = 0;

SELECT grouping(grp), count(DISTINCT k) FROM fact GROUP BY grp;

-- a comparison of a subquery without columns
SELECT count(*) FROM cust WHERE (SELECT count(DISTINCT c) FROM string_to_table(name, NULL) c) <> 5;

-- of rows that the driver sends, only columns that are read; some types cannot be sent at all
SELECT t.typname, count(*) FROM by_numeric x LEFT JOIN pg_type t ON t.oid = x.v::oid AND t.typdefaultbin IS NULL GROUP BY t.typname;

SELECT count(x.v), count(t.typdefaultbin) FROM by_numeric x FULL JOIN pg_type t ON t.oid = x.v::oid;

SELECT coalesce(a, NULL), coalesce(NULL, b, NULL) FROM left3;

-- a merge join goes back in its inner side
SELECT x.id, y.id FROM types x FULL JOIN types y ON x.d = y.ts;

SELECT x.id, y.id FROM types x FULL JOIN types y ON x.bits = y.bits;

-- readers of a CTE in several jobs
WITH w AS (SELECT CASE WHEN t2.a = 0 THEN t2.a END AS c1 FROM left3 t2) SELECT t3.c1 FROM w t3 WHERE (t3.c1, t3.c1) IN (SELECT t5.id, t4.c1 FROM w t4 RIGHT JOIN ((SELECT * FROM measure_2024 WHERE id <= 0 + 20) t5 JOIN w t6 ON t5.id = t6.c1) ON t4.c1 = t6.c1 WHERE t3.c1 = t6.c1);

-- a NULL of the first branch of a union is not that of the others
SELECT * FROM (SELECT NULL::date AS c1, dim.k AS c2 FROM left3 JOIN dim ON left3.a = 1 UNION ALL SELECT date '2023-02-03', a FROM left3) s ORDER BY c1, c2;

BEGIN;
INSERT INTO dropped SELECT NULL::int, 'a' FROM left3 UNION ALL SELECT a + 2000, 'b' FROM left3;
INSERT INTO dropped SELECT id, v FROM (SELECT NULL::int AS id, 'c' AS v FROM left3 UNION ALL SELECT a + 2000, 'd' FROM left3 ORDER BY 2 DESC, 1 LIMIT 3) s;
SELECT * FROM dropped WHERE id > 1000 OR id IS NULL;
ROLLBACK;

-- children of a table are analyzed one after the other
BEGIN;
ANALYZE measure, left3, dim;
SELECT count(*) FROM measure;
ROLLBACK;

-- of a CTE's rows in a subquery those that the outer row asks for
WITH w AS MATERIALIZED (SELECT id, k, q FROM fact WHERE id < 300) SELECT l.a, (SELECT sum(x.q) FROM w x JOIN w y ON x.id = y.id WHERE x.k = l.b AND y.q > l.a) FROM left3 l;

WITH RECURSIVE w(c1, c2) AS (SELECT id, 0 FROM tree WHERE parent IS NULL UNION ALL SELECT x.id, w.c2 + 1 FROM w JOIN tree x ON x.parent = w.c1 WHERE w.c2 < 6) SELECT t2.a, (SELECT min(t3.c1) FROM w t3 JOIN w t4 ON t4.c2 = t3.c2 WHERE t2.b = t4.c1 AND t2.a = 0) FROM left3 t2;

-- a window's columns that are equal: one of them is sorted by
SELECT t3.*, row_number() OVER (ORDER BY c3 NULLS FIRST, c1, c2) AS n, rank() OVER (ORDER BY c1 DESC, c2) FROM (SELECT a AS c1, a AS c2, a AS c3 FROM left3) t3;

SELECT t.*, row_number() OVER (ORDER BY c3 DESC NULLS LAST, b, c1) AS n, count(*) OVER (ORDER BY c3, b DESC, c1 GROUPS 1 PRECEDING) FROM (SELECT a AS c1, b, a AS c3 FROM left3) t;

-- the same column twice in the groups that IN makes
SELECT count(*), min(id) FROM fact WHERE (q, q) IN (SELECT qty, qty FROM detail);

SELECT count(*), min(id) FROM fact WHERE (q, q, k) IN (SELECT qty, qty, line FROM detail WHERE line < 20);

-- parameters in what a window is over, and a condition by which it could end early
SET plan_cache_mode = force_generic_plan;
PREPARE w(int, int, int) AS SELECT s.c FROM (SELECT t.c, count(*) FILTER (WHERE t.c IS NOT NULL) OVER (ORDER BY t.c) AS n
	FROM (SELECT $2 % 1000 + k % 1000 AS c FROM tag WHERE k = $1) t) s WHERE n <= $3 UNION SELECT q FROM fact;
EXECUTE w(3, 21, 4);
DEALLOCATE w;
RESET plan_cache_mode;
