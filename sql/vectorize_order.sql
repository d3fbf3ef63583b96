-- What gives rows in an order, or some of them, gives over batches what PostgreSQL's own nodes give.
CREATE SCHEMA vectorize_order;
SET search_path = vectorize_order;
SET max_parallel_workers_per_gather = 0;
SET temp_buffers = '800kB';
SET extra_float_digits = 3;
CREATE TABLE v (i int, b bigint, s smallint, f float8, r real, n numeric(12,2), m numeric, t text, c char(5), d date,
    ts timestamptz, o bool, y bytea, u uuid, a int[]);
INSERT INTO v SELECT g * 7919 % 3001, g * 1000000007::bigint % 99991 - 50000, g % 100, (g - 1000) / 7.0, g / 3.0, (g * 31 % 977 - 400) / 100.0,
    g * 13 % 701 / 3.0, 'text ' || g * 17 % 501 || repeat('x', g % 9), 'c' || g % 7, date '2020-01-01' + g * 11 % 365,
    '2020-01-01Z'::timestamptz + g % 977 * interval '1 h', g % 3 = 0, sha256(g::text::bytea), md5(g::text)::uuid, ARRAY[g % 3, g]
    FROM generate_series(1, 3000) g;
INSERT INTO v (i) SELECT NULL FROM generate_series(1, 10);
INSERT INTO v (i, f, r, n, m, t) VALUES (0, 'NaN', 'NaN', 'NaN', 'NaN', ''), (0, '-0', '-0', 0, 0.000, 'a'), (0, 'inf', 'inf', 1, 'inf', 'a '),
    (0, 0, 0, 2, '-inf', 'longer than eight'), (-1, '-inf', '-inf', -2, 0, 'longer than eighty'), (2147483647, 'NaN', 1e-30, 0, 0.0, 'longer th'),
    (-2147483648, 1e-300, -1e30, -0.01, 1e100, NULL);
ANALYZE v;

-- the query's rows as text, in their order, with and without
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text[] := '{}';
    given text[] := '{}';
    x record;
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    FOR x IN EXECUTE query LOOP expected := expected || x::text; END LOOP;
    PERFORM set_config('barks.vectorize', 'force', true);
    FOR x IN EXECUTE query LOOP given := given || x::text; END LOOP;
    RETURN CASE WHEN given = expected THEN 'the same'
        ELSE format('expected %s rows but got %s: %s', cardinality(expected), cardinality(given),
            (SELECT string_agg(format('%s: %s, not %s', k, g, e), E'\n') FROM unnest(expected, given) WITH ORDINALITY q (e, g, k)
             WHERE e IS DISTINCT FROM g AND k < 100)) END;
END $$;

-- LIMIT, OFFSET, subqueries in FROM, UNION ALL
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT s, count(*) AS k FROM v GROUP BY s) q WHERE k > 5 LIMIT 3;
EXPLAIN (COSTS OFF) SELECT i FROM v LIMIT 3;
EXPLAIN (COSTS OFF) SELECT s, sum(i) FROM v GROUP BY s UNION ALL SELECT s, sum(n) FROM v GROUP BY s;
SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT i FROM v LIMIT 3;
EXPLAIN (COSTS OFF) SELECT i + 1 FROM (SELECT i FROM v OFFSET 5) q WHERE i > 7 LIMIT 3;
EXPLAIN (COSTS OFF, FORMAT json) SELECT i, s FROM v UNION ALL SELECT i, s FROM v WHERE i < 5;
EXPLAIN (COSTS OFF) SELECT i FROM v WHERE current_setting('barks.vectorize') = 'force';
RESET barks.vectorize;
SELECT same('SELECT i, t, n FROM v LIMIT 3');
SELECT same(format('SELECT i, t, n FROM v WHERE s <> 7 OFFSET %s LIMIT %s', x, y)) FROM unnest(ARRAY['0', '1', '1500', '2990', '5000', 'NULL']) x,
    unnest(ARRAY['0', '1', '700', '2000', '5000', 'NULL', 'ALL']) y;
