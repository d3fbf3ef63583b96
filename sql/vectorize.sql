-- Parts of plans over batches give what PostgreSQL's own nodes give.
CREATE SCHEMA vectorize;
SET search_path = vectorize;
SET max_parallel_workers_per_gather = 0;
SET enable_sort = off;
SET temp_buffers = '800kB';
SET extra_float_digits = 3;
CREATE TABLE v (i int, b bigint, s smallint, f float8, n numeric(12,2), m numeric, t text, c char(5), d date, ts timestamptz, o bool, j jsonb);
INSERT INTO v SELECT g, g * 1000000007::bigint, g % 100, g / 7.0, g / 100.0, g / 3.0, 'text ' || g % 50 || repeat('x', g % 9), 'c' || g % 7, date '2020-01-01' + g % 365,
    '2020-01-01Z'::timestamptz + g * interval '1 h', g % 3 = 0, jsonb_build_object('g', g % 5) FROM generate_series(1, 5000) g;
INSERT INTO v (i) SELECT NULL FROM generate_series(1, 10);
INSERT INTO v (i, f, n, m) VALUES (0, 'NaN', 'NaN', 'NaN'), (0, '-0', 0, 0.000), (0, 'inf', 1, 'inf'), (0, 0, 2, '-inf');
CREATE TABLE plain AS SELECT * FROM v WHERE i > 0;
ANALYZE v, plain;

