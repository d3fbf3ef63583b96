-- Batches in parallel workers give what PostgreSQL's own nodes give.
CREATE SCHEMA vectorize_parallel;
SET search_path = vectorize_parallel;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_mergejoin = off;
SET enable_nestloop = off;
CREATE TABLE l (id int, k int, t text, n numeric(10,2), d date);
CREATE TABLE r (id bigint, k bigint, t varchar(20), n numeric(12,4), d date);
INSERT INTO l SELECT g, g % 900, 't' || g % 300 || repeat('y', g % 11), g % 90 / 4.0, date '2020-01-01' + g % 400 FROM generate_series(1, 3000) g;
INSERT INTO r SELECT g, g % 900 + 300, 't' || g % 200 || repeat('y', g % 11), g % 70 / 8.0, date '2020-06-01' + g % 400 FROM generate_series(1, 2500) g;
INSERT INTO l VALUES (NULL, NULL, NULL, NULL, NULL), (-1, NULL, NULL, 'NaN', NULL), (-2, 5, 't1', 0, NULL), (-3, 5, NULL, 0, 'infinity');
INSERT INTO r VALUES (NULL, NULL, NULL, NULL, NULL), (-1, NULL, NULL, 'NaN', NULL), (-2, 5, 't1', 0, NULL), (-3, 5, NULL, 0, 'infinity');
CREATE TABLE nothing (LIKE r);
CREATE TABLE sparse AS SELECT * FROM l WHERE id % 11 = 0 OR k IS NULL;
CREATE TABLE few AS SELECT * FROM r WHERE id < 10;
ANALYZE;
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    line text;
    workers bool;
    sql text := format('SELECT count(*) || '' '' || coalesce(md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")), '''') FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true), set_config('max_parallel_workers_per_gather', '0', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true), set_config('max_parallel_workers_per_gather', '2', true);
    EXECUTE sql INTO given;
    workers := false;
    FOR line IN EXECUTE 'EXPLAIN ' || sql LOOP
        workers := workers OR line ~ 'Custom Scan \(Barks Vector\)' AND workers IS NULL;
        IF line ~ 'Gather' THEN workers := NULL; END IF;
    END LOOP;
    RETURN CASE WHEN workers THEN '' ELSE 'not parallel: ' END || CASE WHEN given IS NOT DISTINCT FROM expected THEN split_part(given, ' ', 1) || ' rows'
        ELSE 'expected ' || expected || E'\nbut got ' || given END;
END $$;

SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT * FROM l WHERE id > 5;
EXPLAIN (COSTS OFF) SELECT l.t, r.t FROM l JOIN r USING (k) WHERE l.id > 5;
-- numbers are those of all processes
CREATE FUNCTION numbers(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        RETURN NEXT regexp_replace(regexp_replace(line, '\d+ kB', 'N kB'), '(batches|actual rows|loops|Launched|Filter)([=:] ?)\d+', '\1\2N', 'g');
    END LOOP;
END $$;
SELECT numbers('SELECT * FROM l WHERE id > 5');
SELECT regexp_replace(n, '(Scan|Rows) \(rows=\d+', '\1 (rows=N') FROM numbers('SELECT * FROM l JOIN few USING (id)') n;
RESET barks.vectorize;

SELECT same('SELECT * FROM l');
SELECT same('SELECT * FROM l WHERE id % 7 = 3');
SELECT same('SELECT id + 1, n * 2, t || ''x'' FROM l WHERE n > 3');
SELECT same('SELECT count(*), sum(n), max(t) FROM l');
SELECT same('SELECT k, count(*), sum(n), max(t) FROM l GROUP BY k');
SELECT same('SELECT * FROM nothing');
SELECT same('SELECT * FROM l WHERE k = ANY (ARRAY(SELECT k FROM few))');
SELECT same('SELECT id, (SELECT max(t) FROM few) FROM l WHERE id > (SELECT min(id) FROM few WHERE id > 0)');
SELECT same('SELECT id, (SELECT count(*) FROM few WHERE few.k = l.k) FROM l WHERE id < 2000');
SELECT same('SELECT * FROM l WHERE id IN (SELECT id FROM few) OR n > 20');
SELECT same('SELECT * FROM l UNION ALL SELECT * FROM r');
SELECT same('(SELECT * FROM l WHERE id < 9) UNION ALL SELECT * FROM r WHERE id IN (SELECT id FROM nothing) UNION ALL SELECT * FROM few');

-- joins, of which each process has all inner rows, or which processes do together
CREATE VIEW joins AS
    SELECT shared, query FROM unnest(ARRAY['off', 'on']) shared, (
        SELECT format(kind, inside, key, residual) FROM unnest(ARRAY['SELECT l.*, r.* FROM l JOIN %s r ON l.%2$s = r.%2$s %3$s',
                'SELECT l.*, r.* FROM l LEFT JOIN %s r ON l.%2$s = r.%2$s %3$s', 'SELECT l.* FROM l WHERE EXISTS (SELECT FROM %s r WHERE l.%2$s = r.%2$s %3$s)',
                'SELECT l.* FROM l WHERE NOT EXISTS (SELECT FROM %s r WHERE l.%2$s = r.%2$s %3$s)']) kind,
            (VALUES ('r', 'k', ''), ('r', 't', 'AND l.d = r.d'), ('r', 'k', 'AND l.t < r.t AND l.id > 0'), ('nothing', 'k', '')) q(inside, key, residual)
        -- few rows that are kept, and marked by all processes
        UNION ALL SELECT format('SELECT f.* FROM sparse f WHERE %s EXISTS (SELECT FROM %s r WHERE f.%3$s = r.%3$s %4$s)', negated, inside, key, residual)
            FROM unnest(ARRAY['', 'NOT']) negated, (VALUES ('r', 'k', ''), ('l', 'id', ''), ('r', 't', 'AND f.d < r.d'), ('nothing', 'k', '')) q(inside, key, residual)
        UNION ALL SELECT 'SELECT a.id, b.n, c.t FROM l a JOIN r b USING (id) LEFT JOIN l c ON c.id = b.id + a.k'
        UNION ALL SELECT 'SELECT n.*, r.* FROM nothing n JOIN r USING (k)'
        UNION ALL SELECT 'SELECT n.*, l.t FROM few n LEFT JOIN l USING (k)'
    ) q(query);
CREATE FUNCTION same_joins(memory text, leader text) RETURNS TABLE (how text, number bigint, example text) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL hash_mem_multiplier = 1;
    PERFORM set_config('work_mem', memory, true), set_config('parallel_leader_participation', leader, true);
    RETURN QUERY SELECT r, count(*), min(query) FROM (
        SELECT set_config('enable_parallel_hash', shared, true) || ': ' || regexp_replace(same(query), '\d+ rows', 'the same') AS r, query FROM joins) q GROUP BY 1 ORDER BY 1;
END $$;
SELECT * FROM same_joins('4MB', 'on');
SELECT * FROM same_joins('64kB', 'off');

-- whoever stops early, and comes again
SET barks.vectorize = force;
SELECT count(*) FROM (SELECT * FROM l LIMIT 10) q;
SELECT count(*) FROM (SELECT * FROM l JOIN r USING (k) LIMIT 2000) q;
BEGIN;
DECLARE c CURSOR FOR SELECT l.id FROM l JOIN r USING (k);
FETCH 0 FROM c;
MOVE 100 IN c;
CLOSE c;
ROLLBACK;
SET enable_material = off;
SET enable_nestloop = on;
SET enable_hashjoin = off;
SELECT same('SELECT few.id, q.* FROM few LEFT JOIN (SELECT count(*) AS c, sum(n) AS s FROM l) q ON q.c > few.id');
SELECT same('SELECT few.id, (SELECT count(*) FROM (SELECT FROM l WHERE l.id < few.id OFFSET 0) q) FROM few');
RESET enable_hashjoin;
SELECT same('SELECT few.id, (SELECT count(*) FROM (SELECT l.t FROM l JOIN r USING (id) LIMIT few.k) q) FROM few');
SELECT same('SELECT few.id, (SELECT count(*) FROM l JOIN r USING (id) WHERE few.k > 0) FROM few');
RESET enable_nestloop;
RESET enable_material;

-- errors of workers, and what a transaction wrote
SET parallel_leader_participation = off;
SET barks.vectorize = force;
SELECT count(1 / (id - 1500)) FROM l;
SELECT count(*) FROM l JOIN r ON l.id = r.id AND 1 / (l.id - 2000) = 0;
SELECT count(*) FROM l JOIN r ON l.id = r.id WHERE 1 / (r.id - 2000) = 0;
RESET parallel_leader_participation;
\set SHOW_CONTEXT never
SELECT count(*) FROM l JOIN r ON l.id = r.id WHERE 1 / (r.id - 2000) = 0;
\set SHOW_CONTEXT errors
BEGIN;
UPDATE l SET n = n + 1 WHERE id < 1000;
DELETE FROM l WHERE id > 2500;
SELECT same('SELECT * FROM l');
SAVEPOINT a;
INSERT INTO r SELECT id, k FROM l WHERE id < 100;
SELECT same('SELECT l.*, r.t FROM l JOIN r USING (k)');
ROLLBACK TO a;
SELECT same('SELECT l.*, r.t FROM l JOIN r USING (k)');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT same('SELECT l.*, r.t FROM l JOIN r USING (k)');
COMMIT;
PREPARE p(int) AS SELECT count(*), sum(l.n) FROM l JOIN r USING (id) WHERE l.id < $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(10);
EXECUTE p(2000);
EXECUTE p(NULL);

RESET barks.vectorize;
SET client_min_messages = warning;
DROP SCHEMA vectorize_parallel CASCADE;