SELECT same('SELECT i + 1, q FROM (SELECT i, t || ''!'' AS q FROM v OFFSET 5) q WHERE i > 7 LIMIT 300');
SELECT same('SELECT * FROM (SELECT i, s, n FROM v LIMIT 40) q UNION ALL SELECT 1, 2, 3 UNION ALL SELECT i, s, m FROM v WHERE i < 50');
SELECT same('SELECT x, (SELECT string_agg(i::text, '','') FROM (SELECT i FROM v WHERE i > x OFFSET x LIMIT x) q) FROM generate_series(0, 4) x');
SELECT same('SELECT x, (SELECT sum(i) FROM (SELECT i FROM v WHERE x > 2 UNION ALL SELECT s FROM v WHERE x < 4) q) FROM generate_series(0, 4) x');
SELECT same('SELECT x, y FROM generate_series(1, 3) x, LATERAL (SELECT i AS y FROM v WHERE i > x AND x <> 2 LIMIT x) q');
SELECT same('SELECT i FROM v WHERE (SELECT max(s) FROM v) > 5 AND now() > ''2000-01-01'' LIMIT 5');
SELECT same('SELECT i FROM v WHERE (SELECT max(s) FROM v) > 500 LIMIT 5');
SELECT same('SELECT s FROM v FETCH FIRST 3 ROWS ONLY');
SELECT same('SELECT s FROM v ORDER BY s FETCH FIRST 3 ROWS WITH TIES');
PREPARE lim(int, int) AS SELECT i, t FROM v WHERE i > 10 OFFSET $1 LIMIT $2;
SET barks.vectorize = force;
EXECUTE lim(0, 2);
EXECUTE lim(1, 2);
EXECUTE lim(NULL, 3);
EXECUTE lim(2995, NULL);
EXECUTE lim(2, 0);
EXECUTE lim(-1, 1);
EXECUTE lim(1, -1);
EXECUTE lim(0, 2);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT i FROM v LIMIT 5;

-- nothing is raised, locked or called for rows that nobody asked for
CREATE TABLE small AS SELECT g FROM generate_series(1, 2000) g;
CREATE SEQUENCE seq;
SELECT 1 / (g - 3) FROM small LIMIT 2;
SELECT 1 / (g - 3) FROM small LIMIT 3;
SELECT 1 / (g - 3) FROM (SELECT g FROM small OFFSET 0) q LIMIT 2;
SELECT x FROM (SELECT 1 / (g - 3) AS x FROM small OFFSET 1) q LIMIT 1;
SELECT 1 / (g - 3) FROM small UNION ALL SELECT 1 / (g - 1) FROM small LIMIT 2;
SELECT x FROM (SELECT generate_series(1, g) / (g - 3) AS x FROM small) q LIMIT 3;
SELECT x FROM (SELECT nextval('seq') AS x, g FROM small OFFSET 0) q LIMIT 2;
SELECT last_value FROM seq;
BEGIN;
SELECT g FROM small LIMIT 2 FOR UPDATE;
SELECT count(*) FROM small WHERE xmax <> 0;
DECLARE cur CURSOR FOR SELECT 1 / (g - 3) FROM small LIMIT 50;
FETCH 2 FROM cur;
FETCH 1 FROM cur;
ROLLBACK;
BEGIN;
DECLARE cur NO SCROLL CURSOR FOR SELECT 10 / (g - 3) FROM (SELECT g FROM small OFFSET 0) q;
FETCH 2 FROM cur;
FETCH 1 FROM cur;
ROLLBACK;
BEGIN;
DECLARE cur CURSOR FOR SELECT i, s FROM v LIMIT 5;
FETCH 3 FROM cur;
FETCH BACKWARD 2 FROM cur;
ROLLBACK;
RESET barks.vectorize;

SET client_min_messages = warning;
DROP SCHEMA vectorize_order CASCADE;