-- the query's rows as text, in any order, with and without
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    sql text := format('SELECT string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C") FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    RETURN CASE WHEN given IS NOT DISTINCT FROM expected THEN 'the same'
        ELSE 'expected ' || expected || E'\nbut got ' || given END;
END $$;
SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT c, count(*), sum(n) FROM v WHERE i > 5 GROUP BY c;
EXPLAIN (COSTS OFF, FORMAT json) SELECT sum(i) FROM plain;
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT i FROM v WHERE i > 5;
EXPLAIN (COSTS OFF) SELECT sum(i) FROM v;
EXPLAIN (COSTS OFF) SELECT sum(i + random()) FROM v;
EXPLAIN (COSTS OFF) SELECT i, array_agg(t) FROM v GROUP BY i;
SET barks.vectorize = off;
EXPLAIN (COSTS OFF) SELECT sum(i) FROM v;

-- columns and aggregates of each type
SELECT same('SELECT * FROM v');
SELECT same('SELECT * FROM plain');
SELECT same('SELECT j, m, i FROM plain WHERE s = 3');
SELECT same(format('SELECT count(*), count(i), sum(i), sum(b), sum(s), sum(f), sum(n), sum(m), avg(i), avg(b), avg(s), avg(f), avg(n), avg(m) FROM %s WHERE i > 0', r))
FROM unnest(ARRAY['v', 'plain']) r;
SELECT same('SELECT count(*), sum(n), sum(m), avg(n), min(n), max(n), max(m), min(f), max(f), sum(f), avg(f) FROM v');
SELECT same('SELECT min(i), max(i), min(b), max(b), min(s), max(s), min(d), max(d), min(ts), max(ts), min(t), max(t), min(c), max(c) FROM v');
SELECT same('SELECT sum(i), sum(b), sum(n), sum(f), avg(i), avg(b), avg(n), avg(f), min(i), max(t), count(*), count(i) FROM v WHERE i < 0');
SELECT same('SELECT sum(n * 99999999999), sum(n * n * n * n * n), avg(n * n * n * n) FROM plain');
SELECT same('SELECT sum(x), avg(x) FROM (SELECT 9223372036854775807 - i AS x FROM plain OFFSET 0) q');

-- groups: by each kind of key, and by values that are equal but not the same
SELECT same('SELECT c, count(*), sum(n), avg(n * 1.1), sum(i) FILTER (WHERE o) FROM v GROUP BY c');
SELECT same('SELECT t, d, count(*) FROM v GROUP BY t, d');
SELECT same('SELECT o, j, count(*) FROM v GROUP BY o, j');
SELECT same('SELECT n, count(*) FROM v GROUP BY n');
SELECT same('SELECT m, count(*) FROM v GROUP BY m');
SELECT same('SELECT f, count(*) FROM v GROUP BY f');
SELECT same('SELECT ts, s, i, b, count(*) FROM v GROUP BY ts, s, i, b');
SELECT same('SELECT s, sum(i) FROM v GROUP BY s HAVING sum(i) > 1000');
SELECT same('SELECT s + 1, count(*) + 1, max(t) || ''!'' FROM v GROUP BY s');
SELECT same('SELECT DISTINCT c, o FROM v');
CREATE TABLE keyed (k int PRIMARY KEY, a text, b numeric(5,1));
INSERT INTO keyed SELECT g, 'a' || g, g FROM generate_series(1, 100) g;
SELECT same('SELECT k, a, b, count(*) FROM keyed GROUP BY k');
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT same('SELECT lower(min(x::text COLLATE "C")), count(*) FROM (SELECT (CASE WHEN o THEN upper(t) ELSE t END) COLLATE nocase AS x FROM v OFFSET 0) q GROUP BY x');

-- expressions
SELECT same('SELECT i + s, b - i, n * (1 - n) * (1 + n), n + m, -n, f * 2 / 3, i::bigint, i::float8, i::numeric * n FROM v WHERE i < 3000');
SELECT same('SELECT CASE WHEN i < 10 THEN n WHEN i < 20 THEN 0 ELSE m END, COALESCE(n, 7), COALESCE(i, -1), i IS NULL, t IS NOT NULL, o IS NOT TRUE, o IS UNKNOWN, NOT o FROM v');
SELECT same('SELECT sum(CASE WHEN c = ''c1'' THEN n * (1 - n) ELSE 0 END), sum(CASE WHEN c = ''none'' THEN n * (1 - n) ELSE 0 END) FROM v');
SELECT same('SELECT i, o AND n > 5, o OR n > 5, o AND NULL, i > 3 AND (o OR s = 7) FROM v');
SELECT same('SELECT * FROM v WHERE t LIKE ''%1'' AND (i < 50 OR s IN (3, 5, 7)) AND d BETWEEN ''2020-02-01'' AND ''2020-10-01''');
SELECT same('SELECT n > 5, n = 1, n <= 7.123, n <> m, n < m, f = 0, f > ''NaN'', c = ''c1'', t <> ''text 1'', ts > ''2020-02-01Z'' FROM v');
SELECT same('SELECT row_to_json(v) IS NULL, v.j->>''g'', ARRAY[i, s], i::text || t, date_part(''month'', d), i = ANY (ARRAY[1, 2, NULL]) FROM v');
SELECT same('SELECT (SELECT max(i) FROM plain w WHERE w.s = v.s), sum(i) FROM v GROUP BY s');

-- errors come where they would, after the rows before them
SET barks.vectorize = force;
SELECT 1 / (i - 3) FROM v LIMIT 2;
SELECT 1 / (i - 3) FROM v LIMIT 3;
SELECT count(1 / (i - 3)) FROM v;
SELECT count(*) FROM plain WHERE i > 3 AND 1 / (i - 3) = 0;
SELECT i FROM plain WHERE pg_table_is_visible((1259 + i - i)::oid) AND t ~ '7$' AND i < 60;
SELECT i + 2147483647 FROM plain LIMIT 1;
SELECT sum(f * 1e308 * 1e308) FROM plain;

-- parameters, subqueries, and what keeps to PostgreSQL's nodes
PREPARE p(int) AS SELECT count(*), sum(n) FROM plain WHERE i < $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(10);
EXECUTE p(100);
EXECUTE p(NULL);
SELECT x, (SELECT sum(n) FROM plain WHERE i < x) FROM generate_series(1, 4) x;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(i) FROM plain;
COMMIT;
BEGIN;
DECLARE cur SCROLL CURSOR FOR SELECT s, count(*) FROM plain GROUP BY s;
MOVE 50 IN cur;
MOVE BACKWARD 40 IN cur;
SELECT count(*) FROM plain;
DECLARE back SCROLL CURSOR FOR SELECT i FROM plain WHERE s > 50;
FETCH 3 FROM back;
FETCH BACKWARD 2 FROM back;
ROLLBACK;

-- little memory
SET work_mem = '64kB';
SELECT same('SELECT i, t, count(*), sum(n), max(t) FROM v GROUP BY i, t');
SELECT same('SELECT t || i, j, count(*), sum(m), max(m), avg(f) FROM v GROUP BY t || i, j');
SELECT same('SELECT x, (SELECT count(*) FROM (SELECT i, t, sum(n) FROM v WHERE i > x * 100 GROUP BY i, t) q) FROM generate_series(1, 5) x');
CREATE TEMP TABLE wide AS SELECT g AS i, repeat('w', 1500) AS w FROM generate_series(1, 1000) g;
SELECT same('SELECT a.i % 7, count(*), max(a.w) FROM wide a JOIN wide b USING (i) JOIN wide c USING (i) JOIN wide d USING (i) GROUP BY 1');
RESET work_mem;

-- rows that are changed, and columns that came and went
ALTER TABLE v ADD COLUMN x int DEFAULT 5, ADD COLUMN y text DEFAULT 'why', DROP COLUMN c;
INSERT INTO v (i, x, y) VALUES (1, NULL, NULL);
SELECT same('SELECT x, y, count(*) FROM v GROUP BY x, y');
SELECT same('SELECT * FROM v');
BEGIN;
UPDATE v SET i = i + 1 WHERE i % 2 = 0;
SELECT same('SELECT sum(i), count(*) FROM v');
SAVEPOINT a;
DELETE FROM v WHERE i < 100;
SELECT same('SELECT sum(i), count(*) FROM v');
ROLLBACK TO a;
SELECT same('SELECT sum(i), count(*) FROM v');
ROLLBACK;
INSERT INTO v (t, n) SELECT repeat('long ', 3000) || g, g FROM generate_series(1, 20) g;
SELECT same('SELECT t, count(*), sum(n) FROM v GROUP BY t');
SELECT same('SELECT t = (SELECT max(t) FROM v), length(t) FROM v WHERE length(t) > 100');

RESET barks.vectorize;
SET client_min_messages = warning;
DROP SCHEMA vectorize CASCADE;
