-- Plans that are made for batches.
CREATE SCHEMA vectorize_plans;
SET search_path = vectorize_plans;
SET max_parallel_workers_per_gather = 0;
SET barks.vectorize = on;
CREATE TABLE t (k int PRIMARY KEY, g int, h int, n numeric(10,2));
INSERT INTO t SELECT i, i % 1000, i % 7, i / 100.0 FROM generate_series(1, 50000) i;
CREATE TABLE u (k int, v int, n numeric(10,2));
INSERT INTO u SELECT i % 20000, i, i / 10.0 FROM generate_series(1, 60000) i;
CREATE INDEX ON u (k);
VACUUM ANALYZE t, u;

CREATE FUNCTION differs(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    expected text[];
    given text[];
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE format('SELECT array_agg(x::text) FROM (%s) x', query) INTO expected;
    PERFORM set_config('barks.vectorize', 'on', true);
    EXECUTE format('SELECT array_agg(x::text) FROM (%s) x', query) INTO given;
    IF expected IS NULL OR expected IS DISTINCT FROM given THEN
        RETURN QUERY SELECT format('expected %s, got %s', expected[1:5], given[1:5]);
    END IF;
END $$;

-- a key that an index finds, and little work, stay as they are
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE k = 5;
EXPLAIN (COSTS OFF) SELECT t.*, u.v FROM t JOIN u USING (k) WHERE t.k = 5;
-- joins by hashing
EXPLAIN (COSTS OFF) SELECT count(*), sum(u.n) FROM t JOIN u USING (k);
EXPLAIN (COSTS OFF) SELECT count(*) FROM t LEFT JOIN u USING (k) WHERE t.g < 900;
SELECT differs('SELECT count(*), sum(u.n), min(v) FROM t JOIN u USING (k)');
SELECT differs('SELECT count(*), sum(u.n), min(v) FROM t LEFT JOIN u ON t.k = u.k AND u.v < t.g');
-- what no other join can do is a nested loop
EXPLAIN (COSTS OFF) SELECT count(*) FROM t JOIN (SELECT max(v) m FROM u) x ON t.k < x.m;
SELECT differs('SELECT count(*) FROM t JOIN (SELECT max(v) m FROM u) x ON t.k < x.m');
-- groups by hashing, sorted afterwards if that is asked for
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT h, g, count(*) FROM t GROUP BY g, h;
EXPLAIN (COSTS OFF) SELECT h, g, count(*) FROM t GROUP BY g, h ORDER BY g DESC, h;
EXPLAIN (COSTS OFF) SELECT g FROM t GROUP BY g, h ORDER BY g, h;
EXPLAIN (COSTS OFF) SELECT string_agg(g::text, ' ') FROM (SELECT g FROM t GROUP BY g ORDER BY g) x;
EXPLAIN (COSTS OFF) SELECT g, array_agg(k) FROM t GROUP BY g;
EXPLAIN (COSTS OFF) SELECT count(*) FROM (SELECT g, sum(n) FROM t GROUP BY g HAVING count(*) > 1) x JOIN u ON u.k = x.g;
SELECT differs('SELECT h, g, count(*), sum(n) FROM t GROUP BY g, h ORDER BY g DESC, h');
SELECT differs('SELECT g FROM t GROUP BY g, h ORDER BY g, h');
SELECT differs('SELECT g + 1, count(*) FROM t GROUP BY g ORDER BY g LIMIT 20');
SELECT differs('SELECT string_agg(g::text, '' '') FROM (SELECT g FROM t GROUP BY g ORDER BY g) x');
SELECT differs('SELECT * FROM (SELECT g, sum(n) FROM t GROUP BY g ORDER BY g DESC) x');
SELECT differs('WITH w AS MATERIALIZED (SELECT g, sum(n) FROM t GROUP BY g ORDER BY g DESC) SELECT * FROM w');
SELECT differs('SELECT ARRAY(SELECT g FROM t GROUP BY g ORDER BY g DESC)');
-- for each of several values of a parameter
SELECT differs('SELECT x, (SELECT string_agg(g || '':'' || c, '','') FROM (SELECT g, count(*) c FROM t WHERE h = x GROUP BY g ORDER BY g) y) FROM generate_series(0, 8) x ORDER BY x');
RESET enable_hashagg;
-- correlated aggregates are joins
EXPLAIN (COSTS OFF) SELECT count(*) FROM t WHERE n < (SELECT 0.2 * avg(u.n) FROM u WHERE u.k = t.k);
SELECT differs('SELECT k FROM t WHERE n < (SELECT 0.2 * avg(u.n) FROM u WHERE u.k = t.k) ORDER BY k');
SELECT differs('SELECT k, (SELECT count(*) FROM u WHERE u.k = t.k AND v > 30000) FROM t ORDER BY k');
-- but where an index serves few rows
EXPLAIN (COSTS OFF) SELECT count(*) FROM t WHERE k < 5 AND n < (SELECT 0.2 * avg(u.n) FROM u WHERE u.k = t.k);
-- rows made distinct for a join are a semi join; of it and of anti joins the smaller side is kept
EXPLAIN (COSTS OFF) SELECT h, count(*) FROM t WHERE g < 10 AND EXISTS (SELECT FROM u WHERE u.k = t.k AND v % 3 = 1) GROUP BY h;
EXPLAIN (COSTS OFF) SELECT h, count(*) FROM t WHERE g < 10 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.k AND u.v > t.h) GROUP BY h;
SELECT differs('SELECT h, count(*) FROM t WHERE g < 10 AND EXISTS (SELECT FROM u WHERE u.k = t.k AND v % 3 = 1) GROUP BY h ORDER BY h');
SELECT differs('SELECT k FROM t WHERE g < 10 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.k AND u.v > t.h) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE g < 10 AND k IN (SELECT k FROM u WHERE v % 3 = 1) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE g < 10 AND EXISTS (SELECT FROM u WHERE u.k = t.k AND u.v > t.g + 30000) ORDER BY k');
SELECT differs('SELECT g, count(*) FROM u JOIN t ON t.n = u.n WHERE v IN (SELECT g FROM t WHERE h = 3) GROUP BY g ORDER BY g');
INSERT INTO t SELECT -i, NULL, i % 2, NULL FROM generate_series(1, 10) i;
INSERT INTO u SELECT NULL, i FROM generate_series(1, 10) i;
SELECT differs('SELECT k FROM t WHERE h < 3 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.g) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE h < 3 AND g IN (SELECT k FROM u) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE h < 3 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.g AND u.n < t.n) ORDER BY k');
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT differs('SELECT k FROM t WHERE h < 3 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.g) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE g < 500 AND EXISTS (SELECT FROM u WHERE u.k = t.k AND u.v > t.g + 30000) ORDER BY k');
SELECT differs('SELECT k FROM t WHERE g < 500 AND NOT EXISTS (SELECT FROM u WHERE u.k = t.k AND u.n < t.n) ORDER BY k');
RESET work_mem;
RESET hash_mem_multiplier;
-- prepared
PREPARE p(int) AS SELECT g, count(*), sum(n) FROM t WHERE h = $1 GROUP BY g ORDER BY g LIMIT 2;
EXECUTE p(1);
EXECUTE p(2);
EXECUTE p(3);
EXECUTE p(4);
EXECUTE p(5);
EXECUTE p(6);
EXECUTE p(0);
-- what is done row by row, and why
SET barks.vectorize = force;
SET enable_mergejoin = off;
SET enable_hashjoin = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT h, reverse(h::text), ARRAY[h, 1], (SELECT max(u.v) FROM u WHERE u.k = t.h), count(*), regr_slope(g, k) FROM t GROUP BY h;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM t JOIN u ON t.k = u.v AND t.n < u.n;
RESET enable_hashjoin;
SET client_min_messages = warning;
DROP SCHEMA vectorize_plans CASCADE;
