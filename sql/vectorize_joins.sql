-- Hash joins over batches give what PostgreSQL's own give.
CREATE SCHEMA vectorize_joins;
SET search_path = vectorize_joins;
SET max_parallel_workers_per_gather = 0;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SET enable_sort = off;
CREATE TABLE l (id int, k int, t text, n numeric(10,2), f float8, c char(4), d date);
CREATE TABLE r (id bigint, k bigint, t varchar(20), n numeric(12,4), f float8, c char(8), d date);
INSERT INTO l SELECT g, g % 700, 't' || g % 300 || repeat('y', g % 11), g % 90 / 4.0, g % 50, 'c' || g % 40, date '2020-01-01' + g % 400 FROM generate_series(1, 3000) g;
INSERT INTO r SELECT g, g % 900 + 300, 't' || g % 200 || repeat('y', g % 11), g % 70 / 8.0, g % 80, 'c' || g % 60, date '2020-06-01' + g % 400 FROM generate_series(1, 2500) g;
INSERT INTO l VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL), (-1, NULL, NULL, 'NaN', 'NaN', 'c1', NULL), (-2, 5, 't1', 0, '-0', '', NULL), (-3, 5, NULL, 0, 0, ' ', 'infinity');
INSERT INTO r VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL), (-1, NULL, NULL, 'NaN', 'NaN', 'c1', NULL), (-2, 5, 't1', 0, 0, '', NULL), (-3, 5, NULL, 0, '-0', ' ', 'infinity');
CREATE TABLE nothing (LIKE r);
CREATE TABLE skewed AS SELECT 1 AS k, g AS v FROM generate_series(1, 4000) g UNION ALL SELECT g, g FROM generate_series(2, 50) g;
ANALYZE;
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    sql text := format('SELECT count(*) || '' '' || coalesce(md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")), '''') FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    RETURN CASE WHEN given IS NOT DISTINCT FROM expected THEN split_part(given, ' ', 1) || ' rows'
        ELSE 'expected ' || expected || E'\nbut got ' || given END;
END $$;
SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT l.t, count(*) FROM l JOIN r USING (k) WHERE l.id > 5 GROUP BY l.t;
EXPLAIN (COSTS OFF) SELECT * FROM l WHERE NOT EXISTS (SELECT FROM r WHERE r.k = l.k);
RESET barks.vectorize;

SELECT kind, key, residual, same(format('SELECT l.*, r.* FROM l %s JOIN r ON l.%2$s = r.%2$s %3$s', kind, key, residual))
FROM unnest(ARRAY['INNER', 'LEFT', 'RIGHT', 'FULL']) kind, unnest(ARRAY['k', 't', 'n', 'f', 'c', 'd']) key,
    unnest(ARRAY['', 'AND l.id + r.id > 2000', 'AND l.t < r.t', 'AND l.id < 0']) residual
WHERE kind <> 'FULL' OR residual = '';
SELECT negated, key, residual, same(format('SELECT l.* FROM l WHERE %s EXISTS (SELECT FROM r WHERE l.%2$s = r.%2$s %3$s)', negated, key, residual))
FROM unnest(ARRAY['', 'NOT']) negated, unnest(ARRAY['k', 't', 'n', 'f', 'c', 'd']) key,
    unnest(ARRAY['', 'AND l.id + r.id > 2000', 'AND l.t < r.t']) residual;
SELECT kind, same(format('SELECT l.*, e.* FROM l %s JOIN nothing e USING (k)', kind)), same(format('SELECT l.*, e.* FROM nothing e %s JOIN l USING (k)', kind))
FROM unnest(ARRAY['INNER', 'LEFT', 'RIGHT', 'FULL']) kind;
SELECT same('SELECT * FROM l WHERE NOT EXISTS (SELECT FROM nothing e WHERE e.k = l.k)');
SELECT same('SELECT l.id, r.id FROM l JOIN r ON l.k = r.k AND l.t = r.t AND l.d = r.d - 152');
SELECT same('SELECT l.id, r.id FROM l JOIN r ON lower(l.t) = upper(r.t)::text OR l.k = r.k WHERE l.id < 50');
SELECT same('SELECT l.id FROM l JOIN r ON upper(l.t) = upper(r.t) AND length(l.t) = length(r.t)');
SELECT same('SELECT a.k, count(*), sum(a.v + b.v) FROM skewed a JOIN skewed b USING (k) GROUP BY a.k');
SELECT same('SELECT l.t, count(r.id), sum(l.n * r.n), max(x.v) FROM l LEFT JOIN r USING (k) LEFT JOIN skewed x ON x.k = r.k AND x.v > 1 GROUP BY l.t HAVING count(*) > 3');
SELECT same('SELECT l.id, (SELECT count(*) FROM r JOIN skewed s ON s.v = r.k WHERE r.id > l.id) FROM l WHERE l.id BETWEEN 2400 AND 2420');
SELECT same('SELECT * FROM l JOIN (SELECT k, array_agg(id ORDER BY id) AS ids FROM r GROUP BY k) g USING (k)');
SET enable_seqscan = on;
SELECT same('SELECT x, (SELECT count(*) FROM l JOIN r USING (k) WHERE l.k < x) FROM generate_series(1, 400, 100) x');

-- an error only where it would be
SET barks.vectorize = force;
SELECT count(*) FROM (SELECT l.id FROM l JOIN skewed s ON s.k = 1 / (l.id - 3) OFFSET 0 LIMIT 0) q;
SELECT count(*) FROM l JOIN skewed s ON s.k = 1 / (l.id - 3);
SELECT count(*) FROM l JOIN r ON l.k = r.k AND 1 / (l.id - 3) > 5;

-- little memory
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT kind, key, same(format('SELECT l.*, r.* FROM l %s JOIN r ON l.%2$s = r.%2$s', kind, key))
FROM unnest(ARRAY['INNER', 'LEFT', 'RIGHT', 'FULL']) kind, unnest(ARRAY['k', 't', 'n', 'f']) key;
SELECT same('SELECT l.* FROM l WHERE NOT EXISTS (SELECT FROM r WHERE l.k = r.k AND l.id < r.id)');
SELECT same('SELECT l.* FROM l WHERE EXISTS (SELECT FROM r WHERE l.t = r.t AND l.id < r.id)');
SELECT same('SELECT a.k, count(*), sum(a.v + b.v) FROM skewed a JOIN skewed b USING (k) GROUP BY a.k');
SELECT same('SELECT x, (SELECT count(*) FROM l JOIN r USING (k) WHERE l.k < x) FROM generate_series(1, 400, 100) x');

SET client_min_messages = warning;
DROP SCHEMA vectorize_joins CASCADE;
